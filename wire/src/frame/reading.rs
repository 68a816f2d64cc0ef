//! How frames are read: by their `type`, from a JSON value. Written by hand because the derived way (buffer everything,
//! then try each variant in turn) weighs several kilobytes in the page of every visitor.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Result, Value};

use super::{
    Ack, Actor, Bye, Control, Deed, Gap, HeldNotice, Message, MessageBody, Muted, Presence, Reactions, Received,
    Refused, RoomState, ServerFrame, Votes, Welcome,
};
use crate::http::{Admission, Credential, EventView, HistoryPage, NicknameTry};
use crate::moderation::{AuditRow, Held, Looking, ReasonCount, ReportCase};
use crate::stage::Question;
use crate::{Seq, UnixMillis};

impl<'de> Deserialize<'de> for Received {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match known(&value) {
            Ok(frame) => Self::Known(frame),
            // Without a type it is no frame of any version.
            Err(error) if kind(&value).is_empty() => return Err(D::Error::custom(error)),
            Err(_) => Self::Other(value),
        })
    }
}

impl<'de> Deserialize<'de> for ServerFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::to_staff(&value)
            .map_or_else(|| known(&value), Ok)
            .map_err(D::Error::custom)
    }
}

impl ServerFrame {
    /// Reads what is said to the staff alone. It stands apart from [`Received::read`], so that the program of those who
    /// never hear it is without it.
    pub fn to_staff(value: &Value) -> Option<Self> {
        let read = match kind(value) {
            "review" => whole(value).map(Self::Review),
            "case" => whole(value).map(Self::Case),
            "audit" => whole(value).map(Self::Audit),
            "looking" => whole(value).map(Self::Looking),
            "question" => whole(value).map(Self::Question),
            _ => return None,
        };
        read.ok()
    }
}

impl<'de> Deserialize<'de> for Control {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        control(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Deed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deed(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        message(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Reads an object field by field; `default` stands for what may be absent. A derived reader is made for any
/// format and any order, and is some ten times as long.
macro_rules! read_fields {
    ($($object:ident { $($field:ident $(= $absent:ident)?),* })*) => {
        $(impl<'de> Deserialize<'de> for $object {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                let read = || Ok(Self { $($field: read_fields!(value $field $($absent)?)),* });
                read().map_err(|error: serde_json::Error| D::Error::custom(error))
            }
        })*
    };
    ($value:ident $field:ident default) => { field::<Option<_>>(&$value, stringify!($field))?.unwrap_or_default() };
    ($value:ident $field:ident) => { field(&$value, stringify!($field))? };
}

read_fields! {
    MessageBody { id, at, member, nickname, role, text, question = default, reply_to, answers, answered }
    Actor { member, nickname }
    Welcome { member, role, capabilities, head, room, votes = default, voted = default }
    RoomState { phase, slow_seconds, paused, pinned, pinned_message, spotlight, spotlight_message, emoji = default, reactions, online }
    Ack { id, seq }
    HeldNotice { id }
    Muted { left_ms }
    Votes { counts }
    Reactions { counts, totals }
    Presence { online }
    Gap { from, to }
    Bye { code, reason }
    Refused { id, code, retry_after_ms, detail }
    Held { held, at, member, nickname, text, question = default, reply_to, rule, state }
    ReportCase { message, count, reasons, first_at, open }
    ReasonCount { reason, count }
    Looking { by, target }
    AuditRow { id, at, kind, by, about, target, seq, seconds, reason, detail }
    EventView { slug, title, artist, doors_at, starts_at, ends_at, phase, chat, tombstones = default, now }
    Admission { member, role, nickname, chat, stream, credential }
    Credential { token, expires_at, capabilities, socket }
    NicknameTry { free, reason, suggestions }
    HistoryPage { messages, next, as_of, votes = default }
    Question { message, votes, state }
}

fn known(value: &Value) -> Result<ServerFrame> {
    Ok(match kind(value) {
        "welcome" => ServerFrame::Welcome(whole(value)?),
        "message" => ServerFrame::Message(message(value)?),
        "ack" => ServerFrame::Ack(whole(value)?),
        "held" => ServerFrame::Held(whole(value)?),
        "muted" => ServerFrame::Muted(whole(value)?),
        "refused" => ServerFrame::Refused(whole(value)?),
        "votes" => ServerFrame::Votes(whole(value)?),
        "reactions" => ServerFrame::Reactions(whole(value)?),
        "presence" => ServerFrame::Presence(whole(value)?),
        "room" => ServerFrame::Room(whole(value)?),
        "gap" => ServerFrame::Gap(whole(value)?),
        "bye" => ServerFrame::Bye(whole(value)?),
        _ => ServerFrame::Control(Box::new(control(value)?)),
    })
}

fn control(value: &Value) -> Result<Control> {
    Ok(Control {
        seq: field::<Seq>(value, "seq")?,
        at: field::<UnixMillis>(value, "at")?,
        deed: deed(value)?,
        by: field::<Option<Actor>>(value, "by")?,
        reason: field::<Option<String>>(value, "reason")?,
    })
}

fn deed(value: &Value) -> Result<Deed> {
    let target = || field::<Seq>(value, "target");
    let member = || field(value, "member");
    let seconds = || field::<u32>(value, "seconds");
    Ok(match kind(value) {
        "hide" => Deed::Hide { target: target()? },
        "unhide" => Deed::Unhide {
            target: target()?,
            message: message(part(value, "message"))?,
        },
        "ban" => Deed::Ban { member: member()? },
        "unban" => Deed::Unban { member: member()? },
        "clear" => Deed::Clear {
            member: member()?,
            seconds: seconds()?,
            since: field::<UnixMillis>(value, "since")?,
        },
        "unclear" => Deed::Unclear {
            target: target()?,
            member: member()?,
        },
        "slow" => Deed::Slow { seconds: seconds()? },
        "pin" => Deed::Pin {
            target: field::<Option<Seq>>(value, "target")?,
        },
        "pause" => Deed::Pause,
        "resume" => Deed::Resume,
        "rename" => Deed::Rename {
            member: member()?,
            nickname: field(value, "nickname")?,
        },
        "spotlight" => Deed::Spotlight {
            target: field::<Option<Seq>>(value, "target")?,
        },
        "answer" => Deed::Answer { target: target()? },
        "unanswer" => Deed::Unanswer { target: target()? },
        other => return Err(Error::custom(format_args!("no deed is called {other}"))),
    })
}

fn message(value: &Value) -> Result<Message> {
    Ok(Message {
        seq: field::<Seq>(value, "seq")?,
        // A tombstone has no body; what is no body is as good as none.
        body: whole::<MessageBody>(value).ok(),
        hidden: field::<Option<bool>>(value, "hidden")?.unwrap_or_default(),
    })
}

/// What an object says it is; nothing for what is no frame.
fn kind(value: &Value) -> &str {
    part(value, "type").as_str().unwrap_or_default()
}

fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// A field by its name; one that is absent is null.
fn field<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T> {
    whole(part(value, name))
}

/// Always from a borrowed value: each type is then compiled for one way of reading.
fn whole<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value)
}
