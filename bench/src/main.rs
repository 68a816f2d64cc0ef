//! The project's load generator. `crowd` lets people into a server as they come to a show; `compare` measures the server
//! beside its peers; `raw` is the floor under all of them; `plot` draws what was found.
//!
//! `cargo run --release -p bench -- crowd --scenario standard`

mod check;
mod compare;
mod crowd;
mod dialect;
mod engine;
mod fanout;
mod heard;
mod machine;
mod meter;
mod plot;
mod raw;
mod server;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use self::crowd::Scenario;
use self::machine::Pins;

#[derive(Parser)]
#[command(
    name = "bench",
    version,
    about = "Load a chat server, check each delivery, and measure what it costs"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Let people in who talk, tap, ask, lose their lines and misbehave, as a scenario says, and check each delivery.
    Crowd(CrowdOptions),
    /// Measure the server beside its peers: the same load, the same bytes, one after the other, several times.
    Compare(compare::Options),
    /// Draw what crowds cost as SVG, from the JSON of several runs.
    Plot(plot::Options),
    /// Be the cheapest server there is.
    Raw(raw::Options),
}

/// What the crowd plays; the other options change the scenario.
#[derive(Clone, Debug, clap::Args)]
struct CrowdOptions {
    /// One of standard, burst, big, joins, rush, sending, idle, quiet, storm and evening, or a file.
    #[arg(long, default_value = "standard")]
    scenario: String,
    /// People; 0 is as many as this process may open sockets.
    #[arg(long)]
    fans: Option<u32>,
    /// Rooms that they are spread over.
    #[arg(long)]
    rooms: Option<u32>,
    /// Messages a second, over all rooms.
    #[arg(long)]
    rate: Option<f64>,
    /// Taps on reactions a second.
    #[arg(long)]
    taps: Option<f64>,
    /// How long, in seconds.
    #[arg(long)]
    seconds: Option<u32>,
    /// People who send, taken in turn.
    #[arg(long)]
    senders: Option<u32>,
    /// The server's binary.
    #[arg(long, default_value = "target/release/frontrow")]
    server: PathBuf,
    /// Whether the server and this program get a core each, where there are two.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pin: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl CrowdOptions {
    fn scenario(&self, limit: u64) -> Result<Scenario> {
        let mut scenario = Scenario::find(&self.scenario)?;
        let set = |to: &mut u32, from: Option<u32>| *to = from.unwrap_or(*to);
        set(&mut scenario.fans, self.fans);
        set(&mut scenario.rooms, self.rooms);
        set(&mut scenario.seconds, self.seconds);
        set(&mut scenario.talk.senders, self.senders);
        scenario.talk.a_second = self.rate.unwrap_or(scenario.talk.a_second);
        scenario.react.taps_a_second = self.taps.unwrap_or(scenario.react.taps_a_second);
        let beside = scenario.arrive.connections + scenario.misbehave.half_open;
        if scenario.fans == 0 {
            scenario.fans = machine::most_sockets(limit).saturating_sub(beside);
        }
        machine::check_files(limit, scenario.fans + beside)?;
        Ok(scenario)
    }

    fn play(&self) -> Result<()> {
        let scenario = self.scenario(machine::raise_file_limit()?)?;
        let pins = Pins::new(self.pin)?;
        let report = crowd::run(&scenario, &self.server, pins, false)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}");
        }
        if !report.problems.is_empty() {
            bail!("{}", report.problems.join("; "));
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Crowd(options) => options.play(),
        Command::Compare(options) => compare::run(&options),
        Command::Plot(options) => plot::draw(&options),
        Command::Raw(options) => raw::serve(options),
    }
}
