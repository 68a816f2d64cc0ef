//! The chat at work: it does what the session decides, feeds the transcript, and tells the components what to show.
//! The rules are in the plain modules beside this one; here are the socket, the calls, the timers and the signals.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Ack, Refused, RoomState, Welcome};
use wire::http::Credential;
use wire::{ClientFrame, Received, Refusal, ServerFrame, limits};

use super::footlights::Footlights;
use super::outbox::Sending;
use super::rows::{self, Row};
use super::session::{Ending, Session, Shown, Step};
use super::socket::{Said, Socket};
use super::transcript::{Merged, Transcript};
use super::window::Window;
use crate::page::Page;
use crate::visit::Visit;
use crate::{api, clock, dom, format};

/// A credential that expires within this many milliseconds is not worth a try.
const CREDENTIAL_MARGIN: u64 = 5_000;

/// A page of history that came too early is asked for again after this long.
const STALE_RETRY: Duration = Duration::from_secs(1);

/// What lies above the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// Lines that were not asked for.
    More,
    /// Lines that are on their way.
    Coming,
    /// Lines that could not be fetched.
    Failed,
    /// Nothing: the chat began here.
    Start,
}

/// The chat of this visit. Copies are the same chat.
#[derive(Clone, Copy)]
pub struct Chat {
    /// What to say about the connection.
    pub link: RwSignal<Shown>,
    /// The rows in the page.
    pub rows: RwSignal<Vec<Row>>,
    /// What lies above them.
    pub older: RwSignal<Older>,
    /// Lines of others that came while the reader was further up.
    pub unread: RwSignal<usize>,
    /// Whether the reader is at the newest line.
    pub at_end: RwSignal<bool>,
    /// Whether the newest lines are in the page or can be scrolled to.
    pub follows: RwSignal<bool>,
    /// The room's state, once it is known.
    pub room: RwSignal<Option<RoomState>>,
    /// How many people are here.
    pub online: RwSignal<Option<u64>>,
    /// Whether this fan has said something, so that the nickname stays.
    pub has_spoken: RwSignal<bool>,
    /// How bright each second of the last minute was.
    pub lights: RwSignal<Footlights>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

/// How the view takes new rows: it is handed the update and keeps the lines in view where they are.
pub type Painter = Rc<dyn Fn(Box<dyn FnOnce()>)>;

struct Inner {
    visit: Visit,
    session: RefCell<Session>,
    transcript: RefCell<Transcript>,
    window: Cell<Window>,
    lights: RefCell<Footlights>,
    socket: RefCell<Option<Socket>>,
    /// Which socket counts: what belongs to an older one is ignored.
    generation: Cell<u32>,
    /// A credential that came with the admission and opens the first socket.
    credential: RefCell<Option<Credential>>,
    /// What the server said before it closed.
    bye: Cell<Option<u16>>,
    timer: Cell<Option<TimeoutHandle>>,
    fetching: Cell<bool>,
    painting: Cell<bool>,
    /// The state of the outbox that was kept last.
    kept: Cell<u32>,
    painter: RefCell<Option<Painter>>,
    stopped: Cell<bool>,
}

impl Chat {
    /// A chat for a visitor who was let in. It begins at once, and ends with the current owner.
    pub fn new(visit: Visit) -> Self {
        let admission = visit.admission.get_untracked();
        let member = admission.as_ref().and_then(|admission| admission.member.clone());
        let mut transcript = Transcript::new(member.clone());
        if let Some(member) = &member {
            transcript.outbox = visit.kept().outbox(member);
        }
        let inner = Inner {
            visit,
            session: RefCell::new(Session::new(clock::monotonic())),
            transcript: RefCell::new(transcript),
            window: Cell::default(),
            lights: RefCell::default(),
            socket: RefCell::default(),
            generation: Cell::default(),
            credential: RefCell::new(admission.and_then(|admission| admission.credential)),
            bye: Cell::default(),
            timer: Cell::default(),
            fetching: Cell::default(),
            painting: Cell::default(),
            kept: Cell::default(),
            painter: RefCell::default(),
            stopped: Cell::default(),
        };
        let chat = Self {
            link: RwSignal::new(Shown::Quiet),
            rows: RwSignal::new(Vec::new()),
            older: RwSignal::new(Older::Coming),
            unread: RwSignal::new(0),
            at_end: RwSignal::new(true),
            follows: RwSignal::new(true),
            room: RwSignal::new(None),
            online: RwSignal::new(None),
            has_spoken: RwSignal::new(false),
            lights: RwSignal::new(Footlights::default()),
            inner: StoredValue::new_local(Rc::new(inner)),
        };
        chat.listen();
        chat.start();
        chat.paint();
        chat
    }

    /// Begins, or begins again after an ending that the visitor may undo.
    pub fn start(self) {
        let step = self.inner(|inner| inner.session.borrow_mut().start());
        self.take(step);
    }

    /// Ends a wait: the visitor asked for it.
    pub fn look_now(self) {
        let step = self.inner(|inner| inner.session.borrow_mut().woken(clock::monotonic()));
        self.take(step);
    }

    /// Says a line. `false` when too many are on their way already.
    pub fn say(self, text: String) -> bool {
        let added = self.inner(|inner| {
            inner
                .transcript
                .borrow_mut()
                .outbox
                .add(dom::new_id(), text, Sending::Waiting)
        });
        if added == Some(true) {
            self.to_end();
            self.send_due();
        }
        added == Some(true)
    }

    /// Sends a failed line again.
    pub fn retry(self, id: &str) {
        self.inner(|inner| inner.transcript.borrow_mut().outbox.retry(id));
        self.send_due();
    }

    /// Lets go of a failed line.
    pub fn discard(self, id: &str) {
        self.inner(|inner| inner.transcript.borrow_mut().outbox.discard(id));
        self.keep_outbox();
        self.paint();
    }

    /// Gives the engine the view's way of taking new rows.
    pub fn set_painter(self, painter: Painter) {
        self.inner(|inner| inner.painter.replace(Some(painter)));
    }

    /// The reader came to the newest line, or left it.
    pub fn set_at_end(self, at_end: bool) {
        let changed = self.inner(|inner| {
            let mut transcript = inner.transcript.borrow_mut();
            let shows_last = inner.window.get().range(transcript.lines()).end == transcript.lines().len();
            let at_end = at_end && shows_last && transcript.follows();
            if at_end == self.at_end.get_untracked() {
                return false;
            }
            inner.window.set(if at_end {
                Window::AtEnd
            } else {
                inner.window.get().held(transcript.lines())
            });
            transcript.set_at_end(at_end);
            self.at_end.set(at_end);
            true
        });
        if changed == Some(true) {
            self.paint();
        }
    }

    /// Goes to the newest line, wherever the reader is.
    pub fn to_end(self) {
        let rejoins = self.inner(|inner| {
            let mut transcript = inner.transcript.borrow_mut();
            let rejoins = !transcript.follows();
            if rejoins {
                transcript.rejoin();
            }
            transcript.set_at_end(true);
            inner.window.set(Window::AtEnd);
            self.at_end.set(true);
            rejoins
        });
        self.paint();
        if rejoins == Some(true) {
            self.fetch_older();
        }
    }

    /// The reader is near the top of what is in the page: shows what is above it, and fetches more when it must.
    pub fn reach_back(self) {
        let shows_first = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let window = inner.window.get();
            let back = window.back(transcript.lines());
            let shows_first = window.range(transcript.lines()).start == 0;
            if !shows_first {
                inner.window.set(back);
            }
            shows_first
        });
        match shows_first {
            Some(true) if self.older.get_untracked() == Older::More => self.fetch_older(),
            Some(false) => self.paint(),
            _ => {}
        }
    }

    /// The reader is near the bottom of what is in the page.
    pub fn reach_forward(self) {
        let moved = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let before = inner.window.get();
            inner.window.set(before.forward(transcript.lines()));
            before != inner.window.get()
        });
        if moved == Some(true) {
            self.paint();
        }
    }

    /// Fetches the page above the first line, and further ones while they hold nothing new.
    pub fn fetch_older(self) {
        let may = self.inner(|inner| !inner.fetching.replace(true));
        if may != Some(true) {
            return;
        }
        self.older.set(Older::Coming);
        spawn_local(async move {
            let failed = self.fetch_until_extended().await.is_err();
            if self.inner(|inner| inner.fetching.set(false)).is_none() {
                return;
            }
            self.note_older(failed);
            self.paint();
        });
    }

    async fn fetch_until_extended(self) -> api::Answer<()> {
        loop {
            let Some(Some((ask, slug))) = self.inner(|inner| {
                let ask = inner.transcript.borrow().ask();
                ask.map(|ask| (ask, inner.visit.slug()))
            }) else {
                return Ok(());
            };
            let page = api::messages(&slug, ask.before.as_deref()).await?;
            let merged = self.inner(|inner| {
                let mine = page
                    .messages
                    .iter()
                    .any(|message| inner.transcript.borrow().is_mine(message));
                let merged = inner.transcript.borrow_mut().page(&ask, page);
                (merged, mine)
            });
            let Some((merged, mine)) = merged else { return Ok(()) };
            if mine {
                self.has_spoken.set(true);
                self.keep_outbox();
            }
            let goes_on = self.inner(|inner| inner.transcript.borrow().ask().as_ref() != Some(&ask));
            match merged {
                Merged::Known | Merged::Late if goes_on == Some(true) => {}
                Merged::Stale => sleep(STALE_RETRY).await,
                Merged::Extended | Merged::Known | Merged::Late => return Ok(()),
            }
        }
    }

    /// Does what the session decided.
    fn take(self, step: Option<Step>) {
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
                    inner.window.set(Window::AtEnd);
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
        if is_read == Some(false) || self.older.get_untracked() == Older::Failed {
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
    }

    /// Sends what may go now.
    fn send_due(self) {
        self.inner(|inner| {
            if !inner.session.borrow().is_live() {
                return;
            }
            let due = inner.transcript.borrow_mut().outbox.take_due(clock::monotonic());
            for send in due {
                inner.send(&ClientFrame::Send(send));
            }
        });
        self.keep_outbox();
        self.paint();
    }

    fn tick(self) {
        let (now, random) = (clock::monotonic(), clock::random());
        let step = self.inner(|inner| inner.session.borrow_mut().tick(now, random));
        self.take(step);
        self.show_link();
        let lights = self.inner(|inner| {
            inner.lights.borrow_mut().pass(now);
            *inner.lights.borrow()
        });
        if let Some(lights) = lights.filter(|lights| self.lights.with_untracked(|shown| !shown.looks_like(lights))) {
            self.lights.set(lights);
        }
        let is_due = self.inner(|inner| {
            let due = inner.transcript.borrow().outbox.next_due();
            due.is_some_and(|due| due <= now)
        });
        if is_due == Some(true) {
            self.send_due();
        }
    }

    /// Listens for everything that can wake a sleeping page, and keeps time.
    fn listen(self) {
        clock::every(Duration::from_secs(1), move || self.tick());
        let wake = move || {
            let is_visible = document().visibility_state() == web_sys::VisibilityState::Visible;
            if is_visible {
                let step = self.inner(|inner| inner.session.borrow_mut().woken(clock::monotonic()));
                self.take(step);
            }
        };
        let online = move || {
            let step = self.inner(|inner| inner.session.borrow_mut().online(clock::monotonic()));
            self.take(step);
        };
        for event in ["visibilitychange", "pageshow", "focus"] {
            let listener = window_event_listener_untyped(event, move |_| wake());
            on_cleanup(move || listener.remove());
        }
        let listener = window_event_listener_untyped("online", move |_| online());
        on_cleanup(move || listener.remove());
        let inner = StoredValue::new_local(self.inner.try_get_value().map(|inner| Rc::downgrade(&inner)));
        on_cleanup(move || {
            if let Some(inner) = inner.try_get_value().flatten().as_ref().and_then(Weak::upgrade) {
                inner.stop();
            }
        });
    }

    fn show_link(self) {
        let shown = self.inner(|inner| inner.session.borrow().shown(clock::monotonic()));
        if let Some(shown) = shown
            && shown != self.link.get_untracked()
        {
            self.link.set(shown);
        }
    }

    fn note_older(self, failed: bool) {
        let is_whole = self.inner(|inner| inner.transcript.borrow().is_whole()) == Some(true);
        self.older.set(match (is_whole, failed) {
            (true, _) => Older::Start,
            (false, true) => Older::Failed,
            (false, false) => Older::More,
        });
    }

    fn keep_outbox(self) {
        self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let changes = transcript.outbox.changes();
            if let Some(me) = transcript.me()
                && inner.kept.replace(changes) != changes
            {
                inner.visit.kept().keep_outbox(me, &transcript.outbox);
            }
        });
    }

    /// Puts the rows into the page at the next frame, however much changes until then.
    pub fn paint(self) {
        let already = self.inner(|inner| inner.painting.replace(true));
        if already == Some(false) {
            request_animation_frame(move || self.paint_now());
        }
    }

    fn paint_now(self) {
        let painter = self.inner(|inner| {
            inner.painting.set(false);
            inner.painter.borrow().clone()
        });
        let update: Box<dyn FnOnce()> = Box::new(move || self.set_rows());
        match painter {
            Some(Some(painter)) => painter(update),
            Some(None) => update(),
            None => {}
        }
    }

    fn set_rows(self) {
        let Some((rows, unread, follows)) = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let lines = transcript.lines();
            let shown = inner.window.get().range(lines);
            let before = shown.start.checked_sub(1).map(|place| &*lines[place]);
            let is_last = shown.end == lines.len() && transcript.follows();
            let unsent = if is_last { transcript.outbox.unsent() } else { &[] };
            let rows = rows::rows(before, lines.range(shown), unsent, transcript.me(), format::day_number);
            (rows, transcript.unread(), transcript.follows())
        }) else {
            return;
        };
        if self.rows.with_untracked(|old| *old != rows) {
            self.rows.set(rows);
        }
        if unread != self.unread.get_untracked() {
            self.unread.set(unread);
        }
        if follows != self.follows.get_untracked() {
            self.follows.set(follows);
        }
    }

    /// What is inside, while the chat is alive.
    fn inner<T>(self, look: impl FnOnce(&Inner) -> T) -> Option<T> {
        let inner = self.inner.try_get_value()?;
        (!inner.stopped.get()).then(|| look(&inner))
    }
}

impl Inner {
    fn next_generation(&self) -> u32 {
        let next = self.generation.get().wrapping_add(1);
        self.generation.set(next);
        next
    }

    fn send(&self, frame: &ClientFrame) {
        let text = serde_json::to_string(frame).unwrap_or_default();
        debug_assert!(text.len() <= limits::CLIENT_FRAME_BYTES, "the composer bounds its text");
        if let Some(socket) = &*self.socket.borrow() {
            socket.send(&text);
        }
    }

    fn drop_socket(&self) {
        self.next_generation();
        self.socket.take();
        self.transcript.borrow_mut().outbox.connection_lost();
    }

    fn stop(&self) {
        self.stopped.set(true);
        self.drop_socket();
        self.painter.take();
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

async fn sleep(time: Duration) {
    gloo_timers::future::sleep(time).await;
}
