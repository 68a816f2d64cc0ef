//! The page as a whole: which address was opened, and which of its pages is shown.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::dom;
use crate::front::{Front, NothingHere};
use crate::gate::Gate;
use crate::nickname::NicknamePage;
use crate::page::{Page, Route};
use crate::room::Room;
use crate::visit::Visit;

/// What an address shows.
pub fn show(route: Route) -> AnyView {
    match route {
        Route::Front => view! { <Front/> }.into_any(),
        Route::Event(slug) => view! { <EventPage slug/> }.into_any(),
        Route::Unknown => view! { <NothingHere/> }.into_any(),
    }
}

/// The three faces of an event's page. Within one, its parts stay: a stream that plays is never made anew.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Boot,
    Gate,
    Nickname,
    Room,
}

#[component]
fn EventPage(slug: String) -> impl IntoView {
    let visit = Visit::new(slug);
    provide_context(visit);
    visit.attend();
    spawn_local(visit.begin());
    let face = Memo::new(move |_| match visit.page.get() {
        Page::Loading => Face::Boot,
        Page::Nickname => Face::Nickname,
        Page::Room => Face::Room,
        Page::Missing | Page::Broken | Page::Gate | Page::TakenOver { .. } | Page::Revoked | Page::Over => Face::Gate,
    });
    Effect::new(move |_| dom::set_title(&title(visit)));
    Effect::new(move |_| {
        if face.get() != Face::Boot {
            dom::end_boot();
        }
    });
    move || match face.get() {
        Face::Boot => ().into_any(),
        Face::Gate => view! { <Gate/> }.into_any(),
        Face::Nickname => view! { <NicknamePage/> }.into_any(),
        Face::Room => view! { <Room/> }.into_any(),
    }
}

fn title(visit: Visit) -> String {
    let title = visit.title();
    match visit.page.get() {
        Page::Loading => "Frontrow".to_owned(),
        Page::Missing => "Nothing plays here".to_owned(),
        Page::Broken => "No connection".to_owned(),
        Page::Gate => format!("{title}: take your seat"),
        Page::TakenOver { .. } => format!("{title}: your seat moved"),
        Page::Revoked => format!("{title}: ticket taken back"),
        Page::Over => format!("{title}: the show is over"),
        Page::Nickname => format!("{title}: your nickname"),
        Page::Room => format!("{title}: {}", visit.artist()),
    }
}
