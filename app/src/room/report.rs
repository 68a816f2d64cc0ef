//! A fan's word to the crew about a line. Rows stay cheap: one button serves them all, beside the line that is pointed at,
//! tapped, or reached with the arrow keys.

use crate::part::{handler, part, watch};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use wire::{Capability, Refusal, Seq, limits};

use crate::chat::Chat;
use crate::chat::errands::{NotDone, Outcome};
use crate::dom;
use crate::icon::icon;

/// The button beside a line. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Tool {
    chat: Chat,
    list: NodeRef<html::Ol>,
    button: NodeRef<html::Button>,
    at: RwSignal<Option<Seq>>,
    /// The line that the dialog is about.
    asked: RwSignal<Option<Seq>>,
}

impl Tool {
    /// For the list of lines, whose parent scrolls.
    pub fn new(chat: Chat, list: NodeRef<html::Ol>) -> Self {
        Self {
            chat,
            list,
            button: NodeRef::new(),
            at: RwSignal::new(None),
            asked: RwSignal::new(None),
        }
    }

    /// A line is pointed at or tapped.
    pub fn point(self, event: &web_sys::Event) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let row = target.and_then(|target| target.closest("[data-seq]").ok().flatten());
        self.put(row);
    }

    /// The pointer has left the transcript.
    pub fn leave(self) {
        if !self.has_focus() {
            self.at.set(None);
        }
    }

    /// The keyboard has come to the transcript: beside the last line in view, unless one is pointed at.
    pub fn enter(self) {
        if self.at.get_untracked().is_none() {
            let last = self.list.get_untracked().and_then(|list| list.last_element_child());
            self.put(self.next(last, Element::previous_element_sibling, true));
        }
    }

    /// Rows moved, came or went: the button stays with its line, or goes with it.
    pub fn settle(self) {
        if let Some(seq) = self.at.get_untracked() {
            let had_focus = self.has_focus();
            self.put(self.row(seq).filter(|row| self.is_in_view(row)));
            if had_focus && self.at.get_untracked().is_none() {
                dom::focus("messages");
            }
        }
    }

    /// Puts the button beside a row, or away.
    fn put(self, row: Option<Element>) {
        let found = row.and_then(|row| Some((seq_of(&row)?, row)));
        let found = found.filter(|(seq, _)| self.chat.reportable(*seq).is_some());
        if let (Some((_, row)), Some(view), Some(button)) = (&found, self.view(), self.button.get_untracked()) {
            // As a whole number: how floats are written weighs more than all of this file.
            let top = pixels(row.get_bounding_client_rect().top() - view.get_bounding_client_rect().top());
            let style = web_sys::HtmlElement::style(&button);
            let _ = style.set_property("--at", &format!("{top}px"));
            // A question has its vote there.
            let is_question = row.class_list().contains("message--question");
            let _ = style.set_property("--beside", if is_question { "4.75rem" } else { "0rem" });
        }
        let seq = found.map(|(seq, _)| seq);
        if seq != self.at.get_untracked() {
            self.at.set(seq);
        }
    }

    /// From one line to the next, as the arrow keys say; back to the transcript on Escape.
    fn pressed(self, event: &KeyboardEvent) {
        let step = match event.key().as_str() {
            "ArrowUp" => Element::previous_element_sibling,
            "ArrowDown" => Element::next_element_sibling,
            "Escape" => {
                dom::focus("messages");
                return;
            }
            _ => return,
        };
        event.prevent_default();
        let from = self.at.get_untracked().and_then(|seq| self.row(seq));
        let Some(row) = self.next(from.and_then(|row| step(&row)), step, false) else {
            return;
        };
        self.bring_into_view(&row);
        self.put(Some(row));
    }

    /// The first row from `row` on that can be reported.
    fn next(self, mut row: Option<Element>, step: fn(&Element) -> Option<Element>, in_view: bool) -> Option<Element> {
        while let Some(here) = row {
            let can_be = seq_of(&here).is_some_and(|seq| self.chat.reportable(seq).is_some());
            if can_be && (!in_view || self.is_in_view(&here)) {
                return Some(here);
            }
            row = step(&here);
        }
        None
    }

    fn row(self, seq: Seq) -> Option<Element> {
        let list = self.list.get_untracked()?;
        list.query_selector(&format!("[data-seq='{seq}']")).ok()?
    }

    fn is_in_view(self, row: &Element) -> bool {
        let (row, view) = (row.get_bounding_client_rect(), self.view_rect());
        view.is_some_and(|view| row.bottom() > view.top() && row.top() < view.bottom())
    }

    fn bring_into_view(self, row: &Element) {
        let (row, Some(view)) = (row.get_bounding_client_rect(), self.view_rect()) else {
            return;
        };
        let moved = (row.top() - view.top()).min(0.0) + (row.bottom() - view.bottom()).max(0.0);
        if let Some(view) = self.view() {
            view.scroll_by_with_x_and_y(0.0, moved);
        }
    }

    fn view(self) -> Option<Element> {
        self.list.get_untracked()?.parent_element()
    }

    fn view_rect(self) -> Option<web_sys::DomRect> {
        self.view().map(|view| view.get_bounding_client_rect())
    }

    fn has_focus(self) -> bool {
        let button = self.button.get_untracked();
        button.is_some_and(|button| document().active_element().as_ref() == Some(button.as_ref()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixels of a window")]
fn pixels(length: f64) -> i32 {
    length as i32
}

/// The line that a row shows.
pub fn seq_of(row: &Element) -> Option<Seq> {
    row.get_attribute("data-seq")?.parse().ok()
}

/// The button, and the dialog it opens. For who may report.
#[component]
pub fn ReportTool(tool: Tool) -> impl IntoView {
    let chat = tool.chat;
    let may = Memo::new(move |_| chat.capabilities.with(|all| all.contains(&Capability::Report)));
    let label = move || {
        // A line may change while the button is beside it.
        chat.rows.track();
        let nickname = tool.at.get().and_then(|seq| chat.reportable(seq));
        nickname.map(|nickname| format!("Report this line of {nickname}"))
    };
    part(move || {
        may.get().then(|| {
            view! {
                <button
                    type="button" class="icon-button message__tools" node_ref=tool.button aria-label=label
                    hidden=move || tool.at.get().is_none()
                    on:click=handler(move |_| tool.asked.set(tool.at.get_untracked()))
                    on:keydown=handler(move |event| tool.pressed(&event))
                >{icon("flag")}</button>
                {part(move || tool.asked.get().map(|seq| view! { <ReportDialog tool seq/> }))}
            }
        })
    })
}

/// The question for a reason. The form's fields are the browser's: they are read when it is sent, and the style sheet shows
/// the one for own words when it is wanted.
#[component]
fn ReportDialog(tool: Tool, seq: Seq) -> impl IntoView {
    let chat = tool.chat;
    let dialog = NodeRef::<html::Dialog>::new();
    let is_done = RwSignal::new(false);
    let state = RwSignal::new("");
    let nickname = Memo::new(move |before: Option<&String>| {
        chat.rows.track();
        chat.reportable(seq).or_else(|| before.cloned()).unwrap_or_default()
    });
    watch(move || {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        tool.asked.set(None);
        dom::focus("messages");
    };
    let ended = move |outcome: Outcome| match outcome {
        Ok(_) => {
            chat.note_reported(seq);
            let _ = is_done.try_set(true);
            dom::focus("report");
        }
        Err(not_done) => {
            let _ = state.try_set(why(&not_done));
        }
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if state.get_untracked() == SENDING {
            return;
        }
        state.set(SENDING);
        let of_form = |selector| {
            let field = dialog.get_untracked()?.query_selector(selector).ok()??;
            Some(field.dyn_into::<HtmlInputElement>().ok()?.value())
        };
        let reason = of_form("[type=radio]:checked").unwrap_or_default();
        let words = of_form("[name=words]").unwrap_or_default();
        chat.report(seq, reason_given(&reason, &words), ended);
    };
    let choice = |value: &'static str, label: &'static str| {
        view! {
            <label class="choice"><input type="radio" name="reason" value=value checked=value == "spam" autofocus=value == "spam"/>{label}</label>
        }
    };
    view! {
        <dialog class="dialog" aria-labelledby="report" node_ref=dialog on:close=handler(move |_| close())>
            <h2 class="dialog__title display" id="report" tabindex="-1">
                {part(move || if is_done.get() { "Thanks. The crew will look." } else { "Report a line" })}
            </h2>
            <form class="report" hidden=move || is_done.get() on:submit=handler(send)>
                <fieldset class="report__reasons">
                    <legend class="label">"What is wrong with this line of "<bdi>{part(move || nickname.get())}</bdi>"?"</legend>
                    {choice("spam", "Spam")}
                    {choice("insult", "Insult")}
                    {choice("spoiler", "Spoiler")}
                    {choice(OTHER, "Something else")}
                </fieldset>
                <label class="field report__words">
                    <span class="label">"In a few words"</span>
                    <input class="input" name="words" dir="auto" maxlength=limits::REASON_SCALARS.to_string()/>
                </label>
                <p class="hint" role="status">{part(move || state.get())}</p>
                <button class="button button--lamp">"Report it"</button>
            </form>
            <button type="button" class="button" on:click=handler(move |_| close())>
                {part(move || if is_done.get() { "Back to the chat" } else { "Cancel" })}
            </button>
        </dialog>
    }
}

const OTHER: &str = "other";
const SENDING: &str = "Telling the crew";

/// What goes with the report; nothing, when nothing was written.
fn reason_given(reason: &str, words: &str) -> Option<String> {
    let given = if reason == OTHER { words.trim() } else { reason };
    let given: String = given.chars().take(limits::REASON_SCALARS).collect();
    (!given.is_empty()).then_some(given)
}

fn why(not_done: &NotDone) -> &'static str {
    match not_done {
        NotDone::Unsent => "There is no connection. Try again when the chat is back.",
        NotDone::Unanswered => "No answer came. Try again.",
        NotDone::Refused(refused) => match refused.code {
            Refusal::RateLimited => "That was a lot of reports at once. Try again in a moment.",
            Refusal::UnknownTarget => "This line is not there any more.",
            Refusal::Unavailable => "The room is too busy. Try again in a moment.",
            _ => "It could not be reported.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_given_in_a_word_or_in_own_ones() {
        assert_eq!(reason_given("spam", "ignored").as_deref(), Some("spam"));
        assert_eq!(
            reason_given(OTHER, "  sells tickets ").as_deref(),
            Some("sells tickets")
        );
        assert_eq!(reason_given(OTHER, "  "), None);
        let long = "é".repeat(limits::REASON_SCALARS + 5);
        assert_eq!(
            reason_given(OTHER, &long).map(|given| given.chars().count()),
            Some(limits::REASON_SCALARS)
        );
    }
}
