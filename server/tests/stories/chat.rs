//! Talking, coming late, going away and coming back.

use serde_json::json;
use wire::Role;
use wire::frame::Gap;

use crate::support::{Person, Venue};

#[tokio::test]
async fn two_fans_talk() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    assert_eq!((at_anas.welcome().head, at_anas.welcome().role), (0, Role::Fan));
    assert_eq!(at_bens.welcome().room.online, 2);

    assert_eq!(at_anas.says("is this the front row").await, 1);
    assert_eq!(at_bens.says("it is").await, 2);
    for line in [&mut at_anas, &mut at_bens] {
        line.assert_messages(&["is this the front row", "it is"]).await;
    }
    let said = at_bens.transcript()[0].body.clone().expect("visible");
    assert_eq!((said.nickname.as_str(), said.role), ("Ana", Role::Fan));
    assert_eq!(said.member, at_anas.welcome().member);
}

#[tokio::test]
async fn the_artist_speaks_with_a_badge_that_is_the_artists_alone() {
    let venue = Venue::open().await;
    let pass = venue.issue(crate::support::SHOW, "artist", 1).await.remove(0);
    let vesna = venue.visitor(&pass);
    vesna.enter().await;
    let mut at_anas = venue.fan("Ana").await.connects().await;
    vesna.connects().await.says("good evening").await;
    at_anas.assert_messages(&["good evening"]).await;
    let said = at_anas.transcript()[0].body.clone().expect("visible");
    assert_eq!((said.nickname.as_str(), said.role), ("Vesna Oduya", Role::Artist));
}

#[tokio::test]
async fn a_returning_fan_sees_exactly_what_was_missed() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    at_anas.says("one").await;
    at_bens.assert_messages(&["one"]).await;
    let held = at_bens.last();
    at_bens.breaks();

    at_anas.says("two").await;
    at_anas.says("three").await;
    at_anas.assert_messages(&["one", "two", "three"]).await;
    let mut at_bens = ben.returns_after(held).await;
    assert_eq!(at_bens.welcome().head, 3);
    at_bens.assert_messages(&["two", "three"]).await;
    at_anas.says("four").await;
    at_bens.assert_messages(&["two", "three", "four"]).await;

    let held = at_bens.last();
    at_bens.hangs_up().await;
    let mut at_bens = ben.returns_after(held).await;
    at_anas.says("five").await;
    at_bens.assert_messages(&["five"]).await;
}

#[tokio::test]
async fn who_joins_late_hears_what_follows_and_reads_the_rest() {
    let venue = Venue::unlimited().await;
    let mut at_anas = venue.fan("Ana").await.connects().await;
    at_anas.says("one").await;
    let two = at_anas.says("two").await;
    at_anas.hears(two).await;

    let cem = venue.fan("Cem").await;
    let mut at_cems = cem.connects().await;
    assert_eq!(at_cems.welcome().head, 2);
    at_anas.says("three").await;
    at_cems.assert_messages(&["three"]).await;

    // Whenever history is read after hello, both together are everything, and merge by seq.
    let read = cem.history(None).await;
    let heard = at_cems.transcript();
    assert_eq!(read.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(read[2], heard[0], "the same entry, read or heard");
}

#[tokio::test]
async fn who_missed_more_than_is_replayed_is_told_of_a_gap() {
    let mut venue = Venue::unlimited().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let mut at_anas = ana.connects().await;
    let head = at_anas
        .says_all((1..=1_001).map(|number| format!("line {number}")))
        .await;
    assert_eq!(head, 1_001);
    at_anas.hears(head).await;

    assert_gap_and_replay(&ben).await;
    venue.kill9().await;
    venue.restart().await;
    assert_gap_and_replay(&ben).await;
}

async fn assert_gap_and_replay(ben: &Person) {
    let mut far_behind = ben.returns_after(0).await;
    far_behind.hears(1_001).await;
    assert_eq!(far_behind.gap(), Some(Gap { from: 1, to: 1_001 }));
    assert!(far_behind.transcript().is_empty());

    let mut just_in_reach = ben.returns_after(1).await;
    just_in_reach.hears(1_001).await;
    assert_eq!((just_in_reach.gap(), just_in_reach.transcript().len()), (None, 1_000));
    just_in_reach.hangs_up().await;
}

#[tokio::test]
async fn a_question_and_a_reply_arrive_as_such() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    let asks = json!({ "type": "send", "id": "q", "text": "which key is this in?", "question": true });
    at_anas.sends(&asks).await;
    let question = at_anas.ack("q").await;
    let replies = json!({ "type": "send", "id": "r", "text": "D minor", "reply_to": question });
    at_bens.sends(&replies).await;
    at_bens.ack("r").await;
    at_anas.assert_messages(&["which key is this in?", "D minor"]).await;
    let bodies: Vec<_> = at_anas.transcript().iter().flat_map(|message| &message.body).collect();
    assert_eq!((bodies[0].question, bodies[0].reply_to), (true, None));
    assert_eq!((bodies[1].question, bodies[1].reply_to), (false, Some(question)));
}

#[tokio::test]
async fn two_events_are_two_rooms() {
    let venue = Venue::open().await;
    venue.announce("the-other-hall", &[]).await;
    let ticket = venue.issue("the-other-hall", "fan", 1).await.remove(0);
    let ana = venue.fan("Ana").await;
    let other = Person::new(venue.port(), "the-other-hall", &ticket);
    other.enter().await;
    other.is_called("Ana").await;
    let (mut here, mut there) = (ana.connects().await, other.connects().await);
    assert_eq!((here.says("here").await, there.says("there").await), (1, 1));
    here.assert_messages(&["here"]).await;
    there.assert_messages(&["there"]).await;
    assert_eq!(other.history(None).await.len(), 1);
}

#[tokio::test]
async fn everybody_is_told_how_many_are_there() {
    let venue = Venue::open().await;
    let mut at_anas = venue.fan("Ana").await.connects().await;
    let at_bens = venue.fan("Ben").await.connects().await;
    while at_anas.presence().await.online != 2 {}
    at_bens.hangs_up().await;
    while at_anas.presence().await.online != 1 {}
}
