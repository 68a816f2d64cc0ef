//! What went wrong with an HTTP call: RFC 9457 problem details with a stable `code`.

use serde::{Deserialize, Serialize};

use crate::UnixMillis;

/// The body of every error, served as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: `code` tells the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short sentence for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name of what went wrong.
    pub code: ProblemCode,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// With 429 and 503: when another try can succeed, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// With `not_open`: when the doors open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<UnixMillis>,
    /// With `ticket_in_use`: when the other device was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<UnixMillis>,
    /// With `nickname_invalid` and `nickname_taken`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<crate::http::NicknameReason>,
    /// With `nickname_taken` and `nickname_invalid`: names that are free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// The stable names of what can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// 404: no event at this address.
    EventUnknown,
    /// 404: no such call.
    NotFound,
    /// 405: the call exists, with another method.
    MethodNotAllowed,
    /// 400, 413, 415 or 422: the request cannot be read.
    RequestInvalid,
    /// 401: the code does not open this event.
    TicketUnknown,
    /// 403: the doors are closed.
    NotOpen,
    /// 403: the event is over.
    EventOver,
    /// 403: the ticket was revoked.
    TicketRevoked,
    /// 409: another session holds the ticket's lease.
    TicketInUse,
    /// 401: this session holds no lease here, or lost it.
    LeaseLost,
    /// 403: the member is out of the chat.
    Banned,
    /// 403: the member's role does not allow it.
    NotAllowed,
    /// 404: no member of this id in this event.
    MemberUnknown,
    /// 409: the list is full.
    ListFull,
    /// 403: the event has no chat.
    ChatOff,
    /// 503: the account behind the ticket is still being made.
    ChatPreparing,
    /// 409: another member, staff or the artist has this nickname, or one that looks like it.
    NicknameTaken,
    /// 422: the nickname breaks a rule; `reason` says which.
    NicknameInvalid,
    /// 409: a message was sent already, so the nickname stays.
    NicknameFixed,
    /// 403: a request that changes something came from another site.
    OriginRefused,
    /// 429: too many tries.
    TooManyTries,
    /// 400: the WebSocket handshake is incomplete (RFC 6455).
    HandshakeInvalid,
    /// 503: the server cannot answer now.
    Unavailable,
    /// 500: a defect of the server; the log has the cause.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}
