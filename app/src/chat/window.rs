//! Which of the lines held are in the page: a bounded run of them, which slides as the reader scrolls.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use wire::Seq;

use super::transcript::Line;

/// Most lines in the page: some screens in each direction, whatever the room does.
pub const LINES_SHOWN: usize = 240;

/// Fewest lines in the page while the reader is at the end, unless they are too low to fill it.
const LINES_SHOWN_AT_END: usize = 60;

/// How many lines more may follow at the end before any has to go.
const SLIDE: usize = 8;

/// How many lines the window moves, or grows, at once.
const STEP: usize = 40;

/// A window on the lines held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// On the newest lines, whatever comes.
    AtEnd {
        /// Where it begins, as long as that leaves neither fewer nor many more lines than `fewest`.
        first: Seq,
        /// How many lines it has at least, if there are so many.
        fewest: usize,
    },
    /// From this line on.
    From(Seq),
}

impl Default for Window {
    fn default() -> Self {
        Self::ending(0)
    }
}

impl Window {
    const fn ending(first: Seq) -> Self {
        let fewest = LINES_SHOWN_AT_END;
        Self::AtEnd { first, fewest }
    }

    /// The places in `lines` that are shown.
    pub fn range(self, lines: &VecDeque<Arc<Line>>) -> Range<usize> {
        let end = lines.len();
        let (Self::AtEnd { first, .. } | Self::From(first)) = self;
        let start = lines.partition_point(|line| line.message.seq < first);
        match self {
            Self::From(_) => start..end.min(start + LINES_SHOWN),
            Self::AtEnd { fewest, .. } if (fewest..=fewest + SLIDE).contains(&(end - start)) => start..end,
            Self::AtEnd { fewest, .. } => end.saturating_sub(fewest)..end,
        }
    }

    /// Follows the newest lines.
    #[must_use]
    pub fn at_end(self) -> Self {
        match self {
            Self::From(first) => Self::ending(first),
            ending @ Self::AtEnd { .. } => ending,
        }
    }

    /// Begins where it does with these lines, also with the next ones: at the end it slides a few lines at a time.
    #[must_use]
    pub fn settled(self, lines: &VecDeque<Arc<Line>>) -> Self {
        match (self, lines.get(self.range(lines).start)) {
            (Self::AtEnd { fewest, .. }, Some(line)) => {
                let first = line.message.seq;
                Self::AtEnd { first, fewest }
            }
            _ => self,
        }
    }

    /// Stays where it is when new lines come.
    #[must_use]
    pub fn held(self, lines: &VecDeque<Arc<Line>>) -> Self {
        match self {
            Self::AtEnd { .. } => Self::starting_at(self.range(lines).start, lines),
            held @ Self::From(_) => held,
        }
    }

    /// One step back; the same when the first line is shown already. At the end it stays there, and grows.
    #[must_use]
    pub fn back(self, lines: &VecDeque<Arc<Line>>) -> Self {
        match self {
            Self::AtEnd { first, fewest } => {
                let fewest = (fewest + STEP).min(LINES_SHOWN - SLIDE);
                Self::AtEnd { first, fewest }
            }
            Self::From(_) => Self::starting_at(self.range(lines).start.saturating_sub(STEP), lines),
        }
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
            .map_or_else(Self::default, |line| Self::From(line.message.seq))
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
        let window = Window::default().held(&lines(500));
        let first = 500 - LINES_SHOWN_AT_END;
        assert_eq!(window.range(&lines(500)), first..500);
        assert_eq!(window.range(&lines(510)), first..510);
        let bound = first + LINES_SHOWN;
        assert_eq!(window.range(&lines(5_000)), first..bound, "and it stays bounded");
        assert_eq!(Window::default().held(&lines(0)), Window::default());
    }

    #[test]
    fn at_the_end_the_window_slides_a_few_lines_at_a_time() {
        let mut window = Window::default();
        let mut starts = Vec::new();
        for last in 0..500 {
            let lines = lines(last);
            window = window.settled(&lines);
            let shown = window.range(&lines);
            assert_eq!(shown.end, lines.len());
            assert!(shown.len() >= LINES_SHOWN_AT_END.min(lines.len()) && shown.len() <= LINES_SHOWN_AT_END + SLIDE);
            starts.push(shown.start);
        }
        starts.dedup();
        let steps: Vec<usize> = (0..=499 - LINES_SHOWN_AT_END).step_by(SLIDE + 1).collect();
        assert_eq!(starts, steps);
    }

    #[test]
    fn lines_too_low_to_fill_the_page_are_more_and_the_end_is_followed() {
        let mut window = Window::default().settled(&lines(500)).back(&lines(500));
        assert_eq!(window.range(&lines(500)), 500 - LINES_SHOWN_AT_END - STEP..500);
        assert_eq!(window.range(&lines(5_000)).end, 5_000);
        for _ in 0..10 {
            window = window.back(&lines(5_000));
        }
        assert_eq!(
            window.range(&lines(5_000)).len(),
            LINES_SHOWN - SLIDE,
            "and it stays bounded"
        );
        assert_eq!(window.back(&lines(5_000)), window);
    }

    #[test]
    fn a_window_that_reached_the_end_shows_all_of_it() {
        let lines = lines(500);
        let mut window = Window::From(100);
        while window.range(&lines).end < lines.len() {
            window = window.forward(&lines);
        }
        let shown = window.at_end().range(&lines);
        assert!(shown.end == 500 && shown.len() >= LINES_SHOWN_AT_END);
    }

    #[test]
    fn sliding_back_and_forward_shows_every_line() {
        let lines = lines(1_000);
        let mut window = Window::default().held(&lines);
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
            let mut window = Window::default();
            for back in moves {
                window = if back { window.back(&lines) } else { window.forward(&lines) };
                let shown = window.range(&lines);
                prop_assert!(shown.start <= shown.end && shown.end <= lines.len());
                prop_assert!(shown.len() <= LINES_SHOWN);
            }
        }
    }
}
