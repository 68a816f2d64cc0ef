//! A thread with a connection of its own. What comes while it is at work is done next, together: a crowd's questions share
//! one look at the database, and its claims one commit.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

use super::{ACQUIRE_TIMEOUT, AUTO_CHECKPOINT_PAGES, BUSY_TIMEOUT, Result, StoreError};

/// Jobs that wait. Who finds so many waits, too, and after [`ACQUIRE_TIMEOUT`] is told that the server cannot answer now.
const WAITING: usize = 4_096;

/// Jobs that are done together: some milliseconds of work.
pub(super) const TOGETHER: usize = 256;

/// What a connection keeps of the file in memory, in KiB: the leaves that a crowd of 100,000 tickets touches.
const CACHE_KIB: i64 = 8 * 1024;

/// Statements that a connection keeps ready: more than there are.
const STATEMENTS: usize = 32;

/// Where the answer to a job goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T>>;

/// Something that the thread does with its connection.
pub(super) trait Job: Send + 'static {
    /// Tells the asker that it was not done.
    fn fail(self, error: StoreError);
}

/// What the thread does with all jobs that came together. Gives every job its answer.
pub(super) type Work<J> = Box<dyn Fn(&mut Connection, &mut mpsc::Receiver<J>, &mut Vec<J>) + Send + Sync>;

/// The way to such a thread, which starts with the first job.
pub(super) struct Worker<J> {
    name: &'static str,
    run: Arc<dyn Fn(mpsc::Receiver<J>) + Send + Sync>,
    state: Mutex<State<J>>,
}

enum State<J> {
    Asleep,
    Awake {
        jobs: mpsc::Sender<J>,
        ended: oneshot::Receiver<()>,
    },
    Closed,
}

impl<J: Job> Worker<J> {
    /// `name` is the thread's, and `connect` opens the connection in it.
    pub(super) fn new(
        name: &'static str,
        connect: impl Fn() -> rusqlite::Result<Connection> + Send + Sync + 'static,
        work: Work<J>,
    ) -> Self {
        Self {
            name,
            run: Arc::new(move |jobs| run(jobs, &connect, &work)),
            state: Mutex::new(State::Asleep),
        }
    }

    /// Has a job done and gives its answer.
    pub(super) async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> J) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs()?.send_timeout(job(answer), ACQUIRE_TIMEOUT).await;
        sent.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => sqlx::Error::PoolTimedOut,
            SendTimeoutError::Closed(_) => sqlx::Error::PoolClosed,
        })?;
        answered.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    fn jobs(&self) -> Result<mpsc::Sender<J>> {
        let mut state = self.state();
        match &*state {
            State::Awake { jobs, .. } => return Ok(jobs.clone()),
            State::Closed => return Err(sqlx::Error::PoolClosed.into()),
            State::Asleep => {}
        }
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let run = Arc::clone(&self.run);
        let started = thread::Builder::new().name(self.name.to_owned()).spawn(move || {
            run(waiting);
            // Unless nobody waits for it.
            let _ = end.send(());
        });
        started.map_err(sqlx::Error::Io)?;
        let sender = jobs.clone();
        *state = State::Awake { jobs, ended };
        Ok(sender)
    }

    /// Lets the thread finish what waits and closes its connection.
    pub(super) async fn close(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Closed);
        if let State::Awake { jobs, ended } = state {
            drop(jobs);
            let _ = ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> fmt::Debug for Worker<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker(..)")
    }
}

fn run<J: Job>(mut jobs: mpsc::Receiver<J>, connect: &impl Fn() -> rusqlite::Result<Connection>, work: &Work<J>) {
    let mut together = Vec::with_capacity(TOGETHER);
    let mut connection = None;
    while jobs.blocking_recv_many(&mut together, TOGETHER) > 0 {
        if connection.is_none() {
            match connect() {
                Ok(opened) => connection = Some(opened),
                Err(error) => fail(together.drain(..), error.into()),
            }
        }
        let Some(opened) = &mut connection else { continue };
        // What panics must not take everybody's way in with it: these jobs fail, on a connection that is not used again.
        let done = catch_unwind(AssertUnwindSafe(|| work(opened, &mut jobs, &mut together)));
        if let Err(panic) = done {
            tracing::error!(panic = said(&*panic), "the database's thread begins anew");
            connection = None;
            together.clear(); // Who asked hears that nobody answers.
        } else if !opened.is_autocommit() {
            connection = None; // A transaction that could not be ended would be in everybody's way.
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words")
}

/// Tells everybody that their jobs failed together.
pub(super) fn fail<J: Job>(jobs: impl Iterator<Item = J>, error: StoreError) {
    let error = Arc::new(error);
    for job in jobs {
        job.fail(StoreError::Together(Arc::clone(&error)));
    }
}

/// A connection for such a thread, to a database that is there.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTO_CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Divides, and panics at zero.
    struct Division(i64, Answer<i64>);

    impl Job for Division {
        fn fail(self, error: StoreError) {
            let _ = self.1.send(Err(error));
        }
    }

    #[tokio::test]
    async fn who_panics_takes_nobody_along_who_comes_later() {
        let work: Work<Division> = Box::new(|_, _, jobs| {
            for Division(by, answer) in jobs.drain(..) {
                let _ = answer.send(Ok(84 / by));
            }
        });
        let worker = Worker::new("divisions", Connection::open_in_memory, work);
        assert_eq!(worker.ask(|answer| Division(2, answer)).await.expect("divided"), 42);
        let failed = worker.ask(|answer| Division(0, answer)).await.expect_err("panicked");
        assert!(failed.is_busy(), "another try may go well: {failed}");
        assert_eq!(worker.ask(|answer| Division(4, answer)).await.expect("divided"), 21);
        worker.close().await;
        assert!(worker.ask(|answer| Division(2, answer)).await.is_err());
    }
}
