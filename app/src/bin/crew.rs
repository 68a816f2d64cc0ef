//! The page with the moderators' desk in its room, and the performer's stage. Only the page of one of the staff fetches it.

use app::crew::TOOLS;
use app::{Program, ROOM};

fn main() {
    app::open(Program {
        room: Some(ROOM),
        tools: Some(TOOLS),
    });
}
