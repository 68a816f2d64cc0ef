//! Connections that are clumsy, slow or rude, and the others beside them: nobody waits for them, and nothing of theirs is
//! lost that was taken.

use wire::CloseCode;

use crate::support::{Ending, Person, Venue};

/// Pings that nobody reads the answers to.
const PINGS: usize = 40_000;

/// An empty ping, masked with zeros.
const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];

/// A close frame without a code.
const CLOSE: [u8; 6] = [0x88, 0x80, 0, 0, 0, 0];

/// A text frame that is masked with zeros.
fn text_frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short");
    let mut frame = vec![0x81, 0x80 | 0x7e];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

fn send(number: usize) -> String {
    let text = format!("line {number} {}", ".".repeat(120));
    format!(r#"{{"type":"send","id":"id-{number}","text":"{text}"}}"#)
}

#[tokio::test]
async fn whoever_ends_in_two_ways_at_once_ends_once() {
    const CLOSED: &str = "frontrow_sockets_closed_total{reason=\"protocol_violation\"}";
    let venue = Venue::open().await;
    let ana = venue.fan("Ana").await;
    for times in 1..=3 {
        let mut line = ana.connects().await;
        let bad = [
            text_frame(&format!("{{{}", " ".repeat(200))),
            CLOSE.to_vec(),
            PING.to_vec(),
        ];
        line.sends_raw(&bad.concat()).await;
        assert_eq!(
            line.ending().await,
            Ending::Closed(CloseCode::ProtocolViolation.number())
        );
        drop(line);
        assert_eq!(venue.metric("frontrow_sockets ").await, 0);
        assert_eq!(venue.metric(CLOSED).await, times);
    }
}

#[tokio::test]
async fn who_pings_without_reading_is_heard_when_it_reads_again() {
    let venue = Venue::open().await;
    let (rude, bo) = (venue.fan("Rude").await, venue.fan("Bo").await);
    let mut line = rude.dials_with_a_tiny_buffer().await;
    let token = rude.credential().await.token;
    line.greets(&token, None).await;
    let mut calm = bo.connects().await;
    for _ in 0..PINGS / 1_000 {
        line.sends_raw(&PING.repeat(1_000)).await;
    }
    // Beside it everything goes on.
    let seq = calm.says("still here").await;
    line.wakes_up();
    line.hears(seq).await;
    let own = line.says("so am I").await;
    calm.hears(own).await;
}

#[tokio::test]
async fn who_sends_without_reading_waits_and_loses_nothing() {
    const LINES: usize = 1_200;
    let venue = Venue::unlimited().await;
    let (eager, bo) = (venue.fan("Eager").await, venue.fan("Bo").await);
    let mut line = eager.dials_with_a_tiny_buffer().await;
    let token = eager.credential().await.token;
    line.greets(&token, None).await;
    let mut calm = bo.connects().await;
    let all: Vec<u8> = (0..LINES).flat_map(|number| text_frame(&send(number))).collect();
    line.sends_raw(&all).await;
    // Others are heard, though the server waits for this one to read.
    calm.says("is anybody there").await;
    line.wakes_up();
    for number in 0..LINES {
        line.ack(&format!("id-{number}")).await;
    }
    assert_eq!(bo.head().await, LINES as u64 + 1);
}

#[tokio::test]
async fn many_small_rooms_hear_their_own_and_nothing_else() {
    const ROOMS: usize = 12;
    let venue = Venue::open().await;
    let mut rooms = Vec::new();
    for room in 0..ROOMS {
        let slug = format!("room-{room}");
        venue.announce(&slug, &[]).await;
        let codes = venue.issue(&slug, "fan", 2).await;
        let mut lines = Vec::new();
        for (place, code) in codes.iter().enumerate() {
            let person = Person::new(venue.port(), &slug, code);
            person.enter().await;
            person.is_called(&format!("Fan {place}")).await;
            lines.push(person.connects().await);
        }
        rooms.push(lines);
    }
    for (room, lines) in rooms.iter_mut().enumerate() {
        lines[0].says(&format!("room {room}")).await;
    }
    for (room, lines) in rooms.iter_mut().enumerate() {
        for line in lines {
            line.assert_messages(&[&format!("room {room}")]).await;
        }
    }
}
