//! How the server was told to run, checked once at its start: what is wrong is refused with a sentence that says what
//! would be right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;

use crate::auth::origin::{AllowedOrigins, Origin};
use crate::capacity;
use crate::room::SendLimits;

/// The database's file in the data folder, unless another one is named.
const DATABASE_FILE: &str = "frontrow.db";

/// A running server's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Which pages may change something.
    pub origins: AllowedOrigins,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether accounts are made by this process too.
    pub provisioner: ProvisionerMode,
    /// How fast a member may send.
    pub send_limits: SendLimits,
    /// How many people it takes on.
    pub capacity: capacity::Limits,
}

impl Config {
    /// Whether visitors come over https, so that cookies are for https alone.
    pub fn is_https(&self) -> bool {
        self.origins.public.as_ref().is_some_and(Origin::is_https)
    }
}

/// Who makes the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProvisionerMode {
    /// A task of the server.
    Embedded,
    /// `frontrow provision`, beside the server.
    Off,
}

/// Where the log's entries go to reach every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayMode {
    /// This process alone.
    Local,
}

impl FromStr for RelayMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "local" => Ok(Self::Local),
            _ if text.starts_with("nats://") => Err("this version has no NATS relay yet; use local".to_owned()),
            _ => Err("expected local".to_owned()),
        }
    }
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(PathBuf);

impl DatabaseUrl {
    /// The default, in a data folder.
    pub fn in_folder(data: &Path) -> Self {
        Self(data.join(DATABASE_FILE))
    }

    /// The SQLite file.
    pub fn file(&self) -> &Path {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    /// Reads `sqlite:FILE` or `sqlite://FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err("this version has no PostgreSQL store yet; use sqlite:FILE".to_owned());
        }
        let file = text.strip_prefix("sqlite:").ok_or("expected sqlite:FILE")?;
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.is_empty() || file.starts_with(":memory:") || file.contains('?') {
            return Err("expected sqlite:FILE with the name of a file and no options".to_owned());
        }
        Ok(Self(PathBuf::from(file)))
    }
}

/// Reads the address that visitors type.
pub fn public_url(text: &str) -> Result<Origin, String> {
    Origin::parse(text).ok_or_else(|| "expected https://host[:port] or http://host[:port], without a path".to_owned())
}

/// Reads a network or a single address.
pub fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().ok();
    network
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
        .ok_or_else(|| "expected an address or a network such as 10.0.0.0/8".to_owned())
}

/// Reads where to listen.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected ADDRESS:PORT such as 127.0.0.1:8080 or [::]:8080".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file() {
        assert_eq!(
            "sqlite:x.db".parse::<DatabaseUrl>().expect("fine").file(),
            Path::new("x.db")
        );
        assert_eq!(
            "sqlite:///var/x.db".parse::<DatabaseUrl>().expect("fine").file(),
            Path::new("/var/x.db")
        );
        for wrong in [
            "",
            "x.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:x.db?mode=ro",
            "postgres://db/x",
            "mysql://x",
        ] {
            assert!(wrong.parse::<DatabaseUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_public_address_has_a_host_and_nothing_behind_it() {
        assert!(public_url("https://live.example.org").expect("fine").is_https());
        assert!(!public_url("http://127.0.0.1:8080/").expect("fine").is_https());
        for wrong in [
            "",
            "live.example.org",
            "ftp://x",
            "https://x/path",
            "https://user@x",
            "https://x?y",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn proxies_are_networks_or_addresses() {
        assert_eq!(network("10.1.2.3").expect("fine").prefix_len(), 32);
        assert_eq!(network("fd00::/8").expect("fine").prefix_len(), 8);
        assert!(network("10.0.0.0/33").is_err());
        assert!("nats://x".parse::<RelayMode>().is_err());
    }
}
