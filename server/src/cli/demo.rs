//! `frontrow demo`: an event that is open now, with a stream of our own, and codes to try it with.
//!
//! Codes are stored hashed, so those of the demo, and only those, are kept beside the key to be printed again.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use wire::http::Tombstones;
use wire::{Phase, Role};

use super::ticket::make_tickets;
use super::{CliError, Common, Output, find_event};
use crate::auth::codes;
use crate::auth::origin::Origin;
use crate::auth::secret::Secrets;
use crate::clock;
use crate::config;
use crate::reactions;
use crate::store::{Event, EventId, NewEvent, Store};

const SLUG: &str = "demo";
const TITLE: &str = "Salt & Streetlight";
const ARTIST: &str = "Vesna Oduya";

/// The clip in the binary.
const STREAM: &str = "/demo/demo.mp4";

/// How long ago the demo's show began, in milliseconds: it is on, and not for long.
const STARTED_MILLIS: u64 = 5 * 60 * 1000;

/// Where the demo's codes are kept, in the data folder.
const CODES_FILE: &str = "demo-codes.json";

const FANS: u32 = 3;

/// Nobody's address, for documents: somewhere beyond this machine.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the server listens, for the printed address.
    #[arg(long, env = "FRONTROW_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR", value_parser = config::listen)]
    listen: SocketAddr,
    /// The address that visitors type, when it is another one.
    #[arg(long, env = "FRONTROW_PUBLIC_URL", value_name = "URL", value_parser = config::public_url)]
    public_url: Option<Origin>,
}

/// The demo's codes.
#[derive(Debug, Serialize, Deserialize)]
struct Codes {
    event_id: EventId,
    fans: Vec<String>,
    artist: String,
    moderator: String,
}

#[derive(Serialize)]
struct Demo<'c> {
    event: &'static str,
    url: String,
    /// The same page for other devices, when the server listens for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    network_url: Option<String>,
    /// The performer's view, for the artist's code.
    stage_url: String,
    codes: DemoCodes<'c>,
}

#[derive(Serialize)]
struct DemoCodes<'c> {
    fan: &'c [String],
    artist: &'c str,
    moderator: &'c str,
}

pub(super) async fn run(options: &Options, common: &Common, output: Output) -> Result<(), CliError> {
    let (store, secrets) = common.open().await?;
    let event = open_event(&store).await?;
    let file = common.data.join(CODES_FILE);
    let codes = match kept(&file, &store, &secrets, &event).await? {
        Some(codes) => codes,
        None => issue(&file, &store, &secrets, &event).await?,
    };
    store.close().await;
    let url = format!("{}/e/{SLUG}", address(options));
    let network_url = network_address(options, own_address()).map(|address| format!("{address}/e/{SLUG}"));
    let stage_url = format!("{url}/stage");
    let for_others = network_url.as_ref().map(|url| format!("\nOn another device: {url}"));
    let text = format!(
        "{TITLE} by {ARTIST} is on: {url}{}\n\n  fans       {}\n  artist     {}  (the stage: {stage_url})\n  moderator  {}\n\n\
         Each code seats one device at a time.",
        for_others.unwrap_or_default(),
        codes.fans.join("\n             "),
        codes.artist,
        codes.moderator,
    );
    let shown = DemoCodes {
        fan: &codes.fans,
        artist: &codes.artist,
        moderator: &codes.moderator,
    };
    output.print(
        text,
        &Demo {
            event: SLUG,
            url,
            network_url,
            stage_url,
            codes: shown,
        },
    )
}

/// The demo's event, open: the one that is there, or a new one where it was ended.
async fn open_event(store: &Store) -> Result<Event, CliError> {
    let now = clock::now();
    if let Some(event) = store.event_by_slug(SLUG).await? {
        if event.phase(now) == Phase::Open {
            return Ok(event);
        }
        store.delete_event(event.id, now).await?;
    }
    let starts_at = now.saturating_sub(STARTED_MILLIS);
    let new = NewEvent {
        slug: SLUG.to_owned(),
        title: TITLE.to_owned(),
        artist: ARTIST.to_owned(),
        doors_at: starts_at,
        starts_at,
        ends_at: None,
        stream: Some(STREAM.to_owned()),
        chat: true,
        tombstones: Tombstones::Shown,
        reactions: reactions::house(),
    };
    // Another `demo` may have been quicker; its event is as good.
    store.create_event(&new, now).await?;
    find_event(store, SLUG).await
}

/// The codes of an earlier run, if they still open this event.
async fn kept(file: &PathBuf, store: &Store, secrets: &Secrets, event: &Event) -> Result<Option<Codes>, CliError> {
    let Ok(text) = fs::read(file) else {
        return Ok(None);
    };
    let codes: Option<Codes> = serde_json::from_slice(&text).ok();
    let Some(codes) = codes.filter(|codes| codes.event_id == event.id && !codes.fans.is_empty()) else {
        return Ok(None);
    };
    for code in codes.fans.iter().chain([&codes.artist, &codes.moderator]) {
        let hash = secrets.hash_code(event.id, &codes::fold(code));
        if store.ticket_by_code(event.id, &hash).await?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(codes))
}

async fn issue(file: &PathBuf, store: &Store, secrets: &Secrets, event: &Event) -> Result<Codes, CliError> {
    let fans = make_tickets(store, secrets, event, Role::Fan, FANS).await?;
    let artist = make_tickets(store, secrets, event, Role::Artist, 1).await?.concat();
    let moderator = make_tickets(store, secrets, event, Role::Moderator, 1).await?.concat();
    let codes = Codes {
        event_id: event.id,
        fans,
        artist,
        moderator,
    };
    keep(file, &codes).map_err(|error| CliError::Io(file.display().to_string(), error))?;
    Ok(codes)
}

fn keep(file: &PathBuf, codes: &Codes) -> io::Result<()> {
    let draft = file.with_extension(codes::random_id());
    let mut written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    written.write_all(&serde_json::to_vec_pretty(codes)?)?;
    fs::rename(draft, file)
}

fn address(options: &Options) -> String {
    if let Some(public) = &options.public_url {
        return public.to_string();
    }
    let mut address = options.listen;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

/// Where other devices find the server, if it listens on all addresses and this machine has one that they can reach.
fn network_address(options: &Options, own: Option<IpAddr>) -> Option<String> {
    let listens_to_all = options.public_url.is_none() && options.listen.ip().is_unspecified();
    let own = own.filter(|own| listens_to_all && !own.is_loopback())?;
    Some(format!("http://{}", SocketAddr::new(own, options.listen.port())))
}

/// The address that this machine has towards others. Nothing is sent: connecting a datagram socket only picks a route.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));

    fn listening(listen: &str, public_url: Option<&str>) -> Options {
        Options {
            listen: listen.parse().expect("an address"),
            public_url: public_url.and_then(Origin::parse),
        }
    }

    #[test]
    fn who_listens_on_all_addresses_is_found_by_other_devices() {
        for listen in ["0.0.0.0:8199", "[::]:8199"] {
            let options = listening(listen, None);
            assert_eq!(
                network_address(&options, Some(OWN)).as_deref(),
                Some("http://192.168.1.20:8199")
            );
            assert_eq!(address(&options), "http://127.0.0.1:8199");
            assert_eq!(network_address(&options, None), None);
            assert_eq!(network_address(&options, Some(Ipv4Addr::LOCALHOST.into())), None);
        }
    }

    #[test]
    fn nobody_is_sent_where_the_server_does_not_listen() {
        for options in [
            listening("127.0.0.1:8080", None),
            listening("0.0.0.0:8080", Some("https://live.example.org")),
        ] {
            assert_eq!(network_address(&options, Some(OWN)), None);
        }
    }
}
