//! What the room feels: the totals, and the sums by second.

use std::collections::BTreeMap;

use wire::UnixMillis;
use wire::stage::Mood;

use super::{EventId, Result, Store, from_sql, signals, to_sql};

const MILLIS_PER_SECOND: u64 = 1_000;

/// Seconds that are told one by one.
const MINUTE: u64 = 60;

/// Taps on one reaction in one second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taps {
    /// The second, since 1970 UTC.
    pub second: u64,
    /// The reaction.
    pub emoji: String,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Adds the taps of a round of saving, all of them or none. The rounds of an event follow one another; one that is on
    /// disk already is left as it is, so who does not know may ask again.
    pub async fn add_taps(&self, event: EventId, round: u64, taps: &[Taps]) -> Result<()> {
        let mut tx = self.begin().await?;
        let is_new = sqlx::query("UPDATE events SET taps_saved = ?1 WHERE id = ?2 AND taps_saved < ?1")
            .bind(to_sql(round))
            .bind(event)
            .execute(&mut *tx)
            .await?;
        if is_new.rows_affected() == 0 {
            return Ok(());
        }
        for Taps { second, emoji, count } in taps {
            sqlx::query(
                "INSERT INTO reactions (event_id, second, emoji, count) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )
            .bind(event)
            .bind(to_sql(*second))
            .bind(emoji)
            .bind(to_sql(*count))
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "INSERT INTO reaction_totals (event_id, emoji, total) VALUES (?, ?, ?)
                 ON CONFLICT DO UPDATE SET total = total + excluded.total",
            )
            .bind(event)
            .bind(emoji)
            .bind(to_sql(*count))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The last round of saving that is on disk.
    pub async fn taps_saved(&self, event: EventId) -> Result<u64> {
        let round: Option<i64> = sqlx::query_scalar("SELECT taps_saved FROM events WHERE id = ?")
            .bind(event)
            .fetch_optional(&self.read)
            .await?;
        Ok(round.map_or(0, from_sql))
    }

    /// Taps so far, by reaction.
    pub async fn reaction_totals(&self, event: EventId) -> Result<BTreeMap<String, u64>> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT emoji, total FROM reaction_totals WHERE event_id = ?")
            .bind(event)
            .fetch_all(&self.read)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(emoji, total)| (emoji, from_sql(total)))
            .collect())
    }

    /// Sets which reactions an event offers.
    pub async fn set_reactions(&self, event: EventId, reactions: &[String], now: UnixMillis) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE events SET reactions = ? WHERE id = ?")
            .bind(reactions.join(" "))
            .bind(event)
            .execute(&mut *tx)
            .await?;
        signals::event_changed(&mut tx, event, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How the room felt from `since` until `now`, in `steps` sums, and second by second in the last minute.
    pub async fn mood(&self, event: EventId, since: UnixMillis, now: UnixMillis, steps: u64) -> Result<Mood> {
        let (first, last) = (since / MILLIS_PER_SECOND, now / MILLIS_PER_SECOND);
        let step = ((last.saturating_sub(first) + 1).div_ceil(steps)).max(1);
        let sums = self.sums(event, first, last, step).await?;
        let minute = self.sums(event, (last + 1).saturating_sub(MINUTE), last, 1).await?;
        Ok(Mood {
            since: first * MILLIS_PER_SECOND,
            step_ms: step * MILLIS_PER_SECOND,
            sums,
            minute,
        })
    }

    async fn sums(&self, event: EventId, first: u64, last: u64, step: u64) -> Result<Vec<u64>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT (second - ?2) / ?4 AS step, sum(count) FROM reactions
              WHERE event_id = ?1 AND second BETWEEN ?2 AND ?3 GROUP BY step",
        )
        .bind(event)
        .bind(to_sql(first))
        .bind(to_sql(last))
        .bind(to_sql(step))
        .fetch_all(&self.read)
        .await?;
        let mut sums = vec![0; usize::try_from(last.saturating_sub(first) / step + 1).unwrap_or_default()];
        for (place, sum) in rows {
            if let Some(slot) = usize::try_from(place).ok().and_then(|place| sums.get_mut(place)) {
                *slot = from_sql(sum);
            }
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::announced;
    use super::*;

    fn taps(count: u64) -> Vec<Taps> {
        vec![Taps {
            second: 7,
            emoji: "🔥".into(),
            count,
        }]
    }

    #[tokio::test]
    async fn a_round_that_is_saved_again_counts_once() {
        let (_folder, store, event) = announced().await;
        store.add_taps(event, 1, &taps(5)).await.expect("saves");
        store.loses_answers(1);
        store.add_taps(event, 2, &taps(3)).await.expect_err("no answer");
        for _ in 0..2 {
            store.add_taps(event, 2, &taps(3)).await.expect("saves");
        }
        let totals = store.reaction_totals(event).await.expect("reads");
        assert_eq!(totals, BTreeMap::from([("🔥".to_owned(), 8)]));
        assert_eq!(store.sums(event, 7, 7, 1).await.expect("reads"), [8]);
        assert_eq!(store.taps_saved(event).await.expect("reads"), 2);
    }
}
