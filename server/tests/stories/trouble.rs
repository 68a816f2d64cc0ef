//! The database takes nothing for a while: the stream goes on, nothing is lost, and the chat comes back by itself.

use std::time::{Duration, Instant};

use reqwest::Method;
use wire::{ChatState, CloseCode};

use crate::support::{SHOW, Venue, eventually};

/// What a service manager gives a server that is to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_log_that_failed_comes_back_though_nobody_says_a_word() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    line.says("before").await;

    let busy = venue.keeps_the_database_busy().await;
    line.posts_as("m1", "meanwhile").await;
    line.ending().await.is(CloseCode::Restarting);
    let readiness = reqwest::get(venue.address("/readyz")).await.expect("an answer");
    assert_eq!(readiness.status(), 503);
    assert_eq!(readiness.headers()["retry-after"], "1");
    assert_eq!(ana.enter().await.chat, ChatState::Unavailable, "and the seat is held");
    assert_eq!(
        ana.call(Method::GET, "", None)
            .await
            .good::<wire::http::EventView>()
            .chat,
        ChatState::Unavailable
    );

    busy.lets_go().await;
    eventually("the server is ready", async || {
        let readiness = reqwest::get(venue.address("/readyz")).await.expect("an answer");
        (readiness.status() == 200).then_some(())
    })
    .await;
    let mut line = ana.returns_after(1).await;
    line.posts_as("m1", "meanwhile").await;
    assert_eq!(line.ack("m1").await, 2);
    line.assert_messages(&["meanwhile"]).await;
    assert_eq!(
        ana.history(None).await.len(),
        2,
        "once, whatever became of the first try"
    );
}

#[tokio::test]
async fn it_stops_in_time_though_a_reader_is_stuck_and_the_database_busy() {
    let mut venue = Venue::unlimited().await;
    let (ana, stuck) = (venue.fan("Ana").await, venue.fan("Stuck").await);
    let mut at_anas = ana.connects().await;
    let mut unread = stuck.dials_with_a_tiny_buffer().await;
    unread.greets(&stuck.credential().await.token, None).await;
    let long = "x".repeat(480);
    at_anas
        .says_all((0..300).map(|number| format!("{number} {long}")))
        .await;

    let busy = venue.keeps_the_database_busy().await;
    let asked = Instant::now();
    let status = venue.stop().await;
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < STOP_WITHIN, "{:?}", asked.elapsed());
    at_anas.ending().await.is(CloseCode::Restarting);
    busy.lets_go().await;
}

#[tokio::test]
async fn nobody_is_online_in_a_server_that_stopped() {
    let mut venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let _line = ana.connects().await;
    eventually("Ana is counted", async || {
        (venue.command(&["status", "--event", SHOW]).await["online"] == 1).then_some(())
    })
    .await;
    assert!(venue.stop().await.success());
    assert_eq!(venue.command(&["status", "--event", SHOW]).await["online"], 0);
}
