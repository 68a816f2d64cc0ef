//! The page of Frontrow: gate, nickname, room. Rendered in the browser; everything it knows comes from the contract.
//!
//! Three programs are made of it: `app` has all that comes before the room, `room` the room as well, and `crew` the
//! moderators' desk in it and the performer's stage. What only a later one needs is reached through its [`Program`] alone.

pub mod api;
mod app;
pub mod chat;
mod clock;
pub mod crew;
pub mod desk;
mod dom;
mod format;
mod front;
mod gate;
mod icon;
mod nickname;
mod page;
mod part;
mod program;
mod room;
mod storage;
mod theme;
mod tries;
pub mod visit;

use leptos::prelude::*;

use crate::page::Route;

pub use crate::program::Program;
pub use crate::room::ROOM;

/// Opens the page with what this program has, ready to fetch the rest.
pub fn open(here: Program) {
    console_error_panic_hook::set_once();
    theme::restore();
    let path = location().pathname().unwrap_or_default();
    let page = leptos::mount::mount_to(dom::body(), move || app::show(Route::from_path(&path), here));
    program::hold(page, here);
}
