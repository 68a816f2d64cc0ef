//! The chat beside the stream: its head, the connection's state, the transcript or what stands in its place, the composer.

use leptos::html;
use leptos::prelude::*;

use super::banner::Banner;
use super::composer::Composer;
use super::leave::Leave;
use super::off::{ChatOff, is_off};
use super::transcript_view::{LastScroller, NewLines, TranscriptView};
use crate::chat::Chat;
use crate::icon::small_icon;
use crate::nickname::NicknameForm;
use crate::theme::ThemeSwitch;
use crate::{dom, format};

/// The chat.
#[component]
pub fn ChatPanel(chat: Chat) -> impl IntoView {
    let off = Memo::new(move |_| is_off(chat.link.get()));
    let naming = RwSignal::new(false);
    let choose_name = Callback::new(move |()| naming.set(true));
    let scroller = LastScroller::new_local(None);
    let people = move || {
        chat.online
            .get()
            .map(|online| format!("{} here", format::count(online)))
    };
    view! {
        <section class="chat" aria-label="Chat">
            <header class="chat__head">
                <h2 class="chat__title">"Chat"</h2>
                <p class="chat__people num">{move || people().map(|people| view! { {small_icon("people")}{people} })}</p>
                <span class="stream__gap"></span>
                <ThemeSwitch/>
                <Leave/>
            </header>
            <Banner chat/>
            <NewLines chat/>
            {move || if off.get() {
                view! { <ChatOff chat/> }.into_any()
            } else {
                keep_focus("say");
                view! { <TranscriptView chat scroller/><div class="chat__foot"><Composer chat choose_name/></div> }.into_any()
            }}
            {move || naming.get().then(|| view! { <NameDialog naming/> })}
        </section>
    }
}

/// Called where a part of the chat is about to be replaced: a focus that would be lost with it goes to this element.
pub fn keep_focus(id: &'static str) {
    let focused = document().active_element();
    let is_inside = focused.and_then(|focused| focused.closest(".transcript, .chat__foot, .chat__off").ok()?);
    if is_inside.is_some() {
        dom::focus(id);
    }
}

/// The question for a nickname, over the room.
#[component]
fn NameDialog(naming: RwSignal<bool>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        naming.set(false);
        dom::focus("say");
    };
    view! {
        <dialog class="dialog dialog--name" aria-labelledby="naming" node_ref=dialog on:close=move |_| close()>
            <h2 class="dialog__title display" id="naming">"What should we call you?"</h2>
            <NicknameForm done=Callback::new(move |()| close())/>
            <button type="button" class="button button--bare" on:click=move |_| close()>"Not now"</button>
        </dialog>
    }
}
