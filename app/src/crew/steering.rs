//! Steering: what is selected, by keys, clicks and long presses, and what the keys do then.

use std::cell::Cell;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, KeyboardEvent};
use wire::frame::Verb;
use wire::moderation::MemberCard;
use wire::{Role, Seq};

use super::keys::{self, Key, Place, Way};
use super::touch::Finger;
use super::why::Term;
use super::{Asking, Crew, Loaded, Panel, Subject, acts, calls, looking, mark};
use crate::chat::rows::Row;
use crate::{clock, dom};

/// A card is fetched when its line was selected for so long; another one passed by is not.
const CARD_AFTER: Duration = Duration::from_millis(150);

/// What is waited for.
#[derive(Default)]
pub struct Timers {
    look: Cell<Option<TimeoutHandle>>,
    card: Cell<Option<TimeoutHandle>>,
    /// Grows with each reading of the card, and with what was done since: an earlier one is ignored.
    card_era: Cell<u32>,
    pub(super) finger: Finger,
    /// The next mark takes the focus along.
    focuses: Cell<bool>,
    /// The line that was let go for want of space: keys go on from there.
    last: Cell<Option<Seq>>,
}

impl Crew {
    /// Listens to keys and fingers, and keeps the selection in the page, as long as the room is open.
    pub(super) fn steer(self) {
        let listeners = [
            window_event_listener(ev::keydown, move |event| self.pressed(&event)),
            window_event_listener(ev::click, move |event| self.clicked(&event)),
            window_event_listener(ev::pointerdown, move |event| self.touched(&event)),
            window_event_listener(ev::pointermove, move |event| self.moved(&event)),
            window_event_listener(ev::pointerup, move |_| self.lifted()),
            window_event_listener(ev::pointercancel, move |_| self.lifted()),
            window_event_listener(ev::contextmenu, move |event| self.asked_for_menu(&event)),
        ];
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
        Effect::new(move |_| {
            self.chat.rows.track();
            let seq = self.subject.get().and_then(|subject| subject.seq);
            let focuses = self.timers.try_with_value(|timers| timers.focuses.take()) == Some(true);
            spawn_local(async move {
                leptos::task::tick().await;
                mark::mark(seq, focuses);
                if focuses {
                    // Once more when the panel of acts has taken its space.
                    request_animation_frame(|| request_animation_frame(mark::show_selected));
                }
            });
        });
        self.tell_looks();
    }

    /// Selects a line of the page.
    pub fn select(self, seq: Seq) {
        let found = self.chat.rows.with_untracked(|rows| {
            rows.iter().rev().find_map(|row| match row {
                Row::Line { line, .. } if line.message.seq == seq => Subject::of(&line.message),
                _ => None,
            })
        });
        if let Some(subject) = found {
            self.pick(subject);
        }
    }

    /// Selects a message, wherever it is.
    pub fn pick(self, subject: Subject) {
        self.asking.set(None);
        self.reason.set(acts::Reason::None);
        self.is_open.set(false);
        self.card_is_open.set(false);
        self.timers.try_with_value(|timers| timers.focuses.set(true));
        self.hold(true);
        self.picked.set(Some(subject));
    }

    /// Selects nothing.
    pub fn unselect(self) {
        self.asking.set(None);
        if self.picked.with_untracked(Option::is_some) {
            self.picked.set(None);
            self.hold(false);
        }
    }

    /// Selects nothing, and goes back to the log.
    pub fn let_go(self) {
        self.unselect();
        dom::focus("messages");
    }

    /// Holds the transcript in its place while something is selected.
    fn hold(self, holds: bool) {
        if let Some(Some(scroller)) = self.scroller.try_get_value() {
            scroller.hold(holds);
            self.chat.set_at_end(scroller.at_end());
        }
    }

    fn pressed(self, event: &KeyboardEvent) {
        if !self.works() || event.default_prevented() || is_in_dialog(event.target()) {
            return;
        }
        let is_held = event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing();
        let place = place(event.target());
        let key = keys::read(&event.key(), is_held, event.shift_key(), place);
        // A key that is held down means its act once.
        if event.repeat() && !matches!(key, None | Some(Key::Select(_))) {
            return;
        }
        if key == Some(Key::Back) && place == Place::Field && self.leave_field() {
            event.prevent_default();
            return;
        }
        if key.is_some_and(|key| self.follow_key(key)) {
            event.prevent_default();
        }
    }

    /// Leaves a field of the acts for the selected line, which stays selected; whether there was one to leave.
    fn leave_field(self) -> bool {
        let is_of_acts = document()
            .active_element()
            .is_some_and(|field| field.closest(".act").is_ok_and(|found| found.is_some()));
        let leaves = is_of_acts && self.asking.get_untracked().is_none();
        if leaves {
            let seq = self.subject.get_untracked().and_then(|subject| subject.seq);
            mark::mark(seq, true);
        }
        leaves
    }

    /// Does what a key asks for; whether it was of use.
    fn follow_key(self, key: Key) -> bool {
        let is_selected = self.picked.with_untracked(Option::is_some);
        match key {
            Key::Select(way) => self.step(way),
            Key::Hide if is_selected => self.hide(),
            Key::Ban if is_selected => self.ask_ban(),
            Key::Mute if is_selected => self.ask(Asking::Mute, "act-mute"),
            Key::Clear if is_selected => self.ask(Asking::Clear, "act-clear"),
            // Whoever types faster than the focus moves means the same.
            Key::Confirm if self.asking.get_untracked() == Some(Asking::Ban) => self.ban(true),
            Key::Span(place) => return self.span(place),
            Key::Pin if is_selected => self.pin(),
            Key::Note => return self.note(),
            Key::Reports => self.show(Panel::Reports),
            Key::Questions => self.show(Panel::Questions),
            Key::Undo => self.undo(),
            Key::Back => return self.back(),
            Key::Help => self.help.set(true),
            _ => return false,
        }
        true
    }

    fn step(self, way: Way) {
        let lines: Vec<Seq> = self.chat.rows.with_untracked(|rows| {
            let seqs = rows.iter().filter_map(|row| match row {
                Row::Line { line, .. } if line.message.body.is_some() => Some(line.message.seq),
                _ => None,
            });
            seqs.collect()
        });
        let selected = self
            .picked
            .with_untracked(|picked| picked.as_ref().and_then(|subject| subject.seq));
        let last = || self.timers.try_with_value(|timers| timers.last.get()).flatten();
        let from = selected.or_else(|| last().filter(|seq| mark::is_in_view(*seq)));
        let next = match from {
            None => mark::last_in_view().or_else(|| lines.last().copied()),
            Some(_) => keys::next(&lines, from, way).or(from.filter(|_| selected.is_none())),
        };
        if let Some(next) = next {
            self.select(next);
        }
    }

    /// Hides what is selected, or ends what hides it.
    pub fn hide(self) {
        let term = untrack(|| self.term());
        self.on_line(|target, subject| match term {
            _ if !subject.hidden => Verb::Hide { target },
            Term::Hidden => Verb::Unhide { target },
            Term::Banned => Verb::Unban {
                member: subject.member.clone(),
            },
            Term::Cleared(clear) => Verb::Unclear { target: clear },
        });
    }

    /// What hides the selected message, as far as it is known.
    pub fn term(self) -> Term {
        let Some(subject) = self.subject.get() else {
            return Term::Hidden;
        };
        let seq = subject.seq.unwrap_or_default();
        let known = self.why.with(|why| why.term(seq, &subject.member, subject.at));
        let by_card = || self.card_of_subject(|card| card.person.banned).filter(|banned| *banned);
        known
            .or_else(|| by_card().map(|_| Term::Banned))
            .unwrap_or(Term::Hidden)
    }

    /// Pins what is selected, or takes it off.
    pub fn pin(self) {
        let is_pinned = untrack(|| self.is_pinned());
        self.on_line(|target, _| Verb::Pin {
            target: (!is_pinned).then_some(target),
        });
    }

    /// Mutes the author of what is selected.
    pub fn mute(self, seconds: u32) {
        self.on_author(|member| Verb::Mute { member, seconds });
    }

    /// Clears what the author of what is selected said lately.
    pub fn clear(self, seconds: u32) {
        self.on_author(|member| Verb::Clear { member, seconds });
    }

    /// Bans the author of what is selected, or ends the ban.
    pub fn ban(self, bans: bool) {
        self.on_author(|member| {
            if bans {
                Verb::Ban { member }
            } else {
                Verb::Unban { member }
            }
        });
    }

    fn on_line(self, verb: impl FnOnce(Seq, &Subject) -> Verb) {
        let Some(subject) = self.subject.get_untracked() else {
            return;
        };
        if let Some(target) = subject.seq {
            self.act_on(verb(target, &subject), &subject);
            self.make_room();
        }
    }

    fn on_author(self, verb: impl FnOnce(wire::MemberId) -> Verb) {
        let Some(subject) = self.subject.get_untracked() else {
            return;
        };
        if subject.role == Role::Fan {
            self.act_on(verb(subject.member.clone()), &subject);
            self.make_room();
        }
    }

    /// After an act: the undo needs the space of the panel where there is little, and keys go on from the line elsewhere.
    fn make_room(self) {
        if mark::is_wide() {
            let seq = self.subject.get_untracked().and_then(|subject| subject.seq);
            mark::mark(seq, true);
        } else {
            let seq = self.subject.get_untracked().and_then(|subject| subject.seq);
            self.timers.try_with_value(|timers| timers.last.set(seq));
            self.let_go();
        }
    }

    fn ask_ban(self) {
        if self.subject_is_banned() {
            self.ban(false);
        } else {
            self.ask(Asking::Ban, "sure");
        }
    }

    fn ask(self, asking: Asking, focus: &'static str) {
        let is_fan = self
            .subject
            .with_untracked(|subject| subject.as_ref().is_some_and(|subject| subject.role == Role::Fan));
        if is_fan {
            self.asking.set(Some(asking));
            dom::focus(focus);
        }
    }

    /// Asks once more whether to ban the author of a message in the queue.
    pub fn ask_to_ban(self, subject: Subject) {
        self.pick(subject);
        self.timers.try_with_value(|timers| timers.focuses.set(false));
        self.ask(Asking::Ban, "sure");
    }

    fn span(self, place: usize) -> bool {
        let spans = match self.asking.get_untracked() {
            Some(Asking::Mute) => (acts::MUTES, Self::mute as fn(Self, u32)),
            Some(Asking::Clear) => (acts::CLEARS, Self::clear as fn(Self, u32)),
            _ => return false,
        };
        if let Some(seconds) = spans.0.get(place) {
            (spans.1)(self, *seconds);
        }
        true
    }

    fn note(self) -> bool {
        let member = self
            .picked
            .with_untracked(|picked| picked.as_ref().map(|subject| subject.member.clone()))
            .or_else(|| self.card.get_untracked());
        let Some(member) = member else { return false };
        self.show_card(member);
        dom::focus("note");
        true
    }

    /// One step back; whether there was one.
    pub fn back(self) -> bool {
        if self.asking.get_untracked().is_some() {
            self.asking.set(None);
            let seq = self.subject.get_untracked().and_then(|subject| subject.seq);
            mark::mark(seq, true);
        } else if self.card_is_open.get_untracked() || self.is_open.get_untracked() {
            self.close();
        } else if self.picked.with_untracked(Option::is_some) {
            self.let_go();
        } else {
            return false;
        }
        true
    }

    /// Closes what covers the chat, the uppermost first; the focus goes back to the selected line, or to the log.
    pub fn close(self) {
        if self.card_is_open.get_untracked() {
            self.card_is_open.set(false);
            if !mark::is_wide() && self.is_open.get_untracked() {
                dom::focus("desk");
                return;
            }
        } else {
            self.is_open.set(false);
        }
        match self.subject.get_untracked().and_then(|subject| subject.seq) {
            Some(seq) => mark::mark(Some(seq), true),
            None => dom::focus("messages"),
        }
    }

    /// Whether what is selected is above the chat.
    pub fn is_pinned(self) -> bool {
        let seq = self.subject.get().and_then(|subject| subject.seq);
        seq.is_some() && self.room(|room| room.pinned).flatten() == seq
    }

    /// Whether the author of what is selected is banned, as far as it is known.
    pub fn subject_is_banned(self) -> bool {
        let by_card = self.card_of_subject(|card| card.person.banned);
        by_card.unwrap_or_else(|| {
            let member = self.subject.get().map(|subject| subject.member);
            member.is_some_and(|member| self.why.with(|why| why.is_banned(&member) == Some(true)))
        })
    }

    /// What the author's card says, if it is here.
    pub fn card_of_subject<T>(self, look: impl FnOnce(&MemberCard) -> T) -> Option<T> {
        let member = self.subject.get()?.member;
        self.about.with(|about| {
            let card = about.here().filter(|card| card.person.member == member)?;
            Some(look(card))
        })
    }

    /// Keeps the card that of what is selected, and fetches it when something was done.
    pub(super) fn follow_card(self) {
        Effect::new(move |_| {
            if let Some(subject) = self.subject.get() {
                self.card.set(Some(subject.member));
            }
        });
        Effect::new(move |before: Option<Option<wire::MemberId>>| {
            let member = self.card.get();
            self.card_done.track();
            let is_another = before.flatten() != member;
            if is_another {
                self.next_card_era();
                self.about.set(Loaded::Coming);
            }
            if member.is_some() {
                self.fetch_card_in(if is_another { CARD_AFTER } else { Duration::ZERO });
            }
            member
        });
    }

    fn fetch_card_in(self, wait: Duration) {
        let timer = set_timeout_with_handle(move || self.fetch_card(), wait).ok();
        self.timers.try_with_value(|timers| {
            if let Some(old) = timers.card.replace(timer) {
                old.clear();
            }
        });
    }

    /// Fetches the card.
    pub fn fetch_card(self) {
        let Some(Some(member)) = self.card.try_get_untracked() else {
            return;
        };
        let era = self.next_card_era();
        let slug = self.visit.slug();
        spawn_local(async move {
            let card = calls::member(&slug, &member).await;
            let now = self.timers.try_with_value(|timers| timers.card_era.get());
            if era != now || self.card.try_get_untracked() != Some(Some(member)) {
                return;
            }
            match card {
                Ok(card) => self.about.set(Loaded::Here(card)),
                Err(_) if self.about.with_untracked(|about| about.here().is_some()) => {}
                Err(_) => self.about.set(Loaded::Failed),
            }
        });
    }

    /// What was read of the card up to now is old, also where it is still under way.
    pub(super) fn next_card_era(self) -> Option<u32> {
        self.timers.try_with_value(|timers| {
            let era = timers.card_era.get().wrapping_add(1);
            timers.card_era.set(era);
            era
        })
    }

    /// Tells the other moderators what is selected, once it stays so, and again so that they know it still is.
    fn tell_looks(self) {
        Effect::new(move |before: Option<Option<Seq>>| {
            self.chat.capabilities.track();
            let seq = self.subject.get().and_then(|subject| subject.seq);
            if seq.is_some() || before.flatten().is_some() {
                let timer = set_timeout_with_handle(move || self.look(), looking::SAY_AFTER).ok();
                self.timers.try_with_value(|timers| {
                    if let Some(old) = timers.look.replace(timer) {
                        old.clear();
                    }
                });
            }
            seq
        });
        clock::every(looking::SAY_AGAIN, move || {
            if self.picked.with_untracked(Option::is_some) {
                self.look();
            }
        });
    }

    fn look(self) {
        let Some(subject) = self.subject.try_get_untracked() else {
            return;
        };
        let target = subject.and_then(|subject| subject.seq);
        self.chat.act(Verb::Look { target }, None, |_| ());
    }
}

fn place(target: Option<EventTarget>) -> Place {
    let Some(element) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
        return Place::Log;
    };
    let is_in = |selector: &str| element.closest(selector).is_ok_and(|found| found.is_some());
    if is_in("input:not([type=checkbox], [type=file]), textarea, select, [contenteditable]") {
        Place::Field
    } else if is_in("#messages") || element.tag_name().eq_ignore_ascii_case("body") {
        Place::Log
    } else {
        Place::Elsewhere
    }
}

fn is_in_dialog(target: Option<EventTarget>) -> bool {
    let element = target.and_then(|target| target.dyn_into::<Element>().ok());
    let found = element.and_then(|element| element.closest("dialog").ok().flatten());
    found.is_some()
}
