//! Which pages may change something here.

use reqwest::Method;
use serde_json::json;
use wire::Role;

use crate::support::{Answer, TestServer, Visitor, config};

async fn everything_that_changes_something(visitor: &Visitor) -> Vec<Answer> {
    vec![
        visitor.admit("salt", "WRONG-WRONG").await,
        visitor.leave("salt").await,
        visitor.call_me("salt", "Marit").await,
        visitor.credentials("salt").await,
    ]
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing_here() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    for foreign in [
        "null",
        "https://evil.example",
        "http://127.0.0.1:1",
        "http://localhost",
        "garbage",
        "",
    ] {
        let framed = fan.clone().on_a_page_of(foreign);
        for answer in everything_that_changes_something(&framed).await {
            answer.problem(403, "origin_refused");
        }
        let handshake = framed
            .request(Method::GET, "/api/events/salt/socket")
            .header("upgrade", "websocket");
        Answer::of(handshake).await.problem(403, "origin_refused");
        framed.get("/api/events/salt").await.ok();
    }
    fan.who_am_i("salt").await.ok();
}

#[tokio::test]
async fn our_own_page_and_clients_that_are_no_browsers_may() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    server
        .visitor()
        .on_a_page_of(&server.origin())
        .admit("salt", &code)
        .await
        .ok();
    server.visitor().take_over("salt", &code).await.ok();
}

#[tokio::test]
async fn the_public_address_and_configured_ones_may() {
    let mut configured = config();
    configured.origins.public = server::config::public_url("https://live.example.org").ok();
    configured.origins.configured = vec![server::config::public_url("http://localhost:3000").expect("an origin")];
    let server = TestServer::start_with(configured).await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    for origin in ["https://live.example.org", "http://localhost:3000"] {
        server
            .visitor()
            .on_a_page_of(origin)
            .take_over("salt", &code)
            .await
            .ok();
    }
    let unencrypted = server
        .visitor()
        .on_a_page_of("http://live.example.org")
        .with_header("host", "live.example.org");
    unencrypted
        .take_over("salt", &code)
        .await
        .problem(403, "origin_refused");
}

#[tokio::test]
async fn a_second_origin_does_not_hide_behind_the_first() {
    let server = TestServer::start().await;
    server.event("salt").await;
    let request = server
        .visitor()
        .request(Method::POST, "/api/events/salt/admission")
        .header("origin", server.origin())
        .header("origin", "https://evil.example")
        .json(&json!({ "ticket": "WRONG-WRONG" }));
    Answer::of(request).await.problem(403, "origin_refused");
}
