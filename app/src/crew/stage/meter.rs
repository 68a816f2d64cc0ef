//! How the room feels: taps in each second of the last minute, which feeling leads, and the whole evening.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wire::stage::Mood;
use wire::{Counts, UnixMillis};

use crate::format;

/// Bars of the meter, one a second.
pub const BARS: usize = 60;

/// Seconds over which a feeling is measured.
const LATELY: usize = 10;

/// Taps that fill the meter when there were never more: one alone does not.
const FULL_AT_LEAST: u64 = 8;

/// Most steps of the evening.
const STEPS: usize = 120;

/// The last minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    bars: [u64; BARS],
    feelings: BTreeMap<String, [u64; LATELY]>,
    /// The second that the last bar stands for.
    second: u64,
}

/// A feeling, and how much of it there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feeling {
    /// Its emoji.
    pub emoji: String,
    /// How much.
    pub number: u64,
}

/// What leads, what else there is, and what the numbers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feelings {
    /// Of which there is most.
    pub leading: Feeling,
    /// The others, the strongest first.
    pub others: Vec<Feeling>,
    /// What is counted.
    pub unit: &'static str,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            bars: [0; BARS],
            feelings: BTreeMap::new(),
            second: 0,
        }
    }
}

impl Meter {
    /// Taps came, at this time in milliseconds.
    pub fn tap(&mut self, counts: &Counts<String>, now: u64) {
        self.pass(now);
        for (emoji, taps) in counts {
            self.bars[BARS - 1] += taps;
            self.feelings.entry(emoji.clone()).or_default()[LATELY - 1] += taps;
        }
    }

    /// What the server knows of the minute that ends now. A tap that this page knows of too counts once.
    pub fn learn(&mut self, minute: &[u64], now: u64) {
        self.pass(now);
        let bars = self.bars.iter_mut().rev();
        for (bar, taps) in bars.zip(minute.iter().rev()) {
            *bar = (*bar).max(*taps);
        }
    }

    /// Time went by.
    pub fn pass(&mut self, now: u64) {
        let passed = usize::try_from((now / 1_000).saturating_sub(self.second)).unwrap_or(BARS);
        shift(&mut self.bars, passed);
        for feeling in self.feelings.values_mut() {
            shift(feeling, passed);
        }
        self.feelings.retain(|_, taps| taps.iter().any(|taps| *taps > 0));
        self.second = now / 1_000;
    }

    /// How high a bar is, of the highest: a number from 0 to 1 as a style sheet reads it.
    pub fn height(&self, bar: usize) -> String {
        let most = self.bars.iter().copied().max().unwrap_or_default().max(FULL_AT_LEAST);
        share(self.bars[bar], most)
    }

    /// What the room feels now; nothing while it is quiet.
    pub fn feelings(&self) -> Option<Feelings> {
        let sum = |taps: &[u64; LATELY]| taps.iter().sum::<u64>();
        let mut sums: Vec<(u64, &String)> = self.feelings.iter().map(|(emoji, taps)| (sum(taps), emoji)).collect();
        sums.sort_by_key(|(taps, _)| std::cmp::Reverse(*taps));
        let (most, _) = *sums.first()?;
        let (each, unit) = if most >= LATELY as u64 {
            (LATELY as u64, "a second")
        } else {
            (1, "in 10 seconds")
        };
        let mut feelings = sums
            .into_iter()
            .filter(|(taps, _)| *taps >= each)
            .map(|(taps, emoji)| Feeling {
                emoji: emoji.clone(),
                number: taps / each,
            });
        let leading = feelings.next()?;
        let others = feelings.take(3).collect();
        Some(Feelings { leading, others, unit })
    }

    /// The minute in words.
    pub fn spoken(&self) -> String {
        match self.bars.iter().sum::<u64>() {
            0 => "Reactions in the last minute: none".to_owned(),
            taps => format!("Reactions in the last minute: {}", format::count(taps)),
        }
    }
}

fn shift(bars: &mut [u64], passed: usize) {
    let passed = passed.min(bars.len());
    bars.rotate_left(passed % bars.len());
    let kept = bars.len() - passed;
    bars[kept..].fill(0);
}

#[expect(clippy::cast_precision_loss, reason = "taps are far below 2^53")]
fn share(part: u64, whole: u64) -> String {
    format!("{:.3}", part as f64 / whole as f64)
}

/// The whole evening, in steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evening {
    since: UnixMillis,
    step: u64,
    sums: Vec<u64>,
}

impl Evening {
    /// The evening so far, as the server knows it.
    pub fn load(mood: &Mood) -> Self {
        Self {
            since: mood.since,
            step: mood.step_ms.max(1),
            sums: mood.sums.clone(),
        }
    }

    /// Taps came, at this time of the server's clock.
    pub fn tap(&mut self, taps: u64, now: UnixMillis) {
        let mut place = self.place(now);
        while place >= STEPS {
            self.sums = self.sums.chunks(2).map(|pair| pair.iter().sum()).collect();
            self.step *= 2;
            place = self.place(now);
        }
        if self.sums.len() <= place {
            self.sums.resize(place + 1, 0);
        }
        self.sums[place] += taps;
    }

    /// The evening as the `d` of a path in a box of 120 by 30, standing on its lower edge.
    pub fn path(&self) -> String {
        let most = self.sums.iter().copied().max().unwrap_or_default().max(FULL_AT_LEAST);
        let last = self.sums.len().saturating_sub(1).max(1);
        let mut path = String::from("M0 30");
        for (place, taps) in self.sums.iter().enumerate() {
            let across = scaled(place as u64, last as u64, 120.0);
            let _ = write!(path, "L{across:.1} {:.1}", 30.0 - scaled(*taps, most, 28.0));
        }
        path.push_str("L120 30Z");
        path
    }

    /// The evening in words.
    pub fn spoken(&self) -> String {
        format!("Reactions of the evening: {}", format::count(self.sums.iter().sum()))
    }

    fn place(&self, now: UnixMillis) -> usize {
        usize::try_from(now.saturating_sub(self.since) / self.step).unwrap_or(usize::MAX)
    }
}

#[expect(clippy::cast_precision_loss, reason = "taps are far below 2^53")]
fn scaled(part: u64, whole: u64, size: f64) -> f64 {
    part as f64 / whole as f64 * size
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    fn taps(emoji: &str, count: u64) -> Counts<String> {
        Counts::from_iter([(emoji.to_owned(), count)])
    }

    #[test]
    fn a_bar_is_a_second_and_moves_on() {
        let mut meter = Meter::default();
        meter.tap(&taps("♥", 3), 100 * SECOND);
        meter.tap(&taps("♥", 2), 100 * SECOND + 900);
        meter.tap(&taps("♥", 10), 102 * SECOND);
        assert_eq!(&meter.bars[57..], [5, 0, 10]);
        assert_eq!(
            (meter.height(59).as_str(), meter.height(57).as_str()),
            ("1.000", "0.500")
        );
        meter.pass(161 * SECOND);
        assert_eq!((meter.bars[0], meter.bars.iter().sum::<u64>()), (10, 10));
        meter.pass(900 * SECOND);
        assert_eq!(
            meter,
            Meter {
                second: 900,
                ..Meter::default()
            }
        );
    }

    #[test]
    fn a_single_tap_does_not_fill_the_meter() {
        let mut meter = Meter::default();
        meter.tap(&taps("♥", 1), 0);
        assert_eq!(meter.height(59), "0.125");
    }

    #[test]
    fn what_the_server_knows_fills_the_gaps_and_counts_nothing_twice() {
        let mut meter = Meter::default();
        meter.tap(&taps("♥", 4), 100 * SECOND);
        meter.learn(&[7, 4], 100 * SECOND);
        assert_eq!(&meter.bars[58..], [7, 4]);
        meter.learn(&[9; 90], 100 * SECOND);
        assert_eq!(meter.bars, [9; 60]);
    }

    #[test]
    fn the_strongest_feeling_of_ten_seconds_leads() {
        let mut meter = Meter::default();
        assert_eq!(meter.feelings(), None);
        meter.tap(&taps("♥", 3), 0);
        let feelings = meter.feelings().expect("there is one");
        assert_eq!((feelings.leading.number, feelings.unit), (3, "in 10 seconds"));
        for second in 1..10 {
            meter.tap(&taps("👏", 40), second * SECOND);
        }
        let feelings = meter.feelings().expect("there is one");
        assert_eq!((feelings.leading.emoji.as_str(), feelings.leading.number), ("👏", 36));
        assert_eq!(
            (feelings.unit, feelings.others.len()),
            ("a second", 0),
            "less than one a second is not said"
        );
        meter.tap(&taps("♥", 70), 10 * SECOND);
        assert_eq!(meter.feelings().expect("there is one").others[0].number, 7);
        meter.pass(20 * SECOND);
        assert_eq!(meter.feelings(), None);
    }

    #[test]
    fn evenings_become_coarser_as_they_grow() {
        let mood = Mood {
            since: 1_000,
            step_ms: 10,
            sums: vec![1; 120],
            minute: Vec::new(),
        };
        let mut evening = Evening::load(&mood);
        evening.tap(5, 1_000 + 1_199);
        assert_eq!((evening.sums.len(), evening.sums[119]), (120, 6));
        evening.tap(5, 1_000 + 1_200);
        assert_eq!(
            (evening.step, evening.sums.len(), evening.sums[60], evening.sums[59]),
            (20, 61, 5, 7)
        );
        assert_eq!(evening.sums.iter().sum::<u64>(), 130);
        evening.tap(1, u64::MAX);
        assert!(evening.sums.len() <= STEPS, "a clock that is wrong");
    }

    #[test]
    fn an_evening_is_drawn_from_edge_to_edge() {
        let mood = Mood {
            since: 0,
            step_ms: 10,
            sums: vec![0, 8],
            minute: Vec::new(),
        };
        assert_eq!(Evening::load(&mood).path(), "M0 30L0.0 30.0L120.0 2.0L120 30Z");
    }
}
