//! The fan-out: a few threads, one for each core, that own all connections. Each waits for its connections and for what the
//! rooms bring, and writes a room's frames to all who take them in one go, without waking anybody: what a delivery costs is
//! one write.
//!
//! Rooms take turns: a crowd of thousands is written to a part at a time, and in between everybody else is heard. A small
//! room is one thread's, so that its frames wake no other; a large one is spread over all.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::{io, mem};

use bytes::Bytes;
use mio::{Poll, Token, Waker};
use wire::CloseCode;

use super::turn::Turns;
use crate::room::{Begun, Post, Reader, Rooms, SocketKey, Word};

/// A thread takes its own rooms' connections until it has so many more than the thread with the fewest.
const IMBALANCE: usize = 64;

/// The token of the thread's own waker.
const WAKER: Token = Token(usize::MAX);

/// All threads of the fan-out. Cheap to clone.
#[derive(Clone)]
pub struct FanOut {
    threads: Arc<[Arc<Inbox>]>,
    homes: RandomState,
}

/// What other threads want of one of them. Bounded by what the connections have in flight and the rooms' number.
pub(super) struct Inbox {
    commands: Mutex<Commands>,
    waker: Waker,
    /// Connections that the thread has, or is about to have.
    pub connections: AtomicUsize,
}

#[derive(Default)]
struct Commands {
    waiting: Vec<Command>,
    /// The thread has ended: nothing waits any more.
    is_closed: bool,
}

/// Something for a thread to do.
pub(super) enum Command {
    /// A connection comes: what it has sent already, and the slug of its room.
    Open(TcpStream, Bytes, Arc<str>),
    /// Whether a connection is let in.
    Join(SocketKey, Result<Box<Begun>, CloseCode>),
    /// Something for a connection from its room.
    Word(SocketKey, Word),
    /// There are new frames for this crowd.
    News(usize),
    /// The server stops.
    Finish,
}

impl FanOut {
    /// Starts a thread for each core that this process may use. They end when the rooms are told to shut down and all
    /// connections have gone.
    ///
    /// # Errors
    /// When the system gives no thread, or nothing to wait with.
    pub fn start(rooms: &Rooms) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: Arc<[_]> = (0..cores).map(|core| start(core, rooms)).collect::<io::Result<_>>()?;
        tokio::spawn({
            let (threads, shutdown) = (Arc::clone(&threads), rooms.shutdown().clone());
            async move {
                shutdown.cancelled().await;
                threads.iter().for_each(|inbox| inbox.put(Command::Finish));
            }
        });
        Ok(Self {
            threads,
            homes: RandomState::new(),
        })
    }

    /// Takes over a connection after its handshake, to the room at `slug`; `read` is what it has sent since.
    pub fn open(&self, stream: TcpStream, read: Bytes, slug: Arc<str>) {
        let thread = self.thread_for(&slug);
        thread.connections.fetch_add(1, Ordering::Relaxed);
        thread.put(Command::Open(stream, read, slug));
    }

    fn thread_for(&self, slug: &str) -> &Inbox {
        let load = |thread: &Inbox| thread.connections.load(Ordering::Relaxed);
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        let home = &self.threads[self.homes.hash_one(slug) as usize % self.threads.len()];
        let idlest = self.threads.iter().min_by_key(|thread| load(thread));
        idlest
            .filter(|idlest| load(home) > load(idlest) + IMBALANCE)
            .unwrap_or(home)
    }
}

fn start(core: usize, rooms: &Rooms) -> io::Result<Arc<Inbox>> {
    let poll = Poll::new()?;
    let inbox = Arc::new(Inbox {
        commands: Mutex::default(),
        waker: Waker::new(poll.registry(), WAKER)?,
        connections: AtomicUsize::new(0),
    });
    let turns = Turns::new(poll, Arc::clone(&inbox), rooms.clone());
    let (runtime, tracked) = (tokio::runtime::Handle::current(), rooms.tracked());
    thread::Builder::new().name(format!("fan-out-{core}")).spawn(move || {
        // What a member does goes on in a task of its own.
        let _runtime = runtime.enter();
        let _tracked = tracked;
        let inbox = Arc::clone(turns.inbox());
        // Half of a server is none: whoever supervises it starts it again, and the clients come back.
        if catch_unwind(AssertUnwindSafe(|| turns.run())).is_err() {
            process::abort();
        }
        inbox.close();
    })?;
    Ok(inbox)
}

impl Inbox {
    pub(super) fn put(&self, command: Command) {
        let was_empty = {
            let mut commands = self.commands();
            if commands.is_closed {
                return;
            }
            commands.waiting.push(command);
            commands.waiting.len() == 1
        };
        if was_empty && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "a fan-out thread cannot be woken");
        }
    }

    /// Takes everything, leaving `empty` in its place.
    pub(super) fn take(&self, empty: Vec<Command>) -> Vec<Command> {
        mem::replace(&mut self.commands().waiting, empty)
    }

    /// Nobody takes anything any more.
    fn close(&self) {
        let waiting = {
            let mut commands = self.commands();
            commands.is_closed = true;
            mem::take(&mut commands.waiting)
        };
        drop(waiting);
    }

    fn commands(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post for Inbox {
    fn post(&self, key: SocketKey, word: Word) {
        self.put(Command::Word(key, word));
    }
}

impl Reader for Inbox {
    fn has_news(&self, crowd: usize) {
        self.put(Command::News(crowd));
    }
}
