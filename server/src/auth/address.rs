//! Where a request comes from: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Most hops of a forwarding header that are looked at; a longer chain ends at the last hop read.
const HOPS: usize = 16;

/// Addresses that are counted together: one IPv4 address, or an IPv6 network of 64 bits, which is what one household
/// gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(mapped) => Self(IpAddr::V4(mapped)),
                None => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))),
            },
        }
    }
}

/// The client's address: from the peer backwards along `X-Forwarded-For` for as long as the hop that speaks is trusted.
/// What an untrusted peer claims counts for nothing.
pub fn client(peer: IpAddr, forwarded_for: &str, trusted: &[IpNet]) -> IpAddr {
    let mut address = canonical(peer);
    for hop in forwarded_for.rsplit(',').take(HOPS) {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(earlier) => address = canonical(earlier),
            None => break,
        }
    }
    address
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// An address, with or without a port, IPv6 with or without brackets.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|hop| hop.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn trusted() -> Vec<IpNet> {
        vec![
            "10.0.0.0/8".parse().expect("a network"),
            "fd00::/8".parse().expect("a network"),
        ]
    }

    #[test]
    fn an_untrusted_peer_speaks_for_itself_alone() {
        assert_eq!(client(ip("203.0.113.9"), "198.51.100.1", &trusted()), ip("203.0.113.9"));
        assert_eq!(client(ip("203.0.113.9"), "198.51.100.1", &[]), ip("203.0.113.9"));
    }

    #[test]
    fn trusted_hops_are_followed_backwards_and_no_further() {
        let claimed = "1.1.1.1, 198.51.100.1, 10.0.0.2";
        assert_eq!(client(ip("10.0.0.1"), claimed, &trusted()), ip("198.51.100.1"));
        assert_eq!(client(ip("::ffff:10.0.0.1"), claimed, &trusted()), ip("198.51.100.1"));
        assert_eq!(
            client(ip("10.0.0.1"), "198.51.100.1:5000", &trusted()),
            ip("198.51.100.1")
        );
        assert_eq!(
            client(ip("fd00::1"), "[2001:db8::5]:443", &trusted()),
            ip("2001:db8::5")
        );
    }

    #[test]
    fn nonsense_ends_the_chain_at_the_proxy() {
        for claimed in ["", "unknown", "1.1.1.1, garbage", ",,,"] {
            assert_eq!(client(ip("10.0.0.1"), claimed, &trusted()), ip("10.0.0.1"), "{claimed}");
        }
    }

    #[test]
    fn a_household_is_one_network() {
        assert_eq!(
            Network::of(ip("2001:db8:1:2::1")),
            Network::of(ip("2001:db8:1:2:ffff::9"))
        );
        assert_ne!(Network::of(ip("2001:db8:1:2::1")), Network::of(ip("2001:db8:1:3::1")));
        assert_eq!(Network::of(ip("::ffff:192.0.2.1")), Network::of(ip("192.0.2.1")));
        assert_ne!(Network::of(ip("192.0.2.1")), Network::of(ip("192.0.2.2")));
    }
}
