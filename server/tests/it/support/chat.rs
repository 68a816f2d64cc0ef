//! Just enough of the socket to say something, and to moderate.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Visitor;

/// An open socket.
pub struct Line(WebSocketStream<TcpStream>);

/// Opens the room, says something, and comes back when it is committed.
pub async fn say(visitor: &Visitor, slug: &str, text: &str) -> u64 {
    let said = json!({ "type": "send", "id": "1", "text": text });
    let answer = tell(visitor, slug, &said).await;
    assert_eq!(answer["type"], "ack", "{answer}");
    answer["seq"].as_u64().expect("a place in the log")
}

/// Opens the room, sends a frame that has an id, and comes back with its answer.
pub async fn tell(visitor: &Visitor, slug: &str, frame: &Value) -> Value {
    let mut line = Line::open(visitor, slug).await;
    line.send(frame).await;
    line.until(|object| {
        object["id"] == frame["id"] && ["ack", "refused", "held"].iter().any(|kind| object["type"] == *kind)
    })
    .await
}

impl Line {
    /// Opens the room.
    pub async fn open(visitor: &Visitor, slug: &str) -> Self {
        let credential = visitor.credentials(slug).await.ok();
        let host = visitor.host();
        let stream = TcpStream::connect(&host).await.expect("connects");
        let address = format!("ws://{host}{}", credential["socket"].as_str().expect("a path"));
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.expect("opens");
        let mut line = Self(socket);
        line.send(&json!({ "type": "hello", "token": credential["token"] }))
            .await;
        line.until(|object| object["type"] == "welcome").await;
        line
    }

    async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.expect("sends");
    }

    /// The first object that is what was waited for.
    async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = tokio::time::timeout(super::SOON, self.0.next())
                .await
                .expect("in time")
                .expect("open")
                .expect("fine");
            let objects: Value = serde_json::from_str(frame.to_text().expect("text")).unwrap_or_default();
            let found = objects
                .as_array()
                .and_then(|objects| objects.iter().find(|object| is_it(object)).cloned());
            if let Some(found) = found {
                return found;
            }
        }
    }
}
