//! The HTTP calls of the contract, one function each. Every call ends: with an answer, with the problem that the server
//! names, or with the server not being reached in time.

use std::time::Duration;

use gloo_net::http::{Method, RequestBuilder};
use leptos::prelude::set_timeout_with_handle;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use web_sys::AbortController;
use wire::http::{
    Admission, AdmissionRequest, Credential, EventView, HistoryPage, NicknameRequest, NicknameTry, NicknameView,
};
use wire::{Problem, ProblemCode};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server said what is wrong.
    Problem(Box<Problem>),
    /// No answer, or one that is not the server's own.
    Unreachable,
}

impl Trouble {
    /// What the server said, if it said something.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Unreachable => None,
        }
    }

    /// The stable name of what is wrong, if the server said one.
    pub fn code(&self) -> Option<ProblemCode> {
        self.problem().map(|problem| problem.code)
    }
}

/// What a call comes back with.
pub type Answer<T> = Result<T, Trouble>;

/// What anybody may know of an event.
pub async fn event(slug: &str) -> Answer<EventView> {
    call(Method::GET, &at(slug, ""), None).await
}

/// Shows a ticket at the gate.
pub async fn admit(slug: &str, ticket: String, takeover: bool) -> Answer<Admission> {
    call(
        Method::POST,
        &at(slug, "/admission"),
        json(&AdmissionRequest { ticket, takeover }),
    )
    .await
}

/// Whether this device still holds a seat.
pub async fn seat(slug: &str) -> Answer<Admission> {
    call(Method::GET, &at(slug, "/admission"), None).await
}

/// Leaves, and frees the seat.
pub async fn leave(slug: &str) -> Answer<()> {
    send(Method::DELETE, &at(slug, "/admission"), None).await.map(drop)
}

/// Whether a nickname would be free.
pub async fn try_nickname(slug: &str, nickname: &str) -> Answer<NicknameTry> {
    let nickname = String::from(js_sys::encode_uri_component(nickname));
    call(Method::GET, &at(slug, &format!("/nickname?try={nickname}")), None).await
}

/// Claims a nickname.
pub async fn claim_nickname(slug: &str, nickname: String) -> Answer<NicknameView> {
    call(Method::PUT, &at(slug, "/nickname"), json(&NicknameRequest { nickname })).await
}

/// Asks for what opens a socket.
pub async fn credential(slug: &str) -> Answer<Credential> {
    call(Method::POST, &at(slug, "/credentials"), None).await
}

/// A page of history: the newest, or the one that a token names.
pub async fn messages(slug: &str, before: Option<&str>) -> Answer<HistoryPage> {
    let before = before.map(|token| format!("&before={}", js_sys::encode_uri_component(token)));
    let query = format!(
        "/messages?limit={}{}",
        wire::limits::HISTORY_PAGE,
        before.unwrap_or_default()
    );
    call(Method::GET, &at(slug, &query), None).await
}

/// The path of a call about an event.
pub fn at(slug: &str, rest: &str) -> String {
    format!("/api/events/{slug}{rest}")
}

/// What a call says.
pub enum Body {
    /// An object of the contract.
    Json(String),
    /// A file of plain text.
    Text(String),
}

/// A body of an object.
pub fn json(body: &impl Serialize) -> Option<Body> {
    serde_json::to_string(body).ok().map(Body::Json)
}

/// Calls, and reads the answer.
pub async fn call<T: DeserializeOwned>(method: Method, path: &str, body: Option<Body>) -> Answer<T> {
    let text = send(method, path, body).await?;
    read(&text).ok_or(Trouble::Unreachable)
}

/// Reads JSON. All of it goes by way of a value: each type is then compiled for one way of reading, and the page is
/// lighter by it.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let value: Value = serde_json::from_str(text).ok()?;
    T::deserialize(&value).ok()
}

/// The text of a good answer; what went wrong otherwise.
pub async fn send(method: Method, path: &str, body: Option<Body>) -> Answer<String> {
    // Aborted by a timer: `AbortSignal.timeout` is newer than some phones.
    let too_late = AbortController::new().map_err(|_| Trouble::Unreachable)?;
    let signal = too_late.signal();
    let timer = set_timeout_with_handle(move || too_late.abort(), ANSWER_WITHIN);
    let answer = fetch(
        RequestBuilder::new(path).method(method).abort_signal(Some(&signal)),
        body,
    )
    .await;
    if let Ok(timer) = timer {
        timer.clear();
    }
    let (is_good, text) = answer.map_err(|_| Trouble::Unreachable)?;
    if is_good {
        return Ok(text);
    }
    Err(read(&text).map_or(Trouble::Unreachable, |problem| Trouble::Problem(Box::new(problem))))
}

async fn fetch(request: RequestBuilder, body: Option<Body>) -> Result<(bool, String), gloo_net::Error> {
    let request = match body {
        Some(Body::Json(body)) => request.header("Content-Type", "application/json").body(body)?,
        Some(Body::Text(body)) => request.header("Content-Type", "text/plain").body(body)?,
        None => request.build()?,
    };
    let answer = request.send().await?;
    Ok((answer.ok(), answer.text().await?))
}
