//! Debian's packages: the last resort where nothing else can be fetched. It says which, and asks.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::sh::{self, Step};

/// Fetching and unpacking on a slow line.
const LIMIT: Duration = Duration::from_mins(30);
const ADVICE: &str = "Check the network and Debian's sources, and run the same command again.";

/// Installs packages, once the person at the terminal agreed: by `--yes`, by answering, or by being root in CI.
pub fn install(packages: &[&str], what_for: &str, yes: bool) -> Result<()> {
    let command = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if sh::find("apt-get").is_none() {
        bail!(
            "{what_for} is missing, and this system has no apt-get: install it in your system's way (on Debian it is `{command}`)"
        );
    }
    if !(yes || (is_root() && env::var_os("CI").is_some()) || agreed(packages, what_for)?) {
        bail!("{what_for} is missing. Install it with `{command}`, or run this again with --yes");
    }
    apt("Debian's package lists", "half a minute", &["update"])?;
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    sh::say(&format!("installing the Debian packages {}", packages.join(" ")));
    apt("Debian packages", "a minute or two", &install)
}

fn apt(name: &str, takes: &str, arguments: &[&str]) -> Result<()> {
    if !is_root() {
        return sudo_apt(name, arguments);
    }
    Step {
        name,
        takes,
        advice: ADVICE,
        limit: LIMIT,
    }
    .run(
        sh::command("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// `sudo` asks for a password at the terminal, which a quiet step does not have.
fn sudo_apt(name: &str, arguments: &[&str]) -> Result<()> {
    let mut sudo = sh::command("sudo");
    sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    let status = sudo.status().context("cannot start sudo")?;
    if !status.success() {
        bail!("{name}: `sudo apt-get {}` failed. {ADVICE}", arguments.join(" "));
    }
    Ok(())
}

fn agreed(packages: &[&str], what_for: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    print!(
        "{what_for} is missing. Install the Debian packages {}? [y/N] ",
        packages.join(" ")
    );
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
