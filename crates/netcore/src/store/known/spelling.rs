use std::net::{IpAddr, SocketAddr};

use crate::net::address::Address;

/// The one spelling in which addresses are compared: names in small letters without the dot at their end, numbers as the standard
/// library writes them, IPv4 in IPv6 as IPv4, always with the port.
pub(crate) fn key_of(address: &str) -> String {
    let Ok(parsed) = address.parse::<Address>() else {
        return address.to_lowercase();
    };
    match parsed.host().parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip.to_canonical(), parsed.port()).to_string(),
        Err(_) => {
            let host = parsed.host().to_lowercase();
            format!("{}:{}", host.trim_end_matches('.'), parsed.port())
        }
    }
}

/// The same for a number that a connection leads to.
pub(crate) fn key_of_peer(peer: SocketAddr) -> String {
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}
