//! One event's room on this node: its members' sockets, what they may say, and the hub that everything goes out by.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use wire::frame::{Ack, Presence, Refused, Send, Welcome};
use wire::text::BadText;
use wire::{CloseCode, MemberId, Phase, Refusal, RoomState, Seq, ServerFrame, UnixMillis, limits};

use super::hub::{Attached, Hub, Lane, Missed, Newest};
use super::limiter::{Limiter, SendLimits};
use super::{Rooms, verdict};
use crate::clock;
use crate::relay::{Appended, Draft, Entry, Relay, RelayError, Subscriber};
use crate::store::{Event, EventId, Lease, Standing};

/// Frames of one socket whose answer is still to come. The socket is not read further until one is answered.
pub const IN_FLIGHT: usize = 32;

/// How often a room looks at the clock: doors, end, presence.
const BEAT: Duration = Duration::from_secs(1);

/// Least time between two `presence` objects.
const PRESENCE_EVERY_MILLIS: u64 = 5_000;

/// A live room.
pub struct Room {
    event: EventId,
    slug: String,
    hub: Hub,
    state: Mutex<State>,
    stopped: Notify,
}

struct State {
    details: Event,
    /// The phase that the members were told last.
    phase: Phase,
    sockets: HashMap<MemberId, Socket>,
    /// Bounded by the event's tickets; a member who is silent and gone is forgotten.
    speakers: HashMap<MemberId, Speaker>,
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
    close: oneshot::Sender<CloseCode>,
}

/// What the rules remember of a member, whichever socket is open.
#[derive(Default)]
struct Speaker {
    limiter: Limiter,
    in_flight: Vec<String>,
}

/// An answer for one socket alone.
#[derive(Debug)]
pub enum Answer {
    /// `ack` or `refused`, encoded.
    Say(String),
    /// Nobody knows whether the message is on disk: the client must come back and send it again.
    FateUnknown,
}

/// A socket's place in a room. Dropping it leaves.
pub struct Membership {
    rooms: Rooms,
    room: Arc<Room>,
    member: MemberId,
    lease: Lease,
    connection: u64,
    answer: mpsc::Sender<Answer>,
    /// The first thing to say.
    pub welcome: Welcome,
    /// What a returning client missed up to the welcome's head.
    pub missed: Missed,
    /// What comes after the welcome's head.
    pub lane: Lane,
    /// The answers to this socket's frames, one for each [`Membership::send`].
    pub answers: mpsc::Receiver<Answer>,
    /// Comes when the socket must close.
    pub close: oneshot::Receiver<CloseCode>,
}

impl Room {
    /// Joins an event's log.
    pub(super) async fn open(event: Event, relay: &Relay) -> Result<Arc<Self>, RelayError> {
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
        let room = Self {
            event: event.id,
            slug: event.slug,
            hub: Hub::new(tail),
            state: Mutex::new(state),
            stopped: Notify::new(),
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

    pub(super) fn version(&self) -> u64 {
        self.state().version
    }

    /// The newest page of the history, when it is in memory.
    pub(super) fn newest(&self, limit: usize) -> Option<Newest> {
        self.hub.newest(limit)
    }

    /// Drives the hub and the clock until [`Room::stop`].
    pub(super) async fn run(&self) {
        tokio::select! {
            () = self.hub.run() => {}
            () = self.beat() => {}
            () = self.stopped.notified() => {}
        }
    }

    pub(super) fn stop(&self) {
        self.stopped.notify_one();
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
        after: Option<Seq>,
    ) -> Option<Membership> {
        let (answer, answers) = mpsc::channel(2 * IN_FLIGHT);
        let (close_sender, close) = oneshot::channel();
        let (connection, room_state) = {
            let mut state = self.state();
            if state.version != version || state.has_newer(member, standing.epoch) {
                return None;
            }
            let connection = state.take_in(member, standing.epoch, close_sender);
            (connection, state.room_state())
        };
        let Attached { head, missed, lane } = self.hub.attach(after);
        let welcome = Welcome {
            member: member.clone(),
            role: standing.role,
            capabilities: standing.role.capabilities(),
            head,
            room: room_state,
        };
        let membership = Membership {
            rooms: rooms.clone(),
            room: Arc::clone(self),
            member: member.clone(),
            lease: Lease {
                ticket: standing.ticket_id,
                epoch: standing.epoch,
            },
            connection,
            answer,
            welcome,
            missed,
            lane,
            answers,
            close,
        };
        membership.note_seen();
        Some(membership)
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
        let verdict = match standing {
            Some(standing) if standing.held && standing.epoch > socket.epoch => Err(CloseCode::TakenOver),
            Some(standing) => verdict(standing, socket.epoch),
            None => Err(CloseCode::CredentialRefused),
        };
        if let Err(code) = verdict {
            state.close(member, code);
        }
    }

    /// Takes over the event as it is now; `None` when it was deleted.
    pub(super) fn apply_event(&self, event: Option<Event>) {
        let mut state = self.state();
        match event {
            Some(event) => state.details = event,
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
            self.hub.say(ServerFrame::Room(state.room_state()).encode());
            if phase == Phase::Ended {
                state.close_all(CloseCode::EventOver);
            }
        }
        let steady = clock::steady();
        if let Some(presence) = state.presence(steady) {
            self.hub.say(ServerFrame::Presence(presence).encode());
        }
        state
            .speakers
            .retain(|_, speaker| !speaker.in_flight.is_empty() || !speaker.limiter.is_empty(steady));
    }

    fn leave(&self, member: &MemberId, connection: u64) {
        let mut state = self.state();
        if state
            .sockets
            .get(member)
            .is_some_and(|socket| socket.connection == connection)
        {
            state.sockets.remove(member);
        }
    }

    /// Applies the rules to a `send`. The draft comes with whether it took its share of the rate.
    fn judge(
        &self,
        author: &Membership,
        send: Send,
        limits: SendLimits,
        now: UnixMillis,
    ) -> Result<(Draft, bool), Refused> {
        let refuse = |code, retry_after_ms| Refused {
            id: Some(send.id.clone()),
            code,
            retry_after_ms,
        };
        let text = wire::text::message(&send.text).map_err(|bad| match bad {
            BadText::Empty => refuse(Refusal::TextEmpty, None),
            BadText::TooLong => refuse(Refusal::TextTooLong, None),
        })?;
        let mut state = self.state();
        if state.details.phase(now) != Phase::Open {
            return Err(refuse(Refusal::NotOpen, None));
        }
        let speaker = state.speakers.entry(author.member.clone()).or_default();
        // A retry of what is under way costs nothing: the log answers it with the first one's ack.
        let takes_share = !speaker.in_flight.contains(&send.id);
        if takes_share {
            speaker
                .limiter
                .take(limits, clock::steady())
                .map_err(|wait| refuse(Refusal::RateLimited, Some(wait)))?;
        }
        speaker.in_flight.push(send.id.clone());
        let draft = Draft {
            event: self.event,
            member: author.member.clone(),
            epoch: author.lease.epoch,
            id: send.id,
            text,
            question: send.question,
            reply_to: send.reply_to,
        };
        Ok((draft, takes_share))
    }

    /// The fate of a message that [`Room::judge`] let through is known. With `give_back` it cost nothing after all.
    fn settle(&self, member: &MemberId, id: &str, limits: SendLimits, give_back: bool) {
        let mut state = self.state();
        let Some(speaker) = state.speakers.get_mut(member) else {
            return;
        };
        if let Some(at) = speaker.in_flight.iter().position(|in_flight| in_flight == id) {
            speaker.in_flight.swap_remove(at);
        }
        if give_back {
            speaker.limiter.give_back(limits);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the member's open socket was opened with a later lease than this.
    fn has_newer(&self, member: &MemberId, epoch: i64) -> bool {
        self.sockets.get(member).is_some_and(|socket| socket.epoch > epoch)
    }

    fn take_in(&mut self, member: &MemberId, epoch: i64, close: oneshot::Sender<CloseCode>) -> u64 {
        self.next_connection += 1;
        let connection = self.next_connection;
        let older = self.sockets.insert(
            member.clone(),
            Socket {
                connection,
                epoch,
                close,
            },
        );
        if let Some(older) = older {
            let code = if older.epoch < epoch {
                CloseCode::TakenOver
            } else {
                CloseCode::OtherTab
            };
            // A socket that has just gone by itself needs no word.
            let _ = older.close.send(code);
        }
        connection
    }

    fn close(&mut self, member: &MemberId, code: CloseCode) {
        if let Some(socket) = self.sockets.remove(member) {
            let _ = socket.close.send(code);
        }
    }

    fn close_all(&mut self, code: CloseCode) {
        for (_, socket) in self.sockets.drain() {
            let _ = socket.close.send(code);
        }
    }

    fn room_state(&self) -> RoomState {
        RoomState {
            phase: self.phase,
            slow_seconds: 0,
            paused: false,
            pinned: None,
            spotlight: None,
            reactions: std::collections::BTreeMap::new(),
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

impl Membership {
    /// Says something. The answer comes through [`Membership::answers`], exactly one.
    pub fn send(&self, send: Send) {
        self.note_seen();
        let limits = self.rooms.0.limits;
        match self.room.judge(self, send, limits, clock::now()) {
            Ok((draft, took_share)) => self.append(draft, limits, took_share),
            Err(refused) => self.refuse_unless_known(refused),
        }
    }

    /// The lease's holder is here: who finds the ticket in use is told when it was last heard of.
    fn note_seen(&self) {
        self.rooms.0.store.note_seen(self.lease, clock::now());
    }

    /// Answers a frame that changes nothing.
    pub fn refuse(&self, id: Option<String>, code: Refusal) {
        let answer = answer_refused(
            &self.rooms,
            Refused {
                id,
                code,
                retry_after_ms: None,
            },
        );
        // The queue holds more answers than frames can be in flight.
        let _ = self.answer.try_send(answer);
    }

    /// In a task of its own: what is under way is finished even when this socket goes.
    fn append(&self, draft: Draft, limits: SendLimits, took_share: bool) {
        let (member, id) = (draft.member.clone(), draft.id.clone());
        let appending = self.rooms.0.relay.append(draft);
        let (rooms, room, answer) = (self.rooms.clone(), Arc::clone(&self.room), self.answer.clone());
        tokio::spawn(async move {
            let appended = appending.await;
            let give_back = took_share && costs_nothing(&appended);
            room.settle(&member, &id, limits, give_back);
            let said = match appended {
                Ok(Appended::Committed(seq) | Appended::Known(seq)) => answer_ack(id, seq),
                Ok(Appended::Refused(code)) => {
                    let retry_after_ms = (code == Refusal::Unavailable).then_some(1_000);
                    answer_refused(
                        &rooms,
                        Refused {
                            id: Some(id),
                            code,
                            retry_after_ms,
                        },
                    )
                }
                Err(_) => Answer::FateUnknown,
            };
            let _ = answer.try_send(said);
        });
    }

    /// A known id is answered with its first ack before any rule is applied.
    fn refuse_unless_known(&self, refused: Refused) {
        let (rooms, event, member) = (self.rooms.clone(), self.room.event, self.member.clone());
        let answer = self.answer.clone();
        tokio::spawn(async move {
            let id = refused.id.clone().unwrap_or_default();
            // One at a time: who hammers waits for others who do, and the joiners' reads pass.
            let _turn = rooms.0.lookups.acquire().await;
            let said = match rooms.0.store.known_send(event, &member, &id).await {
                Ok(Some(seq)) => answer_ack(id, seq),
                Ok(None) => answer_refused(&rooms, refused),
                Err(error) => {
                    tracing::error!(%error, "a retry could not be looked up");
                    Answer::FateUnknown
                }
            };
            let _ = answer.try_send(said);
        });
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.note_seen();
        self.room.leave(&self.member, self.connection);
    }
}

/// What was there before, and what we could not do: the rate is for what a member says.
fn costs_nothing(appended: &Result<Appended, oneshot::error::RecvError>) -> bool {
    match appended {
        Ok(Appended::Known(_) | Appended::Refused(Refusal::Unavailable)) | Err(_) => true,
        Ok(Appended::Committed(_) | Appended::Refused(_)) => false,
    }
}

fn answer_ack(id: String, seq: Seq) -> Answer {
    Answer::Say(ServerFrame::Ack(Ack { id: Some(id), seq }).encode())
}

fn answer_refused(rooms: &Rooms, refused: Refused) -> Answer {
    rooms.metrics().refused(refused.code);
    Answer::Say(ServerFrame::Refused(refused).encode())
}

/// Takes deliveries for a room that is still being built: the log's tail makes the hub, and what comes in between waits.
#[derive(Default)]
struct Inbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    room: std::sync::Weak<Room>,
    early: Vec<Arc<Entry>>,
    connected: bool,
}

impl Inbox {
    fn connect(&self, room: &Arc<Room>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.room = Arc::downgrade(room);
        waiting.connected = true;
        room.hub.publish(&std::mem::take(&mut waiting.early));
    }
}

impl Subscriber for Inbox {
    fn deliver(&self, entries: &[Arc<Entry>]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.room.upgrade() {
            Some(room) => room.hub.publish(entries),
            None if waiting.connected => {}
            None => waiting.early.extend_from_slice(entries),
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;
    use wire::Role;

    use super::*;
    use crate::auth::secret::Secrets;
    use crate::metrics::Metrics;
    use crate::store::Store;

    const LIMITS: SendLimits = SendLimits {
        burst: 5,
        per_second: 1,
    };

    async fn room() -> (TempDir, Rooms, Arc<Room>) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("frontrow.db")).await.expect("opens");
        let secrets = Secrets::open(folder.path()).expect("a key");
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let rooms = Rooms::start(store, secrets, LIMITS, Metrics::default(), shutdown, tasks)
            .await
            .expect("starts");
        let event = Event {
            id: 1,
            slug: "salt".into(),
            title: "Salt".into(),
            artist: "Vesna".into(),
            doors_at: 0,
            starts_at: 0,
            ends_at: None,
            ended_at: None,
            stream: None,
            chat: true,
        };
        let room = Room::open(event, &rooms.0.relay).await.expect("opens");
        (folder, rooms, room)
    }

    fn standing(epoch: i64) -> Standing {
        Standing {
            event_id: 1,
            ticket_id: 1,
            role: Role::Fan,
            nickname: None,
            epoch,
            held: true,
            revoked: false,
            banned: false,
        }
    }

    #[tokio::test]
    async fn who_lost_the_seat_on_the_way_in_does_not_put_its_holder_out() {
        let (_folder, rooms, room) = room().await;
        let member = MemberId("ana".into());
        let version = room.version();
        let enter = |epoch| room.enter(&rooms, &member, &standing(epoch), version, None);
        let mut laptop = enter(2).expect("the holder is let in");
        assert!(
            enter(1).is_none(),
            "the phone, whose standing was read before the takeover"
        );
        assert!(laptop.close.try_recv().is_err(), "nobody told the holder to go");

        let mut other_tab = enter(2).expect("the holder again");
        assert_eq!(laptop.close.try_recv(), Ok(CloseCode::OtherTab));
        let _next = enter(3).expect("the next holder");
        assert_eq!(other_tab.close.try_recv(), Ok(CloseCode::TakenOver));
    }
}
