//! A node with few places: who is in stays and comes back, who is new is told, and the balancer is told too.

use wire::http::{Admission, Credential};
use wire::{ChatState, CloseCode, ProblemCode};

use crate::support::{Answer, Person, Plan, SHOW, Venue, eventually};

async fn venue_with_places(places: &'static [&'static str]) -> Venue {
    Venue::planned(Plan {
        serve: places,
        ..Plan::default()
    })
    .await
}

/// There is no place for this one's socket; when to ask again is said.
#[track_caller]
fn has_to_wait(answer: &Answer) {
    answer.is(503, ProblemCode::Unavailable);
    let problem = answer.problem();
    assert!(
        problem
            .retry_after_ms
            .is_some_and(|wait| (5_000..=10_000).contains(&wait)),
        "{problem:?}"
    );
}

/// A seat and the stream, and no place in the chat yet.
async fn only_watches(fan: &Person) {
    fan.shows_ticket().await.good::<Admission>();
    eventually("an account", async || {
        let admission: Admission = fan.who_am_i().await.good();
        assert_eq!(admission.credential, None);
        (admission.chat == ChatState::Unavailable).then_some(())
    })
    .await;
    has_to_wait(&fan.asks_for_a_credential().await);
}

async fn readiness(venue: &Venue) -> (u16, String) {
    let answer = reqwest::get(venue.address("/readyz")).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn a_full_node_keeps_whom_it_has_and_takes_the_next_when_somebody_leaves() {
    let venue = venue_with_places(&["--max-places=2"]).await;
    let ana = venue.visitor(&venue.ticket());
    let ben = venue.visitor(&venue.ticket());
    let cleo = venue.visitor(&venue.ticket());
    ana.enter().await;
    let line = ana.connects().await;
    assert_eq!(readiness(&venue).await.0, 200);
    ben.enter().await;

    only_watches(&cleo).await;
    let (status, body) = readiness(&venue).await;
    assert_eq!(status, 503);
    assert!(body.contains("full: all 2 places are taken"), "{body}");
    let guess = venue.visitor("WRONG-GUESS-0000").shows_ticket().await;
    guess.is(401, ProblemCode::TicketUnknown);

    line.breaks();
    let _ana = ana.connects().await;
    let _ben = ben.connects().await;
    has_to_wait(&cleo.asks_for_a_credential().await);
    assert!(venue.metric("frontrow_turned_away_total{reason=\"places\"}").await >= 2);

    assert_eq!(ben.leaves().await.status, 204);
    eventually("a place is free", async || {
        (readiness(&venue).await.0 == 200).then_some(())
    })
    .await;
    let _cleo = cleo.connects().await;
}

#[tokio::test]
async fn after_a_crash_whoever_was_here_comes_before_whoever_is_new() {
    let mut venue = venue_with_places(&["--max-places=1"]).await;
    let (ana, ben) = (venue.visitor(&venue.ticket()), venue.visitor(&venue.ticket()));
    ana.enter().await;
    let _line = ana.connects().await;
    venue.kill9().await;
    venue.restart().await;
    only_watches(&ben).await;
    let _ana = ana.connects().await;
    has_to_wait(&ben.asks_for_a_credential().await);
}

#[tokio::test]
async fn who_comes_with_a_credential_to_a_node_without_a_place_is_sent_around() {
    let mut venue = venue_with_places(&["--max-places=1"]).await;
    let (ana, ben) = (venue.visitor(&venue.ticket()), venue.visitor(&venue.ticket()));
    let anas = ana.enter().await.credential.expect("a credential").token;
    only_watches(&ben).await;
    assert!(venue.stop().await.success());
    venue.restart().await;
    // The one place is kept for who was heard of last.
    ana.is_turned_away_with(&anas).await.is(CloseCode::Restarting);
    has_to_wait(&ana.asks_for_a_credential().await);
    let still = ana.who_am_i().await;
    assert_eq!(still.status, 200, "the seat is held, and the stream goes on");
    let _ben = ben.connects().await;
}

#[tokio::test]
async fn whoever_lost_a_seat_cannot_give_its_place_away() {
    let venue = venue_with_places(&["--max-places=1"]).await;
    let phone = venue.visitor(&venue.ticket());
    phone.enter().await;
    let laptop = phone.other_device();
    laptop.takes_over().await;
    phone.leaves().await.is(401, ProblemCode::LeaseLost);
    only_watches(&venue.visitor(&venue.ticket())).await;
    let _line = laptop.connects().await;
}

#[tokio::test]
async fn a_full_node_says_what_else_is_wrong_and_shows_the_stream_to_everybody() {
    let mut venue = venue_with_places(&["--max-places=0"]).await;
    let ana = venue.visitor(&venue.ticket());
    only_watches(&ana).await;
    let admission: Admission = ana.shows_ticket().await.good();
    assert_eq!(admission.chat, ChatState::Unavailable, "the own seat again");
    let other = ana.other_device().shows_ticket().await;
    other.is(409, ProblemCode::TicketInUse);
    venue.command(&["event", "end", SHOW]).await;
    let late = venue.visitor(&venue.ticket()).shows_ticket().await;
    late.is(403, ProblemCode::EventOver);
    assert!(venue.stop().await.success());
}

#[tokio::test]
async fn a_node_in_trouble_seats_nobody_new() {
    // One megabyte is less than any server has resident.
    let venue = venue_with_places(&["--max-memory=1"]).await;
    let ana = venue.visitor(&venue.ticket());
    eventually("the node is full", async || {
        (readiness(&venue).await.0 == 503).then_some(())
    })
    .await;
    has_to_wait(&ana.shows_ticket().await);
    assert_eq!(ana.cookie(), None, "no seat was taken");
    let pass = venue.issue(SHOW, "artist", 1).await.remove(0);
    let artist = venue.visitor(&pass);
    artist.enter().await;
    let _line = artist.connects().await;
}

#[tokio::test]
async fn the_artist_and_the_crew_find_a_place_in_a_full_house() {
    let venue = venue_with_places(&["--max-places=0"]).await;
    let pass = venue.issue(SHOW, "moderator", 1).await.remove(0);
    let moderator = venue.visitor(&pass);
    moderator.enter().await;
    let credential: Credential = moderator.asks_for_a_credential().await.good();
    assert!(!credential.token.is_empty());
    let _line = moderator.connects().await;
    only_watches(&venue.visitor(&venue.ticket())).await;
}

#[tokio::test]
async fn a_device_that_takes_over_takes_the_place_along() {
    let venue = venue_with_places(&["--max-places=1"]).await;
    let phone = venue.visitor(&venue.ticket());
    phone.enter().await;
    let mut line = phone.connects().await;
    let laptop = phone.other_device();
    laptop.takes_over().await;
    line.ending().await.is(CloseCode::TakenOver);
    let _line = laptop.connects().await;
    only_watches(&venue.visitor(&venue.ticket())).await;
}
