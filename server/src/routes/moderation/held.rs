//! `GET …/moderation/held`: what waits for a moderator.

use axum::Json;
use axum::extract::State;
use wire::Problem;
use wire::moderation::HeldList;

use crate::auth::crew::Crew;
use crate::problem::ApiError;
use crate::state::AppState;

/// The messages that wait, oldest first.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/held",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = HeldList),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(state): State<AppState>, crew: Crew) -> Result<Json<HeldList>, ApiError> {
    Ok(Json(state.store.waiting_messages(crew.event.id).await?))
}
