//! What happens before a call is looked at: where it comes from is checked, and that it came is counted.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{HOST, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::headers;
use crate::auth::origin::AllowedOrigins;
use crate::problem::{self, ApiError};
use crate::state::AppState;

/// What all calls under `/api` have in common. One layer: each one copies all that are inside it for every request.
pub async fn attend(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = match check_origin(&state, &request) {
        Ok(()) => problem::completed(next.run(request).await),
        Err(refused) => refused.into_response(),
    };
    headers::keep_private(response.headers_mut());
    response
}

/// Refuses calls that change something, and sockets, from pages of other sites.
fn check_origin(state: &AppState, request: &Request) -> Result<(), ApiError> {
    let matters = !is_safe(request.method()) || request.headers().contains_key(UPGRADE);
    if matters && !comes_from_here(request.headers(), &state.config.origins) {
        return Err(ApiError::OriginRefused);
    }
    Ok(())
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A client without an Origin is not a browser.
fn comes_from_here(headers: &HeaderMap, allowed: &AllowedOrigins) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_allowed = |origin: &axum::http::HeaderValue| origin.to_str().is_ok_and(|origin| allowed.allow(origin, host));
    headers.get_all(ORIGIN).iter().all(is_allowed)
}

/// One span and one count a request, by its route's pattern: addresses, queries and bodies can be personal.
pub async fn observe(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!("request", http.method = %request.method(), http.route = route);
    let response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    state.metrics.request(&route, status, took);
    span.in_scope(|| tracing::debug!(http.status = status, micros = took.as_micros(), "answered"));
    response
}
