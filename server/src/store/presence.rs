//! How many people have an open socket, as each node reports it.

use wire::UnixMillis;

use super::{BATCH_ROWS, BETWEEN_BATCHES, EventId, Result, Store, from_sql, json, to_sql};

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
            .bind(json(&some))
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

#[cfg(test)]
mod tests {
    use super::super::fixture::announced;
    use super::*;

    const NOON: UnixMillis = 43_200_000;

    #[tokio::test]
    async fn the_nodes_are_summed_and_an_event_that_is_gone_is_passed_over() {
        let (_folder, store, event) = announced().await;
        let gone = event + 1;
        for (node, counts, at) in [
            ("one", [(gone, 5), (event, 2)], NOON),
            ("other", [(gone, 5), (event, 3)], NOON),
            ("one", [(gone, 5), (event, 4)], NOON + 1),
        ] {
            store.put_presence(node, &counts, at).await.expect("reports");
        }
        assert_eq!(store.online(event, NOON + 1).await.expect("reads"), 7);
        assert_eq!(store.online(gone, NOON + 1).await.expect("reads"), 0);
        let late = NOON + FRESH_MILLIS;
        assert_eq!(
            store.online(event, late).await.expect("reads"),
            4,
            "the other is silent"
        );
        store.prune_presence(late + 2).await.expect("prunes");
        assert_eq!(store.online(event, NOON + 1).await.expect("reads"), 0);
    }

    #[tokio::test]
    async fn more_rooms_than_go_into_one_commit_are_all_reported() {
        let (_folder, store, event) = announced().await;
        let mut counts: Vec<_> = (1..=BATCH_ROWS as i64).map(|room| (event + room, 1)).collect();
        counts.push((event, 8));
        store.put_presence("one", &counts, NOON).await.expect("reports");
        assert_eq!(store.online(event, NOON).await.expect("reads"), 8);
    }
}
