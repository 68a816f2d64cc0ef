//! The project's own commands. `cargo xtask run` is all that a first visitor needs.

mod bench;
mod client;
mod dev;
mod group;
mod peers;
mod run;
mod setup;
mod sh;
mod system;
mod test;
mod tools;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::client::Mode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set up, build, run, test and develop Frontrow")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Install system packages without asking, where there is no other way.
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Set up what is missing on this machine; the other commands do it too.
    Setup,
    /// Build the client into dist/ and the server that embeds it.
    Build {
        /// Quick to build rather than small and fast.
        #[arg(long)]
        dev: bool,
    },
    /// Build, and start the server with a demo event that is open now.
    Run(run::Options),
    /// Run the tests: all, or the parts named.
    Test { parts: Vec<test::Part> },
    /// Measure the server beside its peers, small and quick; sets up what is missing.
    Bench(bench::Options),
    /// Edit with the page and the server following.
    Dev,
}

fn main() -> ExitCode {
    let started = Instant::now();
    let Arguments { command, yes } = Arguments::parse();
    if let Err(error) = group::end_on_signals() {
        eprintln!("xtask: signals cannot be heard: {error}");
        return ExitCode::FAILURE;
    }
    let result = start(command, yes);
    match result {
        Ok(code) => code,
        Err(_) if group::is_ending() => ExitCode::from(group::INTERRUPTED),
        Err(error) => {
            eprintln!("\nxtask stopped after {}: {error:#}", sh::seconds(started.elapsed()));
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command, yes: bool) -> Result<ExitCode> {
    setup::make(yes)?;
    match command {
        Command::Setup => setup::all(yes)?,
        Command::Build { dev } => {
            let mode = if dev { Mode::Dev } else { Mode::Release };
            let frontrow = client::build(mode, yes)?;
            sh::say(&format!("the server is {}", frontrow.display()));
        }
        Command::Run(options) => run::run(&options, yes)?,
        Command::Test { parts } => return Ok(test::run(&parts, yes)),
        Command::Bench(options) => bench::run(&options, yes)?,
        Command::Dev => dev::run(yes)?,
    }
    Ok(ExitCode::SUCCESS)
}
