//! The text rules: what becomes of a message or a nickname between the keyboard and the log. The server decides with
//! them; applying a rule to its own result changes nothing.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

use crate::http::NicknameReason;
use crate::limits;

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadText {
    /// Nothing visible is left.
    Empty,
    /// More than [`limits::TEXT_SCALARS`] scalar values are left.
    TooLong,
}

/// The text of a message as it is kept: NFC, lines ended by LF, without control characters, bidirectional overrides and
/// unpaired isolates, with at most [`limits::MARKS_ON_A_BASE`] marks on a base (UTS 39), trimmed. ZWJ and ZWNJ stay:
/// scripts and emoji need them.
///
/// # Errors
/// When what is left is empty or too long.
pub fn message(typed: &str) -> Result<String, BadText> {
    let text = if is_plain(typed) {
        typed.trim().to_owned()
    } else {
        settle(typed, message_rule)
    };
    if !text.chars().any(is_visible) {
        return Err(BadText::Empty);
    }
    if text.chars().count() > limits::TEXT_SCALARS {
        return Err(BadText::TooLong);
    }
    Ok(text)
}

/// Most lines are that, and no rule has anything to say to them.
fn is_plain(typed: &str) -> bool {
    typed.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
}

fn message_rule(text: &str) -> String {
    limit_marks(&drop_unpaired_isolates(&drop_controls(&text.nfc().collect::<String>())))
}

/// A nickname as it is kept: one line in NFC, single spaces, nothing invisible but the joiners that scripts and emoji
/// need, at most [`limits::MARKS_ON_A_BASE`] marks on a base.
///
/// # Errors
/// When it is shorter than [`limits::NICKNAME_MIN_GRAPHEMES`], longer than [`limits::NICKNAME_MAX_GRAPHEMES`] graphemes
/// (UAX 29) or [`limits::NICKNAME_BYTES`] bytes, or has no sign that can be read.
pub fn nickname(typed: &str) -> Result<String, NicknameReason> {
    let name = settle(typed, |name| {
        limit_marks(&join_words(&drop_ignorable(&name.nfc().collect::<String>())))
    });
    let graphemes = name.graphemes(true).count();
    if graphemes > limits::NICKNAME_MAX_GRAPHEMES || name.len() > limits::NICKNAME_BYTES {
        return Err(NicknameReason::TooLong);
    }
    if graphemes < limits::NICKNAME_MIN_GRAPHEMES {
        return Err(NicknameReason::TooShort);
    }
    if !name.chars().any(is_readable) {
        return Err(NicknameReason::Unreadable);
    }
    Ok(name)
}

/// Repeats a rule, trimmed, until nothing changes: dropping one thing can pair or compose its neighbours. Every round
/// but the first can only shorten the text, so it ends.
fn settle(typed: &str, rule: impl Fn(&str) -> String) -> String {
    let mut text = typed.to_owned();
    loop {
        let next = rule(&text).trim().to_owned();
        if next == text {
            return text;
        }
        text = next;
    }
}

/// Turns every line end into LF; drops the other control characters and the bidirectional embeddings and overrides.
fn drop_controls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\r' if signs.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            _ if sign.is_control() || is_embedding(sign) => {}
            _ => kept.push(sign),
        }
    }
    kept
}

/// LRE, RLE, PDF, LRO, RLO (UAX 9).
fn is_embedding(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}')
}

const FIRST_STRONG_ISOLATES: [char; 3] = ['\u{2066}', '\u{2067}', '\u{2068}'];
const POP_ISOLATE: char = '\u{2069}';

/// Keeps isolates that are closed on their own line (a line end closes every isolate, UAX 9) and drops the others.
fn drop_unpaired_isolates(text: &str) -> String {
    text.split('\n')
        .map(drop_unpaired_on_line)
        .collect::<Vec<_>>()
        .join("\n")
}

fn drop_unpaired_on_line(line: &str) -> String {
    let mut open = Vec::new();
    let mut paired = Vec::new();
    for (at, sign) in line.char_indices() {
        if FIRST_STRONG_ISOLATES.contains(&sign) {
            open.push(at);
        } else if sign == POP_ISOLATE
            && let Some(start) = open.pop()
        {
            paired.extend([start, at]);
        }
    }
    paired.sort_unstable();
    let is_isolate = |sign| sign == POP_ISOLATE || FIRST_STRONG_ISOLATES.contains(&sign);
    line.char_indices()
        .filter(|(at, sign)| !is_isolate(*sign) || paired.binary_search(at).is_ok())
        .map(|(_, sign)| sign)
        .collect()
}

/// Drops every nonspacing mark beyond the limit on its base (UTS 39, 5.4). A joiner or other format character does not
/// begin a new base, else it would hide a taller stack.
fn limit_marks(text: &str) -> String {
    let mut marks = 0;
    text.chars()
        .filter(|sign| {
            match sign.general_category() {
                GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => marks += 1,
                GeneralCategory::SpacingMark | GeneralCategory::Format => return true,
                _ => marks = 0,
            }
            marks <= limits::MARKS_ON_A_BASE
        })
        .collect()
}

/// Line ends and tabs separate words; every other control and every invisible sign but the joiners and the variation
/// selectors is dropped.
fn drop_ignorable(name: &str) -> String {
    name.chars()
        .filter_map(|sign| match sign {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => Some(sign),
            _ if sign.is_control() || is_ignorable(sign) => None,
            _ => Some(sign),
        })
        .collect()
}

fn join_words(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_visible(sign: char) -> bool {
    !sign.is_whitespace() && !is_ignorable(sign)
}

/// Whether a sign can be read by itself: no mark, no space, nothing invisible.
fn is_readable(sign: char) -> bool {
    is_visible(sign)
        && matches!(
            sign.general_category_group(),
            GeneralCategoryGroup::Letter
                | GeneralCategoryGroup::Number
                | GeneralCategoryGroup::Symbol
                | GeneralCategoryGroup::Punctuation
        )
}

/// `Default_Ignorable_Code_Point` and the bidirectional marks, and the Braille blank: signs that show nothing.
pub fn is_ignorable(sign: char) -> bool {
    matches!(sign,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts made of what the rules look at, so that every rule meets every other.
    fn typed() -> impl Strategy<Value = String> {
        let sign = prop_oneof![
            4 => any::<char>(),
            4 => prop::sample::select(vec![
                'a', 'e', ' ', '\n', '\r', '\t', '\u{7}', '\u{85}', '\u{300}', '\u{301}', '\u{323}', '\u{20dd}', '\u{200b}', '\u{200c}', '\u{200d}',
                '\u{200e}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2028}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
                '\u{fe0f}', 'ب', 'ก', '❤', '👩', '각', '\u{1100}', '\u{1161}',
            ]),
        ];
        prop::collection::vec(sign, 0..80).prop_map(String::from_iter)
    }

    #[test]
    fn a_message_keeps_what_people_write() {
        for text in [
            "hi",
            "two\nlines",
            "👩‍❤️‍👨 and می‌خواهم",
            "https://example.org/a?b=c",
            "צוֹעֵק",
            "\u{2067}שלום\u{2069} ok",
            "e\u{301}\u{323}".nfc().collect::<String>().as_str(),
        ] {
            assert_eq!(message(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_message_loses_what_could_deceive() {
        for (typed, kept) in [
            ("  hi \n", "hi"),
            ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
            ("a\u{0}\u{1b}[31mb\tc", "a[31mbc"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("\u{2067}open", "open"),
            ("close\u{2069}", "close"),
            ("\u{2066}a\nb\u{2069}", "a\nb"),
            (
                "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}",
                "Z\u{300}\u{301}\u{302}\u{303}",
            ),
            (
                "Z\u{300}\u{301}\u{302}\u{303}\u{200d}\u{305}",
                "Z\u{300}\u{301}\u{302}\u{303}\u{200d}",
            ),
            ("e\u{301}", "é"),
        ] {
            assert_eq!(message(typed).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    #[test]
    fn length_is_counted_after_the_rules() {
        assert_eq!(message(&format!(" {} ", "e\u{301}".repeat(500))), Ok("é".repeat(500)));
        assert_eq!(message(&"é".repeat(501)), Err(BadText::TooLong));
        for empty in ["", " \n\t", "\u{202e}\u{0}", "\u{200b}", "\u{2800} \u{3164}"] {
            assert_eq!(message(empty), Err(BadText::Empty), "{empty:?}");
        }
    }

    #[test]
    fn a_nickname_is_one_readable_line() {
        for (typed, kept) in [
            ("  Marit   vom\tDeck ", Ok("Marit vom Deck")),
            ("ひなた", Ok("ひなた")),
            ("👩‍🚀👩‍🚀", Ok("👩‍🚀👩‍🚀")),
            ("a\u{200b}\u{202e}b\u{2066}", Ok("ab")),
            ("a", Err(NicknameReason::TooShort)),
            ("\u{200b}\u{2800}a", Err(NicknameReason::TooShort)),
            ("\u{200d} \u{200d}", Err(NicknameReason::Unreadable)),
        ] {
            assert_eq!(nickname(typed).as_deref(), kept.as_ref().map(|kept| *kept), "{typed:?}");
        }
        assert_eq!(nickname(&"a".repeat(24)), Ok("a".repeat(24)));
        assert_eq!(nickname(&"a".repeat(25)), Err(NicknameReason::TooLong));
        assert_eq!(nickname(&"👩‍🚀".repeat(9)), Err(NicknameReason::TooLong), "99 bytes");
    }

    proptest! {
        #[test]
        fn no_rule_changes_a_plain_message(typed in "[ -~\n]{0,40}") {
            prop_assert!(is_plain(&typed));
            prop_assert_eq!(settle(&typed, message_rule), typed.trim());
        }

        #[test]
        fn a_kept_message_is_kept_as_it_is(typed in typed()) {
            if let Ok(text) = message(&typed) {
                prop_assert_eq!(message(&text), Ok(text.clone()));
                prop_assert!(text.chars().count() <= limits::TEXT_SCALARS);
                prop_assert!(!text.chars().any(|sign| (sign.is_control() && sign != '\n') || is_embedding(sign)));
                prop_assert_eq!(drop_unpaired_isolates(&text), text.clone());
                prop_assert_eq!(text.trim(), text.as_str());
            }
        }

        #[test]
        fn a_kept_nickname_is_kept_as_it_is(typed in typed()) {
            if let Ok(name) = nickname(&typed) {
                prop_assert_eq!(nickname(&name), Ok(name.clone()));
                prop_assert!(name.len() <= limits::NICKNAME_BYTES);
                let isolates = '\u{2066}'..='\u{2069}';
                prop_assert!(!name.chars().any(|sign| sign.is_control() || is_embedding(sign) || isolates.contains(&sign)));
            }
        }
    }
}
