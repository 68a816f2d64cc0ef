//! Questions: asked, voted for, let into the queue, put on stage, answered; and the same for who is there, comes late or
//! comes back.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use wire::frame::Deed;
use wire::http::HistoryPage;
use wire::moderation::{Held, HeldState};
use wire::stage::{QuestionList, QuestionState};
use wire::{ProblemCode, Refusal, Seq, ServerFrame};

use crate::support::{ARTIST, Line, Person, Plan, SHOW, Venue, eventually, random, text};

const BOAT: &str = "is the boat real?";
const DOG: &str = "who is the dog?";

/// Who is needed to ask and to answer.
struct Evening {
    venue: Venue,
    ana: Person,
    artist: Person,
    at_anas: Line,
    at_bens: Line,
    at_iness: Line,
    on_stage: Line,
}

impl Evening {
    async fn begins() -> Self {
        let venue = Venue::planned(Plan {
            serve: &["--send-rate=0"],
            fans: 30,
            ..Plan::default()
        })
        .await;
        let (ana, ben) = (venue.fan("Ana").await, venue.fan("Ben").await);
        let (ines, artist) = (venue.moderator("Ines").await, venue.artist().await);
        Self {
            at_anas: ana.connects().await,
            at_bens: ben.connects().await,
            at_iness: ines.connects().await,
            on_stage: artist.connects().await,
            venue,
            ana,
            artist,
        }
    }

    /// Ana asks, it waits, and the crew lets it in.
    async fn has_held_and_lets_in(&mut self, id: &str, question: &str) -> Seq {
        let ask = json!({"type": "send", "id": id, "text": question, "question": true});
        self.at_anas.sends(&ask).await;
        self.at_anas.waits_held(id).await;
        let held = self.at_iness.is_told("the queue", waiting).await;
        assert!(held.question);
        let approve = json!({"type": "approve", "held": held.held});
        let seq = self.at_iness.acts(approve).await;
        assert_eq!(Some(self.at_anas.ack(id).await), seq);
        seq.expect("an entry of the log")
    }

    async fn list(&self, state: &str) -> Vec<(Seq, u64)> {
        let path = format!("/questions?state={state}");
        let list: QuestionList = self.artist.call(Method::GET, &path, None).await.good();
        let ranked = list.questions.iter();
        ranked.map(|question| (question.message.seq, question.votes)).collect()
    }
}

fn vote(target: Seq, on: bool) -> Value {
    json!({"type": "vote", "target": target, "on": on})
}

fn spotlight(target: Option<Seq>) -> Value {
    json!({"type": "spotlight", "target": target})
}

fn waiting(notice: &ServerFrame) -> Option<Held> {
    match notice {
        ServerFrame::Review(held) if held.state == HeldState::Waiting => Some((**held).clone()),
        _ => None,
    }
}

fn state(notice: &ServerFrame) -> Option<(Seq, QuestionState)> {
    match notice {
        ServerFrame::Question(question) => Some((question.message.seq, question.state)),
        _ => None,
    }
}

#[tokio::test]
async fn a_question_goes_from_the_room_to_the_stage_and_is_answered_in_words() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let dog = evening.at_bens.asks(DOG).await;
    assert_eq!(evening.at_bens.acts(vote(boat, true)).await, None, "a vote is no entry");
    assert_eq!(evening.at_iness.acts(vote(boat, true)).await, None);
    for line in [&mut evening.at_anas, &mut evening.on_stage] {
        line.counts_votes(boat, 2).await;
    }
    assert_eq!(evening.list("waiting").await, [(boat, 2), (dog, 0)], "most asked first");

    let queue = json!({"type": "queue", "target": boat, "on": true});
    evening.at_iness.acts(queue).await;
    let queued = evening.on_stage.is_told("the queue", state).await;
    assert_eq!(queued, (boat, QuestionState::Queued));
    assert_eq!(evening.list("queued").await, [(boat, 2)]);
    let drop = json!({"type": "queue", "target": dog, "on": false});
    evening.at_iness.acts(drop).await;
    assert!(evening.list("waiting").await.is_empty());

    // Cem reads along and loses his line before the spotlight.
    let cem = evening.venue.fan("Cem").await;
    let mut at_cems = cem.connects().await;
    at_cems.acts(vote(boat, true)).await;
    at_cems.breaks();

    let shown = evening.on_stage.acts(spotlight(Some(boat))).await;
    assert_eq!(shown, Some(3));
    let on_stage = |room: &wire::RoomState| {
        room.spotlight == Some(boat) && room.spotlight_message.as_ref().is_some_and(|asked| text(asked) == BOAT)
    };
    evening.at_bens.room_is("the spotlight", on_stage).await;
    let mut back = cem.returns_after(2).await;
    assert!(on_stage(&back.welcome().room), "who returns");
    assert_eq!(
        (&back.welcome().voted, back.welcome().votes.of(&boat)),
        (&vec![boat], 3)
    );

    let answer = json!({"type": "answer", "target": boat, "text": "I rowed it here"});
    let answer = evening.on_stage.acts(answer).await.expect("an entry");
    let nobody = |room: &wire::RoomState| room.spotlight.is_none() && room.spotlight_message.is_none();
    for line in [&mut evening.at_anas, &mut evening.at_bens, &mut back] {
        line.hears(answer).await;
        line.room_is("the stage is free", nobody).await;
        let said = line.view()[&answer].body.clone().expect("visible");
        assert_eq!((said.nickname.as_str(), said.answers), (ARTIST, Some(boat)));
    }
    assert_eq!(evening.list("answered").await, [(boat, 3)]);
    assert!(evening.list("queued").await.is_empty());

    let late = evening.venue.fan("Dora").await;
    let line = late.connects().await;
    assert!(nobody(&line.welcome().room), "who comes late");
    let page: HistoryPage = late.page(None, None).await.good();
    assert_eq!((page.votes.of(&boat), page.votes.of(&dog)), (3, 0));
    let asked = page.messages[0].body.as_ref().expect("visible");
    assert_eq!(
        (asked.question, asked.answered),
        (true, Some(answer)),
        "linked both ways"
    );
    assert_eq!(page.messages[2].body.as_ref().expect("visible").answers, Some(boat));
}

#[tokio::test]
async fn nobody_asks_their_own_question_too() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let crews = evening.at_iness.asks(DOG).await;
    for (line, own) in [(&mut evening.at_anas, boat), (&mut evening.at_iness, crews)] {
        let refused = line.tries(vote(own, true)).await.expect_err("one's own");
        assert_eq!(refused.code, Refusal::Invalid);
        assert_eq!(
            line.tries(vote(own, false)).await,
            Ok(None),
            "there is nothing to take back"
        );
    }
    evening.at_bens.acts(vote(boat, true)).await;
    assert_eq!(evening.list("waiting").await, [(boat, 1), (crews, 0)]);
    assert!(evening.ana.connects().await.welcome().voted.is_empty());
}

#[tokio::test]
async fn an_answer_on_air_is_an_entry_and_can_be_taken_back() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    evening.on_stage.acts(spotlight(Some(boat))).await;
    let answered = evening.on_stage.acts(json!({"type": "answer", "target": boat})).await;
    assert_eq!(answered, Some(3));
    let again = evening.at_iness.acts(json!({"type": "answer", "target": boat})).await;
    assert_eq!(again, answered, "once is enough");
    evening.at_anas.hears(3).await;
    let on_the_page = async || {
        let page: HistoryPage = evening.ana.page(None, None).await.good();
        page.messages[0].body.as_ref().expect("visible").answered
    };
    assert_eq!(on_the_page().await, Some(3));
    assert_eq!(
        evening.at_anas.view()[&boat].body.as_ref().expect("visible").answered,
        Some(3)
    );
    assert_eq!(evening.at_anas.deeds()[1].deed, Deed::Answer { target: boat });
    evening
        .at_anas
        .room_is("the stage is free", |room| room.spotlight.is_none())
        .await;

    let more = json!({"type": "answer", "target": boat, "text": "as I said"});
    assert_eq!(evening.on_stage.acts(more).await, Some(4));
    evening.at_anas.hears(4).await;
    assert_eq!(on_the_page().await, Some(3), "the first answer stays the answer");
    evening.at_iness.acts(spotlight(Some(boat))).await;
    evening.on_stage.acts(json!({"type": "answer", "target": boat})).await;
    evening.at_anas.hears(6).await;
    evening
        .at_anas
        .room_is("the stage is free again", |room| room.spotlight.is_none())
        .await;

    evening.on_stage.acts(json!({"type": "unanswer", "target": boat})).await;
    evening.at_anas.hears(7).await;
    assert_eq!(on_the_page().await, None);
    assert_eq!(evening.list("queued").await, [(boat, 0)]);
}

#[tokio::test]
async fn votes_race_and_are_counted_once_also_after_a_crash() {
    const VOTERS: usize = 12;
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let mut voters = Vec::new();
    for number in 0..VOTERS {
        voters.push(evening.venue.fan(&format!("voter {number}")).await);
    }
    // Everybody changes their mind a few times; the last word counts, and a lost answer is asked for again.
    let voting = voters.iter().map(|voter| async move {
        let mut line = voter.connects().await;
        let mut on = true;
        for change in 0..=random(3) {
            on = change % 2 == 0;
            line.acts(vote(boat, on)).await;
            line.acts(vote(boat, on)).await;
        }
        let last = json!({"type": "vote", "target": boat, "on": on, "id": "the last word"});
        line.sends(&last).await;
        line.breaks();
        let mut line = voter.connects().await;
        line.sends(&last).await;
        assert_eq!(line.answer(Some("the last word")).await, Ok(None));
        (line, on)
    });
    let words = join_all(voting).await;
    let asked = words.iter().filter(|(_, on)| *on).count() as u64;
    evening.on_stage.counts_votes(boat, asked).await;

    evening.venue.kill9().await;
    evening.venue.restart().await;
    assert_eq!(evening.list("waiting").await, [(boat, asked)]);
    for (person, (_, on)) in voters.iter().zip(&words) {
        let line = person.connects().await;
        assert_eq!(line.welcome().voted == [boat], *on, "what one has voted for");
        assert_eq!(line.welcome().votes.of(&boat), asked);
    }
}

#[tokio::test]
async fn a_question_that_was_held_and_let_in_is_a_question_with_votes() {
    let mut evening = Evening::begins().await;
    let ana = evening.at_anas.welcome().member.clone();
    let hold = json!({"type": "hold", "member": ana, "on": true});
    evening.at_iness.acts(hold).await;
    let boat = evening.has_held_and_lets_in("q1", BOAT).await;
    let release = json!({"type": "hold", "member": ana, "on": false});
    evening.at_iness.acts(release).await;

    let rules = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(rules.path(), "dog\tword\thold\ncoins\tword\trefuse\n").expect("it is written");
    let path = rules.path().to_str().expect("text");
    evening.venue.command(&["words", "import", "--event", SHOW, path]).await;
    let at_bens = &mut evening.at_bens;
    eventually("the list is in force", async || {
        at_bens.tries_to_say("coins").await.err()
    })
    .await;
    let dog = evening.has_held_and_lets_in("q2", DOG).await;

    for question in [boat, dog] {
        assert_eq!(evening.at_bens.acts(vote(question, true)).await, None);
    }
    evening.at_iness.acts(vote(dog, true)).await;
    assert_eq!(evening.list("waiting").await, [(dog, 2), (boat, 1)]);
    let own = evening.at_anas.tries(vote(boat, true)).await.expect_err("one's own");
    assert_eq!(own.code, Refusal::Invalid, "whoever let it in");
    evening.at_anas.counts_votes(dog, 2).await;
    evening.on_stage.acts(spotlight(Some(boat))).await;
    evening
        .at_anas
        .room_is("the spotlight", |room| room.spotlight == Some(boat))
        .await;
}

#[tokio::test]
async fn an_answer_that_is_sent_again_is_one_answer() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let answer = json!({"type": "answer", "id": "a1", "target": boat, "text": "I rowed it here"});
    let mut acks = Vec::new();
    for _ in 0..2 {
        evening.on_stage.sends(&answer).await;
        acks.push(evening.on_stage.ack("a1").await);
    }
    evening.venue.kill9().await;
    evening.venue.restart().await;
    let mut line = evening.artist.connects().await;
    line.sends(&answer).await;
    acks.push(line.ack("a1").await);
    assert_eq!(acks, [2, 2, 2]);
    let page: HistoryPage = evening.ana.page(None, None).await.good();
    let bodies: Vec<_> = page
        .messages
        .into_iter()
        .map(|message| message.body.expect("visible"))
        .collect();
    assert_eq!((bodies.len(), page.as_of), (2, 2), "the question and one answer");
    assert_eq!((bodies[0].answered, bodies[1].answers), (Some(2), Some(boat)));
}

#[tokio::test]
async fn the_spotlight_is_the_same_after_a_crash() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let dog = evening.at_bens.asks(DOG).await;
    evening.on_stage.acts(spotlight(Some(boat))).await;
    evening.on_stage.acts(spotlight(Some(dog))).await;
    evening.venue.kill9().await;
    evening.venue.restart().await;
    let room = evening.ana.connects().await.welcome().room.clone();
    assert_eq!(room.spotlight, Some(dog));
    assert_eq!(room.spotlight_message.as_ref().map(text), Some(DOG));

    let answer = json!({"type": "answer", "target": dog});
    evening.artist.connects().await.acts(answer).await;
    evening.venue.kill9().await;
    evening.venue.restart().await;
    let room = evening.ana.connects().await.welcome().room.clone();
    assert!(room.spotlight.is_none() && room.spotlight_message.is_none(), "{room:?}");
}

#[tokio::test]
async fn powers_on_the_stage_are_the_artists_and_the_moderators_alone() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_anas.asks(BOAT).await;
    let said = evening.at_anas.says("no question").await;
    for act in [
        spotlight(Some(boat)),
        json!({"type": "answer", "target": boat, "text": "yes"}),
        json!({"type": "unanswer", "target": boat}),
        json!({"type": "queue", "target": boat, "on": true}),
    ] {
        let refused = evening.at_bens.tries(act.clone()).await.expect_err("a fan");
        assert_eq!(refused.code, Refusal::NotAllowed, "{act}");
    }
    for act in [
        vote(boat, true),
        json!({"type": "queue", "target": boat, "on": true}),
        json!({"type": "hide", "target": boat}),
    ] {
        let refused = evening.on_stage.tries(act.clone()).await.expect_err("the artist");
        assert_eq!(refused.code, Refusal::NotAllowed, "{act}");
    }
    for act in [
        spotlight(Some(said)),
        spotlight(Some(99)),
        json!({"type": "answer", "target": said}),
    ] {
        let refused = evening.on_stage.tries(act.clone()).await.expect_err("no question");
        assert_eq!(refused.code, Refusal::UnknownTarget, "{act}");
    }
    let refused = evening.at_bens.tries(vote(said, true)).await.expect_err("no question");
    assert_eq!(refused.code, Refusal::UnknownTarget);
    let answer = json!({"type": "answer", "target": boat, "text": " \u{202e} "});
    let refused = evening.on_stage.tries(answer).await.expect_err("nothing is left of it");
    assert_eq!(refused.code, Refusal::TextEmpty);
    let answer = evening.ana.call(Method::GET, "/questions", None).await;
    answer.is(403, ProblemCode::NotAllowed);
    let answer = evening.ana.call(Method::GET, "/reactions", None).await;
    answer.is(403, ProblemCode::NotAllowed);
    assert_eq!(evening.ana.head().await, said, "nothing of it is in the log");
}

#[tokio::test]
async fn a_question_that_is_hidden_leaves_the_stage_the_queue_and_every_wire() {
    let mut evening = Evening::begins().await;
    let boat = evening.at_bens.asks(BOAT).await;
    let ben = evening.at_bens.welcome().member.clone();
    evening.at_anas.acts(vote(boat, true)).await;
    evening
        .at_iness
        .acts(json!({"type": "queue", "target": boat, "on": true}))
        .await;
    evening.on_stage.acts(spotlight(Some(boat))).await;
    evening
        .at_anas
        .room_is("the spotlight", |room| room.spotlight == Some(boat))
        .await;

    evening.at_iness.acts(json!({"type": "ban", "member": ben})).await;
    evening
        .at_anas
        .room_is("the stage is free", |room| room.spotlight.is_none())
        .await;
    assert!(evening.list("queued").await.is_empty());
    let late = evening.venue.fan("Cem").await;
    let mut line = late.returns_after(0).await;
    assert!(!line.raw().contains(BOAT), "{}", line.raw());
    assert!(
        line.welcome().votes.is_empty(),
        "what was asked there, and how often, is nobody's business"
    );
    let page = late.page(None, None).await;
    assert!(
        !page.body.to_string().contains(BOAT) && page.body["votes"].is_null(),
        "{page:?}"
    );
    let refused = line.tries(vote(boat, true)).await.expect_err("nothing to vote for");
    assert_eq!(refused.code, Refusal::UnknownTarget);
    let refused = evening
        .on_stage
        .tries(spotlight(Some(boat)))
        .await
        .expect_err("invisible");
    assert_eq!(refused.code, Refusal::Invalid);

    evening.at_iness.acts(json!({"type": "unban", "member": ben})).await;
    let is_back = |room: &wire::RoomState| room.spotlight_message.as_ref().is_some_and(|asked| text(asked) == BOAT);
    evening.at_anas.room_is("the spotlight is back", is_back).await;
    assert_eq!(evening.list("queued").await, [(boat, 1)]);
}

#[tokio::test]
async fn the_artists_lane_is_not_slowed_and_not_paused() {
    let mut evening = Evening::begins().await;
    evening.at_anas.says("first").await;
    evening.at_iness.acts(json!({"type": "slow", "seconds": 600})).await;
    let refused = evening.at_anas.tries_to_say("second").await.expect_err("slow mode");
    assert_eq!(refused.code, Refusal::SlowMode);
    for line in [&mut evening.on_stage, &mut evening.at_iness] {
        line.says("one").await;
        line.says("two").await;
    }
    evening.at_iness.acts(json!({"type": "pause"})).await;
    let refused = evening.at_bens.tries_to_say("hello?").await.expect_err("paused");
    assert_eq!(refused.code, Refusal::Paused);
    let said = evening.on_stage.says("back in five").await;
    evening.at_anas.hears(said).await;
    assert_eq!(text(&evening.at_anas.view()[&said]), "back in five");
}
