//! What the server says: a JSON array of objects a frame, in order, each tagged by `type`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Control, Message};
use crate::moderation::{AuditRow, Held, Looking, ReportCase};
use crate::stage::Question;
use crate::{Capability, Counts, MemberId, Phase, Role, Seq};

/// One object of a server's frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Welcome(Box<Welcome>),
    /// A message of the log.
    Message(Message),
    /// Your frame is committed.
    Ack(Ack),
    /// Your message waits for a moderator.
    Held(HeldNotice),
    /// A moderator silenced you.
    Muted(Muted),
    /// Your frame changed nothing.
    Refused(Refused),
    /// How often questions were asked, as far as that has changed: at most 4 a second.
    Votes(Votes),
    /// What the room feels: at most 4 a second.
    Reactions(Reactions),
    /// How many people are here.
    Presence(Presence),
    /// The room's state, after every act that changes it.
    Room(Box<RoomState>),
    /// More was missed than is replayed: drop the transcript and read history anew.
    Gap(Gap),
    /// The server is about to close this socket.
    Bye(Bye),
    /// To the staff: a message waits for a moderator, or no longer.
    Review(Box<Held>),
    /// To the staff: how a reported message stands.
    Case(Box<ReportCase>),
    /// To the staff: what was done that is not in the log.
    Audit(Box<AuditRow>),
    /// To the staff: which message a moderator looks at.
    Looking(Looking),
    /// To the staff: how a question stands.
    Question(Box<Question>),
    /// What a moderator did: a control entry of the log.
    #[serde(untagged)]
    Control(Box<Control>),
}

/// The first object after `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// The votes of the newest questions that have any; pages of the history bring those of older ones.
    #[serde(default, skip_serializing_if = "Counts::is_empty")]
    pub votes: Counts<Seq>,
    /// The questions that you voted for, the newest [`limits::OWN_VOTES`](crate::limits::OWN_VOTES).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voted: Vec<Seq>,
}

/// The state of a room that everybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoomState {
    /// Where the event stands.
    pub phase: Phase,
    /// Seconds a fan waits between messages; 0 is off.
    pub slow_seconds: u32,
    /// The chat is paused.
    pub paused: bool,
    /// The pinned message's seq; null also while fans may not see it.
    pub pinned: Option<Seq>,
    /// The pinned message.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::tagged::serialize_some"
    )]
    pub pinned_message: Option<Message>,
    /// The seq of the question on stage; null also while fans may not see it.
    pub spotlight: Option<Seq>,
    /// The question on stage.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::tagged::serialize_some"
    )]
    pub spotlight_message: Option<Message>,
    /// The reactions of the event, in the order they are offered.
    pub emoji: Vec<String>,
    /// Reactions so far, by emoji.
    pub reactions: Counts<String>,
    /// Members with an open socket.
    pub online: u64,
}

/// Confirms that a frame's effect is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ack {
    /// The id of the frame, or null.
    pub id: Option<String>,
    /// The entry it became, or the one that had done the same before; null for what is not in the log.
    pub seq: Option<Seq>,
}

/// Says that a message is stored and waits for a moderator; later `ack` or `refused` comes with the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldNotice {
    /// The id of the `send`.
    pub id: String,
}

/// Says to a member that a moderator silenced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Muted {
    /// How much is left of it, in milliseconds from now; 0 when it is over.
    pub left_ms: u64,
}

/// Says that a frame has committed nothing; its id may be used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The id of the frame, or null.
    pub id: Option<String>,
    /// Why.
    pub code: Refusal,
    /// When another try can succeed, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// A word of the organizer to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
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
    /// `reply_to`, `target`, `member` or `held` names nothing here.
    UnknownTarget,
    /// None of the event's reactions.
    UnknownEmoji,
    /// A moderator silenced this member; `retry_after_ms` says for how long.
    Muted,
    /// Slow mode; `retry_after_ms` says when the next message may go.
    SlowMode,
    /// The chat is paused.
    Paused,
    /// The event's word list does not let it through; `detail` may say more.
    Words,
    /// A moderator dropped the held message.
    Dropped,
    /// The lease was lost while the message was on its way.
    LeaseLost,
    /// This member is out of the chat.
    Banned,
    /// The log cannot take it now; try again.
    Unavailable,
    /// A reason of a newer server.
    #[serde(other)]
    Unknown,
}

/// Votes of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Votes {
    /// How many members asked each question, by its seq.
    pub counts: Counts<Seq>,
}

/// Reactions of everybody, merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reactions {
    /// Taps since the last such object, by emoji.
    pub counts: Counts<String>,
    /// Taps so far, of the same emoji.
    pub totals: Counts<String>,
}

/// How many members have an open socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Their number.
    pub online: u64,
}

/// A range of the log, both ends included, that is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// First entry of the range.
    pub from: Seq,
    /// Last entry of the range.
    pub to: Seq,
}

/// Comes before the server closes; the close frame carries the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bye {
    /// The close code.
    pub code: u16,
    /// Its name.
    pub reason: String,
}

/// One object of a server's frame, as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Received {
    /// An object that may come to everybody.
    Known(ServerFrame),
    /// An object for the staff, which [`ServerFrame::to_staff`] reads; or of a newer server: ignored, but its `seq`
    /// counts.
    Other(Value),
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

    /// The place in the log, for entries of it: whoever counts these never loses count.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            Self::Known(ServerFrame::Message(message)) => Some(message.seq),
            Self::Known(ServerFrame::Control(control)) => Some(control.seq),
            Self::Known(_) => None,
            Self::Other(value) => value.get("seq").and_then(Value::as_u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::MessageBody;
    use serde_json::json;

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
            answered: None,
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
            &ServerFrame::Ack(Ack { id: None, seq: Some(4) }),
            &json!({"type": "ack", "id": null, "seq": 4}),
        );
        let refused = Refused {
            id: Some("x".into()),
            code: Refusal::RateLimited,
            retry_after_ms: Some(40),
            detail: None,
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
    fn what_is_merged_travels_with_seqs_and_emoji_as_names() {
        let counts = Counts::from_iter([(12, 3), (7, 1)]);
        travels(
            &ServerFrame::Votes(Votes { counts }),
            &json!({"type": "votes", "counts": {"7": 1, "12": 3}}),
        );
        let reactions = Reactions {
            counts: Counts::from_iter([("\u{1f525}".to_owned(), 5)]),
            totals: Counts::from_iter([("\u{1f525}".to_owned(), 40)]),
        };
        let want = json!({"type": "reactions", "counts": {"\u{1f525}": 5}, "totals": {"\u{1f525}": 40}});
        travels(&ServerFrame::Reactions(reactions), &want);
    }

    #[test]
    fn what_a_newer_server_says_is_counted_and_otherwise_ignored() {
        let frame = json!([{"type": "encore", "seq": 8, "at": 1, "target": 3}, {"type": "confetti"}, {"type": "presence", "online": 2, "new": 1}]);
        let read = Received::read(&frame.to_string()).expect("reads");
        assert_eq!(
            read.iter().map(Received::seq).collect::<Vec<_>>(),
            [Some(8), None, None]
        );
        assert_eq!(read[2], Received::Known(ServerFrame::Presence(Presence { online: 2 })));
        assert_eq!(Received::read("[]").expect("legal"), []);
        assert!(Received::read(r#"[{"seq": 4}]"#).is_err(), "no type, no frame");
    }

    #[test]
    fn what_is_said_to_the_staff_is_read_by_who_asks_for_it() {
        let case = ReportCase {
            message: Message {
                seq: 3,
                body: None,
                hidden: true,
            },
            count: 2,
            reasons: Vec::new(),
            first_at: 7,
            open: true,
        };
        let frame = ServerFrame::Case(Box::new(case));
        let value = serde_json::to_value(&frame).expect("serializes");
        let read = Received::read(&json!([value]).to_string()).expect("reads");
        assert_eq!(read, [Received::Other(value.clone())]);
        assert_eq!(read[0].seq(), None);
        assert_eq!(ServerFrame::to_staff(&value), Some(frame));
        assert_eq!(ServerFrame::to_staff(&json!({"type": "presence", "online": 2})), None);
    }
}
