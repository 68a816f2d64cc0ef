//! The connection's side of the engine: it asks, opens, waits and ends as the session decides, and reads what the socket
//! says.

use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Ack, Hello, Refused, RoomState, Welcome};
use wire::{Received, Refusal, Seq, ServerFrame};

use super::{Chat, Older, encoded};
use crate::chat::errands::NotDone;
use crate::chat::refusal::reason;
use crate::chat::session::{Ending, Step};
use crate::chat::socket::{Said, Socket};
use crate::chat::votes::Votes;
use crate::chat::window::Window;
use crate::page::Page;
use crate::{api, clock};

/// A credential that expires within this many milliseconds is not worth a try.
const CREDENTIAL_MARGIN: u64 = 5_000;

impl Chat {
    /// Does what the session decided.
    pub(super) fn take(self, step: Option<Step>) {
        match step {
            None | Some(Step::Nothing) => return,
            Some(Step::Ask) => self.ask(),
            Some(Step::Open) => self.open(),
            Some(Step::Wait(wait)) => self.wait(wait),
            Some(Step::End(ending)) => self.end(ending),
        }
        self.show_link();
    }

    /// Asks for a credential, unless a fresh one is here.
    fn ask(self) {
        let Some((generation, fresh, slug)) = self.inner(|inner| {
            let fresh = inner.credential.take();
            let now = inner.visit.now();
            let is_fresh = fresh.is_some_and(|credential| {
                let is_fresh = credential.expires_at > now + CREDENTIAL_MARGIN;
                if is_fresh {
                    inner.credential.replace(Some(credential));
                }
                is_fresh
            });
            (inner.next_generation(), is_fresh, inner.visit.slug())
        }) else {
            return;
        };
        if fresh {
            self.credential_is_here();
            return;
        }
        spawn_local(async move {
            let answer = api::credential(&slug).await;
            if self.inner(|inner| inner.generation.get()) != Some(generation) {
                return;
            }
            match answer {
                Ok(credential) => {
                    self.inner(|inner| inner.credential.replace(Some(credential)));
                    self.credential_is_here();
                }
                Err(trouble) => {
                    let (now, random) = (clock::monotonic(), clock::random());
                    let step =
                        self.inner(|inner| inner.session.borrow_mut().no_credential(trouble.problem(), now, random));
                    self.take(step);
                }
            }
        });
    }

    fn credential_is_here(self) {
        let step = self.inner(|inner| inner.session.borrow_mut().credential(clock::monotonic()));
        self.take(step);
    }

    fn open(self) {
        let opened = self.inner(|inner| {
            let generation = inner.next_generation();
            let listener = move |said| {
                if self.inner(|inner| inner.generation.get()) == Some(generation) {
                    self.hear(said);
                }
            };
            let path = inner
                .credential
                .borrow()
                .as_ref()
                .map(|credential| credential.socket.clone());
            let socket = Socket::open(&path.unwrap_or_default(), Rc::new(listener)).ok();
            inner.bye.set(None);
            let opened = socket.is_some();
            inner.socket.replace(socket);
            opened
        });
        if opened == Some(false) {
            self.lost(1006);
        }
    }

    fn wait(self, wait: Duration) {
        self.look_at_network();
        let timer = set_timeout_with_handle(move || self.tick(), wait).ok();
        self.inner(|inner| {
            inner.drop_socket();
            if let Some(old) = inner.timer.replace(timer) {
                old.clear();
            }
        });
        self.paint();
    }

    fn end(self, ending: Ending) {
        let visit = self.inner(|inner| {
            inner.drop_socket();
            inner.visit
        });
        self.forget_news();
        self.paint();
        let Some(visit) = visit else { return };
        match ending {
            Ending::SeatLost => visit.seat_lost(),
            Ending::EventOver => visit.page.set(Page::Over),
            Ending::Revoked => visit.page.set(Page::Revoked),
            Ending::Banned | Ending::OtherTab | Ending::ChatOff | Ending::Misunderstood => {}
        }
    }

    fn hear(self, said: Said) {
        match said {
            Said::Opened => self.greet(),
            Said::Text(text) => self.read(&text),
            Said::Closed(code) => self.lost(code),
        }
    }

    fn greet(self) {
        self.inner(|inner| {
            let Some(credential) = inner.credential.take() else {
                return;
            };
            let after = inner.transcript.borrow().after();
            let token = credential.token;
            inner.send(&encoded(&Hello { token, after }));
        });
    }

    fn lost(self, code: u16) {
        let (now, random) = (clock::monotonic(), clock::random());
        let step = self.inner(|inner| {
            // What the server said counts for more than what became of the close frame on its way.
            let code = inner.bye.take().unwrap_or(code);
            inner.session.borrow_mut().closed(code, now, random)
        });
        self.take(step);
    }

    fn read(self, text: &str) {
        self.inner(|inner| inner.session.borrow_mut().heard(clock::monotonic()));
        let Ok(received) = Received::read(text) else { return };
        for received in received {
            self.receive(received);
        }
        self.tell(clock::monotonic());
        self.paint_soon();
    }

    fn receive(self, received: Received) {
        match received {
            Received::Other(_) => self.other(&received),
            Received::Known(ServerFrame::Welcome(welcome)) => self.welcomed(*welcome),
            Received::Known(ServerFrame::Message(message)) => {
                let is_mine = self.inner(|inner| inner.transcript.borrow().is_mine(&message));
                if is_mine == Some(true) {
                    self.has_spoken.set(true);
                    if let Some(body) = &message.body {
                        self.answered(&body.id);
                    }
                }
                self.inner(|inner| {
                    let mut transcript = inner.transcript.borrow_mut();
                    if transcript.is_news(&message)
                        && let Some(body) = &message.body
                    {
                        inner
                            .announcer
                            .borrow_mut()
                            .line(message.seq, &body.nickname, &body.text);
                    }
                    transcript.message(message);
                    inner.lights.borrow_mut().line(clock::monotonic());
                });
                self.keep_outbox();
            }
            Received::Known(ServerFrame::Ack(Ack { id: Some(id), seq })) => self.acked(&id, seq),
            Received::Known(ServerFrame::Refused(refused)) => self.refused(&refused),
            Received::Known(ServerFrame::Presence(presence)) => self.online.set(Some(presence.online)),
            Received::Known(ServerFrame::Room(room)) => self.room_is(*room),
            Received::Known(ServerFrame::Gap(gap)) => {
                self.inner(|inner| {
                    inner.transcript.borrow_mut().gap(gap.to);
                    inner.window.set(Window::default());
                });
                self.at_end.set(true);
                self.votes.update(Votes::forget_old);
                self.forget_news();
                self.fetch_older();
            }
            Received::Known(ServerFrame::Bye(bye)) => {
                self.inner(|inner| inner.bye.set(Some(bye.code)));
            }
            Received::Known(ServerFrame::Held(notice)) => self.held(&notice.id),
            Received::Known(ServerFrame::Muted(muted)) => self.muted(muted.left_ms),
            Received::Known(ServerFrame::Control(ref control)) => {
                self.moderated((**control).clone());
                self.tell_staff(&received);
            }
            Received::Known(ServerFrame::Votes(ref votes)) => {
                self.votes.update(|known| known.told(&votes.counts));
                self.tell_staff(&received);
            }
            Received::Known(ServerFrame::Reactions(ref reactions)) => {
                self.felt(reactions.clone());
                self.tell_staff(&received);
            }
            Received::Known(_) => {}
        }
    }

    /// What only the staff can read, or nobody yet.
    fn other(self, received: &Received) {
        if let Some(seq) = received.seq() {
            self.inner(|inner| inner.transcript.borrow_mut().entry(seq));
        }
        self.tell_staff(received);
    }

    fn acked(self, id: &str, seq: Option<Seq>) {
        if self.errand_ended(id, Ok(seq)) {
            return;
        }
        if let Some(seq) = seq {
            self.answered(id);
            self.inner(|inner| inner.transcript.borrow_mut().acked(id, seq));
            self.has_spoken.set(true);
            self.keep_outbox();
            self.send_due();
        }
    }

    fn welcomed(self, welcome: Welcome) {
        if self.role.get_untracked().is_some_and(|role| role != welcome.role) {
            // What the other role held must be gone, and what it was shown: nothing of it outlives a reload.
            let _ = location().reload();
            return;
        }
        self.role.set(Some(welcome.role));
        self.capabilities.set(welcome.capabilities);
        let is_staff = welcome.role.is_staff();
        let is_read = self.inner(|inner| {
            inner.session.borrow_mut().welcomed(clock::monotonic());
            let mut pace = inner.pace.borrow_mut();
            pace.is_exempt = is_staff;
            // A mute that goes on is said again.
            pace.muted(0, clock::monotonic());
            let mut transcript = inner.transcript.borrow_mut();
            transcript.keeps_hidden = is_staff;
            if transcript.me().is_none() {
                transcript.outbox = inner.visit.kept().outbox(&welcome.member);
            }
            transcript.welcome(welcome.member, welcome.head);
            transcript.is_read()
        });
        if self.inner(|inner| inner.transcript.borrow().returning().is_some()) == Some(true) {
            self.read_again();
        }
        self.votes.update(|votes| votes.welcomed(&welcome.votes, welcome.voted));
        self.feelings.update(crate::chat::feelings::Feelings::forget_own);
        self.room_is(welcome.room);
        self.show_link();
        self.inner(super::Inner::send_errands);
        self.send_due();
        if is_read == Some(false) || self.is_older(Older::Failed) {
            self.fetch_older();
        }
    }

    fn room_is(self, room: RoomState) {
        self.inner(|inner| {
            inner
                .pace
                .borrow_mut()
                .room(room.slow_seconds, room.paused, clock::monotonic());
        });
        self.show_wait();
        self.feels(&room);
        self.online.set(Some(room.online));
        self.room.set(Some(room));
    }

    fn refused(self, refused: &Refused) {
        let Some(id) = refused.id.clone() else { return };
        if self.errand_ended(&id, Err(NotDone::Refused(refused.clone()))) {
            return;
        }
        let visit = self.inner(|inner| {
            let now = clock::monotonic();
            inner.pace.borrow_mut().refused(refused, now);
            let mut transcript = inner.transcript.borrow_mut();
            transcript.outbox.refused(refused, now);
            if let Some((refusal, detail)) = transcript.outbox.failure(&id) {
                let why = detail.unwrap_or_else(|| reason(refusal).trim_start());
                inner
                    .announcer
                    .borrow_mut()
                    .say(format!("Your line was not sent. {why}"));
            }
            inner.visit
        });
        if refused.code == Refusal::NicknameMissing
            && let Some(visit) = visit
        {
            visit.nickname.set(None);
        }
        self.keep_outbox();
        // What stood behind a line that failed may go now.
        self.send_due();
    }

    pub(super) fn show_link(self) {
        let shown = self.inner(|inner| inner.session.borrow().shown(clock::monotonic()));
        if let Some(shown) = shown
            && shown != self.link.get_untracked()
        {
            self.link.set(shown);
        }
    }
}
