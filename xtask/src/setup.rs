//! `cargo xtask setup`: what the other commands need and this machine does not have yet.
//!
//! Each part is looked for first, which takes milliseconds, then fetched in the ordinary way (rustup, npm, crates.io),
//! and only where that way is closed taken from Debian's packages.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::sh::{self, Step};
use crate::system;
use crate::tools::{self, Tool};

/// The oldest Node that runs what we take from npm.
const NODE: u32 = 20;
/// Rust for wasm from Debian: a compiler, the standard library's source to build it for wasm, and a linker.
const WASM_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const WASM_LINKER: &str = "wasm-ld-22";
/// A browser, and fonts so that pages look as they do on a desktop.
const BROWSER_PACKAGES: [&str; 6] = [
    "chromium",
    "fonts-inter",
    "fonts-roboto-unhinted",
    "fonts-noto-core",
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-websockets"];
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];
const FETCH_LIMIT: Duration = Duration::from_mins(3);

/// Sets up everything.
pub fn all(yes: bool) -> Result<()> {
    ClientTools::ensure(yes)?;
    Tool::cargo_deny().ensure()?;
    tools::clean_up()?;
    browser(yes)?;
    python(yes)?;
    sh::say("everything is set up");
    Ok(())
}

/// What builds the client.
pub struct ClientTools {
    trunk: PathBuf,
    wasm_bindgen: PathBuf,
    folders: Vec<PathBuf>,
    wasm: Wasm,
}

impl ClientTools {
    /// Finds them, and sets up what is missing.
    pub fn ensure(yes: bool) -> Result<Self> {
        node(yes)?;
        npm_packages("app")?;
        let wasm = Wasm::ensure(yes)?;
        let trunk = Tool::trunk().ensure()?;
        let wasm_bindgen = Tool::wasm_bindgen()?.ensure()?;
        tools::clean_up()?;
        let bindgen_folder = wasm_bindgen.parent().map(Path::to_path_buf);
        let folders = bindgen_folder
            .into_iter()
            .chain([sh::root().join("app/node_modules/.bin")])
            .collect();
        Ok(Self {
            trunk,
            wasm_bindgen,
            folders,
            wasm,
        })
    }

    /// Trunk, with all it calls on its PATH.
    pub fn trunk(&self) -> Result<Command> {
        let mut trunk = sh::command(&self.trunk);
        trunk.env("PATH", sh::path_with(&self.folders)?).env("NO_COLOR", "true");
        self.wasm.apply(&mut trunk);
        Ok(trunk)
    }

    /// What the tools say of themselves: a change of one builds the client anew. wasm-opt's version stands in the
    /// client's package-lock.json.
    pub fn versions(&self) -> Result<String> {
        let mut rustc = sh::command(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        self.wasm.apply(rustc.arg("-vV"));
        let [mut trunk, mut wasm_bindgen] = [&self.trunk, &self.wasm_bindgen].map(sh::command);
        let mut node = sh::command("node");
        let mut versions = sh::output(&mut rustc)?;
        for tool in [&mut trunk, &mut wasm_bindgen, &mut node] {
            versions.push('\n');
            versions.push_str(&sh::output(tool.arg("--version"))?);
        }
        Ok(versions)
    }
}

/// Where the standard library for wasm comes from.
enum Wasm {
    /// The toolchain that runs us has the target.
    Target,
    /// Debian's Rust builds it with the client.
    Debian,
}

impl Wasm {
    fn ensure(yes: bool) -> Result<Self> {
        if Self::has_target() {
            return Ok(Self::Target);
        }
        if Self::has_debian() {
            return Ok(Self::Debian);
        }
        if sh::find("rustup").is_some() && Self::add_target().is_ok() && Self::has_target() {
            return Ok(Self::Target);
        }
        sh::say("rustup could not fetch the wasm target: taking Rust for wasm from Debian instead");
        system::install(&WASM_PACKAGES, "Rust's wasm32-unknown-unknown target", yes)?;
        if !Self::has_debian() {
            bail!(
                "Debian's {} are installed, but /usr/bin/rustc, its library's source or {WASM_LINKER} is not there",
                WASM_PACKAGES.join(", ")
            );
        }
        Ok(Self::Debian)
    }

    fn has_target() -> bool {
        sh::output(sh::command("rustc").args(["--print", "sysroot"])).is_ok_and(|sysroot| {
            Path::new(&sysroot)
                .join("lib/rustlib/wasm32-unknown-unknown/lib")
                .is_dir()
        })
    }

    fn has_debian() -> bool {
        [
            "/usr/bin/rustc",
            "/usr/bin/cargo",
            "/usr/lib/rustlib/src/rust/library/Cargo.lock",
        ]
        .iter()
        .all(|file| Path::new(file).is_file())
            && sh::find(WASM_LINKER).is_some()
    }

    fn add_target() -> Result<()> {
        Step {
            name: "rustup target add wasm32-unknown-unknown",
            takes: "a moment",
            advice: "Check the network, or that rustup's servers can be reached.",
            limit: FETCH_LIMIT,
        }
        .run(sh::command("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
    }

    fn apply(&self, command: &mut Command) {
        match self {
            Self::Target => {}
            Self::Debian => {
                command
                    .env("RUSTUP_TOOLCHAIN", "/usr")
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", WASM_LINKER);
            }
        }
    }
}

/// What builds the server's allocator, which is C; the C compiler is the one that Rust links with.
pub fn make(yes: bool) -> Result<()> {
    if sh::find("make").is_some() {
        return Ok(());
    }
    system::install(&["make"], "make, for the server's allocator,", yes)
}

/// Node and npm, new enough.
pub fn node(yes: bool) -> Result<()> {
    if sh::find("node").is_none() || sh::find("npm").is_none() {
        system::install(&["nodejs", "npm"], &format!("Node {NODE} or newer, with npm,"), yes)?;
    }
    let version = sh::output(sh::command("node").arg("--version"))?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        bail!(
            "Node is {version}, and the client needs {NODE} or newer: install it from nodejs.org or with a version manager, and run this again"
        );
    }
    Ok(())
}

/// `npm ci` in a folder, when its lock file is not the one that was installed.
pub fn npm_packages(folder: &str) -> Result<()> {
    let folder = sh::root().join(folder);
    let lock = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("cannot read package-lock.json in {}", folder.display()))?;
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    Step {
        name: &format!(
            "npm packages of {}",
            folder.file_name().unwrap_or_default().to_string_lossy()
        ),
        takes: "a few seconds",
        advice: "Check the network, or npm's own settings, and run the same command again.",
        limit: Duration::from_mins(10),
    }
    .run(
        sh::command("npm")
            .current_dir(&folder)
            .args(["ci", "--no-audit", "--no-fund"]),
    )?;
    fs::write(installed, lock)?;
    Ok(())
}

/// A Chromium for the end-to-end tests, with their npm packages.
pub fn browser(yes: bool) -> Result<PathBuf> {
    node(yes)?;
    npm_packages("end2end")?;
    if let Some(chosen) = env::var_os("FRONTROW_CHROMIUM") {
        return Ok(chosen.into());
    }
    let installed = || BROWSERS.iter().find_map(|name| sh::find(name));
    if let Some(browser) = installed().or_else(playwrights) {
        return Ok(browser);
    }
    if fetch_playwrights().is_ok()
        && let Some(browser) = playwrights()
    {
        return Ok(browser);
    }
    sh::say("Playwright could not fetch a browser that runs here: taking Debian's Chromium instead");
    system::install(&BROWSER_PACKAGES, "Chromium, for the end-to-end tests,", yes)?;
    installed().context("Debian's chromium is installed, but not on PATH: name a browser in FRONTROW_CHROMIUM")
}

fn fetch_playwrights() -> Result<()> {
    Step {
        name: "Chromium, by Playwright",
        takes: "a minute or two",
        advice: "Name an installed Chromium in FRONTROW_CHROMIUM.",
        limit: FETCH_LIMIT,
    }
    .run(playwright().args(["install", "--no-shell", "chromium"]))
}

/// A Python that has the library `websockets`, for the stories of other languages' clients.
pub fn python(yes: bool) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("FRONTROW_PYTHON") {
        return Ok(chosen.into());
    }
    let installed = || PYTHONS.iter().filter_map(|name| sh::find(name)).find(has_websockets);
    if let Some(python) = installed() {
        return Ok(python);
    }
    system::install(&PYTHON_PACKAGES, "Python's websockets, for the end-to-end tests,", yes)?;
    installed().context("Debian's python3-websockets is installed, but no python3 has it: name one in FRONTROW_PYTHON")
}

fn has_websockets(python: &PathBuf) -> bool {
    sh::output(sh::command(python).args(["-c", "import websockets.legacy.client"])).is_ok()
}

/// Playwright itself, in its folder.
pub fn playwright() -> Command {
    let folder = sh::root().join("end2end");
    let mut playwright = sh::command(folder.join("node_modules/.bin/playwright"));
    playwright.current_dir(folder);
    playwright
}

/// The Chromium that Playwright fetched, if there is one and it starts: a bare machine lacks libraries it needs.
fn playwrights() -> Option<PathBuf> {
    let ask = "console.log(require('@playwright/test').chromium.executablePath())";
    let path = sh::output(
        sh::command("node")
            .current_dir(sh::root().join("end2end"))
            .args(["-e", ask]),
    )
    .ok()?;
    sh::output(sh::command(&path).arg("--version")).ok()?;
    Some(path.into())
}
