//! Ticket codes as people type them: case, spaces, dashes and look-alike signs are forgiven.

/// The one spelling behind every way to type a code: capitals, no separators, O read as 0, I and L read as 1.
/// Two codes with the same folded form are the same code.
pub fn fold(typed: &str) -> String {
    typed
        .chars()
        .flat_map(char::to_uppercase)
        .filter_map(fold_sign)
        .collect()
}

/// Whether nothing is left of it when it is folded.
pub fn is_blank(typed: &str) -> bool {
    typed.chars().all(|sign| fold_sign(sign).is_none())
}

fn fold_sign(sign: char) -> Option<char> {
    match sign.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        _ if sign.is_whitespace() || is_dash(sign) || sign.is_control() || is_invisible(sign) => None,
        // Full-width forms, as East Asian keyboards type them.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).and_then(fold_sign),
        capital => Some(capital),
    }
}

fn is_dash(sign: char) -> bool {
    matches!(
        sign,
        '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{30fc}'
    )
}

/// What copying from a mail or a page can leave in a code.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The last four signs, the only part that is shown once a code has been typed. Only Latin letters become capitals here:
/// the table for all others would be a hundredth of the page's weight.
pub fn last_four(typed: &str) -> String {
    let folded: Vec<char> = typed.chars().filter_map(fold_sign).collect();
    folded[folded.len().saturating_sub(4)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_to_type_a_code_is_the_same_code() {
        for typed in [
            "K7QF-2M0P-9T1V",
            "k7qf2mop9tlv",
            " K7QF 2MOP – 9TIV ",
            "k7qf.2m0p_9t1v",
            "Ｋ７ＱＦ－２Ｍ０Ｐ９Ｔ１Ｖ",
            "K7QF\u{200b}2M0P9T1V\n",
        ] {
            assert_eq!(fold(typed), "K7QF2M0P9T1V", "{typed}");
        }
    }

    #[test]
    fn only_the_last_four_signs_are_shown() {
        assert_eq!(last_four("K7QF-2MXP-9TRA"), "9TRA");
        assert_eq!(last_four("ab"), "AB");
        assert_eq!(last_four("ｋ７-ｑf"), "K7QF");
    }

    #[test]
    fn a_code_of_separators_is_blank() {
        assert!(is_blank("") && is_blank(" – \u{200b}"));
        assert!(!is_blank("-k-"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(typed in "\\PC{0,40}") {
            let once = fold(&typed);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
