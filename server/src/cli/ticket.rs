//! `frontrow ticket import | issue | role | revoke`

mod import;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use wire::{MemberId, Role};

use super::{CliError, Common, Output, find_event, value};
use crate::auth::codes;
use crate::auth::secret::Secrets;
use crate::clock;
use crate::store::{BATCH_ROWS, BETWEEN_BATCHES, Event, NewTicket, RoleChange, Store, TicketId};

/// Most codes of one call; more come in a second one.
const MOST_CODES: u32 = 100_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take in a shop's codes: one a line, or CSV with a column `code` and an optional `ref`.
    Import(import::Options),
    /// Make new codes and print them once; they are stored hashed.
    Issue(IssueOptions),
    /// Make a moderator of a fan, or a fan of a moderator.
    Role(RoleOptions),
    /// Take a ticket's right away.
    Revoke(RevokeOptions),
}

#[derive(Debug, Args)]
pub(super) struct IssueOptions {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
    /// What the codes make of their holders.
    #[arg(long, env = "FRONTROW_ROLE")]
    role: RoleName,
    /// How many.
    #[arg(long, env = "FRONTROW_COUNT", default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_CODES)))]
    count: u32,
}

#[derive(Debug, Args)]
pub(super) struct RoleOptions {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
    /// The ticket's code, or its member.
    #[arg(value_name = "CODE|MEMBER")]
    ticket: String,
    /// What the ticket makes of its holder from now on.
    #[arg(long, env = "FRONTROW_ROLE")]
    role: OtherRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OtherRole {
    Fan,
    Moderator,
}

impl From<OtherRole> for Role {
    fn from(name: OtherRole) -> Self {
        match name {
            OtherRole::Fan => Self::Fan,
            OtherRole::Moderator => Self::Moderator,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct RevokeOptions {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
    /// The ticket's code, or its member.
    #[arg(value_name = "CODE|MEMBER")]
    ticket: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleName {
    Fan,
    Artist,
    Moderator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Fan => Self::Fan,
            RoleName::Artist => Self::Artist,
            RoleName::Moderator => Self::Moderator,
        }
    }
}

pub(super) async fn run(command: Command, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, secrets) = common.open().await?;
    match command {
        Command::Import(options) => import::run(&options, &store, &secrets, output).await?,
        Command::Issue(options) => issue(&options, &store, &secrets, output).await?,
        Command::Role(options) => role(&options, &store, &secrets, output).await?,
        Command::Revoke(options) => revoke(&options, &store, &secrets, output).await?,
    }
    store.close().await;
    Ok(())
}

async fn issue(options: &IssueOptions, store: &Store, secrets: &Secrets, output: Output) -> Result<(), CliError> {
    let event = find_event(store, &options.event).await?;
    let mut codes = Vec::new();
    let made = add_tickets(store, secrets, &event, options.role.into(), options.count, &mut codes).await;
    // Codes are shown once: those of tickets that are stored already, also when the rest failed.
    if made.is_ok() || !codes.is_empty() {
        output.print(codes.join("\n"), &json!({ "codes": codes }))?;
    }
    made
}

/// Makes tickets with new codes, stores them hashed, and gives the codes.
pub(super) async fn make_tickets(
    store: &Store,
    secrets: &Secrets,
    event: &Event,
    role: Role,
    count: u32,
) -> Result<Vec<String>, CliError> {
    let mut codes = Vec::new();
    add_tickets(store, secrets, event, role, count, &mut codes).await?;
    Ok(codes)
}

/// The same, batch by batch: whatever happens, `stored` has the codes of the tickets that are there.
async fn add_tickets(
    store: &Store,
    secrets: &Secrets,
    event: &Event,
    role: Role,
    count: u32,
    stored: &mut Vec<String>,
) -> Result<(), CliError> {
    let codes: Vec<String> = (0..count).map(|_| codes::issue(role)).collect();
    let mut batches = codes.chunks(BATCH_ROWS).peekable();
    while let Some(batch) = batches.next() {
        let tickets: Vec<NewTicket> = batch
            .iter()
            .map(|code| new_ticket(secrets, event, code, role))
            .collect();
        store.add_tickets(event.id, &tickets, clock::now()).await?;
        stored.extend_from_slice(batch);
        if batches.peek().is_some() {
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
    }
    Ok(())
}

fn new_ticket(secrets: &Secrets, event: &Event, code: &str, role: Role) -> NewTicket {
    let folded = codes::fold(code);
    NewTicket {
        hash: secrets.hash_code(event.id, &folded),
        length: folded.chars().count(),
        role,
        reference: None,
    }
}

async fn role(options: &RoleOptions, store: &Store, secrets: &Secrets, output: Output) -> Result<(), CliError> {
    let event = find_event(store, &options.event).await?;
    let ticket = find_ticket(store, secrets, &event, &options.ticket).await?;
    let role: Role = options.role.into();
    let name = role.as_str();
    let (text, changed) = match store.change_role(event.id, ticket, role, clock::now()).await? {
        RoleChange::Changed { from } => (format!("Changed from {} to {name}.", from.as_str()), true),
        RoleChange::Same => (format!("It was a {name}'s before."), false),
        RoleChange::Artist => {
            return Err(CliError::Refused(
                "that is an artist's pass, which stays one: issue another ticket".to_owned(),
            ));
        }
    };
    output.print(text, &json!({ "role": name, "changed": changed }))
}

async fn revoke(options: &RevokeOptions, store: &Store, secrets: &Secrets, output: Output) -> Result<(), CliError> {
    let event = find_event(store, &options.event).await?;
    let ticket = find_ticket(store, secrets, &event, &options.ticket).await?;
    let revoked = store.revoke_ticket(event.id, ticket, clock::now()).await?;
    let text = if revoked {
        "Revoked. It opens nothing any more."
    } else {
        "It was revoked before."
    };
    output.print(text, &json!({ "revoked": revoked }))
}

/// The ticket with this code or behind this member.
async fn find_ticket(store: &Store, secrets: &Secrets, event: &Event, typed: &str) -> Result<TicketId, CliError> {
    let hash = secrets.hash_code(event.id, &codes::fold(typed));
    let member = MemberId(typed.trim().to_owned());
    let ticket = store.find_ticket(event.id, &hash, &member).await?;
    ticket.ok_or_else(|| CliError::Refused(format!("no ticket of {} has this code or member", event.slug)))
}
