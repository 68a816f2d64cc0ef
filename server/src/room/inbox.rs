//! Takes deliveries for a room that is still being built: the log's tail makes the hub, and what comes in between waits.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::live::Room;
use crate::relay::{Effect, Subscriber};

/// The room's ear at the log.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    room: Weak<Room>,
    early: Vec<Effect>,
    connected: bool,
}

impl Inbox {
    /// The room is there: it gets what came early, and everything from now on.
    pub(super) fn connect(&self, room: &Arc<Room>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.room = Arc::downgrade(room);
        waiting.connected = true;
        room.deliver(std::mem::take(&mut waiting.early));
    }
}

impl Subscriber for Inbox {
    fn deliver(&self, effects: Vec<Effect>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.room.upgrade() {
            Some(room) => room.deliver(effects),
            None if waiting.connected => {}
            None => waiting.early.extend(effects),
        }
    }
}
