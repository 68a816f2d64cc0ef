//! Reading questions: by where they stand, the votes of some, a member's own.

use std::collections::BTreeMap;

use wire::stage::{Question, QuestionList, QuestionState};
use wire::{MemberId, Seq, limits};

use super::entries::{THAT_FANS_SEE, WITH_STATE, message};
use super::{EventId, Result, Store, StoreError, to_sql};

impl Store {
    /// The questions in a state that fans can see, most asked first.
    pub async fn questions(&self, event: EventId, state: QuestionState, limit: u32) -> Result<QuestionList> {
        let visible = visible_questions();
        let mut tx = self.read.begin().await?;
        let total: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM {visible}"))
            .bind(event)
            .bind(state.as_str())
            .fetch_one(&mut *tx)
            .await?;
        // The order is the index's.
        let ranked: Vec<(i64, i64)> = sqlx::query_as(&format!(
            "SELECT q.seq, q.votes FROM {visible} ORDER BY q.votes DESC, q.seq LIMIT ?"
        ))
        .bind(event)
        .bind(state.as_str())
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
        let mut questions = Vec::with_capacity(ranked.len());
        for (seq, votes) in ranked {
            let row = sqlx::query(&format!("SELECT {WITH_STATE} WHERE e.event_id = ? AND e.seq = ?"))
                .bind(event)
                .bind(seq)
                .fetch_one(&mut *tx)
                .await?;
            questions.push(Question {
                message: message(&row)?.for_staff(),
                votes: votes as u64,
                state,
            });
        }
        Ok(QuestionList {
            questions,
            total: total as u64,
        })
    }

    /// The votes of the questions from `first` to `last` that have any.
    pub async fn votes_between(&self, event: EventId, first: Seq, last: Seq) -> Result<BTreeMap<Seq, u64>> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT seq, votes FROM questions WHERE event_id = ? AND seq BETWEEN ? AND ? AND votes > 0")
                .bind(event)
                .bind(to_sql(first))
                .bind(to_sql(last))
                .fetch_all(&self.read)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(seq, votes)| (seq as Seq, votes as u64))
            .collect())
    }

    /// The questions that a member voted for, the newest of them.
    pub async fn voted(&self, member: &MemberId) -> Result<Vec<Seq>> {
        let rows: Vec<i64> =
            sqlx::query_scalar("SELECT target FROM votes WHERE member_id = ? ORDER BY target DESC LIMIT ?")
                .bind(member.as_str())
                .bind(i64::try_from(limits::OWN_VOTES).unwrap_or(i64::MAX))
                .fetch_all(&self.read)
                .await?;
        Ok(rows.into_iter().map(|seq| seq as Seq).collect())
    }
}

/// The questions of an event in a state that fans can see.
fn visible_questions() -> String {
    format!(
        "questions q INDEXED BY questions_by_votes
         CROSS JOIN entries e ON e.event_id = q.event_id AND e.seq = q.seq {THAT_FANS_SEE}
            AND q.event_id = ? AND q.state = ?"
    )
}

/// The state behind a name in the database.
pub(super) fn state_of(name: &str) -> Result<QuestionState> {
    use QuestionState::{Answered, Dropped, Queued, Waiting};
    [Waiting, Queued, Dropped, Answered]
        .into_iter()
        .find(|state| state.as_str() == name)
        .ok_or(StoreError::Unreadable("questions.state"))
}

#[cfg(test)]
mod tests {
    use wire::Role;

    use super::super::fixture::{EPOCH, announced};
    use super::*;
    use crate::store::entries::{Doing, Draft, LogWriter, Say};

    /// More than a page and what was once looked through behind it.
    const HIDDEN: u64 = 250;

    const LIMIT: u32 = 10;

    fn ask(event: EventId, member: &MemberId, number: u64) -> Draft {
        Draft {
            event,
            member: member.clone(),
            epoch: EPOCH,
            id: Some(format!("q{number}")),
            doing: Doing::Say(Say {
                text: format!("question {number}?"),
                question: true,
                reply_to: None,
                found: None,
            }),
        }
    }

    #[tokio::test]
    async fn a_question_that_fans_see_is_listed_however_many_are_hidden_before_it() {
        let (_folder, store, event) = announced().await;
        let (ana, ben) = (
            store.seat(event, "ana", Role::Fan).await,
            store.seat(event, "ben", Role::Fan).await,
        );
        let mut log = LogWriter::open(&store).expect("the writer");
        let by = |number| if number <= HIDDEN { &ana } else { &ben };
        let asked: Vec<Draft> = (1..=HIDDEN + 12).map(|number| ask(event, by(number), number)).collect();
        log.commit(&asked, 1_000).await.expect("commits");
        let mut tx = store.begin().await.expect("begins");
        for change in [
            "UPDATE questions SET votes = 1000 - seq WHERE seq <= 250",
            "UPDATE questions SET votes = 7 WHERE seq = 260",
            "UPDATE entries SET hidden = 1 WHERE seq % 2 = 0 AND seq <= 250",
            "UPDATE tickets SET banned_at = 1 WHERE id = (SELECT ticket_id FROM members WHERE id = 'ana')",
        ] {
            sqlx::query(change).execute(&mut *tx).await.expect("changes");
        }
        tx.commit().await.expect("commits");

        let list = store
            .questions(event, QuestionState::Waiting, LIMIT)
            .await
            .expect("reads");
        let ranked: Vec<(Seq, u64)> = list
            .questions
            .iter()
            .map(|question| (question.message.seq, question.votes))
            .collect();
        let want: Vec<(Seq, u64)> = [(260, 7)].into_iter().chain((251..260).map(|seq| (seq, 0))).collect();
        assert_eq!(
            (ranked, list.total),
            (want, 12),
            "most asked first, and no more than asked for"
        );
    }
}
