//! Tickets: a keyed hash of the code and what it makes of its holder. The code itself is never here.

use std::collections::{BTreeMap, HashSet};

use sqlx::{QueryBuilder, Sqlite};
use wire::{MemberId, Role, UnixMillis};

use super::{BATCH_ROWS, EventId, Result, Store, StoreError, from_sql, signals, to_sql};
use crate::auth::secret::CodeHash;

/// A ticket's id; never used again.
pub type TicketId = i64;

/// A ticket to store.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// The keyed hash of its folded code.
    pub hash: CodeHash,
    /// Signs of its folded code.
    pub length: usize,
    /// What it makes of its holder.
    pub role: Role,
    /// The shop's order.
    pub reference: Option<String>,
}

/// A ticket as the gate sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// What it makes of its holder.
    pub role: Role,
}

/// What became of a wish for another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleChange {
    /// The ticket makes that of its holder now.
    Changed {
        /// What it made before.
        from: Role,
    },
    /// It did already.
    Same,
    /// It is an artist's pass: those stay what they are.
    Artist,
}

impl Store {
    /// Stores up to [`BATCH_ROWS`] tickets in one transaction and says how many were new; codes that are known stay as
    /// they are.
    pub async fn add_tickets(&self, event: EventId, tickets: &[NewTicket], now: UnixMillis) -> Result<u64> {
        debug_assert!(tickets.len() <= BATCH_ROWS);
        if tickets.is_empty() {
            return Ok(0);
        }
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO tickets (event_id, code_hash, code_length, role, ref, issued_at) ",
        );
        insert.push_values(tickets, |mut row, ticket| {
            row.push_bind(event)
                .push_bind(ticket.hash.as_slice())
                .push_bind(i64::try_from(ticket.length).unwrap_or(i64::MAX))
                .push_bind(ticket.role.as_str())
                .push_bind(ticket.reference.as_deref())
                .push_bind(to_sql(now));
        });
        insert.push(" ON CONFLICT DO NOTHING");
        let mut tx = self.begin().await?;
        let added = insert.build().execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(added.rows_affected())
    }

    /// The ticket that a code opens an event with. One lookup by a keyed hash, whatever the code: how long it takes
    /// tells nothing about codes, since nobody without the key can choose hashes that come close to one another.
    pub async fn ticket_by_code(&self, event: EventId, hash: &CodeHash) -> Result<Option<Ticket>> {
        let row: Option<(i64, String, bool)> =
            sqlx::query_as("SELECT id, role, revoked_at IS NULL FROM tickets WHERE event_id = ? AND code_hash = ?")
                .bind(event)
                .bind(hash.as_slice())
                .fetch_optional(&self.read)
                .await?;
        match row {
            Some((id, role, true)) => Ok(Some(Ticket {
                id,
                role: role_of(&role)?,
            })),
            Some((_, _, false)) | None => Ok(None),
        }
    }

    /// The ticket with this code or behind this member, revoked or not.
    pub async fn find_ticket(&self, event: EventId, hash: &CodeHash, member: &MemberId) -> Result<Option<TicketId>> {
        let found = sqlx::query_scalar(
            "SELECT id FROM tickets WHERE event_id = ?1 AND code_hash = ?2
             UNION SELECT ticket_id FROM members WHERE event_id = ?1 AND id = ?3",
        )
        .bind(event)
        .bind(hash.as_slice())
        .bind(member.as_str())
        .fetch_optional(&self.read)
        .await?;
        Ok(found)
    }

    /// Takes a ticket's right away: it opens nothing any more, its lease is freed, its socket is told. Says whether it
    /// still had one.
    pub async fn revoke_ticket(&self, event: EventId, ticket: TicketId, now: UnixMillis) -> Result<bool> {
        let mut tx = self.begin().await?;
        let revoked = sqlx::query("UPDATE tickets SET revoked_at = ?, pending = 0 WHERE id = ? AND revoked_at IS NULL")
            .bind(to_sql(now))
            .bind(ticket)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if revoked > 0 {
            sqlx::query("UPDATE leases SET held = 0 WHERE ticket_id = ?")
                .bind(ticket)
                .execute(&mut *tx)
                .await?;
            sqlx::query("INSERT INTO audit (at, event_id, kind, ticket_id) VALUES (?, ?, 'ticket_revoked', ?)")
                .bind(to_sql(now))
                .bind(event)
                .bind(ticket)
                .execute(&mut *tx)
                .await?;
            signals::standing_changed(&mut tx, ticket, now).await?;
        }
        tx.commit().await?;
        Ok(revoked > 0)
    }

    /// Makes a fan of a moderator, or a moderator of a fan: ticket and member, and the open socket is told.
    pub async fn change_role(
        &self,
        event: EventId,
        ticket: TicketId,
        role: Role,
        now: UnixMillis,
    ) -> Result<RoleChange> {
        let mut tx = self.begin().await?;
        let from: String = sqlx::query_scalar("SELECT role FROM tickets WHERE id = ?")
            .bind(ticket)
            .fetch_one(&mut *tx)
            .await?;
        let from = role_of(&from)?;
        if from == Role::Artist {
            return Ok(RoleChange::Artist);
        }
        if from == role {
            return Ok(RoleChange::Same);
        }
        for change in [
            "UPDATE tickets SET role = ? WHERE id = ?",
            "UPDATE members SET role = ? WHERE ticket_id = ?",
        ] {
            sqlx::query(change)
                .bind(role.as_str())
                .bind(ticket)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "INSERT INTO audit (at, event_id, kind, ticket_id, about, about_name, detail)
             SELECT ?1, ?2, 'role_changed', t.id, m.id, m.nickname, ?4
               FROM tickets t LEFT JOIN members m ON m.ticket_id = t.id WHERE t.id = ?3",
        )
        .bind(to_sql(now))
        .bind(event)
        .bind(ticket)
        .bind(format!("{} to {}", from.as_str(), role.as_str()))
        .execute(&mut *tx)
        .await?;
        signals::standing_changed(&mut tx, ticket, now).await?;
        tx.commit().await?;
        Ok(RoleChange::Changed { from })
    }

    /// Which of up to [`BATCH_ROWS`] codes an event knows already.
    pub async fn known_codes(&self, event: EventId, hashes: &[CodeHash]) -> Result<HashSet<CodeHash>> {
        debug_assert!(hashes.len() <= BATCH_ROWS);
        let mut select = QueryBuilder::<Sqlite>::new("SELECT code_hash FROM tickets WHERE event_id = ");
        select.push_bind(event).push(" AND code_hash IN (");
        let mut list = select.separated(", ");
        for hash in hashes {
            list.push_bind(hash.as_slice());
        }
        select.push(")");
        let known: Vec<Vec<u8>> = select.build_query_scalar().fetch_all(&self.read).await?;
        known
            .into_iter()
            .map(|hash| CodeHash::try_from(hash).map_err(|_| StoreError::Unreadable("tickets.code_hash")))
            .collect()
    }

    /// How many codes an event has, by the number of their signs.
    pub async fn codes_by_length(&self, event: EventId) -> Result<BTreeMap<usize, u64>> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT code_length, COUNT(*) FROM tickets WHERE event_id = ? GROUP BY code_length")
                .bind(event)
                .fetch_all(&self.read)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(length, count)| (usize::try_from(length).unwrap_or(0), from_sql(count)))
            .collect())
    }
}

pub(super) fn role_of(name: &str) -> Result<Role> {
    Role::from_name(name).ok_or(StoreError::Unreadable("role"))
}
