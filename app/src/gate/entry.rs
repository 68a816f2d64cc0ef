//! Showing a ticket: the code that was typed, the call, and where its answer leads.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{ProblemCode, UnixMillis, code};

use super::fragment;
use super::refusal::Refusal;
use crate::page::Page;
use crate::visit::Visit;
use crate::{api, clock, dom};

/// When the doors open, a crowd that waits in front of them is let in over this long, in milliseconds.
const OPENING_SPREAD: f64 = 3_000.0;

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
    visit: Visit,
}

impl Entry {
    /// No code yet.
    pub fn new(visit: Visit) -> Self {
        Self {
            at: RwSignal::new(At::Form),
            code: RwSignal::new(String::new()),
            refusal: RwSignal::new(None),
            asking: RwSignal::new(false),
            visit,
        }
    }

    /// Fills in the code that a link carried, and takes it out of the address: it is not for shoulders or histories.
    pub fn take_code_from_address(self) {
        let Some(found) = location().hash().ok().and_then(|hash| fragment::code(&hash)) else {
            return;
        };
        self.code.set(found);
        let address = location().pathname().unwrap_or_default() + &location().search().unwrap_or_default();
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
        }
    }

    /// Shows the ticket to the gate.
    pub fn show(self, takeover: bool) {
        if self.asking.get_untracked() {
            return;
        }
        let typed = self.code.get_untracked();
        if code::fold(&typed).is_empty() {
            self.refuse(Refusal::NothingTyped);
            return;
        }
        self.asking.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = api::admit(&self.visit.slug(), typed.trim().to_owned(), takeover).await;
            if self.asking.try_set(false).is_some() {
                return; // the gate is gone, and with it this ticket
            }
            match answer {
                Ok(admission) => {
                    self.visit.ticket_end.set(Some(code::last_four(&typed)));
                    self.visit.enter(admission);
                }
                Err(trouble) => self.turned_away(&trouble),
            }
        });
    }

    /// The doors should be open now: shows the ticket again, a moment later than others may.
    pub fn show_when_open(self, opens_at: UnixMillis) {
        let left = opens_at.saturating_sub(self.visit.now());
        let spread = std::time::Duration::from_secs_f64(clock::random() * OPENING_SPREAD / 1_000.0);
        let handle = set_timeout_with_handle(
            move || self.show(false),
            std::time::Duration::from_millis(left) + spread,
        );
        if let Ok(handle) = handle {
            on_cleanup(move || handle.clear());
        }
    }

    fn turned_away(self, trouble: &api::Trouble) {
        let problem = trouble.problem();
        match trouble.code() {
            Some(ProblemCode::TicketInUse) => self.at.set(At::InUse),
            Some(ProblemCode::NotOpen) => {
                let opens_at = problem.and_then(|problem| problem.opens_at);
                let doors_at = self
                    .visit
                    .event
                    .with_untracked(|event| event.as_ref().map(|event| event.doors_at));
                self.at.set(At::NotOpen {
                    opens_at: opens_at.or(doors_at).unwrap_or_default(),
                });
            }
            Some(ProblemCode::EventOver) => self.visit.page.set(Page::Over),
            Some(ProblemCode::EventUnknown) => self.visit.page.set(Page::Missing),
            _ => self.refuse(Refusal::from_problem(problem, clock::monotonic())),
        }
    }

    fn refuse(self, refusal: Refusal) {
        self.at.set(At::Form);
        self.refusal.set(Some(refusal));
        dom::focus("code");
    }
}
