//! One ticket, one seat: takeovers, tabs, leaving.

use std::time::{Duration, Instant};

use serde_json::json;
use wire::frame::Message;
use wire::{CloseCode, ProblemCode};

use crate::support::{Line, Person, Plan, SHOW, Venue, random};

/// Within this an act that closes sockets must be felt by them.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Messages of one device whose answer has not come.
const ON_THE_WAY: usize = 12;

#[tokio::test]
async fn a_second_device_takes_over_and_the_first_is_told() {
    let venue = Venue::open().await;
    let phone = venue.fan("Ana").await;
    let mut at_the_phone = phone.connects().await;
    at_the_phone.says("from the phone").await;
    let old_credential = phone.credential().await.token;

    let laptop = phone.other_device();
    let asked_at = server::clock::now();
    let answer = laptop.shows_ticket().await;
    answer.is(409, ProblemCode::TicketInUse);
    assert!(
        answer
            .problem()
            .last_seen
            .is_some_and(|last_seen| last_seen >= asked_at),
        "who only watches is here: {:?}",
        answer.problem().last_seen
    );
    let admission = laptop.takes_over().await;
    assert_eq!(admission.nickname.as_deref(), Some("Ana"));
    let taken = Instant::now();
    at_the_phone.ending().await.is(CloseCode::TakenOver);
    assert!(taken.elapsed() < AT_ONCE, "told after {:?}", taken.elapsed());

    phone.who_am_i().await.is(401, ProblemCode::LeaseLost);
    phone.asks_for_a_credential().await.is(401, ProblemCode::LeaseLost);
    phone.page(None, None).await.is(401, ProblemCode::LeaseLost);
    phone
        .is_turned_away_with(&old_credential)
        .await
        .is(CloseCode::CredentialRefused);
    phone.shows_ticket().await.is(409, ProblemCode::TicketInUse);

    let mut at_the_laptop = laptop.returns_after(0).await;
    at_the_laptop.says("from the laptop").await;
    at_the_laptop
        .assert_messages(&["from the phone", "from the laptop"])
        .await;
}

#[tokio::test]
async fn who_comes_in_before_the_first_was_told_makes_it_go() {
    let venue = Venue::open().await;
    for _ in 0..3 {
        let phone = venue.visitor(&venue.ticket());
        phone.enter().await;
        let mut at_the_phone = phone.connects().await;
        let laptop = phone.other_device();
        let credential = laptop.takes_over().await.credential.expect("a credential");
        let mut at_the_laptop = laptop.dials().await;
        at_the_laptop.greets(&credential.token, None).await;
        at_the_phone.ending().await.is(CloseCode::TakenOver);
    }
}

#[tokio::test]
async fn after_three_takeovers_the_holder_stays() {
    let venue = Venue::open().await;
    let first = venue.fan("Ana").await;
    let mut holder = first.other_device();
    for _ in 0..3 {
        holder = first.other_device();
        holder.takes_over().await;
    }
    let mut at_holders = holder.connects().await;
    let refused = first.other_device().asks_for_the_seat().await;
    refused.is(429, ProblemCode::TooManyTries);
    assert!(refused.problem().retry_after_ms.is_some_and(|wait| wait > 0));
    at_holders.says("still here").await;
}

/// Nothing that was sent under an older seat is committed after the takeover was answered.
#[tokio::test]
async fn a_takeover_races_with_sends_from_the_old_socket() {
    let venue = Venue::planned(Plan {
        serve: &["--send-rate=0"],
        fans: 6,
        ..Plan::default()
    })
    .await;
    let mut cut = Vec::new();
    for round in 0..6 {
        let mut device = venue.fan(&format!("fan {round}")).await;
        for turn in 0..3 {
            let next = device.other_device();
            let old = format!("{round}, turn {turn}");
            let talking = says_without_end(device.connects().await, &old);
            let (line, ()) = tokio::join!(talking, takes_over_unheard(&next, &old));
            cut.push(line);
            device = next;
        }
    }
    let reader = venue.visitor(&venue.issue(SHOW, "fan", 1).await[0]);
    reader.enter().await;
    let history = reader.history(None).await;
    for line in &cut {
        assert_acks_are_true(line, &history);
    }
    assert!(
        cut.iter().map(|line| line.acks().count()).sum::<usize>() > 0,
        "somebody was heard"
    );
}

/// Talks with a few messages on the way, until the line ends.
async fn says_without_end(mut line: Line, text: &str) -> Line {
    let mut posted = 0;
    loop {
        while posted < line.acks().count() + line.refusals().count() + ON_THE_WAY {
            let send = json!({ "type": "send", "id": format!("{text}, {posted}"), "text": text });
            line.try_send(&send.to_string()).await;
            posted += 1;
        }
        if !line.step().await {
            break;
        }
    }
    line.ending().await.is(CloseCode::TakenOver);
    line
}

async fn takes_over_unheard(next: &Person, old: &str) {
    tokio::time::sleep(Duration::from_micros(random(40_000))).await;
    next.takes_over().await;
    let head = next.head().await;
    let mut line = next.returns_after(head).await;
    let mine = line.says("mine").await;
    line.hears(mine).await;
    assert_eq!(line.texts(), ["mine"], "{old} was answered for");
}

fn assert_acks_are_true(line: &Line, history: &[Message]) {
    for (id, seq) in line.acks() {
        let entry = history.iter().find(|message| message.seq == seq);
        let body = entry.and_then(|message| message.body.as_ref());
        assert_eq!(body.map(|body| body.id.as_str()), Some(id), "entry {seq}");
    }
}

#[tokio::test]
async fn of_two_tabs_the_newer_one_wins() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut first_tab = ana.connects().await;
    first_tab.says("one").await;
    let mut second_tab = ana.connects().await;
    first_tab.ending().await.is(CloseCode::OtherTab);
    second_tab.says("two").await;
    let mut third_tab = ana.returns_after(0).await;
    second_tab.ending().await.is(CloseCode::OtherTab);
    third_tab.assert_messages(&["one", "two"]).await;
    assert_eq!(third_tab.welcome().room.online, 1);
}

#[tokio::test]
async fn showing_the_ticket_again_keeps_the_seat_and_the_socket() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut line = ana.connects().await;
    assert_eq!(ana.shows_ticket().await.status, 200);
    assert_eq!(ana.asks_for_the_seat().await.status, 200);
    line.says("still here").await;
}

#[tokio::test]
async fn leaving_frees_the_seat() {
    let venue = Venue::open().await;
    let phone = venue.fan("Ana").await;
    let mut line = phone.connects().await;
    let credential = phone.credential().await.token;
    assert_eq!(phone.leaves().await.status, 204);
    line.ending().await.is(CloseCode::CredentialRefused);
    phone.who_am_i().await.is(401, ProblemCode::LeaseLost);
    phone.leaves().await.is(401, ProblemCode::LeaseLost);

    let laptop = phone.other_device();
    assert_eq!(laptop.enter().await.nickname.as_deref(), Some("Ana"));
    laptop
        .is_turned_away_with(&credential)
        .await
        .is(CloseCode::CredentialRefused);
    laptop.connects().await.says("moved").await;
}
