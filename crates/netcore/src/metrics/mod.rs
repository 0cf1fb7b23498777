//! Once a second: every link's point and figures, for the application and for the peer at the link's other end.

pub(crate) mod link_figures;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use netcore_proto::metrics::{Figures, MAX_REPORTED, Report};
use netcore_proto::session::ClockOffset;
use netcore_proto::video::Event;
use netcore_proto::{MemberId, Node, Transport};
use parking_lot::Mutex;

use crate::clock;
use crate::event::RoomEvent;
use crate::shared::Shared;
use crate::video::Plane;
use link_figures::{Link, LinkKey, LinkPoint};

/// The most points kept for charts: ten minutes of ten links.
const MAX_POINTS: usize = 6_000;

/// What the last seconds were like.
#[derive(Debug, Default)]
pub(crate) struct Board {
    links: Mutex<Vec<Link>>,
    points: Mutex<VecDeque<LinkPoint>>,
}

impl Board {
    pub(crate) fn links(&self) -> Vec<Link> {
        self.links.lock().clone()
    }

    pub(crate) fn points(&self) -> Vec<LinkPoint> {
        self.points.lock().iter().copied().collect()
    }

    /// Ends a second.
    pub(crate) fn tick(&self, plane: &Plane, node: &mut Node, shared: &Shared) {
        let (now, at_unix_ms) = (clock::now(), clock::unix_ms());
        let mut links = Vec::new();
        let mut points = Vec::new();
        let mut reports: BTreeMap<MemberId, Report> = BTreeMap::new();
        let receive_buffer = shared.endpoint().map(|endpoint| endpoint.receive_buffer() as u32);
        for stream in plane.streams() {
            if let Some(info) = stream.tick_carried() {
                let (id, transport) = (info.id, info.spec.transport);
                tracing::info!(target: "roomwire::step", code = "stream_changed", stream = id.0, transport = %transport,
                    "stream {id} goes over {transport} from now on");
                shared.event(RoomEvent::Video(Event::Changed(info)));
            }
            for outbound in stream.hub().outbounds() {
                let (point, figures) = outbound.tick(now);
                let key = outbound.key();
                links.push(Link {
                    key,
                    figures,
                    datagram_bytes: Some(outbound.datagram_bytes()),
                    tcp: outbound
                        .tcp_info()
                        .filter(|_| figures.transport == Transport::Tcp),
                    receive_buffer,
                });
                points.push(LinkPoint {
                    key,
                    point,
                    at_unix_ms,
                });
                report_link(&mut reports, key, figures);
                report_clock(&mut reports, key, stream.hub().clock());
            }
            if let Some(inbound) = stream.inbound() {
                let (mut point, figures) = inbound.tick(now);
                let key = inbound.key();
                report_link(&mut reports, key, figures);
                // The sending end's figures are a second old at most; without them its delay is unknown.
                point.ack_p50_us = figures.ack_p50_us.filter(|_| point.frames > 0);
                point.ack_p95_us = figures.ack_p95_us.filter(|_| point.frames > 0);
                links.push(Link {
                    key,
                    figures,
                    datagram_bytes: None,
                    tcp: None,
                    receive_buffer,
                });
                points.push(LinkPoint {
                    key,
                    point,
                    at_unix_ms,
                });
            }
        }
        for (peer, report) in reports {
            node.report(peer, report);
        }
        let mut kept = self.points.lock();
        kept.extend(points.iter().copied());
        let surplus = kept.len().saturating_sub(MAX_POINTS);
        kept.drain(..surplus);
        drop(kept);
        self.links.lock().clone_from(&links);
        shared.event(RoomEvent::Metrics {
            points: Arc::new(points),
            links: Arc::new(links),
        });
    }
}

/// Notes figures for the peer at a link's other end.
fn report_link(reports: &mut BTreeMap<MemberId, Report>, key: LinkKey, figures: Figures) {
    let report = reports.entry(key.peer).or_default();
    if report.links.len() < MAX_REPORTED {
        report.links.push((key.stream, figures));
    }
}

/// Notes how a publisher's clock relates to ours for the peer that the stream goes to.
fn report_clock(reports: &mut BTreeMap<MemberId, Report>, key: LinkKey, clock: Option<ClockOffset>) {
    let report = reports.entry(key.peer).or_default();
    if report.clocks.len() < MAX_REPORTED {
        report.clocks.extend(clock.map(|clock| (key.stream, clock)));
    }
}

/// A peer reported what it measured on the links to us.
pub(crate) fn handle_report(shared: &Shared, plane: &Plane, from: MemberId, report: &Report) {
    let peer = shared.peer(from).and_then(|peer| peer.clock());
    for (stream, publisher) in &report.clocks {
        let stream = plane
            .stream(*stream)
            .filter(|stream| stream.inbound().is_some_and(|inbound| inbound.key().peer == from));
        if let (Some(stream), Some(peer)) = (stream, peer) {
            stream.hub().set_clock(peer.then(*publisher));
        }
    }
    for (stream, figures) in &report.links {
        let Some(stream) = plane.stream(*stream) else {
            continue;
        };
        if let Some(inbound) = stream.inbound().filter(|inbound| inbound.key().peer == from) {
            inbound.handle_report(*figures);
        } else if let Some(outbound) = stream.hub().outbound_to(from) {
            outbound.handle_report(figures);
        }
    }
}
