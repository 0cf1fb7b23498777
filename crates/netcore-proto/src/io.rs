//! What goes into the control plane's machines and what comes out of them.

use bytes::Bytes;

use crate::session::{Fingerprint, Refusal};
use crate::units::{ConnId, MemberId};
use crate::wire::{AttachToken, Receive, WireError};
use crate::{Time, chat, files, metrics, session, video};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What a member says to the host, one variant per capability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", content = "body", rename_all = "lowercase")]
pub enum Request {
    /// Who is here.
    Session(session::Request),
    /// What is said.
    Chat(chat::Request),
    /// What is offered.
    Files(files::Request),
    /// Which streams exist.
    Video(video::Request),
    /// What was measured.
    Metrics(metrics::Report),
}

/// What the host says to members, one variant per capability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", content = "body", rename_all = "lowercase")]
pub enum Notice {
    /// Who is here.
    Session(session::Notice),
    /// What is said.
    Chat(chat::Notice),
    /// What is offered.
    Files(files::Notice),
    /// Which streams exist.
    Video(video::Notice),
    /// What was measured.
    Metrics(metrics::Report),
}

impl Receive for Request {
    fn fit(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Session(request) => Request::Session(request.fit()?),
            Request::Chat(request) => Request::Chat(request.fit()?),
            Request::Files(request) => Request::Files(request.fit()?),
            Request::Video(request) => Request::Video(request.fit()),
            Request::Metrics(report) => Request::Metrics(report.fit()),
        })
    }
}

impl Receive for Notice {
    fn fit(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Session(notice) => Notice::Session(notice.fit()?),
            Notice::Chat(notice) => Notice::Chat(notice.fit()?),
            Notice::Files(notice) => Notice::Files(notice.fit()?),
            Notice::Video(notice) => Notice::Video(notice.fit()),
            Notice::Metrics(report) => Notice::Metrics(report.fit()),
        })
    }
}

/// What the application and the data plane learn, one variant per capability.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Who is here.
    Session(session::Event),
    /// What is said.
    Chat(chat::Event),
    /// What is offered.
    Files(files::Event),
    /// Which streams exist.
    Video(video::Event),
    /// What was measured elsewhere: by whom, and what.
    Metrics(MemberId, metrics::Report),
}

/// What the transport knows of the other end of a control connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The other end's certificate.
    pub fingerprint: Fingerprint,
    /// The other end's address.
    pub address: SocketAddr,
    /// For a host: a fresh random token, should this peer become a member.
    pub token: AttachToken,
}

/// What a machine wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send these bytes on a control connection, after all earlier ones.
    Transmit {
        /// Where.
        conn: ConnId,
        /// An encoded control message.
        bytes: Bytes,
    },
    /// Call [`Node::handle_drained`](crate::Node::handle_drained) once everything before has left on a control connection:
    /// there is more to say there.
    AwaitDrain {
        /// Which.
        conn: ConnId,
    },
    /// Close a control connection once everything before has been sent.
    Close {
        /// Which.
        conn: ConnId,
        /// Why; `None` when the other side asked for it.
        refusal: Option<Refusal>,
    },
    /// Tell the application.
    Event(Event),
}

/// When a machine wants to be called though nothing happened, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// What for.
    pub reason: DeadlineReason,
}

/// What a [`Deadline`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineReason {
    /// A new connection must say hello by then.
    Hello,
    /// Time to ask whether the other side is there.
    Ping,
    /// The other side has been silent for too long.
    Silence,
    /// A lost member's place is given up.
    Return,
    /// Fragments are missing: ask for them again.
    Retransmission,
    /// A frame's time is over.
    Expiry,
    /// A frame was not acknowledged.
    Acknowledgement,
    /// The way has room for the frame that waits.
    Room,
    /// The next of a frame's parts may leave.
    Pacing,
    /// A question about the size of datagrams is due, or its answer is.
    Probe,
    /// An address that has not answered is to be asked again.
    Challenge,
}

impl Deadline {
    /// The earlier of two deadlines that may not exist.
    pub fn earlier(a: Option<Deadline>, b: Option<Deadline>) -> Option<Deadline> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipients {
    All,
    AllBut(MemberId),
    One(MemberId),
    These(Vec<MemberId>),
}

/// Where the host's capability machines put what they want said and told.
#[derive(Debug, Default)]
pub(crate) struct HostOutbox {
    pub(crate) entries: Vec<HostOut>,
}

#[derive(Debug)]
pub(crate) enum HostOut {
    Notice(Recipients, Notice),
    /// To a connection that need not belong to a member.
    Answer(ConnId, Notice),
    /// The next page for somebody who catches up.
    Page(ConnId),
    Close(ConnId, Option<Refusal>),
    Event(Event),
}

impl HostOutbox {
    pub(crate) fn notice(&mut self, to: Recipients, notice: Notice) {
        self.entries.push(HostOut::Notice(to, notice));
    }

    pub(crate) fn answer(&mut self, conn: ConnId, notice: Notice) {
        self.entries.push(HostOut::Answer(conn, notice));
    }

    /// Tells a connection why it is refused, and closes it.
    pub(crate) fn refuse(&mut self, conn: ConnId, refusal: Refusal) {
        self.answer(conn, Notice::Session(session::Notice::Refused(refusal.clone())));
        self.entries.push(HostOut::Close(conn, Some(refusal)));
    }

    pub(crate) fn close(&mut self, conn: ConnId) {
        self.entries.push(HostOut::Close(conn, None));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.entries.push(HostOut::Event(event));
    }
}

/// Where a member's capability machines put what they want said and told.
#[derive(Debug, Default)]
pub(crate) struct MemberOutbox {
    pub(crate) requests: Vec<Request>,
    pub(crate) events: Vec<Event>,
}
