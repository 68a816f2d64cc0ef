//! Leaving the room: asked once, since the seat is free afterwards.

use crate::part::handler;
use leptos::html;
use leptos::prelude::*;

use crate::icon::icon;
use crate::visit::Visit;

/// The button, and the question behind it.
#[component]
pub fn Leave() -> impl IntoView {
    let visit: Visit = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    let ask = move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    };
    let stay = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    view! {
        <button type="button" class="icon-button" aria-label="Leave the room" on:click=handler(ask)>{icon("exit")}</button>
        <dialog class="dialog" aria-labelledby="leave" node_ref=dialog>
            <h2 class="dialog__title display" id="leave">"Leave the room?"</h2>
            <p class="dialog__text">"Your seat is free then. Come back any time with the code on your ticket: your nickname and your lines stay."</p>
            <div class="dialog__actions">
                <button type="button" class="button button--lamp" on:click=handler(stay)>"Stay"</button>
                <button type="button" class="button" on:click=handler(move |_| visit.leave())>"Leave the room"</button>
            </div>
        </dialog>
    }
}
