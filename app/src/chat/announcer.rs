//! What a screen reader is told of new lines: each by itself in a calm room, their number now and then in a busy one.

use wire::Seq;

/// Most lines that are read out together.
const LINES_TOLD: usize = 3;

/// How long to be silent after lines were told, and after their number, in milliseconds: time to hear them out.
const AFTER_LINES: u64 = 4_000;
const AFTER_NUMBER: u64 = 20_000;

/// Gathers new lines and says when to tell them.
#[derive(Clone, Debug, Default)]
pub struct Announcer {
    lines: Vec<(Seq, String)>,
    count: usize,
    words: Vec<String>,
    silent_until: u64,
}

impl Announcer {
    /// A new line of somebody else.
    pub fn line(&mut self, seq: Seq, nickname: &str, text: &str) {
        self.count += 1;
        if self.count <= LINES_TOLD {
            self.lines.push((seq, format!("{nickname}: {text}")));
        } else {
            self.lines.clear();
        }
    }

    /// Something about a line of this fan's own: it is told at once.
    pub fn say(&mut self, words: String) {
        self.words.push(words);
    }

    /// Nothing of what was not told yet is to be told.
    pub fn forget(&mut self) {
        self.lines.clear();
        self.count = 0;
        self.words.clear();
    }

    /// Whether what was told has been heard out, and need not stand there any longer.
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.silent_until
    }

    /// Lines may have been hidden before they were told: those that are not to be kept are not told.
    pub fn keep(&mut self, is_visible: impl Fn(Seq) -> bool) {
        let before = self.lines.len();
        self.lines.retain(|(seq, _)| is_visible(*seq));
        self.count -= before - self.lines.len();
    }

    /// What is told now; none while there is nothing, or the last was just told.
    pub fn told(&mut self, now: u64) -> Option<Vec<String>> {
        if !self.words.is_empty() {
            self.silent_until = self.silent_until.max(now + AFTER_LINES);
            return Some(std::mem::take(&mut self.words));
        }
        if self.count == 0 || now < self.silent_until {
            return None;
        }
        let count = std::mem::take(&mut self.count);
        let lines = std::mem::take(&mut self.lines);
        if count <= LINES_TOLD {
            self.silent_until = now + AFTER_LINES;
            Some(lines.into_iter().map(|(_, line)| line).collect())
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
        announcer.line(1, "Marit", "hello");
        assert_eq!(announcer.told(10), Some(vec!["Marit: hello".to_owned()]));
        announcer.line(1, "Marit", "anybody?");
        announcer.line(1, "zeynep", "yes");
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
            announcer.line(1, "Marit", "la");
            told.extend(announcer.told(now));
            assert!(announcer.lines.len() <= LINES_TOLD);
        }
        let told: Vec<String> = told.concat();
        assert_eq!(
            told,
            ["Marit: la", "40 new messages", "200 new messages", "200 new messages"]
        );
    }

    #[test]
    fn a_word_about_an_own_line_waits_for_nothing_and_does_not_stay() {
        let mut announcer = Announcer::default();
        announcer.line(1, "Marit", "hello");
        announcer.told(0);
        announcer.line(2, "Marit", "anybody?");
        announcer.say("Your line was not sent.".to_owned());
        assert_eq!(announcer.told(100), Some(vec!["Your line was not sent.".to_owned()]));
        assert!(!announcer.is_over(4_099) && announcer.is_over(4_100));
        announcer.forget();
        assert_eq!(announcer.told(90_000), None);
    }

    #[test]
    fn what_is_hidden_before_it_was_told_is_not_told() {
        let mut announcer = Announcer::default();
        announcer.line(1, "Marit", "hello");
        announcer.line(2, "bass_drop_88", "FREE TICKETS");
        announcer.keep(|seq| seq != 2);
        assert_eq!(announcer.told(0), Some(vec!["Marit: hello".to_owned()]));
        announcer.line(3, "bass_drop_88", "FREE TICKETS");
        announcer.keep(|_| false);
        assert_eq!(announcer.told(90_000), None);
    }
}
