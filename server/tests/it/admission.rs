//! `/api/events/{event}/admission`: a ticket at the gate, one device a ticket, leaving.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::json;
use server::auth::codes;
use server::clock;
use server::config::Config;
use server::store::{Admitted, Claim, Event, Lease, NewEvent};
use wire::Role;

use crate::support::{Answer, HOUR, TestServer, Visitor, config, open_now};

async fn epoch(server: &TestServer, event: &Event, visitor: &Visitor) -> i64 {
    let member = server.member(event, visitor).await;
    server
        .store()
        .standing(&member)
        .await
        .expect("reads")
        .expect("a member")
        .epoch
}

/// The lease of the ticket with this code.
async fn held(server: &TestServer, event: &Event, code: &str) -> Lease {
    let hash = server.process().state().secrets.hash_code(event.id, &codes::fold(code));
    let ticket = server
        .store()
        .ticket_by_code(event.id, &hash)
        .await
        .expect("reads")
        .expect("a ticket")
        .id;
    let seating = server.store().seating(ticket).await.expect("reads").expect("a ticket");
    Lease {
        ticket,
        epoch: seating.epoch,
    }
}

/// Shows a code that opens nothing.
async fn guess(guesser: &Visitor) -> Answer {
    guesser.admit("salt", "WRONG-WRONG-WRON").await
}

#[tokio::test]
async fn a_right_code_opens_the_event() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let answer = server.visitor().admit("salt", &code).await.ok();
    assert_eq!(answer["role"], "fan");
    assert_eq!(answer["nickname"], json!(null));
    assert_eq!(answer["chat"], "ready");
    assert_eq!(answer["stream"], "https://cdn.example.org/live.m3u8");
    assert!(
        answer["member"]
            .as_str()
            .is_some_and(|member| member.len() == 26 && !code.contains(member))
    );
    assert_eq!(answer["credential"]["socket"], "/api/events/salt/socket");
}

#[tokio::test]
async fn every_way_to_type_a_code_opens_the_event() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let visitor = server.visitor();
    for typed in [
        code.to_lowercase(),
        code.replace('-', ""),
        code.replace('-', " – "),
        format!("  {code}\n"),
        code.replace('0', "o").replace('1', "l"),
        code.replace('0', "O").replace('1', "I"),
    ] {
        visitor.admit("salt", &typed).await.ok();
    }
}

#[tokio::test]
async fn every_code_that_does_not_open_this_event_gets_the_same_answer() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let other = server.event("pepper").await;
    let elsewhere = server.issue_one(&other).await;
    let revoked = server.issue_one(&event).await;
    server.revoke(&event, &revoked).await;
    let mut answers = Vec::new();
    for code in [
        elsewhere.as_str(),
        &revoked,
        "K7QF2-M0P9T-1VXX",
        "",
        "----",
        "ünïcödé",
        &"x".repeat(5_000),
    ] {
        answers.push(
            server
                .visitor()
                .admit("salt", code)
                .await
                .problem(401, "ticket_unknown"),
        );
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    server.visitor().admit("pepper", &elsewhere).await.ok();
}

#[tokio::test]
async fn an_event_that_is_not_there_is_said_to_be_unknown() {
    let server = TestServer::start().await;
    server
        .visitor()
        .admit("nowhere", "K7QF2-M0P9T-1VXX")
        .await
        .problem(404, "event_unknown");
    server
        .visitor()
        .admit("%2e%2e%2f", "K7QF2-M0P9T-1VXX")
        .await
        .problem(404, "event_unknown");
}

#[tokio::test]
async fn too_many_wrong_codes_have_to_wait_and_a_right_one_never_does() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let guesser = server.visitor();
    for _ in 0..10 {
        guess(&guesser).await.problem(401, "ticket_unknown");
    }
    let wait = guess(&guesser).await.problem(429, "too_many_tries");
    assert!(
        wait["retry_after_ms"]
            .as_u64()
            .is_some_and(|wait| (1..=1_000).contains(&wait)),
        "{wait}"
    );
    server.visitor().admit("salt", &code).await.ok();
}

#[tokio::test]
async fn wrong_codes_are_counted_by_the_address_behind_a_trusted_proxy() {
    let trusting = Config {
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        ..config()
    };
    let server = TestServer::start_with(trusting).await;
    server.event("salt").await;
    let from = |address: &str| server.visitor().with_header("x-forwarded-for", address);
    for _ in 0..10 {
        guess(&from("203.0.113.7")).await.problem(401, "ticket_unknown");
    }
    guess(&from("203.0.113.7")).await.problem(429, "too_many_tries");
    guess(&from("203.0.113.8")).await.problem(401, "ticket_unknown");
}

#[tokio::test]
async fn what_an_untrusted_client_says_of_its_address_counts_for_nothing() {
    let server = TestServer::start().await;
    server.event("salt").await;
    for number in 0..10 {
        let guesser = server
            .visitor()
            .with_header("x-forwarded-for", &format!("203.0.113.{number}"));
        guess(&guesser).await.problem(401, "ticket_unknown");
    }
    guess(&server.visitor()).await.problem(429, "too_many_tries");
}

#[tokio::test]
async fn before_the_doors_a_right_code_is_told_when_they_open() {
    let server = TestServer::start().await;
    let doors_at = clock::now() + HOUR;
    let tonight = NewEvent {
        doors_at,
        starts_at: doors_at + HOUR,
        ..open_now("salt")
    };
    let event = server.announce(tonight).await;
    let code = server.issue_one(&event).await;
    let visitor = server.visitor();
    let answer = visitor.admit("salt", &code).await.problem(403, "not_open");
    assert_eq!(answer["opens_at"], doors_at);
    guess(&visitor).await.problem(401, "ticket_unknown");
    visitor.who_am_i("salt").await.problem(401, "lease_lost");
}

#[tokio::test]
async fn after_the_end_a_right_code_is_told_that_the_show_is_over() {
    let server = TestServer::start().await;
    let now = clock::now();
    let gone = NewEvent {
        starts_at: now - HOUR / 2,
        ends_at: Some(now - 1),
        ..open_now("salt")
    };
    let event = server.announce(gone).await;
    let code = server.issue_one(&event).await;
    server.visitor().admit("salt", &code).await.problem(403, "event_over");
}

#[tokio::test]
async fn who_sits_there_when_the_event_ends_is_told_so() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let fan = server.seated(&event, Role::Fan).await;
    server.store().end_event(event.id, clock::now()).await.expect("ends");
    fan.who_am_i("salt").await.problem(403, "event_over");
    fan.credentials("salt").await.problem(403, "event_over");
}

#[tokio::test]
async fn who_sits_there_when_the_ticket_is_revoked_is_told_so() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let fan = server.visitor();
    fan.admit("salt", &code).await.ok();
    server.revoke(&event, &code).await;
    fan.who_am_i("salt").await.problem(403, "ticket_revoked");
    fan.credentials("salt").await.problem(403, "ticket_revoked");
    fan.admit("salt", &code).await.problem(401, "ticket_unknown");
}

#[tokio::test]
async fn a_second_device_is_told_that_the_ticket_is_in_use() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let before = clock::now();
    let (phone, laptop) = (server.visitor(), server.visitor());
    phone.admit("salt", &code).await.ok();
    let answer = laptop.admit("salt", &code).await.problem(409, "ticket_in_use");
    let last_seen = answer["last_seen"].as_u64().expect("a time");
    assert!((before..=clock::now()).contains(&last_seen));
    laptop.who_am_i("salt").await.problem(401, "lease_lost");
    phone.who_am_i("salt").await.ok();
}

#[tokio::test]
async fn a_takeover_moves_the_seat_and_the_loser_cannot_come_back_without_the_code() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let (phone, laptop) = (server.visitor(), server.visitor());
    let first = phone.admit("salt", &code).await.ok();
    phone.call_me("salt", "Marit").await.ok();
    let second = laptop.take_over("salt", &code).await.ok();
    assert_eq!(first["member"], second["member"]);
    assert_eq!(second["nickname"], "Marit");
    assert_eq!(epoch(&server, &event, &laptop).await, 2);

    phone.who_am_i("salt").await.problem(401, "lease_lost");
    phone.credentials("salt").await.problem(401, "lease_lost");
    phone.try_nickname("salt", "Marta").await.problem(401, "lease_lost");
    phone.call_me("salt", "Marta").await.problem(401, "lease_lost");
    phone.get("/api/events/salt/messages").await.problem(401, "lease_lost");
    phone.leave("salt").await.problem(401, "lease_lost");
    laptop.who_am_i("salt").await.ok();
    phone.admit("salt", &code).await.problem(409, "ticket_in_use");
}

#[tokio::test]
async fn after_three_takeovers_the_holder_stays_and_the_wait_doubles() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    server.visitor().admit("salt", &code).await.ok();
    for _ in 0..2 {
        server.visitor().take_over("salt", &code).await.ok();
    }
    let holder = server.visitor();
    holder.take_over("salt", &code).await.ok();

    let wait = async || {
        let answer = server
            .visitor()
            .take_over("salt", &code)
            .await
            .problem(429, "too_many_tries");
        answer["retry_after_ms"].as_u64().expect("a wait")
    };
    let (first, second) = (wait().await, wait().await);
    assert!(second > first + first / 2, "{first} then {second}");
    holder.who_am_i("salt").await.ok();
    holder.take_over("salt", &code).await.ok();
    assert_eq!(epoch(&server, &event, &holder).await, 4);
}

#[tokio::test]
async fn the_holder_shows_the_ticket_again_and_keeps_the_same_lease() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let fan = server.visitor();
    fan.admit("salt", &code).await.ok();
    fan.admit("salt", &code).await.ok();
    fan.take_over("salt", &code).await.ok();
    assert_eq!(epoch(&server, &event, &fan).await, 1);
}

#[tokio::test]
async fn who_leaves_frees_the_seat() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let (phone, laptop) = (server.visitor(), server.visitor());
    phone.admit("salt", &code).await.ok();
    let left = phone.leave("salt").await;
    assert_eq!(left.status, 204);
    phone.who_am_i("salt").await.problem(401, "lease_lost");
    phone.leave("salt").await.problem(401, "lease_lost");
    laptop.admit("salt", &code).await.ok();
    assert_eq!(
        epoch(&server, &event, &laptop).await,
        2,
        "a freed lease is never the old one again"
    );
}

#[tokio::test]
async fn who_comes_in_with_another_ticket_leaves_the_first_seat() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let codes = server.issue(&event, Role::Fan, 2).await;
    let fan = server.visitor();
    let first = fan.admit("salt", &codes[0]).await.ok();
    let second = fan.admit("salt", &codes[1]).await.ok();
    assert_ne!(first["member"], second["member"]);
    server.visitor().admit("salt", &codes[0]).await.ok();
}

#[tokio::test]
async fn one_session_sits_in_several_events() {
    let server = TestServer::start().await;
    let (salt, pepper) = (server.event("salt").await, server.event("pepper").await);
    let fan = server.visitor();
    fan.admit("salt", &server.issue_one(&salt).await).await.ok();
    fan.admit("pepper", &server.issue_one(&pepper).await).await.ok();
    fan.who_am_i("salt").await.ok();
    fan.leave("salt").await;
    fan.who_am_i("pepper").await.ok();
    fan.who_am_i("salt").await.problem(401, "lease_lost");
}

#[tokio::test]
async fn a_fan_whose_account_is_not_made_yet_watches_the_stream() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.sell(&event, Role::Fan, 1).await.concat();
    let fan = server.visitor();
    let answer = fan.admit("salt", &code).await.ok();
    assert_eq!(
        (&answer["chat"], &answer["member"], &answer["credential"]),
        (&json!("preparing"), &json!(null), &json!(null))
    );
    assert!(answer["stream"].is_string());
    fan.credentials("salt").await.problem(503, "chat_preparing");
    fan.call_me("salt", "Marit").await.problem(503, "chat_preparing");
    fan.try_nickname("salt", "Marit").await.ok();
    server
        .visitor()
        .admit("salt", &code)
        .await
        .problem(409, "ticket_in_use");

    server.provision().await;
    let ready = fan.who_am_i("salt").await.ok();
    assert_eq!(ready["chat"], "ready");
    fan.credentials("salt").await.ok();
}

#[tokio::test]
async fn an_event_without_a_chat_is_a_stream_behind_a_ticket() {
    let server = TestServer::start().await;
    let event = server
        .announce(NewEvent {
            chat: false,
            ..open_now("salt")
        })
        .await;
    let code = server.issue_one(&event).await;
    let fan = server.visitor();
    let answer = fan.admit("salt", &code).await.ok();
    assert_eq!((&answer["chat"], &answer["credential"]), (&json!("off"), &json!(null)));
    assert!(answer["stream"].is_string());
    fan.credentials("salt").await.problem(403, "chat_off");
    fan.call_me("salt", "Marit").await.problem(403, "chat_off");
    fan.try_nickname("salt", "Marit").await.problem(403, "chat_off");
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let answer = server.visitor().admit("salt", &server.issue_one(&event).await).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("frontrow="), "{cookie}");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_bound_to_the_host() {
    let mut https = config();
    https.origins.public = server::config::public_url("https://live.example.org").ok();
    let server = TestServer::start_with(https).await;
    let event = server.event("salt").await;
    let answer = server.visitor().admit("salt", &server.issue_one(&event).await).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-frontrow="), "{cookie}");
    for flag in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn a_session_gets_a_new_id_at_every_sign_in_and_visitors_get_none() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let codes = server.issue(&event, Role::Fan, 2).await;
    let fan = server.visitor();
    for answer in [
        fan.get("/api/events/salt").await,
        fan.who_am_i("salt").await,
        fan.admit("salt", "WRONG-WRONG").await,
    ] {
        assert_eq!(answer.header("set-cookie"), "");
    }
    let first = fan.admit("salt", &codes[0]).await.header("set-cookie").to_owned();
    let second = fan.admit("salt", &codes[1]).await.header("set-cookie").to_owned();
    let id = |cookie: &str| cookie.split(';').next().expect("an id").to_owned();
    assert_ne!(id(&first), id(&second));
    let stale = server.visitor().with_header("cookie", &id(&first));
    stale.who_am_i("salt").await.problem(401, "lease_lost");
}

#[tokio::test]
async fn a_cookie_of_nonsense_is_no_session() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    for cookie in [
        "frontrow=",
        "frontrow=nonsense",
        "frontrow=AAAAAAAAAAAAAAAAAAAAAA",
        "frontrow=%00; frontrow=x",
    ] {
        let visitor = server.visitor().with_header("cookie", cookie);
        visitor.who_am_i("salt").await.problem(401, "lease_lost");
        visitor.take_over("salt", &code).await.ok();
        visitor.credentials("salt").await.problem(401, "lease_lost");
        server
            .visitor()
            .take_over("salt", "WRONG")
            .await
            .problem(401, "ticket_unknown");
        server
            .store()
            .leave(held(&server, &event, &code).await, clock::now())
            .await
            .expect("frees it");
    }
}

#[tokio::test]
async fn seats_and_sessions_outlive_a_restart() {
    let mut server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let fan = server.visitor();
    fan.admit("salt", &code).await.ok();
    server.restart().await;
    fan.who_am_i("salt").await.ok();
    server
        .visitor()
        .admit("salt", &code)
        .await
        .problem(409, "ticket_in_use");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let visitor = server.visitor();
    let send = async |kind: &str, body: String| {
        let request = visitor
            .request(Method::POST, "/api/events/salt/admission")
            .header("content-type", kind)
            .body(body);
        Answer::of(request).await
    };
    send("application/json", "{".to_owned())
        .await
        .problem(400, "request_invalid");
    send("application/json", String::new())
        .await
        .problem(400, "request_invalid");
    send("application/json", json!({}).to_string())
        .await
        .problem(422, "request_invalid");
    send("application/json", json!([code]).to_string())
        .await
        .problem(422, "request_invalid");
    send("application/json", json!({ "ticket": 5 }).to_string())
        .await
        .problem(422, "request_invalid");
    send(
        "application/json",
        json!({ "ticket": code, "takeover": "yes" }).to_string(),
    )
    .await
    .problem(422, "request_invalid");
    send("text/plain", json!({ "ticket": code }).to_string())
        .await
        .problem(415, "request_invalid");
    send("application/json", json!({ "ticket": "x".repeat(20_000) }).to_string())
        .await
        .problem(413, "request_invalid");
    visitor.who_am_i("salt").await.problem(401, "lease_lost");
}

/// Any interleaving of admissions, takeovers and leaves by a handful of sessions, against the database.
#[test]
fn never_do_two_sessions_hold_a_lease() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(TestServer::start());
    let event = runtime.block_on(server.event("salt"));
    let acts = prop::collection::vec((0..3_usize, 0..3_u8, 0..200_000_u64), 1..25);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
    let result = runner.run(&acts, |acts| {
        runtime.block_on(play(&server, &event, acts))?;
        Ok(())
    });
    result.expect("one holder at most");
    runtime.block_on(async { drop(server) });
}

async fn play(server: &TestServer, event: &Event, acts: Vec<(usize, u8, u64)>) -> Result<(), TestCaseError> {
    let code = server.issue_one(event).await;
    let hash = server
        .process()
        .state()
        .secrets
        .hash_code(event.id, &server::auth::codes::fold(&code));
    let ticket = server
        .store()
        .ticket_by_code(event.id, &hash)
        .await
        .expect("reads")
        .expect("a ticket")
        .id;
    let mut sessions: [Option<Lease>; 3] = [None; 3];
    let mut now = clock::now();
    let mut highest = 0;
    for (who, act, later) in acts {
        now += later;
        let had = sessions[who];
        if act == 2 {
            if let Some(lease) = had {
                server.store().leave(lease, now).await.expect("leaves");
            }
        } else {
            let claim = Claim {
                event: event.id,
                code: hash,
                had,
                takeover: act == 1,
            };
            match server.store().admit(claim, None, now).await.expect("answers") {
                Admitted::Kept(seat) => prop_assert_eq!(Some(seat.lease), had),
                Admitted::Taken(seat) | Admitted::TakenOver(seat) => {
                    let lease = seat.lease;
                    prop_assert!(lease.epoch > highest);
                    highest = lease.epoch;
                    sessions[who] = Some(lease);
                }
                Admitted::InUse { .. } | Admitted::Wait { .. } => {}
                Admitted::Closed(_) | Admitted::Unknown => prop_assert!(false, "a right code and open doors"),
            }
        }
        let seating = server.store().seating(ticket).await.expect("reads").expect("a ticket");
        let with_authority = sessions
            .iter()
            .flatten()
            .filter(|lease| seating.held && lease.epoch == seating.epoch)
            .count();
        prop_assert!(with_authority <= 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_devices_that_come_at_once_one_gets_the_seat() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let code = server.issue_one(&event).await;
    let devices: Vec<Visitor> = (0..12).map(|_| server.visitor()).collect();
    let answers = futures_util::future::join_all(devices.iter().map(|device| device.admit("salt", &code))).await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(admitted, 1);
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != 200)
            .all(|answer| answer.body["code"] == "ticket_in_use")
    );
}
