//! What the machines of all capabilities put out, in one order.

use bytes::Bytes;

use crate::ground::sink::{HostSink, MemberSink, Recipients};
use crate::ground::{ConnId, Refusal};
use crate::io::{Event, Notice, Request};
use crate::wire::encode_control;

/// What a host's machines put out since it was last delivered.
#[derive(Debug, Default)]
pub(super) struct HostOutbox {
    pub(super) entries: Vec<HostOutput>,
}

/// One thing that a host's machines put out.
#[derive(Debug)]
pub(super) enum HostOutput {
    Notice(Recipients, Notice),
    /// To a connection that need not belong to a member.
    Answer(ConnId, Notice),
    /// The next page for a member that catches up.
    Page(ConnId),
    Close(ConnId, Option<Refusal>),
    Event(Event),
}

/// What a member's machines put out since it was last delivered.
#[derive(Debug, Default)]
pub(super) struct MemberOutbox {
    pub(super) requests: Vec<Request>,
    pub(super) events: Vec<Event>,
}

impl HostOutbox {
    pub(super) fn notice(&mut self, to: Recipients, notice: impl Into<Notice>) {
        self.entries.push(HostOutput::Notice(to, notice.into()));
    }

    pub(super) fn event(&mut self, event: impl Into<Event>) {
        self.entries.push(HostOutput::Event(event.into()));
    }
}

impl<N: Into<Notice>, E: Into<Event>> HostSink<N, E> for HostOutbox {
    fn notice(&mut self, to: Recipients, notice: N) {
        self.notice(to, notice);
    }

    fn answer(&mut self, conn: ConnId, notice: N) {
        self.entries.push(HostOutput::Answer(conn, notice.into()));
    }

    fn close(&mut self, conn: ConnId, refusal: Option<Refusal>) {
        self.entries.push(HostOutput::Close(conn, refusal));
    }

    fn event(&mut self, event: E) {
        self.event(event);
    }
}

impl<R: Into<Request>, E: Into<Event>> MemberSink<R, E> for MemberOutbox {
    fn request(&mut self, request: R) {
        self.requests.push(request.into());
    }

    fn event(&mut self, event: E) {
        self.events.push(event.into());
    }
}

/// A message as its bytes.
pub(super) fn encoded(message: &impl serde::Serialize) -> Bytes {
    // Everything we say is bounded where it is made: texts, names, lists. A test asserts it for the longest.
    encode_control(message).expect("what this side says fits a control message")
}
