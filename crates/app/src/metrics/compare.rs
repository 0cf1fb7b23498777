//! TCP and UDP one after the other, with the same source, and what each did beside what the other did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use netcore::LinkResult;
use netcore::proto::metrics::{Counters, LinkMeter};
use netcore::proto::video::FrameOutcome;
use netcore::proto::{MemberId, StreamId, Time};
use report::{Measured, Measurement, Setup};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use ts_rs::TS;

use super::page::{Stretch, of_comparison, setup};
use super::view::{ConditionsView, MetricsEvent};
use crate::core::{Core, OpenRoom};
use crate::error::{ErrorCode, IpcError};
use crate::video::my_video;
use crate::video::view::Transport;

/// How long each transport may be measured, in seconds.
const SECONDS: std::ops::RangeInclusive<u32> = 3..=120;
/// What the transport before still has in flight, and what a new connection costs, is not measured.
const SETTLING: Duration = Duration::from_secs(1);
const ORDER: [Transport; 2] = [Transport::Tcp, Transport::Udp];

/// A comparison, in progress or done.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompareView {
    /// What is being measured now; `null` when it is over.
    pub running: Option<Transport>,
    /// How long each is measured.
    pub seconds: u32,
    /// When it began, in milliseconds since 1970.
    pub since_ms: u64,
    /// When what is being measured now began.
    pub running_since_ms: u64,
    /// The source's name in words.
    pub source: String,
    /// Which source that is: a [`SourceView::id`](crate::video::view::SourceView::id).
    pub source_id: String,
    /// Each transport that was measured to its end, in order.
    pub rows: Vec<CompareRow>,
    /// Why it ended early.
    pub error: Option<IpcError>,
}

/// What one transport did, over all links on which the stream went out.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompareRow {
    /// Which.
    pub transport: Transport,
    /// Peers that the stream went to.
    pub links: u32,
    /// Frames whose end is known.
    pub frames: u64,
    /// Frames that arrived.
    pub arrived: u64,
    /// Frames sent that did not.
    pub lost: u64,
    /// Frames not sent.
    pub dropped: u64,
    /// Fragments sent again.
    pub resent: u64,
    /// Bytes of the frames that arrived.
    pub bytes: u64,
    /// First byte out to acknowledgement, the receiver's hold time taken off: median.
    pub ack_p50_us: Option<u64>,
    /// 95th percentile of the same.
    pub ack_p95_us: Option<u64>,
    /// 99th percentile of the same.
    pub ack_p99_us: Option<u64>,
    /// The longest time on one link without a frame that arrived.
    pub longest_gap_us: Option<u64>,
}

/// The comparison of a room, if there was one.
#[derive(Default)]
pub(crate) struct Comparison {
    view: Option<CompareView>,
    task: Option<JoinHandle<()>>,
    /// What the network was made like, and the pictures were to be, when it began.
    conditions: Option<ConditionsView>,
    setup: Option<Setup>,
    /// Each link of each transport that was measured to its end.
    trials: Vec<Measured>,
}

/// Begins to compare.
pub(super) async fn start(core: &Arc<Core>, seconds: u32) -> Result<CompareView, IpcError> {
    let open = core.room()?;
    let live = open.live.lock().await.as_ref().map(my_video::MyVideo::view);
    let live = live.ok_or_else(|| IpcError::new(ErrorCode::NotLive, "your video is not live"))?;
    stop(core, &open);
    let now = netcore::clock::unix_ms();
    let seconds = seconds.clamp(*SECONDS.start(), *SECONDS.end());
    let setup = setup(&live, seconds);
    let view = CompareView {
        running: Some(ORDER[0]),
        seconds,
        since_ms: now,
        running_since_ms: now,
        source: live.source_name,
        source_id: live.spec.source,
        rows: Vec::new(),
        error: None,
    };
    let conditions = open.conditions.lock().clone();
    *open.comparison.lock() = Comparison {
        view: Some(view.clone()),
        conditions,
        setup: Some(setup),
        ..Comparison::default()
    };
    let task = tokio::spawn(run(
        core.clone(),
        Arc::downgrade(&open),
        view.clone(),
        live.spec.transport,
    ));
    open.comparison.lock().task = Some(task);
    Ok(view)
}

/// Ends a comparison that is in progress; what was measured to its end stays.
pub(crate) fn stop(core: &Core, open: &OpenRoom) {
    let mut comparison = open.comparison.lock();
    if let Some(task) = comparison.task.take() {
        task.abort();
    }
    let stopped = comparison.view.as_mut().filter(|view| view.running.is_some());
    if let Some(view) = stopped {
        view.running = None;
        view.error = Some(IpcError::new(ErrorCode::Cancelled, "the comparison was stopped"));
        notify(core, view);
    }
}

/// What the face is given of it.
pub(super) fn view(open: &OpenRoom) -> Option<CompareView> {
    open.comparison.lock().view.clone()
}

/// What the network was made like when it began.
pub(super) fn conditions(open: &OpenRoom) -> Option<ConditionsView> {
    open.comparison.lock().conditions.clone()
}

/// The page of what was measured to its end.
pub(super) fn report(open: &OpenRoom) -> Option<Measurement> {
    let (setup, conditions, trials) = {
        let comparison = open.comparison.lock();
        (
            comparison.setup.clone()?,
            comparison.conditions.clone(),
            comparison.trials.clone(),
        )
    };
    Some(of_comparison(open, setup, conditions.as_ref(), trials))
}

fn notify(core: &Core, view: &CompareView) {
    core.notify(MetricsEvent::Compared {
        comparison: view.clone(),
    });
}

async fn run(core: Arc<Core>, open: std::sync::Weak<OpenRoom>, mut view: CompareView, before: Transport) {
    let update = |view: &CompareView| {
        if let Some(open) = open.upgrade() {
            open.comparison.lock().view = Some(view.clone());
        }
        notify(&core, view);
    };
    let mut since = None;
    for transport in ORDER {
        view.running = Some(transport);
        view.running_since_ms = netcore::clock::unix_ms();
        update(&view);
        let Some(open) = open.upgrade() else { return };
        match measure(&core, &open, transport, view.seconds).await {
            Ok((row, stretch)) => {
                let since = *since.get_or_insert(stretch.began());
                let trials = stretch.measured(&open, since);
                open.comparison.lock().trials.extend(trials);
                view.rows.push(row);
            }
            Err(error) => {
                view.error = Some(error);
                break;
            }
        }
    }
    view.running = None;
    // What was in use before is in use again; when the video is over there is nothing to put back.
    drop(my_video::set_transport(&core, before).await);
    update(&view);
}

/// Sends over `transport` for a while and adds up what becomes of the frames, over all links and on each.
async fn measure(
    core: &Arc<Core>,
    open: &OpenRoom,
    transport: Transport,
    seconds: u32,
) -> Result<(CompareRow, Stretch), IpcError> {
    let stream = StreamId(my_video::set_transport(core, transport).await?.stream);
    tokio::time::sleep(SETTLING).await;
    // Equal chances for both: the network that is made worse begins anew with its seed.
    if let Some(conditions) = open.conditions.lock().clone() {
        open.room
            .set_conditions(Some(conditions.conditions()), conditions.seed.into());
    }
    open.round_trips.forget();
    let mut results = open.room.results();
    let mut sums = Sums::new(transport);
    let mut stretch = Stretch::new(stream, transport.into());
    let enough = tokio::time::sleep(Duration::from_secs(seconds.into()));
    tokio::pin!(enough);
    loop {
        let result = tokio::select! {
            () = &mut enough => break,
            result = results.recv() => result,
        };
        match result {
            Ok(result)
                if result.stream == stream && Transport::from(result.result.transport) == transport =>
            {
                sums.record(&result);
                stretch.record(&result);
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "a comparison missed results of frames"),
            Err(RecvError::Closed) => break,
        }
    }
    if open.live.lock().await.is_none() {
        return Err(IpcError::new(ErrorCode::NotLive, "your video ended"));
    }
    Ok((sums.row(transport), stretch))
}

/// One transport on all links together, and what is only known link by link.
struct Sums {
    /// Counts every frame, whatever link it went out on.
    meter: LinkMeter,
    /// When a frame arrived last, link by link.
    arrived_at: BTreeMap<MemberId, Time>,
    longest_gap_us: Option<u64>,
}

impl Sums {
    fn new(transport: Transport) -> Sums {
        Sums {
            meter: LinkMeter::new(transport.into()),
            arrived_at: BTreeMap::new(),
            longest_gap_us: None,
        }
    }

    fn record(&mut self, LinkResult { peer, result, .. }: &LinkResult) {
        self.meter.record(*result);
        let has_arrived = matches!(
            result.outcome,
            FrameOutcome::Acked { .. } | FrameOutcome::Delivered
        );
        if !has_arrived {
            self.arrived_at.entry(*peer).or_insert(result.finished);
            return;
        }
        let before = self.arrived_at.insert(*peer, result.finished);
        if let Some(before) = before {
            let gap_us = result.finished.since(before).as_micros();
            self.longest_gap_us = self.longest_gap_us.max(Some(gap_us));
        }
    }

    fn row(&self, transport: Transport) -> CompareRow {
        let summary = self.meter.summaries().into_iter().next();
        let counted = |count: fn(&Counters) -> u64| summary.map_or(0, |summary| count(&summary.counters));
        let delay = summary.and_then(|summary| summary.delay_us);
        let arrived = counted(Counters::arrived);
        let (lost, dropped) = (counted(Counters::lost), counted(Counters::dropped));
        CompareRow {
            transport,
            links: u32::try_from(self.arrived_at.len()).unwrap_or(u32::MAX),
            frames: arrived.saturating_add(lost).saturating_add(dropped),
            arrived,
            lost,
            dropped,
            resent: counted(Counters::resent),
            bytes: summary.map_or(0, |summary| summary.bytes),
            ack_p50_us: delay.map(|delay| delay.p50),
            ack_p95_us: delay.map(|delay| delay.p95),
            ack_p99_us: delay.map(|delay| delay.p99),
            longest_gap_us: self.longest_gap_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use netcore::proto::video::{DropReason, FrameResult, LossReason};
    use netcore::proto::{FrameNumber, Span};

    use super::*;

    fn result(peer: u32, at_ms: u64, outcome: FrameOutcome) -> LinkResult {
        let at = Time::from_micros(at_ms * 1_000);
        LinkResult {
            stream: StreamId(1),
            peer: MemberId(peer),
            result: FrameResult {
                frame: FrameNumber(1),
                bytes: 100,
                transport: netcore::proto::Transport::Udp,
                captured: at,
                encode_us: 0,
                offered: at,
                first_out: None,
                last_out: None,
                received_whole: None,
                spread_us: None,
                finished: at,
                retransmits: 1,
                outcome,
            },
        }
    }

    #[test]
    fn frames_are_counted_over_all_links_and_gaps_on_each() {
        let acked = |delay_ms| FrameOutcome::Acked {
            delay: Span::from_millis(delay_ms),
            hold: Span::ZERO,
        };
        let mut sums = Sums::new(Transport::Udp);
        for (peer, at_ms, outcome) in [
            (1, 10, acked(2)),
            (2, 20, FrameOutcome::Delivered),
            (1, 40, FrameOutcome::Lost(LossReason::Unanswered)),
            (2, 50, acked(2)),
            (1, 90, acked(2)),
            (2, 95, FrameOutcome::Dropped(DropReason::Superseded)),
        ] {
            sums.record(&result(peer, at_ms, outcome));
        }
        let row = sums.row(Transport::Udp);
        assert_eq!(
            (row.links, row.frames, row.arrived, row.lost, row.dropped),
            (2, 6, 4, 1, 1)
        );
        assert_eq!(
            (row.bytes, row.resent, row.longest_gap_us),
            (400, 6, Some(80_000))
        );
        let nothing = Sums::new(Transport::Tcp).row(Transport::Tcp);
        assert_eq!((nothing.frames, nothing.ack_p50_us), (0, None));
    }
}
