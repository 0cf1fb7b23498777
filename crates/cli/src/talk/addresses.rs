//! Where our room can be reached: that changes with the networks this computer is in.

use netcore::ReachableAt;
use netcore::reachable_at;

use crate::output::{self, Reachable};

/// The addresses of a room of ours.
pub(super) struct Addresses {
    port: u16,
    /// Whether it is for this computer only, whose own address never changes.
    is_loopback: bool,
    shown: Vec<ReachableAt>,
}

impl Addresses {
    /// Those that were shown when the room was opened; `is_loopback` for a room that lets only this computer in.
    pub(super) fn new(port: u16, shown: Vec<ReachableAt>, is_loopback: bool) -> Addresses {
        Addresses {
            port,
            is_loopback,
            shown,
        }
    }

    /// As they are now, when they are others than were shown last.
    pub(super) fn changed(&mut self) -> Option<output::Addresses> {
        self.compare(reachable_at(self.port))
    }

    fn compare(&mut self, found: Vec<ReachableAt>) -> Option<output::Addresses> {
        if self.is_loopback || self.shown == found {
            return None;
        }
        self.shown = found;
        Some(self.now())
    }

    /// As they were shown last.
    pub(super) fn now(&self) -> output::Addresses {
        output::Addresses {
            address: self.shown.first().map(|at| at.address.clone()),
            addresses: self.shown.iter().map(Reachable::from).collect(),
            port: self.port,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> ReachableAt {
        ReachableAt {
            address: address.into(),
            network: "eth0".into(),
            loopback: address.starts_with("127."),
        }
    }

    #[test]
    fn a_change_is_shown_once() {
        let mut addresses = Addresses::new(9, vec![at("10.0.0.2:9"), at("127.0.0.1:9")], false);
        assert!(
            addresses
                .compare(vec![at("10.0.0.2:9"), at("127.0.0.1:9")])
                .is_none()
        );
        let changed = addresses
            .compare(vec![at("192.168.9.9:9"), at("127.0.0.1:9")])
            .unwrap();
        assert_eq!(changed.address.as_deref(), Some("192.168.9.9:9"));
        assert!(
            addresses
                .compare(vec![at("192.168.9.9:9"), at("127.0.0.1:9")])
                .is_none()
        );
        assert!(addresses.compare(Vec::new()).unwrap().address.is_none());
    }

    #[test]
    fn a_room_for_this_computer_only_stays_so() {
        let mut addresses = Addresses::new(9, vec![at("127.0.0.1:9")], true);
        assert!(addresses.compare(vec![at("10.0.0.2:9")]).is_none());
    }
}
