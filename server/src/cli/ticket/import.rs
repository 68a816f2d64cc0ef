//! `frontrow ticket import`: reads the whole list, judges it, and only then writes. What was written when it was cut
//! short stays; the same list again adds what is missing.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde_json::json;
use wire::Role;

use crate::auth::secret::Secrets;
use crate::cli::{CliError, Output, find_event, value};
use crate::clock;
use crate::store::{BATCH_ROWS, BETWEEN_BATCHES, Event, NewTicket, Store};
use crate::ticket::density::{Density, HIGHEST_RATE, Rate};
use crate::ticket::list::{self, List, ListError, Listed, Refusal};

/// Lines between two signs of progress.
const PROGRESS_LINES: u64 = 50_000;

/// Refused lines that are told one by one; the rest is counted.
const TOLD: usize = 100;

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
    /// The list, or - for standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Take codes that can be guessed.
    #[arg(long, env = "FRONTROW_ALLOW_WEAK", value_parser = BoolishValueParser::new())]
    allow_weak: bool,
}

pub(in crate::cli) async fn run(
    options: &Options,
    store: &Store,
    secrets: &Secrets,
    output: Output,
) -> Result<(), CliError> {
    let event = find_event(store, &options.event).await?;
    let list = read(options, output)?;
    let tickets: Vec<NewTicket> = list
        .codes
        .iter()
        .map(|listed| new_ticket(secrets, &event, listed))
        .collect();
    let known = known(store, &event, &tickets).await?;
    if !options.allow_weak {
        judge(store, &event, &list.codes, &tickets, &known).await?;
    }
    let new: Vec<NewTicket> = tickets
        .into_iter()
        .filter(|ticket| !known.contains(&ticket.hash))
        .collect();
    write(store, &event, &new, output).await?;
    report(&new, known.len(), &list.refused, output)
}

fn read(options: &Options, output: Output) -> Result<List, CliError> {
    let input: Box<dyn Read> = if options.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let name = || options.file.display().to_string();
        Box::new(File::open(&options.file).map_err(|error| CliError::Io(name(), error))?)
    };
    let progress = |lines: u64| {
        if lines.is_multiple_of(PROGRESS_LINES) {
            output.progress(&format!("{lines} lines read"));
        }
    };
    list::read(input, progress).map_err(|error| match error {
        ListError::Io(_) | ListError::Line { .. } | ListError::TooMany => {
            CliError::Refused(format!("{error}. Nothing was imported."))
        }
    })
}

fn new_ticket(secrets: &Secrets, event: &Event, listed: &Listed) -> NewTicket {
    NewTicket {
        hash: secrets.hash_code(event.id, &listed.code),
        length: listed.code.chars().count(),
        role: Role::Fan,
        reference: listed.reference.clone(),
    }
}

async fn known(store: &Store, event: &Event, tickets: &[NewTicket]) -> Result<HashSet<[u8; 32]>, CliError> {
    let mut known = HashSet::new();
    for batch in tickets.chunks(BATCH_ROWS) {
        let hashes: Vec<[u8; 32]> = batch.iter().map(|ticket| ticket.hash).collect();
        known.extend(store.known_codes(event.id, &hashes).await?);
    }
    Ok(known)
}

/// Refuses a list whose codes, with those that the event has already, are too easily guessed.
async fn judge(
    store: &Store,
    event: &Event,
    codes: &[Listed],
    tickets: &[NewTicket],
    known: &HashSet<[u8; 32]>,
) -> Result<(), CliError> {
    let mut density = Density::default();
    for listed in codes {
        density.add(&listed.code);
    }
    let mut others: BTreeMap<usize, u64> = store.codes_by_length(event.id).await?;
    for ticket in tickets.iter().filter(|ticket| known.contains(&ticket.hash)) {
        if let Some(count) = others.get_mut(&ticket.length) {
            *count = count.saturating_sub(1);
        }
    }
    match density.worst(&others).filter(|rate| rate.hits() > HIGHEST_RATE) {
        None => Ok(()),
        Some(rate) => Err(CliError::Refused(too_weak(&rate))),
    }
}

fn too_weak(rate: &Rate) -> String {
    format!(
        "these codes can be guessed: {} codes of {} signs among about {:.3e} that look like them, so one guess in {:.0} \
         would open the event; at most one in {:.0} may. Nothing was imported. Use longer or more random codes, or \
         --allow-weak to take them all the same.",
        rate.codes,
        rate.length,
        rate.space,
        (1.0 / rate.hits()).max(1.0),
        1.0 / HIGHEST_RATE,
    )
}

async fn write(store: &Store, event: &Event, tickets: &[NewTicket], output: Output) -> Result<(), CliError> {
    let mut written = 0;
    for batch in tickets.chunks(BATCH_ROWS) {
        let added = store.add_tickets(event.id, batch, clock::now()).await.map_err(|error| {
            CliError::Refused(format!(
                "cut short after {written} of {} tickets: {error}. Those stay; import the same list again for the rest.",
                tickets.len()
            ))
        });
        added?;
        written += batch.len();
        if written < tickets.len() {
            if (written as u64).is_multiple_of(PROGRESS_LINES) {
                output.progress(&format!("{written} of {} tickets written", tickets.len()));
            }
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }
    Ok(())
}

fn report(new: &[NewTicket], known: usize, refused: &[Refusal], output: Output) -> Result<(), CliError> {
    let mut text = format!("{} new, {known} known, {} refused", new.len(), refused.len());
    for refusal in refused.iter().take(TOLD) {
        let _ = write!(text, "\n  line {}: {}", refusal.line, refusal.reason);
    }
    if refused.len() > TOLD {
        let _ = write!(text, "\n  and {} more", refused.len() - TOLD);
    }
    let told: Vec<&Refusal> = refused.iter().take(TOLD).collect();
    output.print(
        text,
        &json!({ "new": new.len(), "known": known, "refused": refused.len(), "reasons": told }),
    )
}
