//! Reads that everybody makes on the way in. Those that come together look at one moment of the database, which is later
//! than all of their beginnings: nothing is remembered from one look to the next, so nobody gets an answer from before.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use wire::{MemberId, UnixMillis};

use super::leases::{self, Claim, Look};
use super::members::{self, Seating, Standing};
use super::sessions;
use super::worker::{self, Answer, Worker};
use super::{Event, Result, StoreError, TicketId, events};

/// The way to the readers' thread.
#[derive(Debug)]
pub(super) struct Reads(Worker<Job>);

enum Job {
    Event(String, Answer<Option<Arc<Event>>>),
    Session(String, Answer<Option<Vec<u8>>>),
    Look(Box<Claim>, UnixMillis, Answer<Look>),
    Standing(MemberId, Answer<Option<Standing>>),
    Seating(TicketId, Answer<Option<Seating>>),
}

impl Reads {
    pub(super) fn new(file: PathBuf) -> Self {
        let connect = move || {
            let connection = worker::connect(&file)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        Self(Worker::new(
            "reads",
            connect,
            Box::new(|connection, _, jobs| work(connection, jobs)),
        ))
    }

    pub(super) async fn event(&self, slug: &str) -> Result<Option<Arc<Event>>> {
        self.0.ask(|answer| Job::Event(slug.to_owned(), answer)).await
    }

    pub(super) async fn session(&self, id: String) -> Result<Option<Vec<u8>>> {
        self.0.ask(|answer| Job::Session(id, answer)).await
    }

    pub(super) async fn look(&self, claim: Claim, now: UnixMillis) -> Result<Look> {
        let claim = Box::new(claim);
        self.0.ask(|answer| Job::Look(claim, now, answer)).await
    }

    pub(super) async fn standing(&self, member: &MemberId) -> Result<Option<Standing>> {
        self.0.ask(|answer| Job::Standing(member.clone(), answer)).await
    }

    pub(super) async fn seating(&self, ticket: TicketId) -> Result<Option<Seating>> {
        self.0.ask(|answer| Job::Seating(ticket, answer)).await
    }

    /// Whether it answers.
    pub(super) async fn check(&self) -> Result<()> {
        self.seating(0).await.map(drop)
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl worker::Job for Job {
    fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Event(_, answer) => drop(answer.send(Err(error))),
            Self::Session(_, answer) => drop(answer.send(Err(error))),
            Self::Look(.., answer) => drop(answer.send(Err(error))),
            Self::Standing(_, answer) => drop(answer.send(Err(error))),
            Self::Seating(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

fn work(connection: &mut Connection, jobs: &mut Vec<Job>) {
    let moment = match connection.transaction_with_behavior(TransactionBehavior::Deferred) {
        Ok(moment) => moment,
        Err(error) => return worker::fail(jobs.drain(..), error.into()),
    };
    let mut look = Moment {
        moment: &moment,
        events: HashMap::new(),
    };
    for job in jobs.drain(..) {
        look.answer(job);
    }
}

/// One moment of the database.
struct Moment<'c> {
    moment: &'c Connection,
    /// A crowd asks for one and the same.
    events: HashMap<String, Option<Arc<Event>>>,
}

impl Moment<'_> {
    fn answer(&mut self, job: Job) {
        match job {
            Job::Event(slug, answer) => drop(answer.send(self.event(slug))),
            Job::Session(id, answer) => drop(answer.send(sessions::read(self.moment, &id).map_err(StoreError::from))),
            Job::Look(claim, now, answer) => drop(answer.send(leases::look(self.moment, &claim, now))),
            Job::Standing(member, answer) => drop(answer.send(members::standing(self.moment, &member))),
            Job::Seating(ticket, answer) => {
                let behind = members::behind_ticket(self.moment, ticket);
                drop(answer.send(behind.map(|behind| behind.map(|behind| behind.seating))));
            }
        }
    }

    fn event(&mut self, slug: String) -> Result<Option<Arc<Event>>> {
        if let Some(event) = self.events.get(&slug) {
            return Ok(event.clone());
        }
        let event = events::at(self.moment, &slug)?.map(Arc::new);
        self.events.insert(slug, event.clone());
        Ok(event)
    }
}
