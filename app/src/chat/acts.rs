//! What moderators did lately, and what it does to a message. A page of history that was read before an act and arrives
//! after it must not bring back what the act took away: so acts are remembered for as long as such a page may come.

use std::collections::VecDeque;

use wire::frame::{Deed, Message};
use wire::{MemberId, Seq};

/// Most acts that are remembered. A page that is older than the oldest of them is asked for again.
pub const ACTS_KEPT: usize = 256;

/// The acts after some place in the log, but for those that a later one undid.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    kept: VecDeque<(Seq, Deed)>,
    /// Every act after this place is known.
    known_after: Seq,
    /// The last act that may have made something visible whose text it did not carry.
    last_return: Seq,
    /// The last act that made anything visible.
    last_undone: Seq,
}

impl Acts {
    /// Forgets everything: acts up to this place are in whatever is read from now on.
    pub fn begin_after(&mut self, seq: Seq) {
        *self = Self {
            known_after: seq,
            ..Self::default()
        };
    }

    /// Whether everything is known that was done to a message since then.
    pub fn knows_all_since(&self, as_of: Seq) -> bool {
        as_of >= self.known_after
    }

    /// Whether a page of that moment shows all that was made visible.
    pub fn is_up_to_date(&self, as_of: Seq) -> bool {
        self.knows_all_since(as_of) && as_of >= self.last_undone
    }

    /// Remembers an act. They come in the order of the log.
    pub fn note(&mut self, seq: Seq, deed: &Deed) {
        match deed {
            Deed::Hide { target } => {
                self.forget(|_, deed| matches!(deed, Deed::Unhide { target: other, .. } if other == target));
            }
            Deed::Unhide { target, .. } => {
                self.last_undone = seq;
                self.forget(|_, deed| matches!(deed, Deed::Hide { target: other } if other == target));
            }
            Deed::Unban { member } => {
                (self.last_return, self.last_undone) = (seq, seq);
                self.forget(|_, deed| matches!(deed, Deed::Ban { member: other } if other == member));
                return;
            }
            Deed::Unclear { target, .. } => {
                (self.last_return, self.last_undone) = (seq, seq);
                self.forget(|place, _| place == *target);
                return;
            }
            Deed::Rename { member, .. } => {
                self.forget(|_, deed| matches!(deed, Deed::Rename { member: other, .. } if other == member));
            }
            Deed::Ban { .. } | Deed::Clear { .. } => {}
            Deed::Answer { target } => {
                self.forget(|_, deed| matches!(deed, Deed::Unanswer { target: other } if other == target));
            }
            Deed::Unanswer { target } => {
                self.forget(|_, deed| matches!(deed, Deed::Answer { target: other } if other == target));
            }
            Deed::Slow { .. } | Deed::Pin { .. } | Deed::Pause | Deed::Resume | Deed::Spotlight { .. } => return,
        }
        self.kept.push_back((seq, without_text(deed)));
        if self.kept.len() > ACTS_KEPT
            && let Some((oldest, _)) = self.kept.pop_front()
        {
            self.known_after = oldest;
        }
    }

    /// Does to a message of that moment what was done since.
    pub fn bring_up_to_date(&self, message: &mut Message, as_of: Seq, keeps_text: bool) {
        for (seq, deed) in &self.kept {
            if *seq > as_of && concerns(*seq, deed, message) {
                apply(*seq, deed, message, keeps_text);
            }
        }
    }

    /// Whether a tombstone of that moment may have become visible since.
    pub fn may_have_returned(&self, message: &Message, as_of: Seq) -> bool {
        let is_unhidden = |(seq, deed): &(Seq, Deed)| {
            *seq > as_of && matches!(deed, Deed::Unhide { target, .. } if *target == message.seq)
        };
        message.hidden && (as_of < self.last_return || self.kept.iter().any(is_unhidden))
    }

    fn forget(&mut self, is_undone: impl Fn(Seq, &Deed) -> bool) {
        self.kept.retain(|(seq, deed)| !is_undone(*seq, deed));
    }
}

/// Whether a deed at that place changes the message.
pub fn concerns(seq: Seq, deed: &Deed, message: &Message) -> bool {
    let is_by = |member: &MemberId| message.body.as_ref().is_some_and(|body| body.member == *member);
    match deed {
        Deed::Hide { target } | Deed::Answer { target } | Deed::Unanswer { target } => *target == message.seq,
        Deed::Ban { member } | Deed::Rename { member, .. } => is_by(member),
        Deed::Clear { member, since, .. } => {
            is_by(member) && message.seq < seq && message.body.as_ref().is_some_and(|body| body.at >= *since)
        }
        _ => false,
    }
}

/// Changes a message that a deed concerns. Fans keep nothing of what is hidden; the staff keep the text.
pub fn apply(seq: Seq, deed: &Deed, message: &mut Message, keeps_text: bool) {
    match (deed, &mut message.body) {
        (Deed::Rename { nickname, .. }, Some(body)) => body.nickname.clone_from(nickname),
        (Deed::Answer { .. }, Some(body)) => body.answered = body.answered.or(Some(seq)),
        (Deed::Unanswer { .. }, Some(body)) => body.answered = None,
        (Deed::Rename { .. } | Deed::Answer { .. } | Deed::Unanswer { .. }, None) => {}
        (_, body) => {
            message.hidden = true;
            if !keeps_text {
                *body = None;
            }
        }
    }
}

/// The deed without the message it carries: what is hidden again must not be remembered here.
fn without_text(deed: &Deed) -> Deed {
    let mut deed = deed.clone();
    if let Deed::Unhide { message, .. } = &mut deed {
        message.body = None;
    }
    deed
}
