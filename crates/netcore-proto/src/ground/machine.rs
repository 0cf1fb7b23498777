//! What a node asks of each capability's machines: what to do at the moments that concern it.

use super::sink::{HostSink, MemberSink};
use super::{MemberId, Person};

/// A capability on the host.
pub(crate) trait HostMachine {
    /// What members ask.
    type Request;
    /// What members are notified of.
    type Notice;
    /// What the application learns.
    type Event;

    /// A member asks for something, at this time of the host's calendar.
    fn handle_request(
        &mut self,
        from: &Person,
        request: Self::Request,
        unix_ms: u64,
        out: &mut impl HostSink<Self::Notice, Self::Event>,
    );

    /// A member's connection is gone, or a newer one has taken its place.
    fn handle_detached(&mut self, _member: MemberId, _out: &mut impl HostSink<Self::Notice, Self::Event>) {}

    /// A member has left for good.
    fn handle_departure(&mut self, _member: MemberId, _out: &mut impl HostSink<Self::Notice, Self::Event>) {}

    /// From which number on a newcomer is sent what there is. `last_seq` is the last entry of the log that it has.
    fn first_to_list(&self, _newcomer: MemberId, _last_seq: u64) -> u64 {
        0
    }

    /// For a newcomer's page: the first thing from number `from` on that it may see, and its number.
    fn next_to_list(&self, _newcomer: MemberId, _from: u64) -> Option<(u64, Self::Notice)> {
        None
    }
}

/// A capability on a member.
pub(crate) trait MemberMachine {
    /// What the host is asked.
    type Request;
    /// What the host notifies of.
    type Notice;
    /// What the application learns.
    type Event;

    /// The host notifies of something. `me` is our own number.
    fn handle_notice(
        &mut self,
        notice: Self::Notice,
        me: Option<MemberId>,
        out: &mut impl MemberSink<Self::Request, Self::Event>,
    );

    /// The room on the host is another one now.
    fn leave_room(&mut self, _out: &mut impl MemberSink<Self::Request, Self::Event>) {}

    /// We are in (again).
    fn handle_welcome(&mut self, _out: &mut impl MemberSink<Self::Request, Self::Event>) {}

    /// A person is here, or is here with other words about themselves.
    fn handle_present(&mut self, _person: &Person, _out: &mut impl MemberSink<Self::Request, Self::Event>) {}

    /// The connection is gone.
    fn handle_closed(&mut self, _out: &mut impl MemberSink<Self::Request, Self::Event>) {}
}
