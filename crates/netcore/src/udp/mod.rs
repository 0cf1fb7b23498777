//! Datagrams: one socket for everybody, batches in and out, sealed content handed to the stream it belongs to.

mod association;

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use netcore_proto::Time;
use netcore_proto::video::{Datagram, Probe};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use association::{Association, Route};

use crate::clock;
use crate::conditioner::{Agenda, Conditioner, Way};
use crate::lock::{lock, read, write};
use crate::seal;
use crate::video::Inbound;

/// What the socket's buffers are asked to be: a tenth of a second at 640 Mbit/s.
const BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// Less is not asked for: systems give so much by themselves.
const LEAST_BUFFER_BYTES: usize = 256 * 1024;
/// With receive offload the system hands over this much at once.
const RECEIVE_BYTES: usize = 64 * 1024;
/// How many of these are taken by one call. What a call prepares for more it prepares for nothing most of the time, and the
/// bytes of four stay in the processor's cache until they are opened.
const RECEIVE_SLOTS: usize = if BATCH_SIZE < 4 { BATCH_SIZE } else { 4 };
/// After an error that is nobody's in particular.
const ERROR_PAUSE: Duration = Duration::from_millis(20);
/// Batches taken before other tasks of this thread get their turn.
const BATCHES_PER_TURN: usize = 32;
/// How often a member shows its address until it has an answer, and afterwards, so that no firewall forgets it.
const HELLO_INTERVAL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// The socket that carries every datagram of a room on this computer.
pub(crate) struct Endpoint {
    socket: UdpSocket,
    state: UdpSocketState,
    associations: RwLock<HashMap<u32, Arc<Association>>>,
    conditioner: Arc<Conditioner>,
    /// Datagrams that the conditions hold back on their way out.
    held_back: Mutex<Agenda<(Vec<u8>, Route)>>,
    held_back_changed: Notify,
    receive_buffer: usize,
    /// On a socket for every address: those that datagrams are taken on, if not all.
    allowed: RwLock<Option<Vec<IpAddr>>>,
    /// Datagrams leave by the clock.
    _timers: clock::FineTimers,
}

/// Sealed datagrams of one size (the last may be shorter), sent in one go.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    segment: usize,
    segments: usize,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of each datagram but the last.
    pub(crate) fn segment(&self) -> usize {
        self.segment
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.segment = 0;
        self.segments = 0;
    }
}

/// What became of a batch.
pub(crate) enum Sent {
    Whole,
    /// The socket takes nothing now.
    Later,
    /// No datagram of this size leaves here.
    TooLarge,
    /// The address it was to leave from is not ours any more.
    LocalGone,
    Failed(io::Error),
}

impl Endpoint {
    pub(crate) fn new(
        socket: std::net::UdpSocket,
        conditioner: Arc<Conditioner>,
    ) -> io::Result<Arc<Endpoint>> {
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        // The system may grant less; what it granted is shown.
        ask_for_room(|bytes| state.set_recv_buffer_size((&socket).into(), bytes));
        ask_for_room(|bytes| state.set_send_buffer_size((&socket).into(), bytes));
        let receive_buffer = state.recv_buffer_size((&socket).into())?;
        Ok(Arc::new(Endpoint {
            socket,
            state,
            associations: RwLock::default(),
            conditioner,
            held_back: Mutex::default(),
            held_back_changed: Notify::new(),
            receive_buffer,
            allowed: RwLock::default(),
            _timers: clock::FineTimers::begin(),
        }))
    }

    /// Datagrams to other addresses of this computer than these are dropped from now on.
    pub(crate) fn set_allowed(&self, addresses: Vec<IpAddr>) {
        *write(&self.allowed) = Some(addresses);
    }

    fn is_allowed(&self, received: &RecvMeta) -> bool {
        match (&*read(&self.allowed), received.dst_ip) {
            (Some(allowed), Some(ip)) => allowed.contains(&ip.to_canonical()),
            _ => true,
        }
    }

    /// The receive buffer the system granted, in bytes.
    pub(crate) fn receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    pub(crate) fn add(&self, association: Arc<Association>) {
        write(&self.associations).insert(association.connection, association);
    }

    pub(crate) fn remove(&self, connection: u32) {
        write(&self.associations).remove(&connection);
    }

    /// Adds a datagram to `batch`. Returns `false` when it does not fit any more: send the batch first.
    pub(crate) fn append(
        &self,
        batch: &mut Batch,
        association: &Association,
        length: usize,
        plain: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        let length = length + seal::HEADER_BYTES + seal::TAG_BYTES;
        let is_last_shorter = batch.segments > 0 && batch.bytes.len() < batch.segment * batch.segments;
        let fits = batch.segments == 0
            || !is_last_shorter
                && length <= batch.segment
                && batch.segments < self.state.max_gso_segments()
                && batch.bytes.len() + length <= RECEIVE_BYTES - 1_024;
        if fits && association.seal(&mut batch.bytes, plain) {
            batch.segment = batch.segment.max(length);
            batch.segments += 1;
        }
        fits
    }

    /// Sends a batch if the socket takes it now.
    pub(crate) fn send(&self, batch: &Batch, to: Route) -> Sent {
        if self.conditioner.is_on() {
            let now = clock::now();
            for datagram in batch.bytes.chunks(batch.segment.max(1)) {
                self.hold_back(datagram, to, now);
            }
            return Sent::Whole;
        }
        let transmit = Transmit {
            destination: to.peer,
            ecn: None,
            contents: &batch.bytes,
            segment_size: (batch.segments > 1).then_some(batch.segment),
            src_ip: to.local,
        };
        let sent = self.socket.try_io(Interest::WRITABLE, || {
            self.state.try_send((&self.socket).into(), &transmit)
        });
        match sent {
            Ok(()) => Sent::Whole,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Sent::Later,
            Err(error) if is_too_large(&error) => Sent::TooLarge,
            Err(error) if to.local.is_some() && is_about_our_address(&error) => Sent::LocalGone,
            Err(error) => Sent::Failed(error),
        }
    }

    /// Returns when the socket may take more.
    pub(crate) async fn writable(&self) {
        // A socket that cannot be waited for says so when it is used.
        let _ = self.socket.writable().await;
    }

    /// Sends one datagram now or not at all: an acknowledgement that has to wait is worth little.
    fn send_now(&self, association: &Association, datagram: &Datagram) {
        let Some(to) = association.route() else {
            return;
        };
        let mut bytes = Vec::with_capacity(128);
        if !association.seal(&mut bytes, |out| datagram.encode(out)) {
            return;
        }
        if self.conditioner.is_on() {
            return self.hold_back(&bytes, to, clock::now());
        }
        self.give(&bytes, to);
    }

    /// Gives the socket one datagram, now or not at all.
    fn give(&self, bytes: &[u8], to: Route) {
        let transmit = Transmit {
            destination: to.peer,
            ecn: None,
            contents: bytes,
            segment_size: None,
            src_ip: to.local,
        };
        let sent = self.socket.try_io(Interest::WRITABLE, || {
            self.state.try_send((&self.socket).into(), &transmit)
        });
        if let Err(error) = sent {
            tracing::debug!(%error, %to, "a datagram was not sent");
        }
    }

    /// Puts a datagram on its way through the conditions.
    fn hold_back(&self, datagram: &[u8], to: Route, now: Time) {
        let mut held_back = lock(&self.held_back);
        for at in self.conditioner.datagram(Way::Out, datagram.len(), now) {
            held_back.push(at, datagram.len(), (datagram.to_vec(), to));
        }
        drop(held_back);
        self.held_back_changed.notify_one();
    }

    /// Gives the socket what has come to the end of its way, for as long as the room lasts.
    async fn let_go(&self) {
        loop {
            let first = lock(&self.held_back).first();
            tokio::select! {
                () = clock::sleep_until(first) => {
                    let now = clock::now();
                    while let Some((datagram, to)) = { lock(&self.held_back).pop(now) } {
                        self.give(&datagram, to);
                    }
                }
                () = self.held_back_changed.notified() => {}
            }
        }
    }

    /// Receives until the room is over.
    pub(crate) async fn run(self: Arc<Self>, cancel: CancellationToken) {
        let mut buffer = vec![0; RECEIVE_SLOTS * RECEIVE_BYTES];
        let mut waiting: Vec<(Arc<Association>, Arc<Inbound>)> = Vec::new();
        // Datagrams that the conditions hold back on their way in.
        let mut coming: Agenda<(Vec<u8>, Route)> = Agenda::default();
        let let_go = self.let_go();
        tokio::pin!(let_go);
        loop {
            let deadline = waiting.iter().filter_map(|(_, inbound)| inbound.deadline());
            let deadline = deadline.chain(coming.first()).min();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                ready = self.socket.readable() => {
                    if let Err(error) = ready {
                        tracing::warn!(%error, "the datagram socket cannot be read");
                        return;
                    }
                    for _ in 0..BATCHES_PER_TURN {
                        match self.receive(&mut buffer, &mut waiting, &mut coming) {
                            Ok(true) => {}
                            Ok(false) => break,
                            Err(error) => {
                                tracing::debug!(%error, "a datagram was not received");
                                // An error that stays must not become a busy loop.
                                tokio::time::sleep(ERROR_PAUSE).await;
                                break;
                            }
                        }
                    }
                }
                () = &mut let_go => return,
                () = clock::sleep_until(deadline) => {}
            }
            let now = clock::now();
            while let Some((mut datagram, from)) = coming.pop(now) {
                self.handle_datagram(&mut datagram, from, now, &mut waiting);
            }
            waiting.retain(|(association, inbound)| {
                inbound.handle_timeout(now);
                self.answer(association, inbound);
                inbound.deadline().is_some()
            });
            tokio::task::consume_budget().await;
        }
    }

    /// Takes one batch off the socket. Returns `false` when there is none.
    fn receive(
        &self,
        buffer: &mut [u8],
        waiting: &mut Vec<(Arc<Association>, Arc<Inbound>)>,
        coming: &mut Agenda<(Vec<u8>, Route)>,
    ) -> io::Result<bool> {
        let mut metas = [RecvMeta::default(); RECEIVE_SLOTS];
        let received = {
            let mut slices: Vec<IoSliceMut<'_>> =
                buffer.chunks_mut(RECEIVE_BYTES).map(IoSliceMut::new).collect();
            self.socket.try_io(Interest::READABLE, || {
                self.state.recv((&self.socket).into(), &mut slices, &mut metas)
            })
        };
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // Windows and Linux report here that some peer's port is closed. It says nothing about the others.
            Err(error) if is_about_one_peer(&error) => return Ok(true),
            Err(error) => return Err(error),
        };
        let now = clock::now();
        for (meta, chunk) in metas[..count].iter().zip(buffer.chunks_mut(RECEIVE_BYTES)) {
            if !self.is_allowed(meta) {
                continue;
            }
            let from = Route::of(meta);
            for datagram in chunk[..meta.len].chunks_mut(meta.stride.max(1)) {
                if self.conditioner.is_on() {
                    for at in self.conditioner.datagram(Way::In, datagram.len(), now) {
                        coming.push(at, datagram.len(), (datagram.to_vec(), from));
                    }
                } else {
                    self.handle_datagram(datagram, from, now, waiting);
                }
            }
        }
        Ok(true)
    }

    fn handle_datagram(
        &self,
        datagram: &mut [u8],
        from: Route,
        now: Time,
        waiting: &mut Vec<(Arc<Association>, Arc<Inbound>)>,
    ) {
        let association =
            seal::connection_id(datagram).and_then(|id| read(&self.associations).get(&id).cloned());
        let Some(association) = association else { return };
        let Some((packet, plain)) = association.opener.open(datagram) else {
            tracing::debug!(%from, "a datagram's seal is broken, or it came before");
            return;
        };
        association.heard(packet, from);
        match Datagram::decode(plain) {
            Ok(Datagram::Fragment(fragment)) => {
                let Some(inbound) = association.inbound(fragment.stream) else {
                    return;
                };
                inbound.handle_fragment(&fragment, now);
                self.follow_up(association, inbound, waiting);
            }
            Ok(Datagram::Parity(parity)) => {
                let Some(inbound) = association.inbound(parity.stream) else {
                    return;
                };
                inbound.handle_parity(&parity, now);
                self.follow_up(association, inbound, waiting);
            }
            Ok(Datagram::Ack(ack)) => {
                let outbound = association.outbound(ack.stream);
                if let Some(outbound) = outbound {
                    outbound.handle_ack(&ack, now);
                }
            }
            Ok(Datagram::Nack(nack)) => {
                let outbound = association.outbound(nack.stream);
                if let Some(outbound) = outbound {
                    outbound.handle_nack(&nack, now);
                }
            }
            Ok(Datagram::Hello { token }) => self.send_now(&association, &Datagram::HelloBack { token }),
            Ok(Datagram::HelloBack { .. }) => association.answered.notify_one(),
            Ok(Datagram::Probe(probe)) => self.send_now(&association, &Datagram::ProbeAck(probe)),
            Ok(Datagram::ProbeAck(probe)) => association.handle_probe_acked(probe, now),
            Err(error) => tracing::debug!(%from, %error, "a sealed datagram cannot be read"),
        }
    }

    /// Part of a frame has come: says what there is to say, and remembers to ask for what is missing.
    fn follow_up(
        &self,
        association: Arc<Association>,
        inbound: Arc<Inbound>,
        waiting: &mut Vec<(Arc<Association>, Arc<Inbound>)>,
    ) {
        self.answer(&association, &inbound);
        let is_waiting = |(_, other): &(Arc<Association>, Arc<Inbound>)| Arc::ptr_eq(other, &inbound);
        // Whether it has a deadline is found out once a turn, not for each of a frame's hundred fragments.
        if !waiting.iter().any(is_waiting) {
            waiting.push((association, inbound));
        }
    }

    /// Finds out, until `cancel`, how large datagrams to a neighbour may be.
    pub(crate) async fn search_path(&self, association: &Association, cancel: CancellationToken) {
        loop {
            let due = match association.route() {
                Some(to) => self.probe(association, to),
                // It is heard of when it is.
                None => None,
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = association.path_changed.notified() => {}
                () = clock::sleep_until(due) => {}
            }
        }
    }

    /// Sends a probe if it is time for one. Returns when to look again.
    fn probe(&self, association: &Association, to: Route) -> Option<Time> {
        let now = clock::now();
        let size = {
            let mut path = lock(&association.path);
            if path.poll_timeout().is_some_and(|due| due.at <= now) {
                path.handle_timeout(now);
            }
            path.poll_probe(now)
        };
        if let Some(size) = size {
            let plain = size - (seal::HEADER_BYTES + seal::TAG_BYTES) as u16;
            let mut batch = Batch::default();
            let probe: Datagram = Datagram::Probe(Probe {
                size: plain,
                token: now.as_micros(),
            });
            self.append(&mut batch, association, usize::from(plain), |out| {
                probe.encode(out);
            });
            if let Sent::TooLarge | Sent::LocalGone | Sent::Failed(_) = self.send(&batch, to) {
                lock(&association.path).handle_send_failed(size, now);
            }
        }
        lock(&association.path).poll_timeout().map(|due| due.at)
    }

    /// Sends what an inbound stream has to say.
    fn answer(&self, association: &Association, inbound: &Inbound) {
        while let Some(datagram) = inbound.poll_datagram() {
            self.send_now(association, &datagram);
        }
        inbound.publish_arrivals();
    }

    /// On a member: shows the host our address until the room is over. Returns never before.
    pub(crate) async fn keep_known(&self, association: &Association, cancel: CancellationToken) {
        let (until_answered, afterwards) = HELLO_INTERVAL;
        let mut is_answered = false;
        let mut unanswered = 0;
        loop {
            self.send_now(
                association,
                &Datagram::Hello {
                    token: clock::now().as_micros(),
                },
            );
            let pause = if is_answered { afterwards } else { until_answered };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = association.answered.notified() => {
                    if !std::mem::replace(&mut is_answered, true) {
                        tracing::info!(target: "roomwire::step", code = "datagrams_ready", "datagrams get through to the host");
                    }
                    tokio::select! {
                        () = cancel.cancelled() => return,
                        () = tokio::time::sleep(afterwards) => {}
                    }
                }
                () = tokio::time::sleep(pause) => {
                    unanswered += 1;
                    if unanswered == 15 && !is_answered {
                        tracing::warn!(target: "roomwire::step", code = "datagrams_blocked",
                            "datagrams do not get through to the host: a firewall may keep UDP; video over TCP works");
                    }
                }
            }
        }
    }
}

/// Asks for the largest buffer that `set` takes. Linux and Windows take any size and grant what they may; macOS refuses what is
/// more than it may grant, and would stay at a tenth of it.
fn ask_for_room(set: impl Fn(usize) -> io::Result<()>) {
    let sizes = std::iter::successors(Some(BUFFER_BYTES), |bytes| Some(bytes / 2));
    let taken = sizes
        .take_while(|bytes| *bytes >= LEAST_BUFFER_BYTES)
        .find(|bytes| set(*bytes).is_ok());
    if taken.is_none() {
        tracing::debug!("the system does not let the socket's buffers be larger");
    }
}

fn is_too_large(error: &io::Error) -> bool {
    #[cfg(unix)]
    let code = libc::EMSGSIZE;
    #[cfg(windows)]
    let code = windows_sys::Win32::Networking::WinSock::WSAEMSGSIZE;
    error.raw_os_error() == Some(code)
}

/// Whether the system knows the address not (any more) that a datagram was to leave from: Linux says `EINVAL`, others
/// `EADDRNOTAVAIL`.
fn is_about_our_address(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::AddrNotAvailable
    )
}

/// Whether what one peer's computer or a router on the way to it has said is all that is wrong.
fn is_about_one_peer(error: &io::Error) -> bool {
    // A datagram's time to live ran out on its way; the standard library has no kind for it.
    #[cfg(windows)]
    if error.raw_os_error() == Some(windows_sys::Win32::Networking::WinSock::WSAENETRESET) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_system_that_refuses_a_large_buffer_is_asked_for_less() {
        let asked = RefCell::new(Vec::new());
        let up_to = |most: usize| {
            asked.take();
            ask_for_room(|bytes| {
                asked.borrow_mut().push(bytes);
                if bytes > most {
                    Err(io::ErrorKind::InvalidInput.into())
                } else {
                    Ok(())
                }
            });
            asked.take()
        };
        const MIB: usize = 1024 * 1024;
        assert_eq!(up_to(usize::MAX), [BUFFER_BYTES]);
        assert_eq!(up_to(3 * MIB), [8 * MIB, 4 * MIB, 2 * MIB]);
        assert_eq!(up_to(0).last(), Some(&LEAST_BUFFER_BYTES));
    }

    #[cfg(windows)]
    #[test]
    fn what_windows_says_of_one_peer_is_not_the_sockets() {
        use windows_sys::Win32::Networking::WinSock::{
            WSAECONNRESET, WSAEMSGSIZE, WSAENETRESET, WSAENOTSOCK,
        };
        let error = io::Error::from_raw_os_error;
        assert!(is_about_one_peer(&error(WSAECONNRESET)) && is_about_one_peer(&error(WSAENETRESET)));
        assert!(!is_about_one_peer(&error(WSAENOTSOCK)) && !is_about_one_peer(&error(WSAEMSGSIZE)));
        assert!(is_too_large(&error(WSAEMSGSIZE)) && !is_too_large(&error(WSAECONNRESET)));
    }
}
