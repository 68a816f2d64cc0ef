//! Watches the store for what other connections and processes did: a takeover, a revoked ticket, an ended event. Signals
//! only say where to look; what is found there is applied to the open sockets.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::live::Room;
use super::{Rooms, words};
use crate::clock;
use crate::store::{Signal, StoreError};

/// Between two looks when nobody nudges: acts of other processes are seen within a second, this often at most.
const POLL: Duration = Duration::from_millis(200);

/// Between two reports of how many people are here.
const REPORT: Duration = Duration::from_secs(5);

/// Between two notes of who is here, for a server that crashes and begins again.
const NOTE_EVERY: Duration = Duration::from_mins(5);

/// Follows the signals until the server stops. Nothing here waits for a write.
pub(super) async fn follow(rooms: Rooms, mut last: i64) {
    let mut failing = false;
    while !rooms.0.shutdown.is_cancelled() {
        let result = look(&rooms, &mut last).await;
        note(&mut failing, result);
        tokio::select! {
            () = rooms.0.nudge.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = rooms.0.shutdown.cancelled() => {}
        }
    }
}

/// Reports who is here and closes the rooms that are done, until the server stops.
pub(super) async fn keep_house(rooms: Rooms) {
    let mut beat = tokio::time::interval(REPORT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut noted = Instant::now();
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = rooms.0.shutdown.cancelled() => return,
        }
        if noted.elapsed() >= NOTE_EVERY {
            note_who_is_here(&rooms);
            noted = Instant::now();
        }
        if let Err(error) = report(&rooms, Room::online).await {
            tracing::warn!(%error, "how many people are here could not be reported");
        }
        close_what_is_over(&rooms).await;
    }
}

/// Who watches and says nothing is here, too: after a crash the server keeps their places.
fn note_who_is_here(rooms: &Rooms) {
    let now = clock::now();
    for lease in rooms.all_opened().iter().flat_map(|room| room.leases()) {
        rooms.0.store.note_seen(lease, now);
    }
}

/// Applies every signal after `last`.
async fn look(rooms: &Rooms, last: &mut i64) -> Result<(), StoreError> {
    loop {
        let signals = rooms.0.store.signals_after(*last).await?;
        let Some(newest) = signals.last().map(|signal| signal.id) else {
            return Ok(());
        };
        for signal in &signals {
            apply(rooms, signal).await?;
        }
        *last = newest;
    }
}

async fn apply(rooms: &Rooms, signal: &Signal) -> Result<(), StoreError> {
    let Some(room) = rooms.opened(signal.event_id) else {
        return Ok(());
    };
    let Some(member) = &signal.member_id else {
        let event = rooms.0.store.event(signal.event_id).await?;
        if event
            .as_ref()
            .is_some_and(|event| event.words_version > room.words_version())
        {
            words::reload(rooms.0.store.clone(), room.clone());
        }
        room.apply_event(event);
        return Ok(());
    };
    room.raise_version();
    if room.has_socket(member) {
        let standing = rooms.0.store.standing(member).await?;
        room.apply_standing(member, standing.as_ref());
    }
    Ok(())
}

pub(super) async fn report(rooms: &Rooms, online: impl Fn(&Room) -> u64) -> Result<(), StoreError> {
    let node = std::process::id().to_string();
    let opened = rooms.all_opened();
    let counts: Vec<_> = opened.iter().map(|room| (room.event(), online(room))).collect();
    rooms.0.store.put_presence(&node, &counts, clock::now()).await
}

async fn close_what_is_over(rooms: &Rooms) {
    for room in rooms.all_opened() {
        if room.is_done() {
            rooms.close_room(&room).await;
        }
    }
}

/// Says once that the store fails, and once that it answers again.
fn note(failing: &mut bool, result: Result<(), StoreError>) {
    match (result, *failing) {
        (Ok(()), true) => tracing::info!("the store's signals can be read again"),
        (Err(error), false) => tracing::error!(%error, "the store's signals cannot be read"),
        (Ok(()), false) | (Err(_), true) => return,
    }
    *failing = !*failing;
}
