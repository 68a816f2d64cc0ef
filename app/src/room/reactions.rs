//! Reactions: one tap, or held for a burst. The counts are the room's; own taps are in them at once. What is tapped floats
//! along the edge of the stream.

use std::time::Duration;

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;
use wire::Capability;

use crate::chat::Chat;
use crate::chat::feelings::{Feelings, TAP_MILLIS};
use crate::chat::session::Shown;
use crate::format;
use crate::part::{handler, part};

/// Taps of others are told four times a second: they float up spread over that time, in milliseconds.
const TELLING_MILLIS: f64 = 250.0;

#[wasm_bindgen(module = "/src/room/floats.js")]
extern "C" {
    fn float(stage: &HtmlElement, emoji: &str, count: f64, within: f64);
}

/// The edge of the stream where emoji float.
#[component]
pub fn Floats(chat: Chat) -> impl IntoView {
    let stage = NodeRef::<html::Div>::new();
    chat.on_floats(move |emoji, count, is_own| {
        if let Some(Some(stage)) = stage.try_get_untracked() {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            float(&stage, emoji, count as f64, if is_own { 0.0 } else { TELLING_MILLIS });
        }
    });
    view! { <div class="floats" aria-hidden="true" node_ref=stage></div> }
}

/// A burst: the emoji whose button is held down is tapped again and again.
#[derive(Clone, Copy)]
struct Burst {
    chat: Chat,
    timer: StoredValue<Option<IntervalHandle>, LocalStorage>,
}

impl Burst {
    fn begin(self, emoji: String) {
        self.end();
        self.chat.react(&emoji);
        let chat = self.chat;
        let timer = set_interval_with_handle(move || chat.react(&emoji), Duration::from_millis(TAP_MILLIS));
        self.timer.set_value(timer.ok());
    }

    fn end(self) {
        if let Some(Some(timer)) = self.timer.try_update_value(Option::take) {
            timer.clear();
        }
    }
}

/// The bar of reactions under the stream.
#[component]
pub fn ReactionBar(chat: Chat) -> impl IntoView {
    let burst = Burst {
        chat,
        timer: StoredValue::new_local(None),
    };
    // Wherever the finger goes up, and also when its button is gone by then.
    let ends = ["pointerup", "pointercancel", "blur"];
    let ends = ends.map(|event| window_event_listener_untyped(event, move |_| burst.end()));
    on_cleanup(move || {
        burst.end();
        ends.into_iter().for_each(WindowListenerHandle::remove);
    });
    let offered = Memo::new(move |_| {
        let may = chat.capabilities.with(|all| all.contains(&Capability::React));
        chat.feelings
            .with(|feelings| may.then(|| feelings.offered.clone()))
            .unwrap_or_default()
    });
    // Keys count where the focus is in the bar: elsewhere they are somebody else's.
    let pressed = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let place = event.key().parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        if let Some(emoji) = place.and_then(|place| offered.with_untracked(|all| all.get(place).cloned())) {
            chat.react(&emoji);
        }
    };
    // Its place is kept until the room says what it offers: nothing moves then.
    let has_none = move || chat.room.with(Option::is_some) && offered.with(Vec::is_empty);
    let is_off = Memo::new(move |_| chat.link.get() != Shown::Quiet);
    view! {
        <div
            class="reactions" role="group" aria-label="React" hidden=has_none
            class:reactions--off=move || is_off.get() on:keydown=handler(pressed)
            on:pointerleave=handler(move |_: PointerEvent| burst.end()) on:contextmenu=handler(|event: MouseEvent| event.prevent_default())
        >
            {part(move || offered.get().into_iter().map(|emoji| button(burst, emoji, is_off)).collect::<Vec<_>>())}
        </div>
    }
}

fn button(burst: Burst, emoji: String, is_off: Memo<bool>) -> AnyView {
    let (held, tapped, shown) = (emoji.clone(), emoji.clone(), emoji.clone());
    let total = Memo::new(move |_| burst.chat.feelings.with(|feelings: &Feelings| feelings.total(&shown)));
    let press = move |event: PointerEvent| {
        if event.button() == 0 {
            burst.begin(held.clone());
        }
    };
    // Pointers tap when they go down; what else clicks is a key, held or not, or a helper.
    let click = move |event: MouseEvent| {
        if event.detail() == 0 {
            burst.chat.react(&tapped);
        }
    };
    view! {
        <button
            type="button" class="reaction" aria-disabled=move || is_off.get().then_some("true")
            on:pointerdown=handler(press) on:click=handler(click)
        >
            <span class="reaction__emoji">{emoji}</span>
            <span class="reaction__count num">{part(move || format::short(total.get()))}</span>
        </button>
    }
    .into_any()
}
