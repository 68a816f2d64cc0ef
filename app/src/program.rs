//! The programs that are made of this page: which one runs, how it fetches the next one, and how it makes way for it.
//!
//! `app` is what comes before the room, `room` has the room as well, and `crew` has the moderators' desk in it. They
//! differ in their [`Program`] alone. Whoever turns out to need more than runs gets the next one, which begins, shows
//! what it has and says so: then the one before takes itself down.

use std::cell::Cell;
use std::time::Duration;

use js_sys::{Function, Promise};
use leptos::mount::UnmountHandle;
use leptos::prelude::*;
use leptos::tachys::view::Mountable;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Event;
use wire::Role;

use crate::desk::{Tools, is_at_stage};
use crate::page::Page;
use crate::part::watch;
use crate::tries::Tries;
use crate::visit::Visit;
use crate::visit::baton::Baton;
use crate::{clock, dom};

/// What a program has beside the way to the room. Plain functions: what nobody names is not in a program.
#[derive(Clone, Copy, Default)]
pub struct Program {
    /// The room.
    pub room: Option<fn() -> AnyView>,
    /// The moderators' desk and the performer's stage.
    pub tools: Option<Tools>,
}

impl Program {
    /// What it says when it shows something; nothing, if no other can have come before it.
    fn word(self) -> Option<&'static str> {
        match self {
            Self { tools: Some(_), .. } => Some(DESK_OPENED),
            Self { room: Some(_), .. } => Some(ROOM_OPENED),
            Self { .. } => None,
        }
    }

    /// The words at which it goes.
    fn goes_at(self) -> &'static [&'static str] {
        match self {
            Self { tools: Some(_), .. } => &[],
            Self { room: Some(_), .. } => &[DESK_OPENED],
            Self { .. } => &[ROOM_OPENED, DESK_OPENED],
        }
    }
}

const ROOM_OPENED: &str = "room-is-open";
const DESK_OPENED: &str = "desk-is-open";

/// A room that takes longer is said to be late.
const ROOM_WITHIN: Duration = Duration::from_secs(30);

/// Who waits for the room waits so long for the desk before the room opens without.
const WORTH_WAITING: Duration = Duration::from_secs(2);

#[wasm_bindgen(js_namespace = frontrow)]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load(name: &str) -> Result<JsValue, JsValue>;
    fn foresee(name: &str);
    fn take() -> Option<String>;
}

/// How far a program is with fetching a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fetching {
    /// It was not asked for.
    #[default]
    No,
    /// It comes, and is waited for.
    Coming,
    /// It takes its time, or is tried again.
    Late,
    /// It is here, and begins with the room.
    Loaded,
    /// It could not be fetched.
    Failed,
}

/// A program that this page may need. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Later {
    name: &'static str,
    /// How far it is.
    pub fetching: RwSignal<Fetching>,
    /// What begins it, once it is loaded.
    begin: StoredValue<Option<Function>, LocalStorage>,
    tries: StoredValue<Tries>,
}

impl Later {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            fetching: RwSignal::new(Fetching::No),
            begin: StoredValue::new_local(None),
            tries: StoredValue::new(Tries::default()),
        }
    }

    /// Fetches it when the page has nothing else to do, for a visitor who does not wait for it yet.
    pub fn foresee(self) {
        foresee(self.name);
    }

    /// Fetches it, unless it is here or on its way.
    pub fn fetch(self) {
        self.fetching.set(match self.fetching.get_untracked() {
            Fetching::No => Fetching::Coming,
            Fetching::Failed => Fetching::Late,
            Fetching::Coming | Fetching::Late | Fetching::Loaded => return,
        });
        spawn_local(async move {
            match load(self.name).await.and_then(JsCast::dyn_into) {
                Ok(begin) => {
                    self.begin.try_set_value(Some(begin));
                    self.fetching.try_set(Fetching::Loaded);
                }
                Err(_) => self.fail(),
            }
        });
    }

    /// Fetches it again, if it failed and the next try is due.
    pub fn fetch_when_due(self) {
        let has_failed = self.fetching.get_untracked() == Fetching::Failed;
        let now = clock::monotonic();
        if has_failed && self.tries.try_update_value(|tries| tries.begin(now)) == Some(true) {
            self.fetch();
        }
    }

    /// There is a network again.
    pub fn hurry(self) {
        self.tries.update_value(Tries::hurry);
        self.fetch_when_due();
    }

    fn fail(self) {
        let (now, random) = (clock::monotonic(), clock::random());
        self.tries.try_update_value(|tries| tries.failed(None, now, random));
        self.fetching.try_set(Fetching::Failed);
    }

    fn grow_late(self) {
        if self.fetching.try_get_untracked() == Some(Fetching::Coming) {
            self.fetching.set(Fetching::Late);
        }
    }

    /// Begins it, with what it is to know. It says when it shows something; `has_begun` is taken back if it fails.
    fn begin(self, baton: Option<String>, has_begun: StoredValue<bool>) {
        let Some(begin) = self.begin.try_update_value(Option::take).flatten() else {
            return;
        };
        spawn_local(async move {
            let running = begin
                .call1(&JsValue::NULL, &baton.into())
                .map(|running| Promise::resolve(&running));
            let is_running = match running {
                Ok(running) => JsFuture::from(running).await.is_ok(),
                Err(_) => false,
            };
            if !is_running {
                has_begun.try_set_value(false);
                self.fail();
            }
        });
    }
}

/// The programs of this page. Copies are the same ones.
#[derive(Clone, Copy)]
pub struct Programs {
    /// The one that runs.
    pub here: Program,
    /// The one with the room.
    pub room: Later,
    /// The one with the room and the desk.
    pub desk: Later,
    /// One of them begins: it alone takes over.
    has_begun: StoredValue<bool>,
}

impl Programs {
    /// Of these, `here` runs.
    pub fn new(here: Program) -> Self {
        Self {
            here,
            room: Later::new("room"),
            desk: Later::new("crew"),
            has_begun: StoredValue::new(false),
        }
    }

    /// Goes on with the visit where the program before was; otherwise with what the server says.
    pub fn enter(self, visit: Visit) {
        match take().and_then(|baton| crate::api::read::<Baton>(&baton)) {
            Some(baton) => {
                if self.here.tools.is_none() && baton.needs_desk() {
                    self.desk.fetch();
                    self.desk.grow_late(); // it was waited for already
                }
                visit.take(baton);
            }
            None => spawn_local(visit.begin()),
        }
    }

    /// Fetches what the visitor needs once the seat is known, and begins it with the room: who still chooses a nickname is
    /// not disturbed.
    pub fn attend(self, visit: Visit) {
        watch(move || {
            if visit.needs_desk() && self.here.tools.is_none() {
                self.desk.fetch();
            } else if visit.admission.with(Option::is_some) && self.here.room.is_none() {
                self.room.fetch();
            }
        });
        watch(move || {
            // For a fan there is no stage.
            let role = visit.admission.with(|seat| seat.as_ref().map(|seat| seat.role));
            if role == Some(Role::Fan) && is_at_stage() {
                dom::set_address(&format!("/e/{}", visit.slug()));
            }
        });
        watch(move || {
            if visit.page.get() == Page::Room
                && let Some(next) = self.next(visit)
            {
                self.follow(next, visit);
            }
        });
    }

    /// The program that the room of this visit is shown by, if it is not this one.
    pub fn next(self, visit: Visit) -> Option<Later> {
        let comes = matches!(self.desk.fetching.get(), Fetching::Coming | Fetching::Loaded);
        if comes && visit.needs_desk() {
            return Some(self.desk);
        }
        self.here.room.is_none().then_some(self.room)
    }

    fn follow(self, next: Later, visit: Visit) {
        match next.fetching.get() {
            Fetching::No => next.fetch(),
            Fetching::Coming => {
                set_timeout(move || self.desk.grow_late(), WORTH_WAITING);
                set_timeout(move || self.room.grow_late(), ROOM_WITHIN);
            }
            // A nickname that is being claimed is waited for: only this program hears whether it was given.
            Fetching::Loaded if visit.claims.get() == 0 => {
                if !self.has_begun.get_value() {
                    self.has_begun.set_value(true);
                    next.begin(self.baton(visit), self.has_begun);
                }
            }
            Fetching::Loaded | Fetching::Late | Fetching::Failed => {}
        }
    }

    /// What the next program is told. A room that was open has used its credential.
    fn baton(self, visit: Visit) -> Option<String> {
        let keeps_credential = self.here.room.is_none();
        serde_json::to_string(&visit.baton(keeps_credential)).ok()
    }

    /// Says that this program shows something.
    pub fn tell_open(self) {
        if let Some(word) = self.here.word()
            && let Ok(event) = Event::new(word)
        {
            let _ = window().dispatch_event(&event);
        }
    }
}

/// Keeps the page: for ever, or until a program with more takes over.
pub fn hold<M: Mountable + 'static>(page: UnmountHandle<M>, here: Program) {
    let page = std::rc::Rc::new(Cell::new(Some(page)));
    for word in here.goes_at() {
        let page = page.clone();
        window_event_listener_untyped(word, move |_| drop(page.take()));
    }
    std::mem::forget(page);
}
