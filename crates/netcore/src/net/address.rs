//! Where a room is, as a person types it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use netcore_proto::wire::DEFAULT_PORT;

/// The longest name that is looked up (RFC 1035, section 2.3.4, without the root).
const MAX_NAME_BYTES: usize = 253;
/// The longest name of a card, as Windows has them.
const MAX_CARD_BYTES: usize = 256;
/// How a link to a room begins.
const LINK: &str = "roomwire://";

/// A host's name or number and its port. The number of a link-local IPv6 address may be followed by the card of this computer
/// that it is reached through, as in `fe80::1%eth0` (RFC 4007, section 11).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not an address: give host, host:port, [IPv6]:port or [IPv6%CARD]:port, such as 192.168.1.10:{DEFAULT_PORT}"
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

    /// The host's number, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.number_and_card().0.parse().ok()
    }

    /// The card of this computer that the host is reached through, by name or number, if one is given.
    pub fn card(&self) -> Option<&str> {
        self.number_and_card().1
    }

    fn number_and_card(&self) -> (&str, Option<&str>) {
        match self.host.split_once('%') {
            Some((number, card)) => (number, Some(card)),
            None => (&self.host, None),
        }
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
        let trimmed = without_link(text.trim());
        if let Some(host) = ipv6_host(trimmed) {
            let port = DEFAULT_PORT;
            return Ok(Address { host, port });
        }
        let (host, port) = match trimmed.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
                let port = rest
                    .strip_prefix(':')
                    .or_else(|| rest.is_empty().then_some(""))
                    .ok_or_else(bad)?;
                (ipv6_host(host).ok_or_else(bad)?, port)
            }
            None => match trimmed.split_once(':') {
                Some((_, "")) => return Err(bad()),
                Some((host, port)) => (named_host(host).ok_or_else(bad)?, port),
                None => (named_host(trimmed).ok_or_else(bad)?, ""),
            },
        };
        let port = if port.is_empty() {
            DEFAULT_PORT
        } else {
            let is_number = port.bytes().all(|digit| digit.is_ascii_digit());
            port.parse().ok().filter(|_| is_number).ok_or_else(bad)?
        };
        if port == 0 {
            return Err(bad());
        }
        Ok(Address { host, port })
    }
}

/// What stands in a link to a room, `roomwire://ADDRESS`; anything else as it is. Browsers add a slash at the end.
fn without_link(text: &str) -> &str {
    let (scheme, address) = text.split_at_checked(LINK.len()).unwrap_or(("", text));
    if !scheme.eq_ignore_ascii_case(LINK) {
        return text;
    }
    address.strip_suffix('/').unwrap_or(address)
}

/// An IPv6 number in its shortest form; with its card, if it is link-local and has one.
fn ipv6_host(text: &str) -> Option<String> {
    let (number, card) = match text.split_once('%') {
        Some((number, card)) => (number, Some(card)),
        None => (text, None),
    };
    let ip: Ipv6Addr = number.parse().ok()?;
    // Windows has cards with spaces in their names.
    let is_card = |card: &str| {
        let is_part = |c: char| !c.is_control() && !matches!(c, '%' | '[' | ']');
        !card.trim().is_empty() && card.len() <= MAX_CARD_BYTES && card.chars().all(is_part)
    };
    match card {
        None => Some(ip.to_string()),
        Some(card) if ip.is_unicast_link_local() && is_card(card) => Some(format!("{ip}%{}", card.trim())),
        Some(_) => None,
    }
}

/// A name or an IPv4 number.
fn named_host(host: &str) -> Option<String> {
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    // A name of digits and dots that is no IPv4 number is a slip of the pen.
    let looks_like_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_good = !host.is_empty()
        && host.len() <= MAX_NAME_BYTES
        && host.chars().all(is_host)
        && (!looks_like_number || host.parse::<IpAddr>().is_ok());
    is_good.then(|| host.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        for (text, read) in [
            ("192.168.1.10", "192.168.1.10:27182"),
            (" 192.168.1.10:5000 ", "192.168.1.10:5000"),
            ("lab-seat.local", "lab-seat.local:27182"),
            ("::1", "[::1]:27182"),
            ("[fe80::1]:9", "[fe80::1]:9"),
            ("[::1]", "[::1]:27182"),
            ("fe80::1%eth0", "[fe80::1%eth0]:27182"),
            ("[FE80:0::1%eth0]:5000", "[fe80::1%eth0]:5000"),
            ("fe80::1%3", "[fe80::1%3]:27182"),
            ("[fe80::1%Ethernet 2]", "[fe80::1%Ethernet 2]:27182"),
            ("roomwire://192.168.1.10:5000", "192.168.1.10:5000"),
            ("Roomwire://lab-seat.local/", "lab-seat.local:27182"),
            ("roomwire://[::1]:9/", "[::1]:9"),
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
            "host:+27182",
            "999.1.1.1",
            "1.2.3",
            "a b",
            "http://x/",
            "roomwire://",
            "roomwire:///",
            "roomwire://a//",
            "roomwire://roomwire://a",
            "[::1",
            "[x]:1",
            "[fe80::1%]:1",
            "fe80::1%a%b",
            "2001:db8::1%eth0",
            "192.168.1.1%eth0",
            "lab%eth0",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_address_survives_being_written_and_read() {
        for text in [
            "lab:1",
            "192.168.1.10:5000",
            "[::1]:9",
            "[fe80::1%eth0]:27182",
            "[fe80::1%12]:1",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        let address: Address = "fe80::1%eth0".parse().unwrap();
        assert_eq!(
            (address.ip(), address.card()),
            ("fe80::1".parse().ok(), Some("eth0"))
        );
        let address: Address = "lab".parse().unwrap();
        assert_eq!((address.ip(), address.card()), (None, None));
    }
}
