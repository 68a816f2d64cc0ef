//! The live side of events: who is in each room, what may be said there, and what everybody gets to see. Sockets join a
//! room with a credential; from then on the member's standing in the store governs, and a change of it acts at once.

mod hub;
mod inbox;
mod limiter;
mod live;
mod membership;
mod pulse;
mod record;
mod ring;
mod rules;
mod tally;
mod watch;
mod words;

pub use limiter::SendLimits;
pub use membership::{Answer, Begun, IN_FLIGHT, Joined, Mailbox, Membership, Post, SocketKey, Word};
pub use record::{Audience, Newest};
pub use ring::{Frame, Lane, Position, Reader, Ring, TooSlow};

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wire::{CloseCode, Counts, MemberId, Phase, Seq};

use crate::auth::secret::Secrets;
use crate::capacity::Capacity;
use crate::clock;
use crate::metrics::Metrics;
use crate::relay::{Relay, RelayError};
use crate::store::{Event, EventId, Standing, Store, StoreError};
use live::{Arrival, Room};
use pulse::Pulse;
use tally::Tally;

/// Tries to join between two changes of somebody's standing in the same room, before the client is sent around again.
const JOIN_TRIES: usize = 8;

/// Every room with people in it. Cheap to clone.
#[derive(Clone)]
pub struct Rooms(Arc<Shared>);

struct Shared {
    store: Store,
    secrets: Secrets,
    relay: Relay,
    limits: SendLimits,
    metrics: Metrics,
    capacity: Capacity,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    /// Bounded by the number of events: a room leaves when its event is over and the last socket has gone.
    open: Mutex<HashMap<EventId, Arc<OnceCell<Arc<Room>>>>>,
    nudge: Notify,
    /// The turn to look up whether a refused message is a retry.
    lookups: Semaphore,
}

impl Rooms {
    /// Starts the relay and the watch over the store's signals. Sockets close when `shutdown` is cancelled; `tasks`
    /// tracks those that are still busy with it.
    ///
    /// # Errors
    /// When the store cannot be opened for writing or read.
    pub async fn start(
        store: Store,
        secrets: Secrets,
        limits: SendLimits,
        metrics: Metrics,
        capacity: Capacity,
        shutdown: CancellationToken,
        tasks: TaskTracker,
    ) -> Result<Self, StoreError> {
        let relay = Relay::local(&store, metrics.clone())?;
        let last_signal = store.last_signal().await?;
        let open = Mutex::default();
        let nudge = Notify::new();
        let lookups = Semaphore::new(1);
        let rooms = Self(Arc::new(Shared {
            store,
            secrets,
            relay,
            limits,
            metrics,
            capacity,
            shutdown,
            tasks,
            open,
            nudge,
            lookups,
        }));
        tokio::spawn(watch::follow(rooms.clone(), last_signal));
        tokio::spawn(watch::keep_house(rooms.clone()));
        Ok(rooms)
    }

    /// Looks at the store's signals now rather than with the next poll: call it after an act that signalled.
    pub fn nudge(&self) {
        self.0.nudge.notify_one();
    }

    /// Members with an open socket at this node.
    pub fn online(&self, event: EventId) -> u64 {
        self.opened(event).map_or(0, |room| room.online())
    }

    /// The newest page of an event's history, when its room is open and holds it.
    pub fn newest(&self, event: EventId, limit: usize, audience: Audience) -> Option<Newest> {
        self.opened(event)?.newest(limit, audience)
    }

    /// The votes of these questions, where they have any.
    pub fn votes_of(&self, event: EventId, questions: &[Seq]) -> Counts<Seq> {
        let room = self.opened(event);
        room.map_or_else(Counts::default, |room| room.pulse().votes_of(questions))
    }

    /// Whether a member has an open socket at this node.
    pub fn has_socket(&self, event: EventId, member: &MemberId) -> bool {
        self.opened(event).is_some_and(|room| room.has_socket(member))
    }

    /// The members with an open socket at this node.
    pub fn online_members(&self, event: EventId) -> HashSet<MemberId> {
        self.opened(event)
            .map_or_else(HashSet::new, |room| room.online_members())
    }

    /// Whether rooms can take messages.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn check(&self) -> Result<(), String> {
        self.0.relay.check().map_err(|error| error.to_string())
    }

    /// Cancelled when the server stops.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Runs a socket's task so that a stopping server waits for it.
    pub fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    /// For as long as it lives, a stopping server waits.
    pub fn tracked(&self) -> TaskTrackerToken {
        self.0.tasks.token()
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Lets a socket in with a credential for the event at `slug`. `after` is the last entry its client holds. A
    /// member's older socket makes way.
    ///
    /// # Errors
    /// With the code to close the socket with.
    pub async fn join(
        &self,
        slug: &str,
        token: &str,
        after: Option<Seq>,
        mailbox: &Mailbox,
    ) -> Result<Joined, CloseCode> {
        let claims = self
            .0
            .secrets
            .verify(token, clock::now())
            .map_err(|_| CloseCode::CredentialRefused)?;
        let room = self.room_at(slug, claims.event).await?;
        for _ in 0..JOIN_TRIES {
            // Whoever changes a standing raises the version after the commit: if it did not move while the standing
            // was read, the change is either in what was read or will find this member in the room.
            let version = room.version();
            may_enter(&room)?;
            let store = &self.0.store;
            let standing = store.standing(&claims.member).await;
            let standing = standing.map_err(|error| come_back(&error))?;
            let standing = standing.ok_or(CloseCode::CredentialRefused)?;
            verdict(&standing, claims.epoch)?;
            let place = self.0.capacity.enter(standing.ticket_id, standing.role);
            let place = place.map_err(|_| CloseCode::Restarting)?;
            let voted = if room.pulse().has_votes() {
                store.voted(&claims.member).await.map_err(|error| come_back(&error))?
            } else {
                Vec::new()
            };
            let arrival = Arrival {
                after,
                mailbox,
                place: Some(place),
            };
            if let Some(mut joined) = room.enter(self, &claims.member, &standing, version, arrival) {
                joined.welcome.voted = voted;
                return Ok(joined);
            }
        }
        Err(CloseCode::Restarting)
    }

    async fn room_at(&self, slug: &str, event: EventId) -> Result<Arc<Room>, CloseCode> {
        let room = match self.opened(event) {
            Some(room) => room,
            None => self.open(event).await?,
        };
        if room.slug() != slug {
            return Err(CloseCode::CredentialRefused);
        }
        Ok(room)
    }

    async fn open(&self, event: EventId) -> Result<Arc<Room>, CloseCode> {
        let found = self.0.store.event(event).await.map_err(|error| come_back(&error))?;
        let found = found.filter(|event| event.chat).ok_or(CloseCode::CredentialRefused)?;
        if matches!(found.phase(clock::now()), Phase::Ended | Phase::Archived) {
            return Err(CloseCode::EventOver);
        }
        let cell = Arc::clone(self.rooms().entry(event).or_default());
        let room = cell.get_or_try_init(|| self.start_room(found)).await;
        let room = room.cloned().map_err(|error| {
            tracing::error!(%error, event, "the room cannot be opened");
            CloseCode::Restarting
        })?;
        // Who ended the event while its room was being opened signalled to a room that was not there yet.
        let found = self.0.store.event(event).await.map_err(|error| come_back(&error))?;
        room.apply_event(found);
        Ok(room)
    }

    async fn start_room(&self, event: Event) -> Result<Arc<Room>, RelayError> {
        let id = event.id;
        let pulse = self.pulse(&event).await?;
        let room = Room::open(event, pulse, &self.0.relay, &self.0.shutdown).await?;
        words::load(&self.0.store, &room).await?;
        tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.run().await }
        });
        self.track({
            let (store, room) = (self.0.store.clone(), Arc::clone(&room));
            async move { room.keep(&store).await }
        });
        tracing::info!(event = id, "room opened");
        Ok(room)
    }

    /// The sums that a room goes on from. Nobody is in it yet, so nobody adds to them.
    async fn pulse(&self, event: &Event) -> Result<Pulse, RelayError> {
        let store = &self.0.store;
        let totals = store.reaction_totals(event.id).await?;
        let votes = store.votes_between(event.id, 1, Seq::MAX).await?;
        let saved = store.taps_saved(event.id).await?;
        Ok(Pulse::new(Tally::new(event.reactions.clone(), totals, votes), saved))
    }

    fn opened(&self, event: EventId) -> Option<Arc<Room>> {
        self.rooms().get(&event)?.get().cloned()
    }

    fn all_opened(&self) -> Vec<Arc<Room>> {
        self.rooms().values().filter_map(|room| room.get().cloned()).collect()
    }

    /// Nobody is here any more: the server stops. What the rooms feel is saved.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn report_empty(&self) -> Result<(), StoreError> {
        let rooms = self.all_opened();
        // At one time, so that they share commits.
        let mut saving: JoinSet<()> = rooms
            .into_iter()
            .map(|room| {
                let store = self.0.store.clone();
                async move { room.save(&store).await }
            })
            .collect();
        while saving.join_next().await.is_some() {}
        watch::report(self, |_| 0).await
    }

    async fn close_room(&self, room: &Room) {
        self.rooms().remove(&room.event());
        room.stop();
        self.0.relay.unsubscribe(room.event()).await;
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<EventId, Arc<OnceCell<Arc<Room>>>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the doors of a room are open.
fn may_enter(room: &Room) -> Result<(), CloseCode> {
    match room.phase(clock::now()) {
        Phase::Open => Ok(()),
        Phase::Ended | Phase::Archived => Err(CloseCode::EventOver),
        Phase::Draft | Phase::Scheduled => Err(CloseCode::CredentialRefused),
    }
}

/// Whether a member of this standing may hold a socket that was opened with a lease of `epoch`.
fn verdict(standing: &Standing, epoch: i64) -> Result<(), CloseCode> {
    if standing.revoked {
        Err(CloseCode::TicketRevoked)
    } else if standing.banned {
        Err(CloseCode::Banned)
    } else if standing.epoch != epoch || !standing.held {
        Err(CloseCode::CredentialRefused)
    } else {
        Ok(())
    }
}

/// A store in trouble closes no door for good.
fn come_back(error: &StoreError) -> CloseCode {
    tracing::error!(%error, "a socket could not join");
    CloseCode::Restarting
}
