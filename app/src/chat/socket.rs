//! One WebSocket and its handlers. Dropping it silences and closes it, so that a dying socket's late events reach
//! nobody.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// What a socket says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is open.
    Opened,
    /// A text frame.
    Text(String),
    /// It closed, with this code.
    Closed(u16),
}

/// A WebSocket that tells a listener what happens.
pub struct Socket {
    line: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _text: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket on this page's own server.
    pub fn open(path: &str, listener: Rc<dyn Fn(Said)>) -> Result<Self, JsValue> {
        let socket = WebSocket::new(&address(path)?)?;
        let said = Rc::clone(&listener);
        let opened = Closure::<dyn FnMut()>::new(move || said(Said::Opened));
        let said = Rc::clone(&listener);
        let text = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                said(Said::Text(text));
            }
        });
        let closed =
            Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| listener(Said::Closed(event.code())));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(text.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self {
            line: socket,
            _opened: opened,
            _text: text,
            _closed: closed,
        })
    }

    /// Sends a text frame. On a socket that is closing it goes nowhere: its line goes again on the next one.
    pub fn send(&self, text: &str) {
        let _ = self.line.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.line.set_onmessage(None);
        self.line.set_onclose(None);
        if self.line.ready_state() == WebSocket::CONNECTING {
            close_once_open(&self.line); // closed before, it would be an error in the browser's console
        } else {
            self.line.set_onopen(None);
            let _ = self.line.close();
        }
    }
}

fn close_once_open(line: &WebSocket) {
    let socket = line.clone();
    let close = Closure::once_into_js(move || {
        let _ = socket.close();
    });
    line.set_onopen(Some(close.unchecked_ref()));
}

/// The address of `path`, relative to this page, as a WebSocket's.
fn address(path: &str) -> Result<String, JsValue> {
    let here = leptos::prelude::location().href()?;
    let url = web_sys::Url::new_with_base(path, &here)?;
    if let Some(scheme) = match url.protocol().as_str() {
        "https:" => Some("wss:"),
        "http:" => Some("ws:"),
        _ => None,
    } {
        url.set_protocol(scheme);
    }
    Ok(url.href())
}
