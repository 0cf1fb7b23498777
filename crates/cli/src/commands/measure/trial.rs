//! One stretch of measuring, and everything that is known of it afterwards.

use std::time::Duration;

use netcore::proto::metrics::{Bucket, Counters, Quantiles, SeriesPoint, TripSummary};
use netcore::proto::video::{FrameOutcome, FrameResult};
use netcore::proto::{Span, StreamId, Time, session};
use netcore::{LinkKey, LinkResult, Room, RoomEvent, TcpInfo};
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::time::{interval, sleep};

use super::load::{FileLoad, FileRate, Load};
use super::plan::Trial;
use super::theory::rate_of_the_way;
use crate::args::MeasureArgs;
use crate::exit::Result;
use crate::live::Wish;
use crate::output::{Change, Report, Screen, SummaryRow};
use crate::results::{OwnStream, summary};

/// The most results of a trial that are kept for its report; figures count all of them.
const MAX_RESULTS: usize = 200_000;
/// Results are taken in this often: soon enough that none is missed, seldom enough to disturb nothing.
const COLLECT_INTERVAL: Duration = Duration::from_millis(50);

/// What a trial has shown. What is not known is `None`.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) way: &'static str,
    pub(super) with_file: bool,
    /// When it began, in seconds since the first trial did.
    pub(super) began_s: f64,
    pub(super) row: SummaryRow,
    pub(super) delay_us: Option<Quantiles>,
    pub(super) jitter_us: Option<Quantiles>,
    pub(super) gap_us: Option<Quantiles>,
    pub(super) size_bytes: Option<Quantiles>,
    pub(super) delay_buckets: Vec<Bucket>,
    #[serde(skip)]
    pub(super) counters: Counters,
    pub(super) series: Vec<SeriesPoint>,
    pub(super) parts: Vec<Part>,
    pub(super) system: System,
    pub(super) file: Option<FileRate>,
    /// The shortest round trip of the control connection during the trial.
    pub(super) round_trip_us: Option<u64>,
    /// The rate of the way, by how far the frames' bytes came apart on it.
    pub(super) way_bps: Option<u64>,
    /// What stop-and-wait can reach with these frames on this way, by the shortest round trip of all trials.
    pub(super) stop_and_wait_bps: Option<u64>,
    #[serde(skip)]
    pub(super) results: Vec<FrameResult>,
    #[serde(skip)]
    pub(super) began: Time,
}

/// The median time that one part of a frame's trip takes.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) median_us: Option<u64>,
    /// How wrong it may be where it lies between two computers' clocks.
    pub(super) error_us: Option<u64>,
}

/// What the operating system tells of the link.
#[derive(Debug, Serialize)]
pub(super) struct System {
    pub(super) datagram_bytes: Option<u32>,
    pub(super) receive_buffer_bytes: Option<u32>,
    pub(super) tcp_round_trip_us: Option<u64>,
    pub(super) tcp_least_round_trip_us: Option<u64>,
    pub(super) tcp_window_bytes: Option<u64>,
    pub(super) tcp_retransmitted_bytes: Option<u64>,
    pub(super) tcp_delivery_rate_bps: Option<u64>,
    pub(super) tcp_segment_bytes: Option<u64>,
}

/// What every trial of a measurement has in common.
pub(super) struct Bench<'a> {
    pub(super) room: &'a Room,
    /// The other end, where it is ours too: it knows what only a receiver can.
    pub(super) other: Option<&'a Room>,
    pub(super) args: &'a MeasureArgs,
    /// When the first trial began.
    pub(super) since: Time,
    pub(super) own: &'a OwnStream,
    pub(super) screen: &'a Screen,
}

/// Measures one trial with a stream of its own, so that none inherits anything from the one before.
///
/// # Errors
/// When nothing can be sent, or the source ends before the time is over.
pub(super) async fn run(bench: &Bench<'_>, trial: Trial) -> Result<Option<Measured>> {
    let Bench { room, args, .. } = *bench;
    room.set_acks(trial.acks);
    let mut file = match trial.with_file {
        true => Some(FileLoad::start(room).await?),
        false => None,
    };
    let wish = Wish {
        source: args.source.clone(),
        width: args.size.width,
        height: args.size.height,
        rate: args.rate.or(args.size.rate).unwrap_or(0.0),
        quality: args.quality,
        // What is compared are ways, so the pictures are the same on each unless that is to be seen.
        is_fixed: !args.adapt,
        transport: trial.transport,
    };
    let mut watch = Watch::new(room);
    let mut load = Load::start(room, wish, args.full_speed).await?;
    let stream = load.stream();
    watch.stream = stream;
    if let Load::Live(live) = &load {
        // At full speed every 20th frame would be far too many to show.
        bench.own.set(stream);
        bench.screen.tell(&Report::Live(live.view(Change::Started)));
    }
    let began = netcore::clock::now();
    let failed = tokio::select! {
        () = sleep(args.seconds) => None,
        () = watch.run() => None,
        failure = load.over() => Some(failure),
        failure = file_over(&mut file) => Some(failure),
    };
    watch.take();
    let file_rate = file.as_ref().map(FileLoad::rate);
    let measured = watch.measured(bench, trial, began, file_rate).await;
    bench.own.set(None);
    load.stop().await;
    if let Some(file) = file {
        file.stop(room).await;
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(measured),
    }
}

async fn file_over(file: &mut Option<FileLoad>) -> crate::exit::Failure {
    match file {
        Some(file) => file.over().await,
        None => std::future::pending().await,
    }
}

/// Takes in what becomes of the frames while they are measured.
struct Watch {
    stream: Option<StreamId>,
    results: Receiver<LinkResult>,
    events: Receiver<RoomEvent>,
    kept: Vec<FrameResult>,
    round_trip: Option<Span>,
}

impl Watch {
    fn new(room: &Room) -> Watch {
        Watch {
            stream: None,
            results: room.results(),
            events: room.events(),
            kept: Vec::new(),
            round_trip: None,
        }
    }

    /// Never ends by itself.
    async fn run(&mut self) {
        let mut tick = interval(COLLECT_INTERVAL);
        loop {
            tick.tick().await;
            self.take();
        }
    }

    fn take(&mut self) {
        loop {
            match self.results.try_recv() {
                Ok(LinkResult { stream, result, .. }) => {
                    if Some(stream) == self.stream && self.kept.len() < MAX_RESULTS {
                        self.kept.push(result);
                    }
                }
                // The report has fewer dots; its figures do not come from here.
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        loop {
            match self.events.try_recv() {
                Ok(RoomEvent::Session(session::Event::RoundTrip { round_trip, .. })) => {
                    self.round_trip = Some(self.round_trip.map_or(round_trip, |least| least.min(round_trip)));
                }
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
    }

    /// What is known when the time is over, while the stream still runs: `None` when nothing was sent.
    async fn measured(
        self,
        bench: &Bench<'_>,
        trial: Trial,
        began: Time,
        file: Option<FileRate>,
    ) -> Option<Measured> {
        let Bench {
            room, args, since, ..
        } = *bench;
        let is_it = |key: &LinkKey| key.outbound && Some(key.stream) == self.stream;
        let name = trial.name(args.acks);
        let row = summary(room, is_it).await.into_iter().next()?;
        let row = SummaryRow {
            trial: Some(name.clone()),
            ..row
        };
        let record = room.records().into_iter().find(|record| is_it(&record.key))?;
        let link = room.links().into_iter().find(|link| is_it(&link.key));
        let (sent, distributions) = record.sent.into_iter().next()?;
        let other = bench.other.map(Room::records).unwrap_or_default();
        let told = other
            .into_iter()
            .find(|record| !record.key.outbound && Some(record.key.stream) == self.stream)
            .and_then(|record| Some(record.received?.0));
        let tcp = link.and_then(|link| link.tcp).unwrap_or_default();
        let trip = room.link_trips(record.key).1;
        let way_bps = rate_of_the_way(&self.kept).map(|rate| rate.0);
        Some(Measured {
            name,
            way: trial.way(),
            with_file: trial.with_file,
            began_s: began.since(since).as_secs_f64(),
            row,
            delay_us: sent.delay_us,
            jitter_us: sent.jitter_us,
            gap_us: sent.gap_us,
            size_bytes: sent.size_bytes,
            delay_buckets: distributions.delay_us.buckets().collect(),
            counters: told
                .as_ref()
                .map_or(sent.counters, |told| sent.counters.with(told)),
            series: record.series,
            parts: parts(&trip),
            system: System::new(
                link.and_then(|link| link.datagram_bytes),
                link.and_then(|link| link.receive_buffer),
                &tcp,
            ),
            file,
            round_trip_us: self.round_trip.map(Span::as_micros),
            way_bps,
            stop_and_wait_bps: None,
            results: self.kept,
            began,
        })
    }
}

impl System {
    fn new(datagram_bytes: Option<u32>, receive_buffer_bytes: Option<u32>, tcp: &TcpInfo) -> System {
        System {
            datagram_bytes,
            receive_buffer_bytes,
            tcp_round_trip_us: tcp.round_trip_us,
            tcp_least_round_trip_us: tcp.least_round_trip_us,
            tcp_window_bytes: tcp.window_bytes,
            tcp_retransmitted_bytes: tcp.retransmitted_bytes,
            tcp_delivery_rate_bps: tcp.delivery_rate_bps,
            tcp_segment_bytes: tcp.segment_bytes,
        }
    }
}

impl Measured {
    /// A frame's moment in seconds since the first trial began: when it was offered.
    pub(super) fn at_s(&self, result: &FrameResult) -> f64 {
        let us = result.offered.as_micros() as f64 - self.began.as_micros() as f64;
        self.began_s + us / 1e6
    }

    /// The end of a point of the series, in the same seconds.
    pub(super) fn point_at_s(&self, point: &SeriesPoint) -> f64 {
        let us = point.at.as_micros() as f64 - self.began.as_micros() as f64;
        self.began_s + us / 1e6
    }

    /// The frames that did not arrive.
    pub(super) fn is_missing(result: &FrameResult) -> bool {
        matches!(result.outcome, FrameOutcome::Lost(_) | FrameOutcome::Dropped(_))
    }
}

/// The parts of a frame's trip that a sender knows of, in their order.
fn parts(trip: &TripSummary) -> Vec<Part> {
    let part = |name, median_us, is_between: bool| Part {
        name,
        median_us,
        error_us: trip.clock_error_us.filter(|_| is_between && median_us.is_some()),
    };
    vec![
        part("captured → encoded", trip.encode_us, false),
        part("encoded → first byte out", trip.queue_us, false),
        part("first byte out → last byte out", trip.send_us, false),
        part("last byte out → whole at the receiver", trip.way_us, true),
        part("whole at the receiver → acknowledgement here", trip.ack_us, true),
    ]
}
