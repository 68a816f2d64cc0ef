//! Who may: ticket codes, the key behind them, sessions, credentials, origins, and the count of wrong codes.

pub mod address;
pub mod caller;
pub mod codes;
pub mod credential;
pub mod crew;
pub mod origin;
pub mod secret;
pub mod session;
pub mod throttle;
