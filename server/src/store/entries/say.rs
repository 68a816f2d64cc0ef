//! Saying something: the rules that need the author's standing at the moment of the commit.

use wire::frame::{Actor, Muted, Refused};
use wire::moderation::{WordAction, WordRule};
use wire::{Refusal, Seq, ServerFrame, UnixMillis};

use super::author::Author;
use super::commit::{Commit, Noted};
use super::logged::Stated;
use super::{Fate, Say, StoreError};
use crate::store::to_sql;

const MILLIS_PER_SECOND: u64 = 1_000;

impl Commit<'_> {
    pub(super) async fn say(&mut self, author: &Author, say: &Say) -> Result<Fate, StoreError> {
        if author.nickname.is_none() {
            return Ok(Fate::refused(Refusal::NicknameMissing));
        }
        let Some(id) = self.draft.id.clone() else {
            return Ok(Fate::refused(Refusal::Invalid));
        };
        if let Err(fate) = author.is_silenced(self.now) {
            return Ok(fate);
        }
        if let Some(fate) = self.slow_mode(author).await? {
            return Ok(fate);
        }
        if let Some(target) = say.reply_to
            && !self.is_message(target).await?
        {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        }
        if author.is_fan()
            && let Some(fate) = self.look_at_words(author, say).await?
        {
            return Ok(fate);
        }
        let body = author.message(self.draft, say, &id, self.now)?;
        let seq = self.append_message(Stated::new(body)).await?;
        if !author.spoken {
            self.fix_nickname().await?;
        }
        Ok(Fate::Committed(Some(seq)))
    }

    /// Slow mode, for fans alone.
    async fn slow_mode(&mut self, author: &Author) -> Result<Option<Fate>, StoreError> {
        if !author.is_fan() || author.slow_seconds == 0 {
            return Ok(None);
        }
        let Some(last) = self.last_said().await? else {
            return Ok(None);
        };
        let next = last + u64::from(author.slow_seconds) * MILLIS_PER_SECOND;
        let wait = next.checked_sub(self.now).filter(|wait| *wait > 0);
        Ok(wait.map(|wait| Fate::refused_for(Refusal::SlowMode, wait)))
    }

    /// When this member said something last, in the chat or to a moderator's desk.
    async fn last_said(&mut self) -> Result<Option<UnixMillis>, StoreError> {
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT max(at) FROM (
                SELECT at FROM entries WHERE event_id = ?1
                   AND seq = (SELECT max(seq) FROM said WHERE event_id = ?1 AND member_id = ?2)
                UNION ALL SELECT at FROM held WHERE member_id = ?2 AND state = 'waiting')",
        )
        .bind(self.draft.event)
        .bind(self.draft.member.as_str())
        .fetch_one(&mut *self.tx)
        .await?;
        let newest = self.recent.last_said(self.draft.event, &self.draft.member);
        Ok(newest.max(last.map(|at| at as UnixMillis)))
    }

    /// What the word list found, and whether a moderator wants to see everything this member writes.
    async fn look_at_words(&mut self, author: &Author, say: &Say) -> Result<Option<Fate>, StoreError> {
        match &say.found {
            Some(rule) if rule.action == WordAction::Mute => self.mute_for_words(author, rule).await.map(Some),
            Some(rule) if rule.action == WordAction::Refuse => Ok(Some(refused_by(rule, None))),
            Some(rule) => self.hold(author, say, Some(&rule.pattern)).await.map(Some),
            None if author.hold => self.hold(author, say, None).await.map(Some),
            None => Ok(None),
        }
    }

    async fn mute_for_words(&mut self, author: &Author, rule: &WordRule) -> Result<Fate, StoreError> {
        let seconds = rule.seconds.unwrap_or_default();
        let wait = u64::from(seconds) * MILLIS_PER_SECOND;
        self.set_mute(&self.draft.member, seconds).await?;
        let noted = Noted {
            about: Some(author.actor(self.draft)),
            seconds: Some(seconds),
            detail: Some(rule.pattern.clone()),
            ..Noted::default()
        };
        self.note("mute", None, noted).await?;
        let muted = ServerFrame::Muted(Muted { left_ms: wait });
        self.tell(&self.draft.member, muted);
        Ok(refused_by(rule, Some(wait)))
    }

    /// Mutes a member from now on; 0 ends it.
    pub(super) async fn set_mute(&mut self, member: &wire::MemberId, seconds: u32) -> Result<(), StoreError> {
        let until = match seconds {
            0 => 0,
            seconds => self.now + u64::from(seconds) * MILLIS_PER_SECOND,
        };
        sqlx::query("UPDATE members SET muted_until = ? WHERE id = ?")
            .bind(to_sql(until))
            .bind(member.as_str())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    pub(super) async fn is_message(&mut self, seq: Seq) -> Result<bool, StoreError> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(false) };
        let found = sqlx::query("SELECT 1 FROM entries WHERE event_id = ? AND seq = ? AND kind = 'message'")
            .bind(self.draft.event)
            .bind(seq)
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(found.is_some())
    }

    /// From the first message on the nickname stays.
    pub(super) async fn fix_nickname(&mut self) -> Result<(), StoreError> {
        sqlx::query("UPDATE members SET spoken = 1 WHERE id = ?")
            .bind(self.draft.member.as_str())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

fn refused_by(rule: &WordRule, wait: Option<u64>) -> Fate {
    Fate::Refused(Refused {
        id: None,
        code: Refusal::Words,
        retry_after_ms: wait,
        detail: rule.say.clone(),
    })
}

/// A member by its columns.
pub(super) fn actor(member: &wire::MemberId, nickname: Option<String>) -> Actor {
    Actor {
        member: member.clone(),
        nickname,
    }
}
