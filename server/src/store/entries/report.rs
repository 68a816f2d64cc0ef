//! Fans' reports of messages, and the cases that moderators see of them.

use wire::moderation::{ReasonCount, ReportCase};
use wire::{MemberId, Refusal, Seq, ServerFrame, UnixMillis};

use super::author::Author;
use super::commit::{Commit, Noted};
use super::logged::Stated;
use super::say::actor;
use super::{Fate, StoreError, history};
use crate::store::to_sql;

/// Reports that one member may make within [`REPORT_WINDOW_MILLIS`].
const REPORTS_OF_A_MEMBER: i64 = 10;

/// How far back a member's reports are counted.
const REPORT_WINDOW_MILLIS: u64 = 10 * 60 * 1_000;

/// When to try again after too many, in milliseconds.
const REPORT_WAIT_MILLIS: u64 = 60_000;

/// Reasons that a case shows.
const REASONS_SHOWN: i64 = 5;

/// Reasons that are looked through for those: a crowd that reports one message must not hold the log up.
const REASONS_COUNTED: i64 = 200;

/// Cases that the staff is told of anew when all messages of a member come or go.
const CASES_OF_A_MEMBER: i64 = 50;

impl Commit<'_> {
    /// One report of a member counts for a message; another one is answered like the first.
    pub(super) async fn report(
        &mut self,
        author: &Author,
        target: Seq,
        reason: Option<String>,
    ) -> Result<Fate, StoreError> {
        if author.is_moderator() {
            return Ok(Fate::refused(Refusal::NotAllowed));
        }
        let Some(message) = self.message(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if message.body.member == self.draft.member {
            return Ok(Fate::refused(Refusal::Invalid));
        }
        if !message.is_visible() || self.has_reported(target).await? {
            return Ok(Fate::Known(None));
        }
        if self.reports_lately().await? >= REPORTS_OF_A_MEMBER {
            return Ok(Fate::refused_for(Refusal::RateLimited, REPORT_WAIT_MILLIS));
        }
        self.write_report(target, reason.as_ref()).await?;
        let noted = Noted {
            about: Some(actor(&message.body.member, Some(message.body.nickname.clone()))),
            target: Some(target),
            reason,
            ..Noted::default()
        };
        self.note("report", Some(author.actor(self.draft)), noted).await?;
        self.tell_case(message).await?;
        Ok(Fate::Committed(None))
    }

    async fn write_report(&mut self, target: Seq, reason: Option<&String>) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO reports (event_id, target, member_id, at, reason) VALUES (?, ?, ?, ?, ?)")
            .bind(self.draft.event)
            .bind(to_sql(target))
            .bind(self.draft.member.as_str())
            .bind(to_sql(self.now))
            .bind(reason)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query(
            "INSERT INTO report_cases (event_id, target, count, first_at) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT DO UPDATE SET count = count + 1",
        )
        .bind(self.draft.event)
        .bind(to_sql(target))
        .bind(to_sql(self.now))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn has_reported(&mut self, target: Seq) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM reports WHERE event_id = ? AND target = ? AND member_id = ?")
            .bind(self.draft.event)
            .bind(to_sql(target))
            .bind(self.draft.member.as_str())
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(found.is_some())
    }

    async fn reports_lately(&mut self) -> Result<i64, StoreError> {
        let lately = sqlx::query_scalar("SELECT count(*) FROM reports WHERE member_id = ? AND at > ?")
            .bind(self.draft.member.as_str())
            .bind(to_sql(self.now.saturating_sub(REPORT_WINDOW_MILLIS)))
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(lately)
    }

    /// Takes a case out of the queue, or puts it back.
    pub(super) async fn set_dismissed(
        &mut self,
        by: &Author,
        target: Seq,
        dismissed: bool,
        reason: Option<&String>,
    ) -> Result<Fate, StoreError> {
        let changed = sqlx::query(
            "UPDATE report_cases SET dismissed = ?1 WHERE event_id = ?2 AND target = ?3 AND dismissed <> ?1",
        )
        .bind(dismissed)
        .bind(self.draft.event)
        .bind(to_sql(target))
        .execute(&mut *self.tx)
        .await?;
        let Some(message) = self.message(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if changed.rows_affected() == 0 {
            return Ok(Fate::Known(None));
        }
        let noted = Noted {
            about: Some(actor(&message.body.member, Some(message.body.nickname.clone()))),
            target: Some(target),
            reason: reason.cloned(),
            ..Noted::default()
        };
        let kind = if dismissed { "dismiss" } else { "reopen" };
        self.note(kind, Some(by.actor(self.draft)), noted).await?;
        self.tell_case(message).await?;
        Ok(Fate::Committed(None))
    }

    /// Tells the staff how the case of a message stands, if there is one.
    pub(super) async fn tell_case(&mut self, message: Stated) -> Result<(), StoreError> {
        let case: Option<(i64, i64, bool)> =
            sqlx::query_as("SELECT count, first_at, dismissed FROM report_cases WHERE event_id = ? AND target = ?")
                .bind(self.draft.event)
                .bind(to_sql(message.seq))
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some((count, first_at, dismissed)) = case else {
            return Ok(());
        };
        let reasons: Vec<(String, i64)> = sqlx::query_as(
            "SELECT reason, count(*) FROM (SELECT reason, at FROM reports
                 WHERE event_id = ? AND target = ? AND reason IS NOT NULL LIMIT ?)
             GROUP BY reason ORDER BY count(*) DESC, min(at) LIMIT ?",
        )
        .bind(self.draft.event)
        .bind(to_sql(message.seq))
        .bind(REASONS_COUNTED)
        .bind(REASONS_SHOWN)
        .fetch_all(&mut *self.tx)
        .await?;
        let reasons = reasons.into_iter().map(|(reason, count)| ReasonCount {
            reason,
            count: count as u64,
        });
        self.tell_staff(ServerFrame::Case(Box::new(ReportCase {
            open: !dismissed && message.is_visible(),
            message: message.for_staff(),
            count: count as u64,
            reasons: reasons.collect(),
            first_at: first_at as UnixMillis,
        })));
        Ok(())
    }

    /// Tells the staff how the newest cases of a member's messages stand.
    pub(super) async fn tell_cases_of(&mut self, member: &MemberId) -> Result<(), StoreError> {
        self.recent.index(self.tx, self.draft.event).await?;
        let targets: Vec<i64> = sqlx::query_scalar(
            "SELECT c.target FROM said s CROSS JOIN report_cases c ON c.event_id = s.event_id AND c.target = s.seq
              WHERE s.event_id = ? AND s.member_id = ? ORDER BY s.seq DESC LIMIT ?",
        )
        .bind(self.draft.event)
        .bind(member.as_str())
        .bind(CASES_OF_A_MEMBER)
        .fetch_all(&mut *self.tx)
        .await?;
        for target in targets {
            if let Some(message) = self.message(target as Seq).await? {
                self.tell_case(message).await?;
            }
        }
        Ok(())
    }

    /// The message at a place of the log, as it is now.
    pub(super) async fn message(&mut self, seq: Seq) -> Result<Option<Stated>, StoreError> {
        history::message_at(self.tx, self.draft.event, seq).await
    }
}
