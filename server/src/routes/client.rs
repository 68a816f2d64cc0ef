//! The client's files, from the binary itself, compressed when it was built. Names with a hash are kept for ever; the
//! page is asked for every time and answered with 304 while it is the same.

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use axum::http::response::Builder;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::problem::ApiError;
use crate::state::AppState;

include!(concat!(env!("OUT_DIR"), "/client.rs"));

/// A file of the client.
pub struct File {
    url: &'static str,
    media_type: &'static str,
    /// Its name changes with its content.
    immutable: bool,
    digest: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

const PAGE: &str = "/index.html";

/// What is said where no client was built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Frontrow</title>\
    <h1>The page is not built yet</h1>\
    <p>This server was built without its client. Run <code>cargo xtask run</code>, which builds both, or build the client \
    with <code>trunk build --release</code> and then the server again. The API works as it is: see \
    <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p></html>";

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EVERY_TIME: &str = "no-cache";

/// Whether there is a page to serve.
pub fn is_built() -> bool {
    find(PAGE).is_some()
}

/// The page on its addresses, and every other file on its own.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(page))
        .route("/e/{slug}", get(page))
        .route("/e/{slug}/stage", get(page))
        .fallback(get(file))
}

async fn page(headers: HeaderMap) -> Response {
    if let Some(file) = find(PAGE) {
        return serve(file, &headers);
    }
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, ASK_EVERY_TIME),
    ];
    (headers, NOT_BUILT).into_response()
}

async fn file(uri: Uri, headers: HeaderMap) -> Response {
    match find(uri.path()) {
        Some(file) => serve(file, &headers),
        None if matches!(uri.path(), "/api" | "/api/") => ApiError::NotFound.into_response(),
        None => (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response(),
    }
}

fn find(url: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.url == url)
}

fn serve(file: &'static File, asked: &HeaderMap) -> Response {
    let encoding = choose(file, &header(asked, ACCEPT_ENCODING));
    let (suffix, bytes) = match encoding {
        Encoding::Brotli(bytes) => ("-br", bytes),
        Encoding::Gzip(bytes) => ("-gz", bytes),
        Encoding::Identity => ("", file.plain),
    };
    let etag = format!("\"{}{suffix}\"", file.digest);
    let answer = Response::builder()
        .header(ETAG, &etag)
        .header(VARY, "accept-encoding")
        .header(CACHE_CONTROL, if file.immutable { FOR_EVER } else { ASK_EVERY_TIME });
    if is_known(&header(asked, IF_NONE_MATCH), &etag) {
        return finish(answer.status(StatusCode::NOT_MODIFIED), Bytes::new());
    }
    let answer = answer.header(CONTENT_TYPE, file.media_type);
    match encoding {
        Encoding::Brotli(_) => finish(answer.header(CONTENT_ENCODING, "br"), Bytes::from_static(bytes)),
        Encoding::Gzip(_) => finish(answer.header(CONTENT_ENCODING, "gzip"), Bytes::from_static(bytes)),
        Encoding::Identity => serve_range(answer.header(ACCEPT_RANGES, "bytes"), bytes, asked, &etag),
    }
}

/// Players ask for a video piece by piece.
fn serve_range(answer: Builder, bytes: &'static [u8], asked: &HeaderMap, etag: &str) -> Response {
    let unless_changed = header(asked, IF_RANGE);
    let range = header(asked, RANGE);
    if range.is_empty() || !(unless_changed.is_empty() || unless_changed == etag) {
        return finish(answer, Bytes::from_static(bytes));
    }
    match parse_range(&range, bytes.len()) {
        Asked::Everything => finish(answer, Bytes::from_static(bytes)),
        Asked::Piece { from, to } => {
            let answer = answer
                .status(StatusCode::PARTIAL_CONTENT)
                .header(CONTENT_RANGE, format!("bytes {from}-{}/{}", to - 1, bytes.len()));
            finish(answer, Bytes::from_static(&bytes[from..to]))
        }
        Asked::Nothing => {
            let answer = answer
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(CONTENT_RANGE, format!("bytes */{}", bytes.len()));
            finish(answer, Bytes::new())
        }
    }
}

fn finish(answer: Builder, bytes: Bytes) -> Response {
    let answer = answer.header(CONTENT_LENGTH, bytes.len());
    answer
        .body(Body::from(bytes))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn header(headers: &HeaderMap, name: axum::http::HeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(",")
}

fn is_known(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

enum Encoding {
    Brotli(&'static [u8]),
    Gzip(&'static [u8]),
    Identity,
}

/// The smallest form that the browser takes at least as gladly as the others (RFC 9110, 12.5.3).
fn choose(file: &File, accept: &str) -> Encoding {
    let brotli = file
        .brotli
        .map(|bytes| (quality(accept, "br"), Encoding::Brotli(bytes)));
    let gzip = file.gzip.map(|bytes| (quality(accept, "gzip"), Encoding::Gzip(bytes)));
    let mut best = (0, Encoding::Identity);
    for offer in [brotli, gzip].into_iter().flatten() {
        if offer.0 > best.0 {
            best = offer;
        }
    }
    best.1
}

/// How gladly a browser takes an encoding, in thousandths.
fn quality(accept: &str, encoding: &str) -> u16 {
    let mut any = 0;
    for offer in accept.split(',') {
        let mut parts = offer.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
        if name.eq_ignore_ascii_case(encoding) {
            return weight;
        }
        if name == "*" {
            any = weight;
        }
    }
    any
}

fn thousandths(weight: &str) -> u16 {
    match weight.split_once('.') {
        None => weight.parse::<u16>().unwrap_or(0).min(1) * 1000,
        Some((whole, part)) => {
            let part: String = part.chars().chain("000".chars()).take(3).collect();
            (whole.parse::<u16>().unwrap_or(0).min(1) * 1000 + part.parse::<u16>().unwrap_or(0)).min(1000)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Everything,
    Piece { from: usize, to: usize },
    Nothing,
}

/// One range of bytes; what asks for several gets everything (RFC 9110, 14.2).
fn parse_range(range: &str, length: usize) -> Asked {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Everything;
    };
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let (from, to) = match (number(from), number(to)) {
        (Some(from), Some(last)) if last >= from => (from, last.saturating_add(1).min(length)),
        (Some(from), None) if to.trim().is_empty() => (from, length),
        (None, Some(suffix)) if from.trim().is_empty() => (length.saturating_sub(suffix), length),
        _ => return Asked::Everything,
    };
    if from < to {
        Asked::Piece { from, to }
    } else {
        Asked::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File {
        url: "/x.js",
        media_type: "text/javascript",
        immutable: true,
        digest: "d",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn chosen(accept: &str) -> &'static str {
        match choose(&FILE, accept) {
            Encoding::Brotli(_) => "br",
            Encoding::Gzip(_) => "gzip",
            Encoding::Identity => "identity",
        }
    }

    #[test]
    fn the_encoding_follows_the_browsers_weights() {
        for (accept, want) in [
            ("", "identity"),
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("br;q=0, gzip;q=0", "identity"),
            ("*", "br"),
            ("*;q=0.5, br;q=0", "gzip"),
            ("BR", "br"),
            ("identity", "identity"),
            ("br;q=0.001", "br"),
            ("br;q=nonsense, gzip", "gzip"),
        ] {
            assert_eq!(chosen(accept), want, "{accept}");
        }
    }

    #[test]
    fn a_range_is_a_piece_of_the_file_or_nothing() {
        for (range, want) in [
            ("bytes=0-3", Asked::Piece { from: 0, to: 4 }),
            ("bytes=8-", Asked::Piece { from: 8, to: 10 }),
            ("bytes=-3", Asked::Piece { from: 7, to: 10 }),
            ("bytes=-99", Asked::Piece { from: 0, to: 10 }),
            ("bytes=5-99", Asked::Piece { from: 5, to: 10 }),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=4-2", Asked::Everything),
            ("bytes=0-1,3-4", Asked::Everything),
            ("lines=0-1", Asked::Everything),
            ("bytes=-", Asked::Everything),
        ] {
            assert_eq!(parse_range(range, 10), want, "{range}");
        }
    }

    #[test]
    fn a_known_page_is_not_sent_again() {
        assert!(is_known("\"a\", W/\"d-br\"", "\"d-br\""));
        assert!(is_known("*", "\"d\""));
        assert!(!is_known("", "\"d\""));
        assert!(!is_known("\"d\"", "\"d-br\""));
    }
}
