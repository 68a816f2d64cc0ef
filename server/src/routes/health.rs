//! `/healthz` and `/readyz`: alive, and able to serve.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// When a balancer may ask again, in milliseconds.
const ASK_AGAIN_MILLIS: u64 = 1_000;

/// The process is alive.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether visitors can be served.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// Whether to send visitors here.
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
    /// When to ask again, in milliseconds from now.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = Health)))]
pub async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The process can serve visitors.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness))
)]
pub async fn ready(State(state): State<AppState>) -> Response {
    let mut reasons = Vec::new();
    if let Err(error) = state.store.check().await {
        reasons.push(format!("database: {error}"));
    }
    if let Err(reason) = state.rooms.check() {
        reasons.push(format!("chat: {reason}"));
    }
    if let Some(full) = state.capacity.full() {
        reasons.push(format!("full: {full}"));
    }
    if state.rooms.shutdown().is_cancelled() {
        reasons.push("server: stopping".to_owned());
    }
    if reasons.is_empty() {
        return Json(Readiness {
            ready: true,
            reasons,
            retry_after_ms: None,
        })
        .into_response();
    }
    let body = Readiness {
        ready: false,
        reasons,
        retry_after_ms: Some(ASK_AGAIN_MILLIS),
    };
    let headers = [(RETRY_AFTER, (ASK_AGAIN_MILLIS / 1000).to_string())];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response()
}
