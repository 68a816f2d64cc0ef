//! The votes of questions, as far as a page knows them.

use wire::{Counts, Seq, limits};

/// Most questions whose votes are remembered: of more, the oldest are forgotten.
const QUESTIONS: usize = 2_000;

/// How many asked each question, and which of them this member asked too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// In the order of the log.
    counts: Vec<Count>,
    own: Vec<Seq>,
    /// Own votes that no telling holds yet: one more or one less.
    ahead: Vec<(Seq, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    question: Seq,
    votes: u64,
    /// It is of an earlier connection: whatever is read is newer.
    is_old: bool,
}

impl Votes {
    /// How many asked a question.
    pub fn of(&self, question: Seq) -> u64 {
        let told = self.place(question).map_or(0, |place| self.counts[place].votes);
        match self.ahead.iter().find(|(other, _)| *other == question) {
            Some((_, true)) => told + 1,
            Some((_, false)) => told.saturating_sub(1),
            None => told,
        }
    }

    /// Whether this member asked it too.
    pub fn is_own(&self, question: Seq) -> bool {
        self.own.contains(&question)
    }

    /// Votes as they stand now.
    pub fn told(&mut self, counts: &Counts<Seq>) {
        for &(question, votes) in counts {
            self.settle(question);
            let count = Count {
                question,
                votes,
                is_old: false,
            };
            match self.place(question) {
                Ok(place) => self.counts[place] = count,
                Err(place) => self.counts.insert(place, count),
            }
        }
        let over = self.counts.len().saturating_sub(QUESTIONS);
        self.counts.drain(..over);
    }

    /// Votes of a page that was read: what was told on this connection may be newer.
    pub fn read(&mut self, counts: &Counts<Seq>) {
        let is_known = |question: Seq| self.place(question).is_ok_and(|place| !self.counts[place].is_old);
        let news = counts.iter().filter(|(question, _)| !is_known(*question)).copied();
        self.told(&news.collect());
    }

    /// A new connection: the newest questions that have votes, and those that this member asked too.
    pub fn welcomed(&mut self, counts: &Counts<Seq>, own: Vec<Seq>) {
        let listed_from = counts.iter().map(|(question, _)| *question).min();
        for count in &mut self.counts {
            count.is_old = true;
            if listed_from.is_some_and(|from| count.question >= from) {
                count.votes = 0; // it would be listed
            }
        }
        self.ahead.clear();
        self.own = own;
        self.told(counts);
    }

    /// What was missed is read anew.
    pub fn forget_old(&mut self) {
        self.counts.retain(|count| !count.is_old);
    }

    /// The member asks a question too, or no longer. It counts at once.
    pub fn vote(&mut self, question: Seq, on: bool) {
        if on == self.is_own(question) {
            return;
        }
        self.own(question, on);
        let was_ahead = self.ahead.len();
        self.settle(question);
        if self.ahead.len() == was_ahead {
            self.ahead.push((question, on));
        }
    }

    /// The server did not take it.
    pub fn refused(&mut self, question: Seq, on: bool) {
        self.settle(question);
        self.own(question, !on);
    }

    /// The member asks a question too, or no longer, as the server says.
    pub fn own(&mut self, question: Seq, on: bool) {
        self.own.retain(|own| *own != question);
        if on {
            self.own.insert(0, question);
            self.own.truncate(limits::OWN_VOTES);
        }
    }

    fn settle(&mut self, question: Seq) {
        self.ahead.retain(|(other, _)| *other != question);
    }

    fn place(&self, question: Seq) -> Result<usize, usize> {
        self.counts.binary_search_by_key(&question, |count| count.question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(Seq, u64)]) -> Counts<Seq> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn what_is_told_counts_more_than_what_a_page_says() {
        let mut votes = Votes::default();
        votes.told(&counts(&[(9, 4), (3, 1)]));
        votes.read(&counts(&[(3, 7), (5, 2)]));
        assert_eq!([3, 5, 9, 11].map(|question| votes.of(question)), [1, 2, 4, 0]);
    }

    #[test]
    fn after_a_cut_what_is_read_counts_more_than_what_was_told_before() {
        let mut votes = Votes::default();
        votes.told(&counts(&[(3, 12), (50, 1), (60, 4)]));
        votes.vote(60, true);
        votes.welcomed(&counts(&[(40, 2), (60, 9)]), vec![60]);
        assert_eq!(
            [50, 60].map(|question| votes.of(question)),
            [0, 9],
            "one was taken back"
        );
        votes.read(&counts(&[(3, 340), (60, 5)]));
        assert_eq!([3, 60].map(|question| votes.of(question)), [340, 9]);
        votes.welcomed(&counts(&[(60, 9)]), vec![]);
        votes.forget_old();
        assert_eq!([3, 60].map(|question| votes.of(question)), [0, 9]);
    }

    #[test]
    fn an_own_vote_counts_at_once_and_once() {
        let mut votes = Votes::default();
        votes.told(&counts(&[(3, 7)]));
        votes.vote(3, true);
        votes.vote(3, true);
        assert_eq!((votes.of(3), votes.is_own(3)), (8, true));
        votes.told(&counts(&[(3, 12)]));
        assert_eq!(votes.of(3), 12, "what the server says holds it already");
        votes.vote(3, false);
        assert_eq!((votes.of(3), votes.is_own(3)), (11, false));
        votes.vote(3, true);
        assert_eq!((votes.of(3), votes.is_own(3)), (12, true));
    }

    #[test]
    fn a_vote_that_is_refused_leaves_the_number_as_it_was_told() {
        let mut votes = Votes::default();
        votes.told(&counts(&[(3, 7)]));
        votes.vote(3, true);
        votes.told(&counts(&[(3, 8)])); // somebody else's
        votes.refused(3, true);
        assert_eq!((votes.of(3), votes.is_own(3)), (8, false));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut votes = Votes::default();
        for question in 0..3_000 {
            votes.vote(question, true);
            votes.told(&counts(&[(question, 1)]));
        }
        assert_eq!(
            (votes.counts.len(), votes.own.len(), votes.ahead.len()),
            (QUESTIONS, limits::OWN_VOTES, 0)
        );
        assert_eq!(votes.of(2_999), 1);
    }
}
