//! What the servers under comparison speak on top of WebSocket. All of them carry the same message.

use serde::{Deserialize, Serialize};

use crate::engine::frame::Opcode;
use crate::engine::{Id, Net};
use crate::heard::{Kind, Mark, stamped};

/// The room's name where a server wants one.
const ROOM: &str = "room";

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// What one says comes to all as it is.
    Plain,
    /// Events of socket.io 4 over engine.io 4.
    SocketIo,
    /// The NATS protocol.
    Nats,
}

/// What a frame means to who listens.
pub enum Meaning<'a> {
    /// The subscription stands.
    Ready,
    /// A message of the room.
    Payload(&'a [u8]),
    /// Part of the conversation: this is to be answered, and nothing when it is empty.
    Aside(&'static str),
}

impl Dialect {
    /// Whether the subscription stands with the handshake.
    pub const fn is_ready_at_once(self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Says what is said first.
    pub fn greet(self, net: &mut Net, id: Id) {
        if self == Self::Nats {
            let greeting = format!(
                "CONNECT {{\"verbose\":false,\"pedantic\":false,\"echo\":true,\"headers\":false}}\r\nSUB {ROOM} 1\r\nPING\r\n"
            );
            net.send(id, Opcode::Binary, greeting.as_bytes());
        }
    }

    /// Sends a message to the room.
    pub fn publish(self, net: &mut Net, id: Id, payload: &str) {
        match self {
            Self::Plain => net.send(id, Opcode::Text, payload.as_bytes()),
            Self::SocketIo => net.send(id, Opcode::Text, format!("42[\"m\",{payload}]").as_bytes()),
            Self::Nats => {
                let publish = format!("PUB {ROOM} {}\r\n{payload}\r\n", payload.len());
                net.send(id, Opcode::Binary, publish.as_bytes());
            }
        }
    }

    /// Answers as part of the conversation.
    pub fn answer(self, net: &mut Net, id: Id, answer: &str) {
        let opcode = if self == Self::Nats {
            Opcode::Binary
        } else {
            Opcode::Text
        };
        net.send(id, opcode, answer.as_bytes());
    }

    /// What some bytes begin with, and how long that is; `None` while it is not whole.
    #[inline]
    pub fn read(self, bytes: &[u8]) -> Option<(Meaning<'_>, usize)> {
        match self {
            Self::Plain => Some((Meaning::Payload(bytes), bytes.len())),
            Self::SocketIo => Some((read_socket_io(bytes), bytes.len())),
            Self::Nats => read_nats(bytes),
        }
    }
}

fn read_socket_io(frame: &[u8]) -> Meaning<'_> {
    match frame {
        [b'4', b'2', b'[', b'"', b'm', b'"', b',', payload @ .., b']'] => Meaning::Payload(payload),
        [b'4', b'0', ..] => Meaning::Ready,
        [b'0', ..] => Meaning::Aside("40"),
        [b'2', ..] => Meaning::Aside("3"),
        _ => Meaning::Aside(""),
    }
}

fn read_nats(bytes: &[u8]) -> Option<(Meaning<'_>, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')? + 1;
    let line = &bytes[..end];
    if !line.starts_with(b"MSG ") {
        let meaning = match line {
            [b'P', b'O', b'N', b'G', ..] => Meaning::Ready,
            [b'P', b'I', b'N', b'G', ..] => Meaning::Aside("PONG\r\n"),
            _ => Meaning::Aside(""),
        };
        return Some((meaning, end));
    }
    let digits = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next()?;
    let length = std::str::from_utf8(digits).ok()?.parse::<usize>().ok()?;
    let payload = bytes.get(end..end + length)?;
    let whole = end + length + 2;
    (bytes.len() >= whole).then_some((Meaning::Payload(payload), whole))
}

/// A message as Frontrow tells it to a room, numbered from 1.
pub fn message(number: u64, due: u64, length: usize) -> String {
    format!(
        concat!(
            r#"[{{"type":"message","seq":{seq},"id":"{id}","at":1767225600000,"member":"mb_0193f0a1c2d3e4f5a6b7","#,
            r#""nickname":"fan {sender}","role":"fan","text":"{text}"}}]"#
        ),
        seq = number + 1,
        id = Mark {
            kind: Kind::Message,
            number
        }
        .id(),
        sender = number % 50,
        text = stamped(due, length),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(dialect: Dialect, mut bytes: &[u8]) -> (Vec<String>, usize) {
        let mut found = Vec::new();
        while let Some((meaning, length)) = dialect.read(bytes).filter(|_| !bytes.is_empty()) {
            if let Meaning::Payload(payload) = meaning {
                found.push(String::from_utf8_lossy(payload).into_owned());
            }
            bytes = &bytes[length..];
        }
        (found, bytes.len())
    }

    #[test]
    fn what_is_carried_is_taken_out() {
        assert_eq!(payloads(Dialect::Plain, b"[1]").0, ["[1]"]);
        assert_eq!(payloads(Dialect::SocketIo, b"42[\"m\",[1]]").0, ["[1]"]);
        assert!(payloads(Dialect::SocketIo, b"40{\"sid\":\"x\"}").0.is_empty());
        let nats = b"INFO {}\r\nPONG\r\nMSG room 1 3\r\n[1]\r\nMSG room 1 3\r\n[2]\r\nMSG room 1 3\r\n[3]\r";
        let (found, left) = payloads(Dialect::Nats, nats);
        assert_eq!((found, left), (vec!["[1]".to_owned(), "[2]".to_owned()], 18));
    }

    #[test]
    fn a_message_is_read_as_one_of_frontrows() {
        let heard = crate::heard::Heard::read(message(6, 1_234, 200).as_bytes());
        let entry = crate::heard::Entry {
            seq: 7,
            due: Some(1_234),
        };
        assert_eq!(heard.entries, [entry]);
    }
}
