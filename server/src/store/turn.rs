//! Writers take turns. SQLite lets one write at a time and its own waiting is not fair: a busy room would keep a takeover
//! or a session waiting for seconds. In this process whoever came first writes first; other processes rest between
//! their writes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, Result};

/// The turn to write. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Turn(Arc<Semaphore>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turn {
    /// Waits for the turn.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit> {
        match timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            // Nobody closes the semaphore: only the time can run out.
            Ok(Err(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// Begins a transaction that holds the write lock from its first moment.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<Write> {
        let turn = self.take().await?;
        let transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write {
            transaction,
            _turn: turn,
        })
    }
}

/// A write transaction, in its turn. Rolled back unless it is committed.
pub struct Write {
    transaction: Transaction<'static, Sqlite>,
    _turn: OwnedSemaphorePermit,
}

impl Write {
    /// Commits.
    pub async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}
