//! Running other programs so that a person can follow: each step has a name, says how long it takes, and when it
//! fails says what failed, with which command, its last lines and what to do.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context, Result, bail};

/// How often a quiet step shows that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How much of a failed program's output is shown; the whole of it stays in its log.
const LAST_LINES: usize = 30;

/// A program run quietly: its output goes to a log, and a person sees its name and the time.
pub struct Step<'a> {
    /// What is being done, as a person would say it.
    pub name: &'a str,
    /// How long it takes, said in advance.
    pub takes: &'a str,
    /// What to do when it fails.
    pub advice: &'a str,
    /// After this long it has failed.
    pub limit: Duration,
}

impl Step<'_> {
    /// Runs the program to its end.
    pub fn run(&self, command: &mut Command) -> Result<()> {
        say(&format!("{}: takes {}", self.name, self.takes));
        let log = log_file(self.name)?;
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", shown(command)))?;
        let status = self.wait(child, started, &log)?;
        let took = seconds(started.elapsed());
        if status.is_some_and(|status| status.success()) {
            say(&format!("{}: done in {took}", self.name));
            return Ok(());
        }
        let ending = if status.is_some() { "failed" } else { "was stopped" };
        bail!(
            "{} {ending} after {took}\n\ncommand: {}\n\n{}\n\nThe whole log: {}\n{}",
            self.name,
            shown(command),
            tail(&log, LAST_LINES),
            log.display(),
            self.advice,
        )
    }

    /// The program's status, or none when it ran into the limit.
    fn wait(&self, mut child: Child, started: Instant, log: &Path) -> Result<Option<ExitStatus>> {
        let mut heartbeat = started + HEARTBEAT;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if started.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            if Instant::now() > heartbeat {
                heartbeat += HEARTBEAT;
                say(&format!(
                    "  {}, now: {}",
                    seconds(started.elapsed()),
                    tail(log, 1).trim()
                ));
            }
            thread::sleep(POLL);
        }
    }
}

/// Runs a program whose output a person wants to read as it comes, and returns that output too.
pub fn follow(command: &mut Command) -> Result<(bool, String)> {
    let (reader, writer) = io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    // The command keeps its ends of the pipe: without this, reading would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut seen = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        seen.push_str(&line);
        seen.push('\n');
    }
    Ok((child.wait()?.success(), seen))
}

/// What a short program prints; an error when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed", shown(command));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A program on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// PATH with these folders before it.
pub fn path_with(folders: &[PathBuf]) -> Result<std::ffi::OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(folders.iter().cloned().chain(env::split_paths(&rest)))?)
}

/// The checkout.
pub fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// A program to be run in the checkout.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A line for the person at the terminal.
pub fn say(line: &str) {
    println!("xtask: {line}");
}

/// A duration as a person says it.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..=9 => format!("{:.1} s", duration.as_secs_f32()),
        whole @ 10..=99 => format!("{whole} s"),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn log_file(name: &str) -> Result<PathBuf> {
    let folder = root().join("target/xtask");
    fs::create_dir_all(&folder)?;
    let slug: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(folder.join(format!("{slug}.log")))
}

fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
