//! The server as its visitors find it: real HTTP and sockets against the real router, a module an address.

mod support;

mod admission;
mod client;
mod command_line;
mod credentials;
mod event;
mod moderation;
mod nickname;
mod operation;
mod origin;
mod provision;
