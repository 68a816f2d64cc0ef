//! Where a visitor is: which address was opened, and how far inside its event they are.

use wire::UnixMillis;

/// What an address stands for. There is one page for each event and nothing below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Front,
    /// `/e/{slug}`
    Event(String),
    /// Anything else.
    Unknown,
}

impl Route {
    /// Reads the path of an address.
    pub fn from_path(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Self::Front,
            (Some("e"), Some(slug), None) if is_slug(slug) => Self::Event(slug.to_owned()),
            _ => Self::Unknown,
        }
    }
}

/// Slugs go into the paths of calls as they are, so nothing else may pass.
fn is_slug(part: &str) -> bool {
    part.len() <= 64
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// How far inside an event a visitor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The event, or who is here, is being asked for.
    Loading,
    /// No event at this address.
    Missing,
    /// The event could not be asked for; trying again can help.
    Broken,
    /// In front of the gate, with a ticket to show.
    Gate,
    /// The seat went to another device.
    TakenOver {
        /// When this device learned of it.
        at: UnixMillis,
    },
    /// The organizer took the ticket back.
    Revoked,
    /// The show is over.
    Over,
    /// Inside, without a nickname yet.
    Nickname,
    /// In the room.
    Room,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_address() {
        for path in ["/e/salt-2026", "/e/salt-2026/", "//e//salt-2026"] {
            assert_eq!(Route::from_path(path), Route::Event("salt-2026".into()), "{path}");
        }
        for path in ["/e", "/e/", "/e/a/b", "/x/a", "/e/a%2Fb", "/e/..", "/e/ä"] {
            assert_eq!(Route::from_path(path), Route::Unknown, "{path}");
        }
        assert_eq!(Route::from_path("/"), Route::Front);
        assert_eq!(Route::from_path(""), Route::Front);
    }
}
