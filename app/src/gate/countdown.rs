//! How long until the doors or the show, in parts that a page can set one by one.

/// A lamp of the countdown stands for this long.
const LAMP_MILLIS: u64 = 5 * 60 * 1000;

/// Lamps in the row: the last two hours.
pub const LAMPS: u32 = 24;

/// What is left, in days, hours, minutes and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whole days.
    pub days: u64,
    /// Whole hours beside the days.
    pub hours: u64,
    /// Whole minutes beside the hours.
    pub minutes: u64,
    /// Seconds beside the minutes.
    pub seconds: u64,
}

impl Left {
    /// The time from `now` to `then`, both in milliseconds; nothing when `then` has come. A begun second counts whole,
    /// so that the last number shown is 1.
    pub fn until(then: u64, now: u64) -> Option<Self> {
        let seconds = then.checked_sub(now).filter(|left| *left > 0)?.div_ceil(1000);
        Some(Self {
            days: seconds / 86_400,
            hours: seconds / 3_600 % 24,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
        })
    }

    /// The parts worth showing, with their units: no leading zeros, and no seconds while days are left.
    pub fn parts(self) -> Vec<(String, &'static str)> {
        let two = |number: u64| format!("{number:02}");
        let one = |number: u64| number.to_string();
        match self {
            Self {
                days, hours, minutes, ..
            } if days > 0 => vec![(one(days), "d"), (two(hours), "h"), (two(minutes), "min")],
            Self {
                hours,
                minutes,
                seconds,
                ..
            } if hours > 0 => vec![(one(hours), "h"), (two(minutes), "min"), (two(seconds), "s")],
            Self { minutes, seconds, .. } if minutes > 0 => vec![(one(minutes), "min"), (two(seconds), "s")],
            Self { seconds, .. } => vec![(one(seconds), "s")],
        }
    }
}

/// How many of the countdown's lamps are lit: they go out towards `then`.
pub fn lamps_on(then: u64, now: u64) -> u32 {
    let left = then.saturating_sub(now).div_ceil(LAMP_MILLIS);
    u32::try_from(left).unwrap_or(LAMPS).min(LAMPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn shown(left: u64) -> String {
        let parts = Left::until(1_000_000_000 + left, 1_000_000_000)
            .map(Left::parts)
            .unwrap_or_default();
        parts
            .iter()
            .map(|(number, unit)| format!("{number} {unit}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn the_countdown_shows_what_matters() {
        assert_eq!(shown(HOUR + 24 * 60_000 + 7_000), "1 h 24 min 07 s");
        assert_eq!(shown(3 * 24 * HOUR + 5 * HOUR), "3 d 05 h 00 min");
        assert_eq!(shown(61_000), "1 min 01 s");
        assert_eq!(shown(999), "1 s");
        assert_eq!(shown(0), "");
        assert_eq!(Left::until(5, 6), None);
    }

    #[test]
    fn lamps_go_out_towards_the_time() {
        assert_eq!(lamps_on(9 * HOUR, 0), LAMPS);
        assert_eq!(lamps_on(HOUR, 0), 12);
        assert_eq!(lamps_on(1, 0), 1);
        assert_eq!(lamps_on(0, 5), 0);
    }
}
