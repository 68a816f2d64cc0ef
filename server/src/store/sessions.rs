//! Where the session library keeps its sessions: they are read with what others read, and written with what others write,
//! on disk before the answer that carries the cookie. What is kept does not tell the cookie: its id is stored as a hash (an
//! id has 128 random bits, so the hash needs no key), and whoever reads the file can act as nobody.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use sqlx::SqlitePool;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use wire::UnixMillis;

use super::{BATCH_ROWS, BETWEEN_BATCHES, Lease, Store, StoreError, to_sql};

/// Tries of one write: a session is worth some patience.
const TRIES: u32 = 3;

/// Between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Ids that are tried for one session: another's is never met.
const IDS: u32 = 8;

/// Under this, a session that begins carries the id that it was written under.
const WRITTEN_AS: &str = "written_as";

/// The sessions. A lost one costs its fan one more look at the ticket.
#[derive(Clone, Debug)]
pub struct Sessions(Store);

/// A session that begins with a seat, under a new id: one from before the sign-in is worth nothing. It is written with the
/// lease that it will hold, in the same commit.
pub struct Beginning {
    id: Id,
    before: Option<Id>,
    holds: Box<dyn Fn(Lease) -> Record + Send + Sync>,
}

impl Beginning {
    /// In the place of the session `before`; `holds` tells what it keeps of the lease.
    pub fn new(before: Option<Id>, holds: impl Fn(Lease) -> Record + Send + Sync + 'static) -> Self {
        Self {
            id: Id::default(),
            before,
            holds: Box::new(holds),
        }
    }

    /// What tells the session library that all this is on disk, as a value of the session.
    pub fn written(&self) -> (&'static str, String) {
        (WRITTEN_AS, self.id.to_string())
    }
}

/// Writes the session that begins with this lease.
pub(super) fn begin(tx: &Connection, beginning: &Beginning, lease: Lease) -> super::Result<()> {
    let record = Record {
        id: beginning.id,
        ..(beginning.holds)(lease)
    };
    let row = Row::of(&record).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut insert = tx.prepare_cached("INSERT INTO sessions (id, data, expiry_date) VALUES (?, ?, ?)")?;
    insert.execute(params![row.key, row.data, row.ends_at])?;
    if let Some(before) = &beginning.before {
        write(tx, &Kept::Deleted(key(before)))?;
    }
    Ok(())
}

/// What is to become of a session.
#[derive(Clone)]
pub(super) enum Kept {
    /// It begins.
    Created(Row),
    /// It goes on like this.
    Saved(Row),
    /// It is over.
    Deleted(String),
}

#[derive(Clone)]
pub(super) struct Row {
    key: String,
    data: Vec<u8>,
    /// In seconds since 1970 UTC.
    ends_at: i64,
}

impl Row {
    fn of(record: &Record) -> Result<Self> {
        let nameless = Record {
            id: Id(0),
            ..record.clone()
        };
        let data = rmp_serde::to_vec(&nameless).map_err(|error| Error::Encode(error.to_string()))?;
        Ok(Self {
            key: key(&record.id),
            data,
            ends_at: record.expiry_date.unix_timestamp(),
        })
    }
}

/// What a session is found by.
fn key(id: &Id) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(id.0.to_be_bytes()))
}

/// Writes a session; false when a new one's id is another's. One that is gone stays so, whoever still had it in hand.
pub(super) fn write(tx: &Connection, session: &Kept) -> rusqlite::Result<bool> {
    match session {
        Kept::Created(Row { key, data, ends_at }) => {
            let mut insert = tx.prepare_cached(
                "INSERT INTO sessions (id, data, expiry_date) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )?;
            Ok(insert.execute(params![key, data, ends_at])? > 0)
        }
        Kept::Saved(Row { key, data, ends_at }) => {
            let mut save = tx.prepare_cached("UPDATE sessions SET data = ?2, expiry_date = ?3 WHERE id = ?1")?;
            save.execute(params![key, data, ends_at])?;
            Ok(true)
        }
        Kept::Deleted(key) => {
            tx.prepare_cached("DELETE FROM sessions WHERE id = ?")?.execute([key])?;
            Ok(true)
        }
    }
}

/// Reads what was written of a session.
pub(super) fn read(connection: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT data FROM sessions WHERE id = ?")?;
    select.query_row([key], |row| row.get(0)).optional()
}

/// Signs of an id as it is in a cookie; a key has more.
const ID_SIGNS: i64 = 22;

/// Hashes the ids of sessions that were kept with them as they are. One that cannot be read is no session.
pub(super) async fn hide_ids(write: &SqlitePool) -> super::Result<()> {
    let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
    let old: Vec<(String, Vec<u8>)> = sqlx::query_as("SELECT id, data FROM sessions WHERE length(id) = ?")
        .bind(ID_SIGNS)
        .fetch_all(&mut *tx)
        .await?;
    for (old, data) in old {
        match (Id::from_str(&old), rmp_serde::from_slice::<Record>(&data)) {
            (Ok(id), Ok(record)) => {
                let row = Row::of(&Record { id, ..record }).map_err(|error| sqlx::Error::Decode(error.into()))?;
                sqlx::query("UPDATE sessions SET id = ?, data = ? WHERE id = ?")
                    .bind(row.key)
                    .bind(row.data)
                    .bind(old)
                    .execute(&mut *tx)
                    .await?;
            }
            (Err(_), _) | (_, Err(_)) => {
                sqlx::query("DELETE FROM sessions WHERE id = ?")
                    .bind(old)
                    .execute(&mut *tx)
                    .await?;
            }
        }
    }
    tx.commit().await?;
    Ok(())
}

impl Store {
    /// Where the sessions are kept.
    pub fn sessions(&self) -> Sessions {
        Sessions(self.clone())
    }

    /// Removes ended sessions, in short transactions.
    pub async fn prune_sessions(&self, now: UnixMillis) -> super::Result<()> {
        loop {
            let ended: Vec<String> = sqlx::query_scalar("SELECT id FROM sessions WHERE expiry_date <= ? LIMIT ?")
                .bind(to_sql(now / 1000))
                .bind(i64::try_from(BATCH_ROWS).unwrap_or(i64::MAX))
                .fetch_all(&self.read)
                .await?;
            if ended.is_empty() {
                return Ok(());
            }
            let mut tx = self.begin_relaxed().await?;
            for id in ended {
                sqlx::query("DELETE FROM sessions WHERE id = ? AND expiry_date <= ?")
                    .bind(id)
                    .bind(to_sql(now / 1000))
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }
}

impl Sessions {
    async fn keep(&self, session: Kept) -> Result<bool> {
        for _ in 1..TRIES {
            if let Ok(done) = self.0.gate.keep(session.clone()).await {
                return Ok(done);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        Ok(self.0.gate.keep(session).await?)
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
        if let Some(id) = record.data.remove(WRITTEN_AS) {
            let id = id.as_str().and_then(|id| Id::from_str(id).ok());
            record.id = id.ok_or_else(|| Error::Decode("a session's id".to_owned()))?;
            return Ok(());
        }
        for _ in 0..IDS {
            if self.keep(Kept::Created(Row::of(record)?)).await? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no id is free".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.keep(Kept::Saved(Row::of(record)?)).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(data) = self.0.reads.session(key(id)).await? else {
            return Ok(None);
        };
        let record: Record = match rmp_serde::from_slice(&data) {
            Ok(record) => record,
            Err(error) => {
                tracing::warn!(%error, "a session cannot be read: its owner shows the ticket again");
                return Ok(None);
            }
        };
        let record = Record { id: *id, ..record };
        Ok(Some(record).filter(|record| record.expiry_date > OffsetDateTime::now_utc()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        // One that ended with the beginning of the next is gone, and waits for nobody's turn to write.
        if self.0.reads.session(key(id)).await?.is_none() {
            return Ok(());
        }
        self.keep(Kept::Deleted(key(id))).await.map(drop)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use rusqlite::TransactionBehavior;

    use super::*;
    use crate::store::{fixture, worker};

    pub(in crate::store) fn record() -> Record {
        Record {
            id: Id::default(),
            data: [("leases".to_owned(), serde_json::json!([1, 2]))].into(),
            expiry_date: OffsetDateTime::now_utc().replace_nanosecond(0).expect("a time") + time::Duration::days(1),
        }
    }

    /// A session that begins with a seat.
    pub(in crate::store) fn beginning(before: Option<Id>) -> Arc<Beginning> {
        Arc::new(Beginning::new(before, |_| record()))
    }

    /// A session that begins.
    pub(in crate::store) fn begun() -> Kept {
        Kept::Created(Row::of(&record()).expect("encodes"))
    }

    #[tokio::test]
    async fn a_session_is_found_by_its_id_alone_and_the_file_does_not_tell_it() {
        let (folder, store, _event) = fixture::announced().await;
        let (sessions, mut record) = (store.sessions(), record());
        sessions.create(&mut record).await.expect("begins");
        let found = sessions.load(&record.id).await.expect("reads");
        assert_eq!(found, Some(record.clone()));
        assert_eq!(sessions.load(&Id::default()).await.expect("reads"), None);
        store.close().await;
        let file = std::fs::read(folder.path().join("frontrow.db")).expect("a file");
        let id = record.id.to_string();
        let has = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
        assert!(has(key(&record.id).as_bytes()));
        assert!(!has(id.as_bytes()) && !has(&record.id.0.to_be_bytes()));
    }

    #[tokio::test]
    async fn a_session_from_before_is_still_the_cookies() {
        let (folder, store, _event) = fixture::announced().await;
        let record = record();
        let mut tx = store.begin_relaxed().await.expect("begins");
        let old = [(record.id.to_string(), rmp_serde::to_vec(&record).expect("encodes"))];
        let unreadable = [(Id::default().to_string(), vec![0])];
        for (id, data) in old.into_iter().chain(unreadable) {
            sqlx::query("INSERT INTO sessions (id, data, expiry_date) VALUES (?, ?, ?)")
                .bind(id)
                .bind(data)
                .bind(record.expiry_date.unix_timestamp())
                .execute(&mut *tx)
                .await
                .expect("as it was kept");
        }
        tx.commit().await.expect("commits");
        store.close().await;
        let store = Store::open(&folder.path().join("frontrow.db")).await.expect("opens");
        let found = store.sessions().load(&record.id).await.expect("reads");
        assert_eq!(found, Some(record));
        let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE length(id) > 22")
            .fetch_one(&store.read)
            .await
            .expect("counts");
        assert_eq!(kept, 1);
    }

    #[tokio::test]
    async fn a_session_that_is_gone_does_not_come_back_by_a_late_save() {
        let (_folder, store, _event) = fixture::announced().await;
        let (sessions, mut record) = (store.sessions(), record());
        sessions.create(&mut record).await.expect("begins");
        sessions.delete(&record.id).await.expect("ends");
        sessions.save(&record).await.expect("nothing to save");
        assert_eq!(sessions.load(&record.id).await.expect("reads"), None);
    }

    #[tokio::test]
    async fn a_session_that_was_written_with_its_seat_is_not_written_again() {
        let (_folder, store, _event) = fixture::announced().await;
        let (sessions, beginning) = (store.sessions(), beginning(None));
        let mut record = record();
        let (key, id) = beginning.written();
        record.data.insert(key.to_owned(), id.clone().into());
        sessions.create(&mut record).await.expect("is there");
        assert_eq!(record.id.to_string(), id);
        assert!(
            !record.data.contains_key(key),
            "the library's own copy is as it was written"
        );
        assert_eq!(sessions.load(&record.id).await.expect("reads"), None);
    }

    #[tokio::test]
    async fn the_end_of_a_session_that_is_gone_waits_for_nobody() {
        let (folder, store, _event) = fixture::announced().await;
        let mut other = worker::connect(&folder.path().join("frontrow.db")).expect("connects");
        let _busy = other
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .expect("the write lock");
        store.sessions().delete(&Id::default()).await.expect("nothing to end");
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_no_session() {
        let (_folder, store, _event) = fixture::announced().await;
        let (sessions, mut record) = (store.sessions(), record());
        sessions.create(&mut record).await.expect("begins");
        let mut tx = store.begin_relaxed().await.expect("begins");
        sqlx::query("UPDATE sessions SET data = x'00'")
            .execute(&mut *tx)
            .await
            .expect("breaks it");
        tx.commit().await.expect("commits");
        assert_eq!(sessions.load(&record.id).await.expect("reads"), None);
    }
}
