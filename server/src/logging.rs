//! Logs go to standard error, as text or JSON. What could carry a secret is kept out of them whatever level is asked
//! for: session ids, frames, statements.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// The form of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Libraries whose finer levels would say too much.
const CAPPED: [(&str, LevelFilter); 7] = [
    // Anybody can make them warn, with a cookie of any kind.
    ("tower_sessions", LevelFilter::ERROR),
    ("tower_sessions_core", LevelFilter::ERROR),
    ("sqlx", LevelFilter::WARN),
    ("hyper", LevelFilter::INFO),
    ("hyper_util", LevelFilter::INFO),
    ("tungstenite", LevelFilter::INFO),
    ("tokio_tungstenite", LevelFilter::INFO),
];

/// Reads a filter such as `info` or `server=debug`.
pub fn filter(levels: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(levels)
}

/// What no filter gets past, however exact it is: this one is asked as well.
fn caps() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_targets(CAPPED)
}

/// Starts logging. Only the first call counts.
pub fn start(format: LogFormat, filter: EnvFilter) {
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // A second start (in tests) finds the first one's logs in place.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .with(caps())
        .try_init();
}
