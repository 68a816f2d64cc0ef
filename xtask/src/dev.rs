//! `cargo xtask dev`: the edit loop. Trunk builds and serves the client anew when it changes; we do it for the server.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

use crate::client::{self, Mode};
use crate::run::{self, Frontrow};
use crate::setup::ClientTools;
use crate::sh;

/// Where the server listens, and the page is served: both stand in Trunk.toml too.
const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8080);
const PAGE: &str = "http://127.0.0.1:8081";
/// What the server is made of.
const SOURCES: [&str; 3] = ["server", "wire", "Cargo.lock"];
/// How often the sources are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long the server may take to end in its own way.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs until Ctrl-C, or until Trunk ends.
pub fn run(yes: bool) -> Result<()> {
    run::check_free(SERVER.into(), "end the server that `cargo xtask run` started")?;
    let tools = ClientTools::ensure(yes)?;
    let mut seen = newest();
    let mut server = renew(None)?;
    // Its own dist folder: what `cargo xtask build` made stays as it is.
    let mut trunk = tools
        .trunk()?
        .args(["serve", "--dist", "target/dev-dist"])
        .spawn()
        .context("cannot start trunk")?;
    sh::say(&format!("the page is on {PAGE}; it and the server follow your changes"));
    while trunk.try_wait()?.is_none() {
        thread::sleep(LOOK);
        let now = newest();
        if now != seen {
            seen = now;
            server = renew(server)?;
        }
    }
    server.as_mut().map_or(Ok(()), end)
}

/// Builds the server and puts it in the old one's place, which runs on while the new one does not compile.
fn renew(old: Option<Child>) -> Result<Option<Child>> {
    let Some(frontrow) = build() else { return Ok(old) };
    match old {
        Some(mut server) => end(&mut server)?,
        None => frontrow.demo()?,
    }
    frontrow.serve().spawn().map(Some).context("cannot start the server")
}

fn build() -> Option<Frontrow> {
    match client::server(Mode::Dev) {
        Ok(program) => {
            let data = sh::root().join("data-dev");
            Some(Frontrow {
                program,
                data,
                listen: SERVER.into(),
                public_url: Some(PAGE),
            })
        }
        Err(error) => {
            sh::say(&error.to_string());
            None
        }
    }
}

/// Asks the server to end, as a service manager would, and makes it when it does not.
fn end(server: &mut Child) -> Result<()> {
    let asked = Command::new("kill").arg(server.id().to_string()).status();
    let deadline = Instant::now() + FAREWELL;
    while asked.is_ok() && Instant::now() < deadline {
        if server.try_wait()?.is_some() {
            return Ok(());
        }
        thread::sleep(LOOK / 10);
    }
    server.kill()?;
    server.wait()?;
    Ok(())
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
