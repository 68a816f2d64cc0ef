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
