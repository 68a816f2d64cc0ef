//! People at the gate: a browser with its cookies, speaking HTTP.

use reqwest::header::{HeaderMap, HeaderValue, ORIGIN};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A browser with a cookie jar of its own.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    origin: String,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Visitor {
    pub fn new(origin: String) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            client,
            origin,
            headers: HeaderMap::new(),
        }
    }

    /// The same browser, whose every request carries this header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, HeaderValue::from_str(value).expect("a header"));
        self
    }

    pub fn on_a_page_of(self, origin: &str) -> Self {
        self.with_header(ORIGIN.as_str(), origin)
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.origin.trim_start_matches("http://").to_owned()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.origin))
            .headers(self.headers.clone())
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    /// Shows a ticket at the gate.
    pub async fn admit(&self, slug: &str, code: &str) -> Answer {
        self.post(&format!("/api/events/{slug}/admission"), &json!({ "ticket": code }))
            .await
    }

    /// Shows a ticket at the gate, to move its seat here.
    pub async fn take_over(&self, slug: &str, code: &str) -> Answer {
        self.post(
            &format!("/api/events/{slug}/admission"),
            &json!({ "ticket": code, "takeover": true }),
        )
        .await
    }

    pub async fn who_am_i(&self, slug: &str) -> Answer {
        self.get(&format!("/api/events/{slug}/admission")).await
    }

    pub async fn leave(&self, slug: &str) -> Answer {
        self.delete(&format!("/api/events/{slug}/admission")).await
    }

    pub async fn call_me(&self, slug: &str, nickname: &str) -> Answer {
        self.put(
            &format!("/api/events/{slug}/nickname"),
            &json!({ "nickname": nickname }),
        )
        .await
    }

    /// Would this nickname be free?
    pub async fn try_nickname(&self, slug: &str, nickname: &str) -> Answer {
        let request = self.request(Method::GET, &format!("/api/events/{slug}/nickname"));
        Answer::of(request.query(&[("try", nickname)])).await
    }

    pub async fn credentials(&self, slug: &str) -> Answer {
        Answer::of(self.request(Method::POST, &format!("/api/events/{slug}/credentials"))).await
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Self { status, headers, body }
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    /// The body of a problem, which must be this one and be complete.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], "about:blank");
        assert!(
            self.body["title"].as_str().is_some_and(|title| !title.is_empty()),
            "{self:?}"
        );
        if matches!(status, 429 | 503) {
            let seconds: u64 = self.header("retry-after").parse().expect("Retry-After in seconds");
            let millis = self.body["retry_after_ms"].as_u64().expect("the wait in the body");
            assert_eq!(seconds, millis.div_ceil(1000).max(1), "{self:?}");
        }
        self.body
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}
