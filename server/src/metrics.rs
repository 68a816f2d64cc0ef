//! What operators can count, in Prometheus' text form. Labels are of small fixed sets: no events, members or addresses.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use wire::Refusal;

/// The counters. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Counters>);

struct Counters {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histogram,
    admissions: Family<Outcome, Counter>,
    alarms: Counter,
    sockets: Gauge,
    places: Gauge<u64, AtomicU64>,
    places_taken: Gauge<u64, AtomicU64>,
    turned_away: Family<Reason, Counter>,
    resident_bytes: Gauge<u64, AtomicU64>,
    lag_seconds: Gauge<f64, AtomicU64>,
    sockets_closed: Family<Reason, Counter>,
    refused: Family<Reason, Counter>,
    entries: Counter,
    taps: Family<Outcome, Counter>,
    commit_seconds: Histogram,
    accounts_made: Counter,
    accounts_pending: Gauge<u64, AtomicU64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(Counters::register()))
    }
}

impl Counters {
    fn register() -> Self {
        let mut registry = Registry::with_prefix("frontrow");
        let mut counters = Self {
            registry: Registry::default(),
            requests: Family::default(),
            request_seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            admissions: Family::default(),
            alarms: Counter::default(),
            sockets: Gauge::default(),
            places: Gauge::default(),
            places_taken: Gauge::default(),
            turned_away: Family::default(),
            resident_bytes: Gauge::default(),
            lag_seconds: Gauge::default(),
            sockets_closed: Family::default(),
            refused: Family::default(),
            entries: Counter::default(),
            taps: Family::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            accounts_made: Counter::default(),
            accounts_pending: Gauge::default(),
        };
        let c = &counters;
        registry.register("http_requests", "Requests, by route and status", c.requests.clone());
        registry.register_with_unit(
            "http_request",
            "Time to answer",
            Unit::Seconds,
            c.request_seconds.clone(),
        );
        registry.register("admissions", "Tickets at the gate, by outcome", c.admissions.clone());
        registry.register(
            "wrong_code_alarms",
            "Minutes with unusually many wrong codes",
            c.alarms.clone(),
        );
        registry.register("sockets", "Open sockets", c.sockets.clone());
        registry.register(
            "sockets_closed",
            "Sockets that ended, by reason",
            c.sockets_closed.clone(),
        );
        registry.register(
            "frames_refused",
            "Frames that changed nothing, by reason",
            c.refused.clone(),
        );
        registry.register("entries", "Entries committed to the logs", c.entries.clone());
        registry.register("taps", "Taps on reactions, counted or dropped", c.taps.clone());
        registry.register_with_unit(
            "commit",
            "Time of a commit to the logs",
            Unit::Seconds,
            c.commit_seconds.clone(),
        );
        registry.register(
            "accounts_made",
            "Accounts made by this process",
            c.accounts_made.clone(),
        );
        registry.register(
            "accounts_pending",
            "Tickets that wait for their account",
            c.accounts_pending.clone(),
        );
        c.register_capacity(&mut registry);
        counters.registry = registry;
        counters
    }
}

impl Counters {
    fn register_capacity(&self, registry: &mut Registry) {
        registry.register("places", "Members that this node takes in at most", self.places.clone());
        registry.register(
            "places_taken",
            "Members here, and those whose place is kept",
            self.places_taken.clone(),
        );
        registry.register(
            "turned_away",
            "Fans for whom there was no place, by reason",
            self.turned_away.clone(),
        );
        registry.register_with_unit("resident", "Resident memory", Unit::Bytes, self.resident_bytes.clone());
        registry.register_with_unit(
            "lag",
            "How late the server's tasks are",
            Unit::Seconds,
            self.lag_seconds.clone(),
        );
    }
}

impl Metrics {
    /// How many members this node takes in.
    pub fn capacity(&self, places: u64) {
        self.0.places.set(places);
    }

    /// How many of the places are taken.
    pub fn places_taken(&self, taken: u64) {
        self.0.places_taken.set(taken);
    }

    /// How the node is doing.
    pub fn load(&self, resident_bytes: u64, lag: Duration) {
        self.0.resident_bytes.set(resident_bytes);
        self.0.lag_seconds.set(lag.as_secs_f64());
    }

    /// There was no place for a fan.
    pub fn turned_away(&self, reason: &'static str) {
        let reason = reason.to_owned();
        self.0.turned_away.get_or_create(&Reason { reason }).inc();
    }

    /// A request was answered. `route` is its pattern, never its address.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        self.0
            .requests
            .get_or_create(&RequestLabels {
                route: route.to_owned(),
                status,
            })
            .inc();
        self.0.request_seconds.observe(took.as_secs_f64());
    }

    /// A ticket was shown at the gate.
    pub fn admission(&self, outcome: &'static str) {
        self.0.admissions.get_or_create(&Outcome { outcome }).inc();
    }

    /// An event has unusually many wrong codes.
    pub fn alarm(&self) {
        self.0.alarms.inc();
    }

    /// A socket was opened.
    pub fn socket_opened(&self) {
        self.0.sockets.inc();
    }

    /// A socket ended.
    pub fn socket_closed(&self, reason: &'static str) {
        self.0.sockets.dec();
        self.0
            .sockets_closed
            .get_or_create(&Reason {
                reason: reason.to_owned(),
            })
            .inc();
    }

    /// A frame was refused.
    pub fn refused(&self, reason: Refusal) {
        let name = serde_json::to_value(reason).ok();
        let reason = name
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unknown")
            .to_owned();
        self.0.refused.get_or_create(&Reason { reason }).inc();
    }

    /// Entries were committed to a log together.
    pub fn committed(&self, entries: u64, took: Duration) {
        self.0.entries.inc_by(entries);
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    /// Of so many taps on a reaction some counted.
    pub fn tapped(&self, taps: u32, counted: u32) {
        for (outcome, taps) in [("counted", counted), ("dropped", taps - counted)] {
            if taps > 0 {
                self.0.taps.get_or_create(&Outcome { outcome }).inc_by(taps.into());
            }
        }
    }

    /// Accounts were made.
    pub fn accounts_made(&self, made: u64) {
        self.0.accounts_made.inc_by(made);
    }

    /// How many tickets wait for their account.
    pub fn accounts_pending(&self, pending: u64) {
        self.0.accounts_pending.set(pending);
    }

    /// The text form.
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        match text::encode(&mut encoded, &self.0.registry) {
            Ok(()) => encoded,
            Err(std::fmt::Error) => String::new(),
        }
    }
}
