//! To the room: the words that are said every night, and a field for the rest.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::{Seq, limits};

use super::{Stage, let_go};
use crate::chat::By;
use crate::chat::outbox::Sending;
use crate::chat::rows::Row;
use crate::clock;
use crate::icon::{icon, small_icon};
use crate::storage::Kept;

/// What is said at one touch, unless it was changed.
const QUICK: [&str; 3] = ["Thank you", "One more?", "Back in 5"];

/// A second touch of the same words within this time is a slip, in milliseconds.
const TWICE: u64 = 3_000;

/// The artist's last line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    text: String,
    fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    OnItsWay,
    Failed(String),
    Said,
}

/// The words at one touch.
pub fn quick_replies(kept: &Kept) -> [String; 3] {
    read_quick(&kept.quick_replies().unwrap_or_default())
}

/// Where words were taken away, those of the house come back.
fn read_quick(kept: &str) -> [String; 3] {
    let mut lines = kept.lines();
    QUICK.map(|house| {
        let own = lines.next().map(str::trim).filter(|own| !own.is_empty());
        own.unwrap_or(house).to_owned()
    })
}

impl Stage {
    /// Changes the words at one touch.
    pub fn change_quick(self, place: usize, words: &str) {
        self.quick.update(|quick| {
            words.clone_into(&mut quick[place]);
            *quick = read_quick(&quick.join("\n"));
        });
        self.visit
            .kept()
            .keep_quick_replies(&self.quick.get_untracked().join("\n"));
    }

    /// Sends what is in the field: to everybody, or as the answer that was begun.
    fn submit(self) {
        let answers = self.answering.get_untracked();
        let text = self.draft(answers);
        let text = text.trim();
        if text.is_empty() || text.chars().count() > limits::TEXT_SCALARS {
            return;
        }
        match answers {
            Some(target) => self.answer(target, text.to_owned()),
            None if self.chat.say(text.to_owned(), false, By::Fan) => self.visit.write(String::new()),
            None => {}
        }
    }

    fn draft(self, answers: Option<Seq>) -> String {
        match answers {
            Some(_) => self.reply.get(),
            None => self.visit.draft.get(),
        }
    }

    fn type_in(self, text: String) {
        match self.answering.get_untracked() {
            Some(_) => self.reply.set(text),
            None => self.visit.write(text),
        }
    }

    /// The artist's last line, and what became of it.
    fn own_line(self) -> Option<Own> {
        self.chat.rows.with(|rows| rows.iter().rev().find_map(own))
    }
}

fn own(row: &Row) -> Option<Own> {
    let (text, fate) = match row {
        Row::Unsent { unsent, .. } => {
            let fate = match unsent.state {
                Sending::Failed(_) => Fate::Failed(unsent.id.clone()),
                Sending::Kept(_) => Fate::Said,
                _ => Fate::OnItsWay,
            };
            (unsent.text.clone(), fate)
        }
        Row::Line { line, mine: true, .. } => (line.message.body.as_ref()?.text.clone(), Fate::Said),
        _ => return None,
    };
    Some(Own { text, fate })
}

/// The field, and the words at one touch.
#[component]
pub fn Say() -> impl IntoView {
    let stage: Stage = expect_context();
    let is_answer = Memo::new(move |_| stage.answering.with(Option::is_some));
    let label = move || {
        if is_answer.get() {
            "Your answer, in words"
        } else {
            "Say it to everybody"
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        stage.submit();
    };
    let class = move || {
        if is_answer.get() {
            "stage__say stage__say--answer"
        } else {
            "stage__say"
        }
    };
    view! {
        <form class=class on:submit=submit>
            <OwnLine/>
            <label class="unseen" for="say">{label}</label>
            <input
                class="input" id="say" dir="auto" autocomplete="off" enterkeyhint="send" maxlength=limits::TEXT_SCALARS.to_string()
                placeholder=label
                prop:value=move || stage.draft(stage.answering.get())
                on:input=move |event| stage.type_in(event_target_value(&event))
            />
            <button class="button stage__send" aria-label="Send">{icon("send")}</button>
            {move || if is_answer.get() {
                view! { <button type="button" class="button stage__quick" on:click=move |_| stage.answering.set(None)>"Not an answer"</button> }.into_any()
            } else {
                (0..QUICK.len()).map(|place| quick(stage, place)).collect::<Vec<_>>().into_any()
            }}
        </form>
    }
}

fn quick(stage: Stage, place: usize) -> AnyView {
    let said = StoredValue::new(None::<u64>);
    let words = move || stage.quick.with(|quick| quick[place].clone());
    let say = move |event| {
        let_go(&event);
        let now = clock::monotonic();
        if said.get_value().is_none_or(|said| now >= said + TWICE) && stage.chat.say(untrack(words), false, By::Fan) {
            said.set_value(Some(now));
        }
    };
    view! { <button type="button" class="button stage__quick" dir="auto" on:click=say>{words}</button> }.into_any()
}

/// What became of the last line.
#[component]
fn OwnLine() -> impl IntoView {
    let stage: Stage = expect_context();
    let own = Memo::new(move |_| stage.own_line());
    let fate = Memo::new(move |_| own.with(|own| own.as_ref().map(|own| own.fate.clone())));
    let words = move || match fate.get() {
        None => "",
        Some(Fate::OnItsWay) => "On its way: ",
        Some(Fate::Failed(_)) => "Not sent: ",
        Some(Fate::Said) => "Said: ",
    };
    let text = move || own.with(|own| own.as_ref().map(|own| own.text.clone()));
    let mark = move || match fate.get() {
        None => None,
        Some(Fate::OnItsWay) => Some(small_icon("clock")),
        Some(Fate::Failed(_)) => Some(small_icon("alert")),
        Some(Fate::Said) => Some(small_icon("check")),
    };
    let again = move || match fate.get() {
        Some(Fate::Failed(id)) => {
            let retried = id.clone();
            Some(view! {
                <button type="button" class="link" on:click=move |_| stage.chat.retry(&retried)>"Try again"</button>
                <button type="button" class="link" on:click=move |_| stage.chat.discard(&id)>"Let go"</button>
            })
        }
        _ => None,
    };
    let state = move || match fate.get() {
        None => "none",
        Some(Fate::OnItsWay) => "pending",
        Some(Fate::Failed(_)) => "failed",
        Some(Fate::Said) => "said",
    };
    view! {
        <div class="stage__own" data-state=state>
            {mark}<p role="status">{words}<bdi>{text}</bdi></p>{again}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_were_taken_away_are_those_of_the_house() {
        assert_eq!(read_quick(""), QUICK);
        assert_eq!(read_quick("Danke\n \n"), ["Danke", "One more?", "Back in 5"]);
    }
}
