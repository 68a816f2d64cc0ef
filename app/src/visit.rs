//! One visit to one event's page: the event, the seat, and how far inside the visitor is. Shared by all components.

pub mod baton;
mod leaving;

use leptos::prelude::*;
use wire::http::{Admission, EventView};
use wire::{ChatState, MemberId, Phase, ProblemCode, Role, UnixMillis, code};

use self::leaving::Leaving;
use crate::api::{self, Trouble};
use crate::clock::{self, ServerClock};
use crate::desk;
use crate::dom;
use crate::gate::fragment;
use crate::page::Page;
use crate::storage::{Draft, Kept};
use crate::tries::is_passing;

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
    /// The code in the gate's field, typed or brought by a link.
    pub code: RwSignal<String>,
    /// The line being written. It outlives the field, and does not need the storage.
    pub draft: RwSignal<String>,
    /// Whether it is a question to the artist.
    pub question: RwSignal<bool>,
    /// So many claims of a nickname are not answered yet.
    pub claims: RwSignal<u32>,
    /// The last four signs of the ticket.
    pub ticket_end: RwSignal<Option<String>>,
    leaving: StoredValue<Leaving, LocalStorage>,
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
            code: RwSignal::default(),
            draft: RwSignal::default(),
            question: RwSignal::new(false),
            claims: RwSignal::new(0),
            leaving: StoredValue::new_local(Leaving::default()),
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

    /// Listens to the address and to the network, as long as the current owner lives.
    pub fn attend(self) {
        self.take_code_from_address();
        let listener = window_event_listener_untyped("hashchange", move |_| self.take_code_from_address());
        on_cleanup(move || listener.remove());
        self.keep_telling();
        if self.kept().is_leaving() {
            self.tell_of_leaving();
        }
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
        if self.kept().seated().is_none() {
            self.page.set(if self.is_over() { Page::Over } else { Page::Gate });
            return;
        }
        match api::seat(&self.slug()).await {
            Ok(admission) => self.come_back(admission),
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

    /// The ticket with this code is good.
    pub fn admit(self, admission: Admission, typed: &str) {
        self.ticket_end.set(Some(code::last_four(typed)));
        self.code.set(String::new());
        self.kept().forget_marks();
        self.enter(admission, false);
    }

    /// The seat is still this browser's.
    fn come_back(self, admission: Admission) {
        self.ticket_end.set(self.kept().seated());
        self.forget_own_code();
        self.enter(admission, true);
    }

    /// Inside, first to the nickname if one is to be chosen.
    fn enter(self, admission: Admission, same_seat: bool) {
        self.take_draft(admission.member.as_ref(), same_seat);
        let names_first = admission.nickname.is_none()
            && matches!(admission.chat, ChatState::Ready | ChatState::Paused)
            && admission.role != Role::Artist
            && !self.kept().just_watches();
        let ticket_end = self.ticket_end.get_untracked();
        self.kept().keep_seated(Some(&ticket_end.unwrap_or_default()));
        let program = if desk::is_for(admission.role) { "crew" } else { "room" };
        self.kept().keep_program(Some(program));
        self.nickname.set(admission.nickname.clone());
        self.admission.set(Some(admission));
        self.page.set(if names_first { Page::Nickname } else { Page::Room });
    }

    /// The seat is no longer this device's.
    pub fn seat_lost(self) {
        self.kept().keep_seated(None);
        self.page.set(Page::TakenOver { at: clock::device() });
    }

    /// Goes where an answer leads that ends the stay; whether it does.
    pub fn is_sent_out(self, trouble: &Trouble) -> bool {
        match trouble.code().and_then(|code| Page::after(code, clock::device())) {
            None => return false,
            Some(Page::TakenOver { .. }) => self.seat_lost(),
            Some(page) => self.page.set(page),
        }
        true
    }

    /// The visitor leaves; the seat is free at once, or when the server can be reached.
    pub fn leave(self) {
        self.question.set(false);
        self.write(String::new());
        self.kept().keep_just_watching(false);
        self.kept().keep_seated(None);
        self.kept().forget_marks();
        self.page.set(Page::Gate);
        self.tell_of_leaving();
    }

    /// The line being written is this.
    pub fn write(self, text: String) {
        self.draft.set(text);
        self.kept().keep_draft(&self.begun());
    }

    /// It is a question to the artist, or is none.
    pub fn write_question(self, is_one: bool) {
        self.question.set(is_one);
        self.kept().keep_draft(&self.begun());
    }

    fn begun(self) -> Draft {
        Draft::of(self.member(), self.draft.get_untracked(), self.question.get_untracked())
    }

    /// Who sits here, once it is known.
    pub fn member(self) -> Option<MemberId> {
        self.admission
            .with_untracked(|admission| admission.as_ref().and_then(|admission| admission.member.clone()))
    }

    /// Goes on with the line that this member had begun, in this visit or before the page was loaded.
    fn take_draft(self, member: Option<&MemberId>, same_seat: bool) {
        let begun = self.begun();
        let kept = self.kept().draft();
        let words = begun
            .words_for(member, same_seat)
            .or_else(|| kept.words_for(member, same_seat));
        let (text, question) = words.unwrap_or_default();
        self.draft.set(text.to_owned());
        self.question.set(question);
    }

    /// Puts the code that a link carried into the gate's field, and takes it out of the address: it is not for shoulders
    /// or histories.
    fn take_code_from_address(self) {
        let Some(found) = location().hash().ok().and_then(|hash| fragment::code(&hash)) else {
            return;
        };
        self.code.set(found);
        if matches!(self.page.get_untracked(), Page::Nickname | Page::Room) {
            self.forget_own_code();
        }
        let address = location().pathname().unwrap_or_default() + &location().search().unwrap_or_default();
        dom::set_address(&address);
    }

    /// Lets go of the code of the ticket that sits here: only another one is of use at the gate later.
    fn forget_own_code(self) {
        let end = self.code.with_untracked(|typed| code::last_four(typed));
        if self.ticket_end.get_untracked() == Some(end) {
            self.code.set(String::new());
        }
    }

    fn page_without_seat(self, trouble: &Trouble) -> Page {
        if is_passing(trouble.problem()) {
            return Page::Broken;
        }
        self.kept().keep_seated(None);
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
