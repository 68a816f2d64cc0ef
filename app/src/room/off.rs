//! What stands in the chat's place when there is none: what happened, what is safe, what to do. The stream beside it goes
//! on, whatever it says here.

use crate::part::{handler, part};
use leptos::prelude::*;
use wire::code;

use super::chat_panel::PARTS;
use crate::chat::Chat;
use crate::chat::session::{Ending, Shown};
use crate::dom;
use crate::icon::{icon, waiting_lamps};
use crate::visit::Visit;

/// Whether something stands in the chat's place.
pub fn is_off(shown: Shown) -> bool {
    matches!(shown, Shown::Unavailable { .. } | Shown::Preparing | Shown::Ended(_))
}

/// What it says first.
pub fn title(shown: Shown) -> Option<&'static str> {
    match shown {
        Shown::Unavailable { .. } => Some("The chat is taking a breath.\nThe show goes on."),
        Shown::Preparing => Some("Your place in the chat is being made."),
        Shown::Ended(Ending::OtherTab) => Some("The chat is open in another tab."),
        Shown::Ended(Ending::Banned) => Some("You are out of the chat."),
        Shown::Ended(Ending::Misunderstood) => Some("The chat and this page misunderstood each other."),
        Shown::Ended(Ending::ChatOff) => Some("The chat is closed."),
        Shown::Ended(Ending::SeatLost | Ending::EventOver | Ending::Revoked)
        | Shown::Quiet
        | Shown::Offline
        | Shown::Reconnecting => None,
    }
}

/// What stands there.
#[component]
pub fn ChatOff(chat: Chat) -> impl IntoView {
    let kind = Memo::new(move |_| match chat.link.get() {
        Shown::Unavailable { .. } => Shown::Unavailable { seconds: 0 },
        other => other,
    });
    part(move || {
        dom::keep_focus(PARTS, || dom::focus("off"));
        let kind = kind.get();
        let (mark, rest) = match kind {
            Shown::Unavailable { .. } => unavailable(chat),
            Shown::Preparing => preparing(),
            Shown::Ended(Ending::OtherTab) => other_tab(chat),
            Shown::Ended(Ending::Banned) => banned(),
            Shown::Ended(Ending::Misunderstood) => misunderstood(),
            _ => closed(),
        };
        title(kind).map(|title| {
            view! {
                <section class="chat__off" aria-labelledby="off">
                    {mark}
                    <h2 class="display" id="off" tabindex="-1">{title}</h2>
                    {rest}
                </section>
            }
        })
    })
}

fn unavailable(chat: Chat) -> (AnyView, AnyView) {
    let when = move || match chat.link.get() {
        Shown::Unavailable { seconds } if seconds > 0 => format!("Looking again in {seconds} s"),
        _ => "Looking again".to_owned(),
    };
    (
        waiting_lamps(9),
        view! {
            <p>"Nothing is lost: every line that was delivered is kept, and your draft too. The chat comes back by itself, you need not reload."</p>
            <p class="hint num" aria-hidden="true">{part(when)}</p>
            <button type="button" class="button" on:click=handler(move |_| chat.look_now())>"Look now"</button>
        }
        .into_any(),
    )
}

fn preparing() -> (AnyView, AnyView) {
    (
        waiting_lamps(9),
        view! { <p>"It opens here by itself, usually within a minute. The stream is yours already."</p> }.into_any(),
    )
}

fn other_tab(chat: Chat) -> (AnyView, AnyView) {
    (
        icon("laptop"),
        view! {
            <p>"One seat, one chat: it follows you to the tab that opened it last. Your draft stays here."</p>
            <button type="button" class="button button--lamp" on:click=handler(move |_| chat.start())>"Chat in this tab"</button>
        }
        .into_any(),
    )
}

fn banned() -> (AnyView, AnyView) {
    let visit: Visit = expect_context();
    let ticket = visit
        .ticket_end
        .get_untracked()
        .map(|end| format!(" (…{})", code::last_four(&end)));
    (
        icon("ban"),
        view! {
            <p>"A moderator banned this ticket. Your messages are hidden. The stream stays yours until the end."</p>
            <p class="hint">{format!("Think it was a mistake? Write to the organizer and name the last four signs of your ticket{}.", ticket.unwrap_or_default())}</p>
        }
        .into_any(),
    )
}

fn misunderstood() -> (AnyView, AnyView) {
    let reload = move |_| {
        let _ = location().reload();
    };
    (
        icon("alert"),
        view! {
            <p>"That is our fault, not yours. Your draft is safe: load the page again, and your seat is held."</p>
            <button type="button" class="button button--lamp" on:click=handler(reload)>"Load again"</button>
        }
        .into_any(),
    )
}

fn closed() -> (AnyView, AnyView) {
    (
        icon("clock"),
        view! { <p>"The stream goes on without it."</p> }.into_any(),
    )
}
