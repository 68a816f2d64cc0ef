//! Running other programs so that a person can follow: each step has a name, says how long it takes, and when it
//! fails says what failed, with which command, its last lines and what to do.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context, Result, bail};

use crate::group::Group;

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
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let program = Group::spawn(command).with_context(|| format!("cannot start {}", shown(command)))?;
        let status = self.wait(program, started, &log)?;
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
    fn wait(&self, program: Group, started: Instant, log: &Path) -> Result<Option<ExitStatus>> {
        let mut heartbeat = started + HEARTBEAT;
        while !program.has_ended() {
            if started.elapsed() > self.limit {
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
        Ok(Some(program.status()?))
    }
}

/// Runs a program whose output a person wants to read as it comes, and returns that output too.
pub fn follow(command: &mut Command) -> Result<(bool, String)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let program = Group::spawn(command).with_context(|| format!("cannot start {}", shown(command)))?;
    // The command keeps its ends of the pipe: without this, reading would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut seen = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        seen.push_str(&line);
        seen.push('\n');
    }
    Ok((program.status()?.success(), seen))
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

/// Where cargo builds, whatever the person's own settings say: what is built is looked for here.
pub fn target() -> PathBuf {
    root().join("target")
}

/// A program to be run in the checkout.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
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
    let folder = target().join("xtask");
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Far more than anything here takes, far less than what is ended early would.
    const SOON: Duration = Duration::from_secs(8);

    #[test]
    fn cargo_builds_where_we_look_whatever_the_persons_settings() {
        for command in [cargo(), command("trunk")] {
            let mut set = command.get_envs();
            let target = set.find(|(name, _)| *name == "CARGO_TARGET_DIR");
            assert_eq!(
                target.and_then(|(_, folder)| folder),
                Some(root().join("target").as_os_str())
            );
        }
    }

    #[test]
    fn a_step_that_takes_too_long_is_stopped_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let held = folder.path().join("held");
        assert!(Command::new("mkfifo").arg(&held).status().unwrap().success());
        let (ended, told) = mpsc::channel();
        let holder = held.clone();
        // Reading ends when the last that holds it has ended.
        thread::spawn(move || ended.send(fs::read(holder).is_ok()));
        let step = Step {
            name: "a step that takes too long",
            takes: "for ever",
            advice: "Be patient.",
            limit: Duration::from_millis(300),
        };
        let script = "exec 3> \"$0\"; sleep 600 & sleep 600";
        let error = step
            .run(command("sh").args(["-c", script]).arg(held))
            .unwrap_err()
            .to_string();
        assert!(error.contains("was stopped after"), "{error}");
        assert!(error.ends_with("Be patient."), "{error}");
        assert_eq!(told.recv_timeout(SOON), Ok(true), "what it started is still there");
    }
}
