//! `POST /api/events/{event}/credentials`: opens one socket within a minute.

use axum::Json;
use axum::extract::State;
use wire::http::Credential;
use wire::{MemberId, Problem, Role, limits};

use crate::auth::credential::Claims;
use crate::auth::session::Seat;
use crate::clock;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::{Event, Lease};

/// Hands out a credential.
#[utoipa::path(
    post,
    path = "/events/{event}/credentials",
    tag = "chat",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 200, body = Credential),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "banned, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "chat_preparing, unavailable", content_type = "application/problem+json"),
    )
)]
pub async fn create(State(state): State<AppState>, seat: Seat) -> Result<Json<Credential>, ApiError> {
    let member = seat.chatting_member()?;
    let reserved = state.capacity.reserve(seat.lease.ticket, seat.seating.role);
    reserved.map_err(|_| ApiError::full(&state.capacity))?;
    state.store.note_seen(seat.lease, clock::now());
    Ok(Json(mint(&state, &seat.event, member, seat.seating.role, seat.lease)))
}

/// Signs a credential for the holder of a lease.
pub fn mint(state: &AppState, event: &Event, member: &MemberId, role: Role, lease: Lease) -> Credential {
    let claims = Claims {
        event: event.id,
        member: member.clone(),
        role,
        epoch: lease.epoch,
        expires_at: clock::now() + limits::CREDENTIAL_MILLIS,
        capabilities: role.capabilities(),
    };
    Credential {
        token: state.secrets.mint(&claims),
        expires_at: claims.expires_at,
        capabilities: claims.capabilities,
        socket: format!("/api/events/{}/socket", event.slug),
    }
}
