//! The stage's keys: those of a keyboard, and those that a presenter's clicker sends.

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The next question into the spotlight.
    Next,
    /// The one before.
    Previous,
    /// The question in the spotlight was answered on air.
    Answered,
    /// Answer it in words.
    InWords,
    /// Say something.
    Say,
    /// Undo the last act.
    Undo,
    /// Dark or bright.
    Light,
    /// The sheet with all keys.
    Help,
    /// Out of the field.
    Back,
}

/// Where the focus is when a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a field.
    Field,
    /// On something that Space and Enter press.
    Button,
    /// In a dialog, which has its own keys.
    Dialog,
    /// Anywhere else.
    Stage,
}

/// All keys and what they do, for the sheet.
pub const SHEET: [(&[&str], &str); 9] = [
    (&["→", "Page down", "N"], "Next question"),
    (&["←", "Page up", "P"], "The question before"),
    (&["Space", "Enter", "B", "."], "Answered on air"),
    (&["U"], "Undo, for 10 seconds"),
    (&["A"], "Answer in words"),
    (&["T", "/"], "Write to the room"),
    (&["Esc"], "Leave the field"),
    (&["D"], "Dark or bright"),
    (&["?"], "This sheet"),
];

/// What a key asks for, if it is the stage's. `is_held`: with Ctrl, Alt or the like, or because it is not let go of.
pub fn read(key: &str, is_held: bool, place: Place) -> Option<Key> {
    if is_held || place == Place::Dialog {
        return None;
    }
    if place == Place::Field {
        return (key == "Escape").then_some(Key::Back);
    }
    match key {
        " " | "Enter" if place == Place::Button => return None,
        "ArrowRight" | "PageDown" => return Some(Key::Next),
        "ArrowLeft" | "PageUp" => return Some(Key::Previous),
        " " | "Enter" | "." => return Some(Key::Answered),
        "/" => return Some(Key::Say),
        "?" => return Some(Key::Help),
        _ => {}
    }
    match key.to_ascii_lowercase().as_str() {
        "n" => Some(Key::Next),
        "p" => Some(Key::Previous),
        "b" => Some(Key::Answered),
        "u" => Some(Key::Undo),
        "a" => Some(Key::InWords),
        "t" => Some(Key::Say),
        "d" => Some(Key::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyboards_and_clickers_do_the_same() {
        for (keys, want) in [
            (&["ArrowRight", "PageDown", "n", "N"][..], Key::Next),
            (&["ArrowLeft", "PageUp", "p"], Key::Previous),
            (&[" ", "Enter", "b", "B", "."], Key::Answered),
            (&["t", "/"], Key::Say),
            (&["u"], Key::Undo),
            (&["a"], Key::InWords),
            (&["d"], Key::Light),
            (&["?"], Key::Help),
        ] {
            for key in keys {
                assert_eq!(read(key, false, Place::Stage), Some(want), "{key}");
                assert_eq!(read(key, true, Place::Stage), None, "{key}, held");
                assert_eq!(read(key, false, Place::Field), None, "{key} in a field");
                assert_eq!(read(key, false, Place::Dialog), None, "{key} in the sheet");
            }
        }
        assert_eq!(read("x", false, Place::Stage), None);
    }

    #[test]
    fn a_button_is_pressed_by_its_own_keys_and_a_field_is_left_by_escape() {
        assert_eq!(read(" ", false, Place::Button), None);
        assert_eq!(read("Enter", false, Place::Button), None);
        assert_eq!(read("PageDown", false, Place::Button), Some(Key::Next));
        assert_eq!(read("Escape", false, Place::Field), Some(Key::Back));
    }
}
