//! One thread of the fan-out: it waits, hears who says something, does what others want, and gives each crowd its turn.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use wire::frame::Bye;
use wire::{CloseCode, Seq, ServerFrame, limits};

use super::connection::{Connection, Next, Seat, Stage};
use super::crowd::Crowd;
use super::fanout::{Command, Inbox};
use crate::room::{Begun, Frame, Mailbox, Post, Reader, Ring, Rooms, SocketKey, Word};
use crate::websocket;

/// Events that are taken at once.
const EVENTS: usize = 1_024;

/// What is read of one connection before others have their turn.
const READ_BYTES: usize = 16 * 1_024;

/// Members of a crowd that are written to before others have their turn: about half a millisecond.
const MEMBERS_A_TURN: usize = 128;

/// Members of all crowds that are written to before everybody is heard again.
const MEMBERS_A_ROUND: usize = 4 * MEMBERS_A_TURN;

/// How long a membership may take to be made: the store has given up long before.
const JOIN_WITHIN: Duration = Duration::from_secs(20);

/// A connection that takes none of what waits for it in this time is closed: its reader is gone or far too slow.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// How long a stopping server waits for the answers to what a connection has sent.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// How long the last words may take to be sent, and again to be read.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Connections that a thread can tell apart at a time: far more than it can open.
const KEYS: usize = 1 << 24;

/// One thread's work.
pub(super) struct Turns {
    poll: Poll,
    inbox: Arc<Inbox>,
    post: Arc<dyn Post>,
    reader: Arc<dyn Reader>,
    rooms: Rooms,
    connections: Slab<(SocketKey, Connection)>,
    /// Raised with every connection: a word for one that has gone is for nobody else.
    generation: usize,
    crowds: Slab<Crowd>,
    /// The crowds by the addresses of their rings.
    by_ring: HashMap<usize, usize>,
    /// Crowds with frames to write, in turn.
    due: VecDeque<usize>,
    /// Connections to read from again.
    readable: VecDeque<SocketKey>,
    /// Connections to write to again.
    writable: Vec<SocketKey>,
    timers: BinaryHeap<Reverse<(Instant, SocketKey)>>,
    buffer: Box<[u8]>,
    frames: Vec<Frame>,
    /// The server stops.
    is_finishing: bool,
}

impl Turns {
    pub(super) fn new(poll: Poll, inbox: Arc<Inbox>, rooms: Rooms) -> Self {
        Self {
            poll,
            post: Arc::clone(&inbox) as Arc<dyn Post>,
            reader: Arc::clone(&inbox) as Arc<dyn Reader>,
            inbox,
            rooms,
            connections: Slab::new(),
            generation: 0,
            crowds: Slab::new(),
            by_ring: HashMap::new(),
            due: VecDeque::new(),
            readable: VecDeque::new(),
            writable: Vec::new(),
            timers: BinaryHeap::new(),
            buffer: vec![0; READ_BYTES].into(),
            frames: Vec::new(),
            is_finishing: false,
        }
    }

    /// What others want of it.
    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Works until the server stops and the last connection has gone.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut commands = Vec::new();
        while !(self.is_finishing && self.connections.is_empty()) {
            match self.poll.poll(&mut events, self.rest()) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => panic!("the connections cannot be waited for: {error}"),
            }
            for event in &events {
                self.take_event(event);
            }
            commands = self.inbox.take(commands);
            for command in commands.drain(..) {
                self.obey(command);
            }
            self.keep_time();
            self.read_again();
            self.write_again();
            self.fan_out();
        }
    }

    /// How long there is nothing to do; `None` is for as long as nothing happens.
    fn rest(&self) -> Option<Duration> {
        if !(self.due.is_empty() && self.readable.is_empty() && self.writable.is_empty()) {
            return Some(Duration::ZERO);
        }
        let Reverse((at, _)) = self.timers.peek()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    fn take_event(&mut self, event: &Event) {
        let Token(key) = event.token();
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let takes_again = event.is_writable() && connection.is_stuck();
        if takes_again {
            connection.unblock();
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            connection.is_readable = true;
            self.read(key);
        }
        if takes_again {
            self.write(key);
            self.resume(key);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open(stream, read, slug) => self.open(stream, &read, slug),
            Command::Join(key, Ok(begun)) => self.seat(key, *begun),
            Command::Join(key, Err(code)) => self.close(key, code),
            Command::Word(key, word) => self.pass_on(key, word),
            Command::News(crowd) => self.note_news(crowd),
            Command::Finish => self.finish(),
        }
    }

    fn open(&mut self, stream: std::net::TcpStream, read: &Bytes, slug: Arc<str>) {
        let entry = self.connections.vacant_entry();
        self.generation += 1;
        let key = self.generation.wrapping_mul(KEYS).wrapping_add(entry.key());
        let mut connection = Connection::new(TcpStream::from_std(stream), slug);
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(connection.stream(), Token(key), both) {
            tracing::error!(%error, "a connection cannot be waited for");
            self.inbox.connections.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        entry.insert((key, connection));
        self.rooms.metrics().socket_opened();
        if self.is_finishing {
            return self.close(key, CloseCode::Restarting);
        }
        self.set_deadline(key, limits::HELLO_WITHIN);
        if !read.is_empty() {
            self.hear(key, &mut read.to_vec());
            self.write_outbox(key);
            self.resume(key);
        }
    }

    /// Reads once. Where there is more, it is due again after the others.
    fn read(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        if connection.is_due || connection.has_more() || !(connection.is_readable && connection.may_read()) {
            return;
        }
        let next = guard(|| connection.read(&mut self.buffer));
        self.follow(key, next);
        self.write_outbox(key);
        self.resume(key);
    }

    fn hear(&mut self, key: SocketKey, bytes: &mut [u8]) {
        if let Some(connection) = find(&mut self.connections, key) {
            let next = guard(|| connection.hear(bytes));
            self.follow(key, next);
        }
    }

    fn read_again(&mut self) {
        for _ in 0..self.readable.len() {
            let Some(key) = self.readable.pop_front() else { return };
            let Some(connection) = find(&mut self.connections, key) else {
                continue;
            };
            connection.is_due = false;
            if connection.has_more() && connection.may_read() {
                self.hear(key, &mut []);
                self.write_outbox(key);
                self.resume(key);
            } else {
                self.read(key);
            }
        }
    }

    /// Has it read in its turn, if there is something and it may be heard.
    fn resume(&mut self, key: SocketKey) {
        if let Some(connection) = find(&mut self.connections, key)
            && !connection.is_due
            && connection.may_read()
            && (connection.is_readable || connection.has_more())
        {
            connection.is_due = true;
            self.readable.push_back(key);
        }
    }

    fn pass_on(&mut self, key: SocketKey, word: Word) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let could_read = connection.may_read();
        let next = connection.take_word(word);
        self.follow(key, next);
        if !could_read {
            self.resume(key);
        }
        self.writable.push(key);
    }

    fn write_again(&mut self) {
        while let Some(key) = self.writable.pop() {
            self.write(key);
        }
    }

    /// Writes what waits for this connection alone.
    fn write_outbox(&mut self, key: SocketKey) {
        if find(&mut self.connections, key).is_some_and(|connection| !connection.is_written()) {
            self.write(key);
        }
    }

    fn write(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let was_stuck = connection.is_stuck();
        let next = connection.write(&mut self.frames);
        self.follow(key, next);
        if !was_stuck {
            self.note_written(key);
        }
    }

    /// Looks whether the system took all of it.
    fn note_written(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let (is_stuck, is_written) = (connection.is_stuck(), connection.is_written());
        match &connection.stage {
            Stage::In(seat) if seat.finishes() => {}
            Stage::In(_) if is_stuck => self.set_deadline(key, WRITE_WITHIN),
            Stage::In(_) => connection.deadline = None,
            Stage::Closing if is_written => self.leave(key),
            _ => {}
        }
    }

    /// Does what follows from what was heard or written.
    fn follow(&mut self, key: SocketKey, next: Next) {
        match next {
            Next::GoOn => {}
            Next::Join(token, after) => self.join(key, token, after),
            Next::Close(code) => self.close(key, code),
            Next::Closed => self.end(key, "gone"),
            Next::Gone => self.remove(key),
        }
    }

    fn join(&mut self, key: SocketKey, token: String, after: Option<Seq>) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let Stage::Hello(slug) = std::mem::replace(&mut connection.stage, Stage::Joining(Vec::new())) else {
            return;
        };
        self.set_deadline(key, JOIN_WITHIN);
        let (rooms, inbox) = (self.rooms.clone(), Arc::clone(&self.inbox));
        let mailbox = Mailbox::new(Arc::clone(&self.post), key);
        self.rooms.track(async move {
            let joined = rooms.join(&slug, &token, after, &mailbox).await;
            inbox.put(Command::Join(key, joined.map(|joined| Box::new(joined.begin()))));
        });
    }

    fn seat(&mut self, key: SocketKey, begun: Begun) {
        let connection = find(&mut self.connections, key);
        let Some(connection) = connection.filter(|connection| matches!(connection.stage, Stage::Joining(_))) else {
            return;
        };
        let Begun {
            membership,
            lane,
            first,
        } = begun;
        let crowd = enter(&mut self.crowds, &mut self.by_ring, &self.reader, lane.ring());
        let members = &mut self.crowds[crowd].members;
        let seat = Seat::new(membership, lane, crowd, members.len());
        members.push(key);
        connection.deadline = None;
        let next = connection.sit_down(seat, first);
        if connection.is_stuck() {
            self.set_deadline(key, WRITE_WITHIN);
        }
        self.follow(key, next);
        self.write(key);
        self.resume(key);
    }

    /// Takes a connection out of its room.
    fn unseat(&mut self, key: SocketKey, stage: Stage) -> Option<Stage> {
        let connection = find(&mut self.connections, key)?;
        let before = std::mem::replace(&mut connection.stage, stage);
        if let Stage::In(seat) = &before {
            self.take_out(seat.crowd, seat.index);
        }
        Some(before)
    }

    fn take_out(&mut self, slot: usize, index: usize) {
        let crowd = &mut self.crowds[slot];
        if let Some((moved, is_missed)) = crowd.remove(index) {
            if let Some(connection) = find(&mut self.connections, moved)
                && let Stage::In(seat) = &mut connection.stage
            {
                seat.index = index;
            }
            if is_missed {
                self.writable.push(moved);
            }
        } else if crowd.members.is_empty() {
            let crowd = self.crowds.remove(slot);
            crowd.ring.remove_reader(&self.reader);
            self.by_ring.remove(&Arc::as_ptr(&crowd.ring).addr());
        }
    }

    /// Says why, and closes.
    fn close(&mut self, key: SocketKey, code: CloseCode) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        if connection.is_ending() {
            return;
        }
        let bye = ServerFrame::Bye(Bye {
            code: code.number(),
            reason: code.reason().to_owned(),
        });
        connection.push(websocket::text_frame(&format!("[{}]", bye.encode())));
        connection.push(websocket::close(Some(code.number()), code.reason()));
        self.end(key, code.reason());
    }

    /// Writes the last words, which are in the outbox.
    fn end(&mut self, key: SocketKey, why: &'static str) {
        let connection = find(&mut self.connections, key);
        let Some(connection) = connection.filter(|connection| !connection.is_ending()) else {
            return;
        };
        connection.stop_listening();
        self.unseat(key, Stage::Closing);
        self.rooms.metrics().socket_closed(why);
        self.set_deadline(key, CLOSE_WITHIN);
        self.write(key);
    }

    /// Reads away what still comes, until the client has read our words or time is up: else its system would drop them.
    fn leave(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        connection.stage = Stage::Leaving;
        if connection.end_writing().is_err() {
            return self.remove(key);
        }
        self.set_deadline(key, CLOSE_WITHIN);
        self.resume(key);
    }

    fn remove(&mut self, key: SocketKey) {
        let Some(before) = self.unseat(key, Stage::Leaving) else {
            return;
        };
        if !before.is_ending() {
            self.rooms.metrics().socket_closed("gone");
        }
        let (_, mut connection) = self.connections.remove(key % KEYS);
        self.inbox.connections.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = self.poll.registry().deregister(connection.stream()) {
            tracing::debug!(%error, "a connection had gone from the system");
        }
    }

    fn finish(&mut self) {
        self.is_finishing = true;
        let keys: Vec<SocketKey> = self.connections.iter().map(|(_, (key, _))| *key).collect();
        for key in keys {
            let Some(connection) = find(&mut self.connections, key) else {
                continue;
            };
            if connection.finish() {
                self.close(key, CloseCode::Restarting);
            } else if !connection.is_ending() {
                self.set_deadline(key, FINISH_WITHIN);
            }
        }
    }

    fn set_deadline(&mut self, key: SocketKey, within: Duration) {
        if let Some(connection) = find(&mut self.connections, key) {
            let at = Instant::now() + within;
            connection.deadline = Some(at);
            if connection.timer.is_none_or(|timer| at < timer) {
                connection.timer = Some(at);
                self.timers.push(Reverse((at, key)));
            }
        }
    }

    fn keep_time(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, key))) = self.timers.peek()
            && at <= now
        {
            self.timers.pop();
            let Some(connection) = find(&mut self.connections, key) else {
                continue;
            };
            if connection.timer == Some(at) {
                connection.timer = None;
            }
            match connection.deadline {
                Some(deadline) if deadline <= now => self.give_up(key),
                Some(deadline) if connection.timer.is_none() => {
                    connection.timer = Some(deadline);
                    self.timers.push(Reverse((deadline, key)));
                }
                _ => {}
            }
        }
    }

    fn give_up(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        match &connection.stage {
            Stage::Hello(_) => self.close(key, CloseCode::ProtocolViolation),
            Stage::In(seat) if seat.finishes() => self.close(key, CloseCode::Restarting),
            Stage::In(_) => self.try_again(key),
            Stage::Joining(_) => self.close(key, CloseCode::Restarting),
            Stage::Closing | Stage::Leaving => self.remove(key),
        }
    }

    /// Closes who took nothing. The system tells of room only when there is much: who took a little is found by trying.
    fn try_again(&mut self, key: SocketKey) {
        let Some(connection) = find(&mut self.connections, key) else {
            return;
        };
        let before = connection.progress();
        connection.unblock();
        self.write(key);
        if let Some(connection) = find(&mut self.connections, key)
            && connection.is_stuck()
            && connection.progress() == before
        {
            self.close(key, CloseCode::TooSlow);
        }
        self.resume(key);
    }

    fn note_news(&mut self, slot: usize) {
        if let Some(crowd) = self.crowds.get_mut(slot)
            && !std::mem::replace(&mut crowd.is_due, true)
        {
            self.due.push_back(slot);
        }
    }

    fn fan_out(&mut self) {
        let mut left = MEMBERS_A_ROUND;
        while left > 0
            && let Some(slot) = self.due.pop_front()
        {
            let served = self.serve(slot);
            left = left.saturating_sub(served.max(1));
            if served == MEMBERS_A_TURN {
                self.due.push_back(slot);
            }
        }
    }

    /// Gives a crowd its turn, and tells how much of it was used: all of it when there is more to do.
    fn serve(&mut self, slot: usize) -> usize {
        for served in 0..MEMBERS_A_TURN {
            // The last one may have gone a moment ago.
            let Some(crowd) = self.crowds.get_mut(slot) else {
                return served;
            };
            if crowd.pass.is_none() && !crowd.begin() {
                crowd.is_due = false;
                return served;
            }
            let Some(pass) = &mut crowd.pass else { return served };
            let Some(&key) = crowd.members.get(pass.next) else {
                crowd.end(&self.reader);
                continue;
            };
            pass.next += 1;
            let Some(connection) = find(&mut self.connections, key) else {
                continue;
            };
            let was_stuck = connection.is_stuck();
            let next = connection.deliver(pass, &mut self.frames);
            if next != Next::GoOn || connection.is_stuck() != was_stuck {
                self.follow(key, next);
                self.note_written(key);
            }
        }
        MEMBERS_A_TURN
    }
}

fn find(connections: &mut Slab<(SocketKey, Connection)>, key: SocketKey) -> Option<&mut Connection> {
    let (present, connection) = connections.get_mut(key % KEYS)?;
    (*present == key).then_some(connection)
}

/// The crowd of a ring.
fn enter(
    crowds: &mut Slab<Crowd>,
    by_ring: &mut HashMap<usize, usize>,
    reader: &Arc<dyn Reader>,
    ring: &Arc<Ring>,
) -> usize {
    *by_ring.entry(Arc::as_ptr(ring).addr()).or_insert_with(|| {
        let entry = crowds.vacant_entry();
        let slot = entry.key();
        let done = ring.add_reader(Arc::clone(reader), slot);
        entry.insert(Crowd::new(Arc::clone(ring), done));
        slot
    })
}

/// One connection's trouble is not the others'.
fn guard(work: impl FnOnce() -> Next) -> Next {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("a connection's frame could not be taken");
        Next::Close(CloseCode::Restarting)
    })
}
