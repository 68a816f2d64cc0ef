//! What everybody does at once and is told as a sum: reactions and votes. What it costs to tell is a function of ticks and
//! not of taps. Pure: the times come from outside.

use std::collections::{BTreeMap, BTreeSet};

use wire::frame::{Reactions, Votes};
use wire::{Counts, RoomState, Seq, ServerFrame};

use crate::store::Taps;

/// The sums of a room.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The reactions that the event offers, in order.
    offered: Vec<String>,
    totals: BTreeMap<String, u64>,
    /// Taps that were not told yet.
    untold: BTreeMap<String, u64>,
    /// Taps that are not on disk yet, by second and reaction.
    unsaved: BTreeMap<(u64, String), u64>,
    /// The votes of every question that has any.
    votes: BTreeMap<Seq, u64>,
    /// Questions whose votes were not told yet.
    changed: BTreeSet<Seq>,
}

impl Tally {
    pub(super) fn new(offered: Vec<String>, totals: BTreeMap<String, u64>, votes: BTreeMap<Seq, u64>) -> Self {
        Self {
            offered,
            totals,
            votes,
            ..Self::default()
        }
    }

    /// Whether the event offers this reaction.
    pub(super) fn offers(&self, emoji: &str) -> bool {
        self.offered.iter().any(|offered| offered == emoji)
    }

    /// Counts taps. Whether the reaction is one of the event's.
    pub(super) fn tap(&mut self, emoji: &str, count: u32, second: u64) -> bool {
        let Some(emoji) = self.offered.iter().find(|offered| *offered == emoji) else {
            return false;
        };
        let count = u64::from(count);
        for sum in [
            self.totals.entry(emoji.clone()).or_default(),
            self.untold.entry(emoji.clone()).or_default(),
            self.unsaved.entry((second, emoji.clone())).or_default(),
        ] {
            *sum += count;
        }
        true
    }

    /// Offers other reactions from now on. Whether they are others.
    pub(super) fn offer(&mut self, offered: &[String]) -> bool {
        let is_new = self.offered != offered;
        if is_new {
            self.offered = offered.to_vec();
        }
        is_new
    }

    /// A question has so many votes.
    pub(super) fn set_votes(&mut self, target: Seq, votes: u64) {
        self.votes.insert(target, votes);
        self.changed.insert(target);
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        !self.untold.is_empty() || !self.changed.is_empty()
    }

    /// What is to be told.
    pub(super) fn take_news(&mut self) -> Vec<ServerFrame> {
        let mut news = Vec::new();
        if !self.untold.is_empty() {
            let counts = std::mem::take(&mut self.untold);
            let totals = counts.keys().filter_map(|emoji| self.totals.get_key_value(emoji));
            let totals = totals.map(|(emoji, total)| (emoji.clone(), *total)).collect();
            let counts = counts.into_iter().collect();
            news.push(ServerFrame::Reactions(Reactions { counts, totals }));
        }
        if !self.changed.is_empty() {
            let changed = std::mem::take(&mut self.changed);
            let counts = changed.into_iter().map(|seq| (seq, self.votes[&seq])).collect();
            news.push(ServerFrame::Votes(Votes { counts }));
        }
        news
    }

    /// Whether there are taps that are not on disk.
    pub(super) fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// The taps that are not on disk yet.
    pub(super) fn take_unsaved(&mut self) -> Vec<Taps> {
        let unsaved = std::mem::take(&mut self.unsaved).into_iter();
        unsaved
            .map(|((second, emoji), count)| Taps { second, emoji, count })
            .collect()
    }

    /// What the room's state says of reactions.
    pub(super) fn fill_in(&self, room: &mut RoomState) {
        room.emoji.clone_from(&self.offered);
        let total = |emoji: &String| self.totals.get(emoji).copied().unwrap_or_default();
        room.reactions = self.offered.iter().map(|emoji| (emoji.clone(), total(emoji))).collect();
    }

    /// Whether anybody voted for anything.
    pub(super) fn has_votes(&self) -> bool {
        !self.votes.is_empty()
    }

    /// The votes of these questions, where they have any.
    pub(super) fn votes_of(&self, questions: &[Seq]) -> Counts<Seq> {
        let votes = |seq: &Seq| self.votes.get(seq).filter(|votes| **votes > 0);
        let counted = questions.iter().filter_map(|seq| Some((*seq, *votes(seq)?)));
        counted.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally() -> Tally {
        Tally::new(
            vec!["🔥".into(), "👏".into()],
            BTreeMap::from([("🔥".into(), 10)]),
            BTreeMap::new(),
        )
    }

    fn sums(pairs: &[(&str, u64)]) -> Counts<String> {
        pairs.iter().map(|(emoji, sum)| ((*emoji).to_owned(), *sum)).collect()
    }

    #[test]
    fn taps_are_told_once_and_as_a_sum() {
        let mut tally = tally();
        assert!(tally.tap("🔥", 2, 7) && tally.tap("🔥", 3, 8) && tally.tap("👏", 1, 8));
        let told = Reactions {
            counts: sums(&[("👏", 1), ("🔥", 5)]),
            totals: sums(&[("👏", 1), ("🔥", 15)]),
        };
        assert_eq!(tally.take_news(), [ServerFrame::Reactions(told)]);
        assert!(!tally.has_news() && tally.take_news().is_empty());
    }

    #[test]
    fn what_the_event_does_not_offer_is_not_counted() {
        let mut tally = tally();
        assert!(!tally.tap("🎉", 1, 7));
        assert!(tally.offer(&["🎉".into()]) && !tally.offer(&["🎉".into()]));
        assert!(tally.tap("🎉", 1, 7) && !tally.tap("🔥", 1, 7));
        let mut room = crate::room::live::tests::quiet_room();
        tally.fill_in(&mut room);
        assert_eq!((room.emoji, room.reactions), (vec!["🎉".into()], sums(&[("🎉", 1)])));
    }

    #[test]
    fn votes_are_told_as_they_stand_in_the_end() {
        let mut tally = tally();
        for (target, votes) in [(4, 1), (4, 2), (9, 1), (9, 0)] {
            tally.set_votes(target, votes);
        }
        let counts = Counts::from_iter([(4, 2), (9, 0)]);
        assert_eq!(tally.take_news(), [ServerFrame::Votes(Votes { counts })]);
        assert_eq!(tally.votes_of(&[3, 4, 9]), Counts::from_iter([(4, 2)]));
    }

    proptest! {
        #[test]
        fn every_tap_is_told_once_and_saved_once(steps in proptest::collection::vec((0_u8..3, 1_u32..6, 0_u64..4), 1..60)) {
            let mut tally = tally();
            let (mut tapped, mut told, mut saved) = (0, 0, 0);
            let mut take = |tally: &mut Tally| {
                saved += tally.take_unsaved().iter().map(|taps| taps.count).sum::<u64>();
            };
            for (kind, count, second) in steps {
                match kind {
                    0 => take(&mut tally),
                    1 => for news in tally.take_news() {
                        let ServerFrame::Reactions(reactions) = news else { continue };
                        told += reactions.counts.total();
                    },
                    _ => {
                        tally.tap("👏", count, second);
                        tapped += u64::from(count);
                    }
                }
            }
            take(&mut tally);
            for news in tally.take_news() {
                let ServerFrame::Reactions(reactions) = news else { continue };
                told += reactions.counts.total();
            }
            prop_assert_eq!((told, saved), (tapped, tapped));
        }
    }
}
