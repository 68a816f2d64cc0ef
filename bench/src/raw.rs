//! The cheapest server there is, to measure others by: one thread, one frame, one write a socket in a loop, no queues.
//! What one client says goes to all of them.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::event::{PollFd, PollFlags, poll};
use tungstenite::handshake::derive_accept_key;

use crate::engine::frame::{self, Opcode};

const LISTENER: Token = Token(usize::MAX);
/// As many as a machine of this kind can open at once before a loop comes back to them.
const BACKLOG: i32 = 4_096;
/// More than a client says at once.
const BUFFER_BYTES: usize = 64 * 1_024;

/// Where it listens, and how it sends.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one, which is the first line printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Collect for so many milliseconds and write once; 0 writes each message at once.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    tick: u64,
}

struct Raw {
    poll: Poll,
    clients: Vec<Option<Client>>,
    free: Vec<usize>,
    /// What goes to all: frames of a tick.
    frames: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    is_open: bool,
    /// What came and is not whole yet.
    rest: Vec<u8>,
}

/// Serves until it is killed.
pub fn serve(options: Options) -> Result<()> {
    crate::machine::raise_file_limit()?;
    let (mut raw, listener) = Raw::bind(options.port)?;
    println!("{}", listener.local_addr()?);
    raw.run(&listener, Duration::from_millis(options.tick))
}

impl Raw {
    fn bind(port: u16) -> Result<(Self, TcpListener)> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let raw = Self {
            poll,
            clients: Vec::new(),
            free: Vec::new(),
            frames: Vec::new(),
        };
        Ok((raw, listener))
    }

    fn run(&mut self, listener: &TcpListener, tick: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut due: Option<Instant> = None;
        loop {
            let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error).context("cannot wait"),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(listener)?,
                    Token(place) if event.is_readable() => self.read(place, &mut buffer, tick.is_zero()),
                    Token(_) => {}
                }
            }
            if !self.frames.is_empty() && due.is_none() {
                due = Some(Instant::now() + tick);
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                due = None;
                self.broadcast();
            }
        }
    }

    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot accept"),
            };
            stream.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or_else(|| {
                self.clients.push(None);
                self.clients.len() - 1
            });
            self.poll
                .registry()
                .register(&mut stream, Token(place), Interest::READABLE)?;
            self.clients[place] = Some(Client {
                stream,
                is_open: false,
                rest: Vec::new(),
            });
        }
    }

    fn read(&mut self, place: usize, buffer: &mut [u8], at_once: bool) {
        while let Some(client) = self.clients.get_mut(place).and_then(Option::as_mut) {
            let held = client.rest.len().min(buffer.len());
            buffer[..held].copy_from_slice(&client.rest[..held]);
            match client.stream.read(&mut buffer[held..]) {
                Ok(count) if count > 0 => {
                    client.rest = Vec::new();
                    if self.digest(place, &mut buffer[..held + count], at_once).is_err() {
                        return self.drop_client(place);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return self.drop_client(place),
            }
        }
    }

    fn digest(&mut self, place: usize, bytes: &mut [u8], at_once: bool) -> Result<()> {
        let mut from = 0;
        let is_open = |raw: &Self| raw.clients[place].as_ref().is_some_and(|client| client.is_open);
        if !is_open(self) {
            from = self.shake_hands(place, bytes)?;
        }
        while is_open(self)
            && let Some((opcode, payload)) = frame::unmask(&mut bytes[from..]).ok().context("no frame")?
        {
            let (start, end) = (from + payload.start, from + payload.end);
            from = end;
            match opcode {
                Opcode::Text => frame::write_plain(&mut self.frames, Opcode::Text, &bytes[start..end]),
                Opcode::Close => anyhow::bail!("closed"),
                _ => {}
            }
            if at_once && !self.frames.is_empty() {
                self.broadcast();
            }
        }
        if from < bytes.len()
            && let Some(client) = &mut self.clients[place]
        {
            client.rest = bytes[from..].to_vec();
        }
        Ok(())
    }

    /// How many bytes the request took; 0 while it is not whole.
    fn shake_hands(&mut self, place: usize, bytes: &[u8]) -> Result<usize> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = request.parse(bytes)? else {
            return Ok(0);
        };
        let key = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
        let accept = derive_accept_key(key.context("no WebSocket")?.value);
        let client = self.clients[place].as_mut().context("gone")?;
        client.stream.write_all(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .as_bytes(),
        )?;
        client.is_open = true;
        Ok(length)
    }

    fn broadcast(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        let mut lost = Vec::new();
        for (place, client) in self.clients.iter_mut().enumerate() {
            if let Some(client) = client
                && client.is_open
                && write_all(&mut client.stream, &frames).is_err()
            {
                lost.push(place);
            }
        }
        for place in lost {
            self.drop_client(place);
        }
        self.frames = frames;
        self.frames.clear();
    }

    fn drop_client(&mut self, place: usize) {
        if self.clients[place].take().is_some() {
            self.free.push(place);
        }
    }
}

/// There are no queues: when the buffers on the way are full, everybody waits.
fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        match stream.write(bytes) {
            Ok(count) if count == bytes.len() => return Ok(()),
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(stream, PollFlags::OUT)], None)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tungstenite::Message;

    use super::*;

    fn everybody_hears_all_in_order(tick: Duration) {
        let (mut raw, listener) = Raw::bind(0).unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        // It serves until the test's process ends.
        thread::spawn(move || raw.run(&listener, tick));
        let address = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
        let join = || {
            let stream = std::net::TcpStream::connect(&address).unwrap();
            tungstenite::client(&url, stream).unwrap().0
        };
        let mut clients = [join(), join(), join()];
        let said: Vec<Message> = (0..20).map(|number| Message::text(format!("{number:0>400}"))).collect();
        for message in &said {
            clients[1].send(message.clone()).unwrap();
        }
        for client in &mut clients {
            let heard: Vec<Message> = (0..20).map(|_| client.read().unwrap()).collect();
            assert_eq!(heard, said);
        }
    }

    #[test]
    fn everybody_hears_all_in_order_at_once_and_by_the_tick() {
        everybody_hears_all_in_order(Duration::ZERO);
        everybody_hears_all_in_order(Duration::from_millis(20));
    }
}
