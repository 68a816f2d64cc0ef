//! A row of the transcript. Rows hold no signals: one that changes is drawn anew, and thousands cost nothing.

use leptos::prelude::*;
use wire::frame::MessageBody;
use wire::{Refusal, Role, Seq, UnixMillis};

use crate::chat::Chat;
use crate::chat::outbox::{Sending, Unsent};
use crate::chat::rows::Row;
use crate::icon::{icon, small_icon, waiting_lamps};
use crate::{dom, format};

/// Draws a row.
pub fn row(row: Row, chat: Chat, nickname: &str) -> AnyView {
    match row {
        Row::Day { at, .. } => view! { <li class="transcript__day"><span>{format::day(at)}</span></li> }.into_any(),
        Row::Line { line, run, mine } => match &line.message.body {
            Some(body) if !line.message.hidden => said(line.message.seq, body, run, mine),
            _ => hidden(line.message.seq),
        },
        Row::Unsent { unsent, run } => on_its_way(unsent, run, chat, nickname),
    }
}

fn said(seq: Seq, body: &MessageBody, run: bool, mine: bool) -> AnyView {
    let role = match body.role {
        Role::Fan => None,
        role => Some(role.as_str()),
    };
    let class = match (run, body.question) {
        (false, false) => "message",
        (true, false) => "message message--run",
        (false, true) => "message message--question",
        (true, true) => "message message--run message--question",
    };
    let who = (!run).then(|| who(&body.nickname, body.role, mine, Some(body.at)));
    view! {
        <li class=class data-role=role data-seq=seq>
            {who}
            <p class="message__text" dir="auto">{body.text.clone()}</p>
        </li>
    }
    .into_any()
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
    let class = if run { "message message--run" } else { "message" };
    let state = match unsent.state {
        Sending::Kept(_) => None,
        Sending::Failed(_) => Some("failed"),
        Sending::Waiting | Sending::OnItsWay | Sending::Held { .. } => Some("pending"),
    };
    let who = (!run).then(|| who(nickname, Role::Fan, true, None));
    let below = match unsent.state {
        Sending::Kept(_) => None,
        Sending::Failed(refusal) => Some(failed(unsent.id.clone(), refusal, chat)),
        Sending::Held { .. } | Sending::Waiting => Some(waiting("Goes out in a moment")),
        Sending::OnItsWay => Some(waiting("Sending")),
    };
    view! {
        <li class=class data-state=state>
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

fn failed(id: String, refusal: Refusal, chat: Chat) -> AnyView {
    let discarded = id.clone();
    let retry = move |_| {
        chat.retry(&id);
        dom::focus("say");
    };
    let discard = move |_| {
        chat.discard(&discarded);
        dom::focus("say");
    };
    view! {
        <p class="message__state message__state--bad">
            {small_icon("alert")}
            <span>"Not sent."{reason(refusal)}</span>
            <button type="button" class="link" on:click=retry>"Try again"</button>
            <button type="button" class="link" on:click=discard>"Discard"</button>
        </p>
    }
    .into_any()
}

/// Why a line was not sent, after the words that say so.
fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NicknameMissing => " It needs a nickname first.",
        Refusal::TextEmpty => " Nothing in it can be read.",
        Refusal::TextTooLong => " It is longer than 500 signs.",
        Refusal::RateLimited => " Too many lines at once.",
        Refusal::NotOpen => " The room is closed.",
        Refusal::NotAllowed => " This ticket may not send.",
        Refusal::LeaseLost => " Your seat moved.",
        Refusal::Unavailable => " The room was too busy.",
        Refusal::UnknownTarget | Refusal::Invalid | Refusal::UnknownType | Refusal::Unknown => "",
    }
}
