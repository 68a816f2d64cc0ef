//! The servers under comparison: how each is started on a free port, and what it speaks.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::dialect::Dialect;
use crate::fanout::Target;
use crate::machine::Pins;

/// Below those that the system gives to the generator's sockets: one of these keeps its port for a minute after its end.
const PORTS: Range<u16> = 20_000..32_000;

/// How long a server may take until it listens.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A server under comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// The floor: one thread, one write a socket and message, no queues.
    Raw,
    /// The floor that collects for 20 ms and writes once.
    RawTick,
    /// This project's server.
    Frontrow,
    /// `uWebSockets` (C++), by its bindings for Python.
    Uws,
    /// nchan, the module of nginx (C).
    Nchan,
    /// ws (Node).
    Ws,
    /// NATS over WebSocket (Go).
    Nats,
    /// socket.io (Node).
    SocketIo,
}

/// Where what peers need was installed, and the floor's own program.
#[derive(Clone, Debug)]
pub struct Places {
    /// This program.
    pub bench: PathBuf,
    /// The folder of the small programs around the peers.
    pub programs: PathBuf,
    /// The folder of what was installed for them.
    pub installed: PathBuf,
}

/// A peer at work; it ends when this is dropped.
pub struct Running {
    child: Child,
    /// Where it is.
    pub target: Target,
    /// Its configuration and data.
    folder: TempDir,
}

impl Peer {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Raw,
        Self::RawTick,
        Self::Frontrow,
        Self::Uws,
        Self::Nchan,
        Self::Ws,
        Self::Nats,
        Self::SocketIo,
    ];

    /// As the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RawTick => "raw, one write a 20 ms tick",
            Self::Frontrow => "frontrow",
            Self::Uws => "uWebSockets",
            Self::Nchan => "nchan (nginx)",
            Self::Ws => "ws (Node)",
            Self::Nats => "NATS over WebSocket",
            Self::SocketIo => "socket.io (Node)",
        }
    }

    /// Why it cannot be started here.
    pub fn absent(self, places: &Places) -> Option<String> {
        let needed = match self {
            Self::Raw | Self::RawTick | Self::Frontrow => return None,
            Self::Uws => places.installed.join("socketify/socketify"),
            Self::Nchan => places.nginx(),
            Self::Ws => places.programs.join("node_modules/ws"),
            Self::Nats => places.nats(),
            Self::SocketIo => places.programs.join("node_modules/socket.io"),
        };
        (!needed.exists()).then(|| "not installed here: `cargo xtask bench` says why".to_owned())
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it does not start or does not listen.
    pub fn start(self, places: &Places, pins: Pins) -> Result<Running> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        let mut command = self.command(places, folder.path(), port)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(fs::File::create(folder.path().join("stderr"))?);
        let mut child = pins.spawn(&mut command)?;
        let process = child.id();
        let stdout = child.stdout.take().context("no standard output")?;
        let mut running = Running {
            child,
            target: Target {
                address: SocketAddr::from(([127, 0, 0, 1], port)),
                path: "/room".to_owned(),
                dialect: self.dialect(),
                process,
            },
            folder,
        };
        if self == Self::SocketIo {
            "/socket.io/?EIO=4&transport=websocket".clone_into(&mut running.target.path);
        }
        // Nobody is to wait because nobody reads what it says.
        thread::spawn(move || BufReader::new(stdout).lines().for_each(drop));
        running
            .wait()
            .with_context(|| format!("{} does not start", self.name()))?;
        Ok(running)
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::SocketIo => Dialect::SocketIo,
            Self::Nats => Dialect::Nats,
            _ => Dialect::Plain,
        }
    }

    fn command(self, places: &Places, folder: &Path, port: u16) -> Result<Command> {
        let port_text = port.to_string();
        let mut command;
        match self {
            Self::Raw | Self::RawTick => {
                let tick = if self == Self::Raw { "0" } else { "20" };
                command = Command::new(&places.bench);
                command.args(["raw", "--port", &port_text, "--tick", tick]);
            }
            Self::Frontrow => bail!("frontrow is let in by its gate"),
            Self::Uws => {
                command = Command::new("python3");
                command.arg(places.programs.join("uws.py")).arg(port_text);
                command.env("PYTHONPATH", places.installed.join("socketify"));
                command.env("LD_LIBRARY_PATH", places.libraries("libuv"));
            }
            Self::Nchan => {
                let conf = folder.join("nginx.conf");
                fs::write(&conf, places.nginx_conf(port)?)?;
                command = Command::new(places.nginx());
                command
                    .arg("-e")
                    .arg("stderr")
                    .arg("-p")
                    .arg(folder)
                    .arg("-c")
                    .arg(conf);
            }
            Self::Ws | Self::SocketIo => {
                let program = if self == Self::Ws { "ws.mjs" } else { "socket-io.mjs" };
                command = Command::new("node");
                command.arg(places.programs.join(program)).arg(port_text);
            }
            Self::Nats => {
                let conf = folder.join("nats.conf");
                let text = fs::read_to_string(places.programs.join("nats.conf"))?;
                fs::write(&conf, text.replace("PORT", &port_text))?;
                command = Command::new(places.nats());
                command.arg("--config").arg(conf);
            }
        }
        Ok(command)
    }
}

impl Places {
    fn nginx(&self) -> PathBuf {
        self.installed.join("nchan/usr/sbin/nginx")
    }

    fn nats(&self) -> PathBuf {
        self.installed.join("nats/bin/nats-server")
    }

    /// Where a package of Debian's has its libraries, whatever the machine is called.
    fn libraries(&self, package: &str) -> PathBuf {
        let folder = self.installed.join(package).join("usr/lib");
        let machines = fs::read_dir(&folder).into_iter().flatten().flatten();
        machines.map(|machine| machine.path()).next().unwrap_or(folder)
    }

    fn nginx_conf(&self, port: u16) -> Result<String> {
        let text = fs::read_to_string(self.programs.join("nginx.conf"))?;
        let module = self.installed.join("nchan/usr/lib/nginx/modules/ngx_nchan_module.so");
        Ok(text
            .replace("PORT", &port.to_string())
            .replace("MODULE", &module.display().to_string()))
    }
}

impl Running {
    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while TcpStream::connect(self.target.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {}", self.last_words());
            }
            ensure!(Instant::now() < deadline, "it does not listen: {}", self.last_words());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // As an operator would, so that it ends what it started.
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).ok();
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port on which nobody listens, and another one each time: not every server can listen where the sockets of the run before
/// have not been forgotten yet.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    let begin = u16::try_from(process::id() % u32::from(count))?;
    let mut steps = (0..count).map(|_| NEXT.fetch_add(1, Ordering::Relaxed));
    let port = steps.find_map(|step| {
        let port = PORTS.start + (begin + step % count) % count;
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok().then_some(port)
    });
    port.context("no port is free")
}
