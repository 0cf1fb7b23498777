//! This computer's network cards and addresses: which of them others reach a room at, the most likely first.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use if_addrs::Interface;

/// How often the system is asked whether its addresses are still the same: it takes a tenth of a millisecond.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// What stands for the reader's own card in a link-local address.
const YOUR_CARD: &str = "YOUR-CARD";

/// One of this computer's addresses that others may reach a room at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachableAt {
    /// With the port. A link-local one has `YOUR-CARD` where the reader names the card of the computer that joins.
    pub address: String,
    /// The network card's name.
    pub network: String,
    /// Whether only this computer can reach it.
    pub loopback: bool,
}

/// This computer's addresses with `port`, as of now: the one that the default route leaves from first, then other cards that are
/// connected, bridges and switches for virtual machines, tunnels, cards without a cable, and loopback last. Link-local addresses
/// are listed when others cannot reach any other.
pub fn reachable_at(port: u16) -> Vec<ReachableAt> {
    let cards = present_cards().unwrap_or_else(|error| {
        tracing::warn!(%error, "the network cards cannot be listed");
        Vec::new()
    });
    present(&ordered(cards, &default_sources()), port)
}

/// One address of one card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    /// The card's name.
    pub(crate) name: String,
    /// The address.
    pub(crate) ip: IpAddr,
    /// The card's number.
    pub(crate) number: Option<u32>,
    /// Whether it is connected with anything.
    pub(crate) has_carrier: bool,
    /// Whether it has one other end, as tunnels have.
    pub(crate) is_point_to_point: bool,
}

impl From<Interface> for Card {
    fn from(interface: Interface) -> Card {
        Card {
            ip: interface.ip(),
            number: interface.index,
            has_carrier: interface.is_oper_up(),
            is_point_to_point: interface.is_p2p(),
            name: interface.name,
        }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.ip, self.name)
    }
}

impl Card {
    /// The address with a port, and with its card where it needs one.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        match self.ip {
            IpAddr::V6(ip) if self.is_link_local() => {
                SocketAddrV6::new(ip, port, 0, self.number.unwrap_or(0)).into()
            }
            ip => SocketAddr::new(ip, port),
        }
    }

    fn is_link_local(&self) -> bool {
        matches!(self.ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
    }
}

/// Every address of this computer.
///
/// # Errors
/// The system does not list them, as when no file can be opened.
pub(crate) fn present_cards() -> io::Result<Vec<Card>> {
    let interfaces = if_addrs::get_if_addrs()?;
    Ok(interfaces.into_iter().map(Card::from).collect())
}

/// Returns when this computer has other addresses than when it was called.
pub(crate) async fn changed() {
    let before = numbers();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        if numbers() != before {
            return;
        }
    }
}

/// Whether a card of this computer has this address. A system that does not list its cards has them all the same.
pub(crate) fn has(ip: IpAddr) -> bool {
    numbers().is_none_or(|numbers| numbers.contains(&ip))
}

/// Returns when no card has this address any more.
pub(crate) async fn gone(ip: IpAddr) {
    while has(ip) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Every address's number, unless they cannot be listed.
fn numbers() -> Option<BTreeSet<IpAddr>> {
    let cards = present_cards().ok()?;
    Some(cards.into_iter().map(|card| card.ip).collect())
}

/// The number of the card of this name, or with this number.
pub(crate) fn number(card: &str) -> Option<u32> {
    if let Ok(number) = card.parse() {
        return Some(number);
    }
    let mut cards = present_cards().ok()?.into_iter();
    cards.find(|present| present.name == card)?.number
}

/// The names of cards that reach link-local IPv6 addresses.
pub(crate) fn with_link_local() -> Vec<String> {
    let cards = present_cards().unwrap_or_default().into_iter();
    let mut names: Vec<String> = cards.filter(Card::is_link_local).map(|card| card.name).collect();
    names.dedup();
    names
}

/// Our addresses on the default routes of IPv4 and IPv6. Connecting a datagram socket asks the routing table and sends nothing.
pub(crate) fn default_sources() -> Vec<IpAddr> {
    // Addresses for documentation are nowhere (RFC 5737 and RFC 3849), so only a default route leads there.
    let questions: [(IpAddr, IpAddr); 2] = [
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
    ];
    let answers = questions.into_iter().filter_map(|(any, nowhere)| {
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((nowhere, 9)).ok()?;
        socket.local_addr().ok().map(|address| address.ip())
    });
    answers.collect()
}

/// How likely others reach a card, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    DefaultRoute,
    Connected,
    Virtual,
    Tunnel,
    NoCarrier,
    Loopback,
}

/// Cards in the order in which others are likely to reach them. `default_sources` are our addresses on default routes.
pub(crate) fn ordered(mut cards: Vec<Card>, default_sources: &[IpAddr]) -> Vec<Card> {
    cards.sort_by_key(|card| {
        let likelihood = likelihood(card, default_sources);
        (
            likelihood,
            card.ip.is_ipv6(),
            reach(card.ip),
            card.number,
            card.ip,
        )
    });
    cards
}

fn likelihood(card: &Card, default_sources: &[IpAddr]) -> Likelihood {
    if card.ip.is_loopback() {
        Likelihood::Loopback
    } else if !card.has_carrier {
        Likelihood::NoCarrier
    } else if card.is_point_to_point || is_tunnel(&card.name) {
        // Also when everything leaves through it: those on the same network do not come in through it.
        Likelihood::Tunnel
    } else if default_sources.contains(&card.ip) {
        // A bridge with the default route is the card itself.
        Likelihood::DefaultRoute
    } else if is_virtual(&card.name) {
        Likelihood::Virtual
    } else {
        Likelihood::Connected
    }
}

/// How local an address is: a LAN's own first, then the world's, then those that a card gave itself.
fn reach(ip: IpAddr) -> u8 {
    let (is_private, is_self_given) = match ip {
        IpAddr::V4(ip) => (ip.is_private(), ip.is_link_local()),
        IpAddr::V6(ip) => (ip.is_unique_local(), ip.is_unicast_link_local()),
    };
    match (is_private, is_self_given) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// What the names of cards begin with that lead to virtual machines and containers of this computer, in lower case.
const VIRTUAL: [&str; 22] = [
    "docker",
    "br-",
    "veth",
    "virbr",
    "vboxnet",
    "virtualbox",
    "vmnet",
    "vmware",
    "vmenet",
    "vnet",
    "lxc",
    "lxd",
    "podman",
    "cni",
    "cali",
    "flannel",
    "cilium",
    "kube",
    "bridge",
    "vethernet",
    // Apple's own links between devices.
    "awdl",
    "llw",
];

/// What the names of tunnels begin with, in lower case.
const TUNNELS: [&str; 17] = [
    "tun",
    "utun",
    "tap",
    "wg",
    "ppp",
    "ipsec",
    "gif",
    "stf",
    "zt",
    "feth",
    "tailscale",
    "zerotier",
    "wireguard",
    "openvpn",
    "nordlynx",
    "cloudflarewarp",
    "cisco anyconnect",
];

fn is_virtual(name: &str) -> bool {
    let name = name.to_lowercase();
    VIRTUAL.iter().any(|beginning| name.starts_with(beginning))
}

fn is_tunnel(name: &str) -> bool {
    let name = name.to_lowercase();
    let begins = TUNNELS.iter().any(|beginning| name.starts_with(beginning));
    begins
        || name
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == "vpn" || word == "tap")
}

/// Those of `cards` that are shown: link-local IPv6, which needs the reader's own card, only without anything better.
pub(crate) fn shown(cards: &[Card]) -> impl Iterator<Item = &Card> {
    let is_better = |card: &Card| card.has_carrier && !card.ip.is_loopback() && !card.is_link_local();
    let has_better = cards.iter().any(is_better);
    cards
        .iter()
        .filter(move |card| !card.is_link_local() || !has_better && card.has_carrier)
}

/// The [`shown`] ones, in words.
pub(crate) fn present(cards: &[Card], port: u16) -> Vec<ReachableAt> {
    let reachable = shown(cards).map(|card| ReachableAt {
        address: if card.is_link_local() {
            format!("[{}%{YOUR_CARD}]:{port}", card.ip)
        } else {
            SocketAddr::new(card.ip, port).to_string()
        },
        network: card.name.clone(),
        loopback: card.ip.is_loopback(),
    });
    reachable.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str, ip: &str) -> Card {
        Card {
            name: name.to_owned(),
            ip: ip.parse().unwrap(),
            number: Some(1),
            has_carrier: true,
            is_point_to_point: false,
        }
    }

    fn unplugged(name: &str, ip: &str) -> Card {
        Card {
            has_carrier: false,
            ..card(name, ip)
        }
    }

    fn tunnel(name: &str, ip: &str) -> Card {
        Card {
            is_point_to_point: true,
            ..card(name, ip)
        }
    }

    /// The names in order, from however the system lists them.
    fn names(cards: &[Card], default_sources: &[&str]) -> Vec<String> {
        let sources: Vec<IpAddr> = default_sources.iter().map(|ip| ip.parse().unwrap()).collect();
        let mut cards = cards.to_vec();
        for (number, card) in (1..).zip(&mut cards) {
            card.number = Some(number);
        }
        let forwards = ordered(cards.clone(), &sources);
        cards.reverse();
        let backwards = ordered(cards, &sources);
        assert_eq!(forwards, backwards, "the order does not depend on the system's");
        forwards
            .into_iter()
            .map(|card| format!("{} {}", card.name, card.ip))
            .collect()
    }

    #[test]
    fn the_default_route_comes_first_and_loopback_last_on_linux() {
        let cards = [
            card("lo", "127.0.0.1"),
            card("lo", "::1"),
            unplugged("docker0", "172.17.0.1"),
            card("br-5f2a", "172.18.0.1"),
            card("vboxnet0", "192.168.56.1"),
            tunnel("tun0", "10.8.0.6"),
            card("wg0", "10.9.0.2"),
            card("eth0", "10.1.2.3"),
            card("wlan0", "192.168.1.24"),
            card("wlan0", "2001:db8::24"),
            unplugged("eth1", "192.168.7.7"),
        ];
        assert_eq!(
            names(&cards, &["192.168.1.24", "2001:db8::24"]),
            [
                "wlan0 192.168.1.24",
                "wlan0 2001:db8::24",
                "eth0 10.1.2.3",
                "br-5f2a 172.18.0.1",
                "vboxnet0 192.168.56.1",
                "tun0 10.8.0.6",
                "wg0 10.9.0.2",
                "docker0 172.17.0.1",
                "eth1 192.168.7.7",
                "lo 127.0.0.1",
                "lo ::1",
            ]
        );
    }

    #[test]
    fn windows_and_macos_name_their_cards_otherwise() {
        let windows = [
            card("Loopback Pseudo-Interface 1", "127.0.0.1"),
            card("VirtualBox Host-Only Network #2", "192.168.56.1"),
            card("VMware Network Adapter VMnet8", "192.168.80.1"),
            card("vEthernet (WSL)", "172.28.96.1"),
            card("Tailscale", "100.101.102.103"),
            card("OpenVPN TAP-Windows6", "10.8.0.2"),
            card("University VPN", "10.20.0.2"),
            card("Wi-Fi", "192.168.1.7"),
            unplugged("Ethernet 2", "169.254.10.20"),
        ];
        assert_eq!(names(&windows, &[])[0], "Wi-Fi 192.168.1.7");
        assert_eq!(names(&windows, &[])[8], "Loopback Pseudo-Interface 1 127.0.0.1");
        // A switch of Hyper-V that the card itself is plugged into has the default route.
        assert_eq!(
            names(&windows, &["172.28.96.1"])[0],
            "vEthernet (WSL) 172.28.96.1"
        );
        let macos = [
            card("lo0", "127.0.0.1"),
            card("bridge100", "192.168.64.1"),
            tunnel("utun4", "100.64.3.2"),
            card("awdl0", "192.168.99.1"),
            card("en0", "10.0.0.5"),
        ];
        assert_eq!(names(&macos, &["10.0.0.5"])[0], "en0 10.0.0.5");
        assert_eq!(names(&macos, &["100.64.3.2"])[0], "en0 10.0.0.5");
        assert_eq!(names(&macos, &[])[3], "utun4 100.64.3.2");
    }

    #[test]
    fn a_lans_own_addresses_come_before_the_worlds_and_self_given_ones() {
        let cards = [
            card("eth0", "169.254.9.9"),
            card("eth1", "203.0.113.9"),
            card("eth2", "192.168.0.9"),
            card("eth3", "2001:db8::9"),
            card("eth4", "fd00::9"),
        ];
        assert_eq!(
            names(&cards, &[]),
            [
                "eth2 192.168.0.9",
                "eth1 203.0.113.9",
                "eth0 169.254.9.9",
                "eth4 fd00::9",
                "eth3 2001:db8::9"
            ]
        );
    }

    #[test]
    fn link_local_is_shown_only_without_anything_better() {
        let cable = [
            card("eth0", "fe80::1"),
            unplugged("docker0", "172.17.0.1"),
            card("lo", "::1"),
        ];
        let shown = present(&cable, 5);
        assert_eq!(shown[0].address, "[fe80::1%YOUR-CARD]:5");
        assert!(shown[0].address.parse::<crate::net::address::Address>().is_ok());
        let lan = [card("eth0", "fe80::1"), card("eth0", "10.0.0.1")];
        let shown = present(&lan, 5);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].address, "10.0.0.1:5");
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
