//! The few things that pages ask of the document itself.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement, css};

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
    request_animation_frame(move || {
        let element = document()
            .get_element_by_id(id)
            .and_then(|element| element.dyn_into::<HtmlElement>().ok());
        if let Some(element) = element {
            let _ = element.focus();
        }
    });
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

/// A fresh id for a line: 128 random bits in hexadecimal.
pub fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    let is_random = window()
        .crypto()
        .is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !is_random {
        bytes.fill_with(|| byte(js_sys::Math::random()));
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a number below 256")]
fn byte(random: f64) -> u8 {
    (random * 256.0) as u8
}
