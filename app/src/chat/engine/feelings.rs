//! The engine's part in what the room feels and asks: taps on their way, sums as they are told, votes.

use std::rc::Rc;

use leptos::prelude::*;
use wire::Seq;
use wire::frame::{Reactions, RoomState, Vote};
use wire::http::HistoryPage;

use super::{Chat, Inner, encoded};
use crate::chat::errands::Outcome;
use crate::clock;

/// What makes emoji float: which, how many, and whether they are own taps.
pub(super) type Floats = Rc<dyn Fn(&str, u64, bool)>;

impl Chat {
    /// Has emoji float, as long as the chat lives.
    pub fn on_floats(self, floats: impl Fn(&str, u64, bool) + 'static) {
        self.inner(|inner| inner.floats.replace(Some(Rc::new(floats))));
    }

    /// A tap. What is faster than the server counts, or has no line to go by, is nothing.
    pub fn react(self, emoji: &str) {
        let now = clock::monotonic();
        let counts = self.inner(|inner| {
            let counts = inner.session.borrow().is_live() && inner.taps.borrow_mut().tap(emoji, now);
            inner.send_taps(now);
            counts
        });
        if counts == Some(true) {
            self.feelings.update(|feelings| feelings.tapped(emoji, now));
            self.float(&[(emoji.to_owned(), 1)], true);
        }
    }

    /// Asks a question too, or no longer.
    pub fn vote(self, target: Seq) {
        let on = !self.votes.with_untracked(|votes| votes.is_own(target));
        self.votes.update(|votes| votes.vote(target, on));
        let done = move |outcome: Outcome| {
            self.votes.try_update(|votes| match &outcome {
                // A welcome in between did not know of it.
                Ok(_) => votes.own(target, on),
                Err(_) => votes.refused(target, on),
            });
            if outcome.is_err() {
                self.inner(|inner| {
                    inner
                        .announcer
                        .borrow_mut()
                        .say("Your vote was not counted.".to_owned());
                });
            }
        };
        self.run(|id| encoded(&Vote { id, target, on }), Box::new(done));
    }

    /// The votes that a page of history brought.
    pub(super) fn votes_of_page(self, page: &HistoryPage) {
        if !page.votes.is_empty() {
            self.votes.update(|votes| votes.read(&page.votes));
        }
    }

    /// Everybody's taps since the last telling.
    pub(super) fn felt(self, reactions: Reactions) {
        let now = clock::monotonic();
        self.inner(|inner| {
            inner.lights.borrow_mut().felt(now, reactions.counts.total());
            inner.summary.borrow_mut().felt(&reactions.counts, now);
        });
        let floats = self.feelings.try_update(|feelings| feelings.told(reactions));
        self.float(&floats.unwrap_or_default(), false);
    }

    /// The room's reactions as the server tells them.
    pub(super) fn feels(self, room: &RoomState) {
        self.feelings
            .update(|feelings| feelings.room(&room.emoji, &room.reactions));
    }

    /// Time went by.
    pub(super) fn pass_feelings(self, now: u64) {
        self.inner(|inner| {
            inner.send_taps(now);
            if let Some(words) = inner.summary.borrow_mut().told(now) {
                inner.announcer.borrow_mut().say(words);
            }
        });
        self.feelings.maybe_update(|feelings| feelings.pass(now));
    }

    fn float(self, counts: &[(String, u64)], is_own: bool) {
        if let Some(Some(floats)) = self.inner(|inner| inner.floats.borrow().clone()) {
            for (emoji, count) in counts {
                floats(emoji, *count, is_own);
            }
        }
    }
}

impl Inner {
    /// Sends the taps that may go now.
    fn send_taps(&self, now: u64) {
        if self.session.borrow().is_live()
            && let Some(react) = self.taps.borrow_mut().take_due(now)
        {
            self.send(&encoded(&react));
        }
    }
}
