//! Reading the log: the tail a room begins with, pages of messages, one message. Everything is shown as it is now.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use wire::{MemberId, Seq};

use super::logged::{Entry, Stated, WITH_STATE, What, control, message};
use super::{Setting, Store, StoreError, Tail};
use crate::store::to_sql;

/// A page of history, oldest message first.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most the number asked for.
    pub messages: Vec<Stated>,
    /// Read on before this place; `None` at the beginning of the chat.
    pub next: Option<Seq>,
    /// The log's head when the page was read.
    pub as_of: Seq,
}

/// What became of a frame that came before under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownSend {
    /// It is this entry, or something that is in no log.
    Committed(Option<Seq>),
    /// It waits for a moderator.
    Held,
}

impl Store {
    /// The newest `limit` messages before `before` (or of all); of one member alone if `by` names it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(
        &self,
        event: i64,
        by: Option<&MemberId>,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Page, StoreError> {
        let mut transaction = self.read.begin().await?;
        let as_of = head(&mut transaction, event).await?;
        let of_author = match by {
            Some(_) => {
                "AND e.seq IN (SELECT seq FROM messages_of_members
                  WHERE event_id = ?1 AND member_id = ?4 AND seq < ?2 ORDER BY seq DESC LIMIT ?3)"
            }
            None => "",
        };
        let rows = sqlx::query(&format!(
            "SELECT {WITH_STATE} WHERE e.event_id = ?1 AND e.seq < ?2 AND e.kind = 'message' {of_author}
             ORDER BY e.seq DESC LIMIT ?3"
        ))
        .bind(event)
        .bind(before.map_or(i64::MAX, to_sql))
        .bind(i64::from(limit) + 1)
        .bind(by.map(MemberId::as_str))
        .fetch_all(&mut *transaction)
        .await?;
        let mut messages = rows.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        let more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        messages.reverse();
        let next = messages.first().filter(|_| more).map(|oldest| oldest.seq);
        Ok(Page { messages, next, as_of })
    }

    /// What became of what a member sent under this id, if it was committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_send(&self, event: i64, member: &MemberId, id: &str) -> Result<Option<KnownSend>, StoreError> {
        let (said, acted, deed, held): (Option<i64>, bool, Option<i64>, bool) = sqlx::query_as(
            "SELECT (SELECT seq FROM messages_of_members WHERE event_id = ?1 AND member_id = ?2 AND client_id = ?3),
                    EXISTS (SELECT 1 FROM acts WHERE member_id = ?2 AND client_id = ?3),
                    (SELECT seq FROM acts WHERE member_id = ?2 AND client_id = ?3),
                    EXISTS (SELECT 1 FROM held WHERE event_id = ?1 AND member_id = ?2 AND client_id = ?3 AND state = 'waiting')",
        )
        .bind(event)
        .bind(member.as_str())
        .bind(id)
        .fetch_one(&self.read)
        .await?;
        Ok(match (said, acted, held) {
            (Some(said), ..) => Some(KnownSend::Committed(Some(said as Seq))),
            (None, true, _) => Some(KnownSend::Committed(deed.map(|deed| deed as Seq))),
            (None, false, true) => Some(KnownSend::Held),
            (None, false, false) => None,
        })
    }
}

/// The head of a log.
pub(super) async fn head(connection: &mut SqliteConnection, event: i64) -> Result<Seq, StoreError> {
    let head: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM entries WHERE event_id = ?")
        .bind(event)
        .fetch_one(connection)
        .await?;
    Ok(head as Seq)
}

/// The message at a place.
pub(super) async fn message_at(
    connection: &mut SqliteConnection,
    event: i64,
    seq: Seq,
) -> Result<Option<Stated>, StoreError> {
    let row = sqlx::query(&format!(
        "SELECT {WITH_STATE} WHERE e.event_id = ? AND e.seq = ? AND e.kind = 'message'"
    ))
    .bind(event)
    .bind(to_sql(seq))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(message).transpose()
}

pub(super) async fn tail(
    connection: &mut SqliteConnection,
    event: i64,
    after: Seq,
    limit: usize,
) -> Result<Tail, StoreError> {
    let head = head(connection, event).await?;
    let rows = sqlx::query(&format!(
        "SELECT {WITH_STATE} WHERE e.event_id = ? AND e.seq > ? ORDER BY e.seq DESC LIMIT ?"
    ))
    .bind(event)
    .bind(to_sql(after))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows.iter().rev() {
        entries.push(entry(connection, event, row).await?);
    }
    let setting = setting(connection, event).await?;
    Ok(Tail { entries, head, setting })
}

async fn entry(connection: &mut SqliteConnection, event: i64, row: &SqliteRow) -> Result<Entry, StoreError> {
    let seq = row.try_get::<i64, _>("seq")? as Seq;
    let kind: &str = row.try_get("kind")?;
    if kind == "message" {
        let what = What::Message(message(row)?);
        return Ok(Entry { seq, what });
    }
    let carried = match (kind, row.try_get::<Option<i64>, _>("target")?) {
        ("unhide" | "pin" | "spotlight", Some(target)) => message_at(connection, event, target as Seq).await?,
        _ => None,
    };
    let what = What::Control(Box::new(control(row, carried)?));
    Ok(Entry { seq, what })
}

async fn setting(connection: &mut SqliteConnection, event: i64) -> Result<Setting, StoreError> {
    let row: Option<(u32, bool, Option<i64>, Option<i64>)> =
        sqlx::query_as("SELECT slow_seconds, paused, pinned, spotlight FROM events WHERE id = ?")
            .bind(event)
            .fetch_optional(&mut *connection)
            .await?;
    let Some((slow_seconds, paused, pinned, spotlight)) = row else {
        return Ok(Setting::default());
    };
    let mut above = [None, None];
    for (message, seq) in above.iter_mut().zip([pinned, spotlight]) {
        if let Some(seq) = seq {
            *message = message_at(connection, event, seq as Seq).await?;
        }
    }
    let [pinned, spotlight] = above;
    Ok(Setting {
        slow_seconds,
        paused,
        pinned,
        spotlight,
    })
}
