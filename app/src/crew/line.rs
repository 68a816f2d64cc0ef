//! A line that fans do not see, as a moderator at work sees it: dimmed, with its words and why.

use leptos::prelude::*;
use wire::Role;

use super::Crew;
use crate::chat::transcript::Line;
use crate::format;
use crate::icon::small_icon;

/// Draws it; none while admin mode is off, or where the words are not known.
pub fn line(line: &Line) -> Option<AnyView> {
    let crew = use_context::<Crew>().filter(|crew| crew.works())?;
    let body = line.message.body.as_ref()?;
    let seq = line.message.seq;
    let why = crew.why.with_untracked(|why| why.words(seq, &body.member, body.at));
    let role = match body.role {
        Role::Fan => None,
        role => Some(role.as_str()),
    };
    let drawn = view! {
        <li class="message message--unseen" data-role=role data-seq=seq>
            <p class="message__who">
                <bdi>{body.nickname.clone()}</bdi>
                <time class="message__time num" datetime=format::machine(body.at)><bdi>{format::time(body.at)}</bdi></time>
            </p>
            <p class="message__text" dir="auto">{body.text.clone()}</p>
            <p class="message__why">{small_icon("hide")}<bdi>{why}</bdi></p>
        </li>
    };
    Some(drawn.into_any())
}
