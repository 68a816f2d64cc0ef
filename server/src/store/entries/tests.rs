//! How drafts are put together in batches, and what a batch reads and writes at once, makes no difference.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::select;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use wire::Role;
use wire::moderation::{WordAction, WordMatch, WordRule};

use super::*;
use crate::store::fixture::{EPOCH, announced};

/// The time of the first segment, and between two of them: longer than slow mode.
const NOON: UnixMillis = 1_000_000_000;
const BETWEEN: UnixMillis = 20_000;

const FANS: [&str; 4] = ["ana", "ben", "cem", "dia"];

/// How drafts come to the log.
#[derive(Clone, Debug)]
enum Way {
    Together,
    /// In batches of these lengths, again and again.
    InBatches(Vec<usize>),
    /// Each in a batch of its own, and by its own statements.
    OneByOne,
}

/// What happens beside the log.
#[derive(Clone, Debug)]
enum Outside {
    Nothing,
    /// Another session takes a fan's seat.
    Takeover(usize),
    /// A fan is out, by the command line.
    Ban(usize),
    /// The server starts again.
    Restart,
}

/// Drafts that are handed in at once, and what happens after them.
type Segment = (Vec<Draft>, Outside);

struct House {
    _folder: TempDir,
    store: Store,
    log: Option<LogWriter>,
    way: Way,
}

/// What can be compared.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    fates: Vec<Fate>,
    effects: Vec<(i64, String)>,
    /// The last word on each case: within a batch the earlier ones are not told.
    cases: BTreeMap<(i64, Seq), String>,
}

impl Heard {
    fn add(&mut self, event: i64, outcome: Outcome) {
        self.fates.push(outcome.fate);
        for effect in outcome.effects {
            let told = format!("{effect:?}");
            match effect {
                Effect::ToStaff(ServerFrame::Case(case)) => drop(self.cases.insert((event, case.message.seq), told)),
                _ => self.effects.push((event, told)),
            }
        }
    }
}

impl House {
    /// Two rooms with the same people.
    async fn opens(way: Way) -> Self {
        let (folder, store, salt) = announced().await;
        let mut tx = store.begin().await.expect("begins");
        sqlx::query(
            "INSERT INTO events (id, slug, title, artist, doors_at, starts_at, chat, created_at)
             VALUES (?, 'pepper', 'Pepper', 'Vesna', 0, 0, 1, 0)",
        )
        .bind(salt + 1)
        .execute(&mut *tx)
        .await
        .expect("announces");
        tx.commit().await.expect("commits");
        for event in [salt, salt + 1] {
            for name in FANS {
                store.seat(event, &format!("{name}{event}"), Role::Fan).await;
            }
            store.seat(event, &format!("mo{event}"), Role::Moderator).await;
            store.seat(event, &format!("vesna{event}"), Role::Artist).await;
        }
        let mut house = Self {
            _folder: folder,
            store,
            log: None,
            way,
        };
        house.starts();
        house
    }

    fn starts(&mut self) {
        // The lock is one process's: first it is given back.
        self.log = None;
        let mut log = LogWriter::open(&self.store).expect("the writer");
        log.memory.one_by_one = matches!(self.way, Way::OneByOne);
        self.log = Some(log);
    }

    async fn live(&mut self, evening: &[Segment]) -> Heard {
        let mut heard = Heard::default();
        let mut now = NOON;
        for (drafts, outside) in evening {
            let mut rest = drafts.as_slice();
            for length in self.lengths() {
                let (batch, others) = rest.split_at(length.min(rest.len()));
                self.commit(batch, now, &mut heard).await;
                rest = others;
                if rest.is_empty() {
                    break;
                }
            }
            self.meanwhile(outside).await;
            now += BETWEEN;
        }
        heard
    }

    async fn commit(&mut self, batch: &[Draft], now: UnixMillis, heard: &mut Heard) {
        let log = self.log.as_mut().expect("it is open");
        let outcomes = log.commit(batch, now).await.expect("commits");
        for (draft, outcome) in batch.iter().zip(outcomes) {
            heard.add(draft.event, outcome);
        }
    }

    fn lengths(&self) -> Box<dyn Iterator<Item = usize> + Send> {
        match &self.way {
            Way::Together => Box::new(std::iter::once(usize::MAX)),
            Way::InBatches(lengths) => Box::new(lengths.clone().into_iter().cycle()),
            Way::OneByOne => Box::new(std::iter::repeat(1)),
        }
    }

    async fn meanwhile(&mut self, outside: &Outside) {
        let (change, fan) = match outside {
            Outside::Nothing => return,
            Outside::Restart => return self.starts(),
            Outside::Takeover(fan) => ("UPDATE leases SET epoch = epoch + 1", fan),
            Outside::Ban(fan) => ("UPDATE tickets SET banned_at = 1", fan),
        };
        let key = if change.contains("leases") { "ticket_id" } else { "id" };
        let mut tx = self.store.begin().await.expect("begins");
        sqlx::query(&format!(
            "{change} WHERE {key} IN (SELECT ticket_id FROM members WHERE id LIKE ? || '%')"
        ))
        .bind(FANS[fan % FANS.len()])
        .execute(&mut *tx)
        .await
        .expect("writes");
        tx.commit().await.expect("commits");
    }

    /// Everything that is on disk, but for what no draft changes.
    async fn records(&self) -> BTreeMap<&'static str, String> {
        let mut records = BTreeMap::new();
        for (table, columns) in TABLES {
            let rows: String = sqlx::query_scalar(&format!(
                "SELECT json_group_array(json_array({columns})) FROM (SELECT {columns} FROM {table} ORDER BY {columns})"
            ))
            .fetch_one(&self.store.read)
            .await
            .expect("reads");
            records.insert(table, rows);
        }
        records
    }

    async fn indexed_rooms(&self) -> i64 {
        sqlx::query_scalar("SELECT count(DISTINCT event_id) FROM said")
            .fetch_one(&self.store.read)
            .await
            .expect("reads")
    }

    /// Every message is found by its author's id for it, and nothing else is.
    async fn index_is_right(&self) {
        let of = "event_id, member_id, client_id, seq";
        let differences: i64 = sqlx::query_scalar(&format!(
            "SELECT (SELECT count(*) FROM (SELECT {of} FROM messages_of_members
                       EXCEPT SELECT {of} FROM entries WHERE kind = 'message'))
                  + (SELECT count(*) FROM entries WHERE kind = 'message')
                  - (SELECT count(*) FROM messages_of_members)"
        ))
        .fetch_one(&self.store.read)
        .await
        .expect("reads");
        assert_eq!(differences, 0);
    }
}

const TABLES: [(&str, &str); 13] = [
    (
        "entries",
        "event_id, seq, kind, at, member_id, client_id, nickname, role, text, question, reply_to, hidden, target, about,
         seconds, since, undone, reason, answers",
    ),
    ("questions", "event_id, seq, votes, state, answered"),
    ("votes", "member_id, target"),
    ("acts", "member_id, client_id, seq"),
    (
        "held",
        "id, event_id, member_id, client_id, at, text, question, reply_to, rule, state",
    ),
    ("reports", "event_id, target, member_id, at, reason"),
    ("report_cases", "event_id, target, count, first_at, dismissed"),
    (
        "audit",
        "id, at, event_id, kind, detail, actor, actor_name, about, about_name, target, seq, seconds, reason",
    ),
    ("members", "id, nickname, spoken, muted_until, hold"),
    ("nicknames", "member_id, at, nickname"),
    ("tickets", "id, banned_at"),
    ("events", "id, slow_seconds, paused, pinned, spotlight"),
    ("signals", "id, at, event_id, member_id"),
];

fn rule() -> impl Strategy<Value = WordRule> {
    let actions = select(vec![WordAction::Hold, WordAction::Refuse, WordAction::Mute]);
    actions.prop_map(|action| WordRule {
        pattern: "boo".into(),
        matching: WordMatch::Word,
        action,
        seconds: (action == WordAction::Mute).then_some(10),
        say: None,
    })
}

fn saying() -> impl Strategy<Value = Doing> {
    let reply = prop_oneof![4 => Just(None), 1 => (0_u64..30).prop_map(Some)];
    let found = prop_oneof![8 => Just(None), 1 => rule().prop_map(Some)];
    (
        select(vec!["hello", "encore", "boo"]),
        prop::bool::weighted(0.2),
        reply,
        found,
    )
        .prop_map(|(text, question, reply_to, found)| {
            Doing::Say(Say {
                text: text.into(),
                question,
                reply_to,
                found,
            })
        })
}

fn verb() -> impl Strategy<Value = fn(MemberId, u64) -> Verb> {
    let verbs: Vec<fn(MemberId, u64) -> Verb> = vec![
        |member, _| Verb::Ban { member },
        |member, _| Verb::Unban { member },
        |member, _| Verb::Mute { member, seconds: 30 },
        |member, _| Verb::Mute { member, seconds: 0 },
        |member, _| Verb::Clear { member, seconds: 60 },
        |member, _| Verb::Rename { member },
        |member, _| Verb::Unrename { member },
        |member, _| Verb::Hold { member, on: true },
        |member, _| Verb::Hold { member, on: false },
        |_, target| Verb::Hide { target },
        |_, target| Verb::Unhide { target },
        |_, target| Verb::Unclear { target },
        |_, target| Verb::Approve { held: target },
        |_, target| Verb::Drop { held: target },
        |_, target| Verb::Dismiss { target },
        |_, target| Verb::Queue { target, on: true },
        |_, target| Verb::Answer { target, text: None },
        |_, target| Verb::Answer {
            target,
            text: Some("yes".into()),
        },
        |_, target| Verb::Spotlight { target: Some(target) },
        |_, target| Verb::Pin { target: Some(target) },
        |_, _| Verb::Slow { seconds: 10 },
        |_, _| Verb::Slow { seconds: 0 },
        |_, _| Verb::Pause,
        |_, _| Verb::Resume,
    ];
    select(verbs)
}

fn doing(event: i64) -> impl Strategy<Value = Doing> {
    let act = (verb(), select(FANS.to_vec()), 1_u64..12, 0_u64..4).prop_map(move |(verb, fan, target, dice)| {
        let verb = verb(MemberId(format!("{fan}{event}")), target);
        Doing::Act {
            verb,
            reason: None,
            dice,
        }
    });
    let vote = (1_u64..12, any::<bool>()).prop_map(|(target, on)| Doing::Vote { target, on });
    let report = (1_u64..12).prop_map(|target| Doing::Report { target, reason: None });
    prop_oneof![12 => saying(), 1 => vote, 1 => report, 2 => act]
}

fn draft() -> impl Strategy<Value = Draft> {
    let event = 1_i64..=2;
    // Ids come again, and some are of an older epoch.
    let parts = (0_usize..7, 0_u32..40, prop::bool::weighted(0.03));
    (event.prop_flat_map(|event| (Just(event), doing(event))), parts).prop_map(|((event, doing), (who, id, is_old))| {
        let name = match (&doing, who) {
            (Doing::Act { .. }, 0) => "ana",
            (Doing::Act { .. }, 1) => "vesna",
            (Doing::Act { .. }, _) | (_, 6) => "mo",
            (_, 5) => "vesna",
            (_, fan) => FANS[fan % FANS.len()],
        };
        Draft {
            event,
            member: MemberId(format!("{name}{event}")),
            epoch: if is_old { EPOCH - 1 } else { EPOCH },
            id: (id > 0).then(|| format!("id {id}")),
            doing,
        }
    })
}

fn evening() -> impl Strategy<Value = Vec<Segment>> {
    let outside = prop_oneof![
        4 => Just(Outside::Nothing),
        1 => (0_usize..4).prop_map(Outside::Takeover),
        1 => (0_usize..4).prop_map(Outside::Ban),
        2 => Just(Outside::Restart),
    ];
    prop::collection::vec((prop::collection::vec(draft(), 1..40), outside), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_decides_what_its_drafts_would_one_by_one(
        evening in evening(),
        lengths in prop::collection::vec(1_usize..12, 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut alone = House::opens(Way::OneByOne).await;
            let heard = alone.live(&evening).await;
            let records = alone.records().await;
            alone.index_is_right().await;
            for way in [Way::Together, Way::InBatches(lengths)] {
                let mut house = House::opens(way.clone()).await;
                assert_eq!(house.live(&evening).await, heard, "{way:?}");
                assert_eq!(house.records().await, records, "{way:?}");
                house.index_is_right().await;
            }
        });
    }
}

/// The last migration before messages were indexed by the hundreds.
const BEFORE: i64 = 5;

/// A file as the migrations up to `last` make it.
async fn file_of_version(last: i64, file: &Path) -> SqliteConnection {
    let mut old = sqlx::migrate!();
    old.migrations.to_mut().retain(|migration| migration.version <= last);
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.expect("opens");
    old.run(&mut connection).await.expect("makes the tables");
    connection
}

/// The last migration that kept the log in the order of its rooms.
const BY_ROOM: i64 = 7;

const WHOLE_ROWS: &str =
    "SELECT json_array(event_id, seq, kind, at, member_id, client_id, nickname, role, text, question,
    reply_to, hidden, target, about, seconds, since, undone, reason, answers) FROM entries ORDER BY event_id, seq";

#[tokio::test]
async fn a_log_in_the_order_of_its_rooms_comes_over_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("frontrow.db");
    let mut old = file_of_version(BY_ROOM, &file).await;
    sqlx::raw_sql(
        "INSERT INTO events (id, slug, title, artist, doors_at, starts_at, chat, created_at)
         VALUES (1, 'salt', 'Salt', 'Vesna', 0, 0, 1, 0), (2, 'tide', 'Tide', 'Vesna', 0, 0, 1, 0);
         INSERT INTO entries VALUES
         (2, 1, 'message', 10, 'ana', 'one', 'Ana', 'fan', 'hm', 1, NULL, 1, NULL, NULL, NULL, NULL, 0, NULL, NULL),
         (1, 1, 'message', 11, 'ben', 'two', 'Ben', 'artist', 'ho', 0, 3, 0, NULL, NULL, NULL, NULL, 0, NULL, 4),
         (1, 2, 'clear', 12, 'mo', NULL, 'Mo', 'moderator', NULL, 0, NULL, 0, 5, 'ana', 60, 7, 1, 'spam', NULL);",
    )
    .execute(&mut old)
    .await
    .expect("writes");
    let before: Vec<String> = sqlx::query_scalar(WHOLE_ROWS).fetch_all(&mut old).await.expect("reads");
    old.close().await.expect("closes");
    let store = Store::open(&file).await.expect("brings it up to date");
    let after: Vec<String> = sqlx::query_scalar(WHOLE_ROWS)
        .fetch_all(&store.read)
        .await
        .expect("reads");
    assert_eq!(after, before);
    assert_eq!(after.len(), 3);
    assert_eq!(
        after[1],
        r#"[1,2,"clear",12,"mo",null,"Mo","moderator",null,0,null,0,5,"ana",60,7,1,"spam",null]"#
    );
}

/// A file of before the index, with a fan's two messages in it.
async fn an_older_file(file: &Path) {
    let mut connection = file_of_version(BEFORE, file).await;
    sqlx::raw_sql(
        "INSERT INTO events (id, slug, title, artist, doors_at, starts_at, chat, created_at)
         VALUES (1, 'salt', 'Salt', 'Vesna', 0, 0, 1, 0);
         INSERT INTO tickets (id, event_id, code_hash, code_length, role, issued_at, pending)
         VALUES (1, 1, randomblob(32), 14, 'fan', 0, 0);
         INSERT INTO members (id, event_id, ticket_id, role, nickname, made_at) VALUES ('ana', 1, 1, 'fan', 'ana', 0);
         INSERT INTO leases (ticket_id, epoch, held, since, last_seen) VALUES (1, 1, 1, 0, 0);
         INSERT INTO entries (event_id, seq, kind, at, member_id, client_id, nickname, role, text)
         VALUES (1, 1, 'message', 1, 'ana', 'one', 'ana', 'fan', 'first'), (1, 3, 'message', 3, 'ana', 'two', 'ana', 'fan', 'second');
         INSERT INTO entries (event_id, seq, kind, at, member_id, nickname, role) VALUES (1, 2, 'pause', 2, 'mo', 'mo', 'moderator');",
    )
    .execute(&mut connection)
    .await
    .expect("writes");
    connection.close().await.expect("closes");
}

#[tokio::test]
async fn what_was_said_before_the_index_is_known_and_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("frontrow.db");
    an_older_file(&file).await;
    let store = Store::open(&file).await.expect("brings it up to date");
    let ana = MemberId("ana".into());
    let again = |id: &str| Draft {
        event: 1,
        member: ana.clone(),
        epoch: EPOCH,
        id: Some(id.into()),
        doing: Doing::Say(Say {
            text: "again".into(),
            question: false,
            reply_to: None,
            found: None,
        }),
    };
    let mut log = LogWriter::open(&store).expect("the writer");
    let outcomes = log
        .commit(&[again("two"), again("three")], NOON)
        .await
        .expect("commits");
    let fates: Vec<_> = outcomes.into_iter().map(|outcome| outcome.fate).collect();
    assert_eq!(fates, [Fate::Known(Some(3)), Fate::Committed(Some(4))]);
    let page = store.history(1, Some(&ana), None, 50).await.expect("reads");
    let seqs: Vec<_> = page.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [1, 3, 4]);
    let page = store.history(1, Some(&ana), Some(4), 1).await.expect("reads");
    assert_eq!((page.messages.len(), page.next), (1, Some(3)));
}

#[tokio::test]
async fn rooms_that_fill_up_together_are_indexed_one_after_the_other() {
    let mut house = House::opens(Way::Together).await;
    let mut indexed = Vec::new();
    for numbers in [0..15, 15..16, 16..17, 17..18] {
        house.commit(&hellos(numbers), NOON, &mut Heard::default()).await;
        house.index_is_right().await;
        indexed.push(house.indexed_rooms().await);
    }
    assert_eq!(indexed, [0, 1, 2, 2]);
}

#[tokio::test]
async fn a_room_that_a_ban_has_indexed_keeps_no_other_from_it() {
    let mut house = House::opens(Way::Together).await;
    house.commit(&hellos(0..15), NOON, &mut Heard::default()).await;
    let mut batch = hellos(15..16);
    batch.push(Draft {
        event: 2,
        member: MemberId("mo2".into()),
        epoch: EPOCH,
        id: None,
        doing: Doing::Act {
            verb: Verb::Ban {
                member: MemberId(format!("{}2", FANS[1])),
            },
            reason: None,
            dice: 0,
        },
    });
    batch.push(hello(2, 16));
    house.commit(&batch, NOON, &mut Heard::default()).await;
    house.index_is_right().await;
    assert_eq!(house.indexed_rooms().await, 2);
}

/// Both rooms' turns to say hello, so many times.
fn hellos(numbers: Range<usize>) -> Vec<Draft> {
    numbers
        .flat_map(|number| [1, 2].map(|event| hello(event, number)))
        .collect()
}

fn hello(event: i64, number: usize) -> Draft {
    Draft {
        event,
        member: MemberId(format!("{}{event}", FANS[0])),
        epoch: EPOCH,
        id: Some(format!("hello {number}")),
        doing: Doing::Say(Say {
            text: "hello".into(),
            question: false,
            reply_to: None,
            found: None,
        }),
    }
}
