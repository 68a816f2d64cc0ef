//! What every handler can reach. Cheap to clone.

use std::sync::Arc;

use crate::auth::secret::Secrets;
use crate::auth::throttle::Throttle;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::room::Rooms;
use crate::store::Store;

/// The parts of a running server.
#[derive(Clone)]
pub struct AppState {
    /// How it was configured.
    pub config: Arc<Config>,
    /// The state of record.
    pub store: Store,
    /// The keys.
    pub secrets: Secrets,
    /// The live side.
    pub rooms: Rooms,
    /// Wrong codes at the gate.
    pub throttle: Throttle,
    /// What is counted.
    pub metrics: Metrics,
}
