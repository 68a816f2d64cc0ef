//! Logs go to standard error, as text or JSON. What could carry a secret is kept out of them whatever level is asked
//! for: session ids, frames, statements.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The form of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Libraries whose finer levels would say too much.
const CAPPED: [&str; 7] = [
    "tower_sessions=warn",
    "tower_sessions_core=warn",
    "tower_sessions_sqlx_store=warn",
    "sqlx=warn",
    "hyper=info",
    "hyper_util=info",
    "tungstenite=info",
];

/// Reads a filter such as `info` or `server=debug`.
pub fn filter(levels: &str) -> Result<EnvFilter, ParseError> {
    let mut filter = EnvFilter::try_new(levels)?;
    for capped in CAPPED {
        filter = filter.add_directive(capped.parse()?);
    }
    Ok(filter)
}

/// Starts logging. Only the first call counts.
pub fn start(format: LogFormat, filter: EnvFilter) {
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second start (in tests) finds the first one's logs in place.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}
