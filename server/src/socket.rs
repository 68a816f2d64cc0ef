//! The WebSocket of a room: the handshake (RFC 6455). After it the connection is taken back from the HTTP server, and a
//! thread of the fan-out owns it.

mod connection;
mod crowd;
mod fanout;
mod turn;

pub use fanout::FanOut;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, StatusCode, Version};
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use socket2::SockRef;
use tokio::net::TcpStream;
use wire::Problem;

use crate::problem::ApiError;
use crate::state::AppState;
use crate::websocket::accept_key;

/// The system's send buffer of a connection: seconds of a busy room, and little enough that a crowd fits in memory.
const SEND_BUFFER_BYTES: usize = 64 * 1_024;

/// How long sent bytes may stay unacknowledged before the system gives up on a line.
const UNACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(45);

/// Becomes a WebSocket. `docs/protocol.md` tells what is spoken there.
#[utoipa::path(
    get,
    path = "/events/{event}/socket",
    tag = "chat",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 101, description = "The connection speaks WebSocket (RFC 6455) from here on; `hello` comes first"),
        (status = 400, body = Problem, description = "handshake_invalid", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn upgrade(
    State(state): State<AppState>,
    Path(slug): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let accept = handshake(&request)?;
    if state.store.event_by_slug(&slug).await?.is_none() {
        return Err(ApiError::EventUnknown);
    }
    let upgrading = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or(ApiError::HandshakeInvalid)?;
    let rooms = state.rooms.clone();
    rooms.track(async move {
        match upgrading.await {
            Ok(upgraded) => take_back(upgraded, &state, &slug),
            Err(error) => tracing::debug!(%error, "the upgrade failed"),
        }
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty());
    response.map_err(|_| ApiError::HandshakeInvalid)
}

/// Checks the client's side of the handshake (RFC 6455, 4.2.1) and gives the accept key.
fn handshake(request: &Request) -> Result<String, ApiError> {
    let headers = request.headers();
    let is_fine = request.version() == Version::HTTP_11
        && has_token(headers, &CONNECTION, "upgrade")
        && has_token(headers, &UPGRADE, "websocket")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| is_fine)
        .ok_or(ApiError::HandshakeInvalid)?;
    Ok(accept_key(key.as_bytes()))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn take_back(upgraded: Upgraded, state: &AppState, slug: &str) {
    let Ok(parts) = downcast::<TokioIo<TcpStream>>(upgraded) else {
        tracing::error!("a connection is none of the listener's");
        return;
    };
    let stream = parts.io.into_inner();
    tune(&stream);
    match stream.into_std() {
        Ok(stream) => state.fan_out.open(stream, parts.read_buf, slug.into()),
        Err(error) => tracing::error!(%error, "a connection cannot be taken back"),
    }
}

/// Sizes the system's buffer and lets it notice a dead line; its delay is off since it was accepted. A system that refuses costs
/// memory or time, not service.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let results = [
        socket.set_send_buffer_size(SEND_BUFFER_BYTES),
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_WITHIN)),
    ];
    for error in results.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}
