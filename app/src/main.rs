//! The page of Frontrow: gate, nickname, room. Rendered in the browser; everything it knows comes from the contract.

mod api;
mod app;
mod chat;
mod clock;
mod dom;
mod format;
mod front;
mod gate;
mod icon;
mod nickname;
mod page;
mod room;
mod storage;
mod theme;
mod tries;
mod visit;

use leptos::prelude::*;

use crate::page::Route;

fn main() {
    console_error_panic_hook::set_once();
    theme::restore();
    let path = location().pathname().unwrap_or_default();
    mount_to_body(move || app::show(Route::from_path(&path)));
}
