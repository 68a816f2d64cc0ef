//! The moderators' desk, and the performer's stage. Its rules are in plain modules; what its parts share is here.
//!
//! Admin mode is a switch: off, nothing of the desk is in the room but the switch itself. On, a message can be selected
//! and acted on, and beside the chat lie the queues, the people, the word list and the audit log. Whatever is done can
//! be undone for some seconds.

mod acting;
mod acts;
mod asked;
mod attending;
mod audit;
mod audit_view;
mod bar;
mod calls;
mod card;
mod deed;
mod house;
mod keys;
mod line;
mod list;
mod looking;
mod mark;
mod over;
mod pages;
mod people;
mod questions;
mod questions_view;
mod queue;
mod queue_view;
mod sheet;
mod span;
mod stage;
mod standing;
mod steering;
mod toast;
mod touch;
mod why;
mod words;
mod words_view;

use std::collections::VecDeque;

use leptos::prelude::*;
use wire::frame::{Message, RoomState};
use wire::{Capability, MemberId, Role, Seq};

use crate::chat::Chat;
use crate::chat::rows::Row;
use crate::chat::session::Shown;
use crate::crew::acts::Reason;
use crate::crew::asked::Asked;
use crate::crew::attending::Attending;
use crate::crew::looking::Looks;
use crate::crew::questions::Questions;
use crate::crew::queue::{Cases, Waiting};
use crate::crew::toast::Toasts;
use crate::crew::why::Why;
use crate::desk::Tools;
use crate::room::LastScroller;
use crate::visit::Visit;

/// So many of the latest acts are remembered with who did them.
const AUTHORS: usize = 64;

/// All of the desk.
pub const TOOLS: Tools = Tools {
    open: Crew::open,
    switch: bar::switch,
    is_on: || use_context::<Crew>().is_some_and(Crew::is_at_work),
    bar: bar::bar,
    over: over::over,
    house: house::house,
    line: line::line,
    stage: stage::stage,
};

/// The panels of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// Reported messages.
    Reports,
    /// Held messages.
    Held,
    /// Questions to the artist.
    Questions,
    /// Everybody.
    People,
    /// The word list.
    Words,
    /// The audit log.
    Audit,
}

/// What the desk asks before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Really ban?
    Ban,
    /// Mute for how long?
    Mute,
    /// Mute for how long, typed?
    MuteOther,
    /// Clear how far back?
    Clear,
    /// Clear how far back, typed?
    ClearOther,
}

/// Whom and what an act is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The message, unless it is about the member alone.
    pub seq: Option<Seq>,
    /// Its author.
    pub member: MemberId,
    /// The author's nickname.
    pub nickname: String,
    /// The author's role: staff cannot be acted on.
    pub role: Role,
    /// Whether fans do not see the message.
    pub hidden: bool,
    /// When it was said.
    pub at: u64,
}

impl Subject {
    /// A message and its author; none when it carries no text.
    pub fn of(message: &Message) -> Option<Self> {
        let body = message.body.as_ref()?;
        Some(Self {
            seq: Some(message.seq),
            member: body.member.clone(),
            nickname: body.nickname.clone(),
            role: body.role,
            hidden: message.hidden,
            at: body.at,
        })
    }
}

impl From<Asked> for Subject {
    fn from(asked: Asked) -> Self {
        Self {
            seq: Some(asked.seq),
            member: asked.member,
            nickname: asked.nickname,
            role: asked.role,
            hidden: false,
            at: asked.at,
        }
    }
}

/// What was asked of the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded<T> {
    /// The answer is on its way.
    Coming,
    /// There was none.
    Failed,
    /// Here it is.
    Here(T),
}

impl<T> Loaded<T> {
    /// The answer, if it is here.
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(value) => Some(value),
            Self::Coming | Self::Failed => None,
        }
    }

    fn here_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Here(value) => Some(value),
            Self::Coming | Self::Failed => None,
        }
    }
}

/// The desk of one room. Copies are the same one.
#[derive(Clone, Copy)]
pub struct Crew {
    /// The chat it is about.
    pub chat: Chat,
    /// The visit of the moderator.
    pub visit: Visit,
    /// Whether the switch is on.
    pub on: RwSignal<bool>,
    /// What was selected last, as it was then.
    picked: RwSignal<Option<Subject>>,
    /// What is selected, as it is now.
    pub subject: Memo<Option<Subject>>,
    /// What is asked about it.
    pub asking: RwSignal<Option<Asking>>,
    /// Why an act is done.
    pub reason: RwSignal<Reason>,
    /// The panel in the desk.
    pub panel: RwSignal<Panel>,
    /// Whether it is open, where it covers the chat.
    pub is_open: RwSignal<bool>,
    /// Whose card is shown.
    pub card: RwSignal<Option<MemberId>>,
    /// Whether the card is open, where it covers the chat.
    pub card_is_open: RwSignal<bool>,
    /// The card.
    pub about: RwSignal<Loaded<wire::moderation::MemberCard>>,
    /// Counts what was done: what is shown of it may be old.
    pub done: RwSignal<u32>,
    /// Counts what was done about whose card is shown.
    pub card_done: RwSignal<u32>,
    /// Counts what this page did to the word list.
    pub words_done: RwSignal<u32>,
    /// The reported messages.
    pub cases: RwSignal<Loaded<Cases>>,
    /// The held messages.
    pub waiting: RwSignal<Loaded<Waiting>>,
    /// Whether the queues could not be read lately.
    pub is_old: RwSignal<bool>,
    /// The questions to the artist.
    pub questions: Questions,
    /// What is said of the last acts.
    pub toasts: RwSignal<Toasts>,
    /// Whom the audit log is to be about.
    pub audited: RwSignal<Option<(MemberId, String)>>,
    /// Why messages are hidden.
    pub why: RwSignal<Why>,
    /// What the others look at.
    pub looks: RwSignal<Looks>,
    /// Whether the sheet with the keys is open.
    pub help: RwSignal<bool>,
    scroller: LastScroller,
    /// Counts moments at which something may have ended by itself.
    tick: RwSignal<u32>,
    authors: StoredValue<VecDeque<(Seq, Option<MemberId>)>>,
    timers: StoredValue<steering::Timers, LocalStorage>,
    attending: StoredValue<Attending, LocalStorage>,
}

impl Crew {
    /// Sets the desk up for a room.
    fn open(chat: Chat, scroller: LastScroller) {
        let visit: Visit = expect_context();
        let picked = RwSignal::new(None::<Subject>);
        let subject = Memo::new(move |_| {
            let picked = picked.get()?;
            let seq = picked.seq;
            let in_page = chat.rows.with(|rows| {
                rows.iter().rev().find_map(|row| match row {
                    Row::Line { line, .. } if Some(line.message.seq) == seq => Subject::of(&line.message),
                    _ => None,
                })
            });
            Some(in_page.unwrap_or(picked))
        });
        let on = RwSignal::new(visit.kept().works());
        let crew = Self {
            chat,
            visit,
            on,
            picked,
            subject,
            asking: RwSignal::new(None),
            reason: RwSignal::default(),
            panel: RwSignal::new(Panel::Reports),
            is_open: RwSignal::new(false),
            card: RwSignal::new(None),
            card_is_open: RwSignal::new(false),
            about: RwSignal::new(Loaded::Coming),
            done: RwSignal::new(0),
            card_done: RwSignal::new(0),
            words_done: RwSignal::new(0),
            cases: RwSignal::new(Loaded::Coming),
            waiting: RwSignal::new(Loaded::Coming),
            is_old: RwSignal::new(false),
            questions: Questions::new(visit, on),
            toasts: RwSignal::default(),
            audited: RwSignal::new(None),
            why: RwSignal::default(),
            looks: RwSignal::default(),
            help: RwSignal::new(false),
            scroller,
            tick: RwSignal::new(0),
            authors: StoredValue::default(),
            timers: StoredValue::new_local(steering::Timers::default()),
            attending: StoredValue::new_local(Attending::default()),
        };
        provide_context(crew);
        crew.steer();
        crew.attend();
    }

    /// Whether the seat is a moderator's, now.
    pub fn may(self) -> bool {
        let capabilities = self.chat.capabilities;
        if capabilities.with(Vec::is_empty) {
            return self
                .visit
                .admission
                .with(|seat| seat.as_ref().is_some_and(|seat| seat.role == Role::Moderator));
        }
        capabilities.with(|all| all.contains(&Capability::Moderate))
    }

    /// Whether admin mode is on.
    pub fn is_at_work(self) -> bool {
        self.on.get() && self.may()
    }

    /// The same, asked once.
    pub fn works(self) -> bool {
        untrack(|| self.is_at_work())
    }

    /// Switches admin mode.
    pub fn switch(self, on: bool) {
        self.visit.kept().keep_working(on);
        if !on {
            self.unselect();
            self.is_open.set(false);
            self.card_is_open.set(false);
            self.card.set(None);
            self.toasts.set(Toasts::default());
        }
        self.on.set(on);
    }

    /// The room as it is, if it is known.
    pub fn room<T>(self, look: impl FnOnce(&RoomState) -> T) -> Option<T> {
        self.chat.room.with(|room| room.as_ref().map(look))
    }

    /// Opens a panel, also where it covers the chat.
    pub fn show(self, panel: Panel) {
        self.panel.set(panel);
        self.card_is_open.set(false);
        self.is_open.set(true);
        crate::dom::focus("desk");
    }

    /// Shows what the audit log says about a member.
    pub fn audit(self, member: MemberId, nickname: String) {
        self.audited.set(Some((member, nickname)));
        self.show(Panel::Audit);
    }

    /// Opens a member's card, also where it covers the chat.
    pub fn show_card(self, member: MemberId) {
        let is_another = self.card.with_untracked(|card| card.as_ref() != Some(&member));
        if is_another {
            self.reason.set(Reason::None);
        }
        self.card.set(Some(member));
        self.card_is_open.set(true);
        crate::dom::focus("card");
    }

    /// Whether the chat has a line to the server.
    pub fn is_connected(self) -> bool {
        self.chat.link.get() == Shown::Quiet
    }
}
