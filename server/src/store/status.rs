//! Where an event stands, in numbers.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use wire::{Role, UnixMillis};

use super::provisioner::needs_accounts;
use super::{EventId, Result, Store, from_sql, tickets, to_sql};

/// The numbers of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Tickets that open the event, by role.
    pub tickets: TicketCounts,
    /// Tickets whose right was taken away.
    pub revoked: u64,
    /// Accounts that exist.
    pub accounts: u64,
    /// Tickets whose account is still to be made: none where there is no chat to take part in.
    pub pending: u64,
    /// Leases that a session holds.
    pub seats_held: u64,
    /// Members who chose a nickname.
    pub named: u64,
    /// Members with an open socket.
    pub online: u64,
    /// Questions that were asked, and those of them that were answered.
    pub questions: (u64, u64),
    /// Taps so far, by reaction.
    pub reactions: BTreeMap<String, u64>,
    /// Whether a provisioner is at work.
    pub provisioner_running: bool,
}

/// Tickets by what they make of their holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketCounts {
    /// Tickets of fans.
    pub fan: u64,
    /// Passes of artists.
    pub artist: u64,
    /// Passes of moderators.
    pub moderator: u64,
}

const SEATS_HELD: &str =
    "SELECT COUNT(*) FROM tickets t JOIN leases l ON l.ticket_id = t.id WHERE t.event_id = ? AND l.held = 1";

const REVOKED: &str = "SELECT COUNT(*) FROM tickets WHERE event_id = ? AND revoked_at IS NOT NULL";
const PENDING: &str = concat!(
    "SELECT COUNT(*) FROM tickets t JOIN events e ON e.id = t.event_id WHERE t.pending = 1 AND ",
    needs_accounts!(),
    " AND e.id = ?"
);
const ACCOUNTS: &str = "SELECT COUNT(*) FROM members WHERE event_id = ?";
const ASKED: &str = "SELECT COUNT(*) FROM questions WHERE event_id = ?";
const ANSWERED: &str = "SELECT COUNT(*) FROM questions WHERE event_id = ? AND state = 'answered'";
const NAMED: &str = "SELECT COUNT(*) FROM members WHERE event_id = ? AND nickname IS NOT NULL";

impl Store {
    /// Counts an event, everything at one moment. Every count but the seats' reads an index alone: 100,000 tickets take
    /// milliseconds.
    pub async fn status(&self, event: EventId, now: UnixMillis) -> Result<Status> {
        let online = self.online(event, now).await?;
        let provisioner_running = self.has_provisioner()?;
        let reactions = self.reaction_totals(event).await?;
        let mut moment = self.read.begin().await?;
        let status = Status {
            tickets: ticket_counts(&mut moment, event).await?,
            revoked: count(&mut moment, REVOKED, event).await?,
            accounts: count(&mut moment, ACCOUNTS, event).await?,
            pending: pending(&mut moment, event, now).await?,
            seats_held: count(&mut moment, SEATS_HELD, event).await?,
            named: count(&mut moment, NAMED, event).await?,
            online,
            questions: (
                count(&mut moment, ASKED, event).await?,
                count(&mut moment, ANSWERED, event).await?,
            ),
            reactions,
            provisioner_running,
        };
        moment.commit().await?;
        Ok(status)
    }

    /// Tickets without an account, over all events that still need one; for the metrics.
    pub async fn pending_accounts(&self, now: UnixMillis) -> Result<u64> {
        let pending: i64 = sqlx::query_scalar(concat!(
            "SELECT COUNT(*) FROM tickets t JOIN events e ON e.id = t.event_id WHERE t.pending = 1 AND ",
            needs_accounts!()
        ))
        .bind(to_sql(now))
        .fetch_one(&self.read)
        .await?;
        Ok(from_sql(pending))
    }
}

async fn count(moment: &mut SqliteConnection, what: &'static str, event: EventId) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(what).bind(event).fetch_one(moment).await?;
    Ok(from_sql(count))
}

async fn pending(moment: &mut SqliteConnection, event: EventId, now: UnixMillis) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(PENDING)
        .bind(to_sql(now))
        .bind(event)
        .fetch_one(moment)
        .await?;
    Ok(from_sql(count))
}

async fn ticket_counts(moment: &mut SqliteConnection, event: EventId) -> Result<TicketCounts> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT role, COUNT(*) FROM tickets WHERE event_id = ? AND revoked_at IS NULL GROUP BY role")
            .bind(event)
            .fetch_all(moment)
            .await?;
    let mut counts = TicketCounts::default();
    for (role, count) in rows {
        match tickets::role_of(&role)? {
            Role::Fan => counts.fan = from_sql(count),
            Role::Artist => counts.artist = from_sql(count),
            Role::Moderator => counts.moderator = from_sql(count),
        }
    }
    Ok(counts)
}
