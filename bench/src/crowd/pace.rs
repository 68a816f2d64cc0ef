//! A schedule that is kept whatever happens: what is late is done at once, and counts as late.

/// Things that are due one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    since: u64,
    a_second: f64,
    waves: f64,
    total: u64,
    /// How many were taken.
    pub taken: u64,
}

impl Pace {
    /// So many a second for so many seconds, from `since` on, in microseconds.
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^53")]
    pub fn new(since: u64, a_second: f64, seconds: f64) -> Self {
        Self {
            since,
            a_second,
            waves: 0.0,
            total: (a_second * seconds).round() as u64,
            taken: 0,
        }
    }

    /// The same number at once.
    pub fn all_at_once(since: u64, total: u64) -> Self {
        Self {
            since,
            a_second: f64::INFINITY,
            waves: 0.0,
            total,
            taken: 0,
        }
    }

    /// With as much silence after each of these many seconds.
    pub fn in_waves(mut self, waves: f64) -> Self {
        self.waves = waves;
        if waves > 0.0 {
            self.total /= 2;
        }
        self
    }

    /// When the one of this number is due.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "far below 2^53"
    )]
    pub fn due(&self, number: u64) -> u64 {
        let mut seconds = number as f64 / self.a_second;
        if self.waves > 0.0 {
            seconds += (seconds / self.waves).floor() * self.waves;
        }
        self.since + (seconds * 1e6) as u64
    }

    /// Takes the next one, if it is due.
    pub fn take(&mut self, now: u64) -> Option<u64> {
        let number = self.taken;
        (self.next().is_some_and(|due| due <= now)).then(|| {
            self.taken += 1;
            number
        })
    }

    /// When the next one is due; none when all were taken.
    pub fn next(&self) -> Option<u64> {
        (self.taken < self.total).then(|| self.due(self.taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_taken_at_once_and_keeps_the_instant_it_was_due() {
        let mut pace = Pace::new(1_000, 10.0, 1.0);
        assert_eq!(
            (pace.take(999), pace.take(1_000), pace.take(1_001)),
            (None, Some(0), None)
        );
        let late: Vec<u64> = std::iter::from_fn(|| pace.take(5_000_000)).collect();
        assert_eq!(late, (1..10).collect::<Vec<_>>());
        assert_eq!((pace.due(3), pace.next()), (301_000, None));
    }

    #[test]
    fn waves_leave_silence_between_them() {
        let pace = Pace::new(0, 2.0, 4.0).in_waves(1.0);
        let dues: Vec<u64> = (0..4).map(|number| pace.due(number) / 1_000).collect();
        assert_eq!((dues, pace.total), (vec![0, 500, 2_000, 2_500], 4));
    }

    #[test]
    fn all_at_once_are_due_at_once() {
        let mut pace = Pace::all_at_once(7, 3);
        assert_eq!(std::iter::from_fn(|| pace.take(7)).count(), 3);
    }
}
