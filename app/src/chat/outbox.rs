//! The lines of this fan that the log does not show yet: waiting, on their way, held back, or failed. A line keeps its
//! id until it is in the log, so that sending it again after a broken connection can never double it.

use wire::frame::Send;
use wire::{Refusal, Seq};

/// Most lines that may be on their way at once; the composer says so when it is full.
pub const UNSENT_LINES: usize = 20;

/// Most failed lines that wait for the fan: of more, the oldest go.
const FAILED_LINES: usize = 20;

/// How often a line is sent before a server that is too busy for it makes it fail.
pub const TRIES: u32 = 5;

/// The wait before the next try when the server names none, in milliseconds.
const RETRY_MILLIS: u64 = 2_000;

/// A line that is not in the log yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its id, the same for every try.
    pub id: String,
    /// What was typed.
    pub text: String,
    /// How far it is.
    pub state: Sending,
    tries: u32,
}

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sending {
    /// For the connection, or for its turn.
    Waiting,
    /// Sent; the answer is not here yet.
    OnItsWay,
    /// In the log at this place, which has not reached this client yet.
    Kept(Seq),
    /// The server asked to wait until then, in milliseconds of the client's clock.
    Held {
        /// When it is sent again.
        until: u64,
    },
    /// Refused for good, unless the fan tries again.
    Failed(Refusal),
}

impl Unsent {
    fn has_failed(&self) -> bool {
        matches!(self.state, Sending::Failed(_))
    }
}

/// The lines that are not in the log yet, in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    unsent: Vec<Unsent>,
    changes: u32,
}

impl Outbox {
    /// The lines, in order.
    pub fn unsent(&self) -> &[Unsent] {
        &self.unsent
    }

    /// Grows with every change that is worth keeping across a reload.
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// Takes a line; `false` when too many are on their way already, and nothing happened.
    pub fn add(&mut self, id: String, text: String, state: Sending) -> bool {
        if !matches!(state, Sending::Failed(_)) && self.is_full() {
            return false;
        }
        self.unsent.push(Unsent {
            id,
            text,
            state,
            tries: 0,
        });
        self.changes += 1;
        self.bound_failed();
        true
    }

    /// The lines to send now, in order. After a refusal for haste they go one by one, and none overtakes another.
    pub fn take_due(&mut self, now: u64) -> Vec<Send> {
        let mut due = Vec::new();
        for line in &mut self.unsent {
            let alone = line.tries > 0;
            match line.state {
                Sending::OnItsWay if alone => break,
                Sending::Failed(_) | Sending::Kept(_) | Sending::OnItsWay => continue,
                Sending::Held { until } if until > now => break,
                Sending::Held { .. } | Sending::Waiting => line.state = Sending::OnItsWay,
            }
            due.push(Send {
                id: line.id.clone(),
                text: line.text.clone(),
                question: false,
                reply_to: None,
            });
            if alone {
                break;
            }
        }
        due
    }

    /// When the next line may go, in milliseconds of the client's clock: at 0 when nothing holds it back.
    pub fn next_due(&self) -> Option<u64> {
        for line in &self.unsent {
            match line.state {
                Sending::OnItsWay if line.tries > 0 => return None,
                Sending::Held { until } => return Some(until),
                Sending::Waiting => return Some(0),
                Sending::Failed(_) | Sending::Kept(_) | Sending::OnItsWay => {}
            }
        }
        None
    }

    /// The connection is gone: what was on its way may have arrived or not, so it goes again, with the same id.
    pub fn connection_lost(&mut self) {
        for line in &mut self.unsent {
            if line.state == Sending::OnItsWay {
                line.state = Sending::Waiting;
            }
        }
    }

    /// The server keeps the line at `seq`.
    pub fn acked(&mut self, id: &str, seq: Seq) {
        if let Some(line) = self.unsent.iter_mut().find(|line| line.id == id) {
            line.state = Sending::Kept(seq);
        }
    }

    /// The server did not take the line.
    pub fn refused(&mut self, id: &str, code: Refusal, retry_after_ms: Option<u64>, now: u64) {
        let Some(line) = self.unsent.iter_mut().find(|line| line.id == id) else {
            return;
        };
        self.changes += 1;
        line.tries += 1;
        let again = matches!(code, Refusal::RateLimited | Refusal::Unavailable) && line.tries < TRIES;
        line.state = if again {
            Sending::Held {
                until: now + retry_after_ms.unwrap_or(RETRY_MILLIS),
            }
        } else {
            Sending::Failed(code)
        };
        self.bound_failed();
    }

    /// The line with this id, or the one kept at this place, is in the transcript.
    pub fn arrived(&mut self, id: Option<&str>, seq: Seq) {
        self.keep_only(|line| Some(line.id.as_str()) != id && line.state != Sending::Kept(seq));
    }

    /// Lines kept in a part of the log that will not be followed: they are in the history.
    pub fn forget_kept(&mut self) {
        self.keep_only(|line| !matches!(line.state, Sending::Kept(_)));
    }

    /// The fan wants a failed line to go again. It stays as it is while too many are on their way.
    pub fn retry(&mut self, id: &str) {
        if self.is_full() {
            return;
        }
        if let Some(line) = self.failed(id) {
            line.tries = 0;
            line.state = Sending::Waiting;
            self.changes += 1;
        }
    }

    /// The fan lets go of a failed line. One that may be in the log cannot be taken back.
    pub fn discard(&mut self, id: &str) {
        if self.failed(id).is_some() {
            self.keep_only(|line| line.id != id);
        }
    }

    fn failed(&mut self, id: &str) -> Option<&mut Unsent> {
        self.unsent.iter_mut().find(|line| line.id == id && line.has_failed())
    }

    fn failures(&self) -> usize {
        self.unsent.iter().filter(|line| line.has_failed()).count()
    }

    fn is_full(&self) -> bool {
        self.unsent.len() - self.failures() >= UNSENT_LINES
    }

    fn bound_failed(&mut self) {
        let mut over = self.failures().saturating_sub(FAILED_LINES);
        self.unsent.retain(|line| {
            let goes = over > 0 && line.has_failed();
            over -= usize::from(goes);
            !goes
        });
    }

    fn keep_only(&mut self, keep: impl Fn(&Unsent) -> bool) {
        let before = self.unsent.len();
        self.unsent.retain(keep);
        self.changes += u32::from(self.unsent.len() != before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(ids: &[&str]) -> Outbox {
        let mut outbox = Outbox::default();
        for id in ids {
            assert!(outbox.add((*id).into(), format!("line {id}"), Sending::Waiting));
        }
        outbox
    }

    fn sent(outbox: &mut Outbox, now: u64) -> Vec<String> {
        outbox.take_due(now).into_iter().map(|send| send.id).collect()
    }

    #[test]
    fn lines_go_once_in_order() {
        let mut outbox = outbox(&["a", "b"]);
        assert_eq!(sent(&mut outbox, 0), ["a", "b"]);
        assert_eq!(sent(&mut outbox, 0), [""; 0]);
    }

    #[test]
    fn after_a_broken_connection_the_same_ids_go_again_but_not_what_was_acked() {
        let mut outbox = outbox(&["a", "b"]);
        sent(&mut outbox, 0);
        outbox.acked("a", 7);
        outbox.connection_lost();
        assert_eq!(sent(&mut outbox, 0), ["b"]);
        outbox.arrived(None, 7);
        assert_eq!(outbox.unsent().len(), 1);
    }

    #[test]
    fn a_line_sent_in_haste_waits_and_is_not_overtaken() {
        let mut outbox = outbox(&["a", "b", "c"]);
        sent(&mut outbox, 0);
        for id in ["a", "b", "c"] {
            outbox.refused(id, Refusal::RateLimited, Some(900), 100);
        }
        assert_eq!(outbox.next_due(), Some(1_000));
        assert!(outbox.add("d".into(), "later".into(), Sending::Waiting));
        assert_eq!(sent(&mut outbox, 999), [""; 0]);
        assert_eq!(sent(&mut outbox, 1_000), ["a"]);
        assert_eq!(sent(&mut outbox, 1_001), [""; 0], "one by one");
        outbox.arrived(Some("a"), 5);
        assert_eq!(sent(&mut outbox, 1_002), ["b"]);
    }

    #[test]
    fn tries_are_bounded_and_a_failed_line_goes_again_only_when_asked() {
        let mut outbox = outbox(&["a"]);
        for round in 0..u64::from(TRIES) {
            assert_eq!(sent(&mut outbox, round * 10_000), ["a"]);
            outbox.refused("a", Refusal::Unavailable, None, round * 10_000);
        }
        assert_eq!(outbox.unsent()[0].state, Sending::Failed(Refusal::Unavailable));
        assert_eq!(sent(&mut outbox, u64::MAX), [""; 0]);
        outbox.retry("a");
        assert_eq!(sent(&mut outbox, 0), ["a"]);
        outbox.discard("a");
        assert_eq!(outbox.unsent().len(), 1, "on its way, it cannot be taken back");
        outbox.refused("a", Refusal::TextTooLong, None, 0);
        outbox.discard("a");
        assert!(outbox.unsent().is_empty());
    }

    #[test]
    fn a_line_behind_one_that_fails_is_due_at_once() {
        let mut outbox = outbox(&["a"]);
        for round in 0..u64::from(TRIES) {
            assert_eq!(sent(&mut outbox, round * 10_000), ["a"]);
            if round == 0 {
                assert!(outbox.add("b".into(), String::new(), Sending::Waiting));
            }
            outbox.refused("a", Refusal::Unavailable, None, round * 10_000);
            let waits_for_a = round * 10_000 + RETRY_MILLIS;
            let is_last = round + 1 == u64::from(TRIES);
            assert_eq!(outbox.next_due(), Some(if is_last { 0 } else { waits_for_a }));
        }
        assert_eq!(sent(&mut outbox, 0), ["b"]);
        assert_eq!(outbox.next_due(), None);
    }

    #[test]
    fn failed_lines_take_no_place_from_new_ones_and_are_bounded() {
        let mut outbox = Outbox::default();
        for number in 0..FAILED_LINES + 3 {
            let id = number.to_string();
            assert!(outbox.add(id.clone(), String::new(), Sending::Waiting), "{number}");
            sent(&mut outbox, 0);
            outbox.refused(&id, Refusal::Invalid, None, 0);
        }
        assert_eq!(outbox.unsent().len(), FAILED_LINES);
        assert_eq!(outbox.unsent()[0].id, "3", "the oldest went");
        for number in 0..UNSENT_LINES {
            assert!(outbox.add(format!("new {number}"), String::new(), Sending::Waiting));
        }
        assert!(!outbox.add("one more".into(), String::new(), Sending::Waiting));
        outbox.retry("5");
        assert!(outbox.unsent().iter().any(|line| line.id == "5" && line.has_failed()));
        assert!(outbox.add("kept".into(), String::new(), Sending::Failed(Refusal::Unknown)));
        assert_eq!(outbox.unsent().len(), FAILED_LINES + UNSENT_LINES);
    }

    #[test]
    fn the_outbox_is_bounded() {
        let mut outbox = Outbox::default();
        for number in 0..UNSENT_LINES {
            assert!(outbox.add(number.to_string(), String::new(), Sending::Waiting));
        }
        assert!(!outbox.add("more".into(), String::new(), Sending::Waiting));
        assert_eq!(outbox.unsent().len(), UNSENT_LINES);
    }
}
