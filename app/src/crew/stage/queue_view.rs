//! What comes next: the first questions of the queue, and how many are behind them.

use leptos::prelude::*;

use super::{Stage, fit, spot_view};
use crate::crew::Loaded;
use crate::crew::asked::{Asked, Order};
use crate::format;

/// Questions that are shown.
const SHOWN: usize = 3;

/// What there is to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Coming,
    Failed,
    Empty,
    Here,
}

/// The questions that wait; not the one in the spotlight.
#[component]
pub fn Queue() -> impl IntoView {
    let stage: Stage = expect_context();
    let present = Memo::new(move |_| {
        stage
            .chat
            .room
            .with(|room| room.as_ref().and_then(|room| room.spotlight))
    });
    let waiting = move || {
        stage.order.with(|order| {
            let asked = order.here().map(Order::asked).unwrap_or_default();
            let others = asked.iter().filter(|asked| Some(asked.seq) != present.get());
            others.take(SHOWN).cloned().collect::<Vec<_>>()
        })
    };
    let waiting = Memo::new(move |_| waiting());
    let behind = Memo::new(move |_| {
        let is_in_queue = |order: &Order| present.get().is_some_and(|seq| order.get(seq).is_some());
        stage.order.with(|order| {
            order
                .here()
                .map_or(0, |order| order.behind(SHOWN + usize::from(is_in_queue(order))))
        })
    });
    let face = Memo::new(
        move |_| match stage.order.with(|order| matches!(order, Loaded::Coming)) {
            true => Face::Coming,
            false if stage.order.with(|order| matches!(order, Loaded::Failed)) => Face::Failed,
            false if waiting.with(Vec::is_empty) => Face::Empty,
            false => Face::Here,
        },
    );
    let more = move || {
        (behind.get() > 0).then(
            || view! { <span class="stage__behind num">{format!("and {} more", format::count(behind.get()))}</span> },
        )
    };
    let body = move || match face.get() {
        Face::Coming => view! { <p class="stage__empty">"Asking for the questions"</p> }.into_any(),
        Face::Failed => failed(stage),
        Face::Empty => empty(present.get().is_some()),
        Face::Here => view! { <ol>{(0..SHOWN).map(|place| ask(waiting, place)).collect::<Vec<_>>()}</ol> }.into_any(),
    };
    view! {
        <section class="stage__queue" aria-labelledby="next-questions">
            <h2 class="stage__label" id="next-questions">"Next questions"<span class="stage__gap"></span>{more}</h2>
            {body}
        </section>
    }
}

fn empty(has_one: bool) -> AnyView {
    let words = if has_one {
        "No other question waits."
    } else {
        "No questions in the queue yet. The crew lets them in."
    };
    view! { <p class="stage__empty">{words}</p> }.into_any()
}

fn failed(stage: Stage) -> AnyView {
    view! {
        <p class="stage__empty" role="alert">
            "The questions could not be read. "
            <button type="button" class="link" on:click=move |_| stage.read_queue()>"Try again"</button>
        </p>
    }
    .into_any()
}

/// A place in the list. It stays where it is while its question changes.
fn ask(waiting: Memo<Vec<Asked>>, place: usize) -> AnyView {
    let asked = Memo::new(move |_| waiting.with(|waiting| waiting.get(place).cloned()));
    let words = Memo::new(move |_| {
        asked.with(|asked| asked.as_ref().map(|asked| (asked.text.clone(), asked.nickname.clone())))
    });
    let votes = Memo::new(move |_| asked.with(|asked| asked.as_ref().map_or(0, |asked| asked.votes)));
    let words = move || {
        words.get().map(|(text, nickname)| {
            view! { <div class="stage-ask__what">{fit::fitted("stage-ask__text", text)}<bdi class="stage-ask__who">{nickname}</bdi></div> }
        })
    };
    view! { <li class="stage-ask"><span class="stage-ask__votes">{move || spot_view::votes(votes.get())}</span>{words}</li> }.into_any()
}
