//! The rooms' logs: committing what people say and what moderators do, replaying the tail, reading page by page.
//!
//! Everything that changes a room goes through the one writer, in one order: what it decides it decides in the
//! transaction that makes it true, by the author's standing at that moment.

mod act;
mod author;
mod batch;
mod commit;
mod held;
mod history;
mod logged;
mod question;
mod recent;
mod rename;
mod report;
mod say;
#[cfg(test)]
mod tests;

pub use history::{KnownSend, Page};
pub use logged::{ControlEntry, Entry, Stated, What, unhide};
pub(super) use logged::{THAT_FANS_SEE, WITH_STATE, message};

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use wire::frame::{Refused, Verb};
use wire::{MemberId, Refusal, Seq, ServerFrame, UnixMillis};

use super::{Store, StoreError, json};
use batch::{Batch, Memory};

/// When to try again what the log could not take, in milliseconds.
const BUSY_MILLIS: u64 = 1_000;

/// Something on its way into a room.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The event whose room takes it.
    pub event: i64,
    /// Who it is from.
    pub member: MemberId,
    /// The member's lease when it was sent; the commit refuses an older one.
    pub epoch: i64,
    /// The client's id for it, when it has one: a known one gets its first answer again.
    pub id: Option<String>,
    /// What it is.
    pub doing: Doing,
}

/// What somebody does in a room.
#[derive(Clone, Debug)]
pub enum Doing {
    /// Says something.
    Say(Say),
    /// Tells the moderators about a message.
    Report {
        /// The message.
        target: Seq,
        /// Why.
        reason: Option<String>,
    },
    /// Asks a question too, or no longer.
    Vote {
        /// The question.
        target: Seq,
        /// Whether the vote is given, or taken back.
        on: bool,
    },
    /// Moderates, or leads the stage.
    Act {
        /// How.
        verb: Verb,
        /// Why.
        reason: Option<String>,
        /// A random number, for what needs one.
        dice: u64,
    },
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Say {
    /// The text, after the text rules.
    pub text: String,
    /// Marked as a question.
    pub question: bool,
    /// The message it replies to.
    pub reply_to: Option<Seq>,
    /// What the event's word list says of it.
    pub found: Option<wire::moderation::WordRule>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is committed, as this entry or as none.
    Committed(Option<Seq>),
    /// It was so before: by the same id, or because somebody had done the same.
    Known(Option<Seq>),
    /// It is stored, and waits for a moderator.
    Held,
    /// Nothing was committed of it.
    Refused(Refused),
}

/// What follows from a draft beside its fate.
#[derive(Clone, Debug)]
pub enum Effect {
    /// An entry of the log.
    Entry(Box<Entry>),
    /// Something the staff is told.
    ToStaff(ServerFrame),
    /// Something one member is told.
    ToMember(MemberId, ServerFrame),
    /// A question has so many votes now.
    Votes {
        /// The question.
        target: Seq,
        /// Its votes.
        votes: u64,
    },
}

/// What became of a draft, and what follows from it, in order.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What its sender is answered.
    pub fate: Fate,
    /// What others get to see.
    pub effects: Vec<Effect>,
}

impl Draft {
    fn reply_to(&self) -> Option<Seq> {
        match &self.doing {
            Doing::Say(say) => say.reply_to,
            Doing::Report { .. } | Doing::Vote { .. } | Doing::Act { .. } => None,
        }
    }
}

impl From<Fate> for Outcome {
    fn from(fate: Fate) -> Self {
        let effects = Vec::new();
        Self { fate, effects }
    }
}

/// A commit that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: StoreError,
    /// What became of the drafts if they are on disk after all; none when they are not.
    pub outcomes: Vec<Outcome>,
}

impl<E: Into<StoreError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            outcomes: Vec::new(),
        }
    }
}

impl Fate {
    /// The log cannot take it now.
    pub fn unavailable() -> Self {
        Self::refused_for(Refusal::Unavailable, BUSY_MILLIS)
    }

    fn refused(code: Refusal) -> Self {
        Self::Refused(Refused {
            id: None,
            code,
            retry_after_ms: None,
            detail: None,
        })
    }

    fn refused_for(code: Refusal, wait: u64) -> Self {
        Self::Refused(Refused {
            id: None,
            code,
            retry_after_ms: Some(wait),
            detail: None,
        })
    }
}

/// The file beside the database whose lock says that somebody writes the logs. The system frees it with its holder's
/// process, however that ends.
const LOCK_ENDING: &str = "log-lock";

/// The one writer of the logs. It takes its turn with every other write of this process: SQLite's own waiting is not
/// fair, and a busy room would keep a takeover waiting for seconds.
pub struct LogWriter {
    store: Store,
    memory: Memory,
    deciding: Duration,
    /// Held for as long as the writer lives: two writers would each deliver only their own half.
    _lock: File,
}

impl LogWriter {
    /// Becomes the writer.
    ///
    /// # Errors
    /// When another process is.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let lock = lock(&store.file_beside(LOCK_ENDING))?;
        Ok(Self {
            store: store.clone(),
            memory: Memory::default(),
            deciding: Duration::ZERO,
            _lock: lock,
        })
    }

    /// Commits drafts, in order, in one transaction: when this returns, what it says is on disk. `now` is the time the
    /// entries get.
    ///
    /// # Errors
    /// When the database fails; then none of the drafts is known to be committed.
    pub async fn commit(&mut self, drafts: &[Draft], now: UnixMillis) -> Result<Vec<Outcome>, Failed> {
        // Also when this is given up halfway: what is remembered must be on disk.
        let mut memory = std::mem::take(&mut self.memory);
        let mut transaction = self.store.begin_log().await?;
        let begun = Instant::now();
        let mut outcomes = Batch::new(&mut transaction, &mut memory, drafts, now).decide().await?;
        self.deciding = begun.elapsed();
        let committed = transaction.commit_rows(drafts.len()).await;
        keep_last_cases(drafts, &mut outcomes);
        if let Err(error) = committed {
            return Err(Failed { error, outcomes });
        }
        memory.recent.settle(drafts);
        self.memory = memory;
        Ok(outcomes)
    }

    /// What deciding the last batch took, without the turn before and the disk after it: it grows with the drafts.
    pub fn deciding(&self) -> Duration {
        self.deciding
    }

    /// Whether a draft that was committed or held is on record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has(&self, draft: &Draft) -> Result<bool, StoreError> {
        let Some(id) = &draft.id else { return Ok(false) };
        let known = self.store.known_send(draft.event, &draft.member, id).await?;
        Ok(known.is_some())
    }

    /// Writes something that means nothing, to see whether the database takes it.
    ///
    /// # Errors
    /// When it does not.
    pub async fn try_out(&self) -> Result<(), StoreError> {
        let mut transaction = self.store.begin_log().await?;
        sqlx::query("PRAGMA user_version = 1")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// The newest `limit` entries after `after`, oldest first, with the state they are in now, and the room's own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tail(&mut self, event: i64, after: Seq, limit: usize) -> Result<Tail, StoreError> {
        let mut transaction = self.store.read.begin().await?;
        history::tail(&mut transaction, event, after, limit).await
    }
}

/// A case is told once, as it stands in the end: a crowd that reports one message would tell it again and again. The drafts
/// are of several events, and a seq means something in each.
fn keep_last_cases(drafts: &[Draft], outcomes: &mut [Outcome]) {
    let mut told = HashSet::new();
    for (draft, outcome) in drafts.iter().zip(outcomes).rev() {
        let mut effects = std::mem::take(&mut outcome.effects);
        effects.reverse();
        effects.retain(|effect| match effect {
            Effect::ToStaff(ServerFrame::Case(case)) => told.insert((draft.event, case.message.seq)),
            _ => true,
        });
        effects.reverse();
        outcome.effects = effects;
    }
}

/// A room as it is when somebody begins to follow it.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// The newest entries, oldest first.
    pub entries: Vec<Entry>,
    /// The place of the newest entry, 0 for an empty log.
    pub head: Seq,
    /// What moderators and artists have set.
    pub setting: Setting,
}

/// What moderators and artists have set in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Seconds a fan waits between messages; 0 is off.
    pub slow_seconds: u32,
    /// Only the staff writes.
    pub paused: bool,
    /// The pinned message.
    pub pinned: Option<Stated>,
    /// The question on stage.
    pub spotlight: Option<Stated>,
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let cause = |cause| StoreError::Lock {
        path: path.to_owned(),
        cause,
    };
    let file = File::create(path).map_err(cause)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::LogInUse),
        Err(TryLockError::Error(error)) => Err(cause(error)),
    }
}
