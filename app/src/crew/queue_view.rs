//! The queues in the page: reported messages, and held ones.

use leptos::prelude::*;
use wire::Seq;
use wire::frame::Verb;
use wire::moderation::{Held, ReportCase};

use super::list::{coming, failed};
use super::queue::{Cases, Waiting};
use super::{Crew, Loaded, Subject};
use crate::icon::{icon, small_icon};
use crate::{clock, dom, format};

/// Reported messages, most reports first.
pub fn reports(crew: Crew) -> AnyView {
    let cases = Memo::new(move |_| {
        crew.cases
            .with(|cases| cases.here().map(Cases::in_order).unwrap_or_default())
    });
    let again = Callback::new(move |()| crew.fetch_queues());
    let state = Memo::new(move |_| state(&crew.cases.read(), Cases::listed, Cases::count));
    let oldest = move || {
        let oldest = crew.cases.with(|cases| cases.here().and_then(Cases::oldest))?;
        let minutes = crew.now().saturating_sub(oldest) / 60_000;
        Some(format!(
            "Oldest: {}",
            if minutes == 0 {
                "just now".to_owned()
            } else {
                format!("{minutes} min")
            }
        ))
    };
    let row = move |case: ReportCase| case_row(crew, &case);
    view! {
        {move || offline(crew).or_else(|| are_old(crew).then(|| old(again)))}
        <div class="queue" id="queue" tabindex="0" role="group" aria-label="Reported messages">
            <p class="desk__hint hint num">{oldest}</p>
            {move || below(state.get(), "Nothing is reported. Enjoy the show.", again)}
            <ol><For each=move || cases.get() key=|case| (case.message.seq, case.count, case.message.hidden) children=row/></ol>
        </div>
    }
    .into_any()
}

/// Held messages, oldest first.
pub fn held(crew: Crew) -> AnyView {
    let waiting = Memo::new(move |_| {
        crew.waiting
            .with(|waiting| waiting.here().map(Waiting::in_order).unwrap_or_default())
    });
    let again = Callback::new(move |()| crew.fetch_queues());
    let state = Memo::new(move |_| state(&crew.waiting.read(), Waiting::listed, Waiting::count));
    let row = move |held: Held| held_row(crew, &held);
    view! {
        {move || offline(crew).or_else(|| are_old(crew).then(|| old(again)))}
        <div class="queue" id="queue" tabindex="0" role="group" aria-label="Held messages">
            {move || below(state.get(), "No message waits.", again)}
            <ol><For each=move || waiting.get() key=|held| held.held children=row/></ol>
        </div>
    }
    .into_any()
}

/// Queues stand still without a connection; that is said, and they are read again afterwards.
pub fn offline(crew: Crew) -> Option<AnyView> {
    (!crew.is_connected()).then(|| {
        view! { <p class="desk__offline">{small_icon("alert")}"No connection: this may be old. It is read again when the chat is back."</p> }.into_any()
    })
}

fn are_old(crew: Crew) -> bool {
    let are_here =
        crew.cases.with(|cases| cases.here().is_some()) && crew.waiting.with(|waiting| waiting.here().is_some());
    crew.is_old.get() && are_here
}

/// Says that what is shown could not be read again.
pub fn old(again: Callback<()>) -> AnyView {
    view! {
        <p class="desk__offline">
            {small_icon("alert")}"This could not be read again, and may be old."
            <button type="button" class="link" on:click=move |_| again.run(())>"Try again"</button>
        </p>
    }
    .into_any()
}

/// What there is of a queue to show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is on its way.
    Coming,
    /// It could not be read.
    Failed,
    /// Nothing waits.
    Empty,
    /// Something does.
    Some,
}

/// What there is of a queue to show, by how many are listed of how many there are.
pub fn state<T>(loaded: &Loaded<T>, listed: fn(&T) -> usize, count: fn(&T) -> u64) -> State {
    match loaded {
        Loaded::Coming => State::Coming,
        Loaded::Failed => State::Failed,
        Loaded::Here(queue) if count(queue) == 0 => State::Empty,
        // The next ones are on their way.
        Loaded::Here(queue) if listed(queue) == 0 => State::Coming,
        Loaded::Here(_) => State::Some,
    }
}

/// What stands in the place of a queue.
pub fn below(state: State, empty: &'static str, again: Callback<()>) -> Option<AnyView> {
    match state {
        State::Coming => Some(coming()),
        State::Failed => Some(failed(again)),
        State::Empty => Some(view! { <p class="desk__empty">{icon("check")}{empty}</p> }.into_any()),
        State::Some => None,
    }
}

fn case_row(crew: Crew, case: &ReportCase) -> AnyView {
    let Some(subject) = Subject::of(&case.message) else {
        return ().into_any();
    };
    let seq = case.message.seq;
    let text = case.message.body.as_ref().map(|body| body.text.clone());
    let reasons: Vec<String> = case
        .reasons
        .iter()
        .map(|reason| {
            if reason.count > 1 {
                format!("{} ({})", reason.reason, reason.count)
            } else {
                reason.reason.clone()
            }
        })
        .collect();
    let is_here = move || {
        crew.subject
            .with(|subject| subject.as_ref().and_then(|subject| subject.seq) == Some(seq))
    };
    let unit = if case.count == 1 { "report" } else { "reports" };
    let nickname = subject.nickname.clone();
    let (picked, hidden, banned, dismissed) = (subject.clone(), subject.clone(), subject.clone(), subject);
    let reason = case.reasons.first().map(|reason| reason.reason.clone());
    // The row goes: the focus stays in the queue.
    let hide = move |_| {
        crew.act_because(
            Verb::Hide { target: seq },
            Some(hidden.nickname.clone()),
            reason.clone(),
        );
        dom::focus("queue");
    };
    let dismiss = move |_| {
        crew.act_on(Verb::Dismiss { target: seq }, &dismissed);
        dom::focus("queue");
    };
    view! {
        <li class="case" class:case--here=is_here>
            <p class="case__count num"><b>{format::count(case.count)}</b><span>{unit}</span></p>
            <button type="button" class="case__body" aria-label="Select this message" on:click=move |_| crew.pick(picked.clone())>
                <span class="case__who"><bdi>{nickname}</bdi><span dir="auto">{reasons.join(", ")}</span></span>
                <span class="case__text" dir="auto">{text}</span>
                {move || also(crew, seq)}
            </button>
            <p class="case__do">
                <button type="button" class="button" on:click=hide>"Hide"</button>
                <button type="button" class="button button--bare" on:click=move |_| crew.ask_to_ban(banned.clone())>"Ban…"</button>
                <button type="button" class="button button--bare" on:click=dismiss>"Dismiss"</button>
            </p>
        </li>
    }
    .into_any()
}

/// Who else looks at a message.
pub fn also(crew: Crew, seq: Seq) -> Option<AnyView> {
    let me = crew.visit.member();
    let also = crew
        .looks
        .with(|looks| looks.also(seq, me.as_ref(), clock::monotonic()))?;
    Some(view! { <span class="case__on">{small_icon("people")}<bdi>{also}</bdi></span> }.into_any())
}

fn held_row(crew: Crew, held: &Held) -> AnyView {
    let number = held.held;
    let why = match &held.rule {
        Some(rule) => format!("rule: {rule}"),
        None => "all of theirs wait".to_owned(),
    };
    let member = held.member.clone();
    let (author, other) = (held.member.clone(), held.member.clone());
    let (approved, dropped) = (held.nickname.clone(), held.nickname.clone());
    let approve = move |_| {
        crew.act_about(Verb::Approve { held: number }, approved.clone(), &author);
        dom::focus("queue");
    };
    let drop = move |_| {
        crew.act_about(Verb::Drop { held: number }, dropped.clone(), &other);
        dom::focus("queue");
    };
    view! {
        <li class="case">
            <p class="case__count"><time class="num" datetime=format::machine(held.at)>{format::time(held.at)}</time></p>
            <button type="button" class="case__body" aria-label="Open the author’s card" on:click=move |_| crew.show_card(member.clone())>
                <span class="case__who"><bdi>{held.nickname.clone()}</bdi><span dir="auto">{why}</span></span>
                <span class="case__text" dir="auto">{held.text.clone()}</span>
            </button>
            <p class="case__do">
                <button type="button" class="button" on:click=approve>"Approve"</button>
                <button type="button" class="button button--bare" on:click=drop>"Drop"</button>
            </p>
        </li>
    }
    .into_any()
}
