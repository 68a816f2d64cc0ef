//! Messages that wait for a moderator.

use sqlx::FromRow;
use wire::frame::{Ack, MessageBody, Refused};
use wire::moderation::{Held, HeldState};
use wire::{MemberId, Refusal, Role, Seq, ServerFrame, UnixMillis};

use super::author::Author;
use super::commit::{Commit, Noted};
use super::logged::Stated;
use super::say::actor;
use super::{Fate, Say, StoreError};
use crate::store::tickets::role_of;
use crate::store::to_sql;

/// Messages of one member that may wait at a time: more are refused, so that one member cannot fill the queue.
const WAITING_OF_A_MEMBER: i64 = 10;

/// When to try again with a queue that is full, in milliseconds.
const FULL_WAIT_MILLIS: u64 = 30_000;

/// A row of the queue, with where its author stands.
#[derive(Debug, FromRow)]
struct HeldRow {
    id: i64,
    member_id: String,
    client_id: String,
    at: i64,
    text: String,
    question: bool,
    reply_to: Option<i64>,
    rule: Option<String>,
    state: String,
    nickname: Option<String>,
    role: String,
    /// Banned, or without a ticket that counts.
    is_out: bool,
}

const HELD: &str = "SELECT h.id, h.member_id, h.client_id, h.at, h.text, h.question, h.reply_to, h.rule, h.state,
        m.nickname, m.role, t.banned_at IS NOT NULL OR t.revoked_at IS NOT NULL AS is_out
   FROM held h JOIN members m ON m.id = h.member_id JOIN tickets t ON t.id = m.ticket_id";

impl HeldRow {
    fn view(&self, state: HeldState) -> ServerFrame {
        ServerFrame::Review(Box::new(Held {
            held: self.id as u64,
            at: self.at as UnixMillis,
            member: MemberId(self.member_id.clone()),
            nickname: self.nickname.clone().unwrap_or_default(),
            text: self.text.clone(),
            question: self.question,
            reply_to: self.reply_to.map(|seq| seq as Seq),
            rule: self.rule.clone(),
            state,
        }))
    }

    fn noted(&self, reason: Option<&String>) -> Noted {
        Noted {
            about: Some(actor(&MemberId(self.member_id.clone()), self.nickname.clone())),
            reason: reason.cloned(),
            detail: Some(self.text.clone()),
            ..Noted::default()
        }
    }
}

impl Commit<'_> {
    /// The fate of a message that was held under the same id. One that was dropped may come again with other words.
    pub(super) async fn held_before(&mut self, say: &Say) -> Result<Option<Fate>, StoreError> {
        let Some(id) = &self.draft.id else { return Ok(None) };
        let found: Option<(String, String)> =
            sqlx::query_as("SELECT state, text FROM held WHERE event_id = ? AND member_id = ? AND client_id = ?")
                .bind(self.draft.event)
                .bind(self.draft.member.as_str())
                .bind(id)
                .fetch_optional(&mut *self.tx)
                .await?;
        Ok(match found {
            Some((state, _)) if state == "waiting" => Some(Fate::Held),
            Some((_, text)) if text == say.text => Some(Fate::refused(Refusal::Dropped)),
            Some(_) | None => None,
        })
    }

    /// Puts a message into the queue.
    pub(super) async fn hold(&mut self, author: &Author, say: &Say, rule: Option<&String>) -> Result<Fate, StoreError> {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM held WHERE member_id = ? AND state = 'waiting'")
            .bind(self.draft.member.as_str())
            .fetch_one(&mut *self.tx)
            .await?;
        if waiting >= WAITING_OF_A_MEMBER {
            return Ok(Fate::refused_for(Refusal::RateLimited, FULL_WAIT_MILLIS));
        }
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO held (event_id, member_id, client_id, at, text, question, reply_to, rule)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET at = ?4, text = ?5, question = ?6, reply_to = ?7, rule = ?8, state = 'waiting'
             RETURNING id",
        )
        .bind(self.draft.event)
        .bind(self.draft.member.as_str())
        .bind(&self.draft.id)
        .bind(to_sql(self.now))
        .bind(&say.text)
        .bind(say.question)
        .bind(say.reply_to.map(to_sql))
        .bind(rule)
        .fetch_one(&mut *self.tx)
        .await?;
        self.tell_staff(ServerFrame::Review(Box::new(Held {
            held: id as u64,
            at: self.now,
            member: self.draft.member.clone(),
            nickname: author.nickname.clone().unwrap_or_default(),
            text: say.text.clone(),
            question: say.question,
            reply_to: say.reply_to,
            rule: rule.cloned(),
            state: HeldState::Waiting,
        })));
        Ok(Fate::Held)
    }

    /// Lets a held message into the chat: a normal message with the id its author gave it. One that was dropped by a
    /// slip can be let in too.
    pub(super) async fn approve(
        &mut self,
        by: &Author,
        held: u64,
        reason: Option<&String>,
    ) -> Result<Fate, StoreError> {
        let Some(row) = self.held_row(held).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if let Some(seq) = self.message_of(&row).await? {
            return Ok(Fate::Known(Some(seq)));
        }
        if row.is_out {
            return Ok(Fate::refused(Refusal::Invalid));
        }
        let member = MemberId(row.member_id.clone());
        let role: Role = role_of(&row.role)?;
        let body = MessageBody {
            id: row.client_id.clone(),
            at: self.now,
            member: member.clone(),
            nickname: row.nickname.clone().unwrap_or_default(),
            role,
            text: row.text.clone(),
            question: row.question,
            reply_to: row.reply_to.map(|seq| seq as Seq),
            answers: None,
            answered: None,
        };
        let seq = self.append_message(Stated::new(body)).await?;
        sqlx::query("UPDATE members SET spoken = 1 WHERE id = ?")
            .bind(member.as_str())
            .execute(&mut *self.tx)
            .await?;
        self.set_held(row.id, "approved").await?;
        let noted = Noted {
            target: Some(seq),
            ..row.noted(reason)
        };
        self.note("approve", Some(by.actor(self.draft)), noted).await?;
        self.tell_staff(row.view(HeldState::Approved));
        let ack = Ack {
            id: Some(row.client_id.clone()),
            seq: Some(seq),
        };
        self.tell(&member, ServerFrame::Ack(ack));
        Ok(Fate::Committed(Some(seq)))
    }

    /// Refuses a held message.
    pub(super) async fn drop_held(
        &mut self,
        by: &Author,
        held: u64,
        reason: Option<&String>,
    ) -> Result<Fate, StoreError> {
        let Some(row) = self.held_row(held).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        match row.state.as_str() {
            "waiting" => {
                self.note("drop", Some(by.actor(self.draft)), row.noted(reason)).await?;
                self.turn_away(&row).await?;
                Ok(Fate::Committed(None))
            }
            "dropped" => Ok(Fate::Known(None)),
            _ => Ok(Fate::refused(Refusal::UnknownTarget)),
        }
    }

    /// Drops everything of a member that waits.
    pub(super) async fn drop_all_of(&mut self, member: &MemberId) -> Result<(), StoreError> {
        let rows: Vec<HeldRow> = sqlx::query_as(&format!(
            "{HELD} WHERE h.member_id = ? AND h.state = 'waiting' ORDER BY h.id"
        ))
        .bind(member.as_str())
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            self.turn_away(&row).await?;
        }
        Ok(())
    }

    async fn turn_away(&mut self, row: &HeldRow) -> Result<(), StoreError> {
        self.set_held(row.id, "dropped").await?;
        self.tell_staff(row.view(HeldState::Dropped));
        let refused = Refused {
            id: Some(row.client_id.clone()),
            code: Refusal::Dropped,
            retry_after_ms: None,
            detail: None,
        };
        self.tell(&MemberId(row.member_id.clone()), ServerFrame::Refused(refused));
        Ok(())
    }

    async fn held_row(&mut self, held: u64) -> Result<Option<HeldRow>, StoreError> {
        let row = sqlx::query_as(&format!("{HELD} WHERE h.id = ? AND h.event_id = ?"))
            .bind(to_sql(held))
            .bind(self.draft.event)
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(row)
    }

    async fn set_held(&mut self, id: i64, state: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE held SET state = ? WHERE id = ?")
            .bind(state)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The message it became, or that its author said under the same id after it was dropped.
    async fn message_of(&mut self, row: &HeldRow) -> Result<Option<Seq>, StoreError> {
        let member = MemberId(row.member_id.clone());
        if let Some(seq) = self.recent.known(self.draft.event, &member, &row.client_id) {
            return Ok(Some(seq));
        }
        let seq: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM said WHERE event_id = ? AND member_id = ? AND client_id = ?")
                .bind(self.draft.event)
                .bind(&row.member_id)
                .bind(&row.client_id)
                .fetch_optional(&mut *self.tx)
                .await?;
        Ok(seq.map(|seq| seq as Seq))
    }
}
