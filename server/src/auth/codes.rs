//! Ticket codes that we issue, and random ids. Codes are Crockford's base32 (no I, L, O, U), shown in groups, their last
//! sign a check: a slip of the fingers is seen before the gate is asked.

use wire::{MemberId, Role, limits};

/// Crockford's base32 alphabet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Random signs of a fan's code: 65 bits.
const FAN_SIGNS: usize = 13;

/// Random signs of a pass: 95 bits.
const STAFF_SIGNS: usize = 19;

/// Most signs in a printed group.
const GROUP: usize = 5;

/// A new code for a role, in print: 5-5-4 for fans, 5-5-5-5 for passes.
pub fn issue(role: Role) -> String {
    let mut bytes = [0; STAFF_SIGNS];
    fill_random(&mut bytes);
    let signs = if role.is_staff() { STAFF_SIGNS } else { FAN_SIGNS };
    spell(&bytes[..signs])
}

/// Spells random bytes as a code: the low 5 bits of each are a sign, then comes the check sign.
fn spell(bytes: &[u8]) -> String {
    let mut values: Vec<u8> = bytes.iter().map(|byte| byte % 32).collect();
    values.push(check(&values));
    let signs: Vec<String> = values
        .chunks(GROUP)
        .map(|group| {
            group
                .iter()
                .map(|value| char::from(ALPHABET[usize::from(*value)]))
                .collect()
        })
        .collect();
    signs.join("-")
}

/// Luhn mod N with N = 32: catches every single wrong sign and nearly every swap of two neighbours.
fn check(values: &[u8]) -> u8 {
    let weighed = values.iter().rev().enumerate().map(|(place, value)| {
        let value = u32::from(*value) * if place % 2 == 0 { 2 } else { 1 };
        value / 32 + value % 32
    });
    let sum: u32 = weighed.sum();
    u8::try_from((32 - sum % 32) % 32).unwrap_or(0)
}

/// A code as typed, folded for its hash. What no code can be (nothing, or longer than any code) becomes the empty code,
/// which is never stored and is looked up like every other.
pub fn fold(typed: &str) -> String {
    if typed.len() > limits::TICKET_CODE_BYTES {
        String::new()
    } else {
        wire::code::fold(typed)
    }
}

/// A member's id: 128 random bits.
pub fn new_member() -> MemberId {
    MemberId(random_id())
}

/// 128 random bits as 26 signs that are safe in addresses, file names and on a command line.
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    fill_random(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let sign = |place: u32| {
        let value = usize::try_from((number >> (5 * place)) & 31).unwrap_or(0);
        char::from(ALPHABET[value]).to_ascii_lowercase()
    };
    (0..26).rev().map(sign).collect()
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the system has none to give: nothing here could go on safely.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system's random source");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn values(code: &str) -> Vec<u8> {
        let place = |sign: char| {
            ALPHABET
                .iter()
                .position(|known| char::from(*known) == sign)
                .expect("of the alphabet")
        };
        wire::code::fold(code)
            .chars()
            .map(|sign| u8::try_from(place(sign)).expect("small"))
            .collect()
    }

    fn is_right(values: &[u8]) -> bool {
        let (last, rest) = values.split_last().expect("signs");
        check(rest) == *last
    }

    #[test]
    fn fans_get_5_5_4_and_staff_5_5_5_5() {
        let groups = |role| issue(role).split('-').map(str::len).collect::<Vec<_>>();
        assert_eq!(groups(Role::Fan), [5, 5, 4]);
        assert_eq!(groups(Role::Artist), [5, 5, 5, 5]);
        assert_eq!(groups(Role::Moderator), [5, 5, 5, 5]);
    }

    #[test]
    fn a_code_folds_to_itself_without_its_dashes() {
        let code = issue(Role::Moderator);
        assert_eq!(fold(&code), code.replace('-', ""));
        assert_eq!(fold(&"A".repeat(limits::TICKET_CODE_BYTES + 1)), "");
    }

    #[test]
    fn ids_and_codes_do_not_repeat() {
        let ids: HashSet<String> = (0..1000).map(|_| random_id()).collect();
        let codes: HashSet<String> = (0..1000).map(|_| issue(Role::Fan)).collect();
        assert_eq!((ids.len(), codes.len()), (1000, 1000));
        assert!(ids.iter().all(|id| id.len() == 26));
    }

    proptest! {
        #[test]
        fn the_check_sign_sees_every_single_slip(bytes in prop::collection::vec(any::<u8>(), FAN_SIGNS), at in 0..=FAN_SIGNS, by in 1..32_u8) {
            let mut code = values(&spell(&bytes));
            prop_assert!(is_right(&code));
            code[at] = (code[at] + by) % 32;
            prop_assert!(!is_right(&code));
        }
    }
}
