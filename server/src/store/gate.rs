//! The gate's group commit: everybody who comes in while a commit is under way gets a seat in the next one, and so do the
//! sessions. A claim is decided by what its own transaction reads, one after the other, and answered when that is on disk.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use wire::UnixMillis;

use super::leases::{self, Admitted, Claim, Lease};
use super::sessions::{self, Beginning, Kept};
use super::turn::Turn;
use super::worker::{self, Answer, TOGETHER, Worker};
use super::{Result, StoreError};
use crate::clock;

/// The way to the gate's thread.
#[derive(Debug)]
pub(super) struct Gate(Worker<Job>);

/// Something that changes who sits where, or what a session knows of it.
struct Job {
    doing: Doing,
    now: UnixMillis,
}

enum Doing {
    Admit(Box<Claim>, Option<Arc<Beginning>>, Answer<Admitted>),
    Leave(Lease, Answer<bool>),
    Session(Kept, Answer<bool>),
}

/// What became of a job, if it is committed.
enum Outcome {
    Admitted(Admitted),
    Done(bool),
}

impl Gate {
    /// # Panics
    /// Outside a runtime: the turn to write is awaited there.
    pub(super) fn new(file: PathBuf, turn: Turn) -> Self {
        let runtime = Handle::current();
        Self(Worker::new(
            "gate",
            move || worker::connect(&file),
            Box::new(move |connection, more, jobs| work(connection, &runtime, &turn, more, jobs)),
        ))
    }

    pub(super) async fn admit(
        &self,
        claim: Claim,
        session: Option<Arc<Beginning>>,
        now: UnixMillis,
    ) -> Result<Admitted> {
        let claim = Box::new(claim);
        let job = |answer| Job {
            doing: Doing::Admit(claim, session, answer),
            now,
        };
        self.0.ask(job).await
    }

    pub(super) async fn leave(&self, lease: Lease, now: UnixMillis) -> Result<bool> {
        let job = |answer| Job {
            doing: Doing::Leave(lease, answer),
            now,
        };
        self.0.ask(job).await
    }

    /// Writes what became of a session; false when its id is another's.
    pub(super) async fn keep(&self, session: Kept) -> Result<bool> {
        let job = |answer| Job {
            doing: Doing::Session(session, answer),
            now: 0,
        };
        self.0.ask(job).await
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl worker::Job for Job {
    fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self.doing {
            Doing::Admit(.., answer) => drop(answer.send(Err(error))),
            Doing::Leave(_, answer) | Doing::Session(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

impl Job {
    /// Who has hung up gets no seat; but who hangs up while leaving has left.
    fn is_wanted(&self) -> bool {
        match &self.doing {
            Doing::Admit(.., answer) => !answer.is_closed(),
            Doing::Leave(..) | Doing::Session(..) => true,
        }
    }

    /// Decides in a savepoint: a job that cannot be done leaves nothing behind, and fails alone.
    fn attempt(&self, tx: &mut Transaction) -> Result<Result<Outcome>> {
        let savepoint = tx.savepoint()?;
        match self.decide(&savepoint) {
            Ok(outcome) => {
                savepoint.commit()?;
                Ok(Ok(outcome))
            }
            Err(error) if is_everybodys(&error) => Err(error),
            Err(error) => {
                drop(savepoint); // It is rolled back.
                Ok(Err(error))
            }
        }
    }

    fn decide(&self, tx: &Connection) -> Result<Outcome> {
        match &self.doing {
            Doing::Admit(claim, session, _) => {
                let admitted = leases::admit(tx, claim, self.now)?;
                if let (Admitted::Taken(seated) | Admitted::TakenOver(seated), Some(session)) = (&admitted, session) {
                    sessions::begin(tx, session, seated.lease)?;
                }
                Ok(Outcome::Admitted(admitted))
            }
            Doing::Leave(lease, _) => Ok(Outcome::Done(leases::free(tx, *lease, self.now)?)),
            Doing::Session(session, _) => Ok(Outcome::Done(sessions::write(tx, session)?)),
        }
    }

    fn answer(self, outcome: Result<Outcome>) {
        match (self.doing, outcome) {
            (Doing::Admit(.., answer), Ok(Outcome::Admitted(admitted))) => drop(answer.send(Ok(admitted))),
            (Doing::Admit(.., answer), Err(error)) => drop(answer.send(Err(error))),
            (Doing::Leave(_, answer) | Doing::Session(_, answer), Ok(Outcome::Done(done))) => {
                drop(answer.send(Ok(done)));
            }
            (Doing::Leave(_, answer) | Doing::Session(_, answer), Err(error)) => drop(answer.send(Err(error))),
            (_, Ok(Outcome::Done(_) | Outcome::Admitted(_))) => {}
        }
    }
}

fn work(
    connection: &mut Connection,
    runtime: &Handle,
    turn: &Turn,
    more: &mut mpsc::Receiver<Job>,
    jobs: &mut Vec<Job>,
) {
    let writing = match runtime.block_on(turn.take()) {
        Ok(writing) => writing,
        Err(error) => return worker::fail(jobs.drain(..), error),
    };
    while jobs.len() < TOGETHER
        && let Ok(job) = more.try_recv()
    {
        jobs.push(job);
    }
    jobs.retain(Job::is_wanted);
    // They have waited: the doors may have closed meanwhile.
    let now = clock::now();
    for job in jobs.iter_mut() {
        job.now = job.now.max(now);
    }
    let before = connection.total_changes();
    let committed = commit(connection, jobs);
    turn.wrote(connection.total_changes().saturating_sub(before));
    drop(writing);
    match committed {
        Ok(outcomes) => {
            for (job, outcome) in jobs.drain(..).zip(outcomes) {
                job.answer(outcome);
            }
        }
        Err(error) => worker::fail(jobs.drain(..), error),
    }
}

/// Does all jobs in one transaction. It takes the write lock with the first write: wrong codes and seats that are in use
/// cost the disk nothing. If another process wrote since the transaction's first look, it looks again under the lock.
fn commit(connection: &mut Connection, jobs: &[Job]) -> Result<Vec<Result<Outcome>>> {
    match attempt(connection, TransactionBehavior::Deferred, jobs) {
        Err(error) if has_lost_the_race(&error) => attempt(connection, TransactionBehavior::Immediate, jobs),
        result => result,
    }
}

fn attempt(connection: &mut Connection, behavior: TransactionBehavior, jobs: &[Job]) -> Result<Vec<Result<Outcome>>> {
    let mut tx = connection.transaction_with_behavior(behavior)?;
    let outcomes = jobs
        .iter()
        .map(|job| job.attempt(&mut tx))
        .collect::<Result<Vec<_>>>()?;
    tx.commit()?;
    Ok(outcomes)
}

/// Whether no job can be done after this: the file, the disk or the lock is the matter, not a row.
fn is_everybodys(error: &StoreError) -> bool {
    use ErrorCode::{ConstraintViolation, TypeMismatch};
    match error {
        StoreError::Statement(error) => !matches!(
            error.sqlite_error_code(),
            Some(ConstraintViolation | TypeMismatch) | None
        ),
        _ => false,
    }
}

fn has_lost_the_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Statement(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use tower_sessions::SessionStore;
    use tower_sessions::session::Id;
    use wire::Role;

    use super::*;
    use crate::auth::secret::CodeHash;
    use crate::store::{NewTicket, Store, fixture};

    const NOW: UnixMillis = 1_000_000;
    const CODE: CodeHash = [7; 32];

    async fn gate() -> (tempfile::TempDir, Store, i64, Connection) {
        let (folder, store, event) = fixture::announced().await;
        let ticket = NewTicket {
            hash: CODE,
            length: 14,
            role: Role::Fan,
            reference: None,
        };
        store.add_tickets(event, &[ticket], NOW).await.expect("a ticket");
        let connection = worker::connect(&folder.path().join("frontrow.db")).expect("connects");
        (folder, store, event, connection)
    }

    fn claim(event: i64, code: CodeHash) -> Job {
        claim_in(event, code, None)
    }

    fn claim_in(event: i64, code: CodeHash, session: Option<Arc<Beginning>>) -> Job {
        let claim = Claim {
            event,
            code,
            had: None,
            takeover: false,
        };
        Job {
            doing: Doing::Admit(Box::new(claim), session, tokio::sync::oneshot::channel().0),
            now: NOW,
        }
    }

    #[tokio::test]
    async fn of_two_devices_in_one_commit_the_second_finds_the_first_ones_seat() {
        let (_folder, _store, event, mut connection) = gate().await;
        let jobs = [claim(event, CODE), claim(event, CODE), claim(event, [8; 32])];
        let outcomes = commit(&mut connection, &jobs).expect("commits");
        assert!(matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Admitted(Admitted::Taken(_))),
                Ok(Outcome::Admitted(Admitted::InUse { .. })),
                Ok(Outcome::Admitted(Admitted::Unknown))
            ]
        ));
    }

    #[tokio::test]
    async fn a_session_begins_with_a_seat_and_ends_the_one_before() {
        let (_folder, store, event, mut connection) = gate().await;
        let sessions = store.sessions();
        let mut before = sessions::tests::record();
        sessions.create(&mut before).await.expect("begins");
        let seated = sessions::tests::beginning(Some(before.id));
        let turned_away = sessions::tests::beginning(None);
        let jobs = [&seated, &turned_away].map(|session| claim_in(event, CODE, Some(Arc::clone(session))));
        commit(&mut connection, &jobs).expect("commits");
        let has = async |id: &Id| sessions.load(id).await.expect("reads").is_some();
        let id_of = |session: &Beginning| Id::from_str(&session.written().1).expect("an id");
        assert!(has(&id_of(&seated)).await);
        assert!(!has(&id_of(&turned_away)).await, "who got no seat got no session");
        assert!(!has(&before.id).await);
    }

    #[tokio::test]
    async fn what_another_process_did_since_the_look_is_seen_before_anything_is_written() {
        let (folder, _store, event, mut connection) = gate().await;
        let other = worker::connect(&folder.path().join("frontrow.db")).expect("connects");
        let tx = connection.transaction().expect("begins");
        let claim = claim(event, CODE);
        let looked: i64 = tx
            .query_row("SELECT COUNT(*) FROM leases", [], |row| row.get(0))
            .expect("reads");
        other
            .execute("UPDATE tickets SET revoked_at = 1", [])
            .expect("revokes it");
        let Err(error) = claim.decide(&tx) else {
            panic!("written on a look from before, of {looked} leases")
        };
        assert!(has_lost_the_race(&error), "{error}");
        drop(tx);
        let outcomes = commit(&mut connection, &[claim]).expect("looks again");
        assert!(matches!(
            outcomes.as_slice(),
            [Ok(Outcome::Admitted(Admitted::Unknown))]
        ));
    }

    #[tokio::test]
    async fn who_changes_nothing_needs_no_turn_of_the_disk() {
        let (folder, _store, event, mut connection) = gate().await;
        let mut other = worker::connect(&folder.path().join("frontrow.db")).expect("connects");
        let busy = other.transaction_with_behavior(TransactionBehavior::Immediate);
        let busy = busy.expect("the write lock");
        let outcomes = commit(&mut connection, &[claim(event, [8; 32])]).expect("answers");
        assert!(matches!(
            outcomes.as_slice(),
            [Ok(Outcome::Admitted(Admitted::Unknown))]
        ));
        drop(busy);
    }

    #[tokio::test]
    async fn what_cannot_be_done_fails_alone_and_leaves_nothing() {
        let (_folder, _store, event, mut connection) = gate().await;
        connection
            .execute_batch(
                "CREATE TEMP TRIGGER no_session BEFORE INSERT ON main.sessions
                 BEGIN SELECT RAISE(ABORT, 'not this one'); END;",
            )
            .expect("a trigger");
        let session = Job {
            doing: Doing::Session(sessions::tests::begun(), tokio::sync::oneshot::channel().0),
            now: NOW,
        };
        let outcomes = commit(&mut connection, &[session, claim(event, CODE)]).expect("commits");
        assert!(matches!(
            outcomes.as_slice(),
            [Err(StoreError::Statement(_)), Ok(Outcome::Admitted(Admitted::Taken(_)))]
        ));
    }
}
