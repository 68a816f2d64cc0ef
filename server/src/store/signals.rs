//! "Read this again": what open sockets must learn of, written in the transaction that did it, so that neither a lost
//! nudge nor another process's act goes unseen. A signal says where to look, never what is there.

use rusqlite::{Connection, params};
use sqlx::SqliteConnection;
use wire::{MemberId, UnixMillis};

use super::{EventId, Result, Store, TicketId, to_sql};

/// How long a signal is kept, in milliseconds. Nodes read several times a second; one that slept longer starts anew.
const KEEP_MILLIS: u64 = 60 * 60 * 1000;

/// Signals read at once; the rest comes with the next reading.
const PAGE: i64 = 1_000;

/// One signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its place: ids only grow.
    pub id: i64,
    /// The event it is about.
    pub event_id: EventId,
    /// The member whose standing changed; `None`: the event itself changed, was ended or deleted.
    pub member_id: Option<MemberId>,
}

impl Store {
    /// What was signalled after `id`, oldest first, at most a page of it.
    pub async fn signals_after(&self, id: i64) -> Result<Vec<Signal>> {
        let rows: Vec<(i64, i64, Option<String>)> =
            sqlx::query_as("SELECT id, event_id, member_id FROM signals WHERE id > ? ORDER BY id LIMIT ?")
                .bind(id)
                .bind(PAGE)
                .fetch_all(&self.read)
                .await?;
        let signal = |(id, event_id, member): (i64, i64, Option<String>)| Signal {
            id,
            event_id,
            member_id: member.map(MemberId),
        };
        Ok(rows.into_iter().map(signal).collect())
    }

    /// The newest signal's id, also when it was pruned; 0 before the first.
    pub async fn last_signal(&self) -> Result<i64> {
        let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'signals'")
            .fetch_optional(&self.read)
            .await?;
        Ok(last.unwrap_or(0))
    }

    /// Forgets old signals.
    pub async fn prune_signals(&self, now: UnixMillis) -> Result<()> {
        let before = to_sql(now.saturating_sub(KEEP_MILLIS));
        let mut tx = self.begin_relaxed().await?;
        sqlx::query("DELETE FROM signals WHERE at < ?")
            .bind(before)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

/// Says that an event changed.
pub(super) async fn event_changed(tx: &mut SqliteConnection, event: EventId, now: UnixMillis) -> Result<()> {
    sqlx::query("INSERT INTO signals (at, event_id) VALUES (?, ?)")
        .bind(to_sql(now))
        .bind(event)
        .execute(tx)
        .await?;
    Ok(())
}

/// A ticket without an account has no socket to tell.
const STANDING_CHANGED: &str =
    "INSERT INTO signals (at, event_id, member_id) SELECT ?, event_id, id FROM members WHERE ticket_id = ?";

/// Says that the standing of the member behind a ticket changed.
pub(super) async fn standing_changed(tx: &mut SqliteConnection, ticket: TicketId, now: UnixMillis) -> Result<()> {
    sqlx::query(STANDING_CHANGED)
        .bind(to_sql(now))
        .bind(ticket)
        .execute(tx)
        .await?;
    Ok(())
}

/// The same in the gate's transaction.
pub(super) fn tell_standing(tx: &Connection, ticket: TicketId, now: UnixMillis) -> rusqlite::Result<()> {
    tx.prepare_cached(STANDING_CHANGED)?
        .execute(params![to_sql(now), ticket])?;
    Ok(())
}
