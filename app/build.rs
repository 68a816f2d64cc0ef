//! Tells the client where the server has hls.js: `env!("HLS_PATH")`, an ES module on our own origin.
//!
//! `assets.mjs` copies it there; the version stands in `package.json` alone, so the path changes with it and may be
//! cached for ever.

const MANIFEST: &str = include_str!("package.json");

fn main() {
    println!("cargo::rerun-if-changed=package.json");
    let version = MANIFEST
        .split_once("\"hls.js\": \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .expect("app/package.json names the version of hls.js")
        .0;
    println!("cargo::rustc-env=HLS_PATH=/vendor/hls-{version}/hls.light.min.mjs");
}
