//! One event's room on this node: its members' sockets, what moderators have set, and the hub that everything goes out
//! by.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use wire::frame::{Deed, Muted, Presence, Welcome};
use wire::{CloseCode, Counts, MemberId, Phase, Role, RoomState, Seq, ServerFrame, UnixMillis, limits};

use super::hub::{Attached, Delivery, Hub};
use super::inbox::Inbox;
use super::membership::{Answer, Joined, Mailbox, Membership};
use super::pulse::{Pulse, Tapped};
use super::record::{Audience, Kept, Newest};
use super::rules::Speaker;
use super::{Rooms, verdict};
use crate::capacity::Place;
use crate::clock;
use crate::relay::{Effect, Entry, Relay, RelayError, Subscriber, What};
use crate::store::{Event, EventId, Lease, Standing, Store};
use crate::words::Words;

/// How often a room looks at the clock: doors, end, presence.
const BEAT: Duration = Duration::from_secs(1);

/// Least time between two `presence` objects.
const PRESENCE_EVERY_MILLIS: u64 = 5_000;

const MILLIS_PER_SECOND: u64 = 1_000;

/// A live room.
pub struct Room {
    event: EventId,
    slug: String,
    hub: Hub,
    pulse: Arc<Pulse>,
    words: Mutex<WordList>,
    state: Mutex<State>,
    stopped: CancellationToken,
    /// Nobody keeps what the room feels any more.
    kept: CancellationToken,
}

/// The event's word list, ready to be asked.
#[derive(Default)]
struct WordList {
    version: u64,
    words: Arc<Words>,
    /// Somebody is bringing a later one.
    is_loading: bool,
}

pub(super) struct State {
    pub(super) details: Event,
    /// The phase that the members were told last.
    phase: Phase,
    sockets: HashMap<MemberId, Socket>,
    /// Bounded by the event's tickets; a member who is silent and gone is forgotten.
    pub(super) speakers: HashMap<MemberId, Speaker>,
    /// Raised with every change of a standing and of the phase.
    version: u64,
    next_connection: u64,
    told_online: u64,
    told_online_at: UnixMillis,
}

/// A member's one open socket.
struct Socket {
    connection: u64,
    epoch: i64,
    role: Role,
    mailbox: Mailbox,
    /// Kept for a while when the socket goes by itself.
    place: Option<Place>,
}

/// A socket that comes in.
pub(super) struct Arrival<'a> {
    /// The last entry that its client holds.
    pub(super) after: Option<Seq>,
    /// Where it is told what happens.
    pub(super) mailbox: &'a Mailbox,
    /// Its place on the node.
    pub(super) place: Option<Place>,
}

impl Socket {
    /// Nobody comes back to this seat.
    fn give_up(&mut self) {
        if let Some(place) = &mut self.place {
            place.give_up();
        }
    }

    fn lease(&self) -> Option<Lease> {
        let ticket = self.place.as_ref()?.ticket();
        let epoch = self.epoch;
        Some(Lease { ticket, epoch })
    }
}

impl Room {
    /// Joins an event's log.
    pub(super) async fn open(
        event: Event,
        pulse: Pulse,
        relay: &Relay,
        shutdown: &CancellationToken,
    ) -> Result<Arc<Self>, RelayError> {
        let inbox = Arc::new(Inbox::default());
        let tail = relay
            .subscribe(
                event.id,
                limits::REPLAY_ENTRIES,
                Arc::clone(&inbox) as Arc<dyn Subscriber>,
            )
            .await?;
        let phase = event.phase(clock::now());
        let state = State {
            phase,
            sockets: HashMap::new(),
            speakers: HashMap::new(),
            version: 0,
            next_connection: 0,
            told_online: 0,
            told_online_at: 0,
            details: event.clone(),
        };
        let pulse = Arc::new(pulse);
        let room = Self {
            event: event.id,
            slug: event.slug,
            hub: Hub::new(tail, Arc::clone(&pulse)),
            pulse,
            words: Mutex::default(),
            state: Mutex::new(state),
            stopped: CancellationToken::new(),
            kept: shutdown.child_token(),
        };
        let room = Arc::new(room);
        inbox.connect(&room);
        Ok(room)
    }

    pub(super) fn event(&self) -> EventId {
        self.event
    }

    pub(super) fn slug(&self) -> &str {
        &self.slug
    }

    pub(super) fn phase(&self, now: UnixMillis) -> Phase {
        self.state().details.phase(now)
    }

    pub(super) fn online(&self) -> u64 {
        self.state().sockets.len() as u64
    }

    pub(super) fn online_members(&self) -> HashSet<MemberId> {
        self.state().sockets.keys().cloned().collect()
    }

    pub(super) fn version(&self) -> u64 {
        self.state().version
    }

    /// The newest page of the history, when it is in memory.
    pub(super) fn newest(&self, limit: usize, audience: Audience) -> Option<Newest> {
        self.hub.newest(limit, audience)
    }

    /// The event's word list.
    pub(super) fn words(&self) -> Arc<Words> {
        Arc::clone(&self.word_list().words)
    }

    /// The version of the word list that is in use; 0 is the empty one.
    pub(super) fn words_version(&self) -> u64 {
        self.word_list().version
    }

    /// Takes another word list, unless a later one is in use already.
    pub(super) fn set_words(&self, version: u64, words: Words) {
        let mut list = self.word_list();
        if version > list.version {
            list.version = version;
            list.words = Arc::new(words);
        }
    }

    /// Begins to bring a later word list, unless somebody does already.
    pub(super) fn begin_words(&self) -> bool {
        !std::mem::replace(&mut self.word_list().is_loading, true)
    }

    /// Has brought it.
    pub(super) fn end_words(&self) {
        self.word_list().is_loading = false;
    }

    fn word_list(&self) -> MutexGuard<'_, WordList> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something to the staff that is not in the log.
    pub(super) fn say_to_staff(&self, frame: &ServerFrame) {
        self.hub.say_to_staff(frame.encode());
    }

    /// Counts taps on a reaction.
    pub(super) fn tap(&self, emoji: &str, count: u32) -> Tapped {
        let tapped = self.pulse.tap(emoji, count, clock::now() / MILLIS_PER_SECOND);
        if let Tapped::Counted { is_first: true, .. } = tapped {
            self.hub.wake();
        }
        tapped
    }

    /// The votes of the newest questions and of the one on stage, for who comes in.
    fn votes(&self, on_stage: Option<Seq>) -> Counts<Seq> {
        if !self.pulse.has_votes() {
            return Counts::default();
        }
        let mut questions = self.hub.questions();
        questions.extend(on_stage.filter(|seq| !questions.contains(seq)));
        self.pulse.votes_of(&questions)
    }

    fn tell_votes(&self, target: Seq, votes: u64) {
        if self.pulse.set_votes(target, votes) {
            self.hub.wake();
        }
    }

    /// The room's sums.
    pub(super) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Drives the hub and the clock until [`Room::stop`].
    pub(super) async fn run(&self) {
        tokio::select! {
            () = self.hub.run() => {}
            () = self.beat() => {}
            () = self.stopped.cancelled() => {}
        }
    }

    /// Keeps what the room feels on disk, until [`Room::stop`] or the end of the server, and saves the rest then.
    pub(super) async fn keep(&self, store: &Store) {
        self.pulse.keep(store, self.event, &self.kept).await;
    }

    /// Saves what the room felt after that.
    pub(super) async fn save(&self, store: &Store) {
        self.pulse.save(store, self.event).await;
    }

    pub(super) fn stop(&self) {
        self.stopped.cancel();
        self.kept.cancel();
    }

    /// Whether the event is over and everybody has gone.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.phase == Phase::Ended && state.sockets.is_empty()
    }

    /// Takes a member in, unless a standing has changed since `version`, or a later lease is here already.
    pub(super) fn enter(
        self: &Arc<Self>,
        rooms: &Rooms,
        member: &MemberId,
        standing: &Standing,
        version: u64,
        arrival: Arrival,
    ) -> Option<Joined> {
        let Arrival { after, mailbox, place } = arrival;
        let connection = {
            let mut state = self.state();
            if state.version != version || state.has_newer(member, standing.epoch) {
                return None;
            }
            let socket = Socket {
                connection: 0,
                epoch: standing.epoch,
                role: standing.role,
                mailbox: mailbox.clone(),
                place,
            };
            state.take_in(member, socket)
        };
        let Attached { head, missed, lane } = self.hub.attach(Audience::of(standing.role), after);
        // Read after the lane began: a change from here on comes by it.
        let room = self.room_state();
        let votes = self.votes(room.spotlight);
        let welcome = Welcome {
            member: member.clone(),
            role: standing.role,
            capabilities: standing.role.capabilities(),
            head,
            room,
            votes,
            voted: Vec::new(),
        };
        let left_ms = standing.muted_until.saturating_sub(clock::now());
        let muted = (left_ms > 0 && standing.role == Role::Fan).then_some(ServerFrame::Muted(Muted { left_ms }));
        let membership = Membership {
            rooms: rooms.clone(),
            room: Arc::clone(self),
            member: member.clone(),
            lease: Lease {
                ticket: standing.ticket_id,
                epoch: standing.epoch,
            },
            role: standing.role,
            nickname: standing.nickname.clone(),
            connection,
            taps: OnceLock::new(),
            mailbox: mailbox.clone(),
        };
        membership.note_seen();
        Some(Joined {
            membership,
            lane,
            welcome,
            muted,
            missed,
        })
    }

    /// Something about the members changed: whoever reads a standing from now on sees it.
    pub(super) fn raise_version(&self) {
        self.state().version += 1;
    }

    /// Members whose sockets a change of standing can close.
    pub(super) fn has_socket(&self, member: &MemberId) -> bool {
        self.state().sockets.contains_key(member)
    }

    /// Closes a member's socket if its standing no longer carries it.
    pub(super) fn apply_standing(&self, member: &MemberId, standing: Option<&Standing>) {
        let mut state = self.state();
        let Some(socket) = state.sockets.get(member) else {
            return;
        };
        let is_kept = standing.is_some_and(|standing| standing.held && !standing.revoked && !standing.banned);
        let verdict = match standing {
            Some(standing) if standing.held && standing.epoch > socket.epoch => Err(CloseCode::TakenOver),
            // Another role is another audience: its next credential opens the right one.
            Some(standing) => verdict(standing, socket.epoch).and(if standing.role == socket.role {
                Ok(())
            } else {
                Err(CloseCode::CredentialRefused)
            }),
            None => Err(CloseCode::CredentialRefused),
        };
        if let Err(code) = verdict {
            if !is_kept && let Some(socket) = state.sockets.get_mut(member) {
                socket.give_up();
            }
            state.close(member, code);
        }
    }

    /// The leases of those who are here.
    pub(super) fn leases(&self) -> Vec<Lease> {
        self.state().sockets.values().filter_map(Socket::lease).collect()
    }

    /// Takes over the event as it is now; `None` when it was deleted.
    pub(super) fn apply_event(&self, event: Option<Event>) {
        let mut state = self.state();
        match event {
            Some(event) => {
                if self.pulse.offer(&event.reactions) {
                    self.hub.say_room(&state.room_state());
                }
                state.details = event;
            }
            None => state.details.ended_at = Some(0),
        }
        drop(state);
        self.look_at_the_clock(clock::now());
    }

    async fn beat(&self) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            self.look_at_the_clock(clock::now());
        }
    }

    fn look_at_the_clock(&self, now: UnixMillis) {
        let mut state = self.state();
        let phase = state.details.phase(now);
        if phase != state.phase {
            state.phase = phase;
            // Who is on the way in looks again: nobody enters behind the last one who was sent out.
            state.version += 1;
            self.hub.say_room(&state.room_state());
            if phase == Phase::Ended {
                state.close_all(CloseCode::EventOver);
            }
        }
        let steady = clock::steady();
        if let Some(presence) = state.presence(steady) {
            self.hub.say(ServerFrame::Presence(presence).encode());
        }
        state.speakers.retain(|_, speaker| !speaker.is_silent(steady));
    }

    fn take(&self, effects: Vec<Effect>) {
        let (mut deliveries, mut told, mut banned) = (Vec::with_capacity(effects.len()), Vec::new(), Vec::new());
        let mut has_deed = false;
        for effect in effects {
            match effect {
                Effect::Entry(entry) => {
                    has_deed |= changes_the_setting(&entry);
                    banned.extend(is_banned(&entry));
                    deliveries.push(Delivery::Entry(Kept::new(*entry)));
                }
                Effect::ToStaff(frame) => deliveries.push(Delivery::ToStaff(frame.encode())),
                Effect::ToMember(member, frame) => told.push((member, frame)),
                Effect::Votes { target, votes } => self.tell_votes(target, votes),
            }
        }
        if !has_deed && told.is_empty() {
            return self.hub.deliver(deliveries, None);
        }
        // In the room's lock, so that no older state of it can come behind.
        let mut state = self.state();
        self.hub.deliver(deliveries, Some(&state.room_state()));
        for (member, frame) in told {
            // Who is on the way in read an older standing: it looks again.
            state.version += u64::from(matches!(frame, ServerFrame::Muted(_)));
            state.tell(&member, &frame);
        }
        for member in banned {
            state.version += 1;
            state.close(&member, CloseCode::Banned);
        }
    }

    fn room_state(&self) -> RoomState {
        let mut room = self.state().room_state();
        self.hub.fill_in(&mut room);
        room
    }

    pub(super) fn leave(&self, member: &MemberId, connection: u64) {
        let mut state = self.state();
        if state
            .sockets
            .get(member)
            .is_some_and(|socket| socket.connection == connection)
        {
            state.sockets.remove(member);
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Room {
    fn deliver(&self, effects: Vec<Effect>) {
        self.take(effects);
    }
}

/// Whether what is set in the room may look different after an entry.
fn changes_the_setting(entry: &Entry) -> bool {
    match &entry.what {
        What::Control(_) => true,
        What::Message(message) => message.body.answers.is_some(),
    }
}

/// Whom an entry puts out of the chat.
fn is_banned(entry: &Entry) -> Option<MemberId> {
    match &entry.what {
        What::Control(control) => match &control.deed {
            Deed::Ban { member } => Some(member.clone()),
            _ => None,
        },
        What::Message(_) => None,
    }
}

impl State {
    /// Whether the member's open socket was opened with a later lease than this.
    fn has_newer(&self, member: &MemberId, epoch: i64) -> bool {
        self.sockets.get(member).is_some_and(|socket| socket.epoch > epoch)
    }

    fn take_in(&mut self, member: &MemberId, socket: Socket) -> u64 {
        self.next_connection += 1;
        let (connection, epoch) = (self.next_connection, socket.epoch);
        let older = self.sockets.insert(member.clone(), Socket { connection, ..socket });
        if let Some(older) = older {
            let code = if older.epoch < epoch {
                CloseCode::TakenOver
            } else {
                CloseCode::OtherTab
            };
            older.mailbox.close(code);
        }
        connection
    }

    /// Says something to one member, if it is here.
    fn tell(&self, member: &MemberId, frame: &ServerFrame) {
        if let Some(socket) = self.sockets.get(member) {
            socket.mailbox.answer(Answer::Tell(frame.encode()));
        }
    }

    fn close(&mut self, member: &MemberId, code: CloseCode) {
        if let Some(socket) = self.sockets.remove(member) {
            socket.mailbox.close(code);
        }
    }

    fn close_all(&mut self, code: CloseCode) {
        for (_, mut socket) in self.sockets.drain() {
            if code == CloseCode::EventOver {
                socket.give_up();
            }
            socket.mailbox.close(code);
        }
    }

    fn room_state(&self) -> RoomState {
        RoomState {
            phase: self.phase,
            slow_seconds: 0,
            paused: false,
            pinned: None,
            pinned_message: None,
            spotlight: None,
            spotlight_message: None,
            emoji: Vec::new(),
            reactions: Counts::default(),
            online: self.sockets.len() as u64,
        }
    }

    fn presence(&mut self, now: UnixMillis) -> Option<Presence> {
        let online = self.sockets.len() as u64;
        if online == self.told_online || now < self.told_online_at + PRESENCE_EVERY_MILLIS {
            return None;
        }
        self.told_online = online;
        self.told_online_at = now;
        Some(Presence { online })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tempfile::TempDir;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;
    use wire::Role;

    use super::*;
    use crate::auth::secret::Secrets;
    use crate::capacity::{self, Capacity};
    use crate::metrics::Metrics;
    use crate::room::SendLimits;
    use crate::room::membership::{Post, SocketKey, Word};
    use crate::room::record::tests::{message, spotlight};
    use crate::room::tally::Tally;
    use crate::store::fixture;

    const LIMITS: SendLimits = SendLimits {
        burst: 5,
        per_second: 1,
    };

    async fn room() -> (TempDir, Rooms, Arc<Room>) {
        let (folder, store, event) = fixture::announced().await;
        let event = store.event(event).await.expect("reads").expect("an event");
        let secrets = Secrets::open(folder.path()).expect("a key");
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let metrics = Metrics::default();
        let capacity = Capacity::new(capacity::Limits::default(), metrics.clone());
        let rooms = Rooms::start(store, secrets, LIMITS, metrics, capacity, shutdown, tasks)
            .await
            .expect("starts");
        let room = Room::open(
            event,
            Pulse::new(Tally::default(), 0),
            &rooms.0.relay,
            &rooms.0.shutdown,
        )
        .await
        .expect("opens");
        (folder, rooms, room)
    }

    /// The state of a room in which nothing is set.
    pub fn quiet_room() -> RoomState {
        RoomState {
            phase: Phase::Open,
            slow_seconds: 0,
            paused: false,
            pinned: None,
            pinned_message: None,
            spotlight: None,
            spotlight_message: None,
            emoji: Vec::new(),
            reactions: Counts::default(),
            online: 0,
        }
    }

    fn standing(epoch: i64) -> Standing {
        Standing {
            event_id: 1,
            ticket_id: 1,
            role: Role::Fan,
            nickname: None,
            muted_until: 0,
            epoch,
            held: true,
            revoked: false,
            banned: false,
        }
    }

    #[tokio::test]
    async fn the_votes_of_the_question_on_stage_are_told_however_old_it_is() {
        let (_folder, _rooms, room) = room().await;
        room.tell_votes(1, 5);
        let entries = [message(1, "ana"), spotlight(2, 1)];
        room.take(entries.map(|entry| Effect::Entry(Box::new(entry))).into());
        let on_stage = room.room_state().spotlight;
        assert_eq!((on_stage, room.votes(None)), (Some(1), Counts::default()));
        assert_eq!(room.votes(on_stage), Counts::from_iter([(1, 5)]));
    }

    #[tokio::test]
    async fn who_lost_the_seat_on_the_way_in_does_not_put_its_holder_out() {
        let (_folder, rooms, room) = room().await;
        let member = MemberId("ana".into());
        let version = room.version();
        let post = Arc::new(Sorting::default());
        let enter = |epoch, key| {
            let arrival = Arrival {
                after: None,
                mailbox: &Mailbox::new(Arc::clone(&post) as Arc<dyn Post>, key),
                place: None,
            };
            room.enter(&rooms, &member, &standing(epoch), version, arrival)
        };
        let _laptop = enter(2, 1).expect("the holder is let in");
        assert!(
            enter(1, 2).is_none(),
            "the phone, whose standing was read before the takeover"
        );
        assert_eq!(post.closed(), [], "nobody told the holder to go");

        let _other_tab = enter(2, 3).expect("the holder again");
        assert_eq!(post.closed(), [(1, CloseCode::OtherTab)]);
        let _next = enter(3, 4).expect("the next holder");
        assert_eq!(post.closed(), [(1, CloseCode::OtherTab), (3, CloseCode::TakenOver)]);
    }

    /// Keeps who was told to close.
    #[derive(Default)]
    struct Sorting(Mutex<Vec<(SocketKey, CloseCode)>>);

    impl Post for Sorting {
        fn post(&self, key: SocketKey, word: Word) {
            if let Word::Close(code) = word {
                self.0.lock().expect("fine").push((key, code));
            }
        }
    }

    impl Sorting {
        fn closed(&self) -> Vec<(SocketKey, CloseCode)> {
            self.0.lock().expect("fine").clone()
        }
    }
}
