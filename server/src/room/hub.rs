//! The hub of a room on this node: collects what falls into one short tick, encodes one frame, and hands those same
//! bytes to every connection. Its outside is small on purpose (attach, publish and say, detach by dropping), so that
//! its inside can change.
//!
//! An idle room delivers at once. A busy one delivers in ticks that grow with the crowd, so that load becomes a little
//! latency and never a collapse.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wire::frame::Gap;
use wire::{Seq, limits};

use crate::relay::{Entry, Tail};

/// Frames a connection may be behind before it is closed as too slow: five seconds and more of the busiest room. They
/// are shared, so this bounds the room's memory and not each connection's.
const LANE_FRAMES: usize = 512;

/// A frame is closed when it reaches this many bytes: connections copy a frame into a buffer of their own that keeps
/// its size.
const FRAME_BYTES: usize = 16 * 1024;

/// Shortest tick: below it the eye sees no difference.
const TICK_MIN: Duration = Duration::from_millis(10);

/// Longest tick: above it a chat feels slow.
const TICK_MAX: Duration = Duration::from_millis(250);

/// Tick for each connection: writing a frame to one costs about 8 µs, so fan-out takes at most half a core.
const TICK_PER_CONNECTION: Duration = Duration::from_micros(16);

/// An empty frame goes out after this much silence; leaves a margin to [`limits::SERVER_SPEAKS_WITHIN`].
const QUIET: Duration = Duration::from_secs(20);

/// A frame as every connection sends it.
pub type Frame = Utf8Bytes;

/// The hub of one room.
pub struct Hub {
    lane: broadcast::Sender<Frame>,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    /// The newest entries that went out, without holes.
    recent: VecDeque<Arc<Entry>>,
    /// The newest entry that went out.
    head: Seq,
    /// What goes out with the next tick. Its size is bounded by what the log commits in a tick.
    waiting: Vec<Item>,
}

enum Item {
    Entry(Arc<Entry>),
    Said(String),
}

impl Item {
    fn json(&self) -> &str {
        match self {
            Self::Entry(entry) => &entry.json,
            Self::Said(json) => json,
        }
    }

    fn entry(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Said(_) => None,
        }
    }
}

/// A connection's place at the hub. Dropping it detaches.
pub struct Attached {
    /// The newest entry before the lane's first.
    pub head: Seq,
    /// What was missed up to `head`.
    pub missed: Missed,
    /// What comes after.
    pub lane: Lane,
}

/// What a returning connection missed.
#[derive(Debug, PartialEq, Eq)]
pub enum Missed {
    /// These frames, in order; none when nothing was missed.
    Frames(Vec<Frame>),
    /// More than is replayed.
    Gap(Gap),
}

/// The newest page of the history.
#[derive(Debug)]
pub struct Newest {
    /// Its messages, oldest first.
    pub messages: Vec<Arc<Entry>>,
    /// Read on before this place; `None` at the beginning of the chat.
    pub next: Option<Seq>,
    /// The newest entry there is.
    pub as_of: Seq,
}

/// The frames that come to a connection.
pub struct Lane(broadcast::Receiver<Frame>);

/// Why a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneEnd {
    /// The connection fell behind by more than the lane holds.
    TooSlow,
    /// The room is gone.
    Closed,
}

impl Hub {
    /// A hub that continues after `tail`. [`Hub::run`] drives it.
    pub fn new(tail: Tail) -> Self {
        let state = State {
            recent: tail.entries.into(),
            head: tail.head,
            waiting: Vec::new(),
        };
        Self {
            lane: broadcast::Sender::new(LANE_FRAMES),
            state: Mutex::new(state),
            wake: Notify::new(),
        }
    }

    /// Joins: `after` is the last entry the connection holds, `None` for a fresh start.
    pub fn attach(&self, after: Option<Seq>) -> Attached {
        let (head, missed, lane) = {
            let state = self.state();
            let missed = after.map_or(Ok(Vec::new()), |after| state.missed(after));
            (state.head, missed, Lane(self.lane.subscribe()))
        };
        // Out of the lock: up to a megabyte is copied for one who comes back.
        let missed = match missed {
            Ok(entries) => Missed::Frames(frames(entries.iter().map(|entry| entry.json.as_str()))),
            Err(gap) => Missed::Gap(gap),
        };
        Attached { head, missed, lane }
    }

    /// The newest `limit` messages, from memory: a crowd that comes at once reads one page. `None` when not enough of them
    /// is here.
    pub fn newest(&self, limit: usize) -> Option<Newest> {
        self.state().newest(limit)
    }

    /// Takes the log's next entries, in order.
    pub fn publish(&self, entries: &[Arc<Entry>]) {
        self.state().waiting.extend(entries.iter().cloned().map(Item::Entry));
        self.wake.notify_one();
    }

    /// Says something that is not in the log: one JSON object.
    pub fn say(&self, json: String) {
        self.state().waiting.push(Item::Said(json));
        self.wake.notify_one();
    }

    /// Sends what waits, tick by tick, for as long as it is polled.
    pub async fn run(&self) {
        let mut last = Instant::now();
        loop {
            let woken = tokio::time::timeout_at(last + QUIET, self.wake.notified())
                .await
                .is_ok();
            if woken {
                tokio::time::sleep_until(last + self.tick()).await;
            }
            self.flush(!woken);
            last = Instant::now();
        }
    }

    fn tick(&self) -> Duration {
        let connections = u32::try_from(self.lane.receiver_count()).unwrap_or(u32::MAX);
        TICK_PER_CONNECTION
            .saturating_mul(connections)
            .clamp(TICK_MIN, TICK_MAX)
    }

    fn flush(&self, even_if_empty: bool) {
        let mut state = self.state();
        let items = std::mem::take(&mut state.waiting);
        let mut frames = frames(items.iter().map(Item::json));
        if frames.is_empty() && even_if_empty {
            frames.push(Frame::from_static("[]"));
        }
        state.remember(items);
        for frame in frames {
            // Nobody there is fine: who comes later gets it from `recent`.
            let _ = self.lane.send(frame);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The entries after `after`, or the gap when they are not all here.
    fn missed(&self, after: Seq) -> Result<Vec<Arc<Entry>>, Gap> {
        let missed = usize::try_from(self.head.saturating_sub(after)).unwrap_or(usize::MAX);
        match self.recent.len().checked_sub(missed) {
            Some(from) => Ok(self.recent.range(from..).cloned().collect()),
            None => Err(Gap {
                from: after + 1,
                to: self.head,
            }),
        }
    }

    /// What waits for the tick counts: it is in the log.
    fn newest(&self, limit: usize) -> Option<Newest> {
        let waiting = self.waiting.iter().filter_map(Item::entry);
        let mut messages: Vec<_> = waiting
            .rev()
            .chain(self.recent.iter().rev())
            .take(limit)
            .cloned()
            .collect();
        messages.reverse();
        let as_of = messages.last().map_or(self.head, |newest| newest.seq);
        let first = messages.first().map_or(1, |oldest| oldest.seq);
        let is_page = messages.len() == limit || first == 1;
        is_page.then_some(Newest {
            next: (first > 1).then_some(first),
            messages,
            as_of,
        })
    }

    fn remember(&mut self, items: Vec<Item>) {
        for item in items {
            let Item::Entry(entry) = item else { continue };
            self.head = entry.seq;
            self.recent.push_back(entry);
        }
        let surplus = self.recent.len().saturating_sub(limits::REPLAY_ENTRIES);
        self.recent.drain(..surplus);
    }
}

/// Packs JSON objects into as few frames as [`FRAME_BYTES`] allows, in order.
fn frames<'a>(objects: impl Iterator<Item = &'a str>) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut open = String::new();
    for object in objects {
        if !open.is_empty() && open.len() + object.len() >= FRAME_BYTES {
            frames.push(close(&mut open));
        }
        open.push(if open.is_empty() { '[' } else { ',' });
        open.push_str(object);
    }
    if !open.is_empty() {
        frames.push(close(&mut open));
    }
    frames
}

fn close(open: &mut String) -> Frame {
    open.push(']');
    std::mem::take(open).into()
}

impl Lane {
    /// The next frame.
    ///
    /// # Errors
    /// When there is no next one.
    pub async fn next(&mut self) -> Result<Frame, LaneEnd> {
        self.0.recv().await.map_err(|error| match error {
            RecvError::Lagged(_) => LaneEnd::TooSlow,
            RecvError::Closed => LaneEnd::Closed,
        })
    }

    /// The next frame if it is here already.
    ///
    /// # Errors
    /// When there is no next one.
    pub fn try_next(&mut self) -> Result<Option<Frame>, LaneEnd> {
        match self.0.try_recv() {
            Ok(frame) => Ok(Some(frame)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Lagged(_)) => Err(LaneEnd::TooSlow),
            Err(TryRecvError::Closed) => Err(LaneEnd::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(seq: Seq) -> Arc<Entry> {
        Arc::new(Entry {
            seq,
            json: format!("{{\"seq\":{seq}}}"),
        })
    }

    fn entries(range: std::ops::RangeInclusive<Seq>) -> Vec<Arc<Entry>> {
        range.map(entry).collect()
    }

    fn hub(head: Seq) -> Hub {
        let first = head.saturating_sub(limits::REPLAY_ENTRIES as u64) + 1;
        Hub::new(Tail {
            entries: entries(first..=head),
            head,
        })
    }

    fn seqs(frames: &[Frame]) -> Vec<Seq> {
        let objects = frames
            .iter()
            .flat_map(|frame| serde_json::from_str::<Vec<serde_json::Value>>(frame).expect("an array"));
        objects.map(|object| object["seq"].as_u64().expect("a seq")).collect()
    }

    fn drain(lane: &mut Lane) -> Vec<Frame> {
        std::iter::from_fn(|| lane.try_next().expect("not too slow")).collect()
    }

    fn missed(attached: &Attached) -> Vec<Seq> {
        let Missed::Frames(frames) = &attached.missed else {
            panic!("a gap")
        };
        seqs(frames)
    }

    #[test]
    fn a_tick_is_one_frame() {
        let hub = hub(0);
        let mut attached = hub.attach(None);
        hub.publish(&entries(1..=2));
        hub.publish(&entries(3..=3));
        hub.flush(false);
        let frames = drain(&mut attached.lane);
        assert_eq!((frames.len(), seqs(&frames)), (1, vec![1, 2, 3]));
    }

    #[test]
    fn a_full_frame_is_followed_by_another() {
        let long = Arc::new(Entry {
            seq: 1,
            json: format!("\"{}\"", "x".repeat(FRAME_BYTES)),
        });
        let frames = frames([long.json.as_str(), "2", "3"].into_iter());
        assert_eq!(
            frames.iter().map(|frame| frame.len() > FRAME_BYTES).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(frames[1].as_str(), "[2,3]");
    }

    #[test]
    fn who_returns_gets_exactly_what_was_missed() {
        let hub = hub(1_500);
        assert_eq!(missed(&hub.attach(None)), [0_u64; 0]);
        assert_eq!(missed(&hub.attach(Some(1_500))), [0_u64; 0]);
        assert_eq!(missed(&hub.attach(Some(1_497))), [1_498, 1_499, 1_500]);
        assert_eq!(missed(&hub.attach(Some(500))).len(), 1_000);
        assert_eq!(
            missed(&hub.attach(Some(9_999))),
            [0_u64; 0],
            "nothing can be missed that is not there yet"
        );
        let gap = hub.attach(Some(499)).missed;
        assert_eq!(gap, Missed::Gap(Gap { from: 500, to: 1_500 }));
    }

    #[test]
    fn the_newest_page_is_here_as_soon_as_it_is_in_the_log() {
        for (head, limit, want, next) in [
            (0, 50, vec![], None),
            (1, 50, vec![1], None),
            (50, 50, (1..=50).collect(), None),
            (51, 50, (2..=51).collect(), Some(2)),
            (1_500, 3, vec![1_498, 1_499, 1_500], Some(1_498)),
        ] {
            let hub = hub(0);
            hub.publish(&entries(1..=head / 2));
            hub.flush(false);
            hub.publish(&entries(head / 2 + 1..=head));
            let page = hub.newest(limit).expect("a page");
            let seqs: Vec<Seq> = page.messages.iter().map(|entry| entry.seq).collect();
            assert_eq!((seqs, page.next, page.as_of), (want, next, head));
        }
        let short = Hub::new(Tail {
            entries: entries(81..=100),
            head: 100,
        });
        assert!(short.newest(50).is_none(), "the store has the rest");
        assert!(short.newest(20).is_some());
    }

    #[test]
    fn who_reads_nothing_is_too_slow_and_the_others_do_not_care() {
        let hub = hub(0);
        let mut asleep = hub.attach(None);
        let mut awake = hub.attach(None);
        for seq in 1..=LANE_FRAMES as u64 + 1 {
            hub.publish(&[entry(seq)]);
            hub.flush(false);
            assert_eq!(seqs(&drain(&mut awake.lane)), [seq]);
        }
        assert_eq!(asleep.lane.try_next(), Err(LaneEnd::TooSlow));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_room_delivers_at_once_and_a_silent_one_says_so() {
        let hub = hub(0);
        let mut attached = hub.attach(None);
        let start = Instant::now();
        tokio::select! {
            () = hub.run() => {}
            () = async {
                assert_eq!(attached.lane.next().await.expect("open").as_str(), "[]");
                assert_eq!(start.elapsed(), QUIET);
                tokio::time::sleep(Duration::from_secs(1)).await;
                hub.publish(&[entry(1)]);
                attached.lane.next().await.expect("open");
                assert_eq!(start.elapsed(), QUIET + Duration::from_secs(1));
                hub.publish(&[entry(2)]);
                attached.lane.next().await.expect("open");
                assert_eq!(start.elapsed(), QUIET + Duration::from_secs(1) + TICK_MIN);
            } => {}
        }
    }

    proptest! {
        #[test]
        fn whenever_one_attaches_each_entry_comes_once_and_in_order(steps in prop::collection::vec(prop::option::of(1_u64..40), 1..60), join in 0_usize..60, after in 0_u64..200) {
            let hub = hub(0);
            let mut head = 0;
            let mut attached = None;
            for (at, step) in steps.iter().enumerate() {
                if at == join {
                    let sent = hub.state().head;
                    attached = Some(hub.attach(Some(after.min(sent))));
                }
                match step {
                    Some(count) => {
                        hub.publish(&entries(head + 1..=head + count));
                        head += count;
                    }
                    None => hub.flush(false),
                }
            }
            hub.flush(false);
            if let Some(mut attached) = attached {
                let start = after.min(attached.head);
                let mut got = match &attached.missed {
                    Missed::Frames(frames) => seqs(frames),
                    Missed::Gap(gap) => (gap.from..=gap.to).collect(),
                };
                got.extend(seqs(&drain(&mut attached.lane)));
                prop_assert_eq!(got, (start + 1..=head).collect::<Vec<_>>());
            }
        }
    }
}
