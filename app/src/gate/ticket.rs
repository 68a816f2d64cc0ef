//! The ticket: its stub with the event, and the form for its code.

use std::time::Duration;

use crate::part::{handler, part};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::limits;

use super::entry::Entry;
use super::refusal::{Refusal, Why, in_words, left_in_words, seconds_left};
use crate::icon::{icon, lamps};
use crate::visit::Visit;
use crate::{clock, dom, format};

/// Lamps that show a wait.
const WAIT_LAMPS: u32 = 30;

/// A piece of paper with the event's name on its stub.
#[component]
pub fn Paper(
    /// `ticket`, and how it looks beside that.
    #[prop(default = "ticket")]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    let visit: Visit = expect_context();
    let stub = move || {
        visit.event.get().map(|event| {
            view! {
                <div class="ticket__stub">
                    <p class="ticket__line"><span>"Front row, wherever you are"</span><span class="num">{format::time(event.starts_at)}</span></p>
                    <p class="ticket__title display" dir="auto">{event.title}</p>
                    <p class="ticket__line"><span dir="auto">{event.artist}</span><span class="num">{format::date(event.starts_at)}</span></p>
                </div>
            }
        })
    };
    view! { <div class=class>{stub}<div class="ticket__body">{children()}</div></div> }
}

/// The form for the code.
#[component]
pub fn TicketForm() -> impl IntoView {
    let entry: Entry = expect_context();
    let now = RwSignal::new(clock::monotonic());
    clock::every(Duration::from_millis(500), move || now.set(clock::monotonic()));
    let waits = Memo::new(move |_| match entry.refusal.get() {
        Some(Refusal::Wait { until, .. }) => seconds_left(until, now.get()),
        _ => 0,
    });
    Effect::new(move |waited: Option<bool>| {
        let waiting = waits.get() > 0;
        if waited == Some(true) && !waiting && matches!(entry.refusal.get_untracked(), Some(Refusal::Wait { .. })) {
            entry.go_on();
        }
        waiting
    });
    let is_refused = move || entry.refusal.with(Option::is_some);
    let is_wrong = move || entry.refusal.get().is_some_and(|refusal| !refusal.is_busy());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if waits.get_untracked() == 0 {
            entry.show(false);
        }
    };
    if dom::has_fine_pointer() {
        dom::focus("code");
    }
    view! {
        <Paper>
            <form class="gate-form" on:submit=handler(submit) novalidate>
                <label class="gate-form__label" for="code">"Ticket code"</label>
                <input
                    class="code" id="code" name="ticket" placeholder="XXXXX-XXXXX-XXXX" autocomplete="off" autocapitalize="characters"
                    spellcheck="false" inputmode="text" enterkeyhint="go" dir="ltr" maxlength=limits::TICKET_CODE_BYTES
                    aria-invalid=move || is_wrong().then_some("true")
                    aria-describedby=move || if is_refused() { "refusal" } else { "hint" }
                    prop:value=move || entry.code.get()
                    on:input=handler(move |event| typed(entry, event_target_value(&event)))
                />
                {part(move || match entry.refusal.get() {
                    None => hint(),
                    Some(refusal) => refused(refusal, waits),
                })}
                <button
                    class="button button--lamp button--wide gate-form__go"
                    disabled=move || { waits.get() > 0 }
                    aria-busy=move || entry.asking.get().then_some("true")
                >
                    {part(move || if entry.asking.get() { "Looking at your ticket…" } else { "Take your seat" })}
                </button>
            </form>
        </Paper>
    }
}

/// Typing answers every refusal but too many tries.
fn typed(entry: Entry, code: String) {
    entry.code.set(code);
    let stays = matches!(
        entry.refusal.get_untracked(),
        None | Some(Refusal::Wait { why: Why::Tries, .. })
    );
    if !stays {
        entry.refusal.set(None);
    }
}

fn hint() -> AnyView {
    view! {
        <p class="gate-form__hint" id="hint">
            "The letters and digits from your ticket. Type it any way you like: dashes, spaces and capitals don’t matter, and O is as good as 0."
        </p>
    }
    .into_any()
}

fn refused(refusal: Refusal, waits: Memo<u64>) -> AnyView {
    let (wait, is_known) = match refusal {
        Refusal::Wait { whole, again, .. } => (Some(whole), again),
        _ => (None, false),
    };
    let (next, word, row_of) = if refusal.is_busy() {
        (
            " The next try in ",
            "gate-form__error gate-form__busy",
            "gate-form__lamps gate-form__busy",
        )
    } else {
        (" The next one in ", "gate-form__error", "gate-form__lamps")
    };
    let sentence = wait.map(|whole| {
        view! {
            {next}
            <span class="num" aria-hidden="true">{part(move || left_in_words(waits.get()))}</span>
            <span class="unseen">{in_words(whole.div_ceil(1_000))}</span>
            "."
        }
    });
    let row = wait.map(|whole| {
        let whole = whole.div_ceil(1_000).max(u64::from(WAIT_LAMPS));
        let on = move || u32::try_from((waits.get() * u64::from(WAIT_LAMPS)).div_ceil(whole)).unwrap_or(WAIT_LAMPS);
        lamps(row_of, WAIT_LAMPS, on)
    });
    view! {
        <p class=word id="refusal" role=(!is_known).then_some("alert")>
            {icon(if wait.is_some() { "clock" } else { "alert" })}
            <span><b>{refusal.title()}</b>{sentence}" "{refusal.advice()}</span>
        </p>
        {row}
    }
    .into_any()
}
