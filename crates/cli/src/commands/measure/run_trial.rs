//! One stretch of measuring, and everything that is known of it afterwards.

use std::time::Duration;

use app::video::{EncodingMode, PublishOptions};
use netcore::proto::video::FrameResult;
use netcore::proto::{Span, StreamId, Time, session};
use netcore::{LinkKey, LinkResult, Room, RoomEvent};
use report::{FileRate, Measured};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::time::{interval, sleep};

use super::load::{FileLoad, Load};
use super::trial_order::Trial;
use crate::args::MeasureArgs;
use crate::exit::Result;
use crate::live::live_report;
use crate::output::Screen;
use crate::results::{OwnStream, name_of};

/// The most results of a trial that are kept for its report; figures count all of them.
const MAX_RESULTS: usize = 200_000;
/// Results are taken in this often: soon enough that none is missed, seldom enough to disturb nothing.
const COLLECT_INTERVAL: Duration = Duration::from_millis(50);

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
    let options = PublishOptions {
        source: args.source.clone(),
        width: args.size.width,
        height: args.size.height,
        rate: args.rate.or(args.size.rate).unwrap_or(0.0),
        quality: args.quality,
        // What is compared are paths, so the pictures are the same on each unless that is to be seen.
        encoding: if args.adapt {
            EncodingMode::UNBOUNDED
        } else {
            EncodingMode::Fixed
        },
        transport: trial.transport,
        // Nothing else is to be measured in its place.
        stays_on_udp: true,
        ..PublishOptions::default()
    };
    let mut watch = Watch::new(room);
    let mut load = Load::start(room, options, args.full_speed).await?;
    let stream = load.stream();
    watch.stream = stream;
    if let Load::Live(live) = &load {
        // At full speed every 20th frame would be far too many to show.
        bench.own.set(stream);
        bench.screen.show(&live_report(None, live));
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
        let record = room
            .link_histories()
            .into_iter()
            .find(|record| is_it(&record.key))?;
        let (sent, distributions) = record.sent.first()?;
        let peer_name = name_of(&room.snapshot().await.people, record.key.peer);
        let name = trial.name(args.acks);
        let measured = Measured::new(name, &record.key, peer_name, sent, distributions);
        let other = bench.other.map(Room::link_histories).unwrap_or_default();
        let reported = other
            .into_iter()
            .find(|record| !record.key.outbound && Some(record.key.stream) == self.stream)
            .and_then(|record| Some(record.received?.0));
        let counters = reported
            .as_ref()
            .map_or(sent.counters, |reported| sent.counters.with(reported));
        Some(Measured {
            ack_mode: trial.ack_mode(),
            with_file: trial.with_file,
            began_s: began.since(since).as_secs_f64(),
            counters,
            series: record.series,
            file,
            began,
            ..measured
                .with_frames(self.kept, self.round_trip)
                .with_link(room, record.key)
        })
    }
}
