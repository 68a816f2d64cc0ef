//! The audit log in the page.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::moderation::AuditRow;

use super::audit::{self, Filter};
use super::calls::Wanted;
use super::list::{self, Says};
use super::pages::Pages;
use super::people::picker;
use super::{Crew, calls, queue_view};
use crate::format;
use crate::icon::small_icon;

/// Since when, in milliseconds before now.
const SPANS: [(&str, &str, u64); 4] = [
    ("5", "Last 5 minutes", 5 * 60_000),
    ("30", "Last 30 minutes", 30 * 60_000),
    ("120", "Last 2 hours", 120 * 60_000),
    ("1440", "Last day", 24 * 60 * 60_000),
];
const SPAN_NAMES: [(&str, &str); 4] = [
    (SPANS[0].0, SPANS[0].1),
    (SPANS[1].0, SPANS[1].1),
    (SPANS[2].0, SPANS[2].1),
    (SPANS[3].0, SPANS[3].1),
];

/// What `by` says for what nobody in the room did.
const HOUSE: &str = "house";

/// The log, and what picks from it.
pub fn audit(crew: Crew) -> AnyView {
    let filter = RwSignal::new(Filter::default());
    let pages = RwSignal::new(Pages::<AuditRow>::default());
    let pairs = move || filter.with_untracked(|filter| filter.pairs(crew.visit.now()));
    let call = move |token| async move {
        let page = calls::audit(&crew.visit.slug(), &pairs(), token).await?;
        Ok((page.rows, page.next))
    };
    Effect::new(move |_| {
        let about = crew.audited.get().map(|(member, _)| member.0);
        if filter.with_untracked(|filter| filter.member != about) {
            filter.update(|filter| filter.member = about);
        }
    });
    Effect::new(move |_| {
        filter.track();
        let ask = pages.try_update_untracked(Pages::begin);
        list::fetch(pages, ask, call);
    });
    // Rows never change: new ones come in front.
    Effect::new(move |before: Option<()>| {
        crew.done.track();
        if before.is_some() {
            let asks = pages.with_untracked(Pages::ask_first_again);
            for ask in asks {
                list::fetch(pages, Some(ask), call);
            }
        }
    });
    let more = Callback::new(move |()| list::fetch(pages, pages.try_update(Pages::ask).flatten(), call));
    let says = Says {
        label: "Audit log",
        empty: "Nothing was done.",
    };
    let since = move |span: Option<&str>| {
        let span = SPANS.iter().find(|(value, ..)| Some(*value) == span);
        let millis = span.map(|(_, _, millis)| *millis);
        filter.update(|filter| filter.last = millis);
    };
    let shown = RwSignal::new(0..0);
    view! {
        {move || queue_view::offline(crew)}
        <form class="desk__filter" role="search" on:submit=|event| event.prevent_default()>
            {picker("What", "Everything", &audit::KINDS, move |kind| filter.update(|filter| filter.kind = kind.map(str::to_owned)))}
            {who(crew, filter)}
            {picker("When", "Any time", &SPAN_NAMES, since)}
            {move || about(crew)}
        </form>
        {list::long_list(says, pages, shown, |row| row.id, |listed| row(&listed), more)}
        <p class="desk__files">"Download: "{file(crew, filter, "csv", "CSV")}{file(crew, filter, "json", "JSON")}</p>
    }
    .into_any()
}

/// A link to the log as a file; what is asked for is settled when it is followed.
fn file(crew: Crew, filter: RwSignal<Filter>, format: &'static str, name: &'static str) -> AnyView {
    let address = move || {
        let pairs = filter.with(|filter| filter.pairs(crew.visit.now()));
        calls::audit_file(&crew.visit.slug(), &pairs, format)
    };
    let link = NodeRef::<html::A>::new();
    let renew = move |_| {
        if let Some(link) = link.get_untracked() {
            let _ = link.set_attribute("href", &untrack(address));
        }
    };
    view! { <a class="link" download=format!("audit.{format}") href=address node_ref=link on:click=renew>{name}</a> }
        .into_any()
}

/// Whom it is about, if that was picked.
fn about(crew: Crew) -> Option<AnyView> {
    let (_, name) = crew.audited.get()?;
    Some(
        view! {
            <button type="button" class="chip desk__about" aria-label=format!("About {name}. Show everybody") on:click=move |_| crew.audited.set(None)>
                <span>"About "<bdi>{name.clone()}</bdi></span>{small_icon("x")}
            </button>
        }
        .into_any(),
    )
}

/// Who acted: those who are moderators, and the house.
fn who(crew: Crew, filter: RwSignal<Filter>) -> AnyView {
    let names = RwSignal::new(Vec::<(String, String)>::new());
    spawn_local(async move {
        let wanted = Wanted {
            role: Some("moderator"),
            ..Wanted::default()
        };
        if let Ok(page) = calls::people(&crew.visit.slug(), &wanted, None).await {
            let moderators = page
                .people
                .into_iter()
                .filter_map(|person| Some((person.member.0, person.nickname?)));
            let _ = names.try_set(moderators.collect());
        }
    });
    let picked = move |event: leptos::ev::Event| {
        let member = event_target_value(&event);
        filter.update(|filter| filter.by = Some(member).filter(|member| !member.is_empty()));
    };
    view! {
        <select class="input" aria-label="Who" on:change=picked>
            <option value="">"Everybody"</option>
            <option value=HOUSE>"The house"</option>
            <For each=move || names.get() key=|(member, _)| member.clone() children=|(member, name)| view! { <option value=member>{name}</option> }/>
        </select>
    }
    .into_any()
}

fn row(row: &AuditRow) -> AnyView {
    let crew: Option<Crew> = use_context();
    let about = row.about.as_ref().map(|about| about.member.clone());
    let show = move |_| {
        if let (Some(crew), Some(member)) = (crew, about.clone()) {
            crew.show_card(member);
        }
    };
    let more = audit::more(row);
    view! {
        <button type="button" class="deed" on:click=show>
            {small_icon(if row.kind == "note" { "jot" } else { "audit" })}
            <span class="deed__words">
                <span class="deed__what"><b><bdi>{audit::who(row).to_owned()}</bdi></b>" "<bdi>{audit::what(row)}</bdi></span>
                <span class="deed__more" dir="auto">{more}</span>
            </span>
            <time class="num" datetime=format::machine(row.at)>{format::moment(row.at)}</time>
        </button>
    }
    .into_any()
}
