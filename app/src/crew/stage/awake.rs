//! Keeps the screen on, where the browser lets a page do so: asked again whenever the page comes back into view, since the
//! lock ends when it goes.

use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::VisibilityState;

use crate::clock;

/// A lock that the system took is noticed within this time.
const LOOK: Duration = Duration::from_secs(30);

/// Keeps the screen on as long as the current owner lives; the answer is whether it stays on, once that is known.
pub fn keep() -> RwSignal<Option<bool>> {
    let awake = RwSignal::new(None);
    let lock = StoredValue::new_local(None::<JsValue>);
    let hold_on = move || {
        let is_seen = document().visibility_state() == VisibilityState::Visible;
        let is_held = lock
            .try_with_value(|lock| lock.as_ref().is_some_and(is_held))
            .unwrap_or(true);
        if is_seen && !is_held {
            ask(awake, lock);
        }
    };
    hold_on();
    clock::every(LOOK, hold_on);
    let listener = window_event_listener_untyped("visibilitychange", move |_| hold_on());
    on_cleanup(move || {
        listener.remove();
        if let Some(lock) = lock.try_update_value(Option::take).flatten() {
            let _ = call(&lock, "release", &JsValue::UNDEFINED);
        }
    });
    awake
}

fn ask(awake: RwSignal<Option<bool>>, lock: StoredValue<Option<JsValue>, LocalStorage>) {
    spawn_local(async move {
        let answer = request().await;
        let _ = awake.try_set(Some(answer.is_ok()));
        lock.try_set_value(answer.ok());
    });
}

async fn request() -> Result<JsValue, JsValue> {
    let locks = Reflect::get(&window().navigator(), &"wakeLock".into())?;
    let asked: Promise = call(&locks, "request", &"screen".into())?.dyn_into()?;
    JsFuture::from(asked).await
}

fn is_held(lock: &JsValue) -> bool {
    Reflect::get(lock, &"released".into()).is_ok_and(|released| released.is_falsy())
}

fn call(on: &JsValue, name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(on, &name.into())?.dyn_into()?;
    function.call1(on, argument)
}
