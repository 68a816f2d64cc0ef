//! The word list.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use wire::limits;

use super::{desk, each, get};
use crate::support::{Answer, TestServer, Visitor};

async fn send(visitor: &Visitor, method: Method, query: &str, text: impl Into<String>) -> Answer {
    let request = visitor.request(method, &desk(&format!("words{query}")));
    Answer::of(
        request
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(text.into()),
    )
    .await
}

async fn desk_of(server: &TestServer) -> Visitor {
    let event = server.event("salt").await;
    server.moderator(&event, "Jo of the door").await
}

#[tokio::test]
async fn a_file_is_taken_in_and_says_what_became_of_its_lines() {
    let server = TestServer::start().await;
    let moderator = desk_of(&server).await;
    let file = "\u{feff}# ours\r\nscalper\r\nspoiler\tprefix\thold\r\nbad\tnowhere\r\nscalper\texact\r\n";
    let taken = send(
        &moderator,
        Method::POST,
        "?action=mute&seconds=60&say=Not%20here.",
        file,
    )
    .await
    .ok();
    assert_eq!(
        (
            &taken["added"],
            &taken["known"],
            &taken["total"],
            &taken["refused_total"]
        ),
        (&json!(3), &json!(0), &json!(3), &json!(1))
    );
    assert_eq!(taken["refused"][0]["line"], 4);
    let list = get(&moderator, "words").await.ok();
    assert_eq!(
        (each(&list["rules"], "pattern"), &list["total"]),
        (vec!["scalper", "spoiler", "scalper"], &json!(3))
    );
    assert_eq!(
        (&list["rules"][0]["seconds"], &list["rules"][0]["say"]),
        (&json!(60), &json!("Not here."))
    );

    let changed = send(&moderator, Method::POST, "", "scalper").await.ok();
    assert_eq!((&changed["added"], &changed["known"]), (&json!(0), &json!(1)));
    assert_eq!(get(&moderator, "words").await.ok()["rules"][0]["action"], "refuse");
}

#[tokio::test]
async fn one_rule_is_added_and_taken_out() {
    let server = TestServer::start().await;
    let moderator = desk_of(&server).await;
    let path = desk("words");
    let rule = json!({ "pattern": " Buy   here ", "matching": "word", "action": "mute" });
    assert_eq!(moderator.post(&path, &rule).await.ok()["added"], 1);
    let list = get(&moderator, "words").await.ok();
    let kept = &list["rules"][0];
    assert_eq!((&kept["pattern"], &kept["seconds"]), (&json!("Buy here"), &json!(300)));
    for _ in 0..2 {
        let gone = moderator.delete(&format!("{path}/{}", kept["id"])).await;
        assert_eq!(gone.status, 204, "also when it is out already");
    }
    assert_eq!(get(&moderator, "words").await.ok()["total"], 0);
    for bad in [
        json!({ "pattern": "\u{200b}", "matching": "word", "action": "hold" }),
        json!({ "pattern": "x".repeat(81), "matching": "word", "action": "hold" }),
        json!({ "pattern": "x", "matching": "nowhere", "action": "hold" }),
        json!({ "pattern": "x", "matching": "word", "action": "mute", "seconds": 0 }),
        json!({ "pattern": "x", "matching": "word", "action": "refuse", "seconds": 5 }),
        json!({ "pattern": "x", "matching": "word", "action": "hold", "say": "hello" }),
        json!({ "pattern": "x" }),
    ] {
        moderator.post(&path, &bad).await.problem(422, "request_invalid");
    }
    moderator
        .delete(&format!("{path}/first"))
        .await
        .problem(400, "request_invalid");
}

#[tokio::test]
async fn a_list_is_replaced_and_cleared_as_a_whole() {
    let server = TestServer::start().await;
    let moderator = desk_of(&server).await;
    send(&moderator, Method::POST, "", "one\ntwo\nthree").await.ok();
    let replaced = send(&moderator, Method::PUT, "?matching=word&action=hold", "three\nfour")
        .await
        .ok();
    assert_eq!(
        (&replaced["added"], &replaced["known"], &replaced["total"]),
        (&json!(1), &json!(1), &json!(2))
    );
    let list = get(&moderator, "words").await.ok();
    assert_eq!(each(&list["rules"], "pattern"), ["three", "four"]);
    assert_eq!(each(&list["rules"], "action"), ["hold", "hold"]);
    send(&moderator, Method::PUT, "", "# nothing")
        .await
        .problem(422, "request_invalid");
    moderator
        .put(&desk("words"), &json!({ "pattern": "x" }))
        .await
        .problem(422, "request_invalid");
    let rule = json!({ "pattern": "x", "matching": "word", "action": "hold" });
    moderator
        .put(&desk("words"), &rule)
        .await
        .problem(415, "request_invalid");
    assert_eq!(get(&moderator, "words").await.ok()["total"], 2);
    assert_eq!(moderator.delete(&desk("words")).await.status, 204);
    assert_eq!(get(&moderator, "words").await.ok()["total"], 0);
    let audit = get(&moderator, "audit").await.ok();
    assert_eq!(
        each(&audit["rows"], "kind"),
        ["words_cleared", "words_replaced", "words_added"]
    );
    assert_eq!(
        each(&audit["rows"], "detail"),
        ["2 removed", "1 added, 1 known, 2 removed", "3 added"]
    );
    assert_eq!(audit["rows"][0]["by"]["nickname"], "Jo of the door");
}

#[tokio::test]
async fn the_longest_list_is_taken_and_read_page_by_page_and_a_longer_one_is_not() {
    let server = TestServer::start().await;
    let moderator = desk_of(&server).await;
    let lines: Vec<String> = (0..limits::WORD_RULES)
        .map(|number| format!("a rather long word {number}"))
        .collect();
    let taken = send(&moderator, Method::POST, "", lines.join("\n")).await.ok();
    assert_eq!(taken["added"], limits::WORD_RULES);
    send(&moderator, Method::POST, "", "one more")
        .await
        .problem(409, "list_full");
    let rule = json!({ "pattern": "one more", "matching": "word", "action": "hold" });
    moderator.post(&desk("words"), &rule).await.problem(409, "list_full");
    let more = lines.join("\n") + "\none more";
    send(&moderator, Method::PUT, "", more).await.problem(409, "list_full");

    let first = get(&moderator, "words").await.ok();
    assert_eq!(
        (first["rules"].as_array().map(Vec::len), &first["total"]),
        (Some(100), &json!(limits::WORD_RULES))
    );
    let next = first["next"].as_str().expect("more");
    let second = get(&moderator, &format!("words?after={next}")).await.ok();
    assert_eq!(second["rules"][0]["pattern"], "a rather long word 100");
    get(&moderator, "words?after=51").await.problem(400, "request_invalid");
}

#[tokio::test]
async fn a_body_that_is_no_list_is_refused() {
    let server = TestServer::start().await;
    let moderator = desk_of(&server).await;
    let path = desk("words");
    let long = "# a remark\n".repeat(400_000);
    send(&moderator, Method::POST, "", long)
        .await
        .problem(413, "request_invalid");
    let request = moderator.request(Method::POST, &path).body("scalper");
    Answer::of(request).await.problem(415, "request_invalid");
    for bad in [
        "?action=shout",
        "?matching=nowhere",
        "?seconds=0",
        "?seconds=100000",
        "?seconds=many",
    ] {
        send(&moderator, Method::POST, bad, "scalper")
            .await
            .problem(400, "request_invalid");
    }
    let say = format!("?say={}", "x".repeat(limits::REASON_SCALARS + 1));
    send(&moderator, Method::POST, &say, "scalper")
        .await
        .problem(400, "request_invalid");
    assert_eq!(get(&moderator, "words").await.ok()["total"], 0);
    moderator
        .put("/api/events/salt/nickname", &json!({ "nickname": "x".repeat(20_000) }))
        .await
        .problem(413, "request_invalid");
}
