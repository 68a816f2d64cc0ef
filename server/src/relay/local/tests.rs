//! The engine with a writer that is late, and one whose answers are lost.

use std::sync::Mutex;

use tempfile::TempDir;
use tokio::sync::oneshot::error::TryRecvError;
use wire::frame::Verb;
use wire::{MemberId, ServerFrame};

use super::*;
use crate::relay::{Doing, Relay, Say};
use crate::store::fixture::{EPOCH, announced};

struct House {
    _folder: TempDir,
    store: Store,
    event: i64,
    local: Local,
    writer: Writer,
}

impl House {
    /// A log whose writer has not begun.
    async fn opens() -> Self {
        let (folder, store, event) = announced().await;
        let (local, writer) = Local::with_writer(&store, Metrics::default()).expect("the writer");
        Self {
            _folder: folder,
            store,
            event,
            local,
            writer,
        }
    }

    fn append(&self, draft: Draft, role: Role) -> oneshot::Receiver<Fate> {
        let local = self.local.clone();
        Relay { local }.append(draft, role)
    }

    fn draft(&self, member: &MemberId, id: &str, doing: Doing) -> Draft {
        Draft {
            event: self.event,
            member: member.clone(),
            epoch: EPOCH,
            id: Some(id.into()),
            doing,
        }
    }
}

fn say(text: &str) -> Doing {
    Doing::Say(Say {
        text: text.into(),
        question: false,
        reply_to: None,
        found: None,
    })
}

#[tokio::test]
async fn when_the_crowd_fills_the_queue_the_artist_is_heard_first_and_in_order() {
    let house = House::opens().await;
    let ana = house.store.seat(house.event, "ana", Role::Fan).await;
    let vesna = house.store.seat(house.event, "vesna", Role::Artist).await;
    let waiting: Vec<_> = (0..QUEUE_DRAFTS)
        .map(|number| {
            let draft = house.draft(&ana, &format!("m{number}"), say("encore"));
            house.append(draft, Role::Fan)
        })
        .collect();
    let mut shed = house.append(house.draft(&ana, "one more", say("encore")), Role::Fan);
    assert_eq!(shed.try_recv(), Ok(Fate::unavailable()));

    let lines = ["thank you", "one more song"];
    let said = lines.map(|text| house.append(house.draft(&vesna, text, say(text)), Role::Artist));
    let mut fates = Vec::new();
    tokio::spawn(house.writer.run());
    for fate in said {
        fates.push(fate.await.expect("an answer"));
    }
    assert_eq!(fates, [Fate::Committed(Some(1)), Fate::Committed(Some(2))]);
    let first = waiting.into_iter().next().expect("the first");
    assert_eq!(first.await, Ok(Fate::Committed(Some(3))), "and the crowd goes on");
}

/// What a room was told, in short.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Subscriber for Ear {
    fn deliver(&self, effects: Vec<Effect>) {
        let kind = |frame: ServerFrame| {
            let frame: serde_json::Value = serde_json::from_str(&frame.encode()).expect("JSON");
            frame["type"].to_string()
        };
        let told = effects.into_iter().map(|effect| match effect {
            Effect::Entry(entry) => format!("entry {}", entry.seq),
            Effect::ToStaff(frame) => format!("to the staff: {}", kind(frame)),
            Effect::ToMember(member, frame) => format!("to {}: {}", member.as_str(), kind(frame)),
            Effect::Votes { target, votes } => format!("{target} has {votes} votes"),
        });
        self.0.lock().expect("not poisoned").extend(told);
    }
}

impl Ear {
    fn heard(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }
}

const TOLD: [&str; 6] = [
    "entry 1",
    "1 has 1 votes",
    "to the staff: \"case\"",
    "to ana: \"muted\"",
    "to the staff: \"audit\"",
    "entry 2",
];

/// A question, a vote for it, a report of it, a mute and a pause, in a room that listens.
async fn an_evening(house: &mut House) -> (Arc<Ear>, Vec<Draft>) {
    let ear = Arc::new(Ear::default());
    let tail = house.writer.subscribe(house.event, 10, Arc::clone(&ear) as _).await;
    tail.expect("reads");
    let ana = house.store.seat(house.event, "ana", Role::Fan).await;
    let ben = house.store.seat(house.event, "ben", Role::Fan).await;
    let mo = house.store.seat(house.event, "mo", Role::Moderator).await;
    let question = Doing::Say(Say {
        text: "is the boat real?".into(),
        question: true,
        reply_to: None,
        found: None,
    });
    let act = |verb| Doing::Act {
        verb,
        reason: None,
        dice: 0,
    };
    let member = ana.clone();
    let report = Doing::Report {
        target: 1,
        reason: None,
    };
    let doings = [
        (&ana, question),
        (&ben, Doing::Vote { target: 1, on: true }),
        (&ben, report),
        (&mo, act(Verb::Mute { member, seconds: 60 })),
        (&mo, act(Verb::Pause)),
    ];
    let drafts = doings
        .into_iter()
        .enumerate()
        .map(|(number, (who, doing))| house.draft(who, &format!("d{number}"), doing));
    (ear, drafts.collect())
}

#[tokio::test]
async fn what_a_commit_of_unknown_fate_left_is_told_once_and_whole() {
    for lost in [0, 1, COMMIT_TRIES] {
        let mut house = House::opens().await;
        let (ear, drafts) = an_evening(&mut house).await;
        // In one queue, so that they come in this order.
        let hand_in = |draft| house.append(draft, Role::Fan);
        let answers: Vec<_> = drafts.into_iter().map(hand_in).collect();
        house.store.loses_answers(lost);
        tokio::spawn(house.writer.run());
        for answer in answers {
            let fate = answer.await;
            let is_as_expected = match lost {
                0 => matches!(fate, Ok(Fate::Committed(_))),
                COMMIT_TRIES => fate.is_err(),
                _ => matches!(fate, Ok(Fate::Known(_))),
            };
            assert!(is_as_expected, "{lost} answers are lost: {fate:?}");
        }
        assert_eq!(ear.heard(), TOLD, "{lost} answers are lost");
    }
}

#[tokio::test]
async fn what_is_in_doubt_at_the_end_is_told_when_the_log_works_again() {
    let mut house = House::opens().await;
    let (ear, drafts) = an_evening(&mut house).await;
    let mut writer = house.writer;
    house.store.loses_answers(1);
    let failed = writer.log.commit(&drafts, clock::now()).await.expect_err("no answer");
    writer.doubt = Doubt::of(&drafts, failed.outcomes);
    writer.healthy.store(false, Ordering::Relaxed);
    writer.recover().await;
    assert_eq!(ear.heard(), TOLD);
    assert!(writer.healthy.load(Ordering::Relaxed));

    // What never came to disk is not told.
    let again = Draft {
        id: Some("never".into()),
        ..drafts[4].clone()
    };
    let mut effects = HashMap::new();
    effects.insert(house.event, vec![Effect::Votes { target: 1, votes: 9 }]);
    writer.doubt = Some(Doubt {
        witness: again,
        effects,
    });
    assert!(writer.settle().await);
    assert_eq!(ear.heard(), TOLD);
}

#[tokio::test]
async fn a_queue_is_drained_after_its_senders_have_gone() {
    let mut house = House::opens().await;
    let ana = house.store.seat(house.event, "ana", Role::Fan).await;
    let mut answer = house.append(house.draft(&ana, "m", say("hello")), Role::Fan);
    drop(house.local);
    let mut jobs = Vec::new();
    assert_eq!(house.writer.queues.receive(&mut jobs, FIRST_DRAFTS).await, 1);
    assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    jobs.clear();
    assert_eq!(house.writer.queues.receive(&mut jobs, FIRST_DRAFTS).await, 0);
}

#[tokio::test]
async fn a_flood_of_the_staff_leaves_half_of_each_batch_to_the_others() {
    const STAFF: i64 = 1;
    const OTHERS: i64 = 2;
    let mut house = House::opens().await;
    let wait = |queue: &mpsc::Sender<Job>, event, count| {
        for _ in 0..count {
            assert!(queue.try_send(Job::Unsubscribe { event }).is_ok(), "there is room");
        }
    };
    wait(&house.local.staff, STAFF, 3 * FIRST_DRAFTS);
    wait(&house.local.jobs, OTHERS, FIRST_DRAFTS / 2 + 1);
    let half = FIRST_DRAFTS / 2;
    for want in [(half, half), (FIRST_DRAFTS - 1, 1), (FIRST_DRAFTS, 0), (half + 1, 0)] {
        let mut jobs = Vec::new();
        house.writer.queues.receive(&mut jobs, FIRST_DRAFTS).await;
        let is_of = |job: &&Job, of| matches!(job, Job::Unsubscribe { event } if *event == of);
        let count = |of| jobs.iter().filter(|job| is_of(job, of)).count();
        assert_eq!((count(STAFF), count(OTHERS)), want);
    }
}

#[test]
fn a_transaction_takes_what_is_decided_in_time() {
    let mut pace = Pace::default();
    let fast = |drafts: usize| DECIDE_WITHIN * u32::try_from(drafts).expect("few") / 1_000;
    for _ in 0..4 {
        let full = pace.0;
        pace.learn(full, fast(full));
    }
    assert_eq!(pace.0, 1_000, "as many as fit");
    pace.learn(1, DECIDE_WITHIN / 2);
    assert_eq!(pace.0, 1_000, "a lone draft tells nothing of a crowd");
    pace.learn(1, DECIDE_WITHIN * 100);
    assert_eq!(pace.0, 500, "one slow batch halves it");
    for _ in 0..9 {
        pace.learn(FEWEST_DRAFTS, DECIDE_WITHIN * 100);
    }
    assert_eq!(pace.0, FEWEST_DRAFTS);
    for _ in 0..9 {
        let full = pace.0;
        pace.learn(full, Duration::ZERO);
    }
    assert_eq!(pace.0, MOST_DRAFTS);
}
