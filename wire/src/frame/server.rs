//! What the server says: a JSON array of objects a frame, in order, each tagged by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Message;
use crate::{Capability, MemberId, Phase, Role, Seq, UnixMillis};

/// One object of a server's frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Welcome(Box<Welcome>),
    /// A message of the log.
    Message(Message),
    /// Your frame is committed.
    Ack(Ack),
    /// Your frame changed nothing.
    Refused(Refused),
    /// How many people are here.
    Presence(Presence),
    /// The room's state, after every act that changes it.
    Room(RoomState),
    /// More was missed than is replayed: drop the transcript and read history anew.
    Gap(Gap),
    /// The server is about to close this socket.
    Bye(Bye),
}

/// The first object after `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who you are.
    pub member: MemberId,
    /// What your ticket made of you.
    pub role: Role,
    /// What you may do.
    pub capabilities: Vec<Capability>,
    /// The log's head: without `after`, what follows is head + 1 on.
    pub head: Seq,
    /// The room as it is now.
    pub room: RoomState,
}

/// The state of a room that everybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// Where the event stands.
    pub phase: Phase,
    /// Seconds a fan waits between messages; 0 is off.
    pub slow_seconds: u32,
    /// The chat is paused.
    pub paused: bool,
    /// The pinned message.
    pub pinned: Option<Seq>,
    /// The question on stage.
    pub spotlight: Option<Seq>,
    /// Reactions so far, by emoji.
    pub reactions: BTreeMap<String, u64>,
    /// Members with an open socket.
    pub online: u64,
}

/// Confirms that a frame's effect is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The id of the frame, or null.
    pub id: Option<String>,
    /// The entry it became.
    pub seq: Seq,
}

/// Says that a frame has committed nothing; its id may be used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The id of the frame, or null.
    pub id: Option<String>,
    /// Why.
    pub code: Refusal,
    /// When another try can succeed, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Why a frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A field is missing, of the wrong kind or out of range.
    Invalid,
    /// No frame of this type.
    UnknownType,
    /// The member's role does not allow it.
    NotAllowed,
    /// Choose a nickname first.
    NicknameMissing,
    /// Nothing is left of the text after the text rules.
    TextEmpty,
    /// More than 500 scalar values are left after the text rules.
    TextTooLong,
    /// Too many messages; `retry_after_ms` says when the next may go.
    RateLimited,
    /// The event is not open.
    NotOpen,
    /// `reply_to` names no message.
    UnknownTarget,
    /// The lease was lost while the message was on its way.
    LeaseLost,
    /// The log cannot take it now; try again.
    Unavailable,
    /// A reason of a newer server.
    #[serde(other)]
    Unknown,
}

/// How many members have an open socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Their number.
    pub online: u64,
}

/// A range of the log, both ends included, that is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First entry of the range.
    pub from: Seq,
    /// Last entry of the range.
    pub to: Seq,
}

/// Comes before the server closes; the close frame carries the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// The close code.
    pub code: u16,
    /// Its name.
    pub reason: String,
}

/// A record of the room's log: known, or of a newer server. Every entry has a `seq`, so that a client never loses count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Received {
    /// An object this version knows.
    Known(ServerFrame),
    /// An object of a newer server: ignored, but its `seq` counts.
    Newer(Entry),
}

/// What any log entry carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its verb.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its place in the log; absent on what is not in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// When the server took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<UnixMillis>,
}

impl ServerFrame {
    /// The JSON of this object, to stand in a frame's array.
    ///
    /// # Panics
    /// Never: every key is a string.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("every key is a string")
    }
}

impl Received {
    /// Reads a server's frame.
    ///
    /// # Errors
    /// When it is not a JSON array of objects tagged by `type`.
    pub fn read(text: &str) -> Result<Vec<Self>, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The place in the log, for entries of it.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            Self::Known(ServerFrame::Message(message)) => Some(message.seq),
            Self::Known(_) => None,
            Self::Newer(entry) => entry.seq,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::MessageBody;
    use serde_json::{Value, json};

    fn travels(frame: &ServerFrame, want: &Value) {
        assert_eq!(&serde_json::to_value(frame).expect("serializes"), want);
        let read = Received::read(&json!([want]).to_string()).expect("reads");
        assert_eq!(read, [Received::Known(frame.clone())]);
    }

    #[test]
    fn a_message_travels_without_what_it_does_not_have() {
        let body = MessageBody {
            id: "a1".into(),
            at: 5,
            member: MemberId("m".into()),
            nickname: "Zoë".into(),
            role: Role::Fan,
            text: "hi".into(),
            question: false,
            reply_to: None,
            answers: None,
        };
        let message = Message {
            seq: 3,
            body: Some(body),
            hidden: false,
        };
        let want = json!({"type": "message", "seq": 3, "id": "a1", "at": 5, "member": "m", "nickname": "Zoë", "role": "fan", "text": "hi"});
        travels(&ServerFrame::Message(message), &want);
    }

    #[test]
    fn a_tombstone_carries_its_seq_and_nothing_else() {
        let message = Message {
            seq: 3,
            body: None,
            hidden: true,
        };
        travels(
            &ServerFrame::Message(message),
            &json!({"type": "message", "seq": 3, "hidden": true}),
        );
    }

    #[test]
    fn answers_travel() {
        travels(
            &ServerFrame::Ack(Ack { id: None, seq: 4 }),
            &json!({"type": "ack", "id": null, "seq": 4}),
        );
        let refused = Refused {
            id: Some("x".into()),
            code: Refusal::RateLimited,
            retry_after_ms: Some(40),
        };
        let want = json!({"type": "refused", "id": "x", "code": "rate_limited", "retry_after_ms": 40});
        travels(&ServerFrame::Refused(refused), &want);
        travels(
            &ServerFrame::Gap(Gap { from: 1, to: 9 }),
            &json!({"type": "gap", "from": 1, "to": 9}),
        );
        let bye = Bye {
            code: 4000,
            reason: "restarting".into(),
        };
        travels(
            &ServerFrame::Bye(bye),
            &json!({"type": "bye", "code": 4000, "reason": "restarting"}),
        );
    }

    #[test]
    fn what_a_newer_server_says_is_counted_and_otherwise_ignored() {
        let frame = json!([{"type": "hide", "seq": 8, "at": 1, "target": 3}, {"type": "confetti"}, {"type": "presence", "online": 2, "new": 1}]);
        let read = Received::read(&frame.to_string()).expect("reads");
        assert_eq!(
            read.iter().map(Received::seq).collect::<Vec<_>>(),
            [Some(8), None, None]
        );
        assert_eq!(read[2], Received::Known(ServerFrame::Presence(Presence { online: 2 })));
        assert_eq!(Received::read("[]").expect("legal"), []);
    }
}
