//! When two nicknames are the same to the eye, which names nobody may look like, and names to suggest instead. Pure.

use std::collections::HashSet;
use std::sync::LazyLock;

use caseless::default_case_fold_str;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;
use wire::http::NicknameReason;

/// Names of the house: whoever carried one could speak for it.
const RESERVED: [&str; 22] = [
    "admin",
    "administrator",
    "artist",
    "crew",
    "everyone",
    "frontrow",
    "help",
    "host",
    "mod",
    "moderation",
    "moderator",
    "moderators",
    "mods",
    "official",
    "organiser",
    "organizer",
    "security",
    "staff",
    "support",
    "system",
    "team",
    "the crew",
];

/// Suggestions of one answer.
pub const SUGGESTIONS: usize = 3;

/// What a nickname looks like, twice: with case folded before the skeleton (UTS 39) and without. Two names look alike
/// when they share a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    folded: String,
    plain: String,
}

impl Keys {
    /// The keys of a name.
    pub fn of(name: &str) -> Self {
        let name: String = name.nfkc().collect();
        Self {
            folded: key(&default_case_fold_str(&name)),
            plain: key(&name),
        }
    }

    /// Each key; often both are the same.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let second = (self.plain != self.folded).then_some(self.plain.as_str());
        std::iter::once(self.folded.as_str()).chain(second)
    }

    /// Whether two names look alike.
    pub fn look_like(&self, other: &Self) -> bool {
        self.all().any(|key| other.all().any(|theirs| theirs == key))
    }
}

fn key(name: &str) -> String {
    default_case_fold_str(&skeleton(name).collect::<String>())
}

/// Whether a name is kept from fans and crew: it looks like the artist's or like one of the house, in capitals or not.
pub fn reserved_for(keys: &Keys, artist: &str) -> Option<NicknameReason> {
    static HOUSE: LazyLock<HashSet<String>> =
        LazyLock::new(|| RESERVED.iter().flat_map(|name| ways_to_write(name)).collect());
    if ways_to_write(artist).any(|key| keys.all().any(|own| own == key)) {
        return Some(NicknameReason::Artist);
    }
    keys.all()
        .any(|key| HOUSE.contains(key))
        .then_some(NicknameReason::Reserved)
}

/// The keys of a name in its own spelling, in small letters, in capitals, and with a capital at its head: other scripts
/// have twins for some capitals and not for the small letters.
fn ways_to_write(name: &str) -> impl Iterator<Item = String> {
    let (small, capitals) = (name.to_lowercase(), name.to_uppercase());
    let head: String = capitals.chars().take(1).chain(small.chars().skip(1)).collect();
    [name.to_owned(), small, capitals, head].into_iter().flat_map(|name| {
        let Keys { folded, plain } = Keys::of(&name);
        [folded, plain]
    })
}

const FIRST_WORDS: [&str; 24] = [
    "amber",
    "brass",
    "coastal",
    "copper",
    "drifting",
    "early",
    "evening",
    "gentle",
    "golden",
    "late",
    "little",
    "lucky",
    "midnight",
    "paper",
    "quiet",
    "rainy",
    "second",
    "silver",
    "slow",
    "starlit",
    "tidal",
    "velvet",
    "wandering",
    "winter",
];

const SECOND_WORDS: [&str; 24] = [
    "anchor",
    "balcony",
    "boat",
    "bridge",
    "bus",
    "candle",
    "chorus",
    "compass",
    "drum",
    "ferry",
    "harbour",
    "jetty",
    "kettle",
    "lamp",
    "lantern",
    "pier",
    "postcard",
    "raincoat",
    "refrain",
    "ribbon",
    "seagull",
    "tambourine",
    "tram",
    "window",
];

/// Names that could be free, best first: near the wish when that is any use, then from the word lists. Every one keeps
/// to the rules; whether it is free is for the store to say. `seed` makes each asker's different.
pub fn candidates(wish: &str, near: bool, seed: u64) -> Vec<String> {
    let mut dice = Dice(seed);
    let row = dice.roll(29) + 2;
    let mut names = Vec::new();
    if near {
        names.push(format!("{wish} row {row}"));
        names.push(format!("{} {wish}", dice.pick(&FIRST_WORDS)));
        names.push(format!("{wish} {}", dice.roll(90) + 10));
    }
    for _ in 0..5 {
        names.push(format!("{} {}", dice.pick(&FIRST_WORDS), dice.pick(&SECOND_WORDS)));
    }
    names.push(format!(
        "{} {} {}",
        dice.pick(&FIRST_WORDS),
        dice.pick(&SECOND_WORDS),
        dice.roll(90) + 10
    ));
    names.retain(|name| wire::text::nickname(name).is_ok_and(|kept| kept == *name));
    names
}

/// `SplitMix64`: enough for suggestions, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        let place = self.roll(u64::try_from(words.len()).unwrap_or(1));
        words[usize::try_from(place).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alike(one: &str, other: &str) -> bool {
        Keys::of(one).look_like(&Keys::of(other))
    }

    #[test]
    fn names_that_look_alike_share_a_key() {
        for (one, other) in [
            ("Marit", "marit"),
            ("Marit", "MARIT"),
            ("Vesna Oduya", "Vesna 0duya"),
            ("Vesna Oduya", "Vеsna Oduyа"), // Cyrillic е and а
            ("Lena", "Iena"),               // capital i for l
            ("paypal", "paypaI"),
            ("Straße", "STRASSE"),
            ("ﬁn", "fin"),
            ("Zoë", "Zoe\u{308}"),
            ("corner", "comer"), // rn and m
            ("Ａｄａ", "ada"),
        ] {
            assert!(alike(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn names_that_differ_do_not() {
        for (one, other) in [("Marit", "Marta"), ("Zoë", "Zoe"), ("Ada 1", "Ada 2"), ("Ада", "Ida")] {
            assert!(!alike(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn nobody_may_look_like_the_artist_or_the_crew() {
        let reason = |name| reserved_for(&Keys::of(name), "Vesna Oduya");
        assert_eq!(reason("vesna 0duya"), Some(NicknameReason::Artist));
        assert_eq!(reason("MODERATOR"), Some(NicknameReason::Reserved));
        assert_eq!(reason("Моderаtor"), Some(NicknameReason::Reserved));
        assert_eq!(reason("officiaI"), Some(NicknameReason::Reserved));
        assert_eq!(reason("VΕSΝΑ ΟDUΥΑ"), Some(NicknameReason::Artist));
        assert_eq!(reason("night bus 7"), None);
    }

    #[test]
    fn suggestions_keep_to_the_rules_and_include_some_of_the_house() {
        let near = candidates("Marit", true, 7);
        assert!(near[0].starts_with("Marit row "), "{near:?}");
        assert!(near.len() > 6);
        let long = "x".repeat(24);
        assert!(candidates(&long, true, 7).iter().all(|name| !name.contains(&long)));
        assert!(
            candidates("moderator", false, 7)
                .iter()
                .all(|name| !name.contains("moderator"))
        );
        assert_ne!(candidates("", false, 1), candidates("", false, 2));
    }

    proptest! {
        #[test]
        fn keys_are_the_same_after_the_text_rules_and_after_normalizing(typed in "\\PC{2,30}") {
            if let Ok(name) = wire::text::nickname(&typed) {
                let again = wire::text::nickname(&name).expect("still a name");
                prop_assert_eq!(Keys::of(&name), Keys::of(&again));
                let composed: String = name.nfkc().collect();
                let decomposed: String = name.nfd().collect();
                prop_assert_eq!(Keys::of(&name), Keys::of(&composed));
                prop_assert_eq!(Keys::of(&name), Keys::of(&decomposed));
            }
        }

        #[test]
        fn case_never_makes_another_name(name in "[a-zA-Zäöüßéñçа-яА-Яα-ωΑ-Ω0-9 _-]{2,24}") {
            prop_assert!(alike(&name, &default_case_fold_str(&name)));
            prop_assert!(alike(&name, &name.to_uppercase()), "{} {}", name, name.to_uppercase());
        }

        #[test]
        fn a_confusable_sign_never_makes_another_name(name in "[a-z]{2,24}", at in any::<prop::sample::Index>()) {
            let twins = [('a', 'а'), ('c', 'с'), ('e', 'е'), ('i', 'і'), ('j', 'ј'), ('o', 'ο'), ('p', 'р'), ('s', 'ѕ'), ('x', 'х'), ('y', 'у')];
            let signs: Vec<char> = name.chars().collect();
            let at = at.index(signs.len());
            let twin = twins.iter().find(|(latin, _)| *latin == signs[at]).map_or(signs[at], |(_, other)| *other);
            let changed: String = signs.iter().enumerate().map(|(place, sign)| if place == at { twin } else { *sign }).collect();
            prop_assert!(alike(&name, &changed), "{} {}", name, changed);
        }
    }
}
