//! What the organizer does beside a running server acts on it within a second.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wire::{ChatState, CloseCode, ProblemCode};

use crate::support::{Person, Plan, SHOW, Venue, eventually};

const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn ending_an_event_closes_its_sockets_and_its_gate() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    let credential = ana.credential().await.token;
    at_anas.says("what a night").await;
    venue.command(&["event", "end", SHOW]).await;
    let ended = Instant::now();
    for line in [&mut at_anas, &mut at_bens] {
        line.ending().await.is(CloseCode::EventOver);
    }
    assert!(ended.elapsed() < AT_ONCE, "{:?}", ended.elapsed());
    ana.shows_ticket().await.is(403, ProblemCode::EventOver);
    ana.who_am_i().await.is(403, ProblemCode::EventOver);
    ana.asks_for_a_credential().await.is(403, ProblemCode::EventOver);
    ana.is_turned_away_with(&credential).await.is(CloseCode::EventOver);
}

#[tokio::test]
async fn a_planned_end_closes_the_sockets_when_it_comes() {
    let venue = Venue::open().await;
    let ends_at = OffsetDateTime::now_utc() + Duration::from_secs(8);
    let ends = ends_at.format(&Rfc3339).expect("a moment");
    venue.announce("matinee", &["--ends-at", &ends]).await;
    let ticket = venue.issue("matinee", "fan", 1).await.remove(0);
    let ana = Person::new(venue.port(), "matinee", &ticket);
    ana.enter().await;
    ana.is_called("Ana").await;
    let mut line = ana.connects().await;
    line.says("so short").await;
    line.ending().await.is(CloseCode::EventOver);
    let late = OffsetDateTime::now_utc() - ends_at;
    assert!(!late.is_negative() && late < 2 * AT_ONCE, "{late}");
    ana.shows_ticket().await.is(403, ProblemCode::EventOver);
}

#[tokio::test]
async fn revoking_a_ticket_closes_its_socket_alone() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    let credential = ana.credential().await.token;
    venue
        .command(&["ticket", "revoke", "--event", SHOW, ana.ticket()])
        .await;
    let revoked = Instant::now();
    at_anas.ending().await.is(CloseCode::TicketRevoked);
    assert!(revoked.elapsed() < AT_ONCE, "{:?}", revoked.elapsed());
    ana.is_turned_away_with(&credential).await.is(CloseCode::TicketRevoked);
    ana.asks_for_a_credential().await.is(403, ProblemCode::TicketRevoked);
    ana.other_device()
        .shows_ticket()
        .await
        .is(401, ProblemCode::TicketUnknown);
    at_bens.says("where did Ana go").await;

    // By its member too.
    let member = at_bens.welcome().member.to_string();
    venue.command(&["ticket", "revoke", "--event", SHOW, &member]).await;
    at_bens.ending().await.is(CloseCode::TicketRevoked);
}

#[tokio::test]
async fn a_ticket_issued_beside_the_server_has_its_account_within_a_second() {
    let venue = Venue::open().await;
    let ticket = venue.issue(SHOW, "fan", 1).await.remove(0);
    let issued = Instant::now();
    let late = venue.visitor(&ticket);
    let admission = late.enter().await;
    assert!(issued.elapsed() < AT_ONCE, "{:?}", issued.elapsed());
    assert_eq!(admission.chat, ChatState::Ready);
    late.is_called("Late").await;
    late.connects().await.says("just in time").await;
}

#[tokio::test]
async fn an_event_with_its_chat_off_is_a_stream_behind_a_ticket() {
    let venue = Venue::planned(Plan {
        event: &["--chat", "off", "--stream", "https://stream.example/live.m3u8"],
        ..Plan::default()
    })
    .await;
    let ana = venue.visitor(&venue.ticket());
    let admission: wire::http::Admission = ana.shows_ticket().await.good();
    assert_eq!(admission.chat, ChatState::Off);
    assert_eq!(admission.stream.as_deref(), Some("https://stream.example/live.m3u8"));
    assert!(admission.credential.is_none());
    ana.asks_for_a_credential().await.is(403, ProblemCode::ChatOff);
    ana.page(None, None).await.is(403, ProblemCode::ChatOff);
    ana.is_turned_away_with("anything")
        .await
        .is(CloseCode::CredentialRefused);
}

#[tokio::test]
async fn status_says_how_many_are_there() {
    let venue = Venue::open().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (at_anas, _at_bens) = (ana.connects().await, ben.connects().await);
    online_is(&venue, 2).await;
    at_anas.breaks();
    online_is(&venue, 1).await;
    let status = venue.command(&["status", "--event", SHOW]).await;
    assert_eq!((&status["phase"], &status["chat"]), (&"open".into(), &"on".into()));
    assert_eq!(status["tickets"]["fan"], 4);
    assert_eq!(status["provisioning"]["pending"], 0);
    assert_eq!(
        (&status["seats"]["held"], &status["seats"]["named"]),
        (&2.into(), &2.into())
    );
}

async fn online_is(venue: &Venue, want: u64) {
    eventually("people online", async || {
        let status = venue.command(&["status", "--event", SHOW]).await;
        (status["online"] == want).then_some(())
    })
    .await;
}
