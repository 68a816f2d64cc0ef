//! Leases: which session may act as the member behind a ticket. The decision is [`crate::lease`]'s; here it is read,
//! committed and signalled in one transaction, with those of everybody who comes at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};
use wire::{MemberId, Phase, Role, UnixMillis};

use super::members::{self, Behind};
use super::{BATCH_ROWS, BETWEEN_BATCHES, Beginning, EventId, Result, Seating, Store, TicketId};
use super::{events, from_sql, json, signals, to_sql};
use crate::auth::secret::CodeHash;
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

/// A code at the gate.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The event.
    pub event: EventId,
    /// The keyed hash of the code.
    pub code: CodeHash,
    /// The lease that this session has in this event, of this ticket or another.
    pub had: Option<Lease>,
    /// Move the lease here, whoever holds it.
    pub takeover: bool,
}

/// Somebody who sits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seated {
    /// The lease.
    pub lease: Lease,
    /// What is behind its ticket.
    pub seating: Seating,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The session's own lease, as it was.
    Kept(Seated),
    /// A new lease.
    Taken(Seated),
    /// The same, taken from another session; open sockets are to be told.
    TakenOver(Seated),
    /// Another session holds it.
    InUse {
        /// When its holder was last heard of.
        last_seen: UnixMillis,
        /// The member behind the ticket.
        member: Option<MemberId>,
    },
    /// It changed hands too often.
    Wait {
        /// How long from now, in milliseconds.
        millis: u64,
    },
    /// A right code, and closed doors.
    Closed(Phase),
    /// No ticket has this code, or it was revoked.
    Unknown,
}

/// What a first look at a claim says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing is to be written.
    Settled(Admitted),
    /// A lease would be given.
    Seats {
        /// The ticket.
        ticket: TicketId,
        /// What it makes of its holder.
        role: Role,
    },
}

impl Store {
    /// Looks what a claim comes to. Wrong codes, seats in use and those who keep theirs take no turn to write: a guesser does not
    /// stand in anybody's way, and a crowd that comes back after a restart does not queue behind the disk.
    pub async fn look(&self, claim: Claim, now: UnixMillis) -> Result<Look> {
        let look = self.reads.look(claim, now).await?;
        if let Look::Settled(Admitted::Kept(kept)) = &look {
            self.note_seen(kept.lease, now);
        }
        Ok(look)
    }

    /// Admits somebody, or says who sits there. The lease, and the session that begins with it, are on disk before the answer.
    pub async fn admit(&self, claim: Claim, session: Option<Arc<Beginning>>, now: UnixMillis) -> Result<Admitted> {
        self.gate.admit(claim, session, now).await
    }

    /// The tickets of those who were heard of since then in a chat that is not over, the latest first, so many at most.
    pub async fn held_since(&self, since: UnixMillis, now: UnixMillis, most: u64) -> Result<Vec<TicketId>> {
        let tickets = sqlx::query_scalar(
            "SELECT l.ticket_id FROM leases l JOIN tickets t ON t.id = l.ticket_id JOIN events v ON v.id = t.event_id
              WHERE l.held = 1 AND l.last_seen > ? AND t.revoked_at IS NULL AND t.banned_at IS NULL
                AND v.chat = 1 AND v.ended_at IS NULL AND v.deleted_at IS NULL AND coalesce(v.ends_at > ?, TRUE)
              ORDER BY l.last_seen DESC LIMIT ?",
        )
        .bind(to_sql(since))
        .bind(to_sql(now))
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&self.read)
        .await?;
        Ok(tickets)
    }

    /// Frees a lease, if this session still holds it.
    pub async fn leave(&self, lease: Lease, now: UnixMillis) -> Result<bool> {
        self.gate.leave(lease, now).await
    }

    /// Notes a sign of life of a lease's holder. It is written with the next batch.
    pub fn note_seen(&self, lease: Lease, now: UnixMillis) {
        self.last_seen.note(lease, now);
    }

    /// Writes the signs of life since the last call, in short transactions.
    pub async fn write_last_seen(&self) -> Result<()> {
        let noted: Vec<_> = self.last_seen.take().into_iter().collect();
        for batch in noted.chunks(BATCH_ROWS) {
            let seen: Vec<_> = batch.iter().map(|(ticket, (epoch, at))| (ticket, epoch, at)).collect();
            let mut tx = self.begin_relaxed().await?;
            sqlx::query(
                "UPDATE leases SET last_seen = seen.value ->> 2 FROM json_each(?) AS seen
                 WHERE leases.ticket_id = seen.value ->> 0 AND leases.epoch = seen.value ->> 1",
            )
            .bind(json(&seen))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
        Ok(())
    }
}

/// What is known when a code is shown.
struct Found {
    behind: Behind,
    known: Option<Known>,
    phase: Phase,
}

impl Found {
    fn lease(&self, epoch: i64) -> Lease {
        Lease {
            ticket: self.behind.ticket,
            epoch,
        }
    }

    fn seated(self, epoch: i64) -> Seated {
        Seated {
            lease: self.lease(epoch),
            seating: self.behind.seating,
        }
    }

    fn in_use(self, last_seen: UnixMillis) -> Admitted {
        Admitted::InUse {
            last_seen,
            member: self.behind.seating.member,
        }
    }

    fn decide(&self, claim: &Claim, now: UnixMillis) -> Decision {
        let had = claim.had.filter(|had| had.ticket == self.behind.ticket);
        let ask = Ask {
            epoch: had.map(|had| had.epoch),
            takeover: claim.takeover,
        };
        lease::decide(self.known, ask, now)
    }
}

/// What a claim comes to, as things are.
pub(super) fn look(connection: &Connection, claim: &Claim, now: UnixMillis) -> Result<Look> {
    let Some(found) = find(connection, claim, now)? else {
        return Ok(Look::Settled(Admitted::Unknown));
    };
    if found.phase != Phase::Open {
        return Ok(Look::Settled(Admitted::Closed(found.phase)));
    }
    Ok(match found.decide(claim, now) {
        Decision::Keep { epoch } => Look::Settled(Admitted::Kept(found.seated(epoch))),
        Decision::InUse { last_seen } => Look::Settled(found.in_use(last_seen)),
        Decision::Take { .. } | Decision::TakeOver { .. } | Decision::Refuse { .. } => Look::Seats {
            ticket: found.behind.ticket,
            role: found.behind.seating.role,
        },
    })
}

/// Decides over a claim by what the transaction reads, and writes what follows.
pub(super) fn admit(tx: &Connection, claim: &Claim, now: UnixMillis) -> Result<Admitted> {
    let Some(found) = find(tx, claim, now)? else {
        return Ok(Admitted::Unknown);
    };
    if found.phase != Phase::Open {
        return Ok(Admitted::Closed(found.phase));
    }
    let ticket = found.behind.ticket;
    match found.decide(claim, now) {
        Decision::Keep { epoch } => Ok(Admitted::Kept(found.seated(epoch))),
        Decision::InUse { last_seen } => Ok(found.in_use(last_seen)),
        Decision::Take { epoch } => Ok(Admitted::Taken(sit_down(tx, claim, found, epoch, now)?)),
        Decision::TakeOver {
            epoch,
            refused,
            wait_till,
        } => {
            let seated = sit_down(tx, claim, found, epoch, now)?;
            write_takeover(tx, ticket, now)?;
            write_wait(tx, ticket, refused, wait_till)?;
            audit(tx, claim.event, ticket, "takeover", now)?;
            signals::tell_standing(tx, ticket, now)?;
            Ok(Admitted::TakenOver(seated))
        }
        Decision::Refuse { refused, wait_till } => {
            // At the longest wait there is nothing left to double, and nothing to write.
            if found.known.is_some_and(|known| known.refused != refused) {
                write_wait(tx, ticket, refused, wait_till)?;
                audit(tx, claim.event, ticket, "takeover_refused", now)?;
            }
            let millis = wait_till.saturating_sub(now);
            Ok(Admitted::Wait { millis })
        }
    }
}

/// Reads what there is to know. A ticket that was revoked is none.
fn find(connection: &Connection, claim: &Claim, now: UnixMillis) -> Result<Option<Found>> {
    let Some(behind) = members::behind_code(connection, claim.event, &claim.code)? else {
        return Ok(None);
    };
    if behind.seating.revoked {
        return Ok(None);
    }
    let known = match &behind.waits {
        Some(waits) => Some(Known {
            epoch: behind.seating.epoch,
            held: behind.seating.held,
            last_seen: waits.last_seen,
            recent_takeovers: if claim.takeover {
                recent_takeovers(connection, behind.ticket, now)?
            } else {
                0
            },
            refused: waits.refused,
            wait_till: waits.wait_till,
        }),
        None => None,
    };
    let phase = events::phase(connection, claim.event, now)?;
    Ok(Some(Found { behind, known, phase }))
}

/// Only a takeover asks for it.
fn recent_takeovers(connection: &Connection, ticket: TicketId, now: UnixMillis) -> rusqlite::Result<u64> {
    let mut count = connection.prepare_cached("SELECT COUNT(*) FROM takeovers WHERE ticket_id = ? AND at > ?")?;
    let since = to_sql(now.saturating_sub(TAKEOVER_WINDOW_MILLIS));
    count.query_row(params![ticket, since], |row| row.get(0)).map(from_sql)
}

/// Gives the lease. A session has one seat in an event: who comes in with another ticket
/// leaves the first one.
fn sit_down(tx: &Connection, claim: &Claim, found: Found, epoch: i64, now: UnixMillis) -> Result<Seated> {
    let lease = found.lease(epoch);
    write_lease(tx, lease, now)?;
    if let Some(had) = claim.had.filter(|had| had.ticket != lease.ticket) {
        free(tx, had, now)?;
    }
    Ok(Seated {
        lease,
        seating: Seating {
            epoch,
            held: true,
            ..found.behind.seating
        },
    })
}

fn write_lease(tx: &Connection, lease: Lease, now: UnixMillis) -> rusqlite::Result<()> {
    let mut write = tx.prepare_cached(
        "INSERT INTO leases (ticket_id, epoch, held, since, last_seen) VALUES (?1, ?2, 1, ?3, ?3)
         ON CONFLICT (ticket_id) DO UPDATE SET epoch = ?2, held = 1, since = ?3, last_seen = ?3",
    )?;
    write.execute(params![lease.ticket, lease.epoch, to_sql(now)])?;
    Ok(())
}

fn write_takeover(tx: &Connection, ticket: TicketId, now: UnixMillis) -> rusqlite::Result<()> {
    let before = to_sql(now.saturating_sub(TAKEOVER_WINDOW_MILLIS));
    let mut forget = tx.prepare_cached("DELETE FROM takeovers WHERE ticket_id = ? AND at <= ?")?;
    forget.execute(params![ticket, before])?;
    let mut note = tx.prepare_cached("INSERT INTO takeovers (ticket_id, at) VALUES (?, ?)")?;
    note.execute(params![ticket, to_sql(now)])?;
    Ok(())
}

fn write_wait(tx: &Connection, ticket: TicketId, refused: u32, wait_till: UnixMillis) -> rusqlite::Result<()> {
    let mut write =
        tx.prepare_cached("UPDATE leases SET takeovers_refused = ?, takeover_wait_till = ? WHERE ticket_id = ?")?;
    write.execute(params![refused, to_sql(wait_till), ticket])?;
    Ok(())
}

fn audit(tx: &Connection, event: EventId, ticket: TicketId, kind: &str, now: UnixMillis) -> rusqlite::Result<()> {
    let mut note = tx.prepare_cached("INSERT INTO audit (at, event_id, kind, ticket_id) VALUES (?, ?, ?, ?)")?;
    note.execute(params![to_sql(now), event, kind, ticket])?;
    Ok(())
}

/// Frees a lease, if it is still the one.
pub(super) fn free(tx: &Connection, lease: Lease, now: UnixMillis) -> rusqlite::Result<bool> {
    let mut free =
        tx.prepare_cached("UPDATE leases SET held = 0, last_seen = ? WHERE ticket_id = ? AND epoch = ? AND held = 1")?;
    let freed = free.execute(params![to_sql(now), lease.ticket, lease.epoch])?;
    if freed > 0 {
        signals::tell_standing(tx, lease.ticket, now)?;
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
