//! Makes a text as large as its box allows, and ends it after a whole line where even the smallest size is too large:
//! nobody on stage can scroll.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::Stage;

/// The sizes that are tried, of the one that the style sheet names.
const SIZES: [&str; 6] = ["1", "0.85", "0.72", "0.62", "0.53", "0.46"];

/// A text in a box of this class.
pub fn fitted(class: &'static str, text: String) -> AnyView {
    let stage: Stage = expect_context();
    let outer = NodeRef::<html::Div>::new();
    let class = format!("fits {class}");
    Effect::new(move |_| {
        stage.size.track();
        let Some(outer) = outer.get() else { return };
        request_animation_frame(move || fit(&outer));
    });
    view! { <div class=class node_ref=outer><p dir="auto">{text}</p></div> }.into_any()
}

fn fit(outer: &HtmlElement) {
    let inner = outer
        .first_element_child()
        .and_then(|inner| inner.dyn_into::<HtmlElement>().ok());
    let Some(inner) = inner else { return };
    let style = HtmlElement::style(outer);
    let _ = style.remove_property("--lines");
    for size in SIZES {
        let _ = style.set_property("--fit", size);
        if inner.offset_height() <= outer.client_height() {
            return;
        }
    }
    let line = line_height(&inner);
    if line > 0.0 {
        let lines = (f64::from(outer.client_height()) / line).floor().max(1.0);
        let _ = style.set_property("--lines", &lines.to_string());
    }
}

fn line_height(element: &HtmlElement) -> f64 {
    let style = window().get_computed_style(element).ok().flatten();
    let height = style.and_then(|style| style.get_property_value("line-height").ok());
    height
        .and_then(|height| height.trim_end_matches("px").parse().ok())
        .unwrap_or_default()
}
