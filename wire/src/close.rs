//! How a socket ends: every ending has a code, a name, and tells whether to come back.

use std::fmt;

/// A close code of the contract (RFC 6455, 7.4.2: the private range).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server restarts, or is full.
    Restarting = 4000,
    /// The credential was not accepted: ask for another, and that answer decides.
    CredentialRefused = 4001,
    /// The client read too slowly: resume.
    TooSlow = 4002,
    /// The ticket was used on another device.
    TakenOver = 4500,
    /// The member is banned.
    Banned = 4501,
    /// The event is over.
    EventOver = 4502,
    /// The client broke the protocol.
    ProtocolViolation = 4503,
    /// The ticket was revoked.
    TicketRevoked = 4504,
    /// The room was opened in another tab.
    OtherTab = 4505,
}

impl CloseCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::Restarting,
        Self::CredentialRefused,
        Self::TooSlow,
        Self::TakenOver,
        Self::Banned,
        Self::EventOver,
        Self::ProtocolViolation,
        Self::TicketRevoked,
        Self::OtherTab,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code behind a number, if it is one of ours.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The short reason that `bye` and the close frame carry.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Restarting => "restarting",
            Self::CredentialRefused => "credential_refused",
            Self::TooSlow => "too_slow",
            Self::TakenOver => "taken_over",
            Self::Banned => "banned",
            Self::EventOver => "event_over",
            Self::ProtocolViolation => "protocol_violation",
            Self::TicketRevoked => "ticket_revoked",
            Self::OtherTab => "other_tab",
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.reason())
    }
}

/// Whether a client comes back after a socket closed with this number: all but 4500 to 4999.
pub const fn can_reconnect(number: u16) -> bool {
    !(number >= 4500 && number <= 4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_upper_private_range_says_stay_away() {
        for code in CloseCode::ALL {
            assert_eq!(can_reconnect(code.number()), code.number() < 4500, "{code}");
            assert_eq!(CloseCode::from_number(code.number()), Some(code));
        }
        for number in [1000, 1001, 1006, 1011, 4000, 4499, 5000] {
            assert!(can_reconnect(number), "{number}");
        }
        assert!(!can_reconnect(4500) && !can_reconnect(4999));
    }
}
