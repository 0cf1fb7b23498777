//! A host follows its own addresses: what is listened on, what is shown, and what members see of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::event::RoomEvent;
use crate::net::cards::Card;
use crate::net::listen::{self, Listening, Reached};
use crate::shared::Shared;

/// How often a host looks whether its addresses are still the same.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Follows the addresses of `listening` until the room is over. `open` has what ends the listener on each address; `accept` begins
/// another.
pub(crate) async fn follow(
    listening: Arc<Listening>,
    shared: Arc<Shared>,
    mut open: HashMap<IpAddr, CancellationToken>,
    accept: impl Fn(std::net::TcpListener) -> CancellationToken,
) {
    loop {
        tokio::select! {
            () = shared.cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
        let reached = match listening.reached() {
            Ok(reached) => reached,
            Err(error) => {
                tracing::debug!(%error, "the network cards cannot be listed");
                continue;
            }
        };
        if listening.binds_each() {
            bind_again(&listening, &reached, &mut open, &accept);
        }
        if reached == listening.latest() {
            continue;
        }
        if let Some(endpoint) = shared.endpoint().filter(|_| listening.binds_each()) {
            endpoint.set_allowed(reached.numbers());
        }
        let before = listening.replace(reached.clone());
        if before.shown != reached.shown {
            announce(&listening, &shared, reached).await;
        }
    }
}

/// Listens on addresses that are new, and no longer on those that are gone.
fn bind_again(
    listening: &Listening,
    reached: &Reached,
    open: &mut HashMap<IpAddr, CancellationToken>,
    accept: &impl Fn(std::net::TcpListener) -> CancellationToken,
) {
    open.retain(|ip, listener| {
        let is_there = reached.cards.iter().any(|card| card.ip == *ip);
        if !is_there {
            listener.cancel();
        }
        is_there
    });
    let new: Vec<&Card> = reached
        .cards
        .iter()
        .filter(|card| !open.contains_key(&card.ip))
        .collect();
    for card in new {
        match listen::listen(card.at(listening.port)) {
            Ok((listener, _)) => drop(open.insert(card.ip, accept(listener))),
            // An IPv6 address takes a second until it can be used.
            Err(error) => tracing::debug!(%error, ip = %card.ip, "an address cannot be listened on yet"),
        }
    }
}

/// Says it on this computer, and to the members.
async fn announce(listening: &Listening, shared: &Shared, reached: Reached) {
    let (port, first) = (listening.port, reached.first(listening.port));
    tracing::info!(target: "roomwire::step", code = "addresses_changed", address = %first,
        "this computer's addresses have changed: the room is at {first}");
    let number = reached.first_number(port);
    shared.call(move |node, _| node.set_host_address(number)).await;
    shared.event(RoomEvent::Addresses(reached.shown));
}
