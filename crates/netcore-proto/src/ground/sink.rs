//! Where a capability's machines put what they want sent and what they report, without knowing what it is sent with.

use super::refusal::Refusal;
use super::units::{ConnId, MemberId};

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipients {
    All,
    AllBut(MemberId),
    One(MemberId),
    These(Vec<MemberId>),
}

/// What a host's machine puts out, in order: notices `N` for members and events `E` for the application.
pub(crate) trait HostSink<N, E> {
    /// Sends a notice to members.
    fn notice(&mut self, to: Recipients, notice: N);
    /// Sends a notice on one connection, which need not belong to a member.
    fn answer(&mut self, conn: ConnId, notice: N);
    /// Closes a connection once everything before has been sent.
    fn close(&mut self, conn: ConnId, refusal: Option<Refusal>);
    /// Reports to the application.
    fn event(&mut self, event: E);
}

/// What a member's machine puts out, in order: requests `R` for the host and events `E` for the application.
pub(crate) trait MemberSink<R, E> {
    /// Asks the host for something.
    fn request(&mut self, request: R);
    /// Reports to the application.
    fn event(&mut self, event: E);
}
