//! `GET /api/events/{event}/messages`: the history of the chat, newest page first.

use std::fmt::Write;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use wire::http::HistoryPage;
use wire::{Counts, Problem, Seq, ServerFrame, limits};

use super::token;
use crate::auth::session::Seat;
use crate::problem::ApiError;
use crate::room::Audience;
use crate::state::AppState;
use crate::store::EventId;
use crate::store::entries::Stated;

/// What a page has around its messages, in bytes, unless they have many votes.
const FRAME_BYTES: usize = 256;

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
    let before = which.before.as_deref().map(token::number).transpose()?;
    let audience = Audience::of(seat.seating.role);
    let newest = match before {
        None => state.rooms.newest(seat.event.id, limit as usize, audience),
        Some(_) => None,
    };
    if let Some(page) = newest {
        let votes = state.rooms.votes_of(seat.event.id, &page.questions);
        return Ok(answer(&page.messages, page.next, page.as_of, &votes));
    }
    let page = state.store.history(seat.event.id, None, before, limit).await?;
    let votes = votes(&state, seat.event.id, &page.messages).await?;
    let rows: Vec<String> = page.messages.iter().map(|message| show(message, audience)).collect();
    Ok(answer(&rows, page.next, page.as_of, &votes))
}

/// The votes of the questions on a page that fans can see.
async fn votes(state: &AppState, event: EventId, page: &[Stated]) -> Result<Counts<Seq>, ApiError> {
    let asked = page
        .iter()
        .filter(|message| message.body.question && message.is_visible());
    let asked: Vec<Seq> = asked.map(|message| message.seq).collect();
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else {
        return Ok(Counts::default());
    };
    let votes = state.store.votes_between(event, *first, *last).await?;
    Ok(votes.into_iter().filter(|(seq, _)| asked.contains(seq)).collect())
}

/// A message as its frame is.
pub(super) fn show(message: &Stated, audience: Audience) -> String {
    let shown = match audience {
        Audience::Fans => message.for_fans(),
        Audience::Staff => message.for_staff(),
    };
    ServerFrame::Message(shown).encode()
}

/// A [`HistoryPage`] whose messages are encoded already, each as its frame was.
pub(super) fn answer(messages: &[impl AsRef<str>], next: Option<Seq>, as_of: Seq, votes: &Counts<Seq>) -> Response {
    let length: usize = messages.iter().map(|message| message.as_ref().len() + 1).sum();
    let mut body = String::with_capacity(length + FRAME_BYTES);
    body.push_str("{\"messages\":[");
    for (place, message) in messages.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(message.as_ref());
    }
    // A token is letters, digits, dashes and underscores.
    let next = next.map_or_else(|| "null".to_owned(), |seq| format!("\"{}\"", token::of_number(seq)));
    let _ = write!(body, "],\"next\":{next},\"as_of\":{as_of}");
    if !votes.is_empty() {
        let votes: Vec<String> = votes.iter().map(|(seq, votes)| format!("\"{seq}\":{votes}")).collect();
        let _ = write!(body, ",\"votes\":{{{}}}", votes.join(","));
    }
    body.push('}');
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
