//! The audit log, as moderators read it and take it home.

use sqlx::{FromRow, QueryBuilder, Sqlite};
use wire::frame::Actor;
use wire::moderation::AuditRow;
use wire::{MemberId, UnixMillis};

use super::{EventId, Result, Store, from_sql, to_sql};

/// Which lines. All of them, unless it says less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Not of this kind.
    pub without: Option<String>,
    /// About this member.
    pub member: Option<MemberId>,
    /// Done by somebody.
    pub by: Option<AuditBy>,
    /// Done at this moment or later.
    pub since: Option<UnixMillis>,
    /// Done before this moment.
    pub until: Option<UnixMillis>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditBy {
    /// This member.
    Member(MemberId),
    /// Nobody in the room: a command, the word list, the gate.
    House,
}

/// Which part of the lines, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditPart {
    /// The newest before this line, or of all, newest first.
    Before(Option<u64>),
    /// The oldest after this line, oldest first.
    After(u64),
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    kind: String,
    actor: Option<String>,
    actor_name: Option<String>,
    about: Option<String>,
    about_name: Option<String>,
    target: Option<i64>,
    seq: Option<i64>,
    seconds: Option<i64>,
    reason: Option<String>,
    detail: Option<String>,
}

/// Some lines are about a ticket: the member behind it is whom they are about.
const LINES: &str = "SELECT a.id, a.at, a.kind, a.actor, a.actor_name, COALESCE(a.about, m.id) AS about,
        CASE WHEN a.about IS NULL THEN m.nickname ELSE a.about_name END AS about_name,
        a.target, a.seq, a.seconds, a.reason, a.detail
    FROM audit a LEFT JOIN members m ON m.ticket_id = a.ticket_id WHERE a.event_id = ";

impl Store {
    /// At most `limit` lines of an event's audit log.
    pub async fn audit_lines(
        &self,
        event: EventId,
        filter: &AuditFilter,
        part: AuditPart,
        limit: u32,
    ) -> Result<Vec<AuditRow>> {
        let mut select = QueryBuilder::<Sqlite>::new(LINES);
        select.push_bind(event);
        push_filter(&mut select, filter);
        match part {
            AuditPart::Before(before) => {
                select.push(" AND a.id < ").push_bind(before.map_or(i64::MAX, to_sql));
                select.push(" ORDER BY a.id DESC LIMIT ");
            }
            AuditPart::After(after) => {
                select.push(" AND a.id > ").push_bind(to_sql(after));
                select.push(" ORDER BY a.id LIMIT ");
            }
        }
        select.push_bind(i64::from(limit));
        let rows: Vec<Row> = select.build_query_as().fetch_all(&self.read).await?;
        Ok(rows.into_iter().map(Row::line).collect())
    }
}

fn push_filter(select: &mut QueryBuilder<'_, Sqlite>, filter: &AuditFilter) {
    if let Some(kind) = &filter.kind {
        select.push(" AND a.kind = ").push_bind(kind.clone());
    }
    if let Some(kind) = &filter.without {
        select.push(" AND a.kind <> ").push_bind(kind.clone());
    }
    if let Some(member) = &filter.member {
        select
            .push(" AND (a.about = ")
            .push_bind(member.as_str().to_owned())
            .push(" OR (a.about IS NULL AND a.ticket_id = (SELECT ticket_id FROM members WHERE id = ")
            .push_bind(member.as_str().to_owned())
            .push(")))");
    }
    match &filter.by {
        None => {}
        Some(AuditBy::Member(member)) => {
            select.push(" AND a.actor = ").push_bind(member.as_str().to_owned());
        }
        Some(AuditBy::House) => {
            select.push(" AND a.actor IS NULL");
        }
    }
    if let Some(since) = filter.since {
        select.push(" AND a.at >= ").push_bind(to_sql(since));
    }
    if let Some(until) = filter.until {
        select.push(" AND a.at < ").push_bind(to_sql(until));
    }
}

impl Row {
    fn line(self) -> AuditRow {
        let somebody = |member: Option<String>, nickname| {
            member.map(|member| Actor {
                member: MemberId(member),
                nickname,
            })
        };
        AuditRow {
            id: from_sql(self.id),
            at: from_sql(self.at),
            kind: self.kind,
            by: somebody(self.actor, self.actor_name),
            about: somebody(self.about, self.about_name),
            target: self.target.map(from_sql),
            seq: self.seq.map(from_sql),
            seconds: self.seconds.and_then(|seconds| u32::try_from(seconds).ok()),
            reason: self.reason,
            detail: self.detail,
        }
    }
}
