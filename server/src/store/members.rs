//! Members: the single-use account behind a ticket, and where it stands.

use std::sync::LazyLock;

use rusqlite::{Connection, Params, Row, params};
use wire::{MemberId, Role, UnixMillis};

use super::{EventId, Result, Store, TicketId, from_sql, tickets};
use crate::auth::secret::CodeHash;

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
    /// Muted up to this moment; 0 for never.
    pub muted_until: UnixMillis,
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

/// What is behind a ticket, and what the gate must know of its lease.
pub(super) struct Behind {
    pub(super) ticket: TicketId,
    pub(super) seating: Seating,
    /// `None` before the first admission.
    pub(super) waits: Option<Waits>,
}

/// What decides over a takeover.
pub(super) struct Waits {
    pub(super) last_seen: UnixMillis,
    pub(super) refused: u32,
    pub(super) wait_till: UnixMillis,
}

const BEHIND: &str = "SELECT t.event_id, t.id, COALESCE(m.role, t.role), m.id, m.nickname,
    t.revoked_at IS NOT NULL, t.banned_at IS NOT NULL,
    l.epoch, l.held, l.last_seen, l.takeovers_refused, l.takeover_wait_till
    FROM tickets t LEFT JOIN members m ON m.ticket_id = t.id LEFT JOIN leases l ON l.ticket_id = t.id";

const STANDING: &str = "SELECT t.event_id, t.id, m.role, m.nickname, m.muted_until,
    t.revoked_at IS NOT NULL, t.banned_at IS NOT NULL, COALESCE(l.epoch, 0), COALESCE(l.held, 0)
    FROM members m JOIN tickets t ON t.id = m.ticket_id LEFT JOIN leases l ON l.ticket_id = t.id WHERE m.id = ?";

/// The same for each caller, so that it is put together once.
static BEHIND_CODE: LazyLock<String> = LazyLock::new(|| format!("{BEHIND} WHERE t.event_id = ?1 AND t.code_hash = ?2"));
static BEHIND_TICKET: LazyLock<String> = LazyLock::new(|| format!("{BEHIND} WHERE t.id = ?"));

impl Store {
    /// Where a member stands; `None` when there is no such member (any more).
    pub async fn standing(&self, member: &MemberId) -> Result<Option<Standing>> {
        self.reads.standing(member).await
    }

    /// What is behind a ticket; `None` when there is no such ticket (any more).
    pub async fn seating(&self, ticket: TicketId) -> Result<Option<Seating>> {
        self.reads.seating(ticket).await
    }
}

/// What is behind a code. One lookup by a keyed hash, whatever the code: how long it takes tells nothing about codes, since
/// nobody without the key can choose hashes that come close to one another.
pub(super) fn behind_code(connection: &Connection, event: EventId, code: &CodeHash) -> Result<Option<Behind>> {
    behind(connection, &BEHIND_CODE, params![event, code.as_slice()])
}

/// What is behind a ticket.
pub(super) fn behind_ticket(connection: &Connection, ticket: TicketId) -> Result<Option<Behind>> {
    behind(connection, &BEHIND_TICKET, params![ticket])
}

fn behind(connection: &Connection, select: &str, which: impl Params) -> Result<Option<Behind>> {
    let mut select = connection.prepare_cached(select)?;
    let mut rows = select.query(which)?;
    rows.next()?.map(read_behind).transpose()
}

fn read_behind(row: &Row) -> Result<Behind> {
    let epoch: Option<i64> = row.get(7)?;
    let waits = match epoch {
        Some(_) => Some(Waits {
            last_seen: row.get(9).map(from_sql)?,
            refused: row.get(10)?,
            wait_till: row.get(11).map(from_sql)?,
        }),
        None => None,
    };
    let seating = Seating {
        event_id: row.get(0)?,
        role: role(row, 2)?,
        epoch: epoch.unwrap_or(0),
        held: row.get::<_, Option<bool>>(8)?.unwrap_or(false),
        revoked: row.get(5)?,
        banned: row.get(6)?,
        member: row.get::<_, Option<String>>(3)?.map(MemberId),
        nickname: row.get(4)?,
    };
    Ok(Behind {
        ticket: row.get(1)?,
        seating,
        waits,
    })
}

/// Where a member stands.
pub(super) fn standing(connection: &Connection, member: &MemberId) -> Result<Option<Standing>> {
    let mut select = connection.prepare_cached(STANDING)?;
    let mut rows = select.query([member.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Standing {
        event_id: row.get(0)?,
        ticket_id: row.get(1)?,
        role: role(row, 2)?,
        nickname: row.get(3)?,
        muted_until: row.get(4).map(from_sql)?,
        revoked: row.get(5)?,
        banned: row.get(6)?,
        epoch: row.get(7)?,
        held: row.get(8)?,
    }))
}

fn role(row: &Row, column: usize) -> Result<Role> {
    tickets::role_of(&row.get::<_, String>(column)?)
}
