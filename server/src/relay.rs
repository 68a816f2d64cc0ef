//! The relay: takes drafts, makes them durable in one order an event, and hands the entries to the hubs. A draft is
//! answered and delivered only after its commit is on disk.
//!
//! There is one engine so far, `local`: it lives in this process and commits to the store. Everything goes through
//! the relay, also on one node, so another engine changes how a `Relay` is made and not the way of a message.

mod local;

use std::sync::Arc;

use tokio::sync::oneshot;
use wire::Role;

use crate::metrics::Metrics;
pub use crate::store::entries::{ControlEntry, Doing, Draft, Effect, Entry, Fate, Say, Setting, Stated, Tail, What};
use crate::store::{Store, StoreError};

/// Drafts that may wait for the writer, all events together: what a crowd says at once when the last song ends, some
/// seconds of commits and 10 to 80 MB. More are refused with [`wire::Refusal::Unavailable`], so that a stalled disk costs
/// patience and never memory.
const QUEUE_DRAFTS: usize = 32_768;

/// Drafts of the staff that may wait, beside those: all that thirty sockets leave unanswered.
const QUEUE_STAFF_DRAFTS: usize = 1_024;

/// Gets an event's entries: in order, without holes, each once, and between them what else the drafts brought. Must not
/// block.
pub trait Subscriber: Send + Sync + 'static {
    /// Takes what comes next.
    fn deliver(&self, effects: Vec<Effect>);
}

/// Who is told a draft's fate, once. Dropped unused, it says that nobody knows.
struct Answer(Option<Box<dyn FnOnce(Option<Fate>) + Send>>);

impl Answer {
    fn give(mut self, fate: Fate) {
        if let Some(answer) = self.0.take() {
            answer(Some(fate));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer(None);
        }
    }
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

    /// Hands in a draft from a socket of this role: what the staff does waits behind nobody else's. The answer comes when
    /// its fate is durable; a draft that cannot even wait is refused at once. An answer that never comes (the sender is
    /// dropped) means that nobody knows: handing it in again is safe.
    pub fn append(&self, draft: Draft, role: Role) -> oneshot::Receiver<Fate> {
        let (answer, receiver) = oneshot::channel();
        self.append_then(draft, role, |fate| {
            if let Some(fate) = fate {
                // Who has gone asks again with the same id.
                let _ = answer.send(fate);
            }
        });
        receiver
    }

    /// The same without a task that waits: `answer` is called once, with `None` when nobody knows. It is called where
    /// drafts are committed, or here and now: it must neither block nor panic.
    pub fn append_then(&self, draft: Draft, role: Role, answer: impl FnOnce(Option<Fate>) + Send + 'static) {
        self.local.append(draft, role, Answer(Some(Box::new(answer))));
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
