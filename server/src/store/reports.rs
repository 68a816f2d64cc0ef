//! What was reported, and waits for a moderator.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use wire::frame::Message;
use wire::moderation::{ReasonCount, ReportCase, ReportList};

use super::entries::THAT_FANS_SEE;
use super::{EventId, Result, Store, entries, from_sql};

/// Cases that are listed; moderators who have more begin with the most reported.
const CASES: i64 = 200;

/// Reasons that are told of a case.
const REASONS: i64 = 5;

#[derive(FromRow)]
struct CaseRow {
    target: i64,
    count: i64,
    first_at: i64,
}

/// Cases that nobody dismissed, of messages that fans see.
fn open_cases() -> String {
    format!(
        "report_cases r CROSS JOIN entries e ON e.event_id = r.event_id AND e.seq = r.target {THAT_FANS_SEE}
            AND r.event_id = ? AND r.dismissed = 0"
    )
}

impl Store {
    /// The open cases of an event: the message is visible, and nobody dismissed the reports.
    pub async fn open_reports(&self, event: EventId) -> Result<ReportList> {
        let open = open_cases();
        let mut tx = self.read.begin().await?;
        let rows: Vec<CaseRow> = sqlx::query_as(&format!(
            "SELECT r.target, r.count, r.first_at FROM {open} ORDER BY r.count DESC, r.first_at, r.target LIMIT {CASES}"
        ))
        .bind(event)
        .fetch_all(&mut *tx)
        .await?;
        let count: i64 = sqlx::query_scalar(&format!("SELECT COUNT(*) FROM {open}"))
            .bind(event)
            .fetch_one(&mut *tx)
            .await?;
        let targets: Vec<i64> = rows.iter().map(|row| row.target).collect();
        let mut messages = messages(&mut tx, event, &targets).await?;
        let mut reasons = reasons(&mut tx, event, &targets).await?;
        let cases = rows.into_iter().filter_map(|row| {
            Some(ReportCase {
                message: messages.remove(&row.target)?,
                count: from_sql(row.count),
                reasons: reasons.remove(&row.target).unwrap_or_default(),
                first_at: from_sql(row.first_at),
                open: true,
            })
        });
        Ok(ReportList {
            cases: cases.collect(),
            open: from_sql(count),
        })
    }
}

async fn messages(connection: &mut SqliteConnection, event: EventId, targets: &[i64]) -> Result<HashMap<i64, Message>> {
    let mut select = QueryBuilder::<Sqlite>::new("SELECT ");
    select
        .push(entries::WITH_STATE)
        .push(" WHERE e.kind = 'message' AND e.event_id = ");
    select.push_bind(event).push(" AND e.seq IN ");
    push_list(&mut select, targets);
    let rows = select.build().fetch_all(connection).await?;
    let messages = rows.iter().map(|row| {
        let message = entries::message(row)?.for_staff();
        Ok((super::to_sql(message.seq), message))
    });
    messages.collect()
}

/// The most frequent reasons of each message, most frequent first; of equals the first given.
async fn reasons(
    connection: &mut SqliteConnection,
    event: EventId,
    targets: &[i64],
) -> Result<HashMap<i64, Vec<ReasonCount>>> {
    let mut select = QueryBuilder::<Sqlite>::new(
        "SELECT target, reason, count FROM (
            SELECT target, reason, COUNT(*) AS count,
                   ROW_NUMBER() OVER (PARTITION BY target ORDER BY COUNT(*) DESC, MIN(at), reason) AS place
              FROM reports WHERE reason IS NOT NULL AND event_id = ",
    );
    select.push_bind(event).push(" AND target IN ");
    push_list(&mut select, targets);
    select.push(" GROUP BY target, reason) WHERE place <= ");
    select.push_bind(REASONS).push(" ORDER BY target, place");
    let rows: Vec<(i64, String, i64)> = select.build_query_as().fetch_all(connection).await?;
    let mut reasons: HashMap<i64, Vec<ReasonCount>> = HashMap::new();
    for (target, reason, count) in rows {
        let count = from_sql(count);
        reasons.entry(target).or_default().push(ReasonCount { reason, count });
    }
    Ok(reasons)
}

fn push_list<'a>(select: &mut QueryBuilder<'a, Sqlite>, targets: &'a [i64]) {
    select.push("(");
    let mut list = select.separated(", ");
    for target in targets {
        list.push_bind(target);
    }
    select.push(")");
}
