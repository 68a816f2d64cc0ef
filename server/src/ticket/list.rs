//! A shop's list of codes: one a line, or CSV with a column `code` and an optional `ref`. Read as a stream; what cannot
//! be a code is told by its line.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use wire::limits;

/// Codes of one list; more come in a second one. 32 bytes of hash and about 100 of text each.
pub const MOST_CODES: usize = 1_000_000;

/// Longest reference that is kept, in bytes.
const REFERENCE_BYTES: usize = 128;

/// Longest line, in bytes: a code and what a shop may add to it.
const LINE_BYTES: u64 = 16 * 1024;

/// Shortest folded code, in signs: less is a slip, not a code.
const SHORTEST_CODE: usize = 4;

/// One code of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Folded.
    pub code: String,
    /// The shop's order.
    pub reference: Option<String>,
}

/// A line that gave no ticket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A list that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its codes, each once.
    pub codes: Vec<Listed>,
    /// Lines that gave no ticket.
    pub refused: Vec<Refusal>,
}

/// Why a list cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file stopped.
    #[error("the list cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Not text, or not the CSV that its first line promises.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// More than [`MOST_CODES`].
    #[error("more than {MOST_CODES} codes: split the list")]
    TooMany,
}

/// Reads a list. `progress` hears now and then how many lines were read.
pub fn read(input: impl Read, mut progress: impl FnMut(u64)) -> Result<List, ListError> {
    let mut input = BufReader::new(input);
    let mut first = Vec::new();
    read_line(&mut input, &mut first, 1)?;
    let mut reader = Reader::default();
    match header(&first) {
        Some(delimiter) => reader.read_csv(&first, delimiter, input, &mut progress)?,
        None => reader.read_lines(first, input, &mut progress)?,
    }
    Ok(reader.list)
}

/// A first line that names a column `code`, and what separates its columns.
fn header(line: &[u8]) -> Option<u8> {
    let line = std::str::from_utf8(line).ok()?.trim_start_matches('\u{feff}').trim();
    [b',', b';', b'\t']
        .into_iter()
        .find(|delimiter| columns(line, *delimiter).any(|column| column == "code"))
}

fn columns(line: &str, delimiter: u8) -> impl Iterator<Item = String> {
    line.split(char::from(delimiter))
        .map(|column| column.trim().trim_matches('"').trim().to_lowercase())
}

#[derive(Default)]
struct Reader {
    list: List,
    /// The line of each folded code.
    lines: HashMap<String, u64>,
}

impl Reader {
    fn read_lines(
        &mut self,
        first: Vec<u8>,
        mut input: impl BufRead,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), ListError> {
        let mut line = first;
        let mut number = 1;
        while !line.is_empty() {
            let text = text(&line, number)?;
            if !text.is_empty() {
                self.take(number, text, None)?;
            }
            number += 1;
            line.clear();
            read_line(&mut input, &mut line, number)?;
            progress(number);
        }
        Ok(())
    }

    fn read_csv(
        &mut self,
        first: &[u8],
        delimiter: u8,
        input: impl Read,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), ListError> {
        let names: Vec<String> = columns(text(first, 1)?, delimiter).collect();
        let place = |name: &str| names.iter().position(|column| column == name);
        let (code, reference) = (place("code").unwrap_or(0), place("ref"));
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Bounded { input, since_line: 0 });
        let mut row = csv::StringRecord::new();
        loop {
            // The first line was read before the CSV reader began to count.
            let number = rows.position().line() + 1;
            if !rows.read_record(&mut row).map_err(|error| csv_error(error, number))? {
                return Ok(());
            }
            let number = row.position().map_or(number, |position| position.line() + 1);
            let reference = reference
                .and_then(|place| row.get(place))
                .filter(|reference| !reference.is_empty());
            match row.get(code) {
                None | Some("") => self.refuse(number, "no code in this row".to_owned()),
                Some(code) => self.take(number, code, reference.map(str::to_owned))?,
            }
            progress(number);
        }
    }

    fn take(&mut self, line: u64, typed: &str, reference: Option<String>) -> Result<(), ListError> {
        if let Err(reason) = is_code(typed) {
            self.refuse(line, reason);
            return Ok(());
        }
        if reference
            .as_ref()
            .is_some_and(|reference| reference.len() > REFERENCE_BYTES)
        {
            self.refuse(line, format!("its ref is longer than {REFERENCE_BYTES} bytes"));
            return Ok(());
        }
        let code = wire::code::fold(typed);
        if code.chars().count() < SHORTEST_CODE {
            self.refuse(line, format!("shorter than {SHORTEST_CODE} signs"));
            return Ok(());
        }
        if let Some(earlier) = self.lines.get(&code) {
            self.refuse(
                line,
                format!("the same code as in line {earlier}, after folding look-alikes"),
            );
            return Ok(());
        }
        if self.list.codes.len() >= MOST_CODES {
            return Err(ListError::TooMany);
        }
        self.lines.insert(code.clone(), line);
        self.list.codes.push(Listed { code, reference });
        Ok(())
    }

    fn refuse(&mut self, line: u64, reason: String) {
        self.list.refused.push(Refusal { line, reason });
    }
}

fn is_code(typed: &str) -> Result<(), String> {
    if typed.len() > limits::TICKET_CODE_BYTES {
        return Err(format!("longer than {} bytes", limits::TICKET_CODE_BYTES));
    }
    match typed.chars().find(|sign| matches!(sign, ',' | ';' | '\t' | '"')) {
        Some(sign) => Err(format!(
            "{sign:?} is no part of a code; a list with columns begins with a line that names `code`"
        )),
        None => Ok(()),
    }
}

/// Reads one line with its end; an unreasonable one is an error before it fills the memory.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, number: u64) -> Result<(), ListError> {
    input.take(LINE_BYTES).read_until(b'\n', line)?;
    if line.len() as u64 == LINE_BYTES {
        return Err(ListError::Line {
            line: number,
            reason: format!("longer than {LINE_BYTES} bytes"),
        });
    }
    Ok(())
}

fn text(line: &[u8], number: u64) -> Result<&str, ListError> {
    let text = std::str::from_utf8(line).map_err(|_| ListError::Line {
        line: number,
        reason: "not UTF-8".to_owned(),
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim())
}

fn csv_error(error: csv::Error, line: u64) -> ListError {
    let line = error.position().map_or(line, |position| position.line() + 1);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ListError::Io(error),
        csv::ErrorKind::Utf8 { .. } => ListError::Line {
            line,
            reason: "not UTF-8".to_owned(),
        },
        _ => ListError::Line {
            line,
            reason: "not CSV".to_owned(),
        },
    }
}

/// Ends the reading of a file whose lines never end, which a quote that is never closed would otherwise gather whole.
struct Bounded<R> {
    input: R,
    since_line: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        match buffer[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(place) => self.since_line = (read - place) as u64,
            None => self.since_line += read as u64,
        }
        if self.since_line > LINE_BYTES {
            return Err(std::io::Error::other(format!(
                "a line is longer than {LINE_BYTES} bytes"
            )));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> List {
        read(text.as_bytes(), |_| {}).expect("a list")
    }

    fn codes(list: &List) -> Vec<&str> {
        list.codes.iter().map(|listed| listed.code.as_str()).collect()
    }

    #[test]
    fn codes_come_one_a_line_in_any_spelling() {
        let list = list("\u{feff}k7qf-2mop\r\n\n  AAAA BBBB  \nno-end-of-line");
        assert_eq!(codes(&list), ["K7QF2M0P", "AAAABBBB", "N0END0F11NE"]);
        assert_eq!(list.refused, []);
    }

    #[test]
    fn columns_are_found_by_their_names() {
        for text in [
            "code,ref\nK7QF-2M0P,order 1\nAAAA-BBBB,\n",
            "\"Ref\";\"Code\"\r\n\"order 1\";\"k7qf 2mop\"\r\n;AAAA-BBBB\r\n",
            "seat\tcode\tref\n1\tK7QF2M0P\torder 1\n2\tAAAABBBB\n",
        ] {
            let list = list(text);
            assert_eq!(codes(&list), ["K7QF2M0P", "AAAABBBB"], "{text}");
            assert_eq!(list.codes[0].reference.as_deref(), Some("order 1"));
            assert_eq!(list.codes[1].reference, None);
        }
    }

    #[test]
    fn equal_codes_are_refused_by_their_line() {
        let list = list("ABC0-1234\nABCO-I234\nabc0 l234\nother-code\n");
        assert_eq!(codes(&list), ["ABC01234", "0THERC0DE"]);
        assert_eq!(
            list.refused.iter().map(|refusal| refusal.line).collect::<Vec<_>>(),
            [2, 3]
        );
        assert!(list.refused[0].reason.contains("line 1"));
    }

    #[test]
    fn what_is_no_code_is_refused_by_its_line() {
        let long = "x".repeat(limits::TICKET_CODE_BYTES + 1);
        let lines = list(&format!("----\nabc\n{long}\nK7QF-2M0P,order 1\nfine-code\n"));
        assert_eq!(
            lines.refused.iter().map(|refusal| refusal.line).collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        assert_eq!(codes(&lines), ["F1NEC0DE"]);
        let csv = list("code,ref\n,order 1\nK7QF-2M0P,order 2\nK7QF2MOP,order 3\n");
        assert_eq!(
            csv.refused.iter().map(|refusal| refusal.line).collect::<Vec<_>>(),
            [2, 4]
        );
    }

    #[test]
    fn what_is_no_list_is_an_error_with_its_line() {
        assert!(matches!(
            read(&b"fine-code\n\xff\xfe\n"[..], |_| {}),
            Err(ListError::Line { line: 2, .. })
        ));
        assert!(matches!(
            read("x".repeat(40_000).as_bytes(), |_| {}),
            Err(ListError::Line { line: 1, .. })
        ));
        let open_quote = format!("code\n\"{}", "x".repeat(40_000));
        assert!(matches!(read(open_quote.as_bytes(), |_| {}), Err(ListError::Io(_))));
        assert_eq!(list(""), List::default());
    }
}
