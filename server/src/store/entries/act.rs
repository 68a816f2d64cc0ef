//! What moderators do. Each act changes one thing, is one entry of the log where every fan may know of it, and one line
//! of the audit log. What is so already is answered with the entry that made it so.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use wire::frame::{Actor, Deed, Muted, Verb};
use wire::{MemberId, Refusal, Role, Seq, ServerFrame, UnixMillis};

use super::author::Author;
use super::commit::{Commit, Noted};
use super::logged::{Stated, unhide};
use super::say::actor;
use super::{Fate, StoreError};
use crate::store::{signals, tickets, to_sql};

const MILLIS_PER_SECOND: u64 = 1_000;

/// Whom an act is about.
struct Person {
    actor: Actor,
    ticket: i64,
    role: Role,
    banned: bool,
    hold: bool,
    muted_until: i64,
}

/// An act in the making: who acts, and why.
pub(super) struct By<'a> {
    pub(super) author: &'a Author,
    reason: Option<&'a String>,
}

impl Commit<'_> {
    pub(super) async fn act(
        &mut self,
        author: &Author,
        verb: &Verb,
        reason: Option<&String>,
        dice: u64,
    ) -> Result<Fate, StoreError> {
        let by = By { author, reason };
        match verb {
            Verb::Hide { target } => self.set_hidden(&by, *target, true).await,
            Verb::Unhide { target } => self.set_hidden(&by, *target, false).await,
            Verb::Pin { target } => self.pin(&by, *target).await,
            Verb::Queue { target, on } => self.queue(&by, *target, *on).await,
            Verb::Spotlight { target } => self.spotlight(&by, *target).await,
            Verb::Answer { target, text: None } => self.answer_on_air(&by, *target).await,
            Verb::Answer {
                target,
                text: Some(text),
            } => self.answer_in_words(&by, *target, text).await,
            Verb::Unanswer { target } => self.unanswer(&by, *target).await,
            Verb::Slow { seconds } => self.slow(&by, *seconds).await,
            Verb::Pause => self.set_paused(&by, true).await,
            Verb::Resume => self.set_paused(&by, false).await,
            Verb::Unclear { target } => self.unclear(&by, *target).await,
            Verb::Approve { held } => self.approve(author, *held, reason).await,
            Verb::Drop { held } => self.drop_held(author, *held, reason).await,
            Verb::Dismiss { target } => self.set_dismissed(author, *target, true, reason).await,
            Verb::Reopen { target } => self.set_dismissed(author, *target, false, reason).await,
            Verb::Ban { member }
            | Verb::Unban { member }
            | Verb::Mute { member, .. }
            | Verb::Clear { member, .. }
            | Verb::Rename { member }
            | Verb::Unrename { member }
            | Verb::Hold { member, .. }
            | Verb::Note { member, .. } => match person(self.tx, self.draft.event, member).await? {
                Some(person) => self.act_on(&by, verb, &person, dice).await,
                None => Ok(Fate::refused(Refusal::UnknownTarget)),
            },
            // The room tells it by itself: nothing of it is kept.
            Verb::Look { .. } => Ok(Fate::Known(None)),
        }
    }

    async fn act_on(&mut self, by: &By<'_>, verb: &Verb, person: &Person, dice: u64) -> Result<Fate, StoreError> {
        if let Verb::Note { text, .. } = verb {
            return self.write_note(by, person, text).await;
        }
        // Staff are managed with their passes; who was banned before becoming one can be let in again.
        if person.role != Role::Fan && !matches!(verb, Verb::Unban { .. }) {
            return Ok(Fate::refused(Refusal::NotAllowed));
        }
        match verb {
            Verb::Ban { .. } => self.set_banned(by, person, true).await,
            Verb::Unban { .. } => self.set_banned(by, person, false).await,
            Verb::Mute { seconds, .. } => self.mute(by, person, *seconds).await,
            Verb::Clear { seconds, .. } => self.clear(by, person, *seconds).await,
            Verb::Hold { on, .. } => self.set_hold(by, person, *on).await,
            Verb::Rename { .. } => self.rename(by.author, &person.actor, by.reason, dice).await,
            Verb::Unrename { .. } => self.unrename(by.author, &person.actor, by.reason).await,
            _ => Ok(Fate::refused(Refusal::Invalid)),
        }
    }

    async fn set_hidden(&mut self, by: &By<'_>, target: Seq, hidden: bool) -> Result<Fate, StoreError> {
        let Some(mut message) = self.message(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if message.hidden == hidden {
            let kind = if hidden { "hide" } else { "unhide" };
            return self.done_before(kind, Some(target), None).await;
        }
        message.hidden = hidden;
        sqlx::query("UPDATE entries SET hidden = ? WHERE event_id = ? AND seq = ?")
            .bind(hidden)
            .bind(self.draft.event)
            .bind(to_sql(target))
            .execute(&mut *self.tx)
            .await?;
        let deed = if hidden { Deed::Hide { target } } else { unhide(target) };
        let about = actor(&message.body.member, Some(message.body.nickname.clone()));
        let carried = (!hidden).then(|| message.clone());
        let noted = Noted {
            about: Some(about),
            target: Some(target),
            ..Noted::default()
        };
        let fate = self.enter(by, deed, carried, noted).await?;
        self.tell_case(message).await?;
        Ok(fate)
    }

    async fn set_banned(&mut self, by: &By<'_>, person: &Person, banned: bool) -> Result<Fate, StoreError> {
        let member = &person.actor.member;
        if person.banned == banned {
            let kind = if banned { "ban" } else { "unban" };
            return self.done_before(kind, None, Some(member)).await;
        }
        sqlx::query("UPDATE tickets SET banned_at = ? WHERE id = ?")
            .bind(banned.then_some(to_sql(self.now)))
            .bind(person.ticket)
            .execute(&mut *self.tx)
            .await?;
        signals::standing_changed(self.tx, person.ticket, self.now).await?;
        let member = member.clone();
        let deed = if banned {
            Deed::Ban { member: member.clone() }
        } else {
            Deed::Unban { member: member.clone() }
        };
        let fate = self.enter(by, deed, None, about(person)).await?;
        if banned {
            self.drop_all_of(&member).await?;
        }
        self.tell_cases_of(&member).await?;
        Ok(fate)
    }

    async fn mute(&mut self, by: &By<'_>, person: &Person, seconds: u32) -> Result<Fate, StoreError> {
        let is_muted = person.muted_until as UnixMillis > self.now;
        if seconds == 0 && !is_muted {
            return Ok(Fate::Known(None));
        }
        let member = &person.actor.member;
        self.set_mute(member, seconds).await?;
        let left_ms = u64::from(seconds) * MILLIS_PER_SECOND;
        self.tell(member, ServerFrame::Muted(Muted { left_ms }));
        let noted = Noted {
            seconds: Some(seconds),
            ..about(person)
        };
        self.write_down(by, "mute", noted).await
    }

    async fn clear(&mut self, by: &By<'_>, person: &Person, seconds: u32) -> Result<Fate, StoreError> {
        let since = self.now.saturating_sub(u64::from(seconds) * MILLIS_PER_SECOND);
        let member = person.actor.member.clone();
        let deed = Deed::Clear {
            member: member.clone(),
            seconds,
            since,
        };
        let noted = Noted {
            seconds: Some(seconds),
            ..about(person)
        };
        let fate = self.enter(by, deed, None, noted).await?;
        self.tell_cases_of(&member).await?;
        Ok(fate)
    }

    async fn unclear(&mut self, by: &By<'_>, target: Seq) -> Result<Fate, StoreError> {
        let found: Option<(String, bool, Option<String>)> = sqlx::query_as(
            "SELECT e.about, e.undone, m.nickname FROM entries e LEFT JOIN members m ON m.id = e.about
             WHERE e.event_id = ? AND e.seq = ? AND e.kind = 'clear'",
        )
        .bind(self.draft.event)
        .bind(to_sql(target))
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some((member, undone, nickname)) = found else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if undone {
            return self.done_before("unclear", Some(target), None).await;
        }
        sqlx::query("UPDATE entries SET undone = 1 WHERE event_id = ? AND seq = ?")
            .bind(self.draft.event)
            .bind(to_sql(target))
            .execute(&mut *self.tx)
            .await?;
        let member = MemberId(member);
        let deed = Deed::Unclear {
            target,
            member: member.clone(),
        };
        let noted = Noted {
            about: Some(actor(&member, nickname)),
            target: Some(target),
            ..Noted::default()
        };
        let fate = self.enter(by, deed, None, noted).await?;
        self.tell_cases_of(&member).await?;
        Ok(fate)
    }

    async fn slow(&mut self, by: &By<'_>, seconds: u32) -> Result<Fate, StoreError> {
        if by.author.slow_seconds == seconds {
            return self.done_before("slow", None, None).await;
        }
        sqlx::query("UPDATE events SET slow_seconds = ? WHERE id = ?")
            .bind(seconds)
            .bind(self.draft.event)
            .execute(&mut *self.tx)
            .await?;
        let noted = Noted {
            seconds: Some(seconds),
            ..Noted::default()
        };
        self.enter(by, Deed::Slow { seconds }, None, noted).await
    }

    async fn set_paused(&mut self, by: &By<'_>, paused: bool) -> Result<Fate, StoreError> {
        let deed = if paused { Deed::Pause } else { Deed::Resume };
        if by.author.paused == paused {
            return self.done_before(deed.name(), None, None).await;
        }
        sqlx::query("UPDATE events SET paused = ? WHERE id = ?")
            .bind(paused)
            .bind(self.draft.event)
            .execute(&mut *self.tx)
            .await?;
        self.enter(by, deed, None, Noted::default()).await
    }

    async fn pin(&mut self, by: &By<'_>, target: Option<Seq>) -> Result<Fate, StoreError> {
        let message = match target {
            Some(target) => match self.message(target).await? {
                Some(message) if message.is_visible() => Some(message),
                Some(_) => return Ok(Fate::refused(Refusal::Invalid)),
                None => return Ok(Fate::refused(Refusal::UnknownTarget)),
            },
            None => None,
        };
        let pinned: Option<i64> = sqlx::query_scalar("SELECT pinned FROM events WHERE id = ?")
            .bind(self.draft.event)
            .fetch_one(&mut *self.tx)
            .await?;
        if pinned == target.map(to_sql) {
            return self.done_before("pin", None, None).await;
        }
        sqlx::query("UPDATE events SET pinned = ? WHERE id = ?")
            .bind(target.map(to_sql))
            .bind(self.draft.event)
            .execute(&mut *self.tx)
            .await?;
        let noted = Noted {
            about: message.as_ref().map(author_of),
            target,
            ..Noted::default()
        };
        self.enter(by, Deed::Pin { target }, message, noted).await
    }

    async fn set_hold(&mut self, by: &By<'_>, person: &Person, on: bool) -> Result<Fate, StoreError> {
        if person.hold == on {
            return Ok(Fate::Known(None));
        }
        sqlx::query("UPDATE members SET hold = ? WHERE id = ?")
            .bind(on)
            .bind(person.actor.member.as_str())
            .execute(&mut *self.tx)
            .await?;
        let kind = if on { "hold" } else { "unhold" };
        self.write_down(by, kind, about(person)).await
    }

    async fn write_note(&mut self, by: &By<'_>, person: &Person, text: &str) -> Result<Fate, StoreError> {
        let noted = Noted {
            detail: Some(text.to_owned()),
            ..about(person)
        };
        self.write_down(by, "note", noted).await
    }

    /// Puts a deed into the log, and writes it down.
    pub(super) async fn enter(
        &mut self,
        by: &By<'_>,
        deed: Deed,
        carried: Option<Stated>,
        noted: Noted,
    ) -> Result<Fate, StoreError> {
        let kind = deed.name();
        let seq = self.append_control(by.author, by.reason, deed, carried).await?;
        let noted = Noted {
            seq: Some(seq),
            reason: by.reason.cloned(),
            ..noted
        };
        self.note(kind, Some(by.author.actor(self.draft)), noted).await?;
        Ok(Fate::Committed(Some(seq)))
    }

    /// Writes down what is in no log.
    pub(super) async fn write_down(&mut self, by: &By<'_>, kind: &str, noted: Noted) -> Result<Fate, StoreError> {
        let noted = Noted {
            reason: by.reason.cloned(),
            ..noted
        };
        self.note(kind, Some(by.author.actor(self.draft)), noted).await?;
        Ok(Fate::Committed(None))
    }

    /// It is so already: the entry that made it so, if one did.
    pub(super) async fn done_before(
        &mut self,
        kind: &str,
        target: Option<Seq>,
        about: Option<&MemberId>,
    ) -> Result<Fate, StoreError> {
        let mut select =
            QueryBuilder::<Sqlite>::new("SELECT max(seq) FROM audit INDEXED BY audit_deeds WHERE event_id = ");
        select
            .push_bind(self.draft.event)
            .push(" AND seq IS NOT NULL AND kind = ");
        select.push_bind(kind);
        if let Some(target) = target {
            select.push(" AND target = ").push_bind(to_sql(target));
        }
        if let Some(about) = about {
            select
                .push(" AND target IS NULL AND about = ")
                .push_bind(about.as_str());
        }
        let seq: Option<i64> = select.build_query_scalar().fetch_one(&mut *self.tx).await?;
        Ok(Fate::Known(seq.map(|seq| seq as Seq)))
    }
}

fn about(person: &Person) -> Noted {
    Noted {
        about: Some(person.actor.clone()),
        ..Noted::default()
    }
}

pub(super) fn author_of(message: &Stated) -> Actor {
    actor(&message.body.member, Some(message.body.nickname.clone()))
}

async fn person(tx: &mut SqliteConnection, event: i64, member: &MemberId) -> Result<Option<Person>, StoreError> {
    let row: Option<(Option<String>, i64, String, bool, bool, i64)> = sqlx::query_as(
        "SELECT m.nickname, t.id, m.role, t.banned_at IS NOT NULL, m.hold, m.muted_until
           FROM members m JOIN tickets t ON t.id = m.ticket_id WHERE m.id = ? AND m.event_id = ?",
    )
    .bind(member.as_str())
    .bind(event)
    .fetch_optional(tx)
    .await?;
    row.map(|(nickname, ticket, role, banned, hold, muted_until)| {
        Ok(Person {
            actor: actor(member, nickname),
            ticket,
            role: tickets::role_of(&role)?,
            banned,
            hold,
            muted_until,
        })
    })
    .transpose()
}
