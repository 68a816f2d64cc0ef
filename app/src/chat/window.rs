//! Which of the lines held are in the page: a bounded run of them, which slides as the reader scrolls.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use wire::Seq;

use super::transcript::Line;

/// Most lines in the page: some screens in each direction, whatever the room does.
pub const LINES_SHOWN: usize = 240;

/// Lines in the page while the reader is at the end, so that some can follow before any has to go.
pub const LINES_SHOWN_AT_END: usize = 120;

/// How many lines the window moves at once.
const STEP: usize = 60;

/// A window on the lines held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// On the newest lines, whatever comes.
    #[default]
    AtEnd,
    /// From this line on.
    From(Seq),
}

impl Window {
    /// The places in `lines` that are shown.
    pub fn range(self, lines: &VecDeque<Arc<Line>>) -> Range<usize> {
        match self {
            Self::AtEnd => lines.len().saturating_sub(LINES_SHOWN_AT_END)..lines.len(),
            Self::From(first) => {
                let start = lines.partition_point(|line| line.message.seq < first);
                start..lines.len().min(start + LINES_SHOWN)
            }
        }
    }

    /// Stays where it is when new lines come.
    #[must_use]
    pub fn held(self, lines: &VecDeque<Arc<Line>>) -> Self {
        match self {
            Self::AtEnd => Self::starting_at(self.range(lines).start, lines),
            held @ Self::From(_) => held,
        }
    }

    /// One step back; the same when the first line is shown already.
    #[must_use]
    pub fn back(self, lines: &VecDeque<Arc<Line>>) -> Self {
        Self::starting_at(self.range(lines).start.saturating_sub(STEP), lines)
    }

    /// One step forward; the same when the last line is shown already.
    #[must_use]
    pub fn forward(self, lines: &VecDeque<Arc<Line>>) -> Self {
        let shown = self.range(lines);
        if shown.end == lines.len() {
            self
        } else {
            Self::starting_at(shown.start + STEP, lines)
        }
    }

    fn starting_at(start: usize, lines: &VecDeque<Arc<Line>>) -> Self {
        lines
            .get(start)
            .map_or(Self::AtEnd, |line| Self::From(line.message.seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::transcript::Transcript;
    use proptest::prelude::*;
    use wire::frame::Message;

    fn lines(last: Seq) -> VecDeque<Arc<Line>> {
        let mut transcript = Transcript::new(None);
        transcript.set_at_end(false);
        for seq in 1..=last {
            transcript.message(Message {
                seq,
                body: None,
                hidden: true,
            });
        }
        transcript.lines().clone()
    }

    #[test]
    fn new_lines_do_not_move_a_window_that_is_held() {
        let window = Window::AtEnd.held(&lines(500));
        assert_eq!(window.range(&lines(500)), 380..500);
        assert_eq!(window.range(&lines(510)), 380..510);
        assert_eq!(window.range(&lines(5_000)), 380..620, "and it stays bounded");
        assert_eq!(Window::AtEnd.held(&lines(0)), Window::AtEnd);
    }

    #[test]
    fn sliding_back_and_forward_shows_every_line() {
        let lines = lines(1_000);
        let mut window = Window::AtEnd;
        while window.range(&lines).start > 0 {
            let before = window.range(&lines);
            window = window.back(&lines);
            let after = window.range(&lines);
            assert!(
                after.start < before.start && after.end > before.start,
                "{before:?} {after:?}"
            );
        }
        while window.range(&lines).end < lines.len() {
            let before = window.range(&lines);
            window = window.forward(&lines);
            let after = window.range(&lines);
            assert!(
                after.end > before.end && after.start < before.end,
                "{before:?} {after:?}"
            );
        }
        assert_eq!(window.forward(&lines), window);
    }

    proptest! {
        #[test]
        fn a_window_is_bounded_and_inside(last in 0..900_u64, moves in proptest::collection::vec(any::<bool>(), 0..30)) {
            let lines = lines(last);
            let mut window = Window::AtEnd;
            for back in moves {
                window = if back { window.back(&lines) } else { window.forward(&lines) };
                let shown = window.range(&lines);
                prop_assert!(shown.start <= shown.end && shown.end <= lines.len());
                prop_assert!(shown.len() <= LINES_SHOWN);
            }
        }
    }
}
