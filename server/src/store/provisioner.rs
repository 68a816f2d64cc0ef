//! The provisioner's side of the store: who may make accounts now, and making a batch of them.

use std::fs::{File, TryLockError};

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use wire::{MemberId, Role, UnixMillis};

use super::{EventId, Result, Store, StoreError, TicketId, tickets, to_sql};

/// The condition on an event `e` under which its tickets are given accounts: it has a chat and is not over. Binds the
/// present time.
macro_rules! needs_accounts {
    () => {
        "e.chat = 1 AND e.deleted_at IS NULL AND e.ended_at IS NULL AND (e.ends_at IS NULL OR e.ends_at > ?)"
    };
}
pub(super) use needs_accounts;

/// The file beside the database whose lock says that somebody makes the accounts. The system frees it with its holder's
/// process, however that ends, so nobody waits for the turn of one that was killed.
const LOCK_ENDING: &str = "provisioner-lock";

/// A provisioner's turn; it ends when this is dropped. Should the lock ever fail to keep two apart, the epoch does.
#[derive(Debug)]
pub struct Tenure {
    epoch: i64,
    _lock: File,
}

/// What one batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// This many accounts were made; there may be more to make.
    Made(u64),
    /// Nothing is missing.
    Idle,
    /// Another provisioner has the turn.
    Fenced,
}

impl Store {
    /// Takes the turn; `None` while another provisioner has it.
    pub async fn take_turn(&self, holder: &str, now: UnixMillis) -> Result<Option<Tenure>> {
        let Some(lock) = self.lock_provisioner(File::try_lock)? else {
            return Ok(None);
        };
        let mut tx = self.begin_relaxed().await?;
        let epoch = sqlx::query_scalar(
            "UPDATE provisioner SET epoch = epoch + 1, holder = ?, since = ? WHERE id = 1 RETURNING epoch",
        )
        .bind(holder)
        .bind(to_sql(now))
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(Tenure { epoch, _lock: lock }))
    }

    /// Whether some provisioner has the turn.
    pub fn has_provisioner(&self) -> Result<bool> {
        Ok(self.lock_provisioner(File::try_lock_shared)?.is_none())
    }

    fn lock_provisioner(&self, lock: fn(&File) -> std::result::Result<(), TryLockError>) -> Result<Option<File>> {
        let path = self.file_beside(LOCK_ENDING);
        let failed = |cause| StoreError::Lock {
            path: path.clone(),
            cause,
        };
        let file = File::create(&path).map_err(failed)?;
        match lock(&file) {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }

    /// Makes the accounts of up to `limit` tickets of the event whose show is nearest, in one transaction that the
    /// holder of an older turn cannot commit. A ticket never gets a second account.
    pub async fn make_accounts(
        &self,
        tenure: &Tenure,
        limit: u32,
        new_id: impl Fn() -> MemberId + Send,
        now: UnixMillis,
    ) -> Result<Batch> {
        let Some(event) = self.nearest_with_work(now).await? else {
            return Ok(Batch::Idle);
        };
        let mut tx = self.begin_relaxed().await?;
        if !has_turn(&mut tx, tenure).await? {
            return Ok(Batch::Fenced);
        }
        let tickets: Vec<(TicketId, String)> =
            sqlx::query_as("SELECT id, role FROM tickets WHERE event_id = ? AND pending = 1 ORDER BY id LIMIT ?")
                .bind(event)
                .bind(limit)
                .fetch_all(&mut *tx)
                .await?;
        let made = insert_members(&mut tx, event, &tickets, new_id, now).await?;
        mark_made(&mut tx, &tickets).await?;
        tx.commit().await?;
        Ok(Batch::Made(made))
    }

    /// Shows that are on first, then the next one; none that is over, none without a chat.
    async fn nearest_with_work(&self, now: UnixMillis) -> Result<Option<EventId>> {
        let event = sqlx::query_scalar(concat!(
            "SELECT e.id FROM events e WHERE ",
            needs_accounts!(),
            " AND EXISTS (SELECT 1 FROM tickets t WHERE t.event_id = e.id AND t.pending = 1)
                 ORDER BY e.starts_at, e.id LIMIT 1"
        ))
        .bind(to_sql(now))
        .fetch_optional(&self.read)
        .await?;
        Ok(event)
    }
}

async fn has_turn(tx: &mut SqliteConnection, tenure: &Tenure) -> Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM provisioner WHERE id = 1 AND epoch = ?")
        .bind(tenure.epoch)
        .fetch_optional(tx)
        .await?;
    Ok(found.is_some())
}

async fn insert_members(
    tx: &mut SqliteConnection,
    event: EventId,
    tickets: &[(TicketId, String)],
    new_id: impl Fn() -> MemberId + Send,
    now: UnixMillis,
) -> Result<u64> {
    if tickets.is_empty() {
        return Ok(0);
    }
    let artist: String = sqlx::query_scalar("SELECT artist FROM events WHERE id = ?")
        .bind(event)
        .fetch_one(&mut *tx)
        .await?;
    let mut insert =
        QueryBuilder::<Sqlite>::new("INSERT INTO members (id, event_id, ticket_id, role, nickname, made_at) ");
    let mut rows = Vec::with_capacity(tickets.len());
    for (ticket, role) in tickets {
        rows.push((new_id(), ticket, tickets::role_of(role)?));
    }
    insert.push_values(rows, |mut row, (id, ticket, role)| {
        // Artist passes carry the artist's name; everybody else chooses.
        let nickname = (role == Role::Artist).then_some(artist.as_str());
        row.push_bind(id.0)
            .push_bind(event)
            .push_bind(*ticket)
            .push_bind(role.as_str())
            .push_bind(nickname)
            .push_bind(to_sql(now));
    });
    insert.push(" ON CONFLICT (ticket_id) DO NOTHING");
    Ok(insert.build().execute(tx).await?.rows_affected())
}

async fn mark_made(tx: &mut SqliteConnection, tickets: &[(TicketId, String)]) -> Result<()> {
    let (Some(first), Some(last)) = (tickets.first(), tickets.last()) else {
        return Ok(());
    };
    let event_range = "UPDATE tickets SET pending = 0 WHERE pending = 1 AND id BETWEEN ? AND ?
         AND id IN (SELECT ticket_id FROM members WHERE ticket_id BETWEEN ? AND ?)";
    sqlx::query(event_range)
        .bind(first.0)
        .bind(last.0)
        .bind(first.0)
        .bind(last.0)
        .execute(tx)
        .await?;
    Ok(())
}
