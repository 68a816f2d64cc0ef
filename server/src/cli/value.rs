//! Values on the command line, checked while it is read.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use wire::UnixMillis;

use crate::reactions;

/// Longest slug, in bytes.
const SLUG_BYTES: usize = 64;

/// Longest title or name of an artist, in scalar values.
const LINE_SCALARS: usize = 120;

/// Longest address of a stream, in bytes.
const ADDRESS_BYTES: usize = 2048;

/// A name in addresses.
pub(super) fn slug(text: &str) -> Result<String, String> {
    let signs = text
        .bytes()
        .all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-');
    let edges = !text.starts_with('-') && !text.ends_with('-');
    if signs && edges && (1..=SLUG_BYTES).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "expected 1 to {SLUG_BYTES} of a to z, 0 to 9 and dashes, no dash at the ends"
    ))
}

/// A title or a name: one line that can be read.
pub(super) fn line(text: &str) -> Result<String, String> {
    let line = wire::text::message(text).unwrap_or_default();
    if line.is_empty() || line.contains('\n') || line.chars().count() > LINE_SCALARS {
        return Err(format!("expected one line of 1 to {LINE_SCALARS} signs"));
    }
    Ok(line)
}

/// Reactions, checked.
#[derive(Clone, Debug)]
pub(super) struct Reactions(pub(super) Vec<String>);

/// The reactions of an event.
pub(super) fn reactions(text: &str) -> Result<Reactions, String> {
    reactions::parse(text).map(Reactions).map_err(|bad| bad.to_string())
}

/// A moment.
pub(super) fn moment(text: &str) -> Result<UnixMillis, String> {
    let expected = || "expected a time such as 2026-11-21T20:00:00+01:00 (RFC 3339)".to_owned();
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| expected())?;
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| expected())
}

/// The address of a stream.
pub(super) fn stream(text: &str) -> Result<String, String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        Some(url) if text.len() <= ADDRESS_BYTES => Ok(url.into()),
        _ => Err("expected an address that begins with https:// or http://".to_owned()),
    }
}

/// A moment for people, in UTC.
pub(super) fn readable(moment: UnixMillis) -> String {
    let seconds = i64::try_from(moment / 1000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_fit_for_addresses() {
        assert!(slug("salt-and-streetlight-2").is_ok());
        for wrong in ["", "-a", "a-", "Salt", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(slug(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_carry_their_zone() {
        assert_eq!(moment("1970-01-01T01:00:00.250+01:00"), Ok(250));
        for wrong in [
            "",
            "tomorrow",
            "2026-11-21 20:00",
            "2026-11-21T20:00:00",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
        assert_eq!(readable(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn streams_are_http_or_https() {
        assert!(stream("https://cdn.example.org/live.m3u8").is_ok());
        for wrong in [
            "",
            "/demo.mp4",
            "javascript:alert(1)",
            "ftp://x/y",
            "data:text/html,x",
            "https://",
        ] {
            assert!(stream(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(line("  Salt & Streetlight "), Ok("Salt & Streetlight".to_owned()));
        for wrong in ["", " ", "two\nlines", &"x".repeat(121)] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }
}
