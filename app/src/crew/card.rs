//! A member's card: who it is, what was done about them, what they said, and everything that can be done.

use leptos::html;
use leptos::prelude::*;
use wire::frame::{Message, Verb};
use wire::moderation::{AuditRow, MemberCard};
use wire::{MemberId, Role, Seq, limits};

use super::acts::{OFFENCES, ReasonChips};
use super::list::{self, coming, failed};
use super::pages::{Listed, Pages, Tail};
use super::span::Bare;
use super::{Crew, Loaded, Subject, acts, audit, calls, span};
use crate::format;
use crate::icon::{icon, small_icon};

/// The card of the member who is shown.
#[component]
pub fn CardPanel() -> impl IntoView {
    let crew: Crew = expect_context();
    let again = Callback::new(move |()| crew.fetch_card());
    let name = Memo::new(move |_| {
        let of_card = crew
            .about
            .with(|about| about.here().and_then(|card| card.person.nickname.clone()));
        let of_subject = || {
            let card = crew.card.get();
            let subject = crew
                .subject
                .get()
                .filter(|subject| Some(&subject.member) == card.as_ref());
            subject.map(|subject| subject.nickname)
        };
        of_card
            .or_else(of_subject)
            .unwrap_or_else(|| "No nickname yet".to_owned())
    });
    let close = move |_| {
        crew.close();
        if super::mark::is_wide() {
            crew.card.set(None);
        }
    };
    let member = Memo::new(move |_| crew.card.get());
    view! {
        <section class="desk__panel card" aria-labelledby="card">
            <header class="desk__head">
                <h2 id="card" tabindex="-1"><bdi>{move || name.get()}</bdi></h2>
                <button type="button" class="icon-button" aria-label="Close the card" on:click=close>{icon("x")}</button>
            </header>
            <div class="card__scroll" tabindex="0" role="group" aria-label="What is known">
                {move || match &*crew.about.read() {
                    Loaded::Coming => coming(),
                    Loaded::Failed => failed(again),
                    Loaded::Here(card) => facts(crew, card),
                }}
                {move || member.get().map(|member| view! { <Deeds member=member.clone()/><Lines member/> })}
            </div>
            {move || member.get().map(|member| view! { <CardActs member/> })}
        </section>
    }
}

fn facts(crew: Crew, card: &MemberCard) -> AnyView {
    let person = &card.person;
    let role = match person.role {
        Role::Fan => "Fan",
        Role::Artist => "Artist",
        Role::Moderator => "Crew",
    };
    let since = card
        .seated_since
        .map(|since| format!(", in since {}", when(crew, since)));
    let online = if person.online { "online" } else { "not here" };
    let earlier = (!card.earlier.is_empty()).then(|| {
        let names = card.earlier.iter().enumerate().map(|(place, name)| {
            view! { {(place > 0).then_some(", ")}<bdi>{name.clone()}</bdi> }
        });
        view! { <span>"Earlier: "{names.collect_view()}</span> }
    });
    let muted = person.muted_until.filter(|until| *until > crew.now());
    let muted = muted.map(|until| state("clock", format!("Muted until {}", when(crew, until))));
    let reports = if card.reports == 1 { "report" } else { "reports" };
    let counts = [(card.reports, reports), (card.waiting, "held")];
    let counts = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| view! { <span class="num">{format::count(count)}" "{what}</span> });
    let (member, name) = (person.member.clone(), person.nickname.clone().unwrap_or_default());
    let audit = move |_| crew.audit(member.clone(), name.clone());
    view! {
        <p class="card__facts">
            <span class="num">{format!("{role}, {online}{}", since.unwrap_or_default())}</span>
            {earlier}{counts.collect_view()}
            <button type="button" class="link" on:click=audit>"In the audit log"</button>
        </p>
        <p class="card__states">
            {person.banned.then(|| state("ban", "Banned".to_owned()))}
            {muted}
            {person.held.then(|| state("pause", "All messages wait".to_owned()))}
        </p>
    }
    .into_any()
}

/// A moment: with its day, when that is another one.
fn when(crew: Crew, at: u64) -> String {
    if format::day_number(at) == format::day_number(crew.visit.now()) {
        format::time(at)
    } else {
        format::moment(at)
    }
}

fn state(mark: &'static str, words: String) -> AnyView {
    view! { <span class="card__state num">{small_icon(mark)}{words}</span> }.into_any()
}

/// What was done about the member, notes too, newest first.
#[component]
fn Deeds(member: MemberId) -> impl IntoView {
    let crew: Crew = expect_context();
    let pages = RwSignal::new(Pages::<AuditRow>::default());
    let of = StoredValue::new(member.0);
    let call = move |token| async move {
        let filter = [("member", of.get_value())];
        let page = calls::audit(&crew.visit.slug(), &filter, token).await?;
        Ok((page.rows, page.next))
    };
    follow(crew, pages, false, call);
    let more = move |_| list::fetch(pages, pages.try_update(Pages::ask).flatten(), call);
    // What was done before the page came says what hides a message.
    Effect::new(move |_| pages.with(|pages| crew.why.update(|why| why.learn_rows(pages.rows()))));
    let row = move |row: AuditRow| {
        let words = format!("{} {}", audit::who(&row), audit::what(&row));
        let more = audit::more(&row);
        let (at, who) = (row.at, row.about.as_ref().and_then(|about| about.nickname.clone()));
        let mark = if row.kind == "note" { "jot" } else { "audit" };
        let back = move || {
            let (name, verb) = pages.with(|pages| audit::way_back(pages.rows(), &row))?;
            let who = who.clone();
            Some(
                view! { <button type="button" class="link" on:click=move |_| crew.act(verb.clone(), who.clone())>{name}</button> },
            )
        };
        view! {
            <li>
                {small_icon(mark)}
                <span><bdi>{words}</bdi>{(!more.is_empty()).then(|| view! { ": "<q dir="auto">{more}</q> })}</span>
                {back}
                <time class="num">{when(crew, at)}</time>
            </li>
        }
    };
    view! {
        <ul class="card__log" aria-label="What was done">
            <For each=move || pages.with(|pages| pages.rows().to_vec()) key=|row| row.id children=row/>
        </ul>
        {move || more_button(pages.with(Pages::tail), "Earlier acts", more)}
    }
}

/// Reads a list of the card with it, and brings it up to date in place whenever the card is read again: the first page,
/// or `all` that is here.
fn follow<T, F>(crew: Crew, pages: RwSignal<Pages<T>>, all: bool, call: impl Fn(Option<String>) -> F + Copy + 'static)
where
    T: Listed + Send + Sync + 'static,
    F: Future<Output = crate::api::Answer<(Vec<T>, Option<String>)>> + 'static,
{
    Effect::new(move |before: Option<bool>| {
        let has_begun = before.unwrap_or_default();
        if crew.about.with(|about| about.here().is_none()) {
            return has_begun;
        }
        if !has_begun {
            list::fetch(pages, pages.try_update_untracked(Pages::begin), call);
            return true;
        }
        let asks = pages.with_untracked(|pages| {
            if all {
                pages.ask_again(&(0..pages.rows().len()))
            } else {
                pages.ask_first_again()
            }
        });
        for ask in asks {
            list::fetch(pages, Some(ask), call);
        }
        true
    });
}

impl Listed for Message {
    type Id = Seq;

    fn id(&self) -> Seq {
        self.seq
    }
}

/// What the member said, newest first.
#[component]
fn Lines(member: MemberId) -> impl IntoView {
    let crew: Crew = expect_context();
    let pages = RwSignal::new(Pages::<Message>::default());
    let of = StoredValue::new(member);
    let call = move |token| async move {
        let page = calls::messages(&crew.visit.slug(), &of.get_value(), token).await?;
        Ok((page.messages.into_iter().rev().collect(), page.next))
    };
    follow(crew, pages, true, call);
    let more = move |_| list::fetch(pages, pages.try_update(Pages::ask).flatten(), call);
    let title = move || {
        let count = crew.about.with(|about| about.here().map(|card| card.messages));
        match count {
            None => "Messages".to_owned(),
            Some(1) => "1 message".to_owned(),
            Some(count) => format!("{} messages", format::count(count)),
        }
    };
    view! {
        <h3 class="eyebrow num">{title}</h3>
        <ul class="card__lines">
            <For
                each=move || pages.with(|pages| pages.rows().to_vec())
                key=|message| (message.seq, message.hidden)
                children=move |message| said(crew, &message)
            />
        </ul>
        {move || more_button(pages.with(Pages::tail), "Earlier messages", more)}
    }
}

fn said(crew: Crew, message: &Message) -> Option<AnyView> {
    let subject = Subject::of(message)?;
    let body = message.body.as_ref()?;
    let class = if message.hidden {
        "card__line card__line--hidden"
    } else {
        "card__line"
    };
    let mark = message
        .hidden
        .then(|| view! { {small_icon("hide")}<span class="unseen">"Hidden: "</span> });
    Some(
        view! {
            <li>
                <button type="button" class=class on:click=move |_| crew.pick(subject.clone())>
                    <time class="num">{when(crew, body.at)}</time>{mark}<span dir="auto">{body.text.clone()}</span>
                </button>
            </li>
        }
        .into_any(),
    )
}

fn more_button(tail: Tail, words: &'static str, more: impl Fn(leptos::ev::MouseEvent) + 'static) -> Option<AnyView> {
    let words = match tail {
        Tail::More => words,
        Tail::Failed => "This could not be fetched. Try again",
        Tail::Coming | Tail::End | Tail::Empty => return None,
    };
    Some(
        view! { <p class="card__more"><button type="button" class="link" on:click=more>{words}</button></p> }
            .into_any(),
    )
}

/// What can be done about the member.
#[component]
fn CardActs(member: MemberId) -> impl IntoView {
    let crew: Crew = expect_context();
    let of = StoredValue::new(member);
    let known = move |look: fn(&MemberCard) -> bool| {
        Memo::new(move |_| crew.about.with(|about| about.here().is_some_and(look)))
    };
    let is_fan = known(|card| card.person.role == Role::Fan);
    let is_banned = known(|card| card.person.banned);
    let is_held = known(|card| card.person.held);
    let act = move |verb: fn(MemberId) -> Verb| crew.act(verb(of.get_value()), name(crew));
    // Beside the acts on a message of theirs, the reason is picked there.
    let has_reason = Memo::new(move |_| {
        is_fan.get()
            && crew
                .subject
                .with(|subject| subject.as_ref().is_none_or(|subject| subject.member != of.get_value()))
    });
    view! {
        <div class="card__do">
            {note_form(crew, of)}
            {move || has_reason.get().then(|| view! { <div class="card__why"><ReasonChips of="card" chips=OFFENCES reason=crew.reason/></div> })}
            {move || is_fan.get().then(|| view! {
                {times(crew, of, MUTE)}
                {times(crew, of, CLEAR)}
                {end_mute(crew, of)}
                <button type="button" class="button" on:click=move |_| if is_held.get_untracked() {
                    act(|member| Verb::Hold { member, on: false });
                } else {
                    act(|member| Verb::Hold { member, on: true });
                }>{move || if is_held.get() { "Hold no longer" } else { "Hold all" }}</button>
                <button type="button" class="button" on:click=move |_| act(|member| Verb::Rename { member })>"Rename"</button>
                <button type="button" class="button button--danger" on:click=move |_| if is_banned.get_untracked() {
                    act(|member| Verb::Unban { member });
                } else {
                    act(|member| Verb::Ban { member });
                }>{small_icon("ban")}{move || if is_banned.get() { "End the ban" } else { "Ban" }}</button>
            })}
        </div>
    }
}

/// The member's nickname, if the card is here.
fn name(crew: Crew) -> Option<String> {
    crew.about
        .with_untracked(|about| about.here().and_then(|card| card.person.nickname.clone()))
}

/// A note is kept in its field until it is written.
fn note_form(crew: Crew, of: StoredValue<MemberId>) -> AnyView {
    let note = NodeRef::<html::Input>::new();
    let write = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = note.get_untracked() else { return };
        let text = field.value().trim().to_owned();
        if text.is_empty() {
            return;
        }
        let written = field.value();
        crew.note_about(of.get_value(), text, name(crew), move |is_done| {
            let field = note.try_get_untracked().flatten();
            if let Some(field) = field.filter(|field| is_done && field.value() == written) {
                field.set_value("");
            }
        });
    };
    view! {
        <form class="card__note" on:submit=write>
            <label class="unseen" for="note">"Note for the crew"</label>
            <input id="note" class="input" autocomplete="off" dir="auto" maxlength=limits::TEXT_SCALARS.to_string() placeholder="Note for the crew" node_ref=note/>
            <button class="button">{small_icon("jot")}"Note"</button>
        </form>
    }
    .into_any()
}

/// An act that takes a time: some at one touch, and any other.
#[derive(Clone, Copy)]
struct Timed {
    title: &'static str,
    mark: &'static str,
    label: &'static str,
    field: &'static str,
    at_hand: [u32; 3],
    longest: u32,
    verb: fn(MemberId, u32) -> Verb,
}

const MUTE: Timed = Timed {
    title: "Mute",
    mark: "clock",
    label: "Mute for",
    field: "card-mute-for",
    at_hand: acts::MUTES,
    longest: limits::MUTE_SECONDS,
    verb: |member, seconds| Verb::Mute { member, seconds },
};

const CLEAR: Timed = Timed {
    title: "Clear last",
    mark: "hide",
    label: "Clear the last",
    field: "card-clear-last",
    at_hand: acts::CLEARS,
    longest: limits::CLEAR_SECONDS,
    verb: |member, seconds| Verb::Clear { member, seconds },
};

fn times(crew: Crew, of: StoredValue<MemberId>, timed: Timed) -> AnyView {
    let asks = RwSignal::new(false);
    let perform = move |seconds: u32| {
        asks.set(false);
        crew.act((timed.verb)(of.get_value(), seconds), name(crew));
    };
    let buttons = timed.at_hand.map(|seconds| {
        let label = format!("{} {}", timed.label, span::words(seconds));
        view! { <button type="button" aria-label=label on:click=move |_| perform(seconds)>{span::words(seconds)}</button> }
    });
    let other = move |_| {
        asks.update(|asks| *asks = !*asks);
        crate::dom::focus(timed.field);
    };
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match span::read(&typed.get_untracked(), timed.longest, Bare::Minutes) {
            Some(seconds) => perform(seconds),
            None => wrong.set(true),
        }
    };
    let field = move || {
        asks.get().then(|| view! {
            <form class="act__field" on:submit=submit>
                <label for=timed.field>{timed.label}</label>
                <input id=timed.field class="input" autocomplete="off" enterkeyhint="done" placeholder="30 s, 5 min, 2 h"
                    aria-invalid=move || wrong.get().then_some("true")
                    on:input=move |event| { typed.set(event_target_value(&event)); wrong.set(false); }/>
                <button class="button button--crew">"Do it"</button>
                {move || wrong.get().then(|| view! {
                    <span class="hint hint--bad" role="alert">{format!("A time like 30 s, 5 min or 2 h, at most {}.", span::words(timed.longest))}</span>
                })}
            </form>
        })
    };
    view! {
        <span class="card__mute" role="group" aria-label=timed.title>
            {small_icon(timed.mark)}{timed.title}
            <span class="act__times">
                {buttons}
                <button type="button" aria-label=format!("{} another time", timed.label) aria-expanded=move || asks.get().to_string() on:click=other>"…"</button>
            </span>
        </span>
        {field}
    }
    .into_any()
}

fn end_mute(crew: Crew, of: StoredValue<MemberId>) -> AnyView {
    let is_muted = Memo::new(move |_| {
        let until = crew
            .about
            .with(|about| about.here().and_then(|card| card.person.muted_until));
        until.is_some_and(|until| until > crew.now())
    });
    let end = move |_| {
        let member = of.get_value();
        crew.act(Verb::Mute { member, seconds: 0 }, name(crew));
    };
    let button = move || {
        is_muted
            .get()
            .then(|| view! { <button type="button" class="button" on:click=end>"End the mute"</button> })
    };
    button.into_any()
}
