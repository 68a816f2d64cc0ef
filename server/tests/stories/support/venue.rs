//! A venue: the real server as a child process, with a port and a data folder of its own. Events and tickets are made
//! by the command line, as organizers do.

use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use server::auth::secret::Secrets;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::{Person, in_time};

/// The event that every venue has.
pub const SHOW: &str = "salt-and-streetlight";

/// Who plays there.
pub const ARTIST: &str = "Vesna Oduya";

/// Ports below those that systems give to outgoing connections, so that a server comes back to its own.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// What of a server's log a failed story shows, in bytes.
const LAST_WORDS: usize = 4_000;

/// How a venue is set up.
#[derive(Clone, Copy, Default)]
pub struct Plan {
    /// Options of `frontrow serve`.
    pub serve: &'static [&'static str],
    /// Options of `frontrow event create`.
    pub event: &'static [&'static str],
    /// Fan tickets issued before the server starts; a few if 0.
    pub fans: usize,
    /// What the server logs; `info` if empty.
    pub log: &'static str,
}

const FEW: usize = 4;

pub struct Venue {
    data: TempDir,
    port: u16,
    plan: Plan,
    tickets: Mutex<Vec<String>>,
    server: Option<Server>,
    said: Arc<Mutex<String>>,
}

struct Server {
    child: Child,
    pid: u32,
    listeners: [JoinHandle<()>; 2],
}

impl Venue {
    /// A venue with one show that is open, a few tickets, and the limits of the contract.
    pub async fn open() -> Self {
        Self::planned(Plan::default()).await
    }

    /// A venue where nobody's rate is limited.
    pub async fn unlimited() -> Self {
        Self::planned(Plan {
            serve: &["--send-rate=0"],
            ..Plan::default()
        })
        .await
    }

    pub async fn planned(plan: Plan) -> Self {
        let mut venue = Self {
            data: tempfile::tempdir().expect("a folder"),
            port: free_port(),
            plan,
            tickets: Mutex::default(),
            server: None,
            said: Arc::default(),
        };
        venue.announce(SHOW, plan.event).await;
        let fans = if plan.fans == 0 { FEW } else { plan.fans };
        *venue.tickets.get_mut().expect("not poisoned") = venue.issue(SHOW, "fan", fans).await;
        venue.restart().await;
        venue
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Announces an event that is open now.
    pub async fn announce(&self, slug: &str, options: &[&str]) {
        let an_hour_ago = OffsetDateTime::now_utc() - Duration::from_hours(1);
        let starts_at = an_hour_ago.format(&Rfc3339).expect("a moment");
        let mut words = vec!["event", "create", "--slug", slug, "--title", "Salt & Streetlight"];
        words.extend(["--artist", ARTIST, "--starts-at", &starts_at]);
        words.extend(options);
        self.command(&words).await;
    }

    /// Issues tickets and gives their codes.
    pub async fn issue(&self, slug: &str, role: &str, count: usize) -> Vec<String> {
        let count = count.to_string();
        let answer = self
            .command(&["ticket", "issue", "--event", slug, "--role", role, "--count", &count])
            .await;
        serde_json::from_value(answer["codes"].clone()).expect("codes")
    }

    /// Runs a command beside the server and gives its answer.
    pub async fn command(&self, words: &[&str]) -> Value {
        let running = frontrow()
            .args(words)
            .arg("--json")
            .arg("--data")
            .arg(self.data.path())
            .output();
        let output = in_time("a command", running).await.expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {complaint}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().expect("a server runs").pid
    }

    /// A ticket that nobody has used.
    pub fn ticket(&self) -> String {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.pop().expect("a ticket is left: the plan has more")
    }

    /// Somebody with a ticket in hand, before the gate.
    pub fn visitor(&self, ticket: &str) -> Person {
        Person::new(self.port, SHOW, ticket)
    }

    /// A fan in the room, with a nickname.
    pub async fn fan(&self, nickname: &str) -> Person {
        let fan = self.visitor(&self.ticket());
        fan.enter().await;
        fan.is_called(nickname).await;
        fan
    }

    /// A moderator in the room.
    pub async fn moderator(&self, nickname: &str) -> Person {
        let pass = self.issue(SHOW, "moderator", 1).await.remove(0);
        let moderator = self.visitor(&pass);
        moderator.enter().await;
        moderator.is_called(nickname).await;
        moderator
    }

    /// The artist in the room; the pass carries the name.
    pub async fn artist(&self) -> Person {
        let pass = self.issue(SHOW, "artist", 1).await.remove(0);
        let artist = self.visitor(&pass);
        artist.enter().await;
        artist
    }

    /// The keys of this installation.
    pub fn secrets(&self) -> Secrets {
        Secrets::open(self.data.path()).expect("the key")
    }

    /// Ends the server as a power cut of the process would: nothing is flushed, nobody is told.
    pub async fn kill9(&mut self) {
        let mut server = self.server.take().expect("a server runs");
        server.child.start_kill().expect("a signal");
        server.ended().await;
    }

    /// Asks the server to stop, and gives how it ended.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop().await;
        self.stopped().await
    }

    /// Sends SIGTERM.
    pub async fn ask_to_stop(&self) {
        let pid = self.pid();
        let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")).status();
        assert!(asked.await.expect("a shell").success());
    }

    /// Waits until the server has ended by itself.
    pub async fn stopped(&mut self) -> ExitStatus {
        self.server.take().expect("a server runs").ended().await
    }

    /// Starts the server on this venue's port and data.
    pub async fn restart(&mut self) {
        assert!(self.server.is_none(), "the old server has ended");
        let log = if self.plan.log.is_empty() {
            "info"
        } else {
            self.plan.log
        };
        let mut child = frontrow()
            .args([
                "serve",
                "--json",
                "--listen",
                &format!("127.0.0.1:{}", self.port),
                "--log",
                log,
            ])
            .args(self.plan.serve)
            .arg("--data")
            .arg(self.data.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let pid = child.id().expect("it runs");
        let errors = listen(child.stderr.take().expect("piped"), &self.said);
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut address = String::new();
        in_time("the server's address", output.read_line(&mut address))
            .await
            .expect("it can be read");
        assert!(
            address.contains("address"),
            "the server does not start: {}",
            self.said()
        );
        let output = listen(output, &self.said);
        self.server = Some(Server {
            child,
            pid,
            listeners: [errors, output],
        });
    }

    /// Where something of the server is.
    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Another program writes to the database and does not end, as a broken backup might.
    pub async fn keeps_the_database_busy(&self) -> Busy {
        let options = SqliteConnectOptions::new().filename(self.data.path().join("frontrow.db"));
        let mut writer = options.connect().await.expect("the database");
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut writer);
        in_time("the write lock", begun).await.expect("the write lock");
        Busy(writer)
    }

    /// Everything the server has said so far, on both of its outputs.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The value of a metric, by its line's beginning; 0 when it is not there.
    pub async fn metric(&self, line: &str) -> u64 {
        let text = reqwest::get(self.address("/metrics"))
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        let values = text
            .lines()
            .filter_map(|found| found.strip_prefix(line)?.trim().parse::<u64>().ok());
        values.sum()
    }
}

/// Who keeps the database busy.
pub struct Busy(SqliteConnection);

impl Busy {
    /// Lets go of it.
    pub async fn lets_go(self) {
        self.0.close().await.expect("it closes");
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let start = said.floor_char_boundary(said.len().saturating_sub(LAST_WORDS));
            eprintln!("the server's last words:\n{}", &said[start..]);
        }
    }
}

impl Server {
    async fn ended(mut self) -> ExitStatus {
        let status = in_time("the server's end", self.child.wait()).await.expect("a status");
        for listener in self.listeners {
            in_time("the last of the log", listener).await.expect("it is read");
        }
        status
    }
}

fn frontrow() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontrow"));
    command.stdin(Stdio::null());
    command
}

/// Keeps what the server says.
fn listen(mut output: impl AsyncRead + Unpin + Send + 'static, said: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let said = Arc::clone(said);
    tokio::spawn(async move {
        let mut bytes = [0; 4_096];
        while let Ok(read @ 1..) = output.read(&mut bytes).await {
            let text = String::from_utf8_lossy(&bytes[..read]);
            said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    })
}

fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let pid = u16::try_from(std::process::id() % 10_000).expect("small");
    loop {
        let step = pid.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + step % (PORTS.end - PORTS.start);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
