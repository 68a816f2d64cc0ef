//! Dark or light: what the visitor picked, or else what their device prefers.

use crate::part::{handler, part};
use leptos::prelude::*;

use crate::icon::icon;
use crate::storage;

/// Applies the theme that was picked on an earlier visit.
pub fn restore() {
    if let Some(theme @ ("dark" | "light")) = storage::theme().as_deref() {
        apply(theme);
    }
}

/// The button that switches to the other theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let is_light = RwSignal::new(shows_light());
    let label = move || {
        if is_light.get() {
            "Switch to the dark theme"
        } else {
            "Switch to the light theme"
        }
    };
    let switch = move |_| {
        let theme = if shows_light() { "dark" } else { "light" };
        apply(theme);
        storage::keep_theme(theme);
        is_light.set(theme == "light");
    };
    view! {
        <button type="button" class="icon-button" aria-label=label on:click=handler(switch)>
            {part(move || icon(if is_light.get() { "moon" } else { "sun" }))}
        </button>
    }
}

fn apply(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
}

fn shows_light() -> bool {
    let picked = document()
        .document_element()
        .and_then(|root| root.get_attribute("data-theme"));
    match picked.as_deref() {
        Some(theme) => theme == "light",
        None => window()
            .match_media("(prefers-color-scheme: light)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    }
}
