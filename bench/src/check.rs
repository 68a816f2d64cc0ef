//! What one socket heard, checked: each entry once, in order.

use hdrhistogram::Histogram;
use wire::Seq;

use crate::heard::{Entry, Heard};

/// Counts what one socket hears.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    expected: Seq,
    /// Up to here entries are sent again to somebody who was away: when they come says nothing of the server.
    replayed: Seq,
    skipped: u64,
    /// The number of the frame that it is expected to hear next, for [`crate::heard::Memory`].
    pub next_frame: u64,
    /// Entries that came when they should have.
    pub delivered: u64,
    /// Entries that came again or too late.
    pub disordered: u64,
    /// Taps that it was told of.
    pub taps: u64,
    /// Entries that the server said it would not send again.
    pub gapped: u64,
}

/// What all sockets heard, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that came when they should have.
    pub delivered: u64,
    /// Entries that did not come.
    pub lost: u64,
    /// Entries that came again, too late, or that nobody sent.
    pub disordered: u64,
    /// Entries that a server said it would not send again.
    pub gapped: u64,
}

impl Checker {
    /// Awaits what comes after this entry.
    pub fn after(head: Seq) -> Self {
        Self {
            expected: head + 1,
            ..Self::default()
        }
    }

    /// Somebody is back: what comes up to `head` was missed.
    pub fn returned(&mut self, head: Seq) {
        self.replayed = head;
    }

    /// The last entry that came.
    pub fn last(&self) -> Seq {
        self.expected.saturating_sub(1)
    }

    /// Takes what a frame says, which came at `now`, in microseconds of the generator's clock.
    #[inline]
    pub fn hear(&mut self, heard: &Heard, now: u64, latency: &mut Histogram<u64>) {
        self.taps += heard.taps;
        if let Some(to) = heard.gap_to {
            self.gapped += (to + 1).saturating_sub(self.expected);
            self.expected = self.expected.max(to + 1);
        }
        for entry in &heard.entries {
            self.entry(entry, now, latency);
        }
    }

    #[inline]
    fn entry(&mut self, entry: &Entry, now: u64, latency: &mut Histogram<u64>) {
        if entry.seq < self.expected {
            self.disordered += 1;
            return;
        }
        self.skipped += entry.seq - self.expected;
        self.expected = entry.seq + 1;
        self.delivered += 1;
        if let Some(due) = entry.due
            && entry.seq > self.replayed
        {
            latency.saturating_record(now.saturating_sub(due).max(1));
        }
    }

    /// Adds what it heard to the verdict, when `last` is the last entry of the log.
    pub fn judge(&self, last: Seq, verdict: &mut Verdict) {
        let never_sent = self.last().saturating_sub(last).min(self.delivered);
        verdict.delivered += self.delivered - never_sent;
        verdict.lost += self.skipped + (last + 1).saturating_sub(self.expected);
        verdict.disordered += self.disordered + never_sent;
        verdict.gapped += self.gapped;
    }
}

/// Latencies up to ten minutes, in microseconds.
///
/// # Panics
/// Never: the bounds are valid.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 2).expect("valid bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that awaits the messages 11, 12 and 13, after it heard these.
    fn after(heard: &[Seq]) -> Checker {
        let mut checker = Checker::after(10);
        for seq in heard {
            let due = Some(10_000);
            let heard = Heard {
                entries: vec![Entry { seq: *seq, due }],
                ..Heard::default()
            };
            checker.hear(&heard, 30_000, &mut histogram());
        }
        checker
    }

    #[track_caller]
    fn assert_verdict(checker: &Checker, delivered: u64, lost: u64, disordered: u64) {
        let mut verdict = Verdict::default();
        checker.judge(13, &mut verdict);
        let counts = (verdict.delivered, verdict.lost, verdict.disordered);
        assert_eq!(counts, (delivered, lost, disordered), "delivered, lost, disordered");
    }

    #[test]
    fn each_message_once_and_in_order_is_right() {
        assert_verdict(&after(&[11, 12, 13]), 3, 0, 0);
        assert_eq!(after(&[11, 12, 13]).last(), 13);
    }

    #[test]
    fn latency_is_from_the_instant_a_message_was_due() {
        let mut latency = histogram();
        let heard = Heard::read(br#"[{"type":"message","seq":11,"text":"10000 xxx"}]"#);
        Checker::after(10).hear(&heard, 30_000, &mut latency);
        assert!(
            (19_900..=20_200).contains(&latency.max()),
            "due at 10 ms, here at 30 ms"
        );
    }

    #[test]
    fn what_was_missed_while_away_has_no_latency() {
        let (mut latency, mut checker) = (histogram(), Checker::after(10));
        checker.returned(11);
        for seq in [11, 12] {
            let frame = format!(r#"[{{"type":"message","seq":{seq},"text":"10000 xxx"}}]"#);
            checker.hear(&Heard::read(frame.as_bytes()), 30_000, &mut latency);
        }
        assert_eq!((latency.len(), checker.delivered), (1, 2));
    }

    #[test]
    fn what_never_came_is_lost() {
        assert_verdict(&after(&[]), 0, 3, 0);
        assert_verdict(&after(&[11, 13]), 2, 1, 0);
        assert_verdict(&after(&[11, 12]), 2, 1, 0);
    }

    #[test]
    fn what_comes_again_is_counted_after_the_last_too() {
        assert_verdict(&after(&[11, 11, 12, 13]), 3, 0, 1);
        assert_verdict(&after(&[11, 12, 13, 13]), 3, 0, 1);
        assert_verdict(&after(&[11, 12, 13, 12]), 3, 0, 1);
    }

    #[test]
    fn what_comes_out_of_order_is_counted_and_missing_at_its_place() {
        assert_verdict(&after(&[12, 11, 13]), 2, 1, 1);
    }

    #[test]
    fn what_nobody_sent_is_counted() {
        assert_verdict(&after(&[11, 12, 13, 14]), 3, 0, 1);
    }

    #[test]
    fn a_gap_that_is_told_is_no_loss() {
        let mut checker = after(&[11]);
        checker.hear(
            &Heard::read(br#"[{"type":"gap","from":12,"to":12}]"#),
            0,
            &mut histogram(),
        );
        checker.hear(
            &Heard::read(br#"[{"type":"message","seq":13,"text":"0 x"}]"#),
            0,
            &mut histogram(),
        );
        assert_verdict(&checker, 2, 0, 0);
        assert_eq!(checker.gapped, 1);
    }
}
