//! The rules that a frame must pass before it goes to the log: those that need the room's memory and no database.
//! Whatever depends on the author's standing is decided at the commit.

use std::sync::{Arc, Mutex, PoisonError};

use wire::frame::{Refused, Report, Send, Verb, Vote};
use wire::text::BadText;
use wire::{Capability, Refusal, Role, UnixMillis, limits};

use super::limiter::{Limiter, SendLimits};
use crate::relay::{Doing, Say};
use crate::words::Words;

/// How fast one of the staff may act: faster than hands are, and slower than a script that floods the log.
pub(super) const ACT_LIMITS: SendLimits = SendLimits {
    burst: 40,
    per_second: 10,
};

/// How fast one member may report, before the reports themselves are counted.
pub(super) const REPORT_LIMITS: SendLimits = SendLimits {
    burst: 5,
    per_second: 1,
};

/// How fast one member may vote.
pub(super) const VOTE_LIMITS: SendLimits = SendLimits {
    burst: 10,
    per_second: 2,
};

/// How fast one member may tap, looked at over two seconds: a page's frame of one second can come late, and the next one in time.
pub(super) const TAP_LIMITS: SendLimits = SendLimits {
    burst: 2 * limits::REACTIONS_A_SECOND,
    per_second: limits::REACTIONS_A_SECOND,
};

/// What the rules remember of a member, whichever socket is open.
#[derive(Debug, Default)]
pub(super) struct Speaker {
    says: Limiter,
    acts: Limiter,
    reports: Limiter,
    votes: Limiter,
    /// Shared with the member's socket.
    pub(super) taps: Arc<Mutex<Limiter>>,
    /// Ids whose fate is still open.
    in_flight: Vec<String>,
}

/// Which rate something counts against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rate {
    Says(SendLimits),
    Acts,
    Reports,
    Votes,
}

impl Speaker {
    /// Takes the share of one frame, and whether it took one: a retry of what is under way costs nothing, since the log
    /// answers it with the first one's ack.
    ///
    /// # Errors
    /// With the milliseconds to wait.
    pub(super) fn begin(&mut self, rate: Rate, id: Option<&String>, steady: UnixMillis) -> Result<bool, u64> {
        let takes_share = id.is_none_or(|id| !self.in_flight.contains(id));
        if takes_share {
            let (limiter, limits) = self.limiter(rate);
            limiter.take(limits, steady)?;
        }
        self.in_flight.extend(id.cloned());
        Ok(takes_share)
    }

    /// The fate of a frame is known. With `give_back` it cost nothing after all.
    pub(super) fn settle(&mut self, rate: Rate, id: Option<&String>, give_back: bool) {
        if let Some(at) = self.in_flight.iter().position(|in_flight| Some(in_flight) == id) {
            self.in_flight.swap_remove(at);
        }
        if give_back {
            let (limiter, limits) = self.limiter(rate);
            limiter.give_back(limits);
        }
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_silent(&self, steady: UnixMillis) -> bool {
        let limiters = [self.says, self.acts, self.reports, self.votes];
        let taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let has_no_socket = Arc::strong_count(&self.taps) == 1;
        let all_empty = limiters.iter().all(|limiter| limiter.is_empty(steady)) && taps.is_empty(steady);
        self.in_flight.is_empty() && has_no_socket && all_empty
    }

    fn limiter(&mut self, rate: Rate) -> (&mut Limiter, SendLimits) {
        match rate {
            Rate::Says(limits) => (&mut self.says, limits),
            Rate::Acts => (&mut self.acts, ACT_LIMITS),
            Rate::Reports => (&mut self.reports, REPORT_LIMITS),
            Rate::Votes => (&mut self.votes, VOTE_LIMITS),
        }
    }
}

/// What a `send` does. Whether the word list counts for its author is decided at the commit.
pub(super) fn say(send: &Send, words: &Words) -> Result<Doing, Refusal> {
    let text = text(&send.text)?;
    let found = words.judge(&text).cloned();
    Ok(Doing::Say(Say {
        text,
        question: send.question,
        reply_to: send.reply_to,
        found,
    }))
}

/// What a `report` does. Moderators act instead.
pub(super) fn report(report: &Report, role: Role) -> Result<Doing, Refusal> {
    if role == Role::Moderator {
        return Err(Refusal::NotAllowed);
    }
    Ok(Doing::Report {
        target: report.target,
        reason: reason(report.reason.as_deref())?,
    })
}

/// What a `vote` does. The artist has none.
pub(super) fn vote(vote: &Vote, role: Role) -> Result<Doing, Refusal> {
    if !role.capabilities().contains(&Capability::Vote) {
        return Err(Refusal::NotAllowed);
    }
    let Vote { target, on, .. } = *vote;
    Ok(Doing::Vote { target, on })
}

/// What an act does, for a role that may.
pub(super) fn act(verb: &Verb, why: Option<&str>, role: Role, dice: u64) -> Result<Doing, Refusal> {
    if !role.capabilities().contains(&verb.needs()) {
        return Err(Refusal::NotAllowed);
    }
    Ok(Doing::Act {
        verb: in_range(verb)?,
        reason: reason(why)?,
        dice,
    })
}

fn in_range(verb: &Verb) -> Result<Verb, Refusal> {
    let is_fine = match verb {
        Verb::Mute { seconds, .. } => *seconds <= limits::MUTE_SECONDS,
        Verb::Clear { seconds, .. } => (1..=limits::CLEAR_SECONDS).contains(seconds),
        Verb::Slow { seconds } => *seconds <= limits::SLOW_SECONDS,
        _ => true,
    };
    match verb {
        Verb::Note { member, text: typed } => Ok(Verb::Note {
            member: member.clone(),
            text: text(typed)?,
        }),
        Verb::Answer {
            target,
            text: Some(typed),
        } => Ok(Verb::Answer {
            target: *target,
            text: Some(text(typed)?),
        }),
        verb if is_fine => Ok(verb.clone()),
        _ => Err(Refusal::Invalid),
    }
}

/// A text after the text rules.
fn text(typed: &str) -> Result<String, Refusal> {
    wire::text::message(typed).map_err(|bad| match bad {
        BadText::Empty => Refusal::TextEmpty,
        BadText::TooLong => Refusal::TextTooLong,
    })
}

/// A reason after the text rules; none when nothing is left.
fn reason(typed: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(typed) = typed else { return Ok(None) };
    match wire::text::message(typed) {
        Ok(reason) if reason.chars().count() <= limits::REASON_SCALARS => Ok(Some(reason)),
        Err(BadText::Empty) => Ok(None),
        Ok(_) | Err(BadText::TooLong) => Err(Refusal::TextTooLong),
    }
}

/// A refusal to the frame with this id.
pub(super) fn refused(id: Option<String>, code: Refusal, retry_after_ms: Option<u64>) -> Refused {
    Refused {
        id,
        code,
        retry_after_ms,
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use wire::MemberId;

    use super::*;

    fn act_of(verb: &Verb) -> Result<Doing, Refusal> {
        act(verb, None, Role::Moderator, 0)
    }

    #[test]
    fn powers_are_the_moderators_alone() {
        for role in [Role::Fan, Role::Artist] {
            assert_eq!(act(&Verb::Pause, None, role, 0).err(), Some(Refusal::NotAllowed));
        }
        assert!(act_of(&Verb::Pause).is_ok());
        let onto_stage = Verb::Spotlight { target: Some(1) };
        assert!(act(&onto_stage, None, Role::Artist, 0).is_ok() && act_of(&onto_stage).is_ok());
        assert_eq!(act(&onto_stage, None, Role::Fan, 0).err(), Some(Refusal::NotAllowed));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let member = || MemberId("m".into());
        let mute = |seconds| Verb::Mute {
            member: member(),
            seconds,
        };
        let clear = |seconds| Verb::Clear {
            member: member(),
            seconds,
        };
        let slow = |seconds| Verb::Slow { seconds };
        for fine in [
            mute(0),
            mute(limits::MUTE_SECONDS),
            clear(1),
            slow(0),
            slow(limits::SLOW_SECONDS),
        ] {
            assert!(act_of(&fine).is_ok(), "{fine:?}");
        }
        for bad in [
            mute(limits::MUTE_SECONDS + 1),
            clear(0),
            clear(limits::CLEAR_SECONDS + 1),
            slow(limits::SLOW_SECONDS + 1),
        ] {
            assert_eq!(act_of(&bad).err(), Some(Refusal::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn a_reason_is_a_short_plain_line_or_none() {
        assert_eq!(reason(None), Ok(None));
        assert_eq!(reason(Some(" \u{202e} ")), Ok(None));
        assert_eq!(reason(Some(" spam ")), Ok(Some("spam".into())));
        assert_eq!(reason(Some(&"x".repeat(201))), Err(Refusal::TextTooLong));
        assert_eq!(reason(Some(&"x".repeat(501))), Err(Refusal::TextTooLong));
    }

    #[test]
    fn a_retry_of_what_is_under_way_takes_no_share() {
        let mut speaker = Speaker::default();
        let limits = SendLimits {
            burst: 1,
            per_second: 1,
        };
        let (one, other) = ("a".to_owned(), "b".to_owned());
        assert_eq!(speaker.begin(Rate::Says(limits), Some(&one), 0), Ok(true));
        assert_eq!(speaker.begin(Rate::Says(limits), Some(&one), 0), Ok(false));
        assert!(speaker.begin(Rate::Says(limits), Some(&other), 0).is_err());
        assert_eq!(
            speaker.begin(Rate::Acts, None, 0),
            Ok(true),
            "acts have a rate of their own"
        );
        speaker.settle(Rate::Says(limits), Some(&one), true);
        speaker.settle(Rate::Says(limits), Some(&one), false);
        assert!(speaker.is_silent(60_000));
        assert_eq!(speaker.begin(Rate::Says(limits), Some(&other), 0), Ok(true));
    }
}
