//! One connection: its bytes in and out, and how far it is on its way from hello to goodbye.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use mio::net::TcpStream;
use wire::frame::{BadFrame, Parsed};
use wire::{ClientFrame, CloseCode, Refusal, Seq};

use super::crowd::Pass;
use crate::room::{Answer, Frame, IN_FLIGHT, Lane, Membership, Position, TooSlow, Word};
use crate::websocket::{self, Ear, Heard, Violation};

/// What may wait to be written to one connection beside the room's frames: all answers that it can be owed, several times.
const OUTBOX_BYTES: usize = 64 * 1_024;

/// What may come for a connection while its membership is being made.
const EARLY_WORDS: usize = 64;

/// What a frame takes there beside its bytes.
const FRAME_OVERHEAD: usize = 128;

/// Messages of one connection that are taken before others have their turn.
const MESSAGES_A_TURN: usize = 64;

/// Frames in one write.
const FRAMES_A_WRITE: usize = 16;

/// A connection.
pub(super) struct Connection {
    stream: TcpStream,
    ear: Ear,
    outbox: Outbox,
    pub stage: Stage,
    /// When it is given up, unless something happens.
    pub deadline: Option<Instant>,
    /// The first time at which the thread looks at that.
    pub timer: Option<Instant>,
    /// The system has more bytes of it, or may have.
    pub is_readable: bool,
    /// It waits for its turn to be read.
    pub is_due: bool,
    /// The system takes no more bytes for it now.
    is_blocked: bool,
}

/// How far a connection is.
pub(super) enum Stage {
    /// Its first frame is to come, for the room at this slug.
    Hello(Arc<str>),
    /// Its membership is being made; this came for it meanwhile.
    Joining(Vec<Word>),
    /// It is in the room.
    In(Seat),
    /// Its last words are on their way.
    Closing,
    /// They were said; what it still sends is read away.
    Leaving,
}

/// A connection's seat in a room, and where it is in the loop's crowd for the room's ring.
pub(super) struct Seat {
    pub membership: Box<Membership>,
    pub lane: Lane,
    /// The crowd.
    pub crowd: usize,
    /// Its index among the crowd's members.
    pub index: usize,
    /// Frames whose answer is still to come.
    in_flight: usize,
    /// The server stops: it closes when nothing is in flight.
    finishes: bool,
}

/// What follows from what was heard or written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    GoOn,
    /// It said hello: the token, and what it holds.
    Join(String, Option<Seq>),
    /// It must be closed.
    Close(CloseCode),
    /// It closed: the last words are in the outbox.
    Closed,
    /// The line is gone.
    Gone,
}

/// Frames that wait to be written.
struct Outbox {
    frames: VecDeque<Frame>,
    /// Bytes of the first one that are written.
    written: usize,
    bytes: usize,
    most: usize,
    /// The ping that is still to be answered.
    pong: Option<Box<[u8]>>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            frames: VecDeque::new(),
            written: 0,
            bytes: 0,
            most: OUTBOX_BYTES,
            pong: None,
        }
    }
}

impl Seat {
    pub(super) fn new(membership: Membership, lane: Lane, crowd: usize, index: usize) -> Self {
        Self {
            membership: Box::new(membership),
            lane,
            crowd,
            index,
            in_flight: 0,
            finishes: false,
        }
    }

    /// The server stops, and it closes when nothing is in flight.
    pub(super) fn finishes(&self) -> bool {
        self.finishes
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream, slug: Arc<str>) -> Self {
        Self {
            stream,
            ear: Ear::default(),
            outbox: Outbox::default(),
            stage: Stage::Hello(slug),
            deadline: None,
            timer: None,
            is_readable: true,
            is_due: false,
            is_blocked: false,
        }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Whether it is read now.
    pub(super) fn may_read(&self) -> bool {
        match &self.stage {
            // Who does not read is not heard.
            Stage::Hello(_) => !self.is_blocked,
            Stage::In(seat) => !self.is_blocked && seat.in_flight < IN_FLIGHT && !seat.finishes,
            Stage::Leaving => true,
            Stage::Joining(_) | Stage::Closing => false,
        }
    }

    /// Reads once, and takes what was said. Whether there may be more to read is noted.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Next {
        match self.stream.read(buffer) {
            Ok(0) => Next::Gone,
            Ok(read) => {
                // A short read took all there was: more will be told.
                self.is_readable = read == buffer.len();
                match self.stage {
                    Stage::Leaving => Next::GoOn,
                    _ => self.hear(&mut buffer[..read]),
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.is_readable = false;
                Next::GoOn
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Next::GoOn,
            Err(_) => Next::Gone,
        }
    }

    /// Takes what these bytes say, and what was left of earlier ones.
    pub(super) fn hear(&mut self, bytes: &mut [u8]) -> Next {
        let Self { ear, outbox, stage, .. } = self;
        let (mut next, mut taken) = (Next::GoOn, 0);
        let heard = ear.hear(bytes, |heard| {
            taken += 1;
            next = match heard {
                Heard::Text(text) => stage.take(text),
                Heard::Ping(payload) => {
                    // The latest is answered, as RFC 6455 (5.5.3) allows: pings that nobody waits for cost nothing.
                    outbox.pong = Some(payload.into());
                    Next::GoOn
                }
                Heard::Close(code) => {
                    outbox.push(websocket::close(code, ""));
                    Next::Closed
                }
            };
            if next == Next::GoOn && stage.takes_more() && taken < MESSAGES_A_TURN {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        match heard {
            Ok(()) => next,
            Err(Violation) => Next::Close(CloseCode::ProtocolViolation),
        }
    }

    /// Takes a word of its room.
    pub(super) fn take_word(&mut self, word: Word) -> Next {
        match (&mut self.stage, word) {
            (Stage::Joining(_) | Stage::In(_), Word::Close(code)) => Next::Close(code),
            (Stage::Joining(early), word) if early.len() < EARLY_WORDS => {
                early.push(word);
                Next::GoOn
            }
            (Stage::Joining(_), _) => Next::Close(CloseCode::TooSlow),
            (Stage::In(_), Word::Answer(Answer::FateUnknown)) => Next::Close(CloseCode::Restarting),
            (Stage::In(seat), Word::Answer(Answer::Say(object))) => {
                seat.in_flight = seat.in_flight.saturating_sub(1);
                let has_finished = seat.finishes && seat.in_flight == 0;
                match self.say(&object) {
                    Next::GoOn if has_finished => Next::Close(CloseCode::Restarting),
                    next => next,
                }
            }
            (Stage::In(_), Word::Answer(Answer::Tell(object))) => self.say(&object),
            (Stage::Hello(_) | Stage::Closing | Stage::Leaving, _) => Next::GoOn,
        }
    }

    fn say(&mut self, object: &str) -> Next {
        self.outbox.push(websocket::text_frame(&format!("[{object}]")));
        if self.outbox.is_full() {
            Next::Close(CloseCode::TooSlow)
        } else {
            Next::GoOn
        }
    }

    /// The server stops: whether it can be closed now, or has to be answered first.
    pub(super) fn finish(&mut self) -> bool {
        match &mut self.stage {
            Stage::In(seat) => {
                seat.finishes = true;
                seat.in_flight == 0
            }
            Stage::Hello(_) | Stage::Joining(_) => true,
            Stage::Closing | Stage::Leaving => false,
        }
    }

    /// Takes its seat in the room. It is told `first`, and what came for it meanwhile.
    pub(super) fn sit_down(&mut self, seat: Seat, first: Vec<Frame>) -> Next {
        let stage = std::mem::replace(&mut self.stage, Stage::In(seat));
        self.outbox.most += first.iter().map(|frame| frame.len() + FRAME_OVERHEAD).sum::<usize>();
        for frame in first {
            self.outbox.push(frame);
        }
        let Stage::Joining(early) = stage else {
            return Next::GoOn;
        };
        let mut words = early.into_iter().map(|word| self.take_word(word));
        words.find(|next| *next != Next::GoOn).unwrap_or(Next::GoOn)
    }

    /// Puts a frame behind those that wait.
    pub(super) fn push(&mut self, frame: Frame) {
        self.outbox.push(frame);
    }

    /// Whether something that it said is still to be taken.
    pub(super) fn has_more(&self) -> bool {
        self.ear.has_more()
    }

    /// Whether something is to be written that the system does not take.
    pub(super) fn is_stuck(&self) -> bool {
        self.is_blocked
    }

    /// How much of what was for it is written: it changes with every byte that the system takes.
    pub(super) fn progress(&self) -> (Option<Position>, usize, usize) {
        let position = match &self.stage {
            Stage::In(seat) => Some(seat.lane.position),
            _ => None,
        };
        (position, self.outbox.bytes, self.outbox.written)
    }

    /// The system takes bytes again.
    pub(super) fn unblock(&mut self) {
        self.is_blocked = false;
    }

    /// Whether its last words were put into the outbox.
    pub(super) fn is_ending(&self) -> bool {
        self.stage.is_ending()
    }

    /// Writes what a fan-out has for it; `frames` is for what it may need beside.
    pub(super) fn deliver(&mut self, pass: &Pass, frames: &mut Vec<Frame>) -> Next {
        let Stage::In(seat) = &self.stage else {
            return Next::GoOn;
        };
        if seat.lane.position < pass.oldest {
            Next::Close(CloseCode::TooSlow)
        } else if self.is_blocked {
            Next::GoOn
        } else if self.outbox.is_empty() && seat.lane.position == pass.from {
            self.write_frames(&pass.frames)
        } else {
            self.write(frames)
        }
    }

    /// Whether all is written that was for it alone.
    pub(super) fn is_written(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Takes no more of what it said.
    pub(super) fn stop_listening(&mut self) {
        self.ear = Ear::default();
        self.outbox.pong = None;
    }

    /// No more will be written.
    pub(super) fn end_writing(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Writes what waits, then the room's frames that it does not have.
    pub(super) fn write(&mut self, frames: &mut Vec<Frame>) -> Next {
        if self.is_blocked {
            return Next::GoOn;
        }
        match self.write_outbox() {
            Ok(true) => {}
            Ok(false) => return Next::GoOn,
            Err(_) => return Next::Gone,
        }
        let Stage::In(seat) = &mut self.stage else {
            return Next::GoOn;
        };
        let next = match seat.lane.ring().read(seat.lane.position, frames) {
            Ok(_) if frames.is_empty() => Next::GoOn,
            Ok(_) => self.write_frames(frames),
            Err(TooSlow) => Next::Close(CloseCode::TooSlow),
        };
        frames.clear();
        next
    }

    /// Writes the room's next frames; nothing else waits.
    fn write_frames(&mut self, frames: &[Frame]) -> Next {
        let Stage::In(seat) = &mut self.stage else {
            return Next::GoOn;
        };
        for some in frames.chunks(FRAMES_A_WRITE) {
            let Ok(mut written) = write(&mut self.stream, some, 0) else {
                return Next::Gone;
            };
            for frame in some {
                if written == 0 {
                    self.is_blocked = true;
                    return Next::GoOn;
                }
                seat.lane.position += 1;
                if written < frame.len() {
                    self.outbox.push(frame.clone());
                    self.outbox.written = written;
                    self.is_blocked = true;
                    return Next::GoOn;
                }
                written -= frame.len();
            }
        }
        Next::GoOn
    }

    /// Whether all of it is written.
    fn write_outbox(&mut self) -> io::Result<bool> {
        if let Some(ping) = self.outbox.pong.take() {
            self.outbox.push(websocket::pong(&ping));
        }
        while !self.outbox.frames.is_empty() {
            let (frames, _) = self.outbox.frames.as_slices();
            let some = &frames[..frames.len().min(FRAMES_A_WRITE)];
            let most: usize = some.iter().map(Frame::len).sum::<usize>() - self.outbox.written;
            let written = write(&mut self.stream, some, self.outbox.written)?;
            self.outbox.note_written(written);
            if written < most {
                self.is_blocked = true;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Writes as much of the frames as the system takes, but for what is written of the first.
fn write(stream: &mut TcpStream, frames: &[Frame], skip: usize) -> io::Result<usize> {
    loop {
        let result = if let [frame] = frames {
            stream.write(&frame[skip..])
        } else {
            let mut slices = [IoSlice::new(&[]); FRAMES_A_WRITE];
            for (slice, frame) in slices.iter_mut().zip(frames) {
                *slice = IoSlice::new(frame);
            }
            slices[0] = IoSlice::new(&frames[0][skip..]);
            stream.write_vectored(&slices[..frames.len()])
        };
        match result {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl Outbox {
    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.pong.is_none()
    }

    fn push(&mut self, frame: Frame) {
        self.bytes += frame.len() + FRAME_OVERHEAD;
        self.frames.push_back(frame);
    }

    fn is_full(&self) -> bool {
        self.bytes > self.most
    }

    fn note_written(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.frames.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.bytes -= first.len() + FRAME_OVERHEAD;
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            // Most connections never wait again: their memory is for others.
            self.frames = VecDeque::new();
        }
    }
}

impl Stage {
    pub(super) fn is_ending(&self) -> bool {
        matches!(self, Self::Closing | Self::Leaving)
    }

    /// Whether another frame can be taken now.
    fn takes_more(&self) -> bool {
        match self {
            Self::Hello(_) => true,
            Self::In(seat) => seat.in_flight < IN_FLIGHT,
            Self::Joining(_) | Self::Closing | Self::Leaving => false,
        }
    }

    /// Takes a text message.
    fn take(&mut self, text: &str) -> Next {
        match self {
            Self::Hello(_) => hello(text),
            Self::In(seat) => match take(&seat.membership, text) {
                Ok(is_answered) => {
                    seat.in_flight += usize::from(is_answered);
                    Next::GoOn
                }
                Err(code) => Next::Close(code),
            },
            Self::Joining(_) | Self::Closing | Self::Leaving => Next::GoOn,
        }
    }
}

fn hello(text: &str) -> Next {
    match ClientFrame::parse(text) {
        Ok(Parsed {
            frame: Ok(ClientFrame::Hello(hello)),
            ..
        }) => Next::Join(hello.token, hello.after),
        _ => Next::Close(CloseCode::ProtocolViolation),
    }
}

/// Takes a client's frame. Whether it gets its one answer: all do, but for reactions that ask for none.
fn take(membership: &Membership, text: &str) -> Result<bool, CloseCode> {
    let Parsed { id, frame } = ClientFrame::parse(text).map_err(|_| CloseCode::ProtocolViolation)?;
    match frame {
        Ok(ClientFrame::Send(send)) => membership.send(send),
        Ok(ClientFrame::Hello(_)) | Err(BadFrame::Hello) => return Err(CloseCode::ProtocolViolation),
        Ok(ClientFrame::Report(report)) => membership.report(report),
        Ok(ClientFrame::Vote(vote)) => membership.vote(vote),
        Ok(ClientFrame::React(react)) => return Ok(membership.react(react)),
        Ok(ClientFrame::Act(act)) => membership.act(act),
        Err(BadFrame::UnknownType) => membership.refuse(id, Refusal::UnknownType),
        Err(BadFrame::Invalid) => membership.refuse(id, Refusal::Invalid),
    }
    Ok(true)
}
