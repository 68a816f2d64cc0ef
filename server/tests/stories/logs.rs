//! What the server says about its guests: nothing that is theirs.

use serde_json::json;

use crate::support::{Plan, SHOW, Venue};

/// A filter by somebody who wants to see everything.
const TOO_EXACT: &str = "trace,tungstenite::protocol=trace,tungstenite::protocol::frame=trace,tokio_tungstenite=trace,\
    sqlx::query=trace,tower_sessions_core::session=trace,hyper::proto::h1=trace,[answered]=trace";

#[tokio::test]
async fn no_log_however_fine_holds_what_is_a_secret() {
    for (serve, log) in [
        (&["--log-format=text"][..], "trace"),
        (&["--log-format=json"], "trace"),
        (&["--log-format=text"], TOO_EXACT),
    ] {
        tell(Plan {
            serve,
            log,
            ..Plan::default()
        })
        .await;
    }
}

async fn tell(plan: Plan) {
    let mut venue = Venue::planned(plan).await;
    let ana = venue.visitor(&venue.ticket());
    let typed = ana.ticket().to_lowercase();
    let as_typed = json!({ "ticket": typed });
    ana.call(reqwest::Method::POST, "/admission", Some(as_typed)).await;
    let first_cookie = ana.cookie().expect("a session");
    let first_token = ana.enter().await.credential.expect("a credential").token;
    ana.is_called("Quiet Wanderer").await;
    let mut line = ana.connects().await;
    line.says("a whisper in the dark").await;
    line.sends(&json!({ "type": "send", "id": "broken", "text": 3, "whisper": "half a whisper" }))
        .await;
    line.sends_text("not even json, a broken whisper").await;
    line.ending().await;
    let wrong = venue.visitor("WRONG-GUESS-0000");
    wrong.shows_ticket().await;
    let laptop = ana.other_device();
    laptop.takes_over().await;
    let second_cookie = laptop.cookie().expect("a session");
    let second_token = laptop.credential().await.token;
    ana.is_turned_away_with(&first_token).await;
    laptop.page(None, None).await;
    laptop.leaves().await;
    venue
        .command(&["ticket", "revoke", "--event", SHOW, ana.ticket()])
        .await;
    assert!(venue.stop().await.success());

    let said = venue.said();
    assert!(said.contains("answered"), "it logs finely: {said}");
    let code = ana.ticket().to_owned();
    let folded = server::auth::codes::fold(&code);
    let tag = |token: &str| token.split_once('.').expect("two parts").1.to_owned();
    let secrets = [
        ("a code", code),
        ("a code as typed", typed),
        ("a folded code", folded),
        ("a wrong code", "WRONG-GUESS".to_owned()),
        ("a cookie", first_cookie),
        ("a second cookie", second_cookie),
        ("a token's tag", tag(&first_token)),
        ("a second token's tag", tag(&second_token)),
        ("a text", "whisper".to_owned()),
        ("a nickname", "Wanderer".to_owned()),
    ];
    for (what, secret) in secrets {
        assert!(!said.contains(&secret), "{what} is in the log");
    }
}
