//! A running server: its parts, started in order and stopped in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::secret::Secrets;
use crate::auth::throttle::Throttle;
use crate::capacity::{self, Capacity};
use crate::clock;
use crate::config::{Config, ProvisionerMode};
use crate::housekeeping;
use crate::metrics::Metrics;
use crate::provision::Provisioner;
use crate::room::Rooms;
use crate::router;
use crate::routes::client;
use crate::socket::FanOut;
use crate::state::{AppState, Parts};
use crate::store::{Store, StoreError};

/// How long a stopping server's work may take: sockets are told, answers finish, what was appended is committed. With
/// what comes after it, less than the ten seconds that service managers give.
const STOP_WITHIN: Duration = Duration::from_secs(7);

/// How long it may take to write down who was here, after that.
const NOTE_WITHIN: Duration = Duration::from_secs(1);

/// How long the database may take to be closed after that.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The system gives no threads for the connections.
    #[error("the connections' threads cannot be started: {0}")]
    Threads(std::io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A server that begins keeps a place for those who were heard of so long ago, in milliseconds: they come back.
const WERE_HERE_MILLIS: u64 = 10 * 60 * 1000;

/// A running server.
pub struct Process {
    address: SocketAddr,
    state: AppState,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    listener: JoinHandle<()>,
}

impl Process {
    /// Starts serving.
    pub async fn start(store: Store, secrets: Secrets, config: Config) -> Result<Self, StartError> {
        let listen = |cause| StartError::Listen {
            address: config.listen,
            cause,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let metrics = Metrics::default();
        let capacity = Capacity::new(config.capacity, metrics.clone());
        let rooms = Rooms::start(
            store.clone(),
            secrets.clone(),
            config.send_limits,
            metrics.clone(),
            capacity.clone(),
            shutdown.clone(),
            tasks.clone(),
        );
        let rooms = rooms.await?;
        if config.provisioner == ProvisionerMode::Embedded {
            tasks.spawn(Provisioner::new(store.clone(), metrics.clone()).run(shutdown.clone()));
        }
        tasks.spawn(housekeeping::run(store.clone(), shutdown.clone()));
        let fan_out = FanOut::start(&rooms).map_err(StartError::Threads)?;
        let now = clock::now();
        let were_here = store.held_since(now.saturating_sub(WERE_HERE_MILLIS), now, capacity.places());
        capacity.keep(were_here.await?);
        tasks.spawn(capacity::watch(capacity.clone(), shutdown.clone()));
        let throttle = Throttle::default();
        let state = AppState::new(Parts {
            config: Arc::new(config),
            store,
            secrets,
            rooms,
            fan_out,
            throttle,
            capacity,
            metrics,
        });
        let router = router::router(state.clone());
        if !client::is_built() {
            tracing::warn!("built without the client: the page only says so");
        }
        let listener = tokio::spawn(router::listen(listener, router, shutdown.clone()));
        Ok(Self {
            address,
            state,
            shutdown,
            tasks,
            listener,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its parts.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Stops accepting, tells every socket to come back, finishes what was begun, and closes the database.
    pub async fn stop(mut self) {
        let until = Instant::now() + STOP_WITHIN;
        self.shutdown.cancel();
        self.tasks.close();
        let Self { listener, tasks, .. } = &mut self;
        let finished = async {
            let _ = listener.await;
            tasks.wait().await;
        };
        if timeout_at(until, finished).await.is_err() {
            tracing::warn!("some work was cut off");
        }
        match timeout(NOTE_WITHIN, self.take_notes()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last signs of life are lost"),
            Err(_) => tracing::warn!("the last signs of life are lost: there was no time"),
        }
        if timeout(CLOSE_WITHIN, self.state.store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; it recovers by itself");
        }
    }

    /// Who was here, and that nobody is any more.
    async fn take_notes(&self) -> Result<(), StoreError> {
        self.state.rooms.report_empty().await?;
        self.state.store.write_last_seen().await
    }
}
