//! Entries of the log, and the terms of a message's visibility.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use wire::frame::{Actor, Control, Deed, Message, MessageBody};
use wire::{MemberId, Seq, UnixMillis};

use super::StoreError;
use crate::store::tickets::role_of;

/// A message with what its visibility depends on. Each deed changes one term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Its place in the log.
    pub seq: Seq,
    /// What it says; the nickname is the author's of today.
    pub body: MessageBody,
    /// A moderator hid it.
    pub hidden: bool,
    /// Its author is banned.
    pub banned: bool,
    /// The clears that cover it, by their seq.
    pub clears: Vec<Seq>,
}

impl Stated {
    /// A message that nothing was done to yet. It gets its place with the commit.
    pub(super) fn new(body: MessageBody) -> Self {
        Self {
            seq: 0,
            body,
            hidden: false,
            banned: false,
            clears: Vec::new(),
        }
    }

    /// Whether fans see it.
    pub fn is_visible(&self) -> bool {
        !self.hidden && !self.banned && self.clears.is_empty()
    }

    /// What fans get: it, or a tombstone.
    pub fn for_fans(&self) -> Message {
        let visible = self.is_visible();
        Message {
            seq: self.seq,
            body: visible.then(|| self.body.clone()),
            hidden: !visible,
        }
    }

    /// What the staff gets: the text in any case.
    pub fn for_staff(&self) -> Message {
        Message {
            seq: self.seq,
            body: Some(self.body.clone()),
            hidden: !self.is_visible(),
        }
    }

    /// Applies a deed that was done at place `at` of the log; doing so again changes nothing. Whether it did.
    pub fn apply(&mut self, deed: &Deed, at: Seq) -> bool {
        let is_mine = |member: &MemberId| *member == self.body.member;
        match deed {
            Deed::Hide { target } if *target == self.seq => !std::mem::replace(&mut self.hidden, true),
            Deed::Unhide { target, .. } if *target == self.seq => std::mem::replace(&mut self.hidden, false),
            Deed::Ban { member } if is_mine(member) => !std::mem::replace(&mut self.banned, true),
            Deed::Unban { member } if is_mine(member) => std::mem::replace(&mut self.banned, false),
            Deed::Clear { member, since, .. } if is_mine(member) && self.is_within(*since, at) => {
                let is_new = !self.clears.contains(&at);
                if is_new {
                    self.clears.push(at);
                }
                is_new
            }
            Deed::Unclear { target, .. } => {
                let covered = self.clears.len();
                self.clears.retain(|clear| clear != target);
                self.clears.len() < covered
            }
            Deed::Rename { member, nickname } if is_mine(member) => {
                let is_new = self.body.nickname != *nickname;
                self.body.nickname.clone_from(nickname);
                is_new
            }
            // A second answer does not take the first one's place.
            Deed::Answer { target } if *target == self.seq && self.body.answered.is_none() => {
                self.body.answered = Some(at);
                true
            }
            Deed::Unanswer { target } if *target == self.seq => self.body.answered.take().is_some(),
            _ => false,
        }
    }

    /// Whether a clear at place `at` that reaches back to `since` covers it.
    fn is_within(&self, since: UnixMillis, at: Seq) -> bool {
        self.body.at >= since && self.seq < at
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// What it is.
    pub what: What,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message.
    Message(Stated),
    /// A control entry.
    Control(Box<ControlEntry>),
}

/// A control entry, with what the staff is told of it and the message it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlEntry {
    /// When it was done.
    pub at: UnixMillis,
    /// What was done. An `unhide` here carries no text: the message is beside it.
    pub deed: Deed,
    /// Who did it.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// The message of an `unhide`, a `pin` or a `spotlight`.
    pub message: Option<Stated>,
}

impl ControlEntry {
    /// As fans get it.
    pub fn for_fans(&self, seq: Seq) -> Control {
        Control {
            seq,
            at: self.at,
            deed: self.deed_with(Stated::for_fans),
            by: None,
            reason: None,
        }
    }

    /// As the staff gets it.
    pub fn for_staff(&self, seq: Seq) -> Control {
        Control {
            seq,
            at: self.at,
            deed: self.deed_with(Stated::for_staff),
            by: Some(self.by.clone()),
            reason: self.reason.clone(),
        }
    }

    fn deed_with(&self, show: impl Fn(&Stated) -> Message) -> Deed {
        match (&self.deed, &self.message) {
            (Deed::Unhide { target, .. }, Some(message)) => Deed::Unhide {
                target: *target,
                message: show(message),
            },
            (deed, _) => deed.clone(),
        }
    }
}

/// An entry `e` with the terms of its visibility now: its author's ban, the clears that cover it, and the nicknames of
/// today.
///
/// Indexes are named here and elsewhere: without statistics the planner prefers the primary key, and would walk the log.
pub(in crate::store) const WITH_STATE: &str =
    "e.*, coalesce(m.nickname, e.nickname) AS called, a.nickname AS about_called,
    coalesce(t.banned_at IS NOT NULL, 0) AS banned,
    CASE e.question WHEN 1 THEN
      (SELECT q.answered FROM questions q WHERE q.event_id = e.event_id AND q.seq = e.seq)
    END AS answered,
    (SELECT group_concat(c.seq) FROM entries c INDEXED BY entries_clears
      WHERE c.event_id = e.event_id AND c.about = e.member_id AND c.kind = 'clear' AND c.undone = 0
        AND e.at >= c.since AND e.seq < c.seq) AS clears
    FROM entries e LEFT JOIN members m ON m.id = e.member_id LEFT JOIN tickets t ON t.id = m.ticket_id
      LEFT JOIN members a ON a.id = e.about";

/// Keeps of entries `e` the messages that fans see: what [`Stated::is_visible`] says, for lists that have a limit.
pub(in crate::store) const THAT_FANS_SEE: &str =
    "LEFT JOIN members m ON m.id = e.member_id LEFT JOIN tickets t ON t.id = m.ticket_id
     WHERE e.kind = 'message' AND e.hidden = 0 AND t.banned_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM entries c INDEXED BY entries_clears
         WHERE c.event_id = e.event_id AND c.about = e.member_id AND c.kind = 'clear' AND c.undone = 0
           AND e.at >= c.since AND e.seq < c.seq)";

/// The message in a row of [`WITH_STATE`].
pub(in crate::store) fn message(row: &SqliteRow) -> Result<Stated, StoreError> {
    let seq = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(|seq| seq as Seq));
    let body = MessageBody {
        id: row.try_get("client_id")?,
        at: row.try_get::<i64, _>("at")? as UnixMillis,
        member: MemberId(row.try_get("member_id")?),
        nickname: row.try_get("called")?,
        role: role_of(row.try_get("role")?)?,
        text: row.try_get("text")?,
        question: row.try_get("question")?,
        reply_to: seq("reply_to")?,
        answers: seq("answers")?,
        answered: seq("answered")?,
    };
    Ok(Stated {
        seq: row.try_get::<i64, _>("seq")? as Seq,
        body,
        hidden: row.try_get("hidden")?,
        banned: row.try_get("banned")?,
        clears: clears(row.try_get("clears")?),
    })
}

fn clears(listed: Option<&str>) -> Vec<Seq> {
    let seqs = listed.unwrap_or_default().split(',');
    seqs.filter_map(|seq| seq.parse().ok()).collect()
}

/// The control entry in a row of [`WITH_STATE`]; `carried` is the message of an `unhide`, a `pin` or a `spotlight`.
pub(super) fn control(row: &SqliteRow, carried: Option<Stated>) -> Result<ControlEntry, StoreError> {
    let kind: String = row.try_get("kind")?;
    let target = row.try_get::<Option<i64>, _>("target")?.map(|seq| seq as Seq);
    let about = row.try_get::<Option<String>, _>("about")?.map(MemberId);
    let seconds: Option<u32> = row.try_get("seconds")?;
    let since = row.try_get::<Option<i64>, _>("since")?.unwrap_or(0) as UnixMillis;
    // A name that was taken back since is gone from here too.
    let called: Option<String> = row.try_get("about_called")?;
    let given = called.or(row.try_get("text")?);
    let deed = deed(&kind, target, about, seconds, since, given);
    Ok(ControlEntry {
        at: row.try_get::<i64, _>("at")? as UnixMillis,
        deed: deed.ok_or(StoreError::Unreadable("entries.kind"))?,
        by: Actor {
            member: MemberId(row.try_get("member_id")?),
            nickname: row.try_get("nickname")?,
        },
        reason: row.try_get("reason")?,
        message: carried,
    })
}

fn deed(
    kind: &str,
    target: Option<Seq>,
    about: Option<MemberId>,
    seconds: Option<u32>,
    since: UnixMillis,
    nickname: Option<String>,
) -> Option<Deed> {
    Some(match kind {
        "hide" => Deed::Hide { target: target? },
        "unhide" => unhide(target?),
        "ban" => Deed::Ban { member: about? },
        "unban" => Deed::Unban { member: about? },
        "clear" => Deed::Clear {
            member: about?,
            seconds: seconds?,
            since,
        },
        "unclear" => Deed::Unclear {
            target: target?,
            member: about?,
        },
        "slow" => Deed::Slow { seconds: seconds? },
        "pin" => Deed::Pin { target },
        "pause" => Deed::Pause,
        "resume" => Deed::Resume,
        "rename" => Deed::Rename {
            member: about?,
            nickname: nickname?,
        },
        "spotlight" => Deed::Spotlight { target },
        "answer" => Deed::Answer { target: target? },
        "unanswer" => Deed::Unanswer { target: target? },
        _ => return None,
    })
}

/// An `unhide` whose message is beside it.
pub fn unhide(target: Seq) -> Deed {
    let message = Message {
        seq: target,
        body: None,
        hidden: true,
    };
    Deed::Unhide { target, message }
}
