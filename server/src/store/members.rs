//! Members: the single-use account behind a ticket, and where it stands.

use sqlx::FromRow;
use wire::{MemberId, Role};

use super::{EventId, Result, Store, TicketId, tickets};

/// Where a member stands, as the room needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The event.
    pub event_id: EventId,
    /// The ticket behind the member.
    pub ticket_id: TicketId,
    /// What the member may be.
    pub role: Role,
    /// The nickname, once chosen.
    pub nickname: Option<String>,
    /// The lease's epoch; 0 before the first admission.
    pub epoch: i64,
    /// Whether a session holds the lease.
    pub held: bool,
    /// The ticket was revoked.
    pub revoked: bool,
    /// The member is out of the chat.
    pub banned: bool,
}

/// What is behind a ticket, as a session's own calls need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seating {
    /// The event.
    pub event_id: EventId,
    /// What the ticket makes of its holder.
    pub role: Role,
    /// The lease's epoch.
    pub epoch: i64,
    /// Whether a session holds the lease.
    pub held: bool,
    /// The ticket was revoked.
    pub revoked: bool,
    /// The member is out of the chat.
    pub banned: bool,
    /// The account, once it is made.
    pub member: Option<MemberId>,
    /// The nickname, once chosen.
    pub nickname: Option<String>,
}

#[derive(FromRow)]
struct StandingRow {
    event_id: i64,
    ticket_id: i64,
    role: String,
    member: Option<String>,
    nickname: Option<String>,
    epoch: i64,
    held: bool,
    revoked: bool,
    banned: bool,
}

const STANDING: &str =
    "SELECT t.event_id, t.id AS ticket_id, COALESCE(m.role, t.role) AS role, m.id AS member, m.nickname,
    COALESCE(l.epoch, 0) AS epoch, COALESCE(l.held, 0) AS held,
    t.revoked_at IS NOT NULL AS revoked, t.banned_at IS NOT NULL AS banned";

impl Store {
    /// Where a member stands; `None` when there is no such member (any more).
    pub async fn standing(&self, member: &MemberId) -> Result<Option<Standing>> {
        let row: Option<StandingRow> = sqlx::query_as(&format!(
            "{STANDING} FROM members m JOIN tickets t ON t.id = m.ticket_id LEFT JOIN leases l ON l.ticket_id = t.id WHERE m.id = ?"
        ))
        .bind(member.as_str())
        .fetch_optional(&self.read)
        .await?;
        row.map(StandingRow::standing).transpose()
    }

    /// What is behind a ticket; `None` when there is no such ticket (any more).
    pub async fn seating(&self, ticket: TicketId) -> Result<Option<Seating>> {
        let row: Option<StandingRow> = sqlx::query_as(&format!(
            "{STANDING} FROM tickets t LEFT JOIN members m ON m.ticket_id = t.id LEFT JOIN leases l ON l.ticket_id = t.id WHERE t.id = ?"
        ))
        .bind(ticket)
        .fetch_optional(&self.read)
        .await?;
        row.map(StandingRow::seating).transpose()
    }
}

impl StandingRow {
    fn standing(self) -> Result<Standing> {
        Ok(Standing {
            event_id: self.event_id,
            ticket_id: self.ticket_id,
            role: tickets::role_of(&self.role)?,
            nickname: self.nickname,
            epoch: self.epoch,
            held: self.held,
            revoked: self.revoked,
            banned: self.banned,
        })
    }

    fn seating(self) -> Result<Seating> {
        Ok(Seating {
            event_id: self.event_id,
            role: tickets::role_of(&self.role)?,
            epoch: self.epoch,
            held: self.held,
            revoked: self.revoked,
            banned: self.banned,
            member: self.member.map(MemberId),
            nickname: self.nickname,
        })
    }
}
