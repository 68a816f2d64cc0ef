//! Which secret key belongs to this database: codes hashed with another key would silently open nothing.

use super::{Result, Store, StoreError};

impl Store {
    /// Ties the database to a key, by its fingerprint, at first use; refuses another key ever after.
    pub async fn bind_key(&self, fingerprint: &[u8]) -> Result<()> {
        let known: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key_fingerprint'")
            .fetch_optional(&self.read)
            .await?;
        let known = match known {
            Some(known) => known,
            None => self.first_key(fingerprint).await?,
        };
        if known == fingerprint {
            Ok(())
        } else {
            Err(StoreError::OtherKey)
        }
    }

    /// Two processes may start at once: the first one's key stays.
    async fn first_key(&self, fingerprint: &[u8]) -> Result<Vec<u8>> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO meta (name, value) VALUES ('key_fingerprint', ?) ON CONFLICT DO NOTHING")
            .bind(fingerprint)
            .execute(&mut *tx)
            .await?;
        let known = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key_fingerprint'")
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(known)
    }
}
