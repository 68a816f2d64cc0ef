//! A running server: its parts, started in order and stopped in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::secret::Secrets;
use crate::auth::throttle::Throttle;
use crate::config::{Config, ProvisionerMode};
use crate::housekeeping;
use crate::metrics::Metrics;
use crate::provision::Provisioner;
use crate::room::Rooms;
use crate::router;
use crate::routes::client;
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// How long a stopping server takes at most: sockets are told, answers finish, what was appended is committed.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// How long the database may take to be closed after that.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_500);

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
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
        let rooms = Rooms::start(
            store.clone(),
            secrets.clone(),
            config.send_limits,
            metrics.clone(),
            shutdown.clone(),
            tasks.clone(),
        );
        let rooms = rooms.await?;
        if config.provisioner == ProvisionerMode::Embedded {
            tasks.spawn(Provisioner::new(store.clone(), metrics.clone()).run(shutdown.clone()));
        }
        tasks.spawn(housekeeping::run(store.clone(), shutdown.clone()));
        let throttle = Throttle::default();
        let state = AppState {
            config: Arc::new(config),
            store,
            secrets,
            rooms,
            throttle,
            metrics,
        };
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
    pub async fn stop(self) {
        let until = Instant::now() + STOP_WITHIN;
        self.shutdown.cancel();
        self.tasks.close();
        let finished = async {
            let _ = self.listener.await;
            self.tasks.wait().await;
        };
        if timeout_at(until, finished).await.is_err() {
            tracing::warn!("some work was cut off");
        }
        if let Err(error) = self.state.store.write_last_seen().await {
            tracing::warn!(%error, "the last signs of life are lost");
        }
        if tokio::time::timeout(CLOSE_WITHIN, self.state.store.close())
            .await
            .is_err()
        {
            tracing::warn!("the database was not closed in time; it recovers by itself");
        }
    }
}
