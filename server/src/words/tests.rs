use proptest::prelude::*;

use super::*;

fn rule_of(pattern: &str, matching: WordMatch, action: WordAction) -> WordRule {
    WordRule {
        pattern: pattern.to_owned(),
        matching,
        action,
        seconds: None,
        say: None,
    }
}

fn refuse(pattern: &str, matching: WordMatch) -> Words {
    Words::new([rule_of(pattern, matching, WordAction::Refuse)])
}

fn hits(pattern: &str, text: &str) -> bool {
    refuse(pattern, WordMatch::Word).judge(text).is_some()
}

#[test]
fn a_word_is_met_where_no_letter_or_digit_touches_it() {
    for text in [
        "scalper",
        "a scalper!",
        "(SCALPER)",
        "scalper’s",
        "no\nscalper\nhere",
        "_scalper_",
        "|scalper|",
        "💥scalper💥",
    ] {
        assert!(hits("scalper", text), "{text}");
    }
    for text in [
        "scalpers",
        "ascalper",
        "scalper2",
        "2scalper",
        "scalp er",
        "éscalper",
        "scalperम",
        "",
    ] {
        assert!(!hits("scalper", text), "{text}");
    }
}

#[test]
fn a_prefix_is_met_where_a_word_begins() {
    let words = refuse("scalp", WordMatch::Prefix);
    for text in ["scalp", "scalpers", "the scalping", "|scalping"] {
        assert!(words.judge(text).is_some(), "{text}");
    }
    for text in ["escalp", "s calp", "3scalp"] {
        assert!(words.judge(text).is_none(), "{text}");
    }
}

#[test]
fn an_exact_pattern_is_the_whole_message() {
    let words = refuse("first", WordMatch::Exact);
    for text in ["first", " FIRST ", "fіrst", "fir\u{200b}st"] {
        assert!(words.judge(text).is_some(), "{text}");
    }
    for text in ["first!", "me first", "firsts"] {
        assert!(words.judge(text).is_none(), "{text}");
    }
}

#[test]
fn a_pattern_can_be_of_several_words_or_of_none() {
    assert!(hits("buy tickets", "Buy \t  TICKETS here"));
    assert!(!hits("buy tickets", "buytickets"));
    assert!(hits("🖕", "oh 🖕🏽"));
    assert!(hits("$$$", "win $$$"));
}

#[test]
fn what_looks_alike_is_the_same() {
    for (pattern, text) in [
        ("scalper", "SCALPER"),
        ("scalper", "ѕсаlреr"),               // Cyrillic
        ("scalper", "ｓｃａｌｐｅｒ"),        // fullwidth
        ("scalper", "𝓼𝓬𝓪𝓵𝓹𝓮𝓻"),               // mathematical
        ("scalper", "s\u{336}c\u{336}alper"), // struck through
        ("scalper", "sca\u{200b}l\u{2060}per"),
        ("scalper", "sca\u{ad}l\u{200d}p\u{fe0f}er"),
        ("scalper", "\u{2067}scalper\u{2069}"),
        ("kill", "kiII"),
        ("kill", "ki||"),
        ("kill", "K1LL"),
        ("kill", "ki11"),
        ("shit", "sh1t"),
        ("shit", "SH1T"),
        ("love", "1ove"),
        ("love", "l0ve"),
        ("hate", "ΗΑΤΕ"), // Greek capitals
        ("idiot", "ΙDΙΟΤ"),
        ("idiot", "Іdiоt"),
        ("mom", "ΜОМ"),
        ("corner", "comer"),
        ("comer", "corner"),
        ("ναι", "ΝΑΙ"),
        ("straße", "STRASSE"),
        ("istanbul", "İSTANBUL"),
        ("zoë", "zoe\u{308}"),
        ("1488", "1488"),
        ("HAIL", "hail"),
        ("mañana", "MAN\u{303}ANA"),
    ] {
        assert!(hits(pattern, text), "{pattern} in {text}");
    }
}

#[test]
fn what_differs_to_the_eye_is_not_the_same() {
    for (pattern, text) in [
        ("hail", "the hall"),
        ("hall", "Hail"),
        ("bar", "bam"),
        ("schon", "schön"),
        ("kill", "kii"),
        ("क", "क्या"),
        ("ass", "a s s"),
    ] {
        assert!(!hits(pattern, text), "{pattern} in {text}");
    }
    assert!(
        refuse("bar", WordMatch::Prefix).judge("bamboo").is_none(),
        "half of an m is no n"
    );
}

#[test]
fn the_strongest_rule_decides_and_of_equals_the_first() {
    let rule = |pattern, matching, action| rule_of(pattern, matching, action);
    let rules = [
        rule("one", WordMatch::Word, WordAction::Hold),
        rule("o", WordMatch::Prefix, WordAction::Refuse),
        rule("on", WordMatch::Prefix, WordAction::Refuse),
        rule("one", WordMatch::Exact, WordAction::Mute),
        rule("ONE", WordMatch::Exact, WordAction::Mute),
    ];
    let words = Words::new(rules.clone());
    assert_eq!(words.judge("one"), Some(&rules[3]));
    assert_eq!(words.judge("one two"), Some(&rules[1]));
    let held = Words::new([rules[0].clone()]);
    assert_eq!(held.judge("one two"), Some(&rules[0]));
    assert_eq!((words.len(), Words::new([]).is_empty()), (5, true));
}

#[test]
fn a_pattern_that_nothing_is_left_of_is_no_pattern() {
    for typed in ["", "  ", "\u{200b}", "\u{301}", "\u{2800}", "\u{fe0f}\u{200d}"] {
        assert_eq!(pattern(typed), Err(BadPattern::Empty), "{typed:?}");
    }
    assert_eq!(pattern(&"x".repeat(81)), Err(BadPattern::TooLong));
    assert_eq!(pattern(&"x".repeat(501)), Err(BadPattern::TooLong));
    assert_eq!(
        pattern(&"\u{fdfa}".repeat(80)),
        Err(BadPattern::TooLong),
        "a sentence a sign"
    );
    assert_eq!(pattern(" two \n words "), Ok("two words".to_owned()));
    let nothing = Words::new([rule_of("\u{200b}", WordMatch::Word, WordAction::Mute)]);
    assert!(nothing.judge("anything \u{200b}").is_none());
}

#[test]
fn nested_patterns_are_found_in_one_pass() {
    let rules = (1..=limits::PATTERN_SCALARS).flat_map(|length| {
        let pattern = "a".repeat(length);
        [WordMatch::Prefix, WordMatch::Word].map(|matching| rule_of(&pattern, matching, WordAction::Hold))
    });
    let words = Words::new(rules.chain([rule_of(&"a".repeat(60), WordMatch::Word, WordAction::Mute)]));
    let met = |text: &str| words.judge(text).map(|rule| (rule.pattern.len(), rule.action));
    assert_eq!(met(&"a".repeat(500)), Some((1, WordAction::Hold)));
    assert_eq!(
        met(&format!("{} {}", "a".repeat(400), "a".repeat(60))),
        Some((60, WordAction::Mute))
    );
}

/// The rules, spelled out one pattern at a time: no automaton, every place of the text.
fn naive(rules: &[WordRule], text: &str) -> Option<WordRule> {
    let settled = Settled::of(text);
    let met = |rule: &WordRule| {
        settled.readings().any(|reading| {
            forms(&rule.pattern).iter().any(|form| match rule.matching {
                WordMatch::Exact => reading.text() == form,
                _ => reading.text().match_indices_overlapping(form).any(|at| {
                    let end = at + form.len();
                    let ends = match rule.matching {
                        WordMatch::Word => reading.ends_a_word(end),
                        _ => reading.ends_a_sign(end),
                    };
                    reading.begins_a_word(at) && ends
                }),
            })
        })
    };
    let mut strongest: Option<&WordRule> = None;
    for rule in rules.iter().filter(|rule| met(rule)) {
        if strongest.is_none_or(|strongest| rule.action > strongest.action) {
            strongest = Some(rule);
        }
    }
    strongest.cloned()
}

trait Overlapping {
    fn match_indices_overlapping(&self, pattern: &str) -> impl Iterator<Item = usize>;
}

impl Overlapping for str {
    fn match_indices_overlapping(&self, pattern: &str) -> impl Iterator<Item = usize> {
        self.char_indices()
            .map(|(at, _)| at)
            .filter(move |at| self[*at..].starts_with(pattern))
    }
}

fn some_rules() -> impl Strategy<Value = Vec<WordRule>> {
    let matching = prop::sample::select(vec![WordMatch::Exact, WordMatch::Word, WordMatch::Prefix]);
    let action = prop::sample::select(vec![WordAction::Hold, WordAction::Refuse, WordAction::Mute]);
    let rule = ("[abiImlr1n| é]{1,5}", matching, action);
    prop::collection::vec(
        rule.prop_map(|(pattern, matching, action)| rule_of(&pattern, matching, action)),
        0..20,
    )
}

/// Ways to write a word so that it still looks like it.
fn disguise(word: &str, seeds: &[u8]) -> String {
    let twins = [
        ('a', "аαａ𝐚AΑ"),
        ('c', "сｃ𝐜CС"),
        ('e', "еｅ𝐞EΕ"),
        ('i', "іｉ𝐢I1|Ι"),
        ('j', "јJ"),
        ('k', "KΚ"),
        ('l', "1I|ｌⅼL"),
        ('m', "ｍMΜМ"),
        ('n', "ｎN"),
        ('o', "оοｏ0O"),
        ('p', "рｐPΡ"),
        ('s', "ѕｓS"),
        ('t', "ｔTΤТ"),
        ('x', "хｘX"),
        ('y', "уＹY"),
    ];
    let mut text = String::new();
    // One sign can be an i here or an l there, not both in one word.
    let bars = if seeds.first().is_some_and(|seed| seed % 2 == 0) {
        'i'
    } else {
        'l'
    };
    for (sign, seed) in word.chars().zip(seeds.iter().cycle()) {
        let own = twins
            .iter()
            .find(|(own, _)| *own == sign)
            .filter(|(own, _)| !matches!(own, 'i' | 'l') || *own == bars);
        let twins: Vec<char> = own.map_or(vec![], |(_, twins)| twins.chars().collect());
        text.push(
            twins
                .get(usize::from(*seed) % (twins.len() + 1))
                .copied()
                .unwrap_or(sign),
        );
        text.push_str(
            [
                "", "", "\u{200b}", "\u{ad}", "\u{200d}", "\u{fe0f}", "\u{2060}", "\u{335}",
            ][usize::from(*seed >> 5)],
        );
    }
    text
}

proptest! {
    #[test]
    fn the_automaton_finds_what_looking_everywhere_finds(rules in some_rules(), text in "[abiImlr1n| é]{0,24}") {
        let met = Words::new(rules.clone()).judge(&text).cloned();
        prop_assert_eq!(met, naive(&rules, &text));
    }

    #[test]
    fn no_disguise_saves_a_word(word in "[a-z]{2,12}", before in "[a-z]{0,8}", seeds in prop::collection::vec(any::<u8>(), 12)) {
        let disguised = disguise(&word, &seeds);
        let text = format!("{before} {disguised}, ok");
        let longer = format!("{disguised}x");
        prop_assert!(hits(&word, &text), "{word} in {text}");
        prop_assert!(hits(&word.to_uppercase(), &text));
        prop_assert!(refuse(&word, WordMatch::Prefix).judge(&longer).is_some());
        prop_assert!(refuse(&word, WordMatch::Exact).judge(&disguised).is_some());
    }

    #[test]
    fn case_saves_no_word_in_any_script(word in "[a-zäöüßéñа-яα-ωա-ֆ]{2,12}", invisible in "[\u{200b}\u{2060}\u{ad}]{0,3}") {
        for text in [word.to_uppercase(), word.to_lowercase(), format!("{invisible}{word}{invisible}")] {
            prop_assert!(hits(&word, &text), "{} in {}", word, text);
            prop_assert!(hits(&text, &word), "{} in {}", text, word);
        }
    }

    #[test]
    fn every_pattern_that_is_taken_is_met_by_itself(typed in "\\PC{1,30}") {
        if let Ok(kept) = pattern(&typed) {
            prop_assert_eq!(pattern(&kept), Ok(kept.clone()));
            prop_assert!(refuse(&kept, WordMatch::Exact).judge(&kept).is_some(), "{:?}", kept);
            prop_assert!(hits(&kept, &format!(". {kept} .")), "{:?}", kept);
        }
    }

    #[test]
    fn a_text_without_any_pattern_is_never_hit(text in "[abdefghijkop 0-9.,!]{0,60}", patterns in prop::collection::vec("[q-z]{1,8}", 1..40)) {
        let rules = patterns.iter().map(|pattern| rule_of(pattern, WordMatch::Prefix, WordAction::Mute));
        prop_assert!(Words::new(rules).judge(&text).is_none());
    }

    #[test]
    fn nothing_that_can_be_typed_breaks_it(text in any::<String>(), pattern in any::<String>()) {
        for matching in [WordMatch::Exact, WordMatch::Word, WordMatch::Prefix] {
            let _ = refuse(&pattern, matching).judge(&text);
        }
    }
}
