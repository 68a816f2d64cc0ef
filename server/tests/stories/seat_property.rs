//! Whatever three devices of one ticket do, and in whichever order: never two seats that both write.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use server::auth::codes;
use server::auth::secret::CodeHash;
use server::lease::TAKEOVER_WINDOW_MILLIS;
use server::nickname::Keys;
use server::store::entries::{Doing, Draft, Fate, LogWriter, Say};
use server::store::{Admitted, Claim, EventId, Lease, NewEvent, NewTicket, Store};
use wire::http::Tombstones;
use wire::{MemberId, Role, Seq, UnixMillis};

use crate::support::{Person, Plan, Venue, random};

const DEVICES: usize = 3;

#[derive(Clone, Debug)]
enum Act {
    Admission(usize),
    Takeover(usize),
    Leave(usize),
    /// Hands in a message under the seat that the device believes to have.
    Send(usize),
    /// The log's writer commits what was handed in, whoever has hung up since.
    Commit,
    /// Long enough for old takeovers to be forgotten.
    Later,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..DEVICES).prop_map(Act::Admission),
        4 => (0..DEVICES).prop_map(Act::Takeover),
        1 => (0..DEVICES).prop_map(Act::Leave),
        8 => (0..DEVICES).prop_map(Act::Send),
        3 => Just(Act::Commit),
        1 => Just(Act::Later),
    ]
}

#[test]
fn in_the_store_only_the_newest_seat_writes() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("frontrow.db");
    let house = tokio::sync::Mutex::new(runtime.block_on(House::open(&file)));
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    let acts = prop::collection::vec(act(), 1..60);
    let result = runner.run(&acts, |acts| {
        runtime.block_on(async {
            let mut house = house.lock().await;
            let mut play = house.seat().await;
            for act in acts {
                house.play(&mut play, &act).await;
            }
            house.play(&mut play, &Act::Commit).await;
        });
        Ok(())
    });
    result.expect("the property holds");
    let house = house.into_inner();
    assert!(
        house.written > 0 && house.refused > 0,
        "seats wrote, and lost ones were refused"
    );
}

/// A store with one event.
struct House {
    store: Store,
    log: LogWriter,
    event: EventId,
    tickets: u64,
    now: UnixMillis,
    written: usize,
    refused: usize,
}

/// One ticket and its three devices.
struct Play {
    code: CodeHash,
    member: MemberId,
    seats: [Option<Lease>; DEVICES],
    /// The epoch of the newest seat that was answered for.
    newest: i64,
    drafts: Vec<Draft>,
    sent: usize,
    written: Vec<i64>,
}

impl House {
    async fn open(file: &std::path::Path) -> Self {
        let store = Store::open(file).await.expect("a store");
        let show = NewEvent {
            slug: "s".into(),
            title: "t".into(),
            artist: "a".into(),
            doors_at: 0,
            starts_at: 0,
            ends_at: None,
            stream: None,
            chat: true,
            tombstones: Tombstones::Shown,
            reactions: server::reactions::house(),
        };
        let event = store.create_event(&show, 1).await.expect("works").expect("new");
        let log = LogWriter::open(&store).expect("a writer");
        Self {
            store,
            log,
            event,
            tickets: 0,
            now: 1_000_000_000,
            written: 0,
            refused: 0,
        }
    }

    /// A new ticket with an account and a nickname, its seat free.
    async fn seat(&mut self) -> Play {
        self.tickets += 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&self.tickets.to_be_bytes());
        let ticket = NewTicket {
            hash,
            length: 14,
            role: Role::Fan,
            reference: None,
        };
        let store = &self.store;
        store.add_tickets(self.event, &[ticket], self.now).await.expect("works");
        let turn = store.take_turn("p", self.now).await.expect("works").expect("a turn");
        let made = store.make_accounts(&turn, 10, codes::new_member, self.now).await;
        made.expect("works");
        let found = store.ticket_by_code(self.event, &hash).await.expect("works");
        let ticket = found.expect("a ticket").id;
        let seating = store.seating(ticket).await.expect("works").expect("a seating");
        let member = seating.member.expect("an account");
        let mut play = Play {
            code: hash,
            member,
            seats: [None; DEVICES],
            newest: 0,
            drafts: Vec::new(),
            sent: 0,
            written: Vec::new(),
        };
        self.name(&mut play).await;
        play
    }

    async fn name(&mut self, play: &mut Play) {
        self.ask(play, 0, false).await;
        let lease = play.seats[0].expect("a seat");
        let nickname = format!("fan number {}", self.tickets);
        let whom = (self.event, &play.member);
        let keys = Keys::of(&nickname);
        let given = self.store.give_nickname(whom, lease, &nickname, &keys).await;
        given.expect("works");
        assert!(self.store.leave(lease, self.now).await.expect("works"));
    }

    async fn play(&mut self, play: &mut Play, act: &Act) {
        self.now += 1;
        match *act {
            Act::Admission(device) => self.ask(play, device, false).await,
            Act::Takeover(device) => self.ask(play, device, true).await,
            Act::Leave(device) => {
                if let Some(lease) = play.seats[device] {
                    self.store.leave(lease, self.now).await.expect("works");
                }
            }
            Act::Send(device) => play.send(self.event, device),
            Act::Commit => self.commit(play).await,
            Act::Later => self.now += TAKEOVER_WINDOW_MILLIS + 1,
        }
    }

    async fn ask(&mut self, play: &mut Play, device: usize, takeover: bool) {
        let claim = Claim {
            event: self.event,
            code: play.code,
            had: play.seats[device],
            takeover,
        };
        match self.store.admit(claim, None, self.now).await.expect("works") {
            Admitted::Kept(seat) => assert_eq!(seat.lease.epoch, play.newest),
            Admitted::Taken(seat) | Admitted::TakenOver(seat) => {
                let lease = seat.lease;
                assert!(lease.epoch > play.newest, "epochs only grow");
                play.newest = lease.epoch;
                play.seats[device] = Some(lease);
            }
            Admitted::InUse { .. } | Admitted::Wait { .. } => {}
            Admitted::Closed(_) | Admitted::Unknown => panic!("the doors are open, and nobody revoked it"),
        }
    }

    async fn commit(&mut self, play: &mut Play) {
        let outcomes = self.log.commit(&play.drafts, self.now).await.expect("works");
        for (draft, outcome) in play.drafts.drain(..).zip(outcomes) {
            if matches!(outcome.fate, Fate::Committed(_)) {
                assert_eq!(draft.epoch, play.newest, "only the newest seat writes");
                play.written.push(draft.epoch);
                self.written += 1;
            } else {
                self.refused += 1;
            }
        }
        assert!(play.written.is_sorted(), "{:?}", play.written);
    }
}

impl Play {
    fn send(&mut self, event: EventId, device: usize) {
        let Some(lease) = self.seats[device] else { return };
        self.sent += 1;
        self.drafts.push(Draft {
            event,
            member: self.member.clone(),
            epoch: lease.epoch,
            id: Some(format!("{}", self.sent)),
            doing: Doing::Say(Say {
                text: "hello".into(),
                question: false,
                reply_to: None,
                found: None,
            }),
        });
    }
}

/// The same against the real server, with everything under way at once.
#[tokio::test]
async fn in_the_log_no_older_seat_writes_after_a_newer_one() {
    let venue = Venue::planned(Plan {
        serve: &["--send-rate=0"],
        fans: 5,
        ..Plan::default()
    })
    .await;
    let reader = venue.fan("reader").await;
    for round in 0..4 {
        let ana = venue.fan(&format!("fan {round}")).await;
        let devices = [ana.other_device(), ana.other_device(), ana];
        let plays = devices.iter().map(|device| moves_about(&venue, device));
        futures_util::future::join_all(plays).await;
    }
    let mut newest: HashMap<MemberId, (i64, Seq)> = HashMap::new();
    let mut tenures = 0;
    for message in reader.history(None).await {
        let body = message.body.expect("visible");
        let epoch: i64 = body.text.parse().expect("the epoch of its seat");
        let (so_far, at) = newest.entry(body.member).or_insert((0, 0));
        assert!(
            epoch >= *so_far,
            "entry {} of seat {epoch} after entry {at} of seat {so_far}",
            message.seq
        );
        tenures += u32::from(epoch > *so_far);
        (*so_far, *at) = (epoch, message.seq);
    }
    assert!(tenures > 4, "the seats changed hands");
}

/// A device that comes, takes over, talks, loses its socket, leaves and comes again, as chance has it. What it says is
/// the epoch of the seat it has.
async fn moves_about(venue: &Venue, device: &Person) {
    for turn in 0..6 {
        let answer = if random(2) == 0 {
            device.shows_ticket().await
        } else {
            device.asks_for_the_seat().await
        };
        let credential = device.asks_for_a_credential().await;
        if answer.status != 200 || credential.status != 200 {
            tokio::task::yield_now().await;
            continue;
        }
        let token: wire::http::Credential = credential.good();
        let claims = venue.secrets().verify(&token.token, 0).expect("a good credential");
        let mut line = device.dials().await;
        if line.try_hello(&token.token, None).await {
            for number in 0..random(30) {
                let id = format!("{}-{turn}-{number}", claims.epoch);
                let send = json!({ "type": "send", "id": id, "text": claims.epoch.to_string() });
                if !line.try_send(&send.to_string()).await || number % 8 == 7 && !line.step().await {
                    break;
                }
            }
        }
        match random(3) {
            0 => line.breaks(),
            1 => drop(device.leaves().await),
            _ => line.hangs_up().await,
        }
    }
}
