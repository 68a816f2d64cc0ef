//! A row of the transcript. Rows hold no signals: one that changes is drawn anew, and thousands cost nothing.

use crate::part::handler;
use leptos::prelude::*;
use wire::frame::MessageBody;
use wire::{Refusal, Role, Seq, UnixMillis};

use crate::chat::Chat;
use crate::chat::outbox::{Sending, Unsent};
use crate::chat::refusal::reason;
use crate::chat::rows::Row;
use crate::icon::{icon, small_icon, waiting_lamps};
use crate::room::question::{quote, vote};
use crate::{dom, format};

/// Draws a row.
pub fn row(row: Row, chat: Chat, nickname: &str) -> AnyView {
    match row {
        Row::Day { at, .. } => view! { <li class="transcript__day"><span>{format::day(at)}</span></li> }.into_any(),
        Row::Line { line, run, mine, asked } => match &line.message.body {
            Some(body) if !line.message.hidden => {
                let asked = body.answers.map(|_| quote(asked.as_deref()));
                said(line.message.seq, body, run, mine, asked, chat)
            }
            _ => hidden(line.message.seq),
        },
        Row::Unsent { unsent, run } => on_its_way(unsent, run, chat, nickname),
    }
}

fn said(seq: Seq, body: &MessageBody, run: bool, mine: bool, asked: Option<AnyView>, chat: Chat) -> AnyView {
    let role = match body.role {
        Role::Fan => None,
        role => Some(role.as_str()),
    };
    let who = (!run).then(|| who(&body.nickname, body.role, mine, Some(body.at)));
    let vote = body.question.then(|| vote(chat, seq, body.answered.is_some(), mine));
    view! {
        <li class=class(run, body.question) data-role=role data-seq=seq>
            {asked}
            {who}
            <p class="message__text" dir="auto">{body.text.clone()}</p>
            {vote}
        </li>
    }
    .into_any()
}

const fn class(run: bool, question: bool) -> &'static str {
    match (run, question) {
        (false, false) => "message",
        (true, false) => "message message--run",
        (false, true) => "message message--question",
        (true, true) => "message message--run message--question",
    }
}

fn who(nickname: &str, role: Role, mine: bool, at: Option<UnixMillis>) -> AnyView {
    let time = at.map(|at| {
        view! { <time class="message__time num" datetime=format::machine(at)><bdi>{format::time(at)}</bdi></time> }
    });
    let you = mine.then(|| view! { <span class="message__you">"you"</span> });
    view! { <p class="message__who"><bdi>{nickname.to_owned()}</bdi>{badge(role)}{you}{time}</p> }.into_any()
}

fn badge(role: Role) -> Option<AnyView> {
    match role {
        Role::Fan => None,
        Role::Artist => Some(view! { <span class="badge badge--artist">{icon("mic")}"Artist"</span> }.into_any()),
        Role::Moderator => {
            Some(view! { <span class="badge badge--moderator">{icon("shield")}"Crew"</span> }.into_any())
        }
    }
}

fn hidden(seq: Seq) -> AnyView {
    view! { <li class="message message--hidden" data-seq=seq>{small_icon("hide")}<span>"Hidden by a moderator"</span></li> }.into_any()
}

fn on_its_way(unsent: Unsent, run: bool, chat: Chat, nickname: &str) -> AnyView {
    let state = match unsent.state {
        Sending::Kept(_) => None,
        Sending::Failed(_) => Some("failed"),
        Sending::Waiting | Sending::OnItsWay | Sending::Later { .. } | Sending::WithCrew { .. } => Some("pending"),
    };
    let who = (!run).then(|| who(nickname, Role::Fan, true, None));
    let below = match unsent.state {
        Sending::Kept(_) => None,
        Sending::Failed(refusal) => Some(failed(unsent.id.clone(), refusal, unsent.detail.clone(), chat)),
        Sending::Later { .. } => Some(waiting("Goes out in a moment")),
        Sending::Waiting => Some(waiting("Goes out as soon as it can")),
        Sending::WithCrew { .. } => {
            Some(view! { <p class="message__state">{small_icon("shield")}"Waiting for the crew"</p> }.into_any())
        }
        Sending::OnItsWay => Some(waiting("Sending")),
    };
    view! {
        <li class=class(run, unsent.question) data-state=state>
            {who}
            <p class="message__text" dir="auto">{unsent.text}</p>
            {below}
        </li>
    }
    .into_any()
}

fn waiting(words: &'static str) -> AnyView {
    view! { <p class="message__state">{waiting_lamps(3)}{words}</p> }.into_any()
}

fn failed(id: String, refusal: Refusal, detail: Option<String>, chat: Chat) -> AnyView {
    let (again, discarded) = (id.clone(), id.clone());
    let retry = move |_| {
        chat.retry(&again);
        dom::focus_on();
    };
    let edit = move |_| {
        chat.edit(&id);
        dom::focus("say");
    };
    let discard = move |_| {
        chat.discard(&discarded);
        dom::focus_on();
    };
    let why = match detail {
        Some(detail) => view! { " "<bdi>{detail}</bdi> }.into_any(),
        None => reason(refusal).into_any(),
    };
    let way_on = match refusal {
        // As it is, the answer would be the same.
        Refusal::Dropped | Refusal::Words | Refusal::TextEmpty | Refusal::TextTooLong => {
            view! { <button type="button" class="link" on:click=handler(edit)>"Edit"</button> }.into_any()
        }
        _ => view! { <button type="button" class="link" on:click=handler(retry)>"Try again"</button> }.into_any(),
    };
    view! {
        <p class="message__state message__state--bad">
            {small_icon("alert")}
            <span>"Not sent."{why}</span>
            {way_on}
            <button type="button" class="link" on:click=handler(discard)>"Discard"</button>
        </p>
    }
    .into_any()
}
