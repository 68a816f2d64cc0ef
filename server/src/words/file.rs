//! A word list as a text file, for people to write and to pass on.
//!
//! One pattern a line. Empty lines and lines that begin with `#` are skipped. A line may say more, its fields parted by
//! tabs, as a spreadsheet gives them; what it leaves out is as the importer was told for the whole file:
//!
//! ```text
//! # pattern  match                 action               seconds  a word to the sender
//! scalper
//! two words
//! spoiler    prefix                hold
//! buy here   word                  refuse                        No selling here, please.
//! badword    exact                 mute                 600      Come back in ten minutes.
//! ```
//!
//! A pattern that begins with `#` is written `\#`.
//! `match` is exact, word or prefix; `action` is hold, refuse or mute. UTF-8, with or without a byte order mark, lines
//! ended in either way. A line that is no rule is told by its number and does not stop the others. Of two lines with the
//! same pattern and match the later one counts.

use wire::limits;
use wire::moderation::{RefusedLine, WordAction, WordMatch, WordRule};

use super::rule;

/// Refused lines that are told one by one; the rest is counted.
const TOLD: usize = 20;

/// What stands between the fields of a line.
const TAB: char = '\t';

/// What lines get that do not say it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How they are compared.
    pub matching: WordMatch,
    /// What they do.
    pub action: WordAction,
    /// How long they mute, those that do.
    pub seconds: Option<u32>,
    /// A word to the sender, of those that refuse or mute.
    pub say: Option<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            matching: WordMatch::Word,
            action: WordAction::Refuse,
            seconds: None,
            say: None,
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its rules, in order.
    pub rules: Vec<WordRule>,
    /// The first lines that are no rule.
    pub refused: Vec<RefusedLine>,
    /// How many lines are no rule.
    pub refused_total: u64,
}

/// The file has more rules than a list can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a word list has {} rules at most", limits::WORD_RULES)]
pub struct TooMany;

/// Reads a file.
///
/// # Errors
/// When it has more rules than a list can have.
pub fn read(file: &[u8], defaults: &Defaults) -> Result<Listed, TooMany> {
    let mut listed = Listed::default();
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        match read_line(line, defaults) {
            Ok(None) => {}
            Ok(Some(_)) if listed.rules.len() as u64 >= limits::WORD_RULES => return Err(TooMany),
            Ok(Some(rule)) => listed.rules.push(rule),
            Err(why) => listed.refuse(number, why),
        }
    }
    Ok(listed)
}

/// The line that says a rule in full.
pub fn write_line(rule: &WordRule) -> String {
    let matching = match rule.matching {
        WordMatch::Exact => "exact",
        WordMatch::Word => "word",
        WordMatch::Prefix => "prefix",
    };
    let action = match rule.action {
        WordAction::Hold => "hold",
        WordAction::Refuse => "refuse",
        WordAction::Mute => "mute",
    };
    let seconds = rule.seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    let say = rule.say.as_deref().unwrap_or_default();
    let escape = if rule.pattern.starts_with('#') { "\\" } else { "" };
    let pattern = format!("{escape}{}", rule.pattern);
    let fields = [&pattern, matching, action, &seconds, say];
    let line = fields.join("\t");
    line.trim_end().to_owned()
}

impl Listed {
    fn refuse(&mut self, line: u64, why: String) {
        self.refused_total += 1;
        if self.refused.len() < TOLD {
            self.refused.push(RefusedLine { line, why });
        }
    }
}

fn read_line(line: &[u8], defaults: &Defaults) -> Result<Option<WordRule>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut fields = line.split(TAB).map(str::trim);
    let mut field = || fields.next().filter(|field| !field.is_empty());
    let pattern = field().unwrap_or_default();
    let pattern = if pattern.starts_with("\\#") {
        &pattern[1..]
    } else {
        pattern
    };
    let matching = field().map_or(Ok(defaults.matching), matching)?;
    let action = field().map_or(Ok(defaults.action), action)?;
    let seconds = field().map(seconds).transpose()?;
    let say = field().map(str::to_owned);
    if fields.any(|field| !field.is_empty()) {
        return Err("more than pattern, match, action, seconds and a word to the sender".to_owned());
    }
    let typed = WordRule {
        pattern: pattern.to_owned(),
        matching,
        action,
        seconds: seconds.or(defaults.seconds.filter(|_| action == WordAction::Mute)),
        say: say.or_else(|| defaults.say.clone().filter(|_| action != WordAction::Hold)),
    };
    rule(&typed).map(Some).map_err(|bad| bad.to_string())
}

fn matching(name: &str) -> Result<WordMatch, String> {
    match name.to_ascii_lowercase().as_str() {
        "exact" => Ok(WordMatch::Exact),
        "word" => Ok(WordMatch::Word),
        "prefix" => Ok(WordMatch::Prefix),
        _ => Err("the second field is exact, word or prefix".to_owned()),
    }
}

fn action(name: &str) -> Result<WordAction, String> {
    match name.to_ascii_lowercase().as_str() {
        "hold" => Ok(WordAction::Hold),
        "refuse" => Ok(WordAction::Refuse),
        "mute" => Ok(WordAction::Mute),
        _ => Err("the third field is hold, refuse or mute".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| "the fourth field is a number of seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Listed {
        super::read(file.as_bytes(), &Defaults::default()).expect("short enough")
    }

    fn patterns(listed: &Listed) -> Vec<&str> {
        listed.rules.iter().map(|rule| rule.pattern.as_str()).collect()
    }

    fn lines(listed: &Listed) -> Vec<u64> {
        listed.refused.iter().map(|line| line.line).collect()
    }

    #[test]
    fn patterns_come_one_a_line_beside_remarks_and_empty_lines() {
        let listed = read("\u{feff}# ours\r\nscalper\r\n\n  two   words \n#off\nno end of line");
        assert_eq!(patterns(&listed), ["scalper", "two words", "no end of line"]);
        assert_eq!(listed.refused_total, 0);
        let first = &listed.rules[0];
        assert_eq!((first.matching, first.action), (WordMatch::Word, WordAction::Refuse));
        assert_eq!(read(""), Listed::default());
    }

    #[test]
    fn a_line_can_say_what_it_does_and_leaves_the_rest_to_the_importer() {
        let file =
            "a word\nb one\tExact\nc two\t\tmute\t600\tLater.\nd three\tprefix\thold\t\t\ne four\t\t\t\tNo selling.\n";
        let defaults = Defaults {
            action: WordAction::Mute,
            seconds: Some(30),
            say: Some("Please.".to_owned()),
            ..Defaults::default()
        };
        let listed = super::read(file.as_bytes(), &defaults).expect("short");
        assert_eq!(listed.refused, []);
        let told: Vec<_> = listed
            .rules
            .iter()
            .map(|rule| (rule.matching, rule.action, rule.seconds, rule.say.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (WordMatch::Word, WordAction::Mute, Some(30), Some("Please.")),
                (WordMatch::Exact, WordAction::Mute, Some(30), Some("Please.")),
                (WordMatch::Word, WordAction::Mute, Some(600), Some("Later.")),
                (WordMatch::Prefix, WordAction::Hold, None, None),
                (WordMatch::Word, WordAction::Mute, Some(30), Some("No selling.")),
            ]
        );
    }

    #[test]
    fn a_rule_that_mutes_says_how_long_or_gets_the_usual_time() {
        assert_eq!(
            read("a word\t\tmute").rules[0].seconds,
            Some(super::super::MUTE_SECONDS)
        );
    }

    #[test]
    fn a_bad_line_is_told_by_its_number_and_stops_no_other() {
        let long = "x".repeat(limits::PATTERN_SCALARS + 1);
        let say = "y".repeat(limits::REASON_SCALARS + 1);
        let file = format!(
            "good\n{long}\na\tsomewhere\nb\tword\tshout\nc\tword\tmute\tlong\nd\tword\tmute\t0\ne\tword\tmute\t90000\n\
             f\tword\trefuse\t5\ng\tword\thold\t\thello\nh\tword\trefuse\t\t{say}\n\u{200b}\u{301}\n\tword\n\
             i\tword\thold\t\t\tmore\nfine\n"
        );
        let listed = read(&file);
        assert_eq!(patterns(&listed), ["good", "word", "fine"]);
        assert_eq!(lines(&listed), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]);
        assert!(listed.refused.iter().all(|line| !line.why.is_empty()));
        let broken = super::read(b"one\n\xff\xfe\ntwo", &Defaults::default()).expect("short");
        assert_eq!((patterns(&broken), lines(&broken)), (vec!["one", "two"], vec![2]));
    }

    #[test]
    fn a_list_that_is_written_is_read_as_it_was() {
        let rules = read("a\tprefix\thold\nb\texact\tmute\t60\tLater.\nc d\n\\#off\nä\tword\trefuse\t\tNo.\n").rules;
        let written: Vec<String> = rules.iter().map(write_line).collect();
        assert_eq!(read(&written.join("\n")).rules, rules);
    }

    #[test]
    fn of_many_bad_lines_some_are_told_and_all_are_counted() {
        let listed = read(&"a\tnowhere\n".repeat(1_000));
        assert_eq!((listed.refused.len(), listed.refused_total), (TOLD, 1_000));
    }

    #[test]
    fn a_file_of_more_rules_than_a_list_can_have_is_refused() {
        let most = usize::try_from(limits::WORD_RULES).expect("fits");
        let file = "pattern\n".repeat(most);
        assert_eq!(read(&file).rules.len(), most);
        assert_eq!(
            super::read((file + "one more").as_bytes(), &Defaults::default()),
            Err(TooMany)
        );
    }
}
