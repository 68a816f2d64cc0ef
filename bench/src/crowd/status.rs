//! One line on standard error that follows the run, when a person watches.

use std::io::{self, IsTerminal, Write};

use super::{Crowd, Phase};
use crate::engine::Net;

/// How often it is written, in microseconds.
const EVERY: u64 = 500_000;

/// The line.
#[derive(Debug)]
pub struct Status {
    is_shown: bool,
    last: u64,
    delivered: u64,
}

impl Status {
    /// Shown when standard error is a terminal.
    pub fn new(is_quiet: bool) -> Self {
        Self {
            is_shown: !is_quiet && io::stderr().is_terminal(),
            last: 0,
            delivered: 0,
        }
    }

    /// When it is written next; far away when nobody watches.
    pub fn due(&self, now: u64) -> u64 {
        if self.is_shown {
            self.last + EVERY
        } else {
            now + 60_000_000
        }
    }

    /// Writes it anew.
    pub fn say(&mut self, line: &str) {
        if self.is_shown {
            eprint!("\r\x1b[2K{line}");
            io::stderr().flush().ok();
        }
    }

    /// Takes it away.
    pub fn clear(&mut self) {
        self.say("");
    }
}

impl Crowd<'_> {
    pub(super) fn tell_status(&mut self, net: &Net) {
        let now = net.now();
        if !self.status.is_shown || now < self.status.last + EVERY {
            return;
        }
        let what = match self.phase {
            Phase::Preparing => "before anybody comes",
            Phase::Arriving => "people arrive",
            Phase::Settling { .. } => "all are here",
            Phase::Acting { .. } => "at it",
            Phase::Draining { .. } => "the last deliveries",
            Phase::Listening { .. } => "listening for what should not come",
        };
        let delivered = self.meter.latency.len();
        let since = (now - self.status.last).max(1);
        let rate = (delivered - self.status.delivered) * 1_000_000 / since;
        let p99 = self.meter.latency.value_at_quantile(0.99) / 1_000;
        let counts = &self.counts;
        let line = format!(
            "{what}: {} of {} in, {} sent, {} confirmed, {rate} deliveries a second, p99 {p99} ms",
            counts.seated,
            self.fans.len(),
            counts.messages.frames,
            counts.messages.acked
        );
        (self.status.last, self.status.delivered) = (now, delivered);
        self.status.say(&line);
    }
}
