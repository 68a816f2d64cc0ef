//! The page with the room, without the moderators' desk.

use app::{Program, ROOM};

fn main() {
    app::open(Program {
        room: Some(ROOM),
        tools: None,
    });
}
