//! What the machines of all capabilities put out, in one order.

use bytes::Bytes;

use crate::ground::outbox::{HostOutbox, MemberOutbox, Recipients};
use crate::ground::{ConnId, Refusal};
use crate::io::{Event, Notice, Request};
use crate::wire::encode_control;
use crate::{chat, files, session, video};

/// What a host's machines put out since it was last delivered.
#[derive(Debug, Default)]
pub(super) struct HostQueue {
    pub(super) entries: Vec<HostOut>,
}

/// One thing that a host's machines put out.
#[derive(Debug)]
pub(super) enum HostOut {
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
pub(super) struct MemberQueue {
    pub(super) requests: Vec<Request>,
    pub(super) events: Vec<Event>,
}

impl HostQueue {
    pub(super) fn notice(&mut self, to: Recipients, notice: Notice) {
        self.entries.push(HostOut::Notice(to, notice));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.entries.push(HostOut::Event(event));
    }
}

macro_rules! capabilities {
    ($($variant:ident by $module:ident),*) => {$(
        impl HostOutbox<$module::Notice, $module::Event> for HostQueue {
            fn notice(&mut self, to: Recipients, notice: $module::Notice) {
                self.entries.push(HostOut::Notice(to, Notice::$variant(notice)));
            }

            fn answer(&mut self, conn: ConnId, notice: $module::Notice) {
                self.entries.push(HostOut::Answer(conn, Notice::$variant(notice)));
            }

            fn close(&mut self, conn: ConnId, refusal: Option<Refusal>) {
                self.entries.push(HostOut::Close(conn, refusal));
            }

            fn event(&mut self, event: $module::Event) {
                self.entries.push(HostOut::Event(Event::$variant(event)));
            }
        }

        impl MemberOutbox<$module::Request, $module::Event> for MemberQueue {
            fn request(&mut self, request: $module::Request) {
                self.requests.push(Request::$variant(request));
            }

            fn event(&mut self, event: $module::Event) {
                self.events.push(Event::$variant(event));
            }
        }
    )*};
}

capabilities!(Session by session, Chat by chat, Files by files, Video by video);

/// A message as its bytes.
pub(super) fn encoded(message: &impl serde::Serialize) -> Bytes {
    // Everything we say is bounded where it is made: texts, names, lists. A test asserts it for the longest.
    encode_control(message).expect("what this side says fits a control message")
}
