//! The machine under the run: which core is whose, how many files may be open, and what a process has used.

use std::process::{Child, Command};
use std::time::Duration;
use std::{fmt, fs};

use anyhow::{Context, Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// Files that are open beside the sockets: the loop's own, the server's database, its HTTP connections.
const OTHER_FILES: u64 = 300;

/// A tick of the kernel's accounting: hundredths of a second whatever its clock (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Who runs where.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pins {
    /// The core of the server and all its threads.
    pub server: Option<usize>,
    /// The core of the generator.
    pub generator: Option<usize>,
}

impl Pins {
    /// Pins this thread, and what [`Pins::spawn`] starts, to a core each, where there are two and it is wanted.
    pub fn new(wanted: bool) -> Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
        let [server, generator, ..] = cores[..] else {
            return Ok(Self::none());
        };
        if !wanted {
            return Ok(Self::none());
        }
        pin_to(generator)?;
        Ok(Self {
            server: Some(server),
            generator: Some(generator),
        })
    }

    /// Nobody is pinned.
    pub const fn none() -> Self {
        Self {
            server: None,
            generator: None,
        }
    }

    /// Starts a process on the server's core: it inherits what this thread has for that moment.
    pub fn spawn(self, command: &mut Command) -> Result<Child> {
        if let Some(core) = self.server {
            pin_to(core)?;
        }
        let child = command.spawn();
        if let Some(core) = self.generator {
            pin_to(core)?;
        }
        child.with_context(|| format!("{} does not start", command.get_program().display()))
    }
}

impl fmt::Display for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.server, self.generator) {
            (Some(server), Some(generator)) => {
                write!(f, "The server had core {server}, the generator core {generator}.")
            }
            _ => write!(f, "Nobody was pinned to a core."),
        }
    }
}

fn pin_to(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("core {core} cannot be had"))
}

/// Raises the limit of open files as far as the system allows, and gives it.
pub fn raise_file_limit() -> Result<u64> {
    rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files cannot be read")
}

/// A socket is an open file, here and in the server.
///
/// # Errors
/// When there are more than the system allows.
pub fn check_files(limit: u64, sockets: u32) -> Result<()> {
    let needed = u64::from(sockets) + OTHER_FILES;
    ensure!(
        limit >= needed,
        "{sockets} sockets need {needed} open files and the system allows {limit}: raise the hard limit \
         (`ulimit -Hn` shows it), or ask for fewer"
    );
    Ok(())
}

/// As many sockets as this process may open.
pub fn most_sockets(limit: u64) -> u32 {
    u32::try_from(limit.saturating_sub(OTHER_FILES)).unwrap_or(u32::MAX)
}

/// What a process and those it started have used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// CPU time of all threads, user and system.
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub resident: u64,
}

impl Used {
    /// Of a process and all below it, now.
    pub fn by(process: u32) -> Result<Self> {
        let mut used = Self::by_one(process)?;
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            // One that has just ended is counted with its parent.
            let child = Self::by(child).unwrap_or_default();
            used.cpu += child.cpu;
            used.resident += child.resident;
        }
        Ok(used)
    }

    /// Of this process.
    pub fn by_us() -> Result<Self> {
        Self::by_one(std::process::id())
    }

    fn by_one(process: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).context("the server has ended")?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        Ok(Self {
            cpu: cpu_of(&stat).context("an unknown form of /proc/PID/stat")?,
            resident: resident_of(&status).context("no VmRSS in /proc/PID/status")?,
        })
    }
}

/// Fields 14 and 15 are user and system time in ticks; the command's name before them can hold spaces.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

fn resident_of(status: &str) -> Option<u64> {
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_low_a_limit_of_open_files_is_said_before_anything_starts() {
        assert!(check_files(1_300, 1_000).is_ok());
        let error = check_files(1_024, 1_000).unwrap_err().to_string();
        assert!(
            error.contains("1000 sockets need 1300 open files and the system allows 1024"),
            "{error}"
        );
        assert_eq!(most_sockets(20_000), 19_700);
    }

    #[test]
    fn what_the_system_tells_is_read() {
        let stat = "71 (a (b) c) S 1 71 71 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(3)));
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2_097_152));
        assert!(Used::by_us().unwrap().resident > 0);
    }
}
