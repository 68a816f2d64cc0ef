//! What a room remembers of its log: the newest entries, each as it is shown now to fans and to the staff, and what the
//! moderators have set. Every deed is applied here the moment it is committed, to what went out and to what waits for
//! the next tick: nothing invisible is in here for fans. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use wire::frame::{Deed, Gap, Message};
use wire::{Seq, ServerFrame, limits};

use crate::relay::{Entry, Setting, Stated, Tail, What};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Fans.
    Fans,
    /// Artists and moderators.
    Staff,
}

impl Audience {
    /// The audience that a role belongs to.
    pub fn of(role: wire::Role) -> Self {
        if role.is_staff() { Self::Staff } else { Self::Fans }
    }
}

/// One JSON object, encoded once and shared.
pub type Json = Arc<str>;

/// The newest entries of a log without holes, and the room's setting.
#[derive(Debug)]
pub struct Record {
    kept: VecDeque<Kept>,
    /// The newest entry that went out.
    sent: Seq,
    setting: Setting,
}

/// An entry, encoded.
#[derive(Debug)]
pub struct Kept {
    entry: Entry,
    fans: Json,
    /// `None`: what fans get.
    staff: Option<Json>,
}

/// The newest page of the history.
#[derive(Debug)]
pub struct Newest {
    /// Its messages, oldest first, as frames of the log are.
    pub messages: Vec<Json>,
    /// Read on before this place; `None` at the beginning of the chat.
    pub next: Option<Seq>,
    /// The newest entry there is.
    pub as_of: Seq,
    /// Which of them are questions that fans see.
    pub questions: Vec<Seq>,
}

impl Record {
    /// A record that goes on after `tail`.
    pub fn new(tail: Tail) -> Self {
        Self {
            kept: tail.entries.into_iter().map(Kept::new).collect(),
            sent: tail.head,
            setting: tail.setting,
        }
    }

    /// Takes the log's next entry. Whether the room's setting looks different now.
    pub fn push(&mut self, next: Kept) -> bool {
        let changed = match &next.entry.what {
            What::Message(message) => match message.body.answers {
                Some(target) => self.change(next.entry.seq, &Deed::Answer { target }, None),
                None => false,
            },
            What::Control(control) => self.change(next.entry.seq, &control.deed, control.message.as_ref()),
        };
        self.kept.push_back(next);
        changed
    }

    /// Everything up to `seq` went out.
    pub fn mark_sent(&mut self, seq: Seq) {
        self.sent = self.sent.max(seq);
        let waiting = self.kept.iter().rev().take_while(|kept| kept.entry.seq > seq).count();
        let surplus = (self.kept.len() - waiting).saturating_sub(limits::REPLAY_ENTRIES);
        self.kept.drain(..surplus);
    }

    /// The newest entry that went out.
    pub fn sent(&self) -> Seq {
        self.sent
    }

    /// What moderators have set, as everybody may see it.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The pinned message, while fans may see it.
    pub fn pinned(&self) -> Option<Message> {
        while_visible(self.setting.pinned.as_ref())
    }

    /// The question on stage, while fans may see it.
    pub fn spotlight(&self) -> Option<Message> {
        while_visible(self.setting.spotlight.as_ref())
    }

    /// The entry at `seq` as it is shown now, if it is here.
    pub fn show(&self, seq: Seq, audience: Audience) -> Option<&str> {
        let kept = self.at(seq)?;
        Some(match (audience, &kept.staff) {
            (Audience::Staff, Some(staff)) => staff,
            _ => &kept.fans,
        })
    }

    /// The newest questions that fans see.
    pub fn questions(&self) -> Vec<Seq> {
        let newest = self.kept.iter().rev().filter_map(Kept::question);
        newest.take(limits::TOLD_VOTES).collect()
    }

    /// Takes the votes of what fans do not see out of what is about to be told.
    pub fn leave_out_invisible(&self, news: &mut ServerFrame) {
        if let ServerFrame::Votes(votes) = news {
            let counts = std::mem::take(&mut votes.counts).into_iter();
            let is_shown = |seq: Seq| self.at(seq).is_none_or(|kept| kept.question().is_some());
            votes.counts = counts.filter(|(seq, _)| is_shown(*seq)).collect();
        }
    }

    /// Whether everybody is shown the same.
    pub fn is_shared(&self, seq: Seq) -> bool {
        self.at(seq).is_none_or(|kept| kept.staff.is_none())
    }

    fn at(&self, seq: Seq) -> Option<&Kept> {
        let first = self.kept.front()?.entry.seq;
        self.kept.get(usize::try_from(seq.checked_sub(first)?).ok()?)
    }

    /// What went out after `after`, or the gap when that is not all here.
    ///
    /// # Errors
    /// With the gap.
    pub fn missed(&self, after: Seq, audience: Audience) -> Result<Vec<Json>, Gap> {
        let first = self.kept.front().map_or(self.sent + 1, |kept| kept.entry.seq);
        if after + 1 < first && after < self.sent {
            return Err(Gap {
                from: after + 1,
                to: self.sent,
            });
        }
        let missed = self
            .kept
            .iter()
            .filter(|kept| kept.entry.seq > after && kept.entry.seq <= self.sent);
        Ok(missed.map(|kept| kept.json(audience)).collect())
    }

    /// The newest `limit` messages; what waits for the tick counts, since it is in the log. `None` when the store has to
    /// be asked.
    pub fn newest(&self, limit: usize, audience: Audience) -> Option<Newest> {
        let as_of = self.kept.back().map_or(self.sent, |kept| kept.entry.seq);
        let mut back = self.kept.iter().rev().filter(|kept| kept.is_message());
        let mut page: Vec<&Kept> = back.by_ref().take(limit).collect();
        let has_more = back.next().is_some();
        let is_whole = self.kept.front().is_none_or(|kept| kept.entry.seq == 1);
        if !(has_more || is_whole) || (self.kept.is_empty() && self.sent > 0) {
            return None;
        }
        page.reverse();
        Some(Newest {
            next: page.first().filter(|_| has_more).map(|kept| kept.entry.seq),
            questions: page.iter().filter_map(|kept| kept.question()).collect(),
            messages: page.into_iter().map(|kept| kept.json(audience)).collect(),
            as_of,
        })
    }

    /// Does a deed at `seq` to everything that is here. Whether the room's setting looks different now.
    fn change(&mut self, seq: Seq, deed: &Deed, carried: Option<&Stated>) -> bool {
        let before = self.shown_setting();
        self.apply(seq, deed, carried);
        before != self.shown_setting()
    }

    fn apply(&mut self, seq: Seq, deed: &Deed, carried: Option<&Stated>) {
        for kept in &mut self.kept {
            kept.apply(deed, seq);
        }
        for above in [&mut self.setting.pinned, &mut self.setting.spotlight]
            .into_iter()
            .flatten()
        {
            above.apply(deed, seq);
        }
        match deed {
            Deed::Slow { seconds } => self.setting.slow_seconds = *seconds,
            Deed::Pause => self.setting.paused = true,
            Deed::Resume => self.setting.paused = false,
            Deed::Pin { .. } => self.setting.pinned = carried.cloned(),
            Deed::Spotlight { .. } => self.setting.spotlight = carried.cloned(),
            Deed::Answer { target } => {
                self.setting.spotlight.take_if(|spotlit| spotlit.seq == *target);
            }
            _ => {}
        }
    }

    fn shown_setting(&self) -> (u32, bool, Option<Message>, Option<Message>) {
        let setting = &self.setting;
        (setting.slow_seconds, setting.paused, self.pinned(), self.spotlight())
    }
}

fn while_visible(message: Option<&Stated>) -> Option<Message> {
    let message = message?;
    message.is_visible().then(|| message.for_fans())
}

impl Kept {
    /// Encodes an entry: work for before the room is locked.
    pub fn new(entry: Entry) -> Self {
        let (fans, staff) = encode(&entry);
        Self { entry, fans, staff }
    }

    /// Its place in the log.
    pub fn seq(&self) -> Seq {
        self.entry.seq
    }

    fn is_message(&self) -> bool {
        matches!(self.entry.what, What::Message(_))
    }

    fn question(&self) -> Option<Seq> {
        match &self.entry.what {
            What::Message(message) if message.body.question && message.is_visible() => Some(message.seq),
            _ => None,
        }
    }

    fn json(&self, audience: Audience) -> Json {
        match (audience, &self.staff) {
            (Audience::Staff, Some(staff)) => Arc::clone(staff),
            _ => Arc::clone(&self.fans),
        }
    }

    fn apply(&mut self, deed: &Deed, at: Seq) {
        let changed = match &mut self.entry.what {
            What::Message(message) => message.apply(deed, at),
            What::Control(control) => {
                let message = control.message.as_mut();
                message.is_some_and(|message| message.apply(deed, at)) || rename(&mut control.deed, deed)
            }
        };
        if changed {
            (self.fans, self.staff) = encode(&self.entry);
        }
    }
}

/// A name that is taken back is gone from an earlier renaming too.
fn rename(earlier: &mut Deed, later: &Deed) -> bool {
    match (earlier, later) {
        (
            Deed::Rename { member, nickname },
            Deed::Rename {
                member: other,
                nickname: now,
            },
        ) if member == other => {
            nickname.clone_from(now);
            true
        }
        _ => false,
    }
}

fn encode(entry: &Entry) -> (Json, Option<Json>) {
    match &entry.what {
        What::Message(message) if message.is_visible() => (json(&ServerFrame::Message(message.for_fans())), None),
        What::Message(message) => (
            tombstone(message),
            Some(json(&ServerFrame::Message(message.for_staff()))),
        ),
        What::Control(control) => (
            json(&ServerFrame::Control(Box::new(control.for_fans(entry.seq)))),
            Some(json(&ServerFrame::Control(Box::new(control.for_staff(entry.seq))))),
        ),
    }
}

fn tombstone(message: &Stated) -> Json {
    json(&ServerFrame::Message(message.for_fans()))
}

fn json(frame: &ServerFrame) -> Json {
    frame.encode().into()
}

#[cfg(test)]
pub(super) mod tests {
    use std::ops::RangeInclusive;

    use proptest::prelude::*;
    use wire::frame::{Actor, MessageBody};
    use wire::{MemberId, Role};

    use super::*;
    use crate::relay::ControlEntry;

    /// A message of `member` at `seq`, said at `seq` seconds.
    pub fn message(seq: Seq, member: &str) -> Entry {
        let what = What::Message(stated(seq, member));
        Entry { seq, what }
    }

    fn stated(seq: Seq, member: &str) -> Stated {
        let body = MessageBody {
            id: format!("id-{seq}"),
            at: seq * 1_000,
            member: MemberId(member.into()),
            nickname: member.into(),
            role: Role::Fan,
            text: format!("{member} says {seq}"),
            question: false,
            reply_to: None,
            answers: None,
            answered: None,
        };
        Stated {
            seq,
            body,
            hidden: false,
            banned: false,
            clears: Vec::new(),
        }
    }

    pub fn entries(range: RangeInclusive<Seq>) -> Vec<Entry> {
        range.map(|seq| message(seq, "ana")).collect()
    }

    pub fn hide(seq: Seq, target: Seq) -> Entry {
        deed(seq, Deed::Hide { target }, None)
    }

    pub fn pin(seq: Seq, target: Seq) -> Entry {
        let pinned = stated(target, "ana");
        deed(seq, Deed::Pin { target: Some(target) }, Some(pinned))
    }

    pub fn spotlight(seq: Seq, target: Seq) -> Entry {
        let asked = stated(target, "ana");
        deed(seq, Deed::Spotlight { target: Some(target) }, Some(asked))
    }

    impl Record {
        fn take(&mut self, entry: Entry) -> bool {
            self.push(Kept::new(entry))
        }
    }

    fn deed(seq: Seq, deed: Deed, message: Option<Stated>) -> Entry {
        let by = Actor {
            member: MemberId("mo".into()),
            nickname: Some("Mo".into()),
        };
        let control = ControlEntry {
            at: seq * 1_000,
            deed,
            by,
            reason: Some("spam".into()),
            message,
        };
        let what = What::Control(Box::new(control));
        Entry { seq, what }
    }

    fn record(entries: Vec<Entry>) -> Record {
        let mut record = Record::new(Tail::default());
        for entry in entries {
            record.push(Kept::new(entry));
        }
        record
    }

    fn member(name: &str) -> MemberId {
        MemberId(name.into())
    }

    fn seen(record: &Record, seq: Seq) -> bool {
        record.show(seq, Audience::Fans).expect("it is here").contains("says")
    }

    #[test]
    fn each_deed_changes_its_own_term() {
        let mut record = record(vec![message(1, "ana"), message(2, "ben"), message(3, "ana")]);
        let ana = || member("ana");
        let steps = [
            (Deed::Hide { target: 1 }, [false, true, true]),
            (Deed::Ban { member: ana() }, [false, true, false]),
            (
                Deed::Clear {
                    member: ana(),
                    seconds: 4,
                    since: 2_000,
                },
                [false, true, false],
            ),
            (Deed::Unban { member: ana() }, [false, true, false]),
            (
                Deed::Unclear {
                    target: 6,
                    member: ana(),
                },
                [false, true, true],
            ),
            (crate::store::entries::unhide(1), [true, true, true]),
        ];
        for (place, (what, want)) in steps.into_iter().enumerate() {
            let seq = 4 + place as Seq;
            let carried = matches!(what, Deed::Unhide { .. }).then(|| stated(1, "ana"));
            let name = what.name();
            record.take(deed(seq, what, carried));
            assert_eq!([seen(&record, 1), seen(&record, 2), seen(&record, 3)], want, "{name}");
        }
    }

    #[test]
    fn an_unhide_in_the_log_carries_no_text_that_is_invisible_by_now() {
        let mut record = record(vec![message(1, "ana"), hide(2, 1)]);
        record.take(deed(3, crate::store::entries::unhide(1), Some(stated(1, "ana"))));
        assert!(seen(&record, 3), "it carries the message");
        for what in [Deed::Ban { member: member("ana") }, Deed::Hide { target: 1 }] {
            record.take(deed(record.sent() + 4, what, None));
            assert!(!seen(&record, 3) && !seen(&record, 1));
        }
        assert!(record.show(3, Audience::Staff).expect("here").contains("ana says"));
    }

    #[test]
    fn a_renamed_member_is_called_so_everywhere() {
        let mut record = record(vec![message(1, "ana"), message(2, "ben")]);
        let nickname = "night ferry".to_owned();
        record.take(deed(
            3,
            Deed::Rename {
                member: member("ana"),
                nickname,
            },
            None,
        ));
        assert!(
            record
                .show(1, Audience::Fans)
                .expect("here")
                .contains("\"nickname\":\"night ferry\"")
        );
        assert!(!record.show(2, Audience::Fans).expect("here").contains("night ferry"));
    }

    #[test]
    fn a_pinned_message_is_above_the_chat_while_fans_may_see_it() {
        let mut record = record(vec![message(1, "ana")]);
        assert!(record.take(pin(2, 1)), "the setting changed");
        assert_eq!(record.pinned().map(|message| message.seq), Some(1));
        assert!(record.take(hide(3, 1)));
        assert_eq!(record.pinned(), None);
        assert!(!record.take(hide(4, 9)), "nobody sees a difference");
        assert!(record.take(deed(5, crate::store::entries::unhide(1), Some(stated(1, "ana")))));
        assert!(record.pinned().is_some());
        assert!(record.take(deed(6, Deed::Pin { target: None }, None)));
        assert_eq!(record.pinned(), None);
    }

    #[test]
    fn pages_and_replays_count_past_control_entries() {
        let mut log = Vec::new();
        for seq in 1..=300 {
            log.push(if seq % 3 == 0 {
                hide(seq, seq - 1)
            } else {
                message(seq, "ana")
            });
        }
        let mut record = record(log);
        record.mark_sent(290);
        let page = record.newest(50, Audience::Fans).expect("a page");
        assert_eq!((page.messages.len(), page.next, page.as_of), (50, Some(226), 300));
        assert_eq!(record.missed(280, Audience::Fans).expect("here").len(), 10);
        let all = record.newest(200, Audience::Fans).expect("a page");
        assert_eq!(
            (all.messages.len(), all.next),
            (200, None),
            "control entries are no page"
        );
    }

    #[test]
    fn the_newest_thousand_and_what_waits_are_kept() {
        let mut record = record(entries(1..=1_500));
        record.mark_sent(1_400);
        assert_eq!(record.missed(400, Audience::Fans).expect("here").len(), 1_000);
        assert!(record.show(1_500, Audience::Fans).is_some());
        let gap = record.missed(399, Audience::Fans).expect_err("too long ago");
        assert_eq!(gap, Gap { from: 400, to: 1_400 });
    }

    /// What a log of deeds makes of messages, by the rule's own words.
    fn visible(log: &[Entry], seq: Seq, author: &str) -> bool {
        let (mut hidden, mut banned, mut clears) = (false, false, Vec::new());
        for entry in log {
            let What::Control(control) = &entry.what else { continue };
            match &control.deed {
                Deed::Hide { target } if *target == seq => hidden = true,
                Deed::Unhide { target, .. } if *target == seq => hidden = false,
                Deed::Ban { member } if member.as_str() == author => banned = true,
                Deed::Unban { member } if member.as_str() == author => banned = false,
                Deed::Clear { member, since, .. } if member.as_str() == author => {
                    clears.extend((seq * 1_000 >= *since && seq < entry.seq).then_some(entry.seq));
                }
                Deed::Unclear { target, .. } => clears.retain(|clear| clear != target),
                _ => {}
            }
        }
        !hidden && !banned && clears.is_empty()
    }

    /// Which question an entry answers.
    fn answers(entry: &Entry) -> Option<Seq> {
        match &entry.what {
            What::Message(message) => message.body.answers,
            What::Control(control) => match control.deed {
                Deed::Answer { target } => Some(target),
                _ => None,
            },
        }
    }

    /// The entry that counts as a question's answer.
    fn answered(log: &[Entry], question: Seq) -> Option<Seq> {
        log.iter().fold(None, |answered, entry| match &entry.what {
            _ if answers(entry) == Some(question) => answered.or(Some(entry.seq)),
            What::Control(control) if control.deed == (Deed::Unanswer { target: question }) => None,
            _ => answered,
        })
    }

    /// The question that was put on stage, and not answered since.
    fn on_stage(log: &[Entry]) -> Option<Seq> {
        log.iter().fold(None, |spotlit, entry| {
            let stays = spotlit.filter(|seq| answers(entry) != Some(*seq));
            match &entry.what {
                What::Control(control) => match control.deed {
                    Deed::Spotlight { target } => target,
                    _ => stays,
                },
                What::Message(_) => stays,
            }
        })
    }

    fn asked(log: &[Entry], seq: Seq) -> Option<&Stated> {
        log.iter().find_map(|entry| match &entry.what {
            What::Message(message) if message.seq == seq && message.body.question => Some(message),
            _ => None,
        })
    }

    proptest! {
        #[test]
        fn whatever_is_asked_and_answered_all_are_shown_what_the_rule_says(steps in prop::collection::vec((0_u8..11, 0_u64..12, 0_usize..2), 1..40)) {
            let names = ["ana", "ben"];
            let mut log: Vec<Entry> = Vec::new();
            let mut record = Record::new(Tail::default());
            for (kind, number, who) in steps {
                let seq = log.len() as Seq + 1;
                let question = asked(&log, number).cloned();
                let entry = match (kind, question) {
                    (0, _) => deed(seq, Deed::Ban { member: member(names[who]) }, None),
                    (1, _) => deed(seq, Deed::Unban { member: member(names[who]) }, None),
                    (2, Some(_)) => hide(seq, number),
                    (3, None) => deed(seq, Deed::Spotlight { target: None }, None),
                    // What is invisible does not come on stage: the commit refuses it.
                    (3 | 4, Some(mut carried)) if visible(&log, number, carried.body.member.as_str()) => {
                        carried.body.answered = answered(&log, number);
                        deed(seq, Deed::Spotlight { target: Some(number) }, Some(carried))
                    }
                    (5 | 6, Some(_)) => deed(seq, Deed::Answer { target: number }, None),
                    (7, Some(_)) => deed(seq, Deed::Unanswer { target: number }, None),
                    _ if !visible(&log, 0, names[who]) => deed(seq, Deed::Pause, None),
                    (_, question) => {
                        let mut said = stated(seq, names[who]);
                        said.body.question = kind > 8;
                        said.body.answers = question.filter(|_| kind == 8).map(|question| question.seq);
                        Entry { seq, what: What::Message(said) }
                    }
                };
                log.push(entry.clone());
                record.push(Kept::new(entry));
            }
            let spotlit = on_stage(&log).and_then(|seq| asked(&log, seq));
            let want = spotlit.filter(|spotlit| visible(&log, spotlit.seq, spotlit.body.member.as_str()));
            let shown = record.spotlight().map(|message| (message.seq, message.body.and_then(|body| body.answered)));
            prop_assert_eq!(shown, want.map(|spotlit| (spotlit.seq, answered(&log, spotlit.seq))));
            for entry in &log {
                let What::Message(_) = &entry.what else { continue };
                let shown = record.show(entry.seq, Audience::Staff).expect("here");
                let shown: serde_json::Value = serde_json::from_str(shown).expect("JSON");
                prop_assert_eq!(shown["answered"].as_u64(), answered(&log, entry.seq));
            }
        }

        #[test]
        fn whatever_is_done_fans_are_shown_what_the_rule_says(steps in prop::collection::vec((0_u8..9, 0_u64..40, 0_usize..3), 1..40)) {
            let names = ["ana", "ben", "cem"];
            let mut log: Vec<Entry> = Vec::new();
            let mut record = Record::new(Tail::default());
            for (kind, number, who) in steps {
                let seq = log.len() as Seq + 1;
                let target = number.clamp(1, seq.saturating_sub(1).max(1));
                let (who, about) = (names[who], member(names[who]));
                let author = log.iter().find(|entry| entry.seq == target).and_then(|entry| match &entry.what {
                    What::Message(message) => Some(message.body.member.0.clone()),
                    What::Control(_) => None,
                });
                let entry = match (kind, author) {
                    (0, Some(_)) => hide(seq, target),
                    (1, Some(author)) => {
                        let mut carried = stated(target, &author);
                        carried.banned = !visible(&log, target, &author);
                        deed(seq, crate::store::entries::unhide(target), Some(carried))
                    }
                    (2, _) => deed(seq, Deed::Ban { member: about }, None),
                    (3, _) => deed(seq, Deed::Unban { member: about }, None),
                    (4, _) => deed(seq, Deed::Clear { member: about, seconds: 1, since: number * 1_000 }, None),
                    (5, _) => deed(seq, Deed::Unclear { target, member: about }, None),
                    // Who is banned says nothing: the commit refuses it.
                    _ if !visible(&log, 0, who) => deed(seq, Deed::Pause, None),
                    _ => message(seq, who),
                };
                log.push(entry.clone());
                record.push(Kept::new(entry));
            }
            for entry in &log {
                let What::Message(message) = &entry.what else { continue };
                let want = visible(&log, entry.seq, message.body.member.as_str());
                prop_assert_eq!(seen(&record, entry.seq), want);
                prop_assert!(record.show(entry.seq, Audience::Staff).expect("here").contains("says"));
            }
        }
    }
}
