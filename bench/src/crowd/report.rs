//! What a crowd found, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Crowd, Scenario, Sent};
use crate::check::Verdict;
use crate::fanout::QUIET;
use crate::machine::Pins;
use crate::meter::{Figures, Load};

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was played.
    pub scenario: Scenario,
    /// Who had which core.
    pub pins: Pins,
    /// What every server can be asked.
    #[serde(flatten)]
    pub figures: Figures,
    /// From the instant somebody came to the welcome, or to the history where that is read.
    pub joins_ms: Spread,
    /// From the instant a message was due to its ack.
    pub acks_ms: Spread,
    /// From the ack to the first socket that heard the message.
    pub ack_to_first_ms: Spread,
    /// From the ack to the last socket that heard the message.
    pub ack_to_last_ms: Spread,
    /// Acks a second, from the first message to the last arrival.
    pub acks_a_second: f64,
    /// From the instant somebody who lost the line asked for a credential to the welcome.
    pub returns_ms: Spread,
    /// Percent of a core that the server used while people did what the scenario says.
    pub server_percent: f64,
    /// Frames that came, over all sockets, since the scenario began.
    pub frames: u64,
    /// The same, for each socket and second.
    pub frames_a_socket_and_second: f64,
    /// Taps that were sent.
    pub taps: u64,
    /// Sockets that were told of another number of taps.
    pub miscounted: u64,
    /// What was sent and what became of it.
    pub sent: BTreeMap<&'static str, Outcome>,
    /// Lines that were cut.
    pub cut: u64,
    /// People who came back.
    pub returned: u64,
    /// Deliveries that the server said it would not send again.
    pub gapped: u64,
    /// People who did not read and were closed as too slow.
    pub too_slow: u64,
    /// People who sent garbage and were thrown out.
    pub thrown_out: u64,
    /// Half-open connections, and how many of them the server ended.
    pub strangers: (u64, u64),
    /// Answers of the gate that let nobody in, by status.
    pub declined: BTreeMap<u16, u64>,
    /// Handshakes that came to nothing.
    pub turned_away: u64,
    /// Pages of history that were read.
    pub pages: u64,
    /// What was not as it should be.
    pub problems: Vec<String>,
}

/// What became of what was sent.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Frames that were sent.
    pub sent: u64,
    /// Those that were confirmed.
    pub acked: u64,
    /// Those that were refused, by the reason.
    pub refused: BTreeMap<Box<str>, u64>,
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// How often it was seen.
    pub count: u64,
    /// Half of all took at most so long.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Spread {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn of(histogram: &Histogram<u64>) -> Self {
        let quantile = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            count: histogram.len(),
            p50: quantile(0.5),
            p99: quantile(0.99),
            max: histogram.max() as f64 / 1_000.0,
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1}  p99 {:.1}  max {:.1}", self.p50, self.p99, self.max)
    }
}

impl From<&Sent> for Outcome {
    fn from(sent: &Sent) -> Self {
        Self {
            sent: sent.frames,
            acked: sent.acked,
            refused: sent.refused.clone(),
        }
    }
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub(super) fn new(crowd: &Crowd, pins: Pins) -> Self {
        let (scenario, counts) = (crowd.scenario, &crowd.counts);
        let load = Load {
            sockets: scenario.fans,
            rooms: scenario.rooms,
            rate: scenario.talk.a_second,
            seconds: scenario.seconds,
            text: scenario.talk.characters,
        };
        let verdict = judge(crowd);
        let figures = Figures::new(load, &crowd.meter, verdict, counts.messages.acked, counts.closed);
        let seconds = figures.took_seconds;
        let mut report = Self {
            scenario: scenario.clone(),
            pins,
            joins_ms: Spread::of(&crowd.joins),
            acks_ms: Spread::of(&crowd.acks),
            ack_to_first_ms: Spread::of(&crowd.wakes.first),
            ack_to_last_ms: Spread::of(&crowd.wakes.last),
            acks_a_second: counts.messages.acked as f64 / seconds,
            returns_ms: Spread::of(&crowd.returns),
            server_percent: figures.server_cpu_seconds * 100.0 / seconds,
            frames: counts.frames,
            frames_a_socket_and_second: counts.frames as f64 / f64::from(scenario.fans) / seconds,
            taps: crowd.rooms.iter().map(|room| room.taps).sum(),
            miscounted: miscounted(crowd),
            sent: [
                ("messages", Outcome::from(&counts.messages)),
                ("questions", Outcome::from(&counts.questions)),
                ("votes", Outcome::from(&counts.votes)),
                ("floods", Outcome::from(&counts.floods)),
            ]
            .into(),
            cut: counts.cut,
            returned: counts.returned,
            gapped: verdict.gapped,
            too_slow: counts.too_slow,
            thrown_out: counts.thrown_out,
            strangers: (counts.strangers, counts.strangers_closed),
            declined: counts.declined.clone(),
            turned_away: counts.turned_away,
            pages: counts.pages,
            problems: Vec::new(),
            figures,
        };
        report.problems = report.find_problems(crowd);
        report
    }

    fn find_problems(&self, crowd: &Crowd) -> Vec<String> {
        let (figures, counts) = (&self.figures, &crowd.counts);
        let garbage = u64::from(self.scenario.misbehave.garbage);
        let mut problems = Vec::new();
        let mut expect = |is_so: bool, problem: String| {
            if !is_so {
                problems.push(problem);
            }
        };
        expect(figures.lost == 0, format!("{} deliveries are missing", figures.lost));
        expect(
            figures.disordered == 0,
            format!("{} deliveries came twice or out of order", figures.disordered),
        );
        expect(
            figures.closed == 0,
            format!("{} sockets were closed and should not have been", figures.closed),
        );
        expect(
            counts.garbled == 0,
            format!("{} frames could not be read", counts.garbled),
        );
        expect(
            self.miscounted == 0,
            format!("{} sockets were told of another number of taps", self.miscounted),
        );
        expect(
            counts.bad_pages == 0,
            format!("{} pages of history were wrong", counts.bad_pages),
        );
        expect(
            self.thrown_out == garbage,
            format!("{} of {garbage} who sent garbage were thrown out", self.thrown_out),
        );
        for (what, sent) in &self.sent {
            let answered = sent.acked + sent.refused.values().sum::<u64>();
            expect(
                answered == sent.sent,
                format!("{answered} of {} {what} were answered", sent.sent),
            );
            let may_be_refused = *what == "floods" || self.scenario.limits;
            let refused = &sent.refused;
            expect(
                may_be_refused || refused.is_empty(),
                format!("{what} were refused: {refused:?}"),
            );
        }
        let lost = crowd.fans.iter().filter(|fan| fan.state == super::State::Gone).count() as u64;
        expect(
            lost == self.thrown_out,
            format!("{lost} people are not there at the end"),
        );
        problems
    }
}

fn judge(crowd: &Crowd) -> Verdict {
    let mut verdict = Verdict::default();
    for (number, fan) in crowd.fans.iter().enumerate() {
        if fan.state == super::State::Here {
            fan.checker
                .judge(crowd.rooms[number % crowd.rooms.len()].last, &mut verdict);
        }
    }
    verdict
}

fn miscounted(crowd: &Crowd) -> u64 {
    let all = crowd.fans.iter().enumerate().filter(|(_, fan)| fan.stayed);
    let wrong = all.filter(|(number, fan)| fan.checker.taps != crowd.rooms[number % crowd.rooms.len()].taps);
    wrong.count() as u64
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        let messages = &self.sent["messages"];
        writeln!(f, "{}: {}", self.scenario.name, self.scenario.about)?;
        writeln!(
            f,
            "people              {} in {} rooms",
            self.scenario.fans, self.scenario.rooms
        )?;
        writeln!(
            f,
            "joins               {:.0} a second, {:.0} µs of server CPU each; ms {}",
            figures.opened_a_second, figures.server_cpu_micros_a_socket_opened, self.joins_ms
        )?;
        writeln!(
            f,
            "messages            {} ({} confirmed, {:.0} a second)",
            messages.sent, messages.acked, self.acks_a_second
        )?;
        writeln!(f, "acks, ms            {}", self.acks_ms)?;
        writeln!(
            f,
            "from ack, ms        first socket {}; last {}",
            self.ack_to_first_ms, self.ack_to_last_ms
        )?;
        writeln!(f, "{figures}")?;
        writeln!(f, "server              {:.2} % of a core", self.server_percent)?;
        writeln!(
            f,
            "frames              {:.2} a socket and second",
            self.frames_a_socket_and_second
        )?;
        writeln!(
            f,
            "taps                {} (told otherwise at {} sockets)",
            self.taps, self.miscounted
        )?;
        for (what, sent) in self
            .sent
            .iter()
            .filter(|(what, sent)| **what != "messages" && sent.sent > 0)
        {
            writeln!(
                f,
                "{what:<19} {} sent, {} confirmed, refused {:?}",
                sent.sent, sent.acked, sent.refused
            )?;
        }
        if self.cut > 0 {
            writeln!(
                f,
                "lines               {} cut, {} came back; ms {}",
                self.cut, self.returned, self.returns_ms
            )?;
        }
        if self.scenario.misbehave != super::scenario::Misbehave::default() {
            let (strangers, ended) = self.strangers;
            writeln!(
                f,
                "misbehaving         {} closed as too slow, {} thrown out, {ended} of {strangers} half-open ended",
                self.too_slow, self.thrown_out
            )?;
        }
        if !self.declined.is_empty() || self.turned_away > 0 {
            writeln!(
                f,
                "turned away         {} handshakes, answers {:?}",
                self.turned_away, self.declined
            )?;
        }
        let quiet = QUIET / 1_000_000;
        match self.problems.as_slice() {
            [] => writeln!(
                f,
                "Everything came once and in order, and nothing more in {quiet} s of listening."
            ),
            problems => writeln!(f, "NOT RIGHT: {}", problems.join("; ")),
        }?;
        write!(f, "{}", self.pins)
    }
}
