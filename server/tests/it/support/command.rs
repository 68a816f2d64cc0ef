//! The real binary, as an operator runs it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Commands on one data folder.
pub struct CommandLine {
    data: PathBuf,
}

impl CommandLine {
    pub fn on(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontrow"));
        command
            .env_clear()
            .env("FRONTROW_LOG", "warn")
            .args(words)
            .arg("--data")
            .arg(&self.data);
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("runs")
    }

    /// Runs with its output going elsewhere.
    pub fn run_into(&self, words: &[&str], output: std::fs::File) -> Output {
        let running = self.command(words).stdout(output).stderr(Stdio::piped()).spawn();
        running.and_then(Child::wait_with_output).expect("runs")
    }

    /// The JSON answer of a command that must succeed.
    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.command(words).arg("--json").output().expect("runs");
        read_json(words, &output)
    }

    /// The JSON answer of a command that reads this from standard input and must succeed.
    #[track_caller]
    pub fn json_of_input(&self, words: &[&str], input: &str) -> Value {
        let output = self.with_input(words, input);
        read_json(words, &output)
    }

    pub fn with_input(&self, words: &[&str], input: &str) -> Output {
        let mut command = self.command(words);
        command
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_owned();
        let writer = std::thread::spawn(move || {
            // A command that refuses early stops reading: that is its right.
            let _ = stdin.write_all(input.as_bytes());
        });
        let output = child.wait_with_output().expect("ends");
        writer.join().expect("writes");
        output
    }

    /// Announces an event that is open now.
    #[track_caller]
    pub fn announce(&self, slug: &str) {
        let words = [
            "event",
            "create",
            "--slug",
            slug,
            "--title",
            "Salt & Streetlight",
            "--artist",
            "Vesna Oduya",
        ];
        self.json(&[&words[..], &["--starts-at", "2026-01-01T20:00:00Z"]].concat());
    }

    /// Starts `frontrow serve` on a free port.
    pub fn serve(&self, options: &[&str]) -> Serving {
        let words = [&["serve", "--listen", "127.0.0.1:0", "--json"], options].concat();
        let mut child = self
            .command(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("runs");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("says where it is");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let origin = said["address"].as_str().expect("an address").to_owned();
        Serving { child, origin }
    }

    /// Starts a command that goes on until it is ended.
    pub fn start(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::null()).spawn().expect("runs")
    }
}

#[track_caller]
fn read_json(words: &[&str], output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

/// A server process. Killed when the test is over.
pub struct Serving {
    pub child: Child,
    pub origin: String,
}

impl Serving {
    /// SIGKILL: nothing is flushed, nobody is told.
    pub fn kill(mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
