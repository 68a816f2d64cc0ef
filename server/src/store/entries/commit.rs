//! One draft in the transaction that decides it: the place it gets, what is written down about it, what follows.

use sqlx::SqliteConnection;
use wire::frame::{Actor, Deed};
use wire::moderation::AuditRow;
use wire::{Capability, MemberId, Refusal, Seq, ServerFrame, UnixMillis};

use super::author::Author;
use super::logged::{ControlEntry, Entry, Stated, What};
use super::recent::Recent;
use super::{Doing, Draft, Effect, Fate, StoreError};
use crate::store::to_sql;

/// A draft and the transaction it is decided in.
pub(super) struct Commit<'c> {
    pub(super) tx: &'c mut SqliteConnection,
    pub(super) recent: &'c mut Recent,
    pub(super) draft: &'c Draft,
    pub(super) now: UnixMillis,
    effects: Vec<Effect>,
}

/// What a draft's id stands for already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A message, by its place.
    Said(Seq),
    /// An act, a vote or a report, and what that was answered with.
    Acted(Option<Seq>),
}

impl Before {
    /// What a draft's id stands for in the index.
    pub(super) async fn of(tx: &mut SqliteConnection, draft: &Draft) -> Result<Option<Self>, StoreError> {
        let (said, acted, deed): (Option<i64>, bool, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT seq FROM said WHERE event_id = ?1 AND member_id = ?2 AND client_id = ?3),
                    EXISTS (SELECT 1 FROM acts WHERE member_id = ?2 AND client_id = ?3),
                    (SELECT seq FROM acts WHERE member_id = ?2 AND client_id = ?3)",
        )
        .bind(draft.event)
        .bind(draft.member.as_str())
        .bind(&draft.id)
        .fetch_one(tx)
        .await?;
        Ok(match said {
            Some(seq) => Some(Self::Said(seq as Seq)),
            None => acted.then_some(Self::Acted(deed.map(|seq| seq as Seq))),
        })
    }

    /// The first answer again.
    pub(super) fn fate(self) -> Fate {
        match self {
            Self::Said(seq) => Fate::Known(Some(seq)),
            Self::Acted(seq) => Fate::Known(seq),
        }
    }
}

/// What is written down of an act beside its verb.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// Whom it is about.
    pub(super) about: Option<Actor>,
    /// The seq it is about.
    pub(super) target: Option<Seq>,
    /// The entry it became.
    pub(super) seq: Option<Seq>,
    /// How long or how far.
    pub(super) seconds: Option<u32>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Whatever the kind adds.
    pub(super) detail: Option<String>,
}

impl<'c> Commit<'c> {
    pub(super) fn new(tx: &'c mut SqliteConnection, recent: &'c mut Recent, draft: &'c Draft, now: UnixMillis) -> Self {
        let effects = Vec::new();
        Self {
            tx,
            recent,
            draft,
            now,
            effects,
        }
    }

    pub(super) fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    /// Decides what becomes of the draft. What is known is answered before any rule is applied.
    pub(super) async fn decide(&mut self, author: &Author, before: Option<Before>) -> Result<Fate, StoreError> {
        if let Some(before) = before {
            return Ok(before.fate());
        }
        let fate = self.judge(author).await?;
        if !matches!(self.draft.doing, Doing::Say(_))
            && let Fate::Committed(seq) | Fate::Known(seq) = fate
        {
            self.remember_answer(seq).await?;
        }
        Ok(fate)
    }

    /// A retry gets the first answer, whatever has been done since.
    async fn remember_answer(&mut self, seq: Option<Seq>) -> Result<(), StoreError> {
        let Some(id) = &self.draft.id else { return Ok(()) };
        sqlx::query("INSERT INTO acts (member_id, client_id, seq) VALUES (?, ?, ?)")
            .bind(self.draft.member.as_str())
            .bind(id)
            .bind(seq.map(to_sql))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn judge(&mut self, author: &Author) -> Result<Fate, StoreError> {
        match &self.draft.doing {
            Doing::Say(say) => {
                if let Some(fate) = self.held_before(say).await? {
                    return Ok(fate);
                }
                match author.check(self.draft) {
                    Ok(()) => self.say(author, say).await,
                    Err(refusal) => Ok(Fate::refused(refusal)),
                }
            }
            Doing::Report { target, reason } => match author.check(self.draft) {
                Ok(()) => self.report(author, *target, reason.clone()).await,
                Err(refusal) => Ok(Fate::refused(refusal)),
            },
            Doing::Vote { target, on } => match author.check(self.draft) {
                Ok(()) if author.can(Capability::Vote) => self.vote(*target, *on).await,
                Ok(()) => Ok(Fate::refused(Refusal::NotAllowed)),
                Err(refusal) => Ok(Fate::refused(refusal)),
            },
            Doing::Act { verb, reason, dice } => match author.check(self.draft) {
                Ok(()) if author.can(verb.needs()) => self.act(author, verb, reason.as_ref(), *dice).await,
                Ok(()) => Ok(Fate::refused(Refusal::NotAllowed)),
                Err(refusal) => Ok(Fate::refused(refusal)),
            },
        }
    }

    /// Says something to the staff.
    pub(super) fn tell_staff(&mut self, frame: ServerFrame) {
        self.effects.push(Effect::ToStaff(frame));
    }

    /// Says to everybody how many votes a question has.
    pub(super) fn tell_votes(&mut self, target: Seq, votes: u64) {
        self.effects.push(Effect::Votes { target, votes });
    }

    /// Says something to one member.
    pub(super) fn tell(&mut self, member: &MemberId, frame: ServerFrame) {
        self.effects.push(Effect::ToMember(member.clone(), frame));
    }

    /// Appends a message to the log.
    pub(super) async fn append_message(&mut self, message: Stated) -> Result<Seq, StoreError> {
        let event = self.draft.event;
        let seq = self.recent.next(event);
        let message = Stated { seq, ..message };
        let body = &message.body;
        self.recent.remember(event, &body.member, body.id.clone(), seq, body.at);
        sqlx::query(
            "INSERT INTO entries (event_id, seq, kind, at, member_id, client_id, nickname, role, text, question, reply_to, answers)
             VALUES (?, ?, 'message', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(event)
        .bind(to_sql(seq))
        .bind(to_sql(body.at))
        .bind(body.member.as_str())
        .bind(&body.id)
        .bind(&body.nickname)
        .bind(body.role.as_str())
        .bind(&body.text)
        .bind(body.question)
        .bind(body.reply_to.map(to_sql))
        .bind(body.answers.map(to_sql))
        .execute(&mut *self.tx)
        .await?;
        if body.question {
            self.open_question(seq).await?;
        }
        let what = What::Message(message);
        self.effects.push(Effect::Entry(Box::new(Entry { seq, what })));
        Ok(seq)
    }

    /// Appends a control entry to the log.
    pub(super) async fn append_control(
        &mut self,
        author: &Author,
        reason: Option<&String>,
        deed: Deed,
        carried: Option<Stated>,
    ) -> Result<Seq, StoreError> {
        let seq = self.recent.next(self.draft.event);
        let by = author.actor(self.draft);
        let row = Row::of(&deed);
        sqlx::query(
            "INSERT INTO entries (event_id, seq, kind, at, member_id, nickname, role, text, target, about, seconds, since, reason)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.draft.event)
        .bind(to_sql(seq))
        .bind(deed.name())
        .bind(to_sql(self.now))
        .bind(by.member.as_str())
        .bind(&by.nickname)
        .bind(author.role()?.as_str())
        .bind(row.given)
        .bind(row.target.map(to_sql))
        .bind(row.about.map(MemberId::as_str))
        .bind(row.seconds)
        .bind(row.since.map(to_sql))
        .bind(reason)
        .execute(&mut *self.tx)
        .await?;
        let entry = ControlEntry {
            at: self.now,
            deed,
            by,
            reason: reason.cloned(),
            message: carried,
        };
        let what = What::Control(Box::new(entry));
        self.effects.push(Effect::Entry(Box::new(Entry { seq, what })));
        Ok(seq)
    }

    /// Writes down what was done. What is in no log is told to the staff.
    pub(super) async fn note(&mut self, kind: &str, by: Option<Actor>, noted: Noted) -> Result<(), StoreError> {
        let about = noted.about.as_ref();
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO audit (at, event_id, kind, actor, actor_name, about, about_name, target, seq, seconds, reason, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(to_sql(self.now))
        .bind(self.draft.event)
        .bind(kind)
        .bind(by.as_ref().map(|by| by.member.as_str()))
        .bind(by.as_ref().and_then(|by| by.nickname.as_deref()))
        .bind(about.map(|about| about.member.as_str()))
        .bind(about.and_then(|about| about.nickname.as_deref()))
        .bind(noted.target.map(to_sql))
        .bind(noted.seq.map(to_sql))
        .bind(noted.seconds)
        .bind(&noted.reason)
        .bind(&noted.detail)
        .fetch_one(&mut *self.tx)
        .await?;
        // A report comes to the staff as its case.
        if noted.seq.is_none() && kind != "report" {
            let row = AuditRow {
                id: id as u64,
                at: self.now,
                kind: kind.to_owned(),
                by,
                about: noted.about,
                target: noted.target,
                seq: None,
                seconds: noted.seconds,
                reason: noted.reason,
                detail: noted.detail,
            };
            self.tell_staff(ServerFrame::Audit(Box::new(row)));
        }
        Ok(())
    }
}

/// A deed's columns.
#[derive(Default)]
struct Row<'d> {
    target: Option<Seq>,
    about: Option<&'d MemberId>,
    seconds: Option<u32>,
    since: Option<UnixMillis>,
    given: Option<&'d str>,
}

impl<'d> Row<'d> {
    fn of(deed: &'d Deed) -> Self {
        let none = Self::default();
        match deed {
            Deed::Hide { target }
            | Deed::Unhide { target, .. }
            | Deed::Answer { target }
            | Deed::Unanswer { target } => Self {
                target: Some(*target),
                ..none
            },
            Deed::Ban { member } | Deed::Unban { member } => Self {
                about: Some(member),
                ..none
            },
            Deed::Clear { member, seconds, since } => Self {
                about: Some(member),
                seconds: Some(*seconds),
                since: Some(*since),
                ..none
            },
            Deed::Unclear { target, member } => Self {
                target: Some(*target),
                about: Some(member),
                ..none
            },
            Deed::Slow { seconds } => Self {
                seconds: Some(*seconds),
                ..none
            },
            Deed::Pin { target } | Deed::Spotlight { target } => Self {
                target: *target,
                ..none
            },
            Deed::Pause | Deed::Resume => none,
            Deed::Rename { member, nickname } => Self {
                about: Some(member),
                given: Some(nickname),
                ..none
            },
        }
    }
}
