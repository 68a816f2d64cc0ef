//! The sheet with all keys.

use leptos::html;
use leptos::prelude::*;

use super::{Crew, keys};

/// The sheet, open.
#[component]
pub fn Sheet() -> impl IntoView {
    let crew: Crew = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let rows = keys::SHEET.map(|(names, what)| {
        let names = names.iter().map(|name| view! { <kbd>{*name}</kbd> }).collect_view();
        view! { <div class="keys__row"><dt>{names}</dt><dd>{what}</dd></div> }
    });
    view! {
        <dialog class="dialog" aria-labelledby="keys" node_ref=dialog on:close=move |_| crew.help.set(false)>
            <h2 class="dialog__title display" id="keys">"Keys"</h2>
            <p class="dialog__text">"They work while admin mode is on and nobody types."</p>
            <dl class="keys">{rows.collect_view()}</dl>
            <form method="dialog" class="dialog__actions"><button class="button button--crew">"Close"</button></form>
        </dialog>
    }
}
