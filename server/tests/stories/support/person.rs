//! Somebody with a ticket and one device: the cookies of one browser.

use std::sync::Arc;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Client, Method, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use wire::frame::Message;
use wire::http::{Admission, Credential, HistoryPage};
use wire::{Problem, ProblemCode, Seq};

use super::line::Memory;
use super::{Ending, Line, eventually, in_time};

#[derive(Clone)]
pub struct Person {
    http: Client,
    jar: Arc<Jar>,
    port: u16,
    event: String,
    ticket: String,
}

/// What a call was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of a call that went well.
    #[track_caller]
    pub fn good<T: DeserializeOwned>(self) -> T {
        assert!((200..300).contains(&self.status), "{self:?}");
        serde_json::from_value(self.body).expect("the contract's shape")
    }

    /// The problem of a call that did not.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        assert!(self.status >= 400, "{self:?}");
        serde_json::from_value(self.body.clone()).expect("a problem")
    }

    #[track_caller]
    pub fn is(&self, status: u16, code: ProblemCode) {
        assert_eq!((self.status, self.problem().code), (status, code), "{self:?}");
    }
}

impl Person {
    pub fn new(port: u16, event: &str, ticket: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let http = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            // A connection kept from before a restart would be a fault of the test.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self {
            http,
            jar,
            port,
            event: event.to_owned(),
            ticket: ticket.to_owned(),
        }
    }

    /// Another device with the same ticket.
    pub fn other_device(&self) -> Self {
        Self::new(self.port, &self.event, &self.ticket)
    }

    pub fn ticket(&self) -> &str {
        &self.ticket
    }

    /// The session cookie's value.
    pub fn cookie(&self) -> Option<String> {
        let url: Url = self.address("").parse().expect("an address");
        let cookies = self.jar.cookies(&url)?;
        let (_, value) = cookies.to_str().expect("text").split_once('=')?;
        Some(value.to_owned())
    }

    /// Calls the API of the event.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let call = self.try_call(method, path, body);
        in_time(path, call).await.expect("an answer")
    }

    /// Calls a server that may be down.
    pub async fn try_call(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, self.address(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let body = response.bytes().await?;
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).expect("JSON")
        };
        Ok(Answer { status, body })
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/api/events/{}{path}", self.port, self.event)
    }

    /// Shows the ticket.
    pub async fn shows_ticket(&self) -> Answer {
        self.call(Method::POST, "/admission", Some(json!({ "ticket": self.ticket })))
            .await
    }

    /// Shows the ticket and asks for the seat, whoever has it.
    pub async fn asks_for_the_seat(&self) -> Answer {
        let body = json!({ "ticket": self.ticket, "takeover": true });
        self.call(Method::POST, "/admission", Some(body)).await
    }

    /// Enters, and waits until its account is made.
    pub async fn enter(&self) -> Admission {
        let admission: Admission = self.shows_ticket().await.good();
        if admission.credential.is_some() {
            return admission;
        }
        eventually("an account", async || {
            let admission: Admission = self.who_am_i().await.good();
            admission.credential.is_some().then_some(admission)
        })
        .await
    }

    pub async fn takes_over(&self) -> Admission {
        self.asks_for_the_seat().await.good()
    }

    pub async fn who_am_i(&self) -> Answer {
        self.call(Method::GET, "/admission", None).await
    }

    pub async fn leaves(&self) -> Answer {
        self.call(Method::DELETE, "/admission", None).await
    }

    pub async fn is_called(&self, nickname: &str) {
        let answer = self.call(Method::PUT, "/nickname", Some(json!({ "nickname": nickname })));
        let answer = answer.await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub async fn asks_for_a_credential(&self) -> Answer {
        self.call(Method::POST, "/credentials", None).await
    }

    pub async fn credential(&self) -> Credential {
        self.asks_for_a_credential().await.good()
    }

    /// Reads a page of history.
    pub async fn page(&self, limit: Option<u32>, before: Option<&str>) -> Answer {
        let limit = limit.map(|limit| format!("limit={limit}"));
        let before = before.map(|before| format!("before={before}"));
        let query: Vec<String> = limit.into_iter().chain(before).collect();
        self.call(Method::GET, &format!("/messages?{}", query.join("&")), None)
            .await
    }

    /// The newest entry of the log.
    pub async fn head(&self) -> Seq {
        let page: HistoryPage = self.page(Some(1), None).await.good();
        page.as_of
    }

    /// Reads the whole history, oldest message first, in pages of `limit`.
    pub async fn history(&self, limit: Option<u32>) -> Vec<Message> {
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let page: HistoryPage = self.page(limit, before.as_deref()).await.good();
            let most = limit.unwrap_or(50).min(50) as usize;
            assert!(page.messages.len() <= most, "a page of {}", page.messages.len());
            assert!(
                page.next.is_none() || page.messages.len() == most,
                "a page that is not full has no next"
            );
            pages.push(page.messages);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        pages.into_iter().rev().flatten().collect()
    }

    /// Opens a line that has not said hello yet.
    pub async fn dials(&self) -> Line {
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("a connection");
        self.dials_over(stream).await
    }

    /// Opens a line over a system's buffer of almost nothing.
    pub async fn dials_with_a_tiny_buffer(&self) -> Line {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(1_024).expect("a size");
        let address = ([127, 0, 0, 1], self.port).into();
        self.dials_over(socket.connect(address).await.expect("a connection"))
            .await
    }

    async fn dials_over(&self, stream: TcpStream) -> Line {
        let opening = client_async(self.handshake(None), stream);
        let (ws, _) = in_time("a socket", opening).await.expect("an upgrade");
        Line::new(ws)
    }

    /// The status that a page of this origin gets for its socket.
    pub async fn dials_from(&self, origin: &str) -> u16 {
        use tokio_tungstenite::tungstenite::Error;
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("a connection");
        match client_async(self.handshake(Some(origin)), stream).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    }

    fn handshake(&self, origin: Option<&str>) -> Request<()> {
        let address = self.address("/socket").replacen("http", "ws", 1);
        let mut request = address.into_client_request().expect("a request");
        if let Some(origin) = origin {
            let origin = origin.parse().expect("a header");
            request.headers_mut().insert("origin", origin);
        }
        request
    }

    /// Opens a line and says hello, afresh.
    pub async fn connects(&self) -> Line {
        self.hello(None).await
    }

    /// Comes back and says what it holds already.
    pub async fn returns_after(&self, seq: Seq) -> Line {
        self.hello(Some(seq)).await
    }

    /// Comes back with what it holds.
    pub async fn comes_back_with(&self, memory: Memory) -> Line {
        let token = self.credential().await.token;
        let mut line = self.dials().await;
        let after = memory.after;
        line.remembers(memory);
        line.greets(&token, Some(after)).await;
        line
    }

    async fn hello(&self, after: Option<Seq>) -> Line {
        let token = self.credential().await.token;
        let mut line = self.dials().await;
        line.greets(&token, after).await;
        line
    }

    /// Says hello with a token that is not welcome, and gives how that ends.
    pub async fn is_turned_away_with(&self, token: &str) -> Ending {
        let mut line = self.dials().await;
        line.says_hello(token, None).await;
        line.ending().await
    }

    /// Comes back to a server that may be down; `None` when it is.
    pub async fn tries_to_return_after(&self, seq: Seq) -> Option<Line> {
        let answer = self.try_call(Method::POST, "/credentials", None).await.ok()?;
        let credential: Credential = answer.good();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let (ws, _) = client_async(self.handshake(None), stream).await.ok()?;
        let mut line = Line::new(ws);
        line.try_hello(&credential.token, Some(seq)).await.then_some(line)
    }
}
