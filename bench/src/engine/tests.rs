//! The loop against a small server that speaks what another library makes of RFC 6455.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

use super::*;

/// What happened, in words.
#[derive(Default)]
struct Diary {
    lines: Vec<String>,
    /// Said as soon as the socket is open.
    says: Vec<String>,
    is_over: bool,
}

impl App for Diary {
    fn hear(&mut self, net: &mut Net, id: Id, event: Event<'_>) {
        let line = match event {
            Event::Opened => {
                for text in &self.says {
                    net.send(id, Opcode::Text, text.as_bytes());
                }
                "opened".to_owned()
            }
            Event::Declined(status, after) => format!("declined {status}, {after:?}"),
            Event::Answered(answer) => format!("answered {}", answer.status),
            Event::Text(text) if text.len() > 100 => format!("text of {}", text.len()),
            Event::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
            Event::Binary(bytes) => format!("binary {bytes:?}"),
            Event::Closed(code) => format!("closed {code:?}"),
        };
        self.is_over = line.starts_with("closed") || line.starts_with("declined");
        self.lines.push(line);
    }

    fn turn(&mut self, net: &mut Net) -> Result<Turn> {
        Ok(if self.is_over {
            Turn::Done
        } else {
            Turn::Until(net.now() + 10_000_000)
        })
    }
}

/// What a socket tells of a server that does this with it.
fn diary<T: Send + 'static>(says: &[&str], serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> (Vec<String>, T) {
    let (address, server) = start(serve);
    let mut net = Net::new().unwrap();
    let upgrade = http::upgrade("test", "/", "");
    net.open(address, Stage::Upgrading, upgrade.as_bytes()).unwrap();
    let mut diary = Diary {
        says: says.iter().map(|text| (*text).to_owned()).collect(),
        ..Diary::default()
    };
    run(&mut net, &mut diary).unwrap();
    (diary.lines, server.join().unwrap())
}

fn start<T: Send + 'static>(serve: impl FnOnce(TcpStream) -> T + Send + 'static) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

fn accept(stream: TcpStream) -> WebSocket<TcpStream> {
    stream.set_nodelay(true).unwrap();
    tungstenite::accept(stream).unwrap()
}

fn close(socket: &mut WebSocket<TcpStream>, code: u16) {
    let reason = CloseFrame {
        code: code.into(),
        reason: "enough".into(),
    };
    socket.close(Some(reason)).unwrap();
    while socket.read().is_ok() {}
}

#[test]
fn what_is_said_and_heard_is_the_same_on_both_sides() {
    let long = "x".repeat(70_000);
    let said = long.clone();
    let (lines, heard) = diary(&["short", &long], move |stream| {
        // It refuses what a client did not mask.
        let mut socket = accept(stream);
        let heard: Vec<String> = (0..2)
            .map(|_| socket.read().unwrap().into_text().unwrap().to_string())
            .collect();
        socket.send(Message::text("hello")).unwrap();
        socket.send(Message::text("y".repeat(300))).unwrap();
        socket.send(Message::text("z".repeat(70_000))).unwrap();
        socket.send(Message::binary(vec![1, 2])).unwrap();
        close(&mut socket, 4002);
        heard
    });
    assert_eq!(heard, ["short".to_owned(), said]);
    assert_eq!(
        lines,
        [
            "opened",
            "text hello",
            "text of 300",
            "text of 70000",
            "binary [1, 2]",
            "closed Some(4002)"
        ]
    );
}

#[test]
fn frames_come_in_any_pieces() {
    let (lines, ()) = diary(&[], |stream| {
        let mut socket = accept(stream);
        let mut bytes = Vec::new();
        for text in ["one", "two", "three"] {
            frame::write_plain(&mut bytes, Opcode::Text, text.as_bytes());
        }
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        for byte in first {
            socket.get_mut().write_all(&[*byte]).unwrap();
        }
        socket.get_mut().write_all(rest).unwrap();
        close(&mut socket, 1000);
    });
    assert_eq!(
        lines,
        ["opened", "text one", "text two", "text three", "closed Some(1000)"]
    );
}

#[test]
fn a_fragmented_message_is_one_and_a_ping_in_between_is_answered() {
    let (lines, pong) = diary(&[], |stream| {
        let mut socket = accept(stream);
        let fragments = [&b"\x01\x03one"[..], b"\x89\x02hi", b"\x00\x01 ", b"\x80\x03two"];
        for fragment in fragments {
            socket.get_mut().write_all(fragment).unwrap();
        }
        let pong = socket.read().unwrap();
        close(&mut socket, 1000);
        pong
    });
    assert_eq!(pong, Message::Pong("hi".into()));
    assert_eq!(lines, ["opened", "text one two", "closed Some(1000)"]);
}

#[test]
fn what_is_no_websocket_is_seen() {
    let head = |stream: &mut TcpStream| {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
    };
    let (lines, ()) = diary(&[], move |mut stream| {
        head(&mut stream);
        let answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nfull";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    assert_eq!(lines, ["declined 503, Some(3)"]);
    let (lines, ()) = diary(&[], |stream| {
        let mut socket = accept(stream);
        // Masked, which a server must not do.
        socket.get_mut().write_all(&[0x81, 0x80, 1, 2, 3, 4]).unwrap();
        while socket.read().is_ok() {}
    });
    assert_eq!(lines, ["opened", "closed None"]);
    let (lines, ()) = diary(&[], |stream| drop(accept(stream)));
    assert_eq!(lines, ["opened", "closed None"]);
}

#[test]
fn a_socket_that_was_closed_means_nothing_any_more() {
    let (address, server) = start(drop);
    let mut net = Net::new().unwrap();
    let first = net.open(address, Stage::Upgrading, b"").unwrap();
    assert!(net.close(first) && !net.close(first));
    let second = net.open(address, Stage::Upgrading, b"").unwrap();
    assert_eq!(
        (first.place(), net.stage(first)),
        (second.place(), None),
        "the place is taken again"
    );
    net.send(first, Opcode::Text, b"to nobody");
    assert!(!net.close(first) && net.close(second));
    server.join().unwrap();
}
