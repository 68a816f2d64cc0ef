//! `frontrow words import | list | clear`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use wire::limits;
use wire::moderation::{WordAction, WordMatch, WordsTaken};

use super::{CliError, Common, Output, find_event, value};
use crate::clock;
use crate::store::{Listing, Store};
use crate::words;
use crate::words::file::{self, Defaults};

/// Longest file, in bytes: the longest list, with everything that a line can say and as many remarks.
const FILE_BYTES: u64 = 32 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take in a text file: one pattern a line.
    ///
    /// Empty lines and lines that begin with # are skipped. A line may go on, its fields parted by tabs:
    /// pattern, match, action, seconds, a word to the sender; what it leaves out is as the options say.
    /// A pattern that is there already with the same match does what the file says. It counts at once, also in a
    /// room that is open.
    Import(ImportOptions),
    /// Print the list, in the form that import takes.
    List(EventOption),
    /// Take every rule out.
    Clear(EventOption),
}

#[derive(Debug, Args)]
pub(super) struct EventOption {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
}

#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    #[command(flatten)]
    event: EventOption,
    /// The list, or - for standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// How patterns are compared: with the whole message, with whole words, or with how words begin.
    #[arg(long = "match", env = "FRONTROW_MATCH", default_value = "word")]
    matching: MatchName,
    /// What becomes of a message: refused, held for a moderator, or refused and its author muted.
    #[arg(long, env = "FRONTROW_ACTION", default_value = "refuse")]
    action: ActionName,
    /// How long a mute lasts; 5 minutes if not given.
    #[arg(long, env = "FRONTROW_SECONDS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::MUTE_SECONDS)))]
    seconds: Option<u32>,
    /// A word to the sender of a message that is refused.
    #[arg(long, env = "FRONTROW_SAY", value_name = "TEXT", value_parser = say)]
    say: Option<String>,
    /// Take out what is not in the file.
    #[arg(long, env = "FRONTROW_REPLACE", value_parser = BoolishValueParser::new())]
    replace: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MatchName {
    Exact,
    Word,
    Prefix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ActionName {
    Refuse,
    Hold,
    Mute,
}

impl ImportOptions {
    fn defaults(&self) -> Defaults {
        Defaults {
            matching: match self.matching {
                MatchName::Exact => WordMatch::Exact,
                MatchName::Word => WordMatch::Word,
                MatchName::Prefix => WordMatch::Prefix,
            },
            action: match self.action {
                ActionName::Refuse => WordAction::Refuse,
                ActionName::Hold => WordAction::Hold,
                ActionName::Mute => WordAction::Mute,
            },
            seconds: self.seconds,
            say: self.say.clone(),
        }
    }
}

fn say(text: &str) -> Result<String, String> {
    let say = words::say(text).map_err(|bad| bad.to_string())?;
    say.ok_or_else(|| format!("expected 1 to {} signs", limits::REASON_SCALARS))
}

pub(super) async fn run(command: Command, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    match command {
        Command::Import(options) => import(&options, &store, output).await?,
        Command::List(options) => list(&options.event, &store, output).await?,
        Command::Clear(options) => clear(&options.event, &store, output).await?,
    }
    store.close().await;
    Ok(())
}

async fn import(options: &ImportOptions, store: &Store, output: Output) -> Result<(), CliError> {
    let event = find_event(store, &options.event.event).await?;
    let refused = |error: &dyn std::fmt::Display| CliError::Refused(format!("{error}. Nothing was imported."));
    let listed = file::read(&read(options)?, &options.defaults()).map_err(|error| refused(&error))?;
    if options.replace && listed.rules.is_empty() {
        return Err(refused(
            &"the file has no rule; `frontrow words clear` takes every rule out",
        ));
    }
    let (rules, now) = (&listed.rules, clock::now());
    let listing = if options.replace {
        store.replace_words(event.id, rules, None, now).await
    } else {
        store.add_words(event.id, rules, None, now).await
    };
    match listing {
        Ok(Listing::Full) => Err(refused(&file::TooMany)),
        Ok(Listing::Taken { added, known, total }) => report(
            &WordsTaken {
                added,
                known,
                total,
                refused: listed.refused,
                refused_total: listed.refused_total,
            },
            output,
        ),
        Err(error) => Err(CliError::Refused(format!(
            "cut short: {error}. What was taken stays; import the same file again for the rest."
        ))),
    }
}

fn read(options: &ImportOptions) -> Result<Vec<u8>, CliError> {
    let name = || options.file.display().to_string();
    let failed = |error| CliError::Io(name(), error);
    let input: Box<dyn Read> = if options.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(&options.file).map_err(failed)?)
    };
    let mut file = Vec::new();
    input.take(FILE_BYTES + 1).read_to_end(&mut file).map_err(failed)?;
    if file.len() as u64 > FILE_BYTES {
        return Err(CliError::Refused(format!(
            "{} is no word list: too long. Nothing was imported.",
            name()
        )));
    }
    Ok(file)
}

fn report(taken: &WordsTaken, output: Output) -> Result<(), CliError> {
    let WordsTaken {
        added,
        known,
        total,
        refused,
        refused_total,
    } = taken;
    let mut text = format!("{added} new, {known} known, {refused_total} refused; {total} rules now");
    for line in refused {
        let _ = write!(text, "\n  line {}: {}", line.line, line.why);
    }
    if *refused_total > refused.len() as u64 {
        let _ = write!(text, "\n  and {} more", refused_total - refused.len() as u64);
    }
    output.print(text, taken)
}

async fn list(event: &str, store: &Store, output: Output) -> Result<(), CliError> {
    let event = find_event(store, event).await?;
    let rules = store.word_rules(event.id).await?;
    let text = if rules.is_empty() {
        "No rules. `frontrow words import` takes a list.".to_owned()
    } else {
        rules.iter().map(file::write_line).collect::<Vec<_>>().join("\n")
    };
    output.print(text, &json!({ "rules": rules, "total": rules.len() }))
}

async fn clear(event: &str, store: &Store, output: Output) -> Result<(), CliError> {
    let event = find_event(store, event).await?;
    let cleared = store.clear_words(event.id, None, clock::now()).await?;
    output.print(format!("{cleared} rules taken out."), &json!({ "cleared": cleared }))
}
