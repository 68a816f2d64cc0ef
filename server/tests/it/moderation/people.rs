//! The people list and the cards.

use reqwest::Method;
use serde_json::{Value, json};
use server::store::Event;
use wire::Role;

use super::{desk, each, get};
use crate::support::{Answer, Line, TestServer, Visitor, say, tell};

async fn search(moderator: &Visitor, query: &[(&str, &str)]) -> Answer {
    Answer::of(moderator.request(Method::GET, &desk("people")).query(query)).await
}

#[track_caller]
fn names(page: &Value) -> Vec<&str> {
    each(&page["people"], "nickname")
}

async fn somebody(server: &TestServer, event: &Event, nickname: &str) -> (Visitor, Value) {
    let fan = server.fan(event, nickname).await;
    let member = json!(server.member(event, &fan).await);
    (fan, member)
}

#[tokio::test]
async fn people_come_by_nickname_page_by_page_each_once() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    for name in ["Zoë", "ana", "Bo Lund", "ferry_marit", "Carla"] {
        server.fan(&event, name).await;
    }
    server.seated(&event, Role::Fan).await;
    let (mut after, mut read) = (None::<String>, Vec::new());
    loop {
        let mut query = vec![("limit", "2")];
        if let Some(after) = &after {
            query.push(("after", after.as_str()));
        }
        let page = search(&moderator, &query).await.ok();
        read.extend(names(&page).into_iter().map(str::to_owned));
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        read,
        ["ana", "Bo Lund", "Carla", "ferry_marit", "Jo of the door", "Zoë"]
    );
}

#[tokio::test]
async fn people_are_found_by_what_their_names_look_like() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    server.fan(&event, "Mаrit vom Deck").await; // Cyrillic а
    server.fan(&event, "Paypa1").await;
    server.fan(&event, "Bo Lund").await;
    server.issue(&event, Role::Artist, 1).await;
    for (typed, found) in [
        ("marit", vec!["Mаrit vom Deck"]),
        ("MARIT  VOM", vec!["Mаrit vom Deck"]),
        ("paypal", vec!["Paypa1"]),
        ("lund", vec!["Bo Lund"]),
        ("vesna", vec!["Vesna Oduya"]),
        ("nobody", vec![]),
        ("100%_", vec![]),
    ] {
        let page = search(&moderator, &[("search", typed)]).await.ok();
        assert_eq!(names(&page), found, "{typed}");
    }
    let all = search(&moderator, &[("search", "  ")]).await.ok();
    assert_eq!(names(&all).len(), 5);
}

#[tokio::test]
async fn people_are_found_by_role_and_by_state() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let (_, muted) = somebody(&server, &event, "Muted Mo").await;
    let (_, banned) = somebody(&server, &event, "Banned Bo").await;
    let (_, held) = somebody(&server, &event, "Held Hal").await;
    let (_, freed) = somebody(&server, &event, "Freed Fay").await;
    let (here, _) = somebody(&server, &event, "Ona Line").await;
    for (number, frame) in [
        json!({ "type": "mute", "member": muted, "seconds": 600 }),
        json!({ "type": "ban", "member": banned }),
        json!({ "type": "hold", "member": held, "on": true }),
        json!({ "type": "mute", "member": freed, "seconds": 600 }),
        json!({ "type": "mute", "member": freed, "seconds": 0 }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut frame = frame;
        frame["id"] = json!(number.to_string());
        assert_eq!(tell(&moderator, "salt", &frame).await["type"], "ack", "{frame}");
    }
    let open = Line::open(&here, "salt").await;
    for (query, found) in [
        (("state", "muted"), vec!["Muted Mo"]),
        (("state", "banned"), vec!["Banned Bo"]),
        (("state", "held"), vec!["Held Hal"]),
        (("role", "moderator"), vec!["Jo of the door"]),
    ] {
        let page = search(&moderator, &[query]).await.ok();
        assert_eq!(names(&page), found, "{query:?}");
    }
    let online = search(&moderator, &[("state", "online"), ("role", "fan")]).await.ok();
    assert_eq!(names(&online), ["Ona Line"]);
    assert_eq!(online["people"][0]["online"], true);
    drop(open);
    let page = search(&moderator, &[("search", "mo")]).await.ok();
    let person = &page["people"][0];
    assert!(person["muted_until"].as_u64() > Some(server::clock::now()));
    assert_eq!((&person["banned"], &person["held"]), (&json!(false), &json!(false)));
    let both = search(&moderator, &[("state", "banned"), ("search", "muted")])
        .await
        .ok();
    assert_eq!(names(&both), Vec::<&str>::new());
}

#[tokio::test]
async fn what_cannot_be_asked_of_the_people_is_said_to_be_so() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let long = "x".repeat(wire::limits::NICKNAME_BYTES + 1);
    for query in [
        ("role", "king"),
        ("state", "asleep"),
        ("limit", "0"),
        ("limit", "many"),
        ("after", "51"),
        ("after", ""),
        ("search", long.as_str()),
    ] {
        search(&moderator, &[query]).await.problem(400, "request_invalid");
    }
    let many = search(&moderator, &[("limit", "1000")]).await.ok();
    assert_eq!(names(&many), ["Jo of the door"]);
}

#[tokio::test]
async fn a_card_tells_what_moderators_must_know() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let began = server::clock::now();
    let (fan, member) = somebody(&server, &event, "Marit").await;
    fan.call_me("salt", "ferry_marit").await.ok();
    let seq = say(&fan, "salt", "hello").await;
    let reporter = server.fan(&event, "Ana").await;
    tell(
        &reporter,
        "salt",
        &json!({ "type": "report", "id": "r", "target": seq }),
    )
    .await;
    let path = format!("members/{}", member.as_str().expect("an id"));
    let card = get(&moderator, &path).await.ok();
    assert_eq!(
        (&card["member"], &card["nickname"], &card["role"]),
        (&member, &json!("ferry_marit"), &json!("fan"))
    );
    assert_eq!(card["earlier"], json!(["Marit"]));
    assert_eq!(
        (&card["messages"], &card["reports"], &card["waiting"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(card["seated_since"].as_u64() >= Some(began));
    fan.leave("salt").await.ok();
    assert_eq!(get(&moderator, &path).await.ok()["seated_since"], json!(null));

    let other = server.event("pepper").await;
    let elsewhere = server.fan(&other, "Marit").await;
    let elsewhere = server.member(&other, &elsewhere).await;
    get(&moderator, &format!("members/{elsewhere}"))
        .await
        .problem(404, "member_unknown");
}
