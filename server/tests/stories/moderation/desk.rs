//! Reports, held messages, notes, and who looks at what.

use wire::moderation::{AuditRow, Held, HeldState, Looking, ReportCase};
use wire::{Refusal, ServerFrame};

use super::*;

fn case(notice: &ServerFrame) -> Option<ReportCase> {
    match notice {
        ServerFrame::Case(case) => Some((**case).clone()),
        _ => None,
    }
}

fn review(notice: &ServerFrame) -> Option<Held> {
    match notice {
        ServerFrame::Review(held) => Some((**held).clone()),
        _ => None,
    }
}

fn audit(kind: &str) -> impl Fn(&ServerFrame) -> Option<AuditRow> {
    move |notice| match notice {
        ServerFrame::Audit(row) if row.kind == kind => Some((**row).clone()),
        _ => None,
    }
}

#[tokio::test]
async fn reports_come_to_the_desk_once_a_member_and_never_to_fans() {
    let mut cast = Cast::gather().await;
    let coins = cast.at_trolls.says("coins").await;
    let report = |reason: &str| json!({"type": "report", "target": coins, "reason": reason});
    let mut at_bens = cast.venue.fan("Ben").await.connects().await;
    cast.at_fans.acts(report("spam, says Ana")).await;
    cast.at_fans.acts(report("spam, once more")).await;
    at_bens.acts(report("spam, says Ana")).await;

    for line in [&mut cast.at_iness, &mut cast.at_mos] {
        let first = line.is_told("a case", case).await;
        assert!(first.open);
        let second = match first.count {
            1 => line.is_told("a case", case).await,
            // Both came in one commit: the case is told once, as it stands in the end.
            _ => first,
        };
        assert_eq!(second.count, 2, "one report a member");
        assert_eq!(
            (second.reasons[0].reason.as_str(), second.reasons[0].count),
            ("spam, says Ana", 2)
        );
        assert_eq!(second.message.body.expect("a text").text, "coins");
    }
    // Who is reported, and who looks on, learns nothing.
    cast.at_trolls.says("more coins").await;
    for line in [&mut cast.at_trolls, &mut cast.at_fans, &mut at_bens] {
        line.hears(coins + 1).await;
        assert_for_fans(line.raw(), &["spam, says Ana", "case"], "a fan");
    }

    cast.ines(json!({"type": "dismiss", "target": coins})).await;
    assert!(!cast.at_mos.is_told("a case", case).await.open);
    cast.ines(json!({"type": "reopen", "target": coins})).await;
    assert!(cast.at_mos.is_told("a case", case).await.open);
    cast.ines(json!({"type": "hide", "target": coins})).await;
    assert!(
        !cast.at_mos.is_told("a case", case).await.open,
        "what is hidden needs nobody's look"
    );
    cast.ines(json!({"type": "unhide", "target": coins})).await;
    assert!(cast.at_mos.is_told("a case", case).await.open);
    let troll = cast.troll_id();
    cast.ines(json!({"type": "ban", "member": troll})).await;
    assert!(!cast.at_mos.is_told("a case", case).await.open);
}

#[tokio::test]
async fn reports_have_their_limits() {
    let mut cast = Cast::gather().await;
    let own = cast.at_fans.says("mine").await;
    for round in 0..12 {
        cast.at_trolls.says(&format!("coin {round}")).await;
    }
    let report = |target: Seq| json!({"type": "report", "target": target});
    let refused = async |line: &mut Line, target| line.tries(report(target)).await.expect_err("refused").code;
    assert_eq!(refused(&mut cast.at_fans, own).await, Refusal::Invalid, "one's own");
    assert_eq!(refused(&mut cast.at_fans, 99).await, Refusal::UnknownTarget);
    assert_eq!(
        refused(&mut cast.at_iness, own).await,
        Refusal::NotAllowed,
        "moderators act"
    );
    let mut taken = 0;
    for target in own + 1..=own + 12 {
        match cast.at_fans.tries(report(target)).await {
            Ok(_) => taken += 1,
            Err(refused) => assert_eq!(refused.code, Refusal::RateLimited),
        }
    }
    assert!((1..=10).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_message_on_hold_waits_and_is_approved_as_a_message_like_any_other() {
    let mut cast = Cast::gather().await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "hold", "member": troll, "on": true})).await;
    let id = cast.at_trolls.is_held("maybe coins").await;
    for line in [&mut cast.at_iness, &mut cast.at_mos] {
        let held = line.is_told("the queue", review).await;
        assert_eq!(
            (held.text.as_str(), held.state, held.rule),
            ("maybe coins", HeldState::Waiting, None)
        );
    }
    // The same again waits still, whatever else is said.
    cast.at_trolls.posts_as(&id, "maybe coins").await;
    cast.at_trolls.waits_held(&id).await;
    assert_eq!(cast.fan.head().await, 0);
    assert_for_fans(cast.at_fans.raw(), &["maybe coins"], "a fan");

    cast.at_fans.says("meanwhile").await;
    let approve = json!({"type": "approve", "held": 1, "id": "let it in"});
    for _ in 0..2 {
        cast.at_iness.sends(&approve).await;
        assert_eq!(
            cast.at_iness.answer(Some("let it in")).await,
            Ok(Some(2)),
            "also a second time"
        );
    }
    assert_eq!(cast.at_trolls.ack(&id).await, 2, "the author gets the ack");
    assert_eq!(
        cast.at_mos.is_told("the queue", review).await.state,
        HeldState::Approved
    );
    cast.at_fans.hears(2).await;
    assert_eq!(texts(cast.at_fans.view().values()), ["meanwhile", "maybe coins"]);
    let body = cast.at_fans.view()[&2].body.clone().expect("visible");
    assert_eq!((body.id, body.member), (id.clone(), troll));
    cast.at_trolls.posts_as(&id, "maybe coins").await;
    assert_eq!(cast.at_trolls.ack(&id).await, 2);
    assert_eq!(
        cast.at_mos.acts(json!({"type": "approve", "held": 1})).await,
        Some(2),
        "once is enough"
    );
}

#[tokio::test]
async fn a_dropped_message_is_refused_also_to_who_was_away() {
    let mut cast = Cast::gather().await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "hold", "member": troll, "on": true})).await;
    let here = cast.at_trolls.is_held("coins").await;
    cast.ines(json!({"type": "drop", "held": 1})).await;
    assert_eq!(cast.at_trolls.refusal(Some(&here)).await, Refusal::Dropped);

    let (away, kept) = (
        cast.at_trolls.is_held("more coins").await,
        cast.at_trolls.is_held("no coins").await,
    );
    let cursor = cast.at_trolls.last();
    cast.at_trolls.breaks();
    cast.at_iness.acts(json!({"type": "drop", "held": 2})).await;
    cast.at_iness.acts(json!({"type": "approve", "held": 3})).await;
    let mut line = cast.troll.returns_after(cursor).await;
    line.posts_as(&away, "more coins").await;
    assert_eq!(line.refusal(Some(&away)).await, Refusal::Dropped);
    line.posts_as(&kept, "no coins").await;
    line.ack(&kept).await;
    line.posts_as(&away, "no coins, I promise").await;
    line.waits_held(&away).await;
    let (page, raw) = raw_page(&cast.fan).await;
    assert_eq!(texts(&page.messages), ["no coins"]);
    assert_for_fans(&raw, &["more coins", "promise"], "a fan");
}

#[tokio::test]
async fn one_member_cannot_fill_the_queue_and_a_ban_empties_it() {
    let mut cast = Cast::gather().await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "hold", "member": troll, "on": true})).await;
    for round in 0..10 {
        cast.at_trolls.is_held(&format!("coin {round}")).await;
    }
    let refused = cast.at_trolls.tries_to_say("coin 11").await.expect_err("full");
    assert_eq!(refused.code, Refusal::RateLimited);
    cast.ines(json!({"type": "ban", "member": troll})).await;
    for _ in 0..10 {
        cast.at_mos
            .is_told("the queue", |notice| {
                review(notice).filter(|held| held.state == HeldState::Dropped)
            })
            .await;
    }
    let refused = cast
        .at_iness
        .tries(json!({"type": "approve", "held": 1}))
        .await
        .expect_err("banned");
    assert_eq!(refused.code, Refusal::Invalid);
}

#[tokio::test]
async fn notes_and_looks_are_among_the_crew() {
    let mut cast = Cast::gather().await;
    let troll = cast.troll_id();
    cast.at_trolls.says("coins").await;
    cast.at_iness
        .acts(json!({"type": "note", "member": troll, "text": "says it is his band"}))
        .await;
    let row = cast.at_mos.is_told("the note", audit("note")).await;
    assert_eq!(row.detail.as_deref(), Some("says it is his band"));
    assert_eq!(row.by.and_then(|by| by.nickname).as_deref(), Some(CREW[0]));
    assert_eq!(row.about.map(|about| about.member), Some(troll));
    cast.at_iness.acts(json!({"type": "look", "target": 1})).await;
    let looking = cast.at_mos.is_told("the look", looking).await;
    assert_eq!(
        (looking.target, looking.by.nickname.as_deref()),
        (Some(1), Some(CREW[0]))
    );
    cast.at_trolls.says("more coins").await;
    cast.at_fans.hears(2).await;
    assert_for_fans(cast.at_fans.raw(), &["his band", "looking"], "a fan");
}

fn looking(notice: &ServerFrame) -> Option<Looking> {
    match notice {
        ServerFrame::Looking(looking) => Some(looking.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn who_did_what_to_whom_can_be_read_after_the_show_too() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("coins").await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "hide", "target": 1})).await;
    cast.ines(json!({"type": "ban", "member": troll})).await;
    cast.venue.command(&["event", "end", SHOW]).await;
    let log = cast.venue.command(&["audit", "--event", SHOW]).await;
    let lines: Vec<AuditRow> = serde_json::from_value(log).expect("lines");
    let kinds: Vec<&str> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["hide", "ban"]);
    for line in &lines {
        assert_eq!(line.reason.as_deref(), Some(REASON));
        assert_eq!(line.by.as_ref().and_then(|by| by.nickname.as_deref()), Some(CREW[0]));
        assert_eq!(
            line.about.as_ref().and_then(|about| about.nickname.as_deref()),
            Some("crypto_kenny")
        );
    }
}
