//! The way through the gate: requests of all fans over few HTTP connections that are kept, as behind a proxy.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use crate::engine::{Id, Net, Stage};

/// What a fan asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// In, with the code.
    Admission,
    /// Who am I: for one whose account was not made yet.
    Again,
    /// A name to write under.
    Nickname,
    /// Another credential, to return.
    Credential,
    /// The newest page of the history.
    History,
}

/// A request of a fan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Who asks.
    pub fan: u32,
    /// For what.
    pub ask: Ask,
}

/// The connections and what waits for them; what waits is bounded by the fans, each with one request.
pub struct Gate {
    address: SocketAddr,
    most: usize,
    open: usize,
    idle: Vec<Id>,
    /// What each connection was asked last, by its place.
    asked: Vec<(Id, Job)>,
    waiting: VecDeque<Job>,
}

impl Gate {
    /// Opens up to `most` connections when they are needed.
    pub fn new(address: SocketAddr, most: u32) -> Self {
        Self {
            address,
            most: most as usize,
            open: 0,
            idle: Vec::new(),
            asked: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Lets a request wait for its turn.
    pub fn push(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// Sends what can be sent; `opened` is told of new connections.
    pub fn pump(
        &mut self,
        net: &mut Net,
        mut write: impl FnMut(Job) -> String,
        mut opened: impl FnMut(Id),
    ) -> io::Result<()> {
        while let Some(job) = self.waiting.front().copied() {
            let id = match self.idle.pop() {
                Some(id) => {
                    net.write(id, write(job).as_bytes());
                    id
                }
                None if self.open < self.most => {
                    self.open += 1;
                    let id = net.open(self.address, Stage::Http, write(job).as_bytes())?;
                    opened(id);
                    id
                }
                None => return Ok(()),
            };
            self.waiting.pop_front();
            self.asked.push((id, job));
        }
        Ok(())
    }

    /// An answer came: to what?
    pub fn answered(&mut self, id: Id) -> Option<Job> {
        let job = self.forget(id)?;
        self.idle.push(id);
        Some(job)
    }

    /// A connection ended; gives what it did not answer.
    pub fn ended(&mut self, id: Id) -> Option<Job> {
        self.open -= 1;
        self.idle.retain(|idle| *idle != id);
        self.forget(id)
    }

    fn forget(&mut self, id: Id) -> Option<Job> {
        let place = self.asked.iter().position(|(asked, _)| *asked == id)?;
        Some(self.asked.swap_remove(place).1)
    }
}
