//! What a stranger does to `cargo xtask`: starts it without a terminal, and ends it in the middle.

#![expect(clippy::unwrap_used, reason = "a test may say that it knows")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than anything here takes, far less than what is ended early would.
const SOON: Duration = Duration::from_secs(8);

/// A program made of these lines of shell.
fn program(folder: &Path, name: &str, lines: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Ends `xtask test fmt` by a signal while its cargo is at work with a child of its own.
#[track_caller]
fn ends_with_all_it_started(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let held = folder.path().join("held");
    assert!(Command::new("mkfifo").arg(&held).status().unwrap().success());
    let lines = format!("exec 3> '{}'\nsleep 600 &\necho at work\nsleep 600", held.display());
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["test", "fmt"])
        .env("CARGO", program(folder.path(), "cargo", &lines))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (ended, told) = mpsc::channel();
    // Reading ends when the last that holds it has ended.
    thread::spawn(move || ended.send(fs::read(held).is_ok()));
    let mut output = BufReader::new(xtask.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap() == "at work"));
    let id = xtask.id().to_string();
    assert!(
        Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", signal, &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        told.recv_timeout(SOON),
        Ok(true),
        "what it started is still there after SIG{signal}"
    );
    assert_eq!(xtask.wait().unwrap().code(), Some(130));
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    ends_with_all_it_started("INT");
}

#[test]
fn nothing_is_left_after_a_service_managers_end() {
    ends_with_all_it_started("TERM");
}

#[test]
fn nothing_is_left_when_the_terminal_goes() {
    // Under `nohup` it is to live on, and so would the one started here.
    if !hangup_is_ignored() {
        ends_with_all_it_started("HUP");
    }
}

fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| mask.trim().ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
}

/// What `.ci/run` has in `CI` when it calls cargo.
fn ci_seen_by_cargo(ci: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "cargo", "echo \"$* $CI\"");
    let path = std::env::var("PATH").unwrap();
    let mut run = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/run"));
    run.env("PATH", format!("{}:{path}", folder.path().display()))
        .env_remove("CI");
    let output = run.envs(ci.map(|ci| ("CI", ci))).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_set_up_knows_that_it_runs_in_ci() {
    assert_eq!(ci_seen_by_cargo(None), "xtask test true\n");
    assert_eq!(ci_seen_by_cargo(Some("woodpecker")), "xtask test woodpecker\n");
}
