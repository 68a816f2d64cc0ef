//! The house rules that no lint knows: who may import what, what may lie where, and what is never left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that are made, not written.
const MADE: [&str; 8] = [
    ".git",
    "data",
    "data-dev",
    "dist",
    "node_modules",
    "playwright-report",
    "target",
    "test-results",
];
/// All that `wire` may need outside its tests: it does no I/O and has no clock.
const WIRE_NEEDS: [&str; 6] = [
    "serde",
    "serde_json",
    "unicode-normalization",
    "unicode-properties",
    "unicode-segmentation",
    "utoipa",
];
/// Libraries that only these modules of the server may name.
const ONLY_IN: [(&str, &[&str]); 3] = [
    ("sqlx", &["store"]),
    ("rusqlite", &["store"]),
    ("axum", &["router", "routes", "auth", "socket", "problem"]),
];
/// Modules of the server, from the ground up, and whom they must not know. The keys and hashes of `auth` are plain values
/// that all may know.
const NEVER_NAMES: [(&str, &[&str]); 5] = [
    (
        "store",
        &["relay", "room", "provision", "routes", "socket", "router", "state"],
    ),
    ("relay", &["room", "provision", "routes", "socket", "router", "state"]),
    ("room", &["provision", "routes", "socket", "router", "state"]),
    ("provision", &["room", "routes", "socket", "router", "state"]),
    ("auth", &["room", "relay", "provision", "routes", "socket", "router"]),
];
/// Marks of work left for later; in two halves, so that this file does not find itself.
const LEFT_BEHIND: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("db", "g!"),
    concat!("unimpl", "emented!"),
];
/// Folders of one person's machine.
const ONE_MACHINE: [&str; 4] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
];
/// What only the staff fetch is no part of the one sheet for all.
const SHEETS_OF_THE_STAFF: [&str; 2] = ["crew.css", "stage.css"];
/// What is served beside the client stays small: the binary carries all of it.
const PUBLIC_FILE_BYTES: u64 = 1024 * 1024;

#[test]
fn app_server_and_bench_know_wire_and_never_each_other() {
    for (package, dependency) in dependencies() {
        let ours = ["app", "bench", "server", "wire", "xtask"].contains(&dependency.as_str());
        assert!(
            !ours || (dependency == "wire" && ["app", "bench", "server"].contains(&package.as_str())),
            "{package} must not depend on {dependency}",
        );
    }
}

#[test]
fn wire_does_no_io() {
    for (package, dependency) in dependencies() {
        assert!(
            package != "wire" || WIRE_NEEDS.contains(&dependency.as_str()),
            "wire must not depend on {dependency}: it does no I/O and has no clock",
        );
    }
}

#[test]
fn libraries_stay_behind_the_module_that_owns_them() {
    for (module, path, text) in server_modules() {
        for (library, owners) in ONLY_IN {
            let named = text.lines().any(|line| names(line, library));
            assert!(
                !named || owners.contains(&module.as_str()),
                "{} names {library}",
                path.display()
            );
        }
    }
}

#[test]
fn no_module_of_the_server_knows_who_stands_above_it() {
    for (module, path, text) in server_modules() {
        let above = NEVER_NAMES
            .iter()
            .find(|(name, _)| *name == module)
            .map_or(&[][..], |(_, above)| above);
        for named in modules_named(&text) {
            assert!(
                !above.contains(&named),
                "{} names crate::{named}, which stands above it",
                path.display()
            );
        }
    }
}

#[test]
fn grouped_imports_are_seen_too() {
    let text = "use crate::room;\nuse crate::{\n    relay::{self, Relay},\n    store,\n};\ncrate::auth::check()";
    assert_eq!(modules_named(text), ["room", "relay", "store", "", "auth"]);
}

#[test]
fn a_module_is_named_by_its_file() {
    let unnamed: Vec<_> = files().into_iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert!(unnamed.is_empty(), "foo.rs beside foo/, not foo/mod.rs: {unnamed:?}");
}

#[test]
fn nothing_is_left_behind() {
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for mark in LEFT_BEHIND.iter().chain(&ONE_MACHINE) {
                assert!(!line.contains(mark), "{}:{} has {mark}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_style_sheet_has_its_place_in_the_order() {
    let [first, room] =
        ["style/order.txt", "style/room.txt"].map(|list| fs::read_to_string(root().join(list)).expect(list));
    let names: Vec<&str> = first.lines().chain(room.lines()).collect();
    let ordered: BTreeSet<String> = names.iter().copied().map(str::to_owned).collect();
    assert_eq!(ordered.len(), names.len(), "a sheet is in the lists of style/ twice");
    let sheets: BTreeSet<String> = files_in("style")
        .iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "css"))
        .map(|path| file_name(path))
        .filter(|name| !SHEETS_OF_THE_STAFF.contains(&name.as_str()))
        .collect();
    assert_eq!(sheets, ordered);
}

#[test]
fn files_served_beside_the_client_are_small() {
    for path in files_in("public") {
        let bytes = fs::metadata(&path).expect("a file that was listed").len();
        assert!(bytes <= PUBLIC_FILE_BYTES, "{} has {bytes} bytes", path.display());
    }
}

#[test]
fn decisions_are_numbered_without_holes() {
    let mut pages: Vec<String> = files_in("docs/adr").iter().map(|path| file_name(path)).collect();
    pages.retain(|name| name != "README.md");
    pages.sort();
    for (page, number) in pages.iter().zip(1..) {
        assert!(
            page.starts_with(&format!("{number:04}-")),
            "docs/adr/{page} should begin with {number:04}-"
        );
    }
}

/// Each package of the workspace with each crate it depends on, for its tests too but for `wire`'s.
fn dependencies() -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON from cargo metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let pairs = packages.iter().flat_map(|package| {
        let name = text(&package["name"]);
        let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
        let counted = dependencies
            .into_iter()
            .filter(move |found| name != "wire" || found["kind"] != "dev");
        counted.map(move |found| (text(&package["name"]), text(&found["name"])))
    });
    pairs.collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The server's files: the module each belongs to, its path, its text.
fn server_modules() -> Vec<(String, PathBuf, String)> {
    let sources = root().join("server/src");
    files_in("server/src")
        .into_iter()
        .filter_map(|path| {
            let first = path
                .strip_prefix(&sources)
                .ok()?
                .components()
                .next()?
                .as_os_str()
                .to_string_lossy();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).ok()?;
            Some((module, path, text))
        })
        .collect()
}

/// Whether a line of code has a path that begins with this library.
fn names(line: &str, library: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let path = format!("{library}::");
    code.match_indices(&path)
        .any(|(at, _)| !code[..at].ends_with(is_in_word))
}

/// The modules behind each `crate::a` and `crate::{a, b::{c, d}}`.
fn modules_named(text: &str) -> Vec<&str> {
    text.match_indices("crate::")
        .flat_map(|(at, prefix)| heads(&text[at + prefix.len()..]))
        .collect()
}

/// The first word of a path, or of each path in its braces.
fn heads(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![first_word(path)];
    };
    let mut heads = vec![first_word(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(first_word(&group[at + 1..])),
            _ => {}
        }
    }
    heads
}

fn first_word(path: &str) -> &str {
    let path = path.trim_start();
    path.split_once(|c| !is_in_word(c)).map_or(path, |(word, _)| word)
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace around xtask")
        .to_path_buf()
}

fn files() -> Vec<PathBuf> {
    files_in(".")
}

/// All files that people write, below a folder of the checkout; none when it is not there.
fn files_in(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_file() {
            found.push(path);
        } else if !MADE.contains(&file_name(&path).as_str()) {
            collect(&path, found);
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
