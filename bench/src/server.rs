//! The server under test: a process of its own, on a data folder that goes away with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The event everybody sits in.
pub const EVENT: &str = "crowd";

/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    binary: PathBuf,
    data: TempDir,
    process: Child,
    address: String,
}

/// What the server has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// CPU time of all its threads, user and system.
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub resident: u64,
}

#[derive(Deserialize)]
struct Issued {
    codes: Vec<String>,
}

impl Server {
    /// Starts the server on a free port and waits until it is ready.
    pub async fn start(binary: &Path) -> Result<Self> {
        ensure!(
            binary.exists(),
            "{} is not there: `cargo build --release` makes it",
            binary.display()
        );
        let data = TempDir::new()?;
        let address = free_address().await?;
        let process = Command::new(binary)
            .args(["serve", "--listen", &address, "--send-rate", "0", "--data"])
            .arg(data.path())
            .env("FRONTROW_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the server does not start")?;
        let server = Self {
            binary: binary.to_owned(),
            data,
            process,
            address,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The base of the event's HTTP calls.
    pub fn api(&self) -> String {
        format!("http://{}/api/events/{EVENT}", self.address)
    }

    /// Announces the event and issues its tickets.
    pub async fn tickets(&self, count: u32) -> Result<Vec<String>> {
        let opened = "2020-01-01T00:00:00Z";
        let event = [
            "event",
            "create",
            "--slug",
            EVENT,
            "--title",
            "Crowd",
            "--artist",
            "Nobody",
            "--starts-at",
            opened,
        ];
        self.command(&event).await?;
        let count = count.to_string();
        let issued = self
            .command(&[
                "ticket", "issue", "--event", EVENT, "--role", "fan", "--count", &count, "--json",
            ])
            .await?;
        let issued: Issued = serde_json::from_slice(&issued).context("`ticket issue --json` printed something else")?;
        Ok(issued.codes)
    }

    /// What the process has used up to now.
    pub fn spent(&self) -> Result<Spent> {
        let pid = self.process.id().context("the server has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // After the command's name, which can hold spaces: fields 14 and 15 are user and system time in ticks.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = fields.get(11..13).context("an unknown form of /proc/PID/stat")?;
        let ticks: u64 = ticks.iter().map(|field| field.parse::<u64>().unwrap_or(0)).sum();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse()?;
        // Linux counts in hundredths of a second whatever its clock (USER_HZ).
        Ok(Spent {
            cpu: Duration::from_millis(ticks * 10),
            resident: kilobytes * 1_024,
        })
    }

    /// Stops the server as an operator would.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.process.id().context("the server has ended")?;
        Command::new("kill").arg(pid.to_string()).status().await?;
        let status = tokio::time::timeout(Duration::from_secs(15), self.process.wait()).await??;
        ensure!(status.success(), "the server stopped with {status}");
        Ok(())
    }

    async fn command(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .arg("--data")
            .arg(self.data.path())
            .output()
            .await?;
        if !output.status.success() {
            bail!(
                "`{}` failed: {}",
                arguments[..2].join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(output.stdout)
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let ready = async {
            while reqwest::get(format!("http://{}/readyz", self.address)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, ready)
            .await
            .context("the server does not get ready")
    }
}

async fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.to_string())
}
