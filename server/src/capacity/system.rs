//! What the system gives this process: files and memory. A system that does not say sets no limit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Limits;

/// Files that stay free for the database, the pages and those who are told that the node is full: a hundredth of those that
/// may be open, and this many at least.
const SPARE_FILES: u64 = 256;

/// Of the memory that there is, what may be resident, in percent: the rest is the system's, and for a burst.
const MEMORY_PERCENT: u64 = 85;

/// Where the control groups are.
const CGROUPS: &str = "/sys/fs/cgroup";

/// The limits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) places: u64,
    /// Most open files.
    pub(super) files: Option<u64>,
    /// Most resident bytes.
    pub(super) memory: Option<u64>,
    pub(super) lag: Duration,
}

/// Fills in what was not given.
pub(super) fn find(given: Limits) -> Found {
    let files = rlimit::Resource::NOFILE.get().ok().map(|(soft, _)| soft);
    derive(given, files, memory())
}

fn derive(given: Limits, files: Option<u64>, memory: Option<u64>) -> Found {
    let usable = files.map(|files| files.saturating_sub(SPARE_FILES.max(files / 100)));
    Found {
        places: given.places.into_iter().chain(usable).min().unwrap_or(u64::MAX),
        files: files.map(|files| files.saturating_sub(SPARE_FILES / 2).max(files / 2)),
        memory: given.memory.or(memory.map(|memory| memory / 100 * MEMORY_PERCENT)),
        lag: given.lag,
    }
}

/// The memory that this process may have: its control group's, or else the machine's.
fn memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| kilobytes(&text, "MemTotal:"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups
        .lines()
        .filter_map(memory_group)
        .filter_map(|(group, file)| tightest(&group, file));
    limits.chain(machine).min()
}

/// The group that a line of `/proc/self/cgroup` names, if it is one for memory, and the file with its limit.
fn memory_group(line: &str) -> Option<(PathBuf, &'static str)> {
    let (controllers, path) = line.split_once(':')?.1.split_once(":/")?;
    match controllers {
        // The one hierarchy of version 2.
        "" => Some((Path::new(CGROUPS).join(path), "memory.max")),
        "memory" => Some((Path::new(CGROUPS).join("memory").join(path), "memory.limit_in_bytes")),
        _ => None,
    }
}

/// The least of a group's limit and its parents'.
fn tightest(group: &Path, file: &str) -> Option<u64> {
    let up_to_the_root = group.ancestors().take_while(|group| group.starts_with(CGROUPS));
    let limits = up_to_the_root.filter_map(|group| fs::read_to_string(group.join(file)).ok());
    // Without a limit it says "max", or a number beyond every machine.
    limits.filter_map(|limit| limit.trim().parse().ok()).min()
}

/// Resident memory of this process, in bytes.
pub(super) fn resident() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Files that this process has open. Linux says so since 6.2.
pub(super) fn open_files() -> Option<u64> {
    let folder = fs::metadata("/proc/self/fd").ok()?;
    Some(folder.len()).filter(|open| *open > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_follows_from_the_system() {
        let found = derive(Limits::default(), Some(20_000), Some(1_000_000));
        assert_eq!((found.places, found.memory), (19_744, Some(850_000)));
        assert!(found.files.is_some_and(|files| files > found.places && files < 20_000));
        let small = derive(Limits::default(), Some(1_024), None);
        assert_eq!((small.places, small.memory), (768, None));
        let unknown = derive(Limits::default(), None, None);
        assert_eq!((unknown.places, unknown.files), (u64::MAX, None));
    }

    #[test]
    fn what_is_given_counts() {
        let given = Limits {
            places: Some(2),
            memory: Some(3),
            lag: Duration::ZERO,
        };
        let found = derive(given, Some(20_000), Some(1_000_000));
        assert_eq!((found.places, found.memory, found.lag), (2, Some(3), Duration::ZERO));
    }

    #[test]
    fn a_control_group_is_found_in_both_forms() {
        let found = |line| memory_group(line).map(|(group, file)| group.join(file));
        let expected = Some(PathBuf::from("/sys/fs/cgroup/box/memory.max"));
        assert_eq!(found("0::/box"), expected);
        let expected = Some(PathBuf::from("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes"));
        assert_eq!(found("4:memory:/a/b"), expected);
        assert_eq!(found("3:cpuset:/"), None);
    }

    #[test]
    fn sizes_are_read_as_linux_writes_them() {
        let status = "Name:\tfrontrow\nVmRSS:\t  123456 kB\nThreads:\t9\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(123_456 * 1024));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
