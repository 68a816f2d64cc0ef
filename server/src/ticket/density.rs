//! How often would a guess hit? A shop's codes are as safe as they are few among all that look like them. The space is
//! estimated from the codes themselves, sign by sign: a sign that is the same everywhere adds nothing to it.

#![expect(
    clippy::cast_precision_loss,
    reason = "estimates: counts of codes and signs are far below 2^52"
)]

use std::collections::{BTreeMap, BTreeSet};

/// A guess may hit at most once in a million.
pub const HIGHEST_RATE: f64 = 1e-6;

/// Alphabets that people make codes from, as they are after folding (O is 0; I and L are 1).
const CLASSES: [&str; 5] = [
    "0123456789",
    "0123456789ABCDEF",
    "01ABCDEFGHJKMNPQRSTUVWXYZ",
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    "0123456789ABCDEFGHJKMNPQRSTUVWXYZ",
];

/// Chance below which "these signs only by accident" is not believed.
const ACCIDENT: f64 = 1e-3;

/// The codes of one length.
#[derive(Clone, Debug, Default)]
struct Group {
    codes: u64,
    /// The signs seen in each place.
    places: Vec<BTreeSet<char>>,
}

/// Collects codes and judges them. Needs the signs seen, not the codes.
#[derive(Clone, Debug, Default)]
pub struct Density {
    groups: BTreeMap<usize, Group>,
}

/// What the codes of one length amount to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Signs of these codes.
    pub length: usize,
    /// Codes that would hit.
    pub codes: u64,
    /// Codes that look like them.
    pub space: f64,
}

impl Rate {
    /// How often a guess hits.
    pub fn hits(&self) -> f64 {
        self.codes as f64 / self.space
    }
}

impl Density {
    /// Takes a folded code.
    pub fn add(&mut self, folded: &str) {
        let signs: Vec<char> = folded.chars().collect();
        let group = self.groups.entry(signs.len()).or_default();
        group.codes += 1;
        group.places.resize_with(signs.len(), BTreeSet::new);
        for (place, sign) in group.places.iter_mut().zip(signs) {
            place.insert(sign);
        }
    }

    /// The worst rate of all lengths. `known` are the codes, by length, that the event has besides these: they can be
    /// hit too.
    pub fn worst(&self, known: &BTreeMap<usize, u64>) -> Option<Rate> {
        let rates = self.groups.iter().map(|(length, group)| Rate {
            length: *length,
            codes: group.codes + known.get(length).copied().unwrap_or(0),
            space: group.space(),
        });
        rates.max_by(|one, other| one.hits().total_cmp(&other.hits()))
    }
}

impl Group {
    fn space(&self) -> f64 {
        self.places.iter().map(|seen| signs_of(seen, self.codes)).product()
    }
}

/// How many signs a place has, judged by those seen there in so many codes: as many as the smallest class that has
/// them all, unless a place of that class would hardly have shown so few.
fn signs_of(seen: &BTreeSet<char>, codes: u64) -> f64 {
    let shown = seen.len() as f64;
    let class = CLASSES
        .iter()
        .find(|class| seen.iter().all(|sign| class.contains(*sign)));
    let size = match class {
        Some(class) => class.len() as f64,
        // Signs of no class: the whole alphabet, and what else was seen.
        None => CLASSES[4].len() as f64 + seen.iter().filter(|sign| !CLASSES[4].contains(**sign)).count() as f64,
    };
    if chance_of_so_few(shown, size, codes as f64) < ACCIDENT {
        shown
    } else {
        size
    }
}

/// The chance, at most, that so many codes show no more than `shown` of `size` signs: choose which, then draw only them.
fn chance_of_so_few(shown: f64, size: f64, codes: f64) -> f64 {
    if shown >= size {
        return 1.0;
    }
    let mut log = codes * (shown / size).ln();
    let mut drawn = 0.0;
    while drawn < shown {
        log += ((size - drawn) / (drawn + 1.0)).ln();
        drawn += 1.0;
    }
    log.exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate<'c>(codes: impl IntoIterator<Item = &'c str>) -> Rate {
        let mut density = Density::default();
        codes.into_iter().for_each(|code| density.add(code));
        density.worst(&BTreeMap::new()).expect("codes")
    }

    /// Signs that look random and are the same in every run.
    fn code(number: u64, signs: usize, alphabet: &str) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            alphabet[usize::try_from(state >> 33).expect("fits") % alphabet.len()]
        };
        std::iter::repeat_with(next).take(signs).collect()
    }

    #[test]
    fn long_random_codes_are_fine() {
        for signs in [12, 13, 16] {
            let codes: Vec<String> = (0..10_000).map(|number| code(number, signs, CLASSES[3])).collect();
            assert!(rate(codes.iter().map(String::as_str)).hits() < HIGHEST_RATE);
        }
        assert!(
            rate(["K7QF2M0P9T1V"]).hits() < HIGHEST_RATE,
            "one code tells enough of its kind"
        );
    }

    #[test]
    fn short_or_crowded_codes_are_not() {
        let pins: Vec<String> = (0..50).map(|number| code(number, 4, CLASSES[0])).collect();
        assert!(rate(pins.iter().map(String::as_str)).hits() > HIGHEST_RATE);
        let crowded: Vec<String> = (0..10_000).map(|number| code(number, 6, CLASSES[3])).collect();
        assert!(rate(crowded.iter().map(String::as_str)).hits() > HIGHEST_RATE);
    }

    #[test]
    fn counted_numbers_are_not_whatever_stands_before_them() {
        let codes: Vec<String> = (0..1_000).map(|number| format!("FR0NTR0W2026{number:06}")).collect();
        let rate = rate(codes.iter().map(String::as_str));
        assert!(rate.hits() > 0.5, "{rate:?}");
    }

    #[test]
    fn codes_that_the_event_has_already_count_too() {
        let mut density = Density::default();
        density.add("12345678");
        assert!(density.worst(&BTreeMap::new()).expect("a rate").hits() < HIGHEST_RATE);
        assert!(density.worst(&BTreeMap::from([(8, 1_000)])).expect("a rate").hits() > HIGHEST_RATE);
    }

    #[test]
    fn lengths_are_judged_apart() {
        let mut codes: Vec<String> = (0..1_000).map(|number| code(number, 16, CLASSES[3])).collect();
        codes.push("1234".to_owned());
        let rate = rate(codes.iter().map(String::as_str));
        assert_eq!((rate.length, rate.codes), (4, 1));
    }

    proptest! {
        #[test]
        fn the_space_is_never_smaller_than_the_codes_that_were_seen(codes in prop::collection::btree_set("[0-9A-F]{1,3}", 1..60)) {
            let rate = rate(codes.iter().map(String::as_str));
            prop_assert!(rate.hits() <= 1.0, "{rate:?}");
        }
    }
}
