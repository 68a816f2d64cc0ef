//! Acting: what is done, said and undone; and what the others do.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::frame::{Control, Deed, Verb};
use wire::moderation::WordRule;
use wire::{MemberId, Received, Seq, ServerFrame};

use super::acts::Reason;
use super::asked::News;
use super::deed::{self, Before};
use super::toast::{Kind, Toast, Undo};
use super::{Crew, Subject, calls};
use crate::chat::errands::{NotDone, Outcome};
use crate::chat::rows::Row;
use crate::clock;

impl Crew {
    /// Does something to a message or a member.
    pub fn act_on(self, verb: Verb, subject: &Subject) {
        self.act(verb, Some(subject.nickname.clone()));
    }

    /// Does something; `who` is said beside it. The reason that was picked goes with what is done about whom it was picked
    /// for.
    pub fn act(self, verb: Verb, who: Option<String>) {
        let reason = self.reason_for(&verb, verb.member());
        self.act_because(verb, who, reason);
    }

    /// Does something about a member whom the act does not name.
    pub fn act_about(self, verb: Verb, who: String, member: &MemberId) {
        let reason = self.reason_for(&verb, Some(member));
        self.act_because(verb, Some(who), reason);
    }

    /// Does something for a reason.
    pub fn act_because(self, verb: Verb, who: Option<String>, reason: Option<String>) {
        let toast = Toast::doing(&verb, who);
        self.perform(verb, toast, reason, |_| ());
    }

    /// Writes a note about a member; `then` hears whether it was taken.
    pub fn note_about(self, member: MemberId, text: String, who: Option<String>, then: impl FnOnce(bool) + 'static) {
        let verb = Verb::Note { member, text };
        let toast = Toast::doing(&verb, who);
        self.perform(verb, toast, None, then);
    }

    fn perform(self, verb: Verb, toast: Toast, reason: Option<String>, then: impl FnOnce(bool) + 'static) {
        let before = untrack(|| self.before(&verb));
        self.asking.set(None);
        self.toasts.update(|toasts| toasts.push(toast.clone()));
        let acted = verb.clone();
        self.chat.act(verb, reason, move |answer| {
            then(answer.is_ok());
            self.answered(toast, &acted, &before, answer);
        });
    }

    /// The reason that goes with an act about this member.
    fn reason_for(self, verb: &Verb, member: Option<&MemberId>) -> Option<String> {
        let is_theirs = |shown: Option<&MemberId>| shown.is_some() && shown == member;
        let is_about = self.subject.with_untracked(|subject| {
            let subject = subject.as_ref();
            let is_message = subject.is_some_and(|subject| subject.seq.is_some() && target(verb) == subject.seq);
            is_message || is_theirs(subject.map(|subject| &subject.member))
        });
        if !is_about && !self.card.with_untracked(|card| is_theirs(card.as_ref())) {
            return None;
        }
        self.reason.with_untracked(|reason| {
            let goes = deed::has_offence(verb) || matches!(reason, Reason::Other(_));
            reason.words().filter(|_| goes)
        })
    }

    /// How things are before an act, as far as it is known.
    fn before(self, verb: &Verb) -> Before {
        let room = self.room(|room| (room.pinned, room.spotlight, room.slow_seconds));
        let (pinned, spotlight, slow_seconds) = room.unwrap_or_default();
        let person = self.about.with(|about| {
            let card = about.here().filter(|card| verb.member() == Some(&card.person.member))?;
            Some(card.person.clone())
        });
        let now = self.visit.now();
        let left = |until: u64| u32::try_from(until.saturating_sub(now).div_ceil(1_000)).unwrap_or_default();
        let is_reported = |seq| self.cases.with(|cases| Some(cases.here()?.reports_of(seq).is_some()));
        Before {
            pinned,
            spotlight,
            slow_seconds,
            head: self.head(),
            muted: person.as_ref().map(|person| person.muted_until.map_or(0, left)),
            held: person.as_ref().map(|person| person.held),
            reported: match verb {
                Verb::Dismiss { target } | Verb::Reopen { target } => is_reported(*target),
                _ => None,
            },
            question: match verb {
                Verb::Queue { target, .. } => self.questions.state_of(*target),
                _ => None,
            },
        }
    }

    /// The newest entry of the log that the page knows.
    fn head(self) -> Seq {
        let line = self.chat.rows.with_untracked(|rows| {
            rows.iter().rev().find_map(|row| match row {
                Row::Line { line, .. } => Some(line.message.seq),
                _ => None,
            })
        });
        let act = self.authors.with_value(|authors| authors.back().map(|(seq, _)| *seq));
        line.max(act).unwrap_or_default()
    }

    fn answered(self, mut toast: Toast, verb: &Verb, before: &Before, outcome: Outcome) {
        let now = clock::monotonic();
        match outcome {
            Ok(seq) if deed::was_so(verb, seq, before) || self.is_of_another(seq) => {
                toast.become_nothing(deed::nothing_said(verb), now);
            }
            Ok(seq) => {
                toast.seq = seq;
                let undo = deed::undo(verb, seq, before).map(|undo| match deed::undo_too(verb, before) {
                    Some(too) => Undo::Acts(undo, too),
                    None => Undo::Act(undo),
                });
                if let Some(words) = deed::said_instead(verb, before) {
                    words.clone_into(&mut toast.words);
                }
                toast.become_now(Kind::Done(undo), now);
                self.bring_card_up_to_date(verb);
                self.note_done(verb.member().cloned());
            }
            Err(NotDone::Refused(refused)) => {
                let why = deed::refusal(refused.code, refused.retry_after_ms);
                toast.become_now(Kind::Failed(why), now);
            }
            Err(NotDone::Unsent) => toast.become_now(Kind::Failed(deed::NOT_SENT.to_owned()), now),
            Err(NotDone::Unanswered) => toast.become_now(Kind::Failed(deed::UNANSWERED.to_owned()), now),
        }
        self.toasts.update(|toasts| toasts.answer(toast, now));
    }

    /// The next act may come before the card is read again; and an answer that is under way may be of before the act.
    fn bring_card_up_to_date(self, verb: &Verb) {
        let now = self.visit.now();
        let shown = self.card.get_untracked();
        if shown.is_none() || shown.as_ref() != verb.member() {
            return;
        }
        self.next_card_era();
        let (held, muted) = match verb {
            Verb::Hold { on, .. } => (Some(*on), None),
            Verb::Mute { seconds, .. } => (None, Some(now + u64::from(*seconds) * 1_000)),
            _ => return,
        };
        self.about.maybe_update(|about| {
            let card = about
                .here_mut()
                .filter(|card| Some(&card.person.member) == shown.as_ref());
            let Some(card) = card else { return false };
            card.person.held = held.unwrap_or(card.person.held);
            card.person.muted_until = muted.map_or(card.person.muted_until, |until| {
                Some(until).filter(|until| *until > now)
            });
            true
        });
    }

    /// Undoes the last act that can be.
    pub fn undo(self) {
        let next = self.toasts.with_untracked(|toasts| toasts.next(clock::monotonic()));
        if let Some(id) = next {
            self.undo_one(id);
        }
    }

    /// Undoes one act, while it can be.
    pub fn undo_one(self, id: u32) {
        let taken = self
            .toasts
            .try_update(|toasts| toasts.take(id, clock::monotonic()))
            .flatten();
        match taken {
            None => {}
            Some((Undo::Act(verb), old)) => self.take_back(verb, None, old),
            Some((Undo::Acts(verb, too), old)) => self.take_back(verb, Some(too), old),
            Some((Undo::Word(rule), old)) => self.put_back(rule, old),
        }
    }

    fn take_back(self, verb: Verb, too: Option<Verb>, old: Toast) {
        let (who, left) = (old.who.clone(), old.on_stage);
        let can = move |undo: &Verb| {
            let on_stage = untrack(|| self.room(|room| room.spotlight)).flatten();
            deed::is_as_left(left, undo, on_stage)
        };
        let mut toast = Toast::taking_back(&verb, old);
        if !can(&verb) {
            toast.become_nothing(deed::STAGE_CHANGED, clock::monotonic());
            self.toasts.update(|toasts| toasts.push(toast));
            return;
        }
        self.perform(verb, toast, None, move |was_taken| {
            if let Some(too) = too.filter(|too| was_taken && can(too)) {
                self.act_because(too, who, None);
            }
        });
    }

    /// Says that a rule was taken out of the word list.
    pub fn tell_removed(self, rule: WordRule) {
        let toast = Toast::removed(rule, clock::monotonic());
        self.toasts.update(|toasts| toasts.push(toast));
    }

    /// Puts a rule back into the word list.
    fn put_back(self, rule: WordRule, old: Toast) {
        let mut toast = Toast::returned(old);
        self.toasts.update(|toasts| toasts.push(toast.clone()));
        let slug = self.visit.slug();
        spawn_local(async move {
            let kind = match calls::add_word(&slug, &rule).await {
                Ok(_) => Kind::Done(None),
                Err(trouble) => Kind::Failed(calls::why(&trouble)),
            };
            let now = clock::monotonic();
            toast.become_now(kind, now);
            self.toasts.try_update(|toasts| toasts.answer(toast, now));
            self.words_done.try_update(|done| *done = done.wrapping_add(1));
            self.note_done(None);
        });
    }

    /// What the server tells the staff, and what was done in the log.
    pub(super) fn hear(self, received: &Received) {
        match received {
            Received::Known(ServerFrame::Control(control)) => {
                self.why.update(|why| why.learn(control));
                self.note_author(control);
                self.follow(&control.deed);
                self.note_control(control);
                self.questions.hear(&News::Done(control.seq, control.deed.clone()));
            }
            Received::Known(ServerFrame::Votes(votes)) => self.questions.hear(&News::Voted(votes.counts.clone())),
            Received::Known(_) => {}
            Received::Other(value) => {
                if let Some(frame) = ServerFrame::to_staff(value) {
                    self.take(frame);
                }
            }
        }
    }

    fn take(self, frame: ServerFrame) {
        match frame {
            ServerFrame::Case(case) => self.take_case(*case),
            ServerFrame::Review(held) => self.take_held(*held),
            ServerFrame::Looking(looking) => {
                self.looks.update(|looks| looks.look(&looking, clock::monotonic()));
            }
            ServerFrame::Audit(row) => self.note_row(&row),
            ServerFrame::Question(question) => self.questions.hear(&News::Stands(question)),
            _ => {}
        }
    }

    /// Remembers who did the latest acts: only one's own can be undone.
    fn note_author(self, control: &Control) {
        let by = control.by.as_ref().map(|by| by.member.clone());
        let is_mine = by == self.visit.member();
        self.authors.update_value(|authors| {
            authors.push_back((control.seq, by));
            if authors.len() > super::AUTHORS {
                authors.pop_front();
            }
        });
        if !is_mine {
            let (words, now) = ("It was so already.", clock::monotonic());
            let is_shown = self
                .toasts
                .with_untracked(|toasts| toasts.shown().iter().any(|toast| toast.seq == Some(control.seq)));
            if is_shown {
                self.toasts.update(|toasts| toasts.disown(control.seq, words, now));
            }
        }
    }

    /// Whether the entry at this place is known to be an act of somebody else.
    fn is_of_another(self, seq: Option<Seq>) -> bool {
        let me = self.visit.member();
        self.authors.with_value(|authors| {
            let found = authors.iter().find(|(at, _)| Some(*at) == seq);
            found.is_some_and(|(_, by)| *by != me)
        })
    }

    /// What is selected may have changed where it is not in the page.
    fn follow(self, deed: &Deed) {
        let (target, hidden) = match deed {
            Deed::Hide { target } => (*target, true),
            Deed::Unhide { target, message } => (*target, message.hidden),
            _ => return,
        };
        self.picked.update(|picked| {
            if let Some(picked) = picked.as_mut().filter(|picked| picked.seq == Some(target)) {
                picked.hidden = hidden;
            }
        });
    }
}

/// The message that an act is about.
fn target(verb: &Verb) -> Option<Seq> {
    match verb {
        Verb::Hide { target } | Verb::Unhide { target } | Verb::Dismiss { target } | Verb::Reopen { target } => {
            Some(*target)
        }
        Verb::Pin { target } => *target,
        _ => None,
    }
}
