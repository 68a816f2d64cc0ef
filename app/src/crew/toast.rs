//! What is said of the last acts, and for how long each can be undone.

use std::cell::Cell;

use wire::Seq;
use wire::frame::Verb;
use wire::moderation::WordRule;

use super::deed;

/// How long an act can be undone, in milliseconds.
pub const UNDO_MILLIS: u64 = 10_000;

/// How long is said what cannot be undone, or failed, in milliseconds.
const SAID_MILLIS: u64 = 8_000;

/// What is said of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Which one it is.
    pub id: u32,
    /// The icon of the act.
    pub icon: &'static str,
    /// What was done, in words.
    pub words: String,
    /// Whom it is about.
    pub who: Option<String>,
    /// How far it is.
    pub kind: Kind,
    /// The entry of the log that the act became.
    pub seq: Option<Seq>,
    /// The question that the act left on stage.
    pub on_stage: Option<Seq>,
    /// When it goes, in milliseconds of the page's clock.
    until: Option<u64>,
    /// What it takes back: offered again when that fails.
    takes_back: Option<Box<Self>>,
}

/// How far an act is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On its way.
    Doing,
    /// Done, and what undoes it.
    Done(Option<Undo>),
    /// Not done; this says why.
    Failed(String),
}

/// What undoes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Another act.
    Act(Verb),
    /// An act, and another one once it is done.
    Acts(Verb, Verb),
    /// A rule that was taken out of the word list.
    Word(WordRule),
}

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

impl Toast {
    /// For an act that begins.
    pub fn doing(verb: &Verb, who: Option<String>) -> Self {
        let id = LAST.get().wrapping_add(1);
        LAST.set(id);
        Self {
            id,
            icon: deed::icon(verb),
            words: deed::said(verb),
            who,
            kind: Kind::Doing,
            seq: None,
            on_stage: deed::leaves_on_stage(verb),
            until: None,
            takes_back: None,
        }
    }

    /// For an act that takes another one back.
    pub fn taking_back(verb: &Verb, old: Self) -> Self {
        Self {
            takes_back: Some(Box::new(old.clone())),
            ..Self::doing(verb, old.who)
        }
    }

    /// For a rule that is put back into the word list.
    pub fn returned(old: Self) -> Self {
        let mut toast = Self::taking_back(&Verb::Pause, old);
        toast.icon = "words";
        toast.words.replace_range(.., "Rule is back.");
        toast
    }

    /// For a rule that was taken out of the word list.
    pub fn removed(rule: WordRule, now: u64) -> Self {
        let mut toast = Self::doing(&Verb::Pause, Some(rule.pattern.clone()));
        toast.icon = "words";
        toast.words.replace_range(.., "Rule taken out.");
        toast.become_now(Kind::Done(Some(Undo::Word(rule))), now);
        toast
    }

    /// The act is answered.
    pub fn become_now(&mut self, kind: Kind, now: u64) {
        let lasts = match kind {
            Kind::Done(Some(_)) => UNDO_MILLIS,
            _ => SAID_MILLIS,
        };
        self.kind = kind;
        self.until = Some(now + lasts);
    }

    /// It was so before: there is nothing of one's own to undo.
    pub fn become_nothing(&mut self, words: &str, now: u64) {
        words.clone_into(&mut self.words);
        self.become_now(Kind::Done(None), now);
    }

    /// What undoes it, while that can be.
    pub fn undo(&self, now: u64) -> Option<Undo> {
        match &self.kind {
            Kind::Done(undo) if !self.is_over(now) => undo.clone(),
            _ => None,
        }
    }

    /// Whole seconds that are left.
    pub fn left(&self, now: u64) -> u32 {
        // The clock that is shown goes by whole seconds: it may be behind the act.
        let left = self
            .until
            .map_or(UNDO_MILLIS, |until| until.saturating_sub(now).min(UNDO_MILLIS));
        u32::try_from(left.div_ceil(1_000)).unwrap_or_default()
    }

    /// Whether it goes now.
    pub fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// What a screen reader hears.
    pub fn spoken(&self) -> String {
        let who = self.who.as_deref().unwrap_or_default();
        match &self.kind {
            Kind::Doing => String::new(),
            Kind::Done(None) => format!("{} {who}", self.words),
            Kind::Done(Some(_)) => format!("{} {who} U undoes it.", self.words),
            Kind::Failed(why) => why.clone(),
        }
    }
}

/// Most that are shown at a time.
const SHOWN: usize = 3;

/// What is said of the last acts, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toasts {
    shown: Vec<Toast>,
}

impl Toasts {
    /// All that are shown.
    pub fn shown(&self) -> &[Toast] {
        &self.shown
    }

    /// One more; the oldest goes where they are too many, one that failed last.
    pub fn push(&mut self, toast: Toast) {
        self.shown.push(toast);
        if self.shown.len() > SHOWN {
            let older = &self.shown[..SHOWN];
            let goes = older.iter().position(|toast| !matches!(toast.kind, Kind::Failed(_)));
            self.shown.remove(goes.unwrap_or_default());
        }
    }

    /// What became of an act. A failure is said also when the act is no longer shown, and what it was to take back can
    /// be undone as before.
    pub fn answer(&mut self, toast: Toast, now: u64) {
        let place = self.shown.iter().position(|shown| shown.id == toast.id);
        let has_failed = matches!(toast.kind, Kind::Failed(_));
        let old = toast.takes_back.clone().filter(|old| has_failed && !old.is_over(now));
        match place {
            Some(place) if !has_failed => {
                self.shown[place] = toast;
            }
            None if !has_failed => {}
            _ => {
                self.shown.retain(|shown| shown.id != toast.id);
                if let Some(old) = old {
                    self.push(*old);
                }
                self.push(toast);
            }
        }
    }

    /// The entry turns out to be somebody else's act.
    pub fn disown(&mut self, seq: Seq, words: &str, now: u64) {
        let theirs = |toast: &&mut Toast| toast.seq == Some(seq) && matches!(toast.kind, Kind::Done(_));
        if let Some(toast) = self.shown.iter_mut().find(theirs) {
            toast.become_nothing(words, now);
        }
    }

    /// What the key undoes: the newest act that is not an undoing itself, or else the newest undoing.
    pub fn next(&self, now: u64) -> Option<u32> {
        let mut can = self.shown.iter().rev().filter(|toast| toast.undo(now).is_some());
        let newest = can.clone().find(|toast| toast.takes_back.is_none());
        newest.or_else(|| can.next()).map(|toast| toast.id)
    }

    /// Takes one out to undo it.
    pub fn take(&mut self, id: u32, now: u64) -> Option<(Undo, Toast)> {
        let place = self.shown.iter().position(|toast| toast.id == id)?;
        let undo = self.shown[place].undo(now)?;
        Some((undo, self.shown.remove(place)))
    }

    /// Those whose time is over.
    pub fn over(&self, now: u64) -> Vec<u32> {
        let over = self.shown.iter().filter(|toast| toast.is_over(now));
        over.map(|toast| toast.id).collect()
    }

    /// Lets these go.
    pub fn drop_all(&mut self, ids: &[u32]) {
        self.shown.retain(|toast| !ids.contains(&toast.id));
    }

    /// What a screen reader hears.
    pub fn spoken(&self) -> String {
        self.shown.last().map(Toast::spoken).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_can_be_undone_for_ten_seconds() {
        let mut toast = Toast::doing(&Verb::Hide { target: 3 }, Some("kenny".into()));
        assert_eq!(
            (toast.undo(5), toast.is_over(1 << 40)),
            (None, false),
            "it is on its way"
        );
        let undo = Undo::Act(Verb::Unhide { target: 3 });
        toast.become_now(Kind::Done(Some(undo.clone())), 1_000);
        assert_eq!(toast.left(1_000), 10);
        assert_eq!(toast.undo(10_999), Some(undo));
        assert_eq!(
            (toast.undo(11_000), toast.is_over(11_000), toast.left(11_000)),
            (None, true, 0)
        );
    }

    #[test]
    fn what_failed_says_why_and_goes() {
        let mut toast = Toast::doing(&Verb::Pause, None);
        toast.become_now(Kind::Failed("No.".into()), 0);
        assert_eq!((toast.spoken().as_str(), toast.undo(0)), ("No.", None));
        assert!(toast.is_over(SAID_MILLIS));
    }

    #[test]
    fn no_two_are_the_same() {
        let first = Toast::doing(&Verb::Pause, None);
        assert_ne!(first.id, Toast::doing(&Verb::Pause, None).id);
    }

    fn done(target: Seq, now: u64) -> Toast {
        let mut toast = Toast::doing(&Verb::Hide { target }, Some("kenny".into()));
        toast.seq = Some(target + 100);
        toast.become_now(Kind::Done(Some(Undo::Act(Verb::Unhide { target }))), now);
        toast
    }

    #[test]
    fn the_newest_act_is_undone_first_and_then_the_one_before() {
        let mut toasts = Toasts::default();
        for target in [1, 2] {
            toasts.push(done(target, 0));
        }
        for target in [2, 1] {
            let next = toasts.next(5).expect("one to undo");
            let (undo, old) = toasts.take(next, 5).expect("it can be");
            assert_eq!(undo, Undo::Act(Verb::Unhide { target }));
            let mut undoing = Toast::taking_back(&Verb::Unhide { target }, old);
            toasts.push(undoing.clone());
            undoing.become_now(Kind::Done(Some(Undo::Act(Verb::Hide { target }))), 5);
            toasts.answer(undoing, 5);
        }
        assert!(
            toasts.next(5).is_some(),
            "only undoings are left, and the newest can be done again"
        );
    }

    #[test]
    fn an_undo_that_failed_can_be_tried_again() {
        let mut toasts = Toasts::default();
        toasts.push(done(1, 0));
        let (_, old) = toasts.take(toasts.next(5).expect("one"), 5).expect("it can be");
        let mut undoing = Toast::taking_back(&Verb::Unhide { target: 1 }, old.clone());
        toasts.push(undoing.clone());
        undoing.become_now(Kind::Failed("No.".into()), 9);
        toasts.answer(undoing, 9);
        assert_eq!((toasts.next(9), toasts.spoken().as_str()), (Some(old.id), "No."));
    }

    #[test]
    fn a_failure_is_said_also_when_others_came_meanwhile() {
        let mut toasts = Toasts::default();
        let mut lost = Toast::doing(&Verb::Pause, None);
        toasts.push(lost.clone());
        for target in 1..=4 {
            toasts.push(done(target, 0));
        }
        lost.become_now(Kind::Failed("No.".into()), 1);
        toasts.answer(lost.clone(), 1);
        assert_eq!((toasts.shown().last(), toasts.shown().len()), (Some(&lost), SHOWN));
        toasts.push(done(9, 1));
        assert!(toasts.shown().contains(&lost), "what was done goes before it");
    }

    #[test]
    fn what_somebody_else_did_is_not_offered_to_be_undone() {
        let mut toasts = Toasts::default();
        toasts.push(done(1, 0));
        toasts.disown(101, "It was so already.", 0);
        assert_eq!(toasts.next(0), None);
        toasts.drop_all(&toasts.over(SAID_MILLIS));
        assert_eq!(toasts.shown(), []);
    }
}
