//! `cargo xtask dev`: the edit loop. Trunk builds and serves the client anew when it changes; we do it for the server.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::client::{self, Mode};
use crate::group::Group;
use crate::run::{self, Frontrow};
use crate::setup::ClientTools;
use crate::sh;

/// Where the server listens, and the page is served: both stand in Trunk.toml too.
const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8080);
const PAGE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8081);
const PAGE_URL: &str = "http://127.0.0.1:8081";
/// What the server is made of.
const SOURCES: [&str; 3] = ["server", "wire", "Cargo.lock"];
/// How often the sources are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Runs until Ctrl-C, or until Trunk ends.
pub fn run(yes: bool) -> Result<()> {
    for address in [SERVER, PAGE] {
        run::check_free(
            address.into(),
            "End what listens there: another `cargo xtask dev`, or the server of `cargo xtask run`?",
        )?;
    }
    let tools = ClientTools::ensure(yes)?;
    let mut seen = newest();
    let mut server = Server::default();
    server.renew();
    let mut trunk = tools.trunk()?;
    // Its own dist folder: what `cargo xtask build` made stays as it is.
    trunk.args(["serve", "--dist", "target/dev-dist"]).stdin(Stdio::null());
    let trunk = Group::spawn(&mut trunk).context("cannot start trunk")?;
    sh::say(&format!(
        "the page is on {PAGE_URL}; it and the server follow your changes"
    ));
    while !trunk.has_ended() {
        thread::sleep(LOOK);
        server.look();
        let now = newest();
        if now != seen {
            seen = now;
            server.renew();
        }
    }
    ended(trunk)
}

/// Trunk serves until it is ended: when it ended by itself, it could not.
fn ended(trunk: Group) -> Result<()> {
    bail!(
        "trunk ended, with {}. Its lines above say why; run this again once that is gone",
        trunk.status()?
    )
}

/// The server of the edit loop, which may be down: it did not compile, or it ended.
#[derive(Default)]
struct Server {
    running: Option<Group>,
    has_demo: bool,
}

impl Server {
    /// Builds the server and puts it in the old one's place, which runs on while the new one does not compile.
    fn renew(&mut self) {
        if let Err(error) = client::server(Mode::Dev).and_then(|program| self.start(&frontrow(program))) {
            sh::say(&format!("{error:#}"));
        }
    }

    fn start(&mut self, frontrow: &Frontrow) -> Result<()> {
        // The old one ends first: it has the address.
        self.running = None;
        if !self.has_demo {
            frontrow.demo()?;
            self.has_demo = true;
        }
        let server = Group::spawn(frontrow.serve().stdin(Stdio::null())).context("cannot start the server")?;
        self.running = Some(server);
        Ok(())
    }

    /// Says so when the server has ended by itself.
    fn look(&mut self) {
        if let Some(server) = self.running.take_if(|server| server.has_ended()) {
            let how = server
                .status()
                .map_or_else(|error| error.to_string(), |status| status.to_string());
            sh::say(&format!(
                "the server ended, with {how}; it starts again when you change it"
            ));
        }
    }
}

fn frontrow(program: PathBuf) -> Frontrow {
    Frontrow {
        program,
        data: sh::root().join("data-dev"),
        listen: SERVER.into(),
        public_url: Some(PAGE_URL),
    }
}

/// When the server's sources changed last.
fn newest() -> SystemTime {
    SOURCES
        .iter()
        .map(|source| changed(&sh::root().join(source)))
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn changed(path: &Path) -> SystemTime {
    let own = fs::metadata(path)
        .and_then(|file| file.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let inside = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| changed(&entry.path()));
    inside.fold(own, SystemTime::max)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn shell(script: &str) -> Group {
        Group::spawn(Command::new("sh").args(["-c", script]).stdin(Stdio::null())).unwrap()
    }

    #[test]
    fn trunks_failure_is_ours() {
        let error = ended(shell("exit 3")).unwrap_err().to_string();
        assert!(error.contains("trunk ended, with exit status: 3"), "{error}");
    }

    #[test]
    fn a_server_that_ended_is_seen_and_one_that_runs_is_left_alone() {
        let mut server = Server {
            running: Some(shell("sleep 600")),
            has_demo: true,
        };
        server.look();
        assert!(server.running.is_some());
        let ending = shell("exit 7");
        while !ending.has_ended() {
            thread::yield_now();
        }
        server.running = Some(ending);
        server.look();
        assert!(server.running.is_none());
    }
}
