//! What a face may ask about what is measured.

use std::sync::Arc;

use netcore::proto::{MemberId, StreamId};
use netcore::{LinkKey, clock};

use super::view::{
    CompareView, ConditionsView, CountsView, ExportFormat, LogEntryView, MetricPoint, MetricsHistory,
    TripView,
};
use super::{compare, export};
use crate::core::Core;
use crate::error::IpcError;

pub(crate) async fn history(core: &Arc<Core>) -> Result<MetricsHistory, IpcError> {
    let log = (core.recent_log)().iter().map(LogEntryView::of).collect();
    let Ok(open) = core.room() else {
        return Ok(MetricsHistory {
            log,
            ..MetricsHistory::default()
        });
    };
    Ok(MetricsHistory {
        points: open.room.points().iter().map(MetricPoint::of).collect(),
        links: super::views(&open, &open.room.links()),
        log,
        conditions: open.conditions.lock().clone(),
        comparison: compare::view(&open),
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

pub(crate) async fn counts(core: &Arc<Core>) -> Result<Vec<CountsView>, IpcError> {
    let open = core.room()?;
    Ok(open
        .room
        .link_histories()
        .iter()
        .filter_map(CountsView::of)
        .collect())
}

pub(crate) async fn set_conditions(
    core: &Arc<Core>,
    conditions: Option<ConditionsView>,
) -> Result<Option<ConditionsView>, IpcError> {
    let open = core.room()?;
    let conditions = conditions.map(ConditionsView::sanitized);
    let seed = conditions.as_ref().map_or(0, |conditions| conditions.seed);
    let network = conditions.as_ref().map(ConditionsView::conditions);
    open.room.set_conditions(network, seed.into());
    open.round_trips.forget();
    open.conditions.lock().clone_from(&conditions);
    Ok(conditions)
}

pub(crate) async fn start_comparison(core: &Arc<Core>, seconds: u32) -> Result<CompareView, IpcError> {
    compare::start(core, seconds).await
}

pub(crate) async fn stop_comparison(core: &Arc<Core>) -> Result<(), IpcError> {
    compare::stop(core, &*core.room()?);
    Ok(())
}

pub(crate) async fn export_comparison(
    core: &Arc<Core>,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    export::ask_and_write_comparison(core, format).await
}

pub(crate) async fn export_results(
    core: &Arc<Core>,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    export::ask_and_write(core, format).await
}
