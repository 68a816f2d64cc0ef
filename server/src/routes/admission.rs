//! `/api/events/{event}/admission`: a ticket at the gate, who am I here, and leaving.
//!
//! Nothing here needs the chat: the gate and the stream work while the relay is down and accounts are still being made.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tower_sessions::Session;
use wire::http::{Admission, AdmissionRequest};
use wire::{ChatState, MemberId, Phase, Problem, UnixMillis};

use super::json::Body;
use super::{credentials, event};
use crate::auth::address::Network;
use crate::auth::caller::Caller;
use crate::auth::codes;
use crate::auth::session::{self, AnEvent, Renewal, Seat};
use crate::clock;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::{Admitted, Claim, Event, Lease, Look, Seating};

/// Shows a ticket at the gate.
#[utoipa::path(
    post,
    path = "/events/{event}/admission",
    tag = "admission",
    params(("event" = String, Path, description = "The event's slug")),
    request_body = AdmissionRequest,
    responses(
        (status = 200, body = Admission, description = "Admitted; the session cookie is set"),
        (status = 401, body = Problem, description = "ticket_unknown", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_open, event_over, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "ticket_in_use", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "too_many_tries", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "unavailable", content_type = "application/problem+json"),
    )
)]
pub async fn enter(
    State(state): State<AppState>,
    AnEvent(event): AnEvent,
    session: Session,
    Caller(network): Caller,
    Body(request): Body<AdmissionRequest>,
) -> Result<Json<Admission>, ApiError> {
    let admitted = admit(&state, &event, &session, network, &request).await;
    state.metrics.admission(outcome(&admitted));
    admitted.map(Json)
}

async fn admit(
    state: &AppState,
    event: &Event,
    session: &Session,
    network: Network,
    request: &AdmissionRequest,
) -> Result<Admission, ApiError> {
    let now = clock::now();
    let claim = Claim {
        event: event.id,
        code: state.secrets.hash_code(event.id, &codes::fold(&request.ticket)),
        had: session::remembered(session, event.id).await?,
        takeover: request.takeover,
    };
    let renewal = Renewal::of(session, event.id, now).await?;
    let admitted = decide(state, claim, &renewal, now).await?;
    let may_have_ended_another = claim.had.is_some() || matches!(admitted, Admitted::TakenOver(_));
    match admitted {
        Admitted::Kept(seated) => {
            session::prolong(session, event.id, now).await?;
            Ok(admission(state, event, seated.lease, seated.seating))
        }
        Admitted::Taken(seated) | Admitted::TakenOver(seated) => {
            if may_have_ended_another {
                state.rooms.nudge(); // Open sockets are told now.
            }
            renewal.done(session, seated.lease).await?;
            Ok(admission(state, event, seated.lease, seated.seating))
        }
        Admitted::InUse { last_seen, member } => Err(in_use(state, event, member.as_ref(), last_seen)),
        Admitted::Wait { millis } => Err(ApiError::TooManyTries { retry_after_ms: millis }),
        Admitted::Closed(phase) => Err(closed(event, phase)),
        Admitted::Unknown => Err(wrong_code(state, event, network)),
    }
}

/// A node in trouble seats nobody new. One whose places are taken does: gate and stream do not depend on the chat.
async fn decide(state: &AppState, claim: Claim, renewal: &Renewal, now: UnixMillis) -> Result<Admitted, ApiError> {
    let (ticket, role) = match state.store.look(claim, now).await? {
        Look::Settled(admitted) => return Ok(admitted),
        Look::Seats { ticket, role } => (ticket, role),
    };
    let bears = state.capacity.bears(ticket, role);
    bears.map_err(|_| ApiError::full(&state.capacity))?;
    Ok(state.store.admit(claim, Some(renewal.beginning()), now).await?)
}

fn closed(event: &Event, phase: Phase) -> ApiError {
    match phase {
        Phase::Ended | Phase::Archived => ApiError::EventOver,
        Phase::Draft | Phase::Scheduled | Phase::Open => ApiError::NotOpen {
            opens_at: event.doors_at,
        },
    }
}

/// Who watches and says nothing is still here.
fn in_use(state: &AppState, event: &Event, member: Option<&MemberId>, noted: UnixMillis) -> ApiError {
    let is_here = member.is_some_and(|member| state.rooms.has_socket(event.id, member));
    let last_seen = if is_here { clock::now() } else { noted };
    ApiError::TicketInUse { last_seen }
}

/// Counts a code that does not open this event. All of them get the same answer.
fn wrong_code(state: &AppState, event: &Event, network: Network) -> ApiError {
    let verdict = state.throttle.wrong_code(event.id, network, clock::steady());
    if verdict.alarm {
        state.metrics.alarm();
        tracing::warn!(event = event.slug, "unusually many wrong codes within a minute");
    }
    verdict
        .wait
        .map_or(ApiError::TicketUnknown, |retry_after_ms| ApiError::TooManyTries {
            retry_after_ms,
        })
}

fn outcome(admitted: &Result<Admission, ApiError>) -> &'static str {
    match admitted {
        Ok(_) => "admitted",
        Err(ApiError::TicketUnknown) => "ticket_unknown",
        Err(ApiError::NotOpen { .. }) => "not_open",
        Err(ApiError::EventOver) => "event_over",
        Err(ApiError::TicketInUse { .. }) => "ticket_in_use",
        Err(ApiError::TooManyTries { .. }) => "too_many_tries",
        Err(_) => "error",
    }
}

/// Who am I here.
#[utoipa::path(
    get,
    path = "/events/{event}/admission",
    tag = "admission",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = Admission),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_open, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn show(State(state): State<AppState>, seat: Seat) -> Result<Json<Admission>, ApiError> {
    let now = clock::now();
    state.store.note_seen(seat.lease, now);
    session::prolong(&seat.session, seat.event.id, now).await?;
    Ok(Json(admission(&state, &seat.event, seat.lease, seat.seating)))
}

/// Leaves, and frees the lease.
#[utoipa::path(
    delete,
    path = "/events/{event}/admission",
    tag = "admission",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 204, description = "The seat is free"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn leave(
    State(state): State<AppState>,
    AnEvent(event): AnEvent,
    session: Session,
) -> Result<StatusCode, ApiError> {
    let lease = session::remembered(&session, event.id)
        .await?
        .ok_or(ApiError::LeaseLost)?;
    let left = state.store.leave(lease, clock::now()).await?;
    if left {
        state.capacity.forget(lease.ticket);
    }
    state.rooms.nudge();
    session::forget(&session, event.id).await?;
    if left {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::LeaseLost)
    }
}

/// What somebody who sits here is told.
fn admission(state: &AppState, event: &Event, lease: Lease, seating: Seating) -> Admission {
    let member = seating.member.clone();
    let mut chat = chat_for(event::chat_of(state, event), member.as_ref(), seating.banned);
    let mut credential = None;
    if let (Some(member), ChatState::Ready | ChatState::Paused | ChatState::Unavailable) = (&member, chat) {
        match state.capacity.reserve(lease.ticket, seating.role) {
            Ok(()) => credential = Some(credentials::mint(state, event, member, seating.role, lease)),
            // The page goes on asking for one, and is told when to ask.
            Err(_) => chat = ChatState::Unavailable,
        }
    }
    Admission {
        member,
        role: seating.role,
        nickname: seating.nickname,
        chat,
        stream: event.stream.clone(),
        credential,
    }
}

fn chat_for(chat: ChatState, member: Option<&MemberId>, banned: bool) -> ChatState {
    match chat {
        ChatState::Off => ChatState::Off,
        _ if banned => ChatState::Banned,
        _ if member.is_none() => ChatState::Preparing,
        chat => chat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chat_is_told_as_this_member_finds_it() {
        let member = MemberId("m".into());
        assert_eq!(chat_for(ChatState::Ready, Some(&member), false), ChatState::Ready);
        assert_eq!(chat_for(ChatState::Ready, None, false), ChatState::Preparing);
        assert_eq!(chat_for(ChatState::Ready, Some(&member), true), ChatState::Banned);
        assert_eq!(
            chat_for(ChatState::Unavailable, Some(&member), false),
            ChatState::Unavailable
        );
        assert_eq!(chat_for(ChatState::Off, None, false), ChatState::Off);
    }
}
