//! What is known about the nickname being typed, and what to say about it. Questions are numbered: only the answer to the
//! newest one counts, whatever order they come back in.

use wire::http::{NicknameReason, NicknameTry};
use wire::{Problem, ProblemCode};

/// What is known about what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Nothing was typed.
    #[default]
    Nothing,
    /// The server is asked.
    Asking,
    /// It can be had.
    Free,
    /// It cannot be had.
    Refused {
        /// Why.
        reason: NicknameReason,
        /// What can.
        suggestions: Vec<String>,
    },
    /// The name stays as it is: a line was sent under it.
    Fixed,
    /// The server gave no answer; trying is worth it.
    Unsure,
}

impl Check {
    /// What a try's answer means.
    pub fn from_try(answer: NicknameTry) -> Self {
        let NicknameTry {
            free,
            reason,
            suggestions,
        } = answer;
        if free {
            Self::Free
        } else {
            Self::Refused {
                reason: reason.unwrap_or(NicknameReason::Unknown),
                suggestions,
            }
        }
    }

    /// What a refused claim means.
    pub fn from_problem(problem: Option<&Problem>) -> Self {
        let Some(problem) = problem else { return Self::Unsure };
        let fallback = match problem.code {
            ProblemCode::NicknameTaken => NicknameReason::Taken,
            ProblemCode::NicknameInvalid => NicknameReason::Unknown,
            ProblemCode::NicknameFixed => return Self::Fixed,
            _ => return Self::Unsure,
        };
        Self::Refused {
            reason: problem.reason.unwrap_or(fallback),
            suggestions: problem.suggestions.clone(),
        }
    }

    /// Whether claiming it is worth a try.
    pub fn may_claim(&self) -> bool {
        matches!(self, Self::Free | Self::Unsure)
    }

    /// Names that can be had instead.
    pub fn suggestions(&self) -> &[String] {
        if let Self::Refused { suggestions, .. } = self {
            suggestions
        } else {
            &[]
        }
    }

    /// What to say: the word that matters, and the rest.
    pub fn words(&self, artist: &str) -> (&'static str, String) {
        match self {
            Self::Nothing => ("", String::new()),
            Self::Asking => ("", "Looking along the rows…".into()),
            Self::Free => ("", "It’s yours if you want it.".into()),
            Self::Fixed => (
                "It stays as it is.",
                "You have said something under your name already.".into(),
            ),
            Self::Unsure => ("No answer just now.", "Walk in with it, and we look again.".into()),
            Self::Refused { reason, .. } => refused(*reason, artist),
        }
    }
}

fn refused(reason: NicknameReason, artist: &str) -> (&'static str, String) {
    match reason {
        NicknameReason::TooShort => ("Too short.", "Two signs at least.".into()),
        NicknameReason::TooLong => ("Too long.", "24 signs at most.".into()),
        NicknameReason::Unreadable => (
            "Nobody could read it.",
            "It needs letters, digits or signs that can be seen.".into(),
        ),
        NicknameReason::Taken => (
            "Taken.",
            "Somebody sits there already, or a name that looks just like it does.".into(),
        ),
        NicknameReason::Artist => (
            "Too close to the artist’s name.",
            format!("Nobody may look like {artist} or the crew tonight."),
        ),
        NicknameReason::Reserved => (
            "Too close to the crew’s names.",
            format!("Nobody may look like {artist} or the crew tonight."),
        ),
        NicknameReason::Unknown => ("That one can’t be had.", "Try another.".into()),
    }
}

/// Numbers for questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Questions {
    newest: u32,
}

impl Questions {
    /// The number of a new question; answers to older ones no longer count.
    pub fn ask(&mut self) -> u32 {
        self.newest = self.newest.wrapping_add(1);
        self.newest
    }

    /// Whether an answer to the question with this number still counts.
    pub fn counts(self, number: u32) -> bool {
        self.newest == number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_answer_counts() {
        let mut questions = Questions::default();
        let slow = questions.ask();
        let fast = questions.ask();
        assert!(questions.counts(fast) && !questions.counts(slow));
    }

    #[test]
    fn a_refused_claim_says_why_and_what_is_free() {
        let answer = serde_json::json!({"type": "about:blank", "title": "", "status": 409, "code": "nickname_taken", "suggestions": ["a b"]});
        let problem: Problem = serde_json::from_value(answer).expect("a problem");
        let check = Check::from_problem(Some(&problem));
        assert_eq!(check.words("Vesna").0, "Taken.");
        assert_eq!(check.suggestions(), ["a b"]);
        assert!(!check.may_claim());
    }

    #[test]
    fn no_answer_is_no_refusal() {
        assert!(Check::from_problem(None).may_claim());
    }
}
