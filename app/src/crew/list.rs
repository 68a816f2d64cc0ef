//! A long list in the page: it comes a page at a time, and only the rows in view are drawn, all equally high.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::pages::{self, Ask, Listed, Pages, Tail};
use crate::api::Answer;
use crate::clock;
use crate::icon::waiting_lamps;

/// How high a row is, in the root's font size; the style sheet says the same.
const ROW: f64 = 3.5;

/// So many rows before the end, the next page is asked for.
const AHEAD: f64 = 20.0;

/// What others do without a word about it shows after this long at the latest.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Fetches a page of a list, if there is one to ask for.
pub fn fetch<T, F>(pages: RwSignal<Pages<T>>, ask: Option<Ask>, call: impl FnOnce(Option<String>) -> F)
where
    T: Listed + Send + Sync + 'static,
    F: Future<Output = Answer<(Vec<T>, Option<String>)>> + 'static,
{
    let Some(ask) = ask else { return };
    let answer = call(ask.token.clone());
    spawn_local(async move {
        let page = answer.await.ok();
        pages.try_update(|pages| pages.take(ask, page));
    });
}

/// Brings the rows in view up to date, in place: whenever `when` changes, and again every while.
pub fn keep_fresh<T, F>(
    pages: RwSignal<Pages<T>>,
    seen: RwSignal<Range<usize>>,
    when: impl Fn() + 'static,
    call: impl Fn(Option<String>) -> F + Copy + 'static,
) where
    T: Listed + Send + Sync + 'static,
    F: Future<Output = Answer<(Vec<T>, Option<String>)>> + 'static,
{
    let again = move || {
        let asks = seen.with_untracked(|seen| pages.with_untracked(|pages| pages.ask_again(seen)));
        for ask in asks {
            fetch(pages, Some(ask), call);
        }
    };
    Effect::new(move |before: Option<()>| {
        when();
        if before.is_some() {
            again();
        }
    });
    clock::every(LOOK_AGAIN, again);
}

/// What a list says of itself.
#[derive(Clone, Copy)]
pub struct Says {
    /// Its name, for screen readers.
    pub label: &'static str,
    /// What stands there when it is empty.
    pub empty: &'static str,
}

/// The list. `more` fetches the next page; `shown` is told which rows are in view.
pub fn long_list<T, K, D>(
    says: Says,
    pages: RwSignal<Pages<T>>,
    shown: RwSignal<Range<usize>>,
    key: fn(&T) -> K,
    draw: D,
    more: Callback<()>,
) -> AnyView
where
    T: Listed + Clone + Send + Sync + 'static,
    T::Id: Send + Sync,
    K: Eq + Hash + 'static,
    D: Fn(T) -> AnyView + Copy + Send + Sync + 'static,
{
    let view = NodeRef::<html::Div>::new();
    let row_height = row_height();
    let seen = RwSignal::new((0.0, 600.0));
    let look = move || {
        if let Some(view) = view.get_untracked() {
            seen.set((f64::from(view.scroll_top()), f64::from(view.client_height().max(200))));
        }
    };
    let count = Memo::new(move |_| pages.with(|pages| pages.rows().len()));
    let range = Memo::new(move |_| {
        let (top, height) = seen.get();
        pages::in_view(count.get(), row_height, top, height)
    });
    Effect::new(move |_| {
        count.track();
        look();
    });
    Effect::new(move |_| shown.set(range.get()));
    Effect::new(move |_| {
        let (top, height) = seen.get();
        let is_near_end = top + height + AHEAD * row_height >= as_number(count.get()) * row_height;
        let has_more = pages.with(|pages| pages.tail() == Tail::More);
        if is_near_end && has_more {
            more.run(());
        }
    });
    let rows = move || pages.with(|pages| cut(pages.rows(), range.get()).to_vec());
    let places = Memo::new(move |_| {
        let range = range.get();
        pages.with(|pages| {
            let rows = cut(pages.rows(), range.clone());
            let ids = rows.iter().map(T::id);
            ids.zip(range.start + 1..).collect::<HashMap<_, _>>()
        })
    });
    let before = move || format!("{}px", as_number(range.get().start) * row_height);
    let after = move || {
        format!(
            "{}px",
            as_number(count.get() - range.get().end.min(count.get())) * row_height
        )
    };
    let item = move |row: T| {
        let id = row.id();
        let place = move || places.with(|places| places.get(&id).map(usize::to_string));
        view! { <li class="long__row" aria-posinset=place aria-setsize="-1">{draw(row)}</li> }
    };
    let above = news(pages, view, row_height);
    view! {
        {new_rows(above, view)}
        <div class="long" tabindex="0" role="group" aria-label=says.label node_ref=view on:scroll=move |_| {
            look();
            if seen.get_untracked().0 < row_height && above.get_untracked() > 0 {
                above.set(0);
            }
        }>
            <ol style:padding-block-start=before style:padding-block-end=after>
                <For each=rows key=key children=item/>
            </ol>
            {move || tail(pages.with(Pages::tail), says.empty, more)}
        </div>
    }
    .into_any()
}

fn cut<T>(rows: &[T], range: Range<usize>) -> &[T] {
    let end = range.end.min(rows.len());
    &rows[range.start.min(end)..end]
}

/// Keeps the reader's place when rows come in front of it, and counts those.
fn news<T: Send + Sync + 'static>(
    pages: RwSignal<Pages<T>>,
    view: NodeRef<html::Div>,
    row_height: f64,
) -> RwSignal<usize> {
    let above = RwSignal::new(0_usize);
    let came = Memo::new(move |_| pages.with(Pages::came_first));
    Effect::new(move |before: Option<usize>| {
        let came = came.get();
        let fresh = came.saturating_sub(before.unwrap_or(came));
        let top = view.get_untracked().map_or(0, |view| view.scroll_top());
        if fresh > 0 && top > 0 {
            above.update(|above| *above += fresh);
            request_animation_frame(move || {
                if let Some(view) = view.try_get_untracked().flatten() {
                    view.set_scroll_top(top + whole(as_number(fresh) * row_height));
                }
            });
        }
        came
    });
    above
}

fn new_rows(above: RwSignal<usize>, view: NodeRef<html::Div>) -> impl IntoView {
    let go = move |_| {
        if let Some(view) = view.get_untracked() {
            view.set_scroll_top(0);
            let _ = view.focus();
        }
    };
    move || {
        let count = above.get();
        (count > 0)
            .then(|| view! { <button type="button" class="long__new link num" on:click=go>{count}" new"</button> })
    }
}

/// What stands below the rows.
pub fn tail(tail: Tail, empty: &'static str, more: Callback<()>) -> Option<AnyView> {
    match tail {
        Tail::More | Tail::End => None,
        Tail::Coming => Some(coming()),
        Tail::Failed => Some(failed(more)),
        Tail::Empty => Some(view! { <p class="desk__empty">{empty}</p> }.into_any()),
    }
}

/// Something is on its way.
pub fn coming() -> AnyView {
    view! { <p class="desk__empty" role="status">{waiting_lamps(5)}<span class="unseen">"Fetching"</span></p> }
        .into_any()
}

/// Something could not be fetched.
pub fn failed(again: Callback<()>) -> AnyView {
    view! {
        <p class="desk__empty" role="status">
            "This could not be fetched."
            <button type="button" class="link" on:click=move |_| again.run(())>"Try again"</button>
        </p>
    }
    .into_any()
}

/// How high a row is in CSS pixels, with the reader's own size of letters.
fn row_height() -> f64 {
    let root = document().document_element();
    let style = root.and_then(|root| window().get_computed_style(&root).ok().flatten());
    let size = style.and_then(|style| style.get_property_value("font-size").ok());
    let size = size.and_then(|size| size.trim_end_matches("px").parse::<f64>().ok());
    size.unwrap_or(16.0) * ROW
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows is far below 2^53")]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a height in the page is far below 2^31")]
fn whole(pixels: f64) -> i32 {
    pixels.round() as i32
}
