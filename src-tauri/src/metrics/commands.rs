//! What the interface may ask about what is measured.

use std::sync::Arc;

use netcore::proto::{MemberId, StreamId};
use netcore::{LinkKey, clock};

use super::export;
use super::view::{ExportFormat, MetricPoint, MetricsHistory, Step, TripView};
use crate::core::Core;
use crate::error::IpcError;

pub(crate) async fn history(core: &Arc<Core>) -> Result<MetricsHistory, IpcError> {
    let steps = (core.recent_steps)().iter().map(Step::of).collect();
    let (points, links) = match core.room() {
        Ok(open) => (open.room.points(), super::views(&open, &open.room.links())),
        Err(_) => (Vec::new(), Vec::new()),
    };
    Ok(MetricsHistory {
        points: points.iter().map(MetricPoint::of).collect(),
        links,
        steps,
    })
}

pub(crate) async fn trips(core: &Arc<Core>, stream: u32, to: Option<u32>) -> Result<Vec<TripView>, IpcError> {
    let open = core.room()?;
    let stream = StreamId(stream);
    let (trips, _) = match to {
        None => open.room.view_trips(stream),
        Some(to) => open.room.link_trips(LinkKey {
            stream,
            peer: MemberId(to),
            outbound: true,
        }),
    };
    let (now, now_unix_ms) = (clock::now(), clock::unix_ms());
    Ok(trips
        .iter()
        .map(|trip| TripView::of(trip, now, now_unix_ms))
        .collect())
}

pub(crate) async fn export_results(
    core: &Arc<Core>,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    export::ask_and_write(core, format).await
}
