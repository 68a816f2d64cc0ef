//! `crowd`: starts a server, seats a crowd in one event, lets some of it talk, and checks at every socket that each
//! message comes once and in order. Prints latency percentiles and what the server spent.
//!
//! `cargo run --release -p bench -- --sockets 5000 --rate 20 --seconds 30`

mod crowd;
mod report;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

/// Files that are open beside the crowd's sockets: HTTP connections, the runtime's own, the server's database.
const OTHER_FILES: u64 = 200;

/// Opens sockets, sends messages, checks each delivery for loss, doubles and order.
#[derive(Clone, Debug, Parser)]
#[command(name = "crowd", version)]
struct Options {
    /// Sockets to open, each a member of its own.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    sockets: u32,
    /// Messages a second, all senders together.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// How long to send, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Members that send, taken in turn.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    senders: u32,
    /// Length of each message's text, in characters.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(40..=500))]
    text: u32,
    /// The server's binary.
    #[arg(long, default_value = "target/release/frontrow")]
    server: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn messages(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.seconds)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files cannot be read")?;
    check_files(limit, options.sockets)?;
    let server = server::Server::start(&options.server).await?;
    let tickets = server.tickets(options.sockets).await?;
    eprintln!("seating {} people", options.sockets);
    let (crowd, seated) = crowd::Crowd::seat(&server, tickets, &options).await?;
    eprintln!(
        "seated in {:.1} s; sending {} messages",
        seated.as_secs_f64(),
        options.messages()
    );
    let before = server.spent()?;
    let outcome = crowd.talk(&options).await?;
    let after = server.spent()?;
    let report = report::Report::new(&options, seated, &outcome, before, after);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    server.stop().await?;
    report.verdict()
}

/// A socket is an open file, here and in the server.
fn check_files(limit: u64, sockets: u32) -> Result<()> {
    let needed = u64::from(sockets) + OTHER_FILES;
    ensure!(
        limit >= needed,
        "{sockets} sockets need {needed} open files and the system allows {limit}: raise the hard limit \
         (`ulimit -Hn` shows it), or ask for fewer with --sockets"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_low_a_limit_of_open_files_is_said_before_anything_starts() {
        assert!(check_files(1_200, 1_000).is_ok());
        let error = check_files(1_024, 1_000).unwrap_err().to_string();
        assert!(
            error.contains("1000 sockets need 1200 open files and the system allows 1024"),
            "{error}"
        );
        assert!(error.contains("--sockets"), "{error}");
    }
}
