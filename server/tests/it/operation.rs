//! What operators ask: health, readiness, metrics, the description; and what every answer carries.

use std::collections::BTreeSet;

use reqwest::Method;
use wire::Role;

use crate::support::{Answer, TestServer};

#[tokio::test]
async fn a_running_server_is_alive_and_ready() {
    let server = TestServer::start().await;
    let visitor = server.visitor();
    assert_eq!(visitor.get("/healthz").await.ok()["status"], "ok");
    let ready = visitor.get("/readyz").await.ok();
    assert_eq!(
        (ready["ready"].as_bool(), ready["reasons"].as_array().map(Vec::len)),
        (Some(true), Some(0))
    );
}

#[tokio::test]
async fn the_description_can_only_be_read() {
    let server = TestServer::start().await;
    let request = server.visitor().request(Method::POST, "/api/openapi.json");
    Answer::of(request).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn the_metrics_count_without_naming_anybody() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.fan(&event, "Marit").await;
    fan.try_nickname("salt", "Somebody").await.ok();
    let answer = server.visitor().get("/metrics").await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    let text = answer.ok().as_str().expect("text").to_owned();
    for line in [
        "frontrow_admissions_total{outcome=\"admitted\"} 1",
        "frontrow_sockets 0",
        "frontrow_accounts_pending 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    for name in ["Marit", "Somebody", "salt"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn the_description_lists_every_route() {
    let server = TestServer::start().await;
    let description = server.visitor().get("/api/openapi.json").await.ok();
    let mut listed = BTreeSet::new();
    for (path, calls) in description["paths"].as_object().expect("paths") {
        listed.extend(
            calls
                .as_object()
                .expect("calls")
                .keys()
                .map(|method| format!("{method} {path}")),
        );
    }
    let routes = [
        "get /api/events/{event}",
        "post /api/events/{event}/admission",
        "get /api/events/{event}/admission",
        "delete /api/events/{event}/admission",
        "get /api/events/{event}/moderation/audit",
        "get /api/events/{event}/moderation/held",
        "get /api/events/{event}/moderation/members/{member}",
        "get /api/events/{event}/moderation/members/{member}/messages",
        "get /api/events/{event}/moderation/people",
        "get /api/events/{event}/moderation/reports",
        "get /api/events/{event}/moderation/words",
        "post /api/events/{event}/moderation/words",
        "put /api/events/{event}/moderation/words",
        "delete /api/events/{event}/moderation/words",
        "delete /api/events/{event}/moderation/words/{rule}",
        "get /api/events/{event}/nickname",
        "put /api/events/{event}/nickname",
        "post /api/events/{event}/credentials",
        "get /api/events/{event}/messages",
        "get /api/events/{event}/questions",
        "get /api/events/{event}/reactions",
        "get /api/events/{event}/socket",
        "get /api/openapi.json",
        "get /healthz",
        "get /readyz",
        "get /metrics",
    ];
    assert_eq!(listed, routes.into_iter().map(str::to_owned).collect());
    let schemas = description["components"]["schemas"].as_object().expect("schemas");
    for name in [
        "Admission",
        "Credential",
        "EventView",
        "HistoryPage",
        "NicknameTry",
        "Problem",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_call_is_a_problem_too() {
    let server = TestServer::start().await;
    server.event("salt").await;
    let visitor = server.visitor();
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/events",
        "/api/events/salt/nothing",
    ] {
        visitor.get(path).await.problem(404, "not_found");
    }
    for path in ["/api/events/salt", "/api/events/salt/socket"] {
        let answer = Answer::of(visitor.request(Method::PATCH, path)).await;
        assert_eq!(answer.header("allow"), "GET,HEAD");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        answer.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_socket_without_a_handshake_is_a_problem() {
    let server = TestServer::start().await;
    server.event("salt").await;
    let answer = server.visitor().get("/api/events/salt/socket").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.problem(400, "handshake_invalid");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    for path in [
        "/",
        "/e/salt",
        "/api/events/salt",
        "/api/events/salt/admission",
        "/api/events/salt/socket",
        "/api/nothing",
        "/nothing",
        "/healthz",
    ] {
        let answer = fan.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
    }
}
