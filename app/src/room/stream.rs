//! The stream. It is made once when the room opens, and nothing that happens to the chat can reach it from here: it takes
//! an address and no signal.

use leptos::prelude::*;

use super::source::Source;
use super::video::Video;
use crate::icon::icon;
use crate::visit::Visit;

/// The stage: the picture, or a calm word where none is.
#[component]
pub fn Stream(
    /// Where the stream is; none when the event has none.
    address: Option<String>,
    /// What floats over the picture.
    children: Children,
) -> impl IntoView {
    let over = children();
    match address.and_then(|address| Source::of(&address).map(|source| (source, address))) {
        Some((Source::Frame, address)) => view! { <Frame address over/> }.into_any(),
        Some((source, address)) => view! { <Video address is_hls={source == Source::Hls} over/> }.into_any(),
        None => {
            view! {
                <div class="stream">
                    <div class="stream__cover"><div class="stream__note">{icon("lamp")}<b>"No stream tonight"</b><span>"The room is the show."</span></div></div>
                    {over}
                </div>
            }
            .into_any()
        }
    }
}

/// A player that is not ours, kept in its frame: it may run its scripts, and neither see nor move this page.
#[component]
fn Frame(address: String, over: AnyView) -> impl IntoView {
    let visit: Visit = expect_context();
    let sandbox = if is_ours(&address) {
        "allow-scripts allow-presentation"
    } else {
        "allow-scripts allow-same-origin allow-presentation"
    };
    view! {
        <div class="stream stream--frame">
            <iframe
                class="stream__picture" title=format!("Stream: {}", visit.title()) sandbox=sandbox referrerpolicy="no-referrer"
                allow="autoplay; encrypted-media; picture-in-picture" allowfullscreen="" src=address
            ></iframe>
            {over}
        </div>
    }
}

/// Whether an address is of this page's own origin, where `allow-same-origin` would undo the sandbox. What cannot be read
/// is treated as ours.
fn is_ours(address: &str) -> bool {
    let here = location().href().unwrap_or_default();
    let origin = web_sys::Url::new_with_base(address, &here).map(|url| url.origin());
    origin.is_ok_and(|origin| Ok(origin) == location().origin()) || address.starts_with('/')
}
