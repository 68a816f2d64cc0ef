//! `/api/events/{event}/moderation/…`: the moderators' desk. It reads what is not on everybody's wire, and keeps the word
//! list; what moderators do to messages and people goes over the socket.

pub mod audit;
mod download;
pub mod held;
pub mod members;
pub mod people;
pub mod reports;
pub mod words;
