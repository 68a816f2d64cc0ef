//! Where a visitor is: which address was opened, and how far inside its event they are.

use wire::{ProblemCode, UnixMillis};

/// What an address stands for. Below the page of an event there is the performer's view of it, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Front,
    /// `/e/{slug}`
    Event(String),
    /// `/e/{slug}/stage`
    Stage(String),
    /// Anything else.
    Unknown,
}

impl Route {
    /// Reads the path of an address.
    pub fn from_path(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (None, ..) => Self::Front,
            (Some("e"), Some(slug), None, _) if is_slug(slug) => Self::Event(slug.to_owned()),
            (Some("e"), Some(slug), Some("stage"), None) if is_slug(slug) => Self::Stage(slug.to_owned()),
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

impl Page {
    /// Where somebody inside goes whom the server answers so at the time `at`; nowhere if the stay goes on.
    pub fn after(code: ProblemCode, at: UnixMillis) -> Option<Self> {
        match code {
            ProblemCode::LeaseLost => Some(Self::TakenOver { at }),
            ProblemCode::EventOver | ProblemCode::EventUnknown => Some(Self::Over),
            ProblemCode::TicketRevoked => Some(Self::Revoked),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_that_ends_a_stay_has_its_page() {
        for (code, page) in [
            (ProblemCode::LeaseLost, Page::TakenOver { at: 7 }),
            (ProblemCode::EventOver, Page::Over),
            (ProblemCode::EventUnknown, Page::Over),
            (ProblemCode::TicketRevoked, Page::Revoked),
        ] {
            assert_eq!(Page::after(code, 7), Some(page), "{code:?}");
        }
        for code in [
            ProblemCode::Banned,
            ProblemCode::Unavailable,
            ProblemCode::NicknameTaken,
        ] {
            assert_eq!(Page::after(code, 7), None, "{code:?}");
        }
    }

    #[test]
    fn an_event_has_one_address_and_its_stage_another() {
        for path in ["/e/salt-2026", "/e/salt-2026/", "//e//salt-2026"] {
            assert_eq!(Route::from_path(path), Route::Event("salt-2026".into()), "{path}");
        }
        for path in ["/e/salt-2026/stage", "/e/salt-2026/stage/"] {
            assert_eq!(Route::from_path(path), Route::Stage("salt-2026".into()), "{path}");
        }
        assert_eq!(Route::from_path("/e/stage"), Route::Event("stage".into()));
        for path in [
            "/e",
            "/e/",
            "/e/a/b",
            "/e/a/stage/b",
            "/e/a%2Fb/stage",
            "/x/a",
            "/e/a%2Fb",
            "/e/..",
            "/e/ä",
        ] {
            assert_eq!(Route::from_path(path), Route::Unknown, "{path}");
        }
        assert_eq!(Route::from_path("/"), Route::Front);
        assert_eq!(Route::from_path(""), Route::Front);
    }
}
