//! The form for a nickname: checked while it is typed, claimed when it is sent. It stands on a page of its own at first,
//! and in a dialog over the room later.

use std::time::Duration;

use crate::part::{handler, part};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::{ProblemCode, limits};

use super::check::{Check, Questions};
use crate::api;
use crate::icon::{icon, waiting_lamps};
use crate::visit::Visit;

/// The server is asked when nothing was typed for this long.
const ASK_AFTER: Duration = Duration::from_millis(250);

/// The nickname being typed. Copies are the same one.
#[derive(Clone, Copy)]
struct Naming {
    visit: Visit,
    typed: RwSignal<String>,
    check: RwSignal<Check>,
    claiming: RwSignal<bool>,
    questions: StoredValue<Questions>,
    timer: StoredValue<Option<TimeoutHandle>>,
    done: Callback<()>,
}

/// The form.
#[component]
pub fn NicknameForm(
    /// Called with the nickname claimed.
    done: Callback<()>,
) -> impl IntoView {
    let visit: Visit = expect_context();
    let naming = Naming {
        visit,
        typed: RwSignal::new(visit.nickname.get_untracked().unwrap_or_default()),
        check: RwSignal::default(),
        claiming: RwSignal::new(false),
        questions: StoredValue::default(),
        timer: StoredValue::default(),
        done,
    };
    on_cleanup(move || naming.stop_timer());
    let field = move || match naming.check.get() {
        Check::Free => "nickname__field good",
        Check::Refused { .. } | Check::Fixed => "nickname__field bad",
        _ => "nickname__field",
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        naming.claim();
    };
    view! {
        <form class="nickname__form" on:submit=handler(submit) novalidate>
            <label class="label" for="nickname">"Nickname"</label>
            <div class=field>
                <input
                    id="nickname" class="input" maxlength=limits::NICKNAME_BYTES autocomplete="nickname" dir="auto"
                    spellcheck="false" enterkeyhint="go" aria-describedby="nickname-status"
                    aria-invalid=move || matches!(naming.check.get(), Check::Refused { .. }).then_some("true")
                    prop:value=move || naming.typed.get()
                    on:input=handler(move |event| naming.type_in(event_target_value(&event)))
                />
                {part(move || mark(&naming.check.get()))}
            </div>
            {part(move || status(&naming.check.get(), &visit.artist()))}
            {part(move || suggestions(naming))}
            <Preview naming/>
            <button
                class="button button--wide"
                class:button--lamp=move || naming.may_claim()
                disabled=move || !naming.may_claim()
            >
                "Walk in"
            </button>
        </form>
    }
}

impl Naming {
    fn may_claim(self) -> bool {
        self.check.with(Check::may_claim) && !self.claiming.get()
    }

    /// What was typed changed: it is checked once the typing pauses.
    fn type_in(self, typed: String) {
        let number = self.ask();
        let is_nothing = typed.trim().is_empty();
        self.typed.set(typed);
        if is_nothing {
            self.check.set(Check::Nothing);
            return;
        }
        self.check.set(Check::Asking);
        self.timer
            .set_value(set_timeout_with_handle(move || self.look(number), ASK_AFTER).ok());
    }

    fn look(self, number: u32) {
        spawn_local(async move {
            let typed = self.typed.get_untracked();
            let answer = api::try_nickname(&self.visit.slug(), &typed).await;
            match answer {
                Ok(answer) => self.settle(number, Check::from_try(answer)),
                Err(trouble) => self.troubled(number, &trouble),
            }
        });
    }

    fn claim(self) {
        if !self.check.with_untracked(Check::may_claim) || self.claiming.get_untracked() {
            return;
        }
        let number = self.ask();
        let member = self.visit.member();
        self.claiming.set(true);
        self.visit.claims.update(|claims| *claims += 1);
        spawn_local(async move {
            let answer = api::claim_nickname(&self.visit.slug(), self.typed.get_untracked()).await;
            // The server has the name now, whether or not the form is still there.
            if let Ok(view) = &answer
                && self.visit.member() == member
            {
                self.visit.nickname.set(Some(view.nickname.clone()));
            }
            self.visit.claims.update(|claims| *claims -= 1);
            if self.claiming.try_set(false).is_some() {
                return; // the form is gone
            }
            match answer {
                Ok(_) => self.done.run(()),
                Err(trouble) => self.troubled(number, &trouble),
            }
        });
    }

    /// No name, and perhaps no seat any more. Who is banned goes on to the room, which says so.
    fn troubled(self, number: u32, trouble: &api::Trouble) {
        if self.check.is_disposed() {
            return;
        }
        if trouble.code() == Some(ProblemCode::Banned) {
            self.done.run(());
        } else if !self.visit.is_sent_out(trouble) {
            self.settle(number, Check::from_problem(trouble.problem()));
        }
    }

    /// Takes an answer, if it is still the one that counts.
    fn settle(self, number: u32, check: Check) {
        let counts = self.questions.try_with_value(|questions| questions.counts(number));
        if counts == Some(true) {
            self.check.set(check);
        }
    }

    fn ask(self) -> u32 {
        self.stop_timer();
        self.questions.try_update_value(Questions::ask).unwrap_or_default()
    }

    fn stop_timer(self) {
        if let Some(Some(timer)) = self.timer.try_update_value(Option::take) {
            timer.clear();
        }
    }
}

/// What stands at the end of the field.
fn mark(check: &Check) -> Option<AnyView> {
    match check {
        Check::Nothing | Check::Unsure => None,
        Check::Asking => Some(waiting_lamps(5)),
        Check::Free => Some(icon("check")),
        Check::Refused { .. } | Check::Fixed => Some(icon("alert")),
    }
}

fn status(check: &Check, artist: &str) -> AnyView {
    let class = match check {
        Check::Free => "nickname__status good",
        Check::Refused { .. } | Check::Fixed => "nickname__status bad",
        _ => "nickname__status",
    };
    let (word, rest) = check.words(artist);
    view! { <p class=class id="nickname-status" role="status"><b>{word}</b>" "{rest}</p> }.into_any()
}

fn suggestions(naming: Naming) -> Option<AnyView> {
    let names = naming.check.with(|check| check.suggestions().to_vec());
    if names.is_empty() {
        return None;
    }
    let buttons: Vec<_> = names
        .into_iter()
        .map(|name| {
            let pick = name.clone();
            view! { <li><button type="button" class="button" on:click=handler(move |_| naming.type_in(pick.clone()))><bdi>{name}</bdi></button></li> }
        })
        .collect();
    Some(view! { <fieldset class="nickname__suggest"><legend class="eyebrow">"These are free"</legend><ul>{buttons}</ul></fieldset> }.into_any())
}

#[component]
fn Preview(naming: Naming) -> impl IntoView {
    part(move || {
        let shows = matches!(naming.check.get(), Check::Free | Check::Asking | Check::Unsure);
        shows.then(|| {
            view! {
                <figure class="nickname__preview">
                    <figcaption class="eyebrow">"How the room will see you"</figcaption>
                    <p class="message__who"><bdi>{part(move || naming.typed.get())}</bdi></p>
                    <p class="message__text">"is this the queue for the front row"</p>
                </figure>
            }
        })
    })
}
