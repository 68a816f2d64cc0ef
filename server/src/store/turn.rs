//! Writers take turns. SQLite lets one write at a time and its own waiting is not fair: a busy room would keep a takeover
//! or a session waiting for seconds. In this process whoever came first writes first, and the log behind one other
//! write at most: a rush at the gate does not silence the rooms. Other processes rest between their writes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, Result};

/// The turn to write. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// Who is in front of this line is the next to write.
    line: Arc<Semaphore>,
    /// Who has this is writing. One from the line waits for it, and the log.
    turn: Arc<Semaphore>,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            line: Arc::new(Semaphore::new(1)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Turn {
    /// Waits for the turn, in line.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit> {
        in_time(async {
            let _front = self.line.acquire().await?;
            Arc::clone(&self.turn).acquire_owned().await
        })
        .await
    }

    /// Begins a transaction that holds the write lock from its first moment.
    pub(super) async fn begin(&self, pool: &SqlitePool) -> Result<Write> {
        begin(self.take().await?, pool).await
    }

    /// The same for the one writer of the log, which passes the line.
    pub(super) async fn begin_log(&self, pool: &SqlitePool) -> Result<Write> {
        begin(self.pass_the_line().await?, pool).await
    }

    async fn pass_the_line(&self) -> Result<OwnedSemaphorePermit> {
        in_time(Arc::clone(&self.turn).acquire_owned()).await
    }
}

async fn in_time<T>(waiting: impl Future<Output = std::result::Result<T, AcquireError>>) -> Result<T> {
    match timeout(ACQUIRE_TIMEOUT, waiting).await {
        Ok(Ok(permit)) => Ok(permit),
        // Nobody closes the semaphores: only the time can run out.
        Ok(Err(_)) | Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

async fn begin(turn: OwnedSemaphorePermit, pool: &SqlitePool) -> Result<Write> {
    let transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    Ok(Write {
        transaction,
        _turn: turn,
    })
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
