//! The engine in this process: one task writes the log. What waits while a commit is under way goes into
//! the next one together, so that many senders share one fsync.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use wire::{Role, Seq};

use super::{Answer, Draft, Effect, Fate, QUEUE_DRAFTS, QUEUE_STAFF_DRAFTS, RelayError, Subscriber, Tail};
use crate::clock;
use crate::metrics::Metrics;
use crate::store::entries::{Failed, LogWriter, Outcome};
use crate::store::{Store, StoreError};

/// How long the drafts of one transaction may take to be decided: long enough to share an fsync and the pages that
/// neighbours touch, short enough that who waits for this commit and the next can have an ack within a tenth of a
/// second, and that a takeover is soon through.
const DECIDE_WITHIN: Duration = Duration::from_millis(25);

/// After a commit the log rests for as long as this many of it would take: what comes meanwhile shares the next one. What comes
/// after a pause does not wait.
const REST: u32 = 2;

/// It rests no longer than that, however slow the disk is.
const LONGEST_REST: Duration = Duration::from_millis(10);

/// Drafts of the first transaction, before anything was measured.
const FIRST_DRAFTS: usize = 256;

/// Drafts in one transaction at least, however slow they are: less would share no fsync.
const FEWEST_DRAFTS: usize = 64;

/// Drafts in one transaction at most, however fast they are.
const MOST_DRAFTS: usize = 4_096;

/// Tries of one commit. A retry is safe, since a draft that was committed after all is found again by its id.
const COMMIT_TRIES: u32 = 4;

/// After this long no further try is begun: who waits for an answer is better told to come back.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);

/// Wait before the first retry of a commit; it doubles with each.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// How often a log that failed is tried while nobody sends. Nobody does when a balancer has turned away from us.
const TRY_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Local {
    staff: mpsc::Sender<Job>,
    jobs: mpsc::Sender<Job>,
    healthy: Arc<AtomicBool>,
}

enum Job {
    Append {
        draft: Draft,
        answer: Answer,
    },
    Subscribe {
        event: i64,
        limit: usize,
        subscriber: Arc<dyn Subscriber>,
        answer: oneshot::Sender<Result<Tail, StoreError>>,
    },
    Unsubscribe {
        event: i64,
    },
}

impl Local {
    pub(super) fn start(store: &Store, metrics: Metrics) -> Result<Self, StoreError> {
        let (local, writer) = Self::with_writer(store, metrics)?;
        tokio::spawn(writer.run());
        tokio::spawn(store.clone().keep_checkpoints());
        Ok(local)
    }

    fn with_writer(store: &Store, metrics: Metrics) -> Result<(Self, Writer), StoreError> {
        let log = LogWriter::open(store)?;
        let (staff, staff_queue) = mpsc::channel(QUEUE_STAFF_DRAFTS);
        let (jobs, queue) = mpsc::channel(QUEUE_DRAFTS);
        let healthy = Arc::new(AtomicBool::new(true));
        let writer = Writer {
            log,
            queues: Queues {
                staff: staff_queue,
                others: queue,
            },
            followers: HashMap::new(),
            doubt: None,
            pace: Pace::default(),
            healthy: Arc::clone(&healthy),
            metrics,
        };
        Ok((Self { staff, jobs, healthy }, writer))
    }

    pub(super) fn append(&self, draft: Draft, role: Role, answer: Answer) {
        let queue = if role.is_staff() { &self.staff } else { &self.jobs };
        if let Err(error) = queue.try_send(Job::Append { draft, answer }) {
            let (mpsc::error::TrySendError::Full(job) | mpsc::error::TrySendError::Closed(job)) = error;
            job.refuse();
        }
    }

    pub(super) async fn subscribe(
        &self,
        event: i64,
        limit: usize,
        subscriber: Arc<dyn Subscriber>,
    ) -> Result<Tail, RelayError> {
        let (answer, receiver) = oneshot::channel();
        let job = Job::Subscribe {
            event,
            limit,
            subscriber,
            answer,
        };
        self.jobs.send(job).await.map_err(|_| RelayError::Stopped)?;
        Ok(receiver.await.map_err(|_| RelayError::Stopped)??)
    }

    pub(super) async fn unsubscribe(&self, event: i64) {
        // A stopped engine delivers nothing, which is what was asked for.
        let _ = self.jobs.send(Job::Unsubscribe { event }).await;
    }

    pub(super) fn check(&self) -> Result<(), RelayError> {
        if self.jobs.is_closed() {
            return Err(RelayError::Stopped);
        }
        if self.healthy.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(RelayError::Failing)
        }
    }
}

impl Job {
    fn refuse(self) {
        if let Self::Append { answer, .. } = self {
            answer.give(Fate::unavailable());
        }
    }
}

/// What waits for the writer.
struct Queues {
    /// What the staff does, which is taken first: half a batch while others wait, too, and all of it otherwise.
    staff: mpsc::Receiver<Job>,
    /// Everything else.
    others: mpsc::Receiver<Job>,
}

impl Queues {
    /// Waits for jobs and takes so many at most, without waiting for more than one; 0 when there will be none.
    async fn receive(&mut self, jobs: &mut Vec<Job>, most: usize) -> usize {
        tokio::select! {
            biased;
            Some(job) = self.staff.recv() => jobs.push(job),
            Some(job) = self.others.recv() => jobs.push(job),
            else => return 0,
        }
        fill(jobs, &mut self.staff, most / 2);
        fill(jobs, &mut self.others, most);
        fill(jobs, &mut self.staff, most);
        jobs.len()
    }
}

/// Takes what waits until there are so many jobs.
fn fill(jobs: &mut Vec<Job>, queue: &mut mpsc::Receiver<Job>, most: usize) {
    while jobs.len() < most
        && let Ok(job) = queue.try_recv()
    {
        jobs.push(job);
    }
}

/// How many drafts the next transaction takes: as many as were last decided in [`DECIDE_WITHIN`].
#[derive(Debug)]
struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(FIRST_DRAFTS)
    }
}

impl Pace {
    /// Learns from a batch. One that was far from full tells nothing, unless it was slow.
    fn learn(&mut self, drafts: usize, deciding: Duration) {
        if drafts < self.0 / 2 && deciding < DECIDE_WITHIN {
            return;
        }
        let fit = drafts as u128 * DECIDE_WITHIN.as_micros() / deciding.as_micros().max(1);
        let fit = usize::try_from(fit).unwrap_or(MOST_DRAFTS);
        self.0 = fit.clamp(self.0 / 2, self.0 * 2).clamp(FEWEST_DRAFTS, MOST_DRAFTS);
    }
}

struct Writer {
    log: LogWriter,
    queues: Queues,
    followers: HashMap<i64, Follower>,
    doubt: Option<Doubt>,
    pace: Pace,
    healthy: Arc<AtomicBool>,
    metrics: Metrics,
}

/// What a commit of unknown fate has to tell, if it is on disk.
struct Doubt {
    /// One of its drafts, by which it can be found.
    witness: Draft,
    effects: HashMap<i64, Vec<Effect>>,
}

impl Doubt {
    /// `None` when there is nothing to tell.
    fn of(drafts: &[Draft], mut outcomes: Vec<Outcome>) -> Option<Self> {
        let is_recorded = |outcome: &Outcome| matches!(outcome.fate, Fate::Committed(_) | Fate::Held);
        let witness = drafts.get(outcomes.iter().rposition(is_recorded)?)?.clone();
        let effects = by_event(drafts, &mut outcomes);
        (!effects.is_empty()).then_some(Self { witness, effects })
    }
}

/// A subscriber and how far it is.
struct Follower {
    subscriber: Arc<dyn Subscriber>,
    delivered: Seq,
}

impl Writer {
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(FIRST_DRAFTS);
        while self.receive(&mut jobs).await > 0 {
            let mut batch = Batch::default();
            for job in jobs.drain(..) {
                match job {
                    Job::Append { draft, answer } => batch.push(draft, answer),
                    other => {
                        // Between two batches, so that what was handed in before is in the tail.
                        self.commit(std::mem::take(&mut batch)).await;
                        self.serve(other).await;
                    }
                }
            }
            let is_full = batch.drafts.len() >= self.pace.0;
            let begun = Instant::now();
            self.commit(batch).await;
            if !is_full {
                tokio::time::sleep(LONGEST_REST.min(begun.elapsed() * REST)).await;
            }
        }
    }

    /// The next jobs; 0 when there will be none. A log that failed is tried meanwhile.
    async fn receive(&mut self, jobs: &mut Vec<Job>) -> usize {
        loop {
            let receiving = self.queues.receive(jobs, self.pace.0);
            if self.healthy.load(Ordering::Relaxed) {
                return receiving.await;
            }
            match timeout(TRY_EVERY, receiving).await {
                Ok(received) => return received,
                Err(_) if self.log.try_out().await.is_ok() => self.recover().await,
                Err(_) => {}
            }
        }
    }

    async fn serve(&mut self, job: Job) {
        match job {
            Job::Subscribe {
                event,
                limit,
                subscriber,
                answer,
            } => {
                let tail = self.subscribe(event, limit, subscriber).await;
                let _ = answer.send(tail);
            }
            Job::Unsubscribe { event } => {
                self.followers.remove(&event);
            }
            Job::Append { .. } => job.refuse(),
        }
    }

    async fn subscribe(
        &mut self,
        event: i64,
        limit: usize,
        subscriber: Arc<dyn Subscriber>,
    ) -> Result<Tail, StoreError> {
        let tail = self.log.tail(event, 0, limit).await?;
        let delivered = tail.head;
        self.followers.insert(event, Follower { subscriber, delivered });
        Ok(tail)
    }

    async fn commit(&mut self, batch: Batch) {
        if batch.drafts.is_empty() {
            return;
        }
        let until = Instant::now() + COMMIT_WITHIN;
        for tried in 1..=COMMIT_TRIES {
            self.settle().await;
            let begun = Instant::now();
            match self.log.commit(&batch.drafts, clock::now()).await {
                Ok(outcomes) => {
                    self.metrics.committed(appended(&outcomes), begun.elapsed());
                    self.pace.learn(batch.drafts.len(), self.log.deciding());
                    return self.publish(batch, outcomes).await;
                }
                Err(Failed { error, outcomes }) => {
                    tracing::error!(%error, drafts = batch.drafts.len(), tried, "the log's commit failed");
                    self.doubt = Doubt::of(&batch.drafts, outcomes).or(self.doubt.take());
                }
            }
            self.healthy.store(false, Ordering::Relaxed);
            if Instant::now() >= until {
                break;
            }
            if tried < COMMIT_TRIES {
                tokio::time::sleep(RETRY_AFTER * 2_u32.pow(tried - 1)).await;
            }
        }
        // Nobody knows what is on disk now: the answers say so when they drop with the batch, and the rooms send their
        // people around to ask again.
    }

    async fn publish(&mut self, batch: Batch, mut outcomes: Vec<Outcome>) {
        self.recover().await;
        // First the rooms: who has an ack finds the message in the history.
        self.tell(by_event(&batch.drafts, &mut outcomes));
        for (answer, outcome) in batch.answers.into_iter().zip(outcomes) {
            answer.give(outcome.fate);
        }
    }

    fn tell(&mut self, effects: HashMap<i64, Vec<Effect>>) {
        for (event, effects) in effects {
            if let Some(follower) = self.followers.get_mut(&event) {
                follower.deliver(effects);
            }
        }
    }

    /// Tells what a commit of unknown fate has left on disk after all: votes and words to the staff are in no log that a
    /// catch-up could read. False when that cannot be found out now.
    async fn settle(&mut self) -> bool {
        let Some(doubt) = self.doubt.take() else { return true };
        match self.log.has(&doubt.witness).await {
            Ok(true) => self.tell(doubt.effects),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the log cannot be read");
                self.doubt = Some(doubt);
            }
        }
        self.doubt.is_none()
    }

    /// The log can be written: says so, if it could not be before, once all followers have what is in it.
    async fn recover(&mut self) {
        if !self.healthy.load(Ordering::Relaxed) && self.settle().await && self.catch_up().await {
            self.healthy.store(true, Ordering::Relaxed);
            tracing::info!("the log takes messages again");
        }
    }

    /// Hands the followers what commits of unknown fate have left in the log after all. Whether all have it.
    async fn catch_up(&mut self) -> bool {
        let mut have_all = true;
        for (event, follower) in &mut self.followers {
            match self.log.tail(*event, follower.delivered, usize::MAX).await {
                Ok(tail) => {
                    let entries = tail.entries.into_iter();
                    follower.deliver(entries.map(|entry| Effect::Entry(Box::new(entry))).collect());
                }
                Err(error) => {
                    tracing::error!(%error, event, "the log cannot be read");
                    have_all = false;
                }
            }
        }
        have_all
    }
}

impl Follower {
    /// Hands on what comes next for this follower: after a catch-up the same entries can come again, and without one what
    /// follows a hole has to wait for it.
    fn deliver(&mut self, mut effects: Vec<Effect>) {
        effects.retain(|effect| match effect {
            Effect::Entry(entry) if entry.seq == self.delivered + 1 => {
                self.delivered = entry.seq;
                true
            }
            Effect::Entry(_) => false,
            Effect::ToStaff(_) | Effect::ToMember(..) | Effect::Votes { .. } => true,
        });
        self.subscriber.deliver(effects);
    }
}

/// What follows from drafts, by their events.
fn by_event(drafts: &[Draft], outcomes: &mut [Outcome]) -> HashMap<i64, Vec<Effect>> {
    let mut effects: HashMap<i64, Vec<Effect>> = HashMap::new();
    for (draft, outcome) in drafts.iter().zip(outcomes) {
        if !outcome.effects.is_empty() {
            effects.entry(draft.event).or_default().append(&mut outcome.effects);
        }
    }
    effects
}

/// Entries that are new.
fn appended(outcomes: &[Outcome]) -> u64 {
    let effects = outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.filter(|effect| matches!(effect, Effect::Entry(_))).count() as u64
}

#[derive(Default)]
struct Batch {
    drafts: Vec<Draft>,
    answers: Vec<Answer>,
}

impl Batch {
    fn push(&mut self, draft: Draft, answer: Answer) {
        self.drafts.push(draft);
        self.answers.push(answer);
    }
}

#[cfg(test)]
mod tests;
