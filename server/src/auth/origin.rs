//! Which pages may change something here: cookies travel with requests from other sites, and sockets know no
//! same-origin rule, so the Origin that a browser states is checked. A client that states none is not a browser.

use std::fmt;

use url::Url;

/// Most bytes of an Origin that are looked at.
const ORIGIN_BYTES: usize = 300;

/// A page's origin: scheme, host and port, the port always spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads `http://host[:port]` or `https://host[:port]`, with nothing behind it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > ORIGIN_BYTES {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !(bare && anonymous && matches!(url.scheme(), "http" | "https")) {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether pages of this origin are served encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether a socket or page at `host[:port]`, the Host of a request, is at this origin's host.
    fn is_at(&self, host: &str) -> bool {
        Self::parse(&format!("{}://{host}", self.scheme)).is_some_and(|served| served == *self)
    }

    fn same_place(&self, other: &Self) -> bool {
        self.host == other.host && (self.port == other.port || self.is_standard() && other.is_standard())
    }

    fn is_standard(&self) -> bool {
        matches!((self.scheme.as_str(), self.port), ("http", 80) | ("https", 443))
    }

    /// The address of sockets at this origin.
    pub fn socket_source(&self) -> String {
        let scheme = if self.is_https() { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.host, self.port_suffix())
    }

    fn port_suffix(&self) -> String {
        if self.is_standard() {
            String::new()
        } else {
            format!(":{}", self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.host, self.port_suffix())
    }
}

/// The origins that may: the public address, those configured, and the host that is served.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins {
    /// The public address.
    pub public: Option<Origin>,
    /// Further ones.
    pub configured: Vec<Origin>,
}

impl AllowedOrigins {
    /// Whether a request with this Origin, sent to this Host, may change something. `null` never may; neither may plain
    /// http pages at the host of a public address that is https.
    pub fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(origin) = Origin::parse(origin) else {
            return false;
        };
        if self.configured.contains(&origin) {
            return true;
        }
        match &self.public {
            Some(public) if public.same_place(&origin) => *public == origin,
            _ => host.is_some_and(|host| origin.is_at(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).expect("an origin")
    }

    #[test]
    fn the_host_that_is_served_may_and_others_may_not() {
        let allowed = AllowedOrigins::default();
        assert!(allowed.allow("http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(allowed.allow("http://example.org", Some("example.org:80")));
        assert!(allowed.allow("https://Example.org", Some("example.org")));
        for foreign in [
            "http://127.0.0.1:8081",
            "http://evil.example",
            "http://127.0.0.1:8080.evil.example",
            "null",
            "",
            "*",
            "file://",
            "http://127.0.0.1:8080/x",
        ] {
            assert!(!allowed.allow(foreign, Some("127.0.0.1:8080")), "{foreign}");
        }
        assert!(!allowed.allow("http://127.0.0.1:8080", None));
    }

    #[test]
    fn the_public_address_may_whatever_host_the_proxy_passes_on() {
        let allowed = AllowedOrigins {
            public: Some(origin("https://live.example.org")),
            configured: vec![],
        };
        assert!(allowed.allow("https://live.example.org", Some("127.0.0.1:8080")));
        assert!(allowed.allow("http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(
            !allowed.allow("http://live.example.org", Some("live.example.org")),
            "an unencrypted page of the same host"
        );
    }

    #[test]
    fn configured_origins_may() {
        let allowed = AllowedOrigins {
            public: None,
            configured: vec![origin("http://localhost:3000")],
        };
        assert!(allowed.allow("http://localhost:3000", Some("127.0.0.1:8080")));
        assert!(!allowed.allow("https://localhost:3000", Some("127.0.0.1:8080")));
    }

    #[test]
    fn sockets_are_at_the_same_host() {
        assert_eq!(
            origin("https://live.example.org").socket_source(),
            "wss://live.example.org"
        );
        assert_eq!(origin("http://127.0.0.1:8080").socket_source(), "ws://127.0.0.1:8080");
        assert_eq!(
            origin("https://live.example.org:443/").to_string(),
            "https://live.example.org"
        );
    }
}
