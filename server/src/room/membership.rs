//! A socket's place in a room: what comes from it goes through the rules to the log, and each frame gets one answer.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wire::frame::{Ack, Act, Actor, HeldNotice, React, Refused, Report, Send, Verb, Vote, Welcome};
use wire::moderation::Looking;
use wire::{CloseCode, MemberId, Phase, Refusal, Role, Seq, ServerFrame, limits};

use super::Rooms;
use super::hub::Missed;
use super::limiter::Limiter;
use super::live::Room;
use super::pulse::Tapped;
use super::ring::{Frame, Lane};
use super::rules::{self, Rate, refused};
use crate::auth::codes;
use crate::clock;
use crate::relay::{Doing, Draft, Fate};
use crate::store::{KnownSend, Lease};
use crate::websocket::text_frame;

/// Frames of one socket whose answer is still to come. The socket is not read further until one is answered.
pub const IN_FLIGHT: usize = 32;

/// Something for one socket alone.
#[derive(Debug)]
pub enum Answer {
    /// `ack`, `held` or `refused` to a frame of this socket, encoded.
    Say(String),
    /// Something the member is told that answers no frame of this socket, encoded.
    Tell(String),
    /// Nobody knows whether the message is on disk: the client must come back and send it again.
    FateUnknown,
}

/// What a socket gets from its room beside the frames for all.
#[derive(Debug)]
pub enum Word {
    /// Something to say.
    Answer(Answer),
    /// It must close.
    Close(CloseCode),
}

/// Delivers to sockets.
pub trait Post: std::marker::Send + Sync {
    /// Takes a word to the socket with this key; one that has gone gets none. Must not block.
    fn post(&self, key: SocketKey, word: Word);
}

/// A socket, as its post knows it.
pub type SocketKey = usize;

/// The way to one socket.
#[derive(Clone)]
pub struct Mailbox {
    post: Arc<dyn Post>,
    key: SocketKey,
}

impl Mailbox {
    /// To the socket with this key.
    pub fn new(post: Arc<dyn Post>, key: SocketKey) -> Self {
        Self { post, key }
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.post.post(self.key, Word::Answer(answer));
    }

    pub(super) fn close(&self, code: CloseCode) {
        self.post.post(self.key, Word::Close(code));
    }
}

/// A socket's place in a room. Dropping it leaves.
pub struct Membership {
    pub(super) rooms: Rooms,
    pub(super) room: Arc<Room>,
    pub(super) member: MemberId,
    pub(super) lease: Lease,
    pub(super) role: Role,
    pub(super) nickname: Option<String>,
    pub(super) connection: u64,
    /// The rate of this member's taps, once there is one: taps take no lock that everybody wants.
    pub(super) taps: OnceLock<Arc<Mutex<Limiter>>>,
    pub(super) mailbox: Mailbox,
}

/// Somebody who was let in.
pub struct Joined {
    pub(super) membership: Membership,
    /// What comes after the welcome's head.
    pub(super) lane: Lane,
    pub(super) welcome: Welcome,
    /// Said after the welcome to who is muted.
    pub(super) muted: Option<ServerFrame>,
    /// What a returning client missed up to the welcome's head.
    pub(super) missed: Missed,
}

/// A place, and how its socket begins.
pub struct Begun {
    /// The place.
    pub membership: Membership,
    /// What comes after `first`.
    pub lane: Lane,
    /// The welcome, and what was missed.
    pub first: Vec<Frame>,
}

impl Joined {
    /// Says the welcome.
    pub fn begin(self) -> Begun {
        let mut first = vec![ServerFrame::Welcome(Box::new(self.welcome)).encode()];
        first.extend(self.muted.map(|muted| muted.encode()));
        let mut frames = match self.missed {
            Missed::Frames(frames) => frames,
            Missed::Gap(gap) => {
                first.push(ServerFrame::Gap(gap).encode());
                Vec::new()
            }
        };
        frames.insert(0, text_frame(&format!("[{}]", first.join(","))));
        Begun {
            membership: self.membership,
            lane: self.lane,
            first: frames,
        }
    }
}

/// A frame on its way to the log.
struct Passage {
    /// The client's id.
    id: Option<String>,
    draft: Draft,
    rate: Rate,
    took_share: bool,
}

impl Membership {
    /// Says something.
    pub fn send(&self, send: Send) {
        let doing = rules::say(&send, &self.room.words());
        let rate = Rate::Says(self.rooms.0.limits);
        self.hand_in(Some(send.id), doing, rate);
    }

    /// Tells the moderators about a message.
    pub fn report(&self, report: Report) {
        let doing = rules::report(&report, self.role);
        self.hand_in(report.id, doing, Rate::Reports);
    }

    /// Asks a question too, or no longer.
    pub fn vote(&self, vote: Vote) {
        let doing = rules::vote(&vote, self.role);
        self.hand_in(vote.id, doing, Rate::Votes);
    }

    /// Shows a feeling. Whether an answer comes: taps that are too many are dropped, and only who gave an id is told that
    /// they are on disk.
    pub fn react(&self, react: React) -> bool {
        let React { id, emoji, count } = react;
        match self.tap(&emoji, count) {
            Err(code) => self.refuse(id, code),
            Ok(_) if id.is_none() => return false,
            Ok(Some(round)) => self.answer_when_saved(id, round),
            Ok(None) => self.answer_with(answer_ack(id, None)),
        }
        true
    }

    /// Counts taps, as far as the rate allows, and gives the round of saving that takes them.
    fn tap(&self, emoji: &str, count: u32) -> Result<Option<u64>, Refusal> {
        if !(1..=limits::REACTIONS_A_FRAME).contains(&count) {
            return Err(Refusal::Invalid);
        }
        if self.room.phase(clock::now()) != Phase::Open {
            return Err(Refusal::NotOpen);
        }
        if !self.room.pulse().offers(emoji) {
            return Err(Refusal::UnknownEmoji);
        }
        let counted = self.rate_taps(count);
        self.rooms.metrics().tapped(count, counted);
        if counted == 0 {
            return Ok(None);
        }
        match self.room.tap(emoji, counted) {
            Tapped::Counted { round, .. } => Ok(Some(round)),
            Tapped::Unknown => Err(Refusal::UnknownEmoji),
        }
    }

    /// How many of these taps count.
    fn rate_taps(&self, count: u32) -> u32 {
        let taps = self.taps.get_or_init(|| {
            let mut state = self.room.state();
            Arc::clone(&state.speakers.entry(self.member.clone()).or_default().taps)
        });
        let mut taps = taps.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::steady();
        (0..count)
            .take_while(|_| taps.take(rules::TAP_LIMITS, now).is_ok())
            .fold(0, |counted, _| counted + 1)
    }

    fn answer_when_saved(&self, id: Option<String>, round: u64) {
        let line = self.line();
        let pulse = Arc::clone(self.room.pulse());
        tokio::spawn(async move {
            let is_saved = pulse.saved(round).await;
            line.answer_with(if is_saved {
                answer_ack(id, None)
            } else {
                Answer::FateUnknown
            });
        });
    }

    /// Moderates, or leads the stage.
    pub fn act(&self, act: Act) {
        let mut dice = [0; 8];
        codes::fill_random(&mut dice);
        let doing = rules::act(&act.verb, act.reason.as_deref(), self.role, u64::from_le_bytes(dice));
        match (&doing, &act.verb) {
            (Ok(_), Verb::Look { target }) => self.look(act.id, *target),
            _ => self.hand_in(act.id, doing, Rate::Acts),
        }
    }

    /// Answers a frame that changes nothing.
    pub fn refuse(&self, id: Option<String>, code: Refusal) {
        self.answer_with(answer_refused(&self.rooms, refused(id, code, None)));
    }

    /// Tells the staff at what this moderator looks. Nothing of it is kept.
    fn look(&self, id: Option<String>, target: Option<Seq>) {
        let by = Actor {
            member: self.member.clone(),
            nickname: self.nickname.clone(),
        };
        match self.begin(Rate::Acts, None) {
            Ok(_) => {
                self.room.say_to_staff(&ServerFrame::Looking(Looking { by, target }));
                self.answer_with(answer_ack(id, None));
            }
            Err(wait) => self.answer_with(answer_refused(
                &self.rooms,
                refused(id, Refusal::RateLimited, Some(wait)),
            )),
        }
    }

    fn hand_in(&self, id: Option<String>, doing: Result<Doing, Refusal>, rate: Rate) {
        self.note_seen();
        match self.judge(id, doing, rate) {
            Ok(passage) => self.append(passage),
            // A fan who tries a moderator's tool has sent nothing that could be known.
            Err(refused) if refused.code == Refusal::NotAllowed => {
                self.answer_with(answer_refused(&self.rooms, refused));
            }
            Err(refused) => self.refuse_unless_known(refused),
        }
    }

    /// Applies the rules that need no database.
    fn judge(&self, id: Option<String>, doing: Result<Doing, Refusal>, rate: Rate) -> Result<Passage, Refused> {
        let doing = doing.map_err(|code| refused(id.clone(), code, None))?;
        if self.room.phase(clock::now()) != Phase::Open {
            return Err(refused(id, Refusal::NotOpen, None));
        }
        let took_share = self
            .begin(rate, id.as_ref())
            .map_err(|wait| refused(id.clone(), Refusal::RateLimited, Some(wait)))?;
        let draft = Draft {
            event: self.room.event(),
            member: self.member.clone(),
            epoch: self.lease.epoch,
            // The log may have to commit it twice: an id of our own keeps an act without one from being done twice.
            id: id.clone().or_else(|| Some(codes::random_id())),
            doing,
        };
        Ok(Passage {
            id,
            draft,
            rate,
            took_share,
        })
    }

    fn begin(&self, rate: Rate, id: Option<&String>) -> Result<bool, u64> {
        let mut state = self.room.state();
        let speaker = state.speakers.entry(self.member.clone()).or_default();
        speaker.begin(rate, id, clock::steady())
    }

    /// What is under way is finished even when this socket goes.
    fn append(&self, passage: Passage) {
        let Passage {
            id,
            draft,
            rate,
            took_share,
        } = passage;
        let line = self.line();
        self.rooms.0.relay.append_then(draft, self.role, move |fate| {
            let give_back = took_share && fate.as_ref().is_none_or(costs_nothing);
            if let Some(speaker) = line.room.state().speakers.get_mut(&line.member) {
                speaker.settle(rate, id.as_ref(), give_back);
            }
            let said = match fate {
                Some(fate) => answer_fate(&line.rooms, id, fate),
                None => Answer::FateUnknown,
            };
            line.answer_with(said);
        });
    }

    /// A known id is answered with its first answer before any rule is applied.
    fn refuse_unless_known(&self, refused: Refused) {
        let Some(id) = refused.id.clone() else {
            return self.answer_with(answer_refused(&self.rooms, refused));
        };
        let line = self.line();
        tokio::spawn(async move {
            // One at a time: who hammers waits for others who do, and the joiners' reads pass.
            let shared = &line.rooms.0;
            let _turn = shared.lookups.acquire().await;
            let known = shared.store.known_send(line.room.event(), &line.member, &id).await;
            let said = match known {
                Ok(Some(KnownSend::Committed(seq))) => answer_ack(Some(id), seq),
                Ok(Some(KnownSend::Held)) => answer_held(id),
                Ok(None) => answer_refused(&line.rooms, refused),
                Err(error) => {
                    tracing::error!(%error, "a retry could not be looked up");
                    Answer::FateUnknown
                }
            };
            line.answer_with(said);
        });
    }

    /// The lease's holder is here: who finds the ticket in use is told when it was last heard of.
    pub(super) fn note_seen(&self) {
        self.rooms.0.store.note_seen(self.lease, clock::now());
    }

    fn answer_with(&self, answer: Answer) {
        self.mailbox.answer(answer);
    }

    fn line(&self) -> Line {
        Line {
            rooms: self.rooms.clone(),
            room: Arc::clone(&self.room),
            member: self.member.clone(),
            mailbox: self.mailbox.clone(),
        }
    }
}

/// The way back to a socket, for tasks that outlive it.
struct Line {
    rooms: Rooms,
    room: Arc<Room>,
    member: MemberId,
    mailbox: Mailbox,
}

impl Line {
    fn answer_with(&self, answer: Answer) {
        self.mailbox.answer(answer);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.note_seen();
        self.room.leave(&self.member, self.connection);
    }
}

/// What was there before, and what we could not do: the rate is for what a member says.
fn costs_nothing(fate: &Fate) -> bool {
    match fate {
        Fate::Known(_) => true,
        Fate::Refused(refused) => refused.code == Refusal::Unavailable,
        Fate::Committed(_) | Fate::Held => false,
    }
}

fn answer_fate(rooms: &Rooms, id: Option<String>, fate: Fate) -> Answer {
    match (fate, id) {
        (Fate::Committed(seq) | Fate::Known(seq), id) => answer_ack(id, seq),
        (Fate::Held, Some(id)) => answer_held(id),
        (Fate::Held, None) => Answer::FateUnknown,
        (Fate::Refused(refused), id) => answer_refused(rooms, Refused { id, ..refused }),
    }
}

fn answer_ack(id: Option<String>, seq: Option<Seq>) -> Answer {
    Answer::Say(ServerFrame::Ack(Ack { id, seq }).encode())
}

fn answer_held(id: String) -> Answer {
    Answer::Say(ServerFrame::Held(HeldNotice { id }).encode())
}

fn answer_refused(rooms: &Rooms, refused: Refused) -> Answer {
    rooms.metrics().refused(refused.code);
    Answer::Say(ServerFrame::Refused(refused).encode())
}
