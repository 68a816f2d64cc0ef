//! The crowd: people who let themselves in by their codes, and do what a scenario says. One loop drives all of them and
//! checks each delivery.

mod acts;
mod arrival;
mod fan;
mod gate;
mod pace;
mod report;
mod scenario;
mod status;
mod wake;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use wire::CloseCode;
use wire::close::can_reconnect;

use self::fan::{Fan, Room, State};
use self::gate::Gate;
use self::pace::Pace;
pub use self::report::Report;
pub use self::scenario::Scenario;
use self::status::Status;
use self::wake::Spreads;
use crate::check::histogram;
use crate::engine::{self, App, Event, Id, Net, Turn};
use crate::fanout::QUIET;
use crate::heard::Memory;
use crate::machine::Pins;
use crate::meter::Meter;
use crate::server::Server;

/// How long everybody may take to be there, in microseconds.
const SEATED_WITHIN: u64 = 300_000_000;
/// How long nothing is said before the first message, in microseconds.
const SETTLE: u64 = 2_000_000;
/// How long the last deliveries and replies may take to come, in microseconds.
const DRAIN_WITHIN: u64 = 60_000_000;
/// How often it is looked whether all is in, in microseconds.
const LOOK: u64 = 20_000;
/// Sockets that a fan loses before a welcome, one after the other, until it gives up.
const TRIES: u8 = 20;

/// What the run is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first fan of each room comes and says what the others are to find.
    Preparing,
    /// The others come.
    Arriving,
    /// Everybody is here and nothing is said.
    Settling { until: u64 },
    /// They do what the scenario says.
    Acting { until: u64 },
    /// What was said arrives.
    Draining { since: u64 },
    /// What comes now should not have come.
    Listening { until: u64 },
}

/// Whose a socket is.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Nobody,
    Gate,
    Fan(u32),
    Stranger,
}

/// The schedules.
#[derive(Default)]
struct Paces {
    arrive: Pace,
    talk: Pace,
    question: Pace,
    vote: Pace,
    flood: Pace,
    tap: Pace,
    cut: Pace,
    cut_all: Pace,
}

/// What was sent of a kind, and what became of it.
#[derive(Clone, Debug, Default)]
struct Sent {
    frames: u64,
    acked: u64,
    refused: BTreeMap<Box<str>, u64>,
}

impl Sent {
    fn unanswered(&self) -> u64 {
        self.frames
            .saturating_sub(self.acked + self.refused.values().sum::<u64>())
    }
}

/// What is counted over all.
#[derive(Debug, Default)]
struct Counts {
    messages: Sent,
    questions: Sent,
    votes: Sent,
    floods: Sent,
    seated: u32,
    /// Sockets that the server ended and should not have.
    closed: u64,
    /// Those who did not read and were closed for it.
    too_slow: u64,
    /// Those who sent garbage and were closed for it.
    thrown_out: u64,
    cut: u64,
    returned: u64,
    /// Answers of the gate other than the one hoped for, by status.
    declined: BTreeMap<u16, u64>,
    /// Handshakes that came to nothing.
    turned_away: u64,
    pages: u64,
    bad_pages: u64,
    strangers: u64,
    strangers_closed: u64,
    garbled: u64,
    /// Frames over all sockets since the scenario began.
    frames: u64,
}

/// The run.
struct Crowd<'a> {
    scenario: &'a Scenario,
    address: SocketAddr,
    host: String,
    upgrades: Vec<String>,
    fans: Vec<Fan>,
    rooms: Vec<Room>,
    memories: Vec<Memory>,
    owners: Vec<Owner>,
    gate: Gate,
    handshakes: u32,
    knocking: VecDeque<u32>,
    /// Who comes back when.
    later: BinaryHeap<Reverse<(u64, u32)>>,
    paces: Paces,
    counts: Counts,
    meter: Meter,
    /// Fans below this number read all the time.
    readers: u32,
    /// Latencies of the others.
    late: Histogram<u64>,
    joins: Histogram<u64>,
    acks: Histogram<u64>,
    wakes: Spreads,
    returns: Histogram<u64>,
    phase: Phase,
    status: Status,
}

/// Starts a server, lets the crowd play the scenario, and stops the server.
///
/// # Errors
/// When the server cannot be started, or not everybody gets in.
pub fn run(scenario: &Scenario, binary: &Path, pins: Pins, is_quiet: bool) -> Result<Report> {
    scenario.check()?;
    let server = Server::start(binary, scenario.limits, pins)?;
    let status = Status::new(is_quiet);
    let mut net = Net::new()?;
    let mut crowd = Crowd::new(scenario, &server, &net, status)?;
    engine::run(&mut net, &mut crowd)?;
    for room in &mut crowd.rooms {
        room.wake.end(&mut crowd.wakes);
    }
    crowd.status.clear();
    let report = Report::new(&crowd, pins);
    // Whoever looks next must not see this crowd's sockets.
    drop(net);
    server.stop()?;
    Ok(report)
}

impl<'a> Crowd<'a> {
    fn new(scenario: &'a Scenario, server: &Server, net: &Net, mut status: Status) -> Result<Self> {
        let (rooms, fans) = sell_tickets(scenario, server, &mut status)?;
        let host = server.address().to_string();
        let upgrade = |room: &Room| engine::http::upgrade(&host, &format!("/api/events/{}/socket", room.slug), "");
        let mut meter = Meter::new(server.process());
        meter.marks.empty = meter.mark(net)?;
        let mut crowd = Self {
            scenario,
            address: server.address(),
            upgrades: rooms.iter().map(upgrade).collect(),
            host,
            fans,
            memories: rooms.iter().map(|_| Memory::default()).collect(),
            rooms,
            owners: Vec::new(),
            gate: Gate::new(server.address(), scenario.arrive.connections),
            handshakes: 0,
            knocking: VecDeque::new(),
            later: BinaryHeap::new(),
            paces: Paces::default(),
            counts: Counts::default(),
            meter,
            readers: scenario.fans - scenario.misbehave.slow,
            late: histogram(),
            joins: histogram(),
            acks: histogram(),
            wakes: Spreads {
                first: histogram(),
                last: histogram(),
            },
            returns: histogram(),
            phase: Phase::Preparing,
            status,
        };
        crowd.begin(net);
        Ok(crowd)
    }

    /// Those who come first: one a room when there is something to prepare.
    fn begin(&mut self, net: &Net) {
        if self.scenario.arrive.before > 0 {
            self.paces.arrive = Pace::all_at_once(net.now(), u64::from(self.scenario.rooms));
        } else {
            self.let_them_come(net);
        }
    }

    fn let_them_come(&mut self, net: &Net) {
        let arrive = &self.scenario.arrive;
        let first = if arrive.before > 0 { self.scenario.rooms } else { 0 };
        let others = f64::from(self.scenario.fans - first);
        self.paces.arrive = match arrive.a_second {
            0.0 => Pace::all_at_once(net.now(), u64::from(self.scenario.fans - first)),
            a_second => Pace::new(net.now(), a_second, others / a_second),
        };
        self.meter.marks.empty.at = net.now();
        self.phase = Phase::Arriving;
    }

    fn own(&mut self, id: Id, owner: Owner) {
        own(&mut self.owners, id, owner);
    }

    fn room_of(&self, fan: u32) -> usize {
        fan as usize % self.rooms.len()
    }

    /// Goes from phase to phase.
    fn advance(&mut self, net: &mut Net) -> Result<Turn> {
        let now = net.now();
        let seated = u64::from(self.counts.seated);
        let limit = self.meter.marks.empty.at + SEATED_WITHIN;
        match self.phase {
            Phase::Preparing | Phase::Arriving => {
                ensure!(
                    now < limit,
                    "{seated} of {} are here after five minutes: {:?}",
                    self.fans.len(),
                    self.counts
                );
                if self.phase == Phase::Preparing && seated == self.rooms.len() as u64 && self.prepare(net) {
                    self.let_them_come(net);
                    return Ok(Turn::Until(now));
                }
                if self.phase == Phase::Arriving && seated == self.fans.len() as u64 {
                    self.meter.marks.seated = self.meter.mark(net)?;
                    self.phase = Phase::Settling { until: now + SETTLE };
                }
                Ok(Turn::Until(now + LOOK))
            }
            Phase::Settling { until } | Phase::Acting { until } | Phase::Listening { until } if now < until => {
                Ok(Turn::Until(until))
            }
            Phase::Settling { .. } => {
                self.meter.marks.settled = self.meter.mark(net)?;
                self.start_acting(net);
                Ok(Turn::Until(now))
            }
            Phase::Acting { .. } => {
                self.stop_acting(net);
                self.phase = Phase::Draining { since: now };
                Ok(Turn::Until(now))
            }
            Phase::Draining { since } if self.is_all_in() || now > since + DRAIN_WITHIN => {
                self.meter.marks.all_in = self.meter.mark(net)?;
                self.phase = Phase::Listening { until: now + QUIET };
                Ok(Turn::Until(now + QUIET))
            }
            Phase::Draining { .. } => Ok(Turn::Until(now + LOOK)),
            Phase::Listening { .. } => Ok(Turn::Done),
        }
    }

    fn is_all_in(&self) -> bool {
        let counts = &self.counts;
        let is_answered = [&counts.messages, &counts.questions, &counts.votes, &counts.floods]
            .iter()
            .all(|sent| sent.unanswered() == 0);
        let is_told = |fan: &Fan, room: &Room| !fan.stayed || fan.checker.taps >= room.taps;
        let mut fans = self.fans.iter().enumerate();
        is_answered
            && fans.all(|(number, fan)| {
                let room = &self.rooms[number % self.rooms.len()];
                let is_complete = fan.state == State::Here && fan.checker.last() >= room.last && is_told(fan, room);
                is_complete || fan.state == State::Gone
            })
    }

    /// A fan's socket is gone.
    fn lose(&mut self, net: &mut Net, number: u32, code: Option<u16>) {
        let is_thrown_out = self.is_garbage(number) && code == Some(CloseCode::ProtocolViolation.number());
        // A farewell does not get through a line that is full.
        let is_too_slow = self.is_slow(number) && code.is_none_or(|code| code == CloseCode::TooSlow.number());
        let fan = &mut self.fans[number as usize];
        fan.socket = None;
        if fan.state == State::Opening {
            fan.tries += 1;
            self.counts.turned_away += 1;
            self.handshakes -= 1;
        } else if is_thrown_out {
            self.counts.thrown_out += 1;
        } else if is_too_slow {
            self.counts.too_slow += 1;
        } else {
            self.counts.closed += 1;
        }
        fan.stayed = false;
        if fan.tries < TRIES && code.is_none_or(can_reconnect) {
            self.send_away(net, number);
        } else {
            if !fan.was_here {
                self.counts.seated += 1;
            }
            fan.state = State::Gone;
        }
        self.open_doors(net);
    }

    /// Comes back after a while.
    fn send_away(&mut self, net: &mut Net, number: u32) {
        let away = u64::from(self.scenario.reconnect.away_ms) * 1_000;
        self.stay_away(net, number, away);
    }

    /// Comes back after so many microseconds and as much jitter, or no sooner than the server wishes.
    fn stay_away(&mut self, net: &mut Net, number: u32, away: u64) {
        let jitter = rand::Rng::random_range(net.random(), 0..=away);
        let fan = &mut self.fans[number as usize];
        fan.state = State::Away;
        let wished = fan.retry_after.take().unwrap_or(0) * 1_000_000;
        self.later
            .push(Reverse((net.now() + away.max(wished) + jitter, number)));
    }
}

/// Announces the rooms, and gives everybody a ticket to one.
fn sell_tickets(scenario: &Scenario, server: &Server, status: &mut Status) -> Result<(Vec<Room>, Vec<Fan>)> {
    let mut rooms = Vec::new();
    let mut codes = Vec::new();
    for number in 0..scenario.rooms {
        let slug = format!("room-{number}");
        let tickets = scenario.fans / scenario.rooms + u32::from(number < scenario.fans % scenario.rooms);
        status.say(&format!("tickets for {slug}, {} of {}", number + 1, scenario.rooms));
        codes.push(server.event(&slug, tickets)?.into_iter());
        rooms.push(Room {
            slug,
            ..Room::default()
        });
    }
    let mut fans = Vec::new();
    for number in 0..scenario.fans as usize {
        let code = codes[number % rooms.len()].next().context("too few tickets")?;
        fans.push(Fan {
            code: code.into(),
            ..Fan::default()
        });
    }
    Ok((rooms, fans))
}

/// Remembers whose a socket is.
fn own(owners: &mut Vec<Owner>, id: Id, owner: Owner) {
    if owners.len() <= id.place() {
        owners.resize(id.place() + 1, Owner::Nobody);
    }
    owners[id.place()] = owner;
}

impl App for Crowd<'_> {
    fn hear(&mut self, net: &mut Net, id: Id, event: Event<'_>) {
        let owner = self.owners.get(id.place()).copied().unwrap_or(Owner::Nobody);
        match (owner, event) {
            (Owner::Fan(fan), Event::Text(frame)) => self.listen(net, fan, frame),
            (Owner::Fan(fan), Event::Opened) => self.greet(net, id, fan),
            (Owner::Fan(fan), Event::Declined(status, after)) => {
                *self.counts.declined.entry(status).or_default() += 1;
                self.fans[fan as usize].retry_after = after;
                self.lose(net, fan, None);
            }
            (Owner::Fan(fan), Event::Closed(code)) => self.lose(net, fan, code),
            (Owner::Gate, Event::Answered(answer)) => self.answered(net, id, &answer),
            (Owner::Gate, Event::Closed(_)) => self.gate_closed(net, id),
            (Owner::Stranger, Event::Closed(_) | Event::Declined(..)) => self.counts.strangers_closed += 1,
            // Nothing else says anything to us.
            _ => {}
        }
    }

    fn turn(&mut self, net: &mut Net) -> Result<Turn> {
        let now = net.now();
        self.let_in(net);
        self.act(net);
        self.tell_status(net);
        let turn = self.advance(net)?;
        let Turn::Until(until) = turn else {
            return Ok(turn);
        };
        let back = self.later.peek().map(|Reverse((due, _))| *due);
        let paces = &self.paces;
        let dues = [
            &paces.arrive,
            &paces.talk,
            &paces.question,
            &paces.vote,
            &paces.flood,
            &paces.tap,
            &paces.cut,
            &paces.cut_all,
        ];
        let due = dues
            .into_iter()
            .filter_map(Pace::next)
            .chain(back)
            .chain([until, self.status.due(now)])
            .min();
        Ok(Turn::Until(due.unwrap_or(until)))
    }
}
