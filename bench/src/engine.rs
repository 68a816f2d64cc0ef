//! A loop that drives many sockets by hand: one wait for all of them, one read a wake-up into one shared buffer. A
//! delivery allocates nothing.

pub mod frame;
pub mod http;
mod net;
mod timer;

use std::io;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use mio::Events;

use self::frame::Opcode;
use self::http::Answer;
pub use self::net::{Id, Net, Stage};

/// Wake-ups handled between two looks at what is due: reading so many takes about half a millisecond.
const WAKE_UPS: usize = 256;

/// What is read at a time, in bytes, with what was left over from before: more than any frame or answer.
const BUFFER_BYTES: usize = 512 * 1_024;

/// How long the loop naps between two looks at busy sockets. Over loopback whoever writes pays for waking whom it writes
/// to, which over a network nobody does: a server under test is not to wake us with each of its writes.
const NAP: Duration = Duration::from_micros(200);

/// Looks without news after which the loop waits to be woken.
const LOOKS: u32 = 4;

/// What happens at a socket.
#[derive(Debug)]
pub enum Event<'a> {
    /// It speaks WebSocket now.
    Opened,
    /// It was to speak WebSocket, and got this answer instead; it may ask again after so many seconds.
    Declined(u16, Option<u64>),
    /// An answer to a request.
    Answered(Answer<'a>),
    /// A whole text message.
    Text(&'a [u8]),
    /// A whole binary message.
    Binary(&'a [u8]),
    /// The other side ended it, with this code if it said one. The socket is gone.
    Closed(Option<u16>),
}

/// When there is something to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// At this time, in microseconds of [`Net::now`], unless something comes sooner.
    Until(u64),
    /// Never again.
    Done,
}

/// Who uses the sockets.
pub trait App {
    /// Something happened at a socket.
    fn hear(&mut self, net: &mut Net, id: Id, event: Event<'_>);

    /// Does what is due.
    ///
    /// # Errors
    /// Ends the loop.
    fn turn(&mut self, net: &mut Net) -> Result<Turn>;
}

/// Runs until the app is done.
///
/// # Errors
/// The app's own, and when the system does not let it wait.
pub fn run(net: &mut Net, app: &mut impl App) -> Result<()> {
    let mut events = Events::with_capacity(WAKE_UPS);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut looks_in_vain = LOOKS;
    loop {
        let Turn::Until(due) = app.turn(net)? else {
            return Ok(());
        };
        while let Some(id) = net.take_resumed() {
            read(net, app, id, &mut buffer, true);
        }
        let is_busy = looks_in_vain < LOOKS;
        net.wait(&mut events, if is_busy { 0 } else { due })
            .context("cannot wait for sockets")?;
        looks_in_vain = if events.is_empty() { looks_in_vain + 1 } else { 0 };
        handle(net, app, &events, &mut buffer);
        // A full batch has more behind it.
        if looks_in_vain < LOOKS && events.iter().count() < WAKE_UPS {
            nap(due.saturating_sub(net.now()));
        }
    }
}

/// Sleeps, but no longer than these microseconds.
fn nap(most: u64) {
    thread::sleep(NAP.min(Duration::from_micros(most)));
}

fn handle(net: &mut Net, app: &mut impl App, events: &Events, buffer: &mut [u8]) {
    for event in events {
        let Some(id) = net.id(event.token()) else { continue };
        if event.is_writable() && net.flush(id).is_err() {
            lose(net, app, id);
            continue;
        }
        if event.is_readable() || event.is_error() {
            let to_the_end = event.is_read_closed() || event.is_error();
            read(net, app, id, buffer, to_the_end);
        }
    }
}

/// Reads what a socket has. Being woken by edges, a read that fills less than the buffer has emptied it, but for the end.
fn read(net: &mut Net, app: &mut impl App, id: Id, buffer: &mut [u8], to_the_end: bool) {
    loop {
        let Some(held) = net.take_rest(id, buffer) else { return };
        match net.read(id, &mut buffer[held..]) {
            Ok(0) => return lose(net, app, id),
            Ok(count) => {
                digest(net, app, id, &buffer[..held + count]);
                if held + count < buffer.len() && !to_the_end {
                    return;
                }
            }
            Err(error) => {
                net.keep_rest(id, &buffer[..held]);
                match error.kind() {
                    io::ErrorKind::WouldBlock => return,
                    io::ErrorKind::Interrupted => {}
                    _ => return lose(net, app, id),
                }
            }
        }
    }
}

/// Takes the frames or answers that these bytes begin with, and keeps the rest.
fn digest(net: &mut Net, app: &mut impl App, id: Id, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = match net.stage(id) {
            // The app closed it.
            None => return,
            Some(Stage::Open) => digest_frame(net, app, id, rest),
            Some(stage) => digest_answer(net, app, id, stage, rest),
        };
        match taken {
            Some(0) => break,
            Some(length) => rest = &rest[length..],
            None => return lose(net, app, id),
        }
    }
    net.keep_rest(id, rest);
}

/// How many bytes were taken, 0 when the frame is not whole yet, none when the socket is at its end.
#[inline]
fn digest_frame(net: &mut Net, app: &mut impl App, id: Id, bytes: &[u8]) -> Option<usize> {
    let Some(frame) = frame::parse(bytes).ok()? else {
        return Some(0);
    };
    match (frame.opcode, frame.is_last) {
        (Opcode::Text, true) => app.hear(net, id, Event::Text(frame.payload)),
        (Opcode::Binary, true) => app.hear(net, id, Event::Binary(frame.payload)),
        (Opcode::Ping, true) => net.send(id, Opcode::Pong, frame.payload),
        (Opcode::Pong, true) => {}
        (Opcode::Close, true) => {
            net.send(id, Opcode::Close, frame.payload.get(..2).unwrap_or_default());
            let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            net.close(id);
            app.hear(net, id, Event::Closed(code));
        }
        (Opcode::More | Opcode::Text | Opcode::Binary, _) => {
            if let Some((opcode, whole)) = net.join_fragments(id, &frame).ok()? {
                let event = if opcode == Opcode::Text {
                    Event::Text(&whole)
                } else {
                    Event::Binary(&whole)
                };
                app.hear(net, id, event);
            }
        }
        (Opcode::Close | Opcode::Ping | Opcode::Pong, false) => return None,
    }
    Some(frame.length)
}

fn digest_answer(net: &mut Net, app: &mut impl App, id: Id, stage: Stage, bytes: &[u8]) -> Option<usize> {
    let Some(answer) = http::parse(bytes).ok()? else {
        return Some(0);
    };
    let length = answer.length;
    match stage {
        Stage::Upgrading if answer.is_upgrade => {
            net.open_up(id);
            app.hear(net, id, Event::Opened);
        }
        Stage::Upgrading => {
            net.close(id);
            app.hear(net, id, Event::Declined(answer.status, answer.retry_after));
        }
        Stage::Open | Stage::Http => app.hear(net, id, Event::Answered(answer)),
    }
    Some(length)
}

fn lose(net: &mut Net, app: &mut impl App, id: Id) {
    if net.close(id) {
        app.hear(net, id, Event::Closed(None));
    }
}

#[cfg(test)]
mod tests;
