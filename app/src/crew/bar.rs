//! The switch in the chat's head, and the bar with what concerns the whole room.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wire::frame::Verb;
use wire::limits;
use wire::stage::QuestionState;

use super::acts::{Reason, ReasonChips, TROUBLES};
use super::span::Bare;
use super::{Crew, Panel, mark, questions_view, span};
use crate::dom;
use crate::icon::small_icon;

/// Waits of slow mode at one touch, in seconds.
const WAITS: [u32; 4] = [5, 10, 30, 60];

/// What the bar asks before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// How long fans wait between two messages.
    Slow,
    /// Whether the chat pauses, or goes on.
    Pause,
}

/// The switch. It is all that admin mode leaves behind.
pub fn switch() -> AnyView {
    let crew: Crew = expect_context();
    let may = Memo::new(move |_| crew.may());
    let toggle = move || {
        view! {
            <label class="switch">
                <span>"Admin mode"</span>
                <input type="checkbox" role="switch" prop:checked=move || crew.on.get() on:change=move |event| crew.switch(event_target_checked(&event))/>
            </label>
        }
    };
    view! { {sprite()}{move || may.get().then(toggle)} }.into_any()
}

/// The desk's own icons: no part of the page that everybody gets.
fn sprite() -> AnyView {
    let symbol = |id: &'static str, path: &'static str| {
        view! { <symbol id=id viewBox="0 0 24 24"><path d=path/></symbol> }
    };
    view! {
        <svg hidden aria-hidden="true">
            {symbol("ask", "M8.5 8.5c0-4.500 7-4.500 7 0 0 3-3.500 3-3.500 6M12 18.500v.1")}
            {symbol("audit", "M6 3.5h12v17H6zM9 8h6M9 12h6M9 16h4")}
            {symbol("more", "M5.5 12v.1M12 12v.1M18.5 12v.1")}
            {symbol("jot", "M5 4h14v11l-5 5H5zM14 20v-5h5")}
            {symbol("words", "M4 6h16M4 11h16M4 16h7M15 14.5l5 5M20 14.5l-5 5")}
        </svg>
    }
    .into_any()
}

/// The bar.
pub fn bar() -> AnyView {
    let crew: Crew = expect_context();
    let asks = RwSignal::new(None);
    let is_wide = RwSignal::new(mark::is_wide());
    let resized = window_event_listener(leptos::ev::resize, move |_| is_wide.set(mark::is_wide()));
    on_cleanup(move || resized.remove());
    let waits = Memo::new(move |_| crew.room(|room| room.slow_seconds).unwrap_or_default());
    let paused = Memo::new(move |_| crew.room(|room| room.paused).unwrap_or_default());
    let is_asked = move |what: Asks| (asks.get() == Some(what)).to_string();
    let ask = move |what: Asks| asks.update(|asks| *asks = (*asks != Some(what)).then_some(what));
    let slow = move || match waits.get() {
        0 => "Slow: off".to_owned(),
        seconds => format!("Slow: {}", span::words(seconds)),
    };
    view! {
        <div class="admin__bar" role="toolbar" aria-label="Room controls">
            <div class="admin__row">
                <button type="button" class="admin__tool" class:admin__tool--on=move || waits.get() != 0 aria-expanded=move || is_asked(Asks::Slow) on:click=move |_| ask(Asks::Slow)>
                    {small_icon("clock")}<span class="num">{slow}</span>
                </button>
                <button type="button" class="admin__tool" class:admin__tool--on=move || paused.get() aria-expanded=move || is_asked(Asks::Pause) on:click=move |_| ask(Asks::Pause)>
                    {move || small_icon(if paused.get() { "play" } else { "pause" })}
                    {move || if paused.get() { "Resume chat" } else { "Pause chat" }}
                </button>
                {tool(crew, is_wide, Panel::Reports, "flag", "Reports")}
            </div>
            <div class="admin__row">
                {tool(crew, is_wide, Panel::Questions, "ask", "Questions")}
                {tool(crew, is_wide, Panel::People, "people", "People")}
                {tool(crew, is_wide, Panel::Words, "words", "Words")}
                {tool(crew, is_wide, Panel::Audit, "audit", "Audit")}
            </div>
        </div>
        {move || asks.get().map(|what| match what {
            Asks::Slow => slow_choice(crew, asks),
            Asks::Pause => pause_choice(crew, asks),
        })}
    }
    .into_any()
}

fn tool(crew: Crew, is_wide: RwSignal<bool>, panel: Panel, mark: &'static str, name: &'static str) -> AnyView {
    let is_shown = move || {
        let shown = crew.panel.get();
        let is_in_view = crew.is_open.get() || is_wide.get();
        is_in_view && (shown == panel || (panel == Panel::Reports && shown == Panel::Held))
    };
    let count = match panel {
        Panel::Reports => Some(count(move || reports(crew))),
        Panel::Questions => Some(count(move || {
            questions_view::count(crew, QuestionState::Waiting).unwrap_or_default()
        })),
        _ => None,
    };
    let is_word = count.is_none();
    let toggle = move |_| {
        if untrack(is_shown) && is_wide.get_untracked() {
            dom::focus("desk");
        } else if untrack(is_shown) {
            crew.close();
        } else {
            crew.show(panel);
        }
    };
    view! {
        <button type="button" class="admin__tool" class:admin__tool--word=is_word aria-expanded=move || is_shown().to_string() on:click=toggle>
            {small_icon(mark)}{name}{count}
        </button>
    }
    .into_any()
}

/// Reported and held messages that wait.
fn reports(crew: Crew) -> u64 {
    crew.open_cases() + crew.held_messages()
}

/// How many wait, if any do.
fn count(waiting: impl Fn() -> u64 + Send + Sync + 'static) -> AnyView {
    let count = Memo::new(move |_| waiting());
    let shown = move || (count.get() > 0).then(|| view! { " "<span class="admin__count num">{count.get()}</span> });
    shown.into_any()
}

/// Does what was asked for, and goes back to the log.
fn act(crew: Crew, asks: RwSignal<Option<Asks>>, verb: Verb, reason: RwSignal<Reason>) {
    let reason = reason.with_untracked(Reason::words);
    crew.act_because(verb, None, reason);
    asks.set(None);
    dom::focus("messages");
}

/// Closes what was asked on Escape, and gives the focus back to the log.
fn escape(event: &KeyboardEvent, asks: RwSignal<Option<Asks>>) {
    if event.key() == "Escape" {
        event.prevent_default();
        asks.set(None);
        dom::focus("messages");
    }
}

fn pause_choice(crew: Crew, asks: RwSignal<Option<Asks>>) -> AnyView {
    let reason = RwSignal::new(Reason::None);
    let is_paused = Memo::new(move |_| crew.room(|room| room.paused).unwrap_or_default());
    let words = move || {
        if is_paused.get() {
            ("The chat goes on: fans write again.", "Resume")
        } else {
            ("Fans read, and cannot write until it resumes.", "Pause")
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let verb = if is_paused.get_untracked() {
            Verb::Resume
        } else {
            Verb::Pause
        };
        act(crew, asks, verb, reason);
    };
    dom::focus("pause-sure");
    view! {
        <form class="admin__choice" role="group" aria-label=move || words().0 on:submit=submit on:keydown=move |event| escape(&event, asks)>
            <span class="admin__ask">{move || words().0}</span>
            <ReasonChips of="pause" chips=TROUBLES reason=reason/>
            <button class="button button--crew admin__sure" id="pause-sure">{move || words().1}</button>
        </form>
    }
    .into_any()
}

fn slow_choice(crew: Crew, asks: RwSignal<Option<Asks>>) -> AnyView {
    let reason = RwSignal::new(Reason::None);
    let field = NodeRef::<html::Input>::new();
    let wrong = RwSignal::new(false);
    let set = move |seconds: u32| act(crew, asks, Verb::Slow { seconds }, reason);
    let waits = move || crew.room(|room| room.slow_seconds).unwrap_or_default();
    let choice = move |seconds: u32| {
        let name = if seconds == 0 {
            "Off".to_owned()
        } else {
            span::words(seconds)
        };
        view! { <button type="button" class="chip" aria-pressed=move || (waits() == seconds).to_string() on:click=move |_| set(seconds)>{name}</button> }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        match span::read(&typed, limits::SLOW_SECONDS, Bare::Seconds) {
            Some(seconds) => set(seconds),
            None => wrong.set(true),
        }
    };
    view! {
        <form class="admin__choice" role="group" aria-label="A message of each fan in" on:submit=submit on:keydown=move |event| escape(&event, asks)>
            <ReasonChips of="slow" chips=TROUBLES reason=reason/>
            <span class="admin__ask">"One message a fan in"</span>
            <div class="chips">{choice(0)}{WAITS.map(choice).collect_view()}</div>
            <label class="unseen" for="slow-other">"Another time"</label>
            <input id="slow-other" class="input" autocomplete="off" placeholder="2 min" aria-invalid=move || wrong.get().then_some("true") node_ref=field/>
            <button class="button">"Set"</button>
            {move || wrong.get().then(|| view! { <span class="hint hint--bad" role="alert">"A time like 20 s or 2 min, at most an hour."</span> })}
        </form>
    }
    .into_any()
}
