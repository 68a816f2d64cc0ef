//! The Frontrow server. `main` reads the command line; [`process`] starts the parts; [`router`] has every route;
//! `ARCHITECTURE.md` has the map.

pub mod audit;
pub mod auth;
pub mod capacity;
pub mod cli;
pub mod clock;
pub mod config;
mod housekeeping;
pub mod lease;
pub mod logging;
pub mod metrics;
pub mod nickname;
pub mod problem;
pub mod process;
pub mod provision;
pub mod reactions;
pub mod relay;
pub mod room;
pub mod router;
pub mod routes;
pub mod socket;
pub mod state;
pub mod store;
pub mod ticket;
mod websocket;
pub mod words;
