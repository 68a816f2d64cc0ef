//! Puts the built client and the demo's clip into the binary: one file to deploy. Every file is compressed once, here,
//! and never while somebody waits. Without a built client the server builds just the same and says so.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The built client, from Trunk.
const CLIENT: &str = "../dist";

/// The demo's own stream and its poster; the folder also has what they were made with.
const DEMO: &str = "demo";
const DEMO_FILES: [&str; 2] = ["demo.mp4", "poster.jpg"];

/// The page, whose inline scripts its policy must name.
const PAGE: &str = "/index.html";

/// Bytes below which compression saves nothing worth a header.
const COMPRESS_FROM: usize = 256;

fn main() -> io::Result<()> {
    // Cargo watches folders that are there: an empty one stands for "not built yet".
    if fs::create_dir_all(CLIENT).is_ok() {
        println!("cargo:rerun-if-changed={CLIENT}");
    }
    for watched in [DEMO, "build.rs", "migrations"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?);
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let mut table = Table::new(out, if is_release { 11 } else { 4 });
    for file in files(Path::new(CLIENT))? {
        let bytes = fs::read(&file)?;
        let name = file.strip_prefix(CLIENT).map_err(io::Error::other)?;
        table.add(&format!("/{}", name.display()), &bytes)?;
    }
    for name in DEMO_FILES {
        let file = Path::new(DEMO).join(name);
        if file.exists() {
            table.add(&format!("/demo/{name}"), &fs::read(file)?)?;
        }
    }
    table.write()
}

/// The table of files, as Rust.
struct Table {
    out: PathBuf,
    /// Of brotli: the best for a release, a quick one for development.
    quality: u32,
    number: usize,
    rows: String,
    inline_scripts: Vec<String>,
}

impl Table {
    fn new(out: PathBuf, quality: u32) -> Self {
        Self {
            out,
            quality,
            number: 0,
            rows: String::new(),
            inline_scripts: Vec::new(),
        }
    }

    fn add(&mut self, url: &str, bytes: &[u8]) -> io::Result<()> {
        self.number += 1;
        let media_type = media_type(url);
        if url == PAGE {
            self.inline_scripts = inline_scripts(&String::from_utf8_lossy(bytes));
        }
        let packs = is_text(media_type) && bytes.len() >= COMPRESS_FROM;
        let brotli = if packs {
            Some(brotli(bytes, self.quality)?)
        } else {
            None
        };
        let gzip = if packs { Some(gzip(bytes)?) } else { None };
        // A copy: Trunk may write its folder anew while the server is being compiled.
        let plain = self.include("plain", bytes)?;
        let brotli = self.include_smaller("br", brotli, bytes.len())?;
        let gzip = self.include_smaller("gz", gzip, bytes.len())?;
        let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..12]);
        let immutable = is_immutable(url);
        let _ = writeln!(
            self.rows,
            "    File {{ url: {url:?}, media_type: {media_type:?}, immutable: {immutable}, digest: {digest:?}, \
             plain: {plain}, brotli: {brotli}, gzip: {gzip} }},",
        );
        Ok(())
    }

    fn include(&self, kind: &str, bytes: &[u8]) -> io::Result<String> {
        let path = self.out.join(format!("{}.{kind}", self.number));
        fs::write(&path, bytes)?;
        Ok(format!("include_bytes!({:?})", path.display().to_string()))
    }

    fn include_smaller(&self, kind: &str, packed: Option<Vec<u8>>, plain: usize) -> io::Result<String> {
        match packed.filter(|packed| packed.len() < plain) {
            Some(packed) => Ok(format!("Some({})", self.include(kind, &packed)?)),
            None => Ok("None".to_owned()),
        }
    }

    fn write(&self) -> io::Result<()> {
        let table = format!(
            "/// Every file, by its address.\npub static FILES: &[File] = &[\n{}];\n\n\
             /// The inline scripts of the built page, as its policy names them.\n\
             pub static SCRIPT_HASHES: &[&str] = &{:?};\n",
            self.rows, self.inline_scripts,
        );
        fs::write(self.out.join("client.rs"), table)
    }
}

/// Every file of a folder, in a stable order; none of the hidden ones.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(found);
    };
    for entry in entries {
        let path = entry?.path();
        let is_hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn brotli(bytes: &[u8], quality: u32) -> io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, quality, 22);
    writer.write_all(bytes)?;
    Ok(writer.into_inner())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

fn media_type(url: &str) -> &'static str {
    match url.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "m3u8" => "application/vnd.apple.mpegurl",
        "ts" => "video/mp2t",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn is_text(media_type: &str) -> bool {
    !(media_type.starts_with("video/")
        || media_type.starts_with("font/")
        || media_type.starts_with("image/") && media_type != "image/svg+xml")
}

/// Files whose name changes with their content: Trunk puts a hash of hex digits behind a dash, and what is under
/// `/vendor/` has its version in its name.
fn is_immutable(url: &str) -> bool {
    let name = url.rsplit('/').next().unwrap_or_default();
    let has_hash = name
        .split(['-', '.', '_'])
        .any(|part| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    has_hash || url.starts_with("/vendor/")
}

/// The hashes of the inline scripts, for the page's policy.
fn inline_scripts(html: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        rest = &rest[start..];
        let (Some(open), Some(close)) = (rest.find('>'), rest.find("</script>")) else {
            break;
        };
        let is_external = rest[..open].contains(" src=");
        let script = rest.get(open + 1..close).unwrap_or_default();
        if !is_external && !script.is_empty() {
            hashes.push(format!("sha256-{}", STANDARD.encode(Sha256::digest(script))));
        }
        rest = &rest[close..];
    }
    hashes
}
