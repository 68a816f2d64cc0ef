//! What is done on stage: the spotlight, the answers, and the way back for a hand that slipped.

use leptos::prelude::*;
use wire::Seq;
use wire::frame::Verb;

use super::{Stage, keys::Key};
use crate::chat::errands::{NotDone, Outcome};
use crate::crew::deed;
use crate::crew::toast::UNDO_MILLIS;
use crate::{clock, dom};

/// What is said of the last act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was done, or why not.
    pub words: String,
    /// Whether it failed.
    pub failed: bool,
    undo: Undo,
    until: u64,
}

/// What undoes an act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Undo {
    /// Step by step.
    acts: Vec<Verb>,
    /// The question that the act left in the spotlight.
    left: Option<Seq>,
}

impl Undo {
    fn of(verb: &Verb, before: Option<Seq>) -> Self {
        Self {
            acts: undoing(verb, before),
            left: deed::leaves_on_stage(verb),
        }
    }

    /// What is left of it when this question is in the spotlight: one that came there since stays.
    fn with(self, present: Option<Seq>) -> Vec<Verb> {
        let mut acts = self.acts;
        acts.retain(|act| deed::is_as_left(self.left, act, present));
        acts
    }
}

impl Done {
    fn well(words: &str, undo: Undo, now: u64) -> Self {
        Self {
            words: words.to_owned(),
            failed: false,
            undo,
            until: now + UNDO_MILLIS,
        }
    }

    fn badly(words: String, now: u64) -> Self {
        Self {
            words,
            failed: true,
            undo: Undo::default(),
            until: now + UNDO_MILLIS,
        }
    }

    /// Whether it can be undone.
    pub fn can_be_undone(&self) -> bool {
        !self.undo.acts.is_empty()
    }

    /// Whole seconds that are left.
    pub fn left(&self, now: u64) -> u64 {
        // The clock that is shown goes by whole seconds: it may be behind the act.
        self.until.saturating_sub(now).min(UNDO_MILLIS).div_ceil(1_000)
    }
}

/// What undoes an act, when `before` was in the spotlight.
fn undoing(verb: &Verb, before: Option<Seq>) -> Vec<Verb> {
    match verb {
        Verb::Spotlight { .. } => vec![Verb::Spotlight { target: before }],
        Verb::Answer { target, .. } => {
            let mut undo = vec![Verb::Unanswer { target: *target }];
            if before == Some(*target) {
                undo.push(Verb::Spotlight { target: before });
            }
            undo
        }
        _ => Vec::new(),
    }
}

impl Stage {
    /// Does what a key asks for.
    pub fn press(self, key: Key) {
        match key {
            Key::Next => self.next(),
            Key::Previous => self.previous(),
            Key::Answered => self.answered(),
            Key::InWords => self.begin_answer(),
            Key::Say => {
                self.answering.set(None);
                dom::focus_now("say");
            }
            Key::Undo => self.undo(),
            Key::Light => self.switch_light(),
            Key::Help => self.help.set(true),
            Key::Back => self.step_back(),
        }
    }

    /// The next question into the spotlight.
    pub fn next(self) {
        let present = self.present();
        let next = self.order.with_untracked(|order| {
            let order = order.here()?;
            self.course.with_value(|course| course.next(order, present))
        });
        match next {
            Some(next) => self.light(next, move |stage, order| {
                stage.course.update_value(|course| course.went(present, next, order));
            }),
            None => self.tell("No other question waits."),
        }
    }

    /// The question before into the spotlight.
    pub fn previous(self) {
        let present = self.present();
        match self.course.with_value(|course| course.previous(present)) {
            Some(before) => self.light(before, move |stage, _| stage.lead_back(present, Some(before))),
            None => self.tell("There was no question before."),
        }
    }

    /// The question in the spotlight was answered on air.
    pub fn answered(self) {
        match self.present() {
            Some(target) => self.act(Verb::Answer { target, text: None }, "Answered on air.", |_| ()),
            None => self.tell("No question is in the spotlight."),
        }
    }

    /// Begins to answer the question in the spotlight in words.
    pub fn begin_answer(self) {
        match self.present() {
            Some(target) => {
                self.answering.set(Some(target));
                dom::focus_now("say");
            }
            None => self.tell("No question is in the spotlight."),
        }
    }

    /// Answers in words.
    pub fn answer(self, target: Seq, text: String) {
        let verb = Verb::Answer {
            target,
            text: Some(text),
        };
        self.act(verb, "Answered in words.", move |stage| {
            stage.answering.set(None);
            stage.reply.set(String::new());
        });
    }

    /// Undoes the last act, while it can be.
    pub fn undo(self) {
        let now = clock::monotonic();
        let undo = self.done.with_untracked(|done| {
            done.as_ref()
                .filter(|done| done.left(now) > 0)
                .map(|done| done.undo.clone())
        });
        let Some(undo) = undo.filter(|undo| !undo.acts.is_empty()) else {
            return;
        };
        let undo = undo.with(self.present());
        if undo.is_empty() {
            return self.tell(deed::STAGE_CHANGED);
        }
        if let [Verb::Spotlight { target }] = undo[..] {
            self.lead_back(self.present(), target);
        }
        self.run(undo, "Undone.", Undo::default(), |_| ());
    }

    /// Says something about an act that was none.
    fn tell(self, words: &str) {
        self.done.set(Some(Done::badly(words.to_owned(), clock::monotonic())));
    }

    fn light(self, target: Seq, then: impl FnOnce(Self, &crate::crew::asked::Order) + 'static) {
        let target = Some(target);
        self.act(Verb::Spotlight { target }, "In the spotlight.", move |stage| {
            stage.order.with_untracked(|order| {
                if let Some(order) = order.here() {
                    then(stage, order);
                }
            });
        });
    }

    fn lead_back(self, from: Option<Seq>, to: Option<Seq>) {
        self.course.update_value(|course| course.went_back(from, to));
    }

    fn act(self, verb: Verb, words: &'static str, then: impl FnOnce(Self) + 'static) {
        let undo = Undo::of(&verb, self.present());
        self.run(vec![verb], words, undo, then);
    }

    /// Does one thing after the other. A second press meanwhile is none: a clicker is quicker than the network.
    fn run(self, verbs: Vec<Verb>, words: &'static str, undo: Undo, then: impl FnOnce(Self) + 'static) {
        if !self.busy.get_untracked() {
            self.busy.set(true);
            self.go_on(verbs.into(), words, undo, Box::new(then));
        }
    }

    fn go_on(
        self,
        mut verbs: std::collections::VecDeque<Verb>,
        words: &'static str,
        undo: Undo,
        then: Box<dyn FnOnce(Self)>,
    ) {
        let Some(verb) = verbs.pop_front() else {
            self.busy.set(false);
            self.done.set(Some(Done::well(words, undo, clock::monotonic())));
            then(self);
            return;
        };
        self.chat.act(verb, None, move |outcome| match outcome {
            Ok(_) => self.go_on(verbs, words, undo, then),
            Err(_) => self.failed(outcome),
        });
    }

    fn failed(self, outcome: Outcome) {
        let why = match outcome {
            Err(NotDone::Refused(refused)) => deed::refusal(refused.code, refused.retry_after_ms),
            Err(NotDone::Unsent) => deed::NOT_SENT.to_owned(),
            _ => deed::UNANSWERED.to_owned(),
        };
        self.busy.set(false);
        self.done.set(Some(Done::badly(why, clock::monotonic())));
        self.read_again_soon();
    }

    /// Out of the field; out of an answer that was begun, too.
    fn step_back(self) {
        self.answering.set(None);
        dom::focus_now("stage");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_goes_back_to_how_it_was() {
        let to = |target| Verb::Spotlight { target };
        assert_eq!(undoing(&to(Some(5)), Some(3)), [to(Some(3))]);
        assert_eq!(undoing(&to(Some(5)), None), [to(None)]);
        let (target, text) = (5, None);
        let answer = Verb::Answer { target, text };
        assert_eq!(undoing(&answer, Some(5)), [Verb::Unanswer { target }, to(Some(5))]);
        assert_eq!(undoing(&answer, Some(3)), [Verb::Unanswer { target }]);
    }

    #[test]
    fn undoing_leaves_the_spotlight_to_a_question_that_came_there_since() {
        let to = |target| Verb::Spotlight { target };
        let next = Undo::of(&to(Some(5)), Some(3));
        assert_eq!(next.clone().with(Some(5)), [to(Some(3))]);
        assert!(next.with(Some(8)).is_empty());
        let target = 5;
        let answered = Undo::of(&Verb::Answer { target, text: None }, Some(5));
        assert_eq!(answered.clone().with(None), [Verb::Unanswer { target }, to(Some(5))]);
        assert_eq!(answered.with(Some(8)), [Verb::Unanswer { target }]);
    }

    #[test]
    fn a_hand_has_ten_seconds() {
        let answer = Verb::Answer { target: 5, text: None };
        let done = Done::well("Answered on air.", Undo::of(&answer, None), 1_000);
        assert_eq!((done.left(1_000), done.left(10_001), done.left(11_000)), (10, 1, 0));
        assert!(done.can_be_undone());
        assert!(!Done::badly("No.".into(), 0).can_be_undone());
    }
}
