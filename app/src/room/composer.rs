//! Where a line is written. Always in the same place; whatever happens to the connection or the page, the draft stays.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wire::limits;

use crate::chat::Chat;
use crate::chat::outbox::UNSENT_LINES;
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
    };
    let is_paused = Memo::new(move |_| chat.room.with(|room| room.as_ref().is_some_and(|room| room.paused)));
    let has_name = Memo::new(move |_| visit.nickname.with(Option::is_some));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        draft.send();
    };
    view! {
        <form class="composer" on:submit=submit>
            {move || match (has_name.get(), is_paused.get()) {
                (false, _) => join(visit, choose_name),
                (true, true) => view! { <p class="composer__join">{small_icon("clock")}"The crew has paused the chat for a moment. Your draft is safe."</p> }.into_any(),
                (true, false) => view! { <Row draft choose_name/> }.into_any(),
            }}
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
            <button type="button" class="button button--lamp" id="say" on:click=move |_| choose_name.run(())>"Choose a nickname"</button>
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
            draft.send();
        }
    };
    Effect::new(move |_| {
        // The field is the browser's while it is typed in: it is only told of texts that it did not bring itself.
        let text = draft.visit.draft.get();
        if let Some(field) = field.get() {
            if field.value() != text {
                field.set_value(&text);
            }
            dom::fit_height(&field);
        }
    });
    view! {
        {move || own_name(&draft, choose_name)}
        {move || draft.note.get().map(|note| view! { <p class="composer__note composer__note--bad" role="status">{small_icon("alert")}{note}</p> })}
        <div class="composer__row">
            <label class="unseen" for="say">"Your line"</label>
            <textarea
                id="say" class="composer__text" rows="1" dir="auto" placeholder="Say something to the row" enterkeyhint="send"
                node_ref=field
                aria-describedby=move || (left.get() <= COUNT_FROM as i64).then_some("signs-left")
                on:input=move |event| draft.type_in(event_target_value(&event))
                on:keydown=pressed
            ></textarea>
            {move || (left.get() <= COUNT_FROM as i64).then(|| count(left.get()))}
            <button class="composer__send" aria-label="Send">{icon("send")}</button>
        </div>
    }
}

fn count(left: i64) -> AnyView {
    let class = if left < 0 {
        "composer__count composer__count--over num"
    } else {
        "composer__count num"
    };
    view! { <span class=class id="signs-left">{left}<span class="unseen">" signs left"</span></span> }.into_any()
}

/// Whose line it will be, as long as that may change.
fn own_name(draft: &Draft, choose_name: Callback<()>) -> Option<AnyView> {
    let name = draft.visit.nickname.get().filter(|_| draft.may_rename())?;
    Some(
        view! {
            <p class="composer__note">
                <span>"You are "<b><bdi>{name}</bdi></b>"."</span>
                <button type="button" class="link" on:click=move |_| choose_name.run(())>"Change nickname"</button>
            </p>
        }
        .into_any(),
    )
}

impl Draft {
    fn type_in(self, text: String) {
        self.visit.write(text);
        if self.note.with_untracked(Option::is_some) {
            self.note.set(None);
        }
    }

    fn send(self) {
        let text = self.visit.draft.with_untracked(|text| text.trim().to_owned());
        let over = text.chars().count().saturating_sub(limits::TEXT_SCALARS);
        if over > 0 {
            self.note.set(Some(format!(
                "Too long by {over} {}.",
                if over == 1 { "sign" } else { "signs" }
            )));
        } else if !text.is_empty() {
            if self.chat.say(text) {
                self.type_in(String::new());
            } else {
                self.note.set(Some(format!(
                    "{UNSENT_LINES} lines are on their way already. This one stays here."
                )));
            }
        }
        dom::focus("say");
    }

    /// A nickname may change until the first line; an artist's never does.
    fn may_rename(self) -> bool {
        let is_artist = self.visit.admission.with(|admission| {
            admission
                .as_ref()
                .is_some_and(|admission| admission.role == wire::Role::Artist)
        });
        !is_artist && !self.chat.has_spoken.get()
    }
}
