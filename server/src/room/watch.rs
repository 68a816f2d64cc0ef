//! Watches the store for what other connections and processes did: a takeover, a revoked ticket, an ended event. Signals
//! only say where to look; what is found there is applied to the open sockets.

use std::time::Duration;

use tokio::time::Instant;

use super::Rooms;
use crate::clock;
use crate::store::{Signal, StoreError};

/// Between two looks when nobody nudges: acts of other processes are seen within a second, this often at most.
const POLL: Duration = Duration::from_millis(200);

/// Between two reports of how many people are here.
const REPORT: Duration = Duration::from_secs(5);

/// Runs until the server stops.
pub(super) async fn run(rooms: Rooms, mut last: i64) {
    let node = format!("{}", std::process::id());
    let mut report_at = Instant::now();
    let mut failing = false;
    while !rooms.0.shutdown.is_cancelled() {
        let result = look(&rooms, &mut last).await;
        let result = if Instant::now() >= report_at {
            report_at = Instant::now() + REPORT;
            result.and(report(&rooms, &node).await)
        } else {
            result
        };
        note(&mut failing, result);
        close_what_is_over(&rooms).await;
        tokio::select! {
            () = rooms.0.nudge.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = rooms.0.shutdown.cancelled() => {}
        }
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
        room.apply_event(rooms.0.store.event(signal.event_id).await?);
        return Ok(());
    };
    room.raise_version();
    if room.has_socket(member) {
        let standing = rooms.0.store.standing(member).await?;
        room.apply_standing(member, standing.as_ref());
    }
    Ok(())
}

async fn report(rooms: &Rooms, node: &str) -> Result<(), StoreError> {
    let now = clock::now();
    for room in rooms.all_opened() {
        rooms
            .0
            .store
            .put_presence(room.event(), node, room.online(), now)
            .await?;
    }
    Ok(())
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
