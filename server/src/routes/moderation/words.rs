//! `…/moderation/words`: the event's word list. What is changed here counts at once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use wire::moderation::{WordAction, WordList, WordMatch, WordRule, WordsTaken};
use wire::{Problem, limits};

use crate::auth::crew::Crew;
use crate::clock;
use crate::problem::ApiError;
use crate::routes::json::Body;
use crate::routes::query::Asked;
use crate::routes::token;
use crate::state::AppState;
use crate::store::Listing;
use crate::words;
use crate::words::file::{self, Defaults, Listed};

/// Longest file, in bytes: the longest list, when its lines are not the longest. A longer file is for the command.
pub const FILE_BYTES: usize = 4 * 1024 * 1024;

/// Rules on a page.
const PAGE: u32 = 100;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The `next` of the page before it; absent for the first page.
    after: Option<String>,
}

/// What lines of a file get that do not say it themselves.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Otherwise {
    /// How patterns are compared; `word` if not given.
    matching: Option<WordMatch>,
    /// What rules do; `refuse` if not given.
    action: Option<WordAction>,
    /// How long those that mute do, in seconds; 5 minutes if not given.
    seconds: Option<u32>,
    /// A word to the sender.
    say: Option<String>,
}

/// One page of the list, oldest rule first.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/words",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), Which),
    responses(
        (status = 200, body = WordList),
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
) -> Result<Json<WordList>, ApiError> {
    let after = which.after.as_deref().map(token::number).transpose()?;
    let page = state.store.words_page(crew.event.id, after, PAGE).await?;
    Ok(Json(WordList {
        rules: page.rules,
        total: page.total,
        next: page.next.map(token::of_number),
    }))
}

/// Adds a rule, or those of a text file: one pattern a line, or tab-separated pattern, match, action, seconds and a word to
/// the sender. A pattern that is there already with the same match does what was asked for last.
#[utoipa::path(
    post,
    path = "/events/{event}/moderation/words",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), Otherwise),
    request_body(content((String = "text/plain"), (WordRule = "application/json"))),
    responses(
        (status = 200, body = WordsTaken),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "list_full", content_type = "application/problem+json"),
        (status = 413, body = Problem, description = "request_invalid: longer than 4 MiB", content_type = "application/problem+json"),
        (status = 415, body = Problem, description = "request_invalid: neither text nor JSON", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "request_invalid: no rule", content_type = "application/problem+json"),
    )
)]
pub async fn add(
    State(state): State<AppState>,
    crew: Crew,
    Asked(otherwise): Asked<Otherwise>,
    sent: Sent,
) -> Result<Json<WordsTaken>, ApiError> {
    let listed = match sent {
        Sent::File(file) => read(file, otherwise).await?,
        Sent::Rule(rule) => Listed {
            rules: vec![words::rule(&rule).map_err(|bad| unprocessable(&bad))?],
            ..Listed::default()
        },
    };
    let by = Some(&crew.member);
    let listing = state
        .store
        .add_words(crew.event.id, &listed.rules, by, clock::now())
        .await?;
    taken(&state, listing, listed)
}

/// Puts a text file's rules in the place of the list.
#[utoipa::path(
    put,
    path = "/events/{event}/moderation/words",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), Otherwise),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, body = WordsTaken),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "list_full", content_type = "application/problem+json"),
        (status = 413, body = Problem, description = "request_invalid: longer than 4 MiB", content_type = "application/problem+json"),
        (status = 415, body = Problem, description = "request_invalid: no text", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "request_invalid: no rule in it", content_type = "application/problem+json"),
    )
)]
pub async fn replace(
    State(state): State<AppState>,
    crew: Crew,
    Asked(otherwise): Asked<Otherwise>,
    sent: Sent,
) -> Result<Json<WordsTaken>, ApiError> {
    let Sent::File(file) = sent else {
        return Err(not_text());
    };
    let listed = read(file, otherwise).await?;
    if listed.rules.is_empty() {
        return Err(unprocessable(&"there is no rule in it; DELETE takes every rule out"));
    }
    let by = Some(&crew.member);
    let listing = state
        .store
        .replace_words(crew.event.id, &listed.rules, by, clock::now())
        .await?;
    taken(&state, listing, listed)
}

/// Takes a rule out. One that is not there is out already.
#[utoipa::path(
    delete,
    path = "/events/{event}/moderation/words/{rule}",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), ("rule" = u64, Path, description = "The rule's id")),
    responses(
        (status = 204),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(state): State<AppState>,
    crew: Crew,
    Path((_, rule)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let rule = rule.parse().map_err(|_| ApiError::invalid("a rule's id is a number"))?;
    let by = Some(&crew.member);
    state.store.remove_word(crew.event.id, rule, by, clock::now()).await?;
    state.rooms.nudge();
    Ok(StatusCode::NO_CONTENT)
}

/// Takes every rule out.
#[utoipa::path(
    delete,
    path = "/events/{event}/moderation/words",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 204),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked, origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn clear(State(state): State<AppState>, crew: Crew) -> Result<StatusCode, ApiError> {
    let by = Some(&crew.member);
    state.store.clear_words(crew.event.id, by, clock::now()).await?;
    state.rooms.nudge();
    Ok(StatusCode::NO_CONTENT)
}

/// What rules come as.
pub enum Sent {
    /// A text file.
    File(Bytes),
    /// One rule.
    Rule(WordRule),
}

impl FromRequest<AppState> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        match media_type(request.headers()).as_str() {
            "application/json" => {
                let Body(rule) = Body::from_request(request, state).await?;
                Ok(Self::Rule(rule))
            }
            "text/plain" => {
                let file = Bytes::from_request(request, state).await;
                let file = file.map_err(|rejection| ApiError::RequestInvalid {
                    status: rejection.status(),
                    detail: rejection.body_text(),
                });
                Ok(Self::File(file?))
            }
            _ => Err(not_text()),
        }
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = named.unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

/// Reads a file. A long one takes a while, and the sockets go on meanwhile.
async fn read(file: Bytes, otherwise: Otherwise) -> Result<Listed, ApiError> {
    let usual = Defaults::default();
    let defaults = Defaults {
        matching: otherwise.matching.unwrap_or(usual.matching),
        action: otherwise.action.unwrap_or(usual.action),
        seconds: otherwise.seconds.map(seconds).transpose()?,
        say: otherwise.say.as_deref().map(say).transpose()?.flatten(),
    };
    let reading = tokio::task::spawn_blocking(move || file::read(&file, &defaults)).await;
    reading
        .map_err(ApiError::internal)?
        .map_err(|file::TooMany| ApiError::ListFull)
}

fn seconds(asked: u32) -> Result<u32, ApiError> {
    if (1..=limits::MUTE_SECONDS).contains(&asked) {
        Ok(asked)
    } else {
        Err(ApiError::invalid(words::BadRule::Seconds.to_string()))
    }
}

fn say(asked: &str) -> Result<Option<String>, ApiError> {
    words::say(asked).map_err(|bad| ApiError::invalid(bad.to_string()))
}

fn taken(state: &AppState, listing: Listing, listed: Listed) -> Result<Json<WordsTaken>, ApiError> {
    let Listing::Taken { added, known, total } = listing else {
        return Err(ApiError::ListFull);
    };
    state.rooms.nudge();
    Ok(Json(WordsTaken {
        added,
        known,
        total,
        refused: listed.refused,
        refused_total: listed.refused_total,
    }))
}

fn unprocessable(why: &impl ToString) -> ApiError {
    ApiError::RequestInvalid {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        detail: why.to_string(),
    }
}

fn not_text() -> ApiError {
    ApiError::RequestInvalid {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        detail: "a word list is text/plain, one rule application/json".to_owned(),
    }
}
