//! The drafts of one transaction. Most are plain messages by people in good standing: what those need is read for all of
//! them at once, they are decided in memory, and written together. Everything else goes one by one, between them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sqlx::SqliteConnection;
use wire::{MemberId, Refusal, Seq, UnixMillis};

use super::author::{Author, Authors};
use super::commit::{Before, Commit};
use super::logged::{Entry, Stated, What};
use super::recent::Recent;
use super::{Doing, Draft, Effect, Fate, Outcome, Say, StoreError, json};
use crate::store::to_sql;

/// Rows of one statement: few lengths, so that few statements are prepared, and kept.
const ROWS: [usize; 3] = [64, 8, 1];

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| ROWS.map(insert));

fn insert(rows: usize) -> String {
    let values = vec!["(?, ?, 'message', ?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
    format!(
        "INSERT INTO entries (event_id, seq, kind, at, member_id, client_id, nickname, role, text, question, reply_to)
         VALUES {values}"
    )
}

/// What the writer remembers from one batch to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) recent: Recent,
    pub(super) authors: Authors,
    /// Decides each draft by its own statements, to see that it makes no difference.
    #[cfg(test)]
    pub(super) one_by_one: bool,
}

/// Drafts and the transaction they are decided in.
pub(super) struct Batch<'b> {
    tx: &'b mut SqliteConnection,
    memory: &'b mut Memory,
    drafts: &'b [Draft],
    now: UnixMillis,
    found: Found,
    /// Members of whom the batch has decided something one by one: what was read of them before may be untrue.
    touched: HashSet<&'b MemberId>,
    outcomes: Vec<Outcome>,
    /// Outcomes whose message is to be written.
    unwritten: Vec<usize>,
    /// Members whose nickname stays from now on.
    spoke: Vec<&'b str>,
}

/// What was looked up for the drafts, by their places, before the first was decided.
#[derive(Default)]
struct Found {
    before: HashMap<i64, Before>,
    /// Where the log of each room ended.
    heads: HashMap<i64, Seq>,
    /// Drafts that reply to a message which is there.
    replies: HashSet<i64>,
}

impl<'b> Batch<'b> {
    pub(super) fn new(
        tx: &'b mut SqliteConnection,
        memory: &'b mut Memory,
        drafts: &'b [Draft],
        now: UnixMillis,
    ) -> Self {
        Self {
            tx,
            memory,
            drafts,
            now,
            found: Found::default(),
            touched: HashSet::new(),
            outcomes: Vec::with_capacity(drafts.len()),
            unwritten: Vec::new(),
            spoke: Vec::new(),
        }
    }

    /// Decides all drafts, in order.
    pub(super) async fn decide(mut self) -> Result<Vec<Outcome>, StoreError> {
        self.memory.authors.refresh(self.tx).await?;
        self.memory.recent.read(self.tx, self.drafts).await?;
        self.memory.authors.read(self.tx, self.drafts).await?;
        self.look_up().await?;
        for place in 0..self.drafts.len() {
            let outcome = match self.decide_plain(place)? {
                Some(outcome) => outcome,
                None => self.decide_alone(place).await?,
            };
            self.outcomes.push(outcome);
        }
        self.write().await?;
        self.memory.recent.index_full(self.tx, self.drafts).await?;
        Ok(self.outcomes)
    }

    /// Decides a plain message; `None` when it takes more than that.
    fn decide_plain(&mut self, place: usize) -> Result<Option<Outcome>, StoreError> {
        let draft = &self.drafts[place];
        let (Doing::Say(say), Some(id)) = (&draft.doing, &draft.id) else {
            return Ok(None);
        };
        #[cfg(test)]
        if self.memory.one_by_one {
            return Ok(None);
        }
        if self.touched.contains(&draft.member) {
            return Ok(None);
        }
        let Some(author) = self.memory.authors.of(draft) else {
            // Who was forgotten since is read anew.
            return Ok(None);
        };
        if !is_plain(author, say) || self.replies_within(draft, say) {
            return Ok(None);
        }
        if let Some(fate) = self.fate_before(place, draft, id) {
            return Ok(Some(fate.into()));
        }
        if let Err(fate) = may_say(author, draft, self.now) {
            return Ok(Some(fate.into()));
        }
        if say.reply_to.is_some() && !self.found.replies.contains(&(place as i64)) {
            return Ok(Some(Fate::refused(Refusal::UnknownTarget).into()));
        }
        let body = author.message(draft, say, id, self.now)?;
        if !author.spoken {
            self.spoke.push(draft.member.as_str());
            self.memory.authors.has_spoken(&draft.member);
        }
        let seq = self.memory.recent.next(draft.event);
        let recent = &mut self.memory.recent;
        recent.remember(draft.event, &draft.member, id.clone(), seq, self.now);
        let message = Stated {
            seq,
            ..Stated::new(body)
        };
        self.unwritten.push(place);
        Ok(Some(appended(message)))
    }

    /// What the draft became when it came before.
    fn fate_before(&self, place: usize, draft: &Draft, id: &str) -> Option<Fate> {
        match self.memory.recent.known(draft.event, &draft.member, id) {
            Some(seq) => Some(Fate::Known(Some(seq))),
            None => self.found.before.get(&(place as i64)).map(|before| before.fate()),
        }
    }

    /// Whether it replies to what this very batch may have said.
    fn replies_within(&self, draft: &Draft, say: &Say) -> bool {
        let head = self.found.heads.get(&draft.event).copied().unwrap_or(0);
        say.reply_to.is_some_and(|target| target > head)
    }

    /// Decides a draft by its own statements.
    async fn decide_alone(&mut self, place: usize) -> Result<Outcome, StoreError> {
        self.write().await?;
        let draft = &self.drafts[place];
        if self.memory.authors.of(draft).is_none() {
            self.memory.authors.read(self.tx, &self.drafts[place..]).await?;
        }
        let Some(author) = self.memory.authors.of(draft).cloned() else {
            return Ok(Fate::refused(Refusal::LeaseLost).into());
        };
        let before = self.before(place, draft).await?;
        let mut commit = Commit::new(self.tx, &mut self.memory.recent, draft, self.now);
        let fate = commit.decide(&author, before).await?;
        let effects = commit.into_effects();
        match draft.doing {
            // It may have changed what any of them may.
            Doing::Act { .. } => self.memory.authors.forget_all(),
            Doing::Say(_) | Doing::Report { .. } | Doing::Vote { .. } => self.memory.authors.forget(&draft.member),
        }
        Ok(Outcome { fate, effects })
    }

    /// What the draft's id stands for already.
    async fn before(&mut self, place: usize, draft: &'b Draft) -> Result<Option<Before>, StoreError> {
        let is_first = self.touched.insert(&draft.member);
        let Some(id) = &draft.id else { return Ok(None) };
        if let Some(seq) = self.memory.recent.known(draft.event, &draft.member, id) {
            return Ok(Some(Before::Said(seq)));
        }
        if is_first {
            return Ok(self.found.before.remove(&(place as i64)));
        }
        Before::of(self.tx, draft).await
    }

    /// Looks up what came before, and what the replies reply to.
    async fn look_up(&mut self) -> Result<(), StoreError> {
        let recent = &self.memory.recent;
        self.found.heads = self
            .drafts
            .iter()
            .map(|draft| (draft.event, recent.head(draft.event)))
            .collect();
        self.look_up_said().await?;
        self.look_up_acts().await?;
        self.look_up_replies().await
    }

    async fn look_up_said(&mut self) -> Result<(), StoreError> {
        let asked: Vec<_> = self
            .drafts
            .iter()
            .map(|draft| (draft.event, draft.member.as_str(), &draft.id))
            .collect();
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT d.key, s.seq FROM json_each(?) d
              CROSS JOIN said s INDEXED BY said_by_id ON s.event_id = d.value ->> 0
                AND s.member_id = d.value ->> 1 AND s.client_id = d.value ->> 2",
        )
        .bind(json(&asked))
        .fetch_all(&mut *self.tx)
        .await?;
        let before = rows.into_iter().map(|(place, seq)| (place, Before::Said(seq as Seq)));
        self.found.before.extend(before);
        Ok(())
    }

    async fn look_up_acts(&mut self) -> Result<(), StoreError> {
        let has_acted = |draft: &Draft| self.memory.authors.of(draft).is_some_and(|author| author.has_acted);
        let asked: Vec<_> = (0..)
            .zip(self.drafts)
            .filter(|(_, draft)| has_acted(draft))
            .map(|(place, draft): (i64, _)| (place, draft.member.as_str(), &draft.id))
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let rows: Vec<(i64, Option<i64>)> = sqlx::query_as(
            "SELECT d.value ->> 0, a.seq FROM json_each(?) d
              CROSS JOIN acts a ON a.member_id = d.value ->> 1 AND a.client_id = d.value ->> 2",
        )
        .bind(json(&asked))
        .fetch_all(&mut *self.tx)
        .await?;
        for (place, seq) in rows {
            let acted = Before::Acted(seq.map(|seq| seq as Seq));
            self.found.before.entry(place).or_insert(acted);
        }
        Ok(())
    }

    async fn look_up_replies(&mut self) -> Result<(), StoreError> {
        let asked: Vec<_> = (0..)
            .zip(self.drafts)
            .filter_map(|(place, draft): (i64, _)| Some((place, draft.event, i64::try_from(draft.reply_to()?).ok()?)))
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let rows: Vec<i64> = sqlx::query_scalar(
            "SELECT d.value ->> 0 FROM json_each(?) d
              CROSS JOIN entries e ON e.event_id = d.value ->> 1 AND e.seq = d.value ->> 2 WHERE e.kind = 'message'",
        )
        .bind(json(&asked))
        .fetch_all(&mut *self.tx)
        .await?;
        self.found.replies.extend(rows);
        Ok(())
    }

    /// Writes the messages that were decided.
    async fn write(&mut self) -> Result<(), StoreError> {
        // Neighbours in the index one after the other.
        let drafts = self.drafts;
        self.unwritten.sort_by_key(|place| drafts[*place].event);
        let mut rest = self.unwritten.as_slice();
        for (rows, insert) in ROWS.into_iter().zip(INSERTS.iter()) {
            while let Some((some, others)) = rest.split_at_checked(rows) {
                write_messages(
                    self.tx,
                    insert,
                    some.iter().map(|place| (&drafts[*place], &self.outcomes[*place])),
                )
                .await?;
                rest = others;
            }
        }
        self.open_questions().await?;
        self.fix_nicknames().await?;
        self.unwritten.clear();
        Ok(())
    }

    async fn open_questions(&mut self) -> Result<(), StoreError> {
        let questions: Vec<_> = self
            .unwritten
            .iter()
            .filter_map(|place| message(&self.outcomes[*place]).map(|message| (self.drafts[*place].event, message)))
            .filter(|(_, message)| message.body.question)
            .map(|(event, message)| (event, message.seq))
            .collect();
        if questions.is_empty() {
            return Ok(());
        }
        sqlx::query("INSERT INTO questions (event_id, seq) SELECT value ->> 0, value ->> 1 FROM json_each(?)")
            .bind(json(&questions))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn fix_nicknames(&mut self) -> Result<(), StoreError> {
        if self.spoke.is_empty() {
            return Ok(());
        }
        let spoke = std::mem::take(&mut self.spoke);
        sqlx::query("UPDATE members SET spoken = 1 WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json(&spoke))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

/// Whether its author's standing alone decides a message.
fn is_plain(author: &Author, say: &Say) -> bool {
    let is_looked_at = author.hold || author.slow_seconds > 0 || say.found.is_some();
    !(author.was_held || author.is_fan() && is_looked_at)
}

fn may_say(author: &Author, draft: &Draft, now: UnixMillis) -> Result<(), Fate> {
    author.check(draft).map_err(Fate::refused)?;
    if author.nickname.is_none() {
        return Err(Fate::refused(Refusal::NicknameMissing));
    }
    author.is_silenced(now)
}

fn appended(message: Stated) -> Outcome {
    let seq = message.seq;
    let what = What::Message(message);
    Outcome {
        fate: Fate::Committed(Some(seq)),
        effects: vec![Effect::Entry(Box::new(Entry { seq, what }))],
    }
}

/// The message that a plain draft became.
fn message(outcome: &Outcome) -> Option<&Stated> {
    match outcome.effects.first()? {
        Effect::Entry(entry) => match &entry.what {
            What::Message(message) => Some(message),
            What::Control(_) => None,
        },
        Effect::ToStaff(_) | Effect::ToMember(..) | Effect::Votes { .. } => None,
    }
}

async fn write_messages<'m>(
    tx: &mut SqliteConnection,
    insert: &str,
    messages: impl Iterator<Item = (&'m Draft, &'m Outcome)>,
) -> Result<(), StoreError> {
    let mut query = sqlx::query(insert);
    for (draft, message) in messages.filter_map(|(draft, outcome)| Some((draft, message(outcome)?))) {
        let body = &message.body;
        query = query
            .bind(draft.event)
            .bind(to_sql(message.seq))
            .bind(to_sql(body.at))
            .bind(body.member.as_str())
            .bind(&body.id)
            .bind(&body.nickname)
            .bind(body.role.as_str())
            .bind(&body.text)
            .bind(body.question)
            .bind(body.reply_to.map(to_sql));
    }
    query.execute(tx).await?;
    Ok(())
}
