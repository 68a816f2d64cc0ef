//! HTTP/1.1 over a connection that is kept: what a fan asks at the gate, and the answers.

use anyhow::{Context, Result, bail, ensure};

/// Headers that an answer may have.
const HEADERS: usize = 32;

/// Longest answer that is taken, in bytes: a page of history of the longest messages.
const ANSWER_BYTES: usize = 256 * 1_024;

/// The key of every handshake here, and what a server makes of it (RFC 6455, 1.3).
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// The name and value of the cookie that it sets.
    pub cookie: Option<&'a str>,
    /// How many seconds to wait before asking again.
    pub retry_after: Option<u64>,
    /// What it says.
    pub body: &'a [u8],
    /// Whether it agrees to speak WebSocket.
    pub is_upgrade: bool,
    /// Its length with the headers.
    pub length: usize,
}

/// The answer at the beginning; `None` while not all of it is here.
///
/// # Errors
/// When it is no HTTP, does not tell its length, or is longer than any server under test has reason for.
pub fn parse(bytes: &[u8]) -> Result<Option<Answer<'_>>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).context("an answer that is no HTTP")? else {
        return Ok(None);
    };
    let status = response.code.context("no status")?;
    let header = |name: &str| {
        let mut named = response
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        named.next().and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let length = match header("content-length") {
        Some(length) => length.trim().parse().context("no length")?,
        None if matches!(status, 101 | 204 | 304) => 0,
        None => bail!("an answer that does not tell its length"),
    };
    ensure!(length <= ANSWER_BYTES, "an answer of {length} bytes");
    let cookie = header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let retry_after = header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let is_upgrade = status == 101 && header("sec-websocket-accept") == Some(ACCEPT);
    Ok(bytes.get(head..head + length).map(|body| Answer {
        status,
        cookie,
        retry_after,
        body,
        is_upgrade,
        length: head + length,
    }))
}

/// A request for a WebSocket.
pub fn upgrade(host: &str, path: &str, extra: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n"
    )
}

/// A request without a body.
pub fn get(host: &str, path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n")
}

/// A request with a body of JSON; `cookie` may be empty.
pub fn with_json(method: &str, host: &str, path: &str, cookie: &str, body: &str) -> String {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: {cookie}\r\n")
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{cookie}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_here() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 3\r\nSet-Cookie: id=abc; Path=/\r\n\r\n{}HTTP/1.1";
        let answer = parse(bytes).unwrap().unwrap();
        assert_eq!(
            (answer.status, answer.cookie, answer.body),
            (200, Some("id=abc"), &b"{}"[..])
        );
        assert_eq!((answer.length, answer.retry_after), (bytes.len() - 8, Some(3)));
        assert!(parse(&bytes[..answer.length - 1]).unwrap().is_none());
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn only_the_right_accept_is_an_upgrade() {
        assert_eq!(tungstenite::handshake::derive_accept_key(KEY.as_bytes()), ACCEPT);
        let answer =
            |accept: &str| format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        assert!(parse(answer(ACCEPT).as_bytes()).unwrap().unwrap().is_upgrade);
        assert!(!parse(answer("x").as_bytes()).unwrap().unwrap().is_upgrade);
    }
}
