//! The way in, when many take it at once: they share reads and commits, and nobody gets what is another's or was true before.

use std::collections::HashSet;

use futures_util::future::{join_all, select_all};
use reqwest::Method;
use wire::http::Admission;
use wire::{CloseCode, ProblemCode};

use crate::support::{Answer, Person, Plan, SHOW, Venue};

const CROWD: usize = 60;

async fn venue_for_a_crowd() -> Venue {
    Venue::planned(Plan {
        fans: CROWD + 1,
        ..Plan::default()
    })
    .await
}

#[tokio::test]
async fn a_crowd_that_comes_at_once_sits_each_on_the_own_seat() {
    let venue = venue_for_a_crowd().await;
    let crowd: Vec<Person> = (0..CROWD).map(|_| venue.visitor(&venue.ticket())).collect();
    let admissions = join_all(crowd.iter().map(Person::enter)).await;
    let members: HashSet<_> = admissions.iter().map(|admission| admission.member.clone()).collect();
    let cookies: HashSet<_> = crowd.iter().map(Person::cookie).collect();
    assert_eq!((members.len(), cookies.len()), (CROWD, CROWD));
    let who = join_all(crowd.iter().map(Person::who_am_i)).await;
    for (first, now) in admissions.iter().zip(who) {
        assert_eq!(now.good::<Admission>().member, first.member);
    }
    join_all(crowd.iter().map(Person::connects)).await;
}

#[tokio::test]
async fn who_was_answered_has_the_seat_though_the_server_is_killed_at_that_moment() {
    let mut venue = venue_for_a_crowd().await;
    let crowd: Vec<Person> = (0..CROWD).map(|_| venue.visitor(&venue.ticket())).collect();
    let coming = crowd.iter().cloned().map(|fan| {
        let show = async move { fan.try_call(Method::POST, "/admission", Some(ticket(&fan))).await };
        tokio::spawn(show)
    });
    let (first, number, others) = select_all(coming).await;
    venue.kill9().await;
    venue.restart().await;
    let mut answers = join_all(others).await;
    // The last one took the place of the first one that was done.
    answers.push(first);
    let last = answers.len() - 1;
    answers.swap(number, last);
    let mut seated = 0;
    for (fan, answer) in crowd.iter().zip(answers) {
        let answer = answer.expect("no panic");
        if answer.is_ok_and(|answer| answer.status == 200) {
            seated += 1;
            assert_eq!(fan.who_am_i().await.status, 200, "the session is there");
            let other = fan.other_device().shows_ticket().await;
            other.is(409, ProblemCode::TicketInUse);
        }
    }
    assert!(seated > 0, "somebody was answered");
}

fn ticket(fan: &Person) -> serde_json::Value {
    serde_json::json!({ "ticket": fan.ticket() })
}

#[tokio::test]
async fn of_many_devices_at_once_one_sits_and_of_many_that_take_over_the_last_one_stays() {
    let venue = venue_for_a_crowd().await;
    let ana = venue.visitor(&venue.ticket());
    let devices: Vec<Person> = (0..12).map(|_| ana.other_device()).collect();
    let answers = join_all(devices.iter().map(Person::shows_ticket)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    join_all(devices.iter().map(Person::asks_for_the_seat)).await;
    assert_eq!(seats_among(&devices).await, 1);
}

async fn seats_among(devices: &[Person]) -> usize {
    let who: Vec<Answer> = join_all(devices.iter().map(Person::who_am_i)).await;
    who.iter().filter(|answer| answer.status == 200).count()
}

/// Another process revokes it, and nothing of this one remembers better.
#[tokio::test]
async fn after_a_ticket_is_revoked_nothing_opens_by_it_however_often_it_was_read_before() {
    let venue = venue_for_a_crowd().await;
    let (ana, ben) = (venue.visitor(&venue.ticket()), venue.visitor(&venue.ticket()));
    let token = ana.enter().await.credential.expect("a credential").token;
    for _ in 0..20 {
        ana.shows_ticket().await.good::<Admission>();
        ana.credential().await;
    }
    for revoked in [&ana, &ben] {
        venue
            .command(&["ticket", "revoke", "--event", SHOW, revoked.ticket()])
            .await;
        revoked.shows_ticket().await.is(401, ProblemCode::TicketUnknown);
        revoked.asks_for_the_seat().await.is(401, ProblemCode::TicketUnknown);
    }
    ana.asks_for_a_credential().await.is(403, ProblemCode::TicketRevoked);
    ana.is_turned_away_with(&token).await.is(CloseCode::TicketRevoked);
}

#[tokio::test]
async fn after_the_event_is_ended_nobody_gets_in_by_what_was_read_before() {
    let venue = venue_for_a_crowd().await;
    let ana = venue.visitor(&venue.ticket());
    let token = ana.enter().await.credential.expect("a credential").token;
    let crowd: Vec<Person> = (0..10).map(|_| venue.visitor(&venue.ticket())).collect();
    join_all(crowd.iter().map(Person::shows_ticket)).await;
    venue.command(&["event", "end", SHOW]).await;
    for fan in crowd.iter().chain([&ana]) {
        fan.shows_ticket().await.is(403, ProblemCode::EventOver);
        fan.asks_for_a_credential().await.is(403, ProblemCode::EventOver);
    }
    ana.is_turned_away_with(&token).await.is(CloseCode::EventOver);
}

/// The scheduler's policy of each of the server's threads, by the thread's name: field 41 of `stat` (proc(5)).
#[cfg(target_os = "linux")]
fn policies(venue: &Venue) -> Vec<(String, u32)> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", venue.pid())).expect("it runs");
    let read = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).ok()?;
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(')')?;
        let policy = fields.split_whitespace().nth(41 - 3)?.parse().ok()?;
        Some((name.to_owned(), policy))
    };
    threads.filter_map(|thread| read(thread.ok()?)).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_thread_of_the_way_in_interrupts_another() {
    const BATCH: u32 = 3;
    let venue = Venue::open().await;
    venue.fan("Marit").await.connects().await;
    let policies = policies(&venue);
    for ours in ["tokio-rt-worker", "reads", "gate", "fan-out-0"] {
        let found: Vec<_> = policies.iter().filter(|(name, _)| name == ours).collect();
        assert!(!found.is_empty(), "{ours} of {policies:?}");
        assert!(found.iter().all(|(_, policy)| *policy == BATCH), "{found:?}");
    }
}
