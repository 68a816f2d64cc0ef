//! Each act and its undoing, as seen by everybody: one table.

use wire::RoomState;

use super::*;

/// What the people say before anything is done.
const SAID: [&str; 4] = ["hello row", "buy my coins", "is it raining", "free coins here"];

/// Those of it that are the troll's.
const COINS: [&str; 2] = ["buy my coins", "free coins here"];

/// An act, how it is undone, and what it does.
struct Row {
    act: fn(&MemberId, &[Seq]) -> Value,
    /// The undoing; it may need the act's own place in the log.
    undo: fn(&MemberId, &[Seq], Seq) -> Value,
    /// Texts that fans do not see while it holds.
    gone: &'static [&'static str],
    /// Its name in the log; `None` for what is in no log.
    entry: Option<&'static str>,
    /// Whether it holds, by the room's state.
    room: fn(&RoomState) -> Option<bool>,
}

const HIDE: Row = Row {
    act: |_, seqs| json!({"type": "hide", "target": seqs[1]}),
    undo: |_, seqs, _| json!({"type": "unhide", "target": seqs[1]}),
    gone: &["buy my coins"],
    entry: Some("hide"),
    room: |_| None,
};

const BAN: Row = Row {
    act: |troll, _| json!({"type": "ban", "member": troll}),
    undo: |troll, _, _| json!({"type": "unban", "member": troll}),
    gone: &COINS,
    entry: Some("ban"),
    room: |_| None,
};

const CLEAR: Row = Row {
    act: |troll, _| json!({"type": "clear", "member": troll, "seconds": 600}),
    undo: |_, _, seq| json!({"type": "unclear", "target": seq}),
    gone: &COINS,
    entry: Some("clear"),
    room: |_| None,
};

const RENAME: Row = Row {
    act: |troll, _| json!({"type": "rename", "member": troll}),
    undo: |troll, _, _| json!({"type": "unrename", "member": troll}),
    gone: &[],
    entry: Some("rename"),
    room: |_| None,
};

const PIN: Row = Row {
    act: |_, seqs| json!({"type": "pin", "target": seqs[2]}),
    undo: |_, _, _| json!({"type": "pin", "target": null}),
    gone: &[],
    entry: Some("pin"),
    room: |room| Some(room.pinned == Some(3) && room.pinned_message.is_some()),
};

const SLOW: Row = Row {
    act: |_, _| json!({"type": "slow", "seconds": 30}),
    undo: |_, _, _| json!({"type": "slow", "seconds": 0}),
    gone: &[],
    entry: Some("slow"),
    room: |room| Some(room.slow_seconds == 30),
};

const PAUSE: Row = Row {
    act: |_, _| json!({"type": "pause"}),
    undo: |_, _, _| json!({"type": "resume"}),
    gone: &[],
    entry: Some("pause"),
    room: |room| Some(room.paused),
};

const MUTE: Row = Row {
    act: |troll, _| json!({"type": "mute", "member": troll, "seconds": 600}),
    undo: |troll, _, _| json!({"type": "mute", "member": troll, "seconds": 0}),
    gone: &[],
    entry: None,
    room: |_| None,
};

const HOLD: Row = Row {
    act: |troll, _| json!({"type": "hold", "member": troll, "on": true}),
    undo: |troll, _, _| json!({"type": "hold", "member": troll, "on": false}),
    gone: &[],
    entry: None,
    room: |_| None,
};

macro_rules! acts_and_their_undoing {
    ($($name:ident: $row:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                everybody_sees(&$row).await;
            }
        )*
    };
}

acts_and_their_undoing! {
    hide_and_unhide_are_seen_alike_by_all: HIDE,
    ban_and_unban_are_seen_alike_by_all: BAN,
    clear_and_unclear_are_seen_alike_by_all: CLEAR,
    rename_and_unrename_are_seen_alike_by_all: RENAME,
    pin_and_unpin_are_seen_alike_by_all: PIN,
    slow_mode_on_and_off_is_seen_alike_by_all: SLOW,
    pause_and_resume_are_seen_alike_by_all: PAUSE,
    mute_and_its_end_are_nobody_elses_business: MUTE,
    hold_and_its_end_are_nobody_elses_business: HOLD,
}

/// The cast after it has talked.
struct Scene {
    cast: Cast,
    seqs: Vec<Seq>,
    troll: MemberId,
}

async fn everybody_sees(row: &Row) {
    let mut scene = Box::pin(Scene::set()).await;
    let before = scene.cast.at_fans.last();
    // Ben reads along and loses his line before anything is done.
    let ben = scene.cast.venue.fan("Ben").await;
    let mut at_bens = ben.connects().await;
    at_bens.reads(raw_page(&ben).await.0.messages, before);
    at_bens.breaks();

    let act = (row.act)(&scene.troll, &scene.seqs);
    let done = scene.cast.ines(act.clone()).await;
    assert_eq!(done, row.entry.map(|_| before + 1), "one entry, or none");
    scene.is_seen(row, true, before, &ben).await;
    let again = scene.cast.at_mos.acts(act).await;
    if row.entry != Some("clear") && row.entry != Some("rename") {
        assert_eq!(
            (again, scene.cast.fan.head().await),
            (done, done.unwrap_or(before)),
            "once is enough"
        );
    }

    let undo = (row.undo)(&scene.troll, &scene.seqs, again.or(done).unwrap_or(0));
    scene.cast.ines(undo).await;
    if row.entry == Some("clear") {
        let undo = (row.undo)(&scene.troll, &scene.seqs, done.expect("an entry"));
        scene.cast.ines(undo).await;
    }
    if row.entry != Some("rename") {
        scene.is_seen(row, false, before, &ben).await;
    }
}

impl Scene {
    async fn set() -> Self {
        let mut cast = Cast::gather().await;
        let mut seqs = Vec::new();
        for (place, text) in SAID.iter().enumerate() {
            let line = if place % 2 == 0 {
                &mut cast.at_fans
            } else {
                &mut cast.at_trolls
            };
            seqs.push(line.says(text).await);
        }
        cast.at_fans.hears(4).await;
        let troll = cast.troll_id();
        Self { cast, seqs, troll }
    }

    /// Everybody sees the same: who is live, comes late, comes back, reads the history, moderates, or is concerned.
    async fn is_seen(&mut self, row: &Row, holds: bool, before: Seq, returning: &Person) {
        let gone: &[&str] = if holds { row.gone } else { &[] };
        let left: Vec<&str> = SAID.into_iter().filter(|text| !gone.contains(text)).collect();
        let head = self.cast.fan.head().await;
        self.live(row, holds, &left, head).await;
        self.late(row, holds, gone, &left).await;
        self.returning(holds, before, returning, gone, &left, head).await;
        self.staff(row, gone, head).await;
        self.concerned(row, gone, &left).await;
    }

    async fn live(&mut self, row: &Row, holds: bool, left: &[&str], head: Seq) {
        let line = &mut self.cast.at_fans;
        line.hears(head).await;
        if !holds {
            // What an unban or an unclear shows again is read from history.
            let (page, _) = raw_page(&self.cast.fan).await;
            line.reads(page.messages, page.as_of);
        }
        assert_eq!(texts(line.view().values()), left, "live");
        line.room_is("the room's state", |room| {
            (row.room)(room).is_none_or(|shown| shown == holds)
        })
        .await;
        assert_for_fans(line.raw(), &[], "a live fan");
    }

    async fn late(&mut self, row: &Row, holds: bool, gone: &[&str], left: &[&str]) {
        let cem = self.cast.venue.visitor(&self.cast.venue.ticket());
        cem.enter().await;
        let mut line = cem.connects().await;
        let (page, raw) = raw_page(&cem).await;
        assert_for_fans(&raw, gone, "a late joiner's page");
        line.reads(page.messages.clone(), page.as_of);
        assert_eq!(texts(line.view().values()), left, "late");
        assert_eq!(page.messages.len(), SAID.len(), "tombstones count");
        for message in page.messages.iter().filter(|message| message.body.is_none()) {
            assert!(message.hidden, "a tombstone says so");
        }
        let room = (row.room)(&line.welcome().room);
        assert!(
            room.is_none_or(|shown| shown == holds),
            "late: {:?}",
            line.welcome().room
        );
        // The beginning of the log again, as who comes back with nothing is told it.
        line.breaks();
        let line = cem.returns_after(0).await;
        assert_for_fans(line.raw(), gone, "a replay from the beginning");
        line.breaks();
        cem.leaves().await;
    }

    async fn returning(&mut self, holds: bool, before: Seq, ben: &Person, gone: &[&str], left: &[&str], head: Seq) {
        let mut line = ben.returns_after(before).await;
        line.hears(head).await;
        assert_for_fans(line.raw(), gone, "who returns");
        let (page, raw) = raw_page(ben).await;
        assert_for_fans(&raw, gone, "the page of who returns");
        line.reads(page.messages, page.as_of);
        assert_eq!(texts(line.view().values()), left, "returning, {holds}");
        line.breaks();
    }

    async fn staff(&mut self, row: &Row, gone: &[&str], head: Seq) {
        let line = &mut self.cast.at_mos;
        line.hears(head).await;
        if row.entry.is_some() {
            let deed = line.deeds().iter().find(|deed| Some(deed.deed.name()) == row.entry);
            let deed = deed.expect("it came to the other moderator");
            let by = deed.by.as_ref().and_then(|by| by.nickname.as_deref());
            assert_eq!((by, deed.reason.as_deref()), (Some(CREW[0]), Some(REASON)));
        }
        let pass = self.cast.venue.issue(SHOW, "moderator", 1).await.remove(0);
        let late = self.cast.venue.visitor(&pass);
        late.enter().await;
        let (page, _) = raw_page(&late).await;
        assert_eq!(texts(&page.messages), SAID, "the staff sees everything");
        for message in &page.messages {
            let text = message.body.as_ref().map(|body| body.text.as_str()).expect("a text");
            assert_eq!(message.hidden, gone.contains(&text), "and what of it is hidden: {text}");
        }
    }

    async fn concerned(&mut self, row: &Row, gone: &[&str], left: &[&str]) {
        let troll = &self.cast.troll;
        if row.entry == Some("ban") && !gone.is_empty() {
            troll.page(None, None).await.is(403, wire::ProblemCode::Banned);
            assert_for_fans(self.cast.at_trolls.raw(), &[], "the person concerned");
            return;
        }
        let (page, raw) = raw_page(troll).await;
        assert_for_fans(&raw, gone, "the person concerned");
        assert_eq!(texts(&page.messages), left, "concerned");
    }
}

#[tokio::test]
async fn a_renamed_fan_is_called_by_a_name_of_the_house_on_old_lines_too() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("my name is an insult").await;
    let troll = cast.troll_id();
    cast.ines(json!({"type": "rename", "member": troll})).await;
    cast.at_fans.hears(2).await;
    let name = |line: &Line| line.view()[&1].body.as_ref().expect("visible").nickname.clone();
    let given = name(&cast.at_fans);
    assert_ne!(given, "crypto_kenny");

    let ben = cast.venue.fan("Ben").await;
    let (page, raw) = raw_page(&ben).await;
    assert_eq!(page.messages[0].body.as_ref().expect("visible").nickname, given);
    assert_for_fans(&raw, &["crypto_kenny"], "a late joiner");
    let line = ben.returns_after(0).await;
    assert_for_fans(line.raw(), &["crypto_kenny"], "a replay");

    // The old name is nobody's to take, and the new one stays.
    let take = json!({ "nickname": "crypto_kenny" });
    let answer = ben.call(reqwest::Method::PUT, "/nickname", Some(take.clone())).await;
    answer.is(409, wire::ProblemCode::NicknameTaken);
    let answer = cast.troll.call(reqwest::Method::PUT, "/nickname", Some(take)).await;
    answer.is(409, wire::ProblemCode::NicknameFixed);
    cast.at_trolls.says("still here").await;
    cast.at_fans.hears(3).await;
    assert_eq!(cast.at_fans.view()[&3].body.as_ref().expect("visible").nickname, given);

    cast.ines(json!({"type": "unrename", "member": troll})).await;
    cast.at_fans.hears(4).await;
    assert_eq!(name(&cast.at_fans), "crypto_kenny");
    assert_eq!(
        raw_page(&ben).await.0.messages[0]
            .body
            .as_ref()
            .expect("visible")
            .nickname,
        "crypto_kenny"
    );
}

#[tokio::test]
async fn banning_a_member_of_a_thousand_messages_is_one_entry() {
    let mut cast = Cast::gather().await;
    cast.at_trolls
        .says_all((0..1_000).map(|number| format!("coin {number}")))
        .await;
    cast.at_fans.says("at last").await;
    cast.at_fans.hears(1_001).await;
    cast.at_fans.forgets_frames();
    let troll = cast.troll_id();
    assert_eq!(cast.ines(json!({"type": "ban", "member": troll})).await, Some(1_002));
    cast.at_fans.hears(1_002).await;
    assert_eq!(texts(cast.at_fans.view().values()), ["at last"]);
    assert!(cast.at_fans.raw().len() < 1_000, "{}", cast.at_fans.raw());

    let history = cast.fan.history(None).await;
    assert_eq!((history.len(), texts(&history)), (1_001, vec!["at last"]));
    cast.ines(json!({"type": "unban", "member": troll})).await;
    assert_eq!(texts(&cast.fan.history(None).await).len(), 1_001);
}

#[tokio::test]
async fn what_was_acknowledged_is_so_after_a_crash_too() {
    let mut cast = Cast::gather().await;
    for text in SAID {
        cast.at_trolls.says(text).await;
    }
    let troll = cast.troll_id();
    cast.ines(json!({"type": "hide", "target": 2})).await;
    cast.ines(json!({"type": "slow", "seconds": 5})).await;
    cast.ines(json!({"type": "pin", "target": 3})).await;
    cast.ines(json!({"type": "mute", "member": troll, "seconds": 600}))
        .await;
    let clear = cast
        .ines(json!({"type": "clear", "member": troll, "seconds": 1}))
        .await
        .expect("an entry");
    cast.ines(json!({"type": "unclear", "target": clear})).await;
    cast.venue.kill9().await;
    cast.venue.restart().await;

    let mut line = cast.fan.returns_after(0).await;
    line.hears(clear + 1).await;
    assert_eq!(
        texts(line.view().values()),
        ["hello row", "is it raining", "free coins here"]
    );
    assert_for_fans(line.raw(), &["buy my coins"], "who returns after a crash");
    let room = &line.welcome().room;
    assert_eq!((room.slow_seconds, room.pinned), (5, Some(3)));
    let mut at_trolls = cast.troll.connects().await;
    let left = at_trolls.is_told("muted", muted).await;
    assert!((1..=600_000).contains(&left));
    assert_eq!(
        at_trolls.tries_to_say("still").await.expect_err("muted").code,
        wire::Refusal::Muted
    );
}

fn muted(notice: &wire::ServerFrame) -> Option<u64> {
    match notice {
        wire::ServerFrame::Muted(muted) => Some(muted.left_ms),
        _ => None,
    }
}

#[tokio::test]
async fn a_retried_act_gets_its_first_answer() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("one").await;
    let troll = cast.troll_id();
    for (act, want) in [
        (json!({"type": "hide", "target": 1, "id": "a"}), Some(2)),
        (json!({"type": "mute", "member": troll, "seconds": 60, "id": "b"}), None),
        (
            json!({"type": "note", "member": troll, "text": "says coins", "id": "c"}),
            None,
        ),
    ] {
        let id = act["id"].as_str().expect("an id").to_owned();
        for _ in 0..2 {
            cast.at_iness.sends(&act).await;
            assert_eq!(cast.at_iness.answer(Some(&id)).await, Ok(want), "{act}");
        }
    }
    cast.ines(json!({"type": "unhide", "target": 1})).await;
    cast.at_iness
        .sends(&json!({"type": "hide", "target": 1, "id": "a"}))
        .await;
    assert_eq!(
        cast.at_iness.answer(Some("a")).await,
        Ok(Some(2)),
        "a known id does nothing again"
    );
    assert_eq!(cast.fan.head().await, 3);
}

#[tokio::test]
async fn a_retry_does_not_undo_what_another_moderator_has_undone() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("one").await;
    let hide = json!({"type": "hide", "target": 1, "id": "late"});
    let hidden = cast.ines(json!({"type": "hide", "target": 1})).await;
    // Mo finds it done already, loses the answer, and asks again when Ines has changed her mind.
    cast.at_mos.sends(&hide).await;
    assert_eq!(cast.at_mos.answer(Some("late")).await, Ok(hidden));
    cast.ines(json!({"type": "unhide", "target": 1})).await;
    cast.at_mos.sends(&hide).await;
    assert_eq!(cast.at_mos.answer(Some("late")).await, Ok(hidden));
    assert_eq!(texts(&raw_page(&cast.fan).await.0.messages), ["one"]);
}

#[tokio::test]
async fn a_name_that_was_taken_back_twice_is_in_no_replay() {
    let mut cast = Cast::gather().await;
    cast.at_trolls.says("my name is an insult").await;
    let troll = cast.troll_id();
    for verb in ["rename", "unrename", "rename"] {
        cast.ines(json!({"type": verb, "member": troll})).await;
    }
    let ben = cast.venue.fan("Ben").await;
    let mut line = ben.returns_after(0).await;
    line.hears(4).await;
    assert_for_fans(line.raw(), &["crypto_kenny"], "a replay from memory");
    cast.venue.kill9().await;
    cast.venue.restart().await;
    let mut line = ben.returns_after(0).await;
    line.hears(4).await;
    assert_for_fans(line.raw(), &["crypto_kenny"], "a replay from the store");
}
