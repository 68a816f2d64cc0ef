//! What waits for a moderator: reported messages and held ones. A list comes once, then one change at a time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use wire::Seq;
use wire::moderation::{Held, HeldList, HeldState, ReportCase, ReportList};

/// Most that are kept of a queue: as many as the server lists.
const KEPT: usize = 200;

/// Where so few are left of a queue that goes on, the rest is asked for.
const FEW: usize = 50;

/// A wait is doubled so many times at most.
const DOUBLINGS: u32 = 5;

/// A queue of things that change one at a time.
pub trait Queue {
    /// One of them, as it is now.
    type Change: Clone;

    /// How one of them stands now. Whether what is not listed has to be asked for.
    fn change(&mut self, change: Self::Change) -> bool;
}

/// Changes that come while a queue is fetched: the answer may be older than they are.
#[derive(Clone, Debug)]
pub struct Fetching<T> {
    /// Grows with each question: an answer to an earlier one is ignored.
    era: u32,
    came: Option<Vec<T>>,
    /// Whether it is to be asked for once more when the answer is here.
    again: bool,
}

impl<T> Default for Fetching<T> {
    fn default() -> Self {
        Self {
            era: 0,
            came: None,
            again: false,
        }
    }
}

/// How long to wait after failures in a row: twice as long each time, up to a bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    failures: u32,
}

impl Patience {
    /// Another failure: the wait now, which is `first` after the first one.
    pub fn after_failure(&mut self, first: Duration) -> Duration {
        let wait = first * 2_u32.pow(self.failures.min(DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

impl<T: Clone> Fetching<T> {
    /// The queue is asked for, from now on.
    pub fn begin(&mut self) -> u32 {
        self.era = self.era.wrapping_add(1);
        self.came = Some(Vec::new());
        self.again = false;
        self.era
    }

    /// It has changed. Whether it is to be asked for now: while an answer is under way, that comes first.
    pub fn ask_again(&mut self) -> bool {
        self.again = self.came.is_some();
        !self.again
    }

    /// Whether it changed while the answer that is here was under way.
    pub fn take_again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// A change came.
    pub fn note(&mut self, change: &T) {
        if let Some(came) = &mut self.came {
            came.push(change.clone());
        }
    }

    /// The answer to the question `era` is here: the changes that came meanwhile, or none if it is not waited for.
    pub fn end(&mut self, era: u32) -> Option<Vec<T>> {
        (self.era == era).then(|| self.came.take()).flatten()
    }
}

/// The reported messages that wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cases {
    open: BTreeMap<Seq, ReportCase>,
    /// Open cases that are not listed.
    beyond: u64,
}

impl Cases {
    /// All that wait now.
    pub fn load(list: ReportList) -> Self {
        let beyond = list.open.saturating_sub(list.cases.len() as u64);
        let open = list.cases.into_iter().map(|case| (case.message.seq, case)).collect();
        Self { open, beyond }
    }

    /// The cases, most reports first, the older first among equals.
    pub fn in_order(&self) -> Vec<ReportCase> {
        let mut cases: Vec<ReportCase> = self.open.values().cloned().collect();
        cases.sort_by_key(rank);
        cases
    }

    /// How many wait.
    pub fn count(&self) -> u64 {
        self.open.len() as u64 + self.beyond
    }

    /// How many of them are listed.
    pub fn listed(&self) -> usize {
        self.open.len()
    }

    /// When the first report of the oldest case came.
    pub fn oldest(&self) -> Option<u64> {
        self.open.values().map(|case| case.first_at).min()
    }

    /// Members who reported this message, if it waits.
    pub fn reports_of(&self, seq: Seq) -> Option<u64> {
        self.open.get(&seq).map(|case| case.count)
    }
}

impl Queue for Cases {
    type Change = ReportCase;

    fn change(&mut self, case: ReportCase) -> bool {
        let was_listed = self.open.remove(&case.message.seq).is_some();
        let is_unknown = !was_listed && self.beyond > 0;
        if case.open {
            self.open.insert(case.message.seq, case);
        } else if is_unknown {
            self.beyond -= 1;
        }
        if self.open.len() > KEPT {
            let last = self
                .open
                .values()
                .max_by_key(|case| rank(case))
                .map(|case| case.message.seq);
            self.open.retain(|seq, _| Some(*seq) != last);
            self.beyond += 1;
        }
        is_unknown || (self.beyond > 0 && self.open.len() < FEW)
    }
}

fn rank(case: &ReportCase) -> (Reverse<u64>, u64) {
    (Reverse(case.count), case.first_at)
}

/// The held messages that wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    held: BTreeMap<u64, Held>,
    beyond: u64,
}

impl Waiting {
    /// All that wait now.
    pub fn load(list: HeldList) -> Self {
        let beyond = list.waiting.saturating_sub(list.held.len() as u64);
        let held = list.held.into_iter().map(|held| (held.held, held)).collect();
        Self { held, beyond }
    }

    /// The messages, oldest first.
    pub fn in_order(&self) -> Vec<Held> {
        self.held.values().cloned().collect()
    }

    /// How many wait.
    pub fn count(&self) -> u64 {
        self.held.len() as u64 + self.beyond
    }

    /// How many of them are listed.
    pub fn listed(&self) -> usize {
        self.held.len()
    }
}

impl Queue for Waiting {
    type Change = Held;

    fn change(&mut self, held: Held) -> bool {
        let was_listed = self.held.remove(&held.held).is_some();
        if held.state == HeldState::Waiting {
            self.held.insert(held.held, held);
        } else if !was_listed {
            self.beyond = self.beyond.saturating_sub(1);
        }
        if self.held.len() > KEPT {
            self.held.pop_last();
            self.beyond += 1;
        }
        self.beyond > 0 && self.held.len() < FEW
    }
}

#[cfg(test)]
mod tests {
    use wire::MemberId;
    use wire::frame::Message;

    use super::*;

    fn case(seq: Seq, count: u64, open: bool) -> ReportCase {
        let message = Message {
            seq,
            body: None,
            hidden: false,
        };
        ReportCase {
            message,
            count,
            reasons: Vec::new(),
            first_at: seq * 10,
            open,
        }
    }

    fn held(number: u64, state: HeldState) -> Held {
        Held {
            held: number,
            at: number,
            member: MemberId("m".into()),
            nickname: "m".into(),
            text: "x".into(),
            question: false,
            reply_to: None,
            rule: None,
            state,
        }
    }

    #[test]
    fn cases_come_in_the_order_of_their_reports_and_go_when_they_are_settled() {
        let mut cases = Cases::load(ReportList {
            cases: vec![case(1, 3, true), case(2, 5, true)],
            open: 2,
        });
        cases.change(case(3, 5, true));
        let seqs = |cases: &Cases| cases.in_order().iter().map(|case| case.message.seq).collect::<Vec<_>>();
        assert_eq!(seqs(&cases), [2, 3, 1]);
        cases.change(case(1, 9, true));
        assert_eq!(seqs(&cases), [1, 2, 3]);
        cases.change(case(1, 9, false));
        cases.change(case(8, 9, false));
        assert_eq!((seqs(&cases), cases.count(), cases.oldest()), (vec![2, 3], 2, Some(20)));
        assert_eq!((cases.reports_of(3), cases.reports_of(1)), (Some(5), None));
    }

    fn full() -> Cases {
        Cases::load(ReportList {
            cases: (1..=200).map(|seq| case(seq, 2, true)).collect(),
            open: 1_000,
        })
    }

    #[test]
    fn what_is_not_listed_is_counted_and_asked_for() {
        let mut cases = full();
        assert_eq!(cases.count(), 1_000);
        assert!(cases.change(case(2_000, 1, true)), "it may have been counted before");
        assert_eq!((cases.count(), cases.listed()), (1_001, KEPT));
        assert!(cases.change(case(2_000, 1, false)));
        assert_eq!(cases.count(), 1_000);
        assert!(!cases.change(case(7, 3, true)), "a listed one");
    }

    #[test]
    fn a_case_that_grows_takes_the_place_of_the_least_reported() {
        let mut cases = full();
        cases.change(case(2_000, 9, true));
        let order = cases.in_order();
        assert_eq!((order[0].message.seq, order.len()), (2_000, KEPT));
        assert_eq!(cases.reports_of(200), None);
    }

    #[test]
    fn the_rest_is_asked_for_before_the_list_is_empty() {
        let mut cases = full();
        let asks = (1..=200).filter(|seq| cases.change(case(*seq, 2, false))).count();
        assert_eq!((asks, cases.count()), (FEW, 800));
        let mut waiting = Waiting::load(HeldList {
            held: (1..=200).map(|number| held(number, HeldState::Waiting)).collect(),
            waiting: 300,
        });
        assert!(!waiting.change(held(400, HeldState::Waiting)));
        assert_eq!((waiting.count(), waiting.listed()), (301, KEPT));
        let asks = (1..=200)
            .filter(|number| waiting.change(held(*number, HeldState::Dropped)))
            .count();
        assert_eq!((asks, waiting.count()), (FEW, 101));
    }

    #[test]
    fn changes_that_come_while_a_queue_is_fetched_are_kept_for_it() {
        let mut fetching = Fetching::default();
        fetching.note(&1);
        let first = fetching.begin();
        fetching.note(&2);
        let second = fetching.begin();
        fetching.note(&3);
        assert_eq!(fetching.end(first), None, "an answer to an earlier question");
        assert_eq!(fetching.end(second), Some(vec![3]));
        fetching.note(&4);
        assert_eq!(fetching.end(second), None);
    }

    #[test]
    fn a_queue_that_changes_all_the_time_is_answered_before_it_is_asked_for_again() {
        let mut fetching = Fetching::<u8>::default();
        assert!(fetching.ask_again(), "nothing is under way");
        let first = fetching.begin();
        assert!(!fetching.ask_again() && !fetching.ask_again());
        assert!(fetching.end(first).is_some(), "the answer counts");
        assert!(fetching.take_again() && !fetching.take_again());
        let second = fetching.begin();
        assert!(fetching.end(second).is_some() && !fetching.take_again());
    }

    #[test]
    fn held_messages_wait_oldest_first_until_they_are_settled() {
        let mut waiting = Waiting::load(HeldList {
            held: vec![held(2, HeldState::Waiting)],
            waiting: 1,
        });
        waiting.change(held(5, HeldState::Waiting));
        waiting.change(held(3, HeldState::Waiting));
        let numbers = |waiting: &Waiting| waiting.in_order().iter().map(|held| held.held).collect::<Vec<_>>();
        assert_eq!(numbers(&waiting), [2, 3, 5]);
        waiting.change(held(3, HeldState::Approved));
        waiting.change(held(2, HeldState::Dropped));
        assert_eq!((numbers(&waiting), waiting.count()), (vec![5], 1));
    }
}
