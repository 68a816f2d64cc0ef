//! Powers, ranges, mutes, slow mode and pauses.

use wire::frame::Refused;
use wire::{ChatState, Refusal, ServerFrame};

use super::*;
use crate::support::eventually;

fn every_act(member: &MemberId) -> Vec<Value> {
    vec![
        json!({"type": "hide", "target": 1}),
        json!({"type": "unhide", "target": 1}),
        json!({"type": "ban", "member": member}),
        json!({"type": "unban", "member": member}),
        json!({"type": "mute", "member": member, "seconds": 60}),
        json!({"type": "clear", "member": member, "seconds": 60}),
        json!({"type": "unclear", "target": 1}),
        json!({"type": "slow", "seconds": 60}),
        json!({"type": "pin", "target": 1}),
        json!({"type": "pause"}),
        json!({"type": "resume"}),
        json!({"type": "rename", "member": member}),
        json!({"type": "unrename", "member": member}),
        json!({"type": "hold", "member": member, "on": true}),
        json!({"type": "approve", "held": 1}),
        json!({"type": "drop", "held": 1}),
        json!({"type": "dismiss", "target": 1}),
        json!({"type": "reopen", "target": 1}),
        json!({"type": "note", "member": member, "text": "hm"}),
        json!({"type": "look", "target": 1}),
    ]
}

#[tokio::test]
async fn who_is_no_moderator_is_refused_by_name_and_counted() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("one").await;
    let pass = cast.venue.issue(SHOW, "artist", 1).await.remove(0);
    let vesna = cast.venue.visitor(&pass);
    vesna.enter().await;
    let mut at_vesnas = vesna.connects().await;
    let acts = every_act(&cast.troll_id());
    for line in [&mut cast.at_fans, &mut at_vesnas] {
        assert!(!line.welcome().capabilities.contains(&wire::Capability::Moderate));
        for act in &acts {
            assert_eq!(code(line.tries(act.clone()).await), Refusal::NotAllowed, "{act}");
        }
    }
    assert_eq!(cast.fan.head().await, 1, "nothing was done");
    let counted = cast
        .venue
        .metric("frontrow_frames_refused_total{reason=\"not_allowed\"}")
        .await;
    assert_eq!(counted, 2 * acts.len() as u64);
}

fn code(answer: Result<Option<Seq>, Refused>) -> Refusal {
    answer.expect_err("refused").code
}

#[tokio::test]
async fn what_is_not_there_or_not_theirs_to_touch_is_refused() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("one").await;
    let (troll, mo) = (cast.troll_id(), cast.at_mos.welcome().member.clone());
    let nobody = MemberId("nobody".into());
    let line = &mut cast.at_iness;
    for act in [
        json!({"type": "hide", "target": 99}),
        json!({"type": "pin", "target": 99}),
        json!({"type": "unclear", "target": 1}),
        json!({"type": "ban", "member": nobody}),
        json!({"type": "approve", "held": 7}),
        json!({"type": "dismiss", "target": 99}),
        json!({"type": "hide", "target": u64::MAX}),
    ] {
        assert_eq!(code(line.tries(act.clone()).await), Refusal::UnknownTarget, "{act}");
    }
    for act in [
        json!({"type": "ban", "member": mo}),
        json!({"type": "mute", "member": mo, "seconds": 5}),
        json!({"type": "rename", "member": mo}),
    ] {
        assert_eq!(code(line.tries(act.clone()).await), Refusal::NotAllowed, "{act}");
    }
    for act in [
        json!({"type": "mute", "member": troll, "seconds": 86_401}),
        json!({"type": "clear", "member": troll, "seconds": 0}),
        json!({"type": "slow", "seconds": 3_601}),
        json!({"type": "pin"}),
        json!({"type": "report", "target": "one"}),
    ] {
        assert_eq!(code(line.tries(act.clone()).await), Refusal::Invalid, "{act}");
    }
    let long = json!({"type": "hide", "target": 1, "reason": "x".repeat(201)});
    assert_eq!(code(line.tries(long).await), Refusal::TextTooLong);
    // What is so already has no entry: it is answered with the one that made it so, if there is one.
    assert_eq!(line.acts(json!({"type": "unban", "member": troll})).await, None);
    assert_eq!(line.acts(json!({"type": "resume"})).await, None);
    assert_eq!(cast.fan.head().await, 1, "nothing was done");
    let hidden = cast.at_iness.acts(json!({"type": "hide", "target": 1})).await;
    assert_eq!(
        code(cast.at_iness.tries(json!({"type": "pin", "target": 1})).await),
        Refusal::Invalid
    );
    assert_eq!(cast.at_mos.acts(json!({"type": "hide", "target": 1})).await, hidden);
}

#[tokio::test]
async fn a_muted_fan_is_told_for_how_long_and_speaks_again_when_it_is_over() {
    let mut cast = Cast::gather().await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "mute", "member": troll, "seconds": 600}))
        .await;
    assert_eq!(cast.at_trolls.is_told("muted", muted).await, 600_000);
    let refused = cast.at_trolls.tries_to_say("coins").await.expect_err("muted");
    assert_eq!(refused.code, Refusal::Muted);
    let wait = refused.retry_after_ms.expect("a wait");
    assert!((500_000..=600_000).contains(&wait), "{wait}");
    // To the other moderator it is an act of Ines; to fans it is nothing.
    let row = cast.at_mos.is_told("the act", audit).await;
    assert_eq!(
        (row.kind.as_str(), row.seconds, row.reason.as_deref()),
        ("mute", Some(600), Some(REASON))
    );
    assert_for_fans(cast.at_fans.raw(), &["mute"], "a fan");

    cast.ines(json!({"type": "mute", "member": troll, "seconds": 0})).await;
    assert_eq!(cast.at_trolls.is_told("no longer muted", muted).await, 0);
    cast.at_trolls.says("sorry").await;

    cast.ines(json!({"type": "mute", "member": troll, "seconds": 1})).await;
    eventually("the end of the mute", async || {
        cast.at_trolls.tries_to_say("back").await.ok()
    })
    .await;
}

fn muted(notice: &ServerFrame) -> Option<u64> {
    match notice {
        ServerFrame::Muted(muted) => Some(muted.left_ms),
        _ => None,
    }
}

fn audit(notice: &ServerFrame) -> Option<wire::moderation::AuditRow> {
    match notice {
        ServerFrame::Audit(row) => Some((**row).clone()),
        _ => None,
    }
}

#[tokio::test]
async fn in_slow_mode_fans_wait_and_the_staff_does_not() {
    let mut cast = Cast::gather().await;
    cast.at_fans.says("before").await;
    cast.ines(json!({"type": "slow", "seconds": 60})).await;
    let refused = cast.at_fans.tries_to_say("too soon").await.expect_err("slow");
    assert_eq!(refused.code, Refusal::SlowMode);
    let wait = refused.retry_after_ms.expect("a wait");
    assert!((30_000..=60_000).contains(&wait), "{wait}");
    cast.at_trolls.says("my first").await;
    assert_eq!(
        cast.at_trolls.tries_to_say("my second").await.expect_err("slow").code,
        Refusal::SlowMode
    );
    cast.at_iness.says("one").await;
    cast.at_iness.says("two").await;

    // A crash is no way around it.
    cast.venue.kill9().await;
    cast.venue.restart().await;
    let mut at_fans = cast.fan.connects().await;
    assert_eq!(at_fans.welcome().room.slow_seconds, 60);
    assert_eq!(
        at_fans.tries_to_say("after a crash").await.expect_err("slow").code,
        Refusal::SlowMode
    );
}

#[tokio::test]
async fn a_known_message_gets_its_ack_in_slow_mode_and_in_a_pause() {
    let mut cast = Cast::gather().await;
    cast.at_fans.posts_as("mine", "first").await;
    let seq = cast.at_fans.ack("mine").await;
    cast.ines(json!({"type": "slow", "seconds": 60})).await;
    cast.ines(json!({"type": "pause"})).await;
    cast.at_fans.posts_as("mine", "first").await;
    assert_eq!(cast.at_fans.ack("mine").await, seq);
}

#[tokio::test]
async fn while_the_chat_is_paused_only_the_staff_writes() {
    let mut cast = Cast::gather().await;
    cast.ines(json!({"type": "pause"})).await;
    assert_eq!(
        cast.at_fans.tries_to_say("hello").await.expect_err("paused").code,
        Refusal::Paused
    );
    cast.at_iness.says("back in a minute").await;
    let event: Value = cast.fan.call(reqwest::Method::GET, "", None).await.good();
    assert_eq!(event["chat"], "paused");
    let admission: wire::http::Admission = cast.fan.who_am_i().await.good();
    assert_eq!(admission.chat, ChatState::Paused);
    assert!(admission.credential.is_some(), "who comes now waits inside");
    cast.ines(json!({"type": "resume"})).await;
    cast.at_fans.says("hello").await;
}

#[tokio::test]
async fn a_script_with_a_moderators_pass_cannot_flood_the_log() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("one").await;
    let mut refused = 0;
    for round in 0..60 {
        let verb = if round % 2 == 0 { "hide" } else { "unhide" };
        cast.at_iness
            .sends(&json!({"type": verb, "target": 1, "id": format!("{round}")}))
            .await;
    }
    for round in 0..60 {
        match cast.at_iness.answer(Some(&format!("{round}"))).await {
            Ok(_) => {}
            Err(no) => {
                assert_eq!(no.code, Refusal::RateLimited);
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}
