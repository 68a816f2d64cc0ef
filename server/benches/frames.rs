//! What reading a client's frame, encoding the server's, and the keys of a nickname cost.
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use server::nickname::Keys;
use wire::frame::{Ack, Message, MessageBody, Reactions, Send};
use wire::{ClientFrame, Counts, MemberId, Role, ServerFrame};

/// Characters of a message as people write it, and of the longest.
const TEXTS: [usize; 2] = [60, 500];

fn text(length: usize) -> String {
    "oh this is the one they closed with in Lisbon, still so good. "
        .chars()
        .cycle()
        .take(length)
        .collect()
}

fn message(length: usize) -> ServerFrame {
    let body = MessageBody {
        id: "1f9a7c52-8e13-4b8e".to_owned(),
        at: 1_767_225_600_000,
        member: MemberId("mb_0193f0a1c2d3e4f5a6b7".to_owned()),
        nickname: "Ana Lucía".to_owned(),
        role: Role::Fan,
        text: text(length),
        question: false,
        reply_to: Some(41),
        answers: None,
        answered: None,
    };
    ServerFrame::Message(Message {
        seq: 42,
        body: Some(body),
        hidden: false,
    })
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for length in TEXTS {
        let message = message(length);
        group.bench_function(BenchmarkId::new("message", length), |bencher| {
            bencher.iter(|| black_box(&message).encode());
        });
    }
    let ack = ServerFrame::Ack(Ack {
        id: Some("1f9a7c52-8e13-4b8e".to_owned()),
        seq: Some(42),
    });
    group.bench_function("ack", |bencher| bencher.iter(|| black_box(&ack).encode()));
    let taps: Counts<String> = ["🔥", "❤️", "👏", "😂"]
        .into_iter()
        .map(|emoji| (emoji.to_owned(), 1_234))
        .collect();
    let reactions = ServerFrame::Reactions(Reactions {
        counts: taps.clone(),
        totals: taps,
    });
    group.bench_function("reactions", |bencher| bencher.iter(|| black_box(&reactions).encode()));
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for length in TEXTS {
        let send = Send {
            id: "1f9a7c52-8e13-4b8e".to_owned(),
            text: text(length),
            question: false,
            reply_to: None,
        };
        let send = serde_json::to_string(&send).expect("JSON");
        group.bench_function(BenchmarkId::new("send", length), |bencher| {
            bencher.iter(|| ClientFrame::parse(black_box(&send)));
        });
    }
    for (name, frame) in [
        ("react", r#"{"type":"react","emoji":"🔥","count":5}"#),
        ("vote", r#"{"type":"vote","id":"v1","target":42,"on":true}"#),
        ("no JSON", r#"{"type":"#),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| ClientFrame::parse(black_box(frame))));
    }
    group.finish();
}

fn skeleton(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("skeleton");
    for (name, nickname) in [
        ("Latin", "Ana Lucía"),
        ("Cyrillic look-alikes", "Vеsnа Оduуа"),
        ("Han and Hangul", "桜の木 벚나무"),
        ("three families", &"👨‍👩‍👧‍👦".repeat(3)),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| Keys::of(black_box(nickname))));
    }
    group.finish();
}

criterion_group!(benches, encode, parse, skeleton);
criterion_main!(benches);
