//! The moderators' desk and the performer's stage as the rest of the page knows them: what they put into the room, and for
//! whom.

use leptos::prelude::*;
use wire::Role;

use crate::chat::Chat;
use crate::chat::transcript::Line;
use crate::page::Route;
use crate::room::LastScroller;

/// What a program with the desk puts into the room.
#[derive(Clone, Copy)]
pub struct Tools {
    /// Sets the desk up, in the room's owner and before anything else is called.
    pub open: fn(Chat, LastScroller),
    /// The switch in the chat's head.
    pub switch: fn() -> AnyView,
    /// Whether admin mode is on.
    pub is_on: fn() -> bool,
    /// The tools for the whole room, above the transcript.
    pub bar: fn() -> AnyView,
    /// What is done to one line, and can be undone; below the transcript.
    pub over: fn() -> AnyView,
    /// What stands under the stage, or over the chat where there is no space.
    pub house: fn() -> AnyView,
    /// Draws a line that fans do not see.
    pub line: fn(&Line) -> Option<AnyView>,
    /// The performer's view, in place of the room.
    pub stage: fn(Chat) -> AnyView,
}

/// Whether somebody with this role is shown something of it at this address.
pub fn is_for(role: Role) -> bool {
    match role {
        Role::Moderator => true,
        Role::Artist => is_at_stage(),
        Role::Fan => false,
    }
}

/// Whether the address is the performer's.
pub fn is_at_stage() -> bool {
    let path = location().pathname().unwrap_or_default();
    matches!(Route::from_path(&path), Route::Stage(_))
}
