//! Cargo's tools, built once into a cache folder that outlasts the checkout: `$FRONTROW_TOOLS`, else
//! `~/.cache/frontrow`, a folder a version.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::sh::{self, Step};

/// Builds in one step what takes an hour on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_hours(1);

/// Settings that build a tool in minutes: trunk's own profile has fat LTO and takes half an hour.
const CHEAP_PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// A tool that `cargo install` builds.
pub struct Tool {
    /// The crate.
    pub name: &'static str,
    /// The program it installs.
    pub program: &'static str,
    /// The version we build with.
    pub version: String,
    /// The version, or its first parts, that an installed program must have to be used instead.
    pub accepted: String,
    /// Whether the crate's own lock file is used.
    pub locked: bool,
    /// How long building it takes on two cores.
    pub takes: &'static str,
}

impl Tool {
    /// Builds the client: `trunk build`.
    pub fn trunk() -> Self {
        Self {
            name: "trunk",
            program: "trunk",
            // 0.22 needs a newer rustc than ours.
            version: "0.21.14".to_owned(),
            accepted: "0.21".to_owned(),
            locked: true,
            takes: "about 7 minutes, once",
        }
    }

    /// Makes the JavaScript beside the client's wasm. Its version must be the one of the crate in our lock file.
    pub fn wasm_bindgen() -> Result<Self> {
        let version = locked_version("wasm-bindgen")?;
        Ok(Self {
            name: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            accepted: version.clone(),
            version,
            // Its lock file names versions that not every registry mirror has.
            locked: false,
            takes: "about 4 minutes, once",
        })
    }

    /// Checks licences, sources and advisories of what we depend on.
    pub fn cargo_deny() -> Self {
        Self {
            name: "cargo-deny",
            program: "cargo-deny",
            version: "0.20.2".to_owned(),
            accepted: "0.20".to_owned(),
            locked: true,
            takes: "about 5 minutes, once",
        }
    }

    /// The program: from the cache, or an installed one of the right version; built when there is neither.
    pub fn ensure(&self) -> Result<PathBuf> {
        let home = cache()?.join(format!("{}-{}", self.program, self.version));
        let program = home.join("bin").join(self.program);
        if program.is_file() {
            return Ok(program);
        }
        if let Some(installed) = sh::find(self.program).filter(|path| self.accepts(path)) {
            return Ok(installed);
        }
        if self.fetch(&home).is_err() || !program.is_file() {
            self.build(&home)?;
        }
        Ok(program)
    }

    fn accepts(&self, installed: &Path) -> bool {
        let says = sh::output(sh::command(installed).arg("--version")).unwrap_or_default();
        let version = says.split(' ').nth(1).unwrap_or_default();
        format!("{version}.").starts_with(&format!("{}.", self.accepted))
    }

    /// The maker's own build, for who has cargo-binstall.
    fn fetch(&self, home: &Path) -> Result<()> {
        let binstall = sh::find("cargo-binstall").context("cargo-binstall is not installed")?;
        Step {
            name: &format!("{} {} (prebuilt)", self.name, self.version),
            takes: "a moment",
            advice: "It is built from its source instead.",
            limit: Duration::from_mins(2),
        }
        .run(
            sh::command(binstall)
                .args(["--no-confirm", "--disable-strategies", "compile", "--root"])
                .arg(home)
                .arg(format!("{}@{}", self.name, self.version)),
        )
    }

    fn build(&self, home: &Path) -> Result<()> {
        let mut install = sh::cargo();
        install
            .args([
                "install",
                self.name,
                "--version",
                &format!("={}", self.version),
                "--root",
            ])
            .arg(home)
            .args(self.locked.then_some("--locked"))
            .env("CARGO_TARGET_DIR", build_folder()?)
            .envs(CHEAP_PROFILE);
        Step {
            name: &format!("{} {}", self.name, self.version),
            takes: self.takes,
            advice: "It comes from crates.io: check the network and run the same command again; what is already \
                     built is kept.",
            limit: BUILD_LIMIT,
        }
        .run(&mut install)
    }
}

/// Removes what building the tools left behind.
pub fn clean_up() -> Result<()> {
    let folder = build_folder()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// The version of a crate in our Cargo.lock.
fn locked_version(name: &str) -> Result<String> {
    let lock = fs::read_to_string(sh::root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    lock.split_once(&format!("name = \"{name}\"\nversion = \""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version.to_owned())
        .with_context(|| format!("Cargo.lock does not name {name}"))
}

fn build_folder() -> Result<PathBuf> {
    Ok(cache()?.join("build"))
}

/// The folder that outlasts the checkout.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("FRONTROW_TOOLS") {
        return Ok(folder.into());
    }
    if let Some(folder) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(folder).join("frontrow"));
    }
    let home = env::home_dir().context("no home folder: name one for the tools in FRONTROW_TOOLS")?;
    Ok(home.join(".cache/frontrow"))
}
