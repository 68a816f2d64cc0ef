//! What may be said, and how fast.

use std::time::Duration;

use serde_json::json;
use wire::Refusal;

use crate::support::Venue;

#[tokio::test]
async fn after_a_burst_of_five_the_wait_is_said_and_enough() {
    let venue = Venue::open().await;
    let mut line = venue.fan("Ana").await.connects().await;
    for number in 1..=5 {
        assert_eq!(line.says(&format!("{number}")).await, number);
    }
    let id = line.posts("6").await;
    let refused = line.answer(Some(&id)).await.expect_err("too fast");
    assert_eq!(refused.code, Refusal::RateLimited);
    let wait = refused.retry_after_ms.expect("a wait");
    assert!((1..=1_000).contains(&wait), "{wait} ms");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    line.posts_as(&id, "6").await;
    assert_eq!(line.ack(&id).await, 6, "a refused id may be used again");
}

#[tokio::test]
async fn a_new_socket_brings_no_new_burst() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    line.says_all((1..=5).map(|number| format!("{number}"))).await;
    line.breaks();
    let mut line = ana.connects().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(line.posts("more").await);
    }
    let mut refused = 0;
    for id in ids {
        refused += u32::from(line.answer(Some(&id)).await.is_err());
    }
    assert!(refused > 0, "ten messages at once from one member");
}

#[tokio::test]
async fn a_retry_of_what_was_acknowledged_gets_its_first_ack_over_the_limit_too() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    line.posts_as("first", "hello").await;
    let first = line.ack("first").await;
    loop {
        let id = line.posts("more").await;
        if line.answer(Some(&id)).await.is_err() {
            break;
        }
    }
    line.posts_as("first", "hello").await;
    assert_eq!(line.ack("first").await, first);

    // Whatever the retry says now, and wherever it comes from.
    line.hangs_up().await;
    let mut line = ana.connects().await;
    line.posts_as("first", "   ").await;
    assert_eq!(line.ack("first").await, first);
    line.posts_as("first", &"x".repeat(501)).await;
    assert_eq!(line.ack("first").await, first);
    let said = ana.history(None).await;
    assert_eq!(said.iter().filter(|message| message.seq == first).count(), 1);
    assert_eq!(said[0].body.as_ref().map(|body| body.text.as_str()), Some("hello"));
}

#[tokio::test]
async fn the_same_id_twice_at_once_is_one_message() {
    let venue = Venue::unlimited().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    for round in 0..20 {
        let id = format!("round {round}");
        line.posts_as(&id, "once").await;
        line.posts_as(&id, "once").await;
        let (one, two) = (line.ack(&id).await, line.ack(&id).await);
        assert_eq!((one, two), (round + 1, round + 1));
    }
    line.assert_messages(&["once"; 20]).await;
    // The same id of another member is another message.
    let mut at_bens = venue.fan("Ben").await.connects().await;
    at_bens.posts_as("round 0", "mine").await;
    assert_eq!(at_bens.ack("round 0").await, 21);
}

#[tokio::test]
async fn who_has_no_nickname_reads_and_is_refused() {
    let venue = Venue::unlimited().await;
    let ana = venue.visitor(&venue.ticket());
    ana.enter().await;
    let mut line = ana.connects().await;
    venue.fan("Ben").await.connects().await.says("hello").await;
    line.assert_messages(&["hello"]).await;
    line.posts_as("a", "hello Ben").await;
    assert_eq!(line.refusal(Some("a")).await, Refusal::NicknameMissing);
    ana.is_called("Ana").await;
    line.posts_as("a", "hello Ben").await;
    line.ack("a").await;
    line.assert_messages(&["hello", "hello Ben"]).await;
}

#[tokio::test]
async fn text_is_made_plain_and_measured() {
    let venue = Venue::unlimited().await;
    let mut line = venue.fan("Ana").await.connects().await;
    for (text, code) in [
        (String::new(), Refusal::TextEmpty),
        (" \n\t ".into(), Refusal::TextEmpty),
        ("\u{202e}\u{7}".into(), Refusal::TextEmpty),
        ("x".repeat(501), Refusal::TextTooLong),
        ("🎸".repeat(501), Refusal::TextTooLong),
    ] {
        let id = line.posts(&text).await;
        assert_eq!(line.refusal(Some(&id)).await, code, "{text:?}");
    }
    let longest = "🎸".repeat(500);
    for text in [
        "  right\u{202e} way\u{200f}\u{2066} round ",
        "two\r\nlines",
        "e\u{301}",
        "see https://example.org/a?b=c&d <b>",
        &longest,
    ] {
        line.says(text).await;
    }
    let want = [
        &wire::text::message("right\u{202e} way\u{200f}\u{2066} round").expect("text"),
        "two\nlines",
        "é",
        "see https://example.org/a?b=c&d <b>",
        &longest,
    ];
    line.assert_messages(&want).await;
    assert!(!line.texts()[0].contains(['\u{202e}', '\u{2066}']));
}

#[tokio::test]
async fn a_reply_to_nothing_is_refused() {
    let venue = Venue::unlimited().await;
    let mut line = venue.fan("Ana").await.connects().await;
    for target in [0, 1, u64::MAX] {
        line.sends(&json!({ "type": "send", "id": "r", "text": "hm", "reply_to": target }))
            .await;
        assert_eq!(line.refusal(Some("r")).await, Refusal::UnknownTarget, "{target}");
    }
    assert_eq!(line.says("the first").await, 1, "what was refused took no place");
}
