//! The ticket is good and the doors are closed: what is left until they open. Then the page goes in by itself.

use std::time::Duration;

use crate::part::{handler, part};
use leptos::prelude::*;
use wire::{UnixMillis, code};

use super::countdown::{self, Left};
use super::doors::Doors;
use super::entry::{At, Entry};
use super::poster;
use super::ticket::Paper;
use crate::icon::lamps;
use crate::visit::Visit;
use crate::{clock, dom, format};

/// The wait in front of the doors.
#[component]
pub fn NotOpen(
    /// When they open.
    opens_at: UnixMillis,
) -> impl IntoView {
    let visit: Visit = expect_context();
    let entry: Entry = expect_context();
    let now = RwSignal::new(visit.now());
    clock::every(Duration::from_secs(1), move || {
        now.set(visit.now());
        entry.knock();
    });
    let online = window_event_listener_untyped("online", move |_| entry.doors.update(Doors::hurry));
    on_cleanup(move || online.remove());
    let are_tried = Memo::new(move |_| entry.doors.with(Doors::are_tried));
    let advice = move || {
        if are_tried.get() {
            "The box office gives no answer just now. Leave this page as it is: it keeps trying."
        } else {
            "Leave this page as it is: it takes you in by itself."
        }
    };
    let count = move || match Left::until(opens_at, now.get()) {
        Some(left) => poster::parts(Some(left)).into_any(),
        None => "The doors are opening".into_any(),
    };
    let another = move |_| {
        entry.at.set(At::Form);
        dom::focus("code");
    };
    dom::focus("not-open");
    view! {
        <Paper>
            <div class="gate-move">
                <h2 id="not-open" tabindex="-1">"The doors are still closed"</h2>
                <p role="status">{format!("They open at {}. ", format::time(opens_at))}{part(advice)}</p>
                <p class="gate-move__count num" role="timer">{part(count)}</p>
                {lamps("gate-move__lamps", countdown::LAMPS, move || countdown::lamps_on(opens_at, now.get()))}
                <button type="button" class="button button--bare button--wide" on:click=handler(another)>"Type another code"</button>
                <p class="gate-move__code">{format!("…{}", code::last_four(&entry.code.get_untracked()))}</p>
            </div>
        </Paper>
    }
}
