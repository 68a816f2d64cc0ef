//! What a comparison found, as one table.

use std::fmt;

use super::peer::Peer;
use super::{Comparison, Outcome};
use crate::meter::Figures;

/// A comparison for people.
pub struct Table<'a>(pub &'a Comparison);

/// The median and the spread of what several rounds found.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Middle {
    median: f64,
    least: f64,
    most: f64,
}

impl Middle {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let upper = *values.get(half)?;
        let is_odd = values.len() % 2 == 1;
        Some(Self {
            median: if is_odd {
                upper
            } else {
                f64::midpoint(values[half - 1], upper)
            },
            least: values[0],
            most: values[values.len() - 1],
        })
    }
}

impl fmt::Display for Middle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.least, self.most)
    }
}

impl Table<'_> {
    /// All that a peer was measured to do.
    fn all(&self, peer: Peer) -> impl Iterator<Item = &Figures> {
        self.0.rounds.iter().filter_map(move |round| figures(round.get(&peer)?))
    }

    fn median(&self, peer: Peer, of: impl Fn(&Figures) -> f64) -> f64 {
        Middle::of(self.all(peer).map(of)).map_or(f64::NAN, |middle| middle.median)
    }

    /// CPU a delivery against that of another in the same round.
    fn ratio(&self, peer: Peer, to: Peer) -> Option<Middle> {
        let cost = |figures: &Figures| figures.server_cpu_micros_a_delivery;
        Middle::of(self.0.rounds.iter().filter_map(|round| {
            let (ours, theirs) = (figures(round.get(&peer)?)?, figures(round.get(&to)?)?);
            Some(cost(ours) / cost(theirs))
        }))
    }

    fn remarks(&self, peer: Peer) -> String {
        let mut remarks = Vec::new();
        let (mut lost, mut disordered, mut closed) = (0, 0, 0);
        for figures in self.all(peer).filter(|figures| !figures.is_right()) {
            lost += figures.lost;
            disordered += figures.disordered;
            closed += figures.closed;
        }
        if (lost, disordered, closed) != (0, 0, 0) {
            remarks.push(format!(
                "NOT RIGHT: {lost} lost, {disordered} twice or out of order, {closed} closed"
            ));
        }
        let busy = self.median(peer, |figures| figures.generator_percent);
        if busy > 90.0 {
            remarks.push(format!("the generator is {busy:.0} % busy"));
        }
        let asked = f64::from(self.0.load.sockets) * self.0.load.rate;
        if self.median(peer, |figures| figures.deliveries_a_second) < 0.9 * asked {
            remarks.push("saturated".to_owned());
        }
        let failed = self.0.rounds.iter().filter_map(|round| match round.get(&peer)? {
            Outcome::Failed { failed } => Some(failed.clone()),
            Outcome::Figures(_) => None,
        });
        remarks.extend(failed.take(1).map(|failed| format!("failed: {failed}")));
        remarks.join("; ")
    }

    fn row(&self, peer: Peer) -> [String; 9] {
        let of = |figure: fn(&Figures) -> f64| self.median(peer, figure);
        let ratio = |to| self.ratio(peer, to).map_or_else(String::new, |ratio| ratio.to_string());
        [
            peer.name().to_owned(),
            format!("{:.2}", of(|figures| figures.server_cpu_micros_a_delivery)),
            ratio(Peer::Raw),
            ratio(Peer::RawTick),
            format!("{:.0}", of(|figures| figures.latency_ms_p99)),
            format!("{:.0}", of(|figures| figures.bytes_a_delivery)),
            format!("{:.0}", of(|figures| figures.opened_a_second)),
            format!("{:.0}", of(|figures| figures.server_bytes_a_socket)),
            self.remarks(peer),
        ]
    }
}

fn figures(outcome: &Outcome) -> Option<&Figures> {
    match outcome {
        Outcome::Figures(figures) => Some(figures),
        Outcome::Failed { .. } => None,
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = &self.0.load;
        writeln!(
            f,
            "\n{:?}: {} sockets, {} messages of {} characters a second, {} s, {} rounds\n",
            self.0.run,
            load.sockets,
            load.rate,
            load.text,
            load.seconds,
            self.0.rounds.len()
        )?;
        let head = [
            "server",
            "µs a delivery",
            "× raw",
            "× raw with tick",
            "p99, ms",
            "bytes a delivery",
            "opened a second",
            "bytes a socket",
            "remarks",
        ];
        writeln!(f, "| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()))?;
        let took_part = |peer: &Peer| self.0.rounds.iter().any(|round| round.contains_key(peer));
        for peer in Peer::ALL.into_iter().filter(took_part) {
            writeln!(f, "| {} |", self.row(peer).join(" | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_the_median_with_the_spread() {
        let middle = |values: &[f64]| Middle::of(values.iter().copied());
        let of = |median, least, most| Some(Middle { median, least, most });
        assert_eq!(middle(&[3.0, 1.0, 2.0]), of(2.0, 1.0, 3.0));
        assert_eq!(middle(&[4.0, 1.0, 2.0, 3.0]), of(2.5, 1.0, 4.0));
        assert_eq!(middle(&[f64::NAN, 1.0]), of(1.0, 1.0, 1.0));
        assert_eq!(middle(&[]), None);
    }
}
