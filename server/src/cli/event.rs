//! `frontrow event create | list | end | reactions | delete`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use wire::UnixMillis;
use wire::http::Tombstones;

use super::value::Reactions;
use super::{CliError, Common, Output, find_event, value};
use crate::clock;
use crate::reactions::HOUSE;
use crate::store::{Event, NewEvent};

/// Doors open this long before the start unless another time is given, in milliseconds.
const DOORS_BEFORE_MILLIS: u64 = 30 * 60 * 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Announce an event.
    Create(NewOptions),
    /// Every event, the next one first.
    List,
    /// End an event now: its sockets are told and its codes open nothing any more.
    End(Slug),
    /// Change the reactions that an event offers; open pages follow within a second.
    Reactions(ReactionOptions),
    /// Delete an event and everything in it, its chat too.
    Delete(Slug),
}

#[derive(Debug, Args)]
pub(super) struct Slug {
    /// The event's name in addresses.
    #[arg(env = "FRONTROW_EVENT", value_parser = value::slug)]
    slug: String,
}

#[derive(Debug, Args)]
pub(super) struct NewOptions {
    /// Its name in addresses: a to z, 0 to 9 and dashes.
    #[arg(long, env = "FRONTROW_SLUG", value_parser = value::slug)]
    slug: String,
    /// Its title.
    #[arg(long, env = "FRONTROW_TITLE", value_parser = value::line)]
    title: String,
    /// Who plays. Nobody else may be called so, or look so.
    #[arg(long, env = "FRONTROW_ARTIST", value_parser = value::line)]
    artist: String,
    /// When the show starts, in RFC 3339.
    #[arg(long, env = "FRONTROW_STARTS_AT", value_name = "RFC3339", value_parser = value::moment)]
    starts_at: UnixMillis,
    /// When the doors open; 30 minutes before the start if not given.
    #[arg(long, env = "FRONTROW_DOORS_AT", value_name = "RFC3339", value_parser = value::moment)]
    doors_at: Option<UnixMillis>,
    /// When it ends; if not given, until `frontrow event end`.
    #[arg(long, env = "FRONTROW_ENDS_AT", value_name = "RFC3339", value_parser = value::moment)]
    ends_at: Option<UnixMillis>,
    /// The stream's address: a file, HLS, or a page that is framed.
    #[arg(long, env = "FRONTROW_STREAM", value_name = "URL", value_parser = value::stream)]
    stream: Option<String>,
    /// Whether it has a chat.
    #[arg(long, env = "FRONTROW_CHAT", default_value = "on")]
    chat: Switch,
    /// What fans see where a message was hidden: a quiet line, or nothing.
    #[arg(long, env = "FRONTROW_TOMBSTONES", default_value = "shown")]
    tombstones: Hidden,
    /// The reactions it offers: 1 to 12 emoji with spaces between them.
    #[arg(long, env = "FRONTROW_REACTIONS", default_value = HOUSE, value_parser = value::reactions)]
    reactions: Reactions,
}

#[derive(Debug, Args)]
pub(super) struct ReactionOptions {
    /// The event's name in addresses.
    #[arg(env = "FRONTROW_EVENT", value_parser = value::slug)]
    slug: String,
    /// The emoji in the order they are offered, with spaces between them: 1 to 12.
    #[arg(env = "FRONTROW_REACTIONS", value_parser = value::reactions)]
    reactions: Reactions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Hidden {
    Shown,
    Gone,
}

impl NewOptions {
    fn event(self) -> Result<NewEvent, CliError> {
        let doors_at = self
            .doors_at
            .unwrap_or_else(|| self.starts_at.saturating_sub(DOORS_BEFORE_MILLIS));
        if doors_at > self.starts_at {
            return Err(CliError::Usage("--doors-at is after --starts-at".to_owned()));
        }
        if self.ends_at.is_some_and(|ends_at| ends_at <= self.starts_at) {
            return Err(CliError::Usage("--ends-at is not after --starts-at".to_owned()));
        }
        Ok(NewEvent {
            slug: self.slug,
            title: self.title,
            artist: self.artist,
            doors_at,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            stream: self.stream,
            chat: self.chat == Switch::On,
            tombstones: match self.tombstones {
                Hidden::Shown => Tombstones::Shown,
                Hidden::Gone => Tombstones::Gone,
            },
            reactions: self.reactions.0,
        })
    }
}

pub(super) async fn run(command: Command, common: &Common, output: Output) -> Result<(), CliError> {
    match command {
        Command::Create(options) => create(&options.event()?, common, output).await,
        Command::List => list(common, output).await,
        Command::End(Slug { slug }) => end(&slug, common, output).await,
        Command::Reactions(options) => set_reactions(&options, common, output).await,
        Command::Delete(Slug { slug }) => delete(&slug, common, output).await,
    }
}

async fn create(new: &NewEvent, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    if store.create_event(new, clock::now()).await?.is_none() {
        return Err(CliError::Refused(format!("there is an event {:?} already", new.slug)));
    }
    let event = find_event(&store, &new.slug).await?;
    store.close().await;
    let text = format!("Announced. Its page is at /e/{}\n{}", event.slug, line(&event));
    output.print(text, &view(&event))
}

async fn list(common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let events = store.events().await?;
    store.close().await;
    let text = if events.is_empty() {
        "No events yet. `frontrow event create` announces one.".to_owned()
    } else {
        events.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    output.print(text, &json!({ "events": events.iter().map(view).collect::<Vec<_>>() }))
}

async fn end(slug: &str, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let event = find_event(&store, slug).await?;
    store.end_event(event.id, clock::now()).await?;
    let event = find_event(&store, slug).await?;
    store.close().await;
    output.print(format!("Ended.\n{}", line(&event)), &view(&event))
}

async fn set_reactions(options: &ReactionOptions, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let event = find_event(&store, &options.slug).await?;
    store
        .set_reactions(event.id, &options.reactions.0, clock::now())
        .await?;
    let event = find_event(&store, &options.slug).await?;
    store.close().await;
    output.print(format!("Reactions: {}", event.reactions.join(" ")), &view(&event))
}

async fn delete(slug: &str, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let event = find_event(&store, slug).await?;
    store.delete_event(event.id, clock::now()).await?;
    store.close().await;
    let text = format!("Deleted {slug} and everything in it.");
    output.print(text, &json!({ "deleted": slug }))
}

fn line(event: &Event) -> String {
    format!(
        "{}  {}  {} by {}, starts {}",
        event.slug,
        phase(event).as_str().unwrap_or_default(),
        event.title,
        event.artist,
        value::readable(event.starts_at)
    )
}

pub(super) fn phase(event: &Event) -> Value {
    json!(event.phase(clock::now()))
}

fn view(event: &Event) -> Value {
    json!({
        "slug": event.slug,
        "title": event.title,
        "artist": event.artist,
        "doors_at": event.doors_at,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "ended_at": event.ended_at,
        "stream": event.stream,
        "chat": if event.chat { "on" } else { "off" },
        "phase": phase(event),
        "reactions": event.reactions,
    })
}
