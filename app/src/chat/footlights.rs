//! The footlights: the room's last minute, a lamp a second, the newest last.

/// Lamps in the row, one a second.
pub const LAMPS: usize = 60;

/// How bright a lamp is for none, one, two… lines in its second, from 0 to 1 as a style sheet reads it: a single line can
/// be seen, and a storm is not blinding.
const BRIGHTNESS: [&str; 9] = ["0", "0.35", "0.5", "0.61", "0.71", "0.79", "0.87", "0.94", "1"];

/// How many lines came in each of the last seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footlights {
    lines: [u16; LAMPS],
    /// How strong reactions were in the same seconds: what doubles adds one.
    felt: [u16; LAMPS],
    /// The second that the last lamp stands for.
    second: u64,
}

impl Default for Footlights {
    fn default() -> Self {
        Self {
            lines: [0; LAMPS],
            felt: [0; LAMPS],
            second: 0,
        }
    }
}

impl Footlights {
    /// A line came, at this time in milliseconds.
    pub fn line(&mut self, now: u64) {
        self.pass(now);
        let newest = &mut self.lines[LAMPS - 1];
        *newest = newest.saturating_add(1);
    }

    /// So many taps on reactions came.
    pub fn felt(&mut self, now: u64, taps: u64) {
        self.pass(now);
        let strength = u64::BITS - taps.leading_zeros();
        let newest = &mut self.felt[LAMPS - 1];
        *newest = (*newest).max(u16::try_from(strength).unwrap_or(0));
    }

    /// Time went by.
    pub fn pass(&mut self, now: u64) {
        let passed = (now / 1_000).saturating_sub(self.second);
        let passed = usize::try_from(passed).unwrap_or(LAMPS).min(LAMPS);
        for row in [&mut self.lines, &mut self.felt] {
            row.rotate_left(passed % LAMPS);
            row[LAMPS - passed..].fill(0);
        }
        self.second = now / 1_000;
    }

    /// How bright a lamp is.
    pub fn brightness(&self, lamp: usize) -> &'static str {
        let of = |row: &[u16; LAMPS]| row.get(lamp).copied().unwrap_or(0);
        let strength = of(&self.lines).saturating_add(of(&self.felt));
        BRIGHTNESS[usize::from(strength).min(BRIGHTNESS.len() - 1)]
    }

    /// Whether another row shines the same.
    pub fn looks_like(&self, other: &Self) -> bool {
        (self.lines, self.felt) == (other.lines, other.felt)
    }

    /// How many lines the row stands for.
    pub fn total(&self) -> u64 {
        self.lines.iter().map(|lines| u64::from(*lines)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wander_along_the_row_and_go_out() {
        let mut lights = Footlights::default();
        lights.line(5_200);
        lights.line(5_900);
        assert_eq!(lights.brightness(LAMPS - 1), "0.5");
        lights.pass(8_000);
        assert_eq!(
            (lights.brightness(LAMPS - 1), lights.brightness(LAMPS - 4)),
            ("0", "0.5")
        );
        assert_eq!(lights.total(), 2);
        lights.felt(8_100, 3);
        lights.felt(8_300, 1);
        assert_eq!(lights.brightness(LAMPS - 1), "0.5", "a few taps are a glow");
        lights.pass(65_000);
        assert_eq!(lights.total(), 0);
        lights.pass(u64::MAX);
        assert_eq!(lights.total(), 0);
    }
}
