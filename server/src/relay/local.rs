//! The engine in this process: one task writes the log. What waits while a commit is under way goes into
//! the next one together, so that many senders share one fsync.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use wire::{Refusal, Seq};

use super::{Appended, Draft, Entry, QUEUE_DRAFTS, RelayError, Subscriber, Tail};
use crate::clock;
use crate::metrics::Metrics;
use crate::store::entries::{LogWriter, Outcome};
use crate::store::{Store, StoreError};

/// Drafts in one transaction: long enough to share an fsync, short enough that a takeover waiting for the database's
/// write lock is through within some milliseconds.
const COMMIT_DRAFTS: usize = 256;

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
    jobs: mpsc::Sender<Job>,
    healthy: Arc<AtomicBool>,
}

enum Job {
    Append {
        draft: Draft,
        answer: oneshot::Sender<Appended>,
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
        let log = LogWriter::open(store)?;
        let (jobs, queue) = mpsc::channel(QUEUE_DRAFTS);
        let healthy = Arc::new(AtomicBool::new(true));
        let writer = Writer {
            log,
            queue,
            followers: HashMap::new(),
            healthy: Arc::clone(&healthy),
            metrics,
        };
        tokio::spawn(writer.run());
        Ok(Self { jobs, healthy })
    }

    pub(super) fn append(&self, draft: Draft) -> oneshot::Receiver<Appended> {
        let (answer, receiver) = oneshot::channel();
        if let Err(error) = self.jobs.try_send(Job::Append { draft, answer }) {
            let (mpsc::error::TrySendError::Full(job) | mpsc::error::TrySendError::Closed(job)) = error;
            job.refuse();
        }
        receiver
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
            let _ = answer.send(Appended::Refused(Refusal::Unavailable));
        }
    }
}

struct Writer {
    log: LogWriter,
    queue: mpsc::Receiver<Job>,
    followers: HashMap<i64, Follower>,
    healthy: Arc<AtomicBool>,
    metrics: Metrics,
}

/// A subscriber and how far it is.
struct Follower {
    subscriber: Arc<dyn Subscriber>,
    delivered: Seq,
}

impl Writer {
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(COMMIT_DRAFTS);
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
            self.commit(batch).await;
        }
    }

    /// The next jobs; 0 when there will be none. A log that failed is tried meanwhile.
    async fn receive(&mut self, jobs: &mut Vec<Job>) -> usize {
        loop {
            let receiving = self.queue.recv_many(jobs, COMMIT_DRAFTS);
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
        let (messages, head) = self.log.tail(event, 0, limit).await?;
        self.followers.insert(
            event,
            Follower {
                subscriber,
                delivered: head,
            },
        );
        let entries = messages
            .into_iter()
            .map(|message| Arc::new(Entry::message(message)))
            .collect();
        Ok(Tail { entries, head })
    }

    async fn commit(&mut self, batch: Batch) {
        if batch.drafts.is_empty() {
            return;
        }
        let until = Instant::now() + COMMIT_WITHIN;
        for tried in 1..=COMMIT_TRIES {
            let begun = Instant::now();
            match self.log.commit(&batch.drafts, clock::now()).await {
                Ok(outcomes) => {
                    self.metrics.committed(appended(&outcomes), begun.elapsed());
                    return self.publish(batch, outcomes).await;
                }
                Err(error) => tracing::error!(%error, drafts = batch.drafts.len(), tried, "the log's commit failed"),
            }
            self.healthy.store(false, Ordering::Relaxed);
            if Instant::now() >= until {
                break;
            }
            if tried < COMMIT_TRIES {
                tokio::time::sleep(RETRY_AFTER * 2_u32.pow(tried - 1)).await;
            }
        }
        // Nobody knows what is on disk now, so nothing is answered: the drafts' senders drop with the batch, which
        // tells the rooms to send their people around to ask again.
    }

    async fn publish(&mut self, batch: Batch, outcomes: Vec<Outcome>) {
        self.recover().await;
        let mut fresh: HashMap<i64, Vec<Arc<Entry>>> = HashMap::new();
        let mut fates = Vec::with_capacity(outcomes.len());
        for (draft, outcome) in batch.drafts.iter().zip(outcomes) {
            fates.push(match outcome {
                Outcome::Appended(message) => {
                    let seq = message.seq;
                    fresh
                        .entry(draft.event)
                        .or_default()
                        .push(Arc::new(Entry::message(message)));
                    Appended::Committed(seq)
                }
                Outcome::Known(seq) => Appended::Known(seq),
                Outcome::Refused(refusal) => Appended::Refused(refusal),
            });
        }
        // First the rooms: who has an ack finds the message in the history.
        for (event, entries) in fresh {
            if let Some(follower) = self.followers.get_mut(&event) {
                follower.deliver(&entries);
            }
        }
        for (answer, appended) in batch.answers.into_iter().zip(fates) {
            // A sender whose socket has gone asks again with the same id.
            let _ = answer.send(appended);
        }
    }

    /// The log can be written: says so, if it could not be before.
    async fn recover(&mut self) {
        if !self.healthy.swap(true, Ordering::Relaxed) {
            tracing::info!("the log takes messages again");
            self.catch_up().await;
        }
    }

    /// Hands the followers what commits of unknown fate have left in the log after all.
    async fn catch_up(&mut self) {
        for (event, follower) in &mut self.followers {
            match self.log.tail(*event, follower.delivered, usize::MAX).await {
                Ok((messages, _)) => {
                    let entries: Vec<_> = messages
                        .into_iter()
                        .map(|message| Arc::new(Entry::message(message)))
                        .collect();
                    follower.deliver(&entries);
                }
                Err(error) => tracing::error!(%error, event, "the log cannot be read"),
            }
        }
    }
}

impl Follower {
    /// Hands on what is new to this follower: after a catch-up the same entries can come again.
    fn deliver(&mut self, entries: &[Arc<Entry>]) {
        let known = entries.partition_point(|entry| entry.seq <= self.delivered);
        let Some(last) = entries.last() else { return };
        self.delivered = self.delivered.max(last.seq);
        self.subscriber.deliver(&entries[known..]);
    }
}

fn appended(outcomes: &[Outcome]) -> u64 {
    outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Appended(_)))
        .count() as u64
}

#[derive(Default)]
struct Batch {
    drafts: Vec<Draft>,
    answers: Vec<oneshot::Sender<Appended>>,
}

impl Batch {
    fn push(&mut self, draft: Draft, answer: oneshot::Sender<Appended>) {
        self.drafts.push(draft);
        self.answers.push(answer);
    }
}
