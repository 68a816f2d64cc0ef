//! Stories: people, over real HTTP and real sockets, against the real binary as a child process. Each story has a venue
//! of its own. Whatever is waited for has a deadline; nothing sleeps and hopes.

mod chat;
mod connections;
mod crash;
mod credentials;
mod crowd;
mod doors;
mod frames;
mod full;
mod history;
mod joins;
mod limits;
mod logs;
mod moderation;
mod seat;
mod seat_property;
mod stage;
mod support;
mod trouble;
