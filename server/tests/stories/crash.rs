//! The server goes down: at once, and in order.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::watch;
use wire::frame::Message;
use wire::{CloseCode, Seq};

use crate::support::{Line, Person, Plan, Venue, in_time, random};

const ROUNDS: usize = 12;
const TALKERS: usize = 4;

/// A client in a hurry.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Messages of one talker whose ack has not come.
const ON_THE_WAY: usize = 6;

/// Nothing that was acknowledged is lost, nothing comes twice, and every line hears one and the same log.
#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing_and_doubles_nothing() {
    let mut venue = Venue::planned(Plan {
        serve: &["--send-rate=0"],
        fans: TALKERS,
        ..Plan::default()
    })
    .await;
    let (over, is_over) = watch::channel(false);
    let (count, mut acked) = watch::channel(0_usize);
    let mut talkers = Vec::new();
    for number in 0..TALKERS {
        let person = venue.fan(&format!("talker {number}")).await;
        let talker = Talker::new(number, person, count.clone());
        talkers.push(tokio::spawn(talker.talk(is_over.clone())));
    }
    for _ in 0..ROUNDS {
        let enough = *acked.borrow() + 1 + usize::try_from(random(60)).expect("small");
        in_time("acks", acked.wait_for(|acked| *acked >= enough))
            .await
            .expect("talkers talk");
        tokio::time::sleep(Duration::from_micros(random(20_000))).await;
        venue.kill9().await;
        venue.restart().await;
    }
    over.send_replace(true);
    let talkers = in_time("the talkers' end", join_all(talkers)).await;
    let talkers: Vec<Talker> = talkers.into_iter().map(|talker| talker.expect("no panic")).collect();
    let history = talkers[0].person.history(None).await;
    assert_is_a_log(&history);
    for talker in &talkers {
        talker.assert_true(&history);
    }
    let posted: usize = talkers.iter().map(|talker| talker.posted).sum();
    assert_eq!(history.len(), posted, "every message was acknowledged in the end");
}

fn assert_is_a_log(history: &[Message]) {
    let seqs: Vec<Seq> = history.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=history.len() as u64).collect::<Vec<_>>(), "no hole");
    let mut ids = HashMap::new();
    for message in history {
        let body = message.body.as_ref().expect("visible");
        let before = ids.insert((&body.member, &body.id), message.seq);
        assert_eq!(before, None, "{} twice", body.id);
    }
}

/// A fan whose client does what the contract asks: it resumes by seq, and sends what was not acknowledged again under
/// the same id.
struct Talker {
    name: usize,
    person: Person,
    acked: BTreeMap<String, Seq>,
    on_the_way: Vec<String>,
    posted: usize,
    heard: Vec<Message>,
    last: Seq,
    count: watch::Sender<usize>,
}

impl Talker {
    fn new(name: usize, person: Person, count: watch::Sender<usize>) -> Self {
        Self {
            name,
            person,
            acked: BTreeMap::new(),
            on_the_way: Vec::new(),
            posted: 0,
            heard: Vec::new(),
            last: 0,
            count,
        }
    }

    async fn talk(mut self, over: watch::Receiver<bool>) -> Self {
        while !self.is_done(&over) {
            let mut line = in_time("the server is back", self.comes_back()).await;
            assert_eq!(line.gap(), None, "so little was missed");
            for id in self.on_the_way.clone() {
                line.try_send(&send(&id)).await;
            }
            while !self.is_done(&over) && self.goes_on(&mut line, &over).await {}
            self.heard.extend_from_slice(line.transcript());
            self.last = line.last();
        }
        self
    }

    async fn comes_back(&self) -> Line {
        loop {
            if let Some(line) = self.person.tries_to_return_after(self.last).await {
                return line;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    fn is_done(&self, over: &watch::Receiver<bool>) -> bool {
        *over.borrow() && self.on_the_way.is_empty()
    }

    async fn goes_on(&mut self, line: &mut Line, over: &watch::Receiver<bool>) -> bool {
        while !*over.borrow() && self.on_the_way.len() < ON_THE_WAY {
            self.posted += 1;
            let id = format!("{}-{}", self.name, self.posted);
            line.try_send(&send(&id)).await;
            self.on_the_way.push(id);
        }
        let goes_on = line.step().await;
        self.take_acks(line);
        goes_on
    }

    fn take_acks(&mut self, line: &Line) {
        assert_eq!(line.refusals().count(), 0);
        for (id, seq) in line.acks() {
            let before = self.acked.insert(id.to_owned(), seq);
            assert!(before.is_none_or(|before| before == seq), "two acks of {id}");
            if before.is_none() {
                self.count.send_modify(|count| *count += 1);
            }
        }
        self.on_the_way.retain(|id| !self.acked.contains_key(id));
    }

    fn assert_true(&self, history: &[Message]) {
        for (id, seq) in &self.acked {
            let entry = &history[usize::try_from(*seq).expect("small") - 1];
            let body = entry.body.as_ref().expect("visible");
            assert_eq!((&body.id, &body.text), (id, id), "entry {seq}");
        }
        assert_eq!(self.heard, history[..self.heard.len()], "what was heard is the log");
    }
}

fn send(id: &str) -> String {
    format!(r#"{{"type":"send","id":"{id}","text":"{id}"}}"#)
}

#[tokio::test]
async fn asked_to_stop_it_finishes_says_so_and_ends_in_time() {
    let mut venue = Venue::unlimited().await;
    let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
    let (mut at_anas, mut at_bens) = (ana.connects().await, ben.connects().await);
    let mut not_yet_greeted = ben.dials().await;
    at_anas.says("one").await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(at_anas.posts("more").await);
    }
    // With the first ack the others are under way.
    at_anas.hears(2).await;
    let asked = Instant::now();
    venue.ask_to_stop().await;
    for line in [&mut at_anas, &mut at_bens, &mut not_yet_greeted] {
        line.ending().await.is(CloseCode::Restarting);
    }
    let status = venue.stopped().await;
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());

    venue.restart().await;
    let acks: BTreeMap<String, Seq> = at_anas.acks().map(|(id, seq)| (id.to_owned(), seq)).collect();
    let history = ben.history(None).await;
    assert_is_a_log(&history);
    for message in &history[1..] {
        let body = message.body.as_ref().expect("visible");
        assert_eq!(
            acks.get(&body.id),
            Some(&message.seq),
            "what was committed was acknowledged"
        );
    }
    assert_eq!(history.len(), acks.len() + 1, "what was acknowledged was committed");
    let mut back = ana.returns_after(at_anas.last()).await;
    for id in ids {
        back.posts_as(&id, "more").await;
        let seq = back.ack(&id).await;
        assert!(acks.get(&id).is_none_or(|first| *first == seq));
    }
    let history = ben.history(None).await;
    assert_is_a_log(&history);
    assert_eq!(history.len(), 21);
}

#[tokio::test]
async fn asked_to_stop_with_nobody_there_it_stops_at_once() {
    let mut venue = Venue::open().await;
    let asked = Instant::now();
    assert!(venue.stop().await.success());
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}
