//! A line: one open socket, with everything that came over it. It checks by itself what must hold on every line: that
//! each entry comes once and in order, and that `bye` says what the close frame says.

use std::collections::HashMap;
use std::panic::Location;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use wire::frame::{Gap, Message, Presence, Refused, Welcome};
use wire::{CloseCode, Received, Refusal, Seq, ServerFrame};

use super::{DEADLINE, in_time};

/// Messages that are sent before their acks are waited for.
const AT_ONCE: usize = 24;

pub struct Line {
    ws: WebSocketStream<TcpStream>,
    welcome: Option<Welcome>,
    transcript: Vec<Message>,
    /// The newest entry that is here, or that was here before this line.
    last: Seq,
    gap: Option<Gap>,
    presence: Option<Presence>,
    answers: HashMap<Option<String>, Vec<Result<Seq, Refused>>>,
    bye: Option<u16>,
    ending: Option<Ending>,
    posted: usize,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closed with this number, after a `bye` that said the same.
    Closed(u16),
    /// It broke, or was closed without a word.
    Broken,
}

impl Ending {
    #[track_caller]
    pub fn is(self, code: CloseCode) {
        assert_eq!(self, Self::Closed(code.number()), "expected {code}");
    }
}

impl Line {
    pub fn new(ws: WebSocketStream<TcpStream>) -> Self {
        Self {
            ws,
            welcome: None,
            transcript: Vec::new(),
            last: 0,
            gap: None,
            presence: None,
            answers: HashMap::new(),
            bye: None,
            ending: None,
            posted: 0,
        }
    }

    /// Says hello and is welcome.
    pub async fn greets(&mut self, token: &str, after: Option<Seq>) {
        let welcome = in_time("welcome", self.try_hello(token, after)).await;
        assert!(welcome, "not welcome: {:?}", self.ending);
    }

    /// Says hello; false when the line ends instead of a welcome.
    pub async fn try_hello(&mut self, token: &str, after: Option<Seq>) -> bool {
        if !self.try_send(&hello(token, after).to_string()).await {
            return false;
        }
        // The server's welcome comes before anything that counts.
        self.last = after.unwrap_or(0);
        while self.welcome.is_none() {
            if !self.step_with(after).await {
                return false;
            }
        }
        true
    }

    pub async fn says_hello(&mut self, token: &str, after: Option<Seq>) {
        self.sends(&hello(token, after)).await;
    }

    #[track_caller]
    pub fn welcome(&self) -> &Welcome {
        self.welcome.as_ref().expect("a welcome")
    }

    /// Says something and waits for the ack.
    pub async fn says(&mut self, text: &str) -> Seq {
        let id = self.posts(text).await;
        self.ack(&id).await
    }

    /// Says many things as fast as they are taken.
    pub async fn says_all(&mut self, texts: impl IntoIterator<Item = String>) -> Seq {
        let texts: Vec<String> = texts.into_iter().collect();
        let mut last = 0;
        for texts in texts.chunks(AT_ONCE) {
            let mut ids = Vec::new();
            for text in texts {
                ids.push(self.posts(text).await);
            }
            for id in ids {
                last = self.ack(&id).await;
            }
        }
        last
    }

    /// Says something under a new id, without waiting.
    pub async fn posts(&mut self, text: &str) -> String {
        self.posted += 1;
        let id = format!("{:x}-{}", super::random(u64::MAX), self.posted);
        self.posts_as(&id, text).await;
        id
    }

    pub async fn posts_as(&mut self, id: &str, text: &str) {
        self.sends(&json!({ "type": "send", "id": id, "text": text })).await;
    }

    pub async fn sends(&mut self, frame: &Value) {
        self.sends_text(&frame.to_string()).await;
    }

    pub async fn sends_text(&mut self, text: &str) {
        assert!(self.try_send(text).await, "the line is open");
    }

    pub async fn sends_binary(&mut self, bytes: Vec<u8>) {
        let sending = self.ws.send(tungstenite::Message::Binary(bytes.into()));
        in_time("a frame is taken", sending).await.expect("the line is open");
    }

    /// Sends bytes that are not a whole frame.
    pub async fn sends_raw(&mut self, bytes: &[u8]) {
        self.ws.get_mut().write_all(bytes).await.expect("the line is open");
    }

    /// Sends to a server that may be gone; false when it is.
    pub async fn try_send(&mut self, text: &str) -> bool {
        let sending = self.ws.send(tungstenite::Message::text(text));
        matches!(timeout(DEADLINE, sending).await, Ok(Ok(())))
    }

    /// Waits for the answer to the frame with this id, and takes it.
    pub async fn answer(&mut self, id: Option<&str>) -> Result<Seq, Refused> {
        let what = format!("the answer to {id:?}");
        let waiting = async {
            loop {
                if let Some(answer) = self.take_answer(id) {
                    return answer;
                }
                assert!(self.step().await, "{what}: the line ended: {:?}", self.ending);
            }
        };
        in_time(&what, waiting).await
    }

    fn take_answer(&mut self, id: Option<&str>) -> Option<Result<Seq, Refused>> {
        let answers = self.answers.get_mut(&id.map(str::to_owned))?;
        (!answers.is_empty()).then(|| answers.remove(0))
    }

    pub async fn ack(&mut self, id: &str) -> Seq {
        let answer = self.answer(Some(id)).await;
        answer.unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    pub async fn refusal(&mut self, id: Option<&str>) -> Refusal {
        match self.answer(id).await {
            Err(refused) => refused.code,
            Ok(seq) => panic!("{id:?} is entry {seq}"),
        }
    }

    /// Every ack that came and was not waited for, by id.
    pub fn acks(&self) -> impl Iterator<Item = (&str, Seq)> {
        self.answers.iter().flat_map(|(id, answers)| {
            let seqs = answers.iter().filter_map(|answer| answer.as_ref().ok());
            seqs.filter_map(|seq| Some((id.as_deref()?, *seq)))
        })
    }

    /// Every refusal that came and was not waited for.
    pub fn refusals(&self) -> impl Iterator<Item = &Refused> {
        self.answers
            .values()
            .flatten()
            .filter_map(|answer| answer.as_ref().err())
    }

    /// Waits until the transcript holds entry `seq`.
    pub async fn hears(&mut self, seq: Seq) {
        let what = format!("entry {seq}");
        let waiting = async {
            while self.last < seq {
                assert!(self.step().await, "{what}: the line ended: {:?}", self.ending);
            }
        };
        in_time(&what, waiting).await;
    }

    pub async fn presence(&mut self) -> Presence {
        let waiting = async {
            loop {
                if let Some(presence) = self.presence.take() {
                    return presence;
                }
                assert!(self.step().await, "the line ended: {:?}", self.ending);
            }
        };
        in_time("presence", waiting).await
    }

    /// Waits for as many messages as are expected and compares everything this line has heard.
    #[track_caller]
    pub fn assert_messages<'l>(&'l mut self, want: &'l [&str]) -> impl Future<Output = ()> + 'l {
        let caller = Location::caller();
        async move {
            let waiting = async { while self.transcript.len() < want.len() && self.step().await {} };
            let _ = timeout(DEADLINE, waiting).await;
            assert_eq!(self.texts(), want, "at {caller}");
        }
    }

    pub fn texts(&self) -> Vec<&str> {
        self.transcript.iter().map(text).collect()
    }

    pub fn transcript(&self) -> &[Message] {
        &self.transcript
    }

    /// The newest entry that is here, or that was here before this line.
    pub fn last(&self) -> Seq {
        self.last
    }

    pub fn gap(&self) -> Option<Gap> {
        self.gap
    }

    /// Hangs up without a word, as a lost network does.
    pub fn breaks(self) {
        drop(self.ws);
    }

    /// Hangs up and waits until the server knows.
    pub async fn hangs_up(mut self) {
        let closing = async {
            let _ = self.ws.close(None).await;
            while self.step().await {}
        };
        in_time("the end of the line", closing).await;
    }

    /// Waits until the server has ended the line.
    pub async fn ending(&mut self) -> Ending {
        in_time("the end of the line", async { while self.step().await {} }).await;
        self.ending.expect("it has ended")
    }

    /// Takes the next frame; false when the line has ended.
    pub async fn step(&mut self) -> bool {
        self.step_with(None).await
    }

    async fn step_with(&mut self, after: Option<Seq>) -> bool {
        if self.ending.is_some() {
            return false;
        }
        match self.next_frame().await {
            Ok(text) => {
                for object in Received::read(&text).expect("an array of objects") {
                    self.take(object, after);
                }
                true
            }
            Err(ending) => {
                self.ending = Some(ending);
                false
            }
        }
    }

    /// The text of the next frame, for who reads it alone.
    pub async fn next_frame(&mut self) -> Result<Utf8Bytes, Ending> {
        loop {
            match self.ws.next().await {
                Some(Ok(tungstenite::Message::Text(text))) => return Ok(text),
                Some(Ok(tungstenite::Message::Close(Some(close)))) => {
                    let code = u16::from(close.code);
                    assert_eq!(self.bye, Some(code), "bye says what the close frame says");
                    return Err(Ending::Closed(code));
                }
                Some(Ok(tungstenite::Message::Close(None)) | Err(_)) | None => return Err(Ending::Broken),
                Some(Ok(_)) => {}
            }
        }
    }

    fn take(&mut self, object: Received, after: Option<Seq>) {
        let Received::Known(frame) = object else {
            panic!("not in the contract: {object:?}");
        };
        assert!(self.bye.is_none(), "nothing follows bye");
        match frame {
            ServerFrame::Welcome(welcome) => {
                assert!(self.welcome.is_none(), "one welcome");
                self.last = after.unwrap_or(welcome.head);
                self.welcome = Some(*welcome);
            }
            ServerFrame::Message(message) => {
                assert_eq!(message.seq, self.last + 1, "each entry once and in order");
                self.last = message.seq;
                self.transcript.push(message);
            }
            ServerFrame::Ack(ack) => self.answers.entry(ack.id).or_default().push(Ok(ack.seq)),
            ServerFrame::Refused(refused) => {
                let answers = self.answers.entry(refused.id.clone()).or_default();
                answers.push(Err(refused));
            }
            ServerFrame::Gap(gap) => {
                assert_eq!(gap.from, self.last + 1, "a gap begins where the client is");
                self.last = gap.to;
                self.gap = Some(gap);
            }
            ServerFrame::Presence(presence) => self.presence = Some(presence),
            ServerFrame::Room(_) => {}
            ServerFrame::Bye(bye) => self.bye = Some(bye.code),
        }
    }
}

fn hello(token: &str, after: Option<Seq>) -> Value {
    match after {
        Some(after) => json!({ "type": "hello", "token": token, "after": after }),
        None => json!({ "type": "hello", "token": token }),
    }
}

pub fn text(message: &Message) -> &str {
    message.body.as_ref().map_or("", |body| &body.text)
}
