//! Who has a place: with a socket, or for a while without one.

use std::collections::{HashMap, HashSet};

use wire::UnixMillis;

use super::Capacity;
use crate::store::TicketId;

/// A place without a socket is kept for this long at least, and twice as long at most, in milliseconds: a credential's
/// life, and the time of some tries to come back.
const KEPT_MILLIS: u64 = 60_000;

/// The places of a node, by ticket. Never more than were taken while there were some, but for the staff's.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Sockets, mostly one each.
    here: HashMap<TicketId, u32>,
    /// Kept since the last turn of the minute.
    kept: HashSet<TicketId>,
    /// Kept since the one before.
    kept_longer: HashSet<TicketId>,
    turned_at: UnixMillis,
}

impl Places {
    /// How many are taken.
    pub(super) fn taken(&mut self, now: UnixMillis) -> u64 {
        self.turn(now);
        (self.here.len() + self.kept.len() + self.kept_longer.len()) as u64
    }

    pub(super) fn has(&mut self, ticket: TicketId, now: UnixMillis) -> bool {
        self.turn(now);
        self.here.contains_key(&ticket) || self.kept.contains(&ticket) || self.kept_longer.contains(&ticket)
    }

    /// Keeps a place for a while.
    pub(super) fn reserve(&mut self, ticket: TicketId, now: UnixMillis) {
        self.turn(now);
        if !self.here.contains_key(&ticket) {
            self.kept_longer.remove(&ticket);
            self.kept.insert(ticket);
        }
    }

    pub(super) fn enter(&mut self, ticket: TicketId) {
        self.forget(ticket);
        *self.here.entry(ticket).or_default() += 1;
    }

    pub(super) fn leave(&mut self, ticket: TicketId, stays_kept: bool, now: UnixMillis) {
        let Some(sockets) = self.here.get_mut(&ticket) else {
            return;
        };
        *sockets -= 1;
        if *sockets == 0 {
            self.here.remove(&ticket);
            if stays_kept {
                self.reserve(ticket, now);
            }
        }
    }

    /// Keeps a place no longer.
    pub(super) fn forget(&mut self, ticket: TicketId) {
        self.kept.remove(&ticket);
        self.kept_longer.remove(&ticket);
    }

    fn turn(&mut self, now: UnixMillis) {
        let since = now.saturating_sub(self.turned_at);
        if since >= KEPT_MILLIS {
            self.kept_longer = std::mem::take(&mut self.kept);
            self.turned_at = now;
        }
        if since >= 2 * KEPT_MILLIS {
            self.kept_longer = HashSet::new();
        }
    }
}

/// A socket's place. When it is dropped the place is kept for a while, unless it was given up.
pub struct Place {
    capacity: Capacity,
    ticket: TicketId,
    stays_kept: bool,
}

impl Place {
    pub(super) fn new(capacity: Capacity, ticket: TicketId) -> Self {
        Self {
            capacity,
            ticket,
            stays_kept: true,
        }
    }

    /// Whose it is.
    pub fn ticket(&self) -> TicketId {
        self.ticket
    }

    /// Whoever was here does not come back.
    pub fn give_up(&mut self) {
        self.stays_kept = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.capacity.leave(self.ticket, self.stays_kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_for_a_minute_at_least_and_two_at_most() {
        for start in [0, 1, 30_000, 59_999, 60_000] {
            let mut places = Places::default();
            places.taken(60_000);
            let now = 60_000 + start;
            places.reserve(7, now);
            for later in [1, 30_000, KEPT_MILLIS - 1] {
                assert!(places.has(7, now + later), "{start} {later}");
            }
            assert!(!places.has(7, now + 2 * KEPT_MILLIS), "{start}");
            assert_eq!(places.taken(now + 2 * KEPT_MILLIS), 0);
        }
    }

    #[test]
    fn nobody_is_counted_twice() {
        let mut places = Places::default();
        places.reserve(7, 60_000);
        places.reserve(7, 120_000);
        assert_eq!(places.taken(120_000), 1);
        places.enter(7);
        places.enter(7);
        places.reserve(7, 120_000);
        assert_eq!(places.taken(120_000), 1);
        places.leave(7, true, 120_000);
        places.leave(7, true, 120_000);
        assert_eq!(places.taken(120_000), 1);
        places.leave(7, true, 120_000);
        places.forget(7);
        assert_eq!(places.taken(120_000), 0);
    }
}
