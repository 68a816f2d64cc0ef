//! The chat: its rules in plain types, and the engine that runs them. Its pixels are under `room`.

mod acts;
pub mod announcer;
pub mod engine;
pub mod errands;
pub mod feelings;
pub mod footlights;
pub mod ids;
pub mod outbox;
pub mod pace;
pub mod reconnect;
pub mod refusal;
pub mod rows;
pub mod session;
pub mod socket;
pub mod transcript;
pub mod votes;
pub mod window;

pub use engine::{By, Chat, Older, Painter};
