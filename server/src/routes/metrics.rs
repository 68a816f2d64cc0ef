//! `GET /metrics`: the counters, in Prometheus' text form.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::clock;
use crate::state::AppState;

const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The counters.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    // A database that does not answer leaves the last number standing; /readyz tells of the trouble.
    if let Ok(pending) = state.store.pending_accounts(clock::now()).await {
        state.metrics.accounts_pending(pending);
    }
    let asked = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let kind = if asked.contains("application/openmetrics-text") {
        OPEN_METRICS
    } else {
        PLAIN
    };
    ([(CONTENT_TYPE, kind)], state.metrics.encode()).into_response()
}
