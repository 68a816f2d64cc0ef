//! The sheet with all keys, the words at one touch, and the way to the room.

use leptos::html;
use leptos::prelude::*;

use super::{Stage, keys};
use crate::dom;

/// Signs that a button has space for.
const QUICK_SIGNS: &str = "40";

/// The sheet, open.
#[component]
pub fn Sheet() -> impl IntoView {
    let stage: Stage = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        stage.help.set(false);
        dom::focus("stage");
    };
    let rows = keys::SHEET.map(|(names, what)| {
        let names = names.iter().map(|name| view! { <kbd>{*name}</kbd> }).collect_view();
        view! { <div class="keys__row"><dt>{names}</dt><dd>{what}</dd></div> }
    });
    let replies = (0..3).map(|place| {
        let label = format!("Quick reply {}", place + 1);
        let words = stage.quick.with_untracked(|quick| quick[place].clone());
        let change = move |event| stage.change_quick(place, &event_target_value(&event));
        view! { <input class="input" dir="auto" aria-label=label maxlength=QUICK_SIGNS value=words on:change=change/> }
    });
    let room = format!("/e/{}", stage.visit.slug());
    view! {
        <dialog class="dialog stage__sheet" aria-labelledby="keys" node_ref=dialog on:close=close>
            <h2 class="dialog__title display" id="keys">"Keys"</h2>
            <p class="dialog__text">"They work while nobody types. A presenter’s clicker sends some of them."</p>
            <dl class="keys">{rows.collect_view()}</dl>
            <fieldset class="stage__replies"><legend class="label">"Said at one touch"</legend>{replies.collect::<Vec<_>>()}</fieldset>
            <form method="dialog" class="dialog__actions">
                <a class="button" href=room>"To the room"</a>
                <button class="button button--lamp">"Close"</button>
            </form>
        </dialog>
    }
}
