//! The ticket seats another device right now: move the seat here, or leave it there.

use crate::part::{handler, part};
use leptos::prelude::*;
use wire::code;

use super::entry::{At, Entry};
use super::ticket::Paper;
use crate::dom;
use crate::icon::{icon, lamps};

/// The question whether to move the seat.
#[component]
pub fn InUse() -> impl IntoView {
    let entry: Entry = expect_context();
    let leave_it = move |_| {
        entry.at.set(At::Form);
        dom::focus("code");
    };
    dom::focus("in-use");
    view! {
        <Paper>
            <div class="gate-move">
                <p class="gate-move__way" aria-hidden="true">{icon("laptop")}{lamps("", 5, || 3)}{icon("device")}</p>
                <h2 id="in-use" tabindex="-1">"In use on another device"</h2>
                <p>"A ticket seats one device at a time. Move your seat here, and the other one loses its place in the chat at once. Your nickname and your lines come with you."</p>
                <button
                    type="button" class="button button--lamp button--wide"
                    aria-busy=move || entry.asking.get().then_some("true")
                    on:click=handler(move |_| entry.show(true))
                >
                    {part(move || if entry.asking.get() { "Moving your seat…" } else { "Move my seat here" })}
                </button>
                <button type="button" class="button button--bare button--wide" on:click=handler(leave_it)>"Leave it there"</button>
                <p class="gate-move__code">{format!("…{}", code::last_four(&entry.code.get_untracked()))}</p>
            </div>
        </Paper>
    }
}
