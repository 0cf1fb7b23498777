//! What the interface may ask about what is measured.

use std::sync::Arc;

use super::export;
use super::view::{ExportFormat, MetricPoint, MetricsHistory, Step};
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

pub(crate) async fn export_results(
    core: &Arc<Core>,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    export::ask_and_write(core, format).await
}
