//! The calls under `/api`, by what they are about, and the pages and checks beside them.

pub mod admission;
pub mod client;
pub mod credentials;
pub mod event;
pub mod health;
pub mod json;
pub mod messages;
pub mod metrics;
pub mod moderation;
pub mod nickname;
pub mod openapi;
mod query;
pub mod stage;
mod token;
