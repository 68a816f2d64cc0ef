//! What one program of the page tells the next one about the visit, so that nothing is asked for twice and nothing depends
//! on a storage. It stays in the page's memory: the credential opens a socket.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wire::http::{Admission, EventView};

use super::Visit;
use crate::clock::ServerClock;
use crate::desk;
use crate::page::Page;

/// A visit on its way from one program to the next, at the door of the room.
#[derive(Serialize, Deserialize)]
pub struct Baton {
    event: Option<EventView>,
    clock: ServerClock,
    admission: Option<Admission>,
    nickname: Option<String>,
    ticket_end: Option<String>,
    code: String,
    draft: String,
    question: bool,
}

impl Baton {
    /// Whether it is that of somebody whom the desk is for.
    pub fn needs_desk(&self) -> bool {
        needs_desk(self.admission.as_ref())
    }
}

impl Visit {
    /// Whether the seat is that of somebody whom the desk is for.
    pub fn needs_desk(self) -> bool {
        self.admission.with(|admission| needs_desk(admission.as_ref()))
    }

    /// What the next program is to know; a credential opens one socket only.
    pub fn baton(self, keeps_credential: bool) -> Baton {
        let mut admission = self.admission.get_untracked();
        if let Some(admission) = admission.as_mut().filter(|_| !keeps_credential) {
            admission.credential = None;
        }
        Baton {
            event: self.event.get_untracked(),
            clock: self.clock.get_value(),
            admission,
            nickname: self.nickname.get_untracked(),
            ticket_end: self.ticket_end.get_untracked(),
            code: self.code.get_untracked(),
            draft: self.draft.get_untracked(),
            question: self.question.get_untracked(),
        }
    }

    /// Goes into the room with what the program before knew.
    pub fn take(self, baton: Baton) {
        self.clock.set_value(baton.clock);
        self.event.set(baton.event);
        self.admission.set(baton.admission);
        self.nickname.set(baton.nickname);
        self.ticket_end.set(baton.ticket_end);
        self.code.set(baton.code);
        self.draft.set(baton.draft);
        self.question.set(baton.question);
        self.page.set(Page::Room);
    }
}

fn needs_desk(admission: Option<&Admission>) -> bool {
    admission.is_some_and(|admission| desk::is_for(admission.role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_a_visit_is_lost_between_two_programs() {
        let baton = json!({
            "event": {
                "slug": "salt", "title": "Salt", "artist": "Saltlyrics", "doors_at": 1, "starts_at": 2, "ends_at": null,
                "phase": "open", "chat": "ready", "tombstones": "shown", "now": 3,
            },
            "clock": {"ahead": -7},
            "admission": {
                "member": "m1", "role": "moderator", "nickname": null, "chat": "ready", "stream": null,
                "credential": {"token": "t", "expires_at": 60_000, "capabilities": ["moderate"], "socket": "/s"},
            },
            "nickname": "Mo", "ticket_end": "EXYZ", "code": "", "draft": "half a\nline", "question": true,
        });
        let read: Baton = crate::api::read(&baton.to_string()).expect("a baton");
        assert!(read.needs_desk());
        assert_eq!(serde_json::to_value(&read).expect("JSON"), baton);
    }
}
