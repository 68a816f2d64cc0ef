//! What waits and what was done, kept as it is on the server: lists that are fetched, the frames that change them, and what
//! of the page is old by now.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Control, Deed};
use wire::moderation::{AuditRow, Held, ReportCase};
use wire::{MemberId, Seq};

use super::queue::{Cases, Fetching, Patience, Queue, Waiting};
use super::{Crew, Loaded, calls};
use crate::api::Answer;
use crate::chat::rows::Row;

/// What was done is read again after this long, once for all that was done meanwhile.
const NOTED_AFTER: Duration = Duration::from_millis(400);

/// What is not listed is asked for after this long.
const MORE_AFTER: Duration = Duration::from_secs(1);

/// Queues that could not be fetched are asked for again after this long, and twice as long each time.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Moments that are shown as so long ago are looked at again this often.
const TICK: Duration = Duration::from_secs(30);

/// What is under way.
#[derive(Default)]
pub struct Attending {
    cases: RefCell<Fetching<ReportCase>>,
    waiting: RefCell<Fetching<Held>>,
    again: Cell<Option<TimeoutHandle>>,
    patience: Cell<Patience>,
    mute: Cell<Option<TimeoutHandle>>,
    /// What was done since the last note; none while nothing was.
    news: RefCell<Option<News>>,
}

/// Whom the latest acts were about.
#[derive(Default)]
struct News {
    about: HashSet<MemberId>,
    /// Somebody whom the page does not know, or everybody.
    somebody: bool,
}

impl Crew {
    /// Fetches the queues, now and whenever the chat was lost in between; and keeps the time.
    pub(super) fn attend(self) {
        let is_at_work = Memo::new(move |_| self.is_at_work());
        Effect::new(move |_| {
            self.chat.capabilities.track();
            if is_at_work.get() {
                self.fetch_queues();
                self.questions.read();
                self.note_done(None);
            }
        });
        Effect::new(move |_| {
            let works = is_at_work.get();
            self.chat.show_hidden(works);
            if !works {
                untrack(|| self.unselect());
            }
        });
        self.chat.on_staff(move |frame| self.hear(frame));
        self.questions.watch(self.chat);
        self.follow_card();
        crate::clock::every(TICK, move || self.pass());
        Effect::new(move |_| self.wait_for_mute());
    }

    /// What the time is on the server, for what changes with it.
    pub fn now(self) -> u64 {
        self.tick.track();
        self.visit.now()
    }

    fn pass(self) {
        self.tick.try_update(|tick| *tick = tick.wrapping_add(1));
    }

    /// A mute that ends by itself shows at once.
    fn wait_for_mute(self) {
        let until = self
            .about
            .with(|about| about.here().and_then(|card| card.person.muted_until));
        let left = until.and_then(|until| until.checked_sub(self.visit.now()));
        let timer =
            left.and_then(|left| set_timeout_with_handle(move || self.pass(), Duration::from_millis(left + 50)).ok());
        self.attending
            .try_with_value(|attending| replace(&attending.mute, timer));
    }

    /// Something was done about a member, or, for all that is known, about anybody: what is shown is read again soon.
    pub(super) fn note_done(self, about: Option<MemberId>) {
        let begins = self.attending.try_with_value(|attending| {
            let mut news = attending.news.borrow_mut();
            let begins = news.is_none();
            let news = news.get_or_insert_default();
            match about {
                Some(member) => drop(news.about.insert(member)),
                None => news.somebody = true,
            }
            begins
        });
        if begins == Some(true) {
            set_timeout(move || self.tell_done(), NOTED_AFTER);
        }
    }

    fn tell_done(self) {
        let news = self
            .attending
            .try_with_value(|attending| attending.news.take())
            .flatten();
        let Some(news) = news else { return };
        self.done.try_update(|done| *done = done.wrapping_add(1));
        let card = self.card.try_get_untracked().flatten();
        if card.is_some_and(|card| news.somebody || news.about.contains(&card)) {
            self.card_done.try_update(|done| *done = done.wrapping_add(1));
        }
    }

    /// A deed of the log was done.
    pub(super) fn note_control(self, control: &Control) {
        match &control.deed {
            Deed::Hide { target } => self.note_done(self.author_of(*target)),
            Deed::Unhide { target, message } => {
                let author = message.body.as_ref().map(|body| body.member.clone());
                self.note_done(author.or_else(|| self.author_of(*target)));
            }
            Deed::Ban { member }
            | Deed::Unban { member }
            | Deed::Clear { member, .. }
            | Deed::Unclear { member, .. } => {
                self.note_done(Some(member.clone()));
                // The server tells of the newest cases of a member only.
                self.fetch_queues_in(MORE_AFTER);
            }
            Deed::Rename { member, .. } => self.note_done(Some(member.clone())),
            Deed::Slow { .. }
            | Deed::Pin { .. }
            | Deed::Pause
            | Deed::Resume
            | Deed::Spotlight { .. }
            | Deed::Answer { .. }
            | Deed::Unanswer { .. } => self.note_done(Some(nobody())),
        }
    }

    /// A deed that is in no log was done.
    pub(super) fn note_row(self, row: &AuditRow) {
        self.note_done(Some(
            row.about.as_ref().map_or_else(nobody, |about| about.member.clone()),
        ));
    }

    fn author_of(self, seq: Seq) -> Option<MemberId> {
        self.chat.rows.with_untracked(|rows| {
            rows.iter().rev().find_map(|row| match row {
                Row::Line { line, .. } if line.message.seq == seq => {
                    line.message.body.as_ref().map(|body| body.member.clone())
                }
                _ => None,
            })
        })
    }

    /// How a reported message stands now.
    pub(super) fn take_case(self, case: ReportCase) {
        self.attending
            .try_with_value(|attending| attending.cases.borrow_mut().note(&case));
        self.change(self.cases, case);
    }

    /// How a held message stands now.
    pub(super) fn take_held(self, held: Held) {
        self.attending
            .try_with_value(|attending| attending.waiting.borrow_mut().note(&held));
        self.change(self.waiting, held);
    }

    fn change<Q: Queue + Send + Sync + 'static>(self, queue: RwSignal<Loaded<Q>>, change: Q::Change) {
        let asks = queue.try_update(|queue| queue.here_mut().is_some_and(|queue| queue.change(change)));
        if asks == Some(true) {
            self.fetch_queues_in(MORE_AFTER);
        }
    }

    /// Reported messages that wait, as far as is known.
    pub fn open_cases(self) -> u64 {
        self.cases.with(|cases| cases.here().map_or(0, Cases::count))
    }

    /// Held messages that wait, as far as is known.
    pub fn held_messages(self) -> u64 {
        self.waiting.with(|waiting| waiting.here().map_or(0, Waiting::count))
    }

    /// Asks for both queues, and shows each as it comes.
    pub fn fetch_queues(self) {
        self.attending
            .try_with_value(|attending| replace(&attending.again, None));
        spawn_local(async move {
            let slug = self.visit.slug();
            self.fetch(
                self.cases,
                |attending| &attending.cases,
                Cases::load,
                calls::reports(&slug),
            )
            .await;
        });
        spawn_local(async move {
            let slug = self.visit.slug();
            self.fetch(
                self.waiting,
                |attending| &attending.waiting,
                Waiting::load,
                calls::held(&slug),
            )
            .await;
        });
    }

    async fn fetch<Q: Queue + Send + Sync + 'static, L>(
        self,
        queue: RwSignal<Loaded<Q>>,
        of: fn(&Attending) -> &RefCell<Fetching<Q::Change>>,
        load: fn(L) -> Q,
        answer: impl Future<Output = Answer<L>>,
    ) {
        let era = self.attending.try_with_value(|attending| {
            let mut fetching = of(attending).borrow_mut();
            fetching.ask_again().then(|| fetching.begin())
        });
        let Some(Some(era)) = era else { return };
        let answer = answer.await;
        let came = self.attending.try_with_value(|attending| {
            let mut fetching = of(attending).borrow_mut();
            Some((fetching.end(era)?, fetching.take_again()))
        });
        let Some(Some((came, is_asked_again))) = came else {
            return;
        };
        match answer {
            Ok(list) => {
                let mut fresh = load(list);
                for change in came {
                    fresh.change(change);
                }
                self.attending
                    .try_with_value(|attending| attending.patience.set(Patience::default()));
                let _ = queue.try_set(Loaded::Here(fresh));
                let _ = self.is_old.try_set(false);
                if is_asked_again {
                    self.fetch_queues_in(MORE_AFTER);
                }
            }
            Err(_) => self.failed(queue),
        }
    }

    /// What is here stays, and is said to be old; it is asked for again by itself.
    fn failed<Q: Send + Sync + 'static>(self, queue: RwSignal<Loaded<Q>>) {
        let is_here = queue.try_with_untracked(|queue| queue.here().is_some());
        if is_here == Some(false) {
            queue.set(Loaded::Failed);
        }
        let _ = self.is_old.try_set(true);
        let wait = self.attending.try_with_value(|attending| {
            let mut patience = attending.patience.get();
            let wait = patience.after_failure(AGAIN_AFTER);
            attending.patience.set(patience);
            wait
        });
        self.fetch_queues_in(wait.unwrap_or(AGAIN_AFTER));
    }

    fn fetch_queues_in(self, wait: Duration) {
        let fetch = move || {
            self.attending.try_with_value(|attending| attending.again.take());
            if self.on.try_get_untracked() == Some(true) {
                self.fetch_queues();
            }
        };
        self.attending.try_with_value(|attending| {
            let waits = attending.again.take();
            let timer = waits.or_else(|| set_timeout_with_handle(fetch, wait).ok());
            attending.again.set(timer);
        });
    }
}

fn replace(timer: &Cell<Option<TimeoutHandle>>, next: Option<TimeoutHandle>) {
    if let Some(old) = timer.replace(next) {
        old.clear();
    }
}

/// Stands for whom an act is about that is about the room.
fn nobody() -> MemberId {
    MemberId(String::new())
}
