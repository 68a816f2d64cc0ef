//! The tokens that name the next page. Opaque to clients, so that their meaning can change.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::ApiError;

/// The token of a place that a number names.
pub fn of_number(number: u64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_be_bytes())
}

/// The number behind a token.
///
/// # Errors
/// When it is no token of ours.
pub fn number(token: &str) -> Result<u64, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_be_bytes).ok_or_else(no_token)
}

/// The token of a place that two texts name, the first without a line end.
pub fn of_pair(first: &str, second: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first}\n{second}"))
}

/// The texts behind a token.
///
/// # Errors
/// When it is no token of ours.
pub fn pair(token: &str) -> Result<(String, String), ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = text.as_deref().and_then(|text| text.split_once('\n'));
    pair.map(|(first, second)| (first.to_owned(), second.to_owned()))
        .ok_or_else(no_token)
}

fn no_token() -> ApiError {
    ApiError::invalid("a place in a list is the `next` of an earlier page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_place_and_nothing_else_does() {
        for place in [1, 51, u64::MAX] {
            assert!(matches!(number(&of_number(place)), Ok(found) if found == place));
        }
        let named = pair(&of_pair("an id", "Zoë\nof the pier")).expect("a pair");
        assert_eq!(named, ("an id".to_owned(), "Zoë\nof the pier".to_owned()));
        for other in ["", "51", "AAAA", "not a token", &"A".repeat(4_000)] {
            assert!(number(other).is_err() && pair(other).is_err(), "{other}");
        }
    }
}
