//! One visit to one event's page: the event, the seat, and how far inside the visitor is. Shared by all components.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::http::{Admission, EventView};
use wire::{ChatState, Phase, ProblemCode, Role, UnixMillis};

use crate::api::{self, Trouble};
use crate::clock::{self, ServerClock};
use crate::page::Page;
use crate::storage::Kept;

/// A visit. Copies are the same visit.
#[derive(Clone, Copy)]
pub struct Visit {
    /// How far inside the visitor is.
    pub page: RwSignal<Page>,
    /// The event, once it is known.
    pub event: RwSignal<Option<EventView>>,
    /// The seat, as it was when the visitor was let in.
    pub admission: RwSignal<Option<Admission>>,
    /// The nickname, once there is one.
    pub nickname: RwSignal<Option<String>>,
    /// The last four signs of the ticket, when it was typed in this visit.
    pub ticket_end: RwSignal<Option<String>>,
    slug: StoredValue<String>,
    clock: StoredValue<ServerClock>,
}

impl Visit {
    /// A visit to the event `slug`, about which nothing is known yet.
    pub fn new(slug: String) -> Self {
        Self {
            page: RwSignal::new(Page::Loading),
            event: RwSignal::new(None),
            admission: RwSignal::new(None),
            nickname: RwSignal::new(None),
            ticket_end: RwSignal::new(None),
            slug: StoredValue::new(slug),
            clock: StoredValue::new(ServerClock::default()),
        }
    }

    /// The event's name in addresses.
    pub fn slug(self) -> String {
        self.slug.get_value()
    }

    /// What is kept for this event across a reload.
    pub fn kept(self) -> Kept {
        Kept::new(&self.slug())
    }

    /// What the time is on the server.
    pub fn now(self) -> UnixMillis {
        self.clock.get_value().now()
    }

    /// The event's title, or nothing while it is unknown.
    pub fn title(self) -> String {
        self.event
            .with(|event| event.as_ref().map(|event| event.title.clone()).unwrap_or_default())
    }

    /// Who plays.
    pub fn artist(self) -> String {
        self.event
            .with(|event| event.as_ref().map(|event| event.artist.clone()).unwrap_or_default())
    }

    /// Asks for the event and whether this device holds a seat, and goes where the answers lead.
    pub async fn begin(self) {
        if let Err(trouble) = self.fetch_event().await {
            self.page.set(match trouble.code() {
                Some(ProblemCode::EventUnknown | ProblemCode::NotFound) => Page::Missing,
                _ => Page::Broken,
            });
            return;
        }
        if !self.kept().was_seated() {
            self.page.set(if self.is_over() { Page::Over } else { Page::Gate });
            return;
        }
        match api::seat(&self.slug()).await {
            Ok(admission) => self.enter(admission),
            Err(trouble) => self.page.set(self.page_without_seat(&trouble)),
        }
    }

    /// Asks for the event again: its phase changes while the page is open.
    pub async fn fetch_event(self) -> Result<(), Trouble> {
        let event = api::event(&self.slug()).await?;
        self.clock.set_value(ServerClock::set(event.now));
        self.event.set(Some(event));
        Ok(())
    }

    /// The ticket is good: inside, first to the nickname if one is to be chosen.
    pub fn enter(self, admission: Admission) {
        let names_first = admission.nickname.is_none()
            && matches!(admission.chat, ChatState::Ready | ChatState::Paused)
            && admission.role != Role::Artist
            && !self.kept().just_watches();
        self.kept().keep_seated(true);
        self.nickname.set(admission.nickname.clone());
        self.admission.set(Some(admission));
        self.page.set(if names_first { Page::Nickname } else { Page::Room });
    }

    /// The seat is no longer this device's.
    pub fn seat_lost(self) {
        self.kept().keep_seated(false);
        self.page.set(Page::TakenOver { at: clock::device() });
    }

    /// The visitor leaves; the seat is free at once, or when the server can be reached.
    pub fn leave(self) {
        self.kept().keep_just_watching(false);
        self.kept().keep_seated(false);
        self.page.set(Page::Gate);
        spawn_local(async move {
            let _ = api::leave(&self.slug()).await;
        });
    }

    fn page_without_seat(self, trouble: &Trouble) -> Page {
        if matches!(
            trouble.code(),
            None | Some(ProblemCode::Unavailable | ProblemCode::Internal)
        ) {
            return Page::Broken;
        }
        self.kept().keep_seated(false);
        match trouble.code() {
            _ if self.is_over() => Page::Over,
            Some(ProblemCode::EventOver) => Page::Over,
            Some(ProblemCode::TicketRevoked) => Page::Revoked,
            _ => Page::Gate,
        }
    }

    fn is_over(self) -> bool {
        self.event.with_untracked(|event| {
            event
                .as_ref()
                .is_some_and(|event| matches!(event.phase, Phase::Ended | Phase::Archived))
        })
    }
}
