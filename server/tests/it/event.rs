//! `GET /api/events/{event}`: what anybody may know.

use serde_json::json;
use server::clock;
use server::store::NewEvent;

use crate::support::{HOUR, TestServer, open_now};

#[tokio::test]
async fn anybody_may_know_what_is_announced_but_not_where_the_stream_is() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let answer = server.visitor().get("/api/events/salt").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let view = answer.ok();
    assert_eq!(view["slug"], "salt");
    assert_eq!(view["title"], "Salt & Streetlight");
    assert_eq!(view["artist"], "Vesna Oduya");
    assert_eq!(view["doors_at"], event.doors_at);
    assert_eq!(view["starts_at"], event.starts_at);
    assert_eq!(view["ends_at"], json!(null));
    assert_eq!((&view["phase"], &view["chat"]), (&json!("open"), &json!("ready")));
    assert!(!view.to_string().contains("live.m3u8"));
}

#[tokio::test]
async fn the_phase_follows_the_clock_and_the_hand() {
    let server = TestServer::start().await;
    let now = clock::now();
    let later = NewEvent {
        doors_at: now + HOUR,
        starts_at: now + 2 * HOUR,
        ..open_now("later")
    };
    let over = NewEvent {
        ends_at: Some(now - 1),
        ..open_now("over")
    };
    server.announce(later).await;
    server.announce(over).await;
    let ended = server.event("ended").await;
    server.store().end_event(ended.id, now).await.expect("ends");
    server
        .announce(NewEvent {
            chat: false,
            ..open_now("silent")
        })
        .await;
    for (slug, phase, chat) in [
        ("later", "scheduled", "ready"),
        ("over", "ended", "ready"),
        ("ended", "ended", "ready"),
        ("silent", "open", "off"),
    ] {
        let view = server.visitor().get(&format!("/api/events/{slug}")).await.ok();
        assert_eq!((&view["phase"], &view["chat"]), (&json!(phase), &json!(chat)), "{slug}");
    }
}

#[tokio::test]
async fn an_event_that_was_deleted_is_gone_and_its_slug_is_free() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    server.issue_one(&event).await;
    server
        .store()
        .delete_event(event.id, clock::now())
        .await
        .expect("deletes");
    server
        .visitor()
        .get("/api/events/salt")
        .await
        .problem(404, "event_unknown");
    let again = server.event("salt").await;
    assert!(again.id > event.id, "ids never come again");
}
