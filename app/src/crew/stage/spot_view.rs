//! What is being answered, and what can be done about it: large, and always in the same place.

use leptos::prelude::*;
use wire::Role;

use super::keys::Key;
use super::{Stage, fit, let_go};
use crate::crew::asked::Asked;
use crate::format;
use crate::icon::{icon, small_icon};

/// The question in the spotlight.
#[component]
pub fn Spot() -> impl IntoView {
    let stage: Stage = expect_context();
    let asked = Memo::new(move |_| spotlit(stage));
    let text = Memo::new(move |_| asked.with(|asked| asked.as_ref().map(|asked| asked.text.clone())));
    let who = Memo::new(move |_| asked.with(|asked| asked.as_ref().map(|asked| asked.nickname.clone())));
    let count = Memo::new(move |_| asked.with(|asked| asked.as_ref().map_or(0, |asked| asked.votes)));
    let label = move || match (who.with(Option::is_some), is_artist(stage)) {
        (true, true) => "You are answering",
        (true, false) => "In the spotlight",
        (false, _) => "The spotlight is free",
    };
    let class = move || {
        if who.with(Option::is_some) {
            "stage__spot"
        } else {
            "stage__spot stage__spot--free"
        }
    };
    view! {
        <section class=class aria-labelledby="spot">
            <h2 class="stage__label" id="spot">
                {icon("lamp")}<span>{label}</span>
                {move || who.get().map(|who| view! { <bdi class="stage__asker">{who}</bdi> })}
                <span class="stage__gap"></span>
                {move || votes(count.get())}
            </h2>
            {move || match text.get() {
                Some(text) => fit::fitted("stage__question", text),
                None => free(stage),
            }}
            <div class="stage__foot"><DoneNote/><Acts/></div>
        </section>
    }
}

/// How many asked it too, if anybody did.
pub fn votes(count: u64) -> Option<AnyView> {
    (count > 0).then(|| {
        let count = format::count(count);
        view! { <b class="stage-votes num">{icon("up")}{count}<span class="unseen">" asked it too"</span></b> }
            .into_any()
    })
}

/// The question in the spotlight, with its votes if they are known.
fn spotlit(stage: Stage) -> Option<Asked> {
    stage.chat.room.with(|room| {
        let message = room.as_ref()?.spotlight_message.as_ref()?;
        let known = stage.order.with(|order| {
            order
                .here()
                .and_then(|order| order.get(message.seq))
                .map(|asked| asked.votes)
        });
        Asked::of(message, known.unwrap_or_default())
    })
}

fn is_artist(stage: Stage) -> bool {
    stage.chat.role.get() == Some(Role::Artist)
}

fn free(stage: Stage) -> AnyView {
    let waits = Memo::new(move |_| {
        stage
            .order
            .with(|order| order.here().is_some_and(|order| !order.asked().is_empty()))
    });
    let words = move || {
        if waits.get() {
            "Next puts the first question here, and over everybody’s chat."
        } else {
            "A question that you pick is held here, and over everybody’s chat."
        }
    };
    view! { <p class="stage__free">{words}</p> }.into_any()
}

/// What was just done, and how to undo it.
#[component]
fn DoneNote() -> impl IntoView {
    let stage: Stage = expect_context();
    let shown = Memo::new(move |_| {
        let done = stage.done.get()?;
        Some((done.words.clone(), done.failed, done.can_be_undone()))
    });
    let left = Memo::new(move |_| {
        let now = stage.now.get();
        stage.done.with(|done| done.as_ref().map_or(0, |done| done.left(now)))
    });
    let spoken = move || {
        shown.get().map(|(words, _, can_be_undone)| {
            if can_be_undone {
                format!("{words} U undoes it.")
            } else {
                words
            }
        })
    };
    let note = move || {
        shown.get().map(|(words, failed, can_be_undone)| {
            let undo = can_be_undone.then(|| {
                let undo = move |event| {
                    let_go(&event);
                    stage.undo();
                };
                view! {
                    <button type="button" class="button stage__undo" aria-keyshortcuts="u" on:click=undo>
                        <span>"Undo "<span class="num" aria-hidden="true">{move || left.get()}" s"</span></span>
                    </button>
                }
            });
            view! { {failed.then(|| small_icon("alert"))}<p>{words}</p>{undo} }
        })
    };
    let has_failed = Memo::new(move |_| shown.with(|shown| shown.as_ref().is_some_and(|(_, failed, _)| *failed)));
    let class = move || {
        if has_failed.get() {
            "stage__done stage__done--failed"
        } else {
            "stage__done"
        }
    };
    view! {
        <p class="unseen" role="status">{spoken}</p>
        <div class=class>{note}</div>
    }
}

/// What can be done.
#[component]
fn Acts() -> impl IntoView {
    let stage: Stage = expect_context();
    let has_one = Memo::new(move |_| {
        stage
            .chat
            .room
            .with(|room| room.as_ref().is_some_and(|room| room.spotlight.is_some()))
    });
    let off = move || (!has_one.get()).then_some("true");
    let press = move |key: Key| {
        move |event: leptos::ev::MouseEvent| {
            let_go(&event);
            stage.press(key);
        }
    };
    let done_class = move || if has_one.get() { "button button--lamp" } else { "button" };
    let next_class = move || if has_one.get() { "button" } else { "button button--lamp" };
    view! {
        <div class="stage__acts" role="group" aria-label="The spotlight">
            <button type="button" class="button stage__back" aria-label="Previous question" aria-keyshortcuts="ArrowLeft" on:click=press(Key::Previous)>{icon("back")}</button>
            <button type="button" class="button" aria-disabled=off aria-keyshortcuts="a" on:click=press(Key::InWords)>"In words"<kbd aria-hidden="true">"A"</kbd></button>
            <button type="button" class=done_class aria-disabled=off aria-keyshortcuts="Space" on:click=press(Key::Answered)>"Answered"<kbd aria-hidden="true">"space"</kbd></button>
            <button type="button" class=next_class aria-keyshortcuts="ArrowRight" on:click=press(Key::Next)>"Next"<kbd aria-hidden="true">"→"</kbd></button>
        </div>
    }
}
