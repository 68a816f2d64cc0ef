//! What a durable, acknowledged message costs: a crowd of members spread over many rooms, a real file, the relay's engine.
//!
//! `cargo bench -p server --bench log -- --help` names what can be changed. The crowd runs in the process it measures:
//! what making the messages costs is in the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use server::auth::codes;
use server::metrics::Metrics;
use server::nickname::Keys;
use server::relay::{Doing, Draft, Effect, Fate, Relay, Say, Subscriber};
use server::store::entries::LogWriter;
use server::store::{Admitted, Claim, NewEvent, NewTicket, Seated, Store};
use server::{clock, reactions};
use tempfile::TempDir;
use wire::http::Tombstones;
use wire::{MemberId, Role};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

/// How often those who send look at what is due.
const TICK: Duration = Duration::from_millis(2);

/// How long the last acks may take.
const LAST_ACKS_WITHIN: Duration = Duration::from_secs(30);

/// How often the disk is tried beside it all, and with how much.
const DISK_EVERY: Duration = Duration::from_millis(100);
static DISK_BYTES: [u8; 64 * 1024] = [1; 64 * 1024];

/// Ticks of a second in `/proc`.
const CLOCK_TICKS: f64 = 100.0;

#[derive(Clone, Debug, Parser)]
struct Options {
    /// Members who send.
    #[arg(long, default_value_t = 1_000)]
    senders: usize,
    /// Rooms they are spread over.
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// Messages a second, all together; 0: everybody sends the next one when the last one is acknowledged.
    #[arg(long, default_value_t = 20_000)]
    rate: u64,
    /// How long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Signs of a message.
    #[arg(long, default_value_t = 80)]
    signs: usize,
    /// Every tenth message is a question, and every tenth a reply.
    #[arg(long)]
    mixed: bool,
    /// Commits batches of so many without the relay, one after the other.
    #[arg(long)]
    batch: Option<usize>,
    /// Reads pages of history at the same time, one after the other.
    #[arg(long)]
    reader: bool,
    /// Where the database is made, rather than in the system's folder for temporary files.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is said.
#[derive(Clone)]
struct Lines {
    text: String,
    mixed: bool,
    /// Messages after which every room has some.
    warm: u64,
}

impl Lines {
    fn of(options: &Options) -> Self {
        Self {
            text: "x".repeat(options.signs),
            mixed: options.mixed,
            warm: 20 * options.rooms as u64,
        }
    }

    fn say(&self, number: u64) -> Say {
        Say {
            text: self.text.clone(),
            question: self.mixed && number % 10 == 1,
            reply_to: (self.mixed && number % 10 == 2 && number > self.warm).then_some(1),
            found: None,
        }
    }
}

/// Who sends, where.
#[derive(Clone)]
struct Sender {
    event: i64,
    member: MemberId,
    epoch: i64,
}

impl Sender {
    fn draft(&self, number: u64, lines: &Lines) -> Draft {
        Draft {
            event: self.event,
            member: self.member.clone(),
            epoch: self.epoch,
            // As random as a client's.
            id: Some(format!("{:020x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            doing: Doing::Say(lines.say(number)),
        }
    }
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(options))
}

async fn run(options: Options) -> Outcome<()> {
    let folder = match &options.folder {
        Some(folder) => TempDir::new_in(folder)?,
        None => TempDir::new()?,
    };
    let file = folder.path().join("frontrow.db");
    let store = Store::open(&file).await?;
    let senders = seat_all(&store, &options).await?;
    let done = Arc::new(AtomicBool::new(false));
    let reader = options
        .reader
        .then(|| tokio::spawn(read(store.clone(), senders.clone(), Arc::clone(&done))));
    let largest = tokio::spawn(watch(file.with_extension("db-wal"), Arc::clone(&done)));
    let disk = tokio::task::spawn_blocking({
        let (file, done) = (folder.path().join("disk"), Arc::clone(&done));
        move || try_disk(&file, &done)
    });
    let before = Spent::now()?;
    let begun = Instant::now();
    let delays = match options.batch {
        Some(batch) => commit(&store, &senders, &options, batch).await?,
        None => send(&store, &senders, &options).await?,
    };
    let took = begun.elapsed();
    let after = Spent::now()?;
    done.store(true, Ordering::Relaxed);
    report(&options, delays, took, &before, &after);
    println!("  write-ahead log: {} MiB at most", largest.await? >> 20);
    println!("  the disk by itself, 64 KiB written and synced: {}", disk.await??);
    if let Some(reader) = reader {
        println!("  {}", reader.await??);
    }
    store.close().await;
    Ok(())
}

async fn seat_all(store: &Store, options: &Options) -> Outcome<Vec<Sender>> {
    let mut events = Vec::new();
    for number in 0..options.rooms {
        events.push(announce(store, number).await?);
    }
    let per_room = options.senders.div_ceil(options.rooms);
    let mut senders = Vec::new();
    for event in events {
        senders.extend(seat_room(store, event, per_room).await?);
    }
    senders.truncate(options.senders);
    // Neighbours in time sit in different rooms.
    let mut spread = Vec::with_capacity(senders.len());
    for seat in 0..per_room {
        spread.extend(senders.iter().skip(seat).step_by(per_room).cloned());
    }
    Ok(spread)
}

async fn announce(store: &Store, number: usize) -> Outcome<i64> {
    let new = NewEvent {
        slug: format!("show-{number}"),
        title: "A show".into(),
        artist: "An artist".into(),
        doors_at: 0,
        starts_at: 0,
        ends_at: None,
        stream: None,
        chat: true,
        tombstones: Tombstones::Shown,
        reactions: reactions::house(),
    };
    Ok(store.create_event(&new, 0).await?.ok_or("the slug is taken")?)
}

async fn seat_room(store: &Store, event: i64, count: usize) -> Outcome<Vec<Sender>> {
    let ticket = |_| {
        let mut hash = [0; 32];
        codes::fill_random(&mut hash);
        NewTicket {
            hash,
            length: 14,
            role: Role::Fan,
            reference: None,
        }
    };
    let tickets: Vec<_> = (0..count).map(ticket).collect();
    store.add_tickets(event, &tickets, 0).await?;
    let tenure = store.take_turn("bench", 0).await?.ok_or("another provisioner")?;
    store
        .make_accounts(&tenure, u32::try_from(count)?, codes::new_member, 0)
        .await?;
    let mut senders = Vec::with_capacity(count);
    for (number, ticket) in tickets.iter().enumerate() {
        senders.push(seat(store, event, ticket, number).await?);
    }
    Ok(senders)
}

async fn seat(store: &Store, event: i64, ticket: &NewTicket, number: usize) -> Outcome<Sender> {
    let claim = Claim {
        event,
        code: ticket.hash,
        had: None,
        takeover: false,
    };
    let Admitted::Taken(Seated { lease, seating }) = store.admit(claim, None, 1).await? else {
        return Err("the seat is taken".into());
    };
    let member = seating.member.ok_or("no account")?;
    let name = format!("fan {number}");
    store
        .give_nickname((event, &member), lease, &name, &Keys::of(&name))
        .await?;
    Ok(Sender {
        event,
        member,
        epoch: lease.epoch,
    })
}

/// Batches straight into the log: the time of each.
async fn commit(store: &Store, senders: &[Sender], options: &Options, batch: usize) -> Outcome<Delays> {
    let mut log = LogWriter::open(store)?;
    let lines = Lines::of(options);
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut delays = Delays::default();
    let mut numbered = senders.iter().cycle().zip(0..);
    while Instant::now() < until {
        let drafts: Vec<_> = numbered
            .by_ref()
            .take(batch)
            .map(|(sender, number)| sender.draft(number, &lines))
            .collect();
        let begun = Instant::now();
        let outcomes = log.commit(&drafts, clock::now()).await.map_err(|failed| failed.error)?;
        delays.times.push(begun.elapsed());
        if !outcomes.iter().all(|outcome| is_committed(&outcome.fate)) {
            return Err("a draft was not committed".into());
        }
        delays.messages += drafts.len() as u64;
    }
    Ok(delays)
}

fn is_committed(fate: &Fate) -> bool {
    matches!(fate, Fate::Committed(Some(_)))
}

/// What the acks took.
#[derive(Default)]
struct Delays {
    messages: u64,
    times: Vec<Duration>,
}

/// What came back, for all who send.
#[derive(Default)]
struct Acks {
    times: Mutex<Vec<Duration>>,
    failed: AtomicU64,
}

impl Acks {
    fn take(&self, fate: Option<&Fate>, due: Instant) {
        if fate.is_some_and(is_committed) {
            self.times.lock().expect("not poisoned").push(due.elapsed());
        } else {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(&self) -> u64 {
        self.times.lock().expect("not poisoned").len() as u64 + self.failed.load(Ordering::Relaxed)
    }
}

struct Deaf;

impl Subscriber for Deaf {
    fn deliver(&self, effects: Vec<Effect>) {
        drop(effects);
    }
}

async fn send(store: &Store, senders: &[Sender], options: &Options) -> Outcome<Delays> {
    let relay = Relay::local(store, Metrics::default())?;
    for event in senders.iter().map(|sender| sender.event).collect::<BTreeSet<_>>() {
        relay.subscribe(event, 0, Arc::new(Deaf)).await?;
    }
    let acks = Arc::new(Acks::default());
    let sent = match options.rate {
        0 => answer_by_answer(&relay, senders, options, &acks).await?,
        rate => by_the_clock(&relay, senders, options, rate, &acks).await,
    };
    let until = Instant::now() + LAST_ACKS_WITHIN;
    while acks.count() < sent && Instant::now() < until {
        tokio::time::sleep(TICK).await;
    }
    let failed = acks.failed.load(Ordering::Relaxed);
    let times = std::mem::take(&mut *acks.times.lock().expect("not poisoned"));
    if failed > 0 || times.len() as u64 != sent {
        return Err(format!("{failed} of {sent} failed, {} were acknowledged", times.len()).into());
    }
    Ok(Delays { messages: sent, times })
}

/// Sends what is due, whether or not what came before is acknowledged. Times count from when a message was due.
async fn by_the_clock(relay: &Relay, senders: &[Sender], options: &Options, rate: u64, acks: &Arc<Acks>) -> u64 {
    let lines = Lines::of(options);
    let begun = Instant::now();
    let total = rate * options.seconds;
    let mut sent = 0;
    let mut ticks = tokio::time::interval(TICK);
    while sent < total {
        ticks.tick().await;
        let due = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX) * rate / 1_000_000;
        for (number, sender) in (sent..due.min(total)).zip(senders.iter().cycle().skip(place(sent, senders))) {
            let due = begun + Duration::from_micros(number * 1_000_000 / rate);
            hand_in(relay, sender.draft(number, &lines), acks, due);
        }
        sent = due.min(total);
    }
    total
}

fn place(sent: u64, senders: &[Sender]) -> usize {
    usize::try_from(sent % senders.len() as u64).unwrap_or(0)
}

fn hand_in(relay: &Relay, draft: Draft, acks: &Arc<Acks>, due: Instant) {
    let acks = Arc::clone(acks);
    relay.append_then(draft, Role::Fan, move |fate| acks.take(fate.as_ref(), due));
}

/// Everybody sends the next message when the last one is acknowledged.
async fn answer_by_answer(relay: &Relay, senders: &[Sender], options: &Options, acks: &Arc<Acks>) -> Outcome<u64> {
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let numbers = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::with_capacity(senders.len());
    for sender in senders {
        let (sender, relay) = (sender.clone(), relay.clone());
        let (acks, numbers) = (Arc::clone(acks), Arc::clone(&numbers));
        let lines = Lines::of(options);
        tasks.push(tokio::spawn(async move {
            while Instant::now() < until {
                let draft = sender.draft(numbers.fetch_add(1, Ordering::Relaxed), &lines);
                let begun = Instant::now();
                acks.take(relay.append(draft, Role::Fan).await.ok().as_ref(), begun);
            }
        }));
    }
    for task in tasks {
        task.await?;
    }
    Ok(numbers.load(Ordering::Relaxed))
}

/// Pages back through one room after the other.
async fn read(store: Store, senders: Vec<Sender>, done: Arc<AtomicBool>) -> Outcome<String> {
    let mut times = Vec::new();
    let mut before = None;
    let mut rooms = senders.iter().cycle();
    let mut event = rooms.next().ok_or("nobody sends")?.event;
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let page = store.history(event, None, before, 50).await?;
        times.push(begun.elapsed());
        before = page.next;
        if before.is_none() {
            event = rooms.next().ok_or("nobody sends")?.event;
        }
        // As somebody who scrolls fast, rather than as another core's work.
        tokio::time::sleep(TICK).await;
    }
    Ok(format!("{} pages of history: {}", times.len(), spread(&mut times)))
}

/// The largest size of a file.
async fn watch(file: PathBuf, done: Arc<AtomicBool>) -> u64 {
    let mut largest = 0;
    while !done.load(Ordering::Relaxed) {
        largest = largest.max(fs::metadata(&file).map_or(0, |file| file.len()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    largest
}

/// What a sync of the disk takes meanwhile, whoever else uses it.
fn try_disk(file: &Path, done: &AtomicBool) -> Outcome<String> {
    let file = File::create(file)?;
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        file.write_all_at(&DISK_BYTES, 0)?;
        file.sync_data()?;
        times.push(begun.elapsed());
        std::thread::sleep(DISK_EVERY);
    }
    Ok(spread(&mut times))
}

/// What the threads have used.
struct Spent {
    /// CPU seconds by threads' names.
    ran: BTreeMap<String, f64>,
    /// Seconds in which some thread could have run, and others had the CPU.
    waited: f64,
}

impl Spent {
    fn now() -> Outcome<Self> {
        let mut ran = BTreeMap::new();
        let mut waited = 0.0;
        for thread in fs::read_dir("/proc/self/task")? {
            let thread = thread?.path();
            if let Some((name, seconds)) = of_thread(&thread) {
                *ran.entry(name).or_default() += seconds;
            }
            waited += waited_by(&thread).unwrap_or(0.0);
        }
        Ok(Self { ran, waited })
    }
}

/// A thread's name without its number, and what it has used.
fn of_thread(folder: &Path) -> Option<(String, f64)> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let name = name.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '-');
    Some((name.to_owned(), ticks / CLOCK_TICKS))
}

fn waited_by(thread: &Path) -> Option<f64> {
    let stat = fs::read_to_string(thread.join("schedstat")).ok()?;
    let nanos: f64 = stat.split(' ').nth(1)?.parse().ok()?;
    Some(nanos / 1e9)
}

fn report(options: &Options, mut delays: Delays, took: Duration, before: &Spent, after: &Spent) {
    let messages = f64::from(u32::try_from(delays.messages).unwrap_or(u32::MAX));
    let what = options
        .batch
        .map_or("ack".to_owned(), |batch| format!("batch of {batch}"));
    println!(
        "{} messages in {:.1} s, {:.0} a second; {what}: {}",
        delays.messages,
        took.as_secs_f64(),
        messages / took.as_secs_f64(),
        spread(&mut delays.times)
    );
    let mut total = 0.0;
    for (name, seconds) in &after.ran {
        let spent = seconds - before.ran.get(name).copied().unwrap_or(0.0);
        total += spent;
        if spent > 0.0 {
            println!("  {name}: {:.1} µs a message", spent / messages * 1e6);
        }
    }
    println!(
        "  CPU: {:.1} µs a message, the crowd included; threads waited for it {:.1} s in all",
        total / messages * 1e6,
        after.waited - before.waited
    );
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| {
        let last = times.len().saturating_sub(1);
        times
            .get(last * part / 1_000)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    format!(
        "p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        at(500),
        at(900),
        at(990),
        at(1_000)
    )
}
