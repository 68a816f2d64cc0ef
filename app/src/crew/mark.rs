//! The selected line in the page. Rows hold no signals, so the selection is put on the element, again after each change.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, FocusOptions, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use wire::Seq;

const SELECTED: &str = "message--selected";

/// A line of the log, with its place.
const LINES: &str = "#messages .message[data-seq]";

/// Marks the line at `seq` and no other; with `focus` the focus goes there too.
///
/// A focus that was lost with the row that held it goes to the row in its place.
pub fn mark(seq: Option<Seq>, focus: bool) {
    while let Ok(Some(old)) = document().query_selector(&format!(".{SELECTED}")) {
        let is_same = seq.is_some_and(|seq| old.get_attribute("data-seq").as_deref() == Some(&seq.to_string()));
        if is_same {
            break;
        }
        let _ = old.class_list().remove_1(SELECTED);
        let _ = old.remove_attribute("aria-current");
    }
    let Some(line) = seq.and_then(line) else { return };
    let _ = line.class_list().add_1(SELECTED);
    let _ = line.set_attribute("aria-current", "true");
    let _ = line.set_attribute("tabindex", "-1");
    if focus {
        let _ = line.focus();
        show(&line);
    } else if has_lost_focus() {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = line.focus_with_options(&options);
    }
}

/// The place of the line that something happened in, unless it happened to a control of its own.
pub fn line_of(target: Option<EventTarget>) -> Option<Seq> {
    let element = target?.dyn_into::<Element>().ok()?;
    if element.closest("button, a, input, textarea").ok()?.is_some() {
        return None;
    }
    let line = element.closest(LINES).ok()??;
    line.get_attribute("data-seq")?.parse().ok()
}

/// Whether words are marked with the mouse: then a click means them.
pub fn has_marked_words() -> bool {
    let selection = window().get_selection().ok().flatten();
    selection.is_some_and(|selection| !selection.is_collapsed())
}

/// Whether there is space for the desk beside the chat.
pub fn is_wide() -> bool {
    let query = window().match_media("(min-width: 62rem)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Whether any of this line is in view.
pub fn is_in_view(seq: Seq) -> bool {
    line(seq).is_some_and(|line| is_shown(&line))
}

/// The lowest line in view.
pub fn last_in_view() -> Option<Seq> {
    let lines = document()
        .get_element_by_id("messages")?
        .get_elements_by_class_name("message");
    (0..lines.length()).rev().find_map(|place| {
        let line = lines.item(place).filter(is_shown)?;
        line.get_attribute("data-seq")?.parse().ok()
    })
}

fn is_shown(line: &Element) -> bool {
    let Some(view) = document().get_element_by_id("messages") else {
        return false;
    };
    let (line, view) = (line.get_bounding_client_rect(), view.get_bounding_client_rect());
    line.bottom() > view.top() && line.bottom() <= view.bottom() + 1.0
}

fn line(seq: Seq) -> Option<HtmlElement> {
    let found = document().query_selector(&format!("#messages .message[data-seq='{seq}']"));
    found.ok().flatten()?.dyn_into().ok()
}

fn has_lost_focus() -> bool {
    document()
        .active_element()
        .is_none_or(|element| element.tag_name().eq_ignore_ascii_case("body"))
}

/// Brings what is selected into view.
pub fn show_selected() {
    let selected = document().query_selector(&format!(".{SELECTED}")).ok().flatten();
    if let Some(line) = selected.and_then(|line| line.dyn_into().ok()) {
        show(&line);
    }
}

fn show(line: &HtmlElement) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    line.scroll_into_view_with_scroll_into_view_options(&options);
}
