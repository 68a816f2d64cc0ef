//! The transcript in the page: a bounded run of rows, older ones above when the reader goes there, and a pill when
//! something new came while they were reading.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::message;
use super::scroll::Scroller;
use crate::chat::rows::Row;
use crate::chat::{Chat, Older, Painter};
use crate::icon::{small_icon, waiting_lamps};
use crate::visit::Visit;
use crate::{dom, format};

/// More new lines than this are not counted out.
const UNREAD_SHOWN: usize = 999;

/// The transcript.
#[component]
pub fn TranscriptView(chat: Chat) -> impl IntoView {
    let visit: Visit = expect_context();
    let view = NodeRef::<html::Div>::new();
    let list = NodeRef::<html::Ol>::new();
    let scroller = StoredValue::<Option<Rc<Scroller>>, LocalStorage>::new_local(None);
    let is_far = RwSignal::new(false);
    Effect::new(move |_| {
        let (Some(view), Some(list)) = (view.get(), list.get()) else {
            return;
        };
        let made = Scroller::new(view.into(), list.into());
        scroller.set_value(Some(Rc::clone(&made)));
        chat.set_painter(painter(chat, made));
        chat.paint();
    });
    let follow = move |_| {
        if let Some(Some(scroller)) = scroller.try_get_value() {
            let place = scroller.scrolled();
            chat.set_at_end(place.at_end);
            if place.is_far() != is_far.get_untracked() {
                is_far.set(place.is_far());
            }
            fill(chat, &scroller);
        }
    };
    let draw = move |row: Row| {
        let nickname = visit.nickname.get_untracked().unwrap_or_default();
        message::row(row, chat, &nickname)
    };
    view! {
        <div class="transcript">
            <div
                class="transcript__lines" role="log" aria-label="Messages" tabindex="0" id="messages" node_ref=view
                aria-busy=move || (chat.older.get() == Older::Coming).then_some("true")
                on:scroll=follow
            >
                {move || above(chat)}
                <ol node_ref=list><For each=move || chat.rows.get() key=Row::key children=draw/></ol>
            </div>
            {move || is_silent(chat).then(|| view! { <div class="transcript__empty"><p>"Nobody has said anything yet. The first word is yours."</p></div> })}
            <Pill chat scroller is_far/>
        </div>
    }
}

/// Takes new rows: notes what is in view, lets them in, and brings it back.
fn painter(chat: Chat, scroller: Rc<Scroller>) -> Painter {
    Rc::new(move |update| {
        let goes_to_end = chat.at_end.get_untracked();
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
            fill(chat, &scroller);
        });
    })
}

/// Puts more rows in where the reader comes near to an edge.
fn fill(chat: Chat, scroller: &Scroller) {
    let place = scroller.place();
    if place.is_near_top() {
        chat.reach_back();
    } else if place.is_near_bottom() && !place.at_end {
        chat.reach_forward();
    }
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
                    <button type="button" class="link" on:click=move |_| chat.fetch_older()>"Try again"</button>
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
fn Pill(
    chat: Chat,
    scroller: StoredValue<Option<Rc<Scroller>>, LocalStorage>,
    is_far: RwSignal<bool>,
) -> impl IntoView {
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
    move || {
        shows.get().then(|| {
            view! {
                <button type="button" class="transcript__new" on:click=to_end>
                    {small_icon("down")}<span class="num">{words}</span>
                </button>
            }
        })
    }
}
