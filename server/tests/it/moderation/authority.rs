//! Who may not.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use wire::Role;

use super::{desk, get};
use crate::support::{Answer, TestServer, Visitor, say, tell};

const READS: [&str; 9] = [
    "reports",
    "held",
    "people",
    "people?state=online",
    "members/SOMEBODY",
    "members/SOMEBODY/messages",
    "audit",
    "audit?format=csv",
    "words",
];

const WRITES: [(Method, &str); 4] = [
    (Method::POST, "words"),
    (Method::PUT, "words"),
    (Method::DELETE, "words"),
    (Method::DELETE, "words/1"),
];

async fn write(visitor: &Visitor, method: &Method, path: &str) -> Answer {
    let request = visitor.request(method.clone(), &desk(path));
    Answer::of(request.header(CONTENT_TYPE, "text/plain").body("scalper")).await
}

async fn everything_is_refused(visitor: &Visitor, status: u16, code: &str) {
    for path in READS {
        get(visitor, path).await.problem(status, code);
    }
    for (method, path) in &WRITES {
        write(visitor, method, path).await.problem(status, code);
    }
}

#[tokio::test]
async fn only_moderators_are_at_the_desk() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let text = "plain text";
    let words = moderator
        .request(Method::POST, &desk("words"))
        .header(CONTENT_TYPE, "text/plain");
    Answer::of(words.body(text)).await.ok();

    everything_is_refused(&server.visitor(), 401, "lease_lost").await;
    everything_is_refused(&server.fan(&event, "Marit").await, 403, "not_allowed").await;
    everything_is_refused(&server.seated(&event, Role::Artist).await, 403, "not_allowed").await;
    let other = server.event("pepper").await;
    everything_is_refused(&server.moderator(&other, "Kim").await, 401, "lease_lost").await;
    assert_eq!(
        get(&moderator, "words").await.ok()["total"],
        1,
        "nobody changed anything"
    );
}

#[tokio::test]
async fn a_moderator_is_one_for_as_long_as_the_database_says_so() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let fan = server.fan(&event, "Marit").await;
    get(&moderator, "reports").await.ok();
    server.change_role(&event, &moderator, Role::Fan).await;
    everything_is_refused(&moderator, 403, "not_allowed").await;
    server.change_role(&event, &fan, Role::Moderator).await;
    get(&fan, "reports").await.ok();
}

#[tokio::test]
async fn who_is_banned_or_has_lost_the_ticket_is_no_moderator() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let fan = server.fan(&event, "Marit").await;
    let member = server.member(&event, &fan).await;
    let ban = json!({ "type": "ban", "id": "1", "member": member });
    assert_eq!(tell(&moderator, "salt", &ban).await["type"], "ack");
    server.change_role(&event, &fan, Role::Moderator).await;
    everything_is_refused(&fan, 403, "not_allowed").await;

    let code = server.issue(&event, Role::Moderator, 1).await.concat();
    let second = server.visitor();
    second.admit("salt", &code).await.ok();
    get(&second, "held").await.ok();
    server.revoke(&event, &code).await;
    everything_is_refused(&second, 403, "ticket_revoked").await;
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let elsewhere = moderator.clone().on_a_page_of("https://evil.example.org");
    for (method, path) in &WRITES {
        write(&elsewhere, method, path).await.problem(403, "origin_refused");
    }
    assert_eq!(get(&moderator, "words").await.ok()["total"], 0);
}

#[tokio::test]
async fn an_event_without_a_chat_or_of_no_name_has_no_desk() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let nowhere = "/api/events/nowhere/moderation/members/x/messages";
    moderator.get(nowhere).await.problem(404, "event_unknown");
    get(&moderator, "members/nobody").await.problem(404, "member_unknown");
    get(&moderator, "members/nobody/messages")
        .await
        .problem(404, "member_unknown");
    get(&moderator, "somewhere").await.problem(404, "not_found");
    let request = moderator.request(Method::PATCH, &desk("words"));
    Answer::of(request).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn fans_never_hear_who_reported_why_or_what_is_held() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let (author, reporter) = (server.fan(&event, "Marit").await, server.fan(&event, "Ferry Ana").await);
    let seq = say(&author, "salt", "who wants a ticket").await;
    let report = json!({ "type": "report", "id": "2", "target": seq, "reason": "a scalper" });
    assert_eq!(tell(&reporter, "salt", &report).await["type"], "ack");
    let member = server.member(&event, &author).await;
    let hold = json!({ "type": "hold", "id": "3", "member": member, "on": true });
    assert_eq!(tell(&moderator, "salt", &hold).await["type"], "ack");
    let offer = json!({ "type": "send", "id": "4", "text": "half price for you" });
    assert_eq!(tell(&author, "salt", &offer).await["type"], "held");

    let fan = server.fan(&event, "Somebody").await;
    for path in ["", "/messages", "/admission", "/nickname?try=x"] {
        let answer = fan.get(&format!("/api/events/salt{path}")).await.ok().to_string();
        for secret in ["Ferry Ana", "a scalper", "half price"] {
            assert!(!answer.contains(secret), "{secret} in {answer}");
        }
    }
}
