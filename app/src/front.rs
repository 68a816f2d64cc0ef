//! What is at `/`, and at addresses that are no event's. Both say the one thing that helps: the way in is on the ticket.

use leptos::prelude::*;

use crate::dom;
use crate::icon::wordmark;
use crate::theme::ThemeSwitch;

/// The small page at `/`.
#[component]
pub fn Front() -> impl IntoView {
    dom::set_title("Frontrow");
    view! {
        <Poster title="Every seat is the front row">
            <p>"Each event has a page of its own. Its address is on your ticket, beside the code."</p>
        </Poster>
    }
}

/// The page at every address that is none of ours.
#[component]
pub fn NothingHere() -> impl IntoView {
    dom::set_title("Nothing here: Frontrow");
    view! {
        <Poster title="Nothing plays here">
            <p>"This address leads to no event. Check it against your ticket, sign by sign."</p>
        </Poster>
    }
}

#[component]
fn Poster(title: &'static str, children: Children) -> impl IntoView {
    dom::end_boot();
    view! {
        <main class="gate gate--front">
            <div class="gate__beam" aria-hidden="true"></div>
            <header class="gate__head">{wordmark()}<ThemeSwitch/></header>
            <section class="gate__poster">
                <h1 class="gate__title display">{title}</h1>
                <div class="gate__by">{children()}</div>
            </section>
            <footer class="gate__foot"><p>"No account, no e-mail. The code on your ticket is all it takes."</p></footer>
        </main>
    }
}
