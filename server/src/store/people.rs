//! The people of an event as moderators see them: a list by nickname, and a card for each.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use wire::moderation::{MemberCard, Person};
use wire::{MemberId, Role, UnixMillis};

use super::{EventId, Result, Store, from_sql, json, tickets, to_sql};
use crate::nickname::Keys;

/// Members that a query can name one by one; also the people that are read at a time where more are meant.
const FEW: usize = 500;

/// Nicknames from before that a card tells.
const EARLIER: i64 = 20;

/// Whom the list shows. Everybody who has a nickname, unless it says less.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Part of a nickname, as it looks.
    pub search: Option<String>,
    /// Of this role.
    pub role: Option<Role>,
    /// In this state.
    pub state: Option<PersonState>,
}

/// A state that people can be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// One of these, who have an open socket.
    Online(HashSet<MemberId>),
    /// Muted now.
    Muted,
    /// Banned.
    Banned,
    /// Everything the member writes waits for a moderator.
    Held,
}

/// Where a page of the list ended: the next begins after this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeoplePlace {
    /// The nickname.
    pub nickname: String,
    /// The member.
    pub member: MemberId,
}

#[derive(FromRow)]
struct PersonRow {
    id: String,
    nickname: Option<String>,
    role: String,
    muted_until: i64,
    hold: bool,
    banned: bool,
}

const PERSON: &str = "SELECT m.id, m.nickname, m.role, m.muted_until, m.hold, t.banned_at IS NOT NULL AS banned
    FROM members m JOIN tickets t ON t.id = m.ticket_id";

impl Store {
    /// At most `limit` people after a place in the list, and where the next page begins. Nobody is said to be online:
    /// that is for the room to say.
    pub async fn people(
        &self,
        event: EventId,
        filter: &PeopleFilter,
        after: Option<&PeoplePlace>,
        limit: u32,
        now: UnixMillis,
    ) -> Result<(Vec<Person>, Option<PeoplePlace>)> {
        let wanted = limit as usize;
        let mut rows = match &filter.state {
            Some(PersonState::Online(members)) if members.len() > FEW => {
                self.many_online(event, filter, members, after, wanted, now).await?
            }
            _ => self.people_rows(event, filter, after, wanted + 1, now).await?,
        };
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| more).map(PersonRow::place);
        let people: Result<Vec<Person>> = rows.into_iter().map(|row| row.person(now)).collect();
        Ok((people?, next))
    }

    /// More than `wanted` of many who are online, if there are: the list is read on until they are found, which is soon.
    async fn many_online(
        &self,
        event: EventId,
        filter: &PeopleFilter,
        online: &HashSet<MemberId>,
        after: Option<&PeoplePlace>,
        wanted: usize,
        now: UnixMillis,
    ) -> Result<Vec<PersonRow>> {
        let (mut after, mut found) = (after.cloned(), Vec::new());
        loop {
            let rows = self.people_rows(event, filter, after.as_ref(), FEW, now).await?;
            let is_last = rows.len() < FEW;
            after = rows.last().map(PersonRow::place);
            found.extend(rows.into_iter().filter(|row| online.contains(&row.member())));
            if is_last || found.len() > wanted {
                return Ok(found);
            }
        }
    }

    async fn people_rows(
        &self,
        event: EventId,
        filter: &PeopleFilter,
        after: Option<&PeoplePlace>,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<PersonRow>> {
        let mut select = QueryBuilder::<Sqlite>::new(PERSON);
        select
            .push(" WHERE m.nickname IS NOT NULL AND m.event_id = ")
            .push_bind(event);
        if let Some(after) = after {
            select
                .push(" AND (m.nickname COLLATE NOCASE, m.id) > (")
                .push_bind(&after.nickname);
            select.push(", ").push_bind(after.member.as_str()).push(")");
        }
        push_filter(&mut select, filter, now);
        select
            .push(" ORDER BY m.nickname COLLATE NOCASE, m.id LIMIT ")
            .push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(select.build_query_as().fetch_all(&self.read).await?)
    }

    /// A member's card; `None` when the event has no such member.
    pub async fn member_card(&self, event: EventId, member: &MemberId, now: UnixMillis) -> Result<Option<MemberCard>> {
        let mut tx = self.read.begin().await?;
        let row: Option<PersonRow> = sqlx::query_as(&format!("{PERSON} WHERE m.event_id = ? AND m.id = ?"))
            .bind(event)
            .bind(member.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let counts = counts(&mut tx, event, member).await?;
        Ok(Some(MemberCard {
            earlier: earlier_nicknames(&mut tx, member).await?,
            person: row.person(now)?,
            seated_since: counts.seated_since.map(from_sql),
            messages: from_sql(counts.messages),
            reports: from_sql(counts.reports),
            waiting: from_sql(counts.waiting),
        }))
    }

    /// Whether an event has this member.
    pub async fn has_member(&self, event: EventId, member: &MemberId) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM members WHERE event_id = ? AND id = ?")
            .bind(event)
            .bind(member.as_str())
            .fetch_optional(&self.read)
            .await?;
        Ok(found.is_some())
    }
}

fn push_filter(select: &mut QueryBuilder<'_, Sqlite>, filter: &PeopleFilter, now: UnixMillis) {
    if let Some(search) = &filter.search {
        // The artist has the stage's name, and no keys.
        select
            .push(" AND (instr(lower(m.nickname), lower(")
            .push_bind(search.clone())
            .push(")) > 0");
        select.push(" OR EXISTS (SELECT 1 FROM nickname_keys k WHERE k.member_id = m.id AND (0");
        for key in Keys::of(search).all() {
            select.push(" OR instr(k.key, ").push_bind(key.to_owned()).push(") > 0");
        }
        select.push(")))");
    }
    if let Some(role) = filter.role {
        select.push(" AND m.role = ").push_bind(role.as_str());
    }
    match &filter.state {
        None => {}
        // Many are found by reading on.
        Some(PersonState::Online(members)) if members.len() > FEW => {}
        Some(PersonState::Online(members)) => {
            let ids: Vec<&str> = members.iter().map(MemberId::as_str).collect();
            select
                .push(" AND m.id IN (SELECT value FROM json_each(")
                .push_bind(json(&ids))
                .push("))");
        }
        Some(PersonState::Muted) => {
            select.push(" AND m.muted_until > ").push_bind(to_sql(now));
        }
        Some(PersonState::Banned) => {
            select.push(" AND t.banned_at IS NOT NULL");
        }
        Some(PersonState::Held) => {
            select.push(" AND m.hold = 1");
        }
    }
}

#[derive(FromRow)]
struct Counts {
    seated_since: Option<i64>,
    messages: i64,
    reports: i64,
    waiting: i64,
}

async fn counts(connection: &mut SqliteConnection, event: EventId, member: &MemberId) -> Result<Counts> {
    let counts = sqlx::query_as(
        "SELECT (SELECT l.since FROM leases l JOIN members m ON m.ticket_id = l.ticket_id
                  WHERE m.id = ?2 AND l.held = 1) AS seated_since,
                (SELECT COUNT(*) FROM messages_of_members WHERE event_id = ?1 AND member_id = ?2) AS messages,
                (SELECT COALESCE(SUM(r.count), 0) FROM messages_of_members e
                   CROSS JOIN report_cases r ON r.event_id = ?1 AND r.target = e.seq
                  WHERE e.event_id = ?1 AND e.member_id = ?2) AS reports,
                (SELECT COUNT(*) FROM held WHERE member_id = ?2 AND state = 'waiting') AS waiting",
    )
    .bind(event)
    .bind(member.as_str())
    .fetch_one(connection)
    .await?;
    Ok(counts)
}

/// Newest first, each once, without the one of today.
async fn earlier_nicknames(connection: &mut SqliteConnection, member: &MemberId) -> Result<Vec<String>> {
    let earlier = sqlx::query_scalar(
        "SELECT n.nickname FROM nicknames n JOIN members m ON m.id = n.member_id
          WHERE n.member_id = ?1 AND n.nickname IS NOT m.nickname
          GROUP BY n.nickname ORDER BY MAX(n.at) DESC, MAX(n.rowid) DESC LIMIT ?2",
    )
    .bind(member.as_str())
    .bind(EARLIER)
    .fetch_all(connection)
    .await?;
    Ok(earlier)
}

impl PersonRow {
    fn member(&self) -> MemberId {
        MemberId(self.id.clone())
    }

    fn place(&self) -> PeoplePlace {
        PeoplePlace {
            nickname: self.nickname.clone().unwrap_or_default(),
            member: self.member(),
        }
    }

    fn person(self, now: UnixMillis) -> Result<Person> {
        Ok(Person {
            role: tickets::role_of(&self.role)?,
            member: MemberId(self.id),
            nickname: self.nickname,
            online: false,
            banned: self.banned,
            muted_until: Some(from_sql(self.muted_until)).filter(|until| *until > now),
            held: self.hold,
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::fixture::announced;
    use super::*;

    /// People of a sold-out event.
    const CROWD: i64 = 20_000;

    /// People of a page, here.
    const PAGE: u32 = 500;

    /// A moment in the tests' event.
    const NOW: UnixMillis = 1_000;

    async fn sold_out() -> (TempDir, Store, EventId) {
        let (folder, store, event) = announced().await;
        let mut tx = store.begin().await.expect("begins");
        let crowd = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)";
        for insert in [
            "INSERT INTO tickets (id, event_id, code_hash, code_length, role, issued_at, banned_at, pending)
             SELECT n, ?1, CAST(printf('%032d', n) AS BLOB), 14, 'fan', 0, iif(n % 1000 = 0, 1, NULL), 0 FROM n",
            "INSERT INTO members (id, event_id, ticket_id, role, nickname, made_at, muted_until, hold)
             SELECT printf('%026d', n), ?1, n, 'fan', printf('%s %d', iif(n % 2, 'Fan', 'fan'), n * 7919 % ?2), 0,
                    iif(n % 2000 = 1, 5000, 0), n % 5000 = 2 FROM n",
            "INSERT INTO nickname_keys (event_id, key, member_id)
             SELECT ?1, replace(replace(printf('fan %d', n * 7919 % ?2), '1', 'l'), '0', 'o'), printf('%026d', n) FROM n",
        ] {
            sqlx::query(&format!("{crowd} {insert}"))
                .bind(event)
                .bind(CROWD)
                .execute(&mut *tx)
                .await
                .expect("inserts");
        }
        tx.commit().await.expect("commits");
        (folder, store, event)
    }

    async fn all(store: &Store, event: EventId, filter: &PeopleFilter) -> Vec<String> {
        let (mut after, mut names) = (None, Vec::new());
        loop {
            let page = store.people(event, filter, after.as_ref(), PAGE, NOW).await;
            let (people, next) = page.expect("reads");
            names.extend(people.into_iter().filter_map(|person| person.nickname));
            after = next;
            if after.is_none() {
                return names;
            }
        }
    }

    #[tokio::test]
    async fn twenty_thousand_people_come_in_order_each_once() {
        let (_folder, store, event) = sold_out().await;
        let names = all(&store, event, &PeopleFilter::default()).await;
        assert_eq!(names.len() as i64, CROWD);
        let folded: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert!(folded.is_sorted());
        let once: HashSet<&String> = folded.iter().collect();
        assert_eq!(once.len(), names.len());
    }

    #[tokio::test]
    async fn who_is_online_is_found_whether_they_are_many_or_few() {
        let (_folder, store, event) = sold_out().await;
        for (every, count) in [(1, 20_000), (10, 2_000), (500, 40), (20_000, 1)] {
            let online = (1..=CROWD).filter(|number| number % every == 0);
            let online: HashSet<MemberId> = online.map(|number| MemberId(format!("{number:026}"))).collect();
            let filter = PeopleFilter {
                state: Some(PersonState::Online(online)),
                ..PeopleFilter::default()
            };
            let names = all(&store, event, &filter).await;
            let once: HashSet<&String> = names.iter().collect();
            assert_eq!((names.len(), once.len()), (count, count));
        }
    }

    #[tokio::test]
    async fn few_are_found_among_many() {
        let (_folder, store, event) = sold_out().await;
        let in_state = |state| PeopleFilter {
            state: Some(state),
            ..PeopleFilter::default()
        };
        assert_eq!(all(&store, event, &in_state(PersonState::Banned)).await.len(), 20);
        assert_eq!(all(&store, event, &in_state(PersonState::Muted)).await.len(), 10);
        assert_eq!(all(&store, event, &in_state(PersonState::Held)).await.len(), 4);
        let search = |typed: &str| PeopleFilter {
            search: Some(typed.to_owned()),
            ..PeopleFilter::default()
        };
        assert_eq!(all(&store, event, &search("FАN 123")).await.len(), 111, "Cyrillic А");
        assert_eq!(all(&store, event, &search("nobody")).await.len(), 0);
        let both = PeopleFilter {
            role: Some(Role::Moderator),
            ..search("fan")
        };
        assert_eq!(all(&store, event, &both).await.len(), 0);
    }
}
