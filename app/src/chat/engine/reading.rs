//! The reader's side of the engine: where they are in the transcript, what is fetched for them, what is in the page.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Chat, Older, Painter};
use crate::chat::rows;
use crate::chat::transcript::Merged;
use crate::chat::window::Window;
use crate::{api, clock, format};

/// Between two paintings of what others say, in milliseconds: nobody reads faster, and a slow phone has time for its touches.
const PAINT_EVERY: u64 = 120;

/// A page of history that came too early is asked for again after this long.
const STALE_RETRY: Duration = Duration::from_secs(1);

impl Chat {
    /// Gives the engine the view's way of taking new rows.
    pub fn set_painter(self, painter: Painter) {
        self.inner(|inner| inner.painter.replace(Some(painter)));
    }

    /// The reader came to the newest line, or left it.
    pub fn set_at_end(self, at_end: bool) {
        let changed = self.inner(|inner| {
            let at_end = {
                let transcript = inner.transcript.borrow();
                let (lines, window) = (transcript.shown(), inner.window.get());
                let shows_last = window.range(&lines).end == lines.len();
                let at_end = at_end && shows_last && transcript.follows();
                if at_end == self.at_end.get_untracked() {
                    return false;
                }
                inner
                    .window
                    .set(if at_end { window.at_end() } else { window.held(&lines) });
                at_end
            };
            inner.transcript.borrow_mut().set_at_end(at_end);
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
            inner.window.set(Window::default());
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
        let reached = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let (lines, window) = (transcript.shown(), inner.window.get());
            let shows_first = window.range(&lines).start == 0;
            if !shows_first {
                inner.window.set(window.back(&lines));
            }
            (shows_first, window != inner.window.get())
        });
        match reached {
            Some((true, _)) if self.is_older(Older::More) => self.fetch_older(),
            Some((false, true)) => self.paint(),
            _ => {}
        }
    }

    /// The reader is near the bottom of what is in the page.
    pub fn reach_forward(self) {
        let moved = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let before = inner.window.get();
            inner.window.set(before.forward(&transcript.shown()));
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
        self.set_older(Older::Coming);
        spawn_local(async move {
            let fetched = self.fetch_until_extended().await;
            if self.inner(|inner| inner.fetching.set(false)).is_none() {
                return;
            }
            if fetched == Ok(Merged::Stale) {
                set_timeout(move || self.fetch_older(), STALE_RETRY);
                return;
            }
            self.note_older(fetched.is_err());
        });
    }

    async fn fetch_until_extended(self) -> api::Answer<Merged> {
        loop {
            let Some(Some((ask, slug))) = self.inner(|inner| {
                let ask = inner.transcript.borrow().ask();
                ask.map(|ask| (ask, inner.visit.slug()))
            }) else {
                return Ok(Merged::Late);
            };
            let page = api::messages(&slug, ask.before.as_deref()).await?;
            self.votes_of_page(&page);
            let merged = self.inner(|inner| {
                let mine = page
                    .messages
                    .iter()
                    .any(|message| inner.transcript.borrow().is_mine(message));
                let merged = inner.transcript.borrow_mut().page(&ask, page);
                (merged, mine)
            });
            let Some((merged, mine)) = merged else {
                return Ok(Merged::Late);
            };
            if mine {
                self.has_spoken.set(true);
                self.keep_outbox();
            }
            if self.inner(|inner| inner.transcript.borrow().returning().is_some()) == Some(true) {
                self.read_again();
            }
            let goes_on = self.inner(|inner| inner.transcript.borrow().ask().as_ref() != Some(&ask));
            if goes_on != Some(true) || !matches!(merged, Merged::Known | Merged::Late) {
                return Ok(merged);
            }
        }
    }

    fn note_older(self, failed: bool) {
        let is_whole = self.inner(|inner| inner.transcript.borrow().is_whole()) == Some(true);
        self.set_older(match (is_whole, failed) {
            (true, _) => Older::Start,
            (false, true) => Older::Failed,
            (false, false) => Older::More,
        });
    }

    fn set_older(self, older: Older) {
        self.inner(|inner| inner.older.set(older));
        self.paint();
    }

    pub(super) fn is_older(self, older: Older) -> bool {
        self.inner(|inner| inner.older.get()) == Some(older)
    }

    /// Puts the rows into the page soon: in a busy room a few times a second, whatever comes.
    pub(super) fn paint_soon(self) {
        let wait = self.inner(|inner| {
            let wait = (inner.painted.get() + PAINT_EVERY).saturating_sub(clock::monotonic());
            (wait == 0 || !inner.paints_soon.replace(true)).then_some(wait)
        });
        match wait {
            Some(Some(0)) => self.paint(),
            Some(Some(wait)) => set_timeout(move || self.paint(), Duration::from_millis(wait)),
            _ => {}
        }
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
            inner.paints_soon.set(false);
            inner.painted.set(clock::monotonic());
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
        let Some((rows, older, unread, follows)) = self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let lines = transcript.shown();
            inner.window.set(inner.window.get().settled(&lines));
            let shown = inner.window.get().range(&lines);
            let begins = shown.start == 0;
            let is_last = shown.end == lines.len() && transcript.follows();
            let unsent = if is_last { transcript.outbox.unsent() } else { &[] };
            let rows = rows::rows(lines.range(shown), unsent, &transcript, format::day_number);
            if inner.older.get() == Older::Start && !transcript.is_whole() {
                // The beginning was held, and let go.
                inner.older.set(Older::More);
            }
            // What is said above the first line is about lines that are not held: it stands where the first one held is shown.
            let older = if begins { inner.older.get() } else { Older::More };
            (rows, older, transcript.unread(), transcript.follows())
        }) else {
            return;
        };
        if self.rows.with_untracked(|old| *old != rows) {
            self.rows.set(rows);
        }
        if older != self.older.get_untracked() {
            self.older.set(older);
        }
        if unread != self.unread.get_untracked() {
            self.unread.set(unread);
        }
        if follows != self.follows.get_untracked() {
            self.follows.set(follows);
        }
    }
}
