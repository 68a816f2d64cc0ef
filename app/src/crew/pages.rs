//! A list that comes a page at a time, begins anew when what is asked for changes, and is brought up to date in place.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

/// A row of a list, whatever is said of it now.
pub trait Listed {
    /// What makes it this row.
    type Id: Eq + Hash + Clone;

    /// Which row it is.
    fn id(&self) -> Self::Id;
}

/// A list. `T` is a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages<T> {
    rows: Vec<T>,
    /// Each page's first row and its token.
    starts: Vec<(usize, Option<String>)>,
    next: Next,
    /// Grows when the list begins anew: a page for an earlier beginning is ignored.
    era: u32,
    /// Rows that came in front of others, all in all.
    came_first: usize,
}

/// What comes after the last row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// A page that nobody asked for yet, from this token on.
    Unasked(Option<String>),
    /// A page that is on its way.
    Coming(Option<String>),
    /// A page that could not be fetched.
    Failed(Option<String>),
    /// Nothing.
    End,
}

/// A page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The token, or none for the first page.
    pub token: Option<String>,
    era: u32,
    /// It is here already, and may be old.
    again: bool,
}

/// What to say below the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// There may be more.
    More,
    /// More is on its way.
    Coming,
    /// More could not be fetched.
    Failed,
    /// That is all, and it is something.
    End,
    /// That is all, and it is nothing.
    Empty,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            starts: Vec::new(),
            next: Next::Unasked(None),
            era: 0,
            came_first: 0,
        }
    }
}

impl<T> Pages<T> {
    /// The rows that are here.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Rows that came in front of those that were here, all in all.
    pub fn came_first(&self) -> usize {
        self.came_first
    }

    /// Puts `row` in the place of the one that `is` it.
    pub fn change(&mut self, is: impl Fn(&T) -> bool, row: T) {
        if let Some(old) = self.rows.iter_mut().find(|row| is(row)) {
            *old = row;
        }
    }

    /// Begins anew; the rows stay until the first page is here.
    pub fn begin(&mut self) -> Ask {
        self.era += 1;
        self.next = Next::Coming(None);
        Ask {
            token: None,
            era: self.era,
            again: false,
        }
    }

    /// The next page, if there is one to ask for.
    pub fn ask(&mut self) -> Option<Ask> {
        let (Next::Unasked(token) | Next::Failed(token)) = &self.next else {
            return None;
        };
        let token = token.clone();
        self.next = Next::Coming(token.clone());
        Some(Ask {
            token,
            era: self.era,
            again: false,
        })
    }

    /// The pages with these rows, to be brought up to date; and the last one, where the list may have grown.
    pub fn ask_again(&self, rows: &Range<usize>) -> Vec<Ask> {
        let ends = self.starts.iter().skip(1).map(|(at, _)| *at).chain([usize::MAX]);
        let last = self.starts.len().saturating_sub(1);
        let pages = self.starts.iter().zip(ends).enumerate();
        pages
            .filter(|(place, ((at, _), end))| {
                let is_seen = *at < rows.end.max(1) && *end > rows.start;
                is_seen || (*place == last && self.next == Next::End)
            })
            .map(|(_, ((_, token), _))| Ask {
                token: token.clone(),
                era: self.era,
                again: true,
            })
            .collect()
    }

    /// The first page, to be brought up to date.
    pub fn ask_first_again(&self) -> Vec<Ask> {
        self.ask_again(&(0..1)).into_iter().take(1).collect()
    }

    /// What to say below the rows.
    pub fn tail(&self) -> Tail {
        match self.next {
            Next::Unasked(_) => Tail::More,
            Next::Coming(_) => Tail::Coming,
            Next::Failed(_) => Tail::Failed,
            Next::End if self.rows.is_empty() => Tail::Empty,
            Next::End => Tail::End,
        }
    }
}

impl<T: Listed> Pages<T> {
    /// A page is here, or could not be fetched.
    pub fn take(&mut self, ask: Ask, page: Option<(Vec<T>, Option<String>)>) {
        if ask.era != self.era {
            return;
        }
        match page {
            Some((rows, next)) if ask.again => self.merge(ask.token.as_ref(), rows, next),
            None if ask.again => {}
            None => self.next = Next::Failed(ask.token),
            Some((rows, next)) => {
                if ask.token.is_none() {
                    self.rows.clear();
                    self.starts.clear();
                }
                self.append(ask.token, rows, next);
            }
        }
    }

    fn append(&mut self, token: Option<String>, rows: Vec<T>, next: Option<String>) {
        let known: HashSet<T::Id> = self.rows.iter().map(T::id).collect();
        self.starts.push((self.rows.len(), token));
        self.rows
            .extend(rows.into_iter().filter(|row| !known.contains(&row.id())));
        self.next = Next::after(next);
    }

    /// Puts a page in the place of its rows of before: what follows stays, unless nothing of the page was here.
    fn merge(&mut self, token: Option<&String>, rows: Vec<T>, next: Option<String>) {
        let Some(place) = self.starts.iter().position(|(_, start)| start.as_ref() == token) else {
            return;
        };
        let from = self.starts[place].0.min(self.rows.len());
        let end = self.starts.get(place + 1).map_or(self.rows.len(), |(at, _)| *at);
        let find = |row: &T| {
            let id = row.id();
            self.rows[from..]
                .iter()
                .position(|old| old.id() == id)
                .map(|at| from + at)
        };
        let first_known = rows.iter().position(|row| find(row).is_some());
        let to = match (rows.last().and_then(find), first_known) {
            _ if next.is_none() => self.rows.len(),
            (Some(last), _) => last + 1,
            (None, None) if place == 0 => self.rows.len(),
            (None, _) => end,
        };
        let in_front = first_known.unwrap_or_default();
        let ids: HashSet<T::Id> = rows.iter().map(T::id).collect();
        let followers: Vec<T> = self.rows.drain(from..).skip(to - from).collect();
        let is_last = followers.is_empty();
        self.rows.retain(|row| !ids.contains(&row.id()));
        let begin = self.rows.len();
        self.rows.extend(rows);
        let rest = self.rows.len();
        self.rows
            .extend(followers.into_iter().filter(|row| !ids.contains(&row.id())));
        if is_last {
            self.starts.truncate(place + 1);
        }
        for (number, (at, _)) in self.starts.iter_mut().enumerate() {
            *at = match number.cmp(&place) {
                Ordering::Less => (*at).min(begin),
                Ordering::Equal => begin,
                Ordering::Greater => (at.saturating_sub(to) + rest).min(self.rows.len()),
            };
        }
        if place == 0 && first_known.is_some() {
            self.came_first += in_front;
        }
        if is_last && !matches!(self.next, Next::Coming(_)) {
            self.next = Next::after(next);
        }
    }
}

impl Next {
    fn after(token: Option<String>) -> Self {
        token.map_or(Self::End, |token| Self::Unasked(Some(token)))
    }
}

/// Which rows of a long list are in the page: those in view, and some on either side. Sizes are CSS pixels.
pub fn in_view(rows: usize, row_height: f64, scrolled: f64, view_height: f64) -> std::ops::Range<usize> {
    let first = whole(scrolled / row_height).saturating_sub(MARGIN);
    let last = whole((scrolled + view_height) / row_height) + 1 + MARGIN;
    let last = last.min(rows);
    first.min(last)..last.min(first + IN_PAGE)
}

/// Rows on either side of those in view.
const MARGIN: usize = 20;

/// Most rows in the page, however high the view.
const IN_PAGE: usize = 200;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows; what is below zero is none"
)]
fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Listed for u32 {
        type Id = Self;

        fn id(&self) -> u32 {
            *self
        }
    }

    fn page(rows: &[u32], next: Option<&str>) -> (Vec<u32>, Option<String>) {
        (rows.to_vec(), next.map(str::to_owned))
    }

    #[test]
    fn pages_follow_one_another_and_each_is_asked_for_once() {
        let mut pages = Pages::default();
        let ask = pages.ask().expect("the first");
        assert_eq!((pages.ask(), pages.tail()), (None, Tail::Coming));
        pages.take(ask, Some(page(&[1, 2], Some("a"))));
        assert_eq!(pages.tail(), Tail::More);
        let ask = pages.ask().expect("the second");
        assert_eq!(ask.token.as_deref(), Some("a"));
        pages.take(ask, Some(page(&[3], None)));
        assert_eq!((pages.rows(), pages.tail()), (&[1, 2, 3][..], Tail::End));
        assert_eq!(pages.ask(), None);
    }

    #[test]
    fn a_page_for_another_question_is_ignored() {
        let mut pages = Pages::default();
        let old = pages.begin();
        let new = pages.begin();
        pages.take(old, Some(page(&[9], None)));
        assert_eq!(pages.tail(), Tail::Coming);
        pages.take(new, Some(page(&[], None)));
        assert_eq!((pages.rows().len(), pages.tail()), (0, Tail::Empty));
    }

    #[test]
    fn a_page_that_failed_is_asked_for_again_and_the_rows_stay() {
        let mut pages = Pages::default();
        let ask = pages.begin();
        pages.take(ask, Some(page(&[1], Some("a"))));
        let ask = pages.ask().expect("the second");
        pages.take(ask, None);
        assert_eq!((pages.rows(), pages.tail()), (&[1][..], Tail::Failed));
        assert_eq!(pages.ask().expect("again").token.as_deref(), Some("a"));
    }

    /// Two pages of two rows each, and more after them.
    fn two_pages() -> Pages<u32> {
        let mut pages = Pages::default();
        for (rows, next) in [([9, 8], "a"), ([7, 6], "b")] {
            let ask = pages.ask().expect("a page");
            pages.take(ask, Some(page(&rows, Some(next))));
        }
        pages
    }

    fn again(pages: &mut Pages<u32>, rows: Range<usize>, answers: &[(Vec<u32>, Option<String>)]) {
        let asks = pages.ask_again(&rows);
        assert_eq!(asks.len(), answers.len());
        for (ask, answer) in asks.into_iter().zip(answers) {
            pages.take(ask, Some(answer.clone()));
        }
    }

    #[test]
    fn what_is_new_comes_in_front_and_what_was_read_stays() {
        let mut pages = two_pages();
        again(&mut pages, 0..1, &[page(&[11, 10], Some("x"))]);
        assert_eq!(
            (pages.rows(), pages.came_first()),
            (&[11, 10][..], 0),
            "a gap: all begins anew"
        );

        let mut pages = two_pages();
        again(&mut pages, 0..1, &[page(&[10, 9], Some("x"))]);
        assert_eq!((pages.rows(), pages.came_first()), (&[10, 9, 8, 7, 6][..], 1));
        again(&mut pages, 0..1, &[page(&[11, 10], Some("x"))]);
        assert_eq!((pages.rows(), pages.came_first()), (&[11, 10, 9, 8, 7, 6][..], 2));
        assert_eq!(pages.ask().expect("the third").token.as_deref(), Some("b"));
    }

    #[test]
    fn rows_that_went_go_and_the_end_of_the_list_is_noticed() {
        let mut pages = two_pages();
        again(&mut pages, 2..4, &[page(&[6, 5], Some("b"))]);
        assert_eq!(pages.rows(), [9, 8, 6, 5]);
        again(&mut pages, 0..4, &[page(&[9, 6], Some("a")), page(&[5], None)]);
        assert_eq!((pages.rows(), pages.tail()), (&[9, 6, 5][..], Tail::End));
        again(&mut pages, 0..1, &[page(&[9, 6], Some("a")), page(&[5, 4], Some("b"))]);
        assert_eq!((pages.rows(), pages.tail()), (&[9, 6, 5, 4][..], Tail::More));
    }

    #[test]
    fn a_refresh_that_failed_or_came_late_changes_nothing() {
        let mut pages = two_pages();
        let asks = pages.ask_first_again();
        pages.take(asks[0].clone(), None);
        assert_eq!((pages.rows(), pages.tail()), (&[9, 8, 7, 6][..], Tail::More));
        let _ = pages.begin();
        pages.take(asks[0].clone(), Some(page(&[1], None)));
        assert_eq!(pages.rows(), [9, 8, 7, 6]);
    }

    proptest! {
        #[test]
        fn no_row_is_there_twice(rounds in proptest::collection::vec((0..60_u32, 1..12_u32, 0..60_usize), 1..20)) {
            // A list in order of which rows go and come; tokens are the row a page comes after.
            let mut pages = Pages::default();
            let read = |rows: &[u32], after: Option<&str>| {
                let after = after.map_or(0, |after| after.parse::<u32>().expect("a number"));
                let mut left = rows.iter().copied().filter(|row| *row > after);
                let page: Vec<u32> = left.by_ref().take(5).collect();
                let next = left.next().and_then(|_| page.last().map(u32::to_string));
                (page, next)
            };
            for (from, step, seen) in rounds {
                let rows: Vec<u32> = (1..=60).filter(|row| (row + from) % step == 0 || row % 7 == 0).collect();
                if let Some(ask) = pages.ask() {
                    let token = ask.token.clone();
                    pages.take(ask, Some(read(&rows, token.as_deref())));
                }
                for ask in pages.ask_again(&(seen..seen + 3)) {
                    let token = ask.token.clone();
                    pages.take(ask, Some(read(&rows, token.as_deref())));
                }
                let once: HashSet<&u32> = pages.rows().iter().collect();
                prop_assert_eq!(once.len(), pages.rows().len());
                prop_assert!(pages.starts.iter().all(|(at, _)| *at <= pages.rows().len()));
            }
        }

        #[test]
        fn the_rows_in_the_page_are_few_and_cover_the_view(rows in 0..20_000_usize, scrolled in -50.0..1_200_000.0f64) {
            let shown = in_view(rows, 52.0, scrolled, 800.0);
            prop_assert!(shown.start <= shown.end && shown.end <= rows && shown.len() <= IN_PAGE);
            let top = whole(scrolled / 52.0);
            if top < rows {
                prop_assert!(shown.contains(&top));
            }
        }
    }
}
