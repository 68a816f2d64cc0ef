//! Reactions: what everybody taps at once is told as a sum, and no sum is lost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use wire::Refusal;
use wire::stage::Mood;

use crate::support::{Plan, SHOW, Venue, eventually, in_time};

const FIRE: &str = "🔥";

fn react(emoji: &str, count: u32) -> Value {
    json!({"type": "react", "emoji": emoji, "count": count})
}

#[tokio::test]
async fn the_taps_of_a_crowd_are_one_sum_for_everybody() {
    const CROWD: usize = 20;
    let venue = Venue::planned(Plan {
        fans: CROWD + 2,
        ..Plan::default()
    })
    .await;
    let ana = venue.fan("Ana").await;
    let mut at_anas = ana.connects().await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let fan = venue.visitor(&venue.ticket());
        fan.enter().await;
        crowd.push(fan.connects().await);
    }
    let taps = react(FIRE, 4);
    join_all(crowd.iter_mut().map(|line| line.sends(&taps))).await;
    at_anas.counts_reactions(FIRE, 80).await;
    let told = at_anas.raw().matches("\"reactions\",\"counts\"").count();
    assert!((1..CROWD).contains(&told), "merged: told {told} times");

    let late = venue.visitor(&venue.ticket());
    late.enter().await;
    let line = late.connects().await;
    let room = &line.welcome().room;
    assert_eq!(
        (room.reactions.of(FIRE), room.reactions.of("👏")),
        (80, 0),
        "who comes late"
    );
    assert_eq!(
        room.emoji,
        ["👏", "❤️", "🔥", "😂", "😮", "🎉"],
        "in the order they are offered"
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_what_is_too_much_is_dropped() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    for (frame, code) in [
        (react("🦄", 1), Refusal::UnknownEmoji),
        (react("<b>", 1), Refusal::UnknownEmoji),
        (react(FIRE, 0), Refusal::Invalid),
        (react(FIRE, 6), Refusal::Invalid),
    ] {
        line.sends(&frame).await;
        assert_eq!(line.refusal(None).await, code, "{frame}");
        let refused = line.tries(frame).await.expect_err("with an id too");
        assert_eq!(refused.code, code);
    }
    let began = Instant::now();
    for _ in 0..100 {
        line.sends(&react(FIRE, 5)).await;
    }
    // What is answered shows that all of it was read; the answer also says that it is on disk.
    assert_eq!(line.tries(react("👏", 1)).await, Ok(None));
    let most = 10 + 5 * (began.elapsed().as_secs() + 1);
    let late = venue.fan("Ben").await.connects().await;
    let counted = late.welcome().room.reactions.of(FIRE);
    assert!((5..=most).contains(&counted), "{counted} of 500, at most {most}");
    line.says("nobody is punished").await;
    // Nor does coming back bring more.
    for _ in 0..10 {
        line.breaks();
        line = ana.connects().await;
        assert_eq!(line.tries(react(FIRE, 5)).await, Ok(None));
    }
    let most = 10 + 5 * (began.elapsed().as_secs() + 1);
    let counted = line.reactions()[FIRE];
    assert!(counted <= most, "{counted}, at most {most}");
}

#[tokio::test]
async fn taps_that_are_on_disk_survive_a_crash_and_all_survive_an_orderly_stop() {
    let mut venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    let began = Instant::now();
    assert_eq!(line.tries(react(FIRE, 5)).await, Ok(None));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "on disk after {:?}",
        began.elapsed()
    );
    venue.kill9().await;
    venue.restart().await;
    let mut line = ana.connects().await;
    assert_eq!(line.reactions()[FIRE], 5);

    line.sends(&react(FIRE, 3)).await;
    line.counts_reactions(FIRE, 8).await;
    assert!(venue.stop().await.success());
    venue.restart().await;
    let line = ana.connects().await;
    assert_eq!(line.reactions()[FIRE], 8, "not a tap is lost, not one is counted twice");

    let status = venue.command(&["status", "--event", SHOW]).await;
    assert_eq!(status["reactions"], json!({ FIRE: 8 }));
    let artist = venue.artist().await;
    let mood: Mood = artist.call(Method::GET, "/reactions", None).await.good();
    assert_eq!(mood.sums.iter().sum::<u64>(), 8);
    assert_eq!((mood.minute.len(), mood.minute.iter().sum::<u64>()), (60, 8));
    assert!(mood.sums.len() <= 120 && mood.step_ms.is_multiple_of(1_000), "{mood:?}");
}

#[tokio::test]
async fn taps_that_nobody_waits_for_are_on_disk_within_five_seconds() {
    let mut venue = Venue::open().await;
    let (ana, artist) = (venue.fan("Ana").await, venue.artist().await);
    let mut line = ana.connects().await;
    let began = Instant::now();
    line.sends(&react(FIRE, 5)).await;
    line.counts_reactions(FIRE, 5).await;
    eventually("they are on disk", async || {
        let mood: Mood = artist.call(Method::GET, "/reactions", None).await.good();
        (mood.sums.iter().sum::<u64>() == 5).then_some(())
    })
    .await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "on disk after {took:?}");
    venue.kill9().await;
    venue.restart().await;
    let mut line = ana.connects().await;
    assert_eq!(line.reactions()[FIRE], 5);
    // And the rounds of saving go on where they were.
    assert_eq!(line.tries(react(FIRE, 2)).await, Ok(None));
    venue.kill9().await;
    venue.restart().await;
    assert_eq!(ana.connects().await.reactions()[FIRE], 7);
}

#[tokio::test]
async fn an_event_offers_its_own_reactions_and_others_from_one_moment_on() {
    let venue = Venue::planned(Plan {
        event: &["--reactions", "🥁 🎷"],
        ..Plan::default()
    })
    .await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    assert_eq!(line.welcome().room.emoji, ["🥁", "🎷"]);
    line.sends(&react("🎷", 2)).await;
    line.counts_reactions("🎷", 2).await;

    venue.command(&["event", "reactions", SHOW, "🎻 🎷"]).await;
    let changed = line.room_is("other reactions", |room| room.emoji == ["🎻", "🎷"]);
    in_time("the change", changed).await;
    assert_eq!((line.reactions()["🎻"], line.reactions()["🎷"]), (0, 2));
    line.sends(&react("🥁", 1)).await;
    assert_eq!(line.refusal(None).await, Refusal::UnknownEmoji);
}
