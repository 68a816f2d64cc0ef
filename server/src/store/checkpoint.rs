//! Checkpoints: what the write-ahead log holds goes into the database's file beside the commits, on a connection of its
//! own, and never within one: an ack does not wait for it.
//!
//! A checkpoint beside the commits (`PASSIVE`) blocks nobody, but a writer that never rests is always ahead of it, and
//! the log would grow for ever. So once the log is long and little of it is left to copy, that little is copied in the writer's
//! turn (`RESTART`), and the next commit writes from the log's beginning. Somebody who reads one state for long keeps
//! what came after it in the log: then the turn is not taken, the log grows, and the operator is told.

use std::time::{Duration, Instant};

use super::turn::COMMIT_WEIGHT;
use super::{Result, Store};

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// So much is written before a checkpoint: some 30 MB of the busiest hour.
const WEIGHT: u64 = 4_096 * COMMIT_WEIGHT;

/// A checkpoint comes after this time, however little was written.
const AT_LEAST_EVERY: Duration = Duration::from_secs(10);

/// Pages of a log that is to begin anew: 64 MiB.
const LONG: i64 = 16_384;

/// Pages that are copied in the writer's turn: some 10 ms.
const SHORT: i64 = 2_048;

/// Checkpoints beside the commits that try to leave no more than that.
const PASSES: u32 = 4;

/// Pages of a log that somebody keeps from beginning anew: 1 GiB. The operator is told.
const TOO_LONG: i64 = 262_144;

const MIB_PAGES: i64 = 256;

/// What a checkpoint found and left.
#[derive(Clone, Copy, Debug)]
struct Pass {
    /// Pages in the log.
    pages: i64,
    /// Pages of it that are in the file, too.
    copied: i64,
}

impl Pass {
    fn left(self) -> i64 {
        self.pages - self.copied
    }
}

impl Store {
    /// Keeps the write-ahead log short until the store is closed.
    pub async fn keep_checkpoints(self) {
        let (mut seen, mut last) = (0, Instant::now());
        let mut is_told = false;
        while !self.checkpoints.is_closed() {
            tokio::time::sleep(LOOK_EVERY).await;
            let written = self.turn.written();
            if written == seen || (written - seen < WEIGHT && last.elapsed() < AT_LEAST_EVERY) {
                continue;
            }
            (seen, last) = (written, Instant::now());
            match self.checkpoint().await {
                Ok(pass) => tell(pass, &mut is_told),
                Err(_) if self.checkpoints.is_closed() => return,
                Err(error) => tracing::warn!(%error, "a checkpoint has to wait"),
            }
        }
    }

    async fn checkpoint(&self) -> Result<Pass> {
        let mut pass = self.pass("PASSIVE").await?;
        if pass.pages < LONG {
            return Ok(pass);
        }
        for _ in 1..PASSES {
            if pass.left() <= SHORT {
                break;
            }
            pass = self.pass("PASSIVE").await?;
        }
        if pass.left() <= SHORT {
            let _turn = self.turn.pass_the_line().await?;
            pass = self.pass("RESTART").await?;
        }
        Ok(pass)
    }

    async fn pass(&self, mode: &str) -> Result<Pass> {
        let (_busy, pages, copied): (i64, i64, i64) = sqlx::query_as(&format!("PRAGMA wal_checkpoint({mode})"))
            .fetch_one(&self.checkpoints)
            .await?;
        Ok(Pass { pages, copied })
    }
}

fn tell(pass: Pass, is_told: &mut bool) {
    let is_too_long = pass.pages > TOO_LONG && pass.left() > SHORT;
    if is_too_long && !*is_told {
        let mib = pass.pages / MIB_PAGES;
        tracing::warn!(
            mib,
            "the database's write-ahead log grows: something has been reading the database for long"
        );
    }
    *is_told = is_too_long;
}

#[cfg(test)]
mod tests {
    use super::super::fixture::announced;
    use super::*;

    /// Writes a log of so many pages at least.
    async fn write_pages(store: &Store, pages: i64) {
        let mut tx = store.begin_log().await.expect("begins");
        sqlx::query("INSERT INTO meta (name, value) VALUES (hex(randomblob(8)), zeroblob(4096 * ?))")
            .bind(pages)
            .execute(&mut *tx)
            .await
            .expect("writes");
        tx.commit().await.expect("commits");
    }

    #[tokio::test]
    async fn a_long_log_begins_anew() {
        let (_folder, store, _event) = announced().await;
        for _ in 0..4 {
            write_pages(&store, LONG / 4).await;
        }
        let pass = store.checkpoint().await.expect("copies");
        assert_eq!(pass.left(), 0);
        write_pages(&store, 1).await;
        let pass = store.pass("PASSIVE").await.expect("copies");
        assert!(pass.pages < LONG / 4, "{pass:?}");
    }

    #[tokio::test]
    async fn who_reads_one_state_for_long_blocks_no_commit() {
        let (_folder, store, _event) = announced().await;
        let mut reader = store.read.begin().await.expect("begins");
        sqlx::query("SELECT count(*) FROM events")
            .execute(&mut *reader)
            .await
            .expect("reads");
        for _ in 0..5 {
            write_pages(&store, LONG / 4).await;
        }
        let pass = store.checkpoint().await.expect("copies what it may");
        assert!(pass.left() >= LONG, "{pass:?}");
        write_pages(&store, 1).await;
        drop(reader);
        let mut pass = store.checkpoint().await.expect("copies");
        while pass.left() > 0 {
            // The reader's connection comes back to its pool by itself.
            tokio::task::yield_now().await;
            pass = store.checkpoint().await.expect("copies");
        }
    }
}
