//! A line: one open socket, with everything that came over it. It checks by itself what must hold on every line: that
//! each entry comes once and in order, and that `bye` says what the close frame says.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::Location;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use wire::frame::{Control, Deed, Gap, Message, Presence, Refused, Welcome};
use wire::{CloseCode, MemberId, Received, Refusal, RoomState, Seq, ServerFrame};

use super::{DEADLINE, in_time};

/// Messages that are sent before their acks are waited for.
const AT_ONCE: usize = 24;

/// What the system may hold of what came for somebody who is awake.
const BUFFER_BYTES: usize = 64 * 1_024;

pub struct Line {
    ws: WebSocketStream<TcpStream>,
    welcome: Option<Welcome>,
    /// Messages as they were said or replayed.
    transcript: Vec<Message>,
    /// Messages as they are after every deed that this line was told of.
    view: View,
    deeds: Vec<Control>,
    /// What came to the staff, or to this member alone, and is in no log.
    notices: Vec<ServerFrame>,
    room: Option<RoomState>,
    /// Every frame that came, as it came.
    raw: String,
    /// The newest entry that is here, or that was here before this line.
    last: Seq,
    gap: Option<Gap>,
    presence: Option<Presence>,
    /// Votes by question, as far as this line was told.
    votes: BTreeMap<Seq, u64>,
    /// Reactions so far, as far as this line was told.
    reactions: BTreeMap<String, u64>,
    answers: HashMap<Option<String>, Vec<Result<Option<Seq>, Refused>>>,
    held: HashSet<String>,
    bye: Option<u16>,
    ending: Option<Ending>,
    posted: usize,
}

/// Messages with every deed applied that came after the state they were read in: what a client shows.
#[derive(Default)]
struct View {
    messages: BTreeMap<Seq, Message>,
    as_of: HashMap<Seq, Seq>,
}

impl View {
    /// Takes a message in the state of `as_of`, unless a later one is here.
    fn put(&mut self, message: Message, as_of: Seq) {
        if let Some(target) = message.body.as_ref().and_then(|body| body.answers) {
            self.mark(target, Some(message.seq));
        }
        if self.as_of.get(&message.seq).is_none_or(|held| as_of >= *held) {
            self.as_of.insert(message.seq, as_of);
            self.messages.insert(message.seq, message);
        }
    }

    /// Marks a question as answered by an entry, or as open.
    fn mark(&mut self, question: Seq, answered: Option<Seq>) {
        let question = self.messages.get_mut(&question);
        if let Some(body) = question.and_then(|message| message.body.as_mut()) {
            body.answered = answered;
        }
    }

    fn apply(&mut self, control: &Control) {
        match control.deed {
            Deed::Answer { target } => self.mark(target, Some(control.seq)),
            Deed::Unanswer { target } => self.mark(target, None),
            _ => {}
        }
        if let Deed::Unhide { message, .. } = &control.deed {
            self.put(message.clone(), control.seq);
            return;
        }
        for message in self.messages.values_mut() {
            let held = self.as_of.entry(message.seq).or_default();
            if control.seq > *held {
                *held = control.seq;
                apply(message, control);
            }
        }
    }
}

fn apply(message: &mut Message, control: &Control) {
    let author = message.body.as_ref().map(|body| (body.member.clone(), body.at));
    let is_by = |member: &MemberId| author.as_ref().is_some_and(|(author, _)| author == member);
    let goes = match &control.deed {
        Deed::Hide { target } => *target == message.seq,
        Deed::Ban { member } => is_by(member),
        Deed::Clear { member, since, .. } => {
            is_by(member) && message.seq < control.seq && author.as_ref().is_some_and(|(_, at)| at >= since)
        }
        Deed::Rename { member, nickname } if is_by(member) => {
            if let Some(body) = &mut message.body {
                body.nickname.clone_from(nickname);
            }
            false
        }
        _ => false,
    };
    if goes {
        message.body = None;
        message.hidden = true;
    }
}

/// What a client holds while it has no line.
pub struct Memory {
    /// The last entry it heard.
    pub after: Seq,
    view: View,
    deeds: Vec<Control>,
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
            view: View::default(),
            deeds: Vec::new(),
            notices: Vec::new(),
            room: None,
            raw: String::new(),
            last: 0,
            gap: None,
            presence: None,
            votes: BTreeMap::new(),
            reactions: BTreeMap::new(),
            answers: HashMap::new(),
            held: HashSet::new(),
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
        let id = self.new_id();
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

    /// Reads as fast as others from now on, though it dialled with a tiny buffer.
    pub fn wakes_up(&self) {
        let socket = SockRef::from(self.ws.get_ref());
        socket.set_recv_buffer_size(BUFFER_BYTES).expect("a size");
    }

    /// Sends to a server that may be gone; false when it is.
    pub async fn try_send(&mut self, text: &str) -> bool {
        let sending = self.ws.send(tungstenite::Message::text(text));
        matches!(timeout(DEADLINE, sending).await, Ok(Ok(())))
    }

    /// Waits for the answer to the frame with this id, and takes it.
    pub async fn answer(&mut self, id: Option<&str>) -> Result<Option<Seq>, Refused> {
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

    fn take_answer(&mut self, id: Option<&str>) -> Option<Result<Option<Seq>, Refused>> {
        let answers = self.answers.get_mut(&id.map(str::to_owned))?;
        (!answers.is_empty()).then(|| answers.remove(0))
    }

    pub async fn ack(&mut self, id: &str) -> Seq {
        let answer = self.answer(Some(id)).await;
        let seq = answer.unwrap_or_else(|refused| panic!("{refused:?}"));
        seq.expect("an entry of the log")
    }

    /// Moderates, and gives the entry that it became, if it is in the log.
    /// Who is too fast waits as long as it is told.
    pub async fn acts(&mut self, act: Value) -> Option<Seq> {
        loop {
            match self.tries(act.clone()).await {
                Ok(seq) => return seq,
                Err(refused) => {
                    assert_eq!(refused.code, Refusal::RateLimited, "{act}");
                    sleep(Duration::from_millis(refused.retry_after_ms.expect("a wait"))).await;
                }
            }
        }
    }

    /// Tries to moderate, or to report.
    pub async fn tries(&mut self, mut act: Value) -> Result<Option<Seq>, Refused> {
        let id = self.new_id();
        act["id"] = json!(id);
        self.sends(&act).await;
        self.answer(Some(&id)).await
    }

    /// Tries to say something.
    pub async fn tries_to_say(&mut self, text: &str) -> Result<Option<Seq>, Refused> {
        let id = self.posts(text).await;
        self.answer(Some(&id)).await
    }

    /// Says something that will wait for a moderator, and gives its id.
    pub async fn is_held(&mut self, text: &str) -> String {
        let id = self.posts(text).await;
        self.waits_held(&id).await;
        id
    }

    /// Waits until the server says that this message waits for a moderator.
    pub async fn waits_held(&mut self, id: &str) {
        let waiting = async {
            while !self.held.remove(id) {
                assert!(self.step().await, "{id} is not held: {:?}", self.ending);
            }
        };
        in_time("held", waiting).await;
    }

    /// Waits for something that is told beside the log, and takes it.
    pub async fn is_told<T>(&mut self, what: &str, look: impl Fn(&ServerFrame) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let found = self.notices.iter().position(|notice| look(notice).is_some());
                if let Some(found) = found {
                    let notice = self.notices.remove(found);
                    return look(&notice).expect("found");
                }
                assert!(self.step().await, "{what}: the line ended: {:?}", self.ending);
            }
        };
        in_time(what, waiting).await
    }

    /// Waits until the room is so.
    pub async fn room_is(&mut self, what: &str, look: impl Fn(&RoomState) -> bool) {
        let waiting = async {
            while !self.room.as_ref().is_some_and(&look) {
                assert!(self.step().await, "{what}: the line ended: {:?}", self.ending);
            }
        };
        in_time(what, waiting).await;
    }

    /// Waits until a question has so many votes.
    pub async fn counts_votes(&mut self, question: Seq, votes: u64) {
        let waiting = async {
            while self.votes.get(&question).copied().unwrap_or_default() != votes {
                assert!(self.step().await, "votes: the line ended: {:?}", self.ending);
            }
        };
        in_time(&format!("{votes} votes for {question}"), waiting).await;
    }

    /// Waits until a reaction has come so often in all.
    pub async fn counts_reactions(&mut self, emoji: &str, total: u64) {
        let waiting = async {
            while self.reactions.get(emoji).copied().unwrap_or_default() != total {
                assert!(self.step().await, "reactions: the line ended: {:?}", self.ending);
            }
        };
        in_time(&format!("{total} times {emoji}"), waiting).await;
    }

    /// Reactions so far, as far as this line was told.
    pub fn reactions(&self) -> &BTreeMap<String, u64> {
        &self.reactions
    }

    /// Asks the artist something.
    pub async fn asks(&mut self, text: &str) -> Seq {
        let ask = json!({ "type": "send", "text": text, "question": true });
        self.tries(ask).await.expect("asked").expect("an entry of the log")
    }

    /// Every frame that came, as it came.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Forgets the frames that came so far.
    pub fn forgets_frames(&mut self) {
        self.raw.clear();
    }

    /// Control entries that came.
    pub fn deeds(&self) -> &[Control] {
        &self.deeds
    }

    /// Messages as this line would show them, after every deed it was told of.
    pub fn view(&self) -> &BTreeMap<Seq, Message> {
        &self.view.messages
    }

    /// Merges a page of history that was read as of `as_of`.
    pub fn reads(&mut self, messages: Vec<Message>, as_of: Seq) {
        for message in messages {
            self.view.put(message, as_of);
        }
        for deed in &self.deeds {
            self.view.apply(deed);
        }
    }

    fn new_id(&mut self) -> String {
        self.posted += 1;
        format!("{:x}-{}", super::random(u64::MAX), self.posted)
    }

    pub async fn refusal(&mut self, id: Option<&str>) -> Refusal {
        match self.answer(id).await {
            Err(refused) => refused.code,
            Ok(seq) => panic!("{id:?} is entry {seq:?}"),
        }
    }

    /// Every ack that came and was not waited for, by id.
    pub fn acks(&self) -> impl Iterator<Item = (&str, Seq)> {
        self.answers.iter().flat_map(|(id, answers)| {
            let seqs = answers.iter().filter_map(|answer| answer.as_ref().ok());
            seqs.filter_map(|seq| Some((id.as_deref()?, (*seq)?)))
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

    /// Hangs up without a word, and keeps what was shown.
    pub fn breaks_and_remembers(self) -> Memory {
        Memory {
            after: self.last,
            view: self.view,
            deeds: self.deeds,
        }
    }

    /// Goes on from what was shown before.
    pub fn remembers(&mut self, memory: Memory) {
        self.view = memory.view;
        self.deeds = memory.deeds;
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
                self.raw.push_str(&text);
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
        let frame = match object {
            Received::Known(frame) => frame,
            Received::Other(value) => {
                ServerFrame::to_staff(&value).unwrap_or_else(|| panic!("not in the contract: {value}"))
            }
        };
        assert!(self.bye.is_none(), "nothing follows bye");
        match frame {
            ServerFrame::Welcome(welcome) => {
                assert!(self.welcome.is_none(), "one welcome");
                self.last = after.unwrap_or(welcome.head);
                self.room = Some(welcome.room.clone());
                self.votes = welcome.votes.clone().into_iter().collect();
                self.reactions = welcome.room.reactions.clone().into_iter().collect();
                self.welcome = Some(*welcome);
            }
            ServerFrame::Message(message) => {
                assert_eq!(message.seq, self.last + 1, "each entry once and in order");
                self.last = message.seq;
                // What is replayed shows the state of the welcome.
                let as_of = self.welcome.as_ref().map_or(0, |welcome| welcome.head);
                self.view.put(message.clone(), as_of.max(message.seq));
                self.transcript.push(message);
            }
            ServerFrame::Control(control) => {
                assert_eq!(control.seq, self.last + 1, "each entry once and in order");
                self.last = control.seq;
                self.view.apply(&control);
                self.deeds.push(*control);
            }
            ServerFrame::Ack(ack) => self.answers.entry(ack.id).or_default().push(Ok(ack.seq)),
            ServerFrame::Held(held) => {
                self.held.insert(held.id);
            }
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
            ServerFrame::Room(room) => {
                self.reactions = room.reactions.clone().into_iter().collect();
                self.room = Some(*room);
            }
            ServerFrame::Votes(votes) => self.votes.extend(votes.counts),
            ServerFrame::Reactions(reactions) => self.reactions.extend(reactions.totals),
            ServerFrame::Bye(bye) => self.bye = Some(bye.code),
            notice => self.notices.push(notice),
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
