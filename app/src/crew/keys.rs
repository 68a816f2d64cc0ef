//! The desk's keys. A key is never taken from somebody who types, nor from the browser.

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The line above, or below.
    Select(Way),
    /// Hide the line, or show it again.
    Hide,
    /// Ban its author; asks once more.
    Ban,
    /// Mute its author: which span is asked next.
    Mute,
    /// Clear what its author said lately: how far back is asked next.
    Clear,
    /// Do what was asked about once more.
    Confirm,
    /// One of the spans that were asked for.
    Span(usize),
    /// Pin the line, or take it off.
    Pin,
    /// Write a note about its author.
    Note,
    /// The reports.
    Reports,
    /// The questions.
    Questions,
    /// Undo the last act.
    Undo,
    /// One step back.
    Back,
    /// The sheet with all keys.
    Help,
}

/// Which line is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An older one.
    Up,
    /// A newer one.
    Down,
}

/// Where the focus is when a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a field, or in something else that needs its letters and arrows.
    Field,
    /// In the log of messages, or nowhere.
    Log,
    /// On something else.
    Elsewhere,
}

/// All keys and what they do, for the sheet.
pub const SHEET: [(&[&str], &str); 14] = [
    (&["↑", "↓"], "Select a message"),
    (&["H"], "Hide it, or show it again"),
    (&["B"], "Ban its author; Enter confirms"),
    (&["M"], "Mute its author, then 1, 2 or 3"),
    (&["C"], "Clear its author’s last minutes, then 1, 2 or 3"),
    (&["P"], "Pin it, or take it off"),
    (&["N"], "Write a note about its author"),
    (&["R"], "Reports and held messages"),
    (&["Q"], "Questions"),
    (&["U"], "Undo, for 10 seconds"),
    (&["1", "2", "3"], "Pick a time after M or C"),
    (&["Enter"], "Confirm a ban"),
    (&["Esc"], "Go back"),
    (&["?"], "This sheet"),
];

/// What a key asks for, if it is the desk's. `is_held`: with Ctrl, Alt or the like; `shift` matters for letters only.
pub fn read(key: &str, is_held: bool, shift: bool, place: Place) -> Option<Key> {
    if is_held {
        return None;
    }
    if key == "Escape" {
        return Some(Key::Back);
    }
    if place == Place::Field {
        return None;
    }
    match key {
        "?" => return Some(Key::Help),
        "ArrowUp" if place == Place::Log => return Some(Key::Select(Way::Up)),
        "ArrowDown" if place == Place::Log => return Some(Key::Select(Way::Down)),
        // Elsewhere it is the key of the button with the focus.
        "Enter" if place == Place::Log && !shift => return Some(Key::Confirm),
        _ if shift => return None,
        _ => {}
    }
    match key.to_ascii_lowercase().as_str() {
        "h" => Some(Key::Hide),
        "b" => Some(Key::Ban),
        "m" => Some(Key::Mute),
        "c" => Some(Key::Clear),
        "p" => Some(Key::Pin),
        "n" => Some(Key::Note),
        "r" => Some(Key::Reports),
        "q" => Some(Key::Questions),
        "u" => Some(Key::Undo),
        "1" => Some(Key::Span(0)),
        "2" => Some(Key::Span(1)),
        "3" => Some(Key::Span(2)),
        _ => None,
    }
}

/// The line to select after `selected`, of those in the page from the oldest to the newest.
pub fn next(lines: &[u64], selected: Option<u64>, way: Way) -> Option<u64> {
    let place = selected.map(|selected| lines.partition_point(|line| *line < selected));
    match (place, way) {
        (None, _) => lines.last().copied(),
        (Some(place), Way::Up) => lines.get(place.checked_sub(1)?).copied(),
        (Some(place), Way::Down) => {
            let is_there = lines.get(place).copied() == selected;
            lines.get(place + usize::from(is_there)).copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_the_desks_unless_somebody_types() {
        for (key, want) in [
            ("h", Key::Hide),
            ("H", Key::Hide),
            ("b", Key::Ban),
            ("q", Key::Questions),
            ("1", Key::Span(0)),
            ("?", Key::Help),
        ] {
            assert_eq!(read(key, false, false, Place::Log), Some(want), "{key}");
            assert_eq!(read(key, false, false, Place::Elsewhere), Some(want), "{key}");
            assert_eq!(read(key, false, false, Place::Field), None, "{key} in a field");
            assert_eq!(read(key, true, false, Place::Log), None, "{key} with Ctrl");
        }
        assert_eq!(read("H", false, true, Place::Log), None);
        assert_eq!(
            read("?", false, true, Place::Log),
            Some(Key::Help),
            "it needs Shift on many keyboards"
        );
        assert_eq!(read("x", false, false, Place::Log), None);
        assert_eq!(read("Enter", false, false, Place::Log), Some(Key::Confirm));
        assert_eq!(read("Enter", false, false, Place::Elsewhere), None, "a button's");
    }

    #[test]
    fn escape_leads_back_from_everywhere_and_arrows_select_in_the_log_only() {
        for place in [Place::Field, Place::Log, Place::Elsewhere] {
            assert_eq!(read("Escape", false, false, place), Some(Key::Back));
        }
        assert_eq!(read("ArrowUp", false, false, Place::Log), Some(Key::Select(Way::Up)));
        assert_eq!(read("ArrowUp", false, false, Place::Elsewhere), None);
        assert_eq!(read("ArrowDown", false, false, Place::Field), None);
    }

    #[test]
    fn selecting_begins_at_the_newest_line_and_stays_among_them() {
        let lines = [3, 5, 9];
        assert_eq!(next(&lines, None, Way::Up), Some(9));
        assert_eq!(next(&lines, Some(9), Way::Up), Some(5));
        assert_eq!(next(&lines, Some(3), Way::Up), None);
        assert_eq!(next(&lines, Some(3), Way::Down), Some(5));
        assert_eq!(next(&lines, Some(9), Way::Down), None);
        assert_eq!(next(&[], None, Way::Down), None);
        assert_eq!(next(&lines, Some(4), Way::Down), Some(5), "a line that went");
        assert_eq!(next(&lines, Some(4), Way::Up), Some(3));
    }

    #[test]
    fn the_sheet_names_every_key_there_is() {
        let named: Vec<&str> = SHEET.iter().flat_map(|(keys, _)| keys.iter().copied()).collect();
        for key in ["h", "b", "m", "c", "p", "n", "r", "q", "u", "1", "2", "3", "?"] {
            assert!(named.contains(&key.to_ascii_uppercase().as_str()), "{key}");
        }
    }
}
