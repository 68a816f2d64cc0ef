//! What a command prints: text for people, or one JSON object.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use serde_json::json;

use super::CliError;

/// Where a command's answer goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the answer: `text` for people, or `value`. Who closed the pipe has read enough.
    ///
    /// # Errors
    /// When it cannot be written, to a full disk for instance: codes that are shown once must not get lost in silence.
    pub(super) fn print(self, text: impl Display, value: &impl Serialize) -> Result<(), CliError> {
        let answer = if self.json {
            serde_json::to_string(value).unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string())
        } else {
            text.to_string()
        };
        let mut out = io::stdout().lock();
        match writeln!(out, "{}", answer.trim_end()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
                Err(CliError::Io("the answer cannot be written".to_owned(), cause))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says why a command was not carried out.
    pub(super) fn error(self, message: &str) {
        if self.json {
            eprintln!("{}", json!({ "error": message }));
        } else {
            eprintln!("frontrow: {message}");
        }
    }

    /// Tells people how far a long command is.
    pub(super) fn progress(self, message: &str) {
        if !self.json {
            eprintln!("{message}");
        }
    }
}
