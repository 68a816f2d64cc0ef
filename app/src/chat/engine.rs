//! The chat at work: it does what the session decides, feeds the transcript, and tells the components what to show.
//! The rules are in the plain modules beside this one; here are the socket, the calls, the timers and the signals.

mod link;
mod reading;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::prelude::*;
use wire::frame::RoomState;
use wire::http::Credential;
use wire::{ClientFrame, limits};

use super::announcer::Announcer;
use super::footlights::Footlights;
use super::outbox::Sending;
use super::rows::Row;
use super::session::{Session, Shown};
use super::socket::Socket;
use super::transcript::Transcript;
use super::window::Window;
use crate::clock::SleepWatch;
use crate::visit::Visit;
use crate::{clock, dom};

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
    /// What a screen reader is told of new lines.
    pub told: RwSignal<Vec<String>>,
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
    announcer: RefCell<Announcer>,
    socket: RefCell<Option<Socket>>,
    /// Which socket counts: what belongs to an older one is ignored.
    generation: Cell<u32>,
    /// A credential that came with the admission and opens the first socket.
    credential: RefCell<Option<Credential>>,
    /// What the server said before it closed.
    bye: Cell<Option<u16>>,
    timer: Cell<Option<TimeoutHandle>>,
    sleep: Cell<SleepWatch>,
    fetching: Cell<bool>,
    /// What lies above the first line. The page is told with its rows: it moves them.
    older: Cell<Older>,
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
            announcer: RefCell::default(),
            socket: RefCell::default(),
            generation: Cell::default(),
            credential: RefCell::new(admission.and_then(|admission| admission.credential)),
            bye: Cell::default(),
            timer: Cell::default(),
            sleep: Cell::new(SleepWatch::new(clock::device(), clock::monotonic())),
            fetching: Cell::default(),
            older: Cell::new(Older::Coming),
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
            told: RwSignal::new(Vec::new()),
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
        let step = self.inner(|inner| inner.session.borrow_mut().start(clock::monotonic()));
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

    /// Listens for everything that can wake a sleeping page, and keeps time.
    fn listen(self) {
        clock::every(Duration::from_secs(1), move || self.tick());
        let wake = move || {
            let is_visible = document().visibility_state() == web_sys::VisibilityState::Visible;
            if is_visible {
                self.look_after_sleep();
                self.look_now();
            }
        };
        let online = move || {
            let step = self.inner(|inner| inner.session.borrow_mut().online(clock::monotonic()));
            self.take(step);
            self.show_link();
        };
        let offline = move || {
            self.look_at_network();
            self.show_link();
        };
        for event in ["visibilitychange", "pageshow", "focus"] {
            let listener = window_event_listener_untyped(event, move |_| wake());
            on_cleanup(move || listener.remove());
        }
        let listeners = [
            window_event_listener_untyped("online", move |_| online()),
            window_event_listener_untyped("offline", move |_| offline()),
        ];
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
        let inner = StoredValue::new_local(self.inner.try_get_value().map(|inner| Rc::downgrade(&inner)));
        on_cleanup(move || {
            if let Some(inner) = inner.try_get_value().flatten().as_ref().and_then(Weak::upgrade) {
                inner.stop();
            }
        });
    }

    fn look_at_network(self) {
        let has_network = window().navigator().on_line();
        self.inner(|inner| inner.session.borrow_mut().set_network(has_network));
    }

    /// Treats what was open as dead when the device slept since the last look.
    fn look_after_sleep(self) {
        let step = self.inner(|inner| {
            let now = clock::monotonic();
            let mut watch = inner.sleep.get();
            let slept = watch.slept(clock::device(), now);
            inner.sleep.set(watch);
            slept.then(|| inner.session.borrow_mut().slept(now))
        });
        self.take(step.flatten());
    }

    fn tick(self) {
        self.look_after_sleep();
        let (now, random) = (clock::monotonic(), clock::random());
        let step = self.inner(|inner| inner.session.borrow_mut().tick(now, random));
        self.take(step);
        self.show_link();
        self.tell(now);
        let lights = self.inner(|inner| {
            inner.lights.borrow_mut().pass(now);
            *inner.lights.borrow()
        });
        if let Some(lights) = lights.filter(|lights| self.lights.with_untracked(|shown| !shown.looks_like(lights))) {
            self.lights.set(lights);
        }
        let is_due = self.inner(|inner| {
            let due = inner.transcript.borrow().outbox.next_due();
            inner.session.borrow().is_live() && due.is_some_and(|due| due <= now)
        });
        if is_due == Some(true) {
            self.send_due();
        }
    }

    /// Tells a screen reader what is new, when it is time.
    fn tell(self, now: u64) {
        let told = self.inner(|inner| inner.announcer.borrow_mut().told(now));
        if let Some(told) = told.flatten() {
            self.told.set(told);
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
