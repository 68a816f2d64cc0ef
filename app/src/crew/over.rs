//! Below the transcript: the acts on what is selected, what was just done, and the sheet with all keys.

use std::time::Duration;

use leptos::prelude::*;

use super::acts::ActPanel;
use super::sheet::Sheet;
use super::toast::{Kind, Toast, Toasts};
use super::{Crew, mark};
use crate::icon::{icon, lamps, waiting_lamps};
use crate::{clock, dom};

/// How often the seconds that are left are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// All of it.
pub fn over() -> AnyView {
    let crew: Crew = expect_context();
    let is_selected = Memo::new(move |_| crew.subject.with(Option::is_some));
    let is_said = Memo::new(move |_| crew.toasts.with(|toasts| !toasts.shown().is_empty()));
    let spoken = move || crew.toasts.with(Toasts::spoken);
    view! {
        <div class="unseen" role="status">{spoken}</div>
        <div class="admin__over">
            {move || is_said.get().then(|| view! { <ToastsView/> })}
            {move || is_selected.get().then(|| view! { <ActPanel/> })}
        </div>
        {move || crew.help.get().then(|| view! { <Sheet/> })}
    }
    .into_any()
}

/// What was just done. The words for screen readers are elsewhere: these change with each second.
#[component]
fn ToastsView() -> impl IntoView {
    let crew: Crew = expect_context();
    let now = RwSignal::new(clock::monotonic());
    clock::every(LOOK, move || {
        let time = clock::monotonic();
        now.set(time);
        let over = crew.toasts.with_untracked(|toasts| toasts.over(time));
        if !over.is_empty() {
            for id in &over {
                leave_toast(*id);
            }
            crew.toasts.update(|toasts| toasts.drop_all(&over));
        }
    });
    let shown = move || crew.toasts.with(|toasts| toasts.shown().to_vec());
    let key = |toast: &Toast| (toast.id, toast.words.clone(), std::mem::discriminant(&toast.kind));
    view! { <div class="toasts"><For each=shown key=key children=move |toast| one(crew, toast, now)/></div> }
}

fn one(crew: Crew, toast: Toast, now: RwSignal<u64>) -> AnyView {
    let id = toast.id;
    let offer = matches!(toast.kind, Kind::Done(Some(_))).then(|| undo(crew, &toast, now));
    let who = toast.who.map(|who| view! { " "<bdi>{who}</bdi> });
    let (mark, words, waits) = match toast.kind {
        Kind::Doing => (
            toast.icon,
            view! { <p>"One moment"</p> }.into_any(),
            Some(waiting_lamps(5)),
        ),
        Kind::Failed(why) => ("alert", view! { <p>{why}</p> }.into_any(), None),
        Kind::Done(_) => (toast.icon, view! { <p><b>{toast.words}</b>{who}</p> }.into_any(), None),
    };
    view! { <div class="toast" data-toast=id.to_string()>{icon(mark)}{words}{waits}{offer}</div> }.into_any()
}

fn undo(crew: Crew, toast: &Toast, now: RwSignal<u64>) -> AnyView {
    let (id, toast) = (toast.id, toast.clone());
    let left = Memo::new(move |_| toast.left(now.get()));
    let is_next = Memo::new(move |_| crew.toasts.with(|toasts| toasts.next(now.get())) == Some(id));
    let undo = move |_| {
        leave_toast(id);
        crew.undo_one(id);
    };
    view! {
        {lamps("", 10, move || left.get())}
        <button type="button" class="button button--crew" aria-keyshortcuts=move || is_next.get().then_some("u") on:click=undo>
            <span>"Undo "<span class="num" aria-hidden="true">{move || format!("{} s", left.get())}</span></span>
            {move || is_next.get().then(|| view! { <kbd aria-hidden="true">"U"</kbd> })}
        </button>
    }
    .into_any()
}

/// The toast goes, and a focus in it goes to the selected line, or to the log.
fn leave_toast(id: u32) {
    let is_inside = document()
        .active_element()
        .and_then(|element| element.closest(&format!("[data-toast='{id}']")).ok().flatten())
        .is_some();
    if is_inside {
        let crew = use_context::<Crew>();
        match crew
            .and_then(|crew| crew.subject.get_untracked())
            .and_then(|subject| subject.seq)
        {
            Some(seq) => mark::mark(Some(seq), true),
            None => dom::focus("messages"),
        }
    }
}
