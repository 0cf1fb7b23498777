//! What is measured.

pub(crate) mod commands;
pub(crate) mod compare;
pub(crate) mod conditions;
mod export;
mod page;
mod reasons;
pub(crate) mod round_trips;
#[cfg(test)]
mod tests;
mod trip;
pub(crate) mod view;

use netcore::{Link, LinkPoint};
use tauri::Runtime;
use tauri::plugin::{Builder, TauriPlugin};

use crate::core::{Core, OpenRoom};
use conditions::ConditionedView;
use view::{LinkView, MetricPoint, MetricsEvent, Step};

/// The capability's commands.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("metrics")
        .invoke_handler(crate::bridge::metrics::handler())
        .build()
}

/// Tells the interface what was measured in the last second.
pub(crate) fn handle(core: &Core, open: &OpenRoom, points: &[LinkPoint], links: &[Link]) {
    let points = points.iter().map(MetricPoint::of).collect();
    core.tell(
        "metrics",
        &MetricsEvent::Points {
            points,
            links: views(open, links),
            conditioned: conditioned(open),
        },
    );
}

/// Tells the interface a step that was taken.
pub(crate) fn handle_step(core: &Core, step: &netcore::steps::Step) {
    core.tell("metrics", &MetricsEvent::Step { step: Step::of(step) });
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
