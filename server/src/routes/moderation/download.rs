//! The audit log, sent as a file. It is read from the store in batches while it is sent: a long one fills no memory, and a
//! slow reader holds nothing up.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::audit::Form;
use crate::problem::ApiError;
use crate::store::{AuditFilter, AuditPart, Event, EventId, Store};

/// Lines read from the store at a time.
const BATCH: u32 = 500;

/// A file on its way.
struct Sending {
    store: Store,
    event: EventId,
    filter: AuditFilter,
    form: Form,
    /// The line that was sent last; `None` when everything was.
    after: Option<u64>,
}

/// Sends the lines of an event, oldest first.
pub(super) async fn send(store: Store, event: &Event, filter: AuditFilter, form: Form) -> Result<Response, ApiError> {
    let mut sending = Sending {
        store,
        event: event.id,
        filter,
        form,
        after: Some(0),
    };
    // The first batch is read before the answer begins: until then an error can still be one.
    let first = sending.next().await?;
    let rest = stream::unfold(sending, async |mut sending| {
        sending.after?;
        let part = sending.next().await.map_err(|_| Interrupted);
        if part.is_err() {
            sending.after = None;
        }
        Some((part, sending))
    });
    let first = stream::once(async { Ok(first) });
    // A slug is letters, digits and dashes.
    let name = format!("attachment; filename=\"audit-{}.{}\"", event.slug, form.ending());
    let headers = [(CONTENT_TYPE, form.media_type()), (CONTENT_DISPOSITION, name.as_str())];
    Ok((headers, Body::from_stream(first.chain(rest))).into_response())
}

/// The store failed in the middle of a file: its reader sees that it is cut short.
#[derive(Debug, thiserror::Error)]
#[error("the audit log could not be read to its end")]
struct Interrupted;

impl Sending {
    async fn next(&mut self) -> Result<Bytes, ApiError> {
        let after = self.after.unwrap_or_default();
        let part = AuditPart::After(after);
        let rows = self.store.audit_lines(self.event, &self.filter, part, BATCH).await?;
        let is_first = after == 0;
        let mut text = String::new();
        if is_first {
            text.push_str(&self.form.head().map_err(ApiError::internal)?);
        }
        text.push_str(&self.form.lines(&rows, is_first).map_err(ApiError::internal)?);
        self.after = rows.last().map(|row| row.id).filter(|_| rows.len() == BATCH as usize);
        if self.after.is_none() {
            text.push_str(self.form.tail());
        }
        Ok(text.into())
    }
}
