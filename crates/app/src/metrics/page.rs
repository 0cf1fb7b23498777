//! Pages with tables and charts, as the terminal's `measure --report` writes them: of a comparison, and of a session.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use media::SourceId;
use netcore::proto::metrics::{LinkMeter, SeriesPoint};
use netcore::proto::video::FrameResult;
use netcore::proto::{MemberId, StreamId, Time, Transport};
use netcore::{Address, LinkHistory, LinkKey, LinkResult, Role};
use report::{About, Measured, Measurement, Origin, OtherEnd, Setup};

use super::view::ConditionsView;
use crate::core::OpenRoom;
use crate::video::view::LiveView;

/// A comparison looks at so many peers one by one, since it remembers each frame of theirs; its sums are of all.
const MAX_METERED: usize = 8;

/// What is learnt of each link while one transport is measured.
pub(super) struct Stretch {
    stream: StreamId,
    transport: Transport,
    began: Time,
    meters: BTreeMap<MemberId, LinkMeter>,
}

impl Stretch {
    /// Begins now.
    pub(super) fn new(stream: StreamId, transport: Transport) -> Stretch {
        Stretch {
            stream,
            transport,
            began: netcore::clock::now(),
            meters: BTreeMap::new(),
        }
    }

    pub(super) fn record(&mut self, LinkResult { peer, result, .. }: &LinkResult) {
        if self.meters.len() < MAX_METERED || self.meters.contains_key(peer) {
            let meter = self.meters.entry(*peer);
            meter
                .or_insert_with(|| LinkMeter::new(self.transport))
                .record(*result);
        }
    }

    /// What each link has shown up to now; `since` is when the comparison's first stretch began.
    pub(super) fn measured(&self, open: &OpenRoom, since: Time) -> Vec<Measured> {
        let records = open.room.link_histories();
        let is_alone = self.meters.len() == 1;
        let of_link = |(&peer, meter): (&MemberId, &LinkMeter)| {
            let key = LinkKey {
                stream: self.stream,
                peer,
                outbound: true,
            };
            let summary = meter.summaries().into_iter().next()?;
            let peer_name = open.people.name(peer);
            let name = match is_alone {
                true => self.transport.to_string(),
                false => format!("{} · {peer_name}", self.transport),
            };
            let series = records.iter().find(|record| record.key == key);
            let measured = Measured::new(
                name,
                &key,
                peer_name,
                &summary,
                meter.distributions(self.transport),
            );
            Some(Measured {
                began_s: self.began.since(since).as_secs_f64(),
                series: series.map_or_else(Vec::new, |record| self.seconds(record)),
                began: self.began,
                ..finish(open, key, measured, meter.results().0.collect()).with_link(&open.room, key)
            })
        };
        self.meters.iter().filter_map(of_link).collect()
    }

    /// A link's whole seconds within the stretch.
    fn seconds(&self, record: &LinkHistory) -> Vec<SeriesPoint> {
        let is_within = |point: &&SeriesPoint| point.at - point.lasted >= self.began;
        record.series.iter().filter(is_within).copied().collect()
    }

    pub(super) fn began(&self) -> Time {
        self.began
    }
}

/// The page of a comparison.
pub(super) fn of_comparison(
    open: &OpenRoom,
    setup: Setup,
    conditions: Option<&ConditionsView>,
    trials: Vec<Measured>,
) -> Measurement {
    Measurement::new(about(open, Some(setup), conditions, &trials), trials)
}

/// The page of everything that is known of what was sent in this session; `None` when nothing was.
pub(super) fn of_session(open: &OpenRoom) -> Option<Measurement> {
    let trials = session(open);
    let conditions = open.conditions.lock().clone();
    let about = about(open, None, conditions.as_ref(), &trials);
    (!trials.is_empty()).then(|| Measurement::new(about, trials))
}

/// What the pictures of a comparison are to be.
pub(super) fn setup(live: &LiveView, seconds: u32) -> Setup {
    let spec = &live.spec;
    Setup {
        source: live.source_name.clone(),
        is_pattern: spec.source == SourceId::Pattern.to_string(),
        width: spec.width,
        height: spec.height,
        rate: (spec.rate > 0.0).then_some(spec.rate),
        full_speed: false,
        quality: spec.quality,
        adapts: !spec.is_fixed,
        seconds_each: seconds.into(),
    }
}

/// What each transport did on each link on which we send, as far back as it is known.
fn session(open: &OpenRoom) -> Vec<Measured> {
    let mut records = open.room.link_histories();
    records.retain(|record| record.key.outbound && !record.sent.is_empty());
    let began = |record: &LinkHistory| record.series.first().map(|point| point.at - point.lasted);
    let began = records.iter().filter_map(began).min().unwrap_or(Time::ZERO);
    let mut results = BTreeMap::<(StreamId, MemberId, Transport), Vec<FrameResult>>::new();
    for LinkResult { stream, peer, result } in open.room.recent_results() {
        let of_link = results.entry((stream, peer, result.transport));
        of_link.or_default().push(result);
    }
    let links = open.room.links();
    let streams: BTreeSet<StreamId> = records.iter().map(|record| record.key.stream).collect();
    let peers: BTreeSet<MemberId> = records.iter().map(|record| record.key.peer).collect();
    let mut trials = Vec::new();
    for record in records {
        let LinkKey { stream, peer, .. } = record.key;
        let in_use = links.iter().find(|link| link.key == record.key);
        for (summary, distributions) in &record.sent {
            let transport = summary.transport;
            let peer_name = open.people.name(peer);
            let mut name = transport.to_string();
            if streams.len() > 1 {
                name += &format!(" · #{stream}");
            }
            if peers.len() > 1 {
                name += &format!(" · {peer_name}");
            }
            let of_link = results.remove(&(stream, peer, transport)).unwrap_or_default();
            let measured = Measured::new(name, &record.key, peer_name, summary, distributions);
            let measured = finish(open, record.key, measured, of_link);
            // What is known of this moment only is the transport's that is in use.
            let measured = match in_use.is_some_and(|link| link.figures.transport == transport) {
                true => measured.with_link(&open.room, record.key),
                false => measured,
            };
            let series = record.series.iter();
            trials.push(Measured {
                series: series
                    .filter(|point| point.transport == transport)
                    .copied()
                    .collect(),
                began,
                ..measured
            });
        }
    }
    trials
}

/// Adds each frame of the link `key`.
fn finish(open: &OpenRoom, key: LinkKey, measured: Measured, results: Vec<FrameResult>) -> Measured {
    measured.with_frames(results, open.round_trips.least(key.peer))
}

fn about(
    open: &OpenRoom,
    setup: Option<Setup>,
    conditions: Option<&ConditionsView>,
    trials: &[Measured],
) -> About {
    let info = open.room.info();
    let peers: BTreeSet<u32> = trials.iter().map(|trial| trial.row.peer).collect();
    let (other_end, is_loopback) = match info.role {
        Role::Member => (
            OtherEnd::Named(info.address.clone()),
            is_this_computer(&info.address),
        ),
        Role::Host => {
            let people: Vec<_> = peers
                .iter()
                .filter_map(|id| open.people.get(MemberId(*id)))
                .collect();
            let other_end = match &people[..] {
                [one] => OtherEnd::Named(one.profile.name.clone()),
                more => OtherEnd::Members(more.len()),
            };
            let is_here = people.iter().all(|person| person.address.ip().is_loopback());
            (other_end, is_here && !people.is_empty())
        }
    };
    About {
        other_end,
        is_loopback,
        setup,
        network: conditions.map(ConditionsView::conditions),
        seed: conditions.map(|conditions| conditions.seed.into()),
        origin: Origin::Window,
    }
}

fn is_this_computer(address: &str) -> bool {
    let Ok(address) = address.parse::<Address>() else {
        return false;
    };
    let ip = address.host().parse::<IpAddr>();
    ip.map_or(address.host() == "localhost", |ip| ip.is_loopback())
}
