//! The relay: takes drafts, makes them durable in one order an event, and hands the entries to the hubs. A draft is
//! answered and delivered only after its commit is on disk.
//!
//! There is one engine so far, `local`: it lives in this process and commits to the store. Everything goes through
//! the relay, also on one node, so another engine changes how a `Relay` is made and not the way of a message.

mod local;

use std::sync::Arc;

use tokio::sync::oneshot;
use wire::frame::Message;
use wire::{Refusal, Seq};

use crate::metrics::Metrics;
pub use crate::store::entries::Draft;
use crate::store::{Store, StoreError};

/// Drafts that may wait for the writer, all events together: what a crowd says at once when the last song ends, some
/// seconds of commits and 10 to 80 MB. More are refused with [`Refusal::Unavailable`], so that a stalled disk costs
/// patience and never memory.
const QUEUE_DRAFTS: usize = 32_768;

/// What became of an appended draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is this entry now, on disk.
    Committed(Seq),
    /// It was this entry already: a retry.
    Known(Seq),
    /// Nothing was committed.
    Refused(Refusal),
}

/// An entry of the log, with its JSON as every fan gets it.
#[derive(Debug)]
pub struct Entry {
    /// Its place in the log.
    pub seq: Seq,
    /// One JSON object, encoded once.
    pub json: String,
}

impl Entry {
    fn message(message: Message) -> Self {
        let seq = message.seq;
        Self {
            seq,
            json: wire::ServerFrame::Message(message).encode(),
        }
    }
}

/// Gets an event's entries: in order, without holes, each once. Must not block.
pub trait Subscriber: Send + Sync + 'static {
    /// Takes the next entries.
    fn deliver(&self, entries: &[Arc<Entry>]);
}

/// What the log holds when a subscriber joins; what follows is delivered to it.
#[derive(Debug)]
pub struct Tail {
    /// The newest entries, oldest first.
    pub entries: Vec<Arc<Entry>>,
    /// The place of the newest entry, 0 for an empty log.
    pub head: Seq,
}

/// A handle on the relay. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    local: local::Local,
}

impl Relay {
    /// Starts the engine that commits to `store`.
    ///
    /// # Errors
    /// When the store cannot be opened for writing.
    pub fn local(store: &Store, metrics: Metrics) -> Result<Self, StoreError> {
        Ok(Self {
            local: local::Local::start(store, metrics)?,
        })
    }

    /// Hands in a draft. The answer comes when its fate is durable; a draft that cannot even wait is refused at once.
    /// An answer that never comes (the sender is dropped) means that nobody knows: handing it in again is safe.
    pub fn append(&self, draft: Draft) -> oneshot::Receiver<Appended> {
        self.local.append(draft)
    }

    /// Joins an event's log: the newest `limit` entries now, every later one to `subscriber`. A second subscriber of
    /// an event takes the place of the first.
    ///
    /// # Errors
    /// When the store fails or the engine has stopped.
    pub async fn subscribe(
        &self,
        event: i64,
        limit: usize,
        subscriber: Arc<dyn Subscriber>,
    ) -> Result<Tail, RelayError> {
        self.local.subscribe(event, limit, subscriber).await
    }

    /// Leaves an event's log.
    pub async fn unsubscribe(&self, event: i64) {
        self.local.unsubscribe(event).await;
    }

    /// Whether the engine can take drafts: readiness asks.
    ///
    /// # Errors
    /// With the reason why it cannot.
    pub fn check(&self) -> Result<(), RelayError> {
        self.local.check()
    }
}

/// Why the relay cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The store failed.
    #[error("the log cannot be read or written: {0}")]
    Store(#[from] StoreError),
    /// The engine's task has ended.
    #[error("the log's writer has stopped")]
    Stopped,
    /// The last commit failed, and none has succeeded since.
    #[error("the log's last commit failed")]
    Failing,
}
