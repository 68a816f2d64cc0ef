//! Showing a ticket: the code that was typed, the call, and where its answer leads.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{Problem, ProblemCode, UnixMillis, code};

use super::doors::Doors;
use super::refusal::Refusal;
use crate::page::Page;
use crate::tries::{Tries, is_passing};
use crate::visit::Visit;
use crate::{api, clock, dom};

/// Where a ticket stands that is being shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Its code is typed.
    Form,
    /// Another device has the seat.
    InUse,
    /// The doors are closed.
    NotOpen {
        /// When they open.
        opens_at: UnixMillis,
    },
}

/// A ticket that is being shown. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Where it stands.
    pub at: RwSignal<At>,
    /// The code as it was typed.
    pub code: RwSignal<String>,
    /// What the gate said against it.
    pub refusal: RwSignal<Option<Refusal>>,
    /// The gate is asked right now.
    pub asking: RwSignal<bool>,
    /// The doors that it waits at.
    pub doors: RwSignal<Doors>,
    /// The tries at a server that is busy.
    tries: StoredValue<Tries>,
    /// What was shown last: the code, and whether to take the seat over.
    shown: StoredValue<(String, bool)>,
    visit: Visit,
}

impl Entry {
    /// No code yet.
    pub fn new(visit: Visit) -> Self {
        Self {
            at: RwSignal::new(At::Form),
            code: visit.code,
            refusal: RwSignal::new(None),
            asking: RwSignal::new(false),
            doors: RwSignal::default(),
            tries: StoredValue::default(),
            shown: StoredValue::default(),
            visit,
        }
    }

    /// Shows the ticket to the gate.
    pub fn show(self, takeover: bool) {
        if self.asking.get_untracked() {
            return;
        }
        self.refusal.set(None);
        // Another ticket has not been kept waiting yet.
        if self.shown.with_value(|(code, _)| *code != self.code.get_untracked()) {
            self.tries.set_value(Tries::default());
        }
        self.ask(takeover);
    }

    /// The wait is over: a ticket that was kept waiting is shown again, with the word of it left standing.
    pub fn go_on(self) {
        let (code, takeover) = self.shown.get_value();
        if self.refusal.get_untracked().is_some_and(Refusal::is_busy) && self.code.get_untracked() == code {
            self.ask(takeover);
        } else {
            self.refusal.set(None);
        }
    }

    fn ask(self, takeover: bool) {
        let typed = self.code.get_untracked();
        if code::is_blank(&typed) {
            self.refuse(Refusal::NothingTyped);
            return;
        }
        let asked_at = self.at.get_untracked();
        self.asking.set(true);
        self.shown.set_value((typed.clone(), takeover));
        spawn_local(async move {
            let left = self.visit.stop_leaving().await;
            let answer = api::admit(&self.visit.slug(), typed.trim().to_owned(), takeover).await;
            if self.asking.try_set(false).is_some() {
                return; // the gate is gone, and with it this ticket
            }
            match answer {
                Ok(admission) => self.visit.admit(admission, &typed),
                Err(trouble) => {
                    if left {
                        self.visit.tell_of_leaving();
                    }
                    // Who has turned to another code meanwhile is told nothing of this one.
                    if self.at.get_untracked() == asked_at {
                        self.turned_away(trouble.problem());
                    }
                }
            }
        });
    }

    /// Shows the ticket again, if the doors should be open by now.
    pub fn knock(self) {
        let (time, now) = (self.visit.now(), clock::monotonic());
        let knocks = !self.asking.get_untracked()
            && self.doors.try_maybe_update(|doors| (false, doors.knock(time, now))) == Some(true);
        if knocks {
            self.show(false);
        }
    }

    fn turned_away(self, problem: Option<&Problem>) {
        if self.waits_on(problem) {
            return;
        }
        let comes_back = self.comes_back(problem);
        if !comes_back {
            self.tries.set_value(Tries::default());
            self.refusal.set(None);
        }
        match problem.map(|problem| problem.code) {
            Some(ProblemCode::TicketInUse) => self.at.set(At::InUse),
            Some(ProblemCode::NotOpen) => self.wait_until(self.opening(problem)),
            Some(ProblemCode::EventOver) => self.visit.page.set(Page::Over),
            Some(ProblemCode::EventUnknown) => self.visit.page.set(Page::Missing),
            _ if comes_back => self.try_again(problem),
            _ => self.refuse(Refusal::from_problem(problem, clock::monotonic())),
        }
    }

    /// Whether the ticket stays at the doors, to be shown again later.
    fn waits_on(self, problem: Option<&Problem>) -> bool {
        let At::NotOpen { opens_at } = self.at.get_untracked() else {
            return false;
        };
        let is_moved =
            problem.is_some_and(|problem| problem.code == ProblemCode::NotOpen) && self.opening(problem) != opens_at;
        let (now, random) = (clock::monotonic(), clock::random());
        !is_moved
            && self
                .doors
                .try_update(|doors| doors.stay_shut(problem, now, random))
                .unwrap_or_default()
    }

    fn wait_until(self, opens_at: UnixMillis) {
        self.doors.set(Doors::open_at(opens_at, clock::random()));
        self.at.set(At::NotOpen { opens_at });
    }

    fn opening(self, problem: Option<&Problem>) -> UnixMillis {
        let doors_at = self
            .visit
            .event
            .with_untracked(|event| event.as_ref().map(|event| event.doors_at));
        problem
            .and_then(|problem| problem.opens_at)
            .or(doors_at)
            .unwrap_or_default()
    }

    /// Whether the ticket is shown again by itself: the server takes nobody right now, or gives no answer to one that is waiting.
    fn comes_back(self, problem: Option<&Problem>) -> bool {
        let says_busy = problem.is_some_and(|problem| problem.code == ProblemCode::Unavailable);
        let is_waiting = self.refusal.get_untracked().is_some_and(Refusal::is_busy);
        says_busy || is_waiting && is_passing(problem)
    }

    /// Comes back when the server wishes, a little later each time. Only the first time is news that moves the focus.
    fn try_again(self, problem: Option<&Problem>) {
        let (shown, takeover) = self.shown.get_value();
        if shown != self.code.get_untracked() {
            self.refusal.set(None);
            return;
        }
        let (now, random) = (clock::monotonic(), clock::random());
        let wish = problem.and_then(|problem| problem.retry_after_ms);
        self.tries.update_value(|tries| tries.failed(wish, now, random));
        let refusal = Refusal::busy(takeover, self.tries.with_value(Tries::due), now);
        if self.refusal.get_untracked().is_some_and(Refusal::is_busy) {
            self.refusal.set(Some(refusal.again()));
        } else {
            self.refuse(refusal);
        }
    }

    fn refuse(self, refusal: Refusal) {
        self.at.set(At::Form);
        self.refusal.set(Some(refusal));
        dom::focus("code");
    }
}
