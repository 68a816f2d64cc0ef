//! Brings an event's word list into its room: when the room opens, and whenever the list has changed.

use std::sync::Arc;
use std::time::Duration;

use super::live::Room;
use crate::store::{Store, StoreError};
use crate::words::Words;

/// Tries to read a list that has changed; the next change tries again.
const TRIES: u32 = 60;

/// Between two of them.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Loads the list as it is now.
pub(super) async fn load(store: &Store, room: &Room) -> Result<(), StoreError> {
    // The version first: a list that is newer than its version is loaded once more, and none is missed.
    let version = store.words_version(room.event()).await?;
    if version <= room.words_version() {
        return Ok(());
    }
    let rules = store.word_rules(room.event()).await?;
    // A long list takes a while to compile, and the rooms go on meanwhile.
    let compiled = tokio::task::spawn_blocking(move || Words::new(rules)).await;
    if let Ok(words) = compiled {
        room.set_words(version, words);
    }
    Ok(())
}

/// Loads the list in a task of its own, and again while it changes. A database in trouble is asked again.
pub(super) fn reload(store: Store, room: Arc<Room>) {
    if !room.begin_words() {
        return;
    }
    tokio::spawn(async move {
        for _ in 0..TRIES {
            match load_latest(&store, &room).await {
                Ok(()) => break,
                Err(error) => tracing::error!(%error, event = room.event(), "the word list cannot be read"),
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        room.end_words();
        // What changed in this last moment found somebody at it.
        let latest = store.words_version(room.event()).await;
        if latest.is_ok_and(|latest| latest > room.words_version()) {
            reload(store, room);
        }
    });
}

/// A long import changes the list many times: one reading after the last change is enough.
async fn load_latest(store: &Store, room: &Room) -> Result<(), StoreError> {
    while store.words_version(room.event()).await? > room.words_version() {
        load(store, room).await?;
    }
    tracing::info!(event = room.event(), "the word list has changed");
    Ok(())
}
