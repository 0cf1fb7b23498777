//! Reports between peers: what one measured goes to the other, and nothing of it is kept here.

use super::Report;
use crate::ground::machine::{HostMachine, MemberMachine};
use crate::ground::sink::{HostSink, MemberSink};
use crate::ground::{MemberId, Person};

/// What a member sends: there is only the report.
pub type Request = Report;
/// What the host sends: there is only the report.
pub type Notice = Report;

/// What was measured elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// By whom.
    pub by: MemberId,
    /// What.
    pub report: Report,
}

/// The host's side.
#[derive(Debug, Default)]
pub(crate) struct Host;

impl HostMachine for Host {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_request(
        &mut self,
        from: &Person,
        report: Request,
        _unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        out.event(Event { by: from.id, report });
    }
}

/// A member's side.
#[derive(Debug, Default)]
pub(crate) struct Member;

impl MemberMachine for Member {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_notice(
        &mut self,
        report: Notice,
        _me: Option<MemberId>,
        out: &mut impl MemberSink<Request, Event>,
    ) {
        let by = MemberId::HOST;
        out.event(Event { by, report });
    }
}
