//! A banned troll tries every way back, and a pass that is taken away.

use reqwest::Method;
use wire::http::Admission;
use wire::{ChatState, CloseCode, ProblemCode, Role};

use super::*;
use crate::support::Ending;

#[tokio::test]
async fn a_banned_troll_is_out_at_once_and_finds_no_way_back() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("coins").await;
    let kept = cast.troll.credential().await.token;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "ban", "member": troll})).await;
    cast.at_trolls.ending().await.is(CloseCode::Banned);

    // A credential from before, a new one, a page of history, a nickname: no.
    cast.troll.is_turned_away_with(&kept).await.is(CloseCode::Banned);
    let troll = &cast.troll;
    troll.asks_for_a_credential().await.is(403, ProblemCode::Banned);
    troll.page(None, None).await.is(403, ProblemCode::Banned);
    let name = json!({ "nickname": "somebody else" });
    troll
        .call(Method::PUT, "/nickname", Some(name))
        .await
        .is(403, ProblemCode::Banned);

    // The ticket itself is banned: another device, with and without a takeover, leaving and coming again.
    let phone = troll.other_device();
    phone.shows_ticket().await.is(409, ProblemCode::TicketInUse);
    let admission: Admission = phone.takes_over().await;
    assert_out(&admission);
    phone.asks_for_a_credential().await.is(403, ProblemCode::Banned);
    assert_eq!(phone.leaves().await.status, 204);
    let laptop = troll.other_device();
    assert_out(&laptop.shows_ticket().await.good());
    assert_out(&laptop.who_am_i().await.good());

    let troll = cast.troll_id();
    cast.ines(json!({"type": "unban", "member": troll})).await;
    let admission: Admission = laptop.who_am_i().await.good();
    assert_eq!(
        (admission.chat, admission.nickname.as_deref()),
        (ChatState::Ready, Some("crypto_kenny"))
    );
    laptop.connects().await.says("sorry").await;
}

/// Watches the stream, and has no chat.
fn assert_out(admission: &Admission) {
    assert_eq!(admission.chat, ChatState::Banned);
    assert!(admission.credential.is_none());
}

#[tokio::test]
async fn nothing_of_a_banned_author_follows_the_ban() {
    let mut cast = Cast::gather().await;
    for round in 0..60 {
        cast.at_trolls.posts(&format!("coin {round}")).await;
    }
    let troll = cast.troll_id();
    let banned = cast
        .ines(json!({"type": "ban", "member": troll}))
        .await
        .expect("an entry");
    cast.at_trolls.ending().await;
    let acked: Vec<Seq> = cast.at_trolls.acks().map(|(_, seq)| seq).collect();
    assert!(
        acked.iter().all(|seq| *seq < banned),
        "{acked:?} and the ban at {banned}"
    );
    let mut at_fans = cast.fan.returns_after(0).await;
    at_fans.hears(cast.fan.head().await).await;
    assert!(texts(at_fans.view().values()).is_empty());
    assert!(at_fans.view().keys().all(|seq| *seq < banned), "nothing after the ban");
}

#[tokio::test]
async fn a_pass_that_is_revoked_ends_its_moderator_within_a_second() {
    let mut cast = Cast::gather().await;
    let ines = cast.at_iness.welcome().member.clone();
    cast.venue
        .command(&["ticket", "revoke", "--event", SHOW, ines.as_str()])
        .await;
    cast.at_iness.ending().await.is(CloseCode::TicketRevoked);
}

#[tokio::test]
async fn a_moderator_who_is_demoted_is_a_fan_within_a_second() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("coins").await;
    cast.ines(json!({"type": "hide", "target": 1})).await;
    let ines = cast.at_iness.welcome().member.clone();
    let pass = cast.venue.issue(SHOW, "moderator", 1).await.remove(0);
    let jo = cast.venue.visitor(&pass);
    jo.enter().await;
    jo.is_called("Jo at the desk").await;
    let mut at_jos = jo.connects().await;
    let jo_id = at_jos.welcome().member.clone();
    cast.venue
        .command(&["ticket", "role", "--event", SHOW, jo_id.as_str(), "--role", "fan"])
        .await;
    // Whatever the next act meets, the old socket or none: it is not done.
    at_jos.ending().await.is(CloseCode::CredentialRefused);

    let mut at_jos = jo.returns_after(0).await;
    assert_eq!(at_jos.welcome().role, Role::Fan);
    assert_for_fans(at_jos.raw(), &["coins"], "who is a fan now");
    let refused = at_jos
        .tries(json!({"type": "unhide", "target": 1}))
        .await
        .expect_err("a fan");
    assert_eq!(refused.code, wire::Refusal::NotAllowed);
    assert_for_fans(&raw_page(&jo).await.1, &["coins"], "who is a fan now");

    cast.venue
        .command(&["ticket", "role", "--event", SHOW, jo_id.as_str(), "--role", "moderator"])
        .await;
    assert_eq!(
        at_jos.ending().await,
        Ending::Closed(CloseCode::CredentialRefused.number())
    );
    jo.connects().await.acts(json!({"type": "unhide", "target": 1})).await;
    let _ = ines;
}
