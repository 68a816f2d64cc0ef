//! How soon what is confirmed is everywhere: the wake that each entry leaves in its room.

use hdrhistogram::Histogram;
use wire::Seq;

/// Entries that are followed at a time in a room; of a busier one some are not followed to their end.
const FOLLOWED: u64 = 64;

/// The newest entries of a room, each in the slot of its number.
#[derive(Debug, Default)]
pub struct Wake {
    slots: Vec<Slot>,
}

/// Times are in microseconds of the generator's clock; 0 is not yet.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    seq: Seq,
    acked: u64,
    first: u64,
    last: u64,
}

/// From the ack to the first and to the last socket, in microseconds.
#[derive(Debug)]
pub struct Spreads {
    /// To the first.
    pub first: Histogram<u64>,
    /// To the last.
    pub last: Histogram<u64>,
}

impl Wake {
    /// Its sender was told that it is committed.
    pub fn acked(&mut self, seq: Seq, now: u64, spreads: &mut Spreads) {
        self.slot(seq, spreads).acked = now;
    }

    /// It came to a socket.
    #[inline]
    pub fn arrived(&mut self, seq: Seq, now: u64, spreads: &mut Spreads) {
        let slot = self.slot(seq, spreads);
        if slot.first == 0 {
            slot.first = now;
        }
        slot.last = now;
    }

    /// Nothing more comes.
    pub fn end(&mut self, spreads: &mut Spreads) {
        for slot in self.slots.drain(..) {
            slot.record(spreads);
        }
    }

    #[inline]
    fn slot(&mut self, seq: Seq, spreads: &mut Spreads) -> &mut Slot {
        if self.slots.is_empty() {
            self.slots = (0..FOLLOWED).map(|_| Slot::default()).collect();
        }
        let place = usize::try_from(seq % FOLLOWED).unwrap_or(0);
        let slot = &mut self.slots[place];
        if slot.seq != seq {
            slot.record(spreads);
            *slot = Slot { seq, ..Slot::default() };
        }
        slot
    }
}

impl Slot {
    fn record(&self, spreads: &mut Spreads) {
        if self.acked > 0 && self.last > 0 {
            // What comes before the ack took no time from it.
            spreads
                .first
                .saturating_record(self.first.saturating_sub(self.acked).max(1));
            spreads
                .last
                .saturating_record(self.last.saturating_sub(self.acked).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::histogram;

    #[test]
    fn each_entry_counts_from_its_ack_to_its_first_and_last_arrival() {
        let mut spreads = Spreads {
            first: histogram(),
            last: histogram(),
        };
        let mut wake = Wake::default();
        wake.acked(1, 1_000, &mut spreads);
        for now in [3_000, 4_000, 9_000] {
            wake.arrived(1, now, &mut spreads);
        }
        wake.arrived(2, 5_000, &mut spreads);
        wake.acked(2, 6_000, &mut spreads);
        wake.acked(3, 7_000, &mut spreads);
        wake.end(&mut spreads);
        assert_eq!(
            (spreads.first.len(), spreads.last.len()),
            (2, 2),
            "nobody heard the third"
        );
        assert_eq!((spreads.first.min(), spreads.last.min()), (1, 1));
        assert!((1_990..=2_010).contains(&spreads.first.max()) && (7_950..=8_050).contains(&spreads.last.max()));
    }
}
