//! The stage's first line: how long it has been on, how many are here, and whether the connection is.

use leptos::prelude::*;

use super::Stage;
use crate::chat::session::{Ending, Shown};
use crate::format;
use crate::icon::{icon, small_icon};

/// The first line.
#[component]
pub fn Head() -> impl IntoView {
    let stage: Stage = expect_context();
    let chat = stage.chat;
    let people = Memo::new(move |_| chat.online.get().map(format::count));
    let time = Memo::new(move |_| {
        stage.now.track();
        let starts = stage
            .visit
            .event
            .with(|event| event.as_ref().map(|event| event.starts_at))?;
        let now = stage.visit.now();
        Some((now >= starts, watch(now.abs_diff(starts) / 1_000)))
    });
    let on_air = move || {
        time.get().map(|(is_on, time)| {
            let (class, label) = if is_on {
                ("live", "On air")
            } else {
                ("stage__soon", "Starts in")
            };
            view! { <p class="stage__on"><span class=class>{label}</span><b class="num">{time}</b></p> }
        })
    };
    let is_sleepy = Memo::new(move |_| stage.awake.get() == Some(false));
    let light = move || {
        if stage.bright.get() {
            "Dark, for the night"
        } else {
            "Bright, for daylight"
        }
    };
    view! {
        <header class="stage__head">
            {on_air}
            {move || people.get().map(|people| view! { <p class="stage__people"><b class="num">{people}</b>" "<span>"in the room"</span></p> })}
            <span class="stage__gap"></span>
            {move || is_sleepy.get().then(|| view! { <p class="stage__sleepy" role="status">"This screen may go to sleep."</p> })}
            <Link/>
            <button type="button" class="icon-button stage__tool" aria-label=light aria-keyshortcuts="d" on:click=move |event| { super::let_go(&event); stage.switch_light(); }>
                {move || icon(if stage.bright.get() { "moon" } else { "sun" })}
            </button>
            <button type="button" class="icon-button stage__tool" aria-label="Keys and settings" aria-keyshortcuts="?" on:click=move |_| stage.help.set(true)>
                {icon("help")}
            </button>
        </header>
    }
}

/// The connection: quiet while it is there.
#[component]
fn Link() -> impl IntoView {
    let stage: Stage = expect_context();
    let chat = stage.chat;
    let is_here = Memo::new(move |_| chat.room.with(Option::is_some));
    let is_lost = Memo::new(move |_| stage.lost.with(Option::is_some));
    let words = Memo::new(move |_| {
        let since = stage.lost.get();
        let seconds = since.map_or(0, |since| stage.now.get().saturating_sub(since) / 1_000);
        match chat.link.get() {
            Shown::Quiet if is_here.get() => "Connected".to_owned(),
            Shown::Quiet => "Connecting".to_owned(),
            shown => lost_words(shown, seconds),
        }
    });
    let spoken = move || match (is_lost.get(), is_here.get()) {
        (true, _) => "The connection is lost. It comes back by itself.",
        (false, true) => "Connected",
        (false, false) => "",
    };
    let is_elsewhere = Memo::new(move |_| chat.link.get() == Shown::Ended(Ending::OtherTab));
    let class = move || {
        if is_lost.get() {
            "stage__link stage__link--lost num"
        } else {
            "stage__link num"
        }
    };
    view! {
        <p class="unseen" role="status">{spoken}</p>
        <p class=class>
            {move || small_icon(if is_lost.get() { "offline" } else { "check" })}
            <span aria-hidden="true">{move || words.get()}</span>
        </p>
        {move || is_elsewhere.get().then(|| view! { <button type="button" class="button" on:click=move |_| chat.start()>"Use it here"</button> })}
    }
}

fn lost_words(shown: Shown, seconds: u64) -> String {
    match shown {
        Shown::Offline => format!("No network for {seconds} s"),
        Shown::Quiet | Shown::Reconnecting => format!("Out for {seconds} s, coming back"),
        Shown::Unavailable { seconds: next } => format!("Out for {seconds} s, trying in {next} s"),
        Shown::Preparing => "The chat is being made ready".to_owned(),
        Shown::Ended(Ending::OtherTab) => "The stage is open in another tab".to_owned(),
        Shown::Ended(_) => "The chat is closed here".to_owned(),
    }
}

/// Seconds as on a stopwatch: `41:08`, `1:04:30`.
fn watch(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_shows_hours_when_there_are_some() {
        assert_eq!([watch(8), watch(2_468), watch(3_870)], ["00:08", "41:08", "1:04:30"]);
    }

    #[test]
    fn a_lost_connection_says_for_how_long_and_what_comes() {
        assert_eq!(lost_words(Shown::Reconnecting, 12), "Out for 12 s, coming back");
        assert_eq!(
            lost_words(Shown::Unavailable { seconds: 4 }, 30),
            "Out for 30 s, trying in 4 s"
        );
    }
}
