//! The connection's rules: when to ask for a credential, open a socket, wait, give up. It decides and says what to do
//! next; the engine does it. Times are milliseconds of a clock that only moves forward; random numbers come in.

use std::time::Duration;

use wire::close::{self, CloseCode};
use wire::{Problem, ProblemCode, limits};

use super::reconnect;

/// How long a socket may take from the first packet to its welcome.
const OPEN_WITHIN: Duration = Duration::from_secs(15);

/// A connection that lived this long was a good one: the next failure counts as the first.
const STEADY_AFTER: Duration = Duration::from_secs(5);

/// The banner appears only after this long: a blink of the network is nobody's concern.
const SAY_LOST_AFTER: Duration = Duration::from_millis(1_500);

/// So many failures in a row, and so much time, make a chat that is unavailable.
const UNAVAILABLE_FAILURES: u32 = 4;
const UNAVAILABLE_AFTER: Duration = Duration::from_secs(12);

/// How often to ask whether the account behind the ticket is there, when the server does not say.
const PREPARING_RETRY: Duration = Duration::from_secs(3);

/// Why there will be no socket for now, unless the visitor does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The seat went to another device, or was left.
    SeatLost,
    /// A moderator banned this member.
    Banned,
    /// The show is over.
    EventOver,
    /// The organizer took the ticket back.
    Revoked,
    /// Another tab has the socket.
    OtherTab,
    /// The event has no chat.
    ChatOff,
    /// The server did not understand this page.
    Misunderstood,
}

/// What the engine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Ask for a credential.
    Ask,
    /// Open a socket with the credential.
    Open,
    /// Drop the socket and come back with `due` after this long.
    Wait(Duration),
    /// Drop the socket; it is over.
    End(Ending),
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Asking,
    Opening { since: u64 },
    Live { since: u64, heard: u64 },
    Waiting { until: u64 },
    Ended(Ending),
}

/// What a page shows of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All is well, or only just not.
    Quiet,
    /// The device has no network.
    Offline,
    /// Coming back.
    Reconnecting,
    /// It failed again and again; the next try is in so many seconds.
    Unavailable {
        /// Seconds until then; 0 is now.
        seconds: u64,
    },
    /// The account behind the ticket is being made.
    Preparing,
    /// Over.
    Ended(Ending),
}

/// The connection.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    state: State,
    failures: u32,
    preparing: bool,
    /// Whether the device said that it has a network, or the server was heard since it said otherwise.
    has_network: bool,
    /// Since when there is no live socket.
    lost_since: u64,
}

impl Session {
    /// A connection that has not begun.
    pub fn new(now: u64) -> Self {
        Self {
            state: State::Idle,
            failures: 0,
            preparing: false,
            has_network: true,
            lost_since: now,
        }
    }

    /// Begins, or begins again after an ending.
    pub fn start(&mut self, now: u64) -> Step {
        self.failures = 0;
        self.lost_since = now;
        self.state = State::Asking;
        Step::Ask
    }

    /// A credential is here.
    pub fn credential(&mut self, now: u64) -> Step {
        if self.preparing {
            // The first entry is no return from anywhere.
            self.lost_since = now;
        }
        self.preparing = false;
        self.has_network = true;
        self.state = State::Opening { since: now };
        Step::Open
    }

    /// No credential: the answer was this, or there was none.
    pub fn no_credential(&mut self, problem: Option<&Problem>, now: u64, random: f64) -> Step {
        self.has_network |= problem.is_some();
        let wait = problem
            .and_then(|problem| problem.retry_after_ms)
            .map(Duration::from_millis);
        match problem.map(|problem| problem.code) {
            Some(ProblemCode::LeaseLost) => self.end(Ending::SeatLost),
            Some(ProblemCode::Banned) => self.end(Ending::Banned),
            Some(ProblemCode::EventOver | ProblemCode::EventUnknown) => self.end(Ending::EventOver),
            Some(ProblemCode::TicketRevoked) => self.end(Ending::Revoked),
            Some(ProblemCode::ChatOff) => self.end(Ending::ChatOff),
            Some(ProblemCode::ChatPreparing) => {
                self.preparing = true;
                self.failures = 0;
                self.lost_since = now;
                self.wait(wait.unwrap_or(PREPARING_RETRY), now)
            }
            Some(ProblemCode::TooManyTries) => self.wait(wait.unwrap_or(reconnect::LONGEST_WAIT), now),
            _ => self.fail(now, random),
        }
    }

    /// The server welcomed this socket.
    pub fn welcomed(&mut self, now: u64) {
        self.state = State::Live { since: now, heard: now };
    }

    /// Something came.
    pub fn heard(&mut self, now: u64) {
        self.has_network = true;
        if let State::Live { heard, .. } = &mut self.state {
            *heard = now;
        }
    }

    /// The socket closed with this code.
    pub fn closed(&mut self, code: u16, now: u64, random: f64) -> Step {
        if close::can_reconnect(code) {
            return self.fail(now, random);
        }
        self.end(match CloseCode::from_number(code) {
            Some(CloseCode::TakenOver) => Ending::SeatLost,
            Some(CloseCode::Banned) => Ending::Banned,
            Some(CloseCode::EventOver) => Ending::EventOver,
            Some(CloseCode::TicketRevoked) => Ending::Revoked,
            Some(CloseCode::OtherTab) => Ending::OtherTab,
            _ => Ending::Misunderstood,
        })
    }

    /// Time went by: a wait may be over, a socket may have fallen silent.
    pub fn tick(&mut self, now: u64, random: f64) -> Step {
        match self.state {
            State::Waiting { until } if now >= until => self.ask(),
            State::Opening { since } if now >= since + millis(OPEN_WITHIN) => self.fail(now, random),
            State::Live { heard, .. } if now >= heard + millis(limits::CLIENT_GIVES_UP_AFTER) => self.fail(now, random),
            _ => Step::Nothing,
        }
    }

    /// The page is looked at again: no more waiting, and a socket that slept through what had to come is dead.
    pub fn woken(&mut self, now: u64) -> Step {
        match self.state {
            State::Waiting { .. } => self.ask(),
            State::Live { heard, .. } if now >= heard + millis(limits::SERVER_SPEAKS_WITHIN) => self.again(now),
            _ => Step::Nothing,
        }
    }

    /// The device has a network again, perhaps another one: what was open before hangs.
    pub fn online(&mut self, now: u64) -> Step {
        let step = self.slept(now);
        if !self.has_network {
            self.has_network = true;
            // The loss was said already: it stays so until the chat is back.
            self.lost_since = self.lost_since.min(now.saturating_sub(millis(SAY_LOST_AFTER)));
        }
        step
    }

    /// What the device says of its network. Browsers err: what is heard counts for more.
    pub fn set_network(&mut self, has_network: bool) {
        self.has_network = has_network;
    }

    /// The device slept: what was open before hangs, and nothing is left to wait for.
    pub fn slept(&mut self, now: u64) -> Step {
        match self.state {
            State::Waiting { .. } => self.ask(),
            State::Live { .. } | State::Opening { .. } => self.again(now),
            _ => Step::Nothing,
        }
    }

    /// Whether frames may be sent.
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Live { .. })
    }

    #[cfg(test)]
    fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// What a page shows of it.
    pub fn shown(&self, now: u64) -> Shown {
        let lost_for = Duration::from_millis(now.saturating_sub(self.lost_since));
        match self.state {
            State::Ended(ending) => Shown::Ended(ending),
            _ if !self.has_network => Shown::Offline,
            State::Live { .. } | State::Idle => Shown::Quiet,
            state if self.failures >= UNAVAILABLE_FAILURES && lost_for >= UNAVAILABLE_AFTER => {
                let until = if let State::Waiting { until } = state {
                    until
                } else {
                    now
                };
                Shown::Unavailable {
                    seconds: until.saturating_sub(now).div_ceil(1_000),
                }
            }
            _ if self.preparing => Shown::Preparing,
            _ if lost_for >= SAY_LOST_AFTER => Shown::Reconnecting,
            _ => Shown::Quiet,
        }
    }

    fn ask(&mut self) -> Step {
        self.state = State::Asking;
        Step::Ask
    }

    /// Drops a live socket for a new one, at once.
    fn again(&mut self, now: u64) -> Step {
        self.note_loss(now);
        self.wait(Duration::ZERO, now)
    }

    fn fail(&mut self, now: u64, random: f64) -> Step {
        self.note_loss(now);
        let wait = reconnect::wait(self.failures, random);
        self.failures += 1;
        self.wait(wait, now)
    }

    fn note_loss(&mut self, now: u64) {
        if let State::Live { since, .. } = self.state {
            self.lost_since = now;
            if now >= since + millis(STEADY_AFTER) {
                self.failures = 0;
            }
        }
    }

    fn wait(&mut self, wait: Duration, now: u64) -> Step {
        self.state = State::Waiting {
            until: now + millis(wait),
        };
        Step::Wait(wait)
    }

    fn end(&mut self, ending: Ending) -> Step {
        self.state = State::Ended(ending);
        Step::End(ending)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(code: ProblemCode, retry_after_ms: Option<u64>) -> Problem {
        let answer = serde_json::json!({
            "type": "about:blank", "title": "", "status": 400, "code": code, "retry_after_ms": retry_after_ms,
        });
        serde_json::from_value(answer).expect("a problem")
    }

    fn live(now: u64) -> Session {
        let mut session = Session::new(now);
        assert_eq!(session.start(now), Step::Ask);
        assert_eq!(session.credential(now), Step::Open);
        session.welcomed(now);
        session
    }

    #[test]
    fn a_broken_connection_is_said_only_after_a_moment() {
        let mut session = live(0);
        assert_eq!(
            session.closed(1006, 10_000, 0.5),
            Step::Wait(Duration::from_millis(250))
        );
        assert_eq!(session.shown(10_100), Shown::Quiet);
        assert_eq!(session.shown(12_000), Shown::Reconnecting);
        assert_eq!(session.tick(10_249, 0.5), Step::Nothing);
        assert_eq!(session.tick(10_250, 0.5), Step::Ask);
        session.credential(10_300);
        session.welcomed(10_400);
        assert_eq!(session.shown(10_400), Shown::Quiet);
    }

    #[test]
    fn failures_in_a_row_make_the_chat_unavailable_until_it_is_back() {
        let mut session = live(0);
        let mut now = 10_000;
        session.closed(4000, now, 1.0);
        while !matches!(session.shown(now), Shown::Unavailable { .. }) {
            now += 500;
            if session.tick(now, 1.0) == Step::Ask {
                session.no_credential(None, now, 1.0);
            }
            assert!(now < 60_000, "said in time");
        }
        assert!(now >= 22_000, "and not too soon");
        assert_eq!(session.woken(now), Step::Ask, "a look at the page ends the wait");
        session.credential(now);
        session.welcomed(now);
        assert_eq!(session.shown(now), Shown::Quiet);
        assert_eq!(
            session.closed(1006, now + 6_000, 1.0),
            Step::Wait(reconnect::FIRST_WAIT),
            "steady, so it counts anew"
        );
    }

    #[test]
    fn a_socket_that_dies_at_once_again_and_again_is_not_hammered() {
        let mut session = live(0);
        for doubled in [500, 1_000, 2_000, 4_000] {
            assert_eq!(
                session.closed(4001, 100, 1.0),
                Step::Wait(Duration::from_millis(doubled))
            );
            session.credential(100);
            session.welcomed(100);
        }
    }

    #[test]
    fn silence_means_a_dead_line() {
        let mut session = live(0);
        session.heard(20_000);
        assert_eq!(session.tick(64_999, 0.0), Step::Nothing);
        assert_eq!(session.tick(65_000, 0.0), Step::Wait(Duration::ZERO));
        let mut session = Session::new(0);
        session.start(0);
        session.credential(0);
        assert_eq!(session.tick(14_999, 0.0), Step::Nothing);
        assert_eq!(session.tick(15_000, 0.0), Step::Wait(Duration::ZERO));
    }

    #[test]
    fn waking_up_and_a_new_network_bring_it_back_at_once() {
        let mut session = live(0);
        assert_eq!(session.woken(1_000), Step::Nothing);
        assert_eq!(session.woken(30_000), Step::Wait(Duration::ZERO));
        let mut session = live(0);
        assert_eq!(session.online(1_000), Step::Wait(Duration::ZERO));
        let mut session = live(0);
        session.closed(4500, 5, 0.0);
        assert_eq!(
            (session.online(9), session.woken(9), session.tick(u64::MAX / 2, 0.0)),
            (Step::Nothing, Step::Nothing, Step::Nothing)
        );
    }

    #[test]
    fn every_code_that_says_stay_away_ends_it() {
        for (code, ending) in [
            (4500, Ending::SeatLost),
            (4501, Ending::Banned),
            (4502, Ending::EventOver),
            (4503, Ending::Misunderstood),
            (4504, Ending::Revoked),
            (4505, Ending::OtherTab),
            (4999, Ending::Misunderstood),
        ] {
            let mut session = live(0);
            assert_eq!(session.closed(code, 1, 0.5), Step::End(ending), "{code}");
            assert_eq!(session.shown(1), Shown::Ended(ending));
            assert_eq!(session.start(90_000), Step::Ask, "the visitor may begin again");
            assert_eq!(session.shown(90_000), Shown::Quiet);
        }
    }

    #[test]
    fn the_answer_for_a_credential_decides() {
        for (code, ending) in [
            (ProblemCode::LeaseLost, Ending::SeatLost),
            (ProblemCode::Banned, Ending::Banned),
            (ProblemCode::EventOver, Ending::EventOver),
            (ProblemCode::TicketRevoked, Ending::Revoked),
            (ProblemCode::ChatOff, Ending::ChatOff),
        ] {
            assert_eq!(
                Session::new(0).no_credential(Some(&problem(code, None)), 0, 0.0),
                Step::End(ending)
            );
        }
        let mut session = Session::new(0);
        let preparing = problem(ProblemCode::ChatPreparing, Some(700));
        assert_eq!(
            session.no_credential(Some(&preparing), 0, 0.0),
            Step::Wait(Duration::from_millis(700))
        );
        assert_eq!(session.shown(700), Shown::Preparing);
        session.credential(60_000);
        assert_eq!(session.shown(60_000), Shown::Quiet, "the first entry is no return");
        let haste = problem(ProblemCode::TooManyTries, Some(9_000));
        assert_eq!(
            session.no_credential(Some(&haste), 0, 0.0),
            Step::Wait(Duration::from_secs(9))
        );
    }

    #[test]
    fn a_server_that_dies_while_the_place_is_made_is_said_to_be_away() {
        let mut session = Session::new(0);
        session.start(0);
        let preparing = problem(ProblemCode::ChatPreparing, None);
        session.no_credential(Some(&preparing), 0, 1.0);
        let mut now = 0;
        while session.shown(now) == Shown::Preparing {
            now += 500;
            if session.tick(now, 1.0) == Step::Ask {
                session.no_credential(None, now, 1.0);
            }
            assert!(now < 30_000, "said in time");
        }
        assert!(matches!(session.shown(now), Shown::Unavailable { .. }));
        session.no_credential(Some(&preparing), now, 1.0);
        assert_eq!(session.shown(now), Shown::Preparing, "and back");
    }

    #[test]
    fn a_lost_network_is_said_at_once_and_only_while_it_is_lost() {
        let mut session = live(0);
        session.set_network(false);
        assert_eq!(session.shown(10_000), Shown::Offline);
        session.closed(1006, 10_000, 1.0);
        for now in [10_500, 12_000, 15_000, 20_000, 40_000] {
            assert_eq!(session.tick(now, 1.0), Step::Ask);
            session.no_credential(None, now, 1.0);
            assert_eq!(session.shown(now), Shown::Offline, "the chat is not to blame");
        }
        assert_eq!(session.online(41_000), Step::Ask);
        assert!(
            matches!(session.shown(41_000), Shown::Unavailable { .. }),
            "the server is away as well"
        );
    }

    #[test]
    fn back_in_a_network_the_chat_is_on_its_way_back_until_it_is_there() {
        let mut session = live(0);
        session.set_network(false);
        assert_eq!(session.online(10_000), Step::Wait(Duration::ZERO));
        assert_eq!(session.shown(10_000), Shown::Reconnecting);
        session.credential(10_100);
        session.welcomed(10_200);
        assert_eq!(session.shown(10_200), Shown::Quiet);
    }

    #[test]
    fn a_server_that_is_heard_refutes_a_browser_that_says_it_is_offline() {
        let mut session = live(0);
        session.set_network(false);
        session.heard(1_000);
        assert_eq!(session.shown(1_000), Shown::Quiet);
    }

    #[test]
    fn after_a_sleep_everything_begins_anew_but_an_ending() {
        let mut session = live(0);
        assert_eq!(
            session.slept(1_000),
            Step::Wait(Duration::ZERO),
            "the clock stood still"
        );
        assert_eq!(session.slept(1_000), Step::Ask);
        let mut session = live(0);
        session.closed(4501, 5, 0.0);
        assert_eq!(session.slept(9), Step::Nothing);
    }

    proptest! {
        #[test]
        fn whatever_happens_waits_are_bounded_and_endings_hold(
            events in proptest::collection::vec((0..9_u8, 0..60_000_u64, 0.0..1.0f64, 1_000..5_000_u16), 1..60),
        ) {
            let mut session = Session::new(0);
            let mut now = 0;
            session.start(0);
            for (event, later, random, code) in events {
                now += later;
                let had_ended = session.has_ended();
                let step = match event {
                    0 => session.tick(now, random),
                    1 => session.woken(now),
                    2 => session.online(now),
                    3 if !had_ended => session.closed(code, now, random),
                    4 if !had_ended => session.no_credential(None, now, random),
                    5 if !had_ended => session.credential(now),
                    6 if !had_ended => { session.welcomed(now); Step::Nothing }
                    7 => { session.set_network(false); Step::Nothing }
                    8 => session.slept(now),
                    _ => Step::Nothing,
                };
                if let Step::Wait(wait) = step {
                    prop_assert!(wait <= reconnect::LONGEST_WAIT);
                }
                prop_assert!(!had_ended || session.has_ended());
            }
        }
    }
}
