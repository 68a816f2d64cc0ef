//! The numbers both sides keep to, each with its unit and reason.

use std::time::Duration;

/// Longest frame a client may send, in bytes; a longer one ends the socket with 4503.
pub const CLIENT_FRAME_BYTES: usize = 8 * 1024;

/// How long a socket may wait with its `hello`.
pub const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// The server sends something at least this often, so that a client can tell silence from a dead line.
pub const SERVER_SPEAKS_WITHIN: Duration = Duration::from_secs(25);

/// A client that heard nothing for this long reconnects.
pub const CLIENT_GIVES_UP_AFTER: Duration = Duration::from_secs(45);

/// Longest id of a client's frame, in bytes; the shortest is 1.
pub const FRAME_ID_BYTES: usize = 64;

/// Longest message, in Unicode scalar values after the text rules; the shortest is 1.
pub const TEXT_SCALARS: usize = 500;

/// Most combining marks that stay on one base character (UTS 39, 5.4).
pub const MARKS_ON_A_BASE: usize = 4;

/// Shortest nickname, in graphemes (UAX 29).
pub const NICKNAME_MIN_GRAPHEMES: usize = 2;

/// Longest nickname, in graphemes (UAX 29).
pub const NICKNAME_MAX_GRAPHEMES: usize = 24;

/// Longest nickname, in bytes of UTF-8.
pub const NICKNAME_BYTES: usize = 96;

/// Most messages on one page of history.
pub const HISTORY_PAGE: u32 = 50;

/// Entries that a returning client gets replayed; if it missed more it is told of a gap and reads history anew.
pub const REPLAY_ENTRIES: usize = 1_000;

/// How long a credential opens a socket, in milliseconds.
pub const CREDENTIAL_MILLIS: u64 = 60_000;

/// Longest ticket code that is looked at, in bytes as typed.
pub const TICKET_CODE_BYTES: usize = 128;

/// Longest reason of an act or a report, in Unicode scalar values.
pub const REASON_SCALARS: usize = 200;

/// Longest mute, in seconds: a day.
pub const MUTE_SECONDS: u32 = 24 * 60 * 60;

/// Longest wait of slow mode, in seconds: an hour.
pub const SLOW_SECONDS: u32 = 60 * 60;

/// Furthest reach of a clear, in seconds: a day.
pub const CLEAR_SECONDS: u32 = 24 * 60 * 60;

/// Longest pattern of a word list, in Unicode scalar values.
pub const PATTERN_SCALARS: usize = 80;

/// Most rules of an event's word list.
pub const WORD_RULES: u64 = 20_000;

/// Most reactions that an event offers.
pub const REACTIONS: usize = 12;

/// Most taps that one `react` carries.
pub const REACTIONS_A_FRAME: u32 = 5;

/// Taps of one member that count, a second; more are dropped.
pub const REACTIONS_A_SECOND: u32 = 5;

/// Longest reaction, in bytes of UTF-8: a family of four with their skin tones.
pub const EMOJI_BYTES: usize = 48;

/// How many of a member's own votes `welcome` names, the newest first.
pub const OWN_VOTES: usize = 200;

/// Of how many questions `welcome` gives the votes, the newest first.
pub const TOLD_VOTES: usize = 200;

/// Most questions of one answer of `GET …/questions`.
pub const QUESTIONS: u32 = 100;
