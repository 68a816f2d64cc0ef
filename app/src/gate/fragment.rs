//! A ticket code in the address's fragment (`#code=…`, or just `#…`), as links in tickets and QR codes carry it.
//! A fragment never leaves the browser, so the code is in no server's log.

use wire::limits;

/// Places of our own pages that a fragment may name.
const ANCHORS: [&str; 3] = ["code", "say", "nickname"];

/// The code in a fragment, with or without its `#`.
pub fn code(fragment: &str) -> Option<String> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    let typed = match fragment.strip_prefix("code=") {
        Some(code) => code,
        None if ANCHORS.contains(&fragment) || fragment.contains('=') => return None,
        None => fragment,
    };
    let code = percent_decoded(typed)?.trim().to_owned();
    let fits = !wire::code::is_blank(&code) && code.len() <= limits::TICKET_CODE_BYTES;
    fits.then_some(code)
}

fn percent_decoded(typed: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(typed.len());
    let mut rest = typed.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_with_and_without_its_name() {
        for fragment in [
            "#code=K7QF-2MXP",
            "#K7QF-2MXP",
            "K7QF-2MXP",
            "#code=K7QF%2D2MXP",
            "#%20K7QF-2MXP%20",
        ] {
            assert_eq!(code(fragment).as_deref(), Some("K7QF-2MXP"), "{fragment}");
        }
    }

    #[test]
    fn what_is_no_code_is_left_alone() {
        let long = format!("#{}", "A".repeat(200));
        for fragment in [
            "",
            "#",
            "#code",
            "#code=",
            "#say",
            "#utm_source=mail",
            "#code=%",
            "#code=%zz",
            "#code=%ff",
            "#---",
            &long,
        ] {
            assert_eq!(code(fragment), None, "{fragment}");
        }
    }
}
