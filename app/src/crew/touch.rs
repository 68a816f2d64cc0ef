//! Selecting with a pointer: a click of a mouse, a finger that rests.

use std::cell::Cell;
use std::time::Duration;

use leptos::prelude::*;
use web_sys::{MouseEvent, PointerEvent};

use super::{Crew, mark};

/// How long a finger rests on a line to select it.
const LONG_PRESS: Duration = Duration::from_millis(500);

/// So far a resting finger may move, in CSS pixels.
const FINGER_MOVES: f64 = 10.0;

/// The finger on the screen.
#[derive(Default)]
pub struct Finger {
    press: Cell<Option<(TimeoutHandle, f64, f64)>>,
    /// The last pointer was one.
    is_last: Cell<bool>,
}

impl Crew {
    pub(super) fn clicked(self, event: &MouseEvent) {
        // Not every browser says of a click what made it.
        let is_finger = self.timers.try_with_value(|timers| timers.finger.is_last.get()) == Some(true);
        if is_finger || !self.works() || mark::has_marked_words() {
            return;
        }
        if let Some(seq) = mark::line_of(event.target()) {
            self.select(seq);
        }
    }

    pub(super) fn touched(self, event: &PointerEvent) {
        let is_finger = event.pointer_type() == "touch";
        self.timers
            .try_with_value(|timers| timers.finger.is_last.set(is_finger));
        self.lifted();
        // A second finger is a pinch.
        if !is_finger || !event.is_primary() || !self.works() {
            return;
        }
        let Some(seq) = mark::line_of(event.target()) else {
            return;
        };
        let select = move || {
            self.lifted();
            self.select(seq);
        };
        if let Ok(timer) = set_timeout_with_handle(select, LONG_PRESS) {
            let place = (timer, f64::from(event.client_x()), f64::from(event.client_y()));
            self.timers
                .try_with_value(|timers| timers.finger.press.set(Some(place)));
        }
    }

    pub(super) fn moved(self, event: &PointerEvent) {
        self.timers.try_with_value(|timers| {
            let Some((timer, x, y)) = timers.finger.press.get() else {
                return;
            };
            let (dx, dy) = (f64::from(event.client_x()) - x, f64::from(event.client_y()) - y);
            if dx.hypot(dy) > FINGER_MOVES {
                timer.clear();
                timers.finger.press.set(None);
            }
        });
    }

    pub(super) fn lifted(self) {
        self.timers.try_with_value(|timers| {
            if let Some((timer, ..)) = timers.finger.press.take() {
                timer.clear();
            }
        });
    }

    /// The browser's own menu would come in the middle of a long press.
    pub(super) fn asked_for_menu(self, event: &MouseEvent) {
        let is_pressed = self
            .timers
            .try_with_value(|timers| timers.finger.press.get().is_some())
            .unwrap_or_default();
        if is_pressed {
            event.prevent_default();
        }
    }
}
