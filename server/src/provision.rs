//! The provisioner: makes the accounts of tickets that have none, nearest event first. It takes its work from the
//! database alone; who sells or imports tickets never waits for it, and the gate never does its work. One works at a
//! time; the others wait for its turn to end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::auth::codes;
use crate::clock;
use crate::metrics::Metrics;
use crate::store::{BETWEEN_BATCHES, Batch, Store, StoreError, Tenure};

/// How often it looks for work: a ticket has its account well within a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Accounts made in one transaction: a chat beside it waits a few milliseconds for it.
const BATCH: u32 = 500;

/// How long it rests after the database refused.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// One provisioner, of possibly many that run.
#[derive(Clone)]
pub struct Provisioner {
    store: Store,
    name: String,
    metrics: Metrics,
}

impl Provisioner {
    /// A provisioner with a name of its own.
    pub fn new(store: Store, metrics: Metrics) -> Self {
        Self {
            store,
            name: codes::random_id(),
            metrics,
        }
    }

    /// Works until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut turn = None;
        while !shutdown.is_cancelled() {
            let rest = match self.look(&mut turn).await {
                Ok(rest) => rest,
                Err(error) => {
                    tracing::warn!(%error, "accounts cannot be made right now");
                    AFTER_TROUBLE
                }
            };
            let _ = tokio::time::timeout(rest, shutdown.cancelled()).await;
        }
    }

    /// One look: takes its turn if it can, makes one batch, and says how long to rest.
    async fn look(&self, turn: &mut Option<Tenure>) -> Result<Duration, StoreError> {
        if turn.is_none() {
            *turn = self.store.take_turn(&self.name, clock::now()).await?;
        }
        let Some(tenure) = turn.as_ref() else {
            return Ok(LOOK_EVERY);
        };
        let batch = self
            .store
            .make_accounts(tenure, BATCH, codes::new_member, clock::now())
            .await?;
        match batch {
            Batch::Made(made) => {
                self.metrics.accounts_made(made);
                tracing::info!(accounts.made = made, "accounts made");
                return Ok(BETWEEN_BATCHES);
            }
            Batch::Fenced => {
                tracing::warn!("another provisioner has the turn");
                *turn = None;
            }
            Batch::Idle => {}
        }
        Ok(LOOK_EVERY)
    }
}
