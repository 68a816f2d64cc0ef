//! Messages that wait for a moderator.

use sqlx::FromRow;
use wire::MemberId;
use wire::moderation::{Held, HeldList, HeldState};

use super::{EventId, Result, Store, from_sql};

/// Messages that are listed; the oldest come first, and the next when those are done.
const LISTED: i64 = 200;

#[derive(FromRow)]
struct HeldRow {
    id: i64,
    at: i64,
    member_id: String,
    nickname: Option<String>,
    text: String,
    question: bool,
    reply_to: Option<i64>,
    rule: Option<String>,
}

impl Store {
    /// What waits in an event, oldest first.
    pub async fn waiting_messages(&self, event: EventId) -> Result<HeldList> {
        let mut tx = self.read.begin().await?;
        let rows: Vec<HeldRow> = sqlx::query_as(
            "SELECT h.id, h.at, h.member_id, m.nickname, h.text, h.question, h.reply_to, h.rule
               FROM held h JOIN members m ON m.id = h.member_id
              WHERE h.event_id = ? AND h.state = 'waiting' ORDER BY h.id LIMIT ?",
        )
        .bind(event)
        .bind(LISTED)
        .fetch_all(&mut *tx)
        .await?;
        let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM held WHERE event_id = ? AND state = 'waiting'")
            .bind(event)
            .fetch_one(&mut *tx)
            .await?;
        Ok(HeldList {
            held: rows.into_iter().map(HeldRow::held).collect(),
            waiting: from_sql(waiting),
        })
    }
}

impl HeldRow {
    fn held(self) -> Held {
        Held {
            held: from_sql(self.id),
            at: from_sql(self.at),
            member: MemberId(self.member_id),
            nickname: self.nickname.unwrap_or_default(),
            text: self.text,
            question: self.question,
            reply_to: self.reply_to.map(from_sql),
            rule: self.rule,
            state: HeldState::Waiting,
        }
    }
}
