//! Questions: their votes, the answer queue, the spotlight, the answers.

use wire::frame::{Deed, MessageBody};
use wire::stage::{Question, QuestionState};
use wire::{Refusal, Seq, ServerFrame};

use super::act::{By, author_of};
use super::commit::{Commit, Noted};
use super::logged::Stated;
use super::{Fate, StoreError};
use crate::store::questions::state_of;
use crate::store::to_sql;

/// A question, and where it stands.
struct Asked {
    message: Stated,
    votes: u64,
    state: QuestionState,
}

impl Commit<'_> {
    /// Makes a place for what is more about a message that is a question.
    pub(super) async fn open_question(&mut self, seq: Seq) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO questions (event_id, seq) VALUES (?, ?)")
            .bind(self.draft.event)
            .bind(to_sql(seq))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Gives or takes back the author's one vote. Who asked a question counts already.
    pub(super) async fn vote(&mut self, target: Seq, on: bool) -> Result<Fate, StoreError> {
        let Some(asked) = self.asked(target).await?.filter(|asked| asked.message.is_visible()) else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if on && asked.message.body.member == self.draft.member {
            return Ok(Fate::refused(Refusal::Invalid));
        }
        let change = if on {
            "INSERT INTO votes (member_id, target) VALUES (?, ?) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM votes WHERE member_id = ? AND target = ?"
        };
        let changed = sqlx::query(change)
            .bind(self.draft.member.as_str())
            .bind(to_sql(target))
            .execute(&mut *self.tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(Fate::Known(None));
        }
        let votes = if on {
            asked.votes + 1
        } else {
            asked.votes.saturating_sub(1)
        };
        sqlx::query("UPDATE questions SET votes = ? WHERE event_id = ? AND seq = ?")
            .bind(to_sql(votes))
            .bind(self.draft.event)
            .bind(to_sql(target))
            .execute(&mut *self.tx)
            .await?;
        self.tell_votes(target, votes);
        Ok(Fate::Committed(None))
    }

    /// Lets a question into the answer queue, or drops it.
    pub(super) async fn queue(&mut self, by: &By<'_>, target: Seq, on: bool) -> Result<Fate, StoreError> {
        let Some(asked) = self.asked(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        let (state, kind) = if on {
            (QuestionState::Queued, "queue")
        } else {
            (QuestionState::Dropped, "unqueue")
        };
        if asked.state == state {
            return Ok(Fate::Known(None));
        }
        if asked.state == QuestionState::Answered || (on && !asked.message.is_visible()) {
            return Ok(Fate::refused(Refusal::Invalid));
        }
        let noted = about(&asked);
        self.put_question(asked, state, None).await?;
        self.write_down(by, kind, noted).await
    }

    /// Holds a question above the chat.
    pub(super) async fn spotlight(&mut self, by: &By<'_>, target: Option<Seq>) -> Result<Fate, StoreError> {
        let asked = match target {
            Some(target) => match self.asked(target).await? {
                Some(asked) if asked.message.is_visible() => Some(asked),
                Some(_) => return Ok(Fate::refused(Refusal::Invalid)),
                None => return Ok(Fate::refused(Refusal::UnknownTarget)),
            },
            None => None,
        };
        if self.spotlit().await? == target {
            return self.done_before("spotlight", None, None).await;
        }
        self.set_spotlight(target).await?;
        let noted = asked.as_ref().map_or_else(Noted::default, about);
        let message = asked.map(|asked| asked.message);
        self.enter(by, Deed::Spotlight { target }, message, noted).await
    }

    /// Marks a question as answered on air.
    pub(super) async fn answer_on_air(&mut self, by: &By<'_>, target: Seq) -> Result<Fate, StoreError> {
        let Some(asked) = self.asked(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if asked.state == QuestionState::Answered {
            return self.leave_the_stage(by, &asked).await;
        }
        let fate = self.enter(by, Deed::Answer { target }, None, about(&asked)).await?;
        self.close_question(asked, &fate).await?;
        Ok(fate)
    }

    /// A question that was answered before came back on stage: it goes again.
    async fn leave_the_stage(&mut self, by: &By<'_>, asked: &Asked) -> Result<Fate, StoreError> {
        if self.spotlit().await? != Some(asked.message.seq) {
            return Ok(Fate::Known(asked.message.body.answered));
        }
        self.set_spotlight(None).await?;
        self.enter(by, Deed::Spotlight { target: None }, None, about(asked))
            .await
    }

    /// Answers a question with a message.
    pub(super) async fn answer_in_words(&mut self, by: &By<'_>, target: Seq, text: &str) -> Result<Fate, StoreError> {
        let (Some(nickname), Some(id)) = (by.author.nickname.clone(), self.draft.id.clone()) else {
            return Ok(Fate::refused(Refusal::NicknameMissing));
        };
        let Some(asked) = self.asked(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        let body = MessageBody {
            id,
            at: self.now,
            member: self.draft.member.clone(),
            nickname,
            role: by.author.role()?,
            text: text.to_owned(),
            question: false,
            reply_to: None,
            answers: Some(target),
            answered: None,
        };
        let seq = self.append_message(Stated::new(body)).await?;
        if !by.author.spoken {
            self.fix_nickname().await?;
        }
        let noted = Noted {
            seq: Some(seq),
            ..about(&asked)
        };
        self.note("answer", Some(by.author.actor(self.draft)), noted).await?;
        let fate = Fate::Committed(Some(seq));
        self.close_question(asked, &fate).await?;
        Ok(fate)
    }

    /// A question counts as open again, and waits in the queue.
    pub(super) async fn unanswer(&mut self, by: &By<'_>, target: Seq) -> Result<Fate, StoreError> {
        let Some(asked) = self.asked(target).await? else {
            return Ok(Fate::refused(Refusal::UnknownTarget));
        };
        if asked.state != QuestionState::Answered {
            return self.done_before("unanswer", Some(target), None).await;
        }
        let fate = self.enter(by, Deed::Unanswer { target }, None, about(&asked)).await?;
        self.put_question(asked, QuestionState::Queued, None).await?;
        Ok(fate)
    }

    /// An answered question leaves the stage. A second answer does not take the first one's place.
    async fn close_question(&mut self, asked: Asked, fate: &Fate) -> Result<(), StoreError> {
        let Fate::Committed(Some(seq)) = fate else {
            return Ok(());
        };
        let target = asked.message.seq;
        if self.spotlit().await? == Some(target) {
            self.set_spotlight(None).await?;
        }
        let answered = asked.message.body.answered.unwrap_or(*seq);
        self.put_question(asked, QuestionState::Answered, Some(answered)).await
    }

    async fn asked(&mut self, target: Seq) -> Result<Option<Asked>, StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT votes, state FROM questions WHERE event_id = ? AND seq = ?")
                .bind(self.draft.event)
                .bind(to_sql(target))
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some((votes, state)) = row else { return Ok(None) };
        let Some(message) = self.message(target).await? else {
            return Ok(None);
        };
        Ok(Some(Asked {
            message,
            votes: votes as u64,
            state: state_of(&state)?,
        }))
    }

    /// Writes where a question stands, and tells the staff.
    async fn put_question(
        &mut self,
        asked: Asked,
        state: QuestionState,
        answered: Option<Seq>,
    ) -> Result<(), StoreError> {
        let Asked { mut message, votes, .. } = asked;
        sqlx::query("UPDATE questions SET state = ?, answered = ? WHERE event_id = ? AND seq = ?")
            .bind(state.as_str())
            .bind(answered.map(to_sql))
            .bind(self.draft.event)
            .bind(to_sql(message.seq))
            .execute(&mut *self.tx)
            .await?;
        message.body.answered = answered;
        self.tell_staff(ServerFrame::Question(Box::new(Question {
            message: message.for_staff(),
            votes,
            state,
        })));
        Ok(())
    }

    async fn spotlit(&mut self) -> Result<Option<Seq>, StoreError> {
        let spotlit: Option<i64> = sqlx::query_scalar("SELECT spotlight FROM events WHERE id = ?")
            .bind(self.draft.event)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(spotlit.map(|seq| seq as Seq))
    }

    async fn set_spotlight(&mut self, target: Option<Seq>) -> Result<(), StoreError> {
        sqlx::query("UPDATE events SET spotlight = ? WHERE id = ?")
            .bind(target.map(to_sql))
            .bind(self.draft.event)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

fn about(asked: &Asked) -> Noted {
    Noted {
        about: Some(author_of(&asked.message)),
        target: Some(asked.message.seq),
        ..Noted::default()
    }
}
