//! Datagrams: one socket for everybody, batches in and out, sealed content handed to the stream it belongs to.

mod association;
mod keep;
mod receive;
mod route;
mod sink;
mod socket;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use netcore_proto::Time;
use parking_lot::{Mutex, RwLock};
use quinn_udp::{RecvMeta, Transmit};
use tokio::sync::Notify;

pub(crate) use association::Association;
pub(crate) use route::Route;
pub(crate) use sink::{SendDatagram, StreamReceiver, StreamSender};
use socket::Socket;

use crate::clock;
use crate::net::conditioner::{Agenda, Conditioner, Direction};
use crate::net::seal;
use crate::net::socket_options::{ask_for_room, ignore_unreachable, is_about_our_address, is_too_large};

/// With receive offload the system hands over this much at once.
const RECEIVE_BYTES: usize = 64 * 1024;

/// The socket that carries every datagram of a room on this computer.
pub(crate) struct Endpoint {
    socket: Socket,
    associations: RwLock<HashMap<u32, Arc<Association>>>,
    conditioner: Arc<Conditioner>,
    /// Datagrams that the conditions hold back before they leave.
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
        ignore_unreachable(&socket2::SockRef::from(&socket));
        let socket = Socket::new(socket)?;
        // The system may grant less; what it granted is shown.
        ask_for_room(|bytes| socket.set_receive_buffer(bytes));
        ask_for_room(|bytes| socket.set_send_buffer(bytes));
        let receive_buffer = socket.receive_buffer()?;
        Ok(Arc::new(Endpoint {
            socket,
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
        *self.allowed.write() = Some(addresses);
    }

    fn is_allowed(&self, received: &RecvMeta) -> bool {
        match (&*self.allowed.read(), received.dst_ip) {
            (Some(allowed), Some(ip)) => allowed.contains(&ip.to_canonical()),
            _ => true,
        }
    }

    /// The receive buffer the system granted, in bytes.
    pub(crate) fn receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    pub(crate) fn add(&self, association: Arc<Association>) {
        self.associations
            .write()
            .insert(association.connection, association);
    }

    pub(crate) fn remove(&self, connection: u32) {
        self.associations.write().remove(&connection);
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
                && batch.segments < self.socket.most_segments()
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
        match self.socket.try_send(&transmit) {
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

    /// Sends one datagram, which `plain` writes, now or not at all: an acknowledgement that has to wait is worth little.
    fn send_now(&self, association: &Association, plain: impl FnOnce(&mut Vec<u8>)) {
        if let Some(to) = association.route() {
            self.send_now_to(to, association, plain);
        }
    }

    /// The same to an address that the caller may send it to.
    fn send_now_to(&self, to: Route, association: &Association, plain: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::with_capacity(128);
        if !association.seal(&mut bytes, plain) {
            return;
        }
        if self.conditioner.is_on() {
            return self.hold_back(&bytes, to, clock::now());
        }
        self.give(&bytes, to);
    }

    /// Gives the socket one datagram, now or not at all.
    fn give(&self, bytes: &[u8], to: Route) {
        let mut sent = self.try_give(bytes, to);
        if to.local.is_some() && sent.as_ref().is_err_and(is_about_our_address) {
            sent = self.try_give(bytes, Route { local: None, ..to });
        }
        if let Err(error) = sent {
            tracing::debug!(%error, %to, "a datagram was not sent");
        }
    }

    fn try_give(&self, bytes: &[u8], to: Route) -> io::Result<()> {
        let transmit = Transmit {
            destination: to.peer,
            ecn: None,
            contents: bytes,
            segment_size: None,
            src_ip: to.local,
        };
        self.socket.try_send(&transmit)
    }

    /// Sends a datagram through the conditions.
    fn hold_back(&self, datagram: &[u8], to: Route, now: Time) {
        let mut held_back = self.held_back.lock();
        for at in self.conditioner.datagram(Direction::Out, datagram.len(), now) {
            held_back.push(at, datagram.len(), (datagram.to_vec(), to));
        }
        drop(held_back);
        self.held_back_changed.notify_one();
    }

    /// Gives the socket what has come to the end of its path, for as long as the room lasts.
    async fn let_go(&self) {
        loop {
            let first = self.held_back.lock().first();
            tokio::select! {
                () = clock::sleep_until(first) => {
                    let now = clock::now();
                    while let Some((datagram, to)) = { self.held_back.lock().pop(now) } {
                        self.give(&datagram, to);
                    }
                }
                () = self.held_back_changed.notified() => {}
            }
        }
    }
}
