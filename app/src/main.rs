//! The page as everybody gets it first: all that comes before the room. It fetches the room, with the moderators' desk for
//! who may use it.

fn main() {
    app::open(app::Program::default());
}
