//! Frames that are not what the contract says, handshakes that are not, and pages of other sites.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use wire::{CloseCode, ProblemCode, Refusal, limits};

use crate::support::{Ending, Line, Person, Venue};

#[tokio::test]
async fn a_frame_of_an_unknown_type_is_refused_and_the_socket_stays() {
    let venue = Venue::open().await;
    let mut line = venue.fan("Ana").await.connects().await;
    line.sends(&json!({ "type": "dance", "id": "d1", "steps": 4 })).await;
    assert_eq!(line.refusal(Some("d1")).await, Refusal::UnknownType);
    line.sends(&json!({ "type": "dance" })).await;
    assert_eq!(line.refusal(None).await, Refusal::UnknownType);
    line.says("still here").await;
}

#[tokio::test]
async fn a_frame_that_is_json_and_nothing_else_is_refused_and_the_socket_stays() {
    let venue = Venue::open().await;
    let mut line = venue.fan("Ana").await.connects().await;
    for (frame, id) in [
        (json!({ "type": "send", "id": "a", "text": 3 }), Some("a")),
        (json!({ "type": "send", "id": "b" }), Some("b")),
        (
            json!({ "type": "send", "id": "c", "text": "hi", "reply_to": -1 }),
            Some("c"),
        ),
        (
            json!({ "type": "send", "id": "d", "text": "hi", "question": "yes" }),
            Some("d"),
        ),
        (json!({ "type": ["send"], "id": "e" }), Some("e")),
        (json!({ "id": "f" }), Some("f")),
        (json!({ "type": "send", "text": "no id" }), None),
        (json!({ "type": "send", "id": "", "text": "hi" }), None),
        (json!({ "type": "send", "id": "x".repeat(65), "text": "hi" }), None),
        (json!({ "type": "send", "id": 7, "text": "hi" }), None),
        (json!([]), None),
        (json!("send"), None),
        (Value::Null, None),
        (json!(4503), None),
    ] {
        line.sends(&frame).await;
        assert_eq!(line.refusal(id).await, Refusal::Invalid, "{frame}");
    }
    // By JSON's grammar these are fine; no program can hold them.
    for text in [
        r#"{"type":"send","id":"g","text":"\ud83d"}"#,
        r#"{"type":"send","id":"h","text":"hi","reply_to":1e999}"#,
    ] {
        line.sends_text(text).await;
        assert_eq!(line.refusal(None).await, Refusal::Invalid, "{text}");
    }
    let longest = "x".repeat(limits::FRAME_ID_BYTES);
    line.posts_as(&longest, "still here").await;
    assert_eq!(line.ack(&longest).await, 1);
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_socket_with_a_word() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let token = ana.credential().await.token;
    for text in ["", "{", "hello", r#"{"type":"send"} x"#, "[1,", "\u{feff}{}"] {
        let mut line = ana.connects().await;
        line.sends_text(text).await;
        ends_for_a_violation(line, text).await;
    }
    let mut line = ana.connects().await;
    line.says_hello(&token, None).await;
    ends_for_a_violation(line, "a second hello").await;
    for second in [
        json!({ "type": "hello" }),
        json!({ "type": "hello", "id": 7, "token": token }),
    ] {
        let mut line = ana.connects().await;
        line.sends(&second).await;
        ends_for_a_violation(line, "a second hello, not even a good one").await;
    }

    let mut line = ana.connects().await;
    line.sends_binary(br#"{"type":"send","id":"b","text":"hi"}"#.to_vec())
        .await;
    ends_for_a_violation(line, "binary").await;

    let mut line = ana.connects().await;
    line.sends_text(&frame_of(limits::CLIENT_FRAME_BYTES + 1)).await;
    ends_for_a_violation(line, "one byte too many").await;

    // Bytes that are no WebSocket frame: reserved bits, and text that is not UTF-8.
    let mut line = ana.connects().await;
    line.sends_raw(&[0xf1, 0x80, 0, 0, 0, 0]).await;
    ends_for_a_violation(line, "reserved bits").await;
    let mut line = ana.connects().await;
    line.sends_raw(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]).await;
    ends_for_a_violation(line, "not UTF-8").await;
    assert_eq!(ana.history(None).await, []);
}

async fn ends_for_a_violation(mut line: Line, what: &str) {
    let ending = line.ending().await;
    assert_eq!(ending, Ending::Closed(CloseCode::ProtocolViolation.number()), "{what}");
}

#[tokio::test]
async fn a_megabyte_is_answered_with_a_word_that_arrives() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    for _ in 0..5 {
        let mut line = ana.connects().await;
        // The server may be gone before the last of it is sent; what it said must arrive all the same.
        line.try_send(&frame_of(1_024 * 1_024)).await;
        ends_for_a_violation(line, "a megabyte").await;
        let mut before_hello = ana.dials().await;
        before_hello.try_send(&frame_of(1_024 * 1_024)).await;
        ends_for_a_violation(before_hello, "a megabyte instead of hello").await;
    }
}

#[tokio::test]
async fn exactly_the_longest_frame_is_taken() {
    let venue = Venue::open().await;
    let mut line = venue.fan("Ana").await.connects().await;
    line.sends_text(&frame_of(limits::CLIENT_FRAME_BYTES)).await;
    assert_eq!(line.ack("long").await, 1);
}

/// A `send` of exactly this many bytes.
fn frame_of(bytes: usize) -> String {
    let with = |padding: &str| format!(r#"{{"type":"send","id":"long","text":"hi","padding":"{padding}"}}"#);
    with(&"x".repeat(bytes - with("").len()))
}

#[tokio::test]
async fn who_says_something_else_first_is_turned_away() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    for first in [
        json!({ "type": "send", "id": "a", "text": "hi" }),
        json!({ "type": "hello" }),
        json!({ "type": "hello", "token": 3 }),
        json!({ "type": "hello", "token": "x", "after": -1 }),
        json!({ "type": "dance" }),
        json!([]),
    ] {
        let mut line = ana.dials().await;
        line.sends(&first).await;
        ends_for_a_violation(line, &first.to_string()).await;
    }
}

#[tokio::test]
async fn no_hello_and_half_a_hello_end_after_five_seconds() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let (silent, mut half, mut drop_by_drop) = (ana.dials().await, ana.dials().await, ana.dials().await);
    let begun = Instant::now();
    // The head of a text frame of 60 bytes, masked, and its first two.
    half.sends_raw(&[0x81, 0xbc, 0, 0, 0, 0, b'{', b'"']).await;
    // A whole frame that says that there is more to come.
    drop_by_drop.sends_raw(&[0x01, 0x81, 0, 0, 0, 0, b'{']).await;
    let ends = [silent, half, drop_by_drop].map(|line| ends_for_a_violation(line, "no hello"));
    futures_util::future::join_all(ends).await;
    let took = begun.elapsed();
    assert!(took + Duration::from_millis(200) >= limits::HELLO_WITHIN, "{took:?}");
    assert!(took < limits::HELLO_WITHIN + Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn only_our_own_pages_get_a_socket() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let port = venue.port();
    assert_eq!(ana.dials_from(&format!("http://127.0.0.1:{port}")).await, 101);
    for foreign in [
        "null".to_owned(),
        "https://evil.example".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        "http://127.0.0.1:1".to_owned(),
    ] {
        assert_eq!(ana.dials_from(&foreign).await, 403, "{foreign}");
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_told_so() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let plain = ana.call(Method::GET, "/socket", None).await;
    plain.is(400, ProblemCode::HandshakeInvalid);
    let nowhere = Person::new(venue.port(), "no-such-event", "K7QF");
    assert_eq!(
        nowhere.dials_from(&format!("http://127.0.0.1:{}", venue.port())).await,
        404
    );
}
