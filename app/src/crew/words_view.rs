//! The word list in the page: its rules, a form for one more, and files.

use std::ops::Range;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlInputElement;
use wire::limits;
use wire::moderation::{ListedRule, WordAction, WordMatch, WordRule, WordsTaken};

use super::list::{self, Says};
use super::pages::Pages;
use super::span::Bare;
use super::{Crew, calls, queue_view, span, words};
use crate::api::{Answer, Trouble};
use crate::icon::{icon, small_icon};

const MATCHES: [(WordMatch, &str); 3] = [
    (WordMatch::Word, "A word"),
    (WordMatch::Prefix, "Beginning of a word"),
    (WordMatch::Exact, "The whole message"),
];
const ACTIONS: [(WordAction, &str); 3] = [
    (WordAction::Hold, "Hold for the crew"),
    (WordAction::Refuse, "Refuse"),
    (WordAction::Mute, "Refuse and mute"),
];

/// The word list of this panel. Copies are the same one.
#[derive(Clone, Copy)]
struct List {
    crew: Crew,
    pages: RwSignal<Pages<ListedRule>>,
    total: RwSignal<Option<u64>>,
    /// What became of what was sent last.
    taken: RwSignal<Option<Result<WordsTaken, String>>>,
    busy: RwSignal<bool>,
    shown: RwSignal<Range<usize>>,
}

/// The list.
pub fn words(crew: Crew) -> AnyView {
    let list = List {
        crew,
        pages: RwSignal::default(),
        total: RwSignal::new(None),
        taken: RwSignal::new(None),
        busy: RwSignal::new(false),
        shown: RwSignal::new(0..0),
    };
    list.begin();
    list::keep_fresh(
        list.pages,
        list.shown,
        move || crew.words_done.track(),
        move |token| list.call(token),
    );
    let says = Says {
        label: "Rules",
        empty: "No rules yet: every message goes through.",
    };
    let draw = move |rule: ListedRule| list.row(rule);
    let more = Callback::new(move |()| {
        let ask = list.pages.try_update(Pages::ask).flatten();
        list::fetch(list.pages, ask, move |token| list.call(token));
    });
    view! {
        {move || queue_view::offline(crew)}
        {form(list)}
        <div role="status">{move || outcome(list)}</div>
        {list::long_list(says, list.pages, list.shown, |rule| rule.id, draw, more)}
    }
    .into_any()
}

impl List {
    fn begin(self) {
        let ask = self.pages.try_update_untracked(Pages::begin);
        list::fetch(self.pages, ask, move |token| self.call(token));
    }

    async fn call(self, token: Option<String>) -> Answer<(Vec<ListedRule>, Option<String>)> {
        let page = calls::words(&self.crew.visit.slug(), token).await?;
        let _ = self.total.try_set(Some(page.total));
        Ok((page.rules, page.next))
    }

    /// What was changed shows, in its place.
    fn refresh(self) {
        self.crew.words_done.update(|done| *done = done.wrapping_add(1));
        self.crew.note_done(None);
    }

    /// Waits for an answer, says what it is, and reads the list again; `taken` is called when something came of it.
    fn send(self, answer: impl Future<Output = Answer<WordsTaken>> + 'static, taken: impl FnOnce() + 'static) {
        self.busy.set(true);
        self.taken.set(None);
        spawn_local(async move {
            let answer = answer.await.map_err(|trouble| calls::why(&trouble));
            if self.busy.try_set(false).is_some() {
                return;
            }
            if answer.is_ok() {
                taken();
            }
            self.taken.set(Some(answer));
            self.refresh();
        });
    }

    fn row(self, listed: ListedRule) -> AnyView {
        let label = format!("Take out {}", listed.rule.pattern);
        let rule = listed.rule.clone();
        view! {
            <div class="rule">
                <span class="rule__words"><bdi dir="auto">{rule.pattern.clone()}</bdi><span class="hint">{words::does(&rule)}</span></span>
                <button type="button" class="icon-button" aria-label=label on:click=move |_| self.remove(listed.clone())>{icon("x")}</button>
            </div>
        }
        .into_any()
    }

    fn remove(self, listed: ListedRule) {
        let slug = self.crew.visit.slug();
        spawn_local(async move {
            let answer = calls::remove_word(&slug, &listed).await;
            if self.busy.is_disposed() {
                return;
            }
            match answer {
                Ok(()) => self.crew.tell_removed(listed.rule),
                Err(trouble) => self.taken.set(Some(Err(calls::why(&trouble)))),
            }
            self.refresh();
        });
    }
}

/// What a rule does, as picked in the form; a file's lines that say nothing else take it too.
#[derive(Clone, Copy)]
struct Form {
    pattern: NodeRef<html::Input>,
    matching: RwSignal<WordMatch>,
    action: RwSignal<WordAction>,
    seconds: NodeRef<html::Input>,
    say: NodeRef<html::Input>,
    file: NodeRef<html::Input>,
    replaces: RwSignal<bool>,
    /// Really replace the whole list?
    asks: RwSignal<bool>,
}

impl Form {
    /// The rule with this pattern.
    fn rule(self, pattern: String) -> Result<WordRule, String> {
        let action = self.action.get_untracked();
        let value = |field: NodeRef<html::Input>| field.get_untracked().map(|field| field.value().trim().to_owned());
        let seconds = match action {
            WordAction::Mute => {
                let typed = value(self.seconds).unwrap_or_default();
                let read = span::read(&typed, limits::MUTE_SECONDS, Bare::Minutes);
                Some(read.ok_or("How long is the mute? A time like 30 s, 5 min or 2 h.")?)
            }
            WordAction::Hold | WordAction::Refuse => None,
        };
        let say = value(self.say).filter(|say| !say.is_empty() && action != WordAction::Hold);
        Ok(WordRule {
            pattern,
            matching: self.matching.get_untracked(),
            action,
            seconds,
            say,
        })
    }
}

fn form(list: List) -> AnyView {
    let form = Form {
        pattern: NodeRef::new(),
        matching: RwSignal::new(WordMatch::Word),
        action: RwSignal::new(WordAction::Hold),
        seconds: NodeRef::new(),
        say: NodeRef::new(),
        file: NodeRef::new(),
        replaces: RwSignal::new(false),
        asks: RwSignal::new(false),
    };
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = form.pattern.get_untracked() else {
            return;
        };
        let pattern = field.value().trim().to_owned();
        if pattern.is_empty() {
            return;
        }
        match form.rule(pattern) {
            Ok(rule) => {
                let slug = list.crew.visit.slug();
                let empty = move || {
                    if let Some(field) = form.pattern.try_get_untracked().flatten() {
                        field.set_value("");
                    }
                };
                list.send(async move { calls::add_word(&slug, &rule).await }, empty);
            }
            Err(why) => list.taken.set(Some(Err(why))),
        }
    };
    let total = move || {
        list.total.get().map(|total| match total {
            1 => "1 rule".to_owned(),
            total => format!("{} rules", crate::format::count(total)),
        })
    };
    view! {
        <form class="desk__filter desk__filter--words" on:submit=add>
            <label class="unseen" for="pattern">"Word or words"</label>
            <input id="pattern" class="input" autocomplete="off" dir="auto" maxlength=limits::PATTERN_SCALARS.to_string() placeholder="Word or words" node_ref=form.pattern/>
            {choice("Compared as", &MATCHES, form.matching)}
            {choice("What happens", &ACTIONS, form.action)}
            {move || (form.action.get() == WordAction::Mute).then(|| view! {
                <label class="unseen" for="mute-seconds">"Mute for"</label>
                <input id="mute-seconds" class="input" autocomplete="off" value="5 min" node_ref=form.seconds/>
            })}
            {move || (form.action.get() != WordAction::Hold).then(|| view! {
                <label class="unseen" for="say-why">"A word to the sender"</label>
                <input id="say-why" class="input" autocomplete="off" dir="auto" maxlength=limits::REASON_SCALARS.to_string() placeholder="A word to the sender" node_ref=form.say/>
            })}
            <button class="button button--crew" disabled=move || list.busy.get()>"Add"</button>
            <span class="hint num">{total}</span>
        </form>
        <details class="desk__file">
            <summary>{small_icon("down")}"A file of words"</summary>
            <p class="hint">"Plain text in UTF-8, one word or phrase a line. Empty lines and lines that begin with # are skipped. After a tab each, a line may say more: exact, word or prefix; hold, refuse or mute; seconds; a word to the sender. What it leaves out is as picked above."</p>
            <pre class="desk__sample">{words::SAMPLE}</pre>
            <div class="desk__filter">
                <input type="file" accept=".txt,text/plain" aria-label="File of words" class="input" node_ref=form.file/>
                <label class="check"><input type="checkbox" on:change=move |event| { form.replaces.set(event_target_checked(&event)); form.asks.set(false); }/>"In place of the whole list"</label>
                {move || if form.asks.get() { sure(list, form) } else {
                    view! { <button type="button" class="button" id="upload" disabled=move || list.busy.get() on:click=move |_| upload(list, form)>"Upload"</button> }.into_any()
                }}
            </div>
        </details>
    }
    .into_any()
}

/// Asks before the whole list goes: nothing brings it back.
fn sure(list: List, form: Form) -> AnyView {
    let words = match list.total.get_untracked() {
        Some(1) => "Replace the 1 rule".to_owned(),
        Some(total) => format!("Replace all {} rules", crate::format::count(total)),
        None => "Replace the list".to_owned(),
    };
    let keep = move |_| {
        form.asks.set(false);
        crate::dom::focus("upload");
    };
    view! {
        <button type="button" class="button button--danger" id="replace" on:click=move |_| upload(list, form)>{words}</button>
        <button type="button" class="button button--bare" on:click=keep>"Keep the list"</button>
    }
    .into_any()
}

fn choice<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    choices: &'static [(T, &'static str)],
    picked: RwSignal<T>,
) -> AnyView {
    let options = choices
        .iter()
        .enumerate()
        .map(|(place, (_, name))| view! { <option value=place.to_string()>{*name}</option> });
    let pick = move |event: leptos::ev::Event| {
        let place = event_target_value(&event).parse::<usize>().ok();
        if let Some((choice, _)) = place.and_then(|place| choices.get(place)) {
            picked.set(*choice);
        }
    };
    view! { <select class="input" aria-label=label on:change=pick>{options.collect_view()}</select> }.into_any()
}

fn upload(list: List, form: Form) {
    let file = form
        .file
        .get_untracked()
        .and_then(|input: HtmlInputElement| input.files()?.get(0));
    let Some(file) = file else {
        list.taken.set(Some(Err("Pick a file first.".to_owned())));
        return;
    };
    if file.size() > words::FILE_BYTES {
        list.taken.set(Some(Err("The file is larger than 4 MB.".to_owned())));
        return;
    }
    if form.replaces.get_untracked() && !form.asks.get_untracked() {
        form.asks.set(true);
        crate::dom::focus("replace");
        return;
    }
    form.asks.set(false);
    match form.rule(String::new()) {
        Err(why) => list.taken.set(Some(Err(why))),
        Ok(defaults) => {
            let slug = list.crew.visit.slug();
            let replaces = form.replaces.get_untracked();
            list.send(
                async move {
                    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
                    let text = text.ok_or(Trouble::Unreachable)?;
                    calls::upload_words(&slug, text, &defaults, replaces).await
                },
                || (),
            );
        }
    }
}

/// What became of what was sent last.
fn outcome(list: List) -> Option<AnyView> {
    let taken = match list.taken.get()? {
        Ok(taken) => taken,
        Err(why) => return Some(view! { <p class="desk__offline">{small_icon("alert")}{why}</p> }.into_any()),
    };
    let lines = taken.refused.iter().map(|line| {
        view! { <li>{format!("Line {}: {}", line.line, line.why)}</li> }
    });
    Some(
        view! {
            <p class="desk__taken">{small_icon("check")}{words::taken(&taken)}</p>
            <ul class="desk__refused">{lines.collect_view()}</ul>
        }
        .into_any(),
    )
}
