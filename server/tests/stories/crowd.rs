//! Many at once, and one who is slow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wire::{MemberId, Received, Seq, ServerFrame};

use crate::support::{Ending, Line, Plan, Venue, eventually};

const FANS: usize = 200;
const MESSAGES: usize = 50;
const TOTAL: u64 = (FANS * MESSAGES) as u64;

/// A crowd in a debug build takes its time.
const CROWD_WITHIN: Duration = Duration::from_secs(150);

/// How many fans find their places at a time.
const AT_THE_GATE: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_fans_say_fifty_messages_each_at_once_and_all_see_all_once_in_one_order() {
    let venue = Venue::planned(Plan {
        serve: &["--send-rate=0"],
        fans: FANS,
        ..Plan::default()
    })
    .await;
    let mut lines = Vec::new();
    for fans in (0..FANS).collect::<Vec<_>>().chunks(AT_THE_GATE) {
        let seats = fans
            .iter()
            .map(async |fan| venue.fan(&format!("fan {fan}")).await.connects().await);
        lines.extend(join_all(seats).await);
    }
    let heard = Arc::new(Heard::default());
    let crowd = lines.into_iter().enumerate().map(|(number, line)| {
        let heard = Arc::clone(&heard);
        tokio::spawn(takes_part(number, line, heard))
    });
    let crowd = timeout(CROWD_WITHIN, join_all(crowd)).await.expect("in time");
    for fan in crowd {
        fan.expect("no panic");
    }
    heard.assert_whole();
}

/// Says everything at once, and listens until everything was heard and answered.
async fn takes_part(number: usize, mut line: Line, heard: Arc<Heard>) {
    for message in 0..MESSAGES {
        let id = format!("{number}-{message}");
        line.sends(&json!({ "type": "send", "id": id, "text": format!("{message} from {number}") }))
            .await;
    }
    let (mut last, mut acked) = (line.last(), 0);
    while last < TOTAL || acked < MESSAGES {
        let frame = line.next_frame().await.expect("the line is open");
        let facts = heard.frame(&frame);
        if let Some(first) = facts.first {
            assert_eq!(first, last + 1, "each entry once and in order");
            last = facts.last;
        }
        acked += facts.acks;
    }
    assert_eq!((last, acked), (TOTAL, MESSAGES));
}

/// Every different frame, read once: two hundred lines hear the same bytes.
#[derive(Default)]
struct Heard(Mutex<Frames>);

#[derive(Default)]
struct Frames {
    /// By their first bytes, which tell the frames of a log apart.
    read: HashMap<String, Vec<(Utf8Bytes, Facts)>>,
    /// What each entry is.
    entries: HashMap<Seq, (MemberId, String)>,
}

#[derive(Clone, Copy, Default)]
struct Facts {
    first: Option<Seq>,
    last: Seq,
    acks: usize,
}

const FIRST_BYTES: usize = 64;

impl Heard {
    fn frame(&self, frame: &Utf8Bytes) -> Facts {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = &frame[..frame.floor_char_boundary(FIRST_BYTES)];
        let known = frames.read.get(key).into_iter().flatten();
        if let Some((_, facts)) = known.clone().find(|(read, _)| read == frame) {
            return *facts;
        }
        let facts = frames.read(frame);
        if facts.acks == 0 {
            let of_this_key = frames.read.entry(key.to_owned()).or_default();
            of_this_key.push((frame.clone(), facts));
        }
        facts
    }

    fn assert_whole(&self) {
        let frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(frames.entries.len() as u64, TOTAL);
        let mut said: Vec<&(MemberId, String)> = frames.entries.values().collect();
        said.sort();
        said.dedup();
        assert_eq!(said.len() as u64, TOTAL, "no message is two entries");
    }
}

impl Frames {
    fn read(&mut self, frame: &str) -> Facts {
        let mut facts = Facts::default();
        for object in Received::read(frame).expect("an array of objects") {
            match object {
                Received::Known(ServerFrame::Message(message)) => {
                    let follows = facts.first.is_none() || message.seq == facts.last + 1;
                    assert!(follows, "entry {} after {}", message.seq, facts.last);
                    facts.first.get_or_insert(message.seq);
                    facts.last = message.seq;
                    let body = message.body.expect("visible");
                    let entry = (body.member, body.id);
                    let known = self.entries.entry(message.seq).or_insert_with(|| entry.clone());
                    assert_eq!(*known, entry, "one order for all");
                }
                Received::Known(ServerFrame::Ack(_)) => facts.acks += 1,
                Received::Known(ServerFrame::Presence(_) | ServerFrame::Room(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        facts
    }
}

/// What one says while another does not read: more than its line and both systems hold.
const MUCH: u64 = 700;

#[tokio::test]
async fn a_slow_reader_is_cut_and_resumes_and_nobody_waits_for_it() {
    let venue = Venue::unlimited().await;
    let (ana, ben, slow) = (venue.fan("Ana").await, venue.fan("Ben").await, venue.fan("Slow").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    let mut asleep = slow.dials_with_a_tiny_buffer().await;
    asleep.greets(&slow.credential().await.token, None).await;

    let long = "x".repeat(480);
    let head = at_anas
        .says_all((1..=MUCH).map(|number| format!("{number} {long}")))
        .await;
    assert_eq!(head, MUCH);
    at_bens.hears(head).await;
    assert_eq!(
        cut(&venue).await,
        0,
        "the others had it before the slow one was given up"
    );
    eventually("the slow one is cut", async || (cut(&venue).await > 0).then_some(())).await;
    at_anas.says("it goes on").await;
    at_bens.hears(head + 1).await;

    // What was on the way to it may still arrive; then the line is closed or broken, and it knows to come back.
    asleep.wakes_up();
    let ending = asleep.ending().await;
    assert!(matches!(ending, Ending::Closed(4002) | Ending::Broken), "{ending:?}");
    let before = asleep.transcript().to_vec();
    assert!((before.len() as u64) < head, "it was cut before the end");
    let mut awake = slow.returns_after(asleep.last()).await;
    awake.hears(head + 1).await;
    assert_eq!(awake.gap(), None);
    let whole = [&before, awake.transcript()].concat();
    at_bens.hears(head + 1).await;
    assert_eq!(whole, at_bens.transcript(), "nothing lost, nothing twice");
}

/// Sockets that were closed because they were too slow.
async fn cut(venue: &Venue) -> u64 {
    venue.metric("frontrow_sockets_closed_total{reason=\"too_slow\"}").await
}
