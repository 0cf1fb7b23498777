use std::collections::BTreeMap;

use super::{Event, MAX_STREAMS, Notice, StreamInfo};
use crate::io::MemberOutbox;
use crate::units::{MemberId, StreamId};

/// What a member knows of the live streams.
#[derive(Debug, Default)]
pub(crate) struct Member {
    streams: BTreeMap<StreamId, StreamInfo>,
}

impl Member {
    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamInfo> {
        self.streams.values()
    }

    /// Streams do not outlive the connection: those still live are announced again after a welcome.
    pub(crate) fn handle_closed(&mut self, out: &mut MemberOutbox) {
        for (_, stream) in std::mem::take(&mut self.streams) {
            out.events.push(crate::Event::Video(Event::Stopped(stream)));
        }
    }

    pub(crate) fn handle_notice(&mut self, notice: Notice, me: Option<MemberId>, out: &mut MemberOutbox) {
        let event = match notice {
            Notice::Published { local, stream } => {
                self.streams.insert(stream.id, stream.clone());
                Some(Event::Published { local, stream })
            }
            Notice::Refused { local, refusal } => Some(Event::Refused { local, refusal }),
            Notice::Started(stream) if Some(stream.owner) == me || self.streams.len() >= MAX_STREAMS => None,
            Notice::Started(stream) => {
                self.streams.insert(stream.id, stream.clone());
                Some(Event::Started(stream))
            }
            Notice::Changed(stream) => {
                let known = self.streams.get_mut(&stream.id);
                known.map(|known| {
                    known.clone_from(&stream);
                    Event::Changed(stream)
                })
            }
            Notice::Stopped { stream } => self.streams.remove(&stream).map(Event::Stopped),
        };
        out.events.extend(event.map(crate::Event::Video));
    }
}
