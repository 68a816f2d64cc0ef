//! One person of the crowd.

use serde::Deserialize;
use wire::Seq;

use super::wake::Wake;
use crate::check::Checker;
use crate::engine::Id;

/// Where a fan is on the way in or out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not on the way.
    #[default]
    Outside,
    /// Asks something at the gate.
    AtTheGate,
    /// Has a credential and waits for a handshake.
    Knocking,
    /// The socket opens, or awaits its welcome.
    Opening,
    /// In the room.
    Here,
    /// The line broke; comes back.
    Away,
    /// Does not come back.
    Gone,
}

/// One person.
#[derive(Debug, Default)]
pub struct Fan {
    /// What is on the ticket.
    pub code: Box<str>,
    /// The session.
    pub cookie: Box<str>,
    /// Opens the next socket.
    pub token: Box<str>,
    /// Where it is.
    pub state: State,
    /// Its socket, when it is here or opening.
    pub socket: Option<Id>,
    /// What it heard.
    pub checker: Checker,
    /// When it came, or came back, in microseconds of the generator's clock.
    pub due: u64,
    /// Whether it was in the room before: it holds what it heard.
    pub was_here: bool,
    /// Whether its line held all the time.
    pub stayed: bool,
    /// Whether it has a nickname.
    pub is_named: bool,
    /// How many seconds the server wants it to wait.
    pub retry_after: Option<u64>,
    /// Sockets that did not come to a welcome, one after the other.
    pub tries: u8,
}

/// The room of some fans.
#[derive(Debug, Default)]
pub struct Room {
    /// Its event.
    pub slug: String,
    /// The last entry that was confirmed.
    pub last: Seq,
    /// The newest question.
    pub question: Option<Seq>,
    /// Taps that were sent.
    pub taps: u64,
    /// How soon its entries are everywhere.
    pub wake: Wake,
    /// The newest page of the history, as it came last.
    pub page: Vec<u8>,
}

/// What the gate says of a fan, as far as it matters here.
#[derive(Deserialize)]
pub struct Admitted<'a> {
    /// Opens a socket; none while there is no account.
    #[serde(borrow)]
    pub credential: Option<Credential<'a>>,
}

/// Opens a socket.
#[derive(Deserialize)]
pub struct Credential<'a> {
    /// What `hello` carries.
    pub token: &'a str,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Row>,
    as_of: Seq,
}

#[derive(Deserialize)]
struct Row {
    seq: Seq,
}

/// Most messages of a page.
const PAGE: Seq = wire::limits::HISTORY_PAGE as Seq;

/// Whether a page of history is the newest one of a log without control entries.
pub fn is_newest_page(body: &[u8]) -> bool {
    let Ok(page) = serde_json::from_slice::<Page>(body) else {
        return false;
    };
    let first = page.as_of.saturating_sub(PAGE) + 1;
    page.messages.iter().map(|row| row.seq).eq(first..=page.as_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_page_ends_at_the_logs_head_and_has_no_holes() {
        let page = |seqs: &[Seq], as_of: Seq| {
            let rows: Vec<String> = seqs
                .iter()
                .map(|seq| format!(r#"{{"type":"message","seq":{seq}}}"#))
                .collect();
            format!(r#"{{"messages":[{}],"next":null,"as_of":{as_of}}}"#, rows.join(","))
        };
        assert!(is_newest_page(page(&[], 0).as_bytes()));
        assert!(is_newest_page(page(&[1, 2, 3], 3).as_bytes()));
        assert!(is_newest_page(page(&(11..=60).collect::<Vec<_>>(), 60).as_bytes()));
        assert!(!is_newest_page(page(&[1, 3], 3).as_bytes()));
        assert!(!is_newest_page(page(&[1, 2], 3).as_bytes()));
        assert!(!is_newest_page(b"{}"));
    }
}
