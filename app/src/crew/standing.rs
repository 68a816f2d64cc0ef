//! Where questions stand: the lists of the moderators, and what can be done about a question in each.

use wire::frame::Verb;
use wire::stage::QuestionState;
use wire::{Capability, Seq};

/// The lists, in the order in which a question goes through them.
pub const STANDINGS: [QuestionState; 4] = [
    QuestionState::Waiting,
    QuestionState::Queued,
    QuestionState::Dropped,
    QuestionState::Answered,
];

/// The list's name.
pub const fn name(state: QuestionState) -> &'static str {
    match state {
        QuestionState::Waiting => "Waiting",
        QuestionState::Queued => "In the queue",
        QuestionState::Dropped => "Dropped",
        QuestionState::Answered => "Answered",
        QuestionState::Unknown => "",
    }
}

/// What is said where there is none.
pub const fn empty(state: QuestionState) -> &'static str {
    match state {
        QuestionState::Waiting => "No question waits. Fans mark a message as a question.",
        QuestionState::Queued => "The queue is empty. What you let in, the artist sees.",
        QuestionState::Dropped => "No question was dropped.",
        QuestionState::Answered => "No question was answered.",
        QuestionState::Unknown => "",
    }
}

/// What a moderator can do about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Into the artist's queue.
    LetIn,
    /// Above everybody's chat, or away from there.
    Stage,
    /// The artist answered it.
    Answered,
    /// Nobody answered it after all.
    Reopen,
    /// Out of the way.
    Drop,
}

impl Act {
    /// What it is called; `is_on_stage`: the question is above the chat.
    pub const fn name(self, is_on_stage: bool) -> &'static str {
        match self {
            Self::LetIn => "Let in",
            Self::Stage if is_on_stage => "Take off stage",
            Self::Stage => "Put on stage",
            Self::Answered => "Answered on air",
            Self::Reopen => "Open again",
            Self::Drop => "Drop",
        }
    }

    /// What is asked of the server.
    pub const fn verb(self, target: Seq, is_on_stage: bool) -> Verb {
        match self {
            Self::LetIn => Verb::Queue { target, on: true },
            Self::Drop => Verb::Queue { target, on: false },
            Self::Stage if is_on_stage => Verb::Spotlight { target: None },
            Self::Stage => Verb::Spotlight { target: Some(target) },
            Self::Answered => Verb::Answer { target, text: None },
            Self::Reopen => Verb::Unanswer { target },
        }
    }
}

/// What can be done about a question by one who can do so much.
pub fn acts(state: QuestionState, is_on_stage: bool, capabilities: &[Capability]) -> Vec<Act> {
    let all: &[Act] = match state {
        QuestionState::Waiting => &[Act::LetIn, Act::Stage, Act::Drop],
        QuestionState::Queued => &[Act::Stage, Act::Answered, Act::Drop],
        QuestionState::Dropped => &[Act::LetIn, Act::Stage],
        QuestionState::Answered => &[Act::Reopen, Act::Stage],
        QuestionState::Unknown => &[],
    };
    let all = all.iter().copied();
    // From elsewhere than the queue a question only leaves the stage.
    all.filter(|act| *act != Act::Stage || is_on_stage || state == QuestionState::Queued)
        .filter(|act| capabilities.contains(&act.verb(0, is_on_stage).needs()))
        .collect()
}

#[cfg(test)]
mod tests {
    use wire::Role;

    use super::*;

    fn names(state: QuestionState, is_on_stage: bool, role: Role) -> Vec<&'static str> {
        let acts = acts(state, is_on_stage, &role.capabilities());
        acts.into_iter().map(|act| act.name(is_on_stage)).collect()
    }

    #[test]
    fn what_can_be_done_is_by_where_a_question_stands() {
        let of = |state| names(state, false, Role::Moderator);
        assert_eq!(of(QuestionState::Waiting), ["Let in", "Drop"]);
        assert_eq!(of(QuestionState::Queued), ["Put on stage", "Answered on air", "Drop"]);
        assert_eq!(of(QuestionState::Dropped), ["Let in"]);
        assert_eq!(of(QuestionState::Answered), ["Open again"]);
        assert!(of(QuestionState::Unknown).is_empty());
    }

    #[test]
    fn a_question_leaves_the_stage_wherever_it_stands() {
        for state in STANDINGS {
            let names = names(state, true, Role::Moderator);
            assert!(names.contains(&"Take off stage"), "{state:?}: {names:?}");
        }
        let off = Act::Stage.verb(3, true);
        assert_eq!(off, Verb::Spotlight { target: None });
    }

    #[test]
    fn only_what_the_role_may_do_is_offered() {
        for state in STANDINGS {
            assert!(names(state, true, Role::Fan).is_empty(), "{state:?}");
        }
        assert_eq!(
            names(QuestionState::Queued, false, Role::Artist),
            ["Put on stage", "Answered on air"]
        );
        assert!(names(QuestionState::Waiting, false, Role::Artist).is_empty());
    }

    #[test]
    fn every_list_says_what_it_is_and_when_it_is_empty() {
        for state in STANDINGS {
            assert!(!name(state).is_empty() && empty(state).ends_with('.'), "{state:?}");
        }
    }
}
