//! The few things that pages ask of the document itself.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, UnwrapThrowExt};
use web_sys::{HtmlElement, HtmlTextAreaElement, css};

/// Where the page goes.
pub fn body() -> HtmlElement {
    document().body().unwrap_throw()
}

/// Puts another address in the place of this one; nothing is loaded.
pub fn set_address(address: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Sets the title of the tab.
pub fn set_title(title: &str) {
    document().set_title(title);
}

/// Takes away what was shown while the program was on its way.
pub fn end_boot() {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
}

/// Moves the focus to the element with this id, once what was just changed is drawn.
pub fn focus(id: &'static str) {
    request_animation_frame(move || focus_now(id));
}

/// Moves the focus to the element with this id, which is in the page: the next key may come before anything is drawn.
pub fn focus_now(id: &str) {
    let element = document()
        .get_element_by_id(id)
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

/// Moves the focus on to where the visitor goes on: to the field, unless that would open a keyboard nobody asked for.
pub fn focus_on() {
    focus(if has_fine_pointer() { "say" } else { "messages" });
}

/// Called where a part of the page is about to be replaced: a focus that would be lost with it goes on.
pub fn keep_focus(part: &str, go_on: impl FnOnce()) {
    let focused = document().active_element();
    if focused.is_some_and(|focused| focused.closest(part).is_ok_and(|inside| inside.is_some())) {
        go_on();
    }
}

/// Makes a field as high as its text, in browsers whose style sheets cannot say so.
pub fn fit_height(field: &HtmlTextAreaElement) {
    if css::supports("(field-sizing: content)").unwrap_or(false) {
        return;
    }
    let style = HtmlElement::style(field);
    let _ = style.set_property("block-size", "auto");
    let _ = style.set_property("block-size", &format!("{}px", field.scroll_height()));
}

/// Whether the visitor has a mouse: then a field may take the focus by itself. On a phone that would open the keyboard
/// over half of the page.
pub fn has_fine_pointer() -> bool {
    window()
        .match_media("(pointer: fine)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Random bytes, for what is to be unique.
pub fn random<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0_u8; COUNT];
    let is_random = window()
        .crypto()
        .is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !is_random {
        bytes.fill_with(|| byte(js_sys::Math::random()));
    }
    bytes
}

#[expect(clippy::cast_possible_truncation, reason = "a number below 256")]
fn byte(random: f64) -> u8 {
    (random * 256.0) as u8
}
