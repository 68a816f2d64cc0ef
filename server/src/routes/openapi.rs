//! `GET /api/openapi.json`: the calls, described by the code that answers them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

/// What the description begins with; the calls add themselves.
#[derive(OpenApi)]
#[openapi(
    paths(show),
    info(
        title = "Frontrow",
        description = "The chat for ticketed live events. Errors are RFC 9457 problems with a stable `code`; times are milliseconds since 1970 UTC."
    ),
    tags(
        (name = "event", description = "What is announced"),
        (name = "admission", description = "A ticket at the gate"),
        (name = "nickname", description = "What to be called"),
        (name = "chat", description = "The room: history, credentials, the socket"),
        (name = "moderation", description = "The moderators' desk: everybody else gets 403 not_allowed"),
        (name = "operation", description = "For who runs it"),
    )
)]
pub struct Calls;

/// The description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation", responses((status = 200, description = "This document")))]
pub async fn show(State(description): State<Arc<Description>>) -> Json<Description> {
    Json(Description::clone(&description))
}
