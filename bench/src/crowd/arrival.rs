//! The way in: code, admission, nickname, socket, welcome, history; and the way back after a line broke.

use std::cmp::Reverse;

use wire::Seq;
use wire::frame::Hello;
use wire::http::{AdmissionRequest, NicknameRequest};

use super::fan::{Admitted, Credential, Fan, Room, State, is_newest_page};
use super::gate::{Ask, Job};
use super::{Crowd, Owner, Phase, own};
use crate::check::Checker;
use crate::engine::frame::Opcode;
use crate::engine::http::{self, Answer};
use crate::engine::{Id, Net, Stage};

/// How long a fan waits whose account is not made yet, in microseconds; as much again is jitter.
const ASK_AGAIN: u64 = 200_000;

impl Crowd<'_> {
    /// Lets those in whose time has come.
    pub(super) fn let_in(&mut self, net: &mut Net) {
        let now = net.now();
        let first = if self.phase != Phase::Preparing && self.scenario.arrive.before > 0 {
            u64::from(self.scenario.rooms)
        } else {
            0
        };
        while let Some(number) = self.paces.arrive.take(now) {
            let due = self.paces.arrive.due(number);
            let fan = u32::try_from(first + number).unwrap_or(u32::MAX);
            self.fans[fan as usize].due = due;
            self.ask(fan, Ask::Admission);
        }
        while let Some(Reverse((due, fan))) = self.later.peek().copied().filter(|Reverse((due, _))| *due <= now) {
            self.later.pop();
            let is_back = self.fans[fan as usize].was_here;
            if is_back {
                self.fans[fan as usize].due = due;
            }
            let has_cookie = !self.fans[fan as usize].cookie.is_empty();
            let ask = match (is_back || self.fans[fan as usize].is_named, has_cookie) {
                (true, _) => Ask::Credential,
                (false, true) => Ask::Again,
                (false, false) => Ask::Admission,
            };
            self.ask(fan, ask);
        }
        self.pump(net);
    }

    fn ask(&mut self, fan: u32, ask: Ask) {
        if ask != Ask::History {
            self.fans[fan as usize].state = State::AtTheGate;
        }
        self.gate.push(Job { fan, ask });
    }

    fn pump(&mut self, net: &mut Net) {
        let (fans, rooms, host) = (&self.fans, &self.rooms, &self.host);
        let write = |job: Job| {
            request(
                &fans[job.fan as usize],
                &rooms[job.fan as usize % rooms.len()],
                host,
                job,
            )
        };
        let owners = &mut self.owners;
        // A connection that cannot be opened is tried again with the next turn.
        self.gate.pump(net, write, |id| own(owners, id, Owner::Gate)).ok();
    }

    pub(super) fn gate_closed(&mut self, net: &mut Net, id: Id) {
        if let Some(job) = self.gate.ended(id) {
            self.gate.push(job);
        }
        self.pump(net);
    }

    pub(super) fn answered(&mut self, net: &mut Net, id: Id, answer: &Answer<'_>) {
        let Some(job) = self.gate.answered(id) else { return };
        if answer.status == 200 {
            self.granted(net, job, answer);
        } else {
            *self.counts.declined.entry(answer.status).or_default() += 1;
            let is_busy = matches!(answer.status, 429 | 503);
            let fan = &mut self.fans[job.fan as usize];
            fan.tries += 1;
            fan.retry_after = answer.retry_after;
            if job.ask == Ask::History {
                self.counts.bad_pages += 1;
                self.seat(net, job.fan);
            } else if is_busy && fan.tries < super::TRIES {
                self.ask_again(net, job.fan);
            } else {
                fan.state = State::Gone;
                self.counts.seated += u32::from(!fan.was_here);
            }
        }
        self.pump(net);
    }

    fn granted(&mut self, net: &mut Net, job: Job, answer: &Answer<'_>) {
        let fan = &mut self.fans[job.fan as usize];
        if let Some(cookie) = answer.cookie {
            fan.cookie = cookie.into();
        }
        let token = match job.ask {
            Ask::Admission | Ask::Again => serde_json::from_slice::<Admitted>(answer.body)
                .ok()
                .and_then(|admitted| admitted.credential),
            Ask::Credential => serde_json::from_slice::<Credential>(answer.body).ok(),
            Ask::Nickname => {
                fan.is_named = true;
                return self.knock(net, job.fan);
            }
            Ask::History => return self.take_page(net, job.fan, answer.body),
        };
        let Some(token) = token else {
            return self.ask_again(net, job.fan);
        };
        fan.token = token.token.into();
        if self.needs_a_name(job.fan) && !self.fans[job.fan as usize].is_named {
            self.ask(job.fan, Ask::Nickname);
        } else {
            self.knock(net, job.fan);
        }
    }

    fn needs_a_name(&self, fan: u32) -> bool {
        let first = if self.scenario.arrive.before > 0 {
            self.scenario.rooms
        } else {
            0
        };
        fan < self.scenario.talk.senders.max(first) || self.is_flooding(fan)
    }

    fn ask_again(&mut self, net: &mut Net, fan: u32) {
        self.stay_away(net, fan, ASK_AGAIN);
    }

    fn knock(&mut self, net: &mut Net, fan: u32) {
        self.fans[fan as usize].state = State::Knocking;
        self.knocking.push_back(fan);
        self.open_doors(net);
    }

    /// Opens sockets for those who may have one, as many at a time as is allowed.
    pub(super) fn open_doors(&mut self, net: &mut Net) {
        while self.handshakes < self.scenario.arrive.handshakes
            && let Some(number) = self.knocking.pop_front()
        {
            let upgrade = &self.upgrades[self.room_of(number)];
            let Ok(id) = net.open(self.address, Stage::Upgrading, upgrade.as_bytes()) else {
                self.counts.turned_away += 1;
                self.send_away(net, number);
                continue;
            };
            self.own(id, Owner::Fan(number));
            self.handshakes += 1;
            let fan = &mut self.fans[number as usize];
            fan.state = State::Opening;
            fan.socket = Some(id);
        }
    }

    pub(super) fn greet(&mut self, net: &mut Net, id: Id, number: u32) {
        let fan = &mut self.fans[number as usize];
        let hello = Hello {
            token: std::mem::take(&mut fan.token).into(),
            after: fan.was_here.then(|| fan.checker.last()),
        };
        let hello = serde_json::to_string(&hello).unwrap_or_default();
        net.send(id, Opcode::Text, hello.as_bytes());
    }

    /// The log ended at `head` when the server let a fan in: what follows counts.
    pub(super) fn welcomed(&mut self, net: &mut Net, number: u32, head: Seq) {
        self.handshakes -= 1;
        let now = net.now();
        let fan = &mut self.fans[number as usize];
        fan.state = State::Here;
        fan.tries = 0;
        if fan.was_here {
            self.counts.returned += 1;
            fan.checker.returned(head);
            self.returns.saturating_record(now.saturating_sub(fan.due).max(1));
        } else {
            fan.was_here = true;
            fan.stayed = true;
            fan.checker = Checker::after(head);
            if self.scenario.arrive.history {
                self.ask(number, Ask::History);
                self.pump(net);
            } else {
                self.seat(net, number);
            }
        }
        self.open_doors(net);
    }

    fn take_page(&mut self, net: &mut Net, fan: u32, body: &[u8]) {
        self.counts.pages += 1;
        let room = self.room_of(fan);
        if self.rooms[room].page != body {
            if is_newest_page(body) {
                self.rooms[room].page = body.to_vec();
            } else {
                self.counts.bad_pages += 1;
            }
        }
        self.seat(net, fan);
    }

    fn seat(&mut self, net: &mut Net, fan: u32) {
        self.counts.seated += 1;
        let took = net.now().saturating_sub(self.fans[fan as usize].due);
        self.joins.saturating_record(took.max(1));
    }
}

fn request(fan: &Fan, room: &Room, host: &str, job: Job) -> String {
    let path = |what: &str| format!("/api/events/{}/{what}", room.slug);
    let json = |body: serde_json::Result<String>| body.unwrap_or_default();
    match job.ask {
        Ask::Admission => {
            let request = AdmissionRequest {
                ticket: fan.code.to_string(),
                takeover: false,
            };
            http::with_json(
                "POST",
                host,
                &path("admission"),
                &fan.cookie,
                &json(serde_json::to_string(&request)),
            )
        }
        Ask::Again => http::get(host, &path("admission"), &fan.cookie),
        Ask::Nickname => {
            let nickname = format!("fan {}", job.fan);
            let request = NicknameRequest { nickname };
            http::with_json(
                "PUT",
                host,
                &path("nickname"),
                &fan.cookie,
                &json(serde_json::to_string(&request)),
            )
        }
        Ask::Credential => http::with_json("POST", host, &path("credentials"), &fan.cookie, ""),
        Ask::History => http::get(host, &path("messages?limit=50"), &fan.cookie),
    }
}
