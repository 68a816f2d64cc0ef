//! The house under the stream: whose night it is, where there is space to say so; and the footlights above it.

use crate::part::part;
use leptos::prelude::*;

use crate::chat::Chat;
use crate::chat::footlights::{Footlights, LAMPS};
use crate::format;
use crate::gate::is_long;
use crate::icon::wordmark;
use crate::visit::Visit;

/// Whose night it is.
#[component]
pub fn House(children: Children) -> impl IntoView {
    let visit: Visit = expect_context();
    let starts = move || {
        visit.event.get().map(|event| {
            let began = if visit.now() >= event.starts_at {
                "Started"
            } else {
                "Starts"
            };
            let zone = format::zone().map(|zone| format!(", {zone}")).unwrap_or_default();
            format!("{began} {}, your time{zone}", format::time(event.starts_at))
        })
    };
    let class = move || {
        if is_long(&visit.title()) {
            "house__title house__title--long display"
        } else {
            "house__title display"
        }
    };
    view! {
        <div class="house">
            <div class="house__show">
                <p class="house__by" dir="auto">{part(move || visit.artist())}</p>
                <p class=class dir="auto">{part(move || visit.title())}</p>
                <p class="house__meta num">{part(starts)}</p>
            </div>
            <div class="house__mark">{wordmark()}</div>
            {children()}
        </div>
    }
}

/// The room's last minute, a lamp a second.
#[component]
pub fn FootlightsRow(chat: Chat) -> impl IntoView {
    let label = Memo::new(move |_| match chat.lights.with(Footlights::total) {
        0 => "The room in the last minute: quiet".to_owned(),
        1 => "The room in the last minute: 1 line".to_owned(),
        lines => format!("The room in the last minute: {} lines", format::count(lines)),
    });
    let lamp = move |place: usize| {
        let brightness = Memo::new(move |_| chat.lights.with(|lights| lights.brightness(place)));
        view! { <i style:--v=move || brightness.get()></i> }
    };
    view! { <div class="footlights" role="img" aria-label=move || label.get()>{(0..LAMPS).map(lamp).collect::<Vec<_>>()}</div> }
}
