//! The chat: its rules in plain types, and the engine that runs them. Its pixels are under `room`.

pub mod announcer;
pub mod engine;
pub mod footlights;
pub mod outbox;
pub mod reconnect;
pub mod rows;
pub mod session;
pub mod socket;
pub mod transcript;
pub mod window;

pub use engine::{Chat, Older, Painter};
