//! Keeps the reader's place: at the newest line for who is there, and for everybody else the line they look at stays where
//! it is, whatever is put in above or below it. Not every browser anchors scrolling by itself, so this does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};
use wire::Seq;

use super::report::seq_of;

/// So near to the end counts as at the end, in CSS pixels: about two lines.
const END: i32 = 48;

/// So near to an edge of what is in the page, the next part is put in, in CSS pixels: more than a fast finger's flick in
/// one frame.
const EDGE: i32 = 900;

/// Rows that are looked at to find the reader's place again, should the first be drawn anew.
const ANCHORS: usize = 4;

/// Where the reader is among the rows in the page, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    above: i32,
    below: i32,
    screen: i32,
}

impl Place {
    /// More than a screen away from the last row in the page.
    pub fn is_far(self) -> bool {
        self.below > self.screen
    }

    /// Near the first row in the page.
    pub fn is_near_top(self) -> bool {
        self.above < EDGE
    }

    /// Near the last row in the page.
    pub fn is_near_bottom(self) -> bool {
        self.below < EDGE
    }
}

/// A row in view, its line, and how far it is below the top of the view.
struct Anchor {
    row: Element,
    seq: Seq,
    offset: f64,
}

/// What watches for sizes that change, and what it calls.
type Observer = (ResizeObserver, Closure<dyn FnMut()>);

/// The scrolling part of the transcript.
pub struct Scroller {
    view: HtmlElement,
    list: HtmlElement,
    at_end: Cell<bool>,
    /// The reader holds on to a line: the end is not followed, however near it is.
    holds: Cell<bool>,
    last_top: Cell<i32>,
    /// The first rows in view.
    anchors: RefCell<Vec<Anchor>>,
    observer: RefCell<Option<Observer>>,
}

impl Scroller {
    /// For the element that scrolls and the list in it, with the reader at the end or at the place they had `before`.
    pub fn new(view: HtmlElement, list: HtmlElement, at_end: bool, before: Option<&Self>) -> Rc<Self> {
        let scroller = Rc::new(Self {
            view,
            list,
            at_end: Cell::new(at_end),
            holds: Cell::new(false),
            last_top: Cell::new(0),
            anchors: RefCell::new(before.map(|before| before.anchors.take()).unwrap_or_default()),
            observer: RefCell::default(),
        });
        scroller.restore();
        scroller.observe();
        scroller
    }

    /// Whether it is in the page: what stands in the chat's place may have taken its own.
    pub fn is_in_page(&self) -> bool {
        self.view.is_connected()
    }

    /// Whether the reader is at the last row, and stays there.
    pub fn at_end(&self) -> bool {
        self.at_end.get()
    }

    /// Whether the last row is the newest line is not for the scroller to know.
    pub fn set_at_end(&self, at_end: bool) {
        self.at_end.set(at_end);
    }

    /// The reader scrolled, or the page did.
    pub fn scrolled(&self) {
        let top = self.view.scroll_top();
        let went_up = top < self.last_top.replace(top);
        let is_at_end = self.below() <= END && !self.holds.get();
        if is_at_end || went_up {
            self.at_end.set(is_at_end);
        }
        self.take_anchors();
    }

    /// Holds on to the lines in view, or follows the end again.
    pub fn hold(&self, holds: bool) {
        self.holds.set(holds);
        self.scrolled();
        if holds {
            self.at_end.set(false);
        }
    }

    /// Remembers what is in view, before rows change.
    pub fn take_anchors(&self) {
        let mut anchors = self.anchors.borrow_mut();
        anchors.clear();
        let top = self.view.get_bounding_client_rect().top();
        let rows = self.list.children();
        let mut place = self.first_in_view(top);
        while let Some(row) = rows.item(place).filter(|_| anchors.len() < ANCHORS) {
            // A day stays above its first line, whichever that is: it holds no place.
            if let Some(seq) = seq_of(&row) {
                let offset = row.get_bounding_client_rect().top() - top;
                anchors.push(Anchor { row, seq, offset });
            }
            place += 1;
        }
    }

    /// Brings the reader back to their place, after rows changed.
    pub fn restore(&self) {
        if !self.is_in_page() {
            return;
        }
        if self.at_end.get() {
            self.to_end();
            return;
        }
        let top = self.view.get_bounding_client_rect().top();
        let anchors = self.anchors.borrow();
        // A row that was drawn anew may have another height: those that were not hold the place better.
        let moved = anchors
            .iter()
            .find(|anchor| anchor.row.is_connected())
            .map(|anchor| (anchor.row.clone(), anchor.offset))
            .or_else(|| self.in_their_place(&anchors))
            .map(|(row, offset)| row.get_bounding_client_rect().top() - top - offset);
        // `scrollBy` moves along with a flick that is still running, where setting `scrollTop` would stop it.
        if let Some(moved) = moved.filter(|moved| moved.abs() >= 0.5) {
            self.view.scroll_by_with_x_and_y(0.0, moved);
        }
        self.last_top.set(self.view.scroll_top());
    }

    /// Goes to the newest line and stays there.
    pub fn to_end(&self) {
        self.at_end.set(true);
        self.view.set_scroll_top(self.view.scroll_height());
        self.last_top.set(self.view.scroll_top());
    }

    /// Where the reader is.
    pub fn place(&self) -> Place {
        Place {
            above: self.view.scroll_top(),
            below: self.below(),
            screen: self.view.client_height(),
        }
    }

    /// The row to hold on to when none of the anchors is left, and where: one of them drawn anew, or what follows them when
    /// their lines are gone.
    fn in_their_place(&self, anchors: &[Anchor]) -> Option<(Element, f64)> {
        let first = anchors.first()?;
        let rows = self.list.children();
        let following = (0..rows.length()).filter_map(|place| rows.item(place)).find_map(|row| {
            let seq = seq_of(&row).filter(|seq| *seq >= first.seq)?;
            Some((row, seq))
        });
        let (row, seq) = following?;
        let same = anchors.iter().find(|anchor| anchor.seq == seq);
        Some((row, same.unwrap_or(first).offset))
    }

    fn below(&self) -> i32 {
        self.view.scroll_height() - self.view.client_height() - self.view.scroll_top()
    }

    /// The first row whose end is below the top of the view.
    fn first_in_view(&self, top: f64) -> u32 {
        let rows = self.list.children();
        let (mut low, mut high) = (0, rows.length());
        while low < high {
            let middle = low + (high - low) / 2;
            let is_above = rows
                .item(middle)
                .is_some_and(|row| row.get_bounding_client_rect().bottom() <= top);
            if is_above { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// A window that changes its size, a keyboard that opens, letters that arrive late: the place is kept then, too.
    fn observe(self: &Rc<Self>) {
        let scroller = Rc::downgrade(self);
        let changed = Closure::<dyn FnMut()>::new(move || {
            if let Some(scroller) = scroller.upgrade() {
                scroller.restore();
            }
        });
        if let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            observer.observe(&self.view);
            observer.observe(&self.list);
            self.observer.replace(Some((observer, changed)));
        }
    }
}

impl Drop for Scroller {
    fn drop(&mut self) {
        if let Some((observer, _)) = self.observer.take() {
            observer.disconnect();
        }
    }
}
