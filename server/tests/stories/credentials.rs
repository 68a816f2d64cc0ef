//! What opens a socket, and what does not.

use server::auth::credential::Claims;
use server::auth::secret::Secrets;
use wire::{CloseCode, MemberId, ProblemCode};

use crate::support::{Person, Venue};

/// The claims of somebody's good credential, to be bent.
async fn claims(venue: &Venue, person: &Person) -> Claims {
    let token = person.credential().await.token;
    venue.secrets().verify(&token, 0).expect("a good credential")
}

#[tokio::test]
async fn a_credential_that_has_expired_opens_nothing() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let mut claims = claims(&venue, &ana).await;
    claims.expires_at = server::clock::now() - 1;
    let token = venue.secrets().mint(&claims);
    ana.is_turned_away_with(&token).await.is(CloseCode::CredentialRefused);
    ana.connects().await.says("a fresh one opens").await;
}

#[tokio::test]
async fn a_credential_of_another_event_opens_nothing_here() {
    let venue = Venue::open().await;
    venue.announce("the-other-hall", &[]).await;
    let ticket = venue.issue("the-other-hall", "fan", 1).await.remove(0);
    let visitor = Person::new(venue.port(), "the-other-hall", &ticket);
    visitor.enter().await;
    let token = visitor.credential().await.token;
    let ana = venue.fan("Ana").await;
    ana.is_turned_away_with(&token).await.is(CloseCode::CredentialRefused);
    // Also when both rooms are open already.
    let (_here, _there) = (ana.connects().await, visitor.connects().await);
    ana.is_turned_away_with(&token).await.is(CloseCode::CredentialRefused);

    // The ticket itself opens nothing here either.
    venue
        .visitor(&ticket)
        .shows_ticket()
        .await
        .is(401, ProblemCode::TicketUnknown);
}

#[tokio::test]
async fn a_forged_credential_opens_nothing() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let good = ana.credential().await.token;
    let claims = claims(&venue, &ana).await;
    let somebody_else = Claims {
        member: MemberId("00000000000000000000000000".into()),
        ..claims.clone()
    };
    let (payload, tag) = good.split_once('.').expect("two parts");
    for forged in [
        String::new(),
        "x".repeat(5_000),
        payload.to_owned(),
        format!("{payload}."),
        format!("{payload}.{}", tag.chars().rev().collect::<String>()),
        Secrets::from_key(&[7; 32]).mint(&claims),
        venue.secrets().mint(&somebody_else),
    ] {
        ana.is_turned_away_with(&forged).await.is(CloseCode::CredentialRefused);
    }
    let mut line = ana.dials().await;
    line.greets(&good, None).await;
}

#[tokio::test]
async fn an_older_seat_s_credential_opens_nothing() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    let now = claims(&venue, &ana).await;
    for epoch in [now.epoch - 1, now.epoch + 1] {
        let token = venue.secrets().mint(&Claims { epoch, ..now.clone() });
        ana.is_turned_away_with(&token).await.is(CloseCode::CredentialRefused);
    }
}

#[tokio::test]
async fn a_cookie_that_is_stale_or_of_nobody_gets_no_credential() {
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    ana.other_device().takes_over().await;
    ana.asks_for_a_credential().await.is(401, ProblemCode::LeaseLost);
    let stranger = venue.visitor("no ticket at all");
    stranger.asks_for_a_credential().await.is(401, ProblemCode::LeaseLost);
    stranger.page(None, None).await.is(401, ProblemCode::LeaseLost);
    stranger.shows_ticket().await.is(401, ProblemCode::TicketUnknown);
}
