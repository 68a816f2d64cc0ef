//! Everybody who holds a seat here: searched, and picked out by role and state.

use std::time::Duration;

use leptos::prelude::*;
use wire::moderation::Person;
use wire::{MemberId, Role};

use super::calls::{self, Wanted};
use super::list::{self, Says};
use super::pages::{Listed, Pages};
use super::{Crew, Loaded, queue_view};
use crate::icon::small_icon;

/// A search begins when nothing was typed for so long.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

const ROLES: [(&str, &str); 3] = [("fan", "Fans"), ("artist", "Artists"), ("moderator", "Crew")];
const STATES: [(&str, &str); 4] = [
    ("online", "Online"),
    ("muted", "Muted"),
    ("banned", "Banned"),
    ("held", "Messages held"),
];

/// The list, and what picks from it.
pub fn people(crew: Crew) -> AnyView {
    let wanted = RwSignal::new(Wanted::default());
    let pages = RwSignal::new(Pages::<Person>::default());
    let call = move |token| async move {
        let wanted = wanted.get_untracked();
        let page = calls::people(&crew.visit.slug(), &wanted, token).await?;
        Ok((page.people, page.next))
    };
    let begin = move || {
        let ask = pages.try_update(Pages::begin);
        list::fetch(pages, ask, call);
    };
    // What was done about somebody shows on their row, too.
    Effect::new(move |_| {
        if let Loaded::Here(card) = &*crew.about.read() {
            let person = &card.person;
            pages.update(|pages| pages.change(|row| row.member == person.member, person.clone()));
        }
    });
    let timer = StoredValue::new_local(None::<TimeoutHandle>);
    Effect::new(move |before: Option<()>| {
        wanted.track();
        let wait = if before.is_some() { TYPING_PAUSE } else { Duration::ZERO };
        let next = set_timeout_with_handle(begin, wait).ok();
        if let Some(Some(old)) = timer.try_update_value(|timer| std::mem::replace(timer, next)) {
            old.clear();
        }
    });
    let shown = RwSignal::new(0..0);
    list::keep_fresh(pages, shown, move || crew.done.track(), call);
    let more = Callback::new(move |()| list::fetch(pages, pages.try_update(Pages::ask).flatten(), call));
    let says = Says {
        label: "People",
        empty: "Nobody fits.",
    };
    let draw = move |person: Person| row(crew, person);
    view! {
        {move || queue_view::offline(crew)}
        <form class="desk__filter" role="search" on:submit=|event| event.prevent_default()>
            <label class="unseen" for="search">"Search nicknames"</label>
            <input id="search" class="input" type="search" autocomplete="off" dir="auto" placeholder="Search nicknames"
                on:input=move |event| wanted.update(|wanted| wanted.search = event_target_value(&event))/>
            {picker("Role", "Every role", &ROLES, move |role| wanted.update(|wanted| wanted.role = role))}
            {picker("State", "Every state", &STATES, move |state| wanted.update(|wanted| wanted.state = state))}
        </form>
        {list::long_list(says, pages, shown, key, draw, more)}
    }
    .into_any()
}

/// One of a few, or all.
pub fn picker(
    label: &'static str,
    all: &'static str,
    choices: &'static [(&'static str, &'static str)],
    pick: impl Fn(Option<&'static str>) + 'static,
) -> AnyView {
    let picked = move |event: leptos::ev::Event| {
        let value = event_target_value(&event);
        pick(choices.iter().map(|(value, _)| *value).find(|choice| *choice == value));
    };
    let options = choices
        .iter()
        .map(|(value, name)| view! { <option value=*value>{*name}</option> });
    view! {
        <select class="input" aria-label=label on:change=picked>
            <option value="">{all}</option>
            {options.collect_view()}
        </select>
    }
    .into_any()
}

impl Listed for Person {
    type Id = MemberId;

    fn id(&self) -> MemberId {
        self.member.clone()
    }
}

/// Two rows with the same key look the same.
fn key(person: &Person) -> impl Eq + std::hash::Hash + use<> {
    let state = (person.online, person.banned, person.muted_until, person.held);
    (person.member.clone(), person.nickname.clone(), state)
}

fn row(crew: Crew, person: Person) -> AnyView {
    let member = person.member.clone();
    let role = match person.role {
        Role::Fan => None,
        Role::Artist => Some("Artist"),
        Role::Moderator => Some("Crew"),
    };
    let state = |mark, name| view! { <span class="card__state">{small_icon(mark)}{name}</span> };
    let muted_until = person.muted_until;
    let muted = move || {
        let is_muted = muted_until.is_some_and(|until| until > crew.now());
        is_muted.then(|| state("clock", "Muted"))
    };
    let here = if person.online { "person person--here" } else { "person" };
    let online = if person.online { "Online" } else { "" };
    view! {
        <button type="button" class=here on:click=move |_| crew.show_card(member.clone())>
            <bdi>{person.nickname.unwrap_or_else(|| "No nickname yet".to_owned())}</bdi>
            {role.map(|role| view! { <span class="person__role">{role}</span> })}
            {person.banned.then(|| state("ban", "Banned"))}
            {muted}
            {person.held.then(|| state("pause", "Held"))}
            <span class="person__online">{online}</span>
        </button>
    }
    .into_any()
}
