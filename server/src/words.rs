//! The word list of an event: which rule a message meets. Pure.
//!
//! A message is settled once and read in up to three ways (`words/reading.rs`); each reading goes once through one automaton
//! that has every pattern of the list, so that judging takes the same time with ten rules and with twenty thousand.

pub mod file;
mod reading;

use std::cmp::Reverse;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use wire::limits;
use wire::moderation::{WordAction, WordMatch, WordRule};
use wire::text::BadText;

use reading::{Reading, Settled};

/// Longest a pattern may become when it is read, in bytes: one sign can stand for a whole sentence (U+FDFA), and every
/// byte is a state of the automaton.
const FORM_BYTES: usize = 4 * limits::PATTERN_SCALARS;

/// Mutes by a rule that does not say how long, in seconds.
pub const MUTE_SECONDS: u32 = 5 * 60;

/// A compiled word list. Compiling the longest list takes about a tenth of a second: not for a thread that others wait for.
#[derive(Debug, Default)]
pub struct Words {
    /// The strongest first; of equals, the first in the list.
    rules: Vec<WordRule>,
    /// Whole messages.
    exact: HashMap<String, Rank>,
    /// Everything else; `None` when there is nothing else.
    within: Option<Within>,
}

/// A rule's place in [`Words::rules`]: the smaller, the stronger.
type Rank = u32;

/// Rules that look for something within a message.
#[derive(Debug)]
struct Within {
    automaton: AhoCorasick,
    /// For each pattern of the automaton, the strongest rules that look for it.
    patterns: Vec<Strongest>,
}

/// The strongest rules of one form.
#[derive(Clone, Copy, Debug, Default)]
struct Strongest {
    word: Option<Rank>,
    prefix: Option<Rank>,
}

impl Words {
    /// Compiles a list.
    ///
    /// # Panics
    /// Never: patterns of `FORM_BYTES` stay far below what an automaton can hold, and longer ones are left out.
    pub fn new(rules: impl IntoIterator<Item = WordRule>) -> Self {
        let mut rules: Vec<WordRule> = rules.into_iter().collect();
        rules.sort_by_key(|rule| Reverse(rule.action));
        let mut exact = HashMap::new();
        let mut within: HashMap<String, Strongest> = HashMap::new();
        for (rank, rule) in (0..).zip(&rules) {
            for form in forms(&rule.pattern) {
                match rule.matching {
                    WordMatch::Exact => drop(exact.entry(form).or_insert(rank)),
                    WordMatch::Word => drop(within.entry(form).or_default().word.get_or_insert(rank)),
                    WordMatch::Prefix => drop(within.entry(form).or_default().prefix.get_or_insert(rank)),
                }
            }
        }
        Self {
            rules,
            exact,
            within: (!within.is_empty()).then(|| Within::new(within)),
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule that a message meets: of several the strongest (mute, refuse, hold), of equals the first in the list.
    pub fn judge(&self, text: &str) -> Option<&WordRule> {
        if self.is_empty() {
            return None;
        }
        let settled = Settled::of(text);
        let met = settled.readings().filter_map(|reading| self.met(&reading)).min()?;
        self.rules.get(met as usize)
    }

    fn met(&self, reading: &Reading) -> Option<Rank> {
        let exact = self.exact.get(reading.text()).copied();
        let within = self.within.as_ref().and_then(|within| within.met(reading));
        exact.into_iter().chain(within).min()
    }
}

impl Within {
    fn new(patterns: HashMap<String, Strongest>) -> Self {
        let (forms, patterns): (Vec<String>, Vec<Strongest>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(forms)
            .expect("far fewer states than an automaton can hold");
        Self { automaton, patterns }
    }

    fn met(&self, reading: &Reading) -> Option<Rank> {
        let mut met = Rank::MAX;
        for found in self.automaton.find_overlapping_iter(reading.text()) {
            let Strongest { word, prefix } = self.patterns[found.pattern().as_usize()];
            let is_met = |rank: &Rank| *rank < met;
            let (word, prefix) = (word.filter(is_met), prefix.filter(is_met));
            // Most of what is found is no news: that is asked first.
            if word.or(prefix).is_none() || !reading.begins_a_word(found.start()) {
                continue;
            }
            let word = word.filter(|_| reading.ends_a_word(found.end()));
            let prefix = prefix.filter(|_| reading.ends_a_sign(found.end()));
            met = word.into_iter().chain(prefix).fold(met, Rank::min);
        }
        (met < Rank::MAX).then_some(met)
    }
}

/// Why a pattern cannot be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// Nothing is left of it.
    #[error("nothing is left of the pattern that could be looked for")]
    Empty,
    /// It is too long.
    #[error("the pattern is longer than {} signs", limits::PATTERN_SCALARS)]
    TooLong,
}

/// A pattern as it is kept: one line, after the text rules. What it is compared by is made of it when a list is compiled.
///
/// # Errors
/// When it is too long, or nothing is left to look for.
pub fn pattern(typed: &str) -> Result<String, BadPattern> {
    let text = wire::text::message(typed).map_err(|bad| match bad {
        BadText::Empty => BadPattern::Empty,
        BadText::TooLong => BadPattern::TooLong,
    })?;
    let pattern = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if pattern.chars().count() > limits::PATTERN_SCALARS {
        return Err(BadPattern::TooLong);
    }
    let form = Settled::of(&pattern).pattern_forms().next().unwrap_or_default();
    match form.len() {
        0 => Err(BadPattern::Empty),
        1..=FORM_BYTES => Ok(pattern),
        _ => Err(BadPattern::TooLong),
    }
}

/// Why a rule cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// Its pattern is none.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// It mutes for no time or too long.
    #[error("a mute lasts 1 to {} seconds", limits::MUTE_SECONDS)]
    Seconds,
    /// It mutes nobody.
    #[error("seconds are for rules that mute")]
    SecondsWithoutMute,
    /// Its word to the sender is too long.
    #[error("the word to the sender is longer than {} signs", limits::REASON_SCALARS)]
    SayTooLong,
    /// Nobody would read its word: held messages are not refused.
    #[error("a word to the sender is for rules that refuse or mute")]
    SayWithHold,
}

/// A rule as it is kept. One that mutes and does not say how long gets [`MUTE_SECONDS`].
///
/// # Errors
/// When something of it cannot be done.
pub fn rule(typed: &WordRule) -> Result<WordRule, BadRule> {
    let pattern = pattern(&typed.pattern)?;
    let seconds = match (typed.action, typed.seconds) {
        (WordAction::Mute, Some(seconds)) if (1..=limits::MUTE_SECONDS).contains(&seconds) => Some(seconds),
        (WordAction::Mute, Some(_)) => return Err(BadRule::Seconds),
        (WordAction::Mute, None) => Some(MUTE_SECONDS),
        (WordAction::Refuse | WordAction::Hold, None) => None,
        (WordAction::Refuse | WordAction::Hold, Some(_)) => return Err(BadRule::SecondsWithoutMute),
    };
    let say = say(typed.say.as_deref().unwrap_or_default())?;
    if say.is_some() && typed.action == WordAction::Hold {
        return Err(BadRule::SayWithHold);
    }
    Ok(WordRule {
        pattern,
        matching: typed.matching,
        action: typed.action,
        seconds,
        say,
    })
}

/// A word to the sender as it is kept: one line; `None` when there is nothing to say.
///
/// # Errors
/// When it is too long.
pub fn say(typed: &str) -> Result<Option<String>, BadRule> {
    let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match wire::text::message(&line) {
        Ok(say) if say.chars().count() <= limits::REASON_SCALARS => Ok(Some(say)),
        Ok(_) | Err(BadText::TooLong) => Err(BadRule::SayTooLong),
        Err(BadText::Empty) => Ok(None),
    }
}

/// What a pattern is looked for as; one that nothing is left of, or too much, is not.
fn forms(pattern: &str) -> Vec<String> {
    let settled = Settled::of(pattern);
    let fits = |form: &String| (1..=FORM_BYTES).contains(&form.len());
    settled.pattern_forms().filter(fits).collect()
}

#[cfg(test)]
mod tests;
