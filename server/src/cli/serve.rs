//! `frontrow serve`

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{CliError, Common, Output};
use crate::auth::origin::{AllowedOrigins, Origin};
use crate::capacity;
use crate::config::{self, Config, ProvisionerMode, RelayMode};
use crate::process::{Process, StartError};
use crate::room::SendLimits;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to listen.
    #[arg(long, env = "FRONTROW_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR", value_parser = config::listen)]
    listen: SocketAddr,
    /// The address that visitors type. With https, cookies are for https alone.
    #[arg(long, env = "FRONTROW_PUBLIC_URL", value_name = "URL", value_parser = config::public_url)]
    public_url: Option<Origin>,
    /// Another origin whose pages may use the API; may come several times.
    #[arg(long, env = "FRONTROW_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = config::public_url)]
    allow_origin: Vec<Origin>,
    /// A proxy whose X-Forwarded-For is believed; may come several times.
    #[arg(long, env = "FRONTROW_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = config::network)]
    trusted_proxy: Vec<IpNet>,
    /// How messages reach every node: local is this process.
    #[arg(long, env = "FRONTROW_RELAY", default_value = "local", value_name = "RELAY")]
    relay: RelayMode,
    /// Who makes the accounts: this process, or `frontrow provision` beside it.
    #[arg(long, env = "FRONTROW_PROVISIONER", default_value = "embedded")]
    provisioner: ProvisionerMode,
    /// Messages that a member may send at once; 0 is unlimited.
    #[arg(long, env = "FRONTROW_SEND_BURST", default_value_t = 5, value_name = "N")]
    send_burst: u32,
    /// Messages a second after the burst; 0 is unlimited.
    #[arg(long, env = "FRONTROW_SEND_RATE", default_value_t = 1, value_name = "N")]
    send_rate: u32,
    /// Members with a place in the chat at most; who comes after them watches, and waits for one. Without it: as many as files may be
    /// open, less some.
    #[arg(long, env = "FRONTROW_MAX_PLACES", value_name = "N")]
    max_places: Option<u64>,
    /// Megabytes of memory from which on nobody new is taken in. Without it: 85 % of what the system gives.
    #[arg(long, env = "FRONTROW_MAX_MEMORY", value_name = "MB")]
    max_memory: Option<u64>,
    /// Milliseconds that the server's own tasks may be late for some seconds before nobody new is taken in; 0 is unlimited.
    #[arg(long, env = "FRONTROW_MAX_LAG", default_value_t = 1_000, value_name = "MS")]
    max_lag: u64,
}

impl Options {
    fn config(self) -> Config {
        let RelayMode::Local = self.relay;
        Config {
            listen: self.listen,
            origins: AllowedOrigins {
                public: self.public_url,
                configured: self.allow_origin,
            },
            trusted_proxies: self.trusted_proxy,
            provisioner: self.provisioner,
            send_limits: SendLimits {
                burst: self.send_burst,
                per_second: self.send_rate,
            },
            capacity: capacity::Limits {
                places: self.max_places,
                memory: self.max_memory.map(|megabytes| megabytes.saturating_mul(1 << 20)),
                lag: Duration::from_millis(self.max_lag),
            },
        }
    }
}

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(options: Options, common: &Common, output: Output) -> Result<(), CliError> {
    let stopped = on_signal()?;
    raise_open_files();
    let (store, secrets) = common.open().await?;
    let process = Process::start(store, secrets, options.config())
        .await
        .map_err(start_error)?;
    let address = format!("http://{}", process.address());
    tracing::info!(address, "serving");
    output.print(format!("Frontrow is at {address}"), &json!({ "address": address }))?;
    stopped.cancelled().await;
    tracing::info!("stopping");
    process.stop().await;
    Ok(())
}

fn start_error(error: StartError) -> CliError {
    match error {
        StartError::Listen { .. } => CliError::Usage(error.to_string()),
        StartError::Threads(error) => CliError::Io("no threads to work with".to_owned(), error),
        StartError::Store(error) => CliError::Store(error),
    }
}

/// Cancelled by the first SIGTERM or SIGINT; a second SIGINT ends the process at once.
pub(super) fn on_signal() -> Result<CancellationToken, CliError> {
    let failed = |error| CliError::Io("signals cannot be heard".to_owned(), error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let token = CancellationToken::new();
    let stopped = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
        interrupt.recv().await;
        std::process::exit(130);
    });
    Ok(stopped)
}

/// Who is woken waits until who is at work stops for a moment, instead of interrupting: a thread then finds more to do at once, and a
/// busy core is not spent on switching (docs/adr/0014-scheduling.md). For all threads that begin after this; what the operator chose
/// for the process stays.
#[cfg(target_os = "linux")]
pub(super) fn take_turns() {
    use uapi::c;
    let this_thread = 0;
    let taken = uapi::sched_getscheduler(this_thread).and_then(|policy| match policy {
        c::SCHED_OTHER => uapi::sched_setscheduler(this_thread, c::SCHED_BATCH, &c::sched_param { sched_priority: 0 }),
        chosen => Ok(chosen),
    });
    if let Err(error) = taken {
        tracing::warn!(%error, "the threads are scheduled as any other program's");
    }
}

/// The same, where there is nothing to choose.
#[cfg(not(target_os = "linux"))]
pub(super) fn take_turns() {}

/// A socket is an open file: the system's lower limit is for other programs.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::info!(limit, "open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}
