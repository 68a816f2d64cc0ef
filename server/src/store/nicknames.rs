//! Nicknames: who is called what in an event. A name is taken when either of its keys is; that is decided in the
//! transaction that gives it.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use wire::{MemberId, UnixMillis};

use super::{EventId, Lease, Result, Store, to_sql};
use crate::clock;
use crate::nickname::Keys;

/// Names that one member may have had: freed names stay reserved, so that nobody can collect them.
const NAMES_OF_A_MEMBER: i64 = 10;

/// What became of a wish for a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The member has it now.
    Given,
    /// Another member has it, or one that looks like it.
    Taken,
    /// The member has spoken under another name, or changed it too often.
    Fixed,
    /// The member is out of the chat.
    Banned,
    /// The session lost its lease meanwhile.
    LeaseLost,
}

#[derive(FromRow)]
struct Namer {
    nickname: Option<String>,
    spoken: bool,
    has_lease: bool,
    banned: bool,
}

impl Store {
    /// Gives a member a nickname, if its keys are free for this member.
    pub async fn give_nickname(
        &self,
        (event, member): (EventId, &MemberId),
        lease: Lease,
        nickname: &str,
        keys: &Keys,
    ) -> Result<Naming> {
        let mut tx = self.begin().await?;
        let Some(namer) = namer(&mut tx, member, lease).await?.filter(|namer| namer.has_lease) else {
            return Ok(Naming::LeaseLost);
        };
        if namer.banned {
            return Ok(Naming::Banned);
        }
        if namer.nickname.as_deref() == Some(nickname) {
            return Ok(Naming::Given);
        }
        if namer.spoken || names_had(&mut tx, member).await? >= NAMES_OF_A_MEMBER {
            return Ok(Naming::Fixed);
        }
        if !taken(&mut tx, event, keys.all(), Some(member)).await?.is_empty() {
            return Ok(Naming::Taken);
        }
        write_keys(&mut tx, event, member, keys).await?;
        note_name(&mut tx, member, nickname, clock::now()).await?;
        sqlx::query("UPDATE members SET nickname = ? WHERE id = ?")
            .bind(nickname)
            .bind(member.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Naming::Given)
    }

    /// Which of these keys belong to others. Claims nothing.
    pub async fn taken_keys<'k>(
        &self,
        event: EventId,
        keys: impl IntoIterator<Item = &'k str>,
        member: Option<&MemberId>,
    ) -> Result<HashSet<String>> {
        let mut connection = self.read.acquire().await?;
        taken(&mut connection, event, keys, member).await
    }
}

async fn namer(tx: &mut SqliteConnection, member: &MemberId, lease: Lease) -> Result<Option<Namer>> {
    let namer = sqlx::query_as(
        "SELECT m.nickname, m.spoken, t.banned_at IS NOT NULL AS banned,
                (l.held = 1 AND l.epoch = ?3 AND t.revoked_at IS NULL) AS has_lease
         FROM members m JOIN tickets t ON t.id = m.ticket_id JOIN leases l ON l.ticket_id = t.id
         WHERE m.id = ?1 AND t.id = ?2",
    )
    .bind(member.as_str())
    .bind(lease.ticket)
    .bind(lease.epoch)
    .fetch_optional(tx)
    .await?;
    Ok(namer)
}

/// Counted by keys: a name has one or two.
async fn names_had(tx: &mut SqliteConnection, member: &MemberId) -> Result<i64> {
    let keys: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM nickname_keys WHERE member_id = ?")
        .bind(member.as_str())
        .fetch_one(tx)
        .await?;
    Ok(keys / 2)
}

pub(super) async fn taken<'k>(
    connection: &mut SqliteConnection,
    event: EventId,
    keys: impl IntoIterator<Item = &'k str>,
    member: Option<&MemberId>,
) -> Result<HashSet<String>> {
    let mut select = QueryBuilder::<Sqlite>::new("SELECT key FROM nickname_keys WHERE event_id = ");
    select.push_bind(event).push(" AND member_id <> ");
    select
        .push_bind(member.map_or("", MemberId::as_str))
        .push(" AND key IN (");
    let mut list = select.separated(", ");
    for key in keys {
        list.push_bind(key);
    }
    select.push(")");
    let taken: Vec<String> = select.build_query_scalar().fetch_all(connection).await?;
    Ok(taken.into_iter().collect())
}

pub(super) async fn write_keys(
    tx: &mut SqliteConnection,
    event: EventId,
    member: &MemberId,
    keys: &Keys,
) -> Result<()> {
    for key in keys.all() {
        sqlx::query("INSERT INTO nickname_keys (event_id, key, member_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(event)
            .bind(key)
            .bind(member.as_str())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Keeps that a member was called so: moderators see earlier names.
pub(super) async fn note_name(
    tx: &mut SqliteConnection,
    member: &MemberId,
    nickname: &str,
    now: UnixMillis,
) -> Result<()> {
    sqlx::query("INSERT INTO nicknames (member_id, at, nickname) VALUES (?, ?, ?)")
        .bind(member.as_str())
        .bind(to_sql(now))
        .bind(nickname)
        .execute(tx)
        .await?;
    Ok(())
}
