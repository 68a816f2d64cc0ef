//! The frames of the socket: what a client says, one object a frame, and what the server says, an array of objects.

mod client;
mod control;
mod reading;
mod server;

pub use client::{Act, BadFrame, ClientFrame, Hello, Parsed, React, Report, Send, Verb, Vote};
pub use control::{Actor, Control, Deed};
pub use server::{
    Ack, Bye, Gap, HeldNotice, Muted, Presence, Reactions, Received, Refusal, Refused, RoomState, ServerFrame, Votes,
    Welcome,
};

use serde::Serialize;

use crate::{MemberId, Role, Seq, UnixMillis};

/// A message as a fan sees it: whole, or a tombstone that says only that something was here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MessageBody {
    /// The id its author's client gave it, unique for that author in this event.
    pub id: String,
    /// When the server took it, in milliseconds since 1970 UTC.
    pub at: UnixMillis,
    /// Its author.
    pub member: MemberId,
    /// The author's nickname: today's, also when it was sent under another.
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
    /// Of a question: the entry that answered it, a message or an `answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Seq>,
}

/// A message that stands inside another object, tagged as it is on its own.
pub(crate) mod tagged {
    use serde::{Serialize, Serializer};

    use super::Message;

    #[derive(Serialize)]
    struct Tagged<'a> {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(flatten)]
        message: &'a Message,
    }

    pub(crate) fn serialize<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = "message";
        Tagged { kind, message }.serialize(serializer)
    }

    #[expect(clippy::ref_option, reason = "serde's own signature")]
    pub(crate) fn serialize_some<S: Serializer>(message: &Option<Message>, serializer: S) -> Result<S::Ok, S::Error> {
        match message {
            Some(message) => serialize(message, serializer),
            None => serializer.serialize_none(),
        }
    }
}
