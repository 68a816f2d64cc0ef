//! The room's sums, told at most four times a second and saved every other second: what one tap costs does not depend on
//! how many people see it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wire::{Counts, RoomState, Seq, ServerFrame, UnixMillis};

use super::tally::Tally;
use crate::clock;
use crate::store::{EventId, Store, Taps};

/// Least time between two tellings.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Between two writes in milliseconds, at the same moments in all rooms: those that come together share a commit. With the write's own time it stays below the
/// 5 seconds that a crash may cost.
const SAVE_EVERY: u64 = 2_000;

/// Between two tries to save what the database did not take.
const SAVE_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Tries to save the last taps: a stopping server has seconds.
const LAST_TRIES: u32 = 5;

/// The sums of a room, and when they are due.
pub(super) struct Pulse {
    state: Mutex<State>,
    /// Wakes who saves.
    unsaved: Notify,
    /// The round that is being saved. One at a time: a round is not told to be on disk while an earlier one is on its way.
    saving: tokio::sync::Mutex<Option<Round>>,
    /// The rounds of saving that are on disk.
    saved: watch::Sender<u64>,
}

struct State {
    tally: Tally,
    told_at: Option<Instant>,
    /// The round of saving that takes what is tapped now.
    round: u64,
}

/// Taps that are saved together. Until that is known to have happened they are tried again just so, and nothing is added.
struct Round {
    number: u64,
    taps: Vec<Taps>,
}

/// What became of taps.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tapped {
    /// They count, and will be on disk after this round of saving.
    Counted {
        /// The round.
        round: u64,
        /// Nothing was to be told before.
        is_first: bool,
    },
    /// The event does not offer this reaction.
    Unknown,
}

impl Pulse {
    /// Sums that go on from `tally`, after so many rounds of saving.
    pub(super) fn new(tally: Tally, saved: u64) -> Self {
        let state = State {
            tally,
            told_at: None,
            round: saved + 1,
        };
        Self {
            state: Mutex::new(state),
            unsaved: Notify::new(),
            saving: tokio::sync::Mutex::default(),
            saved: watch::Sender::new(saved),
        }
    }

    /// Whether the event offers this reaction.
    pub(super) fn offers(&self, emoji: &str) -> bool {
        self.state().tally.offers(emoji)
    }

    /// Counts taps, at least one.
    pub(super) fn tap(&self, emoji: &str, count: u32, second: u64) -> Tapped {
        let mut state = self.state();
        let (had_news, had_unsaved) = (state.tally.has_news(), state.tally.has_unsaved());
        if !state.tally.tap(emoji, count, second) {
            return Tapped::Unknown;
        }
        if !had_unsaved {
            self.unsaved.notify_one();
        }
        Tapped::Counted {
            round: state.round,
            is_first: !had_news,
        }
    }

    /// A question has so many votes. Whether nothing was to be told before.
    pub(super) fn set_votes(&self, target: Seq, votes: u64) -> bool {
        let mut state = self.state();
        let is_first = !state.tally.has_news();
        state.tally.set_votes(target, votes);
        is_first
    }

    /// Offers other reactions. Whether they are others.
    pub(super) fn offer(&self, reactions: &[String]) -> bool {
        self.state().tally.offer(reactions)
    }

    /// When there will be something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        let state = self.state();
        let due = state.told_at.map_or_else(Instant::now, |told_at| told_at + TELL_EVERY);
        state.tally.has_news().then_some(due)
    }

    /// What is to be told now.
    pub(super) fn take_news(&self) -> Vec<ServerFrame> {
        let mut state = self.state();
        let now = Instant::now();
        if !state.tally.has_news() || state.told_at.is_some_and(|told_at| now < told_at + TELL_EVERY) {
            return Vec::new();
        }
        state.told_at = Some(now);
        state.tally.take_news()
    }

    pub(super) fn fill_in(&self, room: &mut RoomState) {
        self.state().tally.fill_in(room);
    }

    pub(super) fn has_votes(&self) -> bool {
        self.state().tally.has_votes()
    }

    pub(super) fn votes_of(&self, questions: &[Seq]) -> Counts<Seq> {
        self.state().tally.votes_of(questions)
    }

    /// Waits until a round of saving is on disk. False when nobody saves any more.
    pub(super) async fn saved(&self, round: u64) -> bool {
        let mut saved = self.saved.subscribe();
        saved.wait_for(|saved| *saved >= round).await.is_ok()
    }

    /// Saves taps until it is stopped, the last ones then; it never stops in the middle of a write.
    pub(super) async fn keep(&self, store: &Store, event: EventId, stop: &CancellationToken) {
        while stop.run_until_cancelled(self.unsaved.notified()).await.is_some() {
            let mut wait = until_the_beat(clock::steady());
            while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
                if self.save(store, event).await {
                    break;
                }
                wait = SAVE_AGAIN_AFTER;
            }
        }
        for _ in 0..LAST_TRIES {
            if self.save(store, event).await {
                return;
            }
            tokio::time::sleep(SAVE_AGAIN_AFTER).await;
        }
    }

    /// Saves what there is. Whether all of it is on disk.
    pub(super) async fn save(&self, store: &Store, event: EventId) -> bool {
        let mut saving = self.saving.lock().await;
        // What an earlier try left goes first, as it was.
        if saving.is_some() && !self.write(&mut saving, store, event).await {
            return false;
        }
        *saving = self.begin_round();
        self.write(&mut saving, store, event).await
    }

    async fn write(&self, saving: &mut Option<Round>, store: &Store, event: EventId) -> bool {
        let Some(round) = saving else { return true };
        if let Err(error) = store.add_taps(event, round.number, &round.taps).await {
            tracing::error!(%error, event, "reactions could not be saved");
            return false;
        }
        self.saved.send_replace(round.number);
        *saving = None;
        true
    }

    fn begin_round(&self) -> Option<Round> {
        let mut state = self.state();
        if !state.tally.has_unsaved() {
            return None;
        }
        let number = state.round;
        state.round += 1;
        let taps = state.tally.take_unsaved();
        Some(Round { number, taps })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it is until everybody saves.
fn until_the_beat(now: UnixMillis) -> Duration {
    Duration::from_millis(SAVE_EVERY - now % SAVE_EVERY)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::fixture::announced;

    const FIRE: &str = "🔥";

    fn pulse(saved: u64) -> Pulse {
        let tally = Tally::new(vec![FIRE.to_owned()], BTreeMap::new(), BTreeMap::new());
        Pulse::new(tally, saved)
    }

    fn tap(pulse: &Pulse, count: u32) -> u64 {
        match pulse.tap(FIRE, count, 7) {
            Tapped::Counted { round, .. } => round,
            Tapped::Unknown => panic!("it is offered"),
        }
    }

    #[test]
    fn everybody_saves_at_the_same_moments() {
        let waits = [0, 1, 1_999, 2_000, 7_500]
            .map(until_the_beat)
            .map(|wait| wait.as_millis());
        assert_eq!(waits, [2_000, 1_999, 1, 2_000, 500]);
    }

    #[tokio::test]
    async fn taps_whose_save_is_in_doubt_are_counted_once_and_those_after_them_too() {
        let (_folder, store, event) = announced().await;
        let fires = async || store.reaction_totals(event).await.expect("reads")[FIRE];
        let before = pulse(0);
        let first = tap(&before, 5);
        store.loses_answers(2);
        assert!(!before.save(&store, event).await);
        let second = tap(&before, 3);
        assert!(second > first);
        assert!(
            !before.save(&store, event).await,
            "the first round is known by now, the second in doubt"
        );
        assert!(before.saved(first).await);
        for _ in 0..2 {
            assert!(before.save(&store, event).await, "and then nothing is left");
            assert!(before.saved(second).await);
            assert_eq!(fires().await, 8);
        }

        // The room is opened again, as after a restart.
        let after = pulse(store.taps_saved(event).await.expect("reads"));
        tap(&after, 2);
        assert!(after.save(&store, event).await);
        assert_eq!(fires().await, 10);
    }
}
