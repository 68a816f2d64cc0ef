//! `cargo xtask build`: the client into dist/, then the server, which embeds it.
//!
//! Building the client takes minutes, so it is skipped when nothing that goes into it has changed and dist/ is what
//! came out of it: both are fingerprinted.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::setup::ClientTools;
use crate::sh::{self, Step};

/// What goes into the client.
const INPUTS: [&str; 8] = [
    ".cargo",
    "app",
    "wire",
    "style",
    "public",
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
];
/// What lies in those folders and does not.
const NOT_INPUTS: [&str; 2] = ["node_modules", "tests"];
/// What a person's own settings can change in it.
const SETTINGS: [&str; 3] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
];
const LIMIT: Duration = Duration::from_hours(1);

/// How the client and the server are compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As it is shipped.
    Release,
    /// Quick to build.
    Dev,
}

/// Builds the client and the server, and returns the server's program.
pub fn build(mode: Mode, yes: bool) -> Result<PathBuf> {
    client(mode, yes)?;
    server(mode)
}

/// Builds the client into dist/, unless it is there already.
pub fn client(mode: Mode, yes: bool) -> Result<()> {
    let tools = ClientTools::ensure(yes)?;
    let dist = sh::root().join("dist");
    let stamp = sh::target().join("xtask/client.stamp");
    let inputs = fingerprint(&sh::root(), mode, &tools.versions()?)?;
    let is_current = || Ok::<_, anyhow::Error>(fs::read_to_string(&stamp).ok() == Some(stamped(inputs, &dist)?));
    if is_current()? {
        sh::say("client: unchanged");
        return Ok(());
    }
    let mut trunk = tools.trunk()?;
    trunk.arg("build");
    let takes = match mode {
        Mode::Release => {
            trunk.args(["--release", "--cargo-profile", "web"]);
            "about 8 minutes when cold, 3 after a change"
        }
        Mode::Dev => "about 3 minutes when cold, seconds after a change",
    };
    Step {
        name: "client",
        takes,
        advice: "The lines above name the cause. Run the same command again once it is gone.",
        limit: LIMIT,
    }
    .run(&mut trunk)?;
    fs::write(&stamp, stamped(inputs, &dist)?).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Builds the server around dist/.
pub fn server(mode: Mode) -> Result<PathBuf> {
    let mut build = sh::cargo();
    build.args(["build", "--package", "server"]);
    let (takes, folder) = match mode {
        Mode::Release => ("about 6 minutes when cold, a moment when unchanged", "release"),
        Mode::Dev => ("about 3 minutes when cold, seconds after a change", "debug"),
    };
    if mode == Mode::Release {
        build.arg("--release");
    }
    Step {
        name: "server",
        takes,
        advice: "The lines above name the cause. Run the same command again once it is gone.",
        limit: LIMIT,
    }
    .run(&mut build)?;
    Ok(sh::target().join(folder).join("frontrow"))
}

/// The inputs' fingerprint beside that of what was built from them: a dist/ that somebody changed is built anew.
fn stamped(inputs: u64, dist: &Path) -> Result<String> {
    let mut outputs = DefaultHasher::new();
    hash_tree(dist, &mut outputs)?;
    Ok(format!("{inputs:016x} {:016x}", outputs.finish()))
}

/// What goes into the client: the sources below `root`, and what builds them.
fn fingerprint(root: &Path, mode: Mode, tools: &str) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    (mode == Mode::Release, tools, SETTINGS.map(env::var_os)).hash(&mut hasher);
    if let Some(cargo) = env::var_os("CARGO_HOME") {
        hash_tree(&Path::new(&cargo).join("config.toml"), &mut hasher)?;
    }
    for input in INPUTS {
        hash_tree(&root.join(input), &mut hasher)?;
    }
    Ok(hasher.finish())
}

/// Hashes names and contents; a path that is not there counts as empty.
fn hash_tree(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_file() {
        path.hash(hasher);
        fs::read(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .hash(hasher);
    } else if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default();
            if !NOT_INPUTS.iter().any(|ignored| name == *ignored) {
                hash_tree(&entry, hasher)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout with a file in it, changed from one text to another: whether the client is built anew.
    fn is_built_anew(file: &str, was: &str, is: &str) -> bool {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let [before, after] = [was, is].map(|text| {
            fs::write(&path, text).unwrap();
            fingerprint(root.path(), Mode::Release, "rustc 1.95.0").unwrap()
        });
        before != after
    }

    #[test]
    fn sources_and_cargos_own_settings_make_a_new_client() {
        for file in ["app/src/main.rs", ".cargo/config.toml", "Cargo.lock", "Trunk.toml"] {
            assert!(is_built_anew(file, "one", "two"), "{file}");
            assert!(!is_built_anew(file, "one", "one"), "{file}");
        }
    }

    #[test]
    fn tests_and_installed_packages_do_not() {
        for file in [
            "app/tests/page.rs",
            "app/node_modules/hls.js/dist/hls.js",
            "server/src/main.rs",
        ] {
            assert!(!is_built_anew(file, "one", "two"), "{file}");
        }
    }

    #[test]
    fn another_compiler_or_mode_makes_a_new_client() {
        let root = tempfile::tempdir().unwrap();
        let made = |mode, tools| fingerprint(root.path(), mode, tools).unwrap();
        let before = made(Mode::Release, "rustc 1.95.0");
        assert_eq!(before, made(Mode::Release, "rustc 1.95.0"));
        assert_ne!(before, made(Mode::Release, "rustc 1.96.0"));
        assert_ne!(before, made(Mode::Dev, "rustc 1.95.0"));
    }
}
