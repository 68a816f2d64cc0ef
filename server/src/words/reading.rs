//! How a message and a pattern are read before they are compared: what cannot be seen is gone, and what looks alike is
//! the same sign (UTS 39 skeletons, full case folding).

use std::collections::HashMap;
use std::sync::LazyLock;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;
use wire::text::is_ignorable;

/// A text in NFKC without what cannot be seen, its words one space apart.
#[derive(Debug)]
pub(super) struct Settled(String);

/// The ways to read a text. They differ in signs that look like two letters at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Case is folded before the look is taken: two spellings that differ in case are the same, in every script. `1` and
    /// `|` are an i.
    Folded,
    /// The look is taken as it is: other scripts have twins for some capitals and not for the small letters. `I`, `1`
    /// and `|` are an i.
    AsI,
    /// The same, and `I`, `1` and `|` are an l.
    AsL,
}

/// What signs look like that look like an l: `I`, `1`, `|` and their kin.
const BAR: &str = "l";

/// Rounds after which a look stays; two are enough for every sign there is.
const LOOKS: usize = 4;

impl Settled {
    pub(super) fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(join_words(text));
        }
        let visible = text.chars().map(blank).filter(|sign| !is_ignorable(*sign));
        let settled: String = visible
            .nfkc()
            .filter(|sign| !is_ignorable(*sign) && !is_loose_mark(*sign))
            .map(dotless)
            .collect();
        Self(join_words(&settled))
    }

    /// The readings of a message, each once.
    pub(super) fn readings(&self) -> impl Iterator<Item = Reading> {
        let mut looks = Looks::default();
        let folded = self.read(Way::Folded, &mut looks);
        let (mut as_i, mut as_l) = (None, None);
        if self.0.chars().any(is_ambiguous) {
            as_i = Some(self.read(Way::AsI, &mut looks)).filter(|reading| reading.text != folded.text);
            as_l = Some(self.read(Way::AsL, &mut looks)).filter(|reading| reading.text != folded.text);
        }
        std::iter::once(folded).chain(as_i).chain(as_l)
    }

    /// What a pattern is looked for as. Its case is folded first: whoever writes the list in capitals means the word.
    pub(super) fn pattern_forms(&self) -> impl Iterator<Item = String> {
        let mut looks = Looks::default();
        let folded = self.read(Way::Folded, &mut looks).text;
        let small = Self(self.0.chars().default_case_fold().collect());
        let as_l = Some(small.read(Way::AsL, &mut looks).text).filter(|form| *form != folded);
        std::iter::once(folded).chain(as_l)
    }

    fn read(&self, way: Way, looks: &mut Looks) -> Reading {
        let mut reading = Reading::with_capacity(self.0.len());
        for sign in self.0.chars() {
            reading.push(sign, looks.of(sign, way));
        }
        reading
    }
}

/// One line of words one space apart.
fn join_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The Braille blank shows nothing and takes its place: it parts words, as a space does.
fn blank(sign: char) -> char {
    if sign == '\u{2800}' { ' ' } else { sign }
}

/// The Turkish capital folds to an i with one dot more, which nobody sees.
fn dotless(sign: char) -> char {
    if sign == 'İ' { 'I' } else { sign }
}

/// A mark of no script in particular that made no letter with its base: a line through it, a ring around it, one of a
/// pile of accents.
fn is_loose_mark(sign: char) -> bool {
    matches!(sign,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether the ways to read a sign can differ.
fn is_ambiguous(sign: char) -> bool {
    !sign.is_ascii() || matches!(sign, 'I' | '1' | '|')
}

/// The looks of one sign, one for each [`Way`].
type Ways = [String; 3];

/// The looks of the signs of one text. They are looked up again and again, and it takes a while to find out.
#[derive(Default)]
struct Looks(HashMap<char, Ways>);

impl Looks {
    fn of(&mut self, sign: char, way: Way) -> &str {
        static ASCII: LazyLock<Vec<Ways>> = LazyLock::new(|| (0..=127_u8).map(|byte| ways(byte.into())).collect());
        let ways = match ASCII.get(sign as usize) {
            Some(ways) => ways,
            None => self.0.entry(sign).or_insert_with(|| ways(sign)),
        };
        &ways[way as usize]
    }
}

/// What a sign looks like in small letters, each way.
fn ways(sign: char) -> Ways {
    if sign == ' ' {
        return [" "; 3].map(str::to_owned);
    }
    let look = settled_look(sign);
    let folded = std::iter::once(sign).default_case_fold();
    let folded = folded.map(|small| {
        let look = if small == sign {
            look.clone()
        } else {
            settled_look(small)
        };
        as_i(small, look)
    });
    [folded.collect(), as_i(sign, look.clone()), look]
}

/// The look of a sign; an i if it is a bar that is no l.
fn as_i(sign: char, look: String) -> String {
    if look == BAR && !matches!(sign, 'l' | 'L') {
        "i".to_owned()
    } else {
        look
    }
}

/// The look of a sign, and of that in small letters, until it stays: M looks like itself, and m like rn.
fn settled_look(sign: char) -> String {
    let mut bytes = [0; 4];
    let mut look: String = skeleton(sign.encode_utf8(&mut bytes)).default_case_fold().collect();
    for _ in 0..LOOKS {
        let next: String = skeleton(&look).default_case_fold().collect();
        if next == look {
            break;
        }
        look = next;
    }
    look
}

/// Signs of the same text, and where each begins and ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    text: String,
    /// What is at each byte of the text, and at its end.
    edges: Vec<Edge>,
}

/// A place between two bytes of a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Edge {
    /// A sign of the message ends and another begins here: one sign can look like two, as m looks like rn.
    between_signs: bool,
    /// What comes before is part of a word.
    after_word: bool,
    /// What follows is part of a word.
    before_word: bool,
}

impl Reading {
    fn with_capacity(bytes: usize) -> Self {
        let mut edges = Vec::with_capacity(bytes + bytes / 8 + 1);
        edges.push(Edge {
            between_signs: true,
            ..Edge::default()
        });
        Self {
            text: String::with_capacity(bytes + bytes / 8),
            edges,
        }
    }

    /// Adds a sign of the message by its looks. A sign of no look at all is not there.
    fn push(&mut self, sign: char, looks: &str) {
        if looks.is_empty() {
            return;
        }
        let in_word = sign.is_alphanumeric() || is_combining_mark(sign);
        if let Some(edge) = self.edges.last_mut() {
            edge.before_word = in_word;
        }
        self.text.push_str(looks);
        self.edges.resize(self.text.len(), Edge::default());
        self.edges.push(Edge {
            between_signs: true,
            after_word: in_word,
            before_word: false,
        });
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a sign begins at this byte, and no letter or digit stands before it.
    pub(super) fn begins_a_word(&self, at: usize) -> bool {
        self.edges[at].between_signs && !self.edges[at].after_word
    }

    /// Whether a sign ends at this byte, and no letter or digit follows.
    pub(super) fn ends_a_word(&self, at: usize) -> bool {
        self.edges[at].between_signs && !self.edges[at].before_word
    }

    /// Whether a sign ends at this byte.
    pub(super) fn ends_a_sign(&self, at: usize) -> bool {
        self.edges[at].between_signs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(sign: char, way: Way) -> String {
        Looks::default().of(sign, way).to_owned()
    }

    #[test]
    fn ascii_signs_that_are_not_ambiguous_look_the_same_every_way() {
        for sign in (0..=127).map(char::from).filter(|sign| !is_ambiguous(*sign)) {
            let [folded, as_i, as_l] = [Way::Folded, Way::AsI, Way::AsL].map(|way| looks(sign, way));
            assert!(folded == as_i && folded == as_l, "{sign}");
        }
        for sign in ['I', '1', '|'] {
            assert_eq!(
                [Way::Folded, Way::AsI, Way::AsL].map(|way| looks(sign, way)),
                ["i", "i", "l"]
            );
        }
    }

    #[test]
    fn every_look_stays_after_the_rounds() {
        for sign in '\0'..='\u{1ffff}' {
            let look = settled_look(sign);
            let next: String = skeleton(&look).default_case_fold().collect();
            assert_eq!(look, next, "{sign:?}");
        }
    }

    #[test]
    fn an_m_is_one_sign_and_looks_like_two() {
        let reading = Settled::of("am i").read(Way::Folded, &mut Looks::default());
        assert_eq!(reading.text(), "arn i");
        let ends: Vec<bool> = (0..=5).map(|at| reading.ends_a_sign(at)).collect();
        assert_eq!(ends, [true, true, false, true, true, true]);
        assert!(reading.begins_a_word(0) && !reading.begins_a_word(1) && reading.begins_a_word(4));
        assert!(reading.ends_a_word(3) && !reading.ends_a_word(1) && reading.ends_a_word(5));
    }
}
