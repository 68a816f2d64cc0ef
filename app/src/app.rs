//! The page as a whole: which address was opened, and which of its pages is shown.

use crate::part::{part, watch};
use leptos::prelude::*;

use crate::dom;
use crate::front::{Front, NothingHere};
use crate::gate::Gate;
use crate::nickname::NicknamePage;
use crate::page::{Page, Route};
use crate::program::{Fetching, Later, Program, Programs};
use crate::visit::Visit;

/// What an address shows, by this program.
pub fn show(route: Route, here: Program) -> AnyView {
    match route {
        Route::Front => view! { <Front/> }.into_any(),
        Route::Event(slug) | Route::Stage(slug) => view! { <EventPage slug programs=Programs::new(here)/> }.into_any(),
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
fn EventPage(slug: String, programs: Programs) -> impl IntoView {
    let visit = Visit::new(slug);
    provide_context(visit);
    provide_context(programs);
    programs.enter(visit);
    visit.attend();
    programs.attend(visit);
    let face = Memo::new(move |before: Option<&Face>| match visit.page.get() {
        Page::Loading => Face::Boot,
        Page::Nickname => Face::Nickname,
        Page::Room => match programs.next(visit) {
            None => Face::Room,
            Some(next) if waits(programs, next) => before.copied().unwrap_or(Face::Boot),
            Some(_) => Face::Gate,
        },
        Page::Missing | Page::Broken | Page::Gate | Page::TakenOver { .. } | Page::Revoked | Page::Over => Face::Gate,
    });
    watch(move || dom::set_title(&title(visit)));
    watch(move || {
        if face.get() != Face::Boot {
            dom::end_boot();
            programs.tell_open();
        }
    });
    part(move || match face.get() {
        Face::Boot => ().into_any(),
        Face::Gate => {
            if programs.here.room.is_none() && visit.page.get_untracked() == Page::Gate {
                programs.room.foresee();
            }
            view! { <Gate/> }.into_any()
        }
        Face::Nickname => view! { <NicknamePage/> }.into_any(),
        Face::Room => programs.here.room.map_or_else(|| ().into_any(), |room| room()),
    })
}

/// Whether what is shown stays until the next program takes over. The room opens once, with the desk in it, if that takes
/// no more than a moment.
fn waits(programs: Programs, next: Later) -> bool {
    programs.here.room.is_some() || next.fetching.get() == Fetching::Loaded
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
