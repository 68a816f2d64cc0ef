//! The crowd: one task a socket, each checking what it hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::stream::{self, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use wire::http::{Admission, AdmissionRequest, NicknameRequest};
use wire::{ClientFrame, Seq};

use crate::Options;
use crate::server::{EVENT, Server};

/// Admissions under way at a time.
const AT_THE_GATE: usize = 32;

/// How long a ticket's account may take to be made.
const ACCOUNT_WITHIN: Duration = Duration::from_mins(1);

/// How long the last messages may take to arrive after the last was sent.
const DRAIN_WITHIN: Duration = Duration::from_mins(1);

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
    /// From just before a message was written to its arrival at a socket, in microseconds.
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

/// The fields of a server's object that matter here.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: Option<Seq>,
    text: Option<&'a str>,
    head: Option<Seq>,
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

    /// Sends the messages and listens until everybody has them all.
    pub async fn talk(self, options: &Options) -> Result<Outcome> {
        let clock = Instant::now();
        let total = options.messages();
        let acked = Arc::new(AtomicU64::new(0));
        let (deadline, _) = watch::channel(None);
        let mut listeners = JoinSet::new();
        let mut senders = Vec::new();
        for fan in self.fans {
            let listener = Listener::new(
                fan.from,
                fan.head,
                total,
                clock,
                Arc::clone(&acked),
                deadline.subscribe(),
            );
            listeners.spawn(listener.listen());
            senders.push(fan.to);
        }
        let spoken = (options.senders as usize).min(senders.len());
        send_all(&mut senders[..spoken], options, clock).await?;
        deadline.send_replace(Some(Instant::now() + DRAIN_WITHIN));
        let mut outcome = Outcome::new();
        while let Some(listener) = listeners.join_next().await {
            outcome.add(&listener?);
        }
        outcome.acked = acked.load(Ordering::Relaxed);
        Ok(outcome)
    }
}

async fn wait_for_account(http: &reqwest::Client, server: &Server, ticket: &str) -> Result<()> {
    let made = async {
        loop {
            let admission = admit(http, server, ticket, true).await?.0;
            if admission.member.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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

async fn send_all(senders: &mut [SplitSink<Ws, Message>], options: &Options, clock: Instant) -> Result<()> {
    let mut ticks = tokio::time::interval(options.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..options.messages() {
        ticks.tick().await;
        let sender = usize::try_from(number)? % senders.len();
        let text = format!(
            "{} {:x<2$}",
            clock.elapsed().as_micros(),
            "",
            options.text as usize - 20
        );
        let send = wire::frame::Send {
            id: format!("m{number}"),
            text,
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

struct Listener {
    from: SplitStream<Ws>,
    expected: Seq,
    last: Seq,
    clock: Instant,
    acked: Arc<AtomicU64>,
    deadline: watch::Receiver<Option<Instant>>,
    latency: Histogram<u64>,
    delivered: u64,
    lost: u64,
    disordered: u64,
    closed: bool,
    frames: u64,
    done_at: Duration,
}

impl Listener {
    fn new(
        from: SplitStream<Ws>,
        head: Seq,
        total: u64,
        clock: Instant,
        acked: Arc<AtomicU64>,
        deadline: watch::Receiver<Option<Instant>>,
    ) -> Self {
        Self {
            from,
            expected: head + 1,
            last: head + total,
            clock,
            acked,
            deadline,
            latency: histogram(),
            delivered: 0,
            lost: 0,
            disordered: 0,
            closed: false,
            frames: 0,
            done_at: Duration::ZERO,
        }
    }

    async fn listen(mut self) -> Self {
        while self.expected <= self.last {
            let deadline = *self.deadline.borrow();
            let frame = tokio::select! {
                frame = self.from.next() => frame,
                _ = self.deadline.changed() => continue,
                () = tokio::time::sleep_until(deadline.unwrap_or_else(far)), if deadline.is_some() => break,
            };
            match frame {
                Some(Ok(Message::Text(text))) => self.hear(&text),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.lost += (self.last + 1).saturating_sub(self.expected);
        self.done_at = self.clock.elapsed();
        self
    }

    fn hear(&mut self, frame: &str) {
        self.frames += 1;
        let now = self.clock.elapsed().as_micros();
        let Ok(objects) = serde_json::from_str::<Vec<Heard>>(frame) else {
            return;
        };
        for object in objects {
            match (object.kind, object.seq) {
                ("message", Some(seq)) => self.message(seq, object.text.unwrap_or_default(), now),
                ("ack", _) => {
                    self.acked.fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
        }
    }

    fn message(&mut self, seq: Seq, text: &str, now: u128) {
        if seq < self.expected {
            self.disordered += 1;
            return;
        }
        self.lost += seq - self.expected;
        self.expected = seq + 1;
        self.delivered += 1;
        let sent: u128 = text.split(' ').next().and_then(|sent| sent.parse().ok()).unwrap_or(now);
        self.latency
            .saturating_record(u64::try_from(now.saturating_sub(sent)).unwrap_or(u64::MAX).max(1));
    }
}

fn far() -> Instant {
    Instant::now() + Duration::from_hours(24)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("valid bounds")
}

impl Outcome {
    fn new() -> Self {
        Self {
            latency: histogram(),
            delivered: 0,
            acked: 0,
            lost: 0,
            disordered: 0,
            closed: 0,
            frames: 0,
            took: Duration::ZERO,
        }
    }

    fn add(&mut self, listener: &Listener) {
        self.latency.add(&listener.latency).expect("equal bounds");
        self.delivered += listener.delivered;
        self.lost += listener.lost;
        self.disordered += listener.disordered;
        self.closed += u64::from(listener.closed);
        self.frames += listener.frames;
        self.took = self.took.max(listener.done_at);
    }
}
