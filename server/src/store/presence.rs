//! How many people have an open socket, as each node reports it.

use wire::UnixMillis;

use super::{EventId, Result, Store, from_sql, to_sql};

/// A node's report counts this long, in milliseconds: three of its five-second beats.
const FRESH_MILLIS: u64 = 15_000;

impl Store {
    /// Reports one node's count.
    pub async fn put_presence(&self, event: EventId, node: &str, online: u64, now: UnixMillis) -> Result<()> {
        let mut tx = self.begin_relaxed().await?;
        sqlx::query(
            "INSERT INTO presence (event_id, node, online, at) VALUES (?, ?, ?, ?)
             ON CONFLICT (event_id, node) DO UPDATE SET online = excluded.online, at = excluded.at",
        )
        .bind(event)
        .bind(node)
        .bind(to_sql(online))
        .bind(to_sql(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Everybody online in an event, over all nodes.
    pub async fn online(&self, event: EventId, now: UnixMillis) -> Result<u64> {
        let online: i64 =
            sqlx::query_scalar("SELECT COALESCE(SUM(online), 0) FROM presence WHERE event_id = ? AND at > ?")
                .bind(event)
                .bind(to_sql(now.saturating_sub(FRESH_MILLIS)))
                .fetch_one(&self.read)
                .await?;
        Ok(from_sql(online))
    }

    /// Forgets nodes that are gone.
    pub async fn prune_presence(&self, now: UnixMillis) -> Result<()> {
        let before = to_sql(now.saturating_sub(FRESH_MILLIS));
        let mut tx = self.begin_relaxed().await?;
        sqlx::query("DELETE FROM presence WHERE at < ?")
            .bind(before)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}
