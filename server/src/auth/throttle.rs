//! Wrong codes at the gate: counted by address, with a wait that grows. A right code is never held up: what keeps
//! guesses from hitting is the codes' own size; the count only keeps the gate from being hammered. A count over the
//! whole event raises an alarm and refuses nobody.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use wire::UnixMillis;

use super::address::Network;
use crate::store::EventId;

/// Wrong codes from one address that cost nothing: a family behind one address may mistype a few.
const FREE_TRIES: u32 = 10;

/// The first wait, in milliseconds; it doubles with every further wrong code.
const FIRST_WAIT_MILLIS: u64 = 1_000;

/// The longest wait, in milliseconds.
const LONGEST_WAIT_MILLIS: u64 = 60_000;

/// After this long without a wrong code an address starts anew, in milliseconds.
const FORGET_MILLIS: u64 = 15 * 60_000;

/// Addresses that are remembered, about 5 MB; when full, the one that was quiet longest is forgotten.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(65_536).expect("not zero");

/// Wrong codes in one event within a minute that raise the alarm.
const ALARM_TRIES: u32 = 300;

/// The minute of the alarm, in milliseconds.
const ALARM_WINDOW_MILLIS: u64 = 60_000;

/// What a wrong code gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How long its address is to wait, in milliseconds; `None` within the free tries.
    pub wait: Option<u64>,
    /// The event has just had unusually many wrong codes; said once a minute.
    pub alarm: bool,
}

/// The counts. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Throttle(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    addresses: LruCache<Network, Tries>,
    events: HashMap<EventId, Minute>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: UnixMillis,
    wait_till: UnixMillis,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    began: UnixMillis,
    wrong: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Counts {
            addresses: LruCache::new(ADDRESSES),
            events: HashMap::new(),
        })))
    }
}

impl Throttle {
    /// Counts a wrong code.
    pub fn wrong_code(&self, event: EventId, from: Network, now: UnixMillis) -> Verdict {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Verdict {
            wait: counts.by_address(from, now),
            alarm: counts.by_event(event, now),
        }
    }
}

impl Counts {
    fn by_address(&mut self, from: Network, now: UnixMillis) -> Option<u64> {
        let tries = self.addresses.get_or_insert_mut(from, || Tries {
            wrong: 0,
            last: now,
            wait_till: 0,
        });
        if now < tries.wait_till {
            return Some(tries.wait_till - now);
        }
        if now.saturating_sub(tries.last) >= FORGET_MILLIS {
            tries.wrong = 0;
        }
        tries.last = now;
        tries.wrong = tries.wrong.saturating_add(1);
        let over = tries.wrong.checked_sub(FREE_TRIES + 1)?;
        let wait = FIRST_WAIT_MILLIS
            .checked_shl(over)
            .unwrap_or(LONGEST_WAIT_MILLIS)
            .min(LONGEST_WAIT_MILLIS);
        tries.wait_till = now + wait;
        Some(wait)
    }

    /// Only existing events are counted, so the map is as small as the list of events.
    fn by_event(&mut self, event: EventId, now: UnixMillis) -> bool {
        let minute = self.events.entry(event).or_insert(Minute { began: now, wrong: 0 });
        if now.saturating_sub(minute.began) >= ALARM_WINDOW_MILLIS {
            *minute = Minute { began: now, wrong: 0 };
        }
        minute.wrong = minute.wrong.saturating_add(1);
        minute.wrong == ALARM_TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    const HOME: Network = Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));

    fn waits(throttle: &Throttle, from: Network, now: UnixMillis, tries: usize) -> Vec<Option<u64>> {
        (0..tries).map(|_| throttle.wrong_code(1, from, now).wait).collect()
    }

    #[test]
    fn the_first_tries_are_free_and_then_the_wait_grows_to_a_minute() {
        let throttle = Throttle::default();
        assert_eq!(waits(&throttle, HOME, 0, 10), [None; 10]);
        let mut now = 0;
        let mut grown = Vec::new();
        for _ in 0..8 {
            let wait = throttle.wrong_code(1, HOME, now).wait.expect("a wait");
            grown.push(wait / 1000);
            now += wait;
        }
        assert_eq!(grown, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn tries_during_a_wait_neither_lengthen_nor_shorten_it() {
        let throttle = Throttle::default();
        waits(&throttle, HOME, 0, 11);
        assert_eq!(throttle.wrong_code(1, HOME, 400).wait, Some(600));
        assert_eq!(throttle.wrong_code(1, HOME, 400).wait, Some(600));
    }

    #[test]
    fn other_addresses_are_counted_apart_and_quiet_ones_start_anew() {
        let throttle = Throttle::default();
        waits(&throttle, HOME, 0, 11);
        let neighbour = Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8)));
        assert_eq!(throttle.wrong_code(1, neighbour, 0).wait, None);
        assert_eq!(throttle.wrong_code(1, HOME, 1_000 + FORGET_MILLIS).wait, None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..70_000_u32 {
            throttle.wrong_code(1, Network::of(IpAddr::V6(Ipv6Addr::from(u128::from(number) << 64))), 0);
        }
        assert_eq!(throttle.0.lock().expect("lock").addresses.len(), ADDRESSES.get());
    }

    #[test]
    fn the_alarm_is_raised_once_a_minute() {
        let throttle = Throttle::default();
        let from = |number: u32| Network::of(IpAddr::V4(Ipv4Addr::from(number)));
        let alarms =
            |range: std::ops::Range<u32>, now| range.filter(|n| throttle.wrong_code(1, from(*n), now).alarm).count();
        assert_eq!(alarms(0..1_000, 0), 1);
        assert_eq!(alarms(1_000..1_299, 60_000), 0);
        assert_eq!(alarms(1_299..1_400, 60_000), 1);
    }
}
