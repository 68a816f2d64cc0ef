//! The audit log as a file: a table for spreadsheets, or a list. Written in parts, so that a long one fills no memory. Pure.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wire::UnixMillis;
use wire::frame::Actor;
use wire::moderation::AuditRow;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CSV (RFC 4180).
    Csv,
    /// A JSON list.
    Json,
}

/// Why lines could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// As CSV.
    #[error("the audit log cannot be written as CSV: {0}")]
    Csv(#[from] csv::Error),
    /// As JSON.
    #[error("the audit log cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The columns of a CSV file.
const COLUMNS: [&str; 12] = [
    "id",
    "at",
    "kind",
    "by",
    "by_nickname",
    "about",
    "about_nickname",
    "target",
    "seq",
    "seconds",
    "reason",
    "detail",
];

impl Form {
    /// The media type of such a file.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// The ending of its name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What a file begins with.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn head(self) -> Result<String, FormError> {
        match self {
            Self::Csv => csv_rows([COLUMNS.map(str::to_owned)]),
            Self::Json => Ok("[".to_owned()),
        }
    }

    /// Some lines; whether they are the first of the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn lines(self, rows: &[AuditRow], first: bool) -> Result<String, FormError> {
        if self == Self::Csv {
            return csv_rows(rows.iter().map(cells));
        }
        let mut text = String::new();
        for (place, row) in rows.iter().enumerate() {
            text.push_str(if first && place == 0 { "\n" } else { ",\n" });
            text.push_str(&serde_json::to_string(row)?);
        }
        Ok(text)
    }

    /// What a file ends with.
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Csv => "",
            Self::Json => "\n]\n",
        }
    }
}

fn csv_rows(rows: impl IntoIterator<Item = [String; COLUMNS.len()]>) -> Result<String, FormError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    // Cells are text, and so is what is between them.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cells(row: &AuditRow) -> [String; COLUMNS.len()] {
    let member = |somebody: &Option<Actor>| somebody.as_ref().map(|actor| actor.member.to_string());
    let nickname = |somebody: &Option<Actor>| somebody.as_ref().and_then(|actor| actor.nickname.clone());
    let cells = [
        Some(row.id.to_string()),
        Some(moment(row.at)),
        Some(row.kind.clone()),
        member(&row.by),
        nickname(&row.by),
        member(&row.about),
        nickname(&row.about),
        row.target.map(|seq| seq.to_string()),
        row.seq.map(|seq| seq.to_string()),
        row.seconds.map(|seconds| seconds.to_string()),
        row.reason.clone(),
        row.detail.clone(),
    ];
    cells.map(|cell| harmless(cell.unwrap_or_default()))
}

/// A cell that a spreadsheet shows and does not run: what people typed can begin like a formula.
fn harmless(cell: String) -> String {
    let begins = cell.trim_start_matches([' ', '\u{feff}', '\u{a0}']);
    if begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn moment(at: UnixMillis) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    moment
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_runs_nothing_of_a_cell() {
        for cell in ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", " =1", "＝1", "\u{feff}=1"] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        for cell in ["", "plain", "a=b", "1-2", "'quoted"] {
            assert_eq!(harmless(cell.to_owned()), cell);
        }
    }

    #[test]
    fn a_line_is_a_row_of_cells() {
        let row = AuditRow {
            id: 7,
            at: 1_500,
            kind: "note".into(),
            by: None,
            about: Some(Actor {
                member: wire::MemberId("m1".into()),
                nickname: Some("=cmd".into()),
            }),
            target: None,
            seq: Some(3),
            seconds: None,
            reason: Some("two, \"three\"".into()),
            detail: Some("a\nb".into()),
        };
        let text = csv_rows([cells(&row)]).expect("writes");
        assert_eq!(
            text,
            "7,1970-01-01T00:00:01.5Z,note,,,m1,'=cmd,,3,,\"two, \"\"three\"\"\",\"a\nb\"\n"
        );
    }
}
