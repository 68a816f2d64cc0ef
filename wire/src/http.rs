//! The bodies of the HTTP calls under `/api`.

use serde::{Deserialize, Serialize};

use crate::frame::Message;
use crate::{Capability, ChatState, Counts, MemberId, Phase, Role, Seq, UnixMillis};

/// `GET /events/{event}`: what anybody may know. The stream's address is behind the ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EventView {
    /// The event's name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Who plays.
    pub artist: String,
    /// When the doors open.
    pub doors_at: UnixMillis,
    /// When the show starts.
    pub starts_at: UnixMillis,
    /// When the show ends; null when it is ended by hand.
    pub ends_at: Option<UnixMillis>,
    /// Where it stands.
    pub phase: Phase,
    /// How its chat is.
    pub chat: ChatState,
    /// What stands where a message was hidden.
    #[serde(default)]
    pub tombstones: Tombstones,
    /// The server's clock, so that a countdown is right on a device whose clock is not.
    pub now: UnixMillis,
}

/// `POST /events/{event}/admission`: a ticket at the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AdmissionRequest {
    /// The code as typed, in any spelling.
    pub ticket: String,
    /// Move the seat here when another device holds it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takeover: bool,
}

/// The answer to `POST` and `GET /events/{event}/admission`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Admission {
    /// The member behind the ticket; null while its account is being made.
    pub member: Option<MemberId>,
    /// What the ticket makes of its holder.
    pub role: Role,
    /// The nickname, once chosen.
    pub nickname: Option<String>,
    /// How the chat is for this member.
    pub chat: ChatState,
    /// The stream's address; null when the event has none.
    pub stream: Option<String>,
    /// Opens the socket; null while there is no chat to open.
    pub credential: Option<Credential>,
}

/// `POST /events/{event}/credentials`: opens one socket within its lifetime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Credential {
    /// The signed token for `hello`.
    pub token: String,
    /// From when on it opens nothing.
    pub expires_at: UnixMillis,
    /// What the member may do.
    pub capabilities: Vec<Capability>,
    /// The path of the socket.
    pub socket: String,
}

/// `PUT /events/{event}/nickname`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NicknameRequest {
    /// The nickname as typed.
    pub nickname: String,
}

/// The answer to `PUT /events/{event}/nickname`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NicknameView {
    /// The nickname as kept, after the text rules.
    pub nickname: String,
}

/// `GET /events/{event}/nickname?try=N`: would it be free? Claims nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NicknameTry {
    /// Whether it could be claimed now.
    pub free: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NicknameReason>,
    /// Names that are free.
    pub suggestions: Vec<String>,
}

/// Why a nickname cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NicknameReason {
    /// Fewer than 2 graphemes.
    TooShort,
    /// More than 24 graphemes or 96 bytes.
    TooLong,
    /// Nothing in it can be seen or told apart.
    Unreadable,
    /// Another member has it, or one that looks like it.
    Taken,
    /// The artist's name, or one that looks like it.
    Artist,
    /// A reserved name of the staff, or one that looks like it.
    Reserved,
    /// A reason of a newer server.
    #[serde(other)]
    Unknown,
}

/// `GET /events/{event}/messages`: one page of history, newest page first, each page in order of `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistoryPage {
    /// At most 50 messages, oldest first; tombstones count.
    pub messages: Vec<Message>,
    /// Where the next older page begins: opaque; null at the beginning of the chat.
    pub next: Option<String>,
    /// The log's head when this page was read; entries after it apply to these messages.
    pub as_of: Seq,
    /// The votes of the questions on this page that have any, by seq.
    #[serde(default, skip_serializing_if = "Counts::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = std::collections::BTreeMap<String, u64>))]
    pub votes: Counts<Seq>,
}

/// What fans see where a message was hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tombstones {
    /// A quiet line: "hidden by a moderator".
    #[default]
    Shown,
    /// Nothing.
    Gone,
}
