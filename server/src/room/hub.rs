//! The hub of a room on this node: collects what falls into one short tick, encodes one frame for all, or one for the
//! fans and one for the staff where they differ, and hands those same bytes to every connection. Its outside is small on
//! purpose (attach, deliver and say, detach by dropping), so that its inside can change.
//!
//! An idle room delivers at once. A busy one delivers in ticks that grow with the crowd, so that load becomes a little
//! latency and never a collapse.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use wire::frame::Gap;
use wire::{RoomState, Seq, ServerFrame};

use super::pulse::Pulse;
use super::record::{Audience, Json, Kept, Newest, Record};
use super::ring::{Frame, Lane, Ring};
use crate::relay::Tail;
use crate::websocket::text_frame;

/// A frame is closed when it reaches this many bytes: a slow connection finishes one before it hears anything else.
const FRAME_BYTES: usize = 16 * 1024;

/// Shortest tick: below it nothing is saved.
const TICK_MIN: Duration = Duration::from_millis(2);

/// A tick lasts so many times as long as the fan-out before it took, and the wait for it: a busy room, and a small one on a
/// busy machine, coalesces instead of using up its cores.
const TICK_SHARE: u32 = 5;

/// Longest tick that is made for that: with the commit before it and the fan-out after it, what a busy room says is everywhere within
/// 60 ms. A fan-out that takes about as long sets its own pace.
const TICK_MAX: Duration = Duration::from_millis(36);

/// What a fan-out leaves to others when it takes longer than that: one part in so many.
const REST_SHARE: u32 = 16;

/// Longest tick of all: above it a chat feels slow.
const TICK_MOST: Duration = Duration::from_millis(250);

/// A fan-out that is not done after this long holds the next one up no more.
const WRITTEN_WITHIN: Duration = Duration::from_millis(100);

/// An empty frame goes out after this much silence; leaves a margin to [`wire::limits::SERVER_SPEAKS_WITHIN`].
const QUIET: Duration = Duration::from_secs(20);

/// The hub of one room.
pub struct Hub {
    fans: Arc<Ring>,
    staff: Arc<Ring>,
    state: Mutex<State>,
    pulse: Arc<Pulse>,
    wake: Notify,
}

struct State {
    record: Record,
    /// What goes out with the next tick. Its size is bounded by what the log commits in a tick.
    waiting: Vec<Item>,
}

/// Whom a tick had something for.
#[derive(Clone, Copy)]
struct Sent {
    to_fans: bool,
    to_staff: bool,
}

/// What waits for the tick.
enum Item {
    /// An entry: shown as it is when the tick comes.
    Entry(Seq),
    /// Something that is not in the log.
    Said(String),
    /// The same, for the staff alone.
    SaidToStaff(String),
    /// How the room is: what moderators have set is filled in when the tick comes.
    Room(Box<RoomState>),
}

/// What the log brings to a room.
#[expect(clippy::large_enum_variant, reason = "nearly all of it is entries")]
pub enum Delivery {
    /// An entry, encoded.
    Entry(Kept),
    /// Something for the staff alone: one JSON object.
    ToStaff(String),
}

/// A connection that is attached to the hub. Dropping it detaches.
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

impl Hub {
    /// A hub that continues after `tail` and tells the sums of `pulse`. [`Hub::run`] drives it.
    pub(super) fn new(tail: Tail, pulse: Arc<Pulse>) -> Self {
        let state = State {
            record: Record::new(tail),
            waiting: Vec::new(),
        };
        Self {
            fans: Arc::default(),
            staff: Arc::default(),
            state: Mutex::new(state),
            pulse,
            wake: Notify::new(),
        }
    }

    /// Joins: `after` is the last entry the connection holds, `None` for a fresh start.
    pub fn attach(&self, audience: Audience, after: Option<Seq>) -> Attached {
        let (head, missed, lane) = {
            let state = self.state();
            let missed = after.map_or(Ok(Vec::new()), |after| state.record.missed(after, audience));
            (state.record.sent(), missed, self.ring(audience).attach())
        };
        // Out of the lock: up to a megabyte is copied for one who comes back.
        let missed = match missed {
            Ok(entries) => Missed::Frames(frames(entries.iter().map(Json::as_ref))),
            Err(gap) => Missed::Gap(gap),
        };
        Attached { head, missed, lane }
    }

    /// The newest `limit` messages, from memory: a crowd that comes at once reads one page. `None` when not enough of them
    /// is here.
    pub fn newest(&self, limit: usize, audience: Audience) -> Option<Newest> {
        self.state().record.newest(limit, audience)
    }

    /// Takes what the log brings, as one: nobody is shown a state in between. `room` follows what changes the setting.
    pub fn deliver(&self, deliveries: Vec<Delivery>, room: Option<&RoomState>) {
        let mut state = self.state();
        for delivery in deliveries {
            match delivery {
                Delivery::Entry(kept) => {
                    state.waiting.push(Item::Entry(kept.seq()));
                    if state.record.push(kept) {
                        state.put_room(room);
                    }
                }
                Delivery::ToStaff(json) => state.waiting.push(Item::SaidToStaff(json)),
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Says how the room is, with what moderators have set by then.
    pub fn say_room(&self, room: &RoomState) {
        self.state().put_room(Some(room));
        self.wake.notify_one();
    }

    /// Says something that is not in the log: one JSON object.
    pub fn say(&self, json: String) {
        self.put(Item::Said(json));
    }

    /// The same to the staff alone.
    pub fn say_to_staff(&self, json: String) {
        self.put(Item::SaidToStaff(json));
    }

    /// What moderators and artists have set and what the room feels, into a room's state.
    pub fn fill_in(&self, room: &mut RoomState) {
        self.state().fill_in(room);
        self.pulse.fill_in(room);
    }

    /// The newest questions that fans see, as far as they are in memory.
    pub fn questions(&self) -> Vec<Seq> {
        self.state().record.questions()
    }

    /// There is something to tell of the sums.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    fn put(&self, item: Item) {
        self.state().waiting.push(item);
        self.wake.notify_one();
    }

    fn ring(&self, audience: Audience) -> &Arc<Ring> {
        match audience {
            Audience::Fans => &self.fans,
            Audience::Staff => &self.staff,
        }
    }

    /// Sends what waits, tick by tick, for as long as it is polled.
    pub async fn run(&self) {
        let (mut last, mut heard) = (Instant::now(), Instant::now());
        loop {
            // What goes to the staff alone is no sign of life for the fans.
            let quiet = heard + QUIET;
            let due = self.pulse.due().map_or(quiet, |due| due.min(quiet));
            // Woken or due: in both cases no sooner than a tick after the last frame.
            let _ = tokio::time::timeout_at(due, self.wake.notified()).await;
            // What comes while frames are being written goes into the next one together.
            let _ = timeout(WRITTEN_WITHIN, self.written()).await;
            let next = last + self.tick();
            if Instant::now() < next {
                tokio::time::sleep_until(next).await;
            }
            let sent = self.flush(Instant::now() >= quiet);
            if sent.to_fans || sent.to_staff {
                last = Instant::now();
            }
            if sent.to_fans {
                heard = last;
            }
        }
    }

    fn tick(&self) -> Duration {
        tick(self.fans.took().max(self.staff.took()))
    }

    async fn written(&self) {
        self.fans.written().await;
        self.staff.written().await;
    }

    /// Sends what waits.
    fn flush(&self, even_if_empty: bool) -> Sent {
        let mut news = self.pulse.take_news();
        let mut state = self.state();
        for news in &mut news {
            state.record.leave_out_invisible(news);
        }
        let mut items = std::mem::take(&mut state.waiting);
        // Before the room's state, which already counts them.
        let index = items.len() - usize::from(matches!(items.last(), Some(Item::Room(_))));
        items.splice(index..index, news.iter().map(|news| Item::Said(news.encode())));
        for item in &mut items {
            if let Item::Room(room) = item {
                state.fill_in(room);
                self.pulse.fill_in(room);
                *item = Item::Said(ServerFrame::Room(room.clone()).encode());
            }
        }
        let (fans, staff) = state.encode(&items, even_if_empty, self.staff.lanes() > 0);
        if let Some(last) = items.iter().rev().find_map(Item::entry) {
            state.record.mark_sent(last);
        }
        let sent = Sent {
            to_fans: !fans.is_empty(),
            to_staff: !staff.is_empty(),
        };
        // Nobody there is fine: who comes later gets it from the record.
        self.fans.push(fans);
        self.staff.push(staff);
        sent
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    fn entry(&self) -> Option<Seq> {
        match self {
            Self::Entry(seq) => Some(*seq),
            Self::Said(_) | Self::SaidToStaff(_) | Self::Room(_) => None,
        }
    }
}

impl State {
    /// Puts the room's state behind everything else, once a tick.
    fn put_room(&mut self, room: Option<&RoomState>) {
        self.waiting.retain(|item| !matches!(item, Item::Room(_)));
        self.waiting.extend(room.map(|room| Item::Room(Box::new(room.clone()))));
    }

    fn fill_in(&self, room: &mut RoomState) {
        let setting = self.record.setting();
        room.slow_seconds = setting.slow_seconds;
        room.paused = setting.paused;
        room.pinned_message = self.record.pinned();
        room.pinned = room.pinned_message.as_ref().map(|message| message.seq);
        room.spotlight_message = self.record.spotlight();
        room.spotlight = room.spotlight_message.as_ref().map(|message| message.seq);
    }

    /// The frames of a tick for the fans and for the staff: mostly the same bytes.
    fn encode(&self, items: &[Item], even_if_empty: bool, has_staff: bool) -> (Vec<Frame>, Vec<Frame>) {
        let show = |audience| items.iter().filter_map(move |item| self.show(item, audience));
        let is_shared = items.iter().all(|item| self.is_shared(item));
        let mut fans = frames(show(Audience::Fans));
        let mut staff = match (has_staff, is_shared) {
            (false, _) => Vec::new(),
            (true, true) => fans.clone(),
            (true, false) => frames(show(Audience::Staff)),
        };
        if even_if_empty {
            for lane in [&mut fans, &mut staff] {
                if lane.is_empty() {
                    lane.push(text_frame("[]"));
                }
            }
        }
        (fans, staff)
    }

    fn show<'s>(&'s self, item: &'s Item, audience: Audience) -> Option<&'s str> {
        match (item, audience) {
            (Item::Entry(seq), _) => self.record.show(*seq, audience),
            (Item::Said(json), _) | (Item::SaidToStaff(json), Audience::Staff) => Some(json),
            (Item::SaidToStaff(_), Audience::Fans) | (Item::Room(_), _) => None,
        }
    }

    fn is_shared(&self, item: &Item) -> bool {
        match item {
            Item::Entry(seq) => self.record.is_shared(*seq),
            Item::Said(_) | Item::Room(_) => true,
            Item::SaidToStaff(_) => false,
        }
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
    let frame = text_frame(open);
    open.clear();
    frame
}

/// The tick after a fan-out that took so long.
fn tick(took: Duration) -> Duration {
    let stretched = took.saturating_mul(TICK_SHARE).min(TICK_MAX);
    stretched.max(took + took / REST_SHARE).clamp(TICK_MIN, TICK_MOST)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use wire::limits;

    use super::super::live::tests::quiet_room;
    use super::super::pulse::Tapped;
    use super::super::record::tests::{entries, hide, message, pin};
    use super::super::ring::{RING_BYTES, Reader, TooSlow};
    use super::super::tally::Tally;
    use super::*;
    use crate::relay::Entry;
    use crate::websocket::text_of;

    fn publish(hub: &Hub, entries: Vec<Entry>) {
        let deliveries = entries.into_iter().map(|entry| Delivery::Entry(Kept::new(entry)));
        hub.deliver(deliveries.collect(), None);
    }

    fn hub(head: Seq) -> Hub {
        let first = head.saturating_sub(limits::REPLAY_ENTRIES as u64) + 1;
        with_pulse(tail(first, head)).0
    }

    fn with_pulse(tail: Tail) -> (Hub, Arc<Pulse>) {
        let offered = vec!["🔥".to_owned()];
        let pulse = Arc::new(Pulse::new(Tally::new(offered, BTreeMap::new(), BTreeMap::new()), 0));
        (Hub::new(tail, Arc::clone(&pulse)), pulse)
    }

    fn tail(first: Seq, head: Seq) -> Tail {
        Tail {
            entries: entries(first..=head),
            head,
            ..Tail::default()
        }
    }

    fn seqs(frames: &[Frame]) -> Vec<Seq> {
        let objects = frames
            .iter()
            .flat_map(|frame| serde_json::from_str::<Vec<serde_json::Value>>(text_of(frame)).expect("an array"));
        objects.map(|object| object["seq"].as_u64().expect("a seq")).collect()
    }

    fn drain(lane: &mut Lane) -> Vec<Frame> {
        let mut frames = Vec::new();
        lane.position = lane.ring().read(lane.position, &mut frames).expect("not too slow");
        frames
    }

    /// Takes frame by frame, as they come.
    struct Listener {
        lane: Lane,
        reader: Arc<dyn Reader>,
        news: Arc<Bell>,
        /// Before every frame: so each is written in no time, whatever the test's clock says.
        began: std::time::Instant,
    }

    #[derive(Default)]
    struct Bell(Notify);

    impl Reader for Bell {
        fn has_news(&self, _: usize) {
            self.0.notify_one();
        }
    }

    impl Listener {
        fn new(attached: Attached) -> Self {
            let (lane, news) = (attached.lane, Arc::new(Bell::default()));
            let reader = Arc::clone(&news) as Arc<dyn Reader>;
            lane.ring().add_reader(Arc::clone(&reader), 0);
            Self {
                lane,
                reader,
                news,
                began: std::time::Instant::now(),
            }
        }

        async fn next(&mut self) -> String {
            loop {
                let mut frames = Vec::new();
                let ring = self.lane.ring();
                ring.read(self.lane.position, &mut frames).expect("not too slow");
                if let Some(first) = frames.first() {
                    let text = text_of(first).to_owned();
                    ring.note_written(&self.reader, self.lane.position + 1, self.began);
                    self.lane.position += 1;
                    return text;
                }
                self.news.0.notified().await;
            }
        }
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
        let mut attached = hub.attach(Audience::Fans, None);
        publish(&hub, entries(1..=2));
        publish(&hub, entries(3..=3));
        hub.flush(false);
        let frames = drain(&mut attached.lane);
        assert_eq!((frames.len(), seqs(&frames)), (1, vec![1, 2, 3]));
    }

    #[test]
    fn a_full_frame_is_followed_by_another() {
        let long = format!("\"{}\"", "x".repeat(FRAME_BYTES));
        let frames = frames([long.as_str(), "2", "3"].into_iter());
        assert_eq!(
            frames.iter().map(|frame| frame.len() > FRAME_BYTES).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(text_of(&frames[1]), "[2,3]");
    }

    #[test]
    fn who_returns_gets_exactly_what_was_missed() {
        let hub = hub(1_500);
        assert_eq!(missed(&hub.attach(Audience::Fans, None)), [0_u64; 0]);
        assert_eq!(missed(&hub.attach(Audience::Fans, Some(1_500))), [0_u64; 0]);
        assert_eq!(missed(&hub.attach(Audience::Fans, Some(1_497))), [1_498, 1_499, 1_500]);
        assert_eq!(missed(&hub.attach(Audience::Fans, Some(500))).len(), 1_000);
        assert_eq!(
            missed(&hub.attach(Audience::Fans, Some(9_999))),
            [0_u64; 0],
            "nothing can be missed that is not there yet"
        );
        let gap = hub.attach(Audience::Fans, Some(499)).missed;
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
            publish(&hub, entries(1..=head / 2));
            hub.flush(false);
            publish(&hub, entries(head / 2 + 1..=head));
            let page = hub.newest(limit, Audience::Fans).expect("a page");
            let found = seqs(&frames(page.messages.iter().map(Json::as_ref)));
            assert_eq!((found, page.next, page.as_of), (want, next, head));
        }
        let short = with_pulse(tail(81, 100)).0;
        assert!(short.newest(50, Audience::Fans).is_none(), "the store has the rest");
        assert!(
            short.newest(20, Audience::Fans).is_none(),
            "and knows whether there is a rest"
        );
        assert!(short.newest(19, Audience::Fans).is_some());
    }

    #[test]
    fn who_reads_nothing_is_too_slow_and_the_others_do_not_care() {
        let hub = hub(0);
        let asleep = hub.attach(Audience::Fans, None);
        let mut awake = hub.attach(Audience::Fans, None);
        for seq in 1..=(RING_BYTES / 128) as u64 {
            publish(&hub, vec![message(seq, "ana")]);
            hub.flush(false);
            assert_eq!(seqs(&drain(&mut awake.lane)), [seq]);
        }
        let missed = asleep.lane.ring().read(asleep.lane.position, &mut Vec::new());
        assert_eq!(missed, Err(TooSlow));
    }

    #[test]
    fn what_is_hidden_before_the_tick_never_goes_out() {
        let hub = hub(0);
        let mut fan = hub.attach(Audience::Fans, None);
        let mut staff = hub.attach(Audience::Staff, None);
        publish(&hub, vec![message(1, "ana"), hide(2, 1)]);
        hub.flush(false);
        let (to_fan, to_staff) = (drain(&mut fan.lane), drain(&mut staff.lane));
        assert_eq!((seqs(&to_fan), seqs(&to_staff)), (vec![1, 2], vec![1, 2]));
        let (to_fan, to_staff) = (text_of(&to_fan[0]), text_of(&to_staff[0]));
        assert!(!to_fan.contains("ana says"), "{to_fan}");
        assert!(!to_fan.contains("mo"), "who did it is nobody's business: {to_fan}");
        assert!(
            to_staff.contains("ana says 1") && to_staff.contains("spam"),
            "{to_staff}"
        );
    }

    #[test]
    fn a_pinned_message_that_is_hidden_before_the_tick_is_in_no_rooms_state() {
        let hub = hub(0);
        let mut fan = hub.attach(Audience::Fans, None);
        let room = quiet_room();
        for entry in [message(1, "ana"), pin(2, 1), hide(3, 1)] {
            hub.deliver(vec![Delivery::Entry(Kept::new(entry))], Some(&room));
        }
        hub.say_room(&room);
        hub.flush(false);
        let frames = drain(&mut fan.lane);
        let frame = text_of(&frames[0]);
        assert!(!frame.contains("ana says"), "{frame}");
        assert_eq!(frame.matches("\"type\":\"room\"").count(), 1, "once a tick: {frame}");
    }

    #[test]
    fn fans_and_staff_share_the_bytes_of_a_tick_without_deeds() {
        let hub = hub(0);
        let mut fan = hub.attach(Audience::Fans, None);
        let mut staff = hub.attach(Audience::Staff, None);
        publish(&hub, entries(1..=3));
        hub.flush(false);
        let (to_fan, to_staff) = (drain(&mut fan.lane), drain(&mut staff.lane));
        assert_eq!(to_fan[0].as_ptr(), to_staff[0].as_ptr());
        hub.say_to_staff("{}".to_owned());
        hub.flush(true);
        assert_eq!(text_of(&drain(&mut fan.lane)[0]), "[]");
        assert_eq!(text_of(&drain(&mut staff.lane)[0]), "[{}]");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_room_delivers_at_once_and_a_silent_one_says_so() {
        let hub = hub(0);
        let mut attached = Listener::new(hub.attach(Audience::Fans, None));
        let start = Instant::now();
        tokio::select! {
            () = hub.run() => {}
            () = async {
                assert_eq!(attached.next().await, "[]");
                assert_eq!(start.elapsed(), QUIET);
                tokio::time::sleep(Duration::from_secs(1)).await;
                publish(&hub, vec![message(1, "ana")]);
                attached.next().await;
                assert_eq!(start.elapsed(), QUIET + Duration::from_secs(1));
                publish(&hub, vec![message(2, "ana")]);
                attached.next().await;
                assert_eq!(start.elapsed(), QUIET + Duration::from_secs(1) + TICK_MIN);
            } => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn fans_hear_of_the_server_while_only_the_staff_is_told_something() {
        let hub = hub(0);
        let mut fan = Listener::new(hub.attach(Audience::Fans, None));
        let _staff = hub.attach(Audience::Staff, None);
        let chatter = async {
            loop {
                hub.say_to_staff("{}".to_owned());
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        };
        let listening = async {
            for _ in 0..3 {
                let frame = timeout(limits::SERVER_SPEAKS_WITHIN, fan.next()).await;
                assert_eq!(frame.expect("a sign of life"), "[]");
            }
        };
        tokio::select! {
            () = hub.run() => {}
            () = chatter => {}
            () = listening => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_of_taps_is_four_frames_a_second_and_rides_with_what_is_said() {
        let (hub, pulse) = with_pulse(Tail::default());
        let mut attached = Listener::new(hub.attach(Audience::Fans, None));
        let (mut told, mut frames) = (0, 0);
        let storm = async {
            for place in 0..2_000 {
                if let Tapped::Counted { is_first: true, .. } = pulse.tap("🔥", 5, 0) {
                    hub.wake();
                }
                if place == 1_000 {
                    publish(&hub, vec![message(1, "ana")]);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        let listening = async {
            loop {
                let frame = attached.next().await;
                let objects: Vec<serde_json::Value> = serde_json::from_str(&frame).expect("an array");
                frames += 1;
                told += objects
                    .iter()
                    .filter_map(|object| object["counts"]["🔥"].as_u64())
                    .sum::<u64>();
            }
        };
        tokio::select! {
            () = hub.run() => {}
            () = listening => {}
            () = storm => {}
        }
        assert_eq!(told, 10_000);
        assert!(
            (8..=10).contains(&frames),
            "{frames} frames in two seconds, one of them with a message"
        );
    }

    #[test]
    fn the_tick_stretches_with_what_a_fan_out_takes() {
        for (took, want) in [
            (0, 2_000),
            (100, 2_000),
            (3_000, 15_000),
            (30_000, 36_000),
            (34_000, 36_125),
            (80_000, 85_000),
            (9_000_000, 250_000),
        ] {
            assert_eq!(
                tick(Duration::from_micros(took)),
                Duration::from_micros(want),
                "{took} µs"
            );
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
                    let sent = hub.state().record.sent();
                    attached = Some(hub.attach(Audience::Fans, Some(after.min(sent))));
                }
                match step {
                    Some(count) => {
                        publish(&hub, entries(head + 1..=head + count));
                        head += count;
                    }
                    None => {
                        hub.flush(false);
                    }
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
