//! The word lists. Every change raises the list's version and signals the event in its own transaction, so that running
//! servers read the list again at once; long lists are written in short batches.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use wire::moderation::{ListedRule, WordAction, WordMatch, WordRule};
use wire::{MemberId, UnixMillis, limits};

use super::{BATCH_ROWS, BETWEEN_BATCHES, EventId, Result, Store, StoreError, from_sql, signals, to_sql};

/// What became of rules that were to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// They are in the list.
    Taken {
        /// Rules that are new.
        added: u64,
        /// Rules whose pattern was there already, with the same match: they do now what was asked for last.
        known: u64,
        /// Rules in the list now.
        total: u64,
    },
    /// The list would be longer than [`limits::WORD_RULES`]: nothing was added.
    Full,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesPage {
    /// The rules, oldest first.
    pub rules: Vec<ListedRule>,
    /// Read on after this id; `None` at the end.
    pub next: Option<u64>,
    /// Rules in the whole list.
    pub total: u64,
}

#[derive(FromRow)]
struct RuleRow {
    id: i64,
    pattern: String,
    matching: String,
    action: String,
    seconds: Option<i64>,
    say: Option<String>,
}

impl Store {
    /// All rules of an event, oldest first.
    pub async fn word_rules(&self, event: EventId) -> Result<Vec<WordRule>> {
        let rows = rules(&mut *self.read.acquire().await?, event, 0, i64::MAX).await?;
        Ok(rows.into_iter().map(|listed| listed.rule).collect())
    }

    /// Grows with every change of an event's list: a list of this version or a later one has the change.
    pub async fn words_version(&self, event: EventId) -> Result<u64> {
        let version: Option<i64> = sqlx::query_scalar("SELECT words_version FROM events WHERE id = ?")
            .bind(event)
            .fetch_optional(&self.read)
            .await?;
        Ok(version.map_or(0, from_sql))
    }

    /// At most `limit` rules after the rule `after`, or from the beginning.
    pub async fn words_page(&self, event: EventId, after: Option<u64>, limit: u32) -> Result<RulesPage> {
        let mut tx = self.read.begin().await?;
        let mut rules = rules(&mut tx, event, after.map_or(0, to_sql), i64::from(limit) + 1).await?;
        let total = total(&mut tx, event).await?;
        let more = rules.len() > limit as usize;
        rules.truncate(limit as usize);
        let next = rules.last().filter(|_| more).map(|rule| rule.id);
        Ok(RulesPage { rules, next, total })
    }

    /// Adds rules. One whose pattern is there already with the same match replaces that one's action, time and word.
    /// What was written when it is cut short stays, and counts.
    pub async fn add_words(
        &self,
        event: EventId,
        rules: &[WordRule],
        by: Option<&MemberId>,
        now: UnixMillis,
    ) -> Result<Listing> {
        let known = self.words_known(event).await?;
        let new: HashSet<_> = rules.iter().map(key).filter(|key| !known.contains(key)).collect();
        if (known.len() + new.len()) as u64 > limits::WORD_RULES {
            return Ok(Listing::Full);
        }
        let mut change = Change::new(event, "words_added", by, now);
        if let [rule] = rules {
            change.pattern = Some(rule.pattern.clone());
        }
        self.write_words(&mut change, rules).await?;
        self.listing(&change).await
    }

    /// Puts a list in the place of the one that is there. What is in both is in force all the time; what is new comes
    /// before what is old goes.
    pub async fn replace_words(
        &self,
        event: EventId,
        rules: &[WordRule],
        by: Option<&MemberId>,
        now: UnixMillis,
    ) -> Result<Listing> {
        let wanted: HashSet<_> = rules.iter().map(key).collect();
        if wanted.len() as u64 > limits::WORD_RULES {
            return Ok(Listing::Full);
        }
        let there = self.words_page(event, None, u32::MAX - 1).await?.rules;
        let old = there.iter().filter(|listed| !wanted.contains(&key(&listed.rule)));
        let old: Vec<u64> = old.map(|listed| listed.id).collect();
        let mut change = Change::new(event, "words_replaced", by, now);
        self.write_words(&mut change, rules).await?;
        self.remove_words(&mut change, &old).await?;
        self.listing(&change).await
    }

    /// Takes a rule out. Says whether it was there.
    pub async fn remove_word(&self, event: EventId, rule: u64, by: Option<&MemberId>, now: UnixMillis) -> Result<bool> {
        let mut tx = self.begin().await?;
        let removed: Option<String> =
            sqlx::query_scalar("DELETE FROM word_rules WHERE event_id = ? AND id = ? RETURNING pattern")
                .bind(event)
                .bind(to_sql(rule))
                .fetch_optional(&mut *tx)
                .await?;
        let Some(pattern) = removed else {
            return Ok(false);
        };
        let mut change = Change::new(event, "words_removed", by, now);
        change.pattern = Some(pattern);
        change.write(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes every rule out; how many there were.
    pub async fn clear_words(&self, event: EventId, by: Option<&MemberId>, now: UnixMillis) -> Result<u64> {
        let rules = self.words_page(event, None, u32::MAX - 1).await?.rules;
        let rules: Vec<u64> = rules.iter().map(|listed| listed.id).collect();
        let mut change = Change::new(event, "words_cleared", by, now);
        self.remove_words(&mut change, &rules).await?;
        Ok(change.removed)
    }

    async fn write_words(&self, change: &mut Change<'_>, rules: &[WordRule]) -> Result<()> {
        let mut batches = rules.chunks(BATCH_ROWS).peekable();
        while let Some(batch) = batches.next() {
            let mut tx = self.begin().await?;
            let before = total(&mut tx, change.event).await?;
            insert(&mut tx, change, batch).await?;
            let added = total(&mut tx, change.event).await? - before;
            change.added += added;
            change.known += batch.len() as u64 - added;
            change.write(&mut tx).await?;
            tx.commit().await?;
            if batches.peek().is_some() {
                tokio::time::sleep(BETWEEN_BATCHES).await;
            }
        }
        Ok(())
    }

    async fn remove_words(&self, change: &mut Change<'_>, rules: &[u64]) -> Result<()> {
        let mut batches = rules.chunks(BATCH_ROWS).peekable();
        while let Some(batch) = batches.next() {
            let mut delete = QueryBuilder::<Sqlite>::new("DELETE FROM word_rules WHERE event_id = ");
            delete.push_bind(change.event).push(" AND id IN (");
            let mut list = delete.separated(", ");
            for rule in batch {
                list.push_bind(to_sql(*rule));
            }
            delete.push(")");
            let mut tx = self.begin().await?;
            change.removed += delete.build().execute(&mut *tx).await?.rows_affected();
            change.write(&mut tx).await?;
            tx.commit().await?;
            if batches.peek().is_some() {
                tokio::time::sleep(BETWEEN_BATCHES).await;
            }
        }
        Ok(())
    }

    async fn listing(&self, change: &Change<'_>) -> Result<Listing> {
        Ok(Listing::Taken {
            added: change.added,
            known: change.known,
            total: total(&mut *self.read.acquire().await?, change.event).await?,
        })
    }

    async fn words_known(&self, event: EventId) -> Result<HashSet<(String, WordMatch)>> {
        let there = self.words_page(event, None, u32::MAX - 1).await?.rules;
        Ok(there.into_iter().map(|listed| key(&listed.rule)).collect())
    }
}

/// A change of a list under way: one line of the audit log, however many transactions it takes.
struct Change<'m> {
    event: EventId,
    kind: &'static str,
    by: Option<&'m MemberId>,
    now: UnixMillis,
    /// The one rule it is about.
    pattern: Option<String>,
    added: u64,
    known: u64,
    removed: u64,
    /// Its line in the audit log, once there is one.
    line: Option<i64>,
}

impl<'m> Change<'m> {
    fn new(event: EventId, kind: &'static str, by: Option<&'m MemberId>, now: UnixMillis) -> Self {
        Self {
            event,
            kind,
            by,
            now,
            pattern: None,
            added: 0,
            known: 0,
            removed: 0,
            line: None,
        }
    }

    /// Writes what a transaction must say besides the rules: the version, the signal, the audit log.
    async fn write(&mut self, tx: &mut SqliteConnection) -> Result<()> {
        sqlx::query("UPDATE events SET words_version = words_version + 1 WHERE id = ?")
            .bind(self.event)
            .execute(&mut *tx)
            .await?;
        signals::event_changed(&mut *tx, self.event, self.now).await?;
        match self.line {
            None => self.line = Some(self.begin_line(tx).await?),
            Some(line) => {
                sqlx::query("UPDATE audit SET detail = ? WHERE id = ?")
                    .bind(self.detail())
                    .bind(line)
                    .execute(tx)
                    .await?;
            }
        }
        Ok(())
    }

    async fn begin_line(&self, tx: &mut SqliteConnection) -> Result<i64> {
        let line = sqlx::query_scalar(
            "INSERT INTO audit (at, event_id, kind, actor, actor_name, detail)
             VALUES (?1, ?2, ?3, ?4, (SELECT nickname FROM members WHERE id = ?4), ?5) RETURNING id",
        )
        .bind(to_sql(self.now))
        .bind(self.event)
        .bind(self.kind)
        .bind(self.by.map(MemberId::as_str))
        .bind(self.detail())
        .fetch_one(tx)
        .await?;
        Ok(line)
    }

    fn detail(&self) -> String {
        if let Some(pattern) = &self.pattern {
            return pattern.clone();
        }
        let counts = [(self.added, "added"), (self.known, "known"), (self.removed, "removed")];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        counts.join(", ")
    }
}

/// What makes a rule the same as another.
fn key(rule: &WordRule) -> (String, WordMatch) {
    (rule.pattern.clone(), rule.matching)
}

async fn insert(tx: &mut SqliteConnection, change: &Change<'_>, rules: &[WordRule]) -> Result<()> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO word_rules (event_id, pattern, matching, action, seconds, say, added_at) ",
    );
    insert.push_values(rules, |mut row, rule| {
        row.push_bind(change.event)
            .push_bind(&rule.pattern)
            .push_bind(name_of_match(rule.matching))
            .push_bind(name_of_action(rule.action))
            .push_bind(rule.seconds)
            .push_bind(rule.say.as_deref())
            .push_bind(to_sql(change.now));
    });
    insert.push(
        " ON CONFLICT (event_id, pattern, matching)
          DO UPDATE SET action = excluded.action, seconds = excluded.seconds, say = excluded.say",
    );
    insert.build().execute(tx).await?;
    Ok(())
}

async fn rules(connection: &mut SqliteConnection, event: EventId, after: i64, limit: i64) -> Result<Vec<ListedRule>> {
    let rows: Vec<RuleRow> = sqlx::query_as(
        "SELECT id, pattern, matching, action, seconds, say FROM word_rules
          WHERE event_id = ? AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(event)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RuleRow::listed).collect()
}

async fn total(connection: &mut SqliteConnection, event: EventId) -> Result<u64> {
    let total: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM word_rules WHERE event_id = ?")
        .bind(event)
        .fetch_one(connection)
        .await?;
    Ok(from_sql(total))
}

impl RuleRow {
    fn listed(self) -> Result<ListedRule> {
        Ok(ListedRule {
            id: from_sql(self.id),
            rule: WordRule {
                pattern: self.pattern,
                matching: match_of(&self.matching)?,
                action: action_of(&self.action)?,
                seconds: self.seconds.and_then(|seconds| u32::try_from(seconds).ok()),
                say: self.say,
            },
        })
    }
}

const MATCHES: [(&str, WordMatch); 3] = [
    ("exact", WordMatch::Exact),
    ("word", WordMatch::Word),
    ("prefix", WordMatch::Prefix),
];

const ACTIONS: [(&str, WordAction); 3] = [
    ("hold", WordAction::Hold),
    ("refuse", WordAction::Refuse),
    ("mute", WordAction::Mute),
];

fn name_of_match(matching: WordMatch) -> &'static str {
    MATCHES
        .iter()
        .find(|(_, known)| *known == matching)
        .map_or("", |(name, _)| name)
}

fn name_of_action(action: WordAction) -> &'static str {
    ACTIONS
        .iter()
        .find(|(_, known)| *known == action)
        .map_or("", |(name, _)| name)
}

fn match_of(name: &str) -> Result<WordMatch> {
    let known = MATCHES.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, matching)| *matching)
        .ok_or(StoreError::Unreadable("word_rules.matching"))
}

fn action_of(name: &str) -> Result<WordAction> {
    let known = ACTIONS.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, action)| *action)
        .ok_or(StoreError::Unreadable("word_rules.action"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::announced;
    use super::*;

    fn rule(pattern: &str, action: WordAction) -> WordRule {
        WordRule {
            pattern: pattern.into(),
            matching: WordMatch::Word,
            action,
            seconds: (action == WordAction::Mute).then_some(60),
            say: None,
        }
    }

    fn many(count: usize) -> Vec<WordRule> {
        (0..count)
            .map(|number| rule(&format!("word {number}"), WordAction::Hold))
            .collect()
    }

    fn taken(added: u64, known: u64, total: u64) -> Listing {
        Listing::Taken { added, known, total }
    }

    async fn patterns(store: &Store, event: EventId) -> Vec<String> {
        let rules = store.word_rules(event).await.expect("reads");
        rules.into_iter().map(|rule| rule.pattern).collect()
    }

    async fn audit(store: &Store) -> Vec<(String, String)> {
        sqlx::query_as("SELECT kind, detail FROM audit ORDER BY id")
            .fetch_all(&store.read)
            .await
            .expect("reads")
    }

    #[tokio::test]
    async fn a_rule_that_is_known_does_what_was_asked_for_last() {
        let (_folder, store, event) = announced().await;
        let (hold, mute) = (rule("scalper", WordAction::Hold), rule("scalper", WordAction::Mute));
        let prefix = WordRule {
            matching: WordMatch::Prefix,
            ..hold.clone()
        };
        let first = store
            .add_words(event, &[hold, prefix.clone()], None, 1)
            .await
            .expect("adds");
        assert_eq!(first, taken(2, 0, 2));
        let second = store
            .add_words(event, std::slice::from_ref(&mute), None, 2)
            .await
            .expect("adds");
        assert_eq!(second, taken(0, 1, 2));
        assert_eq!(store.word_rules(event).await.expect("reads"), [mute, prefix]);
    }

    #[tokio::test]
    async fn every_change_raises_the_version_signals_and_is_in_the_audit_log() {
        let (_folder, store, event) = announced().await;
        let mut seen = (0, store.last_signal().await.expect("reads"));
        let mut changed = async |store: &Store| {
            let now = (
                store.words_version(event).await.expect("reads"),
                store.last_signal().await.expect("reads"),
            );
            let grew = now.0 > seen.0 && now.1 > seen.1;
            seen = now;
            grew
        };
        store.add_words(event, &many(3), None, 1).await.expect("adds");
        assert!(changed(&store).await);
        store
            .add_words(event, &[rule("scalper", WordAction::Mute)], None, 1)
            .await
            .expect("adds");
        assert!(changed(&store).await);
        let replaced = store.replace_words(event, &many(2), None, 2).await.expect("replaces");
        assert_eq!(replaced, taken(0, 2, 2));
        assert!(changed(&store).await);
        let first = store.words_page(event, None, 1).await.expect("reads").rules[0].id;
        assert!(store.remove_word(event, first, None, 3).await.expect("removes"));
        assert!(changed(&store).await);
        assert_eq!(store.clear_words(event, None, 4).await.expect("clears"), 1);
        assert!(changed(&store).await);
        let audit = audit(&store).await;
        let audit: Vec<(&str, &str)> = audit
            .iter()
            .map(|(kind, detail)| (kind.as_str(), detail.as_str()))
            .collect();
        assert_eq!(
            audit,
            [
                ("words_added", "3 added"),
                ("words_added", "scalper"),
                ("words_replaced", "2 known, 2 removed"),
                ("words_removed", "word 0"),
                ("words_cleared", "1 removed"),
            ]
        );
    }

    #[tokio::test]
    async fn what_changes_nothing_says_nothing() {
        let (_folder, store, event) = announced().await;
        assert_eq!(
            store.add_words(event, &[], None, 1).await.expect("adds"),
            taken(0, 0, 0)
        );
        assert!(!store.remove_word(event, 7, None, 1).await.expect("looks"));
        assert_eq!(store.clear_words(event, None, 1).await.expect("clears"), 0);
        assert_eq!(store.words_version(event).await.expect("reads"), 0);
        assert_eq!(audit(&store).await, []);
    }

    #[tokio::test]
    async fn a_long_list_is_one_line_of_the_audit_log_and_a_longer_one_is_refused_whole() {
        let (_folder, store, event) = announced().await;
        let most = usize::try_from(limits::WORD_RULES).expect("fits");
        let added = store.add_words(event, &many(most), None, 1).await.expect("adds");
        assert_eq!(added, taken(limits::WORD_RULES, 0, limits::WORD_RULES));
        assert_eq!(
            audit(&store).await,
            [("words_added".to_owned(), "20000 added".to_owned())]
        );
        let one_more = [rule("scalper", WordAction::Hold)];
        assert_eq!(
            store.add_words(event, &one_more, None, 2).await.expect("answers"),
            Listing::Full
        );
        let known = store.add_words(event, &many(1), None, 2).await.expect("adds");
        assert_eq!(known, taken(0, 1, limits::WORD_RULES));
        let replaced = store.replace_words(event, &one_more, None, 3).await.expect("replaces");
        assert_eq!(replaced, taken(1, 0, 1));
        assert_eq!(patterns(&store, event).await, ["scalper"]);
    }

    #[tokio::test]
    async fn pages_follow_one_another_to_the_end() {
        let (_folder, store, event) = announced().await;
        store.add_words(event, &many(5), None, 1).await.expect("adds");
        let (mut after, mut read) = (None, Vec::new());
        loop {
            let page = store.words_page(event, after, 2).await.expect("reads");
            assert_eq!(page.total, 5);
            read.extend(page.rules.into_iter().map(|listed| listed.rule));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(read, many(5));
    }
}
