//! `frontrow audit`

use std::io::{self, ErrorKind, Write};

use clap::Args;

use super::{CliError, Common, find_event, value};
use crate::audit::Form;
use crate::store::{AuditFilter, AuditPart, EventId, Store};

/// Lines read from the store at a time.
const BATCH: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The event's name in addresses.
    #[arg(long, env = "FRONTROW_EVENT", value_name = "SLUG", value_parser = value::slug)]
    event: String,
}

pub(super) async fn run(options: &Options, common: &Common) -> Result<(), CliError> {
    let (store, _) = common.open().await?;
    let event = find_event(&store, &options.event).await?;
    let form = if common.json { Form::Json } else { Form::Csv };
    let written = write(&store, event.id, form).await;
    store.close().await;
    written
}

/// Writes every line, oldest first. Who closed the pipe has read enough.
async fn write(store: &Store, event: EventId, form: Form) -> Result<(), CliError> {
    let mut text = form.head()?;
    let mut after = 0;
    loop {
        let part = AuditPart::After(after);
        let rows = store.audit_lines(event, &AuditFilter::default(), part, BATCH).await?;
        text.push_str(&form.lines(&rows, after == 0)?);
        let last = rows.last().filter(|_| rows.len() == BATCH as usize);
        if last.is_none() {
            text.push_str(form.tail());
        }
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(cause) => return Err(CliError::Io("the audit log cannot be written".to_owned(), cause)),
            Ok(()) => {}
        }
        let Some(last) = last else { return Ok(()) };
        after = last.id;
        text.clear();
    }
}
