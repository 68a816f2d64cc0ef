//! What every handler can reach. Cheap to clone.

use std::ops::Deref;
use std::sync::Arc;

use crate::auth::secret::Secrets;
use crate::auth::throttle::Throttle;
use crate::capacity::Capacity;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::room::Rooms;
use crate::socket::FanOut;
use crate::store::Store;

/// The parts of a running server, behind one pointer: every layer and extractor of a call takes a copy.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

impl AppState {
    /// What handlers share.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts.
pub struct Parts {
    /// How it was configured.
    pub config: Arc<Config>,
    /// The state of record.
    pub store: Store,
    /// The keys.
    pub secrets: Secrets,
    /// The live side.
    pub rooms: Rooms,
    /// The threads that own the connections.
    pub fan_out: FanOut,
    /// Wrong codes at the gate.
    pub throttle: Throttle,
    /// Whether there is a place for somebody new.
    pub capacity: Capacity,
    /// What is counted.
    pub metrics: Metrics,
}
