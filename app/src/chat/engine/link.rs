//! The connection's side of the engine: it asks, opens, waits and ends as the session decides, and reads what the socket
//! says.

use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Ack, Refused, RoomState, Welcome};
use wire::{ClientFrame, Received, Refusal, ServerFrame};

use super::{Chat, Older};
use crate::chat::session::{Ending, Step};
use crate::chat::socket::{Said, Socket};
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
            inner.send(&ClientFrame::Hello {
                token: credential.token,
                after,
            });
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
        self.paint();
    }

    fn receive(self, received: Received) {
        match received {
            Received::Known(ServerFrame::Welcome(welcome)) => self.welcomed(*welcome),
            Received::Known(ServerFrame::Message(message)) => {
                self.inner(|inner| {
                    let mut transcript = inner.transcript.borrow_mut();
                    if transcript.is_mine(&message) {
                        self.has_spoken.set(true);
                    }
                    if transcript.is_news(&message)
                        && let Some(body) = &message.body
                    {
                        inner.announcer.borrow_mut().line(&body.nickname, &body.text);
                    }
                    transcript.message(message);
                    inner.lights.borrow_mut().line(clock::monotonic());
                });
                self.keep_outbox();
            }
            Received::Known(ServerFrame::Ack(Ack { id: Some(id), seq })) => {
                self.inner(|inner| inner.transcript.borrow_mut().acked(&id, seq));
                self.has_spoken.set(true);
                self.keep_outbox();
                self.send_due();
            }
            Received::Known(ServerFrame::Refused(Refused {
                id: Some(id),
                code,
                retry_after_ms,
            })) => {
                self.refused(&id, code, retry_after_ms);
            }
            Received::Known(ServerFrame::Presence(presence)) => self.online.set(Some(presence.online)),
            Received::Known(ServerFrame::Room(room)) => self.room_is(room),
            Received::Known(ServerFrame::Gap(gap)) => {
                self.inner(|inner| {
                    inner.transcript.borrow_mut().gap(gap.to);
                    inner.window.set(Window::default());
                });
                self.at_end.set(true);
                self.fetch_older();
            }
            Received::Known(ServerFrame::Bye(bye)) => {
                self.inner(|inner| inner.bye.set(Some(bye.code)));
            }
            Received::Newer(entry) => {
                if let Some(seq) = entry.seq {
                    self.inner(|inner| inner.transcript.borrow_mut().entry(seq));
                }
            }
            Received::Known(ServerFrame::Ack(_) | ServerFrame::Refused(_)) => {}
        }
    }

    fn welcomed(self, welcome: Welcome) {
        let is_read = self.inner(|inner| {
            inner.session.borrow_mut().welcomed(clock::monotonic());
            let mut transcript = inner.transcript.borrow_mut();
            if transcript.me().is_none() {
                transcript.outbox = inner.visit.kept().outbox(&welcome.member);
            }
            transcript.welcome(welcome.member, welcome.head);
            transcript.is_read()
        });
        self.room_is(welcome.room);
        self.show_link();
        self.send_due();
        if is_read == Some(false) || self.is_older(Older::Failed) {
            self.fetch_older();
        }
    }

    fn room_is(self, room: RoomState) {
        self.online.set(Some(room.online));
        self.room.set(Some(room));
    }

    fn refused(self, id: &str, code: Refusal, retry_after_ms: Option<u64>) {
        let visit = self.inner(|inner| {
            let now = clock::monotonic();
            inner
                .transcript
                .borrow_mut()
                .outbox
                .refused(id, code, retry_after_ms, now);
            inner.visit
        });
        if code == Refusal::NicknameMissing
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
