//! `GET /api/events/{event}/messages`: the history of the chat, newest page first.

use std::fmt::Write;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::http::HistoryPage;
use wire::{Problem, Seq, ServerFrame, limits};

use crate::auth::session::Seat;
use crate::problem::ApiError;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Messages on the page, 1 to 50. More than 50 is taken as 50, none as 50.
    limit: Option<u32>,
    /// The `next` of the page after it; absent for the newest page.
    before: Option<String>,
}

/// Reads one page of the history.
#[utoipa::path(
    get,
    path = "/events/{event}/messages",
    tag = "chat",
    params(("event" = String, Path, description = "The event's slug"), Which),
    responses(
        (status = 200, body = HistoryPage),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "banned, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "chat_preparing", content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    seat: Seat,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, ApiError> {
    seat.chatting_member()?;
    let Query(which) = which.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    let limit = match which.limit.unwrap_or(limits::HISTORY_PAGE) {
        0 => return Err(ApiError::invalid("limit is 1 to 50")),
        limit => limit.min(limits::HISTORY_PAGE),
    };
    let before = which.before.as_deref().map(place).transpose()?;
    let newest = match before {
        None => state.rooms.newest(seat.event.id, limit as usize),
        Some(_) => None,
    };
    if let Some(page) = newest {
        let rows = page.messages.iter().map(|entry| entry.json.as_str());
        return Ok(answer(rows, page.next, page.as_of));
    }
    let page = state.store.history(seat.event.id, before, limit).await?;
    let rows = page
        .messages
        .into_iter()
        .map(|message| ServerFrame::Message(message).encode());
    Ok(answer(rows, page.next, page.as_of))
}

/// A [`HistoryPage`] whose messages are encoded already, each as its frame was.
fn answer(messages: impl Iterator<Item = impl AsRef<str>>, next: Option<Seq>, as_of: Seq) -> Response {
    let mut body = String::from("{\"messages\":[");
    for (place, message) in messages.enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(message.as_ref());
    }
    // A token is letters, digits, dashes and underscores.
    let next = next.map_or_else(|| "null".to_owned(), |seq| format!("\"{}\"", token(seq)));
    let _ = write!(body, "],\"next\":{next},\"as_of\":{as_of}}}");
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The token of the page that ends before `seq`. Opaque to clients, so that its meaning can change.
fn token(seq: Seq) -> String {
    URL_SAFE_NO_PAD.encode(seq.to_be_bytes())
}

fn place(token: &str) -> Result<Seq, ApiError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(Seq::from_be_bytes)
        .ok_or_else(|| ApiError::invalid("before is the `next` of an earlier page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_place_and_nothing_else_does() {
        for seq in [1, 51, u64::MAX] {
            assert!(matches!(place(&token(seq)), Ok(found) if found == seq));
        }
        for other in ["", "51", "AAAA", "not a token", &"A".repeat(4_000)] {
            assert!(place(other).is_err(), "{other}");
        }
    }
}
