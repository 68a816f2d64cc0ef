//! `POST /api/events/{event}/credentials`: what opens a socket.

use serde_json::json;
use server::clock;
use wire::Role;

use crate::support::TestServer;

#[tokio::test]
async fn who_sits_here_gets_a_credential_that_lives_a_minute() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    let before = clock::now();
    let answer = fan.credentials("salt").await.ok();
    let expires_at = answer["expires_at"].as_u64().expect("a time");
    assert!((before + 60_000..=clock::now() + 60_000).contains(&expires_at));
    assert_eq!(answer["socket"], "/api/events/salt/socket");
    assert_eq!(
        answer["capabilities"],
        json!(["read", "send", "react", "vote", "report"])
    );

    let token = answer["token"].as_str().expect("a token");
    let claims = server
        .process()
        .state()
        .secrets
        .verify(token, clock::now())
        .expect("is ours");
    assert_eq!((claims.event, claims.epoch, claims.role), (event.id, 1, Role::Fan));
    assert_eq!(claims.member, server.member(&event, &fan).await);
}

#[tokio::test]
async fn nobody_else_gets_one() {
    let server = TestServer::start().await;
    server.event("salt").await;
    server.visitor().credentials("salt").await.problem(401, "lease_lost");
    server
        .visitor()
        .credentials("nowhere")
        .await
        .problem(404, "event_unknown");
}

#[tokio::test]
async fn a_seat_in_one_event_is_none_in_another() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    server.event("pepper").await;
    let fan = server.seated(&event, Role::Fan).await;
    fan.credentials("pepper").await.problem(401, "lease_lost");
}
