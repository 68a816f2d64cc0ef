//! Spans of time as moderators say them: read from a field, and said in words.

/// A span in words: `10 s`, `1 min`, `1 h 30 min`.
pub fn words(seconds: u32) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if words.is_empty() {
        "0 s".to_owned()
    } else {
        words.join(" ")
    }
}

/// What a number without a unit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

/// What somebody typed: `90 s`, `15 min`, `1 h 30 min`, or a number alone. None when it is no span, or longer than
/// `longest` seconds.
pub fn read(typed: &str, longest: u32, bare: Bare) -> Option<u32> {
    let typed: String = typed.split_whitespace().collect::<String>().to_lowercase();
    let mut rest = typed.as_str();
    let mut seconds = 0_u32;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (count, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let each = match (unit, bare) {
            ("s" | "sec" | "second" | "seconds", _) | ("", Bare::Seconds) => 1,
            ("m" | "min" | "minute" | "minutes", _) | ("", Bare::Minutes) => 60,
            ("h" | "hour" | "hours", _) => 3_600,
            _ => return None,
        };
        // `1 h 30` would be read one way by some and another way by others.
        if unit.is_empty() && seconds > 0 {
            return None;
        }
        seconds = seconds.checked_add(count.parse::<u32>().ok()?.checked_mul(each)?)?;
        rest = tail;
    }
    (1..=longest).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_shortly() {
        for (seconds, said) in [
            (0, "0 s"),
            (10, "10 s"),
            (60, "1 min"),
            (90, "1 min 30 s"),
            (5_400, "1 h 30 min"),
        ] {
            assert_eq!(words(seconds), said);
        }
    }

    #[test]
    fn a_span_is_read_as_it_is_said_and_in_minutes_otherwise() {
        for (typed, seconds) in [
            ("90s", Some(90)),
            (" 15 min ", Some(900)),
            ("2 Hours", Some(7_200)),
            ("5", Some(300)),
            ("24 h", Some(86_400)),
            ("25 h", None),
            ("0", None),
            ("-5", None),
            ("ten", None),
            ("5 days", None),
            ("99999999999", None),
            ("", None),
            ("1 h 30 min", Some(5_400)),
            ("1h30m", Some(5_400)),
            ("1 h 30", None),
            ("min 5", None),
        ] {
            assert_eq!(read(typed, 86_400, Bare::Minutes), seconds, "{typed}");
        }
        assert_eq!(read("45", 3_600, Bare::Seconds), Some(45));
        for seconds in [1, 59, 60, 600, 3_600, 5_430, 86_399] {
            assert_eq!(read(&words(seconds), 86_400, Bare::Seconds), Some(seconds));
        }
    }
}
