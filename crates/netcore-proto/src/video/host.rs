//! The host's catalogue of streams: it numbers them, and ends those of members that are gone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, MAX_STREAMS, MAX_STREAMS_EACH, Notice, Request, StreamDescription, StreamInfo};
use crate::ground::machine::HostMachine;
use crate::ground::sink::{HostSink, Recipients};
use crate::ground::{MemberId, Person, Refusal, RefusalCode, StreamId};

/// The host's catalogue of streams and who watches them.
#[derive(Debug, Default)]
pub(crate) struct Host {
    streams: BTreeMap<StreamId, StreamInfo>,
    watchers: BTreeSet<(StreamId, MemberId)>,
    /// The latest number given; people count from one.
    last: u32,
}

impl HostMachine for Host {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_request(
        &mut self,
        from: &Person,
        request: Request,
        _unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let from = from.id;
        match request {
            Request::Publish { local, spec } => {
                let notice = match self.publish(from, &spec, out) {
                    Ok(stream) => Notice::Published { local, stream },
                    Err(refusal) => Notice::Refused { local, refusal },
                };
                out.notice(Recipients::One(from), notice);
            }
            Request::Change { stream, spec } => {
                self.change(from, stream, &spec, out);
            }
            Request::Unpublish { stream } => self.unpublish(from, stream, out),
            Request::Watch { stream, on } => self.watch(from, stream, on, out),
        }
    }

    fn next_to_list(&self, _newcomer: MemberId, from: u64) -> Option<(u64, Notice)> {
        let from = StreamId(u32::try_from(from).ok()?);
        let (id, stream) = self.streams.range(from..).next()?;
        let notice = Notice::Started(stream.clone());
        Some((id.0.into(), notice))
    }

    /// A member's streams end with its connection, and it watches nothing.
    fn handle_detached(&mut self, member: MemberId, out: &mut impl HostSink<Notice, Event>) {
        self.watchers.retain(|(_, watcher)| *watcher != member);
        let own = self.streams.values().filter(|stream| stream.owner == member);
        for stream in own.map(|stream| stream.id).collect::<Vec<_>>() {
            self.stop(stream, out);
        }
    }
}

impl Host {
    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamInfo> {
        self.streams.values()
    }

    /// Begins a stream, a member's or the host's own.
    ///
    /// # Errors
    /// A refusal at [`MAX_STREAMS_EACH`] or [`MAX_STREAMS`], or when every number was given.
    pub(crate) fn publish(
        &mut self,
        owner: MemberId,
        spec: &StreamDescription,
        out: &mut impl HostSink<Notice, Event>,
    ) -> Result<StreamInfo, Refusal> {
        let own = self
            .streams
            .values()
            .filter(|stream| stream.owner == owner)
            .count();
        if own >= MAX_STREAMS_EACH {
            return Err(Refusal::new(
                RefusalCode::Limit,
                format!("one person publishes {MAX_STREAMS_EACH} streams at most"),
            ));
        }
        if self.streams.len() >= MAX_STREAMS {
            return Err(Refusal::new(
                RefusalCode::Limit,
                format!("{MAX_STREAMS} streams are live in this room already"),
            ));
        }
        let Some(id) = self.last.checked_add(1) else {
            return Err(Refusal::new(
                RefusalCode::Limit,
                "this room has numbered as many streams as it may: open it again",
            ));
        };
        self.last = id;
        let stream = StreamInfo {
            id: StreamId(id),
            owner,
            spec: spec.sanitized(),
        };
        self.streams.insert(stream.id, stream.clone());
        out.notice(Recipients::AllBut(owner), Notice::Started(stream.clone()));
        if owner != MemberId::HOST {
            out.event(Event::Started(stream.clone()));
        }
        Ok(stream)
    }

    pub(crate) fn change(
        &mut self,
        from: MemberId,
        stream: StreamId,
        spec: &StreamDescription,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let Some(stream) = self
            .streams
            .get_mut(&stream)
            .filter(|stream| stream.owner == from)
        else {
            return;
        };
        stream.spec = spec.sanitized();
        out.notice(Recipients::All, Notice::Changed(stream.clone()));
        out.event(Event::Changed(stream.clone()));
    }

    pub(crate) fn unpublish(
        &mut self,
        from: MemberId,
        stream: StreamId,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        if self
            .streams
            .get(&stream)
            .is_some_and(|stream| stream.owner == from)
        {
            self.stop(stream, out);
        }
    }

    fn watch(
        &mut self,
        member: MemberId,
        stream: StreamId,
        on: bool,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        if !self.streams.contains_key(&stream) {
            return;
        }
        let changed = if on {
            self.watchers.insert((stream, member))
        } else {
            self.watchers.remove(&(stream, member))
        };
        if changed {
            out.event(Event::Watching { member, stream, on });
        }
    }

    fn stop(&mut self, id: StreamId, out: &mut impl HostSink<Notice, Event>) {
        let Some(stream) = self.streams.remove(&id) else {
            return;
        };
        self.watchers.retain(|(stream, _)| *stream != id);
        out.notice(Recipients::All, Notice::Stopped { stream: id });
        out.event(Event::Stopped(stream));
    }
}
