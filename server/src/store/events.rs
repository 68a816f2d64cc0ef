//! Events: what is announced, and where it stands.

use sqlx::FromRow;
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
}

impl Event {
    /// Where the event stands at a moment.
    pub fn phase(&self, now: UnixMillis) -> Phase {
        if self.ended_at.is_some() || self.ends_at.is_some_and(|ends_at| ends_at <= now) {
            Phase::Ended
        } else if self.doors_at <= now {
            Phase::Open
        } else {
            Phase::Scheduled
        }
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
        }
    }
}

impl Store {
    /// The event at an address.
    pub async fn event_by_slug(&self, slug: &str) -> Result<Option<Event>> {
        let row: Option<EventRow> = sqlx::query_as("SELECT * FROM events WHERE slug = ? AND deleted_at IS NULL")
            .bind(slug)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(Event::from))
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
            "INSERT INTO events (slug, title, artist, doors_at, starts_at, ends_at, stream, chat, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(&new.slug)
        .bind(&new.title)
        .bind(&new.artist)
        .bind(to_sql(new.doors_at))
        .bind(to_sql(new.starts_at))
        .bind(new.ends_at.map(to_sql))
        .bind(&new.stream)
        .bind(new.chat)
        .bind(to_sql(now))
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
            while self.delete_some_entries(event).await? + self.delete_some_tickets(event).await? > 0 {
                tokio::time::sleep(BETWEEN_BATCHES).await;
            }
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM audit WHERE event_id = ?")
                .bind(event)
                .execute(&mut *tx)
                .await?;
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

    async fn delete_some_entries(&self, event: EventId) -> Result<u64> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query(
            "DELETE FROM entries WHERE event_id = ?1
              AND seq IN (SELECT seq FROM entries WHERE event_id = ?1 LIMIT ?2)",
        )
        .bind(event)
        .bind(i64::try_from(BATCH_ROWS).unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }

    async fn delete_some_tickets(&self, event: EventId) -> Result<u64> {
        let mut tx = self.begin().await?;
        let deleted =
            sqlx::query("DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE event_id = ? LIMIT ?)")
                .bind(event)
                .bind(i64::try_from(BATCH_ROWS).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }
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
