use std::io;
use std::sync::Arc;
use std::time::Duration;

use netcore_proto::metrics::{ArrivalMeter, Figures, Point};
use netcore_proto::video::{
    Announced, Arrival, FRAME_HEADER_BYTES, Frame, FrameBuffers, FrameHeader, Receiver, StreamDatagram,
    TcpAck,
};
use netcore_proto::{MemberId, Span, StreamId, Time, Transport};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::budget::INCOMPLETE_FRAMES;
use super::hub::{Hub, ShownFrame};
use crate::clock;
use crate::metrics::link_figures::{LinkHistory, LinkKey};
use crate::net::connection::Connection;
use crate::net::udp::{SendDatagram, StreamReceiver};

/// A frame's bytes are counted and waited for in portions of this size.
const PORTION_BYTES: usize = 64 * 1024;
/// How long a portion may take: a link slower than 52 kbit/s carries no live video.
const PORTION_TIMEOUT: Duration = Duration::from_secs(10);

/// A stream's frames as they come from one peer, over either transport.
pub(crate) struct Inbound {
    stream: StreamId,
    peer: MemberId,
    receiver: Mutex<Receiver>,
    meter: Mutex<ArrivalMeter>,
    /// What the sending end reported to us.
    reported: Mutex<Option<Figures>>,
    hub: Arc<Hub>,
    /// Cancelled when a newer TCP connection takes the place of the present one.
    connection: Mutex<CancellationToken>,
    /// On a member: cancelled when the stream is no longer wanted.
    watching: Mutex<Option<CancellationToken>>,
}

impl Inbound {
    pub(super) fn new(stream: StreamId, peer: MemberId, transport: Transport, hub: Arc<Hub>) -> Inbound {
        Inbound {
            stream,
            peer,
            receiver: Mutex::new(Receiver::new(stream)),
            meter: Mutex::new(ArrivalMeter::new(transport)),
            reported: Mutex::default(),
            hub,
            connection: Mutex::default(),
            watching: Mutex::default(),
        }
    }

    /// Notes that the stream is wanted. Returns what ends that; `None` when it was wanted already.
    pub(super) fn start_watching(&self) -> Option<CancellationToken> {
        let mut watching = self.watching.lock();
        if watching.is_some() {
            return None;
        }
        Some(watching.insert(CancellationToken::new()).clone())
    }

    pub(super) fn stop_watching(&self) {
        if let Some(watching) = self.watching.lock().take() {
            watching.cancel();
        }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watching.lock().is_some()
    }

    pub(crate) fn key(&self) -> LinkKey {
        LinkKey {
            stream: self.stream,
            peer: self.peer,
            outbound: false,
        }
    }

    pub(crate) fn set_memory(&self, bytes: usize) {
        self.receiver.lock().set_memory(bytes);
    }

    pub(crate) fn set_round_trip(&self, round_trip: Span) {
        self.receiver.lock().set_round_trip(round_trip);
    }

    /// Hands on what is whole.
    fn publish_arrivals(&self) {
        loop {
            let arrival = self.receiver.lock().poll_arrival();
            let Some(arrival) = arrival else { return };
            self.publish(&arrival);
        }
    }

    fn publish(&self, arrival: &Arrival) {
        let missed = {
            let mut meter = self.meter.lock();
            meter.record(arrival);
            meter.missed()
        };
        self.hub.publish(ShownFrame {
            frame: arrival.frame.clone(),
            transport: Some(arrival.transport),
            received: arrival.whole,
            missed,
        });
    }

    /// Receives frames from a TCP connection until it ends, or a newer one takes its place: a stream has one.
    pub(crate) async fn receive_tcp(&self, connection: Connection) -> io::Result<()> {
        let present = CancellationToken::new();
        std::mem::replace(&mut *self.connection.lock(), present.clone()).cancel();
        tokio::select! {
            () = present.cancelled() => Err(io::Error::other("a newer connection has taken its place")),
            outcome = self.receive_frames(connection) => outcome,
        }
    }

    /// Receives frames and acknowledges each when it is whole, before anything else is done with it.
    async fn receive_frames(&self, connection: Connection) -> io::Result<()> {
        let (mut reader, mut writer) = connection.into_frames();
        let mut buffers = FrameBuffers::new();
        loop {
            let mut header_bytes = [0; FRAME_HEADER_BYTES];
            reader.read_exact(&mut header_bytes).await?;
            let first = clock::now();
            let header = FrameHeader::decode(&header_bytes).map_err(invalid)?;
            if header.stream != self.stream {
                return Err(invalid("a frame of another stream"));
            }
            let mut bytes = buffers.take(FRAME_HEADER_BYTES + header.length as usize);
            let (head, jpeg) = bytes.split_at_mut(FRAME_HEADER_BYTES);
            head.copy_from_slice(&header_bytes);
            // Memory of this length is the system's word only, until bytes are written to it.
            let mut share = INCOMPLETE_FRAMES.share();
            for portion in jpeg.chunks_mut(PORTION_BYTES) {
                if !share.grow(portion.len()) {
                    return Err(invalid("too many large frames are in flight at once"));
                }
                timeout(PORTION_TIMEOUT, reader.read_exact(portion)).await??;
            }
            drop(share);
            let whole = clock::now();
            let hold_us = u32::try_from(clock::now().since(whole).as_micros()).unwrap_or(u32::MAX);
            let ack = TcpAck {
                stream: self.stream,
                frame: header.frame,
                hold_us,
                spread_us: u32::try_from(whole.since(first).as_micros()).unwrap_or(u32::MAX),
                whole,
            };
            writer.write_all(&ack.encode()).await?;
            writer.flush().await?;
            let announced = Announced {
                stream: self.stream,
                frame: header.frame,
                length: bytes.len(),
            };
            let frame = Frame::received(bytes.freeze(), announced).map_err(invalid)?;
            buffers.keep(&frame);
            self.receiver.lock().handle_frame(frame, first, whole);
            self.publish_arrivals();
        }
    }

    /// How many frames have come, and what brought the latest.
    pub(super) fn latest(&self) -> (u64, Transport) {
        self.meter.lock().latest()
    }

    pub(crate) fn handle_report(&self, figures: Figures) {
        *self.reported.lock() = Some(figures);
    }

    pub(crate) fn history(&self) -> LinkHistory {
        let seen = self.receiver.lock().counts();
        let meter = self.meter.lock();
        LinkHistory {
            key: self.key(),
            sent: Vec::new(),
            received: Some((meter.counters(&seen), meter.distributions().clone())),
            series: meter.series().points(),
        }
    }

    /// Ends a second of measuring: its point, and the figures with what the sending end reported.
    pub(crate) fn tick(&self, now: Time) -> (Point, Figures) {
        let (point, own) = {
            let mut meter = self.meter.lock();
            (meter.tick(now), meter.figures(now))
        };
        let figures = match self
            .reported
            .lock()
            .filter(|reported| reported.transport == own.transport)
        {
            Some(reported) => Figures {
                ack_p50_us: reported.ack_p50_us,
                ack_p95_us: reported.ack_p95_us,
                ack_p99_us: reported.ack_p99_us,
                classic_rate_bps: reported.classic_rate_bps,
                loss_pct: reported.loss_pct,
                retransmits: reported.retransmits,
                ..own
            },
            None => own,
        };
        (point, figures)
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl StreamReceiver for Inbound {
    fn stream(&self) -> StreamId {
        self.stream
    }

    fn handle_datagram(&self, datagram: &[u8], now: Time) -> bool {
        match StreamDatagram::decode(datagram) {
            Ok(StreamDatagram::Fragment(fragment)) => self.receiver.lock().handle_fragment(&fragment, now),
            Ok(StreamDatagram::Parity(parity)) => self.receiver.lock().handle_parity(&parity, now),
            Ok(StreamDatagram::Ack(_) | StreamDatagram::Nack(_)) => return false,
            Err(error) => {
                tracing::debug!(stream = %self.stream, %error, "a stream's datagram cannot be read");
                return false;
            }
        }
        true
    }

    fn answer(&self, send: &mut SendDatagram<'_>) {
        loop {
            let datagram = self.receiver.lock().poll_datagram(clock::now());
            let Some(datagram) = datagram else { return };
            send(&|out| datagram.encode(out));
        }
    }

    fn hand_on(&self) {
        self.publish_arrivals();
    }

    fn deadline(&self) -> Option<Time> {
        self.receiver.lock().poll_timeout().map(|deadline| deadline.at)
    }

    fn handle_timeout(&self, now: Time) {
        self.receiver.lock().handle_timeout(now);
    }
}
