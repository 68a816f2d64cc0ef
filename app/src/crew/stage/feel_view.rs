//! How the room feels: seen from the corner of an eye.

use leptos::prelude::*;

use super::Stage;
use super::meter::{BARS, Evening, Feelings, Meter};
use crate::format;

/// The meter of the last minute, what leads in it, and the evening.
#[component]
pub fn Feel() -> impl IntoView {
    let stage: Stage = expect_context();
    let feelings = Memo::new(move |_| stage.meter.with(Meter::feelings));
    let spoken = Memo::new(move |_| stage.meter.with(Meter::spoken));
    let bar = move |place: usize| {
        let height = Memo::new(move |_| stage.meter.with(|meter| meter.height(place)));
        view! { <i style:--v=move || height.get()></i> }
    };
    let mood = move || feelings.get().map_or_else(quiet, loud);
    view! {
        <section class="stage__feel" aria-label="How the room feels">
            {mood}
            <div class="meter" role="img" aria-label=move || spoken.get()>{(0..BARS).map(bar).collect::<Vec<_>>()}</div>
            <p class="meter__axis" aria-hidden="true"><span>"a minute ago"</span><span>"now"</span></p>
            <EveningPlot/>
        </section>
    }
}

fn loud(feelings: Feelings) -> AnyView {
    let others = feelings.others.into_iter().map(|feeling| {
        view! { <li><span>{feeling.emoji}</span>{format::count(feeling.number)}</li> }
    });
    view! {
        <p class="stage__mood"><span>{feelings.leading.emoji}</span><b class="num">{format::count(feelings.leading.number)}</b><small>{feelings.unit}</small></p>
        <ul class="stage__others num">{others.collect::<Vec<_>>()}</ul>
    }
    .into_any()
}

fn quiet() -> AnyView {
    view! { <p class="stage__mood stage__mood--quiet"><small>"No reactions just now"</small></p> }.into_any()
}

#[component]
fn EveningPlot() -> impl IntoView {
    let stage: Stage = expect_context();
    let path = Memo::new(move |_| stage.evening.with(|evening| evening.as_ref().map(Evening::path)));
    let spoken = Memo::new(move |_| stage.evening.with(|evening| evening.as_ref().map(Evening::spoken)));
    view! {
        <svg class="evening" viewBox="0 0 120 30" preserveAspectRatio="none" role="img" aria-label=move || spoken.get().unwrap_or_default()>
            <path d=move || path.get().unwrap_or_else(|| "M0 30L120 30".to_owned())/>
        </svg>
        <p class="evening__axis" aria-hidden="true">"the whole evening"</p>
    }
}
