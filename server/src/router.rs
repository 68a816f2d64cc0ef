//! Every route in one table, and what all of them have in common.

mod guard;
mod headers;
mod listen;

pub use listen::run as listen;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::session;
use crate::problem::{self, ApiError};
use crate::routes::moderation::{audit, held, members, people, reports, words};
use crate::routes::{admission, client, credentials, event, health, messages, metrics, nickname, openapi, stage};
use crate::socket;
use crate::state::AppState;

/// Longest body of a call, in bytes; the longest we need is a nickname. More is refused with 413.
const BODY_BYTES: usize = 16 * 1024;

/// Longest time to answer a call. A socket's handshake is a call; its life is not.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The whole server as one service.
pub fn router(state: AppState) -> Router {
    let (calls, description) = calls(&state).split_for_parts();
    let description = get(openapi::show)
        .with_state(Arc::new(description))
        .layer(from_fn(problem::complete));
    let around = (
        from_fn_with_state(state.clone(), guard::observe),
        from_fn_with_state(Arc::new(headers::security(&state.config)), headers::add),
    );
    calls
        .route("/api/openapi.json", description)
        .merge(client::routes())
        .with_state(state)
        .layer(around)
}

/// What the description lists.
fn calls(state: &AppState) -> OpenApiRouter<AppState> {
    let api = OpenApiRouter::new()
        .routes(routes!(event::show))
        .routes(routes!(admission::enter, admission::show, admission::leave))
        .routes(routes!(nickname::check, nickname::choose))
        .routes(routes!(credentials::create))
        .routes(routes!(messages::list))
        .routes(routes!(stage::questions))
        .routes(routes!(stage::mood))
        .merge(moderation())
        .fallback(async || ApiError::NotFound);
    OpenApiRouter::with_openapi(openapi::Calls::openapi())
        .nest("/api", guarded(api, state).merge(sockets(state)))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::show))
}

/// The moderators' desk. A word list is longer than every other body, and only moderators can send one.
fn moderation() -> OpenApiRouter<AppState> {
    let words = OpenApiRouter::new()
        .routes(routes!(words::list, words::add, words::replace, words::clear))
        .layer(DefaultBodyLimit::max(words::FILE_BYTES));
    OpenApiRouter::new()
        .routes(routes!(reports::list))
        .routes(routes!(held::list))
        .routes(routes!(people::list))
        .routes(routes!(members::show))
        .routes(routes!(members::messages))
        .routes(routes!(audit::list))
        .routes(routes!(words::remove))
        .merge(words)
}

/// Half of what a joining crowd asks for, and without a body or a session: the outer three layers of [`guarded`] are enough.
fn sockets(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(socket::upgrade)).layer((
        from_fn_with_state(state.clone(), guard::attend),
        CatchPanicLayer::custom(|_| ApiError::internal("a handler panicked").into_response()),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN),
    ))
}

/// What every other call under `/api` goes through, from the outside in. They are layered as one: axum boxes and copies what each
/// `layer` adds, for every request.
fn guarded(api: OpenApiRouter<AppState>, state: &AppState) -> OpenApiRouter<AppState> {
    api.layer((
        from_fn_with_state(state.clone(), guard::attend),
        CatchPanicLayer::custom(|_| ApiError::internal("a handler panicked").into_response()),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN),
        DefaultBodyLimit::max(BODY_BYTES),
        session::layer(&state.store, &state.config),
    ))
}
