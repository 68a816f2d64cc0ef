//! Which lines of the room are shown, and when: as many as a human can follow, each in a place of its own until it was
//! read. Lines to the artist come first, then questions by their votes, then the newest.

use std::collections::{BTreeMap, VecDeque};

use wire::frame::{Deed, Message};
use wire::{Counts, MemberId, Role, Seq, UnixMillis};

/// So much lies at least between two new lines, in milliseconds.
const PACE: u64 = 2_500;

/// Every line is shown for so long at least, and none is waited for longer than that, in milliseconds.
const READ_WITHIN: (u64, u64) = (6_000, 15_000);

/// What a word takes to be read from two metres by somebody who does something else, in milliseconds.
const A_WORD: u64 = 400;

/// Signs of a word, where no space tells the words apart.
const SIGNS_A_WORD: usize = 6;

/// Most lines that wait.
const WAITING: usize = 40;

/// A line that waited longer is no news, in milliseconds; one to the artist waits longer.
const NEWS_FOR: u64 = 45_000;
const CALL_FOR: u64 = 180_000;

/// The artist's lines to which an answer is one to the artist.
const OWN_LINES: usize = 200;

/// A line of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its place in the log.
    pub seq: Seq,
    /// Who said it.
    pub member: MemberId,
    /// Their nickname.
    pub nickname: String,
    /// What was said.
    pub text: String,
    /// Whether it is said to the artist.
    pub to_artist: bool,
    at: UnixMillis,
    question: bool,
    /// When it came to this page.
    came: u64,
}

/// A line in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The line.
    pub said: Said,
    since: u64,
}

/// The places, and what waits for one.
#[derive(Clone, Debug)]
pub struct Rota {
    artist: String,
    slots: Vec<Option<Shown>>,
    waiting: VecDeque<Said>,
    own: VecDeque<Seq>,
    votes: BTreeMap<Seq, u64>,
    /// Questions that the stage shows in another place.
    elsewhere: Vec<Seq>,
    /// Lines up to here were taken.
    taken: Seq,
    changed: Option<u64>,
}

impl Rota {
    /// So many empty places, for an artist of this name.
    pub fn new(artist: &str, places: usize) -> Self {
        Self {
            artist: artist.to_owned(),
            slots: vec![None; places],
            waiting: VecDeque::new(),
            own: VecDeque::new(),
            votes: BTreeMap::new(),
            elsewhere: Vec::new(),
            taken: 0,
            changed: None,
        }
    }

    /// What is in a place.
    pub fn slot(&self, place: usize) -> Option<&Shown> {
        self.slots.get(place)?.as_ref()
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none)
    }

    /// Takes a line of the transcript, once. They come in the order of the log.
    pub fn take(&mut self, message: &Message, now: u64) {
        if message.seq <= self.taken {
            return;
        }
        self.taken = message.seq;
        let Some(body) = message.body.as_ref().filter(|_| !message.hidden) else {
            return;
        };
        if body.role == Role::Artist {
            self.own.push_back(message.seq);
            if self.own.len() > OWN_LINES {
                self.own.pop_front();
            }
            return;
        }
        let is_answer = body.reply_to.is_some_and(|seq| self.own.contains(&seq));
        self.waiting.push_back(Said {
            seq: message.seq,
            member: body.member.clone(),
            nickname: body.nickname.clone(),
            text: body.text.clone(),
            to_artist: is_answer || calls(&body.text, &self.artist),
            at: body.at,
            question: body.question,
            came: now,
        });
        self.bound();
    }

    /// Votes of questions, as they stand.
    pub fn vote(&mut self, counts: &Counts<Seq>) {
        self.votes.extend(counts.iter().copied());
        while self.votes.len() > OWN_LINES {
            self.votes.pop_first();
        }
    }

    /// These questions are in the spotlight or in the queue: they do not come here too.
    pub fn leave_out(&mut self, questions: Vec<Seq>) {
        self.elsewhere = questions;
    }

    /// How many asked a question too.
    pub fn votes_of(&self, said: &Said) -> u64 {
        let votes = self.votes.get(&said.seq).copied();
        votes.filter(|_| said.question).unwrap_or_default()
    }

    /// A moderator did something: what fans do not see leaves at once.
    pub fn moderate(&mut self, seq: Seq, deed: &Deed) {
        match deed {
            Deed::Hide { target } => self.forget(|said| said.seq == *target),
            Deed::Ban { member } => self.forget(|said| said.member == *member),
            Deed::Clear { member, since, .. } => {
                self.forget(|said| said.member == *member && said.seq < seq && said.at >= *since);
            }
            Deed::Rename { member, nickname } => {
                let shown = self.slots.iter_mut().flatten().map(|shown| &mut shown.said);
                for said in shown.chain(&mut self.waiting).filter(|said| said.member == *member) {
                    said.nickname.clone_from(nickname);
                }
            }
            _ => {}
        }
    }

    /// Time went by: a line may come. An empty place is filled at once only when nothing was shown yet.
    pub fn pass(&mut self, now: u64) {
        self.waiting.retain(|said| now < said.came + lasts(said));
        if self.changed.is_none() {
            while self.slots.contains(&None) && self.show_next(now) {}
        } else if self.changed.is_some_and(|changed| now >= changed + PACE) {
            let _ = self.show_next(now);
        }
    }

    /// Shows the line whose turn it is, if there is one and a place for it.
    fn show_next(&mut self, now: u64) -> bool {
        let Some(place) = self.free_place(now) else {
            return false;
        };
        let rank = |said: &Said| (said.to_artist, self.votes_of(said), said.seq);
        let is_new = |place: &usize| !self.elsewhere.contains(&self.waiting[*place].seq);
        let places = (0..self.waiting.len()).filter(is_new);
        let next = places.max_by_key(|place| rank(&self.waiting[*place]));
        let Some(said) = next.and_then(|next| self.waiting.remove(next)) else {
            return false;
        };
        self.slots[place] = Some(Shown { said, since: now });
        self.changed = Some(now);
        true
    }

    /// An empty place, or the one whose line has stood the longest of those that were read.
    fn free_place(&self, now: u64) -> Option<usize> {
        let since = |place: &usize| self.slots[*place].as_ref().map(|shown| shown.since);
        let is_free = |place: &usize| self.slots[*place].as_ref().is_none_or(|shown| shown.is_read(now));
        (0..self.slots.len()).filter(is_free).min_by_key(since)
    }

    fn forget(&mut self, goes: impl Fn(&Said) -> bool) {
        self.waiting.retain(|said| !goes(said));
        for slot in &mut self.slots {
            if slot.as_ref().is_some_and(|shown| goes(&shown.said)) {
                *slot = None;
            }
        }
    }

    fn bound(&mut self) {
        if self.waiting.len() > WAITING {
            let rank = |place: &usize| (self.waiting[*place].to_artist, self.votes_of(&self.waiting[*place]));
            let least = (0..self.waiting.len()).min_by_key(rank);
            least.and_then(|least| self.waiting.remove(least));
        }
    }
}

impl Shown {
    fn is_read(&self, now: u64) -> bool {
        now >= self.since + reading_time(&self.said.text)
    }
}

fn lasts(said: &Said) -> u64 {
    if said.to_artist { CALL_FOR } else { NEWS_FOR }
}

/// How long a line is shown at least, in milliseconds.
fn reading_time(text: &str) -> u64 {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().count().div_ceil(SIGNS_A_WORD).max(1))
        .sum::<usize>();
    (2_000 + A_WORD * words as u64).clamp(READ_WITHIN.0, READ_WITHIN.1)
}

/// Whether a text has the artist's name in it: all of it, or the word people call them by.
fn calls(text: &str, artist: &str) -> bool {
    let (text, artist) = (words(text), words(artist));
    let short = artist
        .first()
        .filter(|word| word.chars().count() > 2 && !is_article(word));
    let has_all = !artist.is_empty() && text.windows(artist.len()).any(|part| part == artist);
    has_all || short.is_some_and(|short| text.contains(short))
}

fn words(text: &str) -> Vec<String> {
    text.split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "der" | "die" | "das" | "les" | "los" | "las")
}

#[cfg(test)]
mod tests {
    use wire::frame::MessageBody;

    use super::*;

    fn line(seq: Seq, member: &str, text: &str) -> Message {
        let body = MessageBody {
            id: seq.to_string(),
            at: seq * 1_000,
            member: MemberId(member.into()),
            nickname: member.into(),
            role: if member == "vesna" { Role::Artist } else { Role::Fan },
            text: text.into(),
            question: text.ends_with('?'),
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

    fn rota(texts: &[&str]) -> Rota {
        let mut rota = Rota::new("Vesna Oduya", 2);
        for (text, seq) in texts.iter().zip(1..) {
            rota.take(&line(seq, "kim", text), 0);
        }
        rota
    }

    fn shown(rota: &Rota) -> Vec<&str> {
        let slots = rota.slots.iter();
        slots
            .map(|slot| slot.as_ref().map_or("-", |shown| shown.said.text.as_str()))
            .collect()
    }

    #[test]
    fn a_room_that_was_full_is_shown_at_once_and_the_newest_of_it() {
        let mut rota = rota(&["one", "two", "three"]);
        rota.pass(0);
        assert_eq!(shown(&rota), ["three", "two"]);
    }

    #[test]
    fn a_line_stays_in_its_place_until_it_was_read() {
        let mut rota = rota(&["one", "two"]);
        rota.pass(0);
        for seq in 3..9 {
            rota.take(&line(seq, "kim", &format!("line {seq}")), 100);
        }
        for now in [2_500, 5_999] {
            rota.pass(now);
            assert_eq!(shown(&rota), ["two", "one"], "at {now}");
        }
        rota.pass(6_000);
        assert_eq!(shown(&rota), ["line 8", "one"]);
        rota.pass(8_400);
        assert_eq!(shown(&rota), ["line 8", "one"], "one at a time");
        rota.pass(8_500);
        assert_eq!(shown(&rota), ["line 8", "line 7"]);
    }

    #[test]
    fn long_lines_are_given_time_and_no_line_holds_its_place_for_ever() {
        assert_eq!(reading_time("hi"), 6_000);
        assert_eq!(reading_time(&"word ".repeat(20)), 10_000);
        assert_eq!(reading_time(&"字".repeat(120)), 10_000, "no spaces, and many words");
        assert_eq!(reading_time(&"word ".repeat(100)), 15_000);
    }

    #[test]
    fn lines_to_the_artist_come_first_then_questions_by_votes_then_the_newest() {
        let mut rota = rota(&["hello vesna", "when?", "why?", "new", "newest"]);
        rota.vote(&Counts::from_iter([(2, 4), (3, 9), (5, 99)]));
        let mut order = Vec::new();
        rota.slots.truncate(1);
        for now in (0..50_000).step_by(500) {
            rota.pass(now);
            order.push(shown(&rota)[0].to_owned());
        }
        order.dedup();
        assert_eq!(order, ["hello vesna", "why?", "when?", "newest", "new"]);
    }

    #[test]
    fn an_answer_to_the_artist_is_to_the_artist_and_so_is_the_name() {
        let mut rota = rota(&[]);
        rota.take(&line(1, "vesna", "hello Osaka"), 0);
        let mut answer = line(2, "kim", "hello back");
        answer.body.as_mut().expect("a body").reply_to = Some(1);
        rota.take(&answer, 0);
        assert!(rota.waiting[0].to_artist);
        assert_eq!(rota.waiting.len(), 1, "the artist's own lines are not shown");
        for (text, artist, is_call) in [
            ("VESNA!!", "Vesna Oduya", true),
            ("what a vesnaqueen", "Vesna Oduya", false),
            ("what the hell", "The Night Ferry", false),
            ("i love the night ferry", "The Night Ferry", true),
            ("anything", "", false),
        ] {
            assert_eq!(calls(text, artist), is_call, "{text}");
        }
    }

    #[test]
    fn what_fans_do_not_see_leaves_at_once() {
        let mut rota = rota(&["one", "two", "three"]);
        rota.pass(0);
        rota.moderate(9, &Deed::Hide { target: 3 });
        assert_eq!(shown(&rota), ["-", "two"]);
        rota.pass(1_000);
        assert_eq!(shown(&rota), ["-", "two"], "not sooner than calm allows");
        rota.moderate(
            10,
            &Deed::Clear {
                member: MemberId("kim".into()),
                seconds: 5,
                since: 2_000,
            },
        );
        rota.pass(3_000);
        assert_eq!(shown(&rota), ["one", "-"]);
        rota.moderate(
            11,
            &Deed::Ban {
                member: MemberId("kim".into()),
            },
        );
        assert!(rota.is_empty() && rota.waiting.is_empty());
    }

    #[test]
    fn a_new_name_is_on_the_lines_too() {
        let mut rota = rota(&["one"]);
        rota.pass(0);
        let (member, nickname) = (MemberId("kim".into()), "night ferry".to_owned());
        rota.moderate(4, &Deed::Rename { member, nickname });
        assert_eq!(rota.slot(0).expect("shown").said.nickname, "night ferry");
    }

    #[test]
    fn a_storm_is_bounded_and_keeps_what_matters() {
        let mut rota = rota(&[]);
        rota.take(&line(1, "kim", "vesna, look"), 0);
        for seq in 2..2_000 {
            rota.take(&line(seq, "kim", "storm"), 0);
        }
        assert_eq!(rota.waiting.len(), WAITING);
        assert_eq!(rota.waiting[0].seq, 1);
        assert_eq!(rota.waiting[1].seq, 2_000 - WAITING as u64 + 1);
        rota.changed = Some(0);
        rota.pass(NEWS_FOR);
        assert_eq!(
            rota.slot(0).expect("shown").said.seq,
            1,
            "the storm is no news any more"
        );
    }

    #[test]
    fn a_question_that_is_in_the_queue_is_not_shown_twice() {
        let mut rota = rota(&["why?", "one"]);
        rota.leave_out(vec![1]);
        rota.pass(0);
        assert_eq!(shown(&rota), ["one", "-"]);
        rota.leave_out(Vec::new());
        rota.pass(2_500);
        assert_eq!(shown(&rota), ["one", "why?"]);
    }

    #[test]
    fn a_line_is_taken_once() {
        let mut rota = rota(&["one"]);
        rota.take(&line(1, "kim", "one"), 0);
        let mut hidden = line(2, "kim", "hidden");
        hidden.hidden = true;
        rota.take(&hidden, 0);
        assert_eq!(rota.waiting.len(), 1);
    }
}
