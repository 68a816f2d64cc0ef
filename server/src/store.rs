//! The state of record, in one SQLite file. Readers never wait for writers (WAL); every write is one short transaction
//! that takes the write lock at its begin, since the command line and the room's log write to the same file.

mod audit;
mod checkpoint;
pub mod entries;
mod events;
#[cfg(test)]
pub(crate) mod fixture;
mod gate;
mod held;
mod leases;
mod members;
mod nicknames;
mod people;
mod presence;
mod provisioner;
mod questions;
mod reactions;
mod reads;
mod reports;
mod secrets;
mod sessions;
mod signals;
mod status;
mod tickets;
mod turn;
mod words;
mod worker;

pub use audit::{AuditBy, AuditFilter, AuditPart};
pub use entries::KnownSend;
pub use events::{Event, EventId, NewEvent};
pub use leases::{Admitted, Claim, Lease, Look, Seated};
pub use members::{Seating, Standing};
pub use nicknames::Naming;
pub use people::{PeopleFilter, PeoplePlace, PersonState};
pub use provisioner::{Batch, Tenure};
pub use reactions::Taps;
pub use sessions::{Beginning, Sessions};
pub use signals::Signal;
pub use status::{Status, TicketCounts};
pub use tickets::{NewTicket, RoleChange, Ticket, TicketId};
pub use words::{Listing, RulesPage};

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ErrorCode;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use gate::Gate;
use leases::LastSeen;
use reactions::Rounds;
use reads::Reads;
use turn::{Turn, Write};

/// Connections for reading: as many reads at a time; more wait for their turn.
const READERS: u32 = 4;

/// Connections for writes that need not survive a power cut.
const RELAXED: u32 = 4;

/// Memory for the pages that the log's writer works on, in KiB: a busy evening's rooms and their people.
const LOG_CACHE_KIB: u32 = 16 * 1024;

/// Pages in the write-ahead log at which other writers make a checkpoint themselves: 128 MiB, when nobody else does.
const AUTO_CHECKPOINT_PAGES: u32 = 32_768;

/// How long a checkpoint waits for somebody who reads, or who writes in another process.
const CHECKPOINT_WAIT: Duration = Duration::from_millis(20);

/// How long a write waits for another process's write before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request waits for a connection before it is told that the server cannot answer now.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// Most rows of one transaction in work that touches many: a chat beside it waits this long and no longer.
pub const BATCH_ROWS: usize = 1_000;

/// The pause after such a transaction. SQLite's lock is not fair: without it, a writer that waits might never have it.
pub const BETWEEN_BATCHES: Duration = Duration::from_millis(10);

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The same, in a thread with a connection of its own.
    #[error("the database: {0}")]
    Statement(#[from] rusqlite::Error),
    /// What was asked together with others failed with them.
    #[error("{0}")]
    Together(Arc<StoreError>),
    /// Its schema could not be brought up to date.
    #[error("the database's schema: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Its file could not be made or opened.
    #[error("the database file {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The key is not the one the codes in this database were hashed with.
    #[error("the secret key is not the one this database was made with: put the old secret.key back")]
    OtherKey,
    /// Another server writes the logs of this database.
    #[error("another server serves this data: stop it first, or give this one a --data folder of its own")]
    LogInUse,
    /// A file whose lock keeps two processes apart cannot be used.
    #[error("the lock {path}: {cause}")]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A value that only this program writes cannot be read.
    #[error("the database holds a value that this version cannot read: {0}")]
    Unreadable(&'static str),
}

impl StoreError {
    /// Whether trying again soon can help: the database was busy, not broken.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => true,
            // SQLITE_BUSY and SQLITE_LOCKED with their extended codes.
            Self::Database(sqlx::Error::Database(error)) => {
                let code = error.code().and_then(|code| code.parse::<u32>().ok());
                code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
            }
            Self::Statement(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            Self::Together(error) => error.is_busy(),
            _ => false,
        }
    }
}

/// What the store's calls answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A cheap handle to the database.
#[derive(Clone, Debug)]
pub struct Store {
    write: SqlitePool,
    /// The log's own: what it knows stays true until another connection has written. Opened by who writes the log.
    log: SqlitePool,
    checkpoints: SqlitePool,
    read: SqlitePool,
    /// What everybody reads on the way in.
    reads: Arc<Reads>,
    /// What everybody writes there.
    gate: Arc<Gate>,
    /// Writes whose loss in a power cut costs nothing: they do not wait for the disk.
    relaxed: SqlitePool,
    turn: Turn,
    rounds: Arc<Rounds>,
    options: Arc<SqliteConnectOptions>,
    last_seen: LastSeen,
}

impl Store {
    /// Opens the database file, makes it when it is missing, and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self> {
        make_private(file)?;
        let options = options(file);
        let log = options
            .clone()
            .pragma("wal_autocheckpoint", "0")
            .pragma("cache_size", format!("-{LOG_CACHE_KIB}"));
        let checkpoints = options.clone().busy_timeout(CHECKPOINT_WAIT);
        let write = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!().run(&write).await?;
        sessions::hide_ids(&write).await?;
        let read = pool(READERS)
            .connect_with(options.clone().pragma("query_only", "1"))
            .await?;
        let relaxed = pool(RELAXED)
            .connect_with(options.clone().synchronous(SqliteSynchronous::Normal))
            .await?;
        let turn = Turn::default();
        Ok(Self {
            write,
            log: lasting_pool().connect_lazy_with(log),
            checkpoints: lasting_pool().connect_lazy_with(checkpoints),
            read,
            reads: Arc::new(Reads::new(file.to_owned())),
            gate: Arc::new(Gate::new(file.to_owned(), turn.clone())),
            relaxed,
            turn,
            rounds: Arc::default(),
            options: Arc::new(options),
            last_seen: LastSeen::default(),
        })
    }

    /// A file beside the database's, named after it: two databases in one folder do not share it.
    fn file_beside(&self, ending: &str) -> PathBuf {
        let mut name = self.options.get_filename().as_os_str().to_owned();
        name.push(".");
        name.push(ending);
        name.into()
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        self.reads.check().await
    }

    /// Closes every connection; the last one folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.checkpoints.close().await;
        self.reads.close().await;
        self.gate.close().await;
        self.read.close().await;
        self.relaxed.close().await;
        self.log.close().await;
        self.write.close().await;
    }

    /// Begins a transaction that is on disk when it is committed.
    async fn begin(&self) -> Result<Write> {
        self.turn.begin(&self.write).await
    }

    /// The same for the one writer of the log, which waits behind one other write at most.
    async fn begin_log(&self) -> Result<Write> {
        self.turn.begin_log(&self.log).await
    }

    /// Begins a transaction for what can be done again after a power cut. A later durable commit keeps it too.
    async fn begin_relaxed(&self) -> Result<Write> {
        self.turn.begin(&self.relaxed).await
    }
}

/// The file holds sessions: it is its owner's alone, like the files that SQLite makes beside it.
fn make_private(file: &Path) -> Result<()> {
    let failed = |cause| StoreError::File {
        path: file.to_owned(),
        cause,
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .map(drop)
        .map_err(failed)
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What a statement would undo when it fails: by default pages of it go through a file.
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", AUTO_CHECKPOINT_PAGES.to_string())
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
}

/// One connection that is opened when it is needed, and stays.
fn lasting_pool() -> SqlitePoolOptions {
    pool(1)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Times and counts are unsigned on the wire and signed in SQL; both are far from their limits.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// What one statement is to take many of, for `json_each`.
fn json(values: &impl serde::Serialize) -> String {
    serde_json::to_string(values).expect("numbers and texts are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_DISK_AT_COMMIT: i64 = 2;

    #[tokio::test]
    async fn what_is_acknowledged_is_on_disk_and_not_in_a_cache_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("frontrow.db")).await.expect("opens");
        let mut log = store.begin_log().await.expect("begins");
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&mut *log)
            .await
            .expect("answers");
        assert_eq!(synchronous, ON_DISK_AT_COMMIT);
    }

    #[tokio::test]
    async fn databases_side_by_side_have_locks_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = async |name| Store::open(&folder.path().join(name)).await.expect("opens");
        let (one, other) = (open("show.2026").await, open("show.2027").await);
        let _writer = entries::LogWriter::open(&one).expect("the writer of the one");
        let _beside = entries::LogWriter::open(&other).expect("the writer of the other");
        assert!(matches!(entries::LogWriter::open(&one), Err(StoreError::LogInUse)));
    }
}
