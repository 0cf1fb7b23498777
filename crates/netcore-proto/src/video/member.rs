//! A member's view of the streams that are live.

use std::collections::BTreeMap;

use super::{Event, MAX_STREAMS, Notice, Request, StreamInfo};
use crate::ground::machine::MemberMachine;
use crate::ground::sink::MemberSink;
use crate::ground::{MemberId, StreamId};

/// What a member knows of the live streams.
#[derive(Debug, Default)]
pub(crate) struct Member {
    streams: BTreeMap<StreamId, StreamInfo>,
}

impl MemberMachine for Member {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_notice(
        &mut self,
        notice: Notice,
        me: Option<MemberId>,
        out: &mut impl MemberSink<Request, Event>,
    ) {
        let event = match notice {
            Notice::Published { local, stream } => self
                .keep(&stream)
                .map(|stream| Event::Published { local, stream }),
            Notice::Refused { local, refusal } => Some(Event::Refused { local, refusal }),
            Notice::Started(stream) if Some(stream.owner) == me => None,
            Notice::Started(stream) if self.streams.contains_key(&stream.id) => {
                self.keep(&stream).map(Event::Changed)
            }
            Notice::Started(stream) => self.keep(&stream).map(Event::Started),
            Notice::Changed(stream) if !self.streams.contains_key(&stream.id) => None,
            Notice::Changed(stream) => self.keep(&stream).map(Event::Changed),
            Notice::Stopped { stream } => self.streams.remove(&stream).map(Event::Stopped),
        };
        if let Some(event) = event {
            out.event(event);
        }
    }

    /// Streams do not outlive the connection: those still live are announced again after a welcome.
    fn handle_closed(&mut self, out: &mut impl MemberSink<Request, Event>) {
        for (_, stream) in std::mem::take(&mut self.streams) {
            out.event(Event::Stopped(stream));
        }
    }
}

impl Member {
    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamInfo> {
        self.streams.values()
    }

    /// Remembers a stream, if there is room.
    fn keep(&mut self, stream: &StreamInfo) -> Option<StreamInfo> {
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&stream.id) {
            return None;
        }
        self.streams.insert(stream.id, stream.clone());
        Some(stream.clone())
    }
}
