//! Leases: which session may act as the member behind a ticket. The decision is [`crate::lease`]'s; here it is read,
//! committed and signalled in one transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{FromRow, SqliteConnection};
use wire::UnixMillis;

use super::{BATCH_ROWS, BETWEEN_BATCHES, EventId, Result, Store, TicketId, from_sql, signals, to_sql};
use crate::lease::{self, Ask, Decision, Known, TAKEOVER_WINDOW_MILLIS};

/// Leases heard of since they were last written. More wait for their next sign of life: it is only a hint to fans.
const LAST_SEEN_ROWS: usize = 50_000;

/// One session's claim to a lease, as its session remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The ticket.
    pub ticket: TicketId,
    /// The epoch at which it was given.
    pub epoch: i64,
}

/// A right code at the gate.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The event.
    pub event: EventId,
    /// The ticket behind the code.
    pub ticket: TicketId,
    /// The lease that this session has in this event, of this ticket or another.
    pub had: Option<Lease>,
    /// Move the lease here, whoever holds it.
    pub takeover: bool,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The session's own lease, as it was.
    Kept(Lease),
    /// A new lease.
    Taken(Lease),
    /// A new lease, taken from another session; open sockets are to be told.
    TakenOver(Lease),
    /// Another session holds it.
    InUse {
        /// When its holder was last heard of.
        last_seen: UnixMillis,
    },
    /// It changed hands too often.
    Wait {
        /// How long from now, in milliseconds.
        millis: u64,
    },
    /// The ticket was revoked meanwhile.
    Revoked,
}

#[derive(FromRow)]
struct LeaseRow {
    epoch: i64,
    held: bool,
    last_seen: i64,
    takeovers_refused: u32,
    takeover_wait_till: i64,
    recent_takeovers: i64,
}

impl From<LeaseRow> for Known {
    fn from(row: LeaseRow) -> Self {
        Self {
            epoch: row.epoch,
            held: row.held,
            last_seen: from_sql(row.last_seen),
            recent_takeovers: from_sql(row.recent_takeovers),
            refused: row.takeovers_refused,
            wait_till: from_sql(row.takeover_wait_till),
        }
    }
}

impl Store {
    /// Admits a session, or says who sits there. What changes nothing takes no write lock, so a crowd that comes back
    /// after a restart does not queue behind the disk.
    pub async fn admit(&self, claim: Claim, now: UnixMillis) -> Result<Admitted> {
        let known = self.lease(claim.ticket, now).await?;
        match decide(known, claim, now) {
            Decision::Keep { epoch } => {
                self.note_seen(
                    Lease {
                        ticket: claim.ticket,
                        epoch,
                    },
                    now,
                );
                Ok(Admitted::Kept(Lease {
                    ticket: claim.ticket,
                    epoch,
                }))
            }
            Decision::InUse { last_seen } => Ok(Admitted::InUse { last_seen }),
            Decision::Take { .. } | Decision::TakeOver { .. } | Decision::Refuse { .. } => {
                self.admit_in_turn(claim, now).await
            }
        }
    }

    async fn lease(&self, ticket: TicketId, now: UnixMillis) -> Result<Option<Known>> {
        let mut connection = self.read.acquire().await?;
        read_lease(&mut connection, ticket, now).await
    }

    /// Decides again under the write lock, and commits.
    async fn admit_in_turn(&self, claim: Claim, now: UnixMillis) -> Result<Admitted> {
        let mut tx = self.begin().await?;
        if is_revoked(&mut tx, claim.ticket).await? {
            return Ok(Admitted::Revoked);
        }
        let known = read_lease(&mut tx, claim.ticket, now).await?;
        let decision = decide(known, claim, now);
        let admitted = write_decision(&mut tx, claim, known, decision, now).await?;
        if matches!(admitted, Admitted::Taken(_) | Admitted::TakenOver(_)) {
            free_other(&mut tx, claim, now).await?;
        }
        tx.commit().await?;
        Ok(admitted)
    }

    /// Frees a lease, if this session still holds it.
    pub async fn leave(&self, lease: Lease, now: UnixMillis) -> Result<bool> {
        let mut tx = self.begin().await?;
        let left = free(&mut tx, lease, now).await?;
        tx.commit().await?;
        Ok(left)
    }

    /// Notes a sign of life of a lease's holder. It is written with the next batch.
    pub fn note_seen(&self, lease: Lease, now: UnixMillis) {
        self.last_seen.note(lease, now);
    }

    /// Writes the signs of life since the last call, in short transactions.
    pub async fn write_last_seen(&self) -> Result<()> {
        let noted: Vec<_> = self.last_seen.take().into_iter().collect();
        for batch in noted.chunks(BATCH_ROWS) {
            let mut tx = self.begin_relaxed().await?;
            for (ticket, (epoch, at)) in batch {
                sqlx::query("UPDATE leases SET last_seen = ? WHERE ticket_id = ? AND epoch = ?")
                    .bind(to_sql(*at))
                    .bind(ticket)
                    .bind(epoch)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
        Ok(())
    }
}

fn decide(known: Option<Known>, claim: Claim, now: UnixMillis) -> Decision {
    let epoch = claim.had.filter(|had| had.ticket == claim.ticket).map(|had| had.epoch);
    lease::decide(
        known,
        Ask {
            epoch,
            takeover: claim.takeover,
        },
        now,
    )
}

async fn read_lease(connection: &mut SqliteConnection, ticket: TicketId, now: UnixMillis) -> Result<Option<Known>> {
    let row: Option<LeaseRow> = sqlx::query_as(
        "SELECT epoch, held, last_seen, takeovers_refused, takeover_wait_till,
                (SELECT COUNT(*) FROM takeovers WHERE ticket_id = ?1 AND at > ?2) AS recent_takeovers
         FROM leases WHERE ticket_id = ?1",
    )
    .bind(ticket)
    .bind(to_sql(now.saturating_sub(TAKEOVER_WINDOW_MILLIS)))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Known::from))
}

async fn is_revoked(tx: &mut SqliteConnection, ticket: TicketId) -> Result<bool> {
    let standing: Option<bool> = sqlx::query_scalar("SELECT revoked_at IS NOT NULL FROM tickets WHERE id = ?")
        .bind(ticket)
        .fetch_optional(tx)
        .await?;
    Ok(standing.unwrap_or(true))
}

async fn write_decision(
    tx: &mut SqliteConnection,
    claim: Claim,
    known: Option<Known>,
    decision: Decision,
    now: UnixMillis,
) -> Result<Admitted> {
    let ticket = claim.ticket;
    match decision {
        Decision::Keep { epoch } => Ok(Admitted::Kept(Lease { ticket, epoch })),
        Decision::InUse { last_seen } => Ok(Admitted::InUse { last_seen }),
        Decision::Take { epoch } => {
            write_lease(tx, Lease { ticket, epoch }, now).await?;
            Ok(Admitted::Taken(Lease { ticket, epoch }))
        }
        Decision::TakeOver {
            epoch,
            refused,
            wait_till,
        } => {
            write_lease(tx, Lease { ticket, epoch }, now).await?;
            write_takeover(tx, ticket, now).await?;
            write_wait(tx, ticket, refused, wait_till).await?;
            audit(tx, claim, "takeover", now).await?;
            signals::standing_changed(tx, ticket, now).await?;
            Ok(Admitted::TakenOver(Lease { ticket, epoch }))
        }
        Decision::Refuse { refused, wait_till } => {
            // At the longest wait there is nothing left to double, and nothing to write.
            if known.is_some_and(|known| known.refused != refused) {
                write_wait(tx, ticket, refused, wait_till).await?;
                audit(tx, claim, "takeover_refused", now).await?;
            }
            let millis = wait_till.saturating_sub(now);
            Ok(Admitted::Wait { millis })
        }
    }
}

async fn write_lease(tx: &mut SqliteConnection, lease: Lease, now: UnixMillis) -> Result<()> {
    sqlx::query(
        "INSERT INTO leases (ticket_id, epoch, held, since, last_seen) VALUES (?1, ?2, 1, ?3, ?3)
         ON CONFLICT (ticket_id) DO UPDATE SET epoch = ?2, held = 1, since = ?3, last_seen = ?3",
    )
    .bind(lease.ticket)
    .bind(lease.epoch)
    .bind(to_sql(now))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_takeover(tx: &mut SqliteConnection, ticket: TicketId, now: UnixMillis) -> Result<()> {
    sqlx::query("DELETE FROM takeovers WHERE ticket_id = ? AND at <= ?")
        .bind(ticket)
        .bind(to_sql(now.saturating_sub(TAKEOVER_WINDOW_MILLIS)))
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO takeovers (ticket_id, at) VALUES (?, ?)")
        .bind(ticket)
        .bind(to_sql(now))
        .execute(tx)
        .await?;
    Ok(())
}

async fn write_wait(tx: &mut SqliteConnection, ticket: TicketId, refused: u32, wait_till: UnixMillis) -> Result<()> {
    sqlx::query("UPDATE leases SET takeovers_refused = ?, takeover_wait_till = ? WHERE ticket_id = ?")
        .bind(refused)
        .bind(to_sql(wait_till))
        .bind(ticket)
        .execute(tx)
        .await?;
    Ok(())
}

async fn audit(tx: &mut SqliteConnection, claim: Claim, kind: &str, now: UnixMillis) -> Result<()> {
    sqlx::query("INSERT INTO audit (at, event_id, kind, ticket_id) VALUES (?, ?, ?, ?)")
        .bind(to_sql(now))
        .bind(claim.event)
        .bind(kind)
        .bind(claim.ticket)
        .execute(tx)
        .await?;
    Ok(())
}

/// A session has one seat in an event: who comes in with another ticket leaves the first one.
async fn free_other(tx: &mut SqliteConnection, claim: Claim, now: UnixMillis) -> Result<()> {
    match claim.had {
        Some(had) if had.ticket != claim.ticket => free(tx, had, now).await.map(drop),
        _ => Ok(()),
    }
}

async fn free(tx: &mut SqliteConnection, lease: Lease, now: UnixMillis) -> Result<bool> {
    let freed = sqlx::query("UPDATE leases SET held = 0, last_seen = ? WHERE ticket_id = ? AND epoch = ? AND held = 1")
        .bind(to_sql(now))
        .bind(lease.ticket)
        .bind(lease.epoch)
        .execute(&mut *tx)
        .await?
        .rows_affected();
    if freed > 0 {
        signals::standing_changed(tx, lease.ticket, now).await?;
    }
    Ok(freed > 0)
}

/// Signs of life that wait to be written together.
#[derive(Clone, Debug, Default)]
pub(super) struct LastSeen(Arc<Mutex<HashMap<TicketId, (i64, UnixMillis)>>>);

impl LastSeen {
    fn note(&self, lease: Lease, now: UnixMillis) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < LAST_SEEN_ROWS || noted.contains_key(&lease.ticket) {
            noted.insert(lease.ticket, (lease.epoch, now));
        }
    }

    fn take(&self) -> HashMap<TicketId, (i64, UnixMillis)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
