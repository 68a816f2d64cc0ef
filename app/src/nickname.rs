//! The nickname: one question between the gate and the room, that may also stay unanswered.

mod check;
mod form;

pub use form::NicknameForm;

use crate::part::{handler, part};
use leptos::prelude::*;

use crate::dom;
use crate::icon::{icon, wordmark};
use crate::page::Page;
use crate::visit::Visit;

/// The page that asks for a nickname.
#[component]
pub fn NicknamePage() -> impl IntoView {
    let visit: Visit = expect_context();
    let walk_in = Callback::new(move |()| visit.page.set(Page::Room));
    let just_watch = move |_| {
        visit.kept().keep_just_watching(true);
        visit.page.set(Page::Room);
    };
    let ends_in = move || {
        visit
            .ticket_end
            .get()
            .map(|end| view! { " "<span class="num">"It ends in "{end}</span> })
    };
    let is_live = move || {
        visit
            .event
            .with(|event| event.as_ref().is_some_and(|event| visit.now() >= event.starts_at))
    };
    dom::focus(if dom::has_fine_pointer() {
        "nickname"
    } else {
        "nickname-title"
    });
    view! {
        <main class="gate nickname">
            <div class="gate__beam" aria-hidden="true"></div>
            <header class="gate__head">{wordmark()}{part(move || is_live().then(|| view! { <p class="live">"Live now"</p> }))}</header>
            <section class="gate__ticket nickname__card">
                <div class="nickname__ok">{icon("check")}<span>"Your ticket is good."{ends_in}</span></div>
                <h1 class="display nickname__title" id="nickname-title" tabindex="-1">"What should we call you?"</h1>
                <p class="nickname__lead">"Only tonight, only in this room. Any script, 2\u{a0}to\u{a0}24\u{a0}signs, nobody else’s."</p>
                <NicknameForm done=walk_in/>
                <p class="hint">
                    "The stream plays without a name too. "
                    <button type="button" class="link" on:click=handler(just_watch)>"Just watch"</button>
                </p>
            </section>
        </main>
    }
}
