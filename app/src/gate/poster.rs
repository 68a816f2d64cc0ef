//! The poster: who plays what, and when.

use std::time::Duration;

use crate::part::part;
use leptos::prelude::*;
use wire::http::EventView;

use super::countdown::{self, Left};
use crate::icon::lamps;
use crate::page::Page;
use crate::visit::Visit;
use crate::{clock, format};

/// From so many signs on, a title is set smaller, and from so many smaller still.
const LONG: usize = 25;
const LONGEST: usize = 61;

/// The poster on the wall.
#[component]
pub fn Poster() -> impl IntoView {
    let visit: Visit = expect_context();
    let is_over = move || visit.page.get() == Page::Over;
    let by = move || {
        if is_over() {
            "Thank you, and good night".to_owned()
        } else {
            visit.artist()
        }
    };
    view! {
        <section class="gate__poster" aria-labelledby="title">
            <p class="gate__by" dir="auto">{part(by)}</p>
            {part(move || headline(&visit.title()))}
            {part(move || visit.event.get().map(|event| if is_over() { was(&event) } else { facts(visit, &event) }))}
        </section>
    }
}

/// The title, with its ampersands lit. The style sheet makes it as large as its longest word allows.
fn headline(title: &str) -> AnyView {
    let class = match title.chars().count() {
        0..LONG => "gate__title display",
        LONG..LONGEST => "gate__title gate__title--long display",
        _ => "gate__title gate__title--longest display",
    };
    let longest = title
        .split_whitespace()
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(1);
    let mut parts = Vec::new();
    for (place, part) in title.split('&').enumerate() {
        if place > 0 {
            parts.push(view! { <span class="gate__amp">"&"</span> }.into_any());
        }
        parts.push(part.to_owned().into_any());
    }
    view! { <h1 class=class id="title" dir="auto" tabindex="-1" style:--longest=longest.to_string()>{parts}</h1> }
        .into_any()
}

/// Whether a title is long enough to be set smaller.
pub fn is_long(title: &str) -> bool {
    title.chars().count() >= LONG
}

fn facts(visit: Visit, event: &EventView) -> AnyView {
    let starts_at = event.starts_at;
    let now = RwSignal::new(visit.now());
    clock::every(Duration::from_secs(1), move || now.set(visit.now()));
    let is_live = move || now.get() >= starts_at;
    view! {
        <dl class="gate__facts">
            <div>
                <dt class="eyebrow">{part(move || if now.get() >= starts_at { "Started" } else { "Starts" })}</dt>
                <dd><time datetime=format::machine(starts_at)>{format::moment(starts_at)}</time>{zone()}</dd>
            </div>
            {part(move || if is_live() { live(now.get(), starts_at) } else { count(now, starts_at) })}
        </dl>
    }
    .into_any()
}

fn live(now: u64, starts_at: u64) -> AnyView {
    let minutes = now.saturating_sub(starts_at) / 60_000;
    let since = match (minutes / 60, minutes % 60) {
        (0, 0) => ", just begun".to_owned(),
        (0, minutes) => format!(", {minutes} min in"),
        (hours, minutes) => format!(", {hours} h {minutes:02} min in"),
    };
    view! { <div><dt class="eyebrow">"Now"</dt><dd class="num gate__count"><b>"Live"</b>{since}</dd></div> }.into_any()
}

fn count(now: RwSignal<u64>, starts_at: u64) -> AnyView {
    view! {
        <div>
            <dt class="eyebrow">"In"</dt>
            <dd class="num gate__count">
                <span role="timer">{parts(Left::until(starts_at, now.get()))}</span>
                {lamps("gate__lamps", countdown::LAMPS, move || countdown::lamps_on(starts_at, now.get()))}
            </dd>
        </div>
    }
    .into_any()
}

/// The parts of a countdown, its numbers in bold.
pub fn parts(left: Option<Left>) -> Vec<AnyView> {
    let parts = left.map(Left::parts).unwrap_or_default();
    parts
        .into_iter()
        .map(|(number, unit)| view! { <b>{number}</b>{format!(" {unit} ")} }.into_any())
        .collect()
}

fn was(event: &EventView) -> AnyView {
    let ended = event.ends_at.map(|ends_at| format!(" to {}", format::time(ends_at)));
    let times = format!("{}{}", format::time(event.starts_at), ended.unwrap_or_default());
    view! {
        <dl class="gate__facts">
            <div>
                <dt class="eyebrow">"It was"</dt>
                <dd>{format::day(event.starts_at)}<span>{times}</span></dd>
            </div>
        </dl>
    }
    .into_any()
}

/// Whose time it is, as the visitor's zone is named.
fn zone() -> AnyView {
    let zone = format::zone().map_or_else(|| "your time".to_owned(), |zone| format!("your time, {zone}"));
    view! { <span>{zone}</span> }.into_any()
}
