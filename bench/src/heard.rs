//! What a server's frame says, as far as it matters here. Most frames are the same bytes for everybody in a room: each
//! is read once and then recognized.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use wire::Seq;

/// Frames of a room that are remembered: sockets are that far apart at most, but for those who are very slow.
const REMEMBERED_FRAMES: usize = 1_024;

/// What they may take together, in bytes.
const REMEMBERED_BYTES: usize = 16 * 1_024 * 1_024;

/// How many frames are compared with one that is not the expected next.
const LOOK_AT: usize = 64;

/// A record of the room's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When its message was due, in microseconds of the generator's clock; none for what the generator did not send.
    pub due: Option<u64>,
}

/// What is sent, and as the so manieth of its kind: its id tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its kind.
    pub kind: Kind,
    /// Its number, from 0.
    pub number: u64,
}

/// Kinds of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// A message that is a question.
    Question,
    /// A vote for one.
    Vote,
    /// A message of somebody who sends too many.
    Flood,
}

impl Mark {
    /// The id of what is sent.
    pub fn id(self) -> String {
        let letter = match self.kind {
            Kind::Message => 'm',
            Kind::Question => 'q',
            Kind::Vote => 'v',
            Kind::Flood => 'f',
        };
        format!("{letter}{}", self.number)
    }

    fn read(id: &str) -> Option<Self> {
        let kind = match id.as_bytes().first()? {
            b'm' => Kind::Message,
            b'q' => Kind::Question,
            b'v' => Kind::Vote,
            b'f' => Kind::Flood,
            _ => return None,
        };
        let number = id[1..].parse().ok()?;
        Some(Self { kind, number })
    }
}

/// What became of something that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Committed; as this entry if it is one.
    Ack(Seq),
    /// Refused, for this reason.
    Refused(Box<str>),
}

/// What one frame says.
#[derive(Debug, Default)]
pub struct Heard {
    /// Records of the log, in the frame's order.
    pub entries: Vec<Entry>,
    /// Taps that it tells of.
    pub taps: u64,
    /// Replies to one member, each with the mark of what was sent.
    pub replies: Vec<(Option<Mark>, Reply)>,
    /// Where the log ended, in a welcome.
    pub head: Option<Seq>,
    /// The last entry of a gap.
    pub gap_to: Option<Seq>,
    /// The code of a farewell.
    pub bye: Option<u16>,
    /// Whether it could not be read.
    pub is_garbled: bool,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: Option<Seq>,
    id: Option<&'a str>,
    #[serde(borrow)]
    text: Option<std::borrow::Cow<'a, str>>,
    /// Taps by emoji, or votes by question.
    #[serde(default, borrow)]
    counts: BTreeMap<&'a str, u64>,
    head: Option<Seq>,
    to: Option<Seq>,
    code: Option<serde_json::Value>,
}

impl Heard {
    /// Reads a frame: a JSON array of objects.
    pub fn read(frame: &[u8]) -> Self {
        let mut heard = Self::default();
        match serde_json::from_slice::<Vec<Object>>(frame) {
            Ok(objects) => objects.iter().for_each(|object| heard.add(object)),
            Err(_) => heard.is_garbled = true,
        }
        heard
    }

    fn add(&mut self, object: &Object) {
        let mark = object.id.and_then(Mark::read);
        let code = object.code.as_ref();
        match object.kind {
            "ack" => self.replies.push((mark, Reply::Ack(object.seq.unwrap_or(0)))),
            "refused" => {
                let code = code.and_then(serde_json::Value::as_str).unwrap_or_default();
                self.replies.push((mark, Reply::Refused(code.into())));
            }
            "reactions" => self.taps += object.counts.values().sum::<u64>(),
            "welcome" => self.head = object.head,
            "gap" => self.gap_to = object.to,
            "bye" => {
                self.bye = code
                    .and_then(serde_json::Value::as_u64)
                    .and_then(|code| code.try_into().ok());
            }
            // Whatever has a place in the log is a record of it, known or not.
            _ => self.entries.extend(object.seq.map(|seq| Entry {
                seq,
                due: object.text.as_deref().and_then(due_of),
            })),
        }
    }

    /// Whether everybody may be told the same.
    fn is_shared(&self) -> bool {
        let is_personal =
            !self.replies.is_empty() || self.head.is_some() || self.gap_to.is_some() || self.bye.is_some();
        !is_personal && !self.is_garbled
    }
}

/// A text of this length that tells when it was due.
pub fn stamped(due: u64, length: usize) -> String {
    format!("{:x<length$}", format!("{due} "))
}

fn due_of(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// The frames that a room's sockets heard last.
#[derive(Default)]
pub struct Memory {
    frames: VecDeque<(Box<[u8]>, Heard)>,
    /// How many were forgotten: the number of the first one that is here.
    first: u64,
    bytes: usize,
    /// The last that was not for everybody.
    personal: Heard,
}

impl Memory {
    /// What a frame says. `next` is the number of the frame that the socket is expected to hear next.
    #[inline]
    pub fn recognize(&mut self, frame: &[u8], next: &mut u64) -> &Heard {
        let expected = usize::try_from(next.wrapping_sub(self.first)).unwrap_or(usize::MAX);
        let place = match self.frames.get(expected) {
            Some((bytes, _)) if **bytes == *frame => expected,
            _ => match self.find(frame) {
                Some(place) => place,
                None => return self.read(frame, next),
            },
        };
        *next = self.first + place as u64 + 1;
        &self.frames[place].1
    }

    fn find(&self, frame: &[u8]) -> Option<usize> {
        let newest = self.frames.iter().enumerate().rev().take(LOOK_AT);
        newest
            .into_iter()
            .find(|(_, (bytes, _))| **bytes == *frame)
            .map(|(place, _)| place)
    }

    fn read(&mut self, frame: &[u8], next: &mut u64) -> &Heard {
        let heard = Heard::read(frame);
        if !heard.is_shared() {
            self.personal = heard;
            return &self.personal;
        }
        self.bytes += frame.len();
        self.frames.push_back((frame.into(), heard));
        while self.frames.len() > REMEMBERED_FRAMES || (self.bytes > REMEMBERED_BYTES && self.frames.len() > 1) {
            if let Some((bytes, _)) = self.frames.pop_front() {
                self.first += 1;
                self.bytes -= bytes.len();
            }
        }
        *next = self.first + self.frames.len() as u64;
        &self.frames[self.frames.len() - 1].1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(seq: Seq) -> String {
        format!(
            r#"[{{"type":"message","seq":{seq},"id":"m7","text":"{}"}}]"#,
            stamped(seq * 10, 40)
        )
    }

    fn entry(seq: Seq) -> Entry {
        Entry {
            seq,
            due: Some(seq * 10),
        }
    }

    #[test]
    fn messages_tell_when_they_were_due_and_unknown_entries_count_too() {
        let frame = format!(
            r#"[{},{{"type":"confetti","seq":8}},{{"type":"presence","online":3}}]"#,
            &message(7)[1..message(7).len() - 1]
        );
        let heard = Heard::read(frame.as_bytes());
        assert_eq!(heard.entries, [entry(7), Entry { seq: 8, due: None }]);
        assert!(heard.is_shared());
    }

    #[test]
    fn what_is_for_one_member_is_told_apart() {
        let frame = r#"[{"type":"ack","id":"m3","seq":11},{"type":"refused","id":"m4","code":"rate_limited","retry_after_ms":3},
            {"type":"ack","id":null,"seq":null}]"#;
        let refused = Reply::Refused("rate_limited".into());
        let heard = Heard::read(frame.as_bytes());
        let mark = |number| {
            Some(Mark {
                kind: Kind::Message,
                number,
            })
        };
        assert_eq!(
            heard.replies,
            [(mark(3), Reply::Ack(11)), (mark(4), refused), (None, Reply::Ack(0))]
        );
        assert!(heard.entries.is_empty() && !heard.is_shared());
        let ends = Heard::read(br#"[{"type":"gap","from":1,"to":9},{"type":"bye","code":4002,"reason":"too_slow"}]"#);
        assert_eq!((ends.gap_to, ends.bye), (Some(9), Some(4002)));
        assert_eq!(Heard::read(br#"[{"type":"welcome","head":5,"room":{}}]"#).head, Some(5));
        assert!(Heard::read(b"{}").is_garbled);
    }

    #[test]
    fn taps_are_summed_and_votes_are_no_taps() {
        let frame =
            br#"[{"type":"reactions","counts":{"a":3,"b":1},"totals":{"a":9}},{"type":"votes","counts":{"4":9}}]"#;
        assert_eq!(Heard::read(frame).taps, 4);
    }

    proptest! {
        #[test]
        fn a_remembered_frame_says_what_it_says(sockets in prop::collection::vec(prop::collection::vec(0_u64..2_000, 0..50), 1..4)) {
            let mut memory = Memory::default();
            let mut next = vec![0; sockets.len()];
            for (socket, heard) in sockets.iter().enumerate() {
                for seq in heard {
                    let found = memory.recognize(message(*seq).as_bytes(), &mut next[socket]);
                    prop_assert_eq!(&found.entries, &[entry(*seq)]);
                    let ack = format!(r#"[{{"type":"ack","id":"m1","seq":{seq}}}]"#);
                    let found = memory.recognize(ack.as_bytes(), &mut next[socket]);
                    let mark = Mark { kind: Kind::Message, number: 1 };
                    prop_assert_eq!(&found.replies, &[(Some(mark), Reply::Ack(*seq))]);
                }
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memory = Memory::default();
        let mut next = 0;
        for seq in 0..3_000 {
            memory.recognize(message(seq).as_bytes(), &mut next);
        }
        assert_eq!((memory.frames.len(), next), (REMEMBERED_FRAMES, 3_000));
        assert_eq!(
            memory.bytes,
            memory.frames.iter().map(|(bytes, _)| bytes.len()).sum::<usize>()
        );
        let mut slow = 0;
        assert_eq!(memory.recognize(message(0).as_bytes(), &mut slow).entries, [entry(0)]);
    }
}
