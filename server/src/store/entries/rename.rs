//! A nickname that offends is replaced by one of the house; the old one stays reserved for who had it.

use wire::frame::{Actor, Deed};
use wire::{MemberId, Refusal};

use super::author::Author;
use super::commit::{Commit, Noted};
use super::{Fate, StoreError};
use crate::nickname::{self, Keys};
use crate::store::{nicknames, to_sql};

/// Rounds of candidates before a numbered name is given.
const ROUNDS: u64 = 4;

impl Commit<'_> {
    pub(super) async fn rename(
        &mut self,
        by: &Author,
        about: &Actor,
        reason: Option<&String>,
        dice: u64,
    ) -> Result<Fate, StoreError> {
        let Some(old) = &about.nickname else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        let given = self.free_name(&by.artist, &about.member, dice).await?;
        self.call(by, about, old.clone(), given, "rename", reason).await
    }

    /// Gives back the nickname from before the last renaming.
    pub(super) async fn unrename(
        &mut self,
        by: &Author,
        about: &Actor,
        reason: Option<&String>,
    ) -> Result<Fate, StoreError> {
        let last: Option<(String, String)> = sqlx::query_as(
            "SELECT kind, detail FROM audit WHERE event_id = ? AND about = ? AND kind IN ('rename', 'unrename')
             ORDER BY id DESC LIMIT 1",
        )
        .bind(self.draft.event)
        .bind(about.member.as_str())
        .fetch_optional(&mut *self.tx)
        .await?;
        match (last, &about.nickname) {
            (Some((kind, before)), Some(now)) if kind == "rename" => {
                self.call(by, about, now.clone(), before, "unrename", reason).await
            }
            _ => Ok(Fate::Known(None)),
        }
    }

    /// Calls a member so from now on, and on everything it said.
    async fn call(
        &mut self,
        by: &Author,
        about: &Actor,
        old: String,
        given: String,
        kind: &str,
        reason: Option<&String>,
    ) -> Result<Fate, StoreError> {
        let (event, member) = (self.draft.event, &about.member);
        nicknames::write_keys(self.tx, event, member, &Keys::of(&given)).await?;
        nicknames::note_name(self.tx, member, &given, self.now).await?;
        // The name of the house stays: who could choose again would choose the same.
        sqlx::query("UPDATE members SET nickname = ?, spoken = 1 WHERE id = ?")
            .bind(&given)
            .bind(member.as_str())
            .execute(&mut *self.tx)
            .await?;
        let deed = Deed::Rename {
            member: member.clone(),
            nickname: given,
        };
        let seq = self.append_control(by, reason, deed, None).await?;
        let noted = Noted {
            about: Some(about.clone()),
            seq: Some(seq),
            reason: reason.cloned(),
            detail: Some(old),
            ..Noted::default()
        };
        self.note(kind, Some(by.actor(self.draft)), noted).await?;
        Ok(Fate::Committed(Some(seq)))
    }

    /// A name that nobody has and nobody looks like.
    async fn free_name(&mut self, artist: &str, member: &MemberId, dice: u64) -> Result<String, StoreError> {
        for round in 0..ROUNDS {
            for name in nickname::candidates("", false, dice.wrapping_add(round)) {
                if self.is_free(artist, member, &name).await? {
                    return Ok(name);
                }
            }
        }
        let mut number = dice % 1_000_000;
        loop {
            let name = format!("guest {number}");
            if self.is_free(artist, member, &name).await? {
                return Ok(name);
            }
            number += 1;
        }
    }

    async fn is_free(&mut self, artist: &str, member: &MemberId, name: &str) -> Result<bool, StoreError> {
        let keys = Keys::of(name);
        if nickname::reserved_for(&keys, artist).is_some() {
            return Ok(false);
        }
        let taken = nicknames::taken(self.tx, self.draft.event, keys.all(), Some(member)).await?;
        Ok(taken.is_empty() && !self.was_called(member, name).await?)
    }

    /// A member that is renamed again gets a name it did not have.
    async fn was_called(&mut self, member: &MemberId, name: &str) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT 1 FROM nicknames WHERE member_id = ? AND nickname = ? AND at <= ?")
            .bind(member.as_str())
            .bind(name)
            .bind(to_sql(self.now))
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(found.is_some())
    }
}
