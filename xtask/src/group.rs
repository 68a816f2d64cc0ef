//! Programs that never outlive us: each runs in a process group of its own, so that it ends with all that it started,
//! whether it is dropped here or a signal ends us.

use std::fs;
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, exit};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a program may take to end in its own way: the server promises ten seconds.
const FAREWELL: Duration = Duration::from_secs(11);
/// How often an ending program is looked at.
const POLL: Duration = Duration::from_millis(20);
/// What a shell says of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// The groups that run now, and whether a signal is ending them.
static RUNNING: Mutex<Running> = Mutex::new(Running {
    leaders: Vec::new(),
    is_ending: false,
});

struct Running {
    leaders: Vec<Pid>,
    is_ending: bool,
}

impl Running {
    fn signal(&self, signal: Signal) {
        for leader in &self.leaders {
            // One that has ended already needs no signal.
            kill_process_group(*leader, signal).ok();
        }
    }
}

/// A program and all that it starts. Dropped, it is asked to end, and made to when it does not.
pub struct Group {
    child: Child,
    leader: Pid,
}

impl Group {
    /// Starts the program, unless a signal is ending us.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let mut running = running();
        if running.is_ending {
            return Err(Error::other("a signal came"));
        }
        let child = command.process_group(0).spawn()?;
        let leader = Pid::from_child(&child);
        running.leaders.push(leader);
        Ok(Self { child, leader })
    }

    /// Whether the program has ended. It is not reaped yet: until then nobody else gets its group's number.
    pub fn has_ended(&self) -> bool {
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.leader), peek), Ok(None))
    }

    /// How the program ended, once it has; what it left behind ends too.
    pub fn status(mut self) -> Result<ExitStatus> {
        waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        self.reap()
    }

    /// Ends what is left of the group, and forgets it.
    fn reap(&mut self) -> Result<ExitStatus> {
        let mut running = running();
        if let Some(at) = running.leaders.iter().position(|leader| *leader == self.leader) {
            running.leaders.swap_remove(at);
            kill_process_group(self.leader, Signal::KILL).ok();
        }
        drop(running);
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if running().leaders.contains(&self.leader) {
            kill_process_group(self.leader, Signal::TERM).ok();
            let deadline = Instant::now() + FAREWELL;
            while !self.has_ended() && Instant::now() < deadline {
                thread::sleep(POLL);
            }
            self.reap().ok();
        }
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP end what runs, and then us.
pub fn end_on_signals() -> Result<()> {
    let mut heard = vec![SIGINT, SIGTERM];
    // `nohup` asks to live on, and the server that `run` becomes must find that wish as it was.
    if !is_ignored(SIGHUP) {
        heard.push(SIGHUP);
    }
    let mut signals = Signals::new(heard)?;
    thread::spawn(move || {
        let mut came = signals.forever();
        came.next();
        thread::spawn(end_all);
        came.next();
        running().signal(Signal::KILL);
        exit(INTERRUPTED.into());
    });
    Ok(())
}

/// Whether a signal is ending us: what fails now fails for that reason.
pub fn is_ending() -> bool {
    running().is_ending
}

/// Asks all groups to end, and ends us when they have.
fn end_all() {
    {
        let mut running = running();
        running.is_ending = true;
        running.signal(Signal::TERM);
    }
    let deadline = Instant::now() + FAREWELL;
    while !running().leaders.is_empty() && Instant::now() < deadline {
        thread::sleep(POLL);
    }
    running().signal(Signal::KILL);
    exit(INTERRUPTED.into());
}

/// Whether we were started with a signal ignored; where the system does not tell, it was not.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::process::Stdio;
    use std::sync::mpsc;

    use super::*;

    /// Far more than anything here takes, far less than what is ended early would.
    const SOON: Duration = Duration::from_secs(8);

    /// Starts a shell's script, and tells when all that have its output have ended.
    fn start(script: &str) -> (Group, mpsc::Receiver<String>) {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdin(Stdio::null()).stdout(writer);
        let group = Group::spawn(&mut shell).unwrap();
        // The command has an end of the pipe too.
        drop(shell);
        let (ended, told) = mpsc::channel();
        let mut first = [0; 3];
        reader.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"up\n");
        thread::spawn(move || {
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            ended.send(rest).ok();
        });
        (group, told)
    }

    #[test]
    fn what_a_program_started_ends_with_it_when_it_is_dropped() {
        let (group, ended) = start("sleep 600 & echo up; sleep 600");
        assert!(!group.has_ended());
        drop(group);
        ended.recv_timeout(SOON).expect("the group has ended");
    }

    #[test]
    fn what_a_program_left_behind_ends_when_its_status_is_asked() {
        let (group, ended) = start("sleep 600 & echo up; exit 3");
        assert_eq!(group.status().unwrap().code(), Some(3));
        ended.recv_timeout(SOON).expect("the group has ended");
    }

    #[test]
    fn a_program_is_asked_to_end_before_it_is_made_to() {
        let (group, ended) = start("trap 'echo farewell; exit' TERM; echo up; while :; do sleep 0.01; done");
        drop(group);
        assert_eq!(ended.recv_timeout(SOON).expect("the group has ended"), "farewell\n");
    }

    #[test]
    fn an_ended_program_is_seen() {
        let (group, ended) = start("echo up; exit 0");
        ended.recv_timeout(SOON).expect("the program has ended");
        let status = group.status().unwrap();
        assert!(status.success());
    }
}
