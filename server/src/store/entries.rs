//! The rooms' logs: appending to them, replaying their tail, reading them page by page.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use wire::frame::{Message, MessageBody};
use wire::{MemberId, Refusal, Role, Seq, UnixMillis};

use super::{Store, StoreError};

/// A message on its way into the log.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The event whose log takes it.
    pub event: i64,
    /// Its author.
    pub member: MemberId,
    /// The author's lease when the message was sent; the commit refuses an older one.
    pub epoch: i64,
    /// The client's id for it.
    pub id: String,
    /// The text, after the text rules.
    pub text: String,
    /// Marked as a question.
    pub question: bool,
    /// The message it replies to.
    pub reply_to: Option<Seq>,
}

/// What became of a draft.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is an entry now.
    Appended(Message),
    /// The same (member, id) was committed before, as this entry.
    Known(Seq),
    /// Nothing was committed.
    Refused(Refusal),
}

/// The file beside the database whose lock says that somebody writes the logs. The system frees it with its holder's
/// process, however that ends.
const LOCK_ENDING: &str = "log-lock";

/// The one writer of the logs. It takes its turn with every other write of this process: SQLite's own waiting is not
/// fair, and a busy room would keep a takeover waiting for seconds.
pub struct LogWriter {
    store: Store,
    /// Held for as long as the writer lives: two writers would each deliver only their own half.
    _lock: File,
}

impl LogWriter {
    /// Becomes the writer.
    ///
    /// # Errors
    /// When another process is.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let lock = lock(&store.file_beside(LOCK_ENDING))?;
        Ok(Self {
            store: store.clone(),
            _lock: lock,
        })
    }

    /// Commits drafts, in order, in one transaction: when this returns, what it says is on disk. `now` is the time the
    /// entries get.
    ///
    /// # Errors
    /// When the database fails; then none of the drafts is known to be committed.
    pub async fn commit(&self, drafts: &[Draft], now: UnixMillis) -> Result<Vec<Outcome>, StoreError> {
        let mut transaction = self.store.begin_log().await?;
        let mut heads = HashMap::new();
        let mut outcomes = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let outcome = append(&mut transaction, &mut heads, draft, now).await?;
            outcomes.push(outcome);
        }
        transaction.commit().await?;
        Ok(outcomes)
    }

    /// Writes something that means nothing, to see whether the database takes it.
    ///
    /// # Errors
    /// When it does not.
    pub async fn try_out(&self) -> Result<(), StoreError> {
        let mut transaction = self.store.begin_log().await?;
        sqlx::query("PRAGMA user_version = 1")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// The newest `limit` messages after `after`, oldest first, and the head of the log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tail(&mut self, event: i64, after: Seq, limit: usize) -> Result<(Vec<Message>, Seq), StoreError> {
        let mut transaction = self.store.read.begin().await?;
        let head = head(&mut transaction, event).await?;
        let rows = sqlx::query(
            "SELECT * FROM entries WHERE event_id = ? AND seq > ? AND kind = 'message' ORDER BY seq DESC LIMIT ?",
        )
        .bind(event)
        .bind(after as i64)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *transaction)
        .await?;
        let mut messages = rows.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        messages.reverse();
        Ok((messages, head))
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let cause = |cause| StoreError::Lock {
        path: path.to_owned(),
        cause,
    };
    let file = File::create(path).map_err(cause)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::LogInUse),
        Err(TryLockError::Error(error)) => Err(cause(error)),
    }
}

/// What the commit must know of an author.
struct Author {
    known: Option<i64>,
    nickname: Option<String>,
    role: String,
    spoken: bool,
    may_write: bool,
    event_open: bool,
}

async fn append(
    connection: &mut SqliteConnection,
    heads: &mut HashMap<i64, Seq>,
    draft: &Draft,
    now: UnixMillis,
) -> Result<Outcome, StoreError> {
    let Some(author) = author(connection, draft).await? else {
        return Ok(Outcome::Refused(Refusal::LeaseLost));
    };
    if let Some(seq) = author.known {
        return Ok(Outcome::Known(seq as Seq));
    }
    if !author.may_write {
        return Ok(Outcome::Refused(Refusal::LeaseLost));
    }
    if !author.event_open {
        return Ok(Outcome::Refused(Refusal::NotOpen));
    }
    let Some(nickname) = author.nickname else {
        return Ok(Outcome::Refused(Refusal::NicknameMissing));
    };
    if let Some(target) = draft.reply_to
        && !is_message(connection, draft.event, target).await?
    {
        return Ok(Outcome::Refused(Refusal::UnknownTarget));
    }
    let head = match heads.get(&draft.event) {
        Some(head) => *head,
        None => head(connection, draft.event).await?,
    };
    let seq = head + 1;
    insert(connection, draft, seq, now, &nickname, &author.role).await?;
    if !author.spoken {
        fix_nickname(connection, &draft.member).await?;
    }
    heads.insert(draft.event, seq);
    let body = MessageBody {
        id: draft.id.clone(),
        at: now,
        member: draft.member.clone(),
        nickname,
        role: role(&author.role)?,
        text: draft.text.clone(),
        question: draft.question,
        reply_to: draft.reply_to,
        answers: None,
    };
    Ok(Outcome::Appended(Message {
        seq,
        body: Some(body),
        hidden: false,
    }))
}

async fn author(connection: &mut SqliteConnection, draft: &Draft) -> Result<Option<Author>, StoreError> {
    let row = sqlx::query(
        "SELECT members.nickname, members.role, members.spoken,
                leases.held = 1 AND leases.epoch = ?1 AND tickets.revoked_at IS NULL AND tickets.banned_at IS NULL AS may_write,
                events.ended_at IS NULL AND events.deleted_at IS NULL AS event_open,
                (SELECT seq FROM entries
                  WHERE entries.event_id = ?2 AND entries.member_id = ?3 AND entries.client_id = ?4) AS known
           FROM members
           JOIN tickets ON tickets.id = members.ticket_id
           JOIN leases ON leases.ticket_id = tickets.id
           JOIN events ON events.id = members.event_id
          WHERE members.id = ?3 AND members.event_id = ?2",
    )
    .bind(draft.epoch)
    .bind(draft.event)
    .bind(draft.member.as_str())
    .bind(&draft.id)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Author {
            known: row.try_get("known")?,
            nickname: row.try_get("nickname")?,
            role: row.try_get("role")?,
            spoken: row.try_get("spoken")?,
            may_write: row.try_get("may_write")?,
            event_open: row.try_get("event_open")?,
        })
    })
    .transpose()
}

async fn is_message(connection: &mut SqliteConnection, event: i64, seq: Seq) -> Result<bool, StoreError> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(false) };
    let found = sqlx::query("SELECT 1 FROM entries WHERE event_id = ? AND seq = ? AND kind = 'message'")
        .bind(event)
        .bind(seq)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

async fn head(connection: &mut SqliteConnection, event: i64) -> Result<Seq, StoreError> {
    let head: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM entries WHERE event_id = ?")
        .bind(event)
        .fetch_one(connection)
        .await?;
    Ok(head as Seq)
}

async fn insert(
    connection: &mut SqliteConnection,
    draft: &Draft,
    seq: Seq,
    now: UnixMillis,
    nickname: &str,
    role: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO entries (event_id, seq, kind, at, member_id, client_id, nickname, role, text, question, reply_to)
         VALUES (?, ?, 'message', ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(draft.event)
    .bind(seq as i64)
    .bind(now as i64)
    .bind(draft.member.as_str())
    .bind(&draft.id)
    .bind(nickname)
    .bind(role)
    .bind(&draft.text)
    .bind(draft.question)
    .bind(draft.reply_to.map(|seq| seq as i64))
    .execute(connection)
    .await?;
    Ok(())
}

/// From the first message on the nickname stays.
async fn fix_nickname(connection: &mut SqliteConnection, member: &MemberId) -> Result<(), StoreError> {
    sqlx::query("UPDATE members SET spoken = 1 WHERE id = ?")
        .bind(member.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// A page of history, oldest message first.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most the number asked for.
    pub messages: Vec<Message>,
    /// Read on before this place; `None` at the beginning of the chat.
    pub next: Option<Seq>,
    /// The log's head when the page was read.
    pub as_of: Seq,
}

impl Store {
    /// The newest `limit` messages before `before` (or of all), as fans see them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(&self, event: i64, before: Option<Seq>, limit: u32) -> Result<Page, StoreError> {
        let mut transaction = self.read.begin().await?;
        let as_of = head(&mut transaction, event).await?;
        let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let rows = sqlx::query(
            "SELECT * FROM entries WHERE event_id = ? AND seq < ? AND kind = 'message' ORDER BY seq DESC LIMIT ?",
        )
        .bind(event)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&mut *transaction)
        .await?;
        let mut messages = rows.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        let more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        messages.reverse();
        let next = messages.first().filter(|_| more).map(|oldest| oldest.seq);
        Ok(Page { messages, next, as_of })
    }

    /// The entry that (member, id) became, if it was committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_send(&self, event: i64, member: &MemberId, id: &str) -> Result<Option<Seq>, StoreError> {
        let seq: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM entries WHERE event_id = ? AND member_id = ? AND client_id = ?")
                .bind(event)
                .bind(member.as_str())
                .bind(id)
                .fetch_optional(&self.read)
                .await?;
        Ok(seq.map(|seq| seq as Seq))
    }
}

fn message(row: &SqliteRow) -> Result<Message, StoreError> {
    let body = MessageBody {
        id: row.try_get("client_id")?,
        at: row.try_get::<i64, _>("at")? as UnixMillis,
        member: MemberId(row.try_get("member_id")?),
        nickname: row.try_get("nickname")?,
        role: role(row.try_get("role")?)?,
        text: row.try_get("text")?,
        question: row.try_get("question")?,
        reply_to: row.try_get::<Option<i64>, _>("reply_to")?.map(|seq| seq as Seq),
        answers: None,
    };
    Ok(Message {
        seq: row.try_get::<i64, _>("seq")? as Seq,
        body: Some(body),
        hidden: false,
    })
}

fn role(name: &str) -> Result<Role, StoreError> {
    Role::from_name(name).ok_or_else(|| sqlx::Error::Decode("a role of no known name".into()).into())
}
