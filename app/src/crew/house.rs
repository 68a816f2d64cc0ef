//! The desk itself: a panel and a card. Under the stage where there is space, over the chat where there is none, and
//! never over the stream.

use leptos::prelude::*;

use super::card::CardPanel;
use super::{Crew, Panel, audit_view, people, questions_view, queue_view, words_view};
use crate::icon::icon;

/// The desk.
pub fn house() -> AnyView {
    let crew: Crew = expect_context();
    let panel = Memo::new(move |_| crew.panel.get());
    let has_card = Memo::new(move |_| crew.card.with(Option::is_some));
    view! {
        <div class="desk" class:desk--open=move || crew.is_open.get() class:desk--card=move || crew.card_is_open.get()>
            <section class="desk__panel desk__main" aria-labelledby="desk">
                {move || {
                    let panel = panel.get();
                    view! {
                        <header class="desk__head">
                            <h2 id="desk" tabindex="-1">{title(panel)}</h2>
                            {summary(crew, panel)}
                            <button type="button" class="icon-button desk__close" aria-label="Close" on:click=move |_| crew.close()>{icon("x")}</button>
                        </header>
                        {body(crew, panel)}
                    }
                }}
            </section>
            {move || if has_card.get() {
                view! { <CardPanel/> }.into_any()
            } else {
                view! { <section class="desk__panel desk__rest" aria-label="Member"><p class="desk__empty">"Select a message, and its author’s card is here."</p></section> }.into_any()
            }}
        </div>
    }
    .into_any()
}

fn title(panel: Panel) -> &'static str {
    match panel {
        Panel::Reports => "Reports",
        Panel::Held => "Held",
        Panel::Questions => "Questions",
        Panel::People => "People",
        Panel::Words => "Words",
        Panel::Audit => "Audit log",
    }
}

/// Beside the title: the other queue, a tap away, with what waits there.
fn summary(crew: Crew, panel: Panel) -> Option<AnyView> {
    let tab = move |to: Panel, name: &'static str, count: u64| {
        let class = if to == panel {
            "desk__tab desk__tab--here"
        } else {
            "desk__tab"
        };
        view! {
            <button type="button" class=class aria-pressed=(to == panel).to_string() on:click=move |_| crew.show(to)>
                {name}<span class="num">{count}</span>
            </button>
        }
    };
    let queues = move || {
        view! { {tab(Panel::Reports, "Reports", crew.open_cases())}{tab(Panel::Held, "Held", crew.held_messages())} }
    };
    matches!(panel, Panel::Reports | Panel::Held)
        .then(|| view! { <div class="desk__tabs" role="group" aria-label="Queues">{queues}</div> }.into_any())
}

fn body(crew: Crew, panel: Panel) -> AnyView {
    match panel {
        Panel::Reports => queue_view::reports(crew),
        Panel::Held => queue_view::held(crew),
        Panel::Questions => questions_view::questions(crew),
        Panel::People => people::people(crew),
        Panel::Words => words_view::words(crew),
        Panel::Audit => audit_view::audit(crew),
    }
}
