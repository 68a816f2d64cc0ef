//! What a run found, for people and for machines.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::Options;
use crate::crowd::Outcome;
use crate::server::Spent;

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    sockets: u32,
    messages: u64,
    acked: u64,
    deliveries: u64,
    lost: u64,
    disordered: u64,
    sockets_closed: u64,
    joins_per_second: f64,
    deliveries_per_second: f64,
    messages_per_frame: f64,
    latency_ms_p50: f64,
    latency_ms_p90: f64,
    latency_ms_p99: f64,
    latency_ms_max: f64,
    server_cpu_seconds: f64,
    server_cpu_micros_per_delivery: f64,
    server_resident_mib: f64,
    server_resident_kib_per_socket: f64,
}

impl Report {
    /// Puts the figures together.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn new(options: &Options, seated: Duration, outcome: &Outcome, before: Spent, after: Spent) -> Self {
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
        let deliveries = outcome.delivered.max(1) as f64;
        let quantile = |quantile| outcome.latency.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            sockets: options.sockets,
            messages: options.messages(),
            acked: outcome.acked,
            deliveries: outcome.delivered,
            lost: outcome.lost,
            disordered: outcome.disordered,
            sockets_closed: outcome.closed,
            joins_per_second: f64::from(options.sockets) / seated.as_secs_f64(),
            deliveries_per_second: deliveries / outcome.took.as_secs_f64(),
            messages_per_frame: deliveries / outcome.frames.max(1) as f64,
            latency_ms_p50: quantile(0.5),
            latency_ms_p90: quantile(0.9),
            latency_ms_p99: quantile(0.99),
            latency_ms_max: outcome.latency.max() as f64 / 1_000.0,
            server_cpu_seconds: cpu,
            server_cpu_micros_per_delivery: cpu * 1_000_000.0 / deliveries,
            server_resident_mib: after.resident as f64 / 1_048_576.0,
            server_resident_kib_per_socket: after.resident as f64 / 1_024.0 / f64::from(options.sockets),
        }
    }

    /// Fails when something was lost, came twice or out of order, or was not confirmed.
    pub fn verdict(&self) -> Result<()> {
        ensure!(self.lost == 0, "{} deliveries are missing", self.lost);
        ensure!(
            self.disordered == 0,
            "{} deliveries came twice or out of order",
            self.disordered
        );
        ensure!(self.sockets_closed == 0, "{} sockets closed early", self.sockets_closed);
        ensure!(
            self.acked == self.messages,
            "{} of {} messages were confirmed",
            self.acked,
            self.messages
        );
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sockets             {}", self.sockets)?;
        writeln!(f, "joins a second      {:.0}", self.joins_per_second)?;
        writeln!(f, "messages            {} ({} confirmed)", self.messages, self.acked)?;
        writeln!(
            f,
            "deliveries          {} ({:.0} a second)",
            self.deliveries, self.deliveries_per_second
        )?;
        writeln!(f, "lost                {}", self.lost)?;
        writeln!(f, "twice or disordered {}", self.disordered)?;
        writeln!(f, "sockets closed      {}", self.sockets_closed)?;
        writeln!(f, "messages a frame    {:.2}", self.messages_per_frame)?;
        let (p50, p90) = (self.latency_ms_p50, self.latency_ms_p90);
        let (p99, max) = (self.latency_ms_p99, self.latency_ms_max);
        writeln!(
            f,
            "latency, ms         p50 {p50:.1}  p90 {p90:.1}  p99 {p99:.1}  max {max:.1}"
        )?;
        let (cpu, each) = (self.server_cpu_seconds, self.server_cpu_micros_per_delivery);
        writeln!(f, "server CPU          {cpu:.1} s, {each:.2} µs a delivery")?;
        let (resident, each) = (self.server_resident_mib, self.server_resident_kib_per_socket);
        write!(f, "server memory       {resident:.0} MiB, {each:.1} KiB a socket")
    }
}
