//! Where a line is written. Always in the same place; whatever happens to the connection or the page, the draft stays, and
//! so does the field: who has to wait can go on writing.

use crate::part::{handler, part, watch};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wire::{Role, limits};

use super::waiting::{WaitNote, digits};
use crate::chat::outbox::UNSENT_LINES;
use crate::chat::pace::Wait;
use crate::chat::{By, Chat};
use crate::dom;
use crate::icon::{icon, small_icon};
use crate::visit::Visit;

/// From so many signs left, they are counted.
const COUNT_FROM: usize = 60;

/// The line being written. Copies are the same one.
#[derive(Clone, Copy)]
struct Draft {
    chat: Chat,
    visit: Visit,
    note: RwSignal<Option<String>>,
    /// It is sent by itself when slow mode lets it.
    goes_out: RwSignal<bool>,
}

/// The composer, or what stands in its place.
#[component]
pub fn Composer(
    chat: Chat,
    /// Called when the fan wants to choose a nickname.
    choose_name: Callback<()>,
) -> impl IntoView {
    let visit: Visit = expect_context();
    let draft = Draft {
        chat,
        visit,
        note: RwSignal::new(None),
        goes_out: RwSignal::new(false),
    };
    watch(move || match chat.wait.get() {
        None if draft.goes_out.get() => draft.send(By::Page),
        // Nobody knows for how long: what is in the field by then is not what was to go out.
        Some(Wait::Muted { .. } | Wait::Paused) => draft.goes_out.set(false),
        _ => {}
    });
    let has_name = Memo::new(move |_| visit.nickname.with(Option::is_some));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        draft.submit();
    };
    view! {
        <form class="composer" on:submit=handler(submit)>
            {part(move || if has_name.get() { view! { <Row draft choose_name/> }.into_any() } else { join(visit, choose_name) })}
        </form>
    }
}

/// For who has no nickname: they wished to watch only, or their account was not made yet when they came in.
fn join(visit: Visit, choose_name: Callback<()>) -> AnyView {
    let words = if visit.kept().just_watches() {
        "You are watching without a name."
    } else {
        "Your place in the chat is ready."
    };
    view! {
        <div class="composer__join">
            <span>{words}</span>
            <button type="button" class="button button--lamp" id="say" on:click=handler(move |_| choose_name.run(()))>"Choose a nickname"</button>
        </div>
    }
    .into_any()
}

#[component]
fn Row(draft: Draft, choose_name: Callback<()>) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    let left = Memo::new(move |_| {
        limits::TEXT_SCALARS as i64 - draft.visit.draft.with(|text| text.trim().chars().count()) as i64
    });
    let pressed = move |event: KeyboardEvent| {
        // While an input method composes, Enter belongs to it; 229 is how older browsers say so.
        let composes = event.is_composing() || event.key_code() == 229;
        if event.key() == "Enter" && !event.shift_key() && !composes {
            event.prevent_default();
            draft.submit();
        }
    };
    watch(move || {
        // The field is the browser's while it is typed in: it is only told of texts that it did not bring itself.
        let text = draft.visit.draft.get();
        if let Some(field) = field.get() {
            if field.value() != text {
                field.set_value(&text);
            }
            dom::fit_height(&field);
        }
    });
    let placeholder = move || {
        if draft.visit.question.get() {
            format!("Ask {}", draft.visit.artist())
        } else {
            "Say something to the row".to_owned()
        }
    };
    view! {
        {part(move || own_name(&draft, choose_name))}
        <div role="status">
            {part(move || new_name(draft.chat))}
            {part(move || draft.note.get().map(|note| view! { <p class="composer__note composer__note--bad">{small_icon("alert")}{note}</p> }))}
        </div>
        <WaitNote chat=draft.chat goes_out=draft.goes_out/>
        <div class="composer__row">
            <label class="unseen" for="say">"Your line"</label>
            <textarea
                id="say" class="composer__text" rows="1" dir="auto" placeholder=placeholder enterkeyhint="send"
                node_ref=field
                aria-describedby="wait signs-left"
                on:input=handler(move |event| draft.type_in(event_target_value(&event)))
                on:keydown=handler(pressed)
            ></textarea>
            {part(move || draft.may_ask().then(|| ask(draft)))}
            {part(move || (left.get() <= COUNT_FROM as i64).then(|| count(left.get())))}
            {button(draft)}
        </div>
    }
}

/// Makes the line a question to the artist, or a line again.
fn ask(draft: Draft) -> AnyView {
    let question = draft.visit.question;
    let toggle = move |_| {
        draft.visit.write_question(!question.get_untracked());
        dom::focus("say");
    };
    let label = move || format!("Mark as a question for {}", draft.visit.artist());
    view! {
        <button type="button" class="icon-button composer__ask" aria-pressed=move || question.get().to_string() aria-label=label title=label on:click=handler(toggle)>
            {icon("question")}
        </button>
    }
    .into_any()
}

fn count(left: i64) -> AnyView {
    let class = if left < 0 {
        "composer__count composer__count--over num"
    } else {
        "composer__count num"
    };
    view! { <span class=class id="signs-left">{left}<span class="unseen">" signs left"</span></span> }.into_any()
}

/// Sends the line; or says in how many seconds it goes out, or that it cannot. One button for all of it: it keeps the
/// focus.
fn button(draft: Draft) -> AnyView {
    let wait = draft.chat.wait;
    let goes_out = draft.goes_out;
    // Who speaks to the page says what is to be seen.
    let label = move || match wait.get() {
        Some(Wait::Slow { seconds, .. }) if goes_out.get() => format!("{}, goes out by itself", digits(seconds)),
        Some(Wait::Slow { seconds, .. }) => format!("{}, send when slow mode lets it", digits(seconds)),
        _ => "Send".to_owned(),
    };
    let is_of_no_use = move || match wait.get()? {
        Wait::Slow { .. } => goes_out.get().then_some("true"),
        Wait::Muted { .. } | Wait::Paused => Some("true"),
    };
    let mark = move || match wait.get() {
        None => icon("send"),
        Some(Wait::Slow { seconds, .. }) => digits(seconds).into_any(),
        Some(Wait::Muted { .. } | Wait::Paused) => icon("clock"),
    };
    let class = move || match wait.get() {
        None => "composer__send",
        Some(_) => "composer__send composer__send--wait num",
    };
    view! { <button class=class aria-label=label aria-disabled=is_of_no_use aria-describedby="wait">{part(mark)}</button> }
        .into_any()
}

/// The crew gave this fan another nickname.
fn new_name(chat: Chat) -> Option<AnyView> {
    let name = chat.renamed.get()?;
    let seen = move |_| {
        chat.renamed.set(None);
        dom::focus_on();
    };
    Some(
        view! {
            <p class="composer__note">
                <span>"The crew changed your nickname to "<b><bdi>{name}</bdi></b>"."</span>
                <button type="button" class="link" on:click=handler(seen)>"All right"</button>
            </p>
        }
        .into_any(),
    )
}

/// Whose line it will be, as long as that may change.
fn own_name(draft: &Draft, choose_name: Callback<()>) -> Option<AnyView> {
    let name = draft.visit.nickname.get().filter(|_| draft.may_rename())?;
    Some(
        view! {
            <p class="composer__note">
                <span>"You are "<b><bdi>{name}</bdi></b>"."</span>
                <button type="button" class="link" on:click=handler(move |_| choose_name.run(()))>"Change nickname"</button>
            </p>
        }
        .into_any(),
    )
}

impl Draft {
    fn type_in(self, text: String) {
        if text.trim().is_empty() {
            self.goes_out.set(false);
        }
        self.visit.write(text);
        if self.note.with_untracked(Option::is_some) {
            self.note.set(None);
        }
    }

    /// The fan wants it sent.
    fn submit(self) {
        self.send(By::Fan);
        dom::focus("say");
    }

    fn send(self, by: By) {
        let text = self.visit.draft.with_untracked(|text| text.trim().to_owned());
        let over = text.chars().count().saturating_sub(limits::TEXT_SCALARS);
        if over > 0 {
            self.goes_out.set(false);
            self.note.set(Some(format!(
                "Too long by {over} {}.",
                if over == 1 { "sign" } else { "signs" }
            )));
        } else if text.is_empty() {
            self.goes_out.set(false);
        } else if let Some(wait) = self.chat.wait.get_untracked() {
            self.goes_out.set(matches!(wait, Wait::Slow { .. }));
        } else {
            self.goes_out.set(false);
            let question = self.visit.question.get_untracked();
            if self.chat.say(text, question && untrack(|| self.may_ask()), by) {
                self.visit.question.set(false);
                self.type_in(String::new());
            } else {
                self.note.set(Some(format!(
                    "{UNSENT_LINES} lines are on their way already. This one stays here."
                )));
            }
        }
    }

    /// Questions are asked by fans: the others answer them.
    fn may_ask(self) -> bool {
        let before = || self.visit.admission.with(|seat| seat.as_ref().map(|seat| seat.role));
        self.chat.role.get().or_else(before) == Some(Role::Fan)
    }

    /// A nickname may change until the first line; an artist's never does.
    fn may_rename(self) -> bool {
        let is_artist = self.visit.admission.with(|admission| {
            admission
                .as_ref()
                .is_some_and(|admission| admission.role == Role::Artist)
        });
        !is_artist && !self.chat.has_spoken.get()
    }
}
