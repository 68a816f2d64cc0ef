//! The command line. Every command works beside a running server on the same data: it writes to the database, and the
//! server looks there.
//!
//! Exit codes: 0 done, 1 not done, 2 asked in a way that cannot be done.

mod audit;
mod demo;
mod event;
mod output;
mod provision;
mod serve;
mod status;
mod ticket;
mod value;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::audit::FormError;
use crate::auth::secret::{SecretError, Secrets};
use crate::config::DatabaseUrl;
use crate::logging::{self, LogFormat};
use crate::store::{Event, Store, StoreError};
use output::Output;

/// The chat for ticketed live events: one binary, one SQLite file.
#[derive(Debug, Parser)]
#[command(name = "frontrow", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Where the help lists what every command takes.
const HEADING: &str = "Of every command";

/// What every command takes.
#[derive(Clone, Debug, Args)]
struct Common {
    /// The folder with the key, the database and what else an installation keeps.
    #[arg(
        long,
        global = true,
        help_heading = HEADING,
        env = "FRONTROW_DATA",
        default_value = "data",
        value_name = "DIR"
    )]
    data: PathBuf,
    /// The database, when it is not in the data folder: sqlite:FILE.
    #[arg(long, global = true, help_heading = HEADING, env = "FRONTROW_DATABASE", value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Print JSON instead of text.
    #[arg(long, global = true, help_heading = HEADING, env = "FRONTROW_JSON", value_parser = BoolishValueParser::new())]
    json: bool,
    /// The form of the logs on standard error.
    #[arg(
        long,
        global = true,
        help_heading = HEADING,
        env = "FRONTROW_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or a filter such as `info,server::room=debug`.
    #[arg(long, global = true, help_heading = HEADING, env = "FRONTROW_LOG", default_value = "info", value_name = "LEVEL", value_parser = logging::filter)]
    log: EnvFilter,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page, the API and the rooms.
    Serve(serve::Options),
    /// Make the accounts of tickets, beside a server that runs with --provisioner off.
    Provision,
    /// Announce, list, end and delete events.
    #[command(subcommand)]
    Event(event::Command),
    /// Import, issue and revoke tickets.
    #[command(subcommand)]
    Ticket(ticket::Command),
    /// What nobody may say: import, list and clear an event's word list.
    #[command(subcommand)]
    Words(words::Command),
    /// Who did what to whom in an event, when and why: as CSV, or as JSON with --json.
    Audit(audit::Options),
    /// Where an event stands: phase, counts, accounts, people online.
    Status(status::Options),
    /// An event that is open now, its codes printed.
    Demo(demo::Options),
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// It cannot be done as it was asked.
    #[error("{0}")]
    Usage(String),
    /// It could not be done.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit log cannot be written.
    #[error(transparent)]
    Form(#[from] FormError),
    /// There is no key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The system failed.
    #[error("{0}: {1}")]
    Io(String, #[source] std::io::Error),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Secret(_) | Self::Store(StoreError::OtherKey | StoreError::File { .. }) => 2,
            Self::Refused(_) | Self::Store(_) | Self::Form(_) | Self::Io(..) => 1,
        }
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(cli.common.log_format, cli.common.log.clone());
    let output = Output::new(cli.common.json);
    if matches!(cli.command, Command::Serve(_)) {
        serve::take_turns();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(output, &CliError::Io("no threads to work with".to_owned(), error)),
    };
    match runtime.block_on(run(cli, output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(output, &error),
    }
}

fn fail(output: Output, error: &CliError) -> ExitCode {
    output.error(&error.to_string());
    ExitCode::from(error.exit_code())
}

async fn run(cli: Cli, output: Output) -> Result<(), CliError> {
    let common = cli.common;
    match cli.command {
        Command::Serve(options) => serve::run(options, &common, output).await,
        Command::Provision => provision::run(&common).await,
        Command::Event(command) => event::run(command, &common, output).await,
        Command::Ticket(command) => ticket::run(command, &common, output).await,
        Command::Words(command) => words::run(command, &common, output).await,
        Command::Audit(options) => audit::run(&options, &common).await,
        Command::Status(options) => status::run(&options, &common, output).await,
        Command::Demo(options) => demo::run(&options, &common, output).await,
    }
}

impl Common {
    /// Opens the key and the database that belongs to it.
    async fn open(&self) -> Result<(Store, Secrets), CliError> {
        let secrets = Secrets::open(&self.data)?;
        let database = self
            .database
            .clone()
            .unwrap_or_else(|| DatabaseUrl::in_folder(&self.data));
        let store = Store::open(database.file()).await?;
        store.bind_key(secrets.fingerprint()).await?;
        Ok((store, secrets))
    }
}

async fn find_event(store: &Store, slug: &str) -> Result<Event, CliError> {
    let event = store.event_by_slug(slug).await?;
    event.ok_or_else(|| CliError::Refused(format!("there is no event {slug:?}; `frontrow event list` shows them")))
}
