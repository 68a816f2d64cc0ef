//! The word list in words: what a rule does, and what became of a file.

use wire::moderation::{ListedRule, WordAction, WordMatch, WordRule, WordsTaken};

use super::pages::Listed;
use super::span;

/// Largest file that is sent, in bytes: far more than all the rules there can be.
pub const FILE_BYTES: f64 = 4_000_000.0;

/// A file in small; its fields are parted by tabs.
pub const SAMPLE: &str = "# words\nscalper\nspoiler\tprefix\thold\nbuy here\tword\tmute\t600\tNo selling here, please.";

impl Listed for ListedRule {
    type Id = u64;

    fn id(&self) -> u64 {
        self.id
    }
}

/// What a rule does, in words.
pub fn does(rule: &WordRule) -> String {
    let matching = match rule.matching {
        WordMatch::Exact => "the whole message",
        WordMatch::Word => "a word",
        WordMatch::Prefix => "the beginning of a word",
    };
    let action = match (rule.action, rule.seconds) {
        (WordAction::Hold, _) => "holds".to_owned(),
        (WordAction::Refuse, _) => "refuses".to_owned(),
        (WordAction::Mute, None) => "refuses and mutes".to_owned(),
        (WordAction::Mute, Some(seconds)) => format!("refuses and mutes for {}", span::words(seconds)),
    };
    match &rule.say {
        Some(say) => format!("As {matching}: {action}, and says “{say}”"),
        None => format!("As {matching}: {action}"),
    }
}

/// What became of a file or a rule, in words.
pub fn taken(taken: &WordsTaken) -> String {
    let mut parts = vec![format!("{} added", taken.added)];
    if taken.known > 0 {
        parts.push(format!("{} known already", taken.known));
    }
    if taken.refused_total > 0 {
        let lines = if taken.refused_total == 1 {
            "line is no rule"
        } else {
            "lines are no rules"
        };
        parts.push(format!("{} {lines}", taken.refused_total));
    }
    format!("{}. The list has {} now.", parts.join(", "), taken.total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_what_it_does() {
        let rule = WordRule {
            pattern: "x".into(),
            matching: WordMatch::Prefix,
            action: WordAction::Mute,
            seconds: Some(60),
            say: Some("Be kind.".into()),
        };
        assert_eq!(
            does(&rule),
            "As the beginning of a word: refuses and mutes for 1 min, and says “Be kind.”"
        );
    }

    #[test]
    fn what_was_taken_is_counted() {
        let mut file = WordsTaken {
            added: 4_998,
            known: 1,
            total: 5_003,
            refused: Vec::new(),
            refused_total: 1,
        };
        assert_eq!(
            taken(&file),
            "4998 added, 1 known already, 1 line is no rule. The list has 5003 now."
        );
        (file.known, file.refused_total) = (0, 0);
        assert_eq!(taken(&file), "4998 added. The list has 5003 now.");
    }
}
