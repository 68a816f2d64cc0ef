//! What a commit must know of who does something. The writer remembers it from one commit to the next, for as long as
//! nobody else has written anything.

use std::collections::{HashMap, HashSet};

use sqlx::{FromRow, SqliteConnection};
use wire::frame::{Actor, MessageBody};
use wire::{Capability, MemberId, Refusal, Role, UnixMillis};

use super::{Draft, Fate, Say, StoreError, json};
use crate::store::tickets::role_of;

/// Members that are remembered: some 6 MB. More are read again.
const REMEMBERED: usize = 20_000;

/// Who does something, and in what room, at the moment of the commit.
#[derive(Clone, Debug, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "a row of the database")]
pub(super) struct Author {
    id: String,
    event_id: i64,
    pub(super) nickname: Option<String>,
    role: String,
    pub(super) spoken: bool,
    pub(super) muted_until: i64,
    pub(super) hold: bool,
    /// The epoch at which it may act, while a session holds the lease and the ticket counts.
    epoch: Option<i64>,
    pub(super) banned: bool,
    event_open: bool,
    pub(super) paused: bool,
    pub(super) slow_seconds: u32,
    pub(super) artist: String,
    /// Whether it ever did something else than saying.
    pub(super) has_acted: bool,
    /// Whether something it said was ever held.
    pub(super) was_held: bool,
}

const AUTHORS: &str = "SELECT m.id, m.event_id, m.nickname, m.role, m.spoken, m.muted_until, m.hold,
        CASE WHEN l.held = 1 AND t.revoked_at IS NULL THEN l.epoch END AS epoch,
        t.banned_at IS NOT NULL AS banned,
        v.ended_at IS NULL AND v.deleted_at IS NULL AS event_open,
        v.paused, v.slow_seconds, v.artist,
        EXISTS (SELECT 1 FROM acts a WHERE a.member_id = m.id) AS has_acted,
        EXISTS (SELECT 1 FROM held h WHERE h.member_id = m.id) AS was_held
   FROM json_each(?) d
  CROSS JOIN members m ON m.id = d.value
  CROSS JOIN tickets t ON t.id = m.ticket_id
  CROSS JOIN leases l ON l.ticket_id = t.id
  CROSS JOIN events v ON v.id = m.event_id";

impl Author {
    pub(super) fn role(&self) -> Result<Role, StoreError> {
        role_of(&self.role)
    }

    pub(super) fn is_fan(&self) -> bool {
        self.role == Role::Fan.as_str()
    }

    pub(super) fn is_moderator(&self) -> bool {
        self.role == Role::Moderator.as_str()
    }

    /// Whether its role is able to do this.
    pub(super) fn can(&self, what: Capability) -> bool {
        self.role().is_ok_and(|role| role.capabilities().contains(&what))
    }

    /// Who it is, for the staff.
    pub(super) fn actor(&self, draft: &Draft) -> Actor {
        Actor {
            member: draft.member.clone(),
            nickname: self.nickname.clone(),
        }
    }

    /// What it says, as a message.
    pub(super) fn message(
        &self,
        draft: &Draft,
        say: &Say,
        id: &str,
        now: UnixMillis,
    ) -> Result<MessageBody, StoreError> {
        Ok(MessageBody {
            id: id.to_owned(),
            at: now,
            member: draft.member.clone(),
            nickname: self.nickname.clone().unwrap_or_default(),
            role: self.role()?,
            text: say.text.clone(),
            question: say.question,
            reply_to: say.reply_to,
            answers: None,
            answered: None,
        })
    }

    /// Whether it may do anything at all.
    pub(super) fn check(&self, draft: &Draft) -> Result<(), Refusal> {
        if self.epoch != Some(draft.epoch) {
            Err(Refusal::LeaseLost)
        } else if self.banned {
            Err(Refusal::Banned)
        } else if !self.event_open {
            Err(Refusal::NotOpen)
        } else {
            Ok(())
        }
    }

    /// Mute and pause, which are for fans alone.
    pub(super) fn is_silenced(&self, now: UnixMillis) -> Result<(), Fate> {
        let muted_until = self.muted_until as UnixMillis;
        if !self.is_fan() {
            Ok(())
        } else if muted_until > now {
            Err(Fate::refused_for(Refusal::Muted, muted_until - now))
        } else if self.paused {
            Err(Fate::refused(Refusal::Paused))
        } else {
            Ok(())
        }
    }
}

/// The authors that are remembered.
#[derive(Debug, Default)]
pub(super) struct Authors {
    /// Changes with every commit of another connection.
    version: Option<i64>,
    known: HashMap<MemberId, Author>,
}

impl Authors {
    /// Forgets all if anybody else has written since: a nickname, a takeover, a ban from the command line.
    pub(super) async fn refresh(&mut self, tx: &mut SqliteConnection) -> Result<(), StoreError> {
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(tx).await?;
        if self.version.replace(version) != Some(version) || self.known.len() > REMEMBERED {
            self.known.clear();
        }
        Ok(())
    }

    /// Reads who is not known of those who made these drafts.
    pub(super) async fn read(&mut self, tx: &mut SqliteConnection, drafts: &[Draft]) -> Result<(), StoreError> {
        let unknown: HashSet<&str> = drafts
            .iter()
            .filter(|draft| !self.known.contains_key(&draft.member))
            .map(|draft| draft.member.as_str())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let read: Vec<Author> = sqlx::query_as(AUTHORS).bind(json(&unknown)).fetch_all(tx).await?;
        let authors = read.into_iter().map(|author| (MemberId(author.id.clone()), author));
        self.known.extend(authors);
        Ok(())
    }

    /// Who made a draft, as far as it was read; a member counts in its own event alone.
    pub(super) fn of(&self, draft: &Draft) -> Option<&Author> {
        self.known
            .get(&draft.member)
            .filter(|author| author.event_id == draft.event)
    }

    /// A member has spoken now.
    pub(super) fn has_spoken(&mut self, member: &MemberId) {
        if let Some(author) = self.known.get_mut(member) {
            author.spoken = true;
        }
    }

    /// Something of one member has changed.
    pub(super) fn forget(&mut self, member: &MemberId) {
        self.known.remove(member);
    }

    /// Anything may have changed.
    pub(super) fn forget_all(&mut self) {
        self.known.clear();
        self.version = None;
    }
}
