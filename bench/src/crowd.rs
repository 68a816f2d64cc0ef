//! The crowd: one task a socket, each checking what it hears.

mod checker;
mod listener;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::stream::{self, SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use wire::http::{Admission, AdmissionRequest, NicknameRequest};
use wire::{ClientFrame, Seq};

use self::checker::{Checker, Heard};
use self::listener::{Listener, Parting};
use crate::Options;
use crate::server::{EVENT, Server};

/// Admissions under way at a time.
const AT_THE_GATE: usize = 32;

/// How long a ticket's account may take to be made.
const ACCOUNT_WITHIN: Duration = Duration::from_mins(1);

/// How long the last messages and their acks may take to arrive after the last was sent.
const DRAIN_WITHIN: Duration = Duration::from_mins(1);

/// How long the crowd listens on when all is in: what comes now should not have come.
const QUIET: Duration = Duration::from_secs(1);

/// What a socket keeps for reading: a crowd of clients shares one machine.
const READ_BUFFER_BYTES: usize = 4 * 1_024;

type Ws = WebSocketStream<TcpStream>;

/// Everybody, seated.
pub struct Crowd {
    fans: Vec<Fan>,
}

struct Fan {
    to: SplitSink<Ws, Message>,
    from: SplitStream<Ws>,
    head: Seq,
}

/// What the crowd heard.
pub struct Outcome {
    /// From the instant a message was due to its arrival at a socket, in microseconds.
    pub latency: Histogram<u64>,
    /// Deliveries over all sockets.
    pub delivered: u64,
    /// Messages that an ack confirmed.
    pub acked: u64,
    /// Messages missing at some socket.
    pub lost: u64,
    /// Messages that came again or out of order.
    pub disordered: u64,
    /// Sockets that closed early.
    pub closed: u64,
    /// Frames over all sockets.
    pub frames: u64,
    /// How long it took, from the first message to the last delivery.
    pub took: Duration,
}

impl Crowd {
    /// Admits everybody and opens their sockets; also tells how long that took.
    pub async fn seat(server: &Server, tickets: Vec<String>, options: &Options) -> Result<(Self, Duration)> {
        let http = reqwest::Client::new();
        wait_for_account(&http, server, tickets.last().context("no ticket")?).await?;
        let start = Instant::now();
        let fans = stream::iter(tickets.into_iter().enumerate())
            .map(|(number, ticket)| {
                let named = number < options.senders as usize;
                Fan::enter(&http, server, ticket, named.then(|| format!("fan {number}")))
            })
            .buffered(AT_THE_GATE)
            .try_collect()
            .await?;
        Ok((Self { fans }, start.elapsed()))
    }

    /// Sends the messages and listens until everybody has them all, and a little longer.
    pub async fn talk(self, options: &Options) -> Result<Outcome> {
        let clock = Instant::now();
        let parting = Parting::new(options.messages(), self.fans.len());
        let mut listeners = JoinSet::new();
        let mut senders = Vec::new();
        for fan in self.fans {
            let checker = Checker::new(fan.head, options.messages());
            listeners.spawn(Listener::new(fan.from, checker, clock, &parting).listen());
            senders.push(fan.to);
        }
        let spoken = (options.senders as usize).min(senders.len());
        send_all(&mut senders[..spoken], options, clock).await?;
        parting.all_in(DRAIN_WITHIN).await;
        tokio::time::sleep(QUIET).await;
        parting.end();
        let mut outcome = Outcome::new();
        while let Some(listener) = listeners.join_next().await {
            outcome.add(&listener?);
        }
        Ok(outcome)
    }
}

/// Waits until a ticket's member is there: from the seat, for who takes it over again and again is made to wait.
async fn wait_for_account(http: &reqwest::Client, server: &Server, ticket: &str) -> Result<()> {
    let (mut admission, cookie) = admit(http, server, ticket, false).await?;
    let made = async {
        while admission.member.is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let show = http
                .get(format!("{}/admission", server.api()))
                .header("cookie", &cookie);
            admission = show.send().await?.error_for_status()?.json().await?;
        }
        Ok(())
    };
    tokio::time::timeout(ACCOUNT_WITHIN, made)
        .await
        .context("the accounts are not made")?
}

async fn admit(http: &reqwest::Client, server: &Server, ticket: &str, takeover: bool) -> Result<(Admission, String)> {
    let request = AdmissionRequest {
        ticket: ticket.to_owned(),
        takeover,
    };
    let response = http
        .post(format!("{}/admission", server.api()))
        .json(&request)
        .send()
        .await?;
    ensure!(response.status().is_success(), "the gate says {}", response.status());
    let cookie = response
        .headers()
        .get("set-cookie")
        .and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie
        .and_then(|cookie| cookie.split(';').next())
        .unwrap_or_default()
        .to_owned();
    Ok((response.json().await?, cookie))
}

/// Sends each message when it is due. It is stamped with that instant, not with the one of its writing: what an earlier
/// message holds up counts as latency.
async fn send_all<S>(senders: &mut [S], options: &Options, clock: Instant) -> Result<()>
where
    S: Sink<Message> + Unpin,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    let mut ticks = tokio::time::interval(options.interval());
    // The schedule is kept: what is late is sent at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..options.messages() {
        let due = ticks.tick().await.saturating_duration_since(clock);
        let sender = usize::try_from(number)? % senders.len();
        let send = wire::frame::Send {
            id: format!("m{number}"),
            text: stamped(due, options.text as usize),
            question: false,
            reply_to: None,
        };
        let frame = serde_json::to_string(&ClientFrame::Send(send))?;
        senders[sender]
            .send(Message::text(frame))
            .await
            .context("a sender's socket closed")?;
    }
    Ok(())
}

/// A text of this length that tells when it was due.
fn stamped(due: Duration, length: usize) -> String {
    format!("{:x<length$}", format!("{} ", due.as_micros()))
}

impl Fan {
    async fn enter(http: &reqwest::Client, server: &Server, ticket: String, nickname: Option<String>) -> Result<Self> {
        let (admission, cookie) = admit(http, server, &ticket, true).await?;
        if let Some(nickname) = nickname {
            let request = http.put(format!("{}/nickname", server.api())).header("cookie", cookie);
            request
                .json(&NicknameRequest { nickname })
                .send()
                .await?
                .error_for_status()?;
        }
        let credential = admission.credential.context("no credential")?;
        let stream = TcpStream::connect(server.address()).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/api/events/{EVENT}/socket", server.address());
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0);
        let (ws, _) = client_async_with_config(url, stream, Some(config)).await?;
        let (mut to, mut from) = ws.split();
        let hello = serde_json::to_string(&ClientFrame::Hello {
            token: credential.token,
            after: None,
        })?;
        to.send(Message::text(hello)).await?;
        let head = welcome(&mut from).await?;
        Ok(Self { to, from, head })
    }
}

async fn welcome(from: &mut SplitStream<Ws>) -> Result<Seq> {
    let Some(Ok(Message::Text(text))) = from.next().await else {
        bail!("no welcome")
    };
    let heard: Vec<Heard> = serde_json::from_str(&text)?;
    heard
        .iter()
        .find_map(|object| object.head)
        .with_context(|| format!("no welcome but {}", &text[..text.len().min(80)]))
}

impl Outcome {
    fn new() -> Self {
        Self {
            latency: checker::histogram(),
            delivered: 0,
            acked: 0,
            lost: 0,
            disordered: 0,
            closed: 0,
            frames: 0,
            took: Duration::ZERO,
        }
    }

    fn add(&mut self, listener: &Listener<SplitStream<Ws>>) {
        let heard = listener.heard();
        self.latency.add(heard.latency()).expect("equal bounds");
        self.delivered += heard.delivered;
        self.acked += heard.acked;
        self.lost += heard.lost();
        self.disordered += heard.disordered;
        self.closed += u64::from(listener.closed());
        self.frames += heard.frames;
        self.took = self.took.max(heard.last_at);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use clap::Parser;
    use futures_util::sink;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_message_held_up_by_an_earlier_one_is_stamped_with_the_instant_it_was_due() {
        let options = Options::parse_from(["crowd", "--rate", "10", "--seconds", "1"]);
        let clock = Instant::now();
        let slow_first = sink::unfold(Vec::new(), async |mut due, frame: Message| {
            if due.is_empty() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            due.push(due_millis(&frame));
            assert!(due.len() < 10 || due == [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
            Ok::<_, Infallible>(due)
        });
        send_all(&mut [Box::pin(slow_first)], &options, clock).await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_secs(5), "what was late is sent at once");
    }

    fn due_millis(frame: &Message) -> u64 {
        let frame: serde_json::Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        let text = frame["text"].as_str().unwrap();
        assert_eq!(text.len(), 200);
        text.split(' ').next().unwrap().parse::<u64>().unwrap() / 1_000
    }
}
