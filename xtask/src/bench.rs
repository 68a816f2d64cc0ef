//! `cargo xtask bench`: the server beside its peers, small enough for a laptop, with what that needs set up on the way.

use anyhow::{Result, bail};

use crate::client::{self, Mode};
use crate::peers;
use crate::sh;

/// What is compared.
#[derive(clap::Args)]
pub struct Options {
    /// Thousands of sockets and seven rounds instead: an hour or two, and nothing else may run meanwhile.
    #[arg(long)]
    full: bool,
    /// More for `bench compare`: `cargo xtask bench -- --runs burst --pairs 5`.
    #[arg(last = true)]
    more: Vec<String>,
}

/// Builds, sets up the peers, and compares.
pub fn run(options: &Options, yes: bool) -> Result<()> {
    let installed = peers::ensure(yes)?;
    let frontrow = client::build(Mode::Release, yes)?;
    let mut bench = sh::cargo();
    bench
        .args([
            "run",
            "--release",
            "--locked",
            "--quiet",
            "--package",
            "bench",
            "--",
            "compare",
        ])
        .args((!options.full).then_some("--small"))
        .arg("--server")
        .arg(frontrow)
        .arg("--installed")
        .arg(installed)
        .args(&options.more);
    let (ok, _) = sh::follow(&mut bench)?;
    if !ok {
        bail!("the comparison failed: its last lines say why");
    }
    Ok(())
}
