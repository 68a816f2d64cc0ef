//! How many people this node serves, and whether it can take more. When it is full it says so to who is new, and keeps
//! whom it has: a place stays its owner's for a minute or two after the socket is gone.

mod places;
mod pressure;
mod system;

pub use places::Place;
pub use pressure::watch;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::Role;

use crate::auth::codes;
use crate::clock;
use crate::metrics::Metrics;
use crate::store::TicketId;
use places::Places;

/// The wait that who finds no place is given, in milliseconds: this and up to as much again, so that not all come back at
/// once.
const COME_BACK_MILLIS: u64 = 5_000;

/// How much a node takes on. What is not given is derived from the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most members with a place.
    pub places: Option<u64>,
    /// Most resident memory, in bytes.
    pub memory: Option<u64>,
    /// How late the server's tasks may be, for some seconds; zero for no limit.
    pub lag: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            places: None,
            memory: None,
            lag: Duration::from_secs(1),
        }
    }
}

/// Why a node takes nobody new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All places are taken.
    Places {
        /// So many there are.
        limit: u64,
    },
    /// Hardly a file can be opened any more.
    Files {
        /// So many may be open.
        limit: u64,
    },
    /// Memory is short.
    Memory {
        /// So many bytes may be resident.
        limit: u64,
    },
    /// What is to be done now is done late.
    Lag {
        /// So much later it was done, in milliseconds.
        millis: u64,
    },
}

impl Full {
    /// Its name in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Places { .. } => "places",
            Self::Files { .. } => "files",
            Self::Memory { .. } => "memory",
            Self::Lag { .. } => "lag",
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Places { limit } => write!(f, "all {limit} places are taken"),
            Self::Files { limit } => write!(f, "nearly all {limit} files that may be open are"),
            Self::Memory { limit } => write!(f, "nearly all of {} MiB of memory is in use", limit >> 20),
            Self::Lag { millis } => write!(f, "the server is {millis} ms behind"),
        }
    }
}

/// The node's capacity. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Capacity(Arc<Shared>);

struct Shared {
    limits: system::Found,
    state: Mutex<State>,
    metrics: Metrics,
}

#[derive(Default)]
struct State {
    places: Places,
    /// What the last look at the system said.
    pressure: Option<Full>,
}

impl Capacity {
    /// A node with nobody in it.
    pub fn new(limits: Limits, metrics: Metrics) -> Self {
        let limits = system::find(limits);
        metrics.capacity(limits.places);
        Self(Arc::new(Shared {
            limits,
            state: Mutex::default(),
            metrics,
        }))
    }

    /// Why nobody new is taken in, if so.
    pub fn full(&self) -> Option<Full> {
        self.full_in(&mut self.state())
    }

    /// Keeps a place for who comes with this ticket, unless the node is full for it.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn reserve(&self, ticket: TicketId, role: Role) -> Result<(), Full> {
        let mut state = self.state();
        self.check(&mut state, ticket, role)?;
        state.places.reserve(ticket, clock::steady());
        Ok(())
    }

    /// Whether the node can bear one more who comes with this ticket, be it without a place.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn bears(&self, ticket: TicketId, role: Role) -> Result<(), Full> {
        let mut state = self.state();
        let pressure = state.pressure;
        self.check_for(&mut state, ticket, role, pressure)
    }

    /// Takes a place for a socket.
    ///
    /// # Errors
    /// With the reason why there is none.
    pub fn enter(&self, ticket: TicketId, role: Role) -> Result<Place, Full> {
        let mut state = self.state();
        self.check(&mut state, ticket, role)?;
        state.places.enter(ticket);
        drop(state);
        Ok(Place::new(self.clone(), ticket))
    }

    /// Keeps the places of those who were here before the server began.
    pub fn keep(&self, tickets: impl IntoIterator<Item = TicketId>) {
        let mut state = self.state();
        let now = clock::steady();
        for ticket in tickets {
            state.places.reserve(ticket, now);
        }
    }

    /// Most places.
    pub fn places(&self) -> u64 {
        self.0.limits.places
    }

    /// Somebody has left for good.
    pub fn forget(&self, ticket: TicketId) {
        self.state().places.forget(ticket);
    }

    /// When somebody who found no place may come back, in milliseconds from now.
    pub fn come_back(&self) -> u64 {
        let mut dice = [0; 2];
        codes::fill_random(&mut dice);
        COME_BACK_MILLIS + COME_BACK_MILLIS * u64::from(u16::from_le_bytes(dice)) / u64::from(u16::MAX)
    }

    fn leave(&self, ticket: TicketId, stays_kept: bool) {
        self.state().places.leave(ticket, stays_kept, clock::steady());
    }

    /// Who works at the show always gets in.
    fn check(&self, state: &mut State, ticket: TicketId, role: Role) -> Result<(), Full> {
        let full = self.full_in(state);
        self.check_for(state, ticket, role, full)
    }

    fn check_for(&self, state: &mut State, ticket: TicketId, role: Role, full: Option<Full>) -> Result<(), Full> {
        if role.is_staff() || state.places.has(ticket, clock::steady()) {
            return Ok(());
        }
        match full {
            Some(full) => {
                self.0.metrics.turned_away(full.name());
                Err(full)
            }
            None => Ok(()),
        }
    }

    fn full_in(&self, state: &mut State) -> Option<Full> {
        let limit = self.0.limits.places;
        let taken = state.places.taken(clock::steady());
        (taken >= limit).then_some(Full::Places { limit }).or(state.pressure)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(places: u64) -> Capacity {
        let limits = Limits {
            places: Some(places),
            ..Limits::default()
        };
        Capacity::new(limits, Metrics::default())
    }

    #[test]
    fn who_is_promised_a_place_gets_it_and_who_comes_after_is_told() {
        let node = of(2);
        node.reserve(1, Role::Fan).expect("a place");
        node.reserve(2, Role::Fan).expect("a place");
        assert_eq!(node.reserve(3, Role::Fan), Err(Full::Places { limit: 2 }));
        assert!(node.enter(3, Role::Fan).is_err());
        let _first = node.enter(1, Role::Fan).expect("as promised");
        let _second = node.enter(2, Role::Fan).expect("as promised");
        assert_eq!(node.full(), Some(Full::Places { limit: 2 }));
    }

    #[test]
    fn who_loses_a_line_keeps_the_place_and_who_leaves_gives_it_up() {
        let node = of(1);
        drop(node.enter(1, Role::Fan).expect("a place"));
        assert!(node.reserve(2, Role::Fan).is_err(), "1 comes back");
        let mut back = node.enter(1, Role::Fan).expect("kept");
        back.give_up();
        drop(back);
        node.reserve(2, Role::Fan).expect("free again");
        node.forget(2);
        assert_eq!(node.full(), None);
    }

    #[test]
    fn a_device_that_takes_over_takes_the_place_with_it() {
        let node = of(1);
        let phone = node.enter(1, Role::Fan).expect("a place");
        let _laptop = node.enter(1, Role::Fan).expect("the same");
        drop(phone);
        assert_eq!(node.full(), Some(Full::Places { limit: 1 }));
    }

    #[test]
    fn the_show_goes_on_in_a_full_house() {
        let node = of(0);
        for role in [Role::Artist, Role::Moderator] {
            node.reserve(1, role).expect("always");
            assert!(node.enter(1, role).is_ok());
        }
        assert!(node.enter(2, Role::Fan).is_err());
    }
}
