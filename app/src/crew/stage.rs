//! The performer's view: read from two metres, between two songs. Its rules are in plain modules; what its parts share is
//! here.

mod awake;
mod course;
mod doing;
mod feel_view;
mod fit;
mod head_view;
mod keys;
mod lines_view;
mod meter;
mod queue_view;
mod rota;
mod say_view;
mod sheet;
mod spot_view;

use std::time::Duration;

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};
use wire::stage::QuestionState;
use wire::{Received, Seq, ServerFrame};

use self::course::Course;
use self::doing::Done;
use self::feel_view::Feel;
use self::head_view::Head;
use self::keys::Place;
use self::lines_view::Lines;
use self::meter::{Evening, Meter};
use self::queue_view::Queue;
use self::rota::Rota;
use self::say_view::Say;
use self::sheet::Sheet;
use self::spot_view::Spot;
use crate::chat::Chat;
use crate::chat::rows::Row;
use crate::chat::session::Shown;
use crate::crew::asked::Order;
use crate::crew::{Loaded, calls};
use crate::visit::Visit;
use crate::{clock, dom, storage};

/// Lines of the room that are shown at a time.
const PLACES: usize = 3;

/// How often the lines and the seconds are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be read again waits so long for more of the kind.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(600);

/// The stage. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Stage {
    chat: Chat,
    visit: Visit,
    /// The lines.
    rota: RwSignal<Rota>,
    /// The questions that wait.
    order: RwSignal<Loaded<Order>>,
    /// The way through them.
    course: StoredValue<Course>,
    meter: RwSignal<Meter>,
    evening: RwSignal<Option<Evening>>,
    /// What is said of the last act.
    done: RwSignal<Option<Done>>,
    /// Whether an act is under way.
    busy: RwSignal<bool>,
    /// The question that is being answered in words.
    answering: RwSignal<Option<Seq>>,
    /// The answer so far.
    reply: RwSignal<String>,
    /// The words at one touch.
    quick: RwSignal<[String; 3]>,
    help: RwSignal<bool>,
    bright: RwSignal<bool>,
    /// Whether the screen stays on.
    awake: RwSignal<Option<bool>>,
    /// Since when there is no connection.
    lost: RwSignal<Option<u64>>,
    /// The time in milliseconds of the page's clock, now and then.
    now: RwSignal<u64>,
    /// Changes with the window.
    size: Trigger,
    /// Whether the queue is about to be read again; and how often it changed.
    reading: StoredValue<(bool, u32)>,
}

/// The performer's view of a chat.
pub fn stage(chat: Chat) -> AnyView {
    let stage = Stage::open(chat);
    let class = move || {
        if stage.bright.get() {
            "stage stage--bright"
        } else {
            "stage"
        }
    };
    dom::focus("stage");
    view! {
        {sprite()}
        <main class=class>
            <h1 class="unseen" id="stage" tabindex="-1">{move || format!("Stage: {}", stage.visit.title())}</h1>
            <Head/>
            <Spot/>
            <Lines/>
            <Queue/>
            <Say/>
            <Feel/>
            {move || stage.help.get().then(|| view! { <Sheet/> })}
        </main>
    }
    .into_any()
}

/// The stage's own icons: no part of the page that everybody gets.
fn sprite() -> AnyView {
    let symbol = |id: &'static str, path: &'static str| {
        view! { <symbol id=id viewBox="0 0 24 24"><path d=path/></symbol> }
    };
    view! {
        <svg hidden aria-hidden="true">
            {symbol("up", "M12 19V6M6 11l6-6 6 6")}
            {symbol("back", "M19 12H6M11 6l-6 6 6 6")}
            {symbol("offline", "M4 4l16 16M5 12.5c1-1 2.2-1.8 3.5-2.3M2.5 9C3.8 7.8 5 7 6.5 6.3M12 8.5c2.7 0 5.2 1 7 3M10.5 5c4-.5 8 .9 11 4M9 16c.9-.8 1.9-1.2 3-1.2M12 19.5v.1")}
            {symbol("help", "M9 9c0-4.500 6.500-4 6.500 0 0 2.500-3.500 2.500-3.500 5.500M12 18.500v.1")}
        </svg>
    }
    .into_any()
}

impl Stage {
    fn open(chat: Chat) -> Self {
        let visit: Visit = expect_context();
        let stage = Self {
            chat,
            visit,
            rota: RwSignal::new(Rota::new(&visit.artist(), PLACES)),
            order: RwSignal::new(Loaded::Coming),
            course: StoredValue::default(),
            meter: RwSignal::default(),
            evening: RwSignal::new(None),
            done: RwSignal::new(None),
            busy: RwSignal::new(false),
            answering: RwSignal::new(None),
            reply: RwSignal::default(),
            quick: RwSignal::new(say_view::quick_replies(&visit.kept())),
            help: RwSignal::new(false),
            bright: RwSignal::new(storage::stage_is_bright()),
            awake: awake::keep(),
            lost: RwSignal::new(None),
            now: RwSignal::new(clock::monotonic()),
            size: Trigger::new(),
            reading: StoredValue::default(),
        };
        provide_context(stage);
        stage.attend();
        stage
    }

    /// The question in the spotlight, asked once.
    fn present(self) -> Option<Seq> {
        self.chat.room.with_untracked(|room| room.as_ref()?.spotlight)
    }

    /// Dark, or bright for daylight.
    pub fn switch_light(self) {
        let bright = !self.bright.get_untracked();
        storage::keep_stage_bright(bright);
        self.bright.set(bright);
    }

    fn attend(self) {
        clock::every(LOOK, move || self.pass());
        self.chat.on_staff(move |received| self.hear(received));
        Effect::new(move |_| self.take_lines());
        Effect::new(move |_| {
            // Set with each welcome: what was missed meanwhile is read.
            if self.chat.capabilities.with(|all| !all.is_empty()) {
                untrack(|| self.read());
            }
        });
        Effect::new(move |_| {
            let is_lost = self.chat.link.get() != Shown::Quiet;
            let since = self.lost.get_untracked().unwrap_or_else(clock::monotonic);
            self.lost.set(is_lost.then_some(since));
        });
        Effect::new(move |_| {
            let present = self
                .chat
                .room
                .with(|room| room.as_ref().and_then(|room| room.spotlight));
            if self.answering.get_untracked().is_some_and(|seq| Some(seq) != present) {
                self.answering.set(None);
            }
        });
        Effect::new(move |_| {
            let present = self
                .chat
                .room
                .with(|room| room.as_ref().and_then(|room| room.spotlight));
            let asked = self
                .order
                .with(|order| order.here().map(Order::seqs).unwrap_or_default());
            let shown = asked.into_iter().chain(present).collect();
            self.rota.update(|rota| rota.leave_out(shown));
        });
        let keys = window_event_listener(ev::keydown, move |event| self.key(&event));
        let sizes = window_event_listener(ev::resize, move |_| self.size.notify());
        on_cleanup(move || {
            keys.remove();
            sizes.remove();
        });
    }

    fn pass(self) {
        let now = clock::monotonic();
        self.now.set(now);
        self.rota.update(|rota| rota.pass(now));
        self.meter.update(|meter| meter.pass(now));
        let is_over = self
            .done
            .with_untracked(|done| done.as_ref().is_some_and(|done| done.left(now) == 0));
        if is_over {
            self.done.set(None);
        }
    }

    fn take_lines(self) {
        let now = clock::monotonic();
        self.chat.rows.with(|rows| {
            self.rota.update(|rota| {
                for row in rows {
                    if let Row::Line { line, .. } = row {
                        rota.take(&line.message, now);
                    }
                }
            });
        });
    }

    fn hear(self, received: &Received) {
        match received {
            Received::Known(ServerFrame::Control(control)) => {
                self.rota.update(|rota| rota.moderate(control.seq, &control.deed));
                if self.change(|order| order.moderate(control.seq, &control.deed)) == Some(true) {
                    self.read_again_soon();
                }
            }
            Received::Known(ServerFrame::Votes(votes)) => {
                self.rota.update(|rota| rota.vote(&votes.counts));
                self.change(|order| order.vote(&votes.counts));
            }
            Received::Known(ServerFrame::Reactions(reactions)) => {
                self.meter
                    .update(|meter| meter.tap(&reactions.counts, clock::monotonic()));
                let taps = reactions.counts.total();
                self.evening.update(|evening| {
                    if let Some(evening) = evening {
                        evening.tap(taps, self.visit.now());
                    }
                });
            }
            Received::Known(_) => {}
            Received::Other(value) => {
                if let Some(ServerFrame::Question(question)) = ServerFrame::to_staff(value) {
                    self.reading
                        .update_value(|(_, changes)| *changes = changes.wrapping_add(1));
                    self.change(|order| order.stands(&question));
                }
            }
        }
    }

    fn change<T>(self, change: impl FnOnce(&mut Order) -> T) -> Option<T> {
        self.order.try_update(|order| order.here_mut().map(change)).flatten()
    }

    /// Reads the queue and the evening.
    fn read(self) {
        self.read_queue();
        let slug = self.visit.slug();
        spawn_local(async move {
            if let Ok(mood) = calls::mood(&slug).await {
                let _ = self.evening.try_set(Some(Evening::load(&mood)));
                self.meter
                    .try_update(|meter| meter.learn(&mood.minute, clock::monotonic()));
            }
        });
    }

    /// Reads the queue; again, if it changed on the way.
    fn read_queue(self) {
        let slug = self.visit.slug();
        let changes = self.reading.with_value(|(_, changes)| *changes);
        spawn_local(async move {
            let list = calls::questions(&slug, QuestionState::Queued).await;
            let is_stale = self.reading.try_with_value(|(_, now)| *now != changes);
            let is_here = self.order.try_with_untracked(|order| order.here().is_some());
            match list {
                Ok(list) => drop(
                    self.order
                        .try_set(Loaded::Here(Order::load(QuestionState::Queued, &list))),
                ),
                Err(_) if is_here == Some(false) => drop(self.order.try_set(Loaded::Failed)),
                Err(_) => {}
            }
            if is_stale == Some(true) {
                self.read_again_soon();
            }
        });
    }

    fn read_again_soon(self) {
        let is_coming = self
            .reading
            .try_update_value(|(is_coming, _)| std::mem::replace(is_coming, true));
        if is_coming == Some(false) {
            let read = move || {
                if self
                    .reading
                    .try_update_value(|(is_coming, _)| *is_coming = false)
                    .is_some()
                {
                    self.read_queue();
                }
            };
            set_timeout(read, READ_AGAIN_AFTER);
        }
    }

    fn key(self, event: &KeyboardEvent) {
        let is_held = event.repeat() || event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing();
        if let Some(key) = keys::read(&event.key(), is_held, place(event.target())) {
            event.prevent_default();
            self.press(key);
        }
    }
}

fn place(target: Option<EventTarget>) -> Place {
    let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
        return Place::Stage;
    };
    let is_in = |selector: &str| element.closest(selector).is_ok_and(|found| found.is_some());
    if is_in("dialog") {
        Place::Dialog
    } else if is_in("input, textarea") {
        Place::Field
    } else if is_in("button, a") {
        Place::Button
    } else {
        Place::Stage
    }
}

/// Lets go of a button that a finger pressed: the next Space is the stage's.
fn let_go(event: &leptos::ev::MouseEvent) {
    if event.detail() > 0 {
        dom::focus("stage");
    }
}
