//! How a member keeps its place in the room: it connects, watches over the connection, and comes back by itself when that is lost.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use netcore_proto::session::Fingerprint;
use netcore_proto::wire::{AttachToken, ConnectionKind, Preface};
use netcore_proto::{ConnId, PeerInfo, Span};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::control::input::Input;
use crate::control::{ConnectionOutcome, start_connection};
use crate::error::JoinError;
use crate::event::{LinkState, RoomEvent};
use crate::net::address::Address;
use crate::net::udp::Endpoint;
use crate::net::{cards, dial, tcp};
use crate::shared::Shared;
use crate::store::folders::Folders;
use crate::store::known::{KnownRoom, KnownRooms, Pins};

/// Pauses before each try to come back; the last repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(5),
];
/// How long a host may take from the connection to its welcome.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(5);
/// How often joining is tried where packets that were lost may be all that is wrong.
const FIRST_TRIES: u64 = 3;
/// How long after the first of them another may begin.
const TRY_AGAIN_WITHIN: Span = Span::from_secs(7);

/// How long the control plane may take to hear that a connection was cut off.
const CUT_OFF_TIMEOUT: Duration = Duration::from_secs(1);

/// How a member keeps its place in the room.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    folders: Folders,
    pins: Mutex<Arc<Pins>>,
    pub(crate) link: Mutex<LinkState>,
    /// Why the room is over for us.
    pub(crate) over: Mutex<Option<JoinError>>,
    pub(crate) retry_now: Notify,
    /// The present control connection.
    current: Mutex<Option<Current>>,
    /// What ends the present datagram socket, and whether it is one for IPv4.
    datagrams: Mutex<Option<(CancellationToken, bool)>>,
}

/// A control connection, as far as its supervisor must know it.
struct Current {
    /// Cancelled to cut it off.
    done: CancellationToken,
    /// Our address on it, if a card of this computer has it.
    local: Option<IpAddr>,
}

impl Supervisor {
    /// For a room that is to be joined, of a host with one of these identities.
    pub(super) fn new(shared: Arc<Shared>, folders: Folders, pins: Pins) -> Supervisor {
        Supervisor {
            shared,
            folders,
            pins: Mutex::new(Arc::new(pins)),
            link: Mutex::new(LinkState::Up),
            over: Mutex::new(None),
            retry_now: Notify::new(),
            current: Mutex::default(),
            datagrams: Mutex::default(),
        }
    }

    fn address(&self) -> Address {
        let dialer = self.shared.dialer.as_ref();
        dialer
            .map(|dialer| dialer.address.clone())
            .expect("a member's room has a dialer")
    }

    /// Connects for the first time: on a bad path one try may be lost, and the next one not.
    pub(super) async fn connect_first(
        &self,
        outcomes: &mut mpsc::Receiver<ConnectionOutcome>,
    ) -> Result<(Fingerprint, SocketAddr), JoinError> {
        let began = clock::now();
        let mut tries = 1;
        loop {
            let outcome = self.connect(ConnId(tries), outcomes).await;
            let is_enough = tries == FIRST_TRIES || clock::now().since(began) >= TRY_AGAIN_WITHIN;
            match outcome {
                Err(error) if error.may_be_loss() && !is_enough => tries += 1,
                outcome => return outcome,
            }
        }
    }

    /// Connects once and waits for the welcome. Returns the host's identity and where it is.
    async fn connect(
        &self,
        conn: ConnId,
        outcomes: &mut mpsc::Receiver<ConnectionOutcome>,
    ) -> Result<(Fingerprint, SocketAddr), JoinError> {
        let address = self.address();
        let gone = |why: String| JoinError::HostGone {
            address: self.address(),
            why,
        };
        let Some(dialer) = &self.shared.dialer else {
            return Err(gone("the room is over".into()));
        };
        while outcomes.try_recv().is_ok() {}
        let preface = Preface {
            kind: ConnectionKind::Control,
        };
        let reached = tokio::select! {
            reached = dial::reach(&address) => reached?,
            // What is being tried may leave from an address that is gone.
            () = cards::changed() => dial::reach(&address).await?,
        };
        let pins = self.pins.lock().clone();
        let secured = tcp::secure_connected(
            reached,
            &address,
            dialer.tls.clone(),
            self.shared.conditioner.clone(),
            preface,
            pins,
        )
        .await?;
        let (fingerprint, address_of_host) = (secured.fingerprint, secured.peer);
        self.open_datagrams(&secured)?;
        let peer = PeerInfo {
            fingerprint,
            address: secured.peer,
            token: AttachToken([0; 16]),
        };
        let connection = start_connection(conn, secured.connection, &self.shared);
        *self.current.lock() = Some(Current {
            done: connection.done.clone(),
            local: connection.local.filter(|local| cards::has(*local)),
        });
        let connected = Input::Connected {
            connection,
            peer,
            keys: secured.keys,
            beginning: None,
        };
        self.shared
            .control
            .send(connected)
            .await
            .map_err(|_| gone("the room is over".into()))?;
        let outcome = tokio::time::timeout(WELCOME_TIMEOUT, outcomes.recv()).await;
        match outcome {
            Ok(Some(ConnectionOutcome::Welcomed)) => {
                tracing::info!(target: "roomwire::step", code = "joined", %address,
                    "TLS 1.3 with {address}, identity {:.12}…", fingerprint.to_string());
                Ok((fingerprint, address_of_host))
            }
            Ok(Some(ConnectionOutcome::Refused(refusal))) => Err(JoinError::RoomRefused(refusal)),
            Ok(Some(ConnectionOutcome::Closed(why))) => Err(gone(why)),
            Ok(Some(ConnectionOutcome::Left) | None) => Err(gone("the room is over".into())),
            Err(_) => Err(JoinError::TimedOut {
                address,
                is_connected: true,
            }),
        }
    }

    /// A socket for datagrams, the same one for as long as the host is reached by the same family of addresses.
    fn open_datagrams(&self, secured: &tcp::Secured) -> Result<(), JoinError> {
        let is_v4 = secured.peer.is_ipv4();
        let mut datagrams = self.datagrams.lock();
        if let Some((done, was_v4)) = &*datagrams {
            if *was_v4 == is_v4 {
                return Ok(());
            }
            done.cancel();
        }
        let network = |error: std::io::Error| JoinError::Network(Arc::new(error));
        let socket = tcp::member_datagrams(secured.peer).map_err(network)?;
        let endpoint = Endpoint::new(socket, self.shared.conditioner.clone()).map_err(network)?;
        *self.shared.endpoint.lock() = Some(endpoint.clone());
        let done = self.shared.cancel.child_token();
        self.shared.spawn(endpoint.run(done.clone()));
        *datagrams = Some((done, is_v4));
        Ok(())
    }

    /// From now on nobody else is taken for the host, in this stay and in later ones. `before` is what was known of it.
    pub(super) fn remember(
        &self,
        name: &str,
        fingerprint: Fingerprint,
        peer: SocketAddr,
        before: Option<&KnownRoom>,
    ) {
        *self.pins.lock() = Arc::new(Pins::only(fingerprint, name));
        let address = self.address();
        if let Some(room) = before.filter(|room| !room.is_at(&address)) {
            tracing::info!(target: "roomwire::step", code = "known_room", room = %room.name, address = %room.address,
                "this is \"{}\", known from {}, at a new address", room.name, room.address);
        }
        if let Err(error) = KnownRooms::remember(&self.folders, name, &address, peer, fingerprint) {
            tracing::warn!(target: "roomwire::step", code = "known_room_lost", %error,
                "this room's identity is not remembered: {error}");
        }
    }

    /// Watches over the connection until the room is over.
    pub(super) async fn run(self: Arc<Self>, mut outcomes: mpsc::Receiver<ConnectionOutcome>) {
        let cancel = self.shared.cancel.clone();
        tokio::select! {
            () = cancel.cancelled() => {}
            reason = self.keep(&mut outcomes) => {
                tracing::warn!(target: "roomwire::step", code = "room_lost", %reason, "{reason}");
                *self.over.lock() = Some(reason.clone());
                self.shared.event(RoomEvent::Closed(Some(reason)));
                cancel.cancel();
            }
        }
    }

    /// Comes back as often as it takes. Returns why it does not any more.
    async fn keep(&self, outcomes: &mut mpsc::Receiver<ConnectionOutcome>) -> JoinError {
        let mut next_conn = FIRST_TRIES;
        loop {
            let mut reason = tokio::select! {
                reason = self.ended(outcomes) => reason,
                reason = self.moved() => {
                    self.cut_off(outcomes).await;
                    reason
                }
            };
            let since_unix_ms = clock::unix_ms();
            let mut attempt = 0;
            loop {
                if !reason.is_passing() {
                    return reason;
                }
                let pause = PAUSES[(attempt as usize).min(PAUSES.len() - 1)];
                attempt += 1;
                self.set_link(LinkState::Lost {
                    attempt,
                    retry_in: pause,
                    since_unix_ms,
                    reason,
                });
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.retry_now.notified() => {}
                    () = cards::changed() => {}
                }
                next_conn += 1;
                match self.connect(ConnId(next_conn), outcomes).await {
                    Ok(_) => break,
                    Err(error) => reason = error,
                }
            }
            tracing::info!(target: "roomwire::step", code = "reconnected", "the connection to {} is back", self.address());
            self.set_link(LinkState::Up);
        }
    }

    /// Waits for the present connection's end and says why it ended.
    async fn ended(&self, outcomes: &mut mpsc::Receiver<ConnectionOutcome>) -> JoinError {
        let gone = |why| JoinError::HostGone {
            address: self.address(),
            why,
        };
        loop {
            match outcomes.recv().await {
                Some(ConnectionOutcome::Welcomed) => {}
                Some(ConnectionOutcome::Refused(refusal)) => return JoinError::RoomRefused(refusal),
                Some(ConnectionOutcome::Closed(why)) => return gone(why),
                // The room is over as soon as the host has our goodbye: nothing is lost, and nothing to be tried again.
                Some(ConnectionOutcome::Left) => return std::future::pending().await,
                None => return gone("the room is over".to_owned()),
            }
        }
    }

    /// Waits until our own address on the connection is gone, as when the network gave this computer another one. Neither side
    /// would hear of it otherwise than by the other's silence.
    async fn moved(&self) -> JoinError {
        let local = self.current.lock().as_ref().and_then(|current| current.local);
        let Some(local) = local else {
            return std::future::pending().await;
        };
        cards::gone(local).await;
        JoinError::HostGone {
            address: self.address(),
            why: format!("this computer no longer has the address {local}"),
        }
    }

    /// Ends the present connection, and takes what is said of its end: the next one must not take it for its own.
    async fn cut_off(&self, outcomes: &mut mpsc::Receiver<ConnectionOutcome>) {
        let Some(Current { done, .. }) = self.current.lock().take() else {
            return;
        };
        done.cancel();
        let _ = tokio::time::timeout(CUT_OFF_TIMEOUT, self.ended(outcomes)).await;
    }

    fn set_link(&self, link: LinkState) {
        *self.link.lock() = link.clone();
        self.shared.event(RoomEvent::Link(link));
    }
}
