//! Reports, held messages, and what one member has said.

use serde_json::json;
use wire::Role;

use super::{each, get};
use crate::support::{TestServer, Visitor, say, tell};

async fn done(visitor: &Visitor, frame: serde_json::Value) {
    let answer = tell(visitor, "salt", &frame).await;
    assert_eq!(answer["type"], "ack", "{answer}");
}

#[tokio::test]
async fn open_cases_come_most_reported_first_with_their_reasons() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let author = server.fan(&event, "Marit").await;
    let texts = ["one", "two", "three"];
    let mut seqs = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let frame = json!({ "type": "send", "id": format!("m{number}"), "text": text });
        seqs.push(tell(&author, "salt", &frame).await["seq"].as_u64().expect("a place"));
    }
    for (number, reasons) in [vec!["spam", "spam", "rude"], vec!["rude"], vec![]].iter().enumerate() {
        for (place, reason) in reasons.iter().enumerate() {
            let reporter = server.fan(&event, &format!("reporter {number} {place}")).await;
            done(
                &reporter,
                json!({ "type": "report", "id": "r", "target": seqs[number], "reason": reason }),
            )
            .await;
        }
    }
    let list = get(&moderator, "reports").await.ok();
    assert_eq!(list["open"], 2);
    let cases = list["cases"].as_array().expect("cases");
    assert_eq!((&cases[0]["count"], &cases[1]["count"]), (&json!(3), &json!(1)));
    assert_eq!(
        cases[0]["reasons"],
        json!([{ "reason": "spam", "count": 2 }, { "reason": "rude", "count": 1 }])
    );
    assert_eq!(
        (&cases[0]["message"]["text"], &cases[0]["open"]),
        (&json!("one"), &json!(true))
    );
    assert!(!list.to_string().contains("reporter 0"), "no reporter is named");

    let member = server.member(&event, &author).await;
    done(&moderator, json!({ "type": "rename", "id": "n", "member": member })).await;
    let renamed = get(&moderator, "reports").await.ok();
    assert_ne!(renamed["cases"][0]["message"]["nickname"], "Marit", "the name of today");
}

#[tokio::test]
async fn what_is_dismissed_or_not_visible_is_no_open_case_and_comes_back() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let (author, reporter) = (server.fan(&event, "Marit").await, server.fan(&event, "Ana").await);
    let member = server.member(&event, &author).await;
    let seq = say(&author, "salt", "who wants a ticket").await;
    done(&reporter, json!({ "type": "report", "id": "r", "target": seq })).await;
    let open = async || get(&moderator, "reports").await.ok()["open"].as_u64().expect("a count");
    assert_eq!(open().await, 1);
    let pairs = [
        (
            json!({ "type": "dismiss", "target": seq }),
            json!({ "type": "reopen", "target": seq }),
        ),
        (
            json!({ "type": "hide", "target": seq }),
            json!({ "type": "unhide", "target": seq }),
        ),
        (
            json!({ "type": "ban", "member": member }),
            json!({ "type": "unban", "member": member }),
        ),
    ];
    for (number, (act, undo)) in pairs.into_iter().enumerate() {
        for (place, (mut frame, left)) in [(act, 0), (undo, 1)].into_iter().enumerate() {
            frame["id"] = json!(format!("a{number}{place}"));
            done(&moderator, frame.clone()).await;
            assert_eq!(open().await, left, "{frame}");
        }
    }
    let clear = json!({ "type": "clear", "id": "c", "member": member, "seconds": 600 });
    let cleared = tell(&moderator, "salt", &clear).await["seq"].clone();
    assert_eq!(open().await, 0);
    done(&moderator, json!({ "type": "unclear", "id": "u", "target": cleared })).await;
    assert_eq!(open().await, 1);
}

#[tokio::test]
async fn what_is_held_waits_in_order_until_somebody_decides() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let author = server.fan(&event, "Marit").await;
    let member = server.member(&event, &author).await;
    done(
        &moderator,
        json!({ "type": "hold", "id": "h", "member": member, "on": true }),
    )
    .await;
    for number in 1..=3 {
        let frame = json!({ "type": "send", "id": format!("m{number}"), "text": format!("message {number}") });
        assert_eq!(tell(&author, "salt", &frame).await["type"], "held");
    }
    let list = get(&moderator, "held").await.ok();
    assert_eq!(list["waiting"], 3);
    assert_eq!(each(&list["held"], "text"), ["message 1", "message 2", "message 3"]);
    let first = &list["held"][0];
    assert_eq!(
        (&first["nickname"], &first["state"], &first["member"]),
        (&json!("Marit"), &json!("waiting"), &json!(member))
    );
    done(
        &moderator,
        json!({ "type": "approve", "id": "a", "held": first["held"] }),
    )
    .await;
    done(
        &moderator,
        json!({ "type": "drop", "id": "d", "held": list["held"][1]["held"] }),
    )
    .await;
    let list = get(&moderator, "held").await.ok();
    assert_eq!(
        (each(&list["held"], "text"), &list["waiting"]),
        (vec!["message 3"], &json!(1))
    );
    let card = get(&moderator, &format!("members/{member}")).await.ok();
    assert_eq!((&card["waiting"], &card["messages"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_members_messages_come_page_by_page_also_those_that_fans_do_not_see() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let (author, other) = (server.fan(&event, "Marit").await, server.fan(&event, "Ana").await);
    let member = server.member(&event, &author).await;
    for number in 1..=3 {
        let frame = json!({ "type": "send", "id": format!("m{number}"), "text": format!("message {number}") });
        tell(&author, "salt", &frame).await;
        tell(&other, "salt", &frame).await;
    }
    let path = |more: &str| format!("members/{member}/messages?limit=2{more}");
    let newest = get(&moderator, &path("")).await.ok();
    assert_eq!(each(&newest["messages"], "text"), ["message 2", "message 3"]);
    assert!(
        newest["messages"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|message| message["member"] == json!(member))
    );
    done(
        &moderator,
        json!({ "type": "hide", "id": "h", "target": newest["messages"][1]["seq"] }),
    )
    .await;
    let hidden = get(&moderator, &path("")).await.ok();
    assert_eq!(
        (&hidden["messages"][1]["text"], &hidden["messages"][1]["hidden"]),
        (&json!("message 3"), &json!(true))
    );
    let next = hidden["next"].as_str().expect("more");
    let oldest = get(&moderator, &path(&format!("&before={next}"))).await.ok();
    assert_eq!(
        (each(&oldest["messages"], "text"), &oldest["next"]),
        (vec!["message 1"], &json!(null))
    );
    for bad in ["&before=51", "&before="] {
        get(&moderator, &path(bad)).await.problem(400, "request_invalid");
    }
    let bad = format!("members/{member}/messages?limit=0");
    get(&moderator, &bad).await.problem(400, "request_invalid");
    let silent = server.seated(&event, Role::Fan).await;
    let silent = server.member(&event, &silent).await;
    let nothing = get(&moderator, &format!("members/{silent}/messages")).await.ok();
    assert_eq!((&nothing["messages"], &nothing["next"]), (&json!([]), &json!(null)));
}
