//! The WebSocket of a room: the handshake, the frames, the endings (RFC 6455).
//!
//! The connection is taken back from the HTTP server after the handshake, so that its buffers are ours to size and what
//! a misbehaving client still sends can be read away before the line is cut: else its system would drop our last words.

use std::ops::ControlFlow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, StatusCode, Version};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as CloseNumber;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use wire::frame::{BadFrame, Bye, Parsed};
use wire::{ClientFrame, CloseCode, Problem, Refusal, Seq, ServerFrame, limits};

use crate::problem::ApiError;
use crate::room::{Answer, Frame, IN_FLIGHT, LaneEnd, Membership, Missed, Rooms};
use crate::state::AppState;

/// What a connection reads at once: a client's frame is short.
const READ_BUFFER_BYTES: usize = 1_024;

/// The system's send buffer of a connection: seconds of a busy room, and little enough that a crowd fits in memory.
const SEND_BUFFER_BYTES: usize = 64 * 1_024;

/// A write that gets nowhere for this long is the end of a connection whose reader is gone or far too slow.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// How long a stopping server waits for the answers to what a socket has sent.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// How long the last words may take to be sent, and again to be read.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How long sent bytes may stay unacknowledged before the system gives up on a line.
const UNACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(45);

/// Becomes a WebSocket. `docs/protocol.md` tells what is spoken there.
#[utoipa::path(
    get,
    path = "/events/{event}/socket",
    tag = "chat",
    params(("event" = String, Path, description = "The event's slug")),
    responses(
        (status = 101, description = "The connection speaks WebSocket (RFC 6455) from here on; `hello` comes first"),
        (status = 400, body = Problem, description = "handshake_invalid", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "origin_refused", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "event_unknown", content_type = "application/problem+json"),
    )
)]
pub async fn upgrade(
    State(state): State<AppState>,
    Path(slug): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let accept = handshake(&request)?;
    if state.store.event_by_slug(&slug).await?.is_none() {
        return Err(ApiError::EventUnknown);
    }
    let upgrading = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or(ApiError::HandshakeInvalid)?;
    let rooms = state.rooms.clone();
    state.rooms.track(async move {
        match upgrading.await {
            Ok(upgraded) => take_back(upgraded, rooms, slug).await,
            Err(error) => tracing::debug!(%error, "the upgrade failed"),
        }
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty());
    response.map_err(|_| ApiError::HandshakeInvalid)
}

/// Checks the client's side of the handshake (RFC 6455, 4.2.1) and gives the accept key.
fn handshake(request: &Request) -> Result<String, ApiError> {
    let headers = request.headers();
    let is_fine = request.version() == Version::HTTP_11
        && has_token(headers, &CONNECTION, "upgrade")
        && has_token(headers, &UPGRADE, "websocket")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| is_fine)
        .ok_or(ApiError::HandshakeInvalid)?;
    Ok(derive_accept_key(key.as_bytes()))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

async fn take_back(upgraded: Upgraded, rooms: Rooms, slug: String) {
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => {
            let stream = parts.io.into_inner();
            tune(&stream);
            serve(stream, parts.read_buf, rooms, &slug).await;
        }
        Err(upgraded) => serve(TokioIo::new(upgraded), Bytes::new(), rooms, &slug).await,
    }
}

/// Sizes the system's buffers and lets it notice a dead line. A system that refuses costs memory or time, not service.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let results = [
        stream.set_nodelay(true),
        socket.set_send_buffer_size(SEND_BUFFER_BYTES),
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_WITHIN)),
    ];
    for error in results.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, read: Bytes, rooms: Rooms, slug: &str) {
    rooms.metrics().socket_opened();
    let mut socket = Socket::new(stream, read).await;
    let end = socket.converse(&rooms, slug).await;
    if let ControlFlow::Break(End::Close(code)) = end {
        socket.close(code).await;
        rooms.metrics().socket_closed(code.reason());
    } else {
        rooms.metrics().socket_closed("gone");
    }
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By us, with a code.
    Close(CloseCode),
    /// By the client, or the line broke.
    Gone,
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        Self::Close(code)
    }
}

type Step<T> = ControlFlow<End, T>;

fn end<T>(why: impl Into<End>) -> Step<T> {
    ControlFlow::Break(why.into())
}

struct Socket<S> {
    ws: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    async fn new(stream: S, read: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(limits::CLIENT_FRAME_BYTES))
            .max_frame_size(Some(limits::CLIENT_FRAME_BYTES));
        let ws = WebSocketStream::from_partially_read(stream, read.into(), Role::Server, Some(config)).await;
        Self { ws }
    }

    async fn converse(&mut self, rooms: &Rooms, slug: &str) -> Step<()> {
        let (token, after) = self.hello(rooms).await?;
        let mut membership = match rooms.join(slug, &token, after).await {
            Ok(membership) => membership,
            Err(code) => return end(code),
        };
        self.welcome(rooms, &mut membership).await?;
        let mut in_flight = 0;
        let finish = self.attend(rooms, &mut membership, &mut in_flight).await;
        if finish == end(CloseCode::Restarting) {
            self.answer_what_is_in_flight(&mut membership, in_flight).await;
        }
        finish
    }

    /// The first frame, in time.
    async fn hello(&mut self, rooms: &Rooms) -> Step<(String, Option<Seq>)> {
        let deadline = Instant::now() + limits::HELLO_WITHIN;
        let text = tokio::select! {
            text = timeout_at(deadline, self.read()) => text,
            () = rooms.shutdown().cancelled() => return end(CloseCode::Restarting),
        };
        let Ok(text) = text else {
            return end(CloseCode::ProtocolViolation);
        };
        match ClientFrame::parse(&text?) {
            Ok(Parsed {
                frame: Ok(ClientFrame::Hello { token, after }),
                ..
            }) => ControlFlow::Continue((token, after)),
            _ => end(CloseCode::ProtocolViolation),
        }
    }

    async fn welcome(&mut self, rooms: &Rooms, membership: &mut Membership) -> Step<()> {
        let mut first = vec![ServerFrame::Welcome(Box::new(membership.welcome.clone())).encode()];
        let missed = std::mem::replace(&mut membership.missed, Missed::Frames(Vec::new()));
        let frames = match missed {
            Missed::Frames(frames) => frames,
            Missed::Gap(gap) => {
                first.push(ServerFrame::Gap(gap).encode());
                Vec::new()
            }
        };
        self.say(rooms, membership, std::iter::once(array(&first)).chain(frames))
            .await
    }

    /// Everything between welcome and end.
    async fn attend(&mut self, rooms: &Rooms, membership: &mut Membership, in_flight: &mut usize) -> Step<()> {
        loop {
            tokio::select! {
                code = &mut membership.close => return end(code.map_or(End::Gone, End::Close)),
                () = rooms.shutdown().cancelled() => return end(CloseCode::Restarting),
                answer = membership.answers.recv() => {
                    let objects = collect(membership, answer, in_flight)?;
                    self.say(rooms, membership, [array(&objects)]).await?;
                }
                frame = membership.lane.next() => {
                    let frames = drain(membership, frame)?;
                    self.say(rooms, membership, frames).await?;
                }
                text = self.read(), if *in_flight < IN_FLIGHT => {
                    let text = text?;
                    *in_flight += 1;
                    take(membership, &text)?;
                }
            }
        }
    }

    /// Writes, unless there is a reason to close: a reader who is slow is told that its seat has moved, not that it is slow.
    async fn say(
        &mut self,
        rooms: &Rooms,
        membership: &mut Membership,
        frames: impl IntoIterator<Item = Frame>,
    ) -> Step<()> {
        tokio::select! {
            biased;
            code = &mut membership.close => end(code.map_or(End::Gone, End::Close)),
            written = self.write(frames) => written,
            () = rooms.shutdown().cancelled() => end(CloseCode::Restarting),
        }
    }

    async fn answer_what_is_in_flight(&mut self, membership: &mut Membership, mut in_flight: usize) {
        let deadline = Instant::now() + FINISH_WITHIN;
        while in_flight > 0 {
            let Ok(answer) = timeout_at(deadline, membership.answers.recv()).await else {
                return;
            };
            let ControlFlow::Continue(objects) = collect(membership, answer, &mut in_flight) else {
                return;
            };
            if self.write([array(&objects)]).await.is_break() {
                return;
            }
        }
    }

    /// The next text frame. Pings are answered by the WebSocket library.
    async fn read(&mut self) -> Step<Utf8Bytes> {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Text(text))) => return ControlFlow::Continue(text),
                // After a close frame once more, so that the library's answer to it goes out.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_))) => {}
                // A line that broke is no violation, though the library calls it one.
                Some(Err(WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => return end(End::Gone),
                Some(Ok(Message::Binary(_)) | Err(WsError::Capacity(_) | WsError::Utf8(_) | WsError::Protocol(_))) => {
                    return end(CloseCode::ProtocolViolation);
                }
                Some(Err(_)) | None => return end(End::Gone),
            }
        }
    }

    async fn write(&mut self, frames: impl IntoIterator<Item = Frame>) -> Step<()> {
        let writing = async {
            for frame in frames {
                self.ws.feed(Message::Text(frame)).await?;
            }
            self.ws.flush().await
        };
        match timeout(WRITE_WITHIN, writing).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) => end(End::Gone),
            Err(_) => end(CloseCode::TooSlow),
        }
    }

    /// Says `bye`, closes, and reads away what the client still sends until it has read our words or time is up.
    async fn close(&mut self, code: CloseCode) {
        let bye = ServerFrame::Bye(Bye {
            code: code.number(),
            reason: code.reason().to_owned(),
        })
        .encode();
        let close = CloseFrame {
            code: CloseNumber::from(code.number()),
            reason: Utf8Bytes::from_static(code.reason()),
        };
        let saying = async {
            self.ws.feed(Message::Text(array(&[bye]))).await?;
            self.ws.feed(Message::Close(Some(close))).await?;
            self.ws.flush().await
        };
        let said = timeout(CLOSE_WITHIN, saying).await;
        if matches!(said, Ok(Ok(()))) {
            // Whether the client listens or not, the connection ends here.
            let _ = timeout(CLOSE_WITHIN, self.read_away()).await;
        }
    }

    async fn read_away(&mut self) {
        let stream = self.ws.get_mut();
        let mut sink = [0; READ_BUFFER_BYTES];
        if stream.shutdown().await.is_ok() {
            while stream.read(&mut sink).await.is_ok_and(|read| read > 0) {}
        }
    }
}

/// An answer and all that wait behind it.
fn collect(membership: &mut Membership, first: Option<Answer>, in_flight: &mut usize) -> Step<Vec<String>> {
    let mut objects = Vec::new();
    let mut next = first;
    while let Some(answer) = next {
        *in_flight -= 1;
        match answer {
            Answer::Say(object) => objects.push(object),
            Answer::FateUnknown => return end(CloseCode::Restarting),
        }
        next = membership.answers.try_recv().ok();
    }
    ControlFlow::Continue(objects)
}

/// A frame of the room and all that wait behind it, to be flushed once.
fn drain(membership: &mut Membership, first: Result<Frame, LaneEnd>) -> Step<Vec<Frame>> {
    let mut frames = Vec::new();
    let mut next = first.map(Some);
    loop {
        match next {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return ControlFlow::Continue(frames),
            Err(LaneEnd::TooSlow) => return end(CloseCode::TooSlow),
            Err(LaneEnd::Closed) => return end(CloseCode::Restarting),
        }
        next = membership.lane.try_next();
    }
}

/// Takes a client's frame: every one gets exactly one answer.
fn take(membership: &Membership, text: &str) -> Step<()> {
    let Ok(Parsed { id, frame }) = ClientFrame::parse(text) else {
        return end(CloseCode::ProtocolViolation);
    };
    match frame {
        Ok(ClientFrame::Send(send)) => membership.send(send),
        Ok(ClientFrame::Hello { .. }) | Err(BadFrame::Hello) => return end(CloseCode::ProtocolViolation),
        Err(BadFrame::UnknownType) => membership.refuse(id, Refusal::UnknownType),
        Err(BadFrame::Invalid) => membership.refuse(id, Refusal::Invalid),
    }
    ControlFlow::Continue(())
}

fn array(objects: &[String]) -> Frame {
    format!("[{}]", objects.join(",")).into()
}
