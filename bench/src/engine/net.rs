//! The sockets of the loop.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, SockRef, Socket as Unconnected, Type};

use super::frame::{self, FRAME_BYTES, Frame, NoFrame, Opcode};
use super::timer::Timer;

/// Most that waits to be written at a socket, in bytes: one that does not take more is lost.
const OUT_BYTES: usize = 4 * 1_024 * 1_024;

const TIMER: Token = Token(usize::MAX);

/// A socket; it stays valid, and means nothing any more, when the socket is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    place: u32,
    generation: u32,
}

impl Id {
    /// Its place: that of no other socket for as long as this one is there.
    #[inline]
    pub fn place(self) -> usize {
        self.place as usize
    }
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// HTTP, one request after the other.
    Http,
    /// HTTP, to become a WebSocket.
    Upgrading,
    /// WebSocket.
    Open,
}

struct Socket {
    stream: TcpStream,
    stage: Stage,
    is_connected: bool,
    is_paused: bool,
    /// The beginning of a frame or an answer.
    rest: Vec<u8>,
    /// The beginning of a fragmented message, and what it is.
    fragments: Option<(Opcode, Vec<u8>)>,
    /// What could not be written yet.
    out: Vec<u8>,
}

/// Whether a socket is on its way to being connected.
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

#[derive(Default)]
struct Place {
    generation: u32,
    socket: Option<Socket>,
}

/// All sockets, and the clock.
pub struct Net {
    poll: Poll,
    timer: Timer,
    clock: Instant,
    places: Vec<Place>,
    free: Vec<u32>,
    resumed: Vec<Id>,
    random: SmallRng,
    scratch: Vec<u8>,
    bytes_in: u64,
}

impl Net {
    /// No sockets yet; the clock starts.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        Ok(Self {
            poll,
            timer,
            clock: Instant::now(),
            places: Vec::new(),
            free: Vec::new(),
            resumed: Vec::new(),
            random: SmallRng::from_os_rng(),
            scratch: Vec::new(),
            bytes_in: 0,
        })
    }

    /// Microseconds since the start.
    #[inline]
    pub fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Bytes that were read over all sockets.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in
    }

    /// What is random enough for a load.
    pub fn random(&mut self) -> &mut SmallRng {
        &mut self.random
    }

    /// Connects, and says this first.
    pub fn open(&mut self, to: SocketAddr, stage: Stage, first: &[u8]) -> io::Result<Id> {
        let mut stream = self.connect(to)?;
        // Small frames are said at once.
        stream.set_nodelay(true)?;
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).expect("fewer sockets than a process may open")
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(place as usize), interest)?;
        let seat = &mut self.places[place as usize];
        seat.generation += 1;
        seat.socket = Some(Socket {
            stream,
            stage,
            is_connected: false,
            is_paused: false,
            rest: Vec::new(),
            fragments: None,
            out: first.to_vec(),
        });
        Ok(Id {
            place,
            generation: seat.generation,
        })
    }

    /// Connects from one of this machine's many addresses on loopback: where all come from one, the system spends more
    /// time on finding a free port for each than anybody here on anything else.
    fn connect(&mut self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = Unconnected::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if let SocketAddr::V4(to) = to
            && to.ip().is_loopback()
        {
            let [_, high, middle, low] = self.random.random::<u32>().to_be_bytes();
            let from = Ipv4Addr::new(127, high, middle, low.clamp(1, 254));
            socket.bind(&SockAddr::from(SocketAddr::from((from, 0))))?;
        }
        match socket.connect(&to.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(TcpStream::from_std(socket.into())),
        }
    }

    /// Sends a message, masked.
    pub fn send(&mut self, id: Id, opcode: Opcode, payload: &[u8]) {
        let mut frame = std::mem::take(&mut self.scratch);
        frame.clear();
        frame::write_masked(&mut frame, opcode, payload, &mut self.random);
        self.write(id, &frame);
        self.scratch = frame;
    }

    /// Writes bytes as they are. What goes wrong shows when the socket is read.
    pub fn write(&mut self, id: Id, bytes: &[u8]) {
        let Some(socket) = self.socket(id) else { return };
        let mut written = 0;
        if socket.is_connected && socket.out.is_empty() {
            written = socket.stream.write(bytes).unwrap_or(0);
        }
        if socket.out.len() < OUT_BYTES {
            socket.out.extend_from_slice(&bytes[written..]);
        }
    }

    /// Ends a socket; whether there was one.
    pub fn close(&mut self, id: Id) -> bool {
        let Some(place) = self.places.get_mut(id.place as usize) else {
            return false;
        };
        let is_current = place.generation == id.generation && place.socket.is_some();
        if is_current {
            // Closing the file takes it out of the wait.
            place.socket = None;
            self.free.push(id.place);
        }
        is_current
    }

    /// Ends a socket as a line that breaks: nothing is said, and the port is free at once.
    pub fn cut(&mut self, id: Id) {
        if let Some(socket) = self.socket(id) {
            SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO)).ok();
        }
        self.close(id);
    }

    /// Stops reading: what the server sends fills the buffers on the way.
    pub fn pause(&mut self, id: Id) {
        if let Some(socket) = self.socket(id) {
            socket.is_paused = true;
            SockRef::from(&socket.stream).set_recv_buffer_size(4_096).ok();
        }
    }

    /// Reads again, first what has come meanwhile.
    pub fn resume(&mut self, id: Id) {
        if let Some(socket) = self.socket(id) {
            socket.is_paused = false;
            self.resumed.push(id);
        }
    }

    pub(super) fn take_resumed(&mut self) -> Option<Id> {
        self.resumed.pop()
    }

    pub(super) fn wait(&mut self, events: &mut Events, due: u64) -> io::Result<()> {
        let now = self.now();
        let timeout = if due <= now {
            Some(Duration::ZERO)
        } else {
            self.timer.arm(due, now)?;
            None
        };
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    pub(super) fn id(&mut self, token: Token) -> Option<Id> {
        if token == TIMER {
            self.timer.went_off();
            return None;
        }
        let place = u32::try_from(token.0).ok()?;
        let generation = self.places.get(token.0)?.generation;
        Some(Id { place, generation })
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self, id: Id) -> io::Result<()> {
        let Some(socket) = self.socket(id) else {
            return Ok(());
        };
        socket.is_connected = true;
        while !socket.out.is_empty() {
            match socket.stream.write(&socket.out) {
                Ok(count) => drop(socket.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts what was left over at the beginning of the buffer; none when nothing is read there.
    #[inline]
    pub(super) fn take_rest(&mut self, id: Id, buffer: &mut [u8]) -> Option<usize> {
        let socket = self.socket(id).filter(|socket| !socket.is_paused)?;
        let held = socket.rest.len();
        buffer[..held].copy_from_slice(&socket.rest);
        socket.rest.clear();
        Some(held)
    }

    #[inline]
    pub(super) fn keep_rest(&mut self, id: Id, rest: &[u8]) {
        if !rest.is_empty()
            && let Some(socket) = self.socket(id)
        {
            socket.rest.extend_from_slice(rest);
        }
    }

    #[inline]
    pub(super) fn read(&mut self, id: Id, buffer: &mut [u8]) -> io::Result<usize> {
        let socket = self.socket(id).ok_or(io::ErrorKind::NotConnected)?;
        let count = socket.stream.read(buffer)?;
        self.bytes_in += count as u64;
        Ok(count)
    }

    #[inline]
    pub(super) fn stage(&mut self, id: Id) -> Option<Stage> {
        self.socket(id).map(|socket| socket.stage)
    }

    pub(super) fn open_up(&mut self, id: Id) {
        if let Some(socket) = self.socket(id) {
            socket.stage = Stage::Open;
        }
    }

    /// Puts a fragment to the others, and gives the message when it is whole.
    ///
    /// # Errors
    /// When it does not fit to what came before.
    pub(super) fn join_fragments(&mut self, id: Id, frame: &Frame<'_>) -> Result<Option<(Opcode, Vec<u8>)>, NoFrame> {
        let Some(socket) = self.socket(id) else { return Ok(None) };
        let begins = frame.opcode != Opcode::More;
        if begins == socket.fragments.is_some() {
            return Err(NoFrame);
        }
        let (_, joined) = socket.fragments.get_or_insert_with(|| (frame.opcode, Vec::new()));
        joined.extend_from_slice(frame.payload);
        if joined.len() > FRAME_BYTES {
            return Err(NoFrame);
        }
        Ok(if frame.is_last { socket.fragments.take() } else { None })
    }

    #[inline]
    fn socket(&mut self, id: Id) -> Option<&mut Socket> {
        let place = self.places.get_mut(id.place as usize)?;
        if place.generation == id.generation {
            place.socket.as_mut()
        } else {
            None
        }
    }
}
