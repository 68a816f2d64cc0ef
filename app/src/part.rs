//! Parts of a view that change, and what follows a change. Boxed, so that the machinery behind them is compiled once and
//! not again for each closure: a fifth of the page's weight was copies of it.

use leptos::prelude::*;

/// A part of a view that is drawn again when what it read changes.
pub type Part = Box<dyn FnMut() -> AnyView + Send>;

/// Draws `view`, again and again.
pub fn part<V: IntoAny + 'static>(mut view: impl FnMut() -> V + Send + 'static) -> Part {
    Box::new(move || view().into_any())
}

/// What an element does on an event.
pub fn handler<E>(act: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(act)
}

/// Does `act` now, and again when what it read changes.
pub fn watch(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}
