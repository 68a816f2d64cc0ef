//! The transcript: what this client holds of the room's log. Live frames and pages of history go in, in any order and
//! as often as they like, and the same lines come out.
//!
//! Two things are bounded. While the reader is at the end, old lines are dropped and read again from history when
//! somebody scrolls back. Who reads far back holds more, up to a limit where the newest lines are let go: then the
//! transcript no longer follows the room, until it is told to rejoin.
//!
//! What a moderator takes away is gone from all of it at once. What comes back without its text is read again.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use wire::frame::{Control, Deed, Message};
use wire::http::{HistoryPage, Tombstones};
use wire::{MemberId, Seq};

use super::acts::{self, Acts};
use super::outbox::Outbox;

/// Most lines held while the reader is at the end: some screens to scroll back without asking the server.
pub const LINES_AT_END: usize = 1_000;

/// Most lines held at all, about 6 MB: further back, the newest ones are let go.
pub const LINES_HELD: usize = 10_000;

/// A message of the log, as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it shows.
    pub message: Message,
    /// Grows with every visible change, so that a view knows what to draw again.
    pub revision: u32,
    /// The place in the log up to which this state counts everything.
    as_of: Seq,
}

/// What lies before the first line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Older {
    /// Nothing was read yet.
    Unread,
    /// More pages, from this token on.
    Next(String),
    /// Lines are held that no page reached yet: pages are walked from this token (or the newest) down to the first line.
    Walk(Option<String>),
    /// Nothing: the first line is the first of the chat.
    Start,
}

/// A page of history to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The token, or none for the newest page.
    pub before: Option<String>,
    /// The transcript's era: an answer from before the transcript was dropped is not for it.
    era: u32,
}

/// What a page did to the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// It was of an earlier era, and ignored.
    Late,
    /// It was read before what the socket already said: to be asked for again.
    Stale,
    /// It held nothing new: the next one has to be asked for.
    Known,
    /// It extended the transcript, or showed its beginning.
    Extended,
}

/// What this client holds of the room's log, and the lines it has not sent yet.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// This fan's lines that are not in the log yet.
    pub outbox: Outbox,
    me: Option<MemberId>,
    /// What stands where a message was hidden.
    pub tombstones: Tombstones,
    /// The staff keep the text of what fans do not see.
    pub keeps_hidden: bool,
    lines: VecDeque<Arc<Line>>,
    acts: Acts,
    older: Older,
    era: u32,
    /// Up to here the socket has said everything; none before the first welcome.
    cursor: Option<Seq>,
    /// The head at the last welcome: what is replayed up to it shows the state of that moment.
    head: Seq,
    /// A newest page that ends before this place leaves a hole.
    live_from: Seq,
    /// Live frames before this place are of lines that were dropped.
    floor: Seq,
    /// The highest place seen.
    newest: Seq,
    follows: bool,
    at_end: bool,
    unread: usize,
    /// Lines up to here were seen at the end, and never count as unread.
    seen: Seq,
}

impl Transcript {
    /// An empty transcript.
    pub fn new(me: Option<MemberId>) -> Self {
        Self {
            outbox: Outbox::default(),
            me,
            tombstones: Tombstones::default(),
            keeps_hidden: false,
            lines: VecDeque::new(),
            acts: Acts::default(),
            older: Older::Unread,
            era: 0,
            cursor: None,
            head: 0,
            live_from: 0,
            floor: 0,
            newest: 0,
            follows: true,
            at_end: true,
            unread: 0,
            seen: 0,
        }
    }

    /// The lines held, oldest first.
    #[cfg(test)]
    pub fn lines(&self) -> &VecDeque<Arc<Line>> {
        &self.lines
    }

    /// The lines that have a place in the page: where tombstones are gone, all but those.
    pub fn shown(&self) -> Cow<'_, VecDeque<Arc<Line>>> {
        let is_gone = |line: &Arc<Line>| line.message.hidden;
        if self.tombstones == Tombstones::Shown || !self.lines.iter().any(is_gone) {
            return Cow::Borrowed(&self.lines);
        }
        Cow::Owned(self.lines.iter().filter(|line| !is_gone(line)).cloned().collect())
    }

    /// The line at this place, if it is held.
    pub fn line(&self, seq: Seq) -> Option<&Arc<Line>> {
        self.place_of(seq).ok().map(|place| &self.lines[place])
    }

    /// Whose own lines are marked.
    pub fn me(&self) -> Option<&MemberId> {
        self.me.as_ref()
    }

    /// What `hello` says after a broken connection: everything up to here is known.
    pub fn after(&self) -> Option<Seq> {
        self.cursor
    }

    /// Whether the newest line held is the newest there is.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Whether a page was read yet.
    pub fn is_read(&self) -> bool {
        self.older != Older::Unread
    }

    /// Whether the first line held is the first of the chat.
    pub fn is_whole(&self) -> bool {
        self.older == Older::Start
    }

    /// Lines of others that came while the reader was not at the end.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// The socket was welcomed.
    pub fn welcome(&mut self, me: MemberId, head: Seq) {
        self.me = Some(me);
        self.head = self.head.max(head);
        if self.cursor.is_none() {
            self.cursor = Some(head);
            self.live_from = head;
            self.acts.begin_after(head);
        }
    }

    /// A message, live or replayed.
    pub fn message(&mut self, message: Message) {
        let seq = message.seq;
        if seq > self.newest && !self.at_end && !message.hidden && self.is_of_another(&message) {
            self.unread += 1;
        }
        let answers = message.body.as_ref().and_then(|body| body.answers);
        if let Some(target) = answers.filter(|_| self.cursor < Some(seq)) {
            self.done(seq, Deed::Answer { target });
        }
        self.entry(seq);
        self.confirm(&message);
        let is_cut_off = !self.follows && self.lines.back().is_some_and(|last| seq > last.message.seq);
        if seq >= self.floor && !is_cut_off {
            let as_of = seq.max(self.head);
            self.put(message, as_of);
            self.keep_bounded();
        }
    }

    /// What a moderator did, live or replayed. What is told twice changes nothing.
    pub fn control(&mut self, control: Control) {
        let is_new = self.cursor < Some(control.seq);
        self.entry(control.seq);
        if !is_new {
            return;
        }
        self.done(control.seq, control.deed);
    }

    /// Something was done to messages that are held, or may come from history.
    fn done(&mut self, seq: Seq, deed: Deed) {
        self.acts.note(seq, &deed);
        match deed {
            Deed::Unhide { message, .. } => {
                if self.place_of(message.seq).is_ok() {
                    self.put(message, seq);
                }
            }
            deed => self.change_lines(seq, &deed),
        }
    }

    /// An entry of the log that this version does not know: only its place counts.
    pub fn entry(&mut self, seq: Seq) {
        self.cursor = self.cursor.max(Some(seq));
        self.newest = self.newest.max(seq);
        if self.at_end {
            self.seen = self.newest;
        }
    }

    /// The server keeps this fan's line at `seq`.
    pub fn acked(&mut self, id: &str, seq: Seq) {
        let has_passed = self.cursor.is_some_and(|cursor| seq <= cursor);
        if has_passed {
            self.outbox.arrived(Some(id), seq);
        } else {
            self.outbox.acked(id, seq);
        }
    }

    /// Too much was missed: everything up to `to` has to be read anew.
    pub fn gap(&mut self, to: Seq) {
        self.cursor = self.cursor.max(Some(to));
        self.newest = self.newest.max(to);
        self.acts.begin_after(to);
        self.drop_lines(to);
    }

    /// Lets go of the lines held and follows the room's end again.
    pub fn rejoin(&mut self) {
        self.drop_lines(self.cursor.unwrap_or(0));
    }

    /// The page to read next, going back; none when the beginning is held.
    pub fn ask(&self) -> Option<Ask> {
        let before = match &self.older {
            Older::Unread => None,
            Older::Next(token) => Some(token.clone()),
            Older::Walk(token) => token.clone(),
            Older::Start => return None,
        };
        Some(Ask { before, era: self.era })
    }

    /// A page of history arrived.
    pub fn page(&mut self, ask: &Ask, page: HistoryPage) -> Merged {
        if ask.era != self.era {
            return Merged::Late;
        }
        let leaves_hole = ask.before.is_none() && page.as_of < self.live_from;
        if leaves_hole || !self.acts.knows_all_since(page.as_of) {
            return Merged::Stale;
        }
        let first_before = self.first_seq();
        let page_first = page.messages.first().map(|message| message.seq);
        self.newest = self.newest.max(page.messages.last().map_or(0, |message| message.seq));
        for message in page.messages {
            self.confirm(&message);
            self.put(message, page.as_of);
        }
        self.look_further_back(page_first, page.next);
        let extended = self.first_seq() != first_before || self.is_whole();
        self.keep_bounded();
        if extended { Merged::Extended } else { Merged::Known }
    }

    /// The first line held that may be visible again: what it says has to be read.
    pub fn returning(&self) -> Option<Seq> {
        let returns = |line: &&Arc<Line>| self.acts.may_have_returned(&line.message, line.as_of);
        self.lines.iter().find(returns).map(|line| line.message.seq)
    }

    /// A page of history that was read again for the sake of lines that are held. `false` when it is from before what came
    /// back, and of no use.
    pub fn read_again(&mut self, page: HistoryPage) -> bool {
        if !self.acts.is_up_to_date(page.as_of) {
            return false;
        }
        for message in page.messages {
            if self.place_of(message.seq).is_ok() {
                self.put(message, page.as_of);
            }
        }
        true
    }

    /// Lets go of the lines before this one, while the reader is at the end: they are read when somebody scrolls back.
    pub fn forget_before(&mut self, seq: Seq) {
        if self.at_end {
            let (Ok(place) | Err(place)) = self.place_of(seq);
            self.drop_first(place);
        }
    }

    /// The reader came to the end, or left it.
    pub fn set_at_end(&mut self, at_end: bool) {
        self.at_end = at_end && self.follows;
        if self.at_end {
            self.unread = 0;
            self.seen = self.newest;
            self.keep_bounded();
        }
    }

    /// Whether the message is this fan's own.
    pub fn is_mine(&self, message: &Message) -> bool {
        self.me.is_some() && message.body.as_ref().map(|body| &body.member) == self.me.as_ref()
    }

    /// Whether the message is a line of somebody else that was said just now: not one that is caught up with.
    pub fn is_news(&self, message: &Message) -> bool {
        message.seq > self.newest.max(self.head) && !message.hidden && self.is_of_another(message)
    }

    fn is_of_another(&self, message: &Message) -> bool {
        message.body.is_some() && !self.is_mine(message)
    }

    fn first_seq(&self) -> Option<Seq> {
        self.lines.front().map(|line| line.message.seq)
    }

    fn place_of(&self, seq: Seq) -> Result<usize, usize> {
        self.lines.binary_search_by_key(&seq, |line| line.message.seq)
    }

    /// Does to the lines held what a moderator did.
    fn change_lines(&mut self, seq: Seq, deed: &Deed) {
        for place in 0..self.lines.len() {
            let line = &self.lines[place];
            if line.as_of < seq && acts::concerns(seq, deed, &line.message) {
                let (mut message, as_of) = (line.message.clone(), line.as_of);
                acts::apply(seq, deed, &mut message, self.keeps_hidden);
                self.replace(place, message, as_of);
            }
        }
    }

    /// Puts a message in its place, as it is by now. Of two states the later one counts; of two of the same moment, the
    /// hidden one.
    fn put(&mut self, mut message: Message, as_of: Seq) {
        self.acts.bring_up_to_date(&mut message, as_of, self.keeps_hidden);
        match self.place_of(message.seq) {
            Err(place) => self.lines.insert(
                place,
                Arc::new(Line {
                    message,
                    revision: 0,
                    as_of,
                }),
            ),
            Ok(place) => {
                let held = &self.lines[place];
                let is_later = (as_of, message.hidden) > (held.as_of, held.message.hidden);
                if is_later {
                    self.replace(place, message, as_of);
                }
            }
        }
    }

    /// A line is in another state now. What is hidden is not unread, either.
    fn replace(&mut self, place: usize, message: Message, as_of: Seq) {
        let held = &self.lines[place];
        let may_count = !self.at_end && message.seq > self.seen;
        let counts = |message: &Message| usize::from(may_count && !message.hidden && self.is_of_another(message));
        let (before, after) = (counts(&held.message), counts(&message));
        let revision = held.revision + u32::from(held.message != message);
        self.unread = (self.unread + after).saturating_sub(before);
        self.lines[place] = Arc::new(Line {
            message,
            revision,
            as_of,
        });
    }

    /// An own message, seen in the log, is no longer on its way.
    fn confirm(&mut self, message: &Message) {
        let id = message
            .body
            .as_ref()
            .filter(|body| Some(&body.member) == self.me.as_ref())
            .map(|body| body.id.as_str());
        self.outbox.arrived(id, message.seq);
    }

    /// Where to go on after a page: from it, when it reaches as far back as the first line.
    fn look_further_back(&mut self, page_first: Option<Seq>, next: Option<String>) {
        let reaches = page_first.is_none_or(|first| self.first_seq().is_none_or(|held| first <= held));
        match (reaches, next) {
            (true, Some(token)) => self.older = Older::Next(token),
            (true, None) => self.older = Older::Start,
            // Also when more was said than a page holds before the first one came.
            (false, Some(token)) if matches!(self.older, Older::Walk(_) | Older::Unread) => {
                self.older = Older::Walk(Some(token));
            }
            (false, _) => {}
        }
        self.floor = match (&self.older, page_first) {
            (Older::Start, _) => 0,
            (_, Some(first)) => self.floor.min(first),
            (_, None) => self.floor,
        };
    }

    fn drop_lines(&mut self, up_to: Seq) {
        self.lines.clear();
        self.outbox.forget_kept();
        self.older = Older::Unread;
        self.era += 1;
        self.live_from = up_to;
        self.floor = up_to + 1;
        self.follows = true;
        self.at_end = true;
        self.unread = 0;
        self.seen = self.newest;
    }

    fn keep_bounded(&mut self) {
        if self.at_end {
            self.drop_oldest();
        } else if self.lines.len() > LINES_HELD {
            self.lines.truncate(LINES_HELD);
            self.follows = false;
        }
    }

    fn drop_oldest(&mut self) {
        self.drop_first(self.lines.len().saturating_sub(LINES_AT_END));
    }

    fn drop_first(&mut self, many: usize) {
        if many == 0 {
            return;
        }
        self.lines.drain(..many);
        self.floor = self.first_seq().unwrap_or(self.floor);
        if self.older != Older::Walk(None) {
            self.older = Older::Walk(None);
            self.era += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::outbox::Sending;
    use proptest::prelude::*;
    use wire::Role;
    use wire::frame::MessageBody;

    const ME: &str = "me";

    fn message(seq: Seq, member: &str) -> Message {
        let body = MessageBody {
            id: format!("id-{seq}"),
            at: seq * 1_000,
            member: MemberId(member.into()),
            nickname: member.into(),
            role: Role::Fan,
            text: format!("line {seq}"),
            question: false,
            reply_to: None,
            answers: None,
            answered: None,
        };
        Message {
            seq,
            body: Some(body),
            hidden: false,
        }
    }

    fn tombstone(seq: Seq) -> Message {
        Message {
            seq,
            body: None,
            hidden: true,
        }
    }

    /// A page as the server gives it: the `size` messages before `before`, with the place as its token.
    fn page(log: &[Message], before: Seq, size: usize, as_of: Seq) -> HistoryPage {
        let messages: Vec<Message> = log.iter().filter(|message| message.seq < before).cloned().collect();
        let messages = messages[messages.len().saturating_sub(size)..].to_vec();
        let next = messages
            .first()
            .filter(|first| first.seq > 1)
            .map(|first| first.seq.to_string());
        HistoryPage {
            messages,
            next,
            as_of,
            votes: wire::Counts::default(),
        }
    }

    fn log(last: Seq) -> Vec<Message> {
        (1..=last).map(|seq| message(seq, "somebody")).collect()
    }

    fn welcomed(head: Seq) -> Transcript {
        let mut transcript = Transcript::new(None);
        transcript.welcome(MemberId(ME.into()), head);
        transcript
    }

    fn read_back(transcript: &mut Transcript, log: &[Message], as_of: Seq) -> Merged {
        let ask = transcript.ask().expect("something is left to read");
        let before = ask
            .before
            .as_deref()
            .map_or(as_of + 1, |token| token.parse().expect("a token of this test"));
        transcript.page(&ask, page(log, before, 50, as_of))
    }

    fn seqs(transcript: &Transcript) -> Vec<Seq> {
        transcript.lines().iter().map(|line| line.message.seq).collect()
    }

    #[test]
    fn history_and_what_follows_make_one_transcript() {
        let log = log(120);
        let mut transcript = welcomed(118);
        transcript.message(log[118].clone());
        assert_eq!(read_back(&mut transcript, &log, 119), Merged::Extended);
        transcript.message(log[119].clone());
        assert_eq!(seqs(&transcript), (70..=120).collect::<Vec<_>>());
        while !transcript.is_whole() {
            assert_eq!(read_back(&mut transcript, &log, 120), Merged::Extended);
        }
        assert_eq!(seqs(&transcript), (1..=120).collect::<Vec<_>>());
        assert_eq!(transcript.ask(), None);
        assert_eq!(transcript.after(), Some(120));
    }

    #[test]
    fn a_page_older_than_what_the_socket_said_is_asked_for_again() {
        let mut transcript = welcomed(10);
        assert_eq!(read_back(&mut transcript, &log(9), 9), Merged::Stale);
        assert!(!transcript.is_read());
    }

    #[test]
    fn a_gap_drops_the_transcript_and_what_was_on_its_way_to_it() {
        let log = log(2_000);
        let mut transcript = welcomed(3);
        read_back(&mut transcript, &log, 3);
        let late = Ask { before: None, era: 0 };
        transcript.gap(1_990);
        assert!(transcript.lines().is_empty());
        assert_eq!(transcript.page(&late, page(&log, 4, 50, 3)), Merged::Late);
        transcript.message(log[1_990].clone());
        assert_eq!(read_back(&mut transcript, &log, 1_991), Merged::Extended);
        assert_eq!(seqs(&transcript), (1_942..=1_991).collect::<Vec<_>>());
        assert_eq!(transcript.after(), Some(1_991));
    }

    #[test]
    fn entries_of_a_newer_server_count_for_the_place_only() {
        let mut transcript = welcomed(0);
        transcript.message(message(1, "a"));
        transcript.entry(2);
        assert_eq!((seqs(&transcript), transcript.after()), (vec![1], Some(2)));
    }

    #[test]
    fn of_two_states_of_a_message_the_later_one_is_shown() {
        let mut transcript = welcomed(9);
        let hidden = HistoryPage {
            messages: vec![tombstone(5)],
            next: None,
            as_of: 9,
            votes: wire::Counts::default(),
        };
        let ask = transcript.ask().expect("unread");
        transcript.page(&ask, hidden.clone());
        let shown = HistoryPage {
            messages: vec![message(5, "a")],
            next: None,
            as_of: 8,
            votes: wire::Counts::default(),
        };
        transcript.page(
            &Ask {
                before: Some("x".into()),
                era: 0,
            },
            shown,
        );
        assert!(transcript.lines()[0].message.hidden);
        transcript.welcome(MemberId(ME.into()), 12);
        transcript.message(message(5, "a"));
        assert!(
            !transcript.lines()[0].message.hidden,
            "a replay shows the state of its welcome"
        );
        assert_eq!(transcript.lines()[0].revision, 1);
    }

    #[test]
    fn lines_of_others_count_as_unread_once_and_only_away_from_the_end() {
        let mut transcript = welcomed(0);
        transcript.message(message(1, "a"));
        assert_eq!(transcript.unread(), 0);
        transcript.set_at_end(false);
        for seq in [2, 3, 2, 3] {
            transcript.message(message(seq, "a"));
        }
        transcript.message(message(4, ME));
        transcript.message(tombstone(5));
        assert_eq!(transcript.unread(), 2);
        transcript.set_at_end(true);
        assert_eq!(transcript.unread(), 0);
    }

    #[test]
    fn news_is_what_others_say_while_connected_once() {
        let mut transcript = welcomed(3);
        read_back(&mut transcript, &log(3), 3);
        assert!(!transcript.is_news(&message(3, "a")), "history");
        assert!(transcript.is_news(&message(4, "a")));
        transcript.message(message(4, "a"));
        assert!(!transcript.is_news(&message(4, "a")));
        assert!(!transcript.is_news(&message(5, ME)) && !transcript.is_news(&tombstone(5)));
        transcript.welcome(MemberId(ME.into()), 9);
        assert!(!transcript.is_news(&message(9, "a")), "missed, and replayed");
        assert!(transcript.is_news(&message(10, "a")));
    }

    #[test]
    fn at_the_end_the_oldest_lines_are_dropped_and_read_again_by_walking_back() {
        let last = LINES_AT_END as Seq + 500;
        let log = log(last);
        let mut transcript = welcomed(0);
        for message in &log {
            transcript.message(message.clone());
        }
        assert_eq!(transcript.lines().len(), LINES_AT_END);
        transcript.message(log[3].clone());
        assert_eq!(
            transcript.lines().len(),
            LINES_AT_END,
            "a late double of a dropped line stays out"
        );

        transcript.set_at_end(false);
        let mut known = 0;
        while read_back(&mut transcript, &log, last) == Merged::Known {
            known += 1;
        }
        assert_eq!(known, LINES_AT_END / 50);
        assert_eq!(seqs(&transcript), (451..=last).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_asked_for_before_lines_were_dropped_leaves_no_hole() {
        let log = log(3_000);
        let mut transcript = welcomed(100);
        read_back(&mut transcript, &log[..100], 100);
        let asked = transcript.ask().expect("more");
        for message in &log[100..] {
            transcript.message(message.clone());
        }
        assert_eq!(transcript.page(&asked, page(&log, 51, 50, 100)), Merged::Late);
        assert_eq!(transcript.lines().front().map(|line| line.message.seq), Some(2_001));
    }

    #[test]
    fn far_back_the_newest_lines_are_let_go_until_the_reader_rejoins() {
        let last = LINES_HELD as Seq + 100;
        let log = log(last);
        let mut transcript = welcomed(last);
        transcript.set_at_end(false);
        while !transcript.is_whole() {
            read_back(&mut transcript, &log, last);
        }
        assert_eq!(transcript.lines().len(), LINES_HELD);
        assert!(!transcript.follows());
        transcript.message(message(last + 1, "a"));
        assert_eq!(transcript.lines().len(), LINES_HELD);
        assert_eq!((transcript.unread(), transcript.after()), (1, Some(last + 1)));

        transcript.rejoin();
        assert!(transcript.follows() && transcript.lines().is_empty());
        read_back(&mut transcript, &log, last + 1);
        transcript.message(message(last + 2, "a"));
        assert_eq!(transcript.lines().back().map(|line| line.message.seq), Some(last + 2));
    }

    #[test]
    fn ten_thousand_messages_leave_the_memory_flat() {
        let mut transcript = welcomed(0);
        for seq in 1..=10_000 {
            transcript.message(message(seq, "a"));
            assert!(transcript.lines().len() <= LINES_AT_END);
        }
    }

    /// What a client can be told about a log, in whatever order the network and two servers like.
    #[derive(Clone, Debug)]
    enum Told {
        Live(Seq),
        Page { before: Seq },
        Ack(Seq),
    }

    const LAST: Seq = 40;
    const HEAD: Seq = 25;
    const HIDDEN: Seq = 12;
    const MINE: [Seq; 3] = [8, 30, 31];

    fn the_log() -> Vec<Message> {
        (1..=LAST)
            .map(|seq| match seq {
                HIDDEN => tombstone(seq),
                _ if MINE.contains(&seq) => message(seq, ME),
                _ => message(seq, "somebody"),
            })
            .collect()
    }

    /// Everything that has to be told at least once: the live entries, the pages, the acks.
    fn everything() -> Vec<Told> {
        let live = (HEAD + 1..=LAST).map(Told::Live);
        let pages = [LAST + 1, 31, 21, 11].map(|before| Told::Page { before });
        live.chain(pages).chain(MINE.map(Told::Ack)).collect()
    }

    fn tell(transcript: &mut Transcript, log: &[Message], told: &Told) {
        match told {
            Told::Live(seq) => transcript.message(log[usize::try_from(*seq).expect("small") - 1].clone()),
            Told::Ack(seq) => transcript.acked(&format!("id-{seq}"), *seq),
            Told::Page { before } => {
                let ask = Ask {
                    before: Some(before.to_string()),
                    era: 0,
                };
                transcript.page(&ask, page(log, *before, 10, LAST));
            }
        }
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_ends_in_the_same_lines(
            order in Just(everything()).prop_shuffle(),
            again in proptest::collection::vec(0..everything().len(), 0..40),
            at_end: bool,
        ) {
            let log = the_log();
            let mut transcript = welcomed(HEAD);
            transcript.set_at_end(at_end);
            for seq in MINE {
                transcript.outbox.add(format!("id-{seq}"), format!("line {seq}"), false, Sending::OnItsWay);
            }
            let told = order.iter().chain(again.iter().map(|place| &order[*place]));
            for told in told {
                tell(&mut transcript, &log, told);
                let shown = seqs(&transcript);
                prop_assert!(shown.is_sorted_by(|one, next| one < next), "each once, in order");
            }
            let shown: Vec<Message> = transcript.lines().iter().map(|line| line.message.clone()).collect();
            prop_assert_eq!(shown, log);
            prop_assert!(transcript.outbox.unsent().is_empty(), "each own line is confirmed");
            prop_assert_eq!(transcript.after(), Some(LAST));
        }

        #[test]
        fn the_lines_held_stay_bounded(
            steps in proptest::collection::vec((0..3_u8, 1..700_u64), 1..60),
        ) {
            let mut transcript = welcomed(0);
            let mut last = 0;
            for (kind, many) in steps {
                match kind {
                    0 => transcript.set_at_end(false),
                    1 => transcript.set_at_end(true),
                    _ => for _ in 0..many {
                        last += 1;
                        transcript.message(message(last, "a"));
                    },
                }
                prop_assert!(transcript.lines().len() <= LINES_HELD);
                let shown = seqs(&transcript);
                prop_assert!(shown.is_sorted_by(|one, next| one + 1 == *next), "no hole");
            }
        }
    }
}

#[cfg(test)]
mod moderated;
