//! The way through the questions that wait: on, back, and round again.

use wire::Seq;

use crate::crew::asked::Order;

/// Most questions that one can go back to.
const STEPS_BACK: usize = 20;

/// Which questions were held above the chat, so that the way leads on and back.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Those before the present one, the latest last.
    before: Vec<Seq>,
    /// Those that this round has passed.
    passed: Vec<Seq>,
}

impl Course {
    /// The question after the present one: the most asked of those that this round has not had. After the last one a
    /// new round begins.
    pub fn next(&self, order: &Order, present: Option<Seq>) -> Option<Seq> {
        let others = || order.seqs().into_iter().filter(|seq| Some(*seq) != present);
        others()
            .find(|seq| !self.passed.contains(seq))
            .or_else(|| others().next())
    }

    /// The question before the present one.
    pub fn previous(&self, present: Option<Seq>) -> Option<Seq> {
        self.before.iter().rev().copied().find(|seq| Some(*seq) != present)
    }

    /// The way led on, from one question to another.
    pub fn went(&mut self, from: Option<Seq>, to: Seq, order: &Order) {
        let is_new_round = self.passed.contains(&to);
        if is_new_round {
            self.passed.clear();
        }
        self.passed.extend(from.filter(|_| !is_new_round));
        self.passed.push(to);
        self.passed
            .retain(|seq| order.get(*seq).is_some() || Some(*seq) == from || *seq == to);
        self.before.extend(from);
        if self.before.len() > STEPS_BACK {
            self.before.remove(0);
        }
    }

    /// The way led back: to this question, or to none.
    pub fn went_back(&mut self, from: Option<Seq>, to: Option<Seq>) {
        if let Some(place) = self.before.iter().rposition(|seq| Some(*seq) == to) {
            self.before.truncate(place);
        }
        self.passed.retain(|seq| Some(*seq) != from);
    }
}

#[cfg(test)]
mod tests {
    use wire::Counts;

    use super::*;
    use crate::crew::asked::tests::queue;

    #[test]
    fn next_goes_through_all_of_them_and_begins_again() {
        let order = queue(&[(1, 9), (2, 8), (3, 7)]);
        let mut course = Course::default();
        let mut present = None;
        let mut way = Vec::new();
        for _ in 0..7 {
            let next = course.next(&order, present).expect("there are some");
            course.went(present, next, &order);
            way.push(next);
            present = Some(next);
        }
        assert_eq!(way, [1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(Course::default().next(&queue(&[]), Some(4)), None);
    }

    #[test]
    fn a_question_that_is_asked_more_meanwhile_is_next() {
        let mut order = queue(&[(1, 9), (2, 8), (3, 7)]);
        let mut course = Course::default();
        course.went(None, 1, &order);
        order.vote(&Counts::from_iter([(3, 20)]));
        assert_eq!(course.next(&order, Some(1)), Some(3));
    }

    #[test]
    fn previous_leads_back_the_way_one_came() {
        let order = queue(&[(1, 9), (2, 8), (3, 7)]);
        let mut course = Course::default();
        course.went(None, 1, &order);
        course.went(Some(1), 2, &order);
        course.went(Some(2), 3, &order);
        assert_eq!(course.previous(Some(3)), Some(2));
        course.went_back(Some(3), Some(2));
        assert_eq!(course.previous(Some(2)), Some(1));
        assert_eq!(
            course.next(&order, Some(2)),
            Some(3),
            "what one came back from is next again"
        );
        course.went_back(Some(2), Some(1));
        assert_eq!(course.previous(Some(1)), None);
    }
}
