//! A `<video>` with the few controls that a live stream needs. It starts by itself without sound, as browsers allow, and
//! comes back by itself when it breaks.

use std::time::Duration;

use crate::part::{handler, part, watch};
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlVideoElement;

use super::hls::{self, Player};
use crate::chat::reconnect;
use crate::clock;
use crate::icon::{icon, small_icon, solid_icon, waiting_lamps};
use crate::visit::Visit;

/// A clip shorter than this is a loop, in seconds: it is shown for its own sake.
const LOOP_UNDER: f64 = 120.0;

/// What stands over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cover {
    /// The first picture is on its way.
    Coming,
    /// Nothing: it plays, or was paused.
    Open,
    /// The browser wants a tap first.
    Blocked,
    /// It broke.
    Broken,
}

/// What plays, and how. Copies are the same one.
#[derive(Clone, Copy)]
struct Playing {
    video: NodeRef<html::Video>,
    address: StoredValue<String>,
    is_hls: bool,
    player: StoredValue<Option<Player>, LocalStorage>,
    cover: RwSignal<Cover>,
    muted: RwSignal<bool>,
    paused: RwSignal<bool>,
    /// Nobody has touched the sound yet.
    silent_start: RwSignal<bool>,
    failures: StoredValue<u32>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

/// A stream that plays in a `<video>`.
#[component]
pub fn Video(
    address: String,
    is_hls: bool,
    /// What floats over the picture.
    over: AnyView,
) -> impl IntoView {
    let visit: Visit = expect_context();
    let frame = NodeRef::<html::Div>::new();
    let playing = Playing {
        video: NodeRef::new(),
        address: StoredValue::new(address),
        is_hls,
        player: StoredValue::new_local(None),
        cover: RwSignal::new(Cover::Coming),
        muted: RwSignal::new(true),
        paused: RwSignal::new(true),
        silent_start: RwSignal::new(true),
        failures: StoredValue::new(0),
        timer: StoredValue::new(None),
    };
    watch(move || {
        if playing.video.get().is_some() {
            playing.load();
        }
    });
    on_cleanup(move || playing.stop_timer());
    view! {
        <div class="stream" node_ref=frame>
            <video
                class="stream__picture" playsinline="" muted="" autoplay="" tabindex="0" node_ref=playing.video
                aria-label=move || format!("Stream: {}", visit.title())
                on:loadedmetadata=handler(move |_| playing.loaded())
                on:playing=handler(move |_| playing.plays())
                on:play=handler(move |_| playing.paused.set(false))
                on:pause=handler(move |_| playing.paused.set(true))
                on:volumechange=handler(move |_| playing.sound_changed())
                on:error=handler(move |_| playing.broke())
                on:click=handler(move |_| playing.toggle())
                on:keydown=handler(move |event: KeyboardEvent| if event.key() == " " { event.prevent_default(); playing.toggle(); })
            ></video>
            {part(move || cover(playing))}
            {part(move || (playing.silent_start.get() && playing.cover.get() == Cover::Open).then(|| view! {
                <button type="button" class="stream__unmute" on:click=handler(move |_| playing.set_muted(false))>{icon("mute")}"Turn the sound on"</button>
            }))}
            {over}
            <div class="stream__bar">
                {part(move || since_start(visit))}
                <span class="stream__gap"></span>
                <button type="button" class="icon-button" aria-label=move || if playing.paused.get() { "Play" } else { "Pause" } on:click=handler(move |_| playing.toggle())>
                    {part(move || icon(if playing.paused.get() { "play" } else { "pause" }))}
                </button>
                <button
                    type="button" class="icon-button" aria-label=move || if playing.muted.get() { "Sound is off" } else { "Sound is on" }
                    on:click=handler(move |_| playing.set_muted(!playing.muted.get_untracked()))
                >
                    {part(move || icon(if playing.muted.get() { "mute" } else { "sound" }))}
                </button>
                <button type="button" class="icon-button" aria-label="Full screen" on:click=handler(move |_| playing.fill_screen(frame))>{icon("full")}</button>
            </div>
        </div>
    }
}

fn cover(playing: Playing) -> Option<AnyView> {
    match playing.cover.get() {
        Cover::Open => None,
        Cover::Coming => Some(
            view! { <div class="stream__cover"><div class="stream__note" role="status">{waiting_lamps(9)}<b>"The picture is on its way"</b></div></div> }
                .into_any(),
        ),
        Cover::Blocked => Some(
            view! {
                <div class="stream__cover">
                    <button type="button" class="stream__play" on:click=handler(move |_| playing.start())>{solid_icon("play")}<span>"Press play"</span></button>
                </div>
            }
            .into_any(),
        ),
        Cover::Broken => Some(
            view! {
                <div class="stream__cover">
                    <div class="stream__note" role="alert">
                        {small_icon("alert")}<b>"The picture stopped"</b>
                        <span>"It comes back by itself as soon as it can."</span>
                        <button type="button" class="button" on:click=handler(move |_| playing.load())>"Try again"</button>
                    </div>
                </div>
            }
            .into_any(),
        ),
    }
}

/// How long the show has been on.
fn since_start(visit: Visit) -> AnyView {
    let now = RwSignal::new(visit.now());
    clock::every(Duration::from_secs(1), move || now.set(visit.now()));
    let starts_at = visit
        .event
        .with_untracked(|event| event.as_ref().map(|event| event.starts_at))
        .unwrap_or_default();
    let since = Memo::new(move |_| now.get().checked_sub(starts_at).map(|since| since / 1_000));
    let shown = move || {
        since.get().map(|seconds| {
            let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let time = if hours > 0 {
                format!("{hours}:{minutes:02}:{seconds:02}")
            } else {
                format!("{minutes}:{seconds:02}")
            };
            view! { <span class="live">"Live"</span><span class="num stream__time">{time}</span> }
        })
    };
    view! { {shown} }.into_any()
}

impl Playing {
    fn video(self) -> Option<HtmlVideoElement> {
        self.video.try_get_untracked().flatten().map(JsCast::unchecked_into)
    }

    /// Loads the stream, and starts it.
    fn load(self) {
        self.stop_timer();
        let Some(video) = self.video() else { return };
        self.cover.set(Cover::Coming);
        video.set_muted(self.muted.get_untracked());
        let address = self.address.get_value();
        if self.is_hls && !hls::is_native(&video) {
            self.load_by_script(video, address);
        } else {
            video.set_src(&address);
            self.start();
        }
    }

    fn load_by_script(self, video: HtmlVideoElement, address: String) {
        self.player.set_value(None);
        spawn_local(async move {
            match Player::play(&video, &address, move || self.broke()).await {
                Ok(player) => {
                    // A room that was left in the meantime drops the player here.
                    self.player.try_set_value(Some(player));
                    self.start();
                }
                Err(_) => self.broke(),
            }
        });
    }

    /// Starts what was loaded. A browser may say no until it is tapped.
    fn start(self) {
        let Some(video) = self.video() else { return };
        let Ok(promise) = video.play() else { return };
        spawn_local(async move {
            let refused = JsFuture::from(promise).await.err();
            let refused = refused.and_then(|error| js_sys::Reflect::get(&error, &"name".into()).ok()?.as_string());
            if refused.as_deref() == Some("NotAllowedError") {
                self.cover.try_set(Cover::Blocked);
            }
        });
    }

    fn loaded(self) {
        if let Some(video) = self.video().filter(|video| video.duration() < LOOP_UNDER) {
            video.set_loop(true);
        }
    }

    fn plays(self) {
        self.cover.set(Cover::Open);
        self.failures.set_value(0);
    }

    /// It broke: it is loaded again after a while, and after a longer one should it break again.
    fn broke(self) {
        let Some(failures) = self.failures.try_get_value() else {
            return;
        };
        self.stop_timer();
        self.cover.set(Cover::Broken);
        self.failures.set_value(failures + 1);
        let wait = reconnect::FIRST_WAIT + reconnect::wait(failures + 2, clock::random());
        self.timer
            .set_value(set_timeout_with_handle(move || self.load(), wait).ok());
    }

    fn toggle(self) {
        let Some(video) = self.video() else { return };
        if video.paused() {
            self.start();
        } else {
            let _ = video.pause();
        }
    }

    fn set_muted(self, muted: bool) {
        if let Some(video) = self.video() {
            video.set_muted(muted);
        }
        self.silent_start.set(false);
    }

    fn sound_changed(self) {
        if let Some(video) = self.video() {
            self.muted.set(video.muted());
        }
    }

    /// The whole stage, with its bar; on iPhones only the video itself can.
    fn fill_screen(self, frame: NodeRef<html::Div>) {
        if document().fullscreen_element().is_some() {
            document().exit_fullscreen();
        } else if let Some(frame) = frame.get_untracked().filter(|_| document().fullscreen_enabled()) {
            let _ = frame.request_fullscreen();
        } else if let Some(video) = self.video() {
            let enter = js_sys::Reflect::get(&video, &"webkitEnterFullscreen".into());
            if let Some(enter) = enter.ok().and_then(|enter| enter.dyn_into::<js_sys::Function>().ok()) {
                let _ = enter.call0(&video);
            }
        }
    }

    fn stop_timer(self) {
        if let Some(Some(timer)) = self.timer.try_update_value(Option::take) {
            timer.clear();
        }
    }
}
