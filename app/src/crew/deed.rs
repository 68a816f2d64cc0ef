//! What a moderator does: how it is said, and what undoes it.

use wire::frame::Verb;
use wire::stage::QuestionState;
use wire::{Refusal, Seq};

use super::span;

/// How the room was before an act: what some acts go back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The pinned message.
    pub pinned: Option<Seq>,
    /// The question on stage.
    pub spotlight: Option<Seq>,
    /// The wait of slow mode.
    pub slow_seconds: u32,
    /// The newest entry of the log that the page knew.
    pub head: Seq,
    /// So many seconds of a mute were left, where that is known.
    pub muted: Option<u32>,
    /// Whether all of the member's messages waited, where that is known.
    pub held: Option<bool>,
    /// Whether the reports of the message waited, where that is known.
    pub reported: Option<bool>,
    /// Where the question stood, where that is known.
    pub question: Option<QuestionState>,
}

/// Whether an act that was acknowledged with `seq` changed nothing: it was so before.
pub fn was_so(verb: &Verb, seq: Option<Seq>, before: &Before) -> bool {
    match verb {
        Verb::Hold { on, .. } => before.held == Some(*on),
        Verb::Mute { seconds: 0, .. } => before.muted == Some(0),
        Verb::Dismiss { .. } => before.reported == Some(false),
        Verb::Reopen { .. } => before.reported == Some(true),
        Verb::Queue { on, .. } => {
            let state = if *on {
                QuestionState::Queued
            } else {
                QuestionState::Dropped
            };
            before.question == Some(state)
        }
        Verb::Mute { .. } | Verb::Note { .. } | Verb::Drop { .. } | Verb::Look { .. } => false,
        _ => seq.is_none_or(|seq| seq <= before.head),
    }
}

/// What is said then.
pub fn nothing_said(verb: &Verb) -> &'static str {
    match verb {
        Verb::Unhide { .. } => "Nobody hid this message by itself: a ban or a clear hides it.",
        _ => "It was so already.",
    }
}

/// What undoes an act that was acknowledged with `seq`; none when nothing does.
pub fn undo(verb: &Verb, seq: Option<Seq>, before: &Before) -> Option<Verb> {
    match verb.clone() {
        Verb::Hide { target } => Some(Verb::Unhide { target }),
        Verb::Unhide { target } => Some(Verb::Hide { target }),
        Verb::Ban { member } => Some(Verb::Unban { member }),
        Verb::Unban { member } => Some(Verb::Ban { member }),
        Verb::Mute { member, seconds } => {
            let left = before.muted.unwrap_or_default();
            (left > 0 || seconds > 0).then_some(Verb::Mute { member, seconds: left })
        }
        Verb::Clear { .. } => seq.map(|target| Verb::Unclear { target }),
        Verb::Slow { .. } => Some(Verb::Slow {
            seconds: before.slow_seconds,
        }),
        Verb::Pin { .. } => Some(Verb::Pin { target: before.pinned }),
        Verb::Pause => Some(Verb::Resume),
        Verb::Resume => Some(Verb::Pause),
        Verb::Rename { member } => Some(Verb::Unrename { member }),
        Verb::Hold { member, on } => Some(Verb::Hold { member, on: !on }),
        Verb::Approve { .. } => seq.map(|target| Verb::Hide { target }),
        Verb::Dismiss { target } => Some(Verb::Reopen { target }),
        Verb::Reopen { target } => Some(Verb::Dismiss { target }),
        Verb::Drop { held } => Some(Verb::Approve { held }),
        Verb::Queue { .. } if drops_a_waiting_one(verb, before) => None,
        Verb::Queue { target, on } => Some(Verb::Queue { target, on: !on }),
        Verb::Spotlight { .. } => Some(Verb::Spotlight {
            target: before.spotlight,
        }),
        Verb::Answer { target, text: None } => Some(Verb::Unanswer { target }),
        Verb::Unanswer { target } => Some(Verb::Answer { target, text: None }),
        Verb::Unclear { .. } | Verb::Unrename { .. } | Verb::Note { .. } | Verb::Answer { .. } | Verb::Look { .. } => {
            None
        }
    }
}

/// Nobody had let it in: who undid that would let it in, which is more than going back.
fn drops_a_waiting_one(verb: &Verb, before: &Before) -> bool {
    matches!(verb, Verb::Queue { on: false, .. }) && before.question == Some(QuestionState::Waiting)
}

/// What is said of an act that only its words can lead back from.
pub fn said_instead(verb: &Verb, before: &Before) -> Option<&'static str> {
    drops_a_waiting_one(verb, before).then_some("Question dropped. It is under Dropped.")
}

/// What goes with the undoing of an act: a question that was answered on stage is back there.
pub fn undo_too(verb: &Verb, before: &Before) -> Option<Verb> {
    let on_stage = before.spotlight?;
    let was_there = matches!(verb, Verb::Answer { target, text: None } if *target == on_stage);
    was_there.then_some(Verb::Spotlight { target: Some(on_stage) })
}

/// The question that is on stage after an act, if the act changes that.
pub const fn leaves_on_stage(verb: &Verb) -> Option<Seq> {
    match verb {
        Verb::Spotlight { target } => *target,
        _ => None,
    }
}

/// Whether an act can be undone so that nobody else's question leaves the stage: what is there is what the act `left`,
/// or what was there before.
pub fn is_as_left(left: Option<Seq>, undo: &Verb, on_stage: Option<Seq>) -> bool {
    match undo {
        Verb::Spotlight { target } => on_stage == left || on_stage == *target,
        _ => true,
    }
}

/// Said instead of taking that question off.
pub const STAGE_CHANGED: &str = "Another question is on stage by now. Nothing was undone.";

/// What was done, in words.
pub fn said(verb: &Verb) -> String {
    match verb {
        Verb::Hide { .. } => "Message hidden.".to_owned(),
        Verb::Unhide { .. } => "Message shown again.".to_owned(),
        Verb::Ban { .. } => "Banned, all messages hidden.".to_owned(),
        Verb::Unban { .. } => "No longer banned.".to_owned(),
        Verb::Mute { seconds: 0, .. } => "No longer muted.".to_owned(),
        Verb::Mute { seconds, .. } => format!("Muted for {}.", span::words(*seconds)),
        Verb::Clear { seconds, .. } => format!("Last {} cleared.", span::words(*seconds)),
        Verb::Unclear { .. } => "Cleared messages are back.".to_owned(),
        Verb::Slow { seconds: 0 } => "Slow mode is off.".to_owned(),
        Verb::Slow { seconds } => format!("Slow mode: one message in {}.", span::words(*seconds)),
        Verb::Pin { target: None } => "Nothing is pinned.".to_owned(),
        Verb::Pin { .. } => "Pinned above the chat.".to_owned(),
        Verb::Pause => "Chat paused: only the crew writes.".to_owned(),
        Verb::Resume => "Chat resumed.".to_owned(),
        Verb::Rename { .. } => "Nickname changed, on all messages.".to_owned(),
        Verb::Unrename { .. } => "Nickname from before is back.".to_owned(),
        Verb::Hold { on: true, .. } => "All their messages wait for the crew now.".to_owned(),
        Verb::Hold { .. } => "Their messages no longer wait.".to_owned(),
        Verb::Approve { .. } => "Message let into the chat.".to_owned(),
        Verb::Drop { .. } => "Message dropped.".to_owned(),
        Verb::Dismiss { .. } => "Reports dismissed.".to_owned(),
        Verb::Reopen { .. } => "Reports are open again.".to_owned(),
        Verb::Note { .. } => "Note written.".to_owned(),
        Verb::Queue { on: true, .. } => "Question let into the queue.".to_owned(),
        Verb::Queue { .. } => "Question dropped.".to_owned(),
        Verb::Spotlight { target: None } => "The question is off the stage.".to_owned(),
        Verb::Spotlight { .. } => "Question put on stage.".to_owned(),
        Verb::Answer { text: None, .. } => "Answered on air.".to_owned(),
        Verb::Answer { .. } => "Answered.".to_owned(),
        Verb::Unanswer { .. } => "Question is open again.".to_owned(),
        Verb::Look { .. } => String::new(),
    }
}

/// The icon that goes with it.
pub fn icon(verb: &Verb) -> &'static str {
    match verb.name() {
        "hide" | "unhide" | "clear" | "unclear" | "drop" => "hide",
        "ban" | "unban" => "ban",
        "mute" | "slow" => "clock",
        "pin" => "pin",
        "pause" | "hold" => "pause",
        "dismiss" | "reopen" => "flag",
        "rename" | "unrename" => "people",
        "note" => "jot",
        "spotlight" => "lamp",
        _ => "check",
    }
}

/// Whether a reason that names an offence goes with it: it does not say why something was taken back.
pub fn has_offence(verb: &Verb) -> bool {
    match verb {
        Verb::Mute { seconds, .. } => *seconds > 0,
        Verb::Hold { on, .. } => *on,
        Verb::Hide { .. } | Verb::Ban { .. } | Verb::Clear { .. } | Verb::Rename { .. } | Verb::Drop { .. } => true,
        _ => false,
    }
}

/// Why an act changed nothing, in words.
pub fn refusal(refusal: Refusal, retry_after_ms: Option<u64>) -> String {
    let why = match refusal {
        Refusal::NotAllowed => "That is not for moderators to do: staff are managed with their passes.",
        Refusal::UnknownTarget => "That is no longer there.",
        Refusal::RateLimited => "That was too much at once.",
        Refusal::NotOpen => "The room is closed.",
        Refusal::LeaseLost => "Your seat moved to another device.",
        Refusal::Unavailable => "The room is too busy.",
        Refusal::TextEmpty => "Nothing in it can be read.",
        Refusal::TextTooLong => "It is too long.",
        _ => "The server did not take it.",
    };
    match retry_after_ms {
        Some(wait) => format!("{why} Nothing was done; try again in {} s.", wait.div_ceil(1_000)),
        None => format!("{why} Nothing was done."),
    }
}

/// Said instead of keeping an act for later: who acts must know that it did not happen.
pub const NOT_SENT: &str = "There is no connection. Nothing was done.";

/// Said when the connection broke before the answer came.
pub const UNANSWERED: &str = "No answer came. It may have been done: look before you do it again.";

#[cfg(test)]
mod tests {
    use wire::MemberId;

    use super::*;

    fn troll() -> MemberId {
        MemberId("troll".into())
    }

    #[test]
    fn undoing_goes_back_to_how_it_was() {
        let member = troll();
        let before = Before {
            pinned: Some(4),
            spotlight: Some(5),
            slow_seconds: 10,
            ..Before::default()
        };
        for (verb, seq, want) in [
            (Verb::Hide { target: 3 }, Some(9), Some(Verb::Unhide { target: 3 })),
            (
                Verb::Ban { member: member.clone() },
                Some(9),
                Some(Verb::Unban { member: member.clone() }),
            ),
            (
                Verb::Mute {
                    member: member.clone(),
                    seconds: 60,
                },
                None,
                Some(Verb::Mute {
                    member: member.clone(),
                    seconds: 0,
                }),
            ),
            (
                Verb::Clear {
                    member: member.clone(),
                    seconds: 60,
                },
                Some(9),
                Some(Verb::Unclear { target: 9 }),
            ),
            (Verb::Slow { seconds: 60 }, Some(9), Some(Verb::Slow { seconds: 10 })),
            (
                Verb::Pin { target: Some(7) },
                Some(9),
                Some(Verb::Pin { target: Some(4) }),
            ),
            (Verb::Pause, Some(9), Some(Verb::Resume)),
            (
                Verb::Rename { member: member.clone() },
                Some(9),
                Some(Verb::Unrename { member: member.clone() }),
            ),
            (
                Verb::Hold {
                    member: member.clone(),
                    on: true,
                },
                None,
                Some(Verb::Hold { member, on: false }),
            ),
            (Verb::Dismiss { target: 3 }, None, Some(Verb::Reopen { target: 3 })),
            (Verb::Approve { held: 1 }, Some(12), Some(Verb::Hide { target: 12 })),
            (Verb::Drop { held: 1 }, None, Some(Verb::Approve { held: 1 })),
            (
                Verb::Queue { target: 3, on: true },
                None,
                Some(Verb::Queue { target: 3, on: false }),
            ),
            (
                Verb::Spotlight { target: Some(3) },
                Some(9),
                Some(Verb::Spotlight { target: Some(5) }),
            ),
        ] {
            assert_eq!(undo(&verb, seq, &before), want, "{}", verb.name());
        }
    }

    #[test]
    fn what_is_undone_can_be_done_again_where_that_means_the_same() {
        let before = Before::default();
        for verb in [
            Verb::Hide { target: 3 },
            Verb::Ban { member: troll() },
            Verb::Pause,
            Verb::Dismiss { target: 3 },
            Verb::Queue { target: 3, on: true },
            Verb::Answer { target: 3, text: None },
            Verb::Hold {
                member: troll(),
                on: true,
            },
        ] {
            let undone = undo(&verb, Some(1), &before).expect("can be undone");
            assert_eq!(undo(&undone, Some(2), &before), Some(verb));
        }
    }

    #[test]
    fn a_question_that_was_answered_on_stage_returns_there() {
        let before = Before {
            spotlight: Some(3),
            ..Before::default()
        };
        let answer = |target| Verb::Answer { target, text: None };
        let back = Verb::Spotlight { target: Some(3) };
        assert_eq!(undo_too(&answer(3), &before), Some(back));
        assert_eq!(undo_too(&answer(4), &before), None);
        assert_eq!(undo_too(&answer(3), &Before::default()), None);
        assert_eq!(undo_too(&Verb::Queue { target: 3, on: false }, &before), None);
    }

    #[test]
    fn undoing_leaves_the_stage_to_a_question_that_came_there_since() {
        let to = |target| Verb::Spotlight { target };
        let answer = Verb::Answer { target: 3, text: None };
        let before = Before {
            spotlight: Some(3),
            ..Before::default()
        };
        for (verb, left) in [(to(Some(5)), Some(5)), (to(None), None), (answer, None)] {
            let back = undo_too(&verb, &before).or_else(|| undo(&verb, None, &before));
            let back = back.expect("can be undone");
            assert_eq!((leaves_on_stage(&verb), &back), (left, &to(Some(3))));
            assert!(is_as_left(left, &back, left));
            assert!(
                is_as_left(left, &back, Some(3)),
                "it is not known here yet, or back already"
            );
            assert!(!is_as_left(left, &back, Some(8)));
        }
        assert!(is_as_left(None, &Verb::Unanswer { target: 3 }, Some(8)));
    }

    #[test]
    fn who_drops_a_question_that_waited_is_told_where_it_is() {
        let before = |state| Before {
            question: Some(state),
            ..Before::default()
        };
        let (waiting, queued) = (before(QuestionState::Waiting), before(QuestionState::Queued));
        let queue = |on| Verb::Queue { target: 3, on };
        assert_eq!(undo(&queue(false), None, &waiting), None);
        assert!(said_instead(&queue(false), &waiting).is_some_and(|words| words.ends_with("under Dropped.")));
        assert_eq!(undo(&queue(false), None, &queued), Some(queue(true)));
        assert_eq!(undo(&queue(true), None, &waiting), Some(queue(false)));
        assert_eq!(said_instead(&queue(false), &queued), None);
        assert_eq!(said_instead(&queue(true), &waiting), None);
    }

    #[test]
    fn a_mute_that_replaced_another_goes_back_to_what_was_left_of_it() {
        let mute = |seconds| Verb::Mute {
            member: troll(),
            seconds,
        };
        let before = Before {
            muted: Some(90),
            ..Before::default()
        };
        assert_eq!(undo(&mute(600), None, &before), Some(mute(90)));
        assert_eq!(undo(&mute(0), None, &before), Some(mute(90)));
        assert_eq!(undo(&mute(0), None, &Before::default()), None);
    }

    #[test]
    fn what_was_so_before_is_told_from_what_was_done() {
        let before = Before {
            head: 9,
            held: Some(true),
            muted: Some(0),
            reported: Some(false),
            question: Some(QuestionState::Queued),
            ..Before::default()
        };
        let hide = Verb::Hide { target: 3 };
        assert!(was_so(&hide, Some(9), &before) && was_so(&hide, None, &before));
        assert!(!was_so(&hide, Some(10), &before));
        let hold = |on| Verb::Hold { member: troll(), on };
        assert!(was_so(&hold(true), None, &before) && !was_so(&hold(false), None, &before));
        assert!(was_so(&Verb::Dismiss { target: 3 }, None, &before));
        let queue = |on| Verb::Queue { target: 3, on };
        assert!(was_so(&queue(true), None, &before) && !was_so(&queue(false), None, &before));
        assert!(!was_so(&queue(true), None, &Before::default()), "not known");
        assert!(!was_so(&Verb::Drop { held: 3 }, None, &before));
    }

    #[test]
    fn an_offence_goes_with_what_is_done_to_somebody_and_not_with_what_is_undone() {
        assert!(has_offence(&Verb::Ban { member: troll() }));
        for verb in [
            Verb::Unban { member: troll() },
            Verb::Mute {
                member: troll(),
                seconds: 0,
            },
            Verb::Pause,
            Verb::Unhide { target: 1 },
        ] {
            assert!(!has_offence(&verb), "{}", verb.name());
        }
    }

    #[test]
    fn every_refusal_says_that_nothing_was_done() {
        for code in [Refusal::NotAllowed, Refusal::Unknown, Refusal::Invalid] {
            assert!(refusal(code, None).ends_with("Nothing was done."));
        }
        assert!(refusal(Refusal::RateLimited, Some(1_200)).ends_with("try again in 2 s."));
    }
}
