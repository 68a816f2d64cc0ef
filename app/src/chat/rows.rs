//! What the transcript looks like row by row: a day between the days, one author's lines in a run, and at the end the
//! lines that are still on their way.

use std::sync::Arc;

use wire::{MemberId, Role, Seq, UnixMillis};

use super::outbox::{Sending, Unsent};
use super::transcript::{Line, Transcript};

/// Lines of one author belong together when no more than this lies between two of them.
const RUN_MILLIS: u64 = 5 * 60 * 1_000;

/// A row of the transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A new day begins, at this moment.
    Day {
        /// The day's number: each is there once.
        day: i64,
        /// When the line was said that it begins with.
        at: UnixMillis,
    },
    /// A line of the log.
    Line {
        /// The line.
        line: Arc<Line>,
        /// It follows a line of the same author: no name, no time.
        run: bool,
        /// It is this fan's own.
        mine: bool,
        /// The question that it answers, if that is held.
        asked: Option<Arc<Line>>,
    },
    /// A line that is not in the log yet.
    Unsent {
        /// The line.
        unsent: Unsent,
        /// It follows an own line.
        run: bool,
    },
}

/// What a row is, and how it looks: two rows with the same key are drawn the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A day's beginning.
    Day(i64),
    /// A line in one of its states.
    Line(Seq, u32, bool, bool, Option<u32>),
    /// A line on its way, in one of its states.
    Unsent(String, Sending, bool),
}

impl Row {
    /// What the row is, for a keyed list.
    pub fn key(&self) -> RowKey {
        match self {
            Self::Day { day, .. } => RowKey::Day(*day),
            Self::Line { line, run, mine, asked } => {
                let asked = asked.as_ref().map(|asked| asked.revision);
                RowKey::Line(line.message.seq, line.revision, *run, *mine, asked)
            }
            Self::Unsent { unsent, run } => RowKey::Unsent(unsent.id.clone(), unsent.state, *run),
        }
    }
}

/// The rows for `lines`; `day` tells the day of a moment where the reader is.
///
/// The first one says its day and author, also when lines that are not in the page precede it: what stands above a line
/// in view then only goes in the moment when rows are put there in its place.
pub fn rows<'a>(
    lines: impl Iterator<Item = &'a Arc<Line>>,
    unsent: &[Unsent],
    held: &Transcript,
    day: impl Fn(UnixMillis) -> i64,
) -> Vec<Row> {
    let me = held.me();
    let mut rows = Vec::new();
    let mut last: Option<&Line> = None;
    let mut last_day = None;
    for line in lines {
        let said = said_at(line).map(|at| (day(at), at));
        // Clocks may disagree about midnight: a day that is over does not begin again.
        let new_day = said.filter(|(day, _)| last_day.is_none_or(|last_day| *day > last_day));
        if let Some((day, at)) = new_day {
            rows.push(Row::Day { day, at });
            last_day = Some(day);
        }
        let run = new_day.is_none() && last.is_some_and(|last| is_run(last, line));
        let mine = me.is_some() && line.message.body.as_ref().map(|body| &body.member) == me;
        rows.push(Row::Line {
            line: Arc::clone(line),
            run,
            mine,
            asked: asked_by(line).and_then(|asked| held.line(asked)).cloned(),
        });
        last = Some(line);
    }
    let mut follows_me = last.is_some_and(|last| me.is_some() && author(last) == me);
    for line in unsent {
        rows.push(Row::Unsent {
            unsent: line.clone(),
            run: follows_me,
        });
        follows_me = true;
    }
    rows
}

/// The question that a line answers.
fn asked_by(line: &Line) -> Option<Seq> {
    line.message.body.as_ref().and_then(|body| body.answers)
}

fn said_at(line: &Line) -> Option<UnixMillis> {
    line.message.body.as_ref().map(|body| body.at)
}

fn author(line: &Line) -> Option<&MemberId> {
    line.message
        .body
        .as_ref()
        .filter(|_| !line.message.hidden)
        .map(|body| &body.member)
}

/// Whether `line` goes on where `last` ended. An artist's lines each stand in their own light.
fn is_run(last: &Line, line: &Line) -> bool {
    let (Some(before), Some(body)) = (&last.message.body, &line.message.body) else {
        return false;
    };
    author(last).is_some()
        && author(last) == author(line)
        && before.nickname == body.nickname
        && body.role != Role::Artist
        && body.at.abs_diff(before.at) <= RUN_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::frame::{Message, MessageBody};

    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;

    fn said(seq: Seq, member: &str, at: UnixMillis, role: Role) -> Message {
        let body = MessageBody {
            id: seq.to_string(),
            at,
            member: MemberId(member.into()),
            nickname: member.into(),
            role,
            text: "x".into(),
            question: false,
            reply_to: None,
            answers: None,
            answered: None,
        };
        Message {
            seq,
            body: Some(body),
            hidden: false,
        }
    }

    /// The rows in one word each: D a day, the author in capitals with a name, in small letters in a run, - a tombstone.
    fn drawn(messages: Vec<Message>, unsent: &[&str]) -> String {
        let mut transcript = Transcript::new(Some(MemberId("m".into())));
        for message in messages {
            transcript.message(message);
        }
        for id in unsent {
            transcript.outbox.add((*id).into(), "x".into(), false, Sending::Waiting);
        }
        let day = |at: UnixMillis| i64::try_from(at / DAY).expect("small");
        let rows = rows(transcript.lines().iter(), transcript.outbox.unsent(), &transcript, day);
        rows.iter()
            .map(|row| match row {
                Row::Day { .. } => "D".to_owned(),
                Row::Line { line, run, .. } => match &line.message.body {
                    Some(body) if *run => body.nickname.clone(),
                    Some(body) => body.nickname.to_uppercase(),
                    None => "-".into(),
                },
                Row::Unsent { run, .. } => if *run { "u" } else { "U" }.to_owned(),
            })
            .collect()
    }

    #[test]
    fn lines_of_one_author_make_a_run_for_some_minutes() {
        let at = |seq: Seq, member: &str, minute: u64| said(seq, member, minute * MINUTE, Role::Fan);
        assert_eq!(
            drawn(
                vec![
                    at(1, "a", 0),
                    at(2, "a", 4),
                    at(3, "a", 9),
                    at(4, "a", 15),
                    at(5, "b", 15),
                    at(6, "a", 15)
                ],
                &[]
            ),
            "DAaaABA"
        );
    }

    #[test]
    fn a_tombstone_a_day_and_the_artist_end_a_run() {
        let hidden = Message {
            seq: 2,
            body: None,
            hidden: true,
        };
        assert_eq!(
            drawn(
                vec![said(1, "a", 0, Role::Fan), hidden, said(3, "a", 1, Role::Fan)],
                &[]
            ),
            "DA-A"
        );
        assert_eq!(
            drawn(
                vec![said(1, "a", DAY - 1, Role::Fan), said(2, "a", DAY, Role::Fan)],
                &[]
            ),
            "DADA"
        );
        assert_eq!(
            drawn(vec![said(1, "v", 0, Role::Artist), said(2, "v", 1, Role::Artist)], &[]),
            "DVV"
        );
    }

    #[test]
    fn a_day_begins_once_whatever_the_clocks_say() {
        let around_midnight = [DAY - 2, DAY, DAY - 1, DAY + 1].into_iter().zip(1..);
        let lines = around_midnight.map(|(at, seq)| said(seq, "a", at, Role::Fan));
        assert_eq!(drawn(lines.collect(), &[]), "DADAaa");
    }

    #[test]
    fn a_day_stays_the_same_row_wherever_the_window_begins() {
        let mut transcript = Transcript::new(None);
        for seq in 1..=9 {
            transcript.message(said(seq, "a", seq * MINUTE, Role::Fan));
        }
        let first = |from| rows(transcript.lines().iter().skip(from), &[], &transcript, |_| 7)[0].key();
        assert!((1..9).all(|from| first(from) == first(0)));
    }

    #[test]
    fn an_answer_shows_its_question_as_it_is_by_now() {
        let mut transcript = Transcript::new(None);
        let mut answer = said(2, "v", 1, Role::Artist);
        if let Some(body) = &mut answer.body {
            body.answers = Some(1);
        }
        transcript.message(said(1, "a", 0, Role::Fan));
        transcript.message(answer);
        let drawn = |transcript: &Transcript| rows(transcript.lines().iter().skip(1), &[], transcript, |_| 7).remove(1);
        let before = drawn(&transcript);
        let Row::Line { asked: Some(asked), .. } = &before else {
            panic!("{before:?}")
        };
        assert_eq!(asked.message.body.as_ref().and_then(|body| body.answered), Some(2));
        let hidden = Message {
            seq: 1,
            body: None,
            hidden: true,
        };
        transcript.welcome(MemberId("m".into()), 9);
        transcript.message(hidden);
        let after = drawn(&transcript);
        assert_ne!(after.key(), before.key(), "it is drawn again");
        assert!(matches!(after, Row::Line { asked: Some(asked), .. } if asked.message.body.is_none()));
    }

    #[test]
    fn lines_on_their_way_follow_an_own_line() {
        assert_eq!(drawn(vec![said(1, "m", 0, Role::Fan)], &["x", "y"]), "DMuu");
        assert_eq!(drawn(vec![said(1, "a", 0, Role::Fan)], &["x", "y"]), "DAUu");
        assert_eq!(drawn(vec![], &["x"]), "U");
    }

    #[test]
    fn wherever_the_window_begins_only_its_first_line_is_drawn_in_its_own_way() {
        let lines: Vec<Message> = (1..=9)
            .map(|seq| said(seq, if seq % 3 == 0 { "a" } else { "b" }, seq * DAY / 4, Role::Fan))
            .collect();
        let mut transcript = Transcript::new(None);
        for line in lines {
            transcript.message(line);
        }
        let day = |at: UnixMillis| i64::try_from(at / DAY).expect("small");
        let all = rows(transcript.lines().iter(), &[], &transcript, day);
        for from in 1..9 {
            let window = rows(transcript.lines().iter().skip(from), &[], &transcript, day);
            assert!(
                matches!(&window[..2], [Row::Day { .. }, Row::Line { run: false, .. }]),
                "from {from}"
            );
            assert!(all.ends_with(&window[2..]), "from {from}");
        }
    }
}
