//! What the log's writer remembers of the rooms between its commits: where each log ends, and what its newest messages are
//! known by, which no index holds yet. Nobody else appends, so nobody else can make it untrue; a commit that fails
//! makes the writer forget.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use sqlx::SqliteConnection;
use wire::{MemberId, Seq, UnixMillis};

use super::{Draft, StoreError, json};
use crate::store::to_sql;

/// Messages of a room that wait for the index before they go in: the more together, the fewer pages each touches, and the
/// longer is what a reader walks through.
const UNINDEXED: usize = if cfg!(test) { 16 } else { 512 };

/// The same when many rooms share [`REMEMBERED`].
const FEW_UNINDEXED: usize = 16;

/// Rows that a batch adds to the index for each of its drafts, but for the last room's: more than come in, so that no room
/// waits for long.
const INDEXED_A_DRAFT: usize = 2;

/// Messages that are remembered, all rooms together: some 27 MB. Rooms without a draft are forgotten beyond that, and
/// read again.
const REMEMBERED: usize = 256 * 1024;

/// The rooms the writer knows.
#[derive(Debug, Default)]
pub(super) struct Recent {
    rooms: HashMap<i64, Room>,
    digests: RandomState,
}

#[derive(Debug, Default)]
struct Room {
    /// The place of the newest entry.
    head: Seq,
    /// The newest place whose message is indexed.
    said_to: Seq,
    /// What came after that, oldest first.
    messages: HashMap<MemberId, Vec<Known>>,
    /// The number of those that wait for the index.
    count: usize,
}

/// A message, by what it is found.
#[derive(Debug)]
struct Known {
    /// Of the id: nearly all others are told apart by it.
    digest: u64,
    id: String,
    seq: Seq,
    at: UnixMillis,
}

impl Recent {
    /// Reads what is not known of the rooms of these drafts.
    pub(super) async fn read(&mut self, tx: &mut SqliteConnection, drafts: &[Draft]) -> Result<(), StoreError> {
        let events: HashSet<i64> = drafts.iter().map(|draft| draft.event).collect();
        if self.rooms.values().map(|room| room.count).sum::<usize>() > REMEMBERED {
            self.rooms.retain(|event, _| events.contains(event));
        }
        let unknown: Vec<i64> = events
            .into_iter()
            .filter(|event| !self.rooms.contains_key(event))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown = json(&unknown);
        self.read_heads(tx, &unknown).await?;
        self.read_messages(tx, &unknown).await
    }

    async fn read_heads(&mut self, tx: &mut SqliteConnection, events: &str) -> Result<(), StoreError> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT v.id, v.said_to, (SELECT coalesce(max(seq), 0) FROM entries e WHERE e.event_id = v.id)
               FROM json_each(?) d CROSS JOIN events v ON v.id = d.value",
        )
        .bind(events)
        .fetch_all(tx)
        .await?;
        for (event, said_to, head) in rows {
            let room = Room {
                head: head as Seq,
                said_to: said_to as Seq,
                ..Room::default()
            };
            self.rooms.insert(event, room);
        }
        Ok(())
    }

    async fn read_messages(&mut self, tx: &mut SqliteConnection, events: &str) -> Result<(), StoreError> {
        let rows: Vec<(i64, i64, i64, String, String)> = sqlx::query_as(
            "SELECT e.event_id, e.seq, e.at, e.member_id, e.client_id
               FROM json_each(?) d CROSS JOIN events v ON v.id = d.value
              CROSS JOIN entries e ON e.event_id = v.id AND e.seq > v.said_to
              WHERE e.kind = 'message' ORDER BY e.event_id, e.seq",
        )
        .bind(events)
        .fetch_all(tx)
        .await?;
        for (event, seq, at, member, id) in rows {
            self.remember(event, &MemberId(member), id, seq as Seq, at as UnixMillis);
        }
        Ok(())
    }

    /// Takes the next place in a log.
    pub(super) fn next(&mut self, event: i64) -> Seq {
        let room = self.rooms.entry(event).or_default();
        room.head += 1;
        room.head
    }

    /// The place of the newest entry.
    pub(super) fn head(&self, event: i64) -> Seq {
        self.rooms.get(&event).map_or(0, |room| room.head)
    }

    /// Remembers a message that was appended.
    pub(super) fn remember(&mut self, event: i64, member: &MemberId, id: String, seq: Seq, at: UnixMillis) {
        let room = self.rooms.entry(event).or_default();
        room.count += 1;
        let digest = self.digests.hash_one(id.as_str());
        let known = Known { digest, id, seq, at };
        match room.messages.get_mut(member) {
            Some(messages) => messages.push(known),
            None => drop(room.messages.insert(member.clone(), vec![known])),
        }
    }

    /// The message that a member said under this id, if it is among the newest.
    pub(super) fn known(&self, event: i64, member: &MemberId, id: &str) -> Option<Seq> {
        let messages = self.rooms.get(&event)?.messages.get(member)?;
        let digest = self.digests.hash_one(id);
        messages
            .iter()
            .find(|message| message.digest == digest && message.id == id)
            .map(|message| message.seq)
    }

    /// When a member said something last, if that is among the newest.
    pub(super) fn last_said(&self, event: i64, member: &MemberId) -> Option<UnixMillis> {
        let messages = self.rooms.get(&event)?.messages.get(member)?;
        messages.last().map(|message| message.at)
    }

    /// Indexes rooms of these drafts in which enough has been said, those with most first. Rooms that fill up at the same
    /// time are left for later batches: one that indexed them all would keep everybody's acks waiting.
    pub(super) async fn index_full(&mut self, tx: &mut SqliteConnection, drafts: &[Draft]) -> Result<(), StoreError> {
        let mut rows = drafts.len() * INDEXED_A_DRAFT;
        for (count, event) in self.full(drafts) {
            self.index(tx, event).await?;
            rows = rows.saturating_sub(count);
            if rows == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Rooms of these drafts with messages enough for the index, by their number, the most first.
    fn full(&self, drafts: &[Draft]) -> Vec<(usize, i64)> {
        // Half of it: rooms that are left for later go on growing.
        let most = (REMEMBERED / 2 / self.rooms.len().max(1)).clamp(FEW_UNINDEXED, UNINDEXED);
        let events: HashSet<i64> = drafts.iter().map(|draft| draft.event).collect();
        let rooms = events
            .into_iter()
            .filter_map(|event| Some((self.rooms.get(&event)?.count, event)));
        let mut full: Vec<_> = rooms.filter(|(count, _)| *count >= most).collect();
        full.sort_unstable_by(|one, other| other.cmp(one));
        full
    }

    /// Adds what a room has said to the index. It is remembered up to the end of the batch, which has looked into the
    /// index before.
    pub(super) async fn index(&mut self, tx: &mut SqliteConnection, event: i64) -> Result<(), StoreError> {
        let Some(room) = self.rooms.get_mut(&event).filter(|room| room.head > room.said_to) else {
            return Ok(());
        };
        sqlx::query(
            "INSERT INTO said (event_id, member_id, seq, client_id)
             SELECT event_id, member_id, seq, client_id FROM entries
              WHERE event_id = ?1 AND seq > ?2 AND seq <= ?3 AND kind = 'message' ORDER BY member_id, seq",
        )
        .bind(event)
        .bind(to_sql(room.said_to))
        .bind(to_sql(room.head))
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE events SET said_to = ? WHERE id = ?")
            .bind(to_sql(room.head))
            .bind(event)
            .execute(tx)
            .await?;
        room.said_to = room.head;
        room.count = 0;
        Ok(())
    }

    /// The batch is over: what it has indexed is found there.
    pub(super) fn settle(&mut self, drafts: &[Draft]) {
        let events: HashSet<i64> = drafts.iter().map(|draft| draft.event).collect();
        for event in events {
            if let Some(room) = self.rooms.get_mut(&event) {
                room.settle();
            }
        }
    }
}

impl Room {
    fn settle(&mut self) {
        let said_to = self.said_to;
        let is_indexed = |messages: &Vec<Known>| messages.first().is_some_and(|first| first.seq <= said_to);
        if !self.messages.values().any(is_indexed) {
            return;
        }
        self.messages.retain(|_, messages| {
            messages.retain(|message| message.seq > said_to);
            !messages.is_empty()
        });
        self.count = self.messages.values().map(Vec::len).sum();
    }
}
