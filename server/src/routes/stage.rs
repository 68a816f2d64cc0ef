//! What the artist's stage reads: the questions, and how the evening felt. For artists and moderators.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::stage::{Mood, QuestionList, QuestionState};
use wire::{Problem, limits};

use super::query::{self, Asked};
use crate::auth::crew::Staff;
use crate::clock;
use crate::problem::ApiError;
use crate::state::AppState;

/// Sums of the evening, for a plot that is read from two metres.
const STEPS: u64 = 120;

/// Which questions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Where they stand; those in the answer queue if not given.
    state: Option<QuestionState>,
    /// At most so many, 1 to 100.
    limit: Option<u32>,
}

/// The questions that fans can see, most asked first.
#[utoipa::path(
    get,
    path = "/events/{event}/questions",
    tag = "stage",
    params(("event" = String, Path, description = "The event's slug"), Which),
    responses(
        (status = 200, body = QuestionList),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn questions(
    State(state): State<AppState>,
    staff: Staff,
    Asked(which): Asked<Which>,
) -> Result<Json<QuestionList>, ApiError> {
    let limit = query::limit(which.limit, limits::QUESTIONS)?;
    let standing = which.state.unwrap_or(QuestionState::Queued);
    if standing == QuestionState::Unknown {
        return Err(ApiError::invalid("state is waiting, queued, dropped or answered"));
    }
    Ok(Json(state.store.questions(staff.event.id, standing, limit).await?))
}

/// How the room felt since the doors opened, and in the last minute.
#[utoipa::path(
    get,
    path = "/events/{event}/reactions",
    tag = "stage",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = Mood),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn mood(State(state): State<AppState>, Staff { event }: Staff) -> Result<Json<Mood>, ApiError> {
    let mood = state.store.mood(event.id, event.doors_at, clock::now(), STEPS).await?;
    Ok(Json(mood))
}
