//! What a message costs against word lists of different lengths, and what compiling a long list costs.
#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use server::words::Words;
use wire::moderation::{WordAction, WordMatch, WordRule};

const LISTS: [usize; 4] = [0, 100, 10_000, 20_000];

/// What people say.
const TYPICAL: &str = "oh this is the one they closed with in Lisbon, still so good";

/// Signs of the longest message.
const LONGEST: usize = 500;

/// Syllables of made-up words.
const SYLLABLES: [&str; 24] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo",
    "zu", "bra", "cle", "dri", "sto",
];

/// A list as people have them: words of three to six syllables, a tenth of them prefixes, some in capitals.
fn list(rules: usize) -> Vec<WordRule> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % sides
    };
    let mut rule = || {
        let syllables = 3 + roll(4);
        let word: String = (0..syllables).map(|_| SYLLABLES[roll(SYLLABLES.len())]).collect();
        let kind = roll(10);
        WordRule {
            pattern: if kind == 1 { word.to_uppercase() } else { word },
            matching: if kind == 0 { WordMatch::Prefix } else { WordMatch::Word },
            action: WordAction::Refuse,
            seconds: None,
            say: None,
        }
    };
    std::iter::repeat_with(&mut rule).take(rules).collect()
}

/// A list made to be slow: every pattern is within the next.
fn nested(rules: usize) -> Vec<WordRule> {
    let rule = |number: usize| WordRule {
        pattern: "a".repeat(number % 79 + 1) + if number < 79 { "" } else { "b" },
        matching: WordMatch::Word,
        action: WordAction::Refuse,
        seconds: None,
        say: None,
    };
    (0..rules).map(rule).collect()
}

fn judge(criterion: &mut Criterion) {
    let longest: String = TYPICAL.chars().cycle().take(LONGEST).collect();
    let disguised: String = "tһе οnе wіtһ еvеrу ѕіgn frοm ѕοmеwһеrе еlѕе "
        .chars()
        .cycle()
        .take(LONGEST)
        .collect();
    let mut group = criterion.benchmark_group("judge");
    for rules in LISTS {
        let words = Words::new(list(rules));
        for (name, text) in [
            ("60 signs", TYPICAL),
            ("500 signs", &longest),
            ("500 look-alikes", &disguised),
        ] {
            group.bench_with_input(BenchmarkId::new(name, rules), text, |bencher, text| {
                bencher.iter(|| words.judge(black_box(text)).is_some());
            });
        }
    }
    let (words, text) = (Words::new(nested(158)), "a".repeat(LONGEST));
    group.bench_function("500 signs of a, patterns of a", |bencher| {
        bencher.iter(|| words.judge(black_box(&text)).is_some());
    });
    group.finish();
}

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for rules in [10_000, 20_000] {
        let list = list(rules);
        group.bench_function(BenchmarkId::from_parameter(rules), |bencher| {
            bencher.iter_batched(|| list.clone(), Words::new, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, judge, compile);
criterion_main!(benches);
