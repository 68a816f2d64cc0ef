//! The chat at work: it does what the session decides, feeds the transcript, and tells the components what to show.
//! The rules are in the plain modules beside this one; here are the socket, the calls, the timers and the signals.

mod errands;
mod feelings;
mod link;
mod moderation;
mod reading;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::prelude::*;
use serde::Serialize;
use wire::frame::RoomState;
use wire::http::Credential;
use wire::{Capability, Role, limits};

use self::errands::{Done, Listener};
use super::announcer::Announcer;
use super::errands::Errands;
use super::feelings::{Feelings, Summary, Taps};
use super::footlights::Footlights;
use super::ids::LineIds;
use super::outbox::{Gate, Sending, Unsent};
use super::pace::{Pace, Wait};
use super::rows::Row;
use super::session::{Session, Shown};
use super::socket::Socket;
use super::transcript::Transcript;
use super::votes::Votes;
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

/// Who had a line sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The fan, just now.
    Fan,
    /// The page, which had kept it until it might go.
    Page,
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
    /// What this member is here, once the server said so. A page whose member becomes something else loads itself again.
    pub role: RwSignal<Option<Role>>,
    /// What this member may do.
    pub capabilities: RwSignal<Vec<Capability>>,
    /// How many people are here.
    pub online: RwSignal<Option<u64>>,
    /// Whether this fan has said something, so that the nickname stays.
    pub has_spoken: RwSignal<bool>,
    /// What this fan has to wait for before the next line.
    pub wait: RwSignal<Option<Wait>>,
    /// Whether a line waits for it that can be taken back.
    pub waiting: RwSignal<bool>,
    /// The nickname that a moderator gave this fan, until the fan has read so.
    pub renamed: RwSignal<Option<String>>,
    /// What a screen reader is told of new lines.
    pub told: RwSignal<Vec<String>>,
    /// How bright each second of the last minute was.
    pub lights: RwSignal<Footlights>,
    /// The event's reactions, and how often each came.
    pub feelings: RwSignal<Feelings>,
    /// How many asked each question.
    pub votes: RwSignal<Votes>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

/// How the view takes new rows: it is handed the update and keeps the lines in view where they are.
pub type Painter = Rc<dyn Fn(Box<dyn FnOnce()>)>;

struct Inner {
    visit: Visit,
    session: RefCell<Session>,
    transcript: RefCell<Transcript>,
    ids: LineIds,
    window: Cell<Window>,
    lights: RefCell<Footlights>,
    announcer: RefCell<Announcer>,
    pace: RefCell<Pace>,
    taps: RefCell<Taps>,
    summary: RefCell<Summary>,
    floats: RefCell<Option<feelings::Floats>>,
    /// Whether lines that came back are being read again, or are about to be.
    returning: Cell<bool>,
    errands: RefCell<Errands<Done>>,
    listeners: RefCell<Vec<(u32, Listener)>>,
    listener_number: Cell<u32>,
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
    paints_soon: Cell<bool>,
    /// When the rows were put into the page last.
    painted: Cell<u64>,
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
        let tombstones = visit
            .event
            .with_untracked(|event| event.as_ref().map(|event| event.tombstones));
        transcript.tombstones = tombstones.unwrap_or_default();
        if let Some(member) = &member {
            transcript.outbox = visit.kept().outbox(member);
        }
        let inner = Inner {
            visit,
            session: RefCell::new(Session::new(clock::monotonic())),
            transcript: RefCell::new(transcript),
            ids: LineIds::new(dom::random()),
            window: Cell::default(),
            lights: RefCell::default(),
            announcer: RefCell::default(),
            pace: RefCell::default(),
            taps: RefCell::default(),
            summary: RefCell::default(),
            floats: RefCell::default(),
            returning: Cell::default(),
            errands: RefCell::default(),
            listeners: RefCell::default(),
            listener_number: Cell::default(),
            socket: RefCell::default(),
            generation: Cell::default(),
            credential: RefCell::new(admission.and_then(|admission| admission.credential)),
            bye: Cell::default(),
            timer: Cell::default(),
            sleep: Cell::new(SleepWatch::new(clock::device(), clock::monotonic())),
            fetching: Cell::default(),
            older: Cell::new(Older::Coming),
            painting: Cell::default(),
            paints_soon: Cell::default(),
            painted: Cell::default(),
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
            role: RwSignal::new(None),
            capabilities: RwSignal::new(Vec::new()),
            online: RwSignal::new(None),
            has_spoken: RwSignal::new(false),
            wait: RwSignal::new(None),
            waiting: RwSignal::new(false),
            renamed: RwSignal::new(None),
            told: RwSignal::new(Vec::new()),
            lights: RwSignal::new(Footlights::default()),
            feelings: RwSignal::new(Feelings::default()),
            votes: RwSignal::new(Votes::default()),
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

    /// Says a line, or asks it as a question to the artist. `false` when too many are on their way already.
    pub fn say(self, text: String, question: bool, by: By) -> bool {
        let added = self.inner(|inner| {
            let id = inner.ids.id(clock::monotonic(), dom::random());
            let mut transcript = inner.transcript.borrow_mut();
            transcript.outbox.add(id, text, question, Sending::Waiting)
        });
        if added == Some(true) {
            if by == By::Fan {
                self.to_end();
            }
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

    /// Gives a line that is not on its way back to the fan.
    fn take_back(self, id: &str) -> Option<Unsent> {
        let line = self.inner(|inner| inner.transcript.borrow_mut().outbox.take_back(id));
        self.keep_outbox();
        self.show_wait();
        self.paint();
        line.flatten()
    }

    /// Holds every line that waits, and puts them back into the draft.
    pub fn hold(self) {
        let waiting: Option<Vec<String>> = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            transcript.outbox.waiting().rev().map(|line| line.id.clone()).collect()
        });
        for id in waiting.iter().flatten() {
            self.edit(id);
        }
    }

    /// Puts a line that is not on its way back into the draft, before what is there.
    pub fn edit(self, id: &str) {
        let Some(Unsent { text, question, .. }) = self.take_back(id) else {
            return;
        };
        self.inner(|inner| {
            if question {
                inner.visit.question.set(true);
            }
            let draft = inner.visit.draft.get_untracked();
            let is_empty = draft.trim().is_empty();
            inner
                .visit
                .write(if is_empty { text } else { format!("{text}\n{draft}") });
        });
    }

    /// Sends what may go now.
    fn send_due(self) {
        self.inner(|inner| {
            if !inner.session.borrow().is_live() {
                return;
            }
            let now = clock::monotonic();
            let gate = inner.gate(now);
            let due = inner.transcript.borrow_mut().outbox.take_due(now, gate);
            for send in due {
                inner.send(&encoded(&send));
            }
        });
        self.keep_outbox();
        self.show_wait();
        self.paint();
    }

    /// Says what this fan has to wait for.
    fn show_wait(self) {
        let shown = self.inner(|inner| {
            let wait = inner.pace.borrow().wait(clock::monotonic());
            let transcript = inner.transcript.borrow();
            (wait, wait.is_some() && transcript.outbox.waiting().next().is_some())
        });
        let Some((wait, waiting)) = shown else { return };
        if wait != self.wait.get_untracked() {
            self.wait.set(wait);
        }
        if waiting != self.waiting.get_untracked() {
            self.waiting.set(waiting);
        }
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
            inner.pace.borrow_mut().slept(slept);
            (slept > 0).then(|| inner.session.borrow_mut().slept(now))
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
        self.give_up_errands(now);
        self.show_wait();
        self.pass_feelings(now);
        let lights = self.inner(|inner| {
            inner.lights.borrow_mut().pass(now);
            *inner.lights.borrow()
        });
        if let Some(lights) = lights.filter(|lights| self.lights.with_untracked(|shown| !shown.looks_like(lights))) {
            self.lights.set(lights);
        }
        let is_due = self.inner(|inner| {
            let due = inner.transcript.borrow().outbox.next_due(inner.gate(now));
            inner.session.borrow().is_live() && due.is_some_and(|due| due <= now)
        });
        if is_due == Some(true) {
            self.send_due();
        }
    }

    /// Tells a screen reader what is new, when it is time.
    fn tell(self, now: u64) {
        let Some((told, is_over)) = self.inner(|inner| {
            let mut announcer = inner.announcer.borrow_mut();
            (announcer.told(now), announcer.is_over(now))
        }) else {
            return;
        };
        match told {
            Some(told) => self.told.set(told),
            // What is hidden later must not be read here.
            None if is_over => self.untell(),
            None => {}
        }
    }

    /// Takes back what was told.
    fn untell(self) {
        if self.told.with_untracked(|told| !told.is_empty()) {
            self.told.set(Vec::new());
        }
    }

    /// Tells nothing more of lines that came before now.
    fn forget_news(self) {
        self.inner(|inner| inner.announcer.borrow_mut().forget());
        self.untell();
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

    /// What may go now.
    fn gate(&self, now: u64) -> Gate {
        let pace = self.pace.borrow();
        match pace.wait(now) {
            Some(_) => Gate::Shut,
            None if pace.is_slow() => Gate::OneByOne,
            None => Gate::Open,
        }
    }

    fn send(&self, frame: &str) {
        debug_assert!(
            frame.len() <= limits::CLIENT_FRAME_BYTES,
            "the composer bounds its text"
        );
        if let Some(socket) = &*self.socket.borrow() {
            socket.send(frame);
        }
    }

    fn drop_socket(&self) {
        self.next_generation();
        self.socket.take();
        self.taps.borrow_mut().forget();
        self.transcript.borrow_mut().outbox.connection_lost();
    }

    fn stop(&self) {
        self.stopped.set(true);
        self.drop_socket();
        self.painter.take();
        self.floats.take();
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

/// A frame as it is sent. Of each kind of frame by itself: all of them in one type would bring the moderators' acts into
/// every page.
fn encoded(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}
