//! The command line: beside a running server, in JSON, and asked in ways that cannot be done.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::support::{CommandLine, Visitor, eventually};

fn data() -> (tempfile::TempDir, CommandLine) {
    let folder = tempfile::tempdir().expect("a folder");
    let frontrow = CommandLine::on(folder.path());
    (folder, frontrow)
}

#[test]
fn an_event_is_announced_listed_ended_and_deleted() {
    let (_folder, frontrow) = data();
    assert_eq!(frontrow.json(&["event", "list"]), json!({ "events": [] }));
    let words = [
        "event",
        "create",
        "--slug",
        "salt",
        "--title",
        "Salt",
        "--artist",
        "Vesna",
        "--starts-at",
        "2099-11-21T20:00:00+01:00",
    ];
    let made = frontrow.json(&words);
    assert_eq!(made["phase"], "scheduled");
    assert_eq!(
        made["doors_at"].as_u64().map(|doors_at| doors_at + 30 * 60 * 1000),
        made["starts_at"].as_u64()
    );
    assert_eq!(frontrow.json(&["event", "list"])["events"], json!([made]));
    assert_eq!(frontrow.run(&words).status.code(), Some(1), "the slug is taken");
    assert_eq!(frontrow.json(&["event", "end", "salt"])["phase"], "ended");
    assert_eq!(
        frontrow.json(&["event", "delete", "salt"]),
        json!({ "deleted": "salt" })
    );
    assert_eq!(frontrow.json(&["event", "list"]), json!({ "events": [] }));
    assert_eq!(frontrow.run(&["event", "end", "salt"]).status.code(), Some(1));
}

#[test]
fn what_cannot_be_asked_is_refused_with_2_and_a_sentence() {
    let (_folder, frontrow) = data();
    let event = [
        "event",
        "create",
        "--slug",
        "salt",
        "--title",
        "Salt",
        "--artist",
        "Vesna",
        "--starts-at",
        "2026-11-21T20:00:00Z",
    ];
    let with = |more: &[&'static str]| [&event[..], more].concat();
    let asked: Vec<Vec<&str>> = vec![
        vec![],
        vec!["dance"],
        vec!["serve", "--listen", "nowhere"],
        vec!["serve", "--public-url", "live.example.org"],
        vec!["serve", "--public-url", "https://live.example.org/path"],
        vec!["serve", "--trusted-proxy", "10.0.0.0/99"],
        vec!["serve", "--relay", "nats://127.0.0.1:4222"],
        vec!["serve", "--relay", "pigeons"],
        vec!["serve", "--provisioner", "maybe"],
        vec!["serve", "--send-rate", "-1"],
        vec!["serve", "--database", "postgres://db/frontrow"],
        vec!["serve", "--log", "!!"],
        vec![
            "event",
            "create",
            "--slug",
            "Salt!",
            "--title",
            "Salt",
            "--artist",
            "Vesna",
            "--starts-at",
            "2026-11-21T20:00:00Z",
        ],
        vec![
            "event",
            "create",
            "--slug",
            "salt",
            "--title",
            "Salt",
            "--artist",
            "Vesna",
            "--starts-at",
            "tonight",
        ],
        with(&["--doors-at", "2026-11-21T21:00:00Z"]),
        with(&["--ends-at", "2026-11-21T20:00:00Z"]),
        with(&["--stream", "javascript:alert(1)"]),
        with(&["--chat", "loud"]),
        vec!["ticket", "issue", "--event", "salt", "--role", "king"],
        vec!["ticket", "issue", "--event", "salt", "--role", "fan", "--count", "0"],
        vec![
            "ticket",
            "issue",
            "--event",
            "salt",
            "--role",
            "fan",
            "--count",
            "1000000000",
        ],
        vec!["ticket", "role", "--event", "salt", "CODE", "--role", "artist"],
        vec!["ticket", "role", "--event", "salt", "CODE"],
        vec!["words", "import", "--event", "salt", "-", "--match", "somewhere"],
        vec!["words", "import", "--event", "salt", "-", "--action", "shout"],
        vec!["words", "import", "--event", "salt", "-", "--seconds", "0"],
        vec!["words", "import", "--event", "salt", "-", "--say", " "],
        vec!["words", "import", "--event", "salt"],
        vec!["status"],
    ];
    for words in asked {
        let output = frontrow.run(&words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn every_option_is_read_from_the_environment_too() {
    let (folder, frontrow) = data();
    let output = Command::new(env!("CARGO_BIN_EXE_frontrow"))
        .env_clear()
        .env("FRONTROW_DATA", folder.path())
        .env("FRONTROW_JSON", "1")
        .envs([
            ("FRONTROW_SLUG", "salt"),
            ("FRONTROW_TITLE", "Salt"),
            ("FRONTROW_ARTIST", "Vesna"),
        ])
        .envs([("FRONTROW_STARTS_AT", "2026-11-21T20:00:00Z"), ("FRONTROW_CHAT", "off")])
        .args(["event", "create"])
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(frontrow.json(&["event", "list"])["events"][0]["chat"], "off");
    let wrong = Command::new(env!("CARGO_BIN_EXE_frontrow"))
        .env_clear()
        .env("FRONTROW_DATA", folder.path())
        .env("FRONTROW_SEND_BURST", "many")
        .arg("serve")
        .output();
    assert_eq!(wrong.expect("runs").status.code(), Some(2));
}

#[test]
fn a_lost_or_foreign_key_is_noticed_before_anything_is_hashed_with_it() {
    let (folder, frontrow) = data();
    frontrow.announce("salt");
    let key = folder.path().join("secret.key");
    std::fs::remove_file(&key).expect("removes");
    let output = frontrow.run(&["ticket", "issue", "--event", "salt", "--role", "fan"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("secret.key"),
        "{output:?}"
    );
    std::fs::write(&key, "short").expect("writes");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    assert_eq!(frontrow.run(&["event", "list"]).status.code(), Some(2));
}

#[test]
fn what_an_installation_keeps_is_its_owners_alone() {
    let (folder, frontrow) = data();
    frontrow.json(&["demo"]);
    for file in ["secret.key", "frontrow.db", "demo-codes.json"] {
        let mode = std::fs::metadata(folder.path().join(file))
            .expect(file)
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn the_demo_prints_the_same_codes_again_and_new_ones_for_a_new_event() {
    let (_folder, frontrow) = data();
    let first = frontrow.json(&["demo"]);
    assert_eq!(first["codes"]["fan"].as_array().map(Vec::len), Some(3));
    assert_eq!(first["url"], "http://127.0.0.1:8080/e/demo");
    assert_eq!(frontrow.json(&["demo"]), first);
    let status = frontrow.json(&["status", "--event", "demo"]);
    assert_eq!(
        status["tickets"],
        json!({ "fan": 3, "artist": 1, "moderator": 1, "revoked": 0 })
    );
    assert_eq!(status["phase"], "open");

    let code = first["codes"]["fan"][0].as_str().expect("a code");
    frontrow.json(&["ticket", "revoke", "--event", "demo", code]);
    let renewed = frontrow.json(&["demo", "--public-url", "https://live.example.org"]);
    assert_ne!(renewed["codes"], first["codes"]);
    assert_eq!(renewed["url"], "https://live.example.org/e/demo");
    frontrow.json(&["event", "end", "demo"]);
    assert_ne!(frontrow.json(&["demo"])["codes"], renewed["codes"]);
    assert_eq!(frontrow.json(&["status", "--event", "demo"])["phase"], "open");
}

#[tokio::test]
async fn acts_beside_a_running_server_count_at_once() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let serving = frontrow.serve(&[]);
    let issued = frontrow.json(&["ticket", "issue", "--event", "salt", "--role", "fan", "--count", "2"]);
    let codes: Vec<&str> = issued["codes"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| code.as_str().expect("text"))
        .collect();
    let fan = Visitor::new(serving.origin.clone());
    fan.admit("salt", codes[0]).await.ok();
    let member = eventually("the account", || async {
        fan.who_am_i("salt").await.ok()["member"].as_str().map(str::to_owned)
    });
    let member = member.await;
    assert_eq!(frontrow.json(&["status", "--event", "salt"])["seats"]["held"], 1);

    assert_eq!(
        frontrow.json(&["ticket", "revoke", "--event", "salt", &member]),
        json!({ "revoked": true })
    );
    fan.who_am_i("salt").await.problem(403, "ticket_revoked");
    let spelled = codes[1].to_lowercase().replace('-', " ");
    assert_eq!(
        frontrow.json(&["ticket", "revoke", "--event", "salt", &spelled]),
        json!({ "revoked": true })
    );
    assert_eq!(
        frontrow.json(&["ticket", "revoke", "--event", "salt", &spelled]),
        json!({ "revoked": false })
    );
    assert_eq!(
        frontrow
            .run(&["ticket", "revoke", "--event", "salt", "NO-SUCH-CODE"])
            .status
            .code(),
        Some(1)
    );
    frontrow.json(&["event", "delete", "salt"]);
    fan.get("/api/events/salt").await.problem(404, "event_unknown");
}

#[tokio::test]
async fn a_server_stops_in_order_when_it_is_told_to() {
    let (_folder, frontrow) = data();
    let mut serving = frontrow.serve(&[]);
    Visitor::new(serving.origin.clone()).get("/readyz").await.ok();
    let began = std::time::Instant::now();
    let told = Command::new("kill")
        .args(["-TERM", &serving.child.id().to_string()])
        .status();
    assert!(told.expect("runs").success());
    let status = tokio::task::spawn_blocking(move || serving.child.wait().expect("ends"))
        .await
        .expect("joins");
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn a_list_is_imported_once_and_says_what_became_of_every_line() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let import = ["ticket", "import", "--event", "salt", "-"];
    let list =
        "code,ref\nK7QF-2M0P-9T1V-AAAA,order 1\nZZ8X-41RD-0PQE-77HJ,order 2\nk7qf 2mop 9tlv aaaa,order 3\n,order 4\n";
    let report = frontrow.json_of_input(&import, list);
    assert_eq!(
        (&report["new"], &report["known"], &report["refused"]),
        (&json!(2), &json!(0), &json!(2))
    );
    assert_eq!(report["reasons"][0]["line"], 4);
    assert_eq!(report["reasons"][1]["line"], 5);
    let again = frontrow.json_of_input(&import, list);
    assert_eq!(
        (&again["new"], &again["known"], &again["refused"]),
        (&json!(0), &json!(2), &json!(2))
    );
    assert_eq!(frontrow.json(&["status", "--event", "salt"])["tickets"]["fan"], 2);
}

#[test]
fn a_list_that_can_be_guessed_is_refused_whole_unless_allowed() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let pins: Vec<String> = (0..500)
        .map(|number| format!("SALT-{:06}", number * 7919 % 1_000_000))
        .collect();
    let pins = pins.join("\n");
    let refused = frontrow.with_input(&["ticket", "import", "--event", "salt", "-"], &pins);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("500 codes of 10 signs") && said.contains("--allow-weak"),
        "{said}"
    );
    assert_eq!(frontrow.json(&["status", "--event", "salt"])["tickets"]["fan"], 0);
    let allowed = frontrow.json_of_input(&["ticket", "import", "--event", "salt", "--allow-weak", "-"], &pins);
    assert_eq!(allowed["new"], 500);
}

#[test]
fn a_hundred_thousand_codes_are_imported_in_one_go() {
    let (folder, frontrow) = data();
    frontrow.announce("salt");
    let file = folder.path().join("codes.txt");
    let codes: String = (0..100_000)
        .map(|_| server::auth::codes::issue(wire::Role::Fan) + "\n")
        .collect();
    std::fs::write(&file, codes).expect("writes");
    let name = file.to_str().expect("a name");
    let report = frontrow.json(&["ticket", "import", "--event", "salt", name]);
    assert_eq!((&report["new"], &report["refused"]), (&json!(100_000), &json!(0)));
    assert_eq!(
        frontrow
            .run(&["ticket", "import", "--event", "salt", "no-such-file"])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn issued_codes_are_not_in_the_database() {
    let (folder, frontrow) = data();
    frontrow.announce("salt");
    let issued = frontrow.json(&["ticket", "issue", "--event", "salt", "--role", "moderator"]);
    let printed = issued["codes"][0].as_str().expect("a code").to_owned();
    let typed = printed.replace('-', "");
    for entry in std::fs::read_dir(folder.path()).expect("lists") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("reads");
        for secret in [printed.as_bytes(), typed.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn codes_that_could_not_be_shown_are_no_success() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("opens");
    let words = ["ticket", "issue", "--event", "salt", "--role", "fan"];
    let output = frontrow.run_into(&words, full);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot be written"), "{said}");
}

#[test]
fn a_word_list_is_imported_listed_replaced_and_cleared() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let import = |more: &[&'static str]| [&["words", "import", "--event", "salt", "-"], more].concat();
    let list = "# ours\nscalper\n\nspoiler\tprefix\thold\nbad\tnowhere\nscalper\t\tmute\t60\n";
    let taken = frontrow.json_of_input(&import(&["--say", "Not here."]), list);
    assert_eq!(
        taken,
        json!({ "added": 2, "known": 1, "total": 2, "refused_total": 1,
                "refused": [{ "line": 5, "why": "the second field is exact, word or prefix" }] })
    );
    let listed = frontrow.json(&["words", "list", "--event", "salt"]);
    assert_eq!(
        listed["rules"],
        json!([
            { "pattern": "scalper", "matching": "word", "action": "mute", "seconds": 60, "say": "Not here." },
            { "pattern": "spoiler", "matching": "prefix", "action": "hold" },
        ])
    );
    let printed = frontrow.run(&["words", "list", "--event", "salt"]);
    let printed = String::from_utf8(printed.stdout).expect("text");
    let again = frontrow.json_of_input(&import(&["--replace"]), &printed);
    assert_eq!(
        (&again["added"], &again["known"], &again["total"]),
        (&json!(0), &json!(2), &json!(2))
    );
    assert_eq!(frontrow.json(&["words", "list", "--event", "salt"]), listed);

    let replaced = frontrow.json_of_input(&import(&["--replace", "--action", "hold"]), "spoiler\n");
    assert_eq!((&replaced["added"], &replaced["total"]), (&json!(1), &json!(1)));
    let nothing = frontrow.with_input(&import(&["--replace"]), "# nothing\n");
    assert_eq!(nothing.status.code(), Some(1), "an empty file is a slip");
    assert_eq!(
        frontrow.json(&["words", "clear", "--event", "salt"]),
        json!({ "cleared": 1 })
    );
    assert_eq!(frontrow.json(&["words", "list", "--event", "salt"])["total"], 0);
}

#[test]
fn a_word_list_longer_than_an_event_can_have_is_refused_whole() {
    let (folder, frontrow) = data();
    frontrow.announce("salt");
    let file = folder.path().join("words.txt");
    let name = file.to_str().expect("a name");
    let words = |count: u64| {
        let lines: Vec<String> = (0..count).map(|number| format!("word {number}")).collect();
        lines.join("\n")
    };
    std::fs::write(&file, words(wire::limits::WORD_RULES + 1)).expect("writes");
    let import = ["words", "import", "--event", "salt", name];
    assert_eq!(frontrow.run(&import).status.code(), Some(1));
    assert_eq!(frontrow.json(&["words", "list", "--event", "salt"])["total"], 0);
    std::fs::write(&file, words(wire::limits::WORD_RULES)).expect("writes");
    assert_eq!(frontrow.json(&import)["added"], wire::limits::WORD_RULES);
    std::fs::write(&file, "one more\n").expect("writes");
    let output = frontrow.run(&import);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("20000"), "{output:?}");
}

#[test]
fn a_ticket_changes_its_role_and_an_artists_pass_does_not() {
    let (_folder, frontrow) = data();
    frontrow.announce("salt");
    let issue = |role| frontrow.json(&["ticket", "issue", "--event", "salt", "--role", role])["codes"][0].clone();
    let (fan, artist) = (issue("fan"), issue("artist"));
    let change = |code: &serde_json::Value, role| {
        let code = code.as_str().expect("a code").to_owned();
        frontrow.run(&["ticket", "role", "--event", "salt", &code, "--role", role, "--json"])
    };
    let said = |output: std::process::Output| -> serde_json::Value {
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    assert_eq!(
        said(change(&fan, "moderator")),
        json!({ "role": "moderator", "changed": true })
    );
    assert_eq!(
        said(change(&fan, "moderator")),
        json!({ "role": "moderator", "changed": false })
    );
    let tickets = &frontrow.json(&["status", "--event", "salt"])["tickets"];
    assert_eq!(
        (&tickets["fan"], &tickets["moderator"], &tickets["artist"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(said(change(&fan, "fan")), json!({ "role": "fan", "changed": true }));
    let refused = change(&artist, "moderator");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("artist"),
        "{refused:?}"
    );
    assert_eq!(change(&json!("NO-SUCH-CODE"), "fan").status.code(), Some(1));
}
