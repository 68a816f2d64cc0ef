//! `cargo xtask run`: from a clone to a server with a demo event that is open now.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
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
    let other = options.port.checked_add(1).unwrap_or(8081);
    check_free(
        listen,
        &format!("End what listens there, or choose another port: cargo xtask run --port {other}"),
    )?;
    let program = client::build(Mode::Release, yes)?;
    let data = options.data.clone().unwrap_or_else(|| sh::root().join("data"));
    let frontrow = Frontrow {
        program,
        data,
        listen,
        public_url: None,
    };
    frontrow.demo()?;
    println!("Open the address in two browsers and enter two of the codes. Ctrl-C ends the server.\n");
    become_program(&mut frontrow.serve())
}

/// Fails while it is cheap: before building.
pub fn check_free(listen: SocketAddr, advice: &str) -> Result<()> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => bail!("cannot listen on {listen}: {error}\n{advice}"),
    }
}

/// The server's program on its data and address.
pub struct Frontrow {
    /// What was built.
    pub program: PathBuf,
    /// Its folder.
    pub data: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that visitors type, when it is another one.
    pub public_url: Option<&'static str>,
}

impl Frontrow {
    /// Makes sure of the demo event, and prints its address and codes.
    pub fn demo(&self) -> Result<()> {
        println!();
        let status = self
            .command("demo")
            .status()
            .context("cannot start the server's program")?;
        if !status.success() {
            bail!(
                "`frontrow demo` failed: its lines above say why. Its data are in {}",
                self.data.display()
            );
        }
        println!();
        Ok(())
    }

    /// The server itself.
    pub fn serve(&self) -> Command {
        self.command("serve")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(name)
            .env("FRONTROW_DATA", &self.data)
            .env("FRONTROW_LISTEN", self.listen.to_string());
        command.envs(self.public_url.map(|url| ("FRONTROW_PUBLIC_URL", url)));
        command
    }
}

fn become_program(command: &mut Command) -> Result<()> {
    let error = command.exec();
    Err(error).context("cannot start the server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_said_with_what_to_do() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = check_free(address, "Choose another.").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
        assert!(error.ends_with("\nChoose another."), "{error}");
        let any_free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        assert!(check_free(any_free, "").is_ok());
    }
}
