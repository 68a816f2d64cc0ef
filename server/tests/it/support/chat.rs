//! Just enough of the socket to say something.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Visitor;

/// Opens the room, says something, and comes back when it is committed.
pub async fn say(visitor: &Visitor, slug: &str, text: &str) {
    let credential = visitor.credentials(slug).await.ok();
    let host = visitor.host();
    let stream = TcpStream::connect(&host).await.expect("connects");
    let address = format!("ws://{host}{}", credential["socket"].as_str().expect("a path"));
    let (mut socket, _) = tokio_tungstenite::client_async(address, stream).await.expect("opens");
    send(&mut socket, &json!({ "type": "hello", "token": credential["token"] })).await;
    until(&mut socket, "welcome").await;
    send(&mut socket, &json!({ "type": "send", "id": "1", "text": text })).await;
    until(&mut socket, "ack").await;
}

async fn send(socket: &mut WebSocketStream<TcpStream>, frame: &Value) {
    socket.send(Message::text(frame.to_string())).await.expect("sends");
}

async fn until(socket: &mut WebSocketStream<TcpStream>, kind: &str) {
    loop {
        let frame = tokio::time::timeout(super::SOON, socket.next())
            .await
            .expect("in time")
            .expect("open")
            .expect("fine");
        let objects: Value = serde_json::from_str(frame.to_text().expect("text")).unwrap_or_default();
        if objects
            .as_array()
            .is_some_and(|objects| objects.iter().any(|object| object["type"] == kind))
        {
            return;
        }
    }
}
