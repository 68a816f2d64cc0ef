//! A plain fan-out, the same for every server: everybody listens, one of them talks, each delivery is checked.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};

use crate::check::{Checker, Verdict};
use crate::dialect::{Dialect, Meaning, message};
use crate::engine::{self, App, Event, Id, Net, Stage, Turn, http};
use crate::heard::Memory;
use crate::meter::{Figures, Load, Meter};

/// How often it is looked whether everybody is there, in microseconds.
const LOOK: u64 = 20_000;
/// How long everybody may take to be there, in microseconds.
const SEATED_WITHIN: u64 = 120_000_000;
/// How long everybody listens on when all is in, in microseconds: what comes now should not have come.
pub const QUIET: u64 = 1_000_000;

/// How the run takes its time, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Handshakes under way at a time.
    opening: u32,
    /// How long nothing is said before the first message.
    settle: u64,
    /// How long the last deliveries may take to come.
    drain: u64,
    /// How long everybody listens on.
    quiet: u64,
    /// Messages, when not those of the load's seconds.
    messages: Option<u64>,
}

/// Where a server is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address.
    pub address: SocketAddr,
    /// The path of its WebSocket.
    pub path: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// Its process, and all that this started.
    pub process: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening { since: u64 },
    Settling { until: u64 },
    Sending { since: u64 },
    Draining { since: u64 },
    Listening { until: u64 },
}

struct Listener {
    id: Id,
    checker: Checker,
    /// The beginning of what a frame did not bring to its end.
    rest: Vec<u8>,
}

struct FanOut<'a> {
    target: &'a Target,
    load: Load,
    patience: Patience,
    request: String,
    /// By the place in `listeners`; a socket's number is its place here too.
    listeners: Vec<Listener>,
    /// Which listener a socket is, by its place.
    by_place: Vec<u32>,
    ready: u32,
    closed: u64,
    complete: u32,
    sent: u64,
    memory: Memory,
    meter: Meter,
    phase: Phase,
}

/// Runs it to its end.
///
/// # Errors
/// When the server cannot be reached, declines, or does not let everybody in.
pub fn run(target: &Target, load: Load) -> Result<Figures> {
    let patience = Patience {
        opening: 128,
        settle: 2_000_000,
        drain: 180_000_000,
        quiet: QUIET,
        messages: None,
    };
    run_patiently(target, load, patience)
}

fn run_patiently(target: &Target, load: Load, patience: Patience) -> Result<Figures> {
    let mut net = Net::new()?;
    let mut meter = Meter::new(target.process);
    meter.marks.empty = meter.mark(&net)?;
    let mut fan_out = FanOut {
        target,
        load,
        patience,
        request: http::upgrade(&target.address.to_string(), &target.path, ""),
        listeners: Vec::new(),
        by_place: Vec::new(),
        ready: 0,
        closed: 0,
        complete: 0,
        sent: 0,
        memory: Memory::default(),
        meter,
        phase: Phase::Opening { since: net.now() },
    };
    engine::run(&mut net, &mut fan_out)?;
    let mut verdict = Verdict::default();
    for listener in &fan_out.listeners {
        listener.checker.judge(fan_out.sent, &mut verdict);
    }
    Ok(Figures::new(
        load,
        &fan_out.meter,
        verdict,
        fan_out.sent,
        fan_out.closed,
    ))
}

impl App for FanOut<'_> {
    fn hear(&mut self, net: &mut Net, id: Id, event: Event<'_>) {
        let Some(number) = self.by_place.get(id.place()).copied() else {
            return;
        };
        match event {
            Event::Opened => {
                self.target.dialect.greet(net, id);
                self.ready += u32::from(self.target.dialect.is_ready_at_once());
            }
            Event::Text(frame) | Event::Binary(frame) => self.listen(net, number as usize, frame),
            Event::Closed(_) | Event::Declined(..) => self.closed += 1,
            Event::Answered(_) => {}
        }
    }

    fn turn(&mut self, net: &mut Net) -> Result<Turn> {
        let now = net.now();
        match self.phase {
            Phase::Opening { since } => self.open(net, since),
            Phase::Settling { until } | Phase::Listening { until } if now < until => Ok(Turn::Until(until)),
            Phase::Settling { .. } => {
                self.meter.marks.settled = self.meter.mark(net)?;
                self.phase = Phase::Sending { since: net.now() };
                self.turn(net)
            }
            Phase::Sending { since } => Ok(self.send(net, since)),
            Phase::Draining { since } if self.is_complete() || now > since + self.patience.drain => {
                self.meter.marks.all_in = self.meter.mark(net)?;
                let until = net.now() + self.patience.quiet;
                self.phase = Phase::Listening { until };
                Ok(Turn::Until(until))
            }
            Phase::Draining { since } => Ok(Turn::Until(since + self.patience.drain)),
            Phase::Listening { .. } => Ok(Turn::Done),
        }
    }
}

impl FanOut<'_> {
    fn open(&mut self, net: &mut Net, since: u64) -> Result<Turn> {
        ensure!(
            self.closed == 0,
            "the server ends or declines sockets before anything is said"
        );
        if net.now() > since + SEATED_WITHIN {
            bail!("{} of {} are there after two minutes", self.ready, self.load.sockets);
        }
        while self.listeners.len() < self.load.sockets as usize && self.opening() < self.patience.opening {
            let id = net.open(self.target.address, Stage::Upgrading, self.request.as_bytes())?;
            let number = u32::try_from(self.listeners.len())?;
            self.by_place.resize(self.by_place.len().max(id.place() + 1), 0);
            self.by_place[id.place()] = number;
            self.listeners.push(Listener {
                id,
                checker: Checker::after(0),
                rest: Vec::new(),
            });
        }
        if self.ready == self.load.sockets {
            self.meter.marks.seated = self.meter.mark(net)?;
            self.phase = Phase::Settling {
                until: net.now() + self.patience.settle,
            };
        }
        Ok(Turn::Until(net.now() + LOOK))
    }

    fn opening(&self) -> u32 {
        u32::try_from(self.listeners.len()).unwrap_or(u32::MAX) - self.ready
    }

    /// Sends each message when it is due. It is stamped with that instant, not with the one of its writing: what holds up
    /// the sender counts as latency.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "far from the limits of either"
    )]
    fn send(&mut self, net: &mut Net, since: u64) -> Turn {
        let planned = (self.load.rate * f64::from(self.load.seconds)).round() as u64;
        let total = self.patience.messages.unwrap_or(planned);
        while self.sent < total {
            let due = since + (self.sent as f64 * 1e6 / self.load.rate) as u64;
            if due > net.now() {
                return Turn::Until(due);
            }
            let payload = message(self.sent, due, self.load.text as usize);
            self.target.dialect.publish(net, self.listeners[0].id, &payload);
            self.sent += 1;
        }
        self.complete = self.count_complete();
        self.phase = Phase::Draining { since: net.now() };
        Turn::Until(net.now())
    }

    fn count_complete(&self) -> u32 {
        let complete = self
            .listeners
            .iter()
            .filter(|listener| listener.checker.last() >= self.sent);
        u32::try_from(complete.count()).unwrap_or(u32::MAX)
    }

    fn is_complete(&self) -> bool {
        u64::from(self.complete) + self.closed >= u64::from(self.load.sockets)
    }

    #[inline]
    fn listen(&mut self, net: &mut Net, number: usize, frame: &[u8]) {
        let listener = &mut self.listeners[number];
        if listener.rest.is_empty() {
            let left = self.digest(net, number, frame);
            self.listeners[number]
                .rest
                .extend_from_slice(&frame[frame.len() - left..]);
            return;
        }
        let mut joined = std::mem::take(&mut listener.rest);
        joined.extend_from_slice(frame);
        let left = self.digest(net, number, &joined);
        joined.drain(..joined.len() - left);
        self.listeners[number].rest = joined;
    }

    /// Takes what is whole, and gives how much is left.
    #[inline]
    fn digest(&mut self, net: &mut Net, number: usize, mut bytes: &[u8]) -> usize {
        let dialect = self.target.dialect;
        let now = net.now();
        while !bytes.is_empty()
            && let Some((meaning, length)) = dialect.read(bytes)
        {
            match meaning {
                Meaning::Payload(payload) => self.check(number, payload, now),
                Meaning::Ready => self.ready += 1,
                Meaning::Aside("") => {}
                Meaning::Aside(answer) => dialect.answer(net, self.listeners[number].id, answer),
            }
            bytes = &bytes[length..];
        }
        bytes.len()
    }

    #[inline]
    fn check(&mut self, number: usize, payload: &[u8], now: u64) {
        let checker = &mut self.listeners[number].checker;
        let was_complete = checker.last() >= self.sent;
        let heard = self.memory.recognize(payload, &mut checker.next_frame);
        checker.hear(heard, now, &mut self.meter.latency);
        if matches!(self.phase, Phase::Draining { .. }) && !was_complete && checker.last() >= self.sent {
            self.complete += 1;
        }
    }
}

#[cfg(test)]
mod tests;
