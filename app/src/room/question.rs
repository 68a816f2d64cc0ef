//! Questions in the room: the vote beside each, the one that an answer is about, and the one that is on stage above the
//! chat.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use wire::{Capability, Seq};

use crate::chat::Chat;
use crate::chat::transcript::Line;
use crate::icon::small_icon;
use crate::part::{handler, part};
use crate::room::report::seq_of;
use crate::{dom, format};

/// How many asked a question, and the way to ask it too; or that it was answered.
pub fn vote(chat: Chat, seq: Seq, is_answered: bool, is_mine: bool) -> AnyView {
    let votes = Memo::new(move |_| chat.votes.with(|votes| votes.of(seq)));
    let number = part(move || format::count(votes.get()));
    if is_answered {
        return view! { <p class="message__vote message__vote--done">{small_icon("check")}"Answered"</p> }.into_any();
    }
    let may = chat.capabilities.with_untracked(|all| all.contains(&Capability::Vote));
    if is_mine || !may {
        return view! { <p class="message__vote message__vote--done num">{small_icon("up")}<span class="unseen">"Also asked by "</span>{number}</p> }
            .into_any();
    }
    let is_own = Memo::new(move |_| chat.votes.with(|votes| votes.is_own(seq)));
    view! {
        <button
            type="button" class="message__vote num" aria-label=move || format!("Ask this too, {} do", format::count(votes.get()))
            aria-pressed=move || is_own.get().to_string() on:click=handler(move |_| chat.vote(seq))
        >{small_icon("up")}{number}</button>
    }
    .into_any()
}

/// The question whose vote has the focus.
pub fn focused() -> Option<Seq> {
    let vote = document().active_element()?;
    let row = vote.closest(".message--question").ok()??;
    seq_of(&row)
}

/// Gives the focus back to the vote of a question that was drawn anew, or to the transcript where there is none any more.
pub fn keep_focus(seq: Seq) {
    let is_kept = document().active_element().is_some_and(|at| at.tag_name() != "BODY");
    if is_kept {
        return;
    }
    let vote = document().query_selector(&format!("[data-seq='{seq}'] button.message__vote"));
    match vote.ok().flatten().and_then(|vote| vote.dyn_into::<HtmlElement>().ok()) {
        Some(vote) => drop(vote.focus()),
        None => dom::focus("messages"),
    }
}

/// The question that a message answers, as far as it is held and may be seen.
pub fn quote(asked: Option<&Line>) -> AnyView {
    let body = asked
        .filter(|asked| !asked.message.hidden)
        .and_then(|asked| asked.message.body.as_ref());
    let words = match body {
        Some(body) => {
            view! { <bdi>{body.nickname.clone()}</bdi><span dir="auto">{body.text.clone()}</span> }.into_any()
        }
        None => view! { <span>"a question from earlier"</span> }.into_any(),
    };
    view! { <p class="message__quote">{small_icon("question")}<span class="unseen">"Answers "</span>{words}</p> }
        .into_any()
}

/// The question on stage, held above the chat.
#[component]
pub fn Spotlight(chat: Chat) -> impl IntoView {
    let asked = Memo::new(move |_| {
        let asked = chat.room.with(|room| room.as_ref()?.spotlight_message.clone())?;
        asked
            .body
            .filter(|_| !asked.hidden)
            .map(|body| (asked.seq, body.nickname, body.text))
    });
    let votes = Memo::new(move |_| {
        let seq = asked.with(|asked| asked.as_ref().map(|(seq, ..)| *seq))?;
        Some(chat.votes.with(|votes| votes.of(seq))).filter(|votes| *votes > 0)
    });
    let count = part(move || votes.get().map(|votes| format!("{} asked", format::count(votes))));
    let held = move |(_, nickname, text)| {
        view! {
            <p class="spotlight__text"><bdi class="spotlight__who">{nickname}</bdi>" "<span dir="auto">{text}</span></p>
        }
    };
    let is_held = Memo::new(move |_| asked.with(Option::is_some));
    view! {
        <div role="status">
            <section class="spotlight" aria-label="On stage now" hidden=move || !is_held.get()>
                <p class="eyebrow spotlight__label">{small_icon("lamp")}"On stage now"<span class="num spotlight__votes" aria-live="off">{count}</span></p>
                {part(move || asked.get().map(held))}
            </section>
        </div>
    }
}
