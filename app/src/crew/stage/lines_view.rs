//! What the room says: a few lines, each in a place where nothing moves it.

use leptos::prelude::*;

use super::rota::Said;
use super::{PLACES, Stage, fit, spot_view};

/// The lines.
#[component]
pub fn Lines() -> impl IntoView {
    let stage: Stage = expect_context();
    let is_quiet = Memo::new(move |_| stage.rota.with(super::Rota::is_empty));
    view! {
        <section class="stage__lines" aria-labelledby="room-says">
            <h2 class="stage__label" id="room-says">"The room says"</h2>
            {move || is_quiet.get().then(|| view! { <p class="stage__empty">"The room is quiet."</p> })}
            <ol>{(0..PLACES).map(place).collect::<Vec<_>>()}</ol>
        </section>
    }
}

fn place(place: usize) -> AnyView {
    let stage: Stage = expect_context();
    let shown = Memo::new(move |_| {
        stage.rota.with(|rota| {
            let said = &rota.slot(place)?.said;
            Some((said.clone(), rota.votes_of(said)))
        })
    });
    let said = Memo::new(move |_| shown.with(|shown| shown.as_ref().map(|(said, _)| said.clone())));
    let votes = Memo::new(move |_| shown.with(|shown| shown.as_ref().map_or(0, |(_, votes)| *votes)));
    let line = move || said.get().map(|said| line(said, votes));
    view! { <li class="stage__place">{line}</li> }.into_any()
}

fn line(said: Said, votes: Memo<u64>) -> AnyView {
    let class = if said.to_artist {
        "stage-line stage-line--you"
    } else {
        "stage-line"
    };
    view! {
        <div class=class>
            <p class="stage-line__who"><bdi>{said.nickname}</bdi>{move || spot_view::votes(votes.get())}</p>
            {fit::fitted("stage-line__text", said.text)}
        </div>
    }
    .into_any()
}
