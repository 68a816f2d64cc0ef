//! Who is in the room and what may be done there.

use serde::{Deserialize, Serialize};

/// What a ticket makes of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches and chats.
    Fan,
    /// Stands on the stage.
    Artist,
    /// Keeps the room a good place; "crew" in the page's own words.
    Moderator,
}

impl Role {
    /// The role's name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fan => "fan",
            Self::Artist => "artist",
            Self::Moderator => "moderator",
        }
    }

    /// The role behind a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Fan, Self::Artist, Self::Moderator]
            .into_iter()
            .find(|role| role.as_str() == name)
    }

    /// Artists and moderators.
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Fan)
    }

    /// What a member of this role may do over the socket.
    pub fn capabilities(self) -> Vec<Capability> {
        let own: &[Capability] = match self {
            Self::Fan => &[Capability::Vote, Capability::Report],
            Self::Artist => &[Capability::Stage, Capability::Report],
            Self::Moderator => &[Capability::Vote, Capability::Stage, Capability::Moderate],
        };
        [&[Capability::Read, Capability::Send, Capability::React], own].concat()
    }
}

/// One thing a member may do over the socket. Clients ignore names they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Follow the room and read its history.
    Read,
    /// Send messages.
    Send,
    /// Send reactions.
    React,
    /// Vote for questions.
    Vote,
    /// Put questions into the spotlight, and answer them.
    Stage,
    /// Report messages to the moderators.
    Report,
    /// Hide, ban, mute, slow down, pause, pin and all the rest of the moderators' desk.
    Moderate,
    /// A capability of a newer server.
    #[serde(other)]
    Unknown,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not announced yet.
    Draft,
    /// Announced; the doors are closed.
    Scheduled,
    /// The doors are open.
    Open,
    /// The show is over.
    Ended,
    /// Over, sealed and cleaned up.
    Archived,
}

/// How the chat of an event is, as its page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// The event has no chat: a stream behind a ticket.
    Off,
    /// The account behind the ticket is still being made.
    Preparing,
    /// Open.
    Ready,
    /// A moderator paused it.
    Paused,
    /// The chat has trouble; the stream goes on.
    Unavailable,
    /// This member is out of the chat; the stream goes on.
    Banned,
}
