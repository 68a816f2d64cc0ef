//! What a screen reader is told of new lines: each by itself in a calm room, their number now and then in a busy one.

/// Most lines that are read out together.
const LINES_TOLD: usize = 3;

/// How long to be silent after lines were told, and after their number, in milliseconds: time to hear them out.
const AFTER_LINES: u64 = 4_000;
const AFTER_NUMBER: u64 = 20_000;

/// Gathers new lines and says when to tell them.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    lines: Vec<String>,
    count: usize,
    silent_until: u64,
}

impl Announcer {
    /// A new line of somebody else.
    pub fn line(&mut self, nickname: &str, text: &str) {
        self.count += 1;
        if self.count <= LINES_TOLD {
            self.lines.push(format!("{nickname}: {text}"));
        } else {
            self.lines.clear();
        }
    }

    /// What is told now; none while there is nothing, or the last was just told.
    pub fn told(&mut self, now: u64) -> Option<Vec<String>> {
        if self.count == 0 || now < self.silent_until {
            return None;
        }
        let count = std::mem::take(&mut self.count);
        let lines = std::mem::take(&mut self.lines);
        if count <= LINES_TOLD {
            self.silent_until = now + AFTER_LINES;
            Some(lines)
        } else {
            self.silent_until = now + AFTER_NUMBER;
            Some(vec![format!("{count} new messages")])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_calm_room_every_line_is_told() {
        let mut announcer = Announcer::default();
        assert_eq!(announcer.told(0), None);
        announcer.line("Marit", "hello");
        assert_eq!(announcer.told(10), Some(vec!["Marit: hello".to_owned()]));
        announcer.line("Marit", "anybody?");
        announcer.line("zeynep", "yes");
        assert_eq!(announcer.told(4_009), None, "the first is still being read out");
        assert_eq!(
            announcer.told(4_010),
            Some(vec!["Marit: anybody?".to_owned(), "zeynep: yes".to_owned()])
        );
        assert_eq!(announcer.told(90_000), None, "and once");
    }

    #[test]
    fn in_a_busy_room_a_number_is_told_now_and_then() {
        let mut announcer = Announcer::default();
        let mut told = Vec::new();
        for now in (0..60_000).step_by(100) {
            announcer.line("Marit", "la");
            told.extend(announcer.told(now));
            assert!(announcer.lines.len() <= LINES_TOLD);
        }
        let told: Vec<String> = told.concat();
        assert_eq!(
            told,
            ["Marit: la", "40 new messages", "200 new messages", "200 new messages"]
        );
    }
}
