//! Sessions: a cookie without meaning, and behind it the leases it holds. A lease in a session counts only while the
//! database says the same: a takeover ends it without touching the session.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Error, Id, Record};
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use wire::{MemberId, Phase, UnixMillis};

use crate::clock;
use crate::config::Config;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::store::{Beginning, Event, EventId, Lease, Seating, Sessions, Store};

/// A session that nobody uses ends after this.
const INACTIVITY: Duration = Duration::days(30);

/// A session in use is prolonged once in this time, in milliseconds.
const PROLONG_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Events that one session can hold a lease in; the lease that was used longest ago is forgotten for a new one.
const LEASES: usize = 32;

/// Where a session keeps its leases.
const KEY: &str = "leases";

/// Cookies of https addresses carry the prefix that binds them to exactly this host.
const SECURE_COOKIE: &str = "__Host-frontrow";
const PLAIN_COOKIE: &str = "frontrow";

/// The layer that gives every call its session. A visitor who shows no ticket gets none.
pub fn layer(store: &Store, config: &Config) -> SessionManagerLayer<Sessions> {
    let secure = config.is_https();
    SessionManagerLayer::new(store.sessions())
        .with_name(if secure { SECURE_COOKIE } else { PLAIN_COOKIE })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(INACTIVITY))
}

/// One lease, as a session keeps it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    event: EventId,
    ticket: i64,
    epoch: i64,
    at: UnixMillis,
}

/// The lease that a session remembers for an event, whether or not it still counts.
pub async fn remembered(session: &Session, event: EventId) -> Result<Option<Lease>, ApiError> {
    Ok(lease_of(&leases(session).await?, event))
}

fn lease_of(kept: &[Kept], event: EventId) -> Option<Lease> {
    let kept = kept.iter().find(|kept| kept.event == event)?;
    Some(Lease {
        ticket: kept.ticket,
        epoch: kept.epoch,
    })
}

/// What becomes of a session that is about to be given a lease: it goes on under a new id, for an id from before the
/// sign-in is worth nothing. The store writes it together with the lease.
pub struct Renewal {
    beginning: Arc<Beginning>,
    memory: Arc<Memory>,
}

impl Renewal {
    /// Of this session, for a lease in this event.
    pub async fn of(session: &Session, event: EventId, now: UnixMillis) -> Result<Self, ApiError> {
        let memory = Arc::new(Memory::new(leases(session).await?, event, now));
        let told = Arc::clone(&memory);
        let beginning = Beginning::new(session.id(), move |lease| told.record(lease));
        Ok(Self {
            beginning: Arc::new(beginning),
            memory,
        })
    }

    /// What the store is to write.
    pub fn beginning(&self) -> Arc<Beginning> {
        Arc::clone(&self.beginning)
    }

    /// Goes on as the session that began with this lease. Only after the store has said that the lease was given: the session
    /// is on disk then.
    pub async fn done(&self, session: &Session, lease: Lease) -> Result<(), ApiError> {
        if session.id().is_some() {
            session.cycle_id().await.map_err(not_kept)?;
        }
        let (written, id) = self.beginning.written();
        session.insert(written, id).await.map_err(not_kept)?;
        session.insert(KEY, self.memory.with(lease)).await.map_err(not_kept)
    }
}

/// What a session remembers beside the lease that it will be given.
struct Memory {
    kept: Vec<Kept>,
    event: EventId,
    at: UnixMillis,
}

impl Memory {
    fn new(mut kept: Vec<Kept>, event: EventId, at: UnixMillis) -> Self {
        kept.retain(|kept| kept.event != event);
        kept.sort_by_key(|kept| kept.at);
        let surplus = (kept.len() + 1).saturating_sub(LEASES);
        kept.drain(..surplus);
        Self { kept, event, at }
    }

    fn with(&self, lease: Lease) -> Vec<Kept> {
        let given = Kept {
            event: self.event,
            ticket: lease.ticket,
            epoch: lease.epoch,
            at: self.at,
        };
        self.kept.iter().copied().chain([given]).collect()
    }

    fn record(&self, lease: Lease) -> Record {
        let kept = serde_json::json!(self.with(lease));
        Record {
            id: Id::default(),
            data: [(KEY.to_owned(), kept)].into(),
            expiry_date: OffsetDateTime::now_utc() + INACTIVITY,
        }
    }
}

/// Prolongs a session in use, now and then.
pub async fn prolong(session: &Session, event: EventId, now: UnixMillis) -> Result<(), ApiError> {
    let mut kept = leases(session).await?;
    let due = kept
        .iter_mut()
        .find(|kept| kept.event == event && now.saturating_sub(kept.at) >= PROLONG_MILLIS);
    let Some(due) = due else {
        return Ok(());
    };
    due.at = now;
    session.insert(KEY, kept).await.map_err(not_kept)
}

/// Forgets the lease of an event; a session without leases goes altogether.
pub async fn forget(session: &Session, event: EventId) -> Result<(), ApiError> {
    let mut kept = leases(session).await?;
    kept.retain(|kept| kept.event != event);
    if kept.is_empty() {
        session.flush().await.map_err(not_kept)
    } else {
        session.insert(KEY, kept).await.map_err(not_kept)
    }
}

async fn leases(session: &Session) -> Result<Vec<Kept>, ApiError> {
    Ok(session.get(KEY).await.map_err(not_kept)?.unwrap_or_default())
}

/// The store of the sessions is busy, or a session in it cannot be read.
fn not_kept(error: Error) -> ApiError {
    match error {
        Error::Store(cause) => {
            tracing::warn!(%cause, "the sessions cannot be reached");
            ApiError::busy()
        }
        unreadable @ Error::SerdeJson(_) => ApiError::internal(unreadable),
    }
}

/// The event that a call is about.
pub struct AnEvent(pub Arc<Event>);

impl FromRequestParts<AppState> for AnEvent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let names = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::EventUnknown)?;
        let slug = names.iter().find(|(name, _)| *name == "event");
        let (_, slug) = slug.ok_or(ApiError::EventUnknown)?;
        let event = state.store.shared_event(slug).await?;
        event.map(Self).ok_or(ApiError::EventUnknown)
    }
}

/// A session that holds the lease of a good ticket in an open event: who calls.
pub struct Seat {
    /// The event.
    pub event: Arc<Event>,
    /// The lease it acts by.
    pub lease: Lease,
    /// What is behind its ticket.
    pub seating: Seating,
    /// Its session.
    pub session: Session,
}

impl FromRequestParts<AppState> for Seat {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let session = session_of(parts, state).await?;
        // Both at once: they share a look at the database.
        let (event, kept) = tokio::join!(AnEvent::from_request_parts(parts, state), leases(&session));
        let AnEvent(event) = event?;
        let lease = lease_of(&kept?, event.id).ok_or(ApiError::LeaseLost)?;
        let seating = state
            .store
            .seating(lease.ticket)
            .await?
            .filter(|seating| seating.event_id == event.id);
        let seating = seating.ok_or(ApiError::LeaseLost)?;
        if seating.epoch != lease.epoch {
            return Err(ApiError::LeaseLost);
        }
        if seating.revoked {
            return Err(ApiError::TicketRevoked);
        }
        match event.phase(clock::now()) {
            Phase::Ended | Phase::Archived => Err(ApiError::EventOver),
            Phase::Draft | Phase::Scheduled | Phase::Open if !seating.held => Err(ApiError::LeaseLost),
            Phase::Draft | Phase::Scheduled => Err(ApiError::NotOpen {
                opens_at: event.doors_at,
            }),
            Phase::Open => Ok(Self {
                event,
                lease,
                seating,
                session,
            }),
        }
    }
}

impl Seat {
    /// The member, once its account is made, in an event with a chat.
    pub fn member(&self) -> Result<&MemberId, ApiError> {
        if !self.event.chat {
            return Err(ApiError::ChatOff);
        }
        self.seating.member.as_ref().ok_or(ApiError::ChatPreparing)
    }

    /// The member, unless it is out of the chat.
    pub fn chatting_member(&self) -> Result<&MemberId, ApiError> {
        if self.seating.banned {
            Err(ApiError::Banned)
        } else {
            self.member()
        }
    }
}

/// The session of a call.
pub async fn session_of(parts: &mut Parts, state: &AppState) -> Result<Session, ApiError> {
    Session::from_request_parts(parts, state)
        .await
        .map_err(|(_, reason)| ApiError::internal(format!("no session layer: {reason}")))
}
