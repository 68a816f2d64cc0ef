//! What was asked of the server and is not answered yet: a moderator's acts, a fan's reports. Each keeps its id, so that
//! asking again after a broken connection does nothing twice.

use wire::Seq;
use wire::frame::Refused;

/// Most errands at once: nobody's hands are faster.
pub const ERRANDS: usize = 64;

/// How long an answer may take before it is given up, in milliseconds: a short cut of the network is lived through.
pub const ANSWER_WITHIN: u64 = 15_000;

/// How an errand ended: done, at this place in the log if it has one, or not.
pub type Outcome = Result<Option<Seq>, NotDone>;

/// Why nothing is known to have come of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// The server refused it.
    Refused(Refused),
    /// There is no connection, or too many errands are under way: it was not sent.
    Unsent,
    /// No answer came in time. It may have been done.
    Unanswered,
}

/// The errands under way; `D` is what to do when one ends.
#[derive(Debug)]
pub struct Errands<D> {
    under_way: Vec<Errand<D>>,
}

#[derive(Debug)]
struct Errand<D> {
    id: String,
    /// As it is sent.
    frame: String,
    since: u64,
    done: D,
}

impl<D> Default for Errands<D> {
    fn default() -> Self {
        Self { under_way: Vec::new() }
    }
}

impl<D> Errands<D> {
    /// Notes an errand with its frame.
    ///
    /// # Errors
    /// Gives `done` back when too many are under way.
    pub fn add(&mut self, id: String, frame: String, now: u64, done: D) -> Result<(), D> {
        if self.under_way.len() >= ERRANDS {
            return Err(done);
        }
        self.under_way.push(Errand {
            id,
            frame,
            since: now,
            done,
        });
        Ok(())
    }

    /// What goes again on a new connection.
    pub fn frames(&self) -> impl Iterator<Item = &String> {
        self.under_way.iter().map(|errand| &errand.frame)
    }

    /// The errand with this id is answered.
    pub fn answered(&mut self, id: &str) -> Option<D> {
        let place = self.under_way.iter().position(|errand| errand.id == id)?;
        Some(self.under_way.remove(place).done)
    }

    /// Those that waited for too long.
    pub fn overdue(&mut self, now: u64) -> Vec<D> {
        self.under_way
            .extract_if(.., |errand| now >= errand.since + ANSWER_WITHIN)
            .map(|errand| errand.done)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(target: Seq) -> String {
        format!("a report of {target}")
    }

    fn under_way(last: Seq) -> Errands<Seq> {
        let mut errands = Errands::default();
        for target in 1..=last {
            assert_eq!(errands.add(target.to_string(), report(target), target, target), Ok(()));
        }
        errands
    }

    #[test]
    fn an_errand_is_answered_once_and_goes_again_until_then() {
        let mut errands = under_way(2);
        assert_eq!(errands.frames().count(), 2);
        assert_eq!(errands.answered("1"), Some(1));
        assert_eq!(errands.answered("1"), None);
        assert_eq!(errands.frames().collect::<Vec<_>>(), [&report(2)]);
    }

    #[test]
    fn what_is_not_answered_in_time_is_given_up() {
        let mut errands = under_way(3);
        assert_eq!(errands.overdue(ANSWER_WITHIN), [0; 0]);
        assert_eq!(errands.overdue(ANSWER_WITHIN + 2), [1, 2]);
        assert_eq!(errands.answered("2"), None);
        assert_eq!(errands.answered("3"), Some(3));
    }

    #[test]
    fn errands_are_bounded() {
        let mut errands = under_way(ERRANDS as Seq);
        assert_eq!(errands.add("more".into(), report(99), 0, 99), Err(99));
    }
}
