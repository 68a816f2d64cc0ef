//! The lines of this fan that the log does not show yet: waiting, on their way, held back, or failed. A line keeps its
//! id until it is in the log, so that sending it again after a broken connection can never double it.

use wire::frame::{Refused, Send};
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
    /// It is a question to the artist.
    pub question: bool,
    /// How far it is.
    pub state: Sending,
    /// A word of the organizer on why it was refused.
    pub detail: Option<String>,
    tries: u32,
    /// It was sent, and whether it arrived is not known: it may be in the log.
    may_be_kept: bool,
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
    Later {
        /// When it is sent again.
        until: u64,
    },
    /// The server has it, and a moderator decides on it.
    WithCrew {
        /// The server that this connection leads to has said so: it need not be asked.
        is_told: bool,
    },
    /// Refused for good, unless the fan tries again.
    Failed(Refusal),
}

/// What may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Whatever is due.
    Open,
    /// One line, and the next when that is answered: in slow mode.
    OneByOne,
    /// Nothing that is new to the server: for who has to wait.
    Shut,
}

impl Unsent {
    /// A line that was not sent yet.
    pub fn new(id: String, text: String, question: bool, state: Sending) -> Self {
        Self {
            id,
            text,
            question,
            state,
            detail: None,
            tries: 0,
            may_be_kept: false,
        }
    }

    /// Whether the fan may have its text back: it is surely not in the log.
    pub fn can_be_taken_back(&self) -> bool {
        let is_here = matches!(
            self.state,
            Sending::Waiting | Sending::Later { .. } | Sending::Failed(_)
        );
        is_here && !self.may_be_kept
    }

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
    pub fn add(&mut self, id: String, text: String, question: bool, state: Sending) -> bool {
        if !matches!(state, Sending::Failed(_)) && self.is_full() {
            return false;
        }
        self.push(Unsent::new(id, text, question, state));
        true
    }

    /// Takes a line that was kept across a reload: it may have been sent before.
    pub fn add_kept(&mut self, mut line: Unsent) {
        line.may_be_kept = !line.has_failed();
        if line.has_failed() || !self.is_full() {
            self.push(line);
        }
    }

    fn push(&mut self, line: Unsent) {
        self.unsent.push(line);
        self.changes += 1;
        self.bound_failed();
    }

    /// The lines to send now, in order. After a refusal for haste they go one by one, and none overtakes another.
    pub fn take_due(&mut self, now: u64, gate: Gate) -> Vec<Send> {
        let mut due = Vec::new();
        let mut is_open = gate != Gate::Shut;
        for line in &mut self.unsent {
            let alone = line.tries > 0 || gate == Gate::OneByOne;
            match line.state {
                Sending::WithCrew { is_told: false } => line.state = Sending::WithCrew { is_told: true },
                Sending::Later { until } if until > now => {
                    is_open = false;
                    continue;
                }
                Sending::Later { .. } | Sending::Waiting if is_open => {
                    line.state = Sending::OnItsWay;
                    is_open = !alone;
                }
                Sending::OnItsWay => {
                    is_open &= !alone;
                    continue;
                }
                _ => continue,
            }
            due.push(Send {
                id: line.id.clone(),
                text: line.text.clone(),
                question: line.question,
                reply_to: None,
            });
        }
        due
    }

    /// When the next line may go, in milliseconds of the client's clock: at 0 when nothing holds it back.
    pub fn next_due(&self, gate: Gate) -> Option<u64> {
        if self
            .unsent
            .iter()
            .any(|line| line.state == Sending::WithCrew { is_told: false })
        {
            return Some(0);
        }
        if gate == Gate::Shut {
            return None;
        }
        for line in &self.unsent {
            match line.state {
                Sending::OnItsWay if line.tries > 0 || gate == Gate::OneByOne => return None,
                Sending::Later { until } => return Some(until),
                Sending::Waiting => return Some(0),
                Sending::Failed(_) | Sending::Kept(_) | Sending::OnItsWay | Sending::WithCrew { .. } => {}
            }
        }
        None
    }

    /// The lines that wait for their turn and can still be taken back.
    pub fn waiting(&self) -> impl DoubleEndedIterator<Item = &Unsent> {
        self.unsent
            .iter()
            .filter(|line| matches!(line.state, Sending::Waiting | Sending::Later { .. }) && line.can_be_taken_back())
    }

    /// Whether the line was sent and the answer is not here yet.
    pub fn is_on_its_way(&self, id: &str) -> bool {
        let is_it = |line: &Unsent| line.id == id && line.state == Sending::OnItsWay;
        self.unsent.iter().any(is_it)
    }

    /// Why the line was not sent, if it failed.
    pub fn failure(&self, id: &str) -> Option<(Refusal, Option<&str>)> {
        self.unsent.iter().find_map(|line| match line.state {
            Sending::Failed(refusal) if line.id == id => Some((refusal, line.detail.as_deref())),
            _ => None,
        })
    }

    /// The connection is gone: what was on its way may have arrived or not, so it goes again, with the same id.
    pub fn connection_lost(&mut self) {
        for line in &mut self.unsent {
            match line.state {
                Sending::OnItsWay => {
                    line.state = Sending::Waiting;
                    line.may_be_kept = true;
                }
                Sending::WithCrew { .. } => line.state = Sending::WithCrew { is_told: false },
                _ => {}
            }
        }
    }

    /// A moderator decides on the line.
    pub fn with_crew(&mut self, id: &str) {
        if let Some(line) = self.unsent.iter_mut().find(|line| line.id == id) {
            line.state = Sending::WithCrew { is_told: true };
            self.changes += 1;
        }
    }

    /// The server keeps the line at `seq`.
    pub fn acked(&mut self, id: &str, seq: Seq) {
        if let Some(line) = self.unsent.iter_mut().find(|line| line.id == id) {
            line.state = Sending::Kept(seq);
        }
    }

    /// The server did not take the line.
    pub fn refused(&mut self, refused: &Refused, now: u64) {
        let Some(line) = self
            .unsent
            .iter_mut()
            .find(|line| Some(&line.id) == refused.id.as_ref())
        else {
            return;
        };
        self.changes += 1;
        line.tries += 1;
        line.may_be_kept = false;
        line.detail.clone_from(&refused.detail);
        line.state = match refused.code {
            Refusal::RateLimited | Refusal::Unavailable if line.tries < TRIES => Sending::Later {
                until: now.saturating_add(refused.retry_after_ms.unwrap_or(RETRY_MILLIS)),
            },
            // It waits with all the others until its author may send again: that is no try.
            Refusal::SlowMode | Refusal::Muted | Refusal::Paused => {
                line.tries = line.tries.min(TRIES - 1);
                Sending::Waiting
            }
            code => Sending::Failed(code),
        };
        self.bound_failed();
    }

    /// Gives a line that is not on its way back to the fan, to be changed or held.
    pub fn take_back(&mut self, id: &str) -> Option<Unsent> {
        let can_be = |line: &&Unsent| line.id == id && line.can_be_taken_back();
        let line = self.unsent.iter().find(can_be)?.clone();
        self.keep_only(|line| line.id != id);
        Some(line)
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
            assert!(outbox.add((*id).into(), format!("line {id}"), false, Sending::Waiting));
        }
        outbox
    }

    fn ids<'a>(lines: impl Iterator<Item = &'a Unsent>) -> Vec<&'a str> {
        lines.map(|line| line.id.as_str()).collect()
    }

    fn refuse(outbox: &mut Outbox, id: &str, code: Refusal, retry_after_ms: Option<u64>, now: u64) {
        let refused = Refused {
            id: Some(id.into()),
            code,
            retry_after_ms,
            detail: None,
        };
        outbox.refused(&refused, now);
    }

    fn sent(outbox: &mut Outbox, now: u64) -> Vec<String> {
        outbox
            .take_due(now, Gate::Open)
            .into_iter()
            .map(|send| send.id)
            .collect()
    }

    #[test]
    fn a_question_goes_as_one_and_comes_back_as_one() {
        let mut outbox = Outbox::default();
        assert!(outbox.add("a".into(), "why?".into(), true, Sending::Waiting));
        assert!(outbox.clone().take_back("a").is_some_and(|line| line.question));
        assert!(outbox.take_due(0, Gate::Open).iter().all(|send| send.question));
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
            refuse(&mut outbox, id, Refusal::RateLimited, Some(900), 100);
        }
        assert_eq!(outbox.next_due(Gate::Open), Some(1_000));
        assert!(outbox.add("d".into(), "later".into(), false, Sending::Waiting));
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
            refuse(&mut outbox, "a", Refusal::Unavailable, None, round * 10_000);
        }
        assert_eq!(outbox.unsent()[0].state, Sending::Failed(Refusal::Unavailable));
        assert_eq!(sent(&mut outbox, u64::MAX), [""; 0]);
        outbox.retry("a");
        assert_eq!(sent(&mut outbox, 0), ["a"]);
        outbox.discard("a");
        assert_eq!(outbox.unsent().len(), 1, "on its way, it cannot be taken back");
        refuse(&mut outbox, "a", Refusal::TextTooLong, None, 0);
        outbox.discard("a");
        assert!(outbox.unsent().is_empty());
    }

    #[test]
    fn a_line_behind_one_that_fails_is_due_at_once() {
        let mut outbox = outbox(&["a"]);
        for round in 0..u64::from(TRIES) {
            assert_eq!(sent(&mut outbox, round * 10_000), ["a"]);
            if round == 0 {
                assert!(outbox.add("b".into(), String::new(), false, Sending::Waiting));
            }
            refuse(&mut outbox, "a", Refusal::Unavailable, None, round * 10_000);
            let waits_for_a = round * 10_000 + RETRY_MILLIS;
            let is_last = round + 1 == u64::from(TRIES);
            assert_eq!(outbox.next_due(Gate::Open), Some(if is_last { 0 } else { waits_for_a }));
        }
        assert_eq!(sent(&mut outbox, 0), ["b"]);
        assert_eq!(outbox.next_due(Gate::Open), None);
    }

    #[test]
    fn failed_lines_take_no_place_from_new_ones_and_are_bounded() {
        let mut outbox = Outbox::default();
        for number in 0..FAILED_LINES + 3 {
            let id = number.to_string();
            assert!(
                outbox.add(id.clone(), String::new(), false, Sending::Waiting),
                "{number}"
            );
            sent(&mut outbox, 0);
            refuse(&mut outbox, &id, Refusal::Invalid, None, 0);
        }
        assert_eq!(outbox.unsent().len(), FAILED_LINES);
        assert_eq!(outbox.unsent()[0].id, "3", "the oldest went");
        for number in 0..UNSENT_LINES {
            assert!(outbox.add(format!("new {number}"), String::new(), false, Sending::Waiting));
        }
        assert!(!outbox.add("one more".into(), String::new(), false, Sending::Waiting));
        outbox.retry("5");
        assert!(outbox.unsent().iter().any(|line| line.id == "5" && line.has_failed()));
        assert!(outbox.add("kept".into(), String::new(), false, Sending::Failed(Refusal::Unknown)));
        assert_eq!(outbox.unsent().len(), FAILED_LINES + UNSENT_LINES);
    }

    #[test]
    fn the_outbox_is_bounded() {
        let mut outbox = Outbox::default();
        for number in 0..UNSENT_LINES {
            assert!(outbox.add(number.to_string(), String::new(), false, Sending::Waiting));
        }
        assert!(!outbox.add("more".into(), String::new(), false, Sending::Waiting));
        assert_eq!(outbox.unsent().len(), UNSENT_LINES);
    }

    #[test]
    fn a_line_refused_in_slow_mode_waits_for_the_gate_and_can_be_taken_back() {
        let mut outbox = outbox(&["a", "b", "c"]);
        let due = |outbox: &mut Outbox, gate| outbox.take_due(0, gate).len();
        assert_eq!(due(&mut outbox, Gate::OneByOne), 1);
        assert_eq!(due(&mut outbox, Gate::OneByOne), 0, "the first is not answered");
        for _ in 0..TRIES * 2 {
            refuse(&mut outbox, "a", Refusal::SlowMode, Some(7_000), 0);
            assert_eq!((due(&mut outbox, Gate::Shut), outbox.next_due(Gate::Shut)), (0, None));
            assert_eq!(outbox.next_due(Gate::OneByOne), Some(0));
            assert_eq!(due(&mut outbox, Gate::OneByOne), 1, "it never fails for it");
        }
        refuse(&mut outbox, "a", Refusal::SlowMode, Some(7_000), 0);
        assert_eq!(ids(outbox.waiting()), ["a", "b", "c"]);
        assert_eq!(outbox.take_back("a").expect("it waits").text, "line a");
        assert_eq!(outbox.take_back("a"), None);
        assert_eq!(due(&mut outbox, Gate::OneByOne), 1);
        assert_eq!(outbox.take_back("b"), None, "it is on its way");
        outbox.connection_lost();
        assert_eq!(outbox.take_back("b"), None, "it may have arrived");
    }

    #[test]
    fn a_line_that_waits_for_the_crew_is_asked_about_on_each_connection_whatever_the_gate() {
        let mut outbox = outbox(&["a", "b"]);
        sent(&mut outbox, 0);
        assert!(outbox.is_on_its_way("a"));
        outbox.with_crew("a");
        assert_eq!(sent(&mut outbox, 0), [""; 0]);
        outbox.connection_lost();
        assert_eq!(outbox.next_due(Gate::Shut), Some(0));
        let asked = outbox.take_due(0, Gate::Shut);
        assert_eq!(asked.iter().map(|send| send.id.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(outbox.unsent()[0].state, Sending::WithCrew { is_told: true });
        assert!(
            !outbox.is_on_its_way("a"),
            "what becomes of it is no news of a line sent now"
        );
        refuse(&mut outbox, "a", Refusal::Dropped, None, 0);
        assert_eq!(outbox.failure("a"), Some((Refusal::Dropped, None)));
    }
}
