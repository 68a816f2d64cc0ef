//! What the transcript costs the page: a line that comes, a page of history, and what is shown.
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use app::chat::transcript::Transcript;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use wire::frame::{Message, MessageBody};
use wire::http::HistoryPage;
use wire::{Counts, MemberId, Role, Seq};

/// Lines that are held: a screen or two, and as many as at the room's end.
const HELD: [Seq; 2] = [50, 1_000];

fn message(seq: Seq) -> Message {
    let body = MessageBody {
        id: format!("id-{seq}"),
        at: 1_767_225_600_000 + seq,
        member: MemberId(format!("member-{}", seq % 50)),
        nickname: format!("fan {}", seq % 50),
        role: Role::Fan,
        text: "oh this is the one they closed with in Lisbon, still so good".to_owned(),
        question: false,
        reply_to: None,
        answers: None,
        answered: None,
    };
    Message {
        seq,
        body: Some(body),
        hidden: false,
    }
}

fn holding(lines: Seq) -> Transcript {
    let mut transcript = Transcript::new(None);
    transcript.welcome(MemberId("me".to_owned()), 0);
    (1..=lines).for_each(|seq| transcript.message(message(seq)));
    transcript
}

fn live(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transcript");
    for held in HELD {
        let transcript = holding(held);
        group.bench_function(BenchmarkId::new("a line comes, held", held), |bencher| {
            let with_next = || (transcript.clone(), message(held + 1));
            bencher.iter_batched_ref(
                with_next,
                |(transcript, next)| transcript.message(next.clone()),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("shown, held", held), |bencher| {
            bencher.iter(|| black_box(&transcript).shown().len());
        });
    }
    group.finish();
}

fn history(criterion: &mut Criterion) {
    let mut empty = Transcript::new(None);
    empty.welcome(MemberId("me".to_owned()), 1_000);
    let page = HistoryPage {
        messages: (951..=1_000).map(message).collect(),
        next: Some("951".to_owned()),
        as_of: 1_000,
        votes: Counts::default(),
    };
    criterion.bench_function("transcript/a page of 50 comes", |bencher| {
        let ask = empty.ask().expect("the newest page");
        bencher.iter_batched(
            || (empty.clone(), page.clone()),
            |(mut transcript, page)| transcript.page(&ask, page),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, live, history);
criterion_main!(benches);
