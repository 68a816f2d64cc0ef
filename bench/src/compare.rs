//! The server beside its peers: the same load with the same bytes, in rounds. A round runs each of them once, in another
//! order every time; what counts is the ratio to `raw` within a round, for a machine has good and bad minutes.

mod peer;
mod table;

use std::collections::BTreeMap;
use std::env;
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use self::peer::Peer;
use self::peer::Places;
use self::table::Table;
use crate::crowd::{self, Scenario};
use crate::fanout;
use crate::machine::{self, Pins};
use crate::meter::{Figures, Load};

/// Characters of each message's text.
const TEXT: u32 = 200;

/// What is compared.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What is run.
    #[arg(long, value_delimiter = ',', default_values = ["standard", "burst", "big"])]
    runs: Vec<Run>,
    /// Who takes part [default: all]; raw always does.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Rounds of each run [default: 7; small: 3].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pairs: Option<u32>,
    /// A few hundred sockets for some seconds: whether it works, and roughly how it stands.
    #[arg(long)]
    small: bool,
    /// The server's binary.
    #[arg(long, default_value = "target/release/frontrow")]
    server: PathBuf,
    /// The folder of the small programs around the peers.
    #[arg(long, default_value = "bench/peers")]
    programs: PathBuf,
    /// The folder where `cargo xtask bench` installs what they need.
    #[arg(long, env = "FRONTROW_PEERS", default_value = ".")]
    installed: PathBuf,
    /// Whether each server and this program get a core each, where there are two.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pin: bool,
    /// Print all figures as JSON.
    #[arg(long)]
    json: bool,
}

/// A load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// 5,000 sockets, 20 messages a second.
    Standard,
    /// 1,000 sockets, 500 messages a second.
    Burst,
    /// As many sockets as this process may open, 2 messages a second.
    Big,
}

/// What one run found.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Which run.
    pub run: Run,
    /// What was asked.
    pub load: Load,
    /// What each found, round by round; one that failed says why.
    pub rounds: Vec<BTreeMap<Peer, Outcome>>,
}

/// What a server did with a load.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// It was measured.
    Figures(Box<Figures>),
    /// It could not be.
    Failed {
        /// Why.
        failed: String,
    },
}

#[derive(Serialize)]
struct Comparisons {
    pins: Pins,
    absent: BTreeMap<Peer, String>,
    runs: Vec<Comparison>,
}

impl Run {
    const fn load(self, small: bool, most: u32) -> Load {
        let (sockets, rate, seconds) = match (self, small) {
            (Self::Standard, false) => (5_000, 20.0, 10),
            (Self::Burst, false) => (1_000, 500.0, 4),
            (Self::Big, false) => (most, 2.0, 10),
            (Self::Standard, true) => (500, 20.0, 4),
            (Self::Burst, true) => (200, 250.0, 3),
            (Self::Big, true) => (1_500, 2.0, 4),
        };
        Load {
            sockets,
            rooms: 1,
            rate,
            seconds,
            text: TEXT,
        }
    }
}

/// Runs all of it and prints what was found.
///
/// # Errors
/// When the machine does not allow so many sockets, or the floor itself cannot be measured.
pub fn run(options: &Options) -> Result<()> {
    let limit = machine::raise_file_limit()?;
    let pins = Pins::new(options.pin)?;
    let places = Places {
        bench: env::current_exe()?,
        programs: options.programs.clone(),
        installed: options.installed.clone(),
    };
    let wanted = |peer: &Peer| *peer == Peer::Raw || options.peers.is_empty() || options.peers.contains(peer);
    let asked = Peer::ALL.into_iter().filter(wanted);
    let absent: BTreeMap<Peer, String> = asked
        .clone()
        .filter_map(|peer| Some((peer, peer.absent(&places)?)))
        .collect();
    let peers: Vec<Peer> = asked.filter(|peer| !absent.contains_key(peer)).collect();
    let mut comparisons = Vec::new();
    for run in &options.runs {
        let load = run.load(options.small, machine::most_sockets(limit));
        machine::check_files(limit, load.sockets)?;
        let rounds = options.pairs.unwrap_or(if options.small { 3 } else { 7 });
        let comparison = compare(*run, load, rounds, &peers, &places, options, pins)?;
        if !options.json {
            println!("{}", Table(&comparison));
        }
        comparisons.push(comparison);
    }
    if options.json {
        let all = Comparisons {
            pins,
            absent,
            runs: comparisons,
        };
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for (peer, why) in absent {
        println!("{} is absent: {why}", peer.name());
    }
    println!("{pins}");
    Ok(())
}

fn compare(
    run: Run,
    load: Load,
    rounds: u32,
    peers: &[Peer],
    places: &Places,
    options: &Options,
    pins: Pins,
) -> Result<Comparison> {
    let mut comparison = Comparison {
        run,
        load,
        rounds: Vec::new(),
    };
    for round in 0..rounds {
        let mut order = peers.to_vec();
        order.rotate_left(round as usize % peers.len());
        let mut found = BTreeMap::new();
        for peer in order {
            tell(&format!("{run:?}, round {} of {rounds}: {}", round + 1, peer.name()));
            let outcome = match measure(peer, load, places, options, pins) {
                Ok(figures) => Outcome::Figures(Box::new(figures)),
                Err(error) => Outcome::Failed {
                    failed: format!("{error:#}"),
                },
            };
            ensure!(
                peer != Peer::Raw || matches!(outcome, Outcome::Figures(_)),
                "the floor cannot be measured: {outcome:?}"
            );
            found.insert(peer, outcome);
        }
        comparison.rounds.push(found);
    }
    Ok(comparison)
}

fn measure(peer: Peer, load: Load, places: &Places, options: &Options, pins: Pins) -> Result<Figures> {
    if peer != Peer::Frontrow {
        let running = peer.start(places, pins)?;
        return fanout::run(&running.target, load);
    }
    let mut scenario = Scenario::find("standard").context("the scenario that comes with the program")?;
    (scenario.fans, scenario.seconds) = (load.sockets, load.seconds);
    (scenario.talk.a_second, scenario.talk.characters) = (load.rate, load.text);
    let report = crowd::run(&scenario, &options.server, pins, true)?;
    for problem in &report.problems {
        eprintln!("frontrow: {problem}");
    }
    Ok(report.figures)
}

/// For who waits.
fn tell(line: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[2K");
    }
    eprintln!("{line}");
}
