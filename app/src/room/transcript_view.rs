//! The transcript in the page: a bounded run of rows, older ones above when the reader goes there, and a pill when
//! something new came while they were reading.

use std::rc::Rc;

use crate::part::{handler, part, watch};
use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::report::{ReportTool, Tool};
use super::scroll::Scroller;
use super::{message, question};
use crate::chat::rows::Row;
use crate::chat::{Chat, Older, Painter};
use crate::desk::Tools;
use crate::icon::{small_icon, waiting_lamps};
use crate::visit::Visit;
use crate::{dom, format};

/// More new lines than this are not counted out.
const UNREAD_SHOWN: usize = 999;

/// The scroller of the view that is in the page, or was the last to be: the next one goes on at its place.
pub type LastScroller = StoredValue<Option<Rc<Scroller>>, LocalStorage>;

/// The transcript.
#[component]
pub fn TranscriptView(chat: Chat, scroller: LastScroller, tools: Option<Tools>) -> impl IntoView {
    let visit: Visit = expect_context();
    let view = NodeRef::<html::Div>::new();
    let list = NodeRef::<html::Ol>::new();
    let tool = Tool::new(chat, list);
    let is_far = RwSignal::new(false);
    watch(move || {
        let (Some(view), Some(list)) = (view.get(), list.get()) else {
            return;
        };
        let before = scroller.get_value();
        let made = Scroller::new(view.into(), list.into(), chat.at_end.get_untracked(), before.as_deref());
        scroller.set_value(Some(Rc::clone(&made)));
        chat.set_painter(painter(chat, made, tool));
        chat.paint();
    });
    let follow = move |_| {
        if let Some(Some(scroller)) = scroller.try_get_value() {
            settle(chat, &scroller);
            tool.settle();
            let far = scroller.place().is_far();
            if far != is_far.get_untracked() {
                is_far.set(far);
            }
        }
    };
    let draw = move |row: Row| {
        let nickname = visit.nickname.get_untracked().unwrap_or_default();
        match (&row, tools) {
            (Row::Line { line, .. }, Some(tools)) if line.message.hidden => (tools.line)(line),
            _ => None,
        }
        .unwrap_or_else(|| message::row(row, chat, &nickname))
    };
    // What fans do not see is drawn in another way while a moderator works.
    let is_at_work = Memo::new(move |_| tools.is_some_and(|tools| (tools.is_on)()));
    let rows = part(move || {
        is_at_work.track();
        view! { <For each=move || chat.rows.get() key=Row::key children=draw/> }
    });
    view! {
        <div class="transcript" on:mouseleave=handler(move |_| tool.leave())>
            <div
                class="transcript__lines" role="log" aria-live="off" aria-label="Messages" tabindex="0" id="messages" node_ref=view
                aria-busy=move || (chat.older.get() == Older::Coming).then_some("true")
                on:scroll=handler(follow) on:focus=handler(move |_| tool.enter())
                on:mouseover=handler(move |event: MouseEvent| tool.point(&event)) on:click=handler(move |event: MouseEvent| tool.point(&event))
            >
                {part(move || above(chat))}
                <ol node_ref=list>{rows}</ol>
            </div>
            {part(move || is_silent(chat).then(|| view! { <div class="transcript__empty"><p>"Nobody has said anything yet. The first word is yours."</p></div> }))}
            <ReportTool tool/>
            <Pill chat scroller is_far/>
        </div>
    }
}

/// Takes new rows: notes what is in view, lets them in, and brings it back.
fn painter(chat: Chat, scroller: Rc<Scroller>, tool: Tool) -> Painter {
    Rc::new(move |update| {
        if !scroller.is_in_page() {
            update();
            return;
        }
        let goes_to_end = chat.at_end.get_untracked();
        let voting = question::focused();
        scroller.take_anchors();
        update();
        let scroller = Rc::clone(&scroller);
        // The rows are in the document once the effects have run, which were queued before this is.
        spawn_local(async move {
            leptos::task::tick().await;
            if goes_to_end {
                scroller.to_end();
            } else {
                scroller.restore();
            }
            if scroller.is_in_page() {
                settle(chat, &scroller);
                tool.settle();
            }
            if let Some(seq) = voting {
                question::keep_focus(seq);
            }
        });
    })
}

/// Tells where the reader is now, and puts more rows in where they come near to an edge.
///
/// The last row in the page need not be the newest line: the chat decides whether the reader is at the end.
fn settle(chat: Chat, scroller: &Scroller) {
    scroller.scrolled();
    chat.set_at_end(scroller.at_end());
    let at_end = chat.at_end.get_untracked();
    scroller.set_at_end(at_end);
    let place = scroller.place();
    if place.is_near_top() {
        chat.reach_back();
    } else if place.is_near_bottom() && !at_end {
        chat.reach_forward();
    }
}

/// What a screen reader hears of new lines. The transcript itself is silent: rows come and go in it as it is scrolled.
#[component]
pub fn NewLines(chat: Chat) -> impl IntoView {
    let region = NodeRef::<html::Div>::new();
    watch(move || {
        let told = chat.told.get();
        let Some(region) = region.get() else { return };
        region.set_text_content(None);
        for line in told {
            // Elements of their own, so that the same words are heard again when they are said again.
            if let Ok(element) = document().create_element("p") {
                element.set_text_content(Some(&line));
                let _ = region.append_child(&element);
            }
        }
    });
    view! { <div class="unseen" role="log" aria-label="New lines" node_ref=region></div> }
}

/// What is above the first row. It is no row itself: the reader's place is among the lines. And it is as high whatever it
/// says, so that at the upper end of the page nothing moves.
fn above(chat: Chat) -> Option<AnyView> {
    match chat.older.get() {
        Older::More => Some(view! { <p class="transcript__older" aria-hidden="true"></p> }.into_any()),
        Older::Start if is_silent(chat) => None,
        Older::Start => Some(view! { <p class="transcript__start">"This is where the chat began."</p> }.into_any()),
        Older::Coming => {
            Some(view! { <p class="transcript__older">{waiting_lamps(5)}"Fetching earlier lines"</p> }.into_any())
        }
        Older::Failed => Some(
            view! {
                <p class="transcript__older">
                    "Earlier lines could not be fetched."
                    <button type="button" class="link" on:click=handler(move |_| chat.fetch_older())>"Try again"</button>
                </p>
            }
            .into_any(),
        ),
    }
}

fn is_silent(chat: Chat) -> bool {
    chat.older.get() == Older::Start && chat.rows.with(Vec::is_empty)
}

/// The way back to the newest line, for who is far from it or has missed something.
#[component]
fn Pill(chat: Chat, scroller: LastScroller, is_far: RwSignal<bool>) -> impl IntoView {
    let to_end = move |_| {
        if let Some(Some(scroller)) = scroller.try_get_value() {
            scroller.to_end();
        }
        chat.to_end();
        dom::focus("messages");
    };
    let words = move || match chat.unread.get() {
        0 => "Newest messages".to_owned(),
        1 => "1 new message".to_owned(),
        unread if unread > UNREAD_SHOWN => format!("{}+ new messages", format::count(UNREAD_SHOWN as u64)),
        unread => format!("{unread} new messages"),
    };
    let shows =
        Memo::new(move |_| !chat.at_end.get() && (is_far.get() || chat.unread.get() > 0 || !chat.follows.get()));
    part(move || {
        shows.get().then(|| {
            view! {
                <button type="button" class="transcript__new" on:click=handler(to_end)>
                    {small_icon("down")}<span class="num">{part(words)}</span>
                </button>
            }
        })
    })
}
