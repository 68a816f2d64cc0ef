//! The room: the stage, and the chat beside it. Neither waits for the other.

mod banner;
mod chat_panel;
mod composer;
mod hls;
mod house;
mod leave;
mod message;
mod off;
mod pinned;
mod question;
mod reactions;
mod report;
mod scroll;
mod source;
mod stream;
mod transcript_view;
mod video;
mod waiting;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ChatState;

use crate::chat::Chat;
use crate::chat::session::{Ending, Shown};
use crate::desk::is_at_stage;
use crate::page::Page;
use crate::part::part;
use crate::program::Programs;
use crate::room::chat_panel::ChatPanel;
use crate::room::house::{FootlightsRow, House};
use crate::room::leave::Leave;
use crate::room::reactions::{Floats, ReactionBar};
use crate::room::stream::Stream;
use crate::theme::ThemeSwitch;
use crate::visit::Visit;
use crate::{api, clock, dom};

pub use transcript_view::LastScroller;

/// Without a socket that would tell it, a page asks this often whether its seat is still its own; each at its own time.
const SEAT_LOOK: Duration = Duration::from_secs(90);
const SEAT_LOOK_SPREAD: f64 = 60.0;

/// The room, for a program that has it.
pub const ROOM: fn() -> AnyView = || view! { <Room/> }.into_any();

#[component]
fn Room() -> AnyView {
    let visit: Visit = expect_context();
    let admission = visit.admission.get_untracked();
    let address = admission.as_ref().and_then(|admission| admission.stream.clone());
    let is_staff = admission.as_ref().is_some_and(|admission| admission.role.is_staff());
    let state = admission.map(|admission| admission.chat);
    let has_chat = state != Some(ChatState::Off);
    let chat = has_chat.then(|| Chat::new(visit));
    let scroller = LastScroller::new_local(None);
    watch_seat(visit, chat);
    // A desk is of use where there is a chat.
    let tools = expect_context::<Programs>().here.tools.filter(|_| has_chat);
    if let (Some(tools), Some(chat), true) = (tools, chat, is_staff && is_at_stage()) {
        return (tools.stage)(chat);
    }
    if let (Some(tools), Some(chat)) = (tools, chat) {
        (tools.open)(chat, scroller);
    }
    let is_at_work = Memo::new(move |_| tools.is_some_and(|tools| (tools.is_on)()));
    let has_field = matches!(state, Some(ChatState::Ready | ChatState::Paused));
    dom::focus(if has_field && dom::has_fine_pointer() {
        "say"
    } else {
        "room"
    });
    let heading = part(move || format!("{}, {}, live", visit.title(), visit.artist()));
    view! {
        {chat.map(|_| view! { <a class="skip" href="#say">"Go to the chat"</a> })}
        <main class=move || match (has_chat, is_at_work.get()) {
            (false, _) => "room room--solo",
            (true, false) => "room",
            (true, true) => "room room--admin",
        }>
            <h1 class="unseen" id="room" tabindex="-1">{heading}</h1>
            <div class="room__stage">
                <Stream address>{chat.map(|chat| view! { <Floats chat/> })}</Stream>
                {chat.map(|chat| view! { <FootlightsRow chat/><ReactionBar chat/> })}
                {part(move || tools.filter(|_| is_at_work.get()).map(|tools| (tools.house)()))}
                <House>{(!has_chat).then(|| view! { <div class="house__actions"><ThemeSwitch/><Leave/></div> })}</House>
            </div>
            {chat.map(|chat| view! { <ChatPanel chat scroller tools/> })}
        </main>
    }
    .into_any()
}

/// Looks now and then whether the seat is still this device's, while no socket tells; who was banned may come back sooner
/// than that, so also when they look at the page again.
fn watch_seat(visit: Visit, chat: Option<Chat>) {
    let period = SEAT_LOOK + Duration::from_secs_f64(clock::random() * SEAT_LOOK_SPREAD);
    clock::every(period, move || look_after_seat(visit, chat));
    if chat.is_some() {
        let seen = window_event_listener_untyped("focus", move |_| look_after_seat(visit, chat));
        on_cleanup(move || seen.remove());
    }
}

fn look_after_seat(visit: Visit, chat: Option<Chat>) {
    let has_no_socket =
        move || chat.is_none_or(|chat| chat.link.try_get_untracked() == Some(Shown::Ended(Ending::Banned)));
    if !has_no_socket() {
        return;
    }
    spawn_local(async move {
        let answer = api::seat(&visit.slug()).await;
        if visit.page.get_untracked() != Page::Room {
            return;
        }
        match answer {
            Ok(admission) if is_let_in(admission.chat) && has_no_socket() => {
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
}

/// Whether the chat takes this member, now or as soon as it can.
fn is_let_in(chat: ChatState) -> bool {
    !matches!(chat, ChatState::Banned | ChatState::Off | ChatState::Preparing)
}
