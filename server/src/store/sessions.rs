//! Where sessions are kept: the session library's own store, whose writes take their turn like every other.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tokio::time::sleep;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{ExpiredDeletion, SessionStore};
use tower_sessions_sqlx_store::SqliteStore;

use super::turn::Turn;
use super::{Store, StoreError};

/// The table of the session store.
const TABLE: &str = "sessions";

/// Tries of one write: a lease may just have been committed for this session, which is then worth some patience.
const TRIES: u32 = 3;

/// Between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// The sessions. A lost one costs its fan one more look at the ticket.
#[derive(Clone, Debug)]
pub struct Sessions {
    kept: SqliteStore,
    turn: Turn,
}

impl Sessions {
    fn new(pool: SqlitePool, turn: Turn) -> Self {
        let kept = SqliteStore::new(pool)
            .with_table_name(TABLE)
            .expect("a valid table name");
        Self { kept, turn }
    }

    async fn create_once(&self, record: &mut Record) -> Result<()> {
        let _turn = self.turn.take().await?;
        self.kept.create(record).await
    }

    async fn save_once(&self, record: &Record) -> Result<()> {
        let _turn = self.turn.take().await?;
        self.kept.save(record).await
    }
}

impl Store {
    /// Where the sessions are kept.
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.relaxed.clone(), self.turn.clone())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Backend(error.to_string())
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 1..TRIES {
            if self.create_once(record).await.is_ok() {
                return Ok(());
            }
            sleep(TRY_AGAIN).await;
        }
        self.create_once(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        for _ in 1..TRIES {
            if self.save_once(record).await.is_ok() {
                return Ok(());
            }
            sleep(TRY_AGAIN).await;
        }
        self.save_once(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.kept.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _turn = self.turn.take().await?;
        self.kept.delete(id).await
    }
}

#[async_trait]
impl ExpiredDeletion for Sessions {
    async fn delete_expired(&self) -> Result<()> {
        let _turn = self.turn.take().await?;
        self.kept.delete_expired().await
    }
}
