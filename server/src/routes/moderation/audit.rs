//! `GET …/moderation/audit`: who did what to whom, when and why; page by page, or all of it as a file.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use wire::moderation::AuditPage;
use wire::{MemberId, Problem, UnixMillis};

use super::download;
use crate::audit::Form;
use crate::auth::crew::Crew;
use crate::problem::ApiError;
use crate::routes::query::{self, Asked};
use crate::routes::token;
use crate::state::AppState;
use crate::store::{AuditBy, AuditFilter, AuditPart};

/// Lines on a page.
const PAGE: u32 = 50;

/// What `by` says for what nobody in the room did.
const HOUSE: &str = "house";

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this kind: a verb of the socket, or what a command or the word list did.
    kind: Option<String>,
    /// Not of this kind.
    without: Option<String>,
    /// About this member.
    member: Option<MemberId>,
    /// Done by this member, or by the `house`: a command, the word list, the gate.
    by: Option<String>,
    /// Done at this moment or later.
    since: Option<UnixMillis>,
    /// Done before this moment.
    until: Option<UnixMillis>,
    /// The `next` of the page after it; absent for the newest page. Not for a file.
    before: Option<String>,
    /// Lines on the page, 1 to 50. More than 50 is taken as 50, none as 50. Not for a file.
    limit: Option<u32>,
    /// All of it as a file, oldest line first.
    format: Option<Format>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For a spreadsheet.
    Csv,
    /// A list of the lines as pages have them.
    Json,
}

/// One page of the audit log, newest line first, or all of it as a file.
#[utoipa::path(
    get,
    path = "/events/{event}/moderation/audit",
    tag = "moderation",
    params(("event" = String, Path, description = "The event's slug"), Which),
    responses(
        (status = 200, description = "A page; with `format`, a file", content((AuditPage = "application/json"), (String = "text/csv"))),
        (status = 400, body = Problem, description = "request_invalid", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "lease_lost", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "not_allowed, chat_off, event_over, ticket_revoked", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(state): State<AppState>, crew: Crew, Asked(which): Asked<Which>) -> Result<Response, ApiError> {
    let limit = query::limit(which.limit, PAGE)?;
    let before = which.before.as_deref().map(token::number).transpose()?;
    let filter = AuditFilter {
        kind: which.kind,
        without: which.without,
        member: which.member,
        by: which.by.map(by),
        since: which.since,
        until: which.until,
    };
    match which.format {
        Some(_) if before.is_some() || which.limit.is_some() => Err(ApiError::invalid(
            "a file has all lines: before and limit are for pages",
        )),
        Some(Format::Csv) => download::send(state.store.clone(), &crew.event, filter, Form::Csv).await,
        Some(Format::Json) => download::send(state.store.clone(), &crew.event, filter, Form::Json).await,
        None => {
            let part = AuditPart::Before(before);
            let mut rows = state.store.audit_lines(crew.event.id, &filter, part, limit + 1).await?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| more).map(|oldest| token::of_number(oldest.id));
            Ok(Json(AuditPage { rows, next }).into_response())
        }
    }
}

fn by(who: String) -> AuditBy {
    if who == HOUSE {
        AuditBy::House
    } else {
        AuditBy::Member(MemberId(who))
    }
}
