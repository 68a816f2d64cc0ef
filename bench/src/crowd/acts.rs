//! What people do once they are in the room, and what becomes of it.

use wire::limits::REACTIONS_A_FRAME;
use wire::{frame, limits};

use super::fan::State;
use super::pace::Pace;
use super::{Crowd, Owner, Phase, Sent};
use crate::engine::frame::Opcode;
use crate::engine::{Net, Stage};
use crate::heard::{Heard, Kind, Mark, Reply, stamped};

/// One of the house's reactions.
const EMOJI: &str = "\u{1f525}";

/// Messages a second of one who sends too many.
const FLOOD_A_SECOND: f64 = 20.0;

impl Crowd<'_> {
    /// The first fan of each room says what the others are to find; whether all of it is confirmed.
    pub(super) fn prepare(&mut self, net: &mut Net) -> bool {
        let before = u64::from(self.scenario.arrive.before);
        let rooms = self.rooms.len() as u64;
        if self.counts.floods.frames == 0 {
            for number in 0..rooms * before {
                let fan = u32::try_from(number % rooms).unwrap_or(0);
                self.say(
                    net,
                    fan,
                    Mark {
                        kind: Kind::Flood,
                        number,
                    },
                    net.now(),
                );
                self.counts.floods.frames += 1;
            }
        }
        // The server's limits may refuse some of it: what is there is what was confirmed.
        self.counts.floods.unanswered() == 0
    }

    /// Sets all schedules going.
    pub(super) fn start_acting(&mut self, net: &mut Net) {
        let now = net.now();
        let scenario = self.scenario;
        let seconds = f64::from(scenario.seconds);
        let pace = |a_second: f64| Pace::new(now, a_second, seconds);
        self.counts.floods = Sent::default();
        self.counts.frames = 0;
        self.paces.talk = pace(scenario.talk.a_second);
        self.paces.question = pace(scenario.ask.questions_a_second);
        self.paces.vote = pace(scenario.ask.votes_a_second);
        self.paces.flood = pace(f64::from(scenario.misbehave.flooding) * FLOOD_A_SECOND);
        self.paces.tap =
            pace(scenario.react.taps_a_second / f64::from(REACTIONS_A_FRAME)).in_waves(scenario.react.waves);
        self.paces.cut = pace(scenario.reconnect.a_second);
        if scenario.reconnect.all_at > 0.0 {
            let at = Pace::new(now, 1.0 / scenario.reconnect.all_at, 2.0 * scenario.reconnect.all_at).due(1);
            self.paces.cut_all = Pace::all_at_once(at, u64::from(self.unlucky()));
        }
        self.misbehave(net);
        let until = now + u64::from(scenario.seconds) * 1_000_000;
        self.phase = Phase::Acting { until };
    }

    /// Those who did not read begin to.
    pub(super) fn stop_acting(&mut self, net: &mut Net) {
        for number in 0..self.scenario.fans {
            if self.is_slow(number)
                && let Some(id) = self.fans[number as usize].socket
            {
                net.resume(id);
            }
        }
    }

    /// Does what is due.
    pub(super) fn act(&mut self, net: &mut Net) {
        if !matches!(self.phase, Phase::Acting { .. } | Phase::Draining { .. }) {
            return;
        }
        let now = net.now();
        while let Some(number) = self.paces.talk.take(now) {
            let sender = number % u64::from(self.senders());
            self.counts.messages.frames += self.say(
                net,
                to_fan(sender),
                Mark {
                    kind: Kind::Message,
                    number,
                },
                self.paces.talk.due(number),
            );
        }
        while let Some(number) = self.paces.question.take(now) {
            let sender = (number * 7 + 3) % u64::from(self.senders());
            self.counts.questions.frames += self.say(
                net,
                to_fan(sender),
                Mark {
                    kind: Kind::Question,
                    number,
                },
                self.paces.question.due(number),
            );
        }
        while let Some(number) = self.paces.flood.take(now) {
            let flooding = self.scenario.misbehave.flooding;
            let fan = self.scenario.fans - self.scenario.misbehave.slow - 1 - to_fan(number % u64::from(flooding));
            self.counts.floods.frames += self.say(
                net,
                fan,
                Mark {
                    kind: Kind::Flood,
                    number,
                },
                self.paces.flood.due(number),
            );
        }
        while let Some(number) = self.paces.vote.take(now) {
            self.vote(net, number);
        }
        while let Some(number) = self.paces.tap.take(now) {
            self.tap(net, number);
        }
        while let Some(number) = self.paces.cut.take(now) {
            self.cut(net, self.other(number % u64::from(self.unlucky())));
        }
        while let Some(number) = self.paces.cut_all.take(now) {
            self.cut(net, self.other(number % u64::from(self.unlucky())));
        }
    }

    /// Sends a message, stamped with the instant it was due; how many were sent.
    fn say(&mut self, net: &mut Net, fan: u32, mark: Mark, due: u64) -> u64 {
        let send = frame::Send {
            id: mark.id(),
            text: stamped(due, self.scenario.talk.characters as usize),
            question: mark.kind == Kind::Question,
            reply_to: None,
        };
        self.send(net, fan, &serde_json::to_string(&send).unwrap_or_default())
    }

    fn send(&mut self, net: &mut Net, fan: u32, said: &str) -> u64 {
        let fan = &self.fans[fan as usize];
        let Some(id) = fan.socket.filter(|_| fan.state == State::Here) else {
            return 0;
        };
        net.send(id, Opcode::Text, said.as_bytes());
        1
    }

    fn vote(&mut self, net: &mut Net, number: u64) {
        let fan = self.other(number);
        let room = self.room_of(fan);
        let Some(target) = self.rooms[room].question else {
            return;
        };
        let mark = Mark {
            kind: Kind::Vote,
            number,
        };
        let vote = frame::Vote {
            id: Some(mark.id()),
            target,
            on: true,
        };
        self.counts.votes.frames += self.send(net, fan, &serde_json::to_string(&vote).unwrap_or_default());
    }

    fn tap(&mut self, net: &mut Net, number: u64) {
        let fan = self.other(self.tapper(number));
        let room = self.room_of(fan);
        let react = frame::React {
            id: None,
            emoji: EMOJI.to_owned(),
            count: limits::REACTIONS_A_FRAME,
        };
        let sent = self.send(net, fan, &serde_json::to_string(&react).unwrap_or_default());
        self.rooms[room].taps += sent * u64::from(limits::REACTIONS_A_FRAME);
    }

    fn cut(&mut self, net: &mut Net, number: u32) {
        let fan = &mut self.fans[number as usize];
        if fan.state != State::Here {
            return;
        }
        if let Some(id) = fan.socket.take() {
            net.cut(id);
        }
        fan.stayed = false;
        self.counts.cut += 1;
        self.send_away(net, number);
    }

    fn misbehave(&mut self, net: &mut Net) {
        for number in 0..self.scenario.fans {
            let Some(id) = self.fans[number as usize].socket else {
                continue;
            };
            if self.is_slow(number) {
                net.pause(id);
            } else if self.is_garbage(number) {
                net.send(id, Opcode::Text, b"{\"type\":");
            }
        }
        for number in 0..self.scenario.misbehave.half_open {
            let (stage, first) = match number % 2 {
                0 => (Stage::Http, "GET /api/events/room-0/so"),
                _ => (Stage::Upgrading, self.upgrades[0].as_str()),
            };
            if let Ok(id) = net.open(self.address, stage, first.as_bytes()) {
                self.own(id, Owner::Stranger);
                self.counts.strangers += 1;
            }
        }
    }

    /// A fan hears a frame.
    #[inline]
    pub(super) fn listen(&mut self, net: &mut Net, number: u32, bytes: &[u8]) {
        let now = net.now();
        let room = self.room_of(number);
        self.counts.frames += 1;
        let fan = &mut self.fans[number as usize];
        let mut next_frame = fan.checker.next_frame;
        let heard = self.memories[room].recognize(bytes, &mut next_frame);
        if let Some(head) = heard.head
            && fan.state == State::Opening
        {
            // A frame of one's own: it is out of the way here so that the rest can be borrowed.
            let heard = Heard::read(bytes);
            self.welcomed(net, number, head);
            let fan = &mut self.fans[number as usize];
            return fan.checker.hear(&heard, now, &mut self.meter.latency);
        }
        fan.checker.next_frame = next_frame;
        // When who does not read, or was away, gets something says nothing of the server.
        let is_reading = number < self.readers;
        let follows = is_reading && fan.stayed;
        let latency = if is_reading {
            &mut self.meter.latency
        } else {
            &mut self.late
        };
        fan.checker.hear(heard, now, latency);
        if follows {
            for entry in &heard.entries {
                self.rooms[room].wake.arrived(entry.seq, now, &mut self.wakes);
            }
        }
        if !heard.replies.is_empty() || heard.is_garbled {
            let heard = Heard::read(bytes);
            self.counts.garbled += u64::from(heard.is_garbled);
            for (mark, reply) in &heard.replies {
                self.reply(room, *mark, reply, now);
            }
        }
    }

    fn reply(&mut self, room: usize, mark: Option<Mark>, reply: &Reply, now: u64) {
        let Some(mark) = mark else { return };
        let counts = &mut self.counts;
        let sent = match mark.kind {
            Kind::Message => &mut counts.messages,
            Kind::Question => &mut counts.questions,
            Kind::Vote => &mut counts.votes,
            Kind::Flood => &mut counts.floods,
        };
        let seq = match reply {
            Reply::Refused(code) => return *sent.refused.entry(code.clone()).or_default() += 1,
            Reply::Ack(seq) => *seq,
        };
        sent.acked += 1;
        let room = &mut self.rooms[room];
        room.last = room.last.max(seq);
        if mark.kind == Kind::Question {
            room.question = Some(seq);
        }
        if mark.kind == Kind::Message {
            let took = now.saturating_sub(self.paces.talk.due(mark.number));
            self.acks.saturating_record(took.max(1));
            room.wake.acked(seq, now, &mut self.wakes);
        }
    }

    fn senders(&self) -> u32 {
        self.scenario.talk.senders.min(self.scenario.fans).max(1)
    }

    /// People who neither send nor misbehave.
    fn others(&self) -> u32 {
        (self.scenario.fans).saturating_sub(self.senders() + self.scenario.misbehaving())
    }

    fn other(&self, number: u64) -> u32 {
        self.senders() + to_fan(number % u64::from(self.others().max(1)))
    }

    /// How many of the others lose their lines: not those who tap, for a tap that is on its way then is lost.
    fn unlucky(&self) -> u32 {
        let others = self.others().max(1);
        if self.scenario.react.taps_a_second > 0.0 {
            others.div_ceil(2)
        } else {
            others
        }
    }

    /// Who of the others taps.
    fn tapper(&self, number: u64) -> u64 {
        let others = u64::from(self.others().max(1));
        let has_unlucky = self.scenario.loses_lines();
        let first = if has_unlucky {
            u64::from(self.unlucky()) % others
        } else {
            0
        };
        first + number % (others - first)
    }

    pub(super) fn is_slow(&self, fan: u32) -> bool {
        fan >= self.scenario.fans - self.scenario.misbehave.slow
    }

    pub(super) fn is_flooding(&self, fan: u32) -> bool {
        let from_behind = self.scenario.fans - fan - 1;
        let misbehave = &self.scenario.misbehave;
        (misbehave.slow..misbehave.slow + misbehave.flooding).contains(&from_behind)
    }

    pub(super) fn is_garbage(&self, fan: u32) -> bool {
        let from_behind = self.scenario.fans - fan - 1;
        let misbehave = &self.scenario.misbehave;
        (misbehave.slow + misbehave.flooding..self.scenario.misbehaving()).contains(&from_behind)
    }
}

fn to_fan(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
