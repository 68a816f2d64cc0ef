//! Events: what is announced, and where it stands.

use std::sync::Arc;

use rusqlite::{Connection, Row};
use sqlx::FromRow;
use wire::http::Tombstones;
use wire::{Phase, UnixMillis};

use super::{BATCH_ROWS, BETWEEN_BATCHES, Result, Store, from_sql, signals, to_sql};

/// An event's id; never used again after the event is deleted.
pub type EventId = i64;

/// An event, as it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Who plays.
    pub artist: String,
    /// When the doors open.
    pub doors_at: UnixMillis,
    /// When the show starts.
    pub starts_at: UnixMillis,
    /// When it is planned to end.
    pub ends_at: Option<UnixMillis>,
    /// When it was ended by hand.
    pub ended_at: Option<UnixMillis>,
    /// The stream's address, behind the ticket.
    pub stream: Option<String>,
    /// Whether it has a chat.
    pub chat: bool,
    /// What fans see where a message was hidden.
    pub tombstones: Tombstones,
    /// A moderator paused the chat.
    pub paused: bool,
    /// Grows with every change of the word list.
    pub words_version: u64,
    /// The reactions it offers, in order.
    pub reactions: Vec<String>,
}

/// An event to announce.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Who plays.
    pub artist: String,
    /// When the doors open.
    pub doors_at: UnixMillis,
    /// When the show starts.
    pub starts_at: UnixMillis,
    /// When it ends, unless that is decided by hand.
    pub ends_at: Option<UnixMillis>,
    /// The stream's address.
    pub stream: Option<String>,
    /// Whether it has a chat.
    pub chat: bool,
    /// What fans see where a message was hidden.
    pub tombstones: Tombstones,
    /// The reactions it offers, in order.
    pub reactions: Vec<String>,
}

impl Event {
    /// Where the event stands at a moment.
    pub fn phase(&self, now: UnixMillis) -> Phase {
        phase_of(self.doors_at, self.ends_at, self.ended_at, now)
    }
}

fn phase_of(doors: UnixMillis, ends: Option<UnixMillis>, ended: Option<UnixMillis>, now: UnixMillis) -> Phase {
    if ended.is_some() || ends.is_some_and(|ends| ends <= now) {
        Phase::Ended
    } else if doors <= now {
        Phase::Open
    } else {
        Phase::Scheduled
    }
}

#[derive(FromRow)]
struct EventRow {
    id: i64,
    slug: String,
    title: String,
    artist: String,
    doors_at: i64,
    starts_at: i64,
    ends_at: Option<i64>,
    ended_at: Option<i64>,
    stream: Option<String>,
    chat: bool,
    tombstones: bool,
    paused: bool,
    words_version: i64,
    reactions: String,
}

impl EventRow {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            title: row.get("title")?,
            artist: row.get("artist")?,
            doors_at: row.get("doors_at")?,
            starts_at: row.get("starts_at")?,
            ends_at: row.get("ends_at")?,
            ended_at: row.get("ended_at")?,
            stream: row.get("stream")?,
            chat: row.get("chat")?,
            tombstones: row.get("tombstones")?,
            paused: row.get("paused")?,
            words_version: row.get("words_version")?,
            reactions: row.get("reactions")?,
        })
    }
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            title: row.title,
            artist: row.artist,
            doors_at: from_sql(row.doors_at),
            starts_at: from_sql(row.starts_at),
            ends_at: row.ends_at.map(from_sql),
            ended_at: row.ended_at.map(from_sql),
            stream: row.stream,
            chat: row.chat,
            tombstones: if row.tombstones {
                Tombstones::Shown
            } else {
                Tombstones::Gone
            },
            paused: row.paused,
            words_version: from_sql(row.words_version),
            reactions: row.reactions.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

impl Store {
    /// The event at an address.
    pub async fn event_by_slug(&self, slug: &str) -> Result<Option<Event>> {
        Ok(self.shared_event(slug).await?.map(Arc::unwrap_or_clone))
    }

    /// The same, shared by those who ask at once.
    pub async fn shared_event(&self, slug: &str) -> Result<Option<Arc<Event>>> {
        self.reads.event(slug).await
    }

    /// The event with an id.
    pub async fn event(&self, event: EventId) -> Result<Option<Event>> {
        let row: Option<EventRow> = sqlx::query_as("SELECT * FROM events WHERE id = ? AND deleted_at IS NULL")
            .bind(event)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(Event::from))
    }

    /// Every event, the next one first.
    pub async fn events(&self) -> Result<Vec<Event>> {
        let rows: Vec<EventRow> =
            sqlx::query_as("SELECT * FROM events WHERE deleted_at IS NULL ORDER BY starts_at, id")
                .fetch_all(&self.read)
                .await?;
        Ok(rows.into_iter().map(Event::from).collect())
    }

    /// Announces an event; `None` when its slug is taken.
    pub async fn create_event(&self, new: &NewEvent, now: UnixMillis) -> Result<Option<EventId>> {
        let mut tx = self.begin().await?;
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO events (slug, title, artist, doors_at, starts_at, ends_at, stream, chat, tombstones, created_at, reactions)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(&new.slug)
        .bind(&new.title)
        .bind(&new.artist)
        .bind(to_sql(new.doors_at))
        .bind(to_sql(new.starts_at))
        .bind(new.ends_at.map(to_sql))
        .bind(&new.stream)
        .bind(new.chat)
        .bind(new.tombstones == Tombstones::Shown)
        .bind(to_sql(now))
        .bind(new.reactions.join(" "))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Ends an event now. Ending it again changes nothing.
    pub async fn end_event(&self, event: EventId, now: UnixMillis) -> Result<()> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query("UPDATE events SET ended_at = ? WHERE id = ? AND ended_at IS NULL")
            .bind(to_sql(now))
            .bind(event)
            .execute(&mut *tx)
            .await?;
        if ended.rows_affected() > 0 {
            signals::event_changed(&mut tx, event, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Deletes an event and everything in it. It is gone for everybody at once; its rows leave in short batches, and a
    /// deletion that was cut short is finished by the next one.
    pub async fn delete_event(&self, event: EventId, now: UnixMillis) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE events SET deleted_at = ? WHERE id = ?")
            .bind(to_sql(now))
            .bind(event)
            .execute(&mut *tx)
            .await?;
        signals::event_changed(&mut tx, event, now).await?;
        tx.commit().await?;
        self.sweep_deleted_events().await
    }

    /// Removes what is left of deleted events.
    pub async fn sweep_deleted_events(&self) -> Result<()> {
        let deleted: Vec<EventId> = sqlx::query_scalar("SELECT id FROM events WHERE deleted_at IS NOT NULL")
            .fetch_all(&self.read)
            .await?;
        for event in deleted {
            while self.delete_some_rows(event).await? > 0 {
                tokio::time::sleep(BETWEEN_BATCHES).await;
            }
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM presence WHERE event_id = ?")
                .bind(event)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM events WHERE id = ?")
                .bind(event)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Some of the rows that there can be many of, by what tells them apart. What hangs on a ticket goes with it.
    async fn delete_some_rows(&self, event: EventId) -> Result<u64> {
        // Where many rooms talked at one time, each entry of one lies on a page of its own.
        let entries = BATCH_ROWS / 4;
        let tables = [
            ("entries", "seq", entries),
            ("said", "member_id, seq", BATCH_ROWS),
            ("questions", "seq", BATCH_ROWS),
            ("reactions", "second", BATCH_ROWS),
            ("tickets", "id", BATCH_ROWS),
            ("audit", "id", BATCH_ROWS),
            ("word_rules", "id", BATCH_ROWS),
        ];
        let mut deleted = 0;
        for (table, key, rows) in tables {
            let mut tx = self.begin().await?;
            let some = format!(
                "DELETE FROM {table} WHERE event_id = ?1
                  AND ({key}) IN (SELECT {key} FROM {table} WHERE event_id = ?1 LIMIT ?2)"
            );
            deleted += sqlx::query(&some)
                .bind(event)
                .bind(i64::try_from(rows).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            tx.commit().await?;
        }
        Ok(deleted)
    }
}

/// Where an event is; one that is gone has ended.
pub(super) fn phase(connection: &Connection, event: EventId, now: UnixMillis) -> Result<Phase> {
    let mut select = connection
        .prepare_cached("SELECT doors_at, ends_at, ended_at FROM events WHERE id = ? AND deleted_at IS NULL")?;
    let mut rows = select.query([event])?;
    let Some(row) = rows.next()? else {
        return Ok(Phase::Ended);
    };
    let millis = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(from_sql));
    Ok(phase_of(row.get(0).map(from_sql)?, millis(1)?, millis(2)?, now))
}

/// The event at an address.
pub(super) fn at(connection: &Connection, slug: &str) -> Result<Option<Event>> {
    let mut select = connection.prepare_cached("SELECT * FROM events WHERE slug = ? AND deleted_at IS NULL")?;
    let mut rows = select.query([slug])?;
    let row = rows.next()?.map(EventRow::read).transpose()?;
    Ok(row.map(Event::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(doors_at: u64, ends_at: Option<u64>, ended_at: Option<u64>) -> Event {
        Event {
            id: 1,
            slug: "s".into(),
            title: "t".into(),
            artist: "a".into(),
            doors_at,
            starts_at: doors_at + 1,
            ends_at,
            ended_at,
            stream: None,
            chat: true,
            tombstones: Tombstones::Shown,
            paused: false,
            words_version: 0,
            reactions: Vec::new(),
        }
    }

    #[test]
    fn an_event_is_open_from_its_doors_to_its_end() {
        let show = event(100, Some(200), None);
        assert_eq!(show.phase(99), Phase::Scheduled);
        assert_eq!(show.phase(100), Phase::Open);
        assert_eq!(show.phase(199), Phase::Open);
        assert_eq!(show.phase(200), Phase::Ended);
    }

    #[test]
    fn an_event_without_a_planned_end_goes_on_until_it_is_ended_by_hand() {
        assert_eq!(event(100, None, None).phase(u64::MAX), Phase::Open);
        assert_eq!(event(100, None, Some(150)).phase(120), Phase::Ended);
        assert_eq!(
            event(100, None, Some(50)).phase(60),
            Phase::Ended,
            "cancelled before the doors"
        );
    }
}
