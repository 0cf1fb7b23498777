//! What was measured in a room: figures of now, results as they come, and everything since the beginning.

use netcore_proto::StreamId;
use netcore_proto::metrics::{FrameTrip, TransportSummary, TripSummary};
use tokio::sync::broadcast;

use super::Room;
use crate::metrics::link_figures::{Link, LinkHistory, LinkKey, LinkPoint, LinkResult};

/// Frames whose trip is shown: ten seconds at 60 frames a second.
const SHOWN_TRIPS: usize = 600;

impl Room {
    /// Every link's figures, as of the last second.
    pub fn links(&self) -> Vec<Link> {
        self.inner.board.links()
    }

    /// What happened on every link, second by second, for about the last ten minutes.
    pub fn points(&self) -> Vec<LinkPoint> {
        self.inner.board.points()
    }

    /// What becomes of each frame from now on, on our outbound links.
    pub fn results(&self) -> broadcast::Receiver<LinkResult> {
        self.inner.shared.results.subscribe()
    }

    /// What became of the frames on our outbound links, those lately ended included, as far as it is kept.
    pub fn recent_results(&self) -> Vec<LinkResult> {
        let outbounds = self.inner.video.outbounds().into_iter();
        let results = outbounds.flat_map(|outbound| {
            let LinkKey { stream, peer, .. } = outbound.key();
            outbound
                .recent_results()
                .into_iter()
                .map(move |result| LinkResult { stream, peer, result })
        });
        results.collect()
    }

    /// The trips of a stream's latest frames from the camera to this computer's screen, oldest first, and its medians; nothing
    /// when there is no such stream.
    pub fn view_trips(&self, stream: StreamId) -> (Vec<FrameTrip>, TripSummary) {
        let stream = self.inner.video.stream(stream);
        stream.map(|stream| stream.hub().view_trips()).unwrap_or_default()
    }

    /// The trips of the latest frames on a link on which we send, oldest first, and its medians; nothing when there is no such
    /// link.
    pub fn link_trips(&self, key: LinkKey) -> (Vec<FrameTrip>, TripSummary) {
        let shared = &self.inner.shared;
        let receiver = shared.peer(key.peer).and_then(|peer| peer.clock());
        let stream = self.inner.video.stream(key.stream);
        let outbound = stream
            .as_ref()
            .and_then(|stream| stream.hub().outbound_to(key.peer));
        let (Some(stream), Some(outbound)) = (stream, outbound) else {
            return Default::default();
        };
        let trips: Vec<FrameTrip> = outbound
            .latest_results(SHOWN_TRIPS)
            .iter()
            .map(|result| FrameTrip::sent(result, stream.hub().clock(), receiver))
            .collect();
        let summary = TripSummary::of(trips.iter());
        (trips, summary)
    }

    /// Everything that was measured of every link since it began: the sending ones lately ended, those of now.
    pub fn link_histories(&self) -> Vec<LinkHistory> {
        let video = &self.inner.video;
        let sending = video.outbounds().into_iter().map(|outbound| outbound.history());
        let streams = video.streams().into_iter();
        let receiving = streams.filter_map(|stream| Some(stream.inbound()?.history()));
        sending.chain(receiving).collect()
    }

    /// What each transport has done on each of our outbound links, those lately ended included.
    pub fn summaries(&self) -> Vec<(LinkKey, Vec<TransportSummary>)> {
        let outbounds = self.inner.video.outbounds().into_iter();
        outbounds
            .map(|outbound| (outbound.key(), outbound.summaries()))
            .collect()
    }
}
