//! `GET /api/events/{event}`: what anybody may know.

use axum::Json;
use axum::extract::State;
use wire::http::EventView;
use wire::{ChatState, Problem};

use crate::auth::session::AnEvent;
use crate::clock;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::Event;

/// What is announced of an event. The stream's address is behind the ticket.
#[utoipa::path(
    get,
    path = "/events/{event}",
    tag = "event",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = EventView),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn show(State(state): State<AppState>, AnEvent(event): AnEvent) -> Result<Json<EventView>, ApiError> {
    let now = clock::now();
    Ok(Json(EventView {
        chat: chat_of(&state, &event),
        phase: event.phase(now),
        slug: event.slug.clone(),
        title: event.title.clone(),
        artist: event.artist.clone(),
        doors_at: event.doors_at,
        starts_at: event.starts_at,
        ends_at: event.ends_at,
        tombstones: event.tombstones,
        now,
    }))
}

/// How an event's chat is, for somebody whose account is made.
pub fn chat_of(state: &AppState, event: &Event) -> ChatState {
    if !event.chat {
        ChatState::Off
    } else if state.rooms.check().is_err() {
        ChatState::Unavailable
    } else if event.paused {
        ChatState::Paused
    } else {
        ChatState::Ready
    }
}
