//! `GET …/moderation/people`: everybody with a nickname.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use wire::moderation::{PeoplePage, Person};
use wire::{MemberId, Problem, Role, limits};

use crate::auth::crew::Crew;
use crate::clock;
use crate::problem::ApiError;
use crate::routes::query::{self, Asked};
use crate::routes::token;
use crate::state::AppState;
use crate::store::{EventId, PeopleFilter, PeoplePlace, PersonState};

/// People on a page.
const PAGE: u32 = 50;

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Part of a nickname, in any spelling that looks like it; nicknames from before are found too.
    search: Option<String>,
    /// Of this role.
    role: Option<Role>,
    /// In this state.
    state: Option<In>,
    /// The `next` of the page before it; absent for the first page.
    after: Option<String>,
    /// People on the page, 1 to 50. More than 50 is taken as 50, none as 50.
    limit: Option<u32>,
}

/// A state to look for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum In {
    /// With an open socket.
    Online,
    /// Muted now.
    Muted,
    /// Banned.
    Banned,
    /// Whose messages all wait for a moderator.
    Held,
}

/// One page of the people, by nickname.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/people",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), Which),
    responses(
        (status = 200, body = PeoplePage),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    crew: Crew,
    Asked(which): Asked<Which>,
) -> Result<Json<PeoplePage>, ApiError> {
    let event = crew.event.id;
    let limit = query::limit(which.limit, PAGE)?;
    let after = which.after.as_deref().map(place).transpose()?;
    let filter = PeopleFilter {
        search: which.search.as_deref().map(search).transpose()?.flatten(),
        role: which.role,
        state: which.state.map(|wanted| in_state(&state, event, wanted)),
    };
    let (mut people, next) = state
        .store
        .people(event, &filter, after.as_ref(), limit, clock::now())
        .await?;
    for person in &mut people {
        note_online(&state, event, person);
    }
    let next = next.map(|next| token::of_pair(next.member.as_str(), &next.nickname));
    Ok(Json(PeoplePage { people, next }))
}

/// Says whether somebody has an open socket.
pub(super) fn note_online(state: &AppState, event: EventId, person: &mut Person) {
    person.online = state.rooms.has_socket(event, &person.member);
}

fn in_state(state: &AppState, event: EventId, wanted: In) -> PersonState {
    match wanted {
        In::Online => PersonState::Online(state.rooms.online_members(event)),
        In::Muted => PersonState::Muted,
        In::Banned => PersonState::Banned,
        In::Held => PersonState::Held,
    }
}

/// What to look for: nothing, when nothing was typed.
fn search(typed: &str) -> Result<Option<String>, ApiError> {
    if typed.len() > limits::NICKNAME_BYTES {
        return Err(ApiError::invalid(format!(
            "search is at most {} bytes, as a nickname is",
            limits::NICKNAME_BYTES
        )));
    }
    let words: Vec<&str> = typed.split_whitespace().collect();
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

fn place(after: &str) -> Result<PeoplePlace, ApiError> {
    let (member, nickname) = token::pair(after)?;
    Ok(PeoplePlace {
        nickname,
        member: MemberId(member),
    })
}
