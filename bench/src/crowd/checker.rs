//! What one socket heard, checked: each message once, in order.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Deserialize;
use wire::Seq;

/// The fields of a server's object that matter here.
#[derive(Deserialize)]
pub struct Heard<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: Option<Seq>,
    text: Option<&'a str>,
    /// Where the log ended, in a welcome.
    pub head: Option<Seq>,
}

/// Counts what one socket hears.
pub struct Checker {
    expected: Seq,
    last: Seq,
    latency: Histogram<u64>,
    skipped: u64,
    /// Messages that came when they should have.
    pub delivered: u64,
    /// Messages that came again, too late, or that nobody sent.
    pub disordered: u64,
    /// Messages of this socket that an ack confirmed.
    pub acked: u64,
    /// Frames of any kind.
    pub frames: u64,
    /// When the last message came, from the start.
    pub last_at: Duration,
}

impl Checker {
    /// Awaits this many messages after `head`.
    pub fn new(head: Seq, total: u64) -> Self {
        Self {
            expected: head + 1,
            last: head + total,
            latency: histogram(),
            skipped: 0,
            delivered: 0,
            disordered: 0,
            acked: 0,
            frames: 0,
            last_at: Duration::ZERO,
        }
    }

    /// Takes a frame that came this long after the start.
    pub fn hear(&mut self, frame: &str, now: Duration) {
        self.frames += 1;
        let Ok(objects) = serde_json::from_str::<Vec<Heard>>(frame) else {
            return;
        };
        for object in objects {
            match (object.kind, object.seq) {
                ("message", Some(seq)) => self.message(seq, object.text.unwrap_or_default(), now),
                ("ack", _) => self.acked += 1,
                _ => {}
            }
        }
    }

    /// Whether the last message came.
    pub fn is_complete(&self) -> bool {
        self.expected > self.last
    }

    /// Messages that did not come.
    pub fn lost(&self) -> u64 {
        self.skipped + (self.last + 1).saturating_sub(self.expected)
    }

    /// From the instant a message was due to its arrival, in microseconds.
    pub fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    fn message(&mut self, seq: Seq, text: &str, now: Duration) {
        if seq < self.expected || seq > self.last {
            self.disordered += 1;
            return;
        }
        self.skipped += seq - self.expected;
        self.expected = seq + 1;
        self.delivered += 1;
        self.last_at = now;
        let due = text.split(' ').next().and_then(|due| due.parse().ok());
        let late = now.saturating_sub(due.map_or(now, Duration::from_micros));
        let late = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record(late.max(1));
    }
}

/// Latencies up to a minute, in microseconds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("valid bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that awaits the messages 11, 12 and 13, after it heard these.
    fn after(heard: &[Seq]) -> Checker {
        let mut checker = Checker::new(10, 3);
        for seq in heard {
            checker.hear(&message(*seq), Duration::from_millis(30));
        }
        checker
    }

    fn message(seq: Seq) -> String {
        format!(r#"[{{"type":"message","seq":{seq},"text":"10000 xxx"}}]"#)
    }

    #[track_caller]
    fn assert_counts(checker: &Checker, delivered: u64, lost: u64, disordered: u64) {
        let counts = (checker.delivered, checker.lost(), checker.disordered);
        assert_eq!(counts, (delivered, lost, disordered), "delivered, lost, disordered");
    }

    #[test]
    fn each_message_once_and_in_order_is_right() {
        let checker = after(&[11, 12, 13]);
        assert_counts(&checker, 3, 0, 0);
        assert!(checker.is_complete());
        assert_eq!(checker.last_at, Duration::from_millis(30));
        assert!(
            (19_900..=20_200).contains(&checker.latency().max()),
            "due at 10 ms, here at 30 ms"
        );
    }

    #[test]
    fn what_never_came_is_lost() {
        assert_counts(&after(&[]), 0, 3, 0);
        assert_counts(&after(&[11, 13]), 2, 1, 0);
        assert_counts(&after(&[11, 12]), 2, 1, 0);
        assert!(!after(&[11, 12]).is_complete());
    }

    #[test]
    fn what_comes_again_is_counted_after_the_last_too() {
        assert_counts(&after(&[11, 11, 12, 13]), 3, 0, 1);
        assert_counts(&after(&[11, 12, 13, 13]), 3, 0, 1);
        assert_counts(&after(&[11, 12, 13, 12]), 3, 0, 1);
    }

    #[test]
    fn what_comes_out_of_order_is_counted_and_missing_at_its_place() {
        assert_counts(&after(&[12, 11, 13]), 2, 1, 1);
    }

    #[test]
    fn what_nobody_sent_is_counted() {
        assert_counts(&after(&[11, 12, 13, 14]), 3, 0, 1);
    }

    #[test]
    fn acks_are_counted_and_other_objects_are_not() {
        let mut checker = after(&[]);
        checker.hear(
            r#"[{"type":"ack","id":"m1","seq":11},{"type":"presence","people":3},{"type":"ack","id":"m2","seq":12}]"#,
            Duration::ZERO,
        );
        assert_eq!((checker.acked, checker.frames), (2, 1));
        assert_counts(&checker, 0, 3, 0);
    }
}
