//! `frontrow status`

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::{CliError, Common, Output, event, find_event, value};
use crate::clock;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
}

/// Each reaction with its taps: those that are offered, then those that were.
fn reactions(offered: &[String], taps: &BTreeMap<String, u64>) -> String {
    let before = taps.keys().filter(|emoji| !offered.contains(emoji));
    let counted = offered.iter().chain(before).map(|emoji| {
        let taps = taps.get(emoji).copied().unwrap_or_default();
        format!("{emoji} {taps}")
    });
    counted.collect::<Vec<_>>().join("  ")
}

pub(super) async fn run(options: &Options, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let event = find_event(&store, &options.event).await?;
    let status = store.status(event.id, clock::now()).await?;
    let phase = event::phase(&event);
    let tickets = status.tickets;
    let text = format!(
        "{} ({})\n\
         tickets      {} fans, {} artists, {} moderators; {} revoked\n\
         accounts     {} made, {} to make; provisioner {}\n\
         seats        {} taken, {} with a nickname\n\
         online       {}\n\
         questions    {} asked, {} answered\n\
         reactions    {}",
        event.title,
        phase.as_str().unwrap_or_default(),
        tickets.fan,
        tickets.artist,
        tickets.moderator,
        status.revoked,
        status.accounts,
        status.pending,
        if status.provisioner_running {
            "at work"
        } else {
            "not running"
        },
        status.seats_held,
        status.named,
        status.online,
        status.questions.0,
        status.questions.1,
        reactions(&event.reactions, &status.reactions),
    );
    let value = json!({
        "event": event.slug,
        "phase": phase,
        "chat": if event.chat { "on" } else { "off" },
        "tickets": { "fan": tickets.fan, "artist": tickets.artist, "moderator": tickets.moderator, "revoked": status.revoked },
        "provisioning": { "done": status.accounts, "pending": status.pending, "running": status.provisioner_running },
        "seats": { "held": status.seats_held, "named": status.named },
        "online": status.online,
        "questions": { "asked": status.questions.0, "answered": status.questions.1 },
        "reactions": status.reactions,
    });
    output.print(text, &value)?;
    store.close().await;
    Ok(())
}
