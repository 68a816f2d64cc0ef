//! Leaving the seat. The server is told again and again until it answers, also after a reload: a seat that is left without
//! a network would stay taken. Whoever shows a ticket in the meantime ends that, so that no late call frees a new seat.

use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::Visit;
use crate::tries::{Tries, is_passing};
use crate::{api, clock};

/// What is owed to the server.
#[derive(Default)]
pub struct Leaving {
    tries: Option<Tries>,
    /// Whether it is also kept in storage, where another tab can end it.
    is_kept: bool,
    /// The newest call.
    call: Option<Promise>,
}

impl Visit {
    /// Tells the server that the seat was left, from now on until it answers.
    pub fn tell_of_leaving(self) {
        let kept = self.kept();
        kept.keep_leaving(true);
        self.leaving.update_value(|leaving| {
            leaving.is_kept = kept.is_leaving();
            leaving.tries = Some(Tries::default());
        });
        self.tell();
    }

    /// Keeps telling, as long as the current owner lives.
    pub(super) fn keep_telling(self) {
        clock::every(Duration::from_secs(1), move || self.tell());
        let online = window_event_listener_untyped("online", move |_| {
            self.with_tries(Tries::hurry);
            self.tell();
        });
        on_cleanup(move || online.remove());
    }

    /// A ticket is about to be shown: tells no more, and waits for the answer to what was told already. Says whether the
    /// seat may still be taken, so that it is to be told on if the ticket opens nothing.
    pub async fn stop_leaving(self) -> bool {
        let may_be_taken = self.with_tries(|_| ()).is_some();
        self.settle_leaving();
        let call = self.leaving.try_update_value(|leaving| leaving.call.take());
        if let Some(call) = call.flatten() {
            let _ = JsFuture::from(call).await;
        }
        may_be_taken
    }

    fn tell(self) {
        if self.leaving.with_value(|leaving| leaving.is_kept) && !self.kept().is_leaving() {
            self.settle_leaving();
        }
        if self.with_tries(|tries| tries.begin(clock::monotonic())) != Some(true) {
            return;
        }
        let call = future_to_promise(async move {
            match api::leave(&self.slug()).await {
                Err(trouble) if is_passing(trouble.problem()) => self.tell_later(&trouble),
                _ => self.settle_leaving(),
            }
            Ok(JsValue::UNDEFINED)
        });
        self.leaving.update_value(|leaving| leaving.call = Some(call));
    }

    fn tell_later(self, trouble: &api::Trouble) {
        let wish = trouble.problem().and_then(|problem| problem.retry_after_ms);
        self.with_tries(|tries| tries.failed(wish, clock::monotonic(), clock::random()));
    }

    /// Nothing is owed any more.
    fn settle_leaving(self) {
        self.leaving.update_value(|leaving| {
            leaving.tries = None;
            leaving.is_kept = false;
        });
        self.kept().keep_leaving(false);
    }

    fn with_tries<T>(self, act: impl FnOnce(&mut Tries) -> T) -> Option<T> {
        self.leaving
            .try_update_value(|leaving| leaving.tries.as_mut().map(act))
            .flatten()
    }
}
