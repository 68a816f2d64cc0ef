//! The frames of RFC 6455, as a client needs them: what it writes is masked, what it reads is not.

use rand::Rng;
use rand::rngs::SmallRng;

/// Longest frame that is taken, in bytes: no server under test has a reason for more.
pub const FRAME_BYTES: usize = 256 * 1_024;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of a fragmented message.
    More,
    /// UTF-8.
    Text,
    /// Bytes.
    Binary,
    /// The end.
    Close,
    /// To be answered with a pong.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::More,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::More => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// A frame at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it carries.
    pub opcode: Opcode,
    /// Whether a message ends with it.
    pub is_last: bool,
    /// Its payload.
    pub payload: &'a [u8],
    /// Its length with the header.
    pub length: usize,
}

/// What is wrong with bytes that are no frame a server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFrame;

/// The frame at the beginning; `None` while not all of it is here.
///
/// # Errors
/// When it is masked, reserved, or longer than [`FRAME_BYTES`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<Option<Frame<'_>>, NoFrame> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = Opcode::from_bits(first & 0xf).ok_or(NoFrame)?;
    let is_masked_or_reserved = second & 0x80 != 0 || first & 0x70 != 0;
    let (length, header) = match (second & 0x7f, rest) {
        (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        (127, rest) if rest.len() >= 8 => {
            let length = rest.first_chunk().map_or(0, |length| u64::from_be_bytes(*length));
            (usize::try_from(length).map_err(|_| NoFrame)?, 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (usize::from(short), 2),
    };
    if is_masked_or_reserved || length > FRAME_BYTES {
        return Err(NoFrame);
    }
    let payload = bytes.get(header..header + length);
    Ok(payload.map(|payload| Frame {
        opcode,
        is_last: first & 0x80 != 0,
        payload,
        length: header + length,
    }))
}

/// Appends a client's frame, whole and masked.
pub fn write_masked(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], random: &mut SmallRng) {
    out.push(0x80 | opcode.bits());
    write_length(out, payload.len(), 0x80);
    let key: [u8; 4] = random.random();
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// Appends a server's frame, whole.
pub fn write_plain(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(0x80 | opcode.bits());
    write_length(out, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn write_length(out: &mut Vec<u8>, length: usize, mask: u8) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => out.push(mask + short),
        (_, Ok(medium)) => {
            out.push(mask + 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(mask + 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// A client's frame at the beginning, unmasked in place: its opcode, where its payload is, and its length.
///
/// # Errors
/// When it is not masked, fragmented, reserved, or longer than [`FRAME_BYTES`].
pub fn unmask(bytes: &mut [u8]) -> Result<Option<(Opcode, std::ops::Range<usize>)>, NoFrame> {
    let [first, second, ..] = *bytes else {
        return Ok(None);
    };
    if second & 0x80 == 0 || first & 0xf0 != 0x80 {
        return Err(NoFrame);
    }
    let opcode = Opcode::from_bits(first & 0xf).ok_or(NoFrame)?;
    let (length, header) = match (second & 0x7f, bytes.get(2..10)) {
        (126, _) if bytes.len() >= 4 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        (127, Some(long)) => {
            let long = u64::from_be_bytes(long.try_into().map_err(|_| NoFrame)?);
            (usize::try_from(long).map_err(|_| NoFrame)?, 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (usize::from(short), 2),
    };
    if length > FRAME_BYTES {
        return Err(NoFrame);
    }
    let payload = header + 4..header + 4 + length;
    if bytes.len() < payload.end {
        return Ok(None);
    }
    let (head, rest) = bytes.split_at_mut(payload.start);
    let key: [u8; 4] = head[header..].try_into().map_err(|_| NoFrame)?;
    for (byte, key) in rest[..length].iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Ok(Some((opcode, payload)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_plain_is_read_and_nothing_less_is_a_frame(length in prop_oneof![0_usize..300, 65_000_usize..66_000], fill: u8) {
            let mut bytes = Vec::new();
            write_plain(&mut bytes, Opcode::Text, &vec![fill; length]);
            let whole = bytes.len();
            bytes.push(0x81);
            let frame = parse(&bytes).unwrap().unwrap();
            prop_assert_eq!((frame.opcode, frame.is_last, frame.length), (Opcode::Text, true, whole));
            prop_assert_eq!(frame.payload, &vec![fill; length][..]);
            prop_assert_eq!(parse(&bytes[..whole - 1]), Ok(None));
            prop_assert_eq!(parse(&bytes[..1]), Ok(None));
        }

        #[test]
        fn what_is_masked_is_unmasked_to_the_same(payload in prop::collection::vec(any::<u8>(), 0..300), seed: u64) {
            let mut bytes = Vec::new();
            write_masked(&mut bytes, Opcode::Binary, &payload, &mut SmallRng::seed_from_u64(seed));
            let whole = bytes.len();
            prop_assert_eq!(unmask(&mut bytes[..whole - 1]), Ok(None));
            let (opcode, place) = unmask(&mut bytes).unwrap().unwrap();
            prop_assert_eq!((opcode, place.end), (Opcode::Binary, whole));
            prop_assert_eq!(&bytes[place], &payload[..]);
        }
    }

    #[test]
    fn what_no_server_may_send_is_no_frame() {
        assert_eq!(parse(&[0x81, 0x80, 1, 2, 3, 4]), Err(NoFrame), "masked");
        assert_eq!(parse(&[0xc1, 0x00]), Err(NoFrame), "compressed");
        assert_eq!(parse(&[0x83, 0x00]), Err(NoFrame), "reserved");
        assert_eq!(parse(&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]), Err(NoFrame), "too long");
    }
}
