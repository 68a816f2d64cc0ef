//! The panel of acts: why, and what is done to the selected message and its author.

use leptos::prelude::*;
use wire::frame::Verb;
use wire::{Role, limits};

use super::span::Bare;
use super::why::Term;
use super::{Asking, Crew, Subject, span};
use crate::clock;
use crate::icon::{icon, small_icon};

/// Spans that a mute can have at one touch, in seconds.
pub const MUTES: [u32; 3] = [10, 60, 600];

/// How far back a clear goes at one touch, in seconds.
pub const CLEARS: [u32; 3] = [60, 300, 900];

/// Why an act is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is said.
    #[default]
    None,
    /// One of those that are at hand.
    Chip(&'static str),
    /// In the moderator's words.
    Other(String),
}

/// Reasons at hand for what is done about a member.
pub const OFFENCES: [&str; 3] = ["Spam", "Insult", "Spoiler"];

/// Reasons at hand for what is done about the whole room.
pub const TROUBLES: [&str; 3] = ["Too fast", "Raid", "Break"];

impl Reason {
    /// As it is sent.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Chip(chip) => Some(chip.to_lowercase()),
            Self::Other(words) => {
                let words: String = words.trim().chars().take(limits::REASON_SCALARS).collect();
                Some(words).filter(|words| !words.is_empty())
            }
        }
    }
}

/// The panel for what is selected.
#[component]
pub fn ActPanel() -> impl IntoView {
    let crew: Crew = expect_context();
    let name = move || crew.subject.get().map(|subject| subject.nickname).unwrap_or_default();
    let is_fan = Memo::new(move |_| crew.subject.get().is_some_and(|subject| subject.role == Role::Fan));
    let more = RwSignal::new(false);
    let asks_to_clear = move || matches!(crew.asking.get(), Some(Asking::Clear | Asking::ClearOther));
    view! {
        <div class="act" class:act--more=move || more.get() || asks_to_clear() role="group" aria-label="Act on this message">
            <p class="act__on">
                <span>"On "<bdi>{name}</bdi></span>
                {move || reports(crew)}
                {also(crew)}
                <button type="button" class="icon-button" aria-label="Close" on:click=move |_| crew.let_go()>{icon("x")}</button>
            </p>
            <ReasonChips of="act" chips=OFFENCES reason=crew.reason/>
            <div class="act__do">
                <HideItem/>
                {move || if is_fan.get() {
                    view! { <MuteItem/><PinItem/><BanItem/> }.into_any()
                } else {
                    view! { <PinItem/><p class="act__note">"Staff are managed with their passes."</p> }.into_any()
                }}
                {move || is_fan.get().then(|| view! {
                    <button type="button" class="act__item act__toggle" aria-expanded=move || more.get().to_string() on:click=move |_| more.update(|more| *more = !*more)>
                        {icon("more")}<span>{move || if more.get() { "Less" } else { "More" }}</span>
                    </button>
                    <div class="act__rest"><ClearItem/><RestItem/></div>
                })}
            </div>
        </div>
    }
}

fn reports(crew: Crew) -> Option<AnyView> {
    let seq = crew.subject.get()?.seq?;
    let count = crew.cases.with(|cases| cases.here()?.reports_of(seq))?;
    let words = if count == 1 {
        "1 report".to_owned()
    } else {
        format!("{count} reports")
    };
    Some(view! { <span class="act__also num">{small_icon("flag")}{words}</span> }.into_any())
}

/// Who looks at the same. Told to screen readers as it comes.
fn also(crew: Crew) -> AnyView {
    let words = move || {
        let seq = crew.subject.get()?.seq?;
        let me = crew.visit.member();
        crew.looks
            .with(|looks| looks.also(seq, me.as_ref(), clock::monotonic()))
    };
    view! { <span role="status">{move || words().map(|words| view! { <span class="act__also">{small_icon("people")}<bdi>{words}</bdi></span> })}</span> }
        .into_any()
}

/// Why, at one touch or in words; `of` keeps the ids of two of them apart.
#[component]
pub fn ReasonChips(of: &'static str, chips: [&'static str; 3], reason: RwSignal<Reason>) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    let (title, id) = (format!("{of}-why"), format!("{of}-reason"));
    let (named, labelled) = (title.clone(), StoredValue::new(id));
    let chip = move |name: &'static str| {
        let is_on = move || reason.with(|reason| *reason == Reason::Chip(name));
        let pick = move |_| {
            let picked = if untrack(is_on) {
                Reason::None
            } else {
                Reason::Chip(name)
            };
            reason.set(picked);
        };
        view! { <button type="button" class="chip" aria-pressed=move || is_on().to_string() on:click=pick>{name}</button> }
    };
    let is_other = Memo::new(move |_| reason.with(|reason| matches!(reason, Reason::Other(_))));
    let other = move |_| {
        let picked = if is_other.get_untracked() {
            Reason::None
        } else {
            Reason::Other(String::new())
        };
        reason.set(picked);
        if is_other.get_untracked() {
            request_animation_frame(move || {
                if let Some(field) = field.try_get_untracked().flatten() {
                    let _ = field.focus();
                }
            });
        }
    };
    view! {
        <div class="act__why" role="group" aria-labelledby=named>
            <span id=title>"Reason"</span>
            <div class="chips">
                {chips.map(chip)}
                <button type="button" class="chip" aria-pressed=move || is_other.get().to_string() on:click=other>"Other…"</button>
            </div>
        </div>
        {move || is_other.get().then(|| view! {
            <p class="act__field">
                <label class="unseen" for=labelled.get_value()>"Reason in your words"</label>
                <input
                    id=labelled.get_value() class="input" node_ref=field maxlength=limits::REASON_SCALARS.to_string() dir="auto" autocomplete="off"
                    placeholder="For the crew and the audit log"
                    on:input=move |event| reason.set(Reason::Other(event_target_value(&event)))
                />
            </p>
        })}
    }
}

#[component]
fn HideItem() -> impl IntoView {
    let crew: Crew = expect_context();
    let is_hidden = Memo::new(move |_| crew.subject.get().is_some_and(|subject| subject.hidden));
    let words = move || match crew.term() {
        _ if !is_hidden.get() => "Hide this message",
        Term::Hidden => "Show this message again",
        Term::Banned => "End the ban that hides it",
        Term::Cleared(_) => "Undo the clear that hides it",
    };
    view! {
        <button type="button" class="act__item" aria-keyshortcuts="h" on:click=move |_| crew.hide()>
            {icon("hide")}<span>{words}</span><kbd aria-hidden="true">"H"</kbd>
        </button>
    }
}

#[component]
fn PinItem() -> impl IntoView {
    let crew: Crew = expect_context();
    let words = move || {
        if crew.is_pinned() {
            "Take the pin off"
        } else {
            "Pin above the chat"
        }
    };
    view! {
        <button type="button" class="act__item" aria-keyshortcuts="p" on:click=move |_| crew.pin()>
            {icon("pin")}<span>{words}</span><kbd aria-hidden="true">"P"</kbd>
        </button>
    }
}

/// Spans at one touch, and a field for any other.
#[derive(Clone, Copy)]
struct Spans {
    asks: Asking,
    asks_other: Asking,
    at_hand: [u32; 3],
    longest: u32,
    /// The id of the first button, for the key that asks.
    id: &'static str,
    field: &'static str,
    name: &'static str,
    do_it: fn(Crew, u32),
}

const MUTE: Spans = Spans {
    asks: Asking::Mute,
    asks_other: Asking::MuteOther,
    at_hand: MUTES,
    longest: limits::MUTE_SECONDS,
    id: "act-mute",
    field: "mute-for",
    name: "Mute for",
    do_it: Crew::mute,
};

const CLEAR: Spans = Spans {
    asks: Asking::Clear,
    asks_other: Asking::ClearOther,
    at_hand: CLEARS,
    longest: limits::CLEAR_SECONDS,
    id: "act-clear",
    field: "clear-last",
    name: "Clear the last",
    do_it: Crew::clear,
};

#[component]
fn MuteItem() -> impl IntoView {
    let crew: Crew = expect_context();
    let muted = move || crew.card_of_subject(|card| card.person.muted_until.is_some_and(|until| until > crew.now()));
    let is_muted = Memo::new(move |_| muted() == Some(true));
    let end = move || {
        is_muted.get().then(|| {
            view! {
                <button type="button" class="act__item" on:click=move |_| crew.mute(0)>
                    {icon("clock")}<span>"End the mute"</span>
                </button>
            }
        })
    };
    view! { {spans_item(crew, MUTE, "clock", "Mute", "M")}{end} }
}

#[component]
fn ClearItem() -> impl IntoView {
    let crew: Crew = expect_context();
    spans_item(crew, CLEAR, "hide", "Clear last", "C")
}

fn spans_item(crew: Crew, of: Spans, mark: &'static str, name: &'static str, key: &'static str) -> AnyView {
    let asks = move || crew.asking.get() == Some(of.asks);
    let buttons = of.at_hand.into_iter().enumerate().map(move |(place, seconds)| {
        let label = format!("{} {}", of.name, span::words(seconds));
        let id = (place == 0).then_some(of.id);
        view! {
            <button type="button" id=id aria-label=label on:click=move |_| (of.do_it)(crew, seconds)>
                {move || asks().then(|| view! { <kbd aria-hidden="true">{place + 1}</kbd> })}
                {span::words(seconds)}
            </button>
        }
    });
    let other = move |_| {
        crew.asking.set(Some(of.asks_other));
        crate::dom::focus(of.field);
    };
    view! {
        <div class="act__item act__item--split" class:act__item--asks=asks role="group" aria-label=name>
            <span class="act__name">{icon(mark)}<span>{name}</span></span>
            <span class="act__times">
                {buttons.collect_view()}
                <button type="button" aria-label=format!("{} another time", of.name) on:click=other>"…"</button>
            </span>
            <kbd aria-hidden="true">{key}</kbd>
        </div>
        {move || (crew.asking.get() == Some(of.asks_other)).then(|| span_field(crew, of))}
    }
    .into_any()
}

fn span_field(crew: Crew, of: Spans) -> AnyView {
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match span::read(&typed.get_untracked(), of.longest, Bare::Minutes) {
            Some(seconds) => (of.do_it)(crew, seconds),
            None => wrong.set(true),
        }
    };
    let hint = move || {
        if wrong.get() {
            format!("A time like 30 s, 5 min or 2 h, at most {}.", span::words(of.longest))
        } else {
            "30 s, 5 min, 2 h".to_owned()
        }
    };
    let hint_id = format!("{}-hint", of.field);
    view! {
        <form class="act__field" on:submit=submit>
            <label for=of.field>{of.name}</label>
            <input id=of.field class="input" autocomplete="off" enterkeyhint="done" aria-describedby=hint_id.clone()
                aria-invalid=move || wrong.get().then_some("true")
                on:input=move |event| { typed.set(event_target_value(&event)); wrong.set(false); }/>
            <button class="button button--crew">"Do it"</button>
            <span class="hint" class:hint--bad=move || wrong.get() id=hint_id role="status">{hint}</span>
        </form>
    }
    .into_any()
}

#[component]
fn BanItem() -> impl IntoView {
    let crew: Crew = expect_context();
    let asks = Memo::new(move |_| crew.asking.get() == Some(Asking::Ban));
    let is_banned = Memo::new(move |_| crew.subject_is_banned());
    let ban = move || {
        let count = crew.card_of_subject(|card| card.messages);
        match count {
            Some(0) | None => "Ban, and hide all messages".to_owned(),
            Some(1) => "Ban, and hide the 1 message".to_owned(),
            Some(count) => format!("Ban, and hide all {} messages", crate::format::count(count)),
        }
    };
    move || {
        match (is_banned.get(), asks.get()) {
        (true, _) => view! {
            <button type="button" class="act__item" aria-keyshortcuts="b" on:click=move |_| crew.ban(false)>
                {icon("ban")}<span>"End the ban"</span><kbd aria-hidden="true">"B"</kbd>
            </button>
        }
        .into_any(),
        (false, false) => view! {
            <button type="button" class="act__item act__item--danger" aria-keyshortcuts="b" on:click=move |_| crew.ban(true)>
                {icon("ban")}<span>{ban}</span><kbd aria-hidden="true">"B"</kbd>
            </button>
        }
        .into_any(),
        (false, true) => view! {
            <div class="act__sure" role="group" aria-label="Ban?">
                <button type="button" class="button button--danger" id="sure" on:click=move |_| crew.ban(true)>
                    {icon("ban")}<span>{ban}</span><kbd aria-hidden="true">"Enter"</kbd>
                </button>
                <button type="button" class="button button--bare" on:click=move |_| { crew.back(); }>"No"</button>
            </div>
        }
        .into_any(),
    }
    }
}

#[component]
fn RestItem() -> impl IntoView {
    let crew: Crew = expect_context();
    let is_held = Memo::new(move |_| crew.card_of_subject(|card| card.person.held) == Some(true));
    let hold = move |_| {
        if let Some(subject) = crew.subject.get_untracked() {
            let on = !is_held.get_untracked();
            let member = subject.member.clone();
            crew.act_on(Verb::Hold { member, on }, &subject);
        }
    };
    let rename = move |_| {
        if let Some(subject) = crew.subject.get_untracked() {
            let member = subject.member.clone();
            crew.act_on(Verb::Rename { member }, &subject);
        }
    };
    let card = move |_| {
        if let Some(Subject { member, .. }) = crew.subject.get_untracked() {
            crew.show_card(member);
        }
    };
    let held = move || {
        if is_held.get() {
            "Hold no longer"
        } else {
            "Hold all messages"
        }
    };
    view! {
        <p class="act__item act__item--row">
            <button type="button" class="button" on:click=hold>{held}</button>
            <button type="button" class="button" on:click=rename>"Rename"</button>
            <button type="button" class="button act__card" on:click=card>"Card"</button>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_sent_when_there_is_one() {
        assert_eq!(Reason::None.words(), None);
        assert_eq!(Reason::Chip("Spam").words().as_deref(), Some("spam"));
        assert_eq!(Reason::Other("  rude \n".into()).words().as_deref(), Some("rude"));
        assert_eq!(Reason::Other("  ".into()).words(), None);
        let long = Reason::Other("é".repeat(500)).words().expect("words");
        assert_eq!(long.chars().count(), limits::REASON_SCALARS);
    }
}
