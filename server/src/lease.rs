//! One ticket, one device: who gets the lease of a ticket. Pure: what is known of the lease and `now` go in, the
//! decision comes out; the store commits it.

use wire::UnixMillis;

/// Takeovers of one ticket that are free within [`TAKEOVER_WINDOW_MILLIS`]: a fan who changes devices needs two.
pub const FREE_TAKEOVERS: u64 = 3;

/// How far back takeovers are counted, in milliseconds.
pub const TAKEOVER_WINDOW_MILLIS: u64 = 10 * 60 * 1000;

/// The first wait after the free takeovers, in milliseconds; it doubles with every refusal.
const FIRST_WAIT_MILLIS: u64 = 30 * 1000;

/// The longest wait, in milliseconds: by then the earlier takeovers are no longer counted.
const LONGEST_WAIT_MILLIS: u64 = TAKEOVER_WINDOW_MILLIS;

/// What is known of a ticket's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Grows with every session that gets the lease.
    pub epoch: i64,
    /// Whether a session holds it.
    pub held: bool,
    /// When its holder was last heard of.
    pub last_seen: UnixMillis,
    /// Takeovers within the window.
    pub recent_takeovers: u64,
    /// Refused takeovers in a row.
    pub refused: u32,
    /// No takeover before this moment.
    pub wait_till: UnixMillis,
}

/// What a session asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The epoch of the lease on this ticket that the session had, if any.
    pub epoch: Option<i64>,
    /// Move the lease here, whoever holds it.
    pub takeover: bool,
}

/// Who gets the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The session holds it already, and keeps it.
    Keep {
        /// The lease's epoch.
        epoch: i64,
    },
    /// The session gets it: nobody held it.
    Take {
        /// The lease's new epoch.
        epoch: i64,
    },
    /// The session gets it from another one.
    TakeOver {
        /// The lease's new epoch.
        epoch: i64,
        /// Where the next wait goes on from.
        refused: u32,
        /// No other takeover before this moment.
        wait_till: UnixMillis,
    },
    /// Another session holds it.
    InUse {
        /// When its holder was last heard of.
        last_seen: UnixMillis,
    },
    /// It changed hands too often: the holder stays.
    Refuse {
        /// Refused takeovers in a row, this one included.
        refused: u32,
        /// No takeover before this moment.
        wait_till: UnixMillis,
    },
}

/// Decides who gets a lease.
pub fn decide(lease: Option<Known>, ask: Ask, now: UnixMillis) -> Decision {
    let Some(lease) = lease else {
        return Decision::Take { epoch: 1 };
    };
    if !lease.held {
        return Decision::Take { epoch: lease.epoch + 1 };
    }
    if ask.epoch == Some(lease.epoch) {
        return Decision::Keep { epoch: lease.epoch };
    }
    if !ask.takeover {
        return Decision::InUse {
            last_seen: lease.last_seen,
        };
    }
    take_over(lease, now)
}

fn take_over(lease: Known, now: UnixMillis) -> Decision {
    let epoch = lease.epoch + 1;
    if lease.recent_takeovers < FREE_TAKEOVERS {
        return Decision::TakeOver {
            epoch,
            refused: 0,
            wait_till: 0,
        };
    }
    let refused = lease.refused + 1;
    let wait_till = now + wait_after(refused);
    if lease.refused > 0 && now >= lease.wait_till {
        return Decision::TakeOver {
            epoch,
            refused,
            wait_till,
        };
    }
    if wait_after(lease.refused) == LONGEST_WAIT_MILLIS && now < lease.wait_till {
        return Decision::Refuse {
            refused: lease.refused,
            wait_till: lease.wait_till,
        };
    }
    Decision::Refuse { refused, wait_till }
}

/// The wait that a refusal in a row sets: doubles, up to the longest.
fn wait_after(refused: u32) -> u64 {
    let doubled = 1_u64.checked_shl(refused.saturating_sub(1)).unwrap_or(u64::MAX);
    FIRST_WAIT_MILLIS.saturating_mul(doubled).min(LONGEST_WAIT_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMillis = 1_000_000_000;

    fn held(epoch: i64) -> Known {
        Known {
            epoch,
            held: true,
            last_seen: NOW - 5,
            recent_takeovers: 0,
            refused: 0,
            wait_till: 0,
        }
    }

    fn ask(epoch: Option<i64>, takeover: bool) -> Ask {
        Ask { epoch, takeover }
    }

    #[test]
    fn the_first_session_gets_the_lease_and_the_holder_keeps_it() {
        assert_eq!(decide(None, ask(None, false), NOW), Decision::Take { epoch: 1 });
        assert_eq!(
            decide(Some(held(4)), ask(Some(4), false), NOW),
            Decision::Keep { epoch: 4 }
        );
        assert_eq!(
            decide(Some(held(4)), ask(Some(4), true), NOW),
            Decision::Keep { epoch: 4 }
        );
    }

    #[test]
    fn another_session_is_told_and_may_take_over() {
        for epoch in [None, Some(3)] {
            assert_eq!(
                decide(Some(held(4)), ask(epoch, false), NOW),
                Decision::InUse { last_seen: NOW - 5 }
            );
            assert_eq!(
                decide(Some(held(4)), ask(epoch, true), NOW),
                Decision::TakeOver {
                    epoch: 5,
                    refused: 0,
                    wait_till: 0
                }
            );
        }
    }

    #[test]
    fn a_freed_lease_is_never_the_old_one_again() {
        let freed = Known { held: false, ..held(4) };
        assert_eq!(
            decide(Some(freed), ask(Some(4), false), NOW),
            Decision::Take { epoch: 5 }
        );
    }

    #[test]
    fn after_three_takeovers_the_wait_doubles_and_the_holder_stays() {
        let mut lease = Known {
            recent_takeovers: FREE_TAKEOVERS,
            ..held(4)
        };
        let mut waits = Vec::new();
        for _ in 0..8 {
            let Decision::Refuse { refused, wait_till } = decide(Some(lease), ask(None, true), NOW) else {
                panic!()
            };
            waits.push((wait_till - NOW) / 1000);
            lease = Known {
                refused,
                wait_till,
                ..lease
            };
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn who_waits_gets_one_takeover_and_the_next_wait_is_longer() {
        let lease = Known {
            recent_takeovers: FREE_TAKEOVERS,
            refused: 1,
            wait_till: NOW,
            ..held(4)
        };
        let Decision::TakeOver {
            epoch: 5,
            refused,
            wait_till,
        } = decide(Some(lease), ask(None, true), NOW)
        else {
            panic!()
        };
        assert_eq!(wait_till, NOW + 60_000);
        let next = Known {
            recent_takeovers: FREE_TAKEOVERS + 1,
            refused,
            wait_till,
            ..held(5)
        };
        assert_eq!(
            decide(Some(next), ask(None, true), NOW),
            Decision::Refuse {
                refused: 3,
                wait_till: NOW + 120_000
            }
        );
    }

    proptest! {
        /// Any interleaving of admissions, takeovers and leaves by a handful of sessions.
        #[test]
        fn never_do_two_sessions_hold_the_lease(acts in prop::collection::vec((0..4_usize, 0..3_u8, 0..400_000_u64), 1..60)) {
            let mut now = NOW;
            let mut lease: Option<Known> = None;
            let mut takeovers: Vec<u64> = Vec::new();
            let mut sessions: [Option<i64>; 4] = [None; 4];
            let mut highest = 0;
            for (who, act, later) in acts {
                now += later;
                let known = lease.map(|lease| Known {
                    recent_takeovers: takeovers.iter().filter(|at| **at + TAKEOVER_WINDOW_MILLIS > now).count() as u64,
                    ..lease
                });
                let holds = |session: Option<i64>| known.is_some_and(|lease| lease.held && session == Some(lease.epoch));
                if act == 2 {
                    if holds(sessions[who]) {
                        lease = known.map(|lease| Known { held: false, ..lease });
                    }
                    continue;
                }
                match decide(known, Ask { epoch: sessions[who], takeover: act == 1 }, now) {
                    Decision::Keep { epoch } => prop_assert!(holds(sessions[who]) && sessions[who] == Some(epoch)),
                    Decision::Take { epoch } => {
                        prop_assert!(epoch > highest);
                        highest = epoch;
                        sessions[who] = Some(epoch);
                        lease = Some(Known { last_seen: now, ..held(epoch) });
                    }
                    Decision::TakeOver { epoch, refused, wait_till } => {
                        prop_assert!(act == 1 && epoch > highest);
                        highest = epoch;
                        takeovers.push(now);
                        sessions[who] = Some(epoch);
                        lease = Some(Known { refused, wait_till, last_seen: now, ..held(epoch) });
                    }
                    Decision::InUse { .. } => prop_assert!(act == 0),
                    Decision::Refuse { refused, wait_till } => {
                        prop_assert!(wait_till > now);
                        lease = known.map(|lease| Known { refused, wait_till, ..lease });
                    }
                }
                let with_authority = sessions.iter().filter(|session| lease.is_some_and(|lease| lease.held && **session == Some(lease.epoch))).count();
                prop_assert!(with_authority <= 1);
            }
        }
    }
}
