//! The server under test: a process of its own, on a data folder that goes away with it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::engine::http;
use crate::machine::Pins;

/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How long it may take to make the accounts.
const ACCOUNTS_WITHIN: Duration = Duration::from_mins(5);

/// How long it may take to stop: it promises ten seconds.
const STOPPED_WITHIN: Duration = Duration::from_secs(15);

/// A running server.
pub struct Server {
    binary: PathBuf,
    data: TempDir,
    process: Child,
    address: SocketAddr,
}

#[derive(Deserialize)]
struct Issued {
    codes: Vec<String>,
}

#[derive(Deserialize)]
struct Admitted {
    member: Option<serde_json::Value>,
}

impl Server {
    /// Starts the server on a free port and waits until it is ready. `has_limits`: on what a member sends.
    pub fn start(binary: &Path, has_limits: bool, pins: Pins) -> Result<Self> {
        ensure!(
            binary.exists(),
            "{} is not there: `cargo build --release` makes it",
            binary.display()
        );
        let data = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data.path())
            .env("FRONTROW_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if !has_limits {
            command.args(["--send-rate", "0"]);
        }
        let process = pins.spawn(&mut command)?;
        let server = Self {
            binary: binary.to_owned(),
            data,
            process,
            address,
        };
        until(READY_WITHIN, || {
            Ok(server.ask("GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n").is_ok())
        })
        .context("the server does not get ready")?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Announces an event and gives tickets to it. All accounts behind them are made when this returns.
    pub fn event(&self, slug: &str, tickets: u32) -> Result<Vec<String>> {
        let opened = "2020-01-01T00:00:00Z";
        self.command(&[
            "event",
            "create",
            "--slug",
            slug,
            "--title",
            "Crowd",
            "--artist",
            "Nobody",
            "--starts-at",
            opened,
        ])?;
        // One more, to see when the last account is made.
        let count = (tickets + 1).to_string();
        let issued = self.command(&[
            "ticket", "issue", "--event", slug, "--role", "fan", "--count", &count, "--json",
        ])?;
        let issued: Issued = serde_json::from_slice(&issued).context("`ticket issue --json` printed something else")?;
        let mut codes = issued.codes;
        let last = codes.pop().context("no ticket")?;
        self.wait_for_account(slug, &last)?;
        Ok(codes)
    }

    fn wait_for_account(&self, slug: &str, ticket: &str) -> Result<()> {
        let path = format!("/api/events/{slug}/admission");
        let body = serde_json::json!({ "ticket": ticket }).to_string();
        let (mut said, cookie) = self.ask(&http::with_json("POST", "bench", &path, "", &body))?;
        until(ACCOUNTS_WITHIN, || {
            let admitted: Admitted = serde_json::from_slice(&said).context("the gate says something else")?;
            if admitted.member.is_none() {
                (said, _) = self.ask(&http::get("bench", &path, &cookie))?;
            }
            Ok(admitted.member.is_some())
        })
        .context("the accounts are not made")
    }

    /// The body and the cookie of the answer to a request.
    fn ask(&self, request: &str) -> Result<(Vec<u8>, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(READY_WITHIN))?;
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        loop {
            let mut part = [0; 4_096];
            let count = stream.read(&mut part)?;
            ensure!(count > 0, "no answer");
            bytes.extend_from_slice(&part[..count]);
            if let Some(answer) = http::parse(&bytes)? {
                ensure!(answer.status == 200, "the server answers {}", answer.status);
                return Ok((answer.body.to_vec(), answer.cookie.unwrap_or_default().to_owned()));
            }
        }
    }

    /// Stops the server as an operator would.
    pub fn stop(mut self) -> Result<()> {
        self.tell_to_stop();
        let mut status = None;
        until(STOPPED_WITHIN, || {
            status = self.process.try_wait()?;
            Ok(status.is_some())
        })
        .context("the server does not stop")?;
        let status = status.context("no status")?;
        ensure!(status.success(), "the server stopped with {status}");
        Ok(())
    }

    fn tell_to_stop(&self) {
        let process = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).ok();
    }

    fn command(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--data")
            .arg(self.data.path())
            .env("FRONTROW_LOG", "warn")
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed: {said}", arguments[..2].join(" "));
        }
        Ok(output.stdout)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Asks again and again until it is so.
fn until(limit: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !is_so()? {
        ensure!(Instant::now() < deadline, "not within {limit:?}");
        thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}
