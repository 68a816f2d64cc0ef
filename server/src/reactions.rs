//! The reactions that an event offers: a few emoji, in an order.

use thiserror::Error;
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;
use wire::limits;

/// Those of an event that asks for no others.
pub const HOUSE: &str = "👏 ❤️ 🔥 😂 😮 🎉";

/// [`HOUSE`], as an event has it.
pub fn house() -> Vec<String> {
    HOUSE.split(' ').map(str::to_owned).collect()
}

/// Turns a digit into an emoji of its own.
const KEYCAP: char = '\u{20e3}';

/// What is wrong with a set of reactions.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadReactions {
    /// There must be one.
    #[error("name at least one emoji")]
    None,
    /// There can be [`limits::REACTIONS`].
    #[error("there are more than {}", limits::REACTIONS)]
    TooMany,
    /// It is no emoji, or more than one.
    #[error("{0:?} is not one emoji; put a space between two")]
    NotAnEmoji(String),
    /// It is named twice.
    #[error("{0} is named twice")]
    Twice(String),
}

/// Reads reactions with spaces between them.
///
/// # Errors
/// When one is no emoji (UTS 51) or named twice, or there are none or too many.
pub fn parse(text: &str) -> Result<Vec<String>, BadReactions> {
    let mut reactions: Vec<String> = Vec::new();
    for emoji in text.split_whitespace() {
        if !is_emoji(emoji) {
            return Err(BadReactions::NotAnEmoji(emoji.to_owned()));
        }
        if reactions.iter().any(|other| other == emoji) {
            return Err(BadReactions::Twice(emoji.to_owned()));
        }
        reactions.push(emoji.to_owned());
    }
    match reactions.len() {
        0 => Err(BadReactions::None),
        count if count > limits::REACTIONS => Err(BadReactions::TooMany),
        _ => Ok(reactions),
    }
}

/// One emoji, as a person counts them. Digits are emoji too by their property, and are not meant.
fn is_emoji(text: &str) -> bool {
    let begins_as_one = text.chars().next().is_some_and(UnicodeEmoji::is_emoji_char);
    let is_plain = text.is_ascii() || (text.starts_with(|sign: char| sign.is_ascii()) && !text.contains(KEYCAP));
    begins_as_one && !is_plain && text.len() <= limits::EMOJI_BYTES && text.graphemes(true).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_its_order() {
        assert_eq!(parse("  🔥 👏\n👩‍👩‍👧‍👦 "), Ok(vec!["🔥".into(), "👏".into(), "👩‍👩‍👧‍👦".into()]));
        assert_eq!(parse(HOUSE), Ok(house()));
        assert_eq!(parse("🇳🇴 👍🏿 1️⃣").map(|set| set.len()), Ok(3));
    }

    #[test]
    fn what_is_no_small_set_of_emoji_is_refused() {
        assert_eq!(parse(" "), Err(BadReactions::None));
        assert_eq!(parse("🔥 🔥"), Err(BadReactions::Twice("🔥".into())));
        for bad in ["lol", "1", "🔥🔥", ":)", "\u{200d}", "é", "<b>", "🔥x"] {
            assert_eq!(parse(bad), Err(BadReactions::NotAnEmoji(bad.into())), "{bad}");
        }
        let many = [
            "👏", "❤️", "🔥", "😂", "😮", "🎉", "🥁", "🎷", "🎺", "🎸", "🎻", "🪕", "🎹",
        ]
        .join(" ");
        assert_eq!(parse(&many), Err(BadReactions::TooMany));
    }
}
