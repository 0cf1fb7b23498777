//! Where a room is: as a person types it, and as this computer shows it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use netcore_proto::wire::DEFAULT_PORT;

/// A host's name or number and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not an address: give host, host:port or [IPv6]:port, such as 192.168.1.10:{DEFAULT_PORT}"
)]
pub struct AddressError {
    /// As typed.
    pub text: String,
}

impl Address {
    /// The host's name or number, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port for TCP and UDP.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let bad = || AddressError {
            text: text.to_owned(),
        };
        let trimmed = text.trim();
        if let Ok(ip) = trimmed.parse::<Ipv6Addr>() {
            return Ok(Address {
                host: ip.to_string(),
                port: DEFAULT_PORT,
            });
        }
        let (host, port) = match trimmed.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
                host.parse::<Ipv6Addr>().map_err(|_| bad())?;
                (
                    host,
                    rest.strip_prefix(':')
                        .or_else(|| rest.is_empty().then_some(""))
                        .ok_or_else(bad)?,
                )
            }
            None => match trimmed.split_once(':') {
                Some((_, "")) => return Err(bad()),
                Some(parts) => parts,
                None => (trimmed, ""),
            },
        };
        let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        // A name of digits and dots that is no IPv4 number is a slip of the pen.
        let looks_like_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
        if host.is_empty()
            || host.len() > 253
            || !host.chars().all(is_host)
            || looks_like_number && host.parse::<IpAddr>().is_err()
        {
            return Err(bad());
        }
        let port = if port.is_empty() {
            DEFAULT_PORT
        } else {
            port.parse().map_err(|_| bad())?
        };
        if port == 0 {
            return Err(bad());
        }
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// One of this computer's addresses that others may reach a room at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachableAt {
    /// With the port.
    pub address: String,
    /// The network interface's name.
    pub network: String,
    /// Whether only this computer can reach it.
    pub loopback: bool,
}

/// This computer's addresses with `port`: those others can reach first, IPv4 before IPv6, loopback last.
pub fn reachable_at(port: u16) -> Vec<ReachableAt> {
    let mut interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    // A link-local IPv6 address is of no use without the reader's own interface index.
    interfaces.retain(|interface| !matches!(interface.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local()));
    interfaces.sort_by_key(|interface| (interface.is_loopback(), interface.ip().is_ipv6()));
    let reachable = interfaces.into_iter().map(|interface| ReachableAt {
        address: std::net::SocketAddr::new(interface.ip(), port).to_string(),
        network: interface.name.clone(),
        loopback: interface.is_loopback(),
    });
    reachable.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        for (text, read) in [
            ("192.168.1.10", "192.168.1.10:27182"),
            (" 192.168.1.10:5000 ", "192.168.1.10:5000"),
            ("lab-desk.local", "lab-desk.local:27182"),
            ("::1", "[::1]:27182"),
            ("[fe80::1]:9", "[fe80::1]:9"),
            ("[::1]", "[::1]:27182"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), read, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":27182",
            "host:",
            "host:0",
            "host:70000",
            "999.1.1.1",
            "1.2.3",
            "a b",
            "http://x/",
            "[::1",
            "[x]:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn this_computer_reaches_itself() {
        assert!(
            reachable_at(1)
                .iter()
                .any(|at| at.loopback && at.address == "127.0.0.1:1")
        );
    }
}
