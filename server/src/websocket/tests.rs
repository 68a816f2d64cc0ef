use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::frame::{Frame as TheirFrame, FrameHeader};

use super::*;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Ping(Vec<u8>),
    Close(Option<u16>),
}

impl From<Heard<'_>> for Said {
    fn from(heard: Heard<'_>) -> Self {
        match heard {
            Heard::Text(text) => Self::Text(text.to_owned()),
            Heard::Ping(payload) => Self::Ping(payload.to_owned()),
            Heard::Close(code) => Self::Close(code),
        }
    }
}

/// A client's frame.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(MASKED | u8::try_from(length).expect("short")),
        length @ 126..65_536 => {
            bytes.push(MASKED | 0x7e);
            bytes.extend(u16::try_from(length).expect("short").to_be_bytes());
        }
        length => {
            bytes.push(MASKED | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

fn hears(bytes: &[u8]) -> Result<Vec<Said>, Violation> {
    in_pieces(&[bytes])
}

fn in_pieces(pieces: &[&[u8]]) -> Result<Vec<Said>, Violation> {
    let mut ear = Ear::default();
    let mut said = Vec::new();
    for piece in pieces {
        ear.hear(&mut piece.to_vec(), |heard| {
            said.push(heard.into());
            ControlFlow::Continue(())
        })?;
    }
    Ok(said)
}

#[test]
fn the_examples_of_the_standard_are_heard_and_said() {
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hears(&hello), Ok(vec![Said::Text("Hello".into())]));
    assert_eq!(text_frame("Hello").as_ref(), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(pong(b"Hello").as_ref(), [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(close(None, "").as_ref(), [0x88, 0x00]);
    assert_eq!(close(Some(1000), "").as_ref(), [0x88, 0x02, 0x03, 0xe8]);
    assert_eq!(text_frame(&"x".repeat(256))[..4], [0x81, 0x7e, 0x01, 0x00]);
    assert_eq!(
        text_frame(&"x".repeat(65_536))[..10],
        [0x81, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
    );
}

#[test]
fn the_handshake_of_the_standard_is_answered() {
    assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn a_message_in_pieces_is_one_message_with_control_frames_in_between() {
    let mut bytes = client_frame(0x01, "na".as_bytes());
    bytes.extend(client_frame(0x89, b"are you there"));
    bytes.extend(client_frame(0x00, &"ï".as_bytes()[..1]));
    bytes.extend(client_frame(0x8a, b"unasked"));
    bytes.extend(client_frame(0x80, &[&"ï".as_bytes()[1..], b"ve"].concat()));
    let said = [Said::Ping(b"are you there".into()), Said::Text("naïve".into())];
    assert_eq!(hears(&bytes), Ok(said.into()));
}

#[test]
fn what_the_standard_forbids_is_a_violation() {
    let unmasked = [0x81, 0x01, b'a'];
    let whole_then_continuation = [client_frame(0x81, b"a"), client_frame(0x80, b"b")].concat();
    let text_in_text = [client_frame(0x01, b"a"), client_frame(0x81, b"b")].concat();
    let invalid_in_the_end = [client_frame(0x01, b"a"), client_frame(0x80, &[0xc3])].concat();
    let longer_than_needed = [&[0x81, MASKED | 0x7e, 0, 1][..], &KEY, &[b'a' ^ KEY[0]]].concat();
    for (what, bytes) in [
        ("an unmasked frame", unmasked.to_vec()),
        ("a reserved bit", client_frame(0xc1, b"a")),
        ("an unknown opcode", client_frame(0x83, b"a")),
        ("an unknown control opcode", client_frame(0x8b, b"a")),
        ("a ping in pieces", client_frame(0x09, b"a")),
        ("a ping that is too long", client_frame(0x89, &[0; 126])),
        ("a continuation of nothing", whole_then_continuation),
        ("a text in a text", text_in_text),
        ("no UTF-8", client_frame(0x81, &[0xff])),
        ("no UTF-8 over two frames", invalid_in_the_end),
        ("half of a code", client_frame(0x88, &[3])),
        ("a code for nobody's use", client_frame(0x88, &1005_u16.to_be_bytes())),
        ("a reason that is no UTF-8", client_frame(0x88, &[0x03, 0xe8, 0xff])),
        ("a length in more bytes than it needs", longer_than_needed),
    ] {
        assert_eq!(hears(&bytes), Err(Violation), "{what}");
    }
}

#[test]
fn what_this_server_does_not_take_is_a_violation_as_soon_as_it_is_known() {
    assert_eq!(hears(&client_frame(0x82, b"binary")), Err(Violation));
    let most = "x".repeat(CLIENT_FRAME_BYTES);
    assert_eq!(
        hears(&client_frame(0x81, most.as_bytes())),
        Ok(vec![Said::Text(most.clone())])
    );
    let too_long = client_frame(0x81, &[b'x'; CLIENT_FRAME_BYTES + 1]);
    assert_eq!(hears(&too_long[..4]), Err(Violation), "by its length alone");
    let in_pieces = [client_frame(0x01, most.as_bytes()), client_frame(0x80, b"x")].concat();
    assert_eq!(hears(&in_pieces), Err(Violation));
    let endless = [&[0x81, MASKED | 0x7f][..], &u64::MAX.to_be_bytes()].concat();
    assert_eq!(hears(&endless), Err(Violation));
}

#[test]
fn what_comes_after_a_pause_waits() {
    let mut bytes = [
        client_frame(0x81, b"one"),
        client_frame(0x81, b"two"),
        client_frame(0x81, b"three"),
    ]
    .concat();
    let (mut ear, mut said) = (Ear::default(), Vec::new());
    for heard in 1..=3 {
        let mut take = |heard: Heard<'_>| {
            said.push(Said::from(heard));
            ControlFlow::Break(())
        };
        ear.hear(&mut std::mem::take(&mut bytes), &mut take).expect("fine");
        assert_eq!(said.len(), heard);
        assert_eq!(ear.has_more(), heard < 3);
    }
    let half = client_frame(0x81, b"four");
    ear.hear(&mut half[..4].to_vec(), |_| ControlFlow::Break(()))
        .expect("fine");
    assert!(!ear.has_more(), "half a message is none");
    assert_eq!(said.last(), Some(&Said::Text("three".into())));
    ear.hear(&mut half[4..].to_vec(), |_| ControlFlow::Continue(()))
        .expect("fine");
    assert_eq!(ear.rest.capacity(), 0, "and no memory is held");
}

#[test]
fn a_reason_that_is_too_long_is_cut_between_two_signs() {
    let said = close(Some(4_000), &"é".repeat(100));
    assert_eq!(said.len(), 2 + 2 + 122);
    assert!(std::str::from_utf8(&said[4..]).is_ok());
}

fn messages() -> impl Strategy<Value = Vec<Said>> {
    let one = prop_oneof![
        "\\PC{0,300}".prop_map(Said::Text),
        prop::collection::vec(any::<u8>(), 0..=CONTROL_BYTES).prop_map(Said::Ping),
        prop::option::of(3000_u16..5000).prop_map(Said::Close),
    ];
    prop::collection::vec(one, 0..12)
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_the_same_is_heard(messages in messages(), cuts in prop::collection::vec(0_usize..4_000, 0..20)) {
        let mut bytes = Vec::new();
        for message in &messages {
            bytes.extend(match message {
                Said::Text(text) => client_frame(0x81, text.as_bytes()),
                Said::Ping(payload) => client_frame(0x89, payload),
                Said::Close(None) => client_frame(0x88, &[]),
                Said::Close(Some(code)) => client_frame(0x88, &code.to_be_bytes()),
            });
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(in_pieces(&pieces), Ok(messages));
    }

    #[test]
    fn any_bytes_are_heard_or_are_a_violation_and_memory_is_bounded(bytes in prop::collection::vec(any::<u8>(), 0..20_000)) {
        let mut ear = Ear::default();
        for piece in bytes.chunks(1_000) {
            if ear.hear(&mut piece.to_vec(), |_| ControlFlow::Continue(())).is_err() {
                break;
            }
            prop_assert!(ear.rest.len() < 14 + CLIENT_FRAME_BYTES);
        }
    }

    #[test]
    fn another_implementation_frames_the_same_bytes(text in "\\PC{0,2000}") {
        let mut theirs = Vec::new();
        TheirFrame::message(text.clone(), tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode::Data(tokio_tungstenite::tungstenite::protocol::frame::coding::Data::Text), true)
            .format(&mut theirs)
            .expect("formats");
        prop_assert_eq!(text_frame(&text).to_vec(), theirs);
        let _ = FrameHeader::default();
    }
}
