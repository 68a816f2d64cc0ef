//! Which message each of the other moderators looks at, so that two do not do the same work.

use std::collections::BTreeMap;
use std::time::Duration;

use wire::moderation;
use wire::{MemberId, Seq};

/// A look that was not said again for so long is over, in milliseconds: its page may be gone.
const LOOK_MILLIS: u64 = 120_000;

/// A page says again what it looks at as often as this, so that its look is not taken for over.
pub const SAY_AGAIN: Duration = Duration::from_secs(50);

/// A selection that is passed by on the way to another is not worth telling.
pub const SAY_AFTER: Duration = Duration::from_millis(400);

/// Most moderators that are kept track of.
const MODERATORS: usize = 100;

/// Who looks at what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    by: BTreeMap<MemberId, (String, Seq, u64)>,
}

impl Looks {
    /// A moderator said what they look at, at the time `now`.
    pub fn look(&mut self, looking: &moderation::Looking, now: u64) {
        self.by.retain(|_, (_, _, at)| *at + LOOK_MILLIS > now);
        let member = &looking.by.member;
        match looking.target {
            None => drop(self.by.remove(member)),
            Some(target) if self.by.len() < MODERATORS || self.by.contains_key(member) => {
                let name = looking.by.nickname.clone().unwrap_or_else(|| "Somebody".to_owned());
                self.by.insert(member.clone(), (name, target, now));
            }
            Some(_) => {}
        }
    }

    /// What is said of those, other than `me`, who look at `seq` at the time `now`.
    pub fn also(&self, seq: Seq, me: Option<&MemberId>, now: u64) -> Option<String> {
        let names: Vec<&str> = self
            .by
            .iter()
            .filter(|(member, (_, target, at))| Some(*member) != me && *target == seq && *at + LOOK_MILLIS > now)
            .map(|(_, (name, _, _))| name.as_str())
            .collect();
        match names.as_slice() {
            [] => None,
            [name] => Some(format!("{name} looks at this too")),
            [first, rest @ ..] => Some(format!("{first} and {} more look at this too", rest.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::frame::Actor;

    use super::*;

    fn looking(who: &str, target: Option<Seq>) -> moderation::Looking {
        let by = Actor {
            member: MemberId(who.to_lowercase()),
            nickname: Some(who.into()),
        };
        moderation::Looking { by, target }
    }

    #[test]
    fn one_hears_of_the_others_and_not_of_oneself() {
        let mut looks = Looks::default();
        let me = MemberId("mo".into());
        looks.look(&looking("Mo", Some(3)), 0);
        assert_eq!(looks.also(3, Some(&me), 0), None);
        looks.look(&looking("Ines", Some(3)), 0);
        assert_eq!(looks.also(3, Some(&me), 0).as_deref(), Some("Ines looks at this too"));
        looks.look(&looking("Ana", Some(3)), 0);
        assert_eq!(
            looks.also(3, Some(&me), 0).as_deref(),
            Some("Ana and 1 more look at this too")
        );
        looks.look(&looking("Ines", Some(4)), 1);
        looks.look(&looking("Ana", None), 1);
        assert_eq!(looks.also(3, Some(&me), 1), None);
    }

    #[test]
    fn a_look_that_is_not_said_again_ends() {
        let mut looks = Looks::default();
        looks.look(&looking("Ines", Some(3)), 0);
        assert!(looks.also(3, None, LOOK_MILLIS - 1).is_some());
        assert_eq!(looks.also(3, None, LOOK_MILLIS), None);
    }

    #[test]
    fn no_more_moderators_are_kept_than_there_can_be() {
        let mut looks = Looks::default();
        for number in 0..1_000 {
            looks.look(&looking(&format!("m{number}"), Some(3)), 0);
        }
        assert_eq!(looks.by.len(), MODERATORS);
    }
}
