//! The tickets that open nothing here, each with what happened and what to do.

use crate::part::{handler, part};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::UnixMillis;

use super::ticket::Paper;
use crate::icon::{icon, lamps};
use crate::page::Page;
use crate::visit::Visit;
use crate::{dom, format};

/// The seat went to another device.
#[component]
pub fn TakenOver(
    /// When this device learned of it.
    at: UnixMillis,
) -> impl IntoView {
    let visit: Visit = expect_context();
    dom::focus("ending");
    view! {
        <Paper class="ticket ticket--torn">
            <div class="gate-move">
                <p class="gate-move__way" aria-hidden="true">{icon("device")}{lamps("", 5, || 0)}{icon("laptop")}</p>
                <h2 id="ending" tabindex="-1">"Your seat moved to another device"</h2>
                <p>{format!("Your ticket was used elsewhere at {}, so this device left the room. If that was you, enjoy the show over there.", format::time(at))}</p>
                <p>"If it wasn’t, take your seat back: type the code again. Nobody can do that without your ticket."</p>
                <button type="button" class="button button--lamp button--wide" on:click=handler(move |_| visit.page.set(Page::Gate))>
                    "Type the code again"
                </button>
            </div>
        </Paper>
    }
}

/// The ticket was taken back.
#[component]
pub fn Revoked() -> impl IntoView {
    let visit: Visit = expect_context();
    dom::focus("ending");
    view! {
        <Paper class="ticket ticket--torn ticket--used">
            <div class="gate-move">
                <h2 id="ending" tabindex="-1">"This ticket was taken back"</h2>
                <p>"The organizer has withdrawn it, so its seat is gone. They can tell you why, and what to do."</p>
                <button type="button" class="button button--bare button--wide" on:click=handler(move |_| visit.page.set(Page::Gate))>
                    "Type another code"
                </button>
            </div>
        </Paper>
    }
}

/// The show is over.
#[component]
pub fn Over() -> impl IntoView {
    dom::focus("ending");
    view! {
        <Paper class="ticket ticket--torn ticket--used">
            <div class="gate-move">
                <h2 id="ending" tabindex="-1">"The show is over"</h2>
                <p>"The room is closed. Your seat is free, your nickname is gone with it, and nothing on this ticket points to you."</p>
                <p class="gate-move__small">"The organizer keeps a copy of the chat in case the law asks."</p>
            </div>
        </Paper>
    }
}

/// No event at this address.
#[component]
pub fn Missing() -> impl IntoView {
    view! {
        <Paper class="ticket ticket--torn ticket--used">
            <div class="gate-move">
                <h1 class="gate-move__title" id="ending" tabindex="-1">"Nothing plays here"</h1>
                <p>"This address leads to no event. Check it against your ticket, sign by sign, or follow the link that came with it."</p>
            </div>
        </Paper>
    }
}

/// The event could not be asked for.
#[component]
pub fn Broken() -> impl IntoView {
    let visit: Visit = expect_context();
    let asking = RwSignal::new(false);
    let again = move || {
        if asking.get_untracked() {
            return;
        }
        asking.set(true);
        spawn_local(async move {
            visit.begin().await;
            asking.try_set(false);
        });
    };
    let online = window_event_listener_untyped("online", move |_| again());
    on_cleanup(move || online.remove());
    view! {
        <Paper>
            <div class="gate-move" role="alert">
                <h1 class="gate-move__title">"The box office can’t be reached"</h1>
                <p>"Your ticket is as good as before. Look at your connection, then try again."</p>
                <button
                    type="button" class="button button--lamp button--wide" on:click=handler(move |_| again())
                    aria-busy=move || asking.get().then_some("true")
                >
                    {part(move || if asking.get() { "Trying…" } else { "Try again" })}
                </button>
            </div>
        </Paper>
    }
}
