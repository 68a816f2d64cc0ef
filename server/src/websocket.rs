//! The server's side of the WebSocket protocol (RFC 6455) as pure rules: what the bytes of a client mean, and the bytes of
//! what a client is told. No extensions, no subprotocols, no input or output.
//!
//! A frame to a crowd is made once and shared: no library's sink copies it for each connection.

use std::ops::ControlFlow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha1::{Digest, Sha1};
use wire::limits::CLIENT_FRAME_BYTES;

/// What every server adds to the client's key (RFC 6455, 1.3).
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Longest payload of a control frame (RFC 6455, 5.5).
const CONTROL_BYTES: usize = 125;

/// The head of a client's frame: two bytes, up to eight of length, four of masking key.
const MASKING_KEY_BYTES: usize = 4;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A whole text message.
    Text(&'a str),
    /// To be answered with [`pong`].
    Ping(&'a [u8]),
    /// The client closes, and says why with this code or with none. To be answered with [`close`].
    Close(Option<u16>),
}

/// What no client may send: binary messages, messages over [`CLIENT_FRAME_BYTES`], and what RFC 6455 forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation;

/// What was heard of a client in part. Holds no memory between messages.
#[derive(Debug, Default)]
pub struct Ear {
    /// Bytes that are still to be read: most often the beginning of a frame.
    rest: Vec<u8>,
    /// Not because more has to come, but because the last message was taken with a break.
    is_paused: bool,
    /// The payloads of a message whose last frame is still to come.
    fragments: Option<Vec<u8>>,
}

impl Ear {
    /// Hears `bytes`, which it unmasks in place, after those that were left before. `take` is handed each message as soon
    /// as it is whole; when it breaks, what follows is kept for the next time.
    ///
    /// # Errors
    /// When the client breaks the rules. What came before was taken.
    pub fn hear(
        &mut self,
        bytes: &mut [u8],
        mut take: impl FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<(), Violation> {
        if self.rest.is_empty() {
            let heard = self.hear_frames(bytes, &mut take)?;
            self.rest.extend_from_slice(&bytes[heard..]);
        } else {
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(bytes);
            let heard = self.hear_frames(&mut rest, &mut take)?;
            if heard < rest.len() {
                rest.drain(..heard);
                self.rest = rest;
            }
        }
        Ok(())
    }

    /// Whether something was kept that may be a whole message.
    pub fn has_more(&self) -> bool {
        self.is_paused && !self.rest.is_empty()
    }

    /// Hears frame by frame, and gives how many bytes were whole frames.
    fn hear_frames(
        &mut self,
        bytes: &mut [u8],
        take: &mut impl FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<usize, Violation> {
        let mut heard = 0;
        self.is_paused = false;
        while let Some(head) = Head::read(&bytes[heard..])? {
            let Some(payload) = bytes[heard..].get_mut(head.bytes..head.bytes + head.length) else {
                break;
            };
            unmask(payload, head.key);
            heard += head.bytes + head.length;
            self.is_paused = self.hear_frame(&head, payload, take)?.is_break();
            if self.is_paused {
                break;
            }
        }
        Ok(heard)
    }

    fn hear_frame(
        &mut self,
        head: &Head,
        payload: &[u8],
        take: &mut impl FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Violation> {
        match (head.kind, self.fragments.take()) {
            (Kind::Text, None) if head.is_final => Ok(take(Heard::Text(text(payload)?))),
            (Kind::Text, None) => {
                self.fragments = Some(payload.to_vec());
                Ok(ControlFlow::Continue(()))
            }
            (Kind::Continuation, Some(mut message)) => {
                if message.len() + payload.len() > CLIENT_FRAME_BYTES {
                    return Err(Violation);
                }
                message.extend_from_slice(payload);
                if head.is_final {
                    return Ok(take(Heard::Text(text(&message)?)));
                }
                self.fragments = Some(message);
                Ok(ControlFlow::Continue(()))
            }
            (Kind::Text, Some(_)) | (Kind::Continuation, None) => Err(Violation),
            (control, fragments) => {
                // Control frames may come between the frames of a message.
                self.fragments = fragments;
                match control {
                    Kind::Ping => Ok(take(Heard::Ping(payload))),
                    Kind::Close => Ok(take(Heard::Close(close_code(payload)?))),
                    _ => Ok(ControlFlow::Continue(())),
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Continuation,
    Text,
    Close,
    Ping,
    Pong,
}

impl Kind {
    const fn opcode(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn of(opcode: u8) -> Option<Self> {
        match opcode {
            0 => Some(Self::Continuation),
            1 => Some(Self::Text),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    const fn is_control(self) -> bool {
        self.opcode() >= 8
    }
}

/// What a client's frame begins with.
struct Head {
    is_final: bool,
    kind: Kind,
    /// The payload's.
    length: usize,
    key: [u8; MASKING_KEY_BYTES],
    /// Its own.
    bytes: usize,
}

impl Head {
    /// Reads the head of the frame that begins here; `None` when not all of it is here.
    ///
    /// # Errors
    /// When it is none that a client may send; as soon as that is known.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let &[first, second, ..] = bytes else { return Ok(None) };
        let kind = Kind::of(first & 0x0f).ok_or(Violation)?;
        let is_final = first & FINAL != 0;
        let is_masked = second & MASKED != 0;
        if first & RESERVED != 0 || !is_masked || (kind.is_control() && !is_final) {
            return Err(Violation);
        }
        let Some((length, begin)) = length(second & !MASKED, &bytes[2..])? else {
            return Ok(None);
        };
        let most = if kind.is_control() {
            CONTROL_BYTES
        } else {
            CLIENT_FRAME_BYTES
        };
        if length > most {
            return Err(Violation);
        }
        let key = bytes[2 + begin..].first_chunk::<MASKING_KEY_BYTES>();
        Ok(key.map(|key| Self {
            is_final,
            kind,
            length,
            key: *key,
            bytes: 2 + begin + MASKING_KEY_BYTES,
        }))
    }
}

/// The payload's length and how many bytes say it, beside the first: in the shortest way that there is (RFC 6455, 5.2).
fn length(first: u8, more: &[u8]) -> Result<Option<(usize, usize)>, Violation> {
    let (length, begin, least) = match first {
        126 => (
            more.first_chunk().map(|length| u64::from(u16::from_be_bytes(*length))),
            2,
            126,
        ),
        127 => (more.first_chunk().map(|length| u64::from_be_bytes(*length)), 8, 65_536),
        length => (Some(u64::from(length)), 0, 0),
    };
    let Some(length) = length else { return Ok(None) };
    if length < least {
        return Err(Violation);
    }
    let length = usize::try_from(length).map_err(|_| Violation)?;
    Ok(Some((length, begin)))
}

fn unmask(payload: &mut [u8], key: [u8; MASKING_KEY_BYTES]) {
    let mut chunks = payload.chunks_exact_mut(MASKING_KEY_BYTES);
    for chunk in &mut chunks {
        for (byte, key) in chunk.iter_mut().zip(key) {
            *byte ^= key;
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(key) {
        *byte ^= key;
    }
}

fn text(payload: &[u8]) -> Result<&str, Violation> {
    std::str::from_utf8(payload).map_err(|_| Violation)
}

/// The code in a close frame's payload, which may have none (RFC 6455, 5.5.1 and 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation) };
    };
    text(reason)?;
    match u16::from_be_bytes(*code) {
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(Violation),
    }
}

/// What a server answers to the key of a client's handshake (RFC 6455, 4.2.2).
pub fn accept_key(key: &[u8]) -> String {
    let digest = Sha1::new_with_prefix(key).chain_update(HANDSHAKE).finalize();
    BASE64.encode(digest)
}

/// The one frame of a text message.
pub fn text_frame(text: &str) -> Bytes {
    frame(Kind::Text, text.as_bytes())
}

/// The answer to a ping.
pub fn pong(ping: &[u8]) -> Bytes {
    frame(Kind::Pong, ping)
}

/// A close frame. The reason is cut to what fits.
pub fn close(code: Option<u16>, reason: &str) -> Bytes {
    let Some(code) = code else {
        return frame(Kind::Close, &[]);
    };
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..reason.floor_char_boundary(CONTROL_BYTES - 2)]);
    frame(Kind::Close, &payload)
}

fn frame(kind: Kind, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(FINAL | kind.opcode());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..126), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// The text in a frame of our own.
#[cfg(test)]
pub fn text_of(frame: &[u8]) -> &str {
    let head = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    text(&frame[head..]).expect("text")
}

#[cfg(test)]
mod tests;
