//! The newest frames for an audience, in a ring that all its connections read from: each keeps only its position. Who has them
//! to write (a [`Reader`]) is told when there are new ones, and says when it has written them: how long a fan-out takes
//! sets the tick.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

/// How long a frame is kept for those who are behind.
const RING_FOR: Duration = Duration::from_secs(10);

/// What a ring keeps at most: some seconds of the busiest room. It is shared, so this bounds the room's memory and not
/// each connection's.
pub const RING_BYTES: usize = 4 * 1024 * 1024;

/// What keeping a frame takes beside its bytes.
const FRAME_OVERHEAD: usize = 128;

/// A frame as every connection sends it, WebSocket head included.
pub type Frame = Bytes;

/// A position in a ring: of the next frame.
pub type Position = u64;

/// Writes frames to connections.
pub trait Reader: Send + Sync {
    /// There are new frames in the ring that this reader calls so. Must not block.
    fn has_news(&self, name: usize);
}

/// The ring. Its connections hold it by their [`Lane`].
#[derive(Default)]
pub struct Ring {
    state: Mutex<State>,
    lanes: AtomicUsize,
    written: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<(Instant, Frame)>,
    bytes: usize,
    /// The position of the first frame.
    first: Position,
    readers: Vec<Reading>,
}

struct Reading {
    reader: Arc<dyn Reader>,
    name: usize,
    /// It has written what is before this position.
    done: Position,
    /// How long its last frames waited until everybody had them.
    took: Duration,
}

/// The frames after a position are not all here any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Ring {
    /// Puts frames in, and tells the readers.
    pub fn push(&self, frames: Vec<Frame>) {
        if frames.is_empty() {
            return;
        }
        let readers: Vec<_> = {
            let mut state = self.state();
            state.push(frames, Instant::now());
            if self.lanes() == 0 {
                state.forget_all();
            }
            let told = state.readers.iter();
            told.map(|reading| (Arc::clone(&reading.reader), reading.name))
                .collect()
        };
        for (reader, name) in readers {
            reader.has_news(name);
        }
    }

    /// The position of the oldest frame that is here.
    pub fn first(&self) -> Position {
        self.state().first
    }

    /// The position of the next frame.
    pub fn end(&self) -> Position {
        self.state().next()
    }

    /// Joins at the end.
    pub fn attach(self: &Arc<Self>) -> Lane {
        self.lanes.fetch_add(1, Ordering::Relaxed);
        Lane {
            position: self.state().next(),
            ring: Arc::clone(self),
        }
    }

    /// Connections that are attached.
    pub fn lanes(&self) -> usize {
        self.lanes.load(Ordering::Relaxed)
    }

    /// Tells this reader of every frame from the position on that it gives, by the `name` it has for this ring.
    pub fn add_reader(&self, reader: Arc<dyn Reader>, name: usize) -> Position {
        let mut state = self.state();
        let done = state.next();
        let took = Duration::ZERO;
        state.readers.push(Reading {
            reader,
            name,
            done,
            took,
        });
        done
    }

    /// Tells the reader no more.
    pub fn remove_reader(&self, reader: &Arc<dyn Reader>) {
        self.state()
            .readers
            .retain(|reading| !Arc::ptr_eq(&reading.reader, reader));
        self.written.notify_one();
    }

    /// The frames from `position` on, and the position after them.
    ///
    /// # Errors
    /// When they are not all here any more.
    pub fn read(&self, position: Position, into: &mut Vec<Frame>) -> Result<Position, TooSlow> {
        let state = self.state();
        let skip = position.checked_sub(state.first).ok_or(TooSlow)?;
        let skip = usize::try_from(skip).map_err(|_| TooSlow)?;
        into.extend(state.frames.iter().skip(skip).map(|(_, frame)| frame.clone()));
        Ok(state.next())
    }

    /// The reader has written what is before `position` to everybody who takes it, and is done by `now`.
    pub fn note_written(&self, reader: &Arc<dyn Reader>, position: Position, now: Instant) {
        let mut state = self.state();
        let pushed = state.pushed_before(position);
        for reading in &mut state.readers {
            if Arc::ptr_eq(&reading.reader, reader) {
                reading.done = reading.done.max(position);
                reading.took = pushed.map_or(reading.took, |pushed| now.saturating_duration_since(pushed));
            }
        }
        if state.is_written(state.next()) {
            self.written.notify_one();
        }
    }

    /// How long the last fan-out took, where it took longest: from the instant the frames were here. When the machine is
    /// busy with others, that is longer than the writing.
    pub fn took(&self) -> Duration {
        let state = self.state();
        state
            .readers
            .iter()
            .map(|reading| reading.took)
            .max()
            .unwrap_or_default()
    }

    /// Waits until every reader has written everything.
    pub async fn written(&self) {
        while !self.is_written() {
            self.written.notified().await;
        }
    }

    fn is_written(&self) -> bool {
        let state = self.state();
        state.is_written(state.next())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, frames: Vec<Frame>, now: Instant) {
        for frame in frames {
            self.bytes += frame.len() + FRAME_OVERHEAD;
            self.frames.push_back((now, frame));
        }
        while let Some((pushed, _)) = self.frames.front()
            && (self.bytes > RING_BYTES || now > *pushed + RING_FOR)
        {
            self.forget_first();
        }
    }

    /// Who comes begins at the end: nobody needs what is here.
    fn forget_all(&mut self) {
        while !self.frames.is_empty() {
            self.forget_first();
        }
        self.frames.shrink_to_fit();
    }

    fn forget_first(&mut self) {
        if let Some((_, frame)) = self.frames.pop_front() {
            self.bytes -= frame.len() + FRAME_OVERHEAD;
            self.first += 1;
        }
    }

    /// When the frame before this position came, if it is here.
    fn pushed_before(&self, position: Position) -> Option<Instant> {
        let index = position.checked_sub(self.first)?.checked_sub(1)?;
        let (pushed, _) = self.frames.get(usize::try_from(index).ok()?)?;
        Some(*pushed)
    }

    /// The position of the next frame.
    fn next(&self) -> Position {
        self.first + self.frames.len() as Position
    }

    fn is_written(&self, position: Position) -> bool {
        self.readers.iter().all(|reading| reading.done >= position)
    }
}

/// A connection's position in a ring. Dropping it leaves.
pub struct Lane {
    ring: Arc<Ring>,
    /// Of the next frame to write.
    pub position: Position,
}

impl Lane {
    /// The ring.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.ring.lanes.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicU64);

    impl Reader for Bell {
        fn has_news(&self, _: usize) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn frames(count: usize) -> Vec<Frame> {
        vec![Frame::from_static(b"[]"); count]
    }

    fn bell(ring: &Ring) -> (Arc<Bell>, Arc<dyn Reader>) {
        let bell = Arc::new(Bell::default());
        let reader = Arc::clone(&bell) as Arc<dyn Reader>;
        ring.add_reader(Arc::clone(&reader), 7);
        (bell, reader)
    }

    #[test]
    fn a_lane_begins_at_the_end_and_reads_what_comes() {
        let ring = Arc::new(Ring::default());
        let _first = ring.attach();
        ring.push(frames(3));
        let lane = ring.attach();
        ring.push(frames(2));
        let mut read = Vec::new();
        assert_eq!(ring.read(lane.position, &mut read), Ok(5));
        assert_eq!((lane.position, read.len(), ring.lanes()), (3, 2, 2));
        drop(lane);
        assert_eq!(ring.lanes(), 1);
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let ring = Arc::new(Ring::default());
        ring.push(frames(3));
        assert_eq!((ring.first(), ring.end(), ring.state().bytes), (3, 3, 0));
        assert_eq!(ring.attach().position, 3);
    }

    #[test]
    fn the_ring_is_bounded_by_bytes_and_says_who_is_out_of_it() {
        let ring = Arc::new(Ring::default());
        let lane = ring.attach();
        let most = RING_BYTES / (2 + FRAME_OVERHEAD);
        ring.push(frames(most));
        assert!(ring.read(lane.position, &mut Vec::new()).is_ok());
        ring.push(frames(1));
        assert_eq!(ring.read(lane.position, &mut Vec::new()), Err(TooSlow));
        assert_eq!((ring.first(), ring.end()), (1, most as Position + 1));
    }

    #[test]
    fn what_is_old_goes_with_the_next_frame() {
        let mut state = State::default();
        let then = Instant::now();
        state.push(frames(5), then);
        state.push(frames(1), then + RING_FOR);
        assert_eq!((state.first, state.next()), (0, 6));
        state.push(frames(1), then + RING_FOR + Duration::from_millis(1));
        assert_eq!((state.first, state.next()), (5, 7));
    }

    #[tokio::test]
    async fn a_fan_out_is_over_when_every_reader_has_written_it() {
        let ring = Arc::new(Ring::default());
        let _lane = ring.attach();
        ring.push(frames(1));
        ring.written().await;
        let (one, two) = (bell(&ring), bell(&ring));
        ring.push(frames(1));
        assert_eq!(
            (one.0.0.load(Ordering::Relaxed), two.0.0.load(Ordering::Relaxed)),
            (1, 1)
        );
        let then = Instant::now();
        let after = |millis| then + Duration::from_millis(millis);
        ring.state().push(frames(1), then);
        ring.note_written(&one.1, 3, after(7));
        assert!(!ring.is_written());
        ring.note_written(&two.1, 3, after(9));
        ring.written().await;
        assert_eq!(ring.took(), Duration::from_millis(9));
        ring.state().push(frames(1), after(20));
        ring.note_written(&one.1, 4, after(27));
        ring.remove_reader(&two.1);
        ring.written().await;
        assert_eq!(ring.took(), Duration::from_millis(7), "who has gone holds nobody up");
    }
}
