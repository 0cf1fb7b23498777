//! The sending end of a stream: what leaves when, what is sent again, and what is given up.
//!
//! ```text
//! source or relay                Sender                                              Receiver
//!   │ handle_frame ─> waiting (1) │                                                     │
//!   │                    │ window and bottleneck allow                                  │
//!   │                    └──────> │── fragment 0 … n−1, at the pacer's rate ───────────>│
//!   │                             │── parity 0 … k−1, while fragments are lost ────────>│
//!   │                             │<───────────── request: runs of missing fragments ───│ 3 copies each
//!   │                             │── those fragments again, with spare copies ────────>│
//!   │                             │<── acknowledgement: whole, hold, spread, 32 before ─│
//!   │ poll_result <── FrameResult │                                                     │
//! ```
//!
//! **What is sent when.** One frame waits; a newer one takes its place ([`DropReason::Superseded`]). It leaves when fewer frames than
//! the [`window`] allows are in flight, and when the [`bottleneck`] is expected to queue it for less than about a frame
//! interval. Over TCP [`poll_frame`](Sender::poll_frame) gives it whole; over UDP [`poll_datagram`](Sender::poll_datagram) gives its
//! fragments in order, paced, and then its parity. Fragments that were requested come before new ones.
//!
//! **What answers it.** One acknowledgement for each frame, once it is whole. It carries the receiver's hold time, so that the delay is
//! the network's, and a bit for each of the 32 frames before: a lost acknowledgement is made up for by the next
//! ([`FrameOutcome::Delivered`]), and a frame without a bit there was overtaken and is lost ([`LossReason::Overtaken`]).
//!
//! **What is sent again, and what is given up.** Fragments on request, and a prompt when a frame is answered by nothing; a frame without any
//! answer is lost in the end: [`retransmission`] has the whole rule. Lost are also the frames in flight over a transport that ended
//! ([`LossReason::Disconnected`]), and those in datagrams larger than the path takes any more. Each frame has exactly one [`FrameResult`],
//! whichever of these comes first.
//!
//! **What is learnt.** Each acknowledged frame goes to the link's rate control, whose target the source follows.

mod ack_report;
mod bottleneck;
mod finish;
mod in_flight;
mod retransmission;
mod transmission;
mod window;

pub use window::WindowMode;

use std::collections::VecDeque;

use self::bottleneck::Bottleneck;
use self::in_flight::InFlight;
use self::window::Window;
use super::parity::ParityMaker;
use super::result::{DropReason, FrameOutcome, FrameResult, LossReason};
use super::{Ack, AckMode, Fragment, Frame, TcpAck};
use crate::ground::{Bitrate, Deadline, DeadlineReason, FrameNumber, Span, StreamId, Time, Transport};
use crate::link::{Pacer, RateControl, RateControlConfig, RoundTrip};

/// How a [`Sender`] works.
#[derive(Clone, Copy, Debug)]
pub struct SenderConfig {
    /// What carries the frames at first.
    pub transport: Transport,
    /// How many unacknowledged frames may be in flight.
    pub window: WindowMode,
    /// Bytes of a frame in one datagram.
    pub fragment_bytes: u16,
    /// How the target is found.
    pub rate: RateControlConfig,
    /// What is done about lost fragments. [`AckMode::StopAndWait`] makes the window one frame, whatever `window` says.
    pub acks: AckMode,
}

/// The sending end of one stream to one peer, over both transports.
///
/// A frame goes *offered → waiting → in flight → finished*. Only one frame waits: a newer one takes its place. It waits for a
/// place in the window and, with an adaptive window, until it would not wait on the path for longer than a frame interval: no
/// queue of old frames grows anywhere. What became of each frame comes out of [`poll_result`](Sender::poll_result), exactly
/// once.
#[derive(Debug)]
pub struct Sender {
    /// What every datagram is labelled with, whatever a frame says of itself.
    stream: StreamId,
    transport: Transport,
    fragment_bytes: u16,
    window: Window,
    acks: AckMode,
    parity: ParityMaker,
    /// Parity fragments for each fragment of the latest frame.
    parity_share: f64,
    bottleneck: Bottleneck,
    pacer: Pacer,
    control: RateControl,
    waiting: Option<Waiting>,
    /// Oldest first.
    in_flight: VecDeque<InFlight>,
    /// How many frames have been put in flight.
    serials: u64,
    /// Fragments requested again, by their frame's serial number and their index.
    resend: VecDeque<(u64, u16)>,
    round_trip: Option<RoundTrip>,
    /// The latest frame put in flight, over either transport.
    newest: Option<FrameNumber>,
    results: VecDeque<FrameResult>,
    /// When the path has room for the frame that waits.
    room_at: Option<Time>,
    /// When the next burst of the frame that is leaving may.
    paced_until: Option<Time>,
}

#[derive(Debug)]
struct Waiting {
    frame: Frame,
    offered: Time,
}

impl Default for SenderConfig {
    /// UDP in datagrams that any path takes, with an adaptive window.
    fn default() -> SenderConfig {
        SenderConfig {
            transport: Transport::Udp,
            window: WindowMode::Adaptive,
            fragment_bytes: 1_150,
            rate: RateControlConfig::default(),
            acks: AckMode::default(),
        }
    }
}

impl Sender {
    /// A sender of `stream` with nothing to send.
    pub fn new(stream: StreamId, config: SenderConfig) -> Sender {
        Sender {
            stream,
            transport: config.transport,
            fragment_bytes: config.fragment_bytes.max(Fragment::MIN_SIZE),
            window: Window::new(match config.acks {
                AckMode::StopAndWait => WindowMode::StopAndWait,
                _ => config.window,
            }),
            acks: config.acks,
            parity: ParityMaker::default(),
            parity_share: 0.0,
            bottleneck: Bottleneck::default(),
            pacer: Pacer::default(),
            control: RateControl::new(config.rate),
            waiting: None,
            in_flight: VecDeque::new(),
            serials: 0,
            resend: VecDeque::new(),
            round_trip: None,
            newest: None,
            results: VecDeque::new(),
            room_at: None,
            paced_until: None,
        }
    }

    /// What carries the frames that are not in flight yet.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The smoothed round trip, last byte out to acknowledgement; unknown at first.
    pub fn round_trip(&self) -> Option<Span> {
        self.round_trip.map(|known| known.smoothed)
    }

    /// Frames in flight without an acknowledgement.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// How much to send, so that the path stays full and no queue grows on it. The source of the frames follows it. What parity
    /// adds is taken off already.
    pub fn target(&self) -> Bitrate {
        let target = self.control.target().0 as f64;
        Bitrate((target / (1.0 + self.parity_share)) as u64)
    }

    /// How long the latest acknowledged frame queued on the path there.
    pub fn queueing_delay(&self) -> Option<Span> {
        self.control.queueing()
    }

    /// What the path takes, as far as frames have shown: at least this when none was ever slowed down by it.
    pub fn estimated_rate(&self) -> Option<Bitrate> {
        self.control.capacity()
    }

    /// The share of fragments that had to be sent again lately, from 0 to 1.
    pub fn loss(&self) -> f64 {
        self.control.loss()
    }

    /// From now on the target is found like this.
    pub fn set_rate(&mut self, rate: RateControlConfig) {
        self.control.set_config(rate);
    }

    /// From the next frame on, use this transport. Frames in flight are still acknowledged over the other.
    pub fn set_transport(&mut self, transport: Transport) {
        if transport != self.transport {
            self.control.handle_new_path();
        }
        self.transport = transport;
    }

    /// From the next frame on, put this many bytes of a frame into one datagram. Fewer than before mean that the path has ceased to
    /// take larger ones: frames in flight in those are given up, so that they hold no newer one up.
    pub fn set_fragment_bytes(&mut self, bytes: u16, now: Time) {
        let before = std::mem::replace(&mut self.fragment_bytes, bytes.max(Fragment::MIN_SIZE));
        if self.fragment_bytes < before {
            let most = self.fragment_bytes;
            self.give_up(|sent| sent.transport == Transport::Udp && sent.size > most, now);
        }
    }

    /// Datagrams do not get through: frames in flight in them are given up, so that they hold no newer one up.
    pub fn handle_datagrams_blocked(&mut self, now: Time) {
        self.give_up(|sent| sent.transport == Transport::Udp, now);
    }

    /// A new frame. One that still waited is dropped for it.
    pub fn handle_frame(&mut self, frame: Frame, now: Time) {
        self.bottleneck.handle_offered(now);
        if let Some(older) = self.waiting.replace(Waiting { frame, offered: now }) {
            if self.in_flight.len() >= self.window.frames() {
                self.window.handle_limited();
            }
            self.drop_waiting(&older, DropReason::Superseded, now);
        }
    }

    /// The frame to write to the TCP connection now, if there is one and the window is open. Call it when the socket can
    /// take bytes, and [`handle_written`](Sender::handle_written) when the last of the frame's are in it.
    pub fn poll_frame(&mut self, now: Time) -> Option<Frame> {
        if self.transport != Transport::Tcp {
            return None;
        }
        let sent = self.promote(false, now)?;
        sent.first_out = Some(now);
        Some(sent.frame.clone())
    }

    /// The last byte of a frame from [`poll_frame`](Sender::poll_frame) has been written.
    pub fn handle_written(&mut self, frame: FrameNumber, now: Time) {
        if let Some(sent) = self
            .in_flight
            .iter_mut()
            .find(|sent| sent.frame.header().frame == frame)
        {
            sent.last_out = Some(now);
        }
    }

    /// An acknowledgement from a TCP connection.
    pub fn handle_tcp_ack(&mut self, ack: &TcpAck, now: Time) {
        if let Some(at) = self.position(ack.frame, Transport::Tcp) {
            self.acked(at, ack.into(), now);
        }
    }

    /// An acknowledgement from a datagram. Frames before it that the receiver does not have are lost.
    pub fn handle_ack(&mut self, ack: &Ack, now: Time) {
        // What was never sent cannot have arrived, whatever the other side says.
        if self.newest.is_none_or(|newest| ack.frame.is_newer_than(newest)) {
            return;
        }
        if let Some(at) = self.position(ack.frame, Transport::Udp) {
            self.acked(at, ack.into(), now);
        }
        let mut at = 0;
        while let Some(sent) = self.in_flight.get(at) {
            let number = sent.frame.header().frame;
            if sent.transport != Transport::Udp || !ack.frame.is_newer_than(number) {
                at = at.saturating_add(1);
                continue;
            }
            let bit = ack.frame.recent_bit(number);
            let outcome = if bit.is_some_and(|bit| ack.recent & bit != 0) {
                FrameOutcome::Delivered
            } else {
                FrameOutcome::Lost(LossReason::Overtaken)
            };
            self.finish(at, outcome, None, now);
        }
    }

    /// The TCP connection has ended: what was in flight over it is lost.
    pub fn handle_disconnected(&mut self, now: Time) {
        while let Some(at) = self
            .in_flight
            .iter()
            .position(|sent| sent.transport == Transport::Tcp)
        {
            self.finish(at, FrameOutcome::Lost(LossReason::Disconnected), None, now);
        }
    }

    /// The stream is over: everything unfinished gets its result.
    pub fn handle_stopped(&mut self, now: Time) {
        (self.room_at, self.paced_until) = (None, None);
        if let Some(waiting) = self.waiting.take() {
            self.drop_waiting(&waiting, DropReason::Stopped, now);
        }
        while !self.in_flight.is_empty() {
            self.finish(0, FrameOutcome::Lost(LossReason::Disconnected), None, now);
        }
    }

    /// What became of the next frame.
    pub fn poll_result(&mut self) -> Option<FrameResult> {
        self.results.pop_front()
    }

    /// When to call [`handle_timeout`](Sender::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let room = self.room_at.map(|at| Deadline {
            at,
            reason: DeadlineReason::Room,
        });
        let pacing = self.paced_until.map(|at| Deadline {
            at,
            reason: DeadlineReason::Pacing,
        });
        Deadline::earlier(Deadline::earlier(room, pacing), self.prompt_deadline())
    }

    /// Does what was due: prompts the receiver of frames that have no answer, by sending their last fragment again, and gives up
    /// the oldest. Poll for frames and fragments afterwards.
    pub fn handle_timeout(&mut self, now: Time) {
        self.room_at = self.room_at.filter(|at| *at > now);
        self.paced_until = self.paced_until.filter(|at| *at > now);
        self.prompt(now);
    }

    fn position(&self, frame: FrameNumber, transport: Transport) -> Option<usize> {
        let is_it = |sent: &InFlight| sent.frame.header().frame == frame && sent.transport == transport;
        // A frame that has not left cannot have been received, whatever the other side says.
        self.in_flight
            .iter()
            .position(|sent| is_it(sent) && sent.first_out.is_some())
    }
}
