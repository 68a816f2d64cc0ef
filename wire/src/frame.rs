//! The frames of the socket: what a client says, one object a frame, and what the server says, an array of objects.

mod client;
mod server;

pub use client::{BadFrame, ClientFrame, Parsed, Send};
pub use server::{Ack, Bye, Entry, Gap, Presence, Received, Refusal, Refused, RoomState, ServerFrame, Welcome};

use serde::{Deserialize, Serialize};

use crate::{MemberId, Role, Seq, UnixMillis};

/// A message as a fan sees it: whole, or a tombstone that says only that something was here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its place in the log.
    pub seq: Seq,
    /// What it says; `None` is a tombstone.
    #[serde(flatten)]
    pub body: Option<MessageBody>,
    /// Not visible to fans. A fan's tombstone carries nothing else; staff get the body too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// What a visible message carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessageBody {
    /// The id its author's client gave it, unique for that author in this event.
    pub id: String,
    /// When the server took it, in milliseconds since 1970 UTC.
    pub at: UnixMillis,
    /// Its author.
    pub member: MemberId,
    /// The author's nickname when it was sent.
    pub nickname: String,
    /// The author's role when it was sent.
    pub role: Role,
    /// What was said: plain text after the text rules, never a link.
    pub text: String,
    /// Marked by its author as a question to the artist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub question: bool,
    /// The message it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The question it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Seq>,
}
