//! What the artist's stage and the moderators see of questions, and how the room feels over the evening.

use serde::{Deserialize, Serialize};

use crate::UnixMillis;
use crate::frame::Message;

/// A question as the staff sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Question {
    /// The message that asks it.
    #[serde(serialize_with = "crate::frame::tagged::serialize")]
    pub message: Message,
    /// How many members asked it too.
    pub votes: u64,
    /// Where it stands.
    pub state: QuestionState,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuestionState {
    /// No moderator has looked at it.
    Waiting,
    /// In the answer queue.
    Queued,
    /// A moderator dropped it.
    Dropped,
    /// Answered, in words or on air.
    Answered,
    /// A state of a newer server.
    #[serde(other)]
    Unknown,
}

impl QuestionState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Dropped => "dropped",
            Self::Answered => "answered",
            Self::Unknown => "unknown",
        }
    }
}

/// `GET /events/{event}/questions`: for artists and moderators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuestionList {
    /// Those that fans can see, most asked first, at most [`limits::QUESTIONS`](crate::limits::QUESTIONS).
    pub questions: Vec<Question>,
    /// How many there are in that state, seen or not.
    pub total: u64,
}

/// `GET /events/{event}/reactions`: how the room felt, for artists and moderators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Mood {
    /// When the first sum begins.
    pub since: UnixMillis,
    /// How long each sum is, in milliseconds.
    pub step_ms: u64,
    /// Taps in each step from `since` on; the last one is not over yet.
    pub sums: Vec<u64>,
    /// Taps in each of the last 60 seconds, the newest last.
    pub minute: Vec<u64>,
}
