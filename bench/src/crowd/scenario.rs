//! What a crowd does, by a file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use wire::limits::REACTIONS_A_FRAME;

/// The scenarios that come with the program, by name.
const OWN: [(&str, &str); 10] = [
    ("standard", include_str!("../../scenarios/standard.toml")),
    ("burst", include_str!("../../scenarios/burst.toml")),
    ("big", include_str!("../../scenarios/big.toml")),
    ("joins", include_str!("../../scenarios/joins.toml")),
    ("rush", include_str!("../../scenarios/rush.toml")),
    ("sending", include_str!("../../scenarios/sending.toml")),
    ("idle", include_str!("../../scenarios/idle.toml")),
    ("quiet", include_str!("../../scenarios/quiet.toml")),
    ("storm", include_str!("../../scenarios/storm.toml")),
    ("evening", include_str!("../../scenarios/evening.toml")),
];

/// Most of anything a second: more than one loop can do.
const MOST_A_SECOND: f64 = 1e6;

/// A crowd and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub about: String,
    /// People, spread evenly over the rooms; 0 is as many as this process may open sockets.
    pub fans: u32,
    /// Rooms, each an event of its own.
    #[serde(default = "one")]
    pub rooms: u32,
    /// How long they do it once all are there, in seconds.
    pub seconds: u32,
    /// Whether the server's own limits on sending hold.
    #[serde(default)]
    pub limits: bool,
    /// How they come.
    #[serde(default)]
    pub arrive: Arrive,
    /// Messages.
    #[serde(default)]
    pub talk: Talk,
    /// Taps on reactions.
    #[serde(default)]
    pub react: React,
    /// Questions, and votes for them.
    #[serde(default)]
    pub ask: Ask,
    /// Lines that break, and people who return.
    #[serde(default)]
    pub reconnect: Reconnect,
    /// Those a server must bear.
    #[serde(default)]
    pub misbehave: Misbehave,
}

/// How people come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Arrive {
    /// People a second; 0 is all at once.
    pub a_second: f64,
    /// HTTP connections that they share, as behind a proxy that keeps them.
    pub connections: u32,
    /// Handshakes under way at a time.
    pub handshakes: u32,
    /// Whether each reads the newest page of the history.
    pub history: bool,
    /// Messages that are in each room before they come.
    pub before: u32,
}

/// Messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Talk {
    /// Messages a second, over all rooms.
    pub a_second: f64,
    /// People who send, taken in turn.
    pub senders: u32,
    /// Characters of each.
    pub characters: u32,
}

/// Taps on reactions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct React {
    /// Taps a second; each member sends at most one frame with five in little more than a second.
    pub taps_a_second: f64,
    /// They come in waves of so many seconds with as much silence after each; 0 is evenly.
    pub waves: f64,
}

/// Questions, and votes for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ask {
    /// Questions a second, over all rooms, by those who send.
    pub questions_a_second: f64,
    /// Votes a second for the newest question of a room.
    pub votes_a_second: f64,
}

/// Lines that break, and people who return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reconnect {
    /// Lines that break a second.
    pub a_second: f64,
    /// At this second all of them break, once; 0 is never. Not those of the senders, nor of those who tap.
    pub all_at: f64,
    /// How long each is away, in milliseconds, with as much jitter.
    pub away_ms: u32,
}

/// Those a server must bear; all but the half-open ones are of the fans.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Misbehave {
    /// Fans who do not read until the end.
    pub slow: u32,
    /// Fans who send twenty messages a second each.
    pub flooding: u32,
    /// Fans who send what is no JSON.
    pub garbage: u32,
    /// Connections that never become anything: every other one says half a request, the others never say hello.
    pub half_open: u32,
}

impl Default for Arrive {
    fn default() -> Self {
        Self {
            a_second: 0.0,
            connections: 32,
            handshakes: 128,
            history: false,
            before: 0,
        }
    }
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            a_second: 0.0,
            senders: 50,
            characters: 200,
        }
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            a_second: 0.0,
            all_at: 0.0,
            away_ms: 500,
        }
    }
}

const fn one() -> u32 {
    1
}

impl Scenario {
    /// A scenario that comes with the program, or one in a file.
    ///
    /// # Errors
    /// When there is none of that name, or it makes no sense.
    pub fn find(name: &str) -> Result<Self> {
        let text = match OWN.iter().find(|(own, _)| *own == name) {
            Some((_, text)) => (*text).to_owned(),
            None => fs::read_to_string(Path::new(name)).with_context(|| {
                let names: Vec<&str> = OWN.iter().map(|(name, _)| *name).collect();
                format!("{name} is no file and none of {}", names.join(", "))
            })?,
        };
        let scenario: Self = toml::from_str(&text).with_context(|| format!("{name} is no scenario"))?;
        Ok(scenario)
    }

    /// The number of fans of special kinds, from the last ones down.
    pub fn misbehaving(&self) -> u32 {
        self.misbehave.slow + self.misbehave.flooding + self.misbehave.garbage
    }

    /// Whether anybody's line breaks.
    pub fn loses_lines(&self) -> bool {
        self.reconnect.a_second > 0.0 || self.reconnect.all_at > 0.0
    }

    /// Whether it can be played.
    ///
    /// # Errors
    /// With what contradicts.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.fans > 0 && self.rooms > 0 && self.seconds > 0,
            "a crowd has people, rooms and time"
        );
        ensure!(
            self.rooms <= self.fans,
            "{} rooms are too many for {} fans",
            self.rooms,
            self.fans
        );
        ensure!((1..=3_600).contains(&self.seconds), "it takes at most an hour");
        ensure!((1..=1_000).contains(&self.arrive.connections), "1 to 1000 connections");
        ensure!(self.arrive.handshakes > 0, "at least one handshake at a time");
        ensure!(
            (40..=500).contains(&self.talk.characters),
            "a text has 40 to 500 characters"
        );
        let kept = self.talk.senders.min(self.fans) + self.misbehaving();
        let needs_others =
            self.react.taps_a_second > 0.0 || self.reconnect.a_second > 0.0 || self.ask.votes_a_second > 0.0;
        ensure!(self.talk.senders > 0, "somebody has to be able to send");
        ensure!(
            kept.saturating_add(u32::from(needs_others)) <= self.fans,
            "{} senders and {} who misbehave leave nobody of {} fans",
            self.talk.senders,
            self.misbehaving(),
            self.fans
        );
        self.check_rates()?;
        let tappers = self.fans.saturating_sub(kept) / if self.loses_lines() { 2 } else { 1 };
        let most = f64::from(tappers) * f64::from(REACTIONS_A_FRAME) / 1.05;
        let taps = self.react.taps_a_second;
        ensure!(
            taps <= most,
            "{taps} taps a second are more than the {most:.0} that count"
        );
        Ok(())
    }

    fn check_rates(&self) -> Result<()> {
        let rates = [
            self.arrive.a_second,
            self.talk.a_second,
            self.react.taps_a_second,
            self.react.waves,
            self.ask.questions_a_second,
            self.ask.votes_a_second,
            self.reconnect.a_second,
            self.reconnect.all_at,
        ];
        let wrong = rates.iter().find(|rate| !(0.0..=MOST_A_SECOND).contains(*rate));
        ensure!(wrong.is_none(), "{wrong:?} is no rate: 0 to {MOST_A_SECOND}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_program_can_be_played() {
        for (name, _) in OWN {
            let mut scenario = Scenario::find(name).unwrap();
            assert_eq!(scenario.name, name);
            assert!(!scenario.about.is_empty(), "{name} says what it is for");
            if scenario.fans == 0 {
                scenario.fans = 19_000;
            }
            scenario.check().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn a_word_that_is_not_known_is_said() {
        let error = toml::from_str::<Scenario>("name = \"x\"\nfans = 1\nseconds = 1\nfanns = 2").unwrap_err();
        assert!(error.to_string().contains("fanns"), "{error}");
        let error = Scenario::find("nowhere").unwrap_err().to_string();
        assert!(error.contains("standard, burst"), "{error}");
    }

    #[test]
    fn more_taps_than_count_are_no_scenario() {
        let mut scenario = Scenario::find("standard").unwrap();
        (scenario.fans, scenario.talk.senders, scenario.react.taps_a_second) = (100, 50, 300.0);
        assert!(scenario.check().unwrap_err().to_string().contains("more than the 238"));
        for rate in [f64::INFINITY, f64::NAN, -1.0] {
            scenario.react.taps_a_second = 0.0;
            scenario.talk.a_second = rate;
            assert!(scenario.check().unwrap_err().to_string().contains("no rate"), "{rate}");
        }
    }
}
