//! `frontrow provision`: the provisioner alone.

use super::serve::on_signal;
use super::{CliError, Common};
use crate::metrics::Metrics;
use crate::provision::Provisioner;

/// Makes accounts until SIGTERM or SIGINT.
pub(super) async fn run(common: &Common) -> Result<(), CliError> {
    let stopped = on_signal()?;
    let (store, _) = common.open().await?;
    tracing::info!("making accounts");
    Provisioner::new(store.clone(), Metrics::default()).run(stopped).await;
    store.close().await;
    Ok(())
}
