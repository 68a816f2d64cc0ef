//! Questions that stand alike, the most asked first: the artist's queue, and the lists of the moderators.

use std::cmp::Reverse;

use wire::frame::{Deed, Message};
use wire::stage::{Question, QuestionList, QuestionState};
use wire::{Counts, MemberId, Role, Seq, UnixMillis, limits};

use super::queue::Queue;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The message that asks it.
    pub seq: Seq,
    /// Who asks.
    pub member: MemberId,
    /// Their nickname.
    pub nickname: String,
    /// Their role.
    pub role: Role,
    /// When it was asked.
    pub at: UnixMillis,
    /// What is asked.
    pub text: String,
    /// How many asked it too.
    pub votes: u64,
}

/// The questions in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    state: QuestionState,
    asked: Vec<Asked>,
    /// How many there are beyond those that are known here.
    beyond: u64,
}

/// What changes questions.
#[derive(Clone, Debug)]
pub enum News {
    /// One stands elsewhere than before.
    Stands(Box<Question>),
    /// Votes, as they stand now.
    Voted(Counts<Seq>),
    /// An entry of the log, at its place.
    Done(Seq, Deed),
}

impl Asked {
    /// A message that asks; none when it carries no text or fans do not see it.
    pub fn of(message: &Message, votes: u64) -> Option<Self> {
        let body = message.body.as_ref().filter(|_| !message.hidden)?;
        Some(Self {
            seq: message.seq,
            member: body.member.clone(),
            nickname: body.nickname.clone(),
            role: body.role,
            at: body.at,
            text: body.text.clone(),
            votes,
        })
    }

    const fn rank(&self) -> (Reverse<u64>, Seq) {
        (Reverse(self.votes), self.seq)
    }
}

impl Order {
    /// The questions as the server says they are.
    pub fn load(state: QuestionState, list: &QuestionList) -> Self {
        let asked = list.questions.iter();
        let asked: Vec<Asked> = asked
            .filter_map(|question| Asked::of(&question.message, question.votes))
            .collect();
        // The total counts what fans do not see, too: it says something of those that did not fit, and of no others.
        let is_full = list.questions.len() >= limits::QUESTIONS as usize;
        let beyond = list.total.saturating_sub(asked.len() as u64);
        let mut order = Self {
            state,
            asked,
            beyond: if is_full { beyond } else { 0 },
        };
        order.sort();
        order
    }

    /// The questions, the most asked first.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Which questions they are.
    pub fn seqs(&self) -> Vec<Seq> {
        self.asked.iter().map(|asked| asked.seq).collect()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.behind(0)
    }

    /// How many are known here.
    pub fn listed(&self) -> usize {
        self.asked.len()
    }

    /// How many are behind the first few.
    pub fn behind(&self, shown: usize) -> u64 {
        self.asked.len().saturating_sub(shown) as u64 + self.beyond
    }

    /// A question, if it is known here.
    pub fn get(&self, seq: Seq) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.seq == seq)
    }

    /// A question stands elsewhere than before. Whether those that are not known here have to be asked for.
    pub fn stands(&mut self, question: &Question) -> bool {
        let seq = question.message.seq;
        let was_here = self.get(seq).is_some();
        let is_here = question.state == self.state;
        self.asked.retain(|asked| asked.seq != seq);
        if is_here {
            self.asked.extend(Asked::of(&question.message, question.votes));
        }
        self.sort();
        self.beyond > 0 && !(was_here && is_here)
    }

    /// Votes, as they stand now. Whether one that is not known here may come before one that is.
    pub fn vote(&mut self, counts: &Counts<Seq>) -> bool {
        for asked in &mut self.asked {
            if let Some(votes) = counts.get(&asked.seq) {
                asked.votes = votes;
            }
        }
        self.sort();
        let least = self.asked.last().map_or(0, |asked| asked.votes);
        let others = counts.iter().filter(|(seq, _)| self.get(*seq).is_none());
        self.beyond > 0 && others.into_iter().any(|(_, votes)| *votes > least)
    }

    /// A moderator did something, at this place in the log: what fans do not see leaves at once. Whether there may be
    /// others now.
    pub fn moderate(&mut self, seq: Seq, deed: &Deed) -> bool {
        let listed = self.asked.len();
        match deed {
            Deed::Hide { target } => self.asked.retain(|asked| asked.seq != *target),
            Deed::Ban { member } => self.asked.retain(|asked| asked.member != *member),
            Deed::Clear { member, since, .. } => {
                let is_cleared = |asked: &Asked| asked.member == *member && asked.at >= *since && asked.seq < seq;
                self.asked.retain(|asked| !is_cleared(asked));
            }
            Deed::Rename { member, nickname } => {
                for asked in self.asked.iter_mut().filter(|asked| asked.member == *member) {
                    asked.nickname.clone_from(nickname);
                }
            }
            Deed::Unhide { message, .. } => {
                return message.body.as_ref().is_some_and(|body| body.question);
            }
            Deed::Unban { .. } | Deed::Unclear { .. } => return true,
            _ => {}
        }
        self.beyond > 0 && self.asked.len() < listed
    }

    /// The most asked first, and of equals the older; as many as the server lists.
    fn sort(&mut self) {
        self.asked.sort_by_key(Asked::rank);
        let kept = limits::QUESTIONS as usize;
        self.beyond += self.asked.len().saturating_sub(kept) as u64;
        self.asked.truncate(kept);
    }
}

impl Queue for Order {
    type Change = News;

    fn change(&mut self, news: News) -> bool {
        match news {
            News::Stands(question) => self.stands(&question),
            News::Voted(counts) => self.vote(&counts),
            News::Done(seq, deed) => self.moderate(seq, &deed),
        }
    }
}

/// What was shown stays where it is, and what is new comes after it: a list does not move under a hand.
pub fn steady(shown: &[Seq], now: &[Seq]) -> Vec<Seq> {
    let stays = shown.iter().filter(|seq| now.contains(seq));
    let comes = now.iter().filter(|seq| !shown.contains(seq));
    stays.chain(comes).copied().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    fn question(seq: Seq, votes: u64, state: &str) -> Question {
        let value = json!({
            "message": {"type": "message", "seq": seq, "id": "a", "at": seq * 10, "member": format!("m{seq}"),
                        "nickname": "Kim", "role": "fan", "text": format!("{seq}?"), "question": true},
            "votes": votes, "state": state,
        });
        serde_json::from_value(value).expect("a question")
    }

    fn member(seq: Seq) -> MemberId {
        MemberId(format!("m{seq}"))
    }

    fn loaded(votes: &[(Seq, u64)], total: u64) -> Order {
        let questions = votes.iter().map(|(seq, votes)| question(*seq, *votes, "queued"));
        let questions = questions.collect();
        Order::load(QuestionState::Queued, &QuestionList { questions, total })
    }

    /// A queue of questions with their votes.
    pub fn queue(votes: &[(Seq, u64)]) -> Order {
        loaded(votes, votes.len() as u64)
    }

    /// A hundred of 240.
    fn full() -> Order {
        let votes: Vec<(Seq, u64)> = (1..=100).map(|seq| (seq, 5)).collect();
        loaded(&votes, 240)
    }

    #[test]
    fn the_most_asked_is_first_and_of_equals_the_older() {
        let mut order = queue(&[(5, 1), (3, 7), (4, 7)]);
        assert_eq!(order.seqs(), [3, 4, 5]);
        order.vote(&Counts::from_iter([(5, 8), (99, 4)]));
        assert_eq!(order.seqs(), [5, 3, 4]);
    }

    #[test]
    fn a_question_comes_and_goes_with_its_state() {
        let mut order = queue(&[(3, 7)]);
        order.stands(&question(4, 9, "queued"));
        assert_eq!(order.seqs(), [4, 3]);
        order.stands(&question(4, 2, "queued"));
        assert_eq!(order.seqs(), [3, 4]);
        for state in ["answered", "dropped", "waiting", "of a newer server"] {
            order.stands(&question(3, 7, "queued"));
            order.stands(&question(3, 7, state));
            assert_eq!(order.seqs(), [4], "{state}");
        }
        let mut hidden = question(4, 2, "queued");
        hidden.message.hidden = true;
        order.stands(&hidden);
        assert!(order.asked().is_empty());
    }

    #[test]
    fn each_list_takes_the_questions_of_its_state() {
        let states = [
            QuestionState::Waiting,
            QuestionState::Queued,
            QuestionState::Dropped,
            QuestionState::Answered,
        ];
        for of in states {
            let (questions, total) = (Vec::new(), 0);
            let mut order = Order::load(of, &QuestionList { questions, total });
            for state in states {
                order.change(News::Stands(Box::new(question(3, 1, state.as_str()))));
                assert_eq!(order.count(), u64::from(state == of), "{state:?} in {of:?}");
            }
        }
    }

    #[test]
    fn what_fans_do_not_see_leaves_and_what_returns_is_asked_for() {
        let mut order = queue(&[(3, 7), (4, 6), (5, 5)]);
        assert!(!order.moderate(9, &Deed::Hide { target: 3 }), "nothing else is there");
        order.moderate(9, &Deed::Ban { member: member(4) });
        assert_eq!(order.seqs(), [5]);
        assert!(order.moderate(9, &Deed::Unban { member: member(4) }));
        let message = question(3, 7, "queued").message;
        assert!(order.moderate(9, &Deed::Unhide { target: 3, message }));
        let mut message = question(8, 7, "queued").message;
        message.body.as_mut().expect("words").question = false;
        assert!(!order.moderate(9, &Deed::Unhide { target: 8, message }), "no question");
        assert!(!order.moderate(9, &Deed::Pause));
        let nickname = "night ferry".to_owned();
        order.moderate(
            9,
            &Deed::Rename {
                member: member(5),
                nickname,
            },
        );
        assert_eq!(order.get(5).expect("there").nickname, "night ferry");
    }

    #[test]
    fn a_clear_takes_what_was_asked_since() {
        let mut order = queue(&[(3, 7)]);
        let clear = |since| Deed::Clear {
            member: member(3),
            seconds: 60,
            since,
        };
        order.moderate(9, &clear(31));
        assert_eq!(order.seqs(), [3]);
        order.moderate(9, &clear(30));
        assert!(order.asked().is_empty());
    }

    #[test]
    fn a_clear_leaves_what_was_asked_after_it() {
        let mut order = queue(&[(3, 7)]);
        let clear = Deed::Clear {
            member: member(3),
            seconds: 60,
            since: 0,
        };
        order.change(News::Done(2, clear.clone()));
        assert_eq!(order.seqs(), [3]);
        order.change(News::Done(4, clear));
        assert!(order.asked().is_empty());
    }

    #[test]
    fn hidden_ones_do_not_count_where_all_others_are_known() {
        let order = loaded(&[(3, 7)], 4);
        assert_eq!((order.count(), order.behind(1)), (1, 0));
    }

    #[test]
    fn those_that_are_not_listed_are_counted_and_asked_for() {
        let mut order = full();
        assert_eq!((order.count(), order.listed(), order.behind(40)), (240, 100, 200));
        assert!(!order.stands(&question(7, 9, "queued")), "a listed one");
        assert!(order.stands(&question(7, 9, "dropped")));
        assert_eq!((order.count(), order.listed()), (239, 99));
        assert!(order.stands(&question(300, 9, "dropped")), "it may have been counted");
        assert!(order.moderate(9, &Deed::Hide { target: 8 }));
        assert!(!queue(&[(3, 7)]).stands(&question(3, 7, "dropped")));
    }

    #[test]
    fn one_that_is_asked_more_takes_the_place_of_the_least_asked() {
        let mut order = full();
        order.stands(&question(300, 9, "queued"));
        assert_eq!((order.seqs()[0], order.listed(), order.count()), (300, 100, 241));
        assert_eq!(order.get(100), None);
        assert!(!order.vote(&Counts::from_iter([(301, 5)])));
        assert!(order.vote(&Counts::from_iter([(301, 6)])));
        assert!(!queue(&[(3, 7)]).vote(&Counts::from_iter([(301, 9)])));
    }

    #[test]
    fn a_list_does_not_move_under_a_hand() {
        assert_eq!(steady(&[3, 4, 5], &[9, 5, 3]), [3, 5, 9]);
        assert_eq!(steady(&[], &[9, 5]), [9, 5]);
    }
}
