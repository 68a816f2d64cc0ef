//! What a run costs: the server's use at its turning points, and what everybody heard in between.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::check::{Verdict, histogram};
use crate::engine::Net;
use crate::machine::Used;

/// The state at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    /// When, in microseconds of the generator's clock.
    pub at: u64,
    server: Used,
    ours: Used,
    bytes_in: u64,
}

/// The turning points of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// Nobody is there.
    pub empty: Mark,
    /// Everybody is there.
    pub seated: Mark,
    /// Everybody was there for a while and nothing was said.
    pub settled: Mark,
    /// All that was said has come.
    pub all_in: Mark,
}

/// Measures one run.
pub struct Meter {
    process: u32,
    /// The run's turning points.
    pub marks: Marks,
    /// From the instant a message was due to its arrival at each socket, in microseconds.
    pub latency: Histogram<u64>,
}

impl Meter {
    /// Measures this process and what it started.
    pub fn new(process: u32) -> Self {
        Self {
            process,
            marks: Marks::default(),
            latency: histogram(),
        }
    }

    /// The state now.
    pub fn mark(&self, net: &Net) -> Result<Mark> {
        Ok(Mark {
            at: net.now(),
            server: Used::by(self.process)?,
            ours: Used::by_us()?,
            bytes_in: net.bytes_in(),
        })
    }
}

/// What was asked of a fan-out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Sockets over all rooms.
    pub sockets: u32,
    /// Rooms.
    pub rooms: u32,
    /// Messages a second over all rooms.
    pub rate: f64,
    /// For so many seconds.
    pub seconds: u32,
    /// Characters of each message's text.
    pub text: u32,
}

/// The figures of one run, the same for every server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// What was asked.
    #[serde(flatten)]
    pub load: Load,
    /// Seconds from the first message to the last arrival.
    pub took_seconds: f64,
    /// Sockets that were opened a second.
    pub opened_a_second: f64,
    /// CPU of the server for each socket, all that it took to open it.
    pub server_cpu_micros_a_socket_opened: f64,
    /// Messages that were sent, and committed where the server says so.
    pub messages: u64,
    /// Messages that arrived, over all sockets.
    pub deliveries: u64,
    /// The same a second, from the first message to the last arrival.
    pub deliveries_a_second: f64,
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came again, too late, or that nobody sent.
    pub disordered: u64,
    /// Sockets that the server ended and should not have.
    pub closed: u64,
    /// Bytes that came a delivery, with all frames and everything else that was said.
    pub bytes_a_delivery: f64,
    /// From due to arrived, milliseconds.
    pub latency_ms_p50: f64,
    /// From due to arrived, milliseconds.
    pub latency_ms_p90: f64,
    /// From due to arrived, milliseconds.
    pub latency_ms_p99: f64,
    /// From due to arrived, milliseconds.
    pub latency_ms_max: f64,
    /// CPU of the server, user and system, from the first message to the last arrival; idle use is in it.
    pub server_cpu_seconds: f64,
    /// The same, for each delivery.
    pub server_cpu_micros_a_delivery: f64,
    /// Percent of a core that the server used with everybody there and nothing said.
    pub server_idle_percent: f64,
    /// Resident memory of the server with nobody there, MiB.
    pub server_mib_empty: f64,
    /// Resident memory of the server with everybody there, MiB.
    pub server_mib_seated: f64,
    /// Resident memory of the server when all was in, MiB.
    pub server_mib_after: f64,
    /// What each socket added, bytes.
    pub server_bytes_a_socket: f64,
    /// Percent of a core that the generator used: at 100 it measures itself.
    pub generator_percent: f64,
}

impl Figures {
    /// Puts the figures together.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn new(load: Load, meter: &Meter, verdict: Verdict, messages: u64, closed: u64) -> Self {
        let Marks {
            empty,
            seated,
            settled,
            all_in,
        } = meter.marks;
        let deliveries = verdict.delivered.max(1) as f64;
        let took = seconds(settled, all_in);
        let cpu = cpu_seconds(settled, all_in);
        let quantile = |quantile| meter.latency.value_at_quantile(quantile) as f64 / 1_000.0;
        let sockets = f64::from(load.sockets);
        let mib = |mark: Mark| mark.server.resident as f64 / 1_048_576.0;
        Self {
            load,
            took_seconds: took,
            opened_a_second: sockets / seconds(empty, seated),
            server_cpu_micros_a_socket_opened: cpu_seconds(empty, seated) * 1e6 / sockets,
            messages,
            deliveries: verdict.delivered,
            deliveries_a_second: verdict.delivered as f64 / took,
            lost: verdict.lost,
            disordered: verdict.disordered,
            closed,
            bytes_a_delivery: (all_in.bytes_in - settled.bytes_in) as f64 / deliveries,
            latency_ms_p50: quantile(0.5),
            latency_ms_p90: quantile(0.9),
            latency_ms_p99: quantile(0.99),
            latency_ms_max: meter.latency.max() as f64 / 1_000.0,
            server_cpu_seconds: cpu,
            server_cpu_micros_a_delivery: cpu * 1e6 / deliveries,
            server_idle_percent: percent(seated.server, settled.server, seconds(seated, settled)),
            server_mib_empty: mib(empty),
            server_mib_seated: mib(settled),
            server_mib_after: mib(all_in),
            server_bytes_a_socket: settled.server.resident.saturating_sub(empty.server.resident) as f64 / sockets,
            generator_percent: percent(settled.ours, all_in.ours, took),
        }
    }

    /// Whether everything came once and in order.
    pub fn is_right(&self) -> bool {
        (self.lost, self.disordered, self.closed) == (0, 0, 0)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p90) = (self.latency_ms_p50, self.latency_ms_p90);
        let (p99, max) = (self.latency_ms_p99, self.latency_ms_max);
        let (cpu, each) = (self.server_cpu_seconds, self.server_cpu_micros_a_delivery);
        if self.messages == 0 {
            writeln!(
                f,
                "server CPU          {cpu:.2} s; idle {:.2} % of a core",
                self.server_idle_percent
            )?;
            return self.write_memory(f);
        }
        writeln!(
            f,
            "deliveries          {} ({:.0} a second)",
            self.deliveries, self.deliveries_a_second
        )?;
        writeln!(f, "lost                {}", self.lost)?;
        writeln!(f, "twice or disordered {}", self.disordered)?;
        writeln!(f, "sockets closed      {}", self.closed)?;
        writeln!(f, "on the wire         {:.0} bytes a delivery", self.bytes_a_delivery)?;
        writeln!(
            f,
            "latency, ms         p50 {p50:.1}  p90 {p90:.1}  p99 {p99:.1}  max {max:.1}"
        )?;
        writeln!(
            f,
            "server CPU          {cpu:.2} s, {each:.2} µs a delivery; idle {:.2} % of a core",
            self.server_idle_percent
        )?;
        self.write_memory(f)
    }
}

impl Figures {
    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (empty, seated, after) = (self.server_mib_empty, self.server_mib_seated, self.server_mib_after);
        writeln!(
            f,
            "server memory       {empty:.1} MiB empty, {seated:.1} seated, {after:.1} after"
        )?;
        writeln!(
            f,
            "                    {:.0} bytes a socket",
            self.server_bytes_a_socket
        )?;
        write!(
            f,
            "generator           {:.0} % of a core{}",
            self.generator_percent,
            self.warning()
        )
    }

    fn warning(&self) -> &'static str {
        if self.generator_percent > 90.0 {
            ": it measures itself"
        } else {
            ""
        }
    }
}

fn seconds(from: Mark, to: Mark) -> f64 {
    // Never zero: it is divided by.
    Duration::from_micros(to.at.saturating_sub(from.at).max(1)).as_secs_f64()
}

fn cpu_seconds(from: Mark, to: Mark) -> f64 {
    to.server.cpu.saturating_sub(from.server.cpu).as_secs_f64()
}

fn percent(from: Used, to: Used, seconds: f64) -> f64 {
    to.cpu.saturating_sub(from.cpu).as_secs_f64() * 100.0 / seconds
}
