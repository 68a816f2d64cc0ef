//! The connections of one thread that read from the same ring.

use std::sync::Arc;
use std::time::Instant;

use crate::room::{Frame, Position, Reader, Ring, SocketKey};

/// Connections that get the same frames.
pub(super) struct Crowd {
    pub ring: Arc<Ring>,
    pub members: Vec<SocketKey>,
    /// There are frames before this position that everybody has, or is behind with on their own.
    pub done: Position,
    /// The fan-out that is under way.
    pub pass: Option<Pass>,
    /// It waits for its turn.
    pub is_due: bool,
}

/// One fan-out to a crowd.
pub(super) struct Pass {
    /// The position of the first frame.
    pub from: Position,
    /// The position after the last.
    pub to: Position,
    /// Of what is still in the ring: who needs more than that is too slow.
    pub oldest: Position,
    pub frames: Vec<Frame>,
    /// The next member.
    pub next: usize,
}

impl Crowd {
    pub(super) fn new(ring: Arc<Ring>, done: Position) -> Self {
        Self {
            ring,
            members: Vec::new(),
            done,
            pass: None,
            is_due: false,
        }
    }

    /// Begins a fan-out of what is new. False when nothing is.
    pub(super) fn begin(&mut self) -> bool {
        let mut frames = Vec::new();
        let from = self.done;
        // Should this thread itself have fallen behind the ring, each connection finds out on its own.
        let to = self.ring.read(from, &mut frames).unwrap_or_else(|_| self.ring.end());
        if to == from {
            return false;
        }
        self.pass = Some(Pass {
            from,
            to,
            oldest: self.ring.first(),
            frames,
            next: 0,
        });
        true
    }

    /// Everybody has had their turn.
    pub(super) fn end(&mut self, reader: &Arc<dyn Reader>) {
        if let Some(pass) = self.pass.take() {
            self.done = pass.to;
            self.ring.note_written(reader, pass.to, Instant::now());
        }
    }

    /// Takes a member out. The one that was moved to its index, and whether the fan-out under way would miss that one.
    pub(super) fn remove(&mut self, index: usize) -> Option<(SocketKey, bool)> {
        let last = self.members.len() - 1;
        self.members.swap_remove(index);
        let moved = self.members.get(index).copied()?;
        let next = self.pass.as_ref().map_or(0, |pass| pass.next);
        Some((moved, index < next && last >= next))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Push,
        Turn,
        Enter,
        Leave(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => Just(Step::Push),
            6 => Just(Step::Turn),
            2 => Just(Step::Enter),
            1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        ]
    }

    struct Nobody;

    impl Reader for Nobody {
        fn has_news(&self, _: usize) {}
    }

    /// A crowd, and how far each of its members is.
    struct Told {
        crowd: Crowd,
        positions: HashMap<SocketKey, Position>,
        reader: Arc<dyn Reader>,
        last: SocketKey,
    }

    impl Told {
        fn new() -> Self {
            let ring = Arc::new(Ring::default());
            let reader: Arc<dyn Reader> = Arc::new(Nobody);
            let done = ring.add_reader(Arc::clone(&reader), 0);
            Self {
                crowd: Crowd::new(ring, done),
                positions: HashMap::new(),
                reader,
                last: 0,
            }
        }

        fn step(&mut self, step: Step) {
            match step {
                Step::Push => self.crowd.ring.push(vec![Frame::from_static(b"[]")]),
                Step::Turn => {
                    self.turn();
                }
                Step::Enter => {
                    self.last += 1;
                    self.crowd.members.push(self.last);
                    self.positions.insert(self.last, self.crowd.ring.end());
                }
                Step::Leave(which) if !self.crowd.members.is_empty() => {
                    let index = which.index(self.crowd.members.len());
                    self.positions.remove(&self.crowd.members[index]);
                    if let Some((moved, true)) = self.crowd.remove(index) {
                        self.positions.insert(moved, self.crowd.ring.end());
                    }
                }
                Step::Leave(_) => {}
            }
        }

        /// Writes to one member. False when there is nothing to write.
        fn turn(&mut self) -> bool {
            if self.crowd.pass.is_none() && !self.crowd.begin() {
                return false;
            }
            let pass = self.crowd.pass.as_mut().expect("begun");
            match self.crowd.members.get(pass.next) {
                None => self.crowd.end(&self.reader),
                Some(key) => {
                    pass.next += 1;
                    let position = self.positions.get_mut(key).expect("a member");
                    *position = if *position == pass.from {
                        pass.to
                    } else {
                        self.crowd.ring.end()
                    };
                }
            }
            true
        }
    }

    proptest! {
        #[test]
        fn whoever_comes_and_goes_nobody_is_left_behind(steps in prop::collection::vec(step(), 0..200)) {
            let mut told = Told::new();
            for step in steps {
                told.step(step);
            }
            while told.turn() {}
            let end = told.crowd.ring.end();
            prop_assert!(told.positions.values().all(|position| *position == end), "{:?} of {end}", told.positions);
        }
    }
}
