//! The artist's stage: questions from the room to the answer, and what the room feels.

mod questions;
mod reactions;
