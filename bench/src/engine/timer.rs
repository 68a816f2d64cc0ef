//! A timer that is precise: what the wait itself offers is rounded up to whole milliseconds.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// Wakes the loop once.
pub struct Timer {
    file: OwnedFd,
    /// When it will, in microseconds of the loop's clock.
    armed: Option<u64>,
}

impl Timer {
    /// A timer that wakes with this token.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let file = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        registry.register(&mut SourceFd(&file.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { file, armed: None })
    }

    /// Wakes at `due`, which is later than `now`.
    pub fn arm(&mut self, due: u64, now: u64) -> io::Result<()> {
        if self.armed == Some(due) {
            return Ok(());
        }
        let zero = Timespec::default();
        let wait = Duration::from_micros(due - now);
        let it_value = Timespec::try_from(wait).map_err(io::Error::other)?;
        let once = Itimerspec {
            it_interval: zero,
            it_value,
        };
        timerfd_settime(&self.file, TimerfdTimerFlags::empty(), &once)?;
        self.armed = Some(due);
        Ok(())
    }

    /// It woke the loop.
    pub fn went_off(&mut self) {
        self.armed = None;
    }
}
