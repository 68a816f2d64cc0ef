//! `GET …/moderation/reports`: what fans reported, and nobody looked after yet.

use axum::Json;
use axum::extract::State;
use wire::Problem;
use wire::moderation::ReportList;

use crate::auth::crew::Crew;
use crate::problem::ApiError;
use crate::state::AppState;

/// The open cases, most reports first. Who reported is not said here.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/reports",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = ReportList),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(state): State<AppState>, crew: Crew) -> Result<Json<ReportList>, ApiError> {
    Ok(Json(state.store.open_reports(crew.event.id).await?))
}
