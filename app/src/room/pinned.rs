//! What the crew holds above the chat.

use crate::part::{handler, part};
use leptos::prelude::*;

use crate::chat::Chat;
use crate::dom;
use crate::icon::{icon, small_icon};
use crate::visit::Visit;

/// The pinned message, until the crew takes it away or the reader puts it away; another one is shown again.
#[component]
pub fn Pinned(chat: Chat) -> impl IntoView {
    let visit: Visit = expect_context();
    let put_away = RwSignal::new(visit.kept().unpinned());
    let pinned = Memo::new(move |_| {
        let pinned = chat.room.with(|room| room.as_ref()?.pinned_message.clone())?;
        (!pinned.hidden && put_away.get() != Some(pinned.seq)).then_some(pinned)
    });
    let put = move |_| {
        if let Some(pinned) = pinned.get_untracked() {
            visit.kept().keep_unpinned(pinned.seq);
            put_away.set(Some(pinned.seq));
            dom::focus_on();
        }
    };
    view! {
        <div class="chat__held" role="status">
            {part(move || {
                let pinned = pinned.get();
                dom::keep_focus(".pinned", dom::focus_on);
                pinned.and_then(|pinned| pinned.body).map(|body| view! {
                <div class="pinned">
                    {small_icon("pin")}
                    <p dir="auto"><span class="unseen" dir="ltr">"Pinned by the crew: "</span><b><bdi>{body.nickname}</bdi></b>" "{body.text}</p>
                    <button type="button" class="icon-button pinned__away" aria-label="Put the pinned message away" on:click=handler(put)>{icon("x")}</button>
                </div>
            }) })}
        </div>
    }
}
