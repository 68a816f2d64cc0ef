//! Refusals, in words.

use wire::Refusal;

/// Why a line was not sent, after the words that say so.
pub fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NicknameMissing => " It needs a nickname first.",
        Refusal::TextEmpty => " Nothing in it can be read.",
        Refusal::TextTooLong => " It is longer than 500 signs.",
        Refusal::RateLimited => " Too many lines at once.",
        Refusal::NotOpen => " The room is closed.",
        Refusal::Muted => " A moderator muted you.",
        Refusal::SlowMode => " The chat is in slow mode.",
        Refusal::Paused => " The chat is paused.",
        Refusal::Words => " It has a word this chat does not take.",
        Refusal::Dropped => " A moderator decided against it.",
        Refusal::NotAllowed => " This ticket may not send.",
        Refusal::LeaseLost => " Your seat moved.",
        Refusal::Banned => " You are out of the chat.",
        Refusal::Unavailable => " The room was too busy.",
        Refusal::UnknownTarget | Refusal::UnknownEmoji | Refusal::Invalid | Refusal::UnknownType | Refusal::Unknown => {
            ""
        }
    }
}
