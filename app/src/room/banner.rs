//! The connection, said once and quietly: lost, and back again; and for ears only, what stands in the chat's place.

use std::time::Duration;

use crate::part::part;
use leptos::prelude::*;

use super::off;
use crate::chat::Chat;
use crate::chat::session::Shown;
use crate::icon::{icon, waiting_lamps};

/// How long "back again" is shown.
const BACK_FOR: Duration = Duration::from_secs(3);

/// What the banner says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Offline,
    Reconnecting,
    Back,
    Off(&'static str),
}

impl Says {
    /// What is said of `shown` after `before`; none when it stays as it is.
    fn of(before: Option<Shown>, shown: Shown) -> Option<Self> {
        match (before, shown) {
            (_, Shown::Offline) => Some(Self::Offline),
            (_, Shown::Reconnecting) => Some(Self::Reconnecting),
            (Some(Shown::Offline | Shown::Reconnecting), Shown::Quiet) => Some(Self::Back),
            (Some(Shown::Quiet), Shown::Quiet) => None,
            _ => Some(off::title(shown).map_or(Self::Nothing, Self::Off)),
        }
    }
}

/// The banner above the transcript. Its region is always there, so that a screen reader hears what comes into it.
#[component]
pub fn Banner(chat: Chat) -> impl IntoView {
    let says = RwSignal::new(Says::Nothing);
    let shown = Memo::new(move |_| says.get());
    Effect::new(move |before: Option<Shown>| {
        let shown = chat.link.get();
        if let Some(new) = Says::of(before, shown) {
            says.set(new);
            if new == Says::Back {
                set_timeout(move || clear(says), BACK_FOR);
            }
        }
        shown
    });
    view! {
        <div role="status">
            {part(move || match shown.get() {
                Says::Nothing => None,
                Says::Offline => Some(waiting("You are offline. Your draft is safe.")),
                Says::Reconnecting => Some(waiting("Reconnecting. Your draft is safe.")),
                Says::Off(title) => Some(view! { <p class="unseen">{title}</p> }.into_any()),
                Says::Back => Some(view! { <p class="banner banner--good">{icon("check")}<span>"Back again. Nothing was missed."</span></p> }.into_any()),
            })}
        </div>
    }
}

fn waiting(words: &'static str) -> AnyView {
    view! { <p class="banner">{waiting_lamps(5)}<span>{words}</span></p> }.into_any()
}

fn clear(says: RwSignal<Says>) {
    if says.try_get_untracked() == Some(Says::Back) {
        says.set(Says::Nothing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::session::Ending;

    #[test]
    fn a_loss_is_said_and_so_is_the_return() {
        let lost = [Shown::Offline, Shown::Reconnecting];
        assert!(Says::of(None, Shown::Quiet) == Some(Says::Nothing));
        assert!(Says::of(Some(Shown::Quiet), Shown::Offline) == Some(Says::Offline));
        assert!(Says::of(Some(Shown::Offline), Shown::Reconnecting) == Some(Says::Reconnecting));
        assert!(lost.map(|lost| Says::of(Some(lost), Shown::Quiet)) == [Some(Says::Back); 2]);
        assert!(
            Says::of(Some(Shown::Preparing), Shown::Quiet) == Some(Says::Nothing),
            "no return from anywhere"
        );
        assert!(
            Says::of(Some(Shown::Quiet), Shown::Quiet).is_none(),
            "what is shown goes by itself"
        );
    }

    #[test]
    fn what_stands_in_the_place_of_the_chat_is_said() {
        for shown in [
            Shown::Unavailable { seconds: 3 },
            Shown::Preparing,
            Shown::Ended(Ending::OtherTab),
            Shown::Ended(Ending::Banned),
            Shown::Ended(Ending::Misunderstood),
            Shown::Ended(Ending::ChatOff),
        ] {
            assert!(off::is_off(shown) && matches!(Says::of(Some(Shown::Quiet), shown), Some(Says::Off(_))));
        }
    }
}
