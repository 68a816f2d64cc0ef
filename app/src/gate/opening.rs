//! The ticket is good, and the room is on its way: a program of its own, which may take a moment or not come at all.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::ticket::Paper;
use crate::icon::waiting_lamps;
use crate::part::{handler, part};
use crate::program::{Fetching, Later, Programs};
use crate::visit::Visit;
use crate::{api, clock, dom};

/// What stands here until the room takes over.
#[component]
pub fn Opening() -> impl IntoView {
    let room = expect_context::<Programs>().room;
    clock::every(Duration::from_secs(1), move || room.fetch_when_due());
    let online = window_event_listener_untyped("online", move |_| room.hurry());
    on_cleanup(move || online.remove());
    let is_missing = Memo::new(move |_| matches!(room.fetching.get(), Fetching::Failed | Fetching::Late));
    view! {
        <Paper>
            {part(move || {
                dom::focus("opening");
                if is_missing.get() { missing(room) } else { coming() }
            })}
        </Paper>
    }
}

fn coming() -> AnyView {
    view! {
        <div class="gate-move">
            <h2 id="opening" tabindex="-1">"Your ticket is good"</h2>
            <p class="gate-move__wait" role="status">{waiting_lamps(5)}"The room opens in a moment."</p>
        </div>
    }
    .into_any()
}

fn missing(room: Later) -> AnyView {
    let visit: Visit = expect_context();
    let is_trying = move || room.fetching.get() == Fetching::Late;
    view! {
        <div class="gate-move">
            <h2 id="opening" tabindex="-1">"The room can’t be reached"</h2>
            <p role="alert">"Your ticket is good and your seat is held. Look at your connection: the room opens by itself as soon as it can."</p>
            <button
                type="button" class="button button--lamp button--wide" on:click=handler(move |_| try_again(visit, room))
                aria-busy=move || is_trying().then_some("true")
            >
                {part(move || if is_trying() { "Trying…" } else { "Try again" })}
            </button>
        </div>
    }
    .into_any()
}

/// A server that answers may be a newer one, which has the room under another name: then a page that is loaded again
/// finds it, and this browser's seat.
fn try_again(visit: Visit, room: Later) {
    let is_known = visit.kept().seated().is_some();
    spawn_local(async move {
        if is_known && api::event(&visit.slug()).await.is_ok() {
            let _ = location().reload();
        } else {
            room.fetch();
        }
    });
}
