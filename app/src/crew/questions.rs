//! The questions, kept as they are on the server: a list for each state, and the news that change them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::Seq;
use wire::stage::QuestionState;

use super::asked::{News, Order};
use super::queue::{Fetching, Patience, Queue};
use super::standing::STANDINGS;
use super::{Loaded, calls};
use crate::chat::Chat;
use crate::chat::rows::Row;
use crate::clock;
use crate::visit::Visit;

/// What changed otherwise than by news is read again after this long, once for all that changed meanwhile.
const AGAIN_AFTER: Duration = Duration::from_millis(600);

/// Votes may bring up a question that is not listed: so long it may take. The same for one that is out of the page.
const LATER: Duration = Duration::from_secs(5);

/// A list that could not be read is asked for again after this long, and twice as long each time.
const FAILED_AFTER: Duration = Duration::from_secs(2);

/// The questions in one state. Copies are the same list.
#[derive(Clone, Copy)]
pub struct List {
    /// The state.
    pub state: QuestionState,
    /// The questions.
    pub order: RwSignal<Loaded<Order>>,
    /// Whether they could not be read lately.
    pub is_old: RwSignal<bool>,
    visit: Visit,
    /// Whether anybody wants to know.
    on: RwSignal<bool>,
    reading: StoredValue<Reading, LocalStorage>,
}

/// What is under way.
#[derive(Default)]
struct Reading {
    fetching: RefCell<Fetching<News>>,
    /// When it is read again, by the page's clock.
    again: Cell<Option<(TimeoutHandle, u64)>>,
    patience: Cell<Patience>,
}

/// All questions.
#[derive(Clone, Copy)]
pub struct Questions {
    /// Those that are shown.
    pub shown: RwSignal<QuestionState>,
    lists: StoredValue<[List; 4]>,
}

impl Questions {
    /// None is known yet; `on`: whether they are read.
    pub fn new(visit: Visit, on: RwSignal<bool>) -> Self {
        Self {
            shown: RwSignal::new(QuestionState::Waiting),
            lists: StoredValue::new(STANDINGS.map(|state| List::new(state, visit, on))),
        }
    }

    /// The list of a state.
    pub fn of(self, state: QuestionState) -> List {
        let lists = self.lists.get_value();
        let found = lists.into_iter().find(|list| list.state == state);
        found.unwrap_or(lists[0])
    }

    /// Where a question stands, as far as it is known.
    pub fn state_of(self, seq: Seq) -> Option<QuestionState> {
        let is_in = |list: &List| list.order.with(|order| order.here()?.get(seq).map(drop)).is_some();
        self.lists.get_value().into_iter().find(is_in).map(|list| list.state)
    }

    /// Reads all of them.
    pub fn read(self) {
        for list in self.lists.get_value() {
            list.read();
        }
    }

    /// Something changed.
    pub fn hear(self, news: &News) {
        for list in self.lists.get_value() {
            list.hear(news.clone());
        }
    }

    /// Looks for new questions among the lines of the chat: the server tells of a question once it stands elsewhere.
    pub fn watch(self, chat: Chat) {
        let waiting = self.of(QuestionState::Waiting);
        Effect::new(move |newest: Option<Seq>| {
            let newest = newest.unwrap_or_default();
            chat.rows.with(|rows| {
                let messages = rows.iter().rev().filter_map(|row| match row {
                    Row::Line { line, .. } => Some(&line.message),
                    _ => None,
                });
                let mut fresh = messages.take_while(|message| message.seq > newest).peekable();
                let newest = fresh.peek().map_or(newest, |message| message.seq);
                if fresh.any(|message| message.body.as_ref().is_some_and(|body| body.question)) {
                    waiting.read_in(AGAIN_AFTER);
                }
                newest
            })
        });
        // Whoever reads further up has the newest lines out of the page.
        Effect::new(move |_| {
            if chat.unread.get() > 0 {
                waiting.read_in(LATER);
            }
        });
    }
}

impl List {
    fn new(state: QuestionState, visit: Visit, on: RwSignal<bool>) -> Self {
        Self {
            state,
            order: RwSignal::new(Loaded::Coming),
            is_old: RwSignal::new(false),
            visit,
            on,
            reading: StoredValue::new_local(Reading::default()),
        }
    }

    /// Reads it, now: an answer that is under way is not waited for, since it may never come.
    pub fn read(self) {
        let era = self.reading.try_with_value(|reading| {
            replace(&reading.again, None);
            reading.fetching.borrow_mut().begin()
        });
        let Some(era) = era else { return };
        let slug = self.visit.slug();
        spawn_local(async move {
            let answer = calls::questions(&slug, self.state).await;
            let came = self
                .reading
                .try_with_value(|reading| reading.fetching.borrow_mut().end(era));
            let Some(Some(came)) = came else { return };
            match answer {
                Ok(list) => self.take(Order::load(self.state, &list), came),
                Err(_) => return self.failed(),
            }
            let again = self
                .reading
                .try_with_value(|reading| reading.fetching.borrow_mut().take_again());
            if again == Some(true) {
                self.read();
            }
        });
    }

    /// It is here, and what changed on the way.
    fn take(self, mut fresh: Order, came: Vec<News>) {
        let mut is_stale = false;
        for news in came {
            is_stale |= fresh.change(news);
        }
        self.reading
            .try_with_value(|reading| reading.patience.set(Patience::default()));
        let _ = self.order.try_set(Loaded::Here(fresh));
        let _ = self.is_old.try_set(false);
        if is_stale {
            self.read_in(AGAIN_AFTER);
        }
    }

    /// What is here stays, and is said to be old; it is asked for again by itself.
    fn failed(self) {
        if self.order.try_with_untracked(|order| order.here().is_some()) == Some(false) {
            self.order.set(Loaded::Failed);
        }
        let _ = self.is_old.try_set(true);
        let wait = self.reading.try_with_value(|reading| {
            let mut patience = reading.patience.get();
            let wait = patience.after_failure(FAILED_AFTER);
            reading.patience.set(patience);
            wait
        });
        self.read_in(wait.unwrap_or(FAILED_AFTER));
    }

    fn hear(self, news: News) {
        let wait = if matches!(news, News::Voted(_)) {
            LATER
        } else {
            AGAIN_AFTER
        };
        self.reading
            .try_with_value(|reading| reading.fetching.borrow_mut().note(&news));
        let asks = self
            .order
            .try_update(|order| order.here_mut().map(|order| order.change(news)));
        if asks.flatten() == Some(true) {
            self.read_in(wait);
        }
    }

    /// Reads it, now or when the answer that is under way is here: in a rush, none would be in time.
    fn read_next(self) {
        let is_now = self
            .reading
            .try_with_value(|reading| reading.fetching.borrow_mut().ask_again());
        if is_now == Some(true) {
            self.read();
        }
    }

    /// Reads it after a while, if that is not to be sooner anyway.
    fn read_in(self, wait: Duration) {
        let due = clock::monotonic() + u64::try_from(wait.as_millis()).unwrap_or_default();
        let read = move || {
            self.reading.try_with_value(|reading| reading.again.take());
            if self.on.try_get_untracked() == Some(true) {
                self.read_next();
            }
        };
        self.reading.try_with_value(|reading| {
            let planned = reading.again.take();
            let next = match planned {
                Some((_, at)) if at <= due => planned,
                _ => {
                    if let Some((timer, _)) = planned {
                        timer.clear();
                    }
                    set_timeout_with_handle(read, wait).ok().map(|timer| (timer, due))
                }
            };
            reading.again.set(next);
        });
    }
}

fn replace(timer: &Cell<Option<(TimeoutHandle, u64)>>, next: Option<(TimeoutHandle, u64)>) {
    if let Some((old, _)) = timer.replace(next) {
        old.clear();
    }
}
