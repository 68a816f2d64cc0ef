//! `cargo xtask run`: from a clone to a server with a demo event that is open now.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::client::{self, Mode};
use crate::sh;

/// Where the server listens and keeps its data.
#[derive(clap::Args)]
pub struct Options {
    /// The port to listen on.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder for the database and keys [default: data, in the checkout].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Listen on all of this machine's addresses, not on 127.0.0.1 alone.
    #[arg(long)]
    public: bool,
}

/// Builds, makes the demo event, and becomes the server: Ctrl-C and the exit status are its own.
pub fn run(options: &Options, yes: bool) -> Result<()> {
    let host = if options.public {
        Ipv4Addr::UNSPECIFIED
    } else {
        Ipv4Addr::LOCALHOST
    };
    let listen = SocketAddr::new(IpAddr::V4(host), options.port);
    check_free(listen)?;
    let frontrow = client::build(Mode::Release, yes)?;
    let data = options.data.clone().unwrap_or_else(|| sh::root().join("data"));
    demo(&frontrow, &data, listen)?;
    println!(
        "\nOpen http://127.0.0.1:{} in two browsers. Ctrl-C ends the server.\n",
        options.port
    );
    become_program(frontrow_command(&frontrow, &data, listen).arg("serve"))
}

/// Makes sure of the demo event and prints its codes.
pub fn demo(frontrow: &Path, data: &Path, listen: SocketAddr) -> Result<()> {
    let status = frontrow_command(frontrow, data, listen)
        .arg("demo")
        .status()
        .with_context(|| format!("cannot start {}", frontrow.display()))?;
    if !status.success() {
        bail!(
            "`frontrow demo` failed: its lines above say why. The data are in {}",
            data.display()
        );
    }
    Ok(())
}

/// The server's program on its data and address.
pub fn frontrow_command(frontrow: &Path, data: &Path, listen: SocketAddr) -> Command {
    let mut command = Command::new(frontrow);
    command
        .env("FRONTROW_DATA", data)
        .env("FRONTROW_LISTEN", listen.to_string());
    command
}

/// Fails while it is cheap: before building.
pub fn check_free(listen: SocketAddr) -> Result<()> {
    if let Err(error) = TcpListener::bind(listen) {
        bail!(
            "cannot listen on {listen}: {error}\nEnd what listens there, or choose another port: cargo xtask run --port {}",
            listen.port().wrapping_add(1).max(1024)
        );
    }
    Ok(())
}

#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<()> {
    let error = std::os::unix::process::CommandExt::exec(command);
    Err(error).context("cannot start the server")
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    let status = command.status().context("cannot start the server")?;
    std::process::exit(status.code().unwrap_or(1))
}
