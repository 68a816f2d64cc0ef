//! Debian's packages: the last resort where nothing else can be fetched. It says which, and asks.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::sh::{self, Step};

/// Fetching and unpacking on a slow line.
const LIMIT: Duration = Duration::from_mins(30);

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
    step("Debian's package lists", "half a minute", apt(&["update"]))?;
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    sh::say(&format!("installing the Debian packages {}", packages.join(" ")));
    step("Debian packages", "a minute or two", apt(&install))
}

fn step(name: &str, takes: &str, mut command: Command) -> Result<()> {
    let advice = "Check the network and Debian's sources, and run the same command again.";
    Step {
        name,
        takes,
        advice,
        limit: LIMIT,
    }
    .run(&mut command)
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = if is_root() {
        sh::command("apt-get")
    } else {
        let mut sudo = sh::command("sudo");
        sudo.arg("apt-get");
        sudo
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
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
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| owner(&own) == 0)
}

#[cfg(unix)]
fn owner(file: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(file)
}

#[cfg(not(unix))]
fn owner(_: &std::fs::Metadata) -> u32 {
    u32::MAX
}
