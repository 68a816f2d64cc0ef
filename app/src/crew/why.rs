//! Why messages are not visible to fans: learned from the log's control entries, as far as this page has seen them.

use std::collections::HashMap;

use wire::frame::{Control, Deed, Message};
use wire::moderation::AuditRow;
use wire::{MemberId, Seq};

/// Most acts that are remembered; of more, the older half goes, and their lines say only that they are hidden.
const REMEMBERED: usize = 2_000;

/// An act that made messages invisible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The entry.
    seq: Seq,
    /// What was done: `Hidden`, `Banned`, `Cleared`.
    what: &'static str,
    by: Option<String>,
    reason: Option<String>,
}

/// What an act made invisible is shown again by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// The message was hidden by itself.
    Hidden,
    /// Its author is banned.
    Banned,
    /// It was cleared, by the entry at this place.
    Cleared(Seq),
}

/// What made which message or member invisible.
#[derive(Clone, Debug, Default)]
pub struct Why {
    hidden: HashMap<Seq, Cause>,
    banned: HashMap<MemberId, Option<Cause>>,
    /// Each clear with its member and the range of time it covers.
    cleared: Vec<(MemberId, u64, Cause)>,
}

impl Why {
    /// Learns from an entry. Applying one twice changes nothing.
    pub fn learn(&mut self, control: &Control) {
        match &control.deed {
            Deed::Hide { target } => {
                self.hidden.insert(*target, cause(control, "Hidden"));
            }
            Deed::Unhide { target, .. } => {
                self.hidden.remove(target);
            }
            Deed::Ban { member } => {
                self.banned.insert(member.clone(), Some(cause(control, "Banned")));
            }
            Deed::Unban { member } => {
                self.banned.insert(member.clone(), None);
            }
            Deed::Clear { member, since, .. } => {
                if !self.cleared.iter().any(|(_, _, known)| known.seq == control.seq) {
                    self.cleared.push((member.clone(), *since, cause(control, "Cleared")));
                }
            }
            Deed::Unclear { target, .. } => self.cleared.retain(|(_, _, cause)| cause.seq != *target),
            Deed::Slow { .. }
            | Deed::Pin { .. }
            | Deed::Pause
            | Deed::Resume
            | Deed::Rename { .. }
            | Deed::Spotlight { .. }
            | Deed::Answer { .. }
            | Deed::Unanswer { .. } => {}
        }
        self.keep_bounded();
    }

    /// Whether the member is banned, as far as that is known.
    pub fn is_banned(&self, member: &MemberId) -> Option<bool> {
        self.banned.get(member).map(Option::is_some)
    }

    /// Learns from the audit log what was done before the page came. `rows` are newest first.
    pub fn learn_rows(&mut self, rows: &[AuditRow]) {
        for control in rows.iter().rev().filter_map(deed_of) {
            self.learn(&control);
        }
    }

    /// What hides a message, as far as it is known; the message's own term first.
    pub fn term(&self, seq: Seq, member: &MemberId, at: u64) -> Option<Term> {
        if self.hidden.contains_key(&seq) {
            return Some(Term::Hidden);
        }
        if self.is_banned(member) == Some(true) {
            return Some(Term::Banned);
        }
        self.clear_of(seq, member, at).map(|cause| Term::Cleared(cause.seq))
    }

    /// Why a message is invisible, in words.
    pub fn words(&self, seq: Seq, member: &MemberId, at: u64) -> String {
        let cleared = || self.clear_of(seq, member, at);
        let banned = || self.banned.get(member).and_then(Option::as_ref);
        match self.hidden.get(&seq).or_else(banned).or_else(cleared) {
            None => "Hidden from fans".to_owned(),
            Some(cause) => {
                let by = cause.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
                let reason = cause.reason.as_ref().map(|reason| format!(", {reason}"));
                format!("{}{by}{}", cause.what, reason.unwrap_or_default())
            }
        }
    }

    fn clear_of(&self, seq: Seq, member: &MemberId, at: u64) -> Option<&Cause> {
        let covers = |(who, since, cause): &&(MemberId, u64, Cause)| who == member && *since <= at && seq < cause.seq;
        self.cleared.iter().find(covers).map(|(_, _, cause)| cause)
    }

    fn keep_bounded(&mut self) {
        if self.hidden.len() + self.banned.len() + self.cleared.len() <= REMEMBERED {
            return;
        }
        let mut seqs: Vec<Seq> = self.hidden.values().map(|cause| cause.seq).collect();
        seqs.extend(self.banned.values().flatten().map(|cause| cause.seq));
        seqs.extend(self.cleared.iter().map(|(_, _, cause)| cause.seq));
        seqs.sort_unstable();
        let from = seqs.get(seqs.len() / 2).copied().unwrap_or_default();
        self.hidden.retain(|_, cause| cause.seq > from);
        self.banned
            .retain(|_, cause| cause.as_ref().is_some_and(|cause| cause.seq > from));
        self.cleared.retain(|(_, _, cause)| cause.seq > from);
    }
}

/// The deed that a row of the audit log tells of, if it changes what is visible.
fn deed_of(row: &AuditRow) -> Option<Control> {
    let about = || row.about.as_ref().map(|about| about.member.clone());
    let deed = match row.kind.as_str() {
        "hide" => Deed::Hide { target: row.target? },
        "unhide" => Deed::Unhide {
            target: row.target?,
            message: Message {
                seq: row.target?,
                body: None,
                hidden: false,
            },
        },
        "ban" => Deed::Ban { member: about()? },
        "unban" => Deed::Unban { member: about()? },
        "clear" => Deed::Clear {
            member: about()?,
            seconds: row.seconds?,
            since: row.at.saturating_sub(u64::from(row.seconds?) * 1_000),
        },
        "unclear" => Deed::Unclear {
            target: row.target?,
            member: about()?,
        },
        _ => return None,
    };
    Some(Control {
        seq: row.seq?,
        at: row.at,
        deed,
        by: row.by.clone(),
        reason: row.reason.clone(),
    })
}

fn cause(control: &Control, what: &'static str) -> Cause {
    Cause {
        seq: control.seq,
        what,
        by: control.by.as_ref().and_then(|by| by.nickname.clone()),
        reason: control.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::frame::Actor;

    use super::*;

    fn troll() -> MemberId {
        MemberId("troll".into())
    }

    fn entry(seq: Seq, deed: Deed, reason: Option<&str>) -> Control {
        let by = Actor {
            member: MemberId("mo".into()),
            nickname: Some("Mo".into()),
        };
        Control {
            seq,
            at: seq * 1_000,
            deed,
            by: Some(by),
            reason: reason.map(str::to_owned),
        }
    }

    fn tombstone(seq: Seq) -> Message {
        Message {
            seq,
            body: None,
            hidden: true,
        }
    }

    #[test]
    fn a_hidden_message_says_by_whom_and_why() {
        let mut why = Why::default();
        why.learn(&entry(9, Deed::Hide { target: 3 }, Some("spam")));
        assert_eq!(why.words(3, &troll(), 3_000), "Hidden by Mo, spam");
        assert_eq!(why.term(3, &troll(), 3_000), Some(Term::Hidden));
        assert_eq!(
            why.words(4, &troll(), 4_000),
            "Hidden from fans",
            "before this page came"
        );
    }

    #[test]
    fn each_act_takes_back_its_own_term_only() {
        let mut why = Why::default();
        why.learn(&entry(9, Deed::Hide { target: 3 }, None));
        why.learn(&entry(10, Deed::Ban { member: troll() }, Some("spam")));
        let clear = Deed::Clear {
            member: troll(),
            seconds: 60,
            since: 2_000,
        };
        why.learn(&entry(11, clear, None));
        why.learn(&entry(
            12,
            Deed::Unhide {
                target: 3,
                message: tombstone(3),
            },
            None,
        ));
        assert_eq!(why.words(3, &troll(), 3_000), "Banned by Mo, spam");
        assert_eq!(why.is_banned(&troll()), Some(true));
        why.learn(&entry(13, Deed::Unban { member: troll() }, None));
        assert_eq!(why.is_banned(&troll()), Some(false));
        assert_eq!(why.words(3, &troll(), 3_000), "Cleared by Mo");
        assert_eq!(why.words(1, &troll(), 1_000), "Hidden from fans", "it was said before");
        assert_eq!(why.words(14, &troll(), 14_000), "Hidden from fans", "and after");
        let unclear = Deed::Unclear {
            target: 11,
            member: troll(),
        };
        why.learn(&entry(15, unclear, None));
        assert_eq!(why.words(3, &troll(), 3_000), "Hidden from fans");
    }

    #[test]
    fn what_was_done_before_the_page_came_is_learnt_from_the_audit_log() {
        let row = |seq: Seq, kind: &str, target: Option<Seq>, seconds| AuditRow {
            id: seq,
            at: seq * 1_000,
            kind: kind.into(),
            by: None,
            about: Some(Actor {
                member: troll(),
                nickname: None,
            }),
            target,
            seq: Some(seq),
            seconds,
            reason: Some("spam".into()),
            detail: None,
        };
        let mut why = Why::default();
        why.learn_rows(&[
            row(14, "unhide", Some(3), None),
            row(12, "clear", None, Some(10)),
            row(11, "hide", Some(3), None),
            row(10, "note", None, None),
        ]);
        assert_eq!(why.term(3, &troll(), 3_000), Some(Term::Cleared(12)));
        assert_eq!(why.words(3, &troll(), 3_000), "Cleared, spam");
        assert_eq!(why.term(1, &troll(), 1_000), None);
        why.learn_rows(&[row(16, "ban", None, None), row(15, "unclear", Some(12), None)]);
        assert_eq!(why.term(3, &troll(), 3_000), Some(Term::Banned));
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_bounded(targets in proptest::collection::vec(0..100_000_u64, 0..200)) {
            let mut why = Why::default();
            for (number, target) in targets.iter().cycle().take(5_000).enumerate() {
                let seq = 100_001 + number as Seq;
                let deed = if target % 3 == 0 {
                    Deed::Ban { member: MemberId(format!("{target}-{number}")) }
                } else {
                    Deed::Hide { target: target + number as Seq }
                };
                why.learn(&entry(seq, deed, None));
                prop_assert!(why.hidden.len() + why.banned.len() + why.cleared.len() <= REMEMBERED);
            }
        }
    }
}
