//! What a client says: one JSON object a frame, tagged by `type`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Seq, limits};

/// A frame of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame: who am I, and what did I already see.
    Hello {
        /// The credential.
        token: String,
        /// The last `seq` this client holds; absent for a fresh start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
    },
    /// Say something.
    Send(Send),
}

/// The body of `send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

const TYPES: [&str; 2] = ["hello", "send"];

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
            (json!({"type": "hello", "after": 3}), BadFrame::Hello),
            (json!({"type": "hello", "id": 7, "token": "t"}), BadFrame::Hello),
        ] {
            assert_eq!(parsed(&value).frame, Err(want), "{value}");
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
