//! The fan-out against small servers that deliver right, and wrong in each way there is.

use std::net::{TcpListener, TcpStream};
use std::thread;

use tungstenite::{Message, WebSocket};

use super::*;

const SOCKETS: usize = 3;
const MESSAGES: usize = 5;

/// What a server does to the third message at the second socket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Loses,
    Doubles,
    DoublesTheLast,
    Reorders,
    InventsOne,
    Closes,
}

type Sockets = Vec<WebSocket<TcpStream>>;

/// The number of each message that a socket is sent, in order, when these were said.
fn deliveries(fault: Fault, socket: usize) -> Vec<usize> {
    let right = 0..MESSAGES;
    let last = MESSAGES - 1;
    match fault {
        _ if socket != 1 => right.collect(),
        Fault::None | Fault::Closes => right.collect(),
        Fault::Loses => right.filter(|number| *number != 2).collect(),
        Fault::Doubles => vec![0, 1, 2, 2, 3, 4],
        Fault::DoublesTheLast => right.chain([last]).collect(),
        Fault::Reorders => vec![0, 1, 3, 2, 4],
        Fault::InventsOne => right.chain([MESSAGES]).collect(),
    }
}

fn serve(listener: &TcpListener, fault: Fault) {
    let mut sockets: Sockets = (0..SOCKETS)
        .map(|_| tungstenite::accept(listener.accept().unwrap().0).unwrap())
        .collect();
    let mut said: Vec<Message> = Vec::new();
    // Whoever was opened first says all of it, but it need not have been accepted first.
    while said.len() < MESSAGES {
        said.push(sockets[0].read().unwrap());
    }
    said.push(Message::text(message(MESSAGES as u64, 0, 40)));
    for (number, socket) in sockets.iter_mut().enumerate() {
        for delivery in deliveries(fault, number) {
            socket.send(said[delivery].clone()).unwrap();
        }
        if fault == Fault::Closes && number == 1 {
            socket.close(None).unwrap();
        }
    }
    for mut socket in sockets {
        while socket.read().is_ok() {}
    }
}

/// Deliveries, lost, disordered and closed.
fn verdict(fault: Fault) -> (u64, u64, u64, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target {
        address: listener.local_addr().unwrap(),
        path: "/".to_owned(),
        dialect: Dialect::Plain,
        process: std::process::id(),
    };
    let load = Load {
        sockets: u32::try_from(SOCKETS).unwrap(),
        rooms: 1,
        rate: 1_000.0,
        seconds: 1,
        text: 40,
    };
    let patience = Patience {
        opening: 1,
        settle: 0,
        drain: 500_000,
        quiet: 500_000,
        messages: Some(MESSAGES as u64),
    };
    let server = thread::spawn(move || serve(&listener, fault));
    let figures = run_patiently(&target, load, patience).unwrap();
    server.join().unwrap();
    assert_eq!(figures.messages, MESSAGES as u64);
    (figures.deliveries, figures.lost, figures.disordered, figures.closed)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(verdict(Fault::None), (15, 0, 0, 0));
}

#[test]
fn each_wrong_is_seen() {
    assert_eq!(verdict(Fault::Loses), (14, 1, 0, 0));
    assert_eq!(verdict(Fault::Doubles), (15, 0, 1, 0));
    assert_eq!(verdict(Fault::DoublesTheLast), (15, 0, 1, 0));
    assert_eq!(verdict(Fault::Reorders), (14, 1, 1, 0));
    assert_eq!(verdict(Fault::InventsOne), (15, 0, 1, 0));
    assert_eq!(verdict(Fault::Closes), (15, 0, 0, 1));
}
