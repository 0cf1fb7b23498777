use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use netcore_proto::link::{Carrier, CarrierAction, PathMtu, Probe};
use netcore_proto::{Span, StreamId, Time, Transport};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::route::{PeerPath, Route, random};
use super::sink::{StreamReceiver, StreamSender};
use crate::clock;
use crate::confine::confined;
use crate::net::seal::{Limits, Opener, SECRET_BYTES, Sealer};
use crate::net::tls::DatagramKeys;

/// The most that a datagram over IPv6 or IPv4 carries, within what is received at once.
const MOST_PAYLOAD: u16 = 65_487;

/// A firewall may forget an address that shows nothing for longer.
const FORGOTTEN_AFTER: Span = Span::from_secs(10);
/// A stream of which nothing has come for so long has fallen silent.
const QUIET: Span = Span::from_millis(300);
/// How often that is looked at.
const LOOK_FOR_QUIET: Duration = Duration::from_millis(200);

/// What belongs to one control connection's datagrams.
pub(crate) struct Association {
    pub(super) connection: u32,
    sealer: Sealer,
    /// Every packet number is used up, and it was said.
    is_used_up: AtomicBool,
    pub(super) opener: Opener,
    peer: Mutex<PeerPath>,
    /// The token of the hellos that we say by ourselves; another one after each answer.
    hello: Mutex<u64>,
    inbound: Mutex<HashMap<StreamId, Arc<dyn StreamReceiver>>>,
    /// Held by their streams. A link holds its association, so the association must not hold the link.
    outbound: Mutex<HashMap<StreamId, Weak<dyn StreamSender>>>,
    pub(super) answered: Notify,
    /// When the latest datagram of a stream came.
    traffic: AtomicU64,
    /// How large datagrams there may be.
    pub(super) path: Mutex<PathMtu>,
    pub(super) path_changed: Notify,
    /// Whether datagrams get through at all.
    carrier: Mutex<Carrier>,
    /// When the path's task wakes up by itself.
    pub(super) alarm: Mutex<Option<Time>>,
    /// Cancelled when work for this peer panicked.
    failed: CancellationToken,
}

impl Association {
    /// Does work for this peer: should it panic, the peer is disconnected, and nobody else.
    pub(crate) fn confined(&self, what: &'static str, work: impl FnOnce()) {
        if confined(what, self.connection.into(), work).is_err() {
            self.failed.cancel();
        }
    }

    /// Waits until work for this peer has panicked.
    pub(crate) async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// The host's end: it seals with the key for downward datagrams.
    pub(crate) fn on_host(connection: u32, keys: &DatagramKeys, member: SocketAddr) -> Arc<Association> {
        Association::new(connection, &keys.down, &keys.up, PeerPath::to_member(member))
    }

    /// A member's end, which knows where the host is; `local` is our address on the control connection.
    pub(crate) fn on_member(
        connection: u32,
        keys: &DatagramKeys,
        host: SocketAddr,
        local: Option<IpAddr>,
    ) -> Arc<Association> {
        Association::new(connection, &keys.up, &keys.down, PeerPath::to_host(host, local))
    }

    fn new(
        connection: u32,
        seal: &[u8; SECRET_BYTES],
        open: &[u8; SECRET_BYTES],
        peer: PeerPath,
    ) -> Arc<Association> {
        Arc::new(Association {
            failed: CancellationToken::new(),
            connection,
            is_used_up: AtomicBool::new(false),
            sealer: Sealer::new(*seal, connection, Limits::SAFE),
            opener: Opener::new(*open, Limits::SAFE),
            peer: Mutex::new(peer),
            hello: Mutex::new(random().unwrap_or_default()),
            inbound: Mutex::default(),
            outbound: Mutex::default(),
            answered: Notify::new(),
            traffic: AtomicU64::new(0),
            path: Mutex::new(PathMtu::new(MOST_PAYLOAD, clock::now())),
            path_changed: Notify::new(),
            carrier: Mutex::default(),
            alarm: Mutex::default(),
        })
    }

    pub(crate) fn connection(&self) -> u32 {
        self.connection
    }

    /// Appends a sealed datagram to `out`; `plain` writes its content. Returns `false` when none can be sealed any more.
    pub(super) fn seal(&self, out: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) -> bool {
        let is_sealed = self.sealer.seal(out, plain);
        if !is_sealed && !self.is_used_up.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: "roomwire::step", code = "datagrams_used_up",
                "this connection has numbered as many datagrams as it may: video goes on over TCP; leave and join again for UDP");
        }
        is_sealed
    }

    /// Where datagrams go; `None` until something has answered there.
    pub(crate) fn route(&self) -> Option<Route> {
        self.peer.lock().route()
    }

    /// Our address that the peer wrote to is gone: the system chooses one until the peer writes again.
    pub(crate) fn handle_local_gone(&self) {
        self.peer.lock().handle_local_gone();
    }

    /// The token to say hello with.
    pub(super) fn hello(&self) -> u64 {
        *self.hello.lock()
    }

    /// A datagram of a stream came from there.
    pub(super) fn handle_traffic(&self, now: Time) {
        self.traffic.store(now.as_micros(), Ordering::Relaxed);
    }

    /// Returns when it is time to show our address again after `shown`: now and then, so that no firewall forgets it, and as soon
    /// as a stream falls silent, which may be because NAT has given us another port that the other side does not know.
    pub(super) async fn wait_for_quiet(&self, shown: Time) {
        loop {
            tokio::time::sleep(LOOK_FOR_QUIET).await;
            let (now, traffic) = (
                clock::now(),
                Time::from_micros(self.traffic.load(Ordering::Relaxed)),
            );
            let is_quiet = traffic > shown && now.since(traffic) >= QUIET;
            if is_quiet || now.since(shown) >= FORGOTTEN_AFTER {
                return;
            }
        }
    }

    /// Where to say hello with which token, so that an address shows that the peer is there.
    pub(super) fn poll_challenge(&self, now: Time) -> Option<(Route, u64)> {
        self.peer.lock().poll_challenge(now)
    }

    /// When the next challenge is due.
    pub(super) fn next_challenge(&self) -> Option<Time> {
        self.peer.lock().next_challenge()
    }

    /// Whether a hello from there may be answered there.
    pub(super) fn may_answer_hello(&self, from: Route) -> bool {
        self.peer.lock().may_answer_hello(from)
    }

    /// A hello of ours was answered from there. Returns whether it was one.
    pub(super) fn handle_hello_back(&self, token: u64, from: Route) -> bool {
        let is_moved = self.peer.lock().handle_answer(token, from);
        if is_moved {
            tracing::debug!(to = %from, "datagrams go there from now on");
            self.path_changed.notify_one();
        }
        let mut hello = self.hello.lock();
        let is_ours = *hello == token;
        if is_ours {
            *hello = random().unwrap_or_default();
            self.answered.notify_one();
        }
        is_moved || is_ours
    }

    pub(crate) fn add_inbound(&self, stream: StreamId, inbound: Arc<dyn StreamReceiver>) {
        self.inbound.lock().insert(stream, inbound);
    }

    pub(crate) fn add_outbound(&self, stream: StreamId, outbound: Weak<dyn StreamSender>) {
        self.outbound.lock().insert(stream, outbound);
    }

    /// Bytes that may be sent there in one datagram.
    pub(crate) fn payload(&self) -> u16 {
        self.path.lock().payload()
    }

    /// The system does not send datagrams of this size there.
    pub(crate) fn handle_too_large(&self, size: usize) {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        self.with_path(|path, now| path.handle_send_failed(size, now));
    }

    /// Fragments of a frame were to leave for there, the largest in a datagram of `size` bytes: zero when none could.
    pub(crate) fn handle_sent(&self, size: usize) {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        let now = clock::now();
        let silent = {
            let mut carrier = self.carrier.lock();
            carrier.handle_sent(now);
            carrier.poll_timeout().map(|due| due.at)
        };
        self.wake_by(silent);
        self.with_path(|path, now| path.handle_sent(size, now));
    }

    /// What carries frames that are meant to go there by UDP.
    pub(crate) fn carrier(&self) -> Transport {
        self.carrier.lock().transport()
    }

    /// A datagram came that answers one of ours: frames go by UDP, if they did not.
    pub(super) fn handle_answered(&self, now: Time) {
        let is_back = self.carrier.lock().handle_answered(now);
        if is_back {
            tracing::info!(target: "roomwire::step", code = "udp_answered", peer = %self.ip(),
                "datagrams to {} are answered again: video goes there over UDP", self.ip());
            self.follow();
        }
    }

    /// Does what is due about datagrams that are not answered. Returns whether to say hello, and when more is due.
    pub(super) fn handle_silence(&self, now: Time) -> (bool, Option<Time>) {
        let (action, due) = {
            let mut carrier = self.carrier.lock();
            (carrier.handle_timeout(now), carrier.poll_timeout())
        };
        if action == Some(CarrierAction::FallBack) {
            tracing::warn!(target: "roomwire::step", code = "udp_silent", peer = %self.ip(),
                "datagrams to {} are not answered: video goes there over TCP, unless it is to stay on UDP", self.ip());
            self.follow();
        }
        (action == Some(CarrierAction::SendHello), due.map(|due| due.at))
    }

    /// What carries frames may have changed.
    pub(crate) fn follow(&self) {
        let outbounds: Vec<_> = self.outbound.lock().values().filter_map(Weak::upgrade).collect();
        outbounds.iter().for_each(|outbound| outbound.follow());
    }

    fn ip(&self) -> IpAddr {
        self.peer.lock().ip()
    }

    /// A datagram of `size` bytes has arrived there, or the largest that may be sent if that is smaller.
    pub(crate) fn handle_arrived(&self, size: usize) {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        self.path.lock().handle_arrived(size);
    }

    pub(super) fn handle_probe_acked(&self, probe: Probe) {
        self.with_path(|path, now| path.handle_probe_acked(probe.token, now));
    }

    /// Changes what is known of the path, and wakes its task when that has to act earlier than it would wake up by itself.
    fn with_path(&self, act: impl FnOnce(&mut PathMtu, Time)) {
        let mut path = self.path.lock();
        act(&mut path, clock::now());
        let due = path.poll_timeout().map(|due| due.at);
        drop(path);
        self.wake_by(due);
    }

    fn wake_by(&self, due: Option<Time>) {
        let mut alarm = self.alarm.lock();
        if due.is_some_and(|due| alarm.is_none_or(|alarm| due < alarm)) {
            *alarm = due;
            self.path_changed.notify_one();
        }
    }

    /// Whether this stream still comes from there.
    pub(super) fn has_inbound(&self, inbound: &Arc<dyn StreamReceiver>) -> bool {
        let stream = inbound.stream();
        self.inbound(stream)
            .is_some_and(|present| Arc::ptr_eq(&present, inbound))
    }

    pub(super) fn inbound(&self, stream: StreamId) -> Option<Arc<dyn StreamReceiver>> {
        self.inbound.lock().get(&stream).cloned()
    }

    pub(super) fn outbound(&self, stream: StreamId) -> Option<Arc<dyn StreamSender>> {
        self.outbound.lock().get(&stream).and_then(Weak::upgrade)
    }

    /// A stream is over, or no longer wanted.
    pub(crate) fn remove(&self, stream: StreamId) {
        self.inbound.lock().remove(&stream);
        self.outbound.lock().remove(&stream);
    }

    /// Nothing of a stream is sent there any more.
    pub(crate) fn remove_outbound(&self, stream: StreamId) {
        self.outbound.lock().remove(&stream);
    }

    /// A genuine datagram came from there.
    pub(super) fn handle_arrival(&self, packet: u64, from: Route, bytes: usize, now: Time) {
        let is_challenge_due = self.peer.lock().handle_arrival(packet, from, bytes, now);
        if is_challenge_due {
            self.path_changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::route::HELLO_BYTES;
    use super::*;

    fn keys() -> DatagramKeys {
        DatagramKeys {
            up: [1; SECRET_BYTES],
            down: [2; SECRET_BYTES],
        }
    }

    fn route(peer: u8, local: u8) -> Route {
        let ip = |last| IpAddr::from([10, 77, 0, last]);
        Route {
            peer: SocketAddr::new(ip(peer), 5_000),
            local: Some(ip(local)),
        }
    }

    /// A host's end whose member has answered at 10.77.0.9.
    fn on_host() -> Arc<Association> {
        let host = Association::on_host(1, &keys(), SocketAddr::new(route(9, 0).peer.ip(), 40_000));
        host.handle_arrival(5, route(9, 2), HELLO_BYTES, Time::ZERO);
        assert_eq!(host.route(), None);
        let (to, token) = host.poll_challenge(Time::ZERO).unwrap();
        assert_eq!(to, route(9, 2));
        host.handle_hello_back(token, to);
        host
    }

    #[test]
    fn a_host_answers_from_the_address_that_was_written_to() {
        let handle_arrival =
            |host: &Association, packet, from| host.handle_arrival(packet, from, HELLO_BYTES, Time::ZERO);
        let host = on_host();
        assert_eq!(host.route(), Some(route(9, 2)));
        // What was overtaken on its path does not turn the answers round.
        handle_arrival(&host, 4, route(9, 1));
        assert_eq!(host.route(), Some(route(9, 2)));
        handle_arrival(&host, 6, route(9, 1));
        assert_eq!(host.route(), Some(route(9, 1)));
        // Nor does what comes from an address that is not the member's.
        handle_arrival(&host, 7, route(8, 3));
        assert_eq!(host.route(), Some(route(9, 1)));
        assert_eq!(host.poll_challenge(Time::ZERO), None);
        assert!(!host.may_answer_hello(route(8, 3)));
        host.handle_local_gone();
        let anywhere = Route {
            local: None,
            ..route(9, 1)
        };
        assert_eq!(host.route(), Some(anywhere));
    }

    #[test]
    fn the_size_of_datagrams_survives_a_changed_port() {
        let host = on_host();
        let probe = host.path.lock().poll_probe(clock::now()).unwrap();
        host.path.lock().handle_probe_acked(probe.token, clock::now());
        let size = host.payload();
        assert_eq!(size, probe.size);
        let mut moved = route(9, 2);
        moved.peer.set_port(6_000);
        host.handle_arrival(6, moved, HELLO_BYTES, Time::ZERO);
        let (to, token) = host.poll_challenge(Time::ZERO).unwrap();
        host.handle_hello_back(token, to);
        assert_eq!((host.route(), host.payload()), (Some(moved), size));
    }

    #[test]
    fn a_members_datagrams_leave_from_where_its_connection_does() {
        let at = route(2, 9);
        let member = Association::on_member(1, &keys(), at.peer, at.local);
        member.handle_arrival(1, route(2, 10), HELLO_BYTES, Time::ZERO);
        assert_eq!(member.route(), Some(at));
        member.handle_local_gone();
        assert_eq!(member.route(), Some(Route { local: None, ..at }));
    }
}
