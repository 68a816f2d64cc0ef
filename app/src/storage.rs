//! What outlives a reload. The draft and the lines not sent yet live as long as the tab, the theme as long as the browser
//! keeps it. Where storage is refused the page works without.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use web_sys::Storage;

use crate::chat::outbox::{Outbox, Sending, Unsent};
use wire::{MemberId, Refusal, Seq};

/// The things kept for one event in this tab.
#[derive(Clone, Debug)]
pub struct Kept {
    slug: String,
}

/// The line being written, and who writes it: whoever sits here next in the same tab must not read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    member: Option<MemberId>,
    text: String,
    question: bool,
}

/// A line that was not in the log when it was kept.
#[derive(Serialize, Deserialize)]
struct KeptLine {
    id: String,
    text: String,
    failed: bool,
    /// Why it failed.
    #[serde(default)]
    code: Option<Refusal>,
    #[serde(default)]
    detail: Option<String>,
    /// A moderator decides on it.
    #[serde(default)]
    with_crew: bool,
    #[serde(default)]
    question: bool,
}

/// The lines of one member: another member's ticket in the same tab must never send them.
#[derive(Serialize, Deserialize)]
struct KeptLines {
    member: MemberId,
    lines: Vec<KeptLine>,
}

impl Draft {
    /// What `member` writes. A member is unknown while its account is being made.
    pub fn of(member: Option<MemberId>, text: String, question: bool) -> Self {
        Self { member, text, question }
    }

    /// The words and whether they are a question, if they are `member`'s. Words of nobody known are, when this is the same
    /// seat as before (`same_seat`).
    pub fn words_for(&self, member: Option<&MemberId>, same_seat: bool) -> Option<(&str, bool)> {
        let is_known = self.member.is_some() && self.member.as_ref() == member;
        let is_theirs = is_known || (self.member.is_none() && same_seat);
        (is_theirs && !self.text.is_empty()).then_some((self.text.as_str(), self.question))
    }

    /// The member in the first line, which is empty when nobody is known, a mark for a question in the second, and the
    /// words below.
    fn to_kept(&self) -> String {
        let member = self.member.as_ref().map_or("", MemberId::as_str);
        let mark = if self.question { "?" } else { "" };
        [member, mark, &self.text].join("\n")
    }

    fn from_kept(kept: &str) -> Self {
        let (member, words) = kept.split_once('\n').unwrap_or_default();
        let (mark, text) = words.split_once('\n').unwrap_or_default();
        let member = (!member.is_empty()).then(|| MemberId(member.to_owned()));
        Self::of(member, text.to_owned(), mark == "?")
    }
}

impl Kept {
    /// For the event `slug`.
    pub fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned() }
    }

    /// The draft of the line being written, whoever writes it.
    pub fn draft(&self) -> Draft {
        read(session(), &self.key("draft"))
            .map(|kept| Draft::from_kept(&kept))
            .unwrap_or_default()
    }

    /// Keeps the draft.
    pub fn keep_draft(&self, draft: &Draft) {
        let kept = (!draft.text.is_empty()).then(|| draft.to_kept());
        write(session(), &self.key("draft"), kept.as_deref());
    }

    /// Whether this visitor chose to watch without a nickname.
    pub fn just_watches(&self) -> bool {
        read(session(), &self.key("watch")).is_some()
    }

    /// Keeps that choice.
    pub fn keep_just_watching(&self, watches: bool) {
        write(session(), &self.key("watch"), watches.then_some("yes"));
    }

    /// The last four signs of the ticket whose seat this browser held here when it was last open: only then is it worth
    /// asking whether it still does.
    pub fn seated(&self) -> Option<String> {
        read(local(), &self.key("seated"))
    }

    /// Keeps them, or that it holds no seat.
    pub fn keep_seated(&self, ticket_end: Option<&str>) {
        write(local(), &self.key("seated"), ticket_end);
        if ticket_end.is_none() {
            self.keep_program(None);
        }
    }

    /// Keeps which program the seat needs: a page that is loaded again begins with it (`start.js`).
    pub fn keep_program(&self, name: Option<&str>) {
        write(local(), &self.key("program"), name);
    }

    /// Whether this browser left its seat and the server does not know yet.
    pub fn is_leaving(&self) -> bool {
        read(local(), &self.key("leaving")).is_some()
    }

    /// Keeps that it did, or that this is settled.
    pub fn keep_leaving(&self, leaving: bool) {
        write(local(), &self.key("leaving"), leaving.then_some("yes"));
    }

    /// Whether a moderator left admin mode on.
    pub fn works(&self) -> bool {
        read(local(), &self.key("admin")).is_some()
    }

    /// Keeps whether it is on.
    pub fn keep_working(&self, works: bool) {
        write(local(), &self.key("admin"), works.then_some("on"));
    }

    /// The lines that `member` had not sent when the page was left, with their ids.
    pub fn outbox(&self, member: &MemberId) -> Outbox {
        let kept: Option<KeptLines> = read(session(), &self.key("unsent")).and_then(|kept| crate::api::read(&kept));
        let mut outbox = Outbox::default();
        let lines = kept
            .filter(|kept| kept.member == *member)
            .map(|kept| kept.lines)
            .unwrap_or_default();
        for line in lines {
            let state = match line {
                KeptLine { failed: true, code, .. } => Sending::Failed(code.unwrap_or(Refusal::Unknown)),
                KeptLine { with_crew: true, .. } => Sending::WithCrew { is_told: false },
                KeptLine { .. } => Sending::Waiting,
            };
            let mut kept = Unsent::new(line.id, line.text, line.question, state);
            kept.detail = line.detail;
            outbox.add_kept(kept);
        }
        outbox
    }

    /// Keeps the lines that `member` has not sent yet.
    pub fn keep_outbox(&self, member: &MemberId, outbox: &Outbox) {
        let lines: Vec<KeptLine> = outbox.unsent().iter().map(KeptLine::from).collect();
        let kept = (!lines.is_empty()).then(|| KeptLines {
            member: member.clone(),
            lines,
        });
        let kept = kept.and_then(|kept| serde_json::to_string(&kept).ok());
        write(session(), &self.key("unsent"), kept.as_deref());
    }

    /// The words that an artist says at one touch, as they were changed.
    pub fn quick_replies(&self) -> Option<String> {
        read(local(), &self.key("quick"))
    }

    /// Keeps them.
    pub fn keep_quick_replies(&self, replies: &str) {
        write(local(), &self.key("quick"), Some(replies));
    }

    /// The pin that this reader put away.
    pub fn unpinned(&self) -> Option<Seq> {
        read(session(), &self.key("unpinned"))?.parse().ok()
    }

    /// Keeps which pin was put away.
    pub fn keep_unpinned(&self, pin: Seq) {
        write(session(), &self.key("unpinned"), Some(&pin.to_string()));
    }

    /// The lines that were reported from here: once each is enough.
    pub fn reported(&self) -> Vec<Seq> {
        let kept = read(session(), &self.key("reported")).unwrap_or_default();
        kept.split(' ').filter_map(|seq| seq.parse().ok()).collect()
    }

    /// Keeps which lines were reported.
    pub fn keep_reported(&self, seqs: &[Seq]) {
        let kept: Vec<String> = seqs.iter().map(Seq::to_string).collect();
        write(session(), &self.key("reported"), Some(&kept.join(" ")));
    }

    /// Forgets what the reader did with others' lines: the next one here may be somebody else.
    pub fn forget_marks(&self) {
        for mark in ["unpinned", "reported"] {
            write(session(), &self.key(mark), None);
        }
    }

    fn key(&self, name: &str) -> String {
        format!("frontrow/{}/{name}", self.slug)
    }
}

impl From<&Unsent> for KeptLine {
    fn from(unsent: &Unsent) -> Self {
        let code = match unsent.state {
            Sending::Failed(refusal) => Some(refusal),
            _ => None,
        };
        Self {
            id: unsent.id.clone(),
            text: unsent.text.clone(),
            failed: code.is_some(),
            code,
            detail: unsent.detail.clone(),
            with_crew: matches!(unsent.state, Sending::WithCrew { .. }),
            question: unsent.question,
        }
    }
}

/// The theme that was picked, if one was.
pub fn theme() -> Option<String> {
    read(local(), "frontrow/theme")
}

/// Keeps the theme that was picked.
pub fn keep_theme(theme: &str) {
    write(local(), "frontrow/theme", Some(theme));
}

/// Whether the stage was bright last.
pub fn stage_is_bright() -> bool {
    read(local(), "frontrow/stage").is_some()
}

/// Keeps whether it is.
pub fn keep_stage_bright(bright: bool) {
    write(local(), "frontrow/stage", bright.then_some("bright"));
}

fn session() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn local() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn read(storage: Option<Storage>, key: &str) -> Option<String> {
    storage?.get_item(key).ok().flatten()
}

fn write(storage: Option<Storage>, key: &str, value: Option<&str>) {
    let Some(storage) = storage else { return };
    // A full or forbidden storage is no reason to stop: the page holds the value as well.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_for_its_writer_only() {
        let (marit, other) = (MemberId("marit".into()), MemberId("other".into()));
        let draft = Draft::of(Some(marit.clone()), "half a line".into(), true);
        assert_eq!(draft.words_for(Some(&marit), false), Some(("half a line", true)));
        assert_eq!(draft.words_for(Some(&other), false), None);
        assert_eq!(draft.words_for(Some(&other), true), None);
        assert_eq!(draft.words_for(None, true), None);
    }

    #[test]
    fn what_was_written_before_the_account_was_there_stays_with_the_seat() {
        let marit = MemberId("marit".into());
        let draft = Draft::of(None, "half a line".into(), false);
        assert_eq!(draft.words_for(Some(&marit), true), Some(("half a line", false)));
        assert_eq!(draft.words_for(None, true), Some(("half a line", false)));
        assert_eq!(
            draft.words_for(Some(&marit), false),
            None,
            "another ticket may be another person"
        );
        assert_eq!(draft.words_for(None, false), None);
    }

    #[test]
    fn a_draft_outlives_being_kept() {
        for member in [Some(MemberId("marit".into())), None] {
            for question in [false, true] {
                let draft = Draft::of(member.clone(), "half a line\n\nand a half".into(), question);
                assert_eq!(Draft::from_kept(&draft.to_kept()), draft);
            }
        }
        assert_eq!(Draft::from_kept("no member, no line"), Draft::default());
    }
}
