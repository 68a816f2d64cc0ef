//! Control entries: what moderators and artists did, in the room's log beside the messages.

use serde::Serialize;

use super::Message;
use crate::{MemberId, Seq, UnixMillis};

/// A control entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Control {
    /// Its place in the log.
    pub seq: Seq,
    /// When it was done.
    pub at: UnixMillis,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
    /// Who did it: to the staff alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// Why: to the staff alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The member.
    pub member: MemberId,
    /// The nickname at the time, when there was one.
    pub nickname: Option<String>,
}

/// What was done. Each deed changes its own term of "is it visible": a message is when it is not hidden, its author is
/// not banned, and it is not cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Deed {
    /// A message is hidden.
    Hide {
        /// The message's seq.
        target: Seq,
    },
    /// A message is no longer hidden.
    Unhide {
        /// The message's seq.
        target: Seq,
        /// The message: a tombstone, when it is invisible for another reason.
        #[serde(serialize_with = "super::tagged::serialize")]
        message: Message,
    },
    /// A fan is out of the chat, and nothing the fan said is visible.
    Ban {
        /// The fan.
        member: MemberId,
    },
    /// A fan is no longer banned: tombstones of the fan's messages have to be read again.
    Unban {
        /// The fan.
        member: MemberId,
    },
    /// What a fan said from `since` up to this entry is cleared.
    Clear {
        /// The fan.
        member: MemberId,
        /// How far back it was meant to reach.
        seconds: u32,
        /// Messages of this moment and later, before this entry, are cleared.
        since: UnixMillis,
    },
    /// A `clear` is undone: tombstones of the fan's messages have to be read again.
    Unclear {
        /// The seq of the `clear`.
        target: Seq,
        /// The fan.
        member: MemberId,
    },
    /// Fans wait so long between two messages; 0: no wait.
    Slow {
        /// Seconds.
        seconds: u32,
    },
    /// A message is above the chat, or none. [`RoomState`](super::RoomState) carries it.
    Pin {
        /// The message's seq.
        target: Option<Seq>,
    },
    /// Only the staff writes.
    Pause,
    /// Everybody writes.
    Resume,
    /// A fan has another nickname, on all messages.
    Rename {
        /// The fan.
        member: MemberId,
        /// The nickname from now on.
        nickname: String,
    },
    /// A question is held above the chat, or none. [`RoomState`](super::RoomState) carries it.
    Spotlight {
        /// The question's seq.
        target: Option<Seq>,
    },
    /// A question was answered on air. One that is answered in words is named by the message's `answers`.
    Answer {
        /// The question's seq.
        target: Seq,
    },
    /// A question counts as open again.
    Unanswer {
        /// The question's seq.
        target: Seq,
    },
}

impl Deed {
    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hide { .. } => "hide",
            Self::Unhide { .. } => "unhide",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Clear { .. } => "clear",
            Self::Unclear { .. } => "unclear",
            Self::Slow { .. } => "slow",
            Self::Pin { .. } => "pin",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Rename { .. } => "rename",
            Self::Spotlight { .. } => "spotlight",
            Self::Answer { .. } => "answer",
            Self::Unanswer { .. } => "unanswer",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Received, ServerFrame};

    #[test]
    fn a_control_entry_travels_under_its_verb() {
        let member = MemberId("m".into());
        let tombstone = Message {
            seq: 3,
            body: None,
            hidden: true,
        };
        for (deed, want) in [
            (Deed::Hide { target: 3 }, json!({"target": 3})),
            (
                Deed::Unhide {
                    target: 3,
                    message: tombstone,
                },
                json!({"target": 3, "message": {"type": "message", "seq": 3, "hidden": true}}),
            ),
            (Deed::Ban { member: member.clone() }, json!({"member": "m"})),
            (
                Deed::Clear {
                    member: member.clone(),
                    seconds: 60,
                    since: 40,
                },
                json!({"member": "m", "seconds": 60, "since": 40}),
            ),
            (Deed::Pin { target: None }, json!({"target": null})),
            (Deed::Pause, json!({})),
            (Deed::Spotlight { target: Some(3) }, json!({"target": 3})),
            (Deed::Answer { target: 3 }, json!({"target": 3})),
            (
                Deed::Rename {
                    member,
                    nickname: "night ferry".into(),
                },
                json!({"member": "m", "nickname": "night ferry"}),
            ),
        ] {
            let mut want = want;
            want["type"] = json!(deed.name());
            want["seq"] = json!(8);
            want["at"] = json!(100);
            let entry = Control {
                seq: 8,
                at: 100,
                deed,
                by: None,
                reason: None,
            };
            let frame = ServerFrame::Control(Box::new(entry));
            assert_eq!(serde_json::to_value(&frame).expect("serializes"), want);
            let read = Received::read(&json!([want]).to_string()).expect("reads");
            assert_eq!((read[0].seq(), &read[0]), (Some(8), &Received::Known(frame)));
        }
    }
}
