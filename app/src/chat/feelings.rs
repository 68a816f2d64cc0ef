//! What the room feels, as a page has it: how often each reaction came, own taps on their way, how many of everybody's
//! taps float over the stream, and what of them a screen reader hears.

use wire::Counts;
use wire::frame::{React, Reactions};
use wire::limits;

/// Between two frames with own taps, in milliseconds.
const FRAME_MILLIS: u64 = 1_000;

/// Between two own taps that count, in milliseconds, once the first few are used up.
pub const TAP_MILLIS: u64 = FRAME_MILLIS / limits::REACTIONS_A_SECOND as u64;

/// Emoji that begin to float for one telling, a quarter of a second: more cannot be told apart.
const FLOATS: u64 = 5;

/// Own taps are told back within this many milliseconds; those that are not did not count.
const TOLD_BACK_WITHIN: u64 = 20_000;

/// What a screen reader hears is of so many milliseconds, and is heard no more often than every so many.
const TOLD_OF: u64 = 10_000;
const TOLD_EVERY: u64 = 30_000;

/// Reactions in the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feelings {
    /// The reactions of the event, in order.
    pub offered: Vec<String>,
    /// How often each came, as far as it was told.
    totals: Counts<String>,
    /// Own taps that were not told back yet: they float already.
    ahead: Counts<String>,
    last_tap: u64,
}

impl Feelings {
    /// The room as the server tells it.
    pub fn room(&mut self, offered: &[String], totals: &Counts<String>) {
        offered.clone_into(&mut self.offered);
        totals.clone_into(&mut self.totals);
    }

    /// Own taps that were on their way are gone, or in what is told next.
    pub fn forget_own(&mut self) {
        self.ahead = Counts::default();
    }

    /// Time went by. Whether own taps are given up that the server did not count.
    pub fn pass(&mut self, now: u64) -> bool {
        let gives_up = !self.ahead.is_empty() && now > self.last_tap + TOLD_BACK_WITHIN;
        if gives_up {
            self.forget_own();
        }
        gives_up
    }

    /// How often a reaction came, own taps on their way among them.
    pub fn total(&self, emoji: &str) -> u64 {
        self.totals.of(emoji) + self.ahead.of(emoji)
    }

    /// An own tap that counts.
    pub fn tapped(&mut self, emoji: &str, now: u64) {
        self.ahead.set(emoji.to_owned(), self.ahead.of(emoji) + 1);
        self.last_tap = now;
    }

    /// Everybody's taps. What of them floats: those of others, thinned out fairly.
    pub fn told(&mut self, reactions: Reactions) -> Vec<(String, u64)> {
        for (emoji, total) in reactions.totals {
            self.totals.set(emoji, total);
        }
        let mut others: Vec<(String, u64)> = reactions.counts.into_iter().collect();
        for (emoji, count) in &mut others {
            let ahead = self.ahead.of(emoji.as_str());
            let own = ahead.min(*count);
            if own > 0 {
                self.ahead.set(emoji.clone(), ahead - own);
                *count -= own;
            }
        }
        thinned(others)
    }
}

/// Of each as many as its share of the few that float; what was tapped least is not left out.
fn thinned(mut counts: Vec<(String, u64)>) -> Vec<(String, u64)> {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    if total > FLOATS {
        for (_, count) in &mut counts {
            *count = (*count * FLOATS).div_ceil(total);
        }
    }
    counts.retain(|(_, count)| *count > 0);
    counts
}

/// Own taps on their way: merged, and at most one frame a second.
#[derive(Debug, Default)]
pub struct Taps {
    waiting: Vec<(String, u32)>,
    next_frame: u64,
    /// The rate that the server counts by, kept as one moment: taps after it are too many.
    full_until: u64,
}

impl Taps {
    /// A tap. Whether it counts.
    pub fn tap(&mut self, emoji: &str, now: u64) -> bool {
        let start = self.full_until.max(now);
        if start > now + FRAME_MILLIS - TAP_MILLIS {
            return false;
        }
        self.full_until = start + TAP_MILLIS;
        match self.waiting.iter_mut().find(|(waiting, _)| waiting == emoji) {
            Some((_, count)) => *count += 1,
            None => self.waiting.push((emoji.to_owned(), 1)),
        }
        true
    }

    /// The frame that may go now.
    pub fn take_due(&mut self, now: u64) -> Option<React> {
        if now < self.next_frame {
            return None;
        }
        let (emoji, left) = self.waiting.first_mut()?;
        let count = (*left).min(limits::REACTIONS_A_FRAME);
        let emoji = emoji.clone();
        *left -= count;
        self.waiting.retain(|(_, left)| *left > 0);
        self.next_frame = now + FRAME_MILLIS;
        let id = None;
        Some(React { id, emoji, count })
    }

    /// Without a line, taps are gone: a feeling is of its moment.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}

/// What a screen reader hears of reactions, now and then.
#[derive(Debug, Default)]
pub struct Summary {
    counts: Counts<String>,
    tell_at: u64,
}

impl Summary {
    /// Everybody's taps.
    pub fn felt(&mut self, counts: &Counts<String>, now: u64) {
        if self.counts.is_empty() {
            // What came while it is silent is not told later: a feeling is of its moment.
            if now + TOLD_OF < self.tell_at {
                return;
            }
            self.tell_at = now + TOLD_OF;
        }
        for (emoji, count) in counts {
            self.counts.set(emoji.clone(), self.counts.of(emoji.as_str()) + count);
        }
    }

    /// What is told now, if anything is.
    pub fn told(&mut self, now: u64) -> Option<String> {
        if self.counts.is_empty() || now < self.tell_at {
            return None;
        }
        self.tell_at = now + TOLD_EVERY;
        let counts: Vec<String> = std::mem::take(&mut self.counts)
            .into_iter()
            .map(|(emoji, count)| format!("{count} {emoji}"))
            .collect();
        Some(format!("{} in the last ten seconds", counts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(pairs: &[(&str, u64)]) -> Counts<String> {
        pairs
            .iter()
            .map(|(emoji, count)| ((*emoji).to_owned(), *count))
            .collect()
    }

    fn told(counts: &[(&str, u64)], totals: &[(&str, u64)]) -> Reactions {
        let (counts, totals) = (sums(counts), sums(totals));
        Reactions { counts, totals }
    }

    #[test]
    fn own_taps_count_at_once_and_once() {
        let mut feelings = Feelings::default();
        feelings.room(&["🔥".into()], &sums(&[("🔥", 10)]));
        feelings.tapped("🔥", 0);
        feelings.tapped("🔥", 100);
        assert_eq!(feelings.total("🔥"), 12);
        let floats = feelings.told(told(&[("🔥", 3)], &[("🔥", 13)]));
        assert_eq!((feelings.total("🔥"), floats), (13, vec![("🔥".to_owned(), 1)]));
        assert_eq!(feelings.told(told(&[("🔥", 1)], &[("🔥", 14)])).len(), 1);
    }

    #[test]
    fn taps_that_the_server_did_not_count_are_given_up() {
        let mut feelings = Feelings::default();
        feelings.tapped("🔥", 1_000);
        assert!(!feelings.pass(1_000 + TOLD_BACK_WITHIN));
        assert!(feelings.pass(1_001 + TOLD_BACK_WITHIN));
        assert_eq!(feelings.total("🔥"), 0);
        feelings.tapped("🔥", 90_000);
        feelings.forget_own();
        assert_eq!(feelings.total("🔥"), 0);
    }

    #[test]
    fn a_storm_is_thinned_and_nobody_is_left_out() {
        let floats = thinned(vec![("🔥".into(), 9_000), ("👏".into(), 3_000), ("🎉".into(), 1)]);
        assert_eq!(floats, [("🔥".into(), 4), ("👏".into(), 2), ("🎉".into(), 1)]);
        assert_eq!(thinned(vec![("🔥".into(), 2), ("👏".into(), 0)]), [("🔥".into(), 2)]);
    }

    #[test]
    fn taps_are_merged_into_a_frame_a_second() {
        let mut taps = Taps::default();
        assert!((0..5).all(|_| taps.tap("🔥", 10_000)));
        assert!(!taps.tap("🔥", 10_000), "faster than counts");
        assert!(taps.tap("👏", 10_000 + TAP_MILLIS));
        let first = taps.take_due(10_200).expect("due");
        assert_eq!((first.emoji.as_str(), first.count), ("🔥", 5));
        assert_eq!(taps.take_due(11_199), None);
        let second = taps.take_due(11_200).expect("due");
        assert_eq!((second.emoji.as_str(), second.count), ("👏", 1));
        assert_eq!(taps.take_due(20_000), None);
    }

    #[test]
    fn no_tap_that_counts_is_lost_when_frames_have_to_wait() {
        let mut taps = Taps::default();
        let (mut counted, mut sent) = (0, 0);
        for now in (0..10_000).step_by(50) {
            counted += u32::from(taps.tap(if now % 100 == 0 { "🔥" } else { "👏" }, now));
            sent += taps.take_due(now).map_or(0, |frame| frame.count);
        }
        for now in (10_000..30_000).step_by(1_000) {
            let frame = taps.take_due(now);
            assert!(
                frame
                    .as_ref()
                    .is_none_or(|frame| frame.count <= limits::REACTIONS_A_FRAME)
            );
            sent += frame.map_or(0, |frame| frame.count);
        }
        assert_eq!(sent, counted);
    }

    #[test]
    fn a_screen_reader_hears_a_summary_now_and_then() {
        let mut summary = Summary::default();
        assert_eq!(summary.told(0), None);
        summary.felt(&sums(&[("👏", 300)]), 1_000);
        summary.felt(&sums(&[("👏", 40), ("🎉", 2)]), 9_000);
        assert_eq!(summary.told(10_999), None);
        assert_eq!(
            summary.told(11_000).as_deref(),
            Some("340 👏, 2 🎉 in the last ten seconds")
        );
        summary.felt(&sums(&[("👏", 9)]), 12_000);
        assert_eq!(summary.told(30_000), None, "too soon");
        summary.felt(&sums(&[("👏", 7)]), 31_500);
        assert_eq!(summary.told(41_500).as_deref(), Some("7 👏 in the last ten seconds"));
    }
}
