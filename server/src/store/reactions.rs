//! What the rooms feel: the totals, and the sums by second.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;
use wire::UnixMillis;
use wire::stage::Mood;

use super::{BATCH_ROWS, EventId, Result, Store, StoreError, from_sql, json, signals, to_sql};

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

/// The rounds of taps that wait for a commit, one an event, oldest first.
#[derive(Debug, Default)]
pub(super) struct Rounds(Mutex<VecDeque<Round>>);

/// What was tapped in an event since its last round.
#[derive(Debug)]
struct Round {
    event: EventId,
    number: u64,
    taps: Vec<Taps>,
    saved: oneshot::Sender<Result<()>>,
}

impl Rounds {
    fn hand_in(&self, event: EventId, number: u64, taps: &[Taps]) -> oneshot::Receiver<Result<()>> {
        let (saved, answer) = oneshot::channel();
        let mut waiting = self.waiting();
        // Of an event there is one that somebody still waits for.
        waiting.retain(|round| round.event != event);
        waiting.push_back(Round {
            event,
            number,
            taps: taps.to_vec(),
            saved,
        });
        answer
    }

    /// As many as one commit may have, at least one.
    fn take_some(&self) -> Vec<Round> {
        let mut waiting = self.waiting();
        // Who has gone asks again.
        waiting.retain(|round| !round.saved.is_closed());
        let mut rows = 0;
        let fits = |round: &&Round| {
            rows += round.taps.len();
            rows <= BATCH_ROWS
        };
        let count = waiting.iter().take_while(fits).count().max(1);
        let count = count.min(waiting.len());
        waiting.drain(..count).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Round>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Adds the taps of a round of saving, all of them or none. The rounds of an event follow one another; one that is on
    /// disk already is left as it is, so who does not know may ask again. What waits for its turn at the same time shares a
    /// commit: whoever has the turn saves for all.
    pub async fn add_taps(&self, event: EventId, round: u64, taps: &[Taps]) -> Result<()> {
        let mut saved = self.rounds.hand_in(event, round, taps);
        loop {
            let turn = tokio::select! {
                biased;
                saved = &mut saved => return saved.map_err(|_| sqlx::Error::WorkerCrashed)?,
                turn = self.turn.take() => turn?,
            };
            let rounds = self.rounds.take_some();
            if rounds.is_empty() {
                // Who has them is about to answer.
                drop(turn);
                return saved.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
            }
            let written = self.save_rounds(turn, &rounds).await.map_err(Arc::new);
            for round in rounds {
                // Unless it has gone.
                let _ = round.saved.send(written.clone().map_err(StoreError::Together));
            }
        }
    }

    async fn save_rounds(&self, turn: OwnedSemaphorePermit, rounds: &[Round]) -> Result<()> {
        let mut tx = self.turn.begin_in(turn, &self.write).await?;
        let numbers: Vec<_> = rounds.iter().map(|round| (round.event, round.number)).collect();
        let new: HashSet<EventId> = sqlx::query_scalar(
            "UPDATE events SET taps_saved = round.value ->> 1 FROM json_each(?) round
              WHERE events.id = round.value ->> 0 AND taps_saved < round.value ->> 1 RETURNING id",
        )
        .bind(json(&numbers))
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .collect();
        if new.is_empty() {
            return Ok(());
        }
        let taps: Vec<_> = rounds
            .iter()
            .filter(|round| new.contains(&round.event))
            .flat_map(|round| round.taps.iter().map(|taps| (round.event, taps)))
            .map(|(event, taps)| (event, taps.second, &taps.emoji, taps.count))
            .collect();
        let rows = taps.len();
        let taps = json(&taps);
        for add in [
            "INSERT INTO reactions (event_id, second, emoji, count)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
            "INSERT INTO reaction_totals (event_id, emoji, total)
             SELECT value ->> 0, value ->> 2, sum(value ->> 3) FROM json_each(?) WHERE true GROUP BY 1, 2
             ON CONFLICT DO UPDATE SET total = total + excluded.total",
        ] {
            sqlx::query(add).bind(&taps).execute(&mut *tx).await?;
        }
        tx.commit_rows(rows).await
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
    use tokio::sync::oneshot::error::TryRecvError;
    use tokio::task::{JoinSet, yield_now};

    use super::super::fixture::announced;
    use super::super::turn::COMMIT_WEIGHT;
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

    #[tokio::test]
    async fn rooms_that_save_at_the_same_time_share_a_commit_and_each_has_its_own_sums() {
        const ROOMS: u64 = 40;
        let (_folder, store, first) = announced().await;
        let mut events = vec![first];
        for number in 1..ROOMS {
            events.push(another(&store, first, number).await);
        }
        // One of them is saved again, one is gone.
        store.add_taps(first, 1, &taps(1)).await.expect("saves");
        let gone = first + 1_000;
        events.push(gone);
        let writing = store.turn.take().await.expect("the turn");
        let before = store.turn.written();
        let mut saving = JoinSet::new();
        for (count, event) in (1..).zip(events.clone()) {
            let store = store.clone();
            saving.spawn(async move { store.add_taps(event, 1, &taps(count)).await });
        }
        while store.rounds.waiting().len() < events.len() {
            yield_now().await;
        }
        drop(writing);
        while let Some(saved) = saving.join_next().await {
            saved.expect("runs").expect("saves");
        }
        assert_eq!(store.turn.written() - before, COMMIT_WEIGHT + ROOMS - 1, "one commit");
        for (count, event) in (1..=ROOMS).zip(events) {
            let totals = store.reaction_totals(event).await.expect("reads");
            assert_eq!(totals, BTreeMap::from([("🔥".to_owned(), count)]));
            assert_eq!(store.sums(event, 7, 7, 1).await.expect("reads"), [count]);
        }
        assert!(store.reaction_totals(gone).await.expect("reads").is_empty());
    }

    #[tokio::test]
    async fn a_commit_that_fails_fails_for_all_who_shared_it_and_they_may_ask_again() {
        let (_folder, store, first) = announced().await;
        let second = another(&store, first, 1).await;
        let writing = store.turn.take().await.expect("the turn");
        store.loses_answers(1);
        let fails = async |event| store.add_taps(event, 1, &taps(2)).await.expect_err("no answer");
        let release = async {
            while store.rounds.waiting().len() < 2 {
                yield_now().await;
            }
            drop(writing);
        };
        tokio::join!(fails(first), fails(second), release);
        for event in [first, second] {
            store.add_taps(event, 1, &taps(2)).await.expect("saves");
            let totals = store.reaction_totals(event).await.expect("reads");
            assert_eq!(totals, BTreeMap::from([("🔥".to_owned(), 2)]));
        }
    }

    #[test]
    fn a_commit_has_so_many_rows_and_one_round_at_least() {
        let rounds = Rounds::default();
        let rows = |count| vec![taps(1).remove(0); count];
        let mut answers = Vec::new();
        for (event, count) in [(1, BATCH_ROWS + 1), (2, BATCH_ROWS - 1), (3, 1), (4, 1)] {
            answers.push(rounds.hand_in(event, 1, &rows(count)));
        }
        answers.push(rounds.hand_in(3, 1, &rows(1)));
        let taken = || rounds.take_some().iter().map(|round| round.event).collect::<Vec<_>>();
        assert_eq!([taken(), taken(), taken()], [vec![1], vec![2, 4], vec![3]]);
        assert!(taken().is_empty());
        assert!(
            answers[2].try_recv().is_err_and(|error| error == TryRecvError::Closed),
            "it was asked again"
        );
        answers.push(rounds.hand_in(5, 1, &rows(1)));
        answers.pop();
        assert!(taken().is_empty(), "nobody waits for it");
    }

    /// An event like the first.
    async fn another(store: &Store, first: EventId, number: u64) -> EventId {
        let mut tx = store.begin().await.expect("begins");
        let event = sqlx::query_scalar(
            "INSERT INTO events (slug, title, artist, doors_at, starts_at, chat, created_at)
             SELECT slug || ?, title, artist, doors_at, starts_at, chat, created_at FROM events WHERE id = ? RETURNING id",
        )
        .bind(to_sql(number))
        .bind(first)
        .fetch_one(&mut *tx)
        .await
        .expect("announces");
        tx.commit().await.expect("commits");
        event
    }
}
