//! What moderators do, as it comes to this page: to the lines held, and to this fan.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Control, Deed};
use wire::{Capability, Seq};

use super::{Chat, Inner};
use crate::{api, clock};

/// What came back without its text is read again within this time: each page at its own moment, so that a room does not
/// ask all at once.
const READ_AGAIN_WITHIN: Duration = Duration::from_secs(5);

/// That time doubles with every try that fails, so often at most.
const DOUBLINGS: u32 = 6;

/// Most reports that are remembered here; the server counts one of a member anyway.
const REPORTS_KEPT: usize = 200;

impl Chat {
    /// A moderator did something.
    pub(super) fn moderated(self, control: Control) {
        if let Deed::Rename { member, nickname } = &control.deed {
            self.inner(|inner| {
                let is_me = inner.transcript.borrow().me() == Some(member);
                if is_me
                    && inner
                        .visit
                        .nickname
                        .with_untracked(|before| before.as_ref() != Some(nickname))
                {
                    inner.visit.nickname.set(Some(nickname.clone()));
                    self.renamed.set(Some(nickname.clone()));
                }
            });
        }
        let renamed = match &control.deed {
            Deed::Rename { member, .. } => Some(member.clone()),
            _ => None,
        };
        let hides = matches!(control.deed, Deed::Hide { .. } | Deed::Ban { .. } | Deed::Clear { .. });
        let returns = self.inner(|inner| {
            let mut transcript = inner.transcript.borrow_mut();
            transcript.control(control);
            let may_be_told = |seq| {
                let body = transcript.line(seq).and_then(|line| line.message.body.as_ref());
                body.is_some_and(|body| renamed.as_ref() != Some(&body.member))
            };
            inner.announcer.borrow_mut().keep(may_be_told);
            transcript.returning().is_some()
        });
        if hides || renamed.is_some() {
            self.untell();
        }
        if returns == Some(true) {
            self.read_again();
        }
    }

    /// Gives lines that fans do not see their place, also where the event has none for them: for a moderator at work.
    pub fn show_hidden(self, shows: bool) {
        self.inner(|inner| {
            let of_event = inner
                .visit
                .event
                .with_untracked(|event| event.as_ref().map(|event| event.tombstones));
            let tombstones = of_event.filter(|_| !shows).unwrap_or_default();
            inner.transcript.borrow_mut().tombstones = tombstones;
        });
        self.paint();
    }

    /// Whose line it is, if it is one that can be reported: somebody else's, in view of all, and not reported yet.
    pub fn reportable(self, seq: Seq) -> Option<String> {
        self.inner(|inner| {
            let transcript = inner.transcript.borrow();
            let line = transcript.line(seq)?;
            let is_open = !line.message.hidden && !transcript.is_mine(&line.message);
            let may = self
                .capabilities
                .with_untracked(|all| all.contains(&Capability::Report));
            let body = line.message.body.as_ref().filter(|_| is_open && may)?;
            (!inner.visit.kept().reported().contains(&seq)).then(|| body.nickname.clone())
        })
        .flatten()
    }

    /// Notes that a line was reported from here.
    pub fn note_reported(self, seq: Seq) {
        self.inner(|inner| {
            let kept = inner.visit.kept();
            let mut reported = kept.reported();
            reported.push(seq);
            let over = reported.len().saturating_sub(REPORTS_KEPT);
            kept.keep_reported(&reported[over..]);
        });
    }

    /// A line of this fan waits for a moderator.
    pub(super) fn held(self, id: &str) {
        if self.answered(id) {
            self.inner(|inner| {
                inner
                    .announcer
                    .borrow_mut()
                    .say("Your line waits for the crew.".to_owned());
            });
        }
        self.inner(|inner| inner.transcript.borrow_mut().outbox.with_crew(id));
        self.has_spoken.set(true);
        self.keep_outbox();
        self.send_due();
    }

    /// The server took a line; whether that is news. One that waits for a moderator was taken before, and is only asked
    /// about again.
    pub(super) fn answered(self, id: &str) -> bool {
        let is_news = self.inner(|inner| {
            let is_news = inner.transcript.borrow().outbox.is_on_its_way(id);
            if is_news {
                inner.pace.borrow_mut().said(clock::monotonic());
            }
            is_news
        });
        is_news == Some(true)
    }

    /// A moderator silenced this fan for so long, or ended it.
    pub(super) fn muted(self, left_ms: u64) {
        self.inner(|inner| inner.pace.borrow_mut().muted(left_ms, clock::monotonic()));
        self.send_due();
    }

    /// Reads again, a little later, what came back without its text.
    pub(super) fn read_again(self) {
        let already = self.inner(|inner| inner.returning.replace(true));
        if already == Some(false) {
            self.read_again_later(0);
        }
    }

    fn read_again_later(self, doublings: u32) {
        let wait = READ_AGAIN_WITHIN.mul_f64(clock::random()) * (1 << doublings);
        set_timeout(
            move || {
                spawn_local(async move {
                    let is_live = self.inner(|inner| inner.session.borrow().is_live()) == Some(true);
                    // Without a connection it is left to the next welcome.
                    if is_live && self.read_returning().await != Some(true) {
                        self.read_again_later(DOUBLINGS.min(doublings + 1));
                    } else {
                        self.inner(|inner| inner.returning.set(false));
                    }
                });
            },
            wait,
        );
    }

    /// Walks back from the newest page to the first line that may be visible again; whether it got there.
    async fn read_returning(self) -> Option<bool> {
        self.inner(Inner::forget_above);
        let mut before: Option<String> = None;
        loop {
            let (goal, slug) = self.inner(|inner| (inner.transcript.borrow().returning(), inner.visit.slug()))?;
            if goal.is_none() {
                return Some(true);
            }
            let page = api::messages(&slug, before.as_deref()).await.ok()?;
            self.votes_of_page(&page);
            let next = page.next.clone();
            let is_of_use = self.inner(|inner| inner.transcript.borrow_mut().read_again(page))?;
            self.paint();
            if !is_of_use || next.is_none() {
                return self.inner(|inner| inner.transcript.borrow().returning().is_none());
            }
            before = next;
        }
    }
}

impl Inner {
    /// At the end, what is above the page is let go rather than read again: it is read when somebody scrolls back.
    fn forget_above(&self) {
        let mut transcript = self.transcript.borrow_mut();
        let first: Option<Seq> = {
            let shown = transcript.shown();
            let range = self.window.get().range(&shown);
            shown.get(range.start).map(|line| line.message.seq)
        };
        if let Some(first) = first {
            transcript.forget_before(first);
        }
    }
}
