//! What a client says: one JSON object a frame, tagged by `type`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{Capability, MemberId, Seq, limits};

/// A frame of a client. Each body is a whole frame by itself too: a program that says a few of them pays for no others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame.
    Hello(Hello),
    /// Say something.
    Send(Send),
    /// Tell the moderators about a message.
    Report(Report),
    /// Ask a question too, or no longer.
    Vote(Vote),
    /// Show a feeling.
    React(React),
    /// Moderate, or lead the stage.
    #[serde(untagged)]
    Act(Act),
}

impl Serialize for ClientFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hello(hello) => hello.serialize(serializer),
            Self::Send(send) => send.serialize(serializer),
            Self::Report(report) => report.serialize(serializer),
            Self::Vote(vote) => vote.serialize(serializer),
            Self::React(react) => react.serialize(serializer),
            Self::Act(act) => act.serialize(serializer),
        }
    }
}

/// The body of `hello`: who am I, and what did I already see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "hello")]
pub struct Hello {
    /// The credential.
    pub token: String,
    /// The last `seq` this client holds; absent for a fresh start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
}

/// The body of `send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "send")]
pub struct Send {
    /// Made by the client, 1 to 64 bytes; sending the same id again is safe and gives the first ack.
    pub id: String,
    /// The text as typed; the server applies the text rules.
    pub text: String,
    /// Marked as a question to the artist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub question: bool,
    /// The message it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
}

/// The body of `report`: one of a member counts for a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "report")]
pub struct Report {
    /// Echoed by the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The message's seq.
    pub target: Seq,
    /// Why, in the reporter's words: at most [`limits::REASON_SCALARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The body of `vote`: a member has one vote a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "vote")]
pub struct Vote {
    /// Echoed by the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The question's seq.
    pub target: Seq,
    /// Whether the vote is given, or taken back.
    pub on: bool,
}

/// The body of `react`: taps since the last one, merged; at most one such frame a second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "react")]
pub struct React {
    /// With an id it is acknowledged once the taps are on disk; without one nothing answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One of the event's reactions.
    pub emoji: String,
    /// How often it was tapped, 1 to [`limits::REACTIONS_A_FRAME`].
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub count: u32,
}

const fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's own signature")]
const fn is_once(count: &u32) -> bool {
    *count == 1
}

/// What a moderator does, or the artist on stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Echoed by the answer; sending the same id again is safe and gives the first ack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why: at most [`limits::REASON_SCALARS`]. For the staff and the audit log, never for fans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is done.
    #[serde(flatten)]
    pub verb: Verb,
}

/// The things a moderator can do, and some of them the artist too. Those about a person concern fans: staff are managed
/// with their passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Verb {
    /// Takes a message away from all fans.
    Hide {
        /// The message's seq.
        target: Seq,
    },
    /// Undoes `hide`.
    Unhide {
        /// The message's seq.
        target: Seq,
    },
    /// Puts a fan out of the chat, and hides everything they said.
    Ban {
        /// The fan.
        member: MemberId,
    },
    /// Undoes `ban`.
    Unban {
        /// The fan.
        member: MemberId,
    },
    /// Silences a fan for a while.
    Mute {
        /// The fan.
        member: MemberId,
        /// For how long from now, at most [`limits::MUTE_SECONDS`]; 0 ends it.
        seconds: u32,
    },
    /// Hides what a fan said lately.
    Clear {
        /// The fan.
        member: MemberId,
        /// How far back, 1 to [`limits::CLEAR_SECONDS`].
        seconds: u32,
    },
    /// Undoes a `clear`.
    Unclear {
        /// The seq of the `clear`.
        target: Seq,
    },
    /// Sets how long fans wait between two messages.
    Slow {
        /// The wait, at most [`limits::SLOW_SECONDS`]; 0 ends it.
        seconds: u32,
    },
    /// Puts a message above the chat.
    Pin {
        /// The message's seq; null takes it away. Must be there: a pin without it would be a slip.
        #[serde(deserialize_with = "present")]
        target: Option<Seq>,
    },
    /// Lets nobody but the staff write.
    Pause,
    /// Undoes `pause`.
    Resume,
    /// Gives a fan another nickname, chosen by the server, on everything they said too.
    Rename {
        /// The fan.
        member: MemberId,
    },
    /// Gives a renamed fan the nickname from before.
    Unrename {
        /// The fan.
        member: MemberId,
    },
    /// Has everything a fan writes wait for a moderator, or no longer.
    Hold {
        /// The fan.
        member: MemberId,
        /// Whether it waits.
        on: bool,
    },
    /// Lets a held message into the chat.
    Approve {
        /// The held message's number.
        held: u64,
    },
    /// Refuses a held message.
    Drop {
        /// The held message's number.
        held: u64,
    },
    /// Takes a reported message out of the queue.
    Dismiss {
        /// The message's seq.
        target: Seq,
    },
    /// Undoes `dismiss`.
    Reopen {
        /// The message's seq.
        target: Seq,
    },
    /// Writes a note about a member for the other moderators.
    Note {
        /// The member.
        member: MemberId,
        /// The note: 1 to [`limits::TEXT_SCALARS`] after the text rules.
        text: String,
    },
    /// Lets a question into the answer queue, or drops it from there.
    Queue {
        /// The question's seq.
        target: Seq,
        /// Whether it is let in.
        on: bool,
    },
    /// Holds a question above the chat, for everybody. For artists too.
    Spotlight {
        /// The question's seq; null takes it away.
        #[serde(deserialize_with = "present")]
        target: Option<Seq>,
    },
    /// Answers a question: in words, or on air. It leaves the spotlight. For artists too.
    Answer {
        /// The question's seq.
        target: Seq,
        /// The answer, 1 to [`limits::TEXT_SCALARS`] after the text rules; absent when it was given on air.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Takes back that a question is answered. For artists too.
    Unanswer {
        /// The question's seq.
        target: Seq,
    },
    /// Tells the other moderators which message one looks at, so that two do not do the same work.
    Look {
        /// The message's seq; null for none.
        #[serde(deserialize_with = "present")]
        target: Option<Seq>,
    },
}

/// Null is a value here, and nothing at all is a mistake.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Seq>, D::Error> {
    Option::deserialize(deserializer)
}

/// A frame that is JSON, with the id to answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The frame's id, when it has a usable one; `ack` and `refused` echo it, or null.
    pub id: Option<String>,
    /// The frame, or what is wrong with it.
    pub frame: Result<ClientFrame, BadFrame>,
}

/// What can be wrong with a frame that is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// No frame of this type.
    UnknownType,
    /// Not an object, a field missing or of the wrong kind, an id of no or too many bytes, a string or number that no
    /// program can hold.
    Invalid,
    /// A `hello` in which something is wrong. Unlike the others it ends the socket, with 4503.
    Hello,
}

const TYPES: [&str; 29] = [
    "hello",
    "send",
    "report",
    "vote",
    "react",
    "queue",
    "spotlight",
    "answer",
    "unanswer",
    "hide",
    "unhide",
    "ban",
    "unban",
    "mute",
    "clear",
    "unclear",
    "slow",
    "pin",
    "pause",
    "resume",
    "rename",
    "unrename",
    "hold",
    "approve",
    "drop",
    "dismiss",
    "reopen",
    "note",
    "look",
];

impl Verb {
    /// Its name on the wire and in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hide { .. } => "hide",
            Self::Unhide { .. } => "unhide",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Mute { .. } => "mute",
            Self::Clear { .. } => "clear",
            Self::Unclear { .. } => "unclear",
            Self::Slow { .. } => "slow",
            Self::Pin { .. } => "pin",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Rename { .. } => "rename",
            Self::Unrename { .. } => "unrename",
            Self::Hold { .. } => "hold",
            Self::Approve { .. } => "approve",
            Self::Drop { .. } => "drop",
            Self::Dismiss { .. } => "dismiss",
            Self::Reopen { .. } => "reopen",
            Self::Note { .. } => "note",
            Self::Queue { .. } => "queue",
            Self::Spotlight { .. } => "spotlight",
            Self::Answer { .. } => "answer",
            Self::Unanswer { .. } => "unanswer",
            Self::Look { .. } => "look",
        }
    }

    /// What a member must be able to do for it.
    pub const fn needs(&self) -> Capability {
        match self {
            Self::Spotlight { .. } | Self::Answer { .. } | Self::Unanswer { .. } => Capability::Stage,
            _ => Capability::Moderate,
        }
    }

    /// The member it is about, when it names one.
    pub const fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Ban { member }
            | Self::Unban { member }
            | Self::Mute { member, .. }
            | Self::Clear { member, .. }
            | Self::Rename { member }
            | Self::Unrename { member }
            | Self::Hold { member, .. }
            | Self::Note { member, .. } => Some(member),
            _ => None,
        }
    }
}

impl ClientFrame {
    /// Reads one frame.
    ///
    /// # Errors
    /// When the text is not JSON at all, which ends the socket with 4503.
    pub fn parse(text: &str) -> Result<Parsed, serde_json::Error> {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            // JSON's grammar (RFC 8259) also holds half surrogates, endless numbers and depths that no value can.
            serde_json::from_str::<IgnoredAny>(text)?;
            let frame = Err(BadFrame::Invalid);
            return Ok(Parsed { id: None, frame });
        };
        let is_hello = value.get("type").is_some_and(|kind| kind == "hello");
        let (id, id_is_fine) = read_id(&value);
        let frame = if id_is_fine {
            read_frame(value)
        } else {
            Err(BadFrame::Invalid)
        };
        let frame = frame.map_err(|bad| if is_hello { BadFrame::Hello } else { bad });
        Ok(Parsed { id, frame })
    }
}

fn read_id(value: &Value) -> (Option<String>, bool) {
    match value.get("id") {
        None | Some(Value::Null) => (None, true),
        Some(Value::String(id)) if (1..=limits::FRAME_ID_BYTES).contains(&id.len()) => (Some(id.clone()), true),
        Some(_) => (None, false),
    }
}

fn read_frame(value: Value) -> Result<ClientFrame, BadFrame> {
    let kind = value.get("type").and_then(Value::as_str).ok_or(BadFrame::Invalid)?;
    if !TYPES.contains(&kind) {
        return Err(BadFrame::UnknownType);
    }
    serde_json::from_value(value).map_err(|_| BadFrame::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: &Value) -> Parsed {
        ClientFrame::parse(&value.to_string()).expect("JSON")
    }

    #[test]
    fn a_send_is_read_with_and_without_its_optional_fields() {
        let plain = parsed(&json!({"type": "send", "id": "a", "text": "hi"}));
        assert_eq!(plain.id.as_deref(), Some("a"));
        let Ok(ClientFrame::Send(send)) = plain.frame else {
            panic!("{plain:?}")
        };
        assert_eq!((send.question, send.reply_to), (false, None));

        let full =
            parsed(&json!({"type": "send", "id": "a", "text": "hi", "question": true, "reply_to": 7, "later": 1}));
        let Ok(ClientFrame::Send(send)) = full.frame else {
            panic!("{full:?}")
        };
        assert_eq!((send.question, send.reply_to), (true, Some(7)));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for (value, want) in [
            (json!({"type": "dance", "id": "a"}), BadFrame::UnknownType),
            (json!({"type": 5, "id": "a"}), BadFrame::Invalid),
            (json!({"id": "a"}), BadFrame::Invalid),
            (json!([]), BadFrame::Invalid),
            (json!("send"), BadFrame::Invalid),
            (json!({"type": "send", "text": "no id"}), BadFrame::Invalid),
            (json!({"type": "send", "id": "", "text": "hi"}), BadFrame::Invalid),
            (
                json!({"type": "send", "id": "x".repeat(65), "text": "hi"}),
                BadFrame::Invalid,
            ),
            (json!({"type": "send", "id": "a", "text": 3}), BadFrame::Invalid),
            (
                json!({"type": "send", "id": "a", "text": "hi", "reply_to": -1}),
                BadFrame::Invalid,
            ),
            (json!({"type": "report", "id": "a"}), BadFrame::Invalid),
            (json!({"type": "pin", "id": "a"}), BadFrame::Invalid),
            (json!({"type": "ban", "target": 4}), BadFrame::Invalid),
            (json!({"type": "slow", "seconds": -1}), BadFrame::Invalid),
            (json!({"type": "hold", "member": "m"}), BadFrame::Invalid),
            (json!({"type": "vote", "target": 4}), BadFrame::Invalid),
            (json!({"type": "react", "count": 2}), BadFrame::Invalid),
            (json!({"type": "react", "emoji": "x", "count": -1}), BadFrame::Invalid),
            (json!({"type": "spotlight"}), BadFrame::Invalid),
            (json!({"type": "hello", "after": 3}), BadFrame::Hello),
            (json!({"type": "hello", "id": 7, "token": "t"}), BadFrame::Hello),
        ] {
            assert_eq!(parsed(&value).frame, Err(want), "{value}");
        }
    }

    #[test]
    fn every_act_travels() {
        let member = || MemberId("m".into());
        for (verb, want) in [
            (Verb::Hide { target: 4 }, json!({"type": "hide", "target": 4})),
            (Verb::Ban { member: member() }, json!({"type": "ban", "member": "m"})),
            (
                Verb::Mute {
                    member: member(),
                    seconds: 60,
                },
                json!({"type": "mute", "member": "m", "seconds": 60}),
            ),
            (Verb::Pin { target: None }, json!({"type": "pin", "target": null})),
            (Verb::Pause, json!({"type": "pause"})),
            (
                Verb::Hold {
                    member: member(),
                    on: true,
                },
                json!({"type": "hold", "member": "m", "on": true}),
            ),
            (Verb::Look { target: Some(7) }, json!({"type": "look", "target": 7})),
            (
                Verb::Queue { target: 7, on: true },
                json!({"type": "queue", "target": 7, "on": true}),
            ),
            (
                Verb::Spotlight { target: None },
                json!({"type": "spotlight", "target": null}),
            ),
            (
                Verb::Answer { target: 7, text: None },
                json!({"type": "answer", "target": 7}),
            ),
        ] {
            assert_eq!(want["type"], verb.name());
            assert!(TYPES.contains(&verb.name()));
            let act = Act {
                id: None,
                reason: None,
                verb,
            };
            let frame = ClientFrame::Act(act.clone());
            assert_eq!(serde_json::to_value(&frame).expect("serializes"), want);
            assert_eq!(parsed(&want).frame, Ok(frame));

            let mut full = want.clone();
            full["id"] = json!("a");
            full["reason"] = json!("spam");
            let (id, reason) = (Some("a".into()), Some("spam".into()));
            let full_frame = ClientFrame::Act(Act { id, reason, ..act });
            assert_eq!(serde_json::to_value(&full_frame).expect("serializes"), full);
            assert_eq!(parsed(&full).frame, Ok(full_frame));
        }
    }

    #[test]
    fn taps_are_one_unless_they_say_more() {
        let react = |count| React {
            id: None,
            emoji: "\u{1f525}".into(),
            count,
        };
        for (value, count) in [
            (json!({"type": "react", "emoji": "\u{1f525}"}), 1),
            (json!({"type": "react", "emoji": "\u{1f525}", "count": 5}), 5),
        ] {
            let frame = ClientFrame::React(react(count));
            assert_eq!(parsed(&value).frame, Ok(frame.clone()));
            assert_eq!(serde_json::to_value(&frame).expect("serializes"), value);
        }
    }

    #[test]
    fn an_unusable_id_is_echoed_as_null() {
        assert_eq!(parsed(&json!({"type": "send", "id": 7, "text": "hi"})).id, None);
        assert_eq!(parsed(&json!({"type": "dance", "id": "a"})).id.as_deref(), Some("a"));
    }

    #[test]
    fn json_that_no_program_can_hold_is_still_json() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for text in [
            r#"{"type":"send","id":"a","text":"\ud83d"}"#,
            r#"{"type":"send","id":"a","text":"hi","reply_to":1e999}"#,
            &deep,
        ] {
            let parsed = ClientFrame::parse(text).expect("JSON");
            assert_eq!(parsed.frame, Err(BadFrame::Invalid), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in ["", "{", "hello", "{\"type\":\"send\"} x"] {
            assert!(ClientFrame::parse(text).is_err(), "{text}");
        }
    }
}
