//! The chat beside the stream: its head, the connection's state, the transcript or what stands in its place, the composer.

use crate::part::{handler, part, watch};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::banner::Banner;
use super::composer::Composer;
use super::leave::Leave;
use super::off::{ChatOff, is_off};
use super::pinned::Pinned;
use super::question::Spotlight;
use super::transcript_view::{LastScroller, NewLines, TranscriptView};
use crate::chat::Chat;
use crate::desk::Tools;
use crate::icon::{icon, small_icon, waiting_lamps};
use crate::nickname::NicknameForm;
use crate::program::{Fetching, Programs};
use crate::theme::ThemeSwitch;
use crate::visit::Visit;
use crate::{api, dom, format};

/// What changes with the chat's state.
pub const PARTS: &str = ".chat__held, .transcript, .chat__foot, .chat__off";

/// The chat.
#[component]
pub fn ChatPanel(chat: Chat, scroller: LastScroller, tools: Option<Tools>) -> impl IntoView {
    let off = Memo::new(move |_| is_off(chat.link.get()));
    let naming = RwSignal::new(false);
    let choose_name = Callback::new(move |()| naming.set(true));
    let at_work = move || tools.filter(|tools| (tools.is_on)());
    let people = move || {
        chat.online
            .get()
            .map(|online| format!("{} here", format::count(online)))
    };
    view! {
        <section class="chat" aria-label="Chat">
            <header class="chat__head">
                <h2 class="chat__title">"Chat"</h2>
                <p class="chat__people num">{part(move || people().map(|people| view! { {small_icon("people")}{people} }))}</p>
                <span class="stream__gap"></span>
                <ThemeSwitch/>
                <Leave/>
                {tools.map(|tools| (tools.switch)())}
            </header>
            {part(move || at_work().map(|tools| (tools.bar)()))}
            <Banner chat/>
            <DeskNote/>
            <NewLines chat/>
            {part(move || if off.get() {
                view! { <ChatOff chat/> }.into_any()
            } else {
                dom::keep_focus(PARTS, dom::focus_on);
                view! {
                    <Spotlight chat/>
                    <Pinned chat/>
                    <TranscriptView chat scroller tools/>
                    {part(move || at_work().map(|tools| (tools.over)()))}
                    <div class="chat__foot"><Composer chat choose_name/></div>
                }
                .into_any()
            })}
            {part(move || naming.get().then(|| view! { <NameDialog naming/> }))}
        </section>
    }
}

/// What a moderator is told while the desk is on its way.
#[component]
fn DeskNote() -> impl IntoView {
    let desk = expect_context::<Programs>().desk;
    let visit: Visit = expect_context();
    let was_asked = StoredValue::new(false);
    // A server that answers and still has no such desk is a newer one: a page that is loaded again finds its desk.
    let try_again = move |_| {
        if !was_asked.get_value() {
            was_asked.set_value(true);
            desk.fetch();
            return;
        }
        spawn_local(async move {
            if api::event(&visit.slug()).await.is_ok() {
                let _ = location().reload();
            } else {
                desk.fetch();
            }
        });
    };
    let note = move || match desk.fetching.get() {
        Fetching::No | Fetching::Coming | Fetching::Loaded => None,
        Fetching::Late => {
            Some(view! { <p class="banner">{waiting_lamps(5)}<span>"Fetching the crew’s desk"</span></p> }.into_any())
        }
        Fetching::Failed => Some(
            view! {
                <p class="banner">
                    {icon("alert")}<span>"The crew’s desk could not be fetched. The chat works without it."</span>
                    <button type="button" class="link" on:click=handler(try_again)>"Try again"</button>
                </p>
            }
            .into_any(),
        ),
    };
    view! { <div role="status">{note}</div> }
}

/// The question for a nickname, over the room.
#[component]
fn NameDialog(naming: RwSignal<bool>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    watch(move || {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        naming.set(false);
        dom::focus("say");
    };
    view! {
        <dialog class="dialog dialog--name" aria-labelledby="naming" node_ref=dialog on:close=handler(move |_| close())>
            <h2 class="dialog__title display" id="naming">"What should we call you?"</h2>
            <NicknameForm done=Callback::new(move |()| close())/>
            <button type="button" class="button button--bare" on:click=handler(move |_| close())>"Not now"</button>
        </dialog>
    }
}
