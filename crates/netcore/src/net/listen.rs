//! Where a host listens: the sockets, and the addresses that it is reached at as its network changes.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::net::cards::{self, Card, ReachableAt};
use crate::net::socket_options;
use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// The longest queue of connections that wait to be accepted.
const BACKLOG: i32 = 128;

/// One address or network card that a host listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenOn {
    /// One of this computer's addresses.
    Ip(IpAddr),
    /// Every address that this network card has, also those that it is given later.
    Card(String),
}

/// A text that names no address and no card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address of this computer or the name of a network card is expected")]
pub struct ListenOnError;

impl FromStr for ListenOn {
    type Err = ListenOnError;

    fn from_str(text: &str) -> Result<ListenOn, ListenOnError> {
        let text = text.trim();
        let number = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        match number.parse() {
            Ok(ip) => Ok(ListenOn::Ip(ip)),
            Err(_) if text.is_empty() => Err(ListenOnError),
            Err(_) => Ok(ListenOn::Card(text.to_owned())),
        }
    }
}

impl fmt::Display for ListenOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenOn::Ip(ip) => ip.fmt(f),
            ListenOn::Card(name) => f.write_str(name),
        }
    }
}

/// Which of this computer's addresses a host listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Everywhere,
    /// Only the IPv4 loopback address.
    Loopback,
    These(Vec<ListenOn>),
}

impl Choice {
    fn covers(&self, card: &Card) -> bool {
        match self {
            Choice::Everywhere => true,
            Choice::Loopback => card.ip.is_loopback() && card.ip.is_ipv4(),
            Choice::These(these) => these.iter().any(|on| match on {
                ListenOn::Ip(ip) => *ip == card.ip,
                ListenOn::Card(name) => *name == card.name,
            }),
        }
    }

    /// Those of `cards` that the host listens on.
    fn of(&self, cards: &[Card]) -> Vec<Card> {
        cards.iter().filter(|card| self.covers(card)).cloned().collect()
    }
}

/// The sockets of a port that is open for TCP and UDP.
pub(crate) struct Sockets {
    pub(crate) port: u16,
    /// Each with the address it listens on.
    pub(crate) listeners: Vec<(IpAddr, std::net::TcpListener)>,
    pub(crate) datagrams: std::net::UdpSocket,
    /// Whether datagrams come in on more addresses than were chosen, so that they must be distinguished.
    pub(crate) takes_too_much: bool,
}

impl Choice {
    /// Opens `port`, or with zero any free one, for TCP and UDP.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrNotAvailable`] when nothing chosen is there, and the system's own.
    pub(crate) fn open(&self, port: u16) -> io::Result<Sockets> {
        match self {
            Choice::Everywhere => open_everywhere(port),
            Choice::Loopback => open_one(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
            Choice::These(these) => {
                let cards = self.of(&cards::present_cards()?);
                match (these.as_slice(), cards.as_slice()) {
                    (_, []) => Err(io::ErrorKind::AddrNotAvailable.into()),
                    ([ListenOn::Ip(_)], [card, ..]) => open_one(card.at(port)),
                    (_, cards) => open_several(cards, port),
                }
            }
        }
    }
}

fn open_everywhere(port: u16) -> io::Result<Sockets> {
    match open_one(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
        // IPv6 may be switched off.
        Err(error) if !is_taken(&error) => open_one(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
        outcome => outcome,
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

fn open_one(address: SocketAddr) -> io::Result<Sockets> {
    try_ports(address.port(), |port| {
        let address = at_port(address, port);
        let (listener, port) = listen(address)?;
        Ok(Sockets {
            port,
            datagrams: bind_datagrams(at_port(address, port))?,
            listeners: vec![(address.ip(), listener)],
            takes_too_much: false,
        })
    })
}

/// A listener for each card, which others than the chosen cannot even knock at; and one socket for all datagrams.
fn open_several(cards: &[Card], port: u16) -> io::Result<Sockets> {
    try_ports(port, |mut port| {
        let mut listeners = Vec::new();
        for card in cards {
            match listen(card.at(port)) {
                Ok((listener, its_port)) => {
                    port = its_port;
                    listeners.push((card.ip, listener));
                }
                // An IPv6 address takes a second until it can be used; it is listened on then.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
                Err(error) => return Err(error),
            }
        }
        if listeners.is_empty() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let any_v4 = || bind_datagrams(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port));
        let any = bind_datagrams(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port));
        let datagrams = match any {
            Err(error) if !is_taken(&error) => any_v4()?,
            outcome => outcome?,
        };
        Ok(Sockets {
            port,
            listeners,
            datagrams,
            takes_too_much: true,
        })
    })
}

/// With port 0 the system chooses one for the first socket; another may have it taken, so a few are tried.
fn try_ports<T>(port: u16, open: impl Fn(u16) -> io::Result<T>) -> io::Result<T> {
    const TRIES: usize = 20;
    let mut outcome = open(port);
    for _ in 1..TRIES {
        if port != 0 || outcome.is_ok() {
            break;
        }
        outcome = open(port);
    }
    outcome
}

/// `address` with another port.
fn at_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// Listens for connections. Returns the port, which the system has chosen if it was zero.
pub(crate) fn listen(address: SocketAddr) -> io::Result<(std::net::TcpListener, u16)> {
    let socket = new_socket(address, Type::STREAM, Protocol::TCP)?;
    socket_options::claim_listener(&SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = std::net::TcpListener::from(socket);
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn bind_datagrams(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = new_socket(address, Type::DGRAM, Protocol::UDP)?;
    socket_options::claim_datagrams(&SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn new_socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // What listens on every address serves IPv4 as well; what listens on one IPv6 address does not.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    Ok(socket)
}

/// An open port, and where it is reached.
pub(crate) struct Listening {
    pub(crate) port: u16,
    choice: Choice,
    latest: Mutex<Reached>,
}

/// Where an open port is reached at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The addresses that are listened on, the likeliest first.
    pub(crate) cards: Vec<Card>,
    /// As they are shown.
    pub(crate) shown: Vec<ReachableAt>,
}

impl Listening {
    /// A port that was opened by `choice`.
    pub(crate) fn new(port: u16, choice: Choice) -> Listening {
        let listening = Listening {
            port,
            choice,
            latest: Mutex::default(),
        };
        *listening.latest.lock() = listening.reached().unwrap_or_default();
        listening
    }

    /// Where the port is reached now.
    ///
    /// # Errors
    /// The system does not list its cards, as when no file can be opened.
    pub(crate) fn reached(&self) -> io::Result<Reached> {
        let cards = self.choice.of(&cards::present_cards()?);
        let cards = cards::ordered(cards, &cards::default_sources());
        Ok(Reached {
            shown: cards::present(&cards, self.port),
            cards,
        })
    }

    /// Where it was reached when it was last looked at.
    pub(crate) fn latest(&self) -> Reached {
        self.latest.lock().clone()
    }

    /// Remembers where it is reached; returns where it was before.
    pub(crate) fn replace(&self, reached: Reached) -> Reached {
        std::mem::replace(&mut *self.latest.lock(), reached)
    }

    /// Whether each address has a listener of its own.
    pub(crate) fn binds_each(&self) -> bool {
        matches!(self.choice, Choice::These(_))
    }
}

impl Reached {
    /// The addresses that are listened on.
    pub(crate) fn numbers(&self) -> Vec<IpAddr> {
        self.cards.iter().map(|card| card.ip).collect()
    }

    /// The first address that others are given.
    pub(crate) fn first(&self, port: u16) -> String {
        let first = self.shown.first();
        first.map_or_else(|| format!("127.0.0.1:{port}"), |at| at.address.clone())
    }

    /// The same as a number, for others to see beside the host's name.
    pub(crate) fn first_number(&self, port: u16) -> SocketAddr {
        let first = cards::shown(&self.cards).next();
        SocketAddr::new(first.map_or(Ipv4Addr::LOCALHOST.into(), |card| card.ip), port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_card_is_chosen_by_name() {
        let on = |text: &str| text.parse::<ListenOn>();
        assert_eq!(on("192.168.1.24"), Ok(ListenOn::Ip([192, 168, 1, 24].into())));
        assert_eq!(on("[::1]"), Ok(ListenOn::Ip(Ipv6Addr::LOCALHOST.into())));
        assert_eq!(on(" Ethernet 2 "), Ok(ListenOn::Card("Ethernet 2".into())));
        assert_eq!(on("  "), Err(ListenOnError));
        assert_eq!(on("eth0").unwrap().to_string(), "eth0");
    }

    #[test]
    fn what_was_not_chosen_is_neither_listened_on_nor_shown() {
        let chosen = Choice::These(vec![ListenOn::Ip(Ipv4Addr::LOCALHOST.into())]);
        let sockets = chosen.open(0).unwrap();
        let (_, listener) = &sockets.listeners[0];
        let at = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), sockets.port);
        assert_eq!(listener.local_addr().unwrap(), at);
        assert_eq!(sockets.datagrams.local_addr().unwrap(), at);
        let shown = Listening::new(sockets.port, chosen).latest().shown;
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].address, at.to_string());
    }

    #[test]
    fn an_address_that_is_not_ours_cannot_be_listened_on() {
        let elsewhere = Choice::These(vec![
            "192.0.2.1".parse().unwrap(),
            "no-such-card".parse().unwrap(),
        ]);
        let error = elsewhere.open(0).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn two_rooms_do_not_share_a_port() {
        let first = Choice::Everywhere.open(0).unwrap();
        let error = Choice::Everywhere.open(first.port).map(|_| ()).unwrap_err();
        assert!(is_taken(&error), "{error}");
    }
}
