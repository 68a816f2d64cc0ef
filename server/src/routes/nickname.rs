//! `/api/events/{event}/nickname`: would it be free, and having it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use wire::http::{NicknameReason, NicknameRequest, NicknameTry, NicknameView};
use wire::{Problem, Role};

use super::json::Body;
use crate::auth::codes;
use crate::auth::session::Seat;
use crate::nickname::{self, Keys, SUGGESTIONS};
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::Naming;

/// The question of a live check.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wish {
    /// The nickname as typed so far.
    #[serde(rename = "try")]
    #[param(rename = "try")]
    wish: String,
}

/// Would a nickname be free? Claims nothing.
#[utoipa::path(
    get,
    path = "/events/{event}/nickname",
    tag = "nickname",
    params(("event" = String, Path, description = "The event's slug"), Wish),
    responses(
        (status = 200, body = NicknameTry),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn check(
    State(state): State<AppState>,
    seat: Seat,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Json<NicknameTry>, ApiError> {
    let Query(Wish { wish }) = wish.map_err(|_| ApiError::invalid("Ask with ?try= and the nickname."))?;
    if !seat.event.chat {
        return Err(ApiError::ChatOff);
    }
    let reason = refusal(&state, &seat, &wish).await?;
    let suggestions = match reason {
        Some(reason) => suggestions(&state, &seat, &wish, reason).await?,
        None => Vec::new(),
    };
    Ok(Json(NicknameTry {
        free: reason.is_none(),
        reason,
        suggestions,
    }))
}

/// Takes a nickname.
#[utoipa::path(
    put,
    path = "/events/{event}/nickname",
    tag = "nickname",
    params(("event" = String, Path, description = "The event's slug")),
    request_body = NicknameRequest,
    responses(
        (status = 200, body = NicknameView),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "banned, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "nickname_taken, nickname_fixed", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "nickname_invalid", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "chat_preparing", content_type = "application/problem+json"),
    )
)]
pub async fn choose(
    State(state): State<AppState>,
    seat: Seat,
    Body(request): Body<NicknameRequest>,
) -> Result<Json<NicknameView>, ApiError> {
    let member = seat.chatting_member()?;
    if seat.seating.role == Role::Artist {
        return Err(ApiError::NicknameFixed);
    }
    let wish = &request.nickname;
    let nickname = match wire::text::nickname(wish) {
        Ok(nickname) => nickname,
        Err(reason) => return Err(refused(&state, &seat, wish, reason).await),
    };
    let keys = Keys::of(&nickname);
    if let Some(reason) = nickname::reserved_for(&keys, &seat.event.artist) {
        return Err(refused(&state, &seat, wish, reason).await);
    }
    let naming = state
        .store
        .give_nickname((seat.event.id, member), seat.lease, &nickname, &keys)
        .await?;
    match naming {
        Naming::Given => Ok(Json(NicknameView { nickname })),
        Naming::Taken => Err(refused(&state, &seat, wish, NicknameReason::Taken).await),
        Naming::Fixed => Err(ApiError::NicknameFixed),
        Naming::Banned => Err(ApiError::Banned),
        Naming::LeaseLost => Err(ApiError::LeaseLost),
    }
}

/// Why a wish could not be had now.
async fn refusal(state: &AppState, seat: &Seat, wish: &str) -> Result<Option<NicknameReason>, ApiError> {
    let nickname = match wire::text::nickname(wish) {
        Ok(nickname) => nickname,
        Err(reason) => return Ok(Some(reason)),
    };
    let keys = Keys::of(&nickname);
    if let Some(reason) = nickname::reserved_for(&keys, &seat.event.artist) {
        return Ok(Some(reason));
    }
    let taken = state
        .store
        .taken_keys(seat.event.id, keys.all(), seat.seating.member.as_ref())
        .await?;
    Ok((!taken.is_empty()).then_some(NicknameReason::Taken))
}

async fn refused(state: &AppState, seat: &Seat, wish: &str, reason: NicknameReason) -> ApiError {
    let suggestions = match suggestions(state, seat, wish, reason).await {
        Ok(suggestions) => suggestions,
        Err(error) => return error,
    };
    match reason {
        NicknameReason::Taken | NicknameReason::Artist | NicknameReason::Reserved => {
            ApiError::NicknameTaken { reason, suggestions }
        }
        NicknameReason::TooShort | NicknameReason::TooLong | NicknameReason::Unreadable | NicknameReason::Unknown => {
            ApiError::NicknameInvalid { reason, suggestions }
        }
    }
}

/// Names that are free at this moment, some near the wish where that is any use.
async fn suggestions(
    state: &AppState,
    seat: &Seat,
    wish: &str,
    reason: NicknameReason,
) -> Result<Vec<String>, ApiError> {
    let wish = wire::text::nickname(wish).unwrap_or_default();
    let mut seed = [0; 8];
    codes::fill_random(&mut seed);
    let near = reason == NicknameReason::Taken;
    let mut named: Vec<(String, Keys)> = nickname::candidates(&wish, near, u64::from_le_bytes(seed))
        .into_iter()
        .map(|name| (Keys::of(&name), name))
        .filter(|(keys, _)| nickname::reserved_for(keys, &seat.event.artist).is_none())
        .map(|(keys, name)| (name, keys))
        .collect();
    let keys = named.iter().flat_map(|(_, keys)| keys.all());
    let taken = state
        .store
        .taken_keys(seat.event.id, keys, seat.seating.member.as_ref())
        .await?;
    named.retain(|(_, keys)| !keys.all().any(|key| taken.contains(key)));
    Ok(named.into_iter().map(|(name, _)| name).take(SUGGESTIONS).collect())
}
