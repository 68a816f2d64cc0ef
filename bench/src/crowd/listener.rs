//! Who listens at a socket, and when everybody may stop.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::checker::Checker;

/// Tells the crowd when it may stop listening.
pub struct Parting {
    awaited: watch::Sender<Awaited>,
    ended: watch::Sender<bool>,
}

/// What has not come yet.
struct Awaited {
    acks: u64,
    listeners: usize,
}

impl Parting {
    /// Awaits an ack for each message, and each message at each listener.
    pub fn new(messages: u64, listeners: usize) -> Self {
        let acks = messages;
        Self {
            awaited: watch::Sender::new(Awaited { acks, listeners }),
            ended: watch::Sender::new(false),
        }
    }

    /// Returns when all of it came, or after the limit.
    pub async fn all_in(&self, limit: Duration) {
        let mut awaited = self.awaited.subscribe();
        let all_in = awaited.wait_for(|awaited| awaited.acks == 0 && awaited.listeners == 0);
        // What did not come by then shows in the counts.
        tokio::time::timeout(limit, all_in).await.ok();
    }

    /// Ends the listening.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }
}

/// One socket's listener.
pub struct Listener<S> {
    from: S,
    checker: Checker,
    clock: Instant,
    closed: bool,
    awaited: watch::Sender<Awaited>,
    ended: watch::Receiver<bool>,
}

impl<S: Stream<Item = Result<Message, Error>> + Unpin> Listener<S> {
    /// Counts time from `clock`.
    pub fn new(from: S, checker: Checker, clock: Instant, parting: &Parting) -> Self {
        Self {
            from,
            checker,
            clock,
            closed: false,
            awaited: parting.awaited.clone(),
            ended: parting.ended.subscribe(),
        }
    }

    /// Listens until the parting ends it or the socket closes: also when it has all it awaits, for doubles and strays.
    pub async fn listen(mut self) -> Self {
        loop {
            let frame = tokio::select! {
                frame = self.from.next() => frame,
                _ = self.ended.wait_for(|ended| *ended) => break,
            };
            match frame {
                Some(Ok(Message::Text(text))) => self.hear(&text),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    self.closed = true;
                    self.tell(0, !self.checker.is_complete());
                    break;
                }
            }
        }
        self
    }

    /// What it heard.
    pub fn heard(&self) -> &Checker {
        &self.checker
    }

    /// Whether its socket closed early.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn hear(&mut self, frame: &str) {
        let (acked, was_complete) = (self.checker.acked, self.checker.is_complete());
        self.checker.hear(frame, self.clock.elapsed());
        self.tell(self.checker.acked - acked, self.checker.is_complete() && !was_complete);
    }

    /// Tells of acks, and once that this listener awaits no more.
    fn tell(&self, acks: u64, is_done: bool) {
        if acks > 0 || is_done {
            self.awaited.send_modify(|awaited| {
                awaited.acks = awaited.acks.saturating_sub(acks);
                awaited.listeners -= usize::from(is_done);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    struct Socket {
        says: mpsc::UnboundedSender<String>,
        listener: tokio::task::JoinHandle<Checker>,
    }

    impl Socket {
        /// A socket that awaits the messages 1 and 2.
        fn open(parting: &Parting) -> Self {
            let (says, hears) = mpsc::unbounded_channel::<String>();
            let from = stream::unfold(hears, async |mut hears| {
                Some((Ok(Message::text(hears.recv().await?)), hears))
            });
            let listener = Listener::new(Box::pin(from), Checker::new(0, 2), Instant::now(), parting);
            let listener = tokio::spawn(async { listener.listen().await.checker });
            Self { says, listener }
        }

        fn say(&self, kind: &str, seq: u64) {
            let frame = format!(r#"[{{"type":"{kind}","seq":{seq},"text":"0 x"}}]"#);
            self.says.send(frame).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_double_after_the_last_message_is_heard() {
        let parting = Parting::new(0, 1);
        let socket = Socket::open(&parting);
        socket.say("message", 1);
        socket.say("message", 2);
        parting.all_in(LIMIT).await;
        socket.say("message", 2);
        tokio::time::sleep(Duration::from_secs(1)).await;
        parting.end();
        let heard = socket.listener.await.unwrap();
        assert_eq!((heard.delivered, heard.lost(), heard.disordered), (2, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_ack_after_the_last_message_is_waited_for() {
        let parting = Parting::new(2, 1);
        let socket = Socket::open(&parting);
        let start = Instant::now();
        socket.say("ack", 1);
        socket.say("message", 1);
        socket.say("message", 2);
        let late = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            socket.say("ack", 2);
        };
        tokio::join!(parting.all_in(LIMIT), late);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        parting.end();
        assert_eq!(socket.listener.await.unwrap().acked, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_for_what_is_lost() {
        let parting = Parting::new(0, 1);
        let socket = Socket::open(&parting);
        socket.say("message", 1);
        let start = Instant::now();
        parting.all_in(LIMIT).await;
        assert_eq!(start.elapsed(), LIMIT);
        parting.end();
        assert_eq!(socket.listener.await.unwrap().lost(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_socket_that_closed() {
        let parting = Parting::new(0, 1);
        let socket = Socket::open(&parting);
        socket.say("message", 1);
        let start = Instant::now();
        drop(socket.says);
        parting.all_in(LIMIT).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(socket.listener.await.unwrap().lost(), 1);
    }
}
