//! A database with one event, and people in it, for tests.

use tempfile::TempDir;
use wire::http::Tombstones;
use wire::{MemberId, Role};

use super::{EventId, NewEvent, Store};

/// The epoch of every lease here.
pub const EPOCH: i64 = 1;

/// An event that is open from the beginning of time.
pub async fn announced() -> (TempDir, Store, EventId) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("frontrow.db")).await.expect("opens");
    let new = NewEvent {
        slug: "salt".into(),
        title: "Salt".into(),
        artist: "Vesna".into(),
        doors_at: 0,
        starts_at: 0,
        ends_at: None,
        stream: None,
        chat: true,
        tombstones: Tombstones::Shown,
        reactions: crate::reactions::house(),
    };
    let event = store
        .create_event(&new, 0)
        .await
        .expect("announces")
        .expect("a new slug");
    (folder, store, event)
}

impl Store {
    /// Somebody with a nickname who holds a seat.
    pub(crate) async fn seat(&self, event: EventId, name: &str, role: Role) -> MemberId {
        let mut tx = self.begin().await.expect("begins");
        let ticket: i64 = sqlx::query_scalar(
            "INSERT INTO tickets (event_id, code_hash, code_length, role, issued_at, pending)
             VALUES (?, randomblob(32), 14, ?, 0, 0) RETURNING id",
        )
        .bind(event)
        .bind(role.as_str())
        .fetch_one(&mut *tx)
        .await
        .expect("a ticket");
        for insert in [
            "INSERT INTO members (id, event_id, ticket_id, role, nickname, made_at) VALUES (?1, ?2, ?3, ?4, ?1, 0)",
            "INSERT INTO leases (ticket_id, epoch, held, since, last_seen) VALUES (?3, ?5, 1, 0, 0)",
        ] {
            sqlx::query(insert)
                .bind(name)
                .bind(event)
                .bind(ticket)
                .bind(role.as_str())
                .bind(EPOCH)
                .execute(&mut *tx)
                .await
                .expect("inserts");
        }
        tx.commit().await.expect("commits");
        MemberId(name.into())
    }

    /// The next so many commits are on disk, and are told to have failed.
    pub(crate) fn loses_answers(&self, count: u32) {
        self.turn.lose_answers(count);
    }
}
