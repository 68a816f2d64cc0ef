//! A moderator at the desk, and who stands on or beside the stage.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use wire::{MemberId, Role};

use super::session::Seat;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::Event;

/// A moderator of the event who calls: by what the database says now, not by what a session or a credential once said.
pub struct Crew {
    /// The event.
    pub event: Arc<Event>,
    /// The moderator.
    pub member: MemberId,
}

impl FromRequestParts<AppState> for Crew {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let (event, member) = whoever(parts, state, |role| role == Role::Moderator).await?;
        Ok(Self { event, member })
    }
}

/// An artist or a moderator of the event who calls.
pub struct Staff {
    /// The event.
    pub event: Arc<Event>,
}

impl FromRequestParts<AppState> for Staff {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let (event, _) = whoever(parts, state, Role::is_staff).await?;
        Ok(Self { event })
    }
}

async fn whoever(
    parts: &mut Parts,
    state: &AppState,
    may: impl Fn(Role) -> bool,
) -> Result<(Arc<Event>, MemberId), ApiError> {
    let seat = Seat::from_request_parts(parts, state).await?;
    if !may(seat.seating.role) || seat.seating.banned {
        return Err(ApiError::NotAllowed);
    }
    let member = seat.member()?.clone();
    Ok((seat.event, member))
}
