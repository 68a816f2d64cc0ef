//! `GET …/moderation/members/{member}`: one member's card, and what that member has said.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::http::HistoryPage;
use wire::moderation::MemberCard;
use wire::{Counts, MemberId, Problem, limits};

use super::people::note_online;
use crate::auth::crew::Crew;
use crate::clock;
use crate::problem::ApiError;
use crate::room::Audience;
use crate::routes::messages;
use crate::routes::query::{self, Asked};
use crate::routes::token;
use crate::state::AppState;

/// A member's card.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/members/{member}",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), ("member" = String, Path, description = "The member's id")),
    responses(
        (status = 200, body = MemberCard),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown, member_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(state): State<AppState>,
    crew: Crew,
    Path((_, member)): Path<(String, String)>,
) -> Result<Json<MemberCard>, ApiError> {
    let (event, member) = (crew.event.id, MemberId(member));
    let card = state.store.member_card(event, &member, clock::now()).await?;
    let mut card = card.ok_or(ApiError::MemberUnknown)?;
    note_online(&state, event, &mut card.person);
    Ok(Json(card))
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Messages on the page, 1 to 50. More than 50 is taken as 50, none as 50.
    limit: Option<u32>,
    /// The `next` of the page after it; absent for the newest page.
    before: Option<String>,
}

/// One page of what a member has said, newest page first, also what fans do not see.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/members/{member}/messages",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), ("member" = String, Path, description = "The member's id"), Which),
    responses(
        (status = 200, body = HistoryPage),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown, member_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn messages(
    State(state): State<AppState>,
    crew: Crew,
    Path((_, member)): Path<(String, String)>,
    Asked(which): Asked<Which>,
) -> Result<Response, ApiError> {
    let (event, member) = (crew.event.id, MemberId(member));
    let limit = query::limit(which.limit, limits::HISTORY_PAGE)?;
    let before = which.before.as_deref().map(token::number).transpose()?;
    if !state.store.has_member(event, &member).await? {
        return Err(ApiError::MemberUnknown);
    }
    let page = state.store.history(event, Some(&member), before, limit).await?;
    let rows = page.messages.iter();
    let rows: Vec<String> = rows.map(|message| messages::show(message, Audience::Staff)).collect();
    Ok(messages::answer(&rows, page.next, page.as_of, &Counts::default()))
}
