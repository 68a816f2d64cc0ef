//! Puts the built client and the demo's clip into the binary: one file to deploy. Every file is compressed once, here,
//! and never while somebody waits. Without a built client the server builds just the same and says so.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The built client, from Trunk.
const CLIENT: &str = "../dist";

/// The demo's own stream and its poster; the folder also has what they were made with.
const DEMO: &str = "demo";
const DEMO_FILES: [&str; 2] = ["demo.mp4", "poster.jpg"];

/// Bytes below which compression saves nothing worth a header.
const COMPRESS_FROM: usize = 256;

fn main() -> io::Result<()> {
    // Cargo watches folders that are there: an empty one stands for "not built yet".
    if fs::create_dir_all(CLIENT).is_ok() {
        println!("cargo:rerun-if-changed={CLIENT}");
    }
    fs::create_dir_all(DEMO)?;
    for watched in [DEMO, "build.rs", "migrations"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?);
    let quality = if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        11
    } else {
        4
    };

    let mut table = String::from("/// Every file, by its address.\npub static FILES: &[File] = &[\n");
    let mut scripts = Vec::new();
    let mut number = 0;
    for (folder, prefix) in [(CLIENT, ""), (DEMO, "/demo")] {
        for file in files(Path::new(folder))? {
            let name = file
                .strip_prefix(folder)
                .map_err(io::Error::other)?
                .to_string_lossy()
                .replace('\\', "/");
            if folder == DEMO && !DEMO_FILES.contains(&name.as_str()) {
                continue;
            }
            let bytes = fs::read(&file)?;
            if prefix.is_empty() && name == "index.html" {
                scripts = inline_scripts(&String::from_utf8_lossy(&bytes));
            }
            write_file(
                &mut table,
                &out,
                number,
                &format!("{prefix}/{name}"),
                &file,
                &bytes,
                quality,
            )?;
            number += 1;
        }
    }
    table.push_str("];\n\n/// The inline scripts of the built page, as its policy names them.\n");
    let _ = writeln!(table, "pub static SCRIPT_HASHES: &[&str] = &{scripts:?};");
    fs::write(out.join("client.rs"), table)
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

fn write_file(
    table: &mut String,
    out: &Path,
    number: usize,
    url: &str,
    file: &Path,
    bytes: &[u8],
    quality: u32,
) -> io::Result<()> {
    let media_type = media_type(url);
    let plain = fs::canonicalize(file)?;
    let mut encoded = [None, None];
    if is_text(media_type) && bytes.len() >= COMPRESS_FROM {
        for (place, (kind, packed)) in [("br", brotli(bytes, quality)?), ("gz", gzip(bytes)?)]
            .into_iter()
            .enumerate()
        {
            if packed.len() < bytes.len() {
                let path = out.join(format!("{number}.{kind}"));
                fs::write(&path, packed)?;
                encoded[place] = Some(path);
            }
        }
    }
    let include = |path: &Path| format!("include_bytes!({:?})", path.display().to_string());
    let option = |path: &Option<PathBuf>| {
        path.as_ref()
            .map_or_else(|| "None".to_owned(), |path| format!("Some({})", include(path)))
    };
    let digest = STANDARD.encode(&Sha256::digest(bytes)[..12]);
    let _ = writeln!(
        table,
        "    File {{ url: {url:?}, media_type: {media_type:?}, immutable: {}, digest: {digest:?}, plain: {}, brotli: {}, gzip: {} }},",
        is_immutable(url),
        include(&plain),
        option(&encoded[0]),
        option(&encoded[1]),
    );
    Ok(())
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
