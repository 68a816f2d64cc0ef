//! Whatever is said, done, undone and cut off: in the end everybody sees what the rule says.

use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::support::random;

/// Steps of a play; each is a line, an act, an undoing or a cut.
const STEPS: usize = 240;

/// Between two comparisons of what everybody sees.
const COMPARE_EVERY: usize = 24;

const TALKERS: usize = 3;
const VIEWERS: usize = 2;

/// The rule, in its own words.
#[derive(Default)]
struct Model {
    messages: BTreeMap<Seq, Said>,
    banned: HashSet<usize>,
    clears: BTreeMap<Seq, (usize, bool)>,
    names: Vec<String>,
}

struct Said {
    author: usize,
    text: String,
    hidden: bool,
}

impl Model {
    fn is_visible(&self, seq: Seq, said: &Said) -> bool {
        let is_cleared = self
            .clears
            .iter()
            .any(|(clear, (author, holds))| *holds && *author == said.author && seq < *clear);
        !said.hidden && !self.banned.contains(&said.author) && !is_cleared
    }

    /// What fans see: who says what, or nothing.
    fn view(&self) -> BTreeMap<Seq, Option<(String, String)>> {
        let shown = |(seq, said): (&Seq, &Said)| {
            let line = (self.names[said.author].clone(), said.text.clone());
            (*seq, self.is_visible(*seq, said).then_some(line))
        };
        self.messages.iter().map(shown).collect()
    }
}

/// A small generator: a failed play is told by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

struct Talker {
    person: Person,
    line: Option<Line>,
    id: MemberId,
}

struct Play {
    model: Model,
    dice: Dice,
    talkers: Vec<Talker>,
    viewers: Vec<(Person, Line)>,
    desk: Line,
    venue: Venue,
}

#[tokio::test]
async fn whatever_is_done_all_see_what_the_rule_says() {
    let seed = random(u64::MAX);
    println!("the play's seed is {seed}");
    let mut play = Play::begin(seed).await;
    for step in 1..=STEPS {
        play.step().await;
        if step % COMPARE_EVERY == 0 {
            play.compare().await;
        }
    }
    play.crash_and_compare().await;
}

impl Play {
    async fn begin(seed: u64) -> Self {
        let venue = Venue::planned(Plan {
            serve: &["--send-rate=0"],
            fans: TALKERS + VIEWERS + STEPS / COMPARE_EVERY + 1,
            ..Plan::default()
        });
        let venue = venue.await;
        let mut talkers = Vec::new();
        let mut model = Model::default();
        for number in 0..TALKERS {
            let name = format!("talker {number}");
            let person = venue.fan(&name).await;
            let line = person.connects().await;
            let id = line.welcome().member.clone();
            model.names.push(name);
            talkers.push(Talker {
                person,
                line: Some(line),
                id,
            });
        }
        let mut viewers = Vec::new();
        for number in 0..VIEWERS {
            let person = venue.fan(&format!("viewer {number}")).await;
            let line = person.connects().await;
            viewers.push((person, line));
        }
        let desk = venue.moderator(CREW[0]).await.connects().await;
        Self {
            model,
            dice: Dice(seed),
            talkers,
            viewers,
            desk,
            venue,
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(12) {
            0..=4 => self.somebody_speaks().await,
            5 => self.set_hidden(true).await,
            6 => self.set_hidden(false).await,
            7 => self.set_banned().await,
            8 => self.clear().await,
            9 => self.unclear().await,
            10 => self.rename().await,
            _ => self.cut_a_viewer().await,
        }
    }

    async fn somebody_speaks(&mut self) {
        let author = self.dice.roll(TALKERS);
        let Some(line) = &mut self.talkers[author].line else {
            return;
        };
        let text = format!("secret {} of {author}", self.model.messages.len());
        let seq = line.says(&text).await;
        let hidden = false;
        self.model.messages.insert(seq, Said { author, text, hidden });
    }

    fn some_message(&mut self) -> Option<Seq> {
        let count = self.model.messages.len();
        let nth = self.dice.roll(count.max(1));
        self.model.messages.keys().nth(nth).copied()
    }

    async fn set_hidden(&mut self, hidden: bool) {
        let Some(target) = self.some_message() else { return };
        let verb = if hidden { "hide" } else { "unhide" };
        self.desk.acts(json!({"type": verb, "target": target})).await;
        if let Some(said) = self.model.messages.get_mut(&target) {
            said.hidden = hidden;
        }
    }

    async fn set_banned(&mut self) {
        let who = self.dice.roll(TALKERS);
        let id = self.talkers[who].id.clone();
        let talker = &mut self.talkers[who];
        if self.model.banned.remove(&who) {
            self.desk.acts(json!({"type": "unban", "member": id})).await;
            talker.line = Some(talker.person.connects().await);
        } else {
            self.desk.acts(json!({"type": "ban", "member": id})).await;
            let line = talker.line.take();
            line.expect("it speaks").ending().await.is(wire::CloseCode::Banned);
            self.model.banned.insert(who);
        }
    }

    async fn clear(&mut self) {
        let who = self.dice.roll(TALKERS);
        let clear = json!({"type": "clear", "member": self.talkers[who].id, "seconds": 86_400});
        let seq = self.desk.acts(clear).await.expect("an entry");
        self.model.clears.insert(seq, (who, true));
    }

    async fn unclear(&mut self) {
        let count = self.model.clears.len();
        let nth = self.dice.roll(count.max(1));
        let Some(target) = self.model.clears.keys().nth(nth).copied() else {
            return;
        };
        self.desk.acts(json!({"type": "unclear", "target": target})).await;
        if let Some((_, holds)) = self.model.clears.get_mut(&target) {
            *holds = false;
        }
    }

    async fn rename(&mut self) {
        let who = self.dice.roll(TALKERS);
        let seq = self
            .desk
            .acts(json!({"type": "rename", "member": self.talkers[who].id}))
            .await;
        self.desk.hears(seq.expect("an entry")).await;
        let deed = self.desk.deeds().last().expect("it came").deed.clone();
        let wire::frame::Deed::Rename { nickname, .. } = deed else {
            panic!("{deed:?}")
        };
        self.model.names[who] = nickname;
    }

    /// A viewer loses the line, misses something perhaps, and comes back with what it holds.
    async fn cut_a_viewer(&mut self) {
        let place = self.dice.roll(VIEWERS);
        let (person, line) = self.viewers.swap_remove(place);
        let memory = line.breaks_and_remembers();
        self.somebody_speaks().await;
        self.set_hidden(true).await;
        let line = person.comes_back_with(memory).await;
        self.viewers.push((person, line));
    }

    async fn compare(&mut self) {
        let want = self.model.view();
        let head = self.viewers[0].0.head().await;
        for (person, line) in &mut self.viewers {
            line.hears(head).await;
            // Even before it is read again, nothing is there that should not be.
            for (seq, shown) in shown(line) {
                assert!(shown.is_none() || want[&seq] == shown, "{seq}: {shown:?}");
            }
            line.reads(person.history(None).await, head);
            assert_eq!(shown(line), want, "who was here");
        }
        self.fresh_joiner_sees(&want, head).await;
    }

    /// What the room remembers and what the store has are the same.
    async fn crash_and_compare(mut self) {
        let head = self.viewers[0].0.head().await;
        self.venue.kill9().await;
        self.venue.restart().await;
        let want = self.model.view();
        self.fresh_joiner_sees(&want, head).await;
    }

    async fn fresh_joiner_sees(&self, want: &BTreeMap<Seq, Option<(String, String)>>, head: Seq) {
        let fresh = self.venue.visitor(&self.venue.ticket());
        fresh.enter().await;
        let mut line = fresh.connects().await;
        line.reads(fresh.history(None).await, head);
        assert_eq!(shown(&line), *want, "who comes late");
        // The whole log again: what is replayed is in the state of the welcome.
        line.breaks();
        let mut line = fresh.returns_after(0).await;
        line.hears(head).await;
        assert_eq!(shown(&line), *want, "who hears it all again");
        fresh.leaves().await;
        for (seq, gone) in want.iter().filter(|(_, shown)| shown.is_none()) {
            let text = &self.model.messages[seq].text;
            assert!(!line.raw().contains(&format!("\"{text}\"")), "{seq}: {gone:?}");
        }
    }
}

fn shown(line: &Line) -> BTreeMap<Seq, Option<(String, String)>> {
    let shown = |(seq, message): (&Seq, &Message)| {
        let body = message.body.as_ref();
        (*seq, body.map(|body| (body.nickname.clone(), body.text.clone())))
    };
    line.view().iter().map(shown).collect()
}
