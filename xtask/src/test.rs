//! `cargo xtask test`: everything that must hold, in parts that can be picked, cheap ones first.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::{self, Mode};
use crate::group;
use crate::setup;
use crate::sh::{self, Step};
use crate::tools::{self, Tool};

/// A part of the tests.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Formatting.
    Fmt,
    /// Lints, warnings denied.
    Clippy,
    /// The documentation builds without a warning.
    Doc,
    /// The house rules: who may import what, and the like.
    Tidy,
    /// Unit, property and wire tests of the types both sides speak.
    Wire,
    /// Unit, property and story tests of the server.
    Server,
    /// The load generator's tests.
    Bench,
    /// The client's unit tests, its release build, and the budget of the first load.
    Client,
    /// Bans, licences and sources of what we depend on, and advisories where they can be reached.
    Deny,
    /// The pages in a real Chromium, against the release server.
    End2end,
}

/// All parts, cheap ones first.
const ALL: [Part; 10] = [
    Part::Fmt,
    Part::Clippy,
    Part::Doc,
    Part::Tidy,
    Part::Wire,
    Part::Server,
    Part::Bench,
    Part::Client,
    Part::Deny,
    Part::End2end,
];

/// The advisory database is some megabytes; where it cannot be reached that shows at once or never.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(90);

/// Runs the parts until one fails, and closes with one line that counts.
pub fn run(parts: &[Part], yes: bool) -> ExitCode {
    let mut total = Tally::default();
    for stage in plan(if parts.is_empty() { &ALL } else { parts }) {
        println!("\n== {}", stage.name());
        let started = Instant::now();
        let tally = stage.run(yes).unwrap_or_else(|error| {
            println!("{error:#}");
            Tally::FAILED
        });
        if group::is_ending() {
            return ExitCode::from(group::INTERRUPTED);
        }
        let verdict = if tally.failed == 0 { "passed" } else { "failed" };
        println!("== {} {verdict} in {}", stage.name(), sh::seconds(started.elapsed()));
        total.add(tally);
        if tally.failed > 0 {
            println!(
                "\nThe parts after it were not run. To run it alone: cargo xtask test {}",
                stage.arguments()
            );
            break;
        }
    }
    println!("\n{}", total.line());
    ExitCode::from(u8::from(total.failed > 0))
}

/// What runs in one go.
#[derive(PartialEq, Eq)]
enum Stage {
    Fmt,
    Clippy,
    Doc,
    /// One run of cargo for all picked packages: run one by one they would be compiled with other features each time.
    Rust(Vec<Part>),
    Client,
    Deny,
    End2end,
}

/// The stages that the parts need, in the order of `ALL`.
fn plan(parts: &[Part]) -> Vec<Stage> {
    let picked: Vec<Part> = ALL.into_iter().filter(|part| parts.contains(part)).collect();
    let rust: Vec<Part> = picked.iter().copied().filter(|part| package(*part).is_some()).collect();
    let mut stages = Vec::new();
    for part in picked {
        if package(part).is_some() && !stages.iter().any(|stage| matches!(stage, Stage::Rust(_))) {
            stages.push(Stage::Rust(rust.clone()));
        }
        stages.extend(match part {
            Part::Fmt => Some(Stage::Fmt),
            Part::Clippy => Some(Stage::Clippy),
            Part::Doc => Some(Stage::Doc),
            Part::Client => Some(Stage::Client),
            Part::Deny => Some(Stage::Deny),
            Part::End2end => Some(Stage::End2end),
            Part::Tidy | Part::Wire | Part::Server | Part::Bench => None,
        });
    }
    stages
}

/// The package whose tests are a part.
fn package(part: Part) -> Option<&'static str> {
    match part {
        Part::Tidy => Some("xtask"),
        Part::Wire => Some("wire"),
        Part::Server => Some("server"),
        Part::Bench => Some("bench"),
        Part::Client => Some("app"),
        Part::Fmt | Part::Clippy | Part::Doc | Part::Deny | Part::End2end => None,
    }
}

impl Stage {
    fn name(&self) -> String {
        match self {
            Self::Fmt => "formatting".to_owned(),
            Self::Clippy => "clippy".to_owned(),
            Self::Doc => "documentation".to_owned(),
            Self::Rust(parts) => {
                let packages: Vec<_> = parts.iter().filter_map(|part| package(*part)).collect();
                format!("tests of {}", packages.join(", "))
            }
            Self::Client => "client's release build and first load".to_owned(),
            Self::Deny => "dependencies".to_owned(),
            Self::End2end => "end to end in Chromium".to_owned(),
        }
    }

    /// The parts that run this stage alone.
    fn arguments(&self) -> String {
        let parts = match self {
            Self::Fmt => vec![Part::Fmt],
            Self::Clippy => vec![Part::Clippy],
            Self::Doc => vec![Part::Doc],
            Self::Rust(parts) => parts.clone(),
            Self::Client => vec![Part::Client],
            Self::Deny => vec![Part::Deny],
            Self::End2end => vec![Part::End2end],
        };
        parts.iter().map(|part| part_name(*part)).collect::<Vec<_>>().join(" ")
    }

    fn run(&self, yes: bool) -> Result<Tally> {
        match self {
            Self::Fmt => check(sh::cargo().args(["fmt", "--all", "--check"])),
            Self::Clippy => check(sh::cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "--deny",
                "warnings",
            ])),
            Self::Doc => check(
                sh::cargo()
                    .args(["doc", "--workspace", "--no-deps", "--locked"])
                    .env("RUSTDOCFLAGS", "--deny warnings"),
            ),
            Self::Rust(parts) => rust(parts),
            Self::Client => {
                client::client(Mode::Release, yes)?;
                check(sh::command("node").arg("app/first-load.mjs"))
            }
            Self::Deny => deny(),
            Self::End2end => end2end(yes),
        }
    }
}

fn part_name(part: Part) -> String {
    clap::ValueEnum::to_possible_value(&part).map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A program that is right or wrong as a whole.
fn check(command: &mut Command) -> Result<Tally> {
    let (ok, _) = sh::follow(command)?;
    Ok(if ok { Tally::PASSED } else { Tally::FAILED })
}

/// Tests that say how many of them passed; a runner that failed without a failed test counts as one.
fn counted(command: &mut Command) -> Result<Tally> {
    let (ok, seen) = sh::follow(command)?;
    let mut tally = seen.lines().map(Tally::read).fold(Tally::default(), Tally::plus);
    if !ok {
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

fn rust(parts: &[Part]) -> Result<Tally> {
    let packages: Vec<_> = parts.iter().filter_map(|part| package(*part)).collect();
    let mut test = sh::cargo();
    test.args(["test", "--locked", "--no-fail-fast"]);
    if ALL
        .iter()
        .filter_map(|part| package(*part))
        .all(|package| packages.contains(&package))
    {
        test.arg("--workspace");
    } else {
        test.args(packages.iter().flat_map(|package| ["--package", package]));
    }
    counted(&mut test)
}

fn deny() -> Result<Tally> {
    let program = Tool::cargo_deny().ensure()?;
    tools::clean_up()?;
    let fetched = Step {
        name: "advisory database",
        takes: "a few seconds",
        advice: "",
        limit: ADVISORIES_LIMIT,
    }
    .run(sh::command(&program).args(["fetch", "db"]));
    let mut deny = sh::command(&program);
    deny.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    match fetched {
        Ok(()) => drop(deny.arg("advisories")),
        Err(_) => sh::say("the advisory database cannot be reached: advisories are not checked"),
    }
    check(&mut deny)
}

fn end2end(yes: bool) -> Result<Tally> {
    let chromium = setup::browser(yes)?;
    let python = setup::python(yes)?;
    let frontrow = client::build(Mode::Release, yes)?;
    let types = check(sh::command("npm").args(["run", "--silent", "--prefix", "end2end", "check"]))?;
    let mut stories = setup::playwright();
    stories
        .arg("test")
        .env("FRONTROW_BIN", frontrow)
        .env("FRONTROW_CHROMIUM", chromium)
        .env("FRONTROW_PYTHON", python)
        // Its closing lines are read, and colours would hide them.
        .env("NO_COLOR", "1")
        .env_remove("FORCE_COLOR");
    Ok(types.plus(counted(&mut stories)?))
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Tally {
    const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    fn add(&mut self, other: Self) {
        *self = self.plus(other);
    }

    /// Reads a closing line of cargo (`test result: ok. 3 passed; 0 failed; …`) or of Playwright (`  3 passed (2.1s)`).
    fn read(line: &str) -> Self {
        let line = line.trim();
        let counts = match line.strip_prefix("test result: ") {
            Some(result) => result.split_once(". ").map_or("", |(_, counts)| counts),
            None => line,
        };
        let mut tally = Self::default();
        for count in counts.split("; ") {
            let mut words = count.split(' ');
            let Some(number) = words.next().and_then(|number| number.parse::<u32>().ok()) else {
                break;
            };
            match (words.next(), words.next()) {
                (Some("passed" | "flaky"), _) => tally.passed += number,
                (Some("failed" | "interrupted"), _) => tally.failed += number,
                (Some("ignored" | "skipped"), _) | (Some("did"), Some("not")) => tally.skipped += number,
                _ => {}
            }
        }
        tally
    }

    fn line(self) -> String {
        let skipped = if self.skipped > 0 {
            format!(", {} skipped", self.skipped)
        } else {
            String::new()
        };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let tally = |passed, failed, skipped| Tally {
            passed,
            failed,
            skipped,
        };
        let cargo =
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        assert_eq!(Tally::read(cargo), tally(12, 2, 1));
        assert_eq!(Tally::read("  12 passed (3.4s)"), tally(12, 0, 0));
        assert_eq!(Tally::read("  1 did not run"), tally(0, 0, 1));
        assert_eq!(Tally::read("test welcome ... ok"), tally(0, 0, 0));
        assert_eq!(Tally::read("3 packages are looking for funding"), tally(0, 0, 0));
    }

    #[test]
    fn picked_parts_run_in_their_own_order_and_rust_tests_in_one_go() {
        let stages = plan(&[Part::End2end, Part::Server, Part::Wire, Part::Fmt]);
        assert!(stages == [Stage::Fmt, Stage::Rust(vec![Part::Wire, Part::Server]), Stage::End2end]);
    }
}
