//! The word list, in a room that runs.

use wire::frame::Refused;
use wire::moderation::{AuditRow, Held};
use wire::{Refusal, ServerFrame};

use super::*;
use crate::support::eventually;

/// Imports a list while the server runs.
async fn import(venue: &Venue, rules: &str) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), rules).expect("it is written");
    let path = file.path().to_str().expect("text").to_owned();
    venue
        .command(&["words", "import", "--event", SHOW, &path, "--replace"])
        .await;
}

/// Says things until one is refused, as the list comes into force.
async fn is_refused(line: &mut Line, text: &str) -> Refused {
    eventually("a refusal", async || line.tries_to_say(text).await.err()).await
}

#[tokio::test]
async fn a_list_acts_as_soon_as_it_is_imported_and_in_whatever_spelling() {
    let mut cast = Cast::gather().await;
    import(
        &cast.venue,
        "coins\tword\trefuse\t\tNo selling here.\nspoiler\tprefix\thold\n",
    )
    .await;
    let refused = is_refused(&mut cast.at_trolls, "buy coins").await;
    assert_eq!(
        (refused.code, refused.detail.as_deref()),
        (Refusal::Words, Some("No selling here."))
    );
    for text in ["COINS", "c\u{200d}o\u{200d}ins", "сoіns", "buy ｃｏｉｎｓ!", "|coins|"] {
        let refused = cast.at_trolls.tries_to_say(text).await.expect_err(text);
        assert_eq!(refused.code, Refusal::Words, "{text}");
    }
    let said = cast.at_trolls.says("coincidence").await;
    cast.at_iness.says("coins, says the staff").await;

    let id = cast.at_trolls.is_held("what a spoilerific ending").await;
    let held = cast.at_mos.is_told("the queue", review).await;
    assert_eq!(
        (held.rule.as_deref(), held.text.as_str()),
        (Some("spoiler"), "what a spoilerific ending")
    );
    cast.ines(json!({"type": "approve", "held": held.held})).await;
    cast.at_trolls.ack(&id).await;
    cast.at_fans.hears(said + 2).await;
    assert!(
        !cast.at_fans.raw().contains("No selling"),
        "a word to the sender is for the sender"
    );

    // Taken out again: it is a word like any other.
    cast.venue.command(&["words", "clear", "--event", SHOW]).await;
    eventually("no list", async || cast.at_trolls.tries_to_say("coins").await.ok()).await;
}

fn review(notice: &ServerFrame) -> Option<Held> {
    match notice {
        ServerFrame::Review(held) => Some((**held).clone()),
        _ => None,
    }
}

#[tokio::test]
async fn a_rule_that_mutes_tells_the_author_and_the_desk() {
    let mut cast = Cast::gather().await;
    import(&cast.venue, "coins\texact\tmute\t60\tThat was the last coin.\n").await;
    let refused = is_refused(&mut cast.at_trolls, "Coins").await;
    assert_eq!(refused.detail.as_deref(), Some("That was the last coin."));
    let left = cast.at_trolls.is_told("muted", muted).await;
    assert_eq!(left, 60_000);
    assert_eq!(
        cast.at_trolls.tries_to_say("what").await.expect_err("muted").code,
        Refusal::Muted
    );
    let row = cast.at_mos.is_told("the act", audit).await;
    assert_eq!(
        (row.kind.as_str(), row.by, row.detail.as_deref()),
        ("mute", None, Some("coins"))
    );
    assert_eq!(row.about.map(|about| about.member), Some(cast.troll_id()));
}

fn muted(notice: &ServerFrame) -> Option<u64> {
    match notice {
        ServerFrame::Muted(muted) => Some(muted.left_ms),
        _ => None,
    }
}

fn audit(notice: &ServerFrame) -> Option<AuditRow> {
    match notice {
        ServerFrame::Audit(row) => Some((**row).clone()),
        _ => None,
    }
}

#[tokio::test]
async fn the_list_is_in_force_from_the_first_word_after_a_restart() {
    let mut venue = Venue::unlimited().await;
    import(&venue, "coins\n").await;
    let ana = venue.fan("Ana").await;
    venue.stop().await;
    venue.restart().await;
    assert_eq!(
        ana.connects()
            .await
            .tries_to_say("coins")
            .await
            .expect_err("refused")
            .code,
        Refusal::Words
    );
}
