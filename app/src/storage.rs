//! What outlives a reload. The draft and the lines not sent yet live as long as the tab, the theme as long as the browser
//! keeps it. Where storage is refused the page works without.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use web_sys::Storage;

use crate::chat::outbox::{Outbox, Sending};
use wire::{MemberId, Refusal};

/// The things kept for one event in this tab.
#[derive(Clone, Debug)]
pub struct Kept {
    slug: String,
}

/// A line that was not in the log when it was kept.
#[derive(Serialize, Deserialize)]
struct KeptLine {
    id: String,
    text: String,
    failed: bool,
}

/// The lines of one member: another member's ticket in the same tab must never send them.
#[derive(Serialize, Deserialize)]
struct KeptLines {
    member: MemberId,
    lines: Vec<KeptLine>,
}

impl Kept {
    /// For the event `slug`.
    pub fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned() }
    }

    /// The draft of the line being written.
    pub fn draft(&self) -> String {
        read(session(), &self.key("draft")).unwrap_or_default()
    }

    /// Keeps the draft.
    pub fn keep_draft(&self, draft: &str) {
        write(
            session(),
            &self.key("draft"),
            Some(draft).filter(|draft| !draft.is_empty()),
        );
    }

    /// Whether this visitor chose to watch without a nickname.
    pub fn just_watches(&self) -> bool {
        read(session(), &self.key("watch")).is_some()
    }

    /// Keeps that choice.
    pub fn keep_just_watching(&self, watches: bool) {
        write(session(), &self.key("watch"), watches.then_some("yes"));
    }

    /// Whether this browser held a seat here when it was last open: only then is it worth asking whether it still does.
    pub fn was_seated(&self) -> bool {
        read(local(), &self.key("seated")).is_some()
    }

    /// Keeps that it does, or no longer does.
    pub fn keep_seated(&self, seated: bool) {
        write(local(), &self.key("seated"), seated.then_some("yes"));
    }

    /// The lines that `member` had not sent when the page was left, with their ids.
    pub fn outbox(&self, member: &MemberId) -> Outbox {
        let kept: Option<KeptLines> =
            read(session(), &self.key("unsent")).and_then(|kept| serde_json::from_str(&kept).ok());
        let mut outbox = Outbox::default();
        let lines = kept
            .filter(|kept| kept.member == *member)
            .map(|kept| kept.lines)
            .unwrap_or_default();
        for line in lines {
            let state = if line.failed {
                Sending::Failed(Refusal::Unknown)
            } else {
                Sending::Waiting
            };
            outbox.add(line.id, line.text, state);
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

    fn key(&self, name: &str) -> String {
        format!("frontrow/{}/{name}", self.slug)
    }
}

impl From<&crate::chat::outbox::Unsent> for KeptLine {
    fn from(unsent: &crate::chat::outbox::Unsent) -> Self {
        Self {
            id: unsent.id.clone(),
            text: unsent.text.clone(),
            failed: matches!(unsent.state, Sending::Failed(_)),
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
