//! Ticket codes that come from elsewhere: reading a shop's list and judging how easily its codes can be guessed. Pure.

pub mod density;
pub mod list;
