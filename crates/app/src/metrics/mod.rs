//! What is measured.

pub(crate) mod commands;
pub(crate) mod compare;
pub(crate) mod conditions;
mod export;
pub mod formats;
mod page;
mod reasons;
pub(crate) mod round_trips;
#[cfg(test)]
mod tests;
mod trip;
pub mod view;

use std::sync::Arc;

use netcore::{Link, LinkPoint};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::core::{Core, OpenRoom};
use conditions::ConditionedView;
use view::{LinkView, LogEntryView, MetricPoint, MetricsEvent};

/// Notifies the face what was measured in the last second.
pub(crate) fn handle(core: &Core, open: &OpenRoom, points: &[LinkPoint], links: &[Link]) {
    let points = points.iter().map(MetricPoint::of).collect();
    core.notify(MetricsEvent::Points {
        points,
        links: views(open, links),
        conditioned: conditioned(open),
    });
}

/// Notifies the face of every entry of the event log as it is written, until there is no log any more.
pub async fn follow_log(core: Arc<Core>, mut coming: Receiver<netcore::event_log::LogEntry>) {
    loop {
        match coming.recv().await {
            Ok(entry) => core.notify(MetricsEvent::Logged {
                entry: LogEntryView::of(&entry),
            }),
            // The log file has what was left out here.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What became of packets, while the network is made worse on purpose.
fn conditioned(open: &OpenRoom) -> Option<ConditionedView> {
    let (_, counts) = open.room.conditions()?;
    Some(ConditionedView::of(&counts))
}

fn views(open: &OpenRoom, links: &[Link]) -> Vec<LinkView> {
    let view = |link: &Link| {
        let seen = (!link.key.outbound).then(|| open.room.view_trips(link.key.stream).1);
        LinkView::of(link, open.people.name(link.key.peer), &seen.unwrap_or_default())
    };
    links.iter().map(view).collect()
}
