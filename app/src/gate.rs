//! The gate: the poster of the event, and the ticket, whose body is the one thing to do next.

pub mod countdown;
mod doors;
mod endings;
mod entry;
pub mod fragment;
mod in_use;
mod not_open;
mod opening;
mod poster;
mod refusal;
mod ticket;

pub use poster::is_long;

use crate::part::part;
use leptos::prelude::*;

use crate::gate::endings::{Broken, Missing, Over, Revoked, TakenOver};
use crate::gate::entry::{At, Entry};
use crate::gate::in_use::InUse;
use crate::gate::not_open::NotOpen;
use crate::gate::opening::Opening;
use crate::gate::poster::Poster;
use crate::gate::ticket::TicketForm;
use crate::icon::wordmark;
use crate::page::Page;
use crate::theme::ThemeSwitch;
use crate::visit::Visit;

/// The page in front of the room.
#[component]
pub fn Gate() -> impl IntoView {
    let visit: Visit = expect_context();
    let entry = Entry::new(visit);
    provide_context(entry);
    let has_field = Memo::new(move |_| visit.page.get() == Page::Gate && entry.at.get() == At::Form);
    view! {
        {part(move || has_field.get().then(|| view! { <a class="skip" href="#code">"Go to the ticket code"</a> }))}
        <main class="gate">
            <div class="gate__beam" aria-hidden="true"></div>
            <header class="gate__head">{wordmark()}<ThemeSwitch/></header>
            {part(move || visit.event.with(Option::is_some).then(|| view! { <Poster/> }))}
            <section class="gate__ticket" aria-label="Your ticket">
                {part(move || match visit.page.get() {
                    Page::Missing => view! { <Missing/> }.into_any(),
                    Page::Broken => view! { <Broken/> }.into_any(),
                    Page::TakenOver { at } => view! { <TakenOver at/> }.into_any(),
                    Page::Revoked => view! { <Revoked/> }.into_any(),
                    Page::Over => view! { <Over/> }.into_any(),
                    Page::Room => view! { <Opening/> }.into_any(),
                    Page::Loading | Page::Gate | Page::Nickname => view! { <Ticket/> }.into_any(),
                })}
            </section>
            <footer class="gate__foot"><p>"No account, no e-mail. The code on your ticket is all it takes."</p></footer>
        </main>
    }
}

/// The ticket to show, in one of its states.
#[component]
fn Ticket() -> impl IntoView {
    let entry: Entry = expect_context();
    part(move || match entry.at.get() {
        At::Form => view! { <TicketForm/> }.into_any(),
        At::InUse => view! { <InUse/> }.into_any(),
        At::NotOpen { opens_at } => view! { <NotOpen opens_at/> }.into_any(),
    })
}
