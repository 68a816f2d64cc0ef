//! Why nothing can be sent for now, and for how long: above the field, which stays.

use crate::part::{handler, part};
use leptos::prelude::*;

use crate::chat::Chat;
use crate::chat::pace::Wait;
use crate::dom;
use crate::icon::{lamps, small_icon};

/// Lamps of the countdown.
const LAMPS: u32 = 10;

/// What kind of wait it is: the words of each stay as they are while the seconds pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slow,
    Muted,
    Paused,
}

/// The wait, in words and lamps. Its region is always there, so that a screen reader hears what comes into it; the seconds
/// are for the eyes.
#[component]
pub fn WaitNote(
    chat: Chat,
    /// Whether the draft goes out by itself.
    goes_out: RwSignal<bool>,
) -> impl IntoView {
    let kind = Memo::new(move |_| {
        let kind = match chat.wait.get()? {
            Wait::Slow { .. } => Kind::Slow,
            Wait::Muted { .. } => Kind::Muted,
            Wait::Paused => Kind::Paused,
        };
        Some((kind, goes_out.get() || chat.waiting.get()))
    });
    let hold = move |_| {
        goes_out.set(false);
        chat.hold();
        dom::focus("say");
    };
    let note = move |(kind, goes)| {
        let words = match kind {
            Kind::Slow if goes => {
                view! { {countdown(chat)}<span class="num">"Slow mode, goes out in "{left(chat)}</span> }.into_any()
            }
            Kind::Slow => {
                view! { {countdown(chat)}<span class="num">"Slow mode, you can send in "{left(chat)}</span> }.into_any()
            }
            Kind::Muted => view! {
                {small_icon("clock")}
                <span class="num">"A moderator muted you. You can send again in "{left(chat)}</span>
            }
            .into_any(),
            Kind::Paused => view! {
                {small_icon("pause")}
                <span>"The crew has paused the chat for a moment. Your draft is safe."</span>
            }
            .into_any(),
        };
        let hold = goes
            .then(|| view! { <button type="button" class="link" on:click=handler(hold)>"Hold it instead"</button> });
        view! { <div class="composer__slow">{words}{hold}</div> }
    };
    view! {
        <div role="status" id="wait">
            {part(move || {
                let kind = kind.get();
                dom::keep_focus("#wait", dom::focus_on);
                kind.map(note)
            })}
        </div>
    }
}

/// What is left: to the second for the eyes, and in round words, once, for the ears.
fn left(chat: Chat) -> AnyView {
    let seconds = move || match chat.wait.get() {
        Some(Wait::Slow { seconds, .. } | Wait::Muted { seconds }) => seconds,
        Some(Wait::Paused) | None => 0,
    };
    let counted = move || match (chat.wait.get(), seconds()) {
        (Some(Wait::Slow { .. }), seconds @ ..60) => format!("{seconds} s"),
        (_, seconds) => clock(seconds),
    };
    let round = about(untrack(seconds));
    view! { <b aria-hidden="true">{part(counted)}</b><span class="unseen">" "{round}</span> }.into_any()
}

/// A time in words that stay true for a while.
fn about(seconds: u64) -> String {
    let (number, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3_600 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    format!("about {number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn countdown(chat: Chat) -> AnyView {
    let on = move || match chat.wait.get() {
        Some(Wait::Slow { seconds, of }) => lit(seconds, of),
        _ => 0,
    };
    lamps("", LAMPS, on)
}

/// Lamps that are on with so many seconds left: the last one goes out with the wait.
fn lit(seconds: u64, of: u64) -> u32 {
    let on = (seconds * u64::from(LAMPS)).div_ceil(of.max(1));
    u32::try_from(on).unwrap_or(LAMPS).min(LAMPS)
}

/// What is left, in as few signs as can be: for a button.
pub fn digits(seconds: u64) -> String {
    if seconds < 60 {
        seconds.to_string()
    } else {
        clock(seconds)
    }
}

/// Minutes and seconds, after an hour hours too.
fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_is_told_as_a_clock_tells_it() {
        assert_eq!([5, 521, 3_661].map(clock), ["0:05", "8:41", "1:01:01"]);
    }

    #[test]
    fn who_listens_is_told_a_round_time() {
        assert_eq!(
            [1, 30, 60, 521, 3_661].map(about),
            [
                "about 1 second",
                "about 30 seconds",
                "about 1 minute",
                "about 9 minutes",
                "about 2 hours"
            ]
        );
    }

    #[test]
    fn a_long_wait_is_told_in_minutes_on_the_button_too() {
        assert_eq!([9, 59, 60, 297].map(digits), ["9", "59", "1:00", "4:57"]);
    }

    #[test]
    fn the_last_lamp_goes_out_with_the_wait() {
        assert_eq!(
            [30, 29, 27, 4, 1, 0].map(|seconds| lit(seconds, 30)),
            [10, 10, 9, 2, 1, 0]
        );
        assert_eq!((lit(1, 3), lit(0, 0)), (4, 0));
    }
}
