//! The audit log, page by page and as a file.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{desk, each, get};
use crate::support::{Answer, TestServer, Visitor, tell};

async fn note(moderator: &Visitor, member: &Value, number: u32, text: &str) {
    let frame = json!({ "type": "note", "id": format!("n{number}"), "member": member, "text": text });
    assert_eq!(tell(moderator, "salt", &frame).await["type"], "ack");
}

async fn add_word(moderator: &Visitor, word: &str) {
    let request = moderator
        .request(Method::POST, &desk("words"))
        .header(CONTENT_TYPE, "text/plain");
    Answer::of(request.body(word.to_owned())).await.ok();
}

#[tokio::test]
async fn lines_come_newest_first_page_by_page() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    for number in 1..=5 {
        add_word(&moderator, &format!("word {number}")).await;
    }
    let (mut before, mut read) = (String::new(), Vec::new());
    loop {
        let page = get(&moderator, &format!("audit?limit=2{before}")).await.ok();
        read.extend(each(&page["rows"], "detail").into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(read, ["word 5", "word 4", "word 3", "word 2", "word 1"]);
}

#[tokio::test]
async fn lines_are_found_by_kind_by_whom_and_by_when() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let (jo, kim) = (
        server.moderator(&event, "Jo of the door").await,
        server.moderator(&event, "Kim").await,
    );
    let (marit, ana) = (server.fan(&event, "Marit").await, server.fan(&event, "Ana").await);
    let marit = json!(server.member(&event, &marit).await);
    let anas = json!(server.member(&event, &ana).await);
    note(&jo, &marit, 1, "first").await;
    let between = server::clock::now() + 1;
    while server::clock::now() <= between {
        tokio::task::yield_now().await;
    }
    note(&kim, &anas, 2, "second").await;
    server.change_role(&event, &ana, wire::Role::Moderator).await;

    let found = async |query: String| {
        let page = get(&jo, &format!("audit?{query}")).await.ok();
        each(&page["rows"], "detail")
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let kims = server.member(&event, &kim).await;
    let (marit, anas) = (marit.as_str().expect("an id"), anas.as_str().expect("an id"));
    assert_eq!(found("kind=note".into()).await, ["second", "first"]);
    assert_eq!(found(format!("member={marit}")).await, ["first"]);
    assert_eq!(found(format!("member={anas}")).await, ["fan to moderator", "second"]);
    assert_eq!(found(format!("by={kims}")).await, ["second"]);
    assert_eq!(found("by=house".into()).await, ["fan to moderator"]);
    assert_eq!(found(format!("kind=note&since={between}")).await, ["second"]);
    assert_eq!(found(format!("kind=note&until={between}")).await, ["first"]);
    assert_eq!(
        found(format!("kind=note&by={kims}&member={marit}")).await,
        Vec::<String>::new()
    );
    let page = get(&jo, "audit?kind=note").await.ok();
    assert_eq!(page["rows"][0]["by"], json!({ "member": kims, "nickname": "Kim" }));
    assert_eq!(page["rows"][0]["about"], json!({ "member": anas, "nickname": "Ana" }));
    for bad in [
        "since=yesterday",
        "until=-1",
        "limit=0",
        "before=51",
        "format=xml",
        "format=csv&limit=5",
        "format=json&before=AAAAAAAAAAE",
    ] {
        get(&jo, &format!("audit?{bad}")).await.problem(400, "request_invalid");
    }
}

#[tokio::test]
async fn the_log_is_taken_home_whole_filtered_and_harmless() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let fan = server.fan(&event, "=cmd|' /C calc'!A0").await;
    let member = json!(server.member(&event, &fan).await);
    note(&moderator, &member, 1, "=HYPERLINK(\"http://evil.example.org\")").await;
    note(&moderator, &member, 2, "two\nlines, \"quoted\"").await;
    add_word(&moderator, "scalper").await;

    let file = get(&moderator, "audit?kind=note&format=csv").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"audit-salt.csv\""
    );
    let text = file.ok().as_str().expect("text").to_owned();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().expect("a header").clone();
    let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>().expect("CSV");
    let cell = |row: usize, name: &str| {
        let column = header.iter().position(|column| column == name).expect("a column");
        rows[row][column].to_owned()
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(cell(0, "detail"), "'=HYPERLINK(\"http://evil.example.org\")");
    assert_eq!(cell(0, "about_nickname"), "'=cmd|' /C calc'!A0");
    assert_eq!(cell(1, "detail"), "two\nlines, \"quoted\"");
    assert_eq!(cell(1, "by_nickname"), "Jo of the door");
    assert!(cell(1, "at").ends_with('Z'));

    let file = get(&moderator, "audit?format=json").await;
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"audit-salt.json\""
    );
    let lines = file.ok();
    assert_eq!(each(&lines, "kind"), ["note", "note", "words_added"]);
    let page = get(&moderator, "audit").await.ok();
    assert_eq!(lines[0], page["rows"][2], "a line of a file is a line of a page");
    assert_eq!(get(&moderator, "audit?kind=nothing&format=json").await.ok(), json!([]));
}

#[tokio::test]
async fn a_log_of_many_batches_is_sent_to_its_end() {
    let server = TestServer::start().await;
    let event = server.event("salt").await;
    let moderator = server.moderator(&event, "Jo of the door").await;
    let rule = |number: u32| wire::moderation::WordRule {
        pattern: format!("word {number}"),
        matching: wire::moderation::WordMatch::Word,
        action: wire::moderation::WordAction::Hold,
        seconds: None,
        say: None,
    };
    for number in 1..=1_001 {
        let added = server.store().add_words(event.id, &[rule(number)], None, 1).await;
        added.expect("adds");
    }
    let lines = get(&moderator, "audit?format=json").await.ok();
    let details = each(&lines, "detail");
    assert_eq!(details.len(), 1_001);
    assert!(
        (1..=1_001)
            .zip(details)
            .all(|(number, detail)| detail == format!("word {number}"))
    );
    let file = get(&moderator, "audit?format=csv").await.ok();
    assert_eq!(file.as_str().expect("text").lines().count(), 1_002);
}
