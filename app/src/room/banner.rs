//! The connection, said once and quietly: lost, and back again.

use std::time::Duration;

use leptos::prelude::*;

use crate::chat::Chat;
use crate::chat::session::Shown;
use crate::icon::{icon, waiting_lamps};

/// How long "back again" is shown.
const BACK_FOR: Duration = Duration::from_secs(3);

/// What the banner says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Offline,
    Reconnecting,
    Back,
}

/// The banner above the transcript. Its region is always there, so that a screen reader hears what comes into it.
#[component]
pub fn Banner(chat: Chat) -> impl IntoView {
    let says = RwSignal::new(Says::Nothing);
    Effect::new(move |before: Option<Shown>| {
        let shown = chat.link.get();
        match (before, shown) {
            (_, Shown::Reconnecting) if !window().navigator().on_line() => says.set(Says::Offline),
            (_, Shown::Reconnecting) => says.set(Says::Reconnecting),
            (Some(Shown::Reconnecting), Shown::Quiet) => {
                says.set(Says::Back);
                set_timeout(move || clear(says), BACK_FOR);
            }
            (Some(Shown::Quiet), Shown::Quiet) => {}
            _ => says.set(Says::Nothing),
        }
        shown
    });
    view! {
        <div role="status">
            {move || match says.get() {
                Says::Nothing => None,
                Says::Offline => Some(waiting("You are offline. Your draft is safe.")),
                Says::Reconnecting => Some(waiting("Reconnecting. Your draft is safe.")),
                Says::Back => Some(view! { <p class="banner banner--good">{icon("check")}<span>"Back again. Nothing was missed."</span></p> }.into_any()),
            }}
        </div>
    }
}

fn waiting(words: &'static str) -> AnyView {
    view! { <p class="banner">{waiting_lamps(5)}<span>{words}</span></p> }.into_any()
}

fn clear(says: RwSignal<Says>) {
    if says.try_get_untracked() == Some(Says::Back) {
        says.set(Says::Nothing);
    }
}
