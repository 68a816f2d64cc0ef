//! Icons: strokes on a grid of 24, drawn once in the page's sprite (`index.html`) and used by name. Always beside a word,
//! or inside a control that has one, so they are hidden from assistive technology.

use leptos::prelude::*;

/// An icon at the size of a line of text.
pub fn icon(name: &'static str) -> AnyView {
    sized(name, "icon")
}

/// An icon for small print.
pub fn small_icon(name: &'static str) -> AnyView {
    sized(name, "icon icon--small")
}

/// An icon that is filled.
pub fn solid_icon(name: &'static str) -> AnyView {
    sized(name, "icon icon--solid")
}

fn sized(name: &'static str, class: &'static str) -> AnyView {
    view! { <svg class=class aria-hidden="true"><use_ href=format!("#{name}")/></svg> }.into_any()
}

/// The mark of the house: an arch of light over a row of seats, one of them lit.
pub fn wordmark() -> AnyView {
    view! {
        <span class="wordmark">
            <svg viewBox="0 0 34 18" aria-hidden="true">
                <path d="M1 4.5Q17-2.5 33 4.5" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round"/>
                <circle cx="3.5" cy="12.5" r="2.6"/>
                <circle cx="10.2" cy="14" r="2.6"/>
                <circle class="on" cx="17" cy="14.5" r="3.1"/>
                <circle cx="23.8" cy="14" r="2.6"/>
                <circle cx="30.5" cy="12.5" r="2.6"/>
            </svg>
            "Frontrow"
        </span>
    }
    .into_any()
}

/// A row of lamps, `on` of `of` lit.
pub fn lamps(class: &'static str, of: u32, on: impl Fn() -> u32 + Send + Sync + 'static) -> AnyView {
    let on: Box<dyn Fn() -> u32 + Send + Sync> = Box::new(on);
    let class = format!("lamps {class}");
    view! { <span class=class aria-hidden="true" style:--of=of.to_string() style:--on=move || on().to_string()></span> }
        .into_any()
}

/// A row of lamps that chase each other while something is waited for.
pub fn waiting_lamps(of: u32) -> AnyView {
    view! { <span class="lamps lamps--waiting" aria-hidden="true" style:--of=of.to_string()></span> }.into_any()
}
