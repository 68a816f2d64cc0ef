//! The audit log in words, and what can be asked of it.

use wire::frame::Verb;
use wire::moderation::AuditRow;

use super::pages::Listed;
use super::span;

/// Picks what was done, without what fans reported.
pub const NO_REPORTS: &str = "no-reports";

/// Kinds of rows that can be picked out, with their names in the page.
pub const KINDS: [(&str, &str); 35] = [
    (NO_REPORTS, "All but reports"),
    ("hide", "Hidden"),
    ("unhide", "Shown again"),
    ("ban", "Banned"),
    ("unban", "No longer banned"),
    ("mute", "Muted"),
    ("clear", "Cleared"),
    ("unclear", "Clear undone"),
    ("rename", "Renamed"),
    ("unrename", "Rename undone"),
    ("hold", "All messages held"),
    ("unhold", "Held no longer"),
    ("approve", "Held message approved"),
    ("drop", "Held message dropped"),
    ("dismiss", "Reports dismissed"),
    ("reopen", "Reports opened again"),
    ("note", "Notes"),
    ("queue", "Question let in"),
    ("unqueue", "Question dropped"),
    ("spotlight", "On stage"),
    ("answer", "Answered"),
    ("unanswer", "Open again"),
    ("slow", "Slow mode"),
    ("pin", "Pinned"),
    ("pause", "Paused"),
    ("resume", "Resumed"),
    ("words_added", "Words added"),
    ("words_removed", "Words taken out"),
    ("words_replaced", "Word list replaced"),
    ("words_cleared", "Word list emptied"),
    ("report", "Reports"),
    ("role_changed", "Role changed"),
    ("takeover", "Seat moved"),
    ("takeover_refused", "Seat not moved"),
    ("ticket_revoked", "Ticket revoked"),
];

/// What a row says happened, without who did it.
pub fn what(row: &AuditRow) -> String {
    let about = row.about.as_ref().and_then(|about| about.nickname.as_deref());
    let whom = about.unwrap_or("somebody");
    let for_span = row.seconds.map(span::words).unwrap_or_default();
    match (row.kind.as_str(), row.seconds) {
        ("hide", _) => of("hid a message", about),
        ("unhide", _) => of("showed a message again", about),
        ("ban", _) => format!("banned {whom}"),
        ("unban", _) => format!("ended the ban of {whom}"),
        ("mute", Some(0)) => format!("ended the mute of {whom}"),
        ("mute", _) => format!("muted {whom} for {for_span}"),
        ("clear", _) => format!("cleared the last {for_span} of {whom}"),
        ("unclear", _) => of("undid a clear", about),
        ("rename", _) => format!("renamed {whom}"),
        ("unrename", _) => format!("gave {whom} the old nickname back"),
        ("hold", _) => format!("had all messages of {whom} wait"),
        ("unhold", _) => format!("let messages of {whom} go out again"),
        ("approve", _) => of("let a held message in", about),
        ("drop", _) => of("dropped a held message", about),
        ("dismiss", _) => of("dismissed the reports of a message", about),
        ("reopen", _) => of("opened the reports of a message again", about),
        ("note", _) => format!("noted about {whom}"),
        ("queue", _) => of("let in a question", about),
        ("unqueue", _) => of("dropped a question", about),
        ("spotlight", _) if row.target.is_none() => "took the question off the stage".to_owned(),
        ("spotlight", _) => format!("put a question of {whom} on stage"),
        ("answer", _) => of("answered a question", about),
        ("unanswer", _) => format!("opened a question of {whom} again"),
        ("slow", Some(0)) => "switched slow mode off".to_owned(),
        ("slow", _) => format!("set slow mode to {for_span}"),
        ("pin", _) if row.target.is_none() => "took the pin away".to_owned(),
        ("pin", _) => of("pinned a message", about),
        ("pause", _) => "paused the chat".to_owned(),
        ("resume", _) => "resumed the chat".to_owned(),
        ("words_added", _) => "added to the word list".to_owned(),
        ("words_removed", _) => "took a rule out of the word list".to_owned(),
        ("words_replaced", _) => "replaced the word list".to_owned(),
        ("words_cleared", _) => "emptied the word list".to_owned(),
        ("report", _) => format!("reported {whom}"),
        ("role_changed", _) => format!("changed the role of {whom}"),
        ("takeover", _) => format!("moved the seat of {whom} to another device"),
        ("takeover_refused", _) => format!("refused to move the seat of {whom} again"),
        ("ticket_revoked", _) => format!("took the ticket of {whom} back"),
        (kind, _) => match about {
            Some(about) => format!("{}: {about}", kind.replace('_', " ")),
            None => kind.replace('_', " "),
        },
    }
}

fn of(what: &str, whom: Option<&str>) -> String {
    match whom {
        Some(whom) => format!("{what} of {whom}"),
        None => what.to_owned(),
    }
}

/// Who did it; the house when nobody is named.
pub fn who(row: &AuditRow) -> &str {
    match &row.by {
        Some(by) => by.nickname.as_deref().unwrap_or("Somebody"),
        None => "The house",
    }
}

/// What a row adds: the reason, a note's text.
pub fn more(row: &AuditRow) -> String {
    let parts: Vec<&str> = [&row.reason, &row.detail]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    parts.join(" · ")
}

impl Listed for AuditRow {
    type Id = u64;

    fn id(&self) -> u64 {
        self.id
    }
}

/// How to take back what a row tells of, long after it was done; `rows` are newest first.
pub fn way_back(rows: &[AuditRow], row: &AuditRow) -> Option<(&'static str, Verb)> {
    let later = rows.iter().take_while(|other| other.id != row.id);
    match row.kind.as_str() {
        "clear" => {
            let target = row.seq?;
            let is_undone = later
                .into_iter()
                .any(|row| row.kind == "unclear" && row.target == Some(target));
            (!is_undone).then_some(("Undo this clear", Verb::Unclear { target }))
        }
        "rename" => {
            let member = row.about.as_ref()?.member.clone();
            let is_last = !later
                .into_iter()
                .any(|row| matches!(row.kind.as_str(), "rename" | "unrename"));
            is_last.then_some(("Give the old name back", Verb::Unrename { member }))
        }
        _ => None,
    }
}

/// What is asked of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One kind of row, or [`NO_REPORTS`].
    pub kind: Option<String>,
    /// Rows about this member.
    pub member: Option<String>,
    /// Rows of this moderator, or of the house.
    pub by: Option<String>,
    /// Of the last so many milliseconds.
    pub last: Option<u64>,
}

impl Filter {
    /// The filter as pairs of a query that is asked at the time `now`.
    pub fn pairs(&self, now: u64) -> Vec<(&'static str, String)> {
        let is_without = self.kind.as_deref() == Some(NO_REPORTS);
        let kind = self.kind.clone().filter(|_| !is_without);
        let since = self.last.map(|last| now.saturating_sub(last).to_string());
        let pairs = [
            ("kind", kind),
            ("without", is_without.then(|| "report".to_owned())),
            ("member", self.member.clone()),
            ("by", self.by.clone()),
            ("since", since),
        ];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use wire::MemberId;
    use wire::frame::Actor;

    use super::*;

    fn row(kind: &str, about: Option<&str>, seconds: Option<u32>) -> AuditRow {
        let actor = |name: &str| Actor {
            member: MemberId(name.into()),
            nickname: Some(name.into()),
        };
        AuditRow {
            id: 1,
            at: 1,
            kind: kind.into(),
            by: Some(actor("Mo")),
            about: about.map(actor),
            target: None,
            seq: None,
            seconds,
            reason: None,
            detail: None,
        }
    }

    #[test]
    fn rows_read_like_sentences() {
        for (row, want) in [
            (row("ban", Some("kenny"), None), "banned kenny"),
            (row("mute", Some("kenny"), Some(600)), "muted kenny for 10 min"),
            (row("mute", Some("kenny"), Some(0)), "ended the mute of kenny"),
            (row("hide", None, None), "hid a message"),
            (row("hide", Some("kenny"), None), "hid a message of kenny"),
            (row("queue", Some("kenny"), None), "let in a question of kenny"),
            (row("spotlight", None, None), "took the question off the stage"),
            (row("slow", None, Some(0)), "switched slow mode off"),
            (row("report", Some("bass_drop_88"), None), "reported bass_drop_88"),
            (row("role_changed", Some("Ines"), None), "changed the role of Ines"),
            (row("something_new", Some("Ines"), None), "something new: Ines"),
        ] {
            assert_eq!(what(&row), want);
        }
        let house = AuditRow {
            by: None,
            reason: Some("spam".into()),
            detail: Some("free tickets".into()),
            ..row("mute", Some("kenny"), Some(60))
        };
        assert_eq!(
            (who(&house), more(&house).as_str()),
            ("The house", "spam · free tickets")
        );
    }

    #[test]
    fn a_filter_asks_for_what_is_set() {
        assert_eq!(Filter::default().pairs(9), []);
        let mut filter = Filter {
            kind: Some("ban".into()),
            last: Some(5),
            ..Filter::default()
        };
        let since = ("since", "4".to_owned());
        assert_eq!(filter.pairs(9), [("kind", "ban".to_owned()), since.clone()]);
        filter.kind = Some(NO_REPORTS.into());
        assert_eq!(filter.pairs(9), [("without", "report".to_owned()), since]);
    }

    #[test]
    fn a_clear_and_the_last_new_name_can_be_taken_back_from_the_log() {
        let numbered = |id, kind, target| AuditRow {
            id,
            seq: Some(id),
            target,
            ..row(kind, Some("kenny"), Some(60))
        };
        let rows = [
            numbered(5, "rename", None),
            numbered(4, "unclear", Some(2)),
            numbered(3, "clear", None),
            numbered(2, "clear", None),
            numbered(1, "rename", None),
        ];
        let member = MemberId("kenny".into());
        let ways: Vec<Option<Verb>> = rows
            .iter()
            .map(|row| way_back(&rows, row).map(|(_, verb)| verb))
            .collect();
        let old_name = Verb::Unrename { member };
        assert_eq!(
            ways,
            [Some(old_name), None, Some(Verb::Unclear { target: 3 }), None, None]
        );
    }
}
