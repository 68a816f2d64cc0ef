//! The room: the stage, and the chat beside it. Neither waits for the other.

mod banner;
mod chat_panel;
mod composer;
mod hls;
mod house;
mod leave;
mod message;
mod off;
mod scroll;
mod source;
mod stream;
mod transcript_view;
mod video;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ChatState;

use crate::chat::Chat;
use crate::chat::session::{Ending, Shown};
use crate::page::Page;
use crate::room::chat_panel::ChatPanel;
use crate::room::house::{FootlightsRow, House};
use crate::room::leave::Leave;
use crate::room::stream::Stream;
use crate::theme::ThemeSwitch;
use crate::visit::Visit;
use crate::{api, clock, dom};

/// Without a socket that would tell it, a page asks this often whether its seat is still its own; each at its own time.
const SEAT_LOOK: Duration = Duration::from_secs(90);
const SEAT_LOOK_SPREAD: f64 = 60.0;

/// The room.
#[component]
pub fn Room() -> impl IntoView {
    let visit: Visit = expect_context();
    let admission = visit.admission.get_untracked();
    let address = admission.as_ref().and_then(|admission| admission.stream.clone());
    let state = admission.map(|admission| admission.chat);
    let has_chat = state != Some(ChatState::Off);
    let chat = has_chat.then(|| Chat::new(visit));
    watch_seat(visit, chat);
    let has_field = state == Some(ChatState::Ready);
    dom::focus(if has_field && dom::has_fine_pointer() {
        "say"
    } else {
        "room"
    });
    let heading = move || format!("{}, {}, live", visit.title(), visit.artist());
    view! {
        {chat.map(|_| view! { <a class="skip" href="#say">"Go to the chat"</a> })}
        <main class=if has_chat { "room" } else { "room room--solo" }>
            <h1 class="unseen" id="room" tabindex="-1">{heading}</h1>
            <div class="room__stage">
                <Stream address/>
                {chat.map(|chat| view! { <FootlightsRow chat/> })}
                <House>{(!has_chat).then(|| view! { <div class="house__actions"><ThemeSwitch/><Leave/></div> })}</House>
            </div>
            {chat.map(|chat| view! { <ChatPanel chat/> })}
        </main>
    }
}

/// Looks now and then whether the seat is still this device's, while no socket tells.
fn watch_seat(visit: Visit, chat: Option<Chat>) {
    let period = SEAT_LOOK + Duration::from_secs_f64(clock::random() * SEAT_LOOK_SPREAD);
    clock::every(period, move || {
        let is_banned =
            move || chat.is_none_or(|chat| chat.link.try_get_untracked() == Some(Shown::Ended(Ending::Banned)));
        if !is_banned() {
            return;
        }
        spawn_local(async move {
            let answer = api::seat(&visit.slug()).await;
            if visit.page.get_untracked() != Page::Room {
                return;
            }
            match answer {
                Ok(admission) if admission.chat == ChatState::Ready && is_banned() => {
                    if let Some(chat) = chat {
                        chat.start();
                    }
                }
                Ok(_) => {}
                Err(trouble) => {
                    visit.is_sent_out(&trouble);
                }
            }
        });
    });
}
