//! Everything that can go wrong with an HTTP call, and what its caller is told (RFC 9457). What is our own fault is
//! logged once, here, and its cause stays here.

use std::error::Error;

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::JsonRejection;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use wire::http::NicknameReason;
use wire::{Problem, ProblemCode, UnixMillis};

use crate::capacity::Capacity;
use crate::store::StoreError;

/// The media type of a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// When to ask again for an account that is being made, in milliseconds: the provisioner looks several times a second.
const PREPARING_MILLIS: u64 = 1_000;

/// When to ask again after the database was busy, in milliseconds.
const BUSY_MILLIS: u64 = 1_000;

/// What can go wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No event at this address.
    #[error("No event is announced at this address.")]
    EventUnknown,
    /// No such call.
    #[error("There is no such call.")]
    NotFound,
    /// The call exists, with another method.
    #[error("This call has another method.")]
    MethodNotAllowed,
    /// The request cannot be read.
    #[error("The request cannot be read.")]
    RequestInvalid {
        /// 400, 413, 415 or 422.
        status: StatusCode,
        /// What is wrong with it.
        detail: String,
    },
    /// The code does not open this event.
    #[error("That code doesn’t open this event.")]
    TicketUnknown,
    /// The doors are closed.
    #[error("The doors are not open yet.")]
    NotOpen {
        /// When they open.
        opens_at: UnixMillis,
    },
    /// The event is over.
    #[error("The show is over.")]
    EventOver,
    /// The ticket was revoked.
    #[error("This ticket was taken back.")]
    TicketRevoked,
    /// Another session holds the ticket's lease.
    #[error("This ticket is in use on another device.")]
    TicketInUse {
        /// When that session was last heard of.
        last_seen: UnixMillis,
    },
    /// The session holds no lease here, or lost it.
    #[error("This device has no seat here.")]
    LeaseLost,
    /// The member is out of the chat.
    #[error("You are out of the chat. The stream goes on.")]
    Banned,
    /// The member's role does not allow it.
    #[error("That is for moderators.")]
    NotAllowed,
    /// No member of this id in this event.
    #[error("There is no such member in this event.")]
    MemberUnknown,
    /// The word list is full.
    #[error("The list is full.")]
    ListFull,
    /// The event has no chat.
    #[error("This event has no chat.")]
    ChatOff,
    /// The account is still being made.
    #[error("Your place in the chat is being prepared.")]
    ChatPreparing,
    /// Somebody else has the nickname.
    #[error("That nickname is taken, or looks just like one that is.")]
    NicknameTaken {
        /// By whom.
        reason: NicknameReason,
        /// Names that are free.
        suggestions: Vec<String>,
    },
    /// The nickname breaks a rule.
    #[error("That can’t be a nickname.")]
    NicknameInvalid {
        /// Which rule.
        reason: NicknameReason,
        /// Names that are free.
        suggestions: Vec<String>,
    },
    /// The nickname stays as it is.
    #[error("Your nickname stays as it is.")]
    NicknameFixed,
    /// The request came from another site.
    #[error("The request came from another site.")]
    OriginRefused,
    /// Too many tries.
    #[error("Too many tries.")]
    TooManyTries {
        /// When the next one counts, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// The WebSocket handshake is incomplete.
    #[error("The WebSocket handshake is incomplete.")]
    HandshakeInvalid,
    /// The node takes nobody new.
    #[error("Every place is taken right now.")]
    Full {
        /// When another try can succeed, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// The server cannot answer now.
    #[error("The server cannot answer right now.")]
    Unavailable {
        /// When another try can succeed, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// A defect or a broken part of the server.
    #[error("Something went wrong on our side.")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl ApiError {
    /// A fault of ours.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The database is busy: soon it may not be.
    pub fn busy() -> Self {
        Self::Unavailable {
            retry_after_ms: BUSY_MILLIS,
        }
    }

    /// The node takes nobody new.
    pub fn full(capacity: &Capacity) -> Self {
        Self::Full {
            retry_after_ms: capacity.come_back(),
        }
    }

    /// A request that cannot be read.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::RequestInvalid {
            status: StatusCode::BAD_REQUEST,
            detail: detail.into(),
        }
    }

    fn status_and_code(&self) -> (StatusCode, ProblemCode) {
        match self {
            Self::EventUnknown => (StatusCode::NOT_FOUND, ProblemCode::EventUnknown),
            Self::NotFound => (StatusCode::NOT_FOUND, ProblemCode::NotFound),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, ProblemCode::MethodNotAllowed),
            Self::RequestInvalid { status, .. } => (*status, ProblemCode::RequestInvalid),
            Self::TicketUnknown => (StatusCode::UNAUTHORIZED, ProblemCode::TicketUnknown),
            Self::NotOpen { .. } => (StatusCode::FORBIDDEN, ProblemCode::NotOpen),
            Self::EventOver => (StatusCode::FORBIDDEN, ProblemCode::EventOver),
            Self::TicketRevoked => (StatusCode::FORBIDDEN, ProblemCode::TicketRevoked),
            Self::TicketInUse { .. } => (StatusCode::CONFLICT, ProblemCode::TicketInUse),
            Self::LeaseLost => (StatusCode::UNAUTHORIZED, ProblemCode::LeaseLost),
            Self::Banned => (StatusCode::FORBIDDEN, ProblemCode::Banned),
            Self::NotAllowed => (StatusCode::FORBIDDEN, ProblemCode::NotAllowed),
            Self::MemberUnknown => (StatusCode::NOT_FOUND, ProblemCode::MemberUnknown),
            Self::ListFull => (StatusCode::CONFLICT, ProblemCode::ListFull),
            Self::ChatOff => (StatusCode::FORBIDDEN, ProblemCode::ChatOff),
            Self::ChatPreparing => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::ChatPreparing),
            Self::NicknameTaken { .. } => (StatusCode::CONFLICT, ProblemCode::NicknameTaken),
            Self::NicknameInvalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NicknameInvalid),
            Self::NicknameFixed => (StatusCode::CONFLICT, ProblemCode::NicknameFixed),
            Self::OriginRefused => (StatusCode::FORBIDDEN, ProblemCode::OriginRefused),
            Self::TooManyTries { .. } => (StatusCode::TOO_MANY_REQUESTS, ProblemCode::TooManyTries),
            Self::HandshakeInvalid => (StatusCode::BAD_REQUEST, ProblemCode::HandshakeInvalid),
            Self::Full { .. } | Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::Unavailable),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal),
        }
    }

    fn detail(&self) -> Option<String> {
        let detail = match self {
            Self::RequestInvalid { detail, .. } => detail,
            Self::TicketUnknown => "Check it against your ticket, sign by sign. It may also belong to another night.",
            Self::TicketInUse { .. } => "Ask for a takeover to move the seat to this device.",
            Self::LeaseLost => "Show the ticket’s code at the gate.",
            Self::Full { .. } => "Your ticket stays good. Try again in a moment.",
            Self::ListFull => "Take some rules out, or replace the whole list.",
            Self::NicknameFixed => "It can be changed a few times, until the first message is sent.",
            _ => return None,
        };
        Some(detail.to_owned())
    }

    fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::TooManyTries { retry_after_ms }
            | Self::Full { retry_after_ms }
            | Self::Unavailable { retry_after_ms } => Some(*retry_after_ms),
            Self::ChatPreparing => Some(PREPARING_MILLIS),
            _ => None,
        }
    }

    fn into_problem(self) -> Problem {
        let (status, code) = self.status_and_code();
        let mut problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.to_string(),
            status: status.as_u16(),
            code,
            detail: self.detail(),
            retry_after_ms: self.retry_after_ms(),
            opens_at: None,
            last_seen: None,
            reason: None,
            suggestions: Vec::new(),
        };
        match self {
            Self::NotOpen { opens_at } => problem.opens_at = Some(opens_at),
            Self::TicketInUse { last_seen } => problem.last_seen = Some(last_seen),
            Self::NicknameTaken { reason, suggestions } | Self::NicknameInvalid { reason, suggestions } => {
                problem.reason = Some(reason);
                problem.suggestions = suggestions;
            }
            _ => {}
        }
        problem
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_busy() {
            tracing::warn!(%error, "the database is busy");
            return Self::busy();
        }
        Self::internal(error)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::RequestInvalid {
            status: rejection.status(),
            detail: rejection.body_text(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = %cause, "a call failed");
        }
        let (status, _) = self.status_and_code();
        // Who waits for a place holds no file meanwhile.
        let is_full = matches!(self, Self::Full { .. });
        let retry_after = self.retry_after_ms().map(|millis| millis.div_ceil(1000).max(1));
        let mut response = (status, Json(self.into_problem())).into_response();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if is_full {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Makes problems of the errors that layers answer by themselves: a body too long, a time-out, a session that cannot be
/// kept, a panic.
pub async fn complete(request: Request, next: Next) -> Response {
    completed(next.run(request).await)
}

/// The same for an answer that is there.
pub fn completed(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(CONTENT_TYPE) == Some(&PROBLEM_JSON) {
        return response;
    }
    let allow = response.headers().get(ALLOW).cloned();
    let mut problem = of_status(status).into_response();
    if let Some(allow) = allow {
        problem.headers_mut().insert(ALLOW, allow);
    }
    problem
}

fn of_status(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
            ApiError::Unavailable {
                retry_after_ms: BUSY_MILLIS,
            }
        }
        status if status.is_client_error() => ApiError::RequestInvalid {
            status,
            detail: status.canonical_reason().unwrap_or_default().to_owned(),
        },
        status => ApiError::internal(format!("a layer answered {status}")),
    }
}
