//! Moderation: who sees what after each act and after its undoing, and what never reaches a fan.

mod acts;
mod desk;
mod limits;
mod property;
mod troll;
mod words;

use serde_json::{Value, json};
use wire::frame::Message;
use wire::http::HistoryPage;
use wire::{MemberId, Seq};

use crate::support::{Line, Person, Plan, SHOW, Venue};

/// What moderators give as a reason: it must never come to a fan.
const REASON: &str = "because-of-the-house-rules";

/// The moderators' nicknames: who acted is for the staff.
const CREW: [&str; 2] = ["Ines at the desk", "Mo at the desk"];

/// A fan, a troll and two moderators, each with an open line.
struct Cast {
    venue: Venue,
    fan: Person,
    troll: Person,
    at_fans: Line,
    at_trolls: Line,
    at_iness: Line,
    at_mos: Line,
}

impl Cast {
    async fn gather() -> Self {
        let venue = Venue::planned(Plan {
            serve: &["--send-rate=0"],
            fans: 12,
            ..Plan::default()
        });
        let venue = venue.await;
        let (fan, troll) = (venue.fan("Ana").await, venue.fan("crypto_kenny").await);
        let (ines, mo) = (venue.moderator(CREW[0]).await, venue.moderator(CREW[1]).await);
        Self {
            at_fans: fan.connects().await,
            at_trolls: troll.connects().await,
            at_iness: ines.connects().await,
            at_mos: mo.connects().await,
            venue,
            fan,
            troll,
        }
    }

    fn troll_id(&self) -> MemberId {
        self.at_trolls.welcome().member.clone()
    }

    /// Moderates with a reason.
    async fn ines(&mut self, act: Value) -> Option<Seq> {
        self.at_iness.acts(with_reason(act)).await
    }
}

fn with_reason(mut act: Value) -> Value {
    act["reason"] = json!(REASON);
    act
}

fn texts<'m>(messages: impl IntoIterator<Item = &'m Message>) -> Vec<&'m str> {
    let bodies = messages.into_iter().filter_map(|message| message.body.as_ref());
    bodies.map(|body| body.text.as_str()).collect()
}

/// Nothing that is for the staff alone is in what a fan got.
#[track_caller]
fn assert_for_fans(raw: &str, secrets: &[&str], who: &str) {
    let staff_only = [REASON, CREW[0], CREW[1]];
    for secret in secrets.iter().chain(&staff_only) {
        assert!(!raw.contains(secret), "{who} was sent {secret:?}: {raw}");
    }
}

/// The newest page, as it came.
async fn raw_page(person: &Person) -> (HistoryPage, String) {
    let answer = person.page(None, None).await;
    let raw = answer.body.to_string();
    (answer.good(), raw)
}
