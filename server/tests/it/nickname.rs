//! `/api/events/{event}/nickname`: unique to the eye, free until claimed.

use futures_util::future::join_all;
use serde_json::json;
use wire::Role;

use crate::support::{TestServer, say};

#[tokio::test]
async fn a_free_name_is_free_until_somebody_takes_it() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let marit = server.seated(&event, Role::Fan).await;
    let other = server.seated(&event, Role::Fan).await;
    for fan in [&marit, &other] {
        assert_eq!(
            fan.try_nickname("salt", "Marit").await.ok(),
            json!({ "free": true, "suggestions": [] })
        );
    }
    assert_eq!(
        marit.call_me("salt", "  Marit ").await.ok(),
        json!({ "nickname": "Marit" })
    );
    assert_eq!(marit.who_am_i("salt").await.ok()["nickname"], "Marit");
    assert_eq!(
        marit.try_nickname("salt", "Marit").await.ok()["free"],
        true,
        "it is hers"
    );

    let answer = other.try_nickname("salt", "Marit").await.ok();
    assert_eq!((&answer["free"], &answer["reason"]), (&json!(false), &json!("taken")));
    let problem = other.call_me("salt", "Marit").await.problem(409, "nickname_taken");
    for suggestions in [&answer["suggestions"], &problem["suggestions"]] {
        let suggestions = suggestions.as_array().expect("a list");
        assert_eq!(suggestions.len(), 3);
        for name in suggestions {
            assert_eq!(
                other.try_nickname("salt", name.as_str().expect("a name")).await.ok()["free"],
                true,
                "{name}"
            );
        }
    }
    other.who_am_i("salt").await.ok();
}

#[tokio::test]
async fn names_that_look_like_somebody_elses_are_taken() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    server.fan(&event, "Marit vom Deck").await;
    let other = server.seated(&event, Role::Fan).await;
    for name in [
        "marit vom deck",
        "MARIT VOM DECK",
        "Mаrit vom Deck",
        "Marit  vom Deck",
        "Ｍarit vom Deck",
        "Marit vorn Deck",
    ] {
        let answer = other.try_nickname("salt", name).await.ok();
        assert_eq!(answer["reason"], "taken", "{name}");
        other.call_me("salt", name).await.problem(409, "nickname_taken");
    }
}

#[tokio::test]
async fn nobody_looks_like_the_artist_or_the_crew() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    let moderator = server.seated(&event, Role::Moderator).await;
    for (name, reason) in [
        ("vesna 0duya", "artist"),
        ("VESNA ODUYA", "artist"),
        ("Moderator", "reserved"),
        ("frontrοw", "reserved"),
    ] {
        for visitor in [&fan, &moderator] {
            let problem = visitor.call_me("salt", name).await.problem(409, "nickname_taken");
            assert_eq!(problem["reason"], reason, "{name}");
            assert_eq!(
                visitor.try_nickname("salt", name).await.ok()["reason"],
                reason,
                "{name}"
            );
        }
    }
    moderator.call_me("salt", "Jo of the door").await.ok();
}

#[tokio::test]
async fn the_artist_carries_the_artists_name() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue(&event, Role::Artist, 1).await.concat();
    let artist = server.visitor();
    let admission = artist.admit("salt", &code).await.ok();
    assert_eq!(
        (&admission["role"], &admission["nickname"]),
        (&json!("artist"), &json!("Vesna Oduya"))
    );
    artist.call_me("salt", "Somebody").await.problem(409, "nickname_fixed");
}

#[tokio::test]
async fn names_that_break_a_rule_are_refused_with_the_reason() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    for (name, reason) in [
        ("", "too_short"),
        ("a", "too_short"),
        (" \u{200b} ", "too_short"),
        (&"x".repeat(25), "too_long"),
        (&"👩‍👩‍👧‍👦".repeat(8), "too_long"),
    ] {
        let problem = fan.call_me("salt", name).await.problem(422, "nickname_invalid");
        assert_eq!(problem["reason"], reason, "{name:?}");
        let answer = fan.try_nickname("salt", name).await.ok();
        assert_eq!(
            (&answer["free"], &answer["reason"]),
            (&json!(false), &json!(reason)),
            "{name:?}"
        );
        assert_eq!(answer["suggestions"].as_array().map(Vec::len), Some(3));
    }
    fan.get("/api/events/salt/nickname")
        .await
        .problem(400, "request_invalid");
    fan.put("/api/events/salt/nickname", &json!({ "name": "Marit" }))
        .await
        .problem(422, "request_invalid");
}

#[tokio::test]
async fn a_freed_name_stays_reserved_for_who_had_it() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.fan(&event, "Marit").await;
    fan.call_me("salt", "ferry_marit").await.ok();
    let other = server.seated(&event, Role::Fan).await;
    other.call_me("salt", "Marit").await.problem(409, "nickname_taken");
    fan.call_me("salt", "Marit").await.ok();
}

#[tokio::test]
async fn nobody_collects_names() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    let mut given = 0;
    for number in 0..40 {
        let answer = fan.call_me("salt", &format!("collector {number}")).await;
        if answer.status == 200 {
            given += 1;
        } else {
            answer.problem(409, "nickname_fixed");
        }
    }
    assert!((5..=20).contains(&given), "{given}");
}

#[tokio::test]
async fn a_name_stays_once_its_member_has_spoken() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.fan(&event, "Marit").await;
    say(&fan, "salt", "is this the queue for the ferry").await;
    fan.call_me("salt", "ferry_marit").await.problem(409, "nickname_fixed");
    assert_eq!(fan.call_me("salt", "Marit").await.ok()["nickname"], "Marit");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let codes = server.issue(&event, Role::Fan, 10).await;
    let fans = join_all(codes.iter().map(async |code| {
        let fan = server.visitor();
        fan.admit("salt", code).await.ok();
        fan
    }));
    let fans = fans.await;
    let spellings = ["Marit", "marit", "MARIT", "Mаrit", "Marіt"];
    let wishes = fans
        .iter()
        .enumerate()
        .map(|(number, fan)| fan.call_me("salt", spellings[number % spellings.len()]));
    let answers = join_all(wishes).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != 200)
            .all(|answer| answer.body["code"] == "nickname_taken")
    );
}
