//! How many people have an open socket, as each node reports it.

use wire::UnixMillis;

use super::{BATCH_ROWS, BETWEEN_BATCHES, EventId, Result, Store, from_sql, to_sql};

/// A node's report counts this long, in milliseconds: three of its five-second beats.
const FRESH_MILLIS: u64 = 15_000;

impl Store {
    /// Reports one node's counts, those of all its rooms together: a commit makes the log's writer read again what it
    /// knew. An event that has been deleted meanwhile is passed over.
    pub async fn put_presence(&self, node: &str, counts: &[(EventId, u64)], now: UnixMillis) -> Result<()> {
        for (place, some) in counts.chunks(BATCH_ROWS).enumerate() {
            if place > 0 {
                tokio::time::sleep(BETWEEN_BATCHES).await;
            }
            let mut tx = self.begin_relaxed().await?;
            sqlx::query(
                "INSERT INTO presence (event_id, node, online, at)
                 SELECT v.id, ?, counted.value ->> 1, ?
                   FROM json_each(?) counted CROSS JOIN events v ON v.id = counted.value ->> 0 WHERE true
                 ON CONFLICT (event_id, node) DO UPDATE SET online = excluded.online, at = excluded.at",
            )
            .bind(node)
            .bind(to_sql(now))
            .bind(serde_json::to_string(some).unwrap_or_default())
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
        }
        Ok(())
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
