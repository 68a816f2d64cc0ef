//! The engine's errands: what a moderator does and what a fan reports, each with its answer; and what the server tells the
//! staff alone.

use std::rc::Rc;

use leptos::prelude::*;
use wire::frame::{Act, Report, Verb};
use wire::{Received, Seq};

use super::{Chat, Inner, encoded};
use crate::chat::errands::{NotDone, Outcome};
use crate::chat::ids::digits;
use crate::{clock, dom};

/// What is done with an errand's outcome.
pub(super) type Done = Box<dyn FnOnce(Outcome)>;

/// What hears the frames for the staff, the control entries of the log, and the sums of votes and reactions.
pub(super) type Listener = Rc<dyn Fn(&Received)>;

impl Chat {
    /// Moderates. `done` is called once, with the answer or with why there is none.
    pub fn act(self, verb: Verb, reason: Option<String>, done: impl FnOnce(Outcome) + 'static) {
        self.run(|id| encoded(&Act { id, reason, verb }), Box::new(done));
    }

    /// Tells the moderators about a message.
    pub fn report(self, target: Seq, reason: Option<String>, done: impl FnOnce(Outcome) + 'static) {
        self.run(|id| encoded(&Report { id, target, reason }), Box::new(done));
    }

    /// Hears what the staff is told (`review`, `case`, `audit`, `looking`, `question`, still to be read), the control entries,
    /// and the sums of votes and reactions, in order, each after the transcript took it, as long as the current owner lives.
    pub fn on_staff(self, listener: impl Fn(&Received) + 'static) {
        let number = self.inner(|inner| {
            let number = inner.listener_number.get() + 1;
            inner.listener_number.set(number);
            inner.listeners.borrow_mut().push((number, Rc::new(listener)));
            number
        });
        on_cleanup(move || {
            self.inner(|inner| {
                inner.listeners.borrow_mut().retain(|(other, _)| Some(*other) != number);
            });
        });
    }

    pub(super) fn run(self, frame: impl FnOnce(Option<String>) -> String, done: Done) {
        let unsent = self.inner(move |inner| {
            if !inner.session.borrow().is_live() {
                return Some(done);
            }
            let id = digits(&dom::random::<16>());
            let frame = frame(Some(id.clone()));
            inner.send(&frame);
            let mut errands = inner.errands.borrow_mut();
            errands.add(id, frame, clock::monotonic(), done).err()
        });
        if let Some(Some(done)) = unsent {
            done(Err(NotDone::Unsent));
        }
    }

    /// The server answered this id; whether it was an errand's.
    pub(super) fn errand_ended(self, id: &str, outcome: Outcome) -> bool {
        let done = self.inner(|inner| inner.errands.borrow_mut().answered(id)).flatten();
        let was_errand = done.is_some();
        if let Some(done) = done {
            done(outcome);
        }
        was_errand
    }

    /// Gives up what waited for too long.
    pub(super) fn give_up_errands(self, now: u64) {
        let overdue = self.inner(|inner| inner.errands.borrow_mut().overdue(now));
        for done in overdue.into_iter().flatten() {
            done(Err(NotDone::Unanswered));
        }
    }

    pub(super) fn tell_staff(self, received: &Received) {
        let listeners = self.inner(|inner| inner.listeners.borrow().clone());
        for (_, listener) in listeners.into_iter().flatten() {
            listener(received);
        }
    }
}

impl Inner {
    /// Asks again for what the last connection left unanswered.
    pub(super) fn send_errands(&self) {
        for frame in self.errands.borrow().frames() {
            self.send(frame);
        }
    }
}
