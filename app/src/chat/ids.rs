//! The ids of one's own lines.

use std::fmt::Write;

/// Makes the ids of a visit's lines, which follow each other: so the server's index by id has what one member said side by
/// side. They show everybody nothing but that: no count, which would tell of lines that nobody else sees, and no moment.
#[derive(Debug)]
pub struct LineIds {
    visit: [u8; 8],
    start: u32,
}

impl LineIds {
    /// The ids of a visit, from random bytes.
    pub fn new(random: [u8; 12]) -> Self {
        let [visit @ .., a, b, c, d] = random;
        Self {
            visit,
            start: u32::from_be_bytes([a, b, c, d]),
        }
    }

    /// The id of a line of this moment, in milliseconds on a clock that only moves forward, from other random bytes: 32
    /// hexadecimal digits.
    #[expect(clippy::cast_possible_truncation, reason = "after 50 days the order begins anew")]
    pub fn id(&self, now: u64, random: [u8; 4]) -> String {
        let moment = self.start.wrapping_add(now as u32).to_be_bytes();
        digits(&[&self.visit[..], &moment, &random].concat())
    }
}

/// Bytes in hexadecimal.
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // A string takes everything.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_visit_follow_each_other_and_no_two_have_one_id() {
        let ids = LineIds::new([7; 12]);
        let first = ids.id(0, [0xff; 4]);
        assert_eq!(first, "070707070707070707070707ffffffff");
        let same_moment = ids.id(0, [0xfe; 4]);
        assert_ne!(first, same_moment);
        assert!(first < ids.id(1, [0; 4]) && ids.id(255, [9; 4]) < ids.id(256, [0; 4]));
        let other = LineIds::new([8; 12]);
        assert_ne!(first, other.id(0, [0xff; 4]));
        let late = LineIds::new([0xff; 12]);
        assert_eq!(late.id(1, [0; 4]), "ffffffffffffffff0000000000000000", "and begin anew");
    }
}
