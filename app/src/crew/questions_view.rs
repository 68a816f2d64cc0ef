//! The questions in the page: a list for each state, and what can be done about each question.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};
use wire::Seq;
use wire::stage::QuestionState;

use super::asked::{Asked, Order, steady};
use super::questions::List;
use super::queue_view::{also, below, offline, old, state};
use super::standing::{self, Act, STANDINGS};
use super::{Crew, Subject};
use crate::icon::small_icon;
use crate::{dom, format};

/// Which list, and the list.
pub fn questions(crew: Crew) -> AnyView {
    let shown = crew.questions.shown;
    let list = move || list(crew, crew.questions.of(shown.get()));
    view! {
        <div class="desk__tabs desk__tabs--row" role="group" aria-label="Which questions">
            {STANDINGS.map(|state| tab(crew, state)).collect_view()}
        </div>
        {list}
    }
    .into_any()
}

/// How many questions a list has, once that is known.
pub fn count(crew: Crew, state: QuestionState) -> Option<u64> {
    let order = crew.questions.of(state).order;
    order.with(|order| order.here().map(Order::count))
}

fn tab(crew: Crew, state: QuestionState) -> AnyView {
    let shown = crew.questions.shown;
    let is_shown = move || shown.get() == state;
    let count = Memo::new(move |_| count(crew, state));
    let count = move || {
        count
            .get()
            .map(|count| view! { <span class="num">{format::count(count)}</span> })
    };
    view! {
        <button type="button" class="desk__tab" class:desk__tab--here=is_shown aria-pressed=move || is_shown().to_string() on:click=move |_| shown.set(state)>
            {standing::name(state)}{count}
        </button>
    }
    .into_any()
}

/// One list. It does not move under a hand: what is pointed at, or has the focus, stays in its place.
fn list(crew: Crew, list: List) -> AnyView {
    let again = Callback::new(move |()| list.read());
    let (is_pointed_at, is_focused) = (RwSignal::new(false), RwSignal::new(false));
    let focus = move |target| {
        let is_now = is_in_row(target);
        if is_now != is_focused.get_untracked() {
            is_focused.set(is_now);
        }
    };
    let seqs = Memo::new(move |before: Option<&Vec<Seq>>| {
        let is_held = is_pointed_at.get() || (is_focused.get() && has_focus());
        let now = list
            .order
            .with(|order| order.here().map(Order::seqs).unwrap_or_default());
        match before {
            Some(before) if is_held => steady(before, &now),
            _ => now,
        }
    });
    let face = Memo::new(move |_| state(&list.order.read(), Order::listed, Order::count));
    let is_old = move || list.is_old.get() && list.order.with(|order| order.here().is_some());
    view! {
        {move || offline(crew).or_else(|| is_old().then(|| old(again)))}
        <div
            class="queue" id="queue" tabindex="0" role="group" aria-label=format!("Questions: {}", standing::name(list.state))
            on:pointerenter=move |_| is_pointed_at.set(true) on:pointerleave=move |_| is_pointed_at.set(false)
            on:focusin=move |event| focus(event.target()) on:focusout=move |event| focus(event.related_target())
        >
            <p class="desk__hint hint num">{move || hint(list)}</p>
            {move || below(face.get(), standing::empty(list.state), again)}
            <ol><For each=move || seqs.get() key=|seq| *seq children=move |seq| row(crew, list, seq)/></ol>
        </div>
    }
    .into_any()
}

/// The list itself takes the focus when a row went from under it: then no row has to stay.
fn is_in_row(target: Option<EventTarget>) -> bool {
    let element = target.and_then(|target| target.dyn_into::<Element>().ok());
    element.is_some_and(|element| element.closest(".case").is_ok_and(|row| row.is_some()))
}

/// Whether the focus is in a row now: no event tells when a row that has it is taken out.
fn has_focus() -> bool {
    is_in_row(document().active_element().map(EventTarget::from))
}

/// Says when the list is not all there is.
fn hint(list: List) -> Option<String> {
    let (listed, count) = list
        .order
        .with(|order| order.here().map(|order| (order.listed() as u64, order.count())))?;
    (listed < count).then(|| {
        let (listed, count) = (format::count(listed), format::count(count));
        format!("The {listed} most asked of {count}.")
    })
}

fn row(crew: Crew, list: List, seq: Seq) -> AnyView {
    let asked = Memo::new(move |_| list.order.with(|order| order.here()?.get(seq).cloned()));
    let Some(first) = asked.get_untracked() else {
        return ().into_any();
    };
    let nickname = Memo::new(move |_| asked.with(|asked| asked.as_ref().map(|asked| asked.nickname.clone())));
    let votes = Memo::new(move |_| asked.with(|asked| asked.as_ref().map_or(0, |asked| asked.votes)));
    let unit = move || if votes.get() == 1 { "vote" } else { "votes" };
    let is_on_stage = Memo::new(move |_| crew.room(|room| room.spotlight == Some(seq)) == Some(true));
    let is_here = move || {
        crew.subject
            .with(|subject| subject.as_ref().and_then(|subject| subject.seq) == Some(seq))
    };
    let pick = move |_| {
        if let Some(asked) = asked.get_untracked() {
            crew.pick(Subject::from(asked));
        }
    };
    let (at, text_id) = (first.at, format!("question-{seq}"));
    let described = text_id.clone();
    view! {
        <li class="case case--question" class:case--here=is_here>
            <p class="case__count num"><b>{move || format::count(votes.get())}</b><span>{unit}</span></p>
            <button type="button" class="case__body" aria-current=move || is_here().then_some("true") on:click=pick>
                <span class="case__who">
                    <bdi>{move || nickname.get()}</bdi>
                    <span><time class="num" datetime=format::machine(at)>{format::time(at)}</time></span>
                </span>
                <span class="case__text" dir="auto" id=text_id>{first.text}</span>
                {move || is_on_stage.get().then(|| view! { <span class="case__on">{small_icon("lamp")}"On stage"</span> })}
                {move || also(crew, seq)}
            </button>
            <p class="case__do">{acts(crew, list.state, seq, asked, is_on_stage, &described)}</p>
        </li>
    }
    .into_any()
}

fn acts(
    crew: Crew,
    state: QuestionState,
    seq: Seq,
    asked: Memo<Option<Asked>>,
    is_on_stage: Memo<bool>,
    described: &str,
) -> AnyView {
    let capabilities = crew.chat.capabilities;
    let acts = Memo::new(move |_| capabilities.with(|all| standing::acts(state, is_on_stage.get(), all)));
    let described = described.to_owned();
    let button = move |act: Act| {
        let class = move || {
            let is_first = acts.with(|acts| acts.first() == Some(&act));
            if is_first { "button" } else { "button button--bare" }
        };
        let run = move |_| {
            let who = asked.with_untracked(|asked| asked.as_ref().map(|asked| asked.nickname.clone()));
            crew.act_because(act.verb(seq, is_on_stage.get_untracked()), who, None);
            // The row goes, or the button: the focus stays in the list.
            if act != Act::Stage || state != QuestionState::Queued {
                dom::focus("queue");
            }
        };
        let name = move || act.name(is_on_stage.get());
        view! { <button type="button" class=class aria-describedby=described.clone() on:click=run>{name}</button> }
    };
    view! { <For each=move || acts.get() key=|act| *act children=button/> }.into_any()
}
