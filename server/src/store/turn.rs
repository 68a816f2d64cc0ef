//! Writers take turns. SQLite lets one write at a time and its own waiting is not fair: a busy room would keep a takeover
//! or a session waiting for seconds. In this process whoever came first writes first, and the log behind one other
//! write at most: a rush at the gate does not silence the rooms. Other processes rest between their writes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, Result};

/// What a commit weighs beside the rows it writes, for those who count what was written: it touches some pages, whatever
/// it does.
pub(super) const COMMIT_WEIGHT: u64 = 4;

/// The turn to write. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// Who is in front of this line is the next to write.
    line: Arc<Semaphore>,
    /// Who has this is writing. One from the line waits for it, and the log.
    writing: Arc<Semaphore>,
    /// What was written so far, by weight.
    written: Arc<AtomicU64>,
    #[cfg(test)]
    faults: Faults,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            line: Arc::new(Semaphore::new(1)),
            writing: Arc::new(Semaphore::new(1)),
            written: Arc::default(),
            #[cfg(test)]
            faults: Faults::default(),
        }
    }
}

impl Turn {
    /// Waits for the turn, in line.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit> {
        in_time(async {
            let _front = self.line.acquire().await?;
            Arc::clone(&self.writing).acquire_owned().await
        })
        .await
    }

    /// Begins a transaction that holds the write lock from its first moment.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<Write> {
        self.begin_in(self.take().await?, pool).await
    }

    /// The same for the one writer of the log, which passes the line.
    pub(super) async fn begin_log(&self, pool: &SqlitePool) -> Result<Write> {
        self.begin_in(self.pass_the_line().await?, pool).await
    }

    /// Begins it for who has the turn already.
    pub(super) async fn begin_in(&self, turn: OwnedSemaphorePermit, pool: &SqlitePool) -> Result<Write> {
        let transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write {
            transaction,
            _turn: turn,
            written: Arc::clone(&self.written),
            #[cfg(test)]
            faults: self.faults.clone(),
        })
    }

    /// What was written so far, by weight: it only grows.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// A commit of so many rows, by somebody who took the turn alone.
    pub(super) fn wrote(&self, rows: u64) {
        if rows > 0 {
            self.written.fetch_add(rows + COMMIT_WEIGHT, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub(super) fn lose_answers(&self, count: u32) {
        self.faults.lose_answers(count);
    }

    /// Waits for the turn behind one other write at most: for the log, and for what the log would wait for otherwise.
    pub(super) async fn pass_the_line(&self) -> Result<OwnedSemaphorePermit> {
        in_time(Arc::clone(&self.writing).acquire_owned()).await
    }
}

async fn in_time<T>(waiting: impl Future<Output = std::result::Result<T, AcquireError>>) -> Result<T> {
    match timeout(ACQUIRE_TIMEOUT, waiting).await {
        Ok(Ok(permit)) => Ok(permit),
        // Nobody closes the semaphores: only the time can run out.
        Ok(Err(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

/// A write transaction, in its turn. Rolled back unless it is committed.
pub struct Write {
    transaction: Transaction<'static, Sqlite>,
    _turn: OwnedSemaphorePermit,
    written: Arc<AtomicU64>,
    #[cfg(test)]
    faults: Faults,
}

impl Write {
    /// Commits.
    pub async fn commit(self) -> Result<()> {
        self.commit_rows(0).await
    }

    /// Commits a transaction that wrote so many rows.
    pub async fn commit_rows(self, rows: usize) -> Result<()> {
        self.transaction.commit().await?;
        self.written.fetch_add(COMMIT_WEIGHT + rows as u64, Ordering::Relaxed);
        #[cfg(test)]
        self.faults.answer()?;
        Ok(())
    }
}

/// Commits whose answer is lost: what they wrote is on disk.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
struct Faults(Arc<std::sync::atomic::AtomicU32>);

#[cfg(test)]
impl Faults {
    fn lose_answers(&self, count: u32) {
        self.0.store(count, std::sync::atomic::Ordering::Relaxed);
    }

    fn answer(&self) -> Result<()> {
        use std::sync::atomic::Ordering::Relaxed;
        match self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => Err(sqlx::Error::WorkerCrashed.into()),
            Err(_) => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn the_log_waits_behind_one_other_write_at_most() {
        let turn = Turn::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let writing = turn.take().await.expect("the turn");
        let mut queue = Vec::new();
        for name in ["first", "second", "third", "log"] {
            let (turn, order) = (turn.clone(), Arc::clone(&order));
            queue.push(tokio::spawn(async move {
                let permit = match name {
                    "log" => turn.pass_the_line().await,
                    _ => turn.take().await,
                };
                order.lock().expect("not poisoned").push(name);
                drop(permit.expect("the turn"));
            }));
            yield_now().await;
        }
        drop(writing);
        for writer in queue {
            writer.await.expect("writes");
        }
        assert_eq!(
            *order.lock().expect("not poisoned"),
            ["first", "log", "second", "third"]
        );
    }
}
