//! The HTTP calls of the contract, one function each. Every call ends: with an answer, with the problem that the server
//! names, or with the server not being reached in time.

use gloo_net::http::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::http::{
    Admission, AdmissionRequest, Credential, EventView, HistoryPage, NicknameRequest, NicknameTry, NicknameView,
};
use wire::{Problem, ProblemCode};

/// How long an answer may take, in milliseconds.
const ANSWER_WITHIN: u32 = 15_000;

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
    call(Method::GET, &at(slug, ""), None::<&()>).await
}

/// Shows a ticket at the gate.
pub async fn admit(slug: &str, ticket: String, takeover: bool) -> Answer<Admission> {
    call(
        Method::POST,
        &at(slug, "/admission"),
        Some(&AdmissionRequest { ticket, takeover }),
    )
    .await
}

/// Whether this device still holds a seat.
pub async fn seat(slug: &str) -> Answer<Admission> {
    call(Method::GET, &at(slug, "/admission"), None::<&()>).await
}

/// Leaves, and frees the seat.
pub async fn leave(slug: &str) -> Answer<()> {
    send(Method::DELETE, &at(slug, "/admission"), None::<&()>)
        .await
        .map(drop)
}

/// Whether a nickname would be free.
pub async fn try_nickname(slug: &str, nickname: &str) -> Answer<NicknameTry> {
    let nickname = String::from(js_sys::encode_uri_component(nickname));
    call(
        Method::GET,
        &at(slug, &format!("/nickname?try={nickname}")),
        None::<&()>,
    )
    .await
}

/// Claims a nickname.
pub async fn claim_nickname(slug: &str, nickname: String) -> Answer<NicknameView> {
    call(Method::PUT, &at(slug, "/nickname"), Some(&NicknameRequest { nickname })).await
}

/// Asks for what opens a socket.
pub async fn credential(slug: &str) -> Answer<Credential> {
    call(Method::POST, &at(slug, "/credentials"), None::<&()>).await
}

/// A page of history: the newest, or the one that a token names.
pub async fn messages(slug: &str, before: Option<&str>) -> Answer<HistoryPage> {
    let before = before.map(|token| format!("&before={}", js_sys::encode_uri_component(token)));
    let query = format!(
        "/messages?limit={}{}",
        wire::limits::HISTORY_PAGE,
        before.unwrap_or_default()
    );
    call(Method::GET, &at(slug, &query), None::<&()>).await
}

fn at(slug: &str, rest: &str) -> String {
    format!("/api/events/{slug}{rest}")
}

async fn call<T: DeserializeOwned>(method: Method, path: &str, body: Option<&impl Serialize>) -> Answer<T> {
    let answer = send(method, path, body).await?;
    let text = answer.text().await.map_err(|_| Trouble::Unreachable)?;
    serde_json::from_str(&text).map_err(|_| Trouble::Unreachable)
}

async fn send(method: Method, path: &str, body: Option<&impl Serialize>) -> Answer<Response> {
    let body = body.and_then(|body| serde_json::to_string(body).ok());
    let within = web_sys::AbortSignal::timeout_with_u32(ANSWER_WITHIN);
    let request = RequestBuilder::new(path).method(method).abort_signal(Some(&within));
    let request = match body {
        Some(body) => request.header("Content-Type", "application/json").body(body),
        None => request.build(),
    };
    let answer = request
        .map_err(|_| Trouble::Unreachable)?
        .send()
        .await
        .map_err(|_| Trouble::Unreachable)?;
    if answer.ok() {
        return Ok(answer);
    }
    let problem = answer
        .text()
        .await
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    Err(problem.map_or(Trouble::Unreachable, |problem| Trouble::Problem(Box::new(problem))))
}
