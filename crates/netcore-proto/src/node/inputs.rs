//! What happens to a node: connections, bytes and time.

use super::outbox::{HostOutbox, MemberOutbox};
use super::{Node, Role};
use crate::ground::sink::Recipients;
use crate::ground::{ConnId, Deadline, MemberId, Refusal, RefusalCode, Time};
use crate::io::{Output, Request};
use crate::session::{self, PeerInfo};
use crate::wire::ControlDecoder;

impl Node {
    /// A control connection is there: on a host a member's, on a member the one to the host.
    pub fn handle_connected(&mut self, conn: ConnId, peer: PeerInfo, now: Time) {
        match &mut self.role {
            Role::Host(host) => {
                host.decoders.insert(conn, ControlDecoder::default());
                host.session.handle_connected(conn, peer, now);
            }
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                member.conn = Some((conn, ControlDecoder::default()));
                member
                    .session
                    .handle_connected(member.machines.chat.log().last_seq(), now, &mut out);
                self.deliver_member(out);
            }
        }
    }

    /// Bytes came on a control connection.
    pub fn handle_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Time) {
        match &mut self.role {
            Role::Host(host) => {
                let Some(decoder) = host.decoders.get_mut(&conn) else {
                    return;
                };
                decoder.feed(bytes);
                host.session.handle_heard(conn, now);
                let mut out = HostOutbox::default();
                while let Some(decoder) = host.decoders.get_mut(&conn) {
                    match decoder.next_message::<Request>() {
                        Ok(Some(request)) => host.handle_request(conn, request, now, &mut out),
                        Ok(None) => break,
                        Err(error) => host.handle_bad_message(conn, &error, now, &mut out),
                    }
                    // A refusal takes the decoder away at delivery; nothing more of that connection is read.
                    host.forget_closed(&out);
                }
                self.deliver(out);
            }
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                let refusal = member.handle_bytes(conn, bytes, now, &mut out);
                self.deliver_member(out);
                if let Some(refusal) = refusal {
                    self.outputs.push_back(Output::Close {
                        conn,
                        refusal: Some(refusal),
                    });
                }
            }
        }
    }

    /// A control connection ended on its own.
    pub fn handle_closed(&mut self, conn: ConnId, now: Time) {
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostOutbox::default();
                host.handle_closed(conn, now, &mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                if member.conn.as_ref().is_some_and(|(own, _)| *own == conn) {
                    let mut out = MemberOutbox::default();
                    member.handle_closed(&mut out);
                    self.deliver_member(out);
                }
            }
        }
    }

    /// Everything that was transmitted on a control connection before [`Output::AwaitDrain`] has left.
    pub fn handle_drained(&mut self, conn: ConnId) {
        if let Role::Host(host) = &mut self.role {
            self.outputs.extend(host.next_page(conn));
        }
    }

    /// A member reads so slowly that its driver had to stop keeping bytes for it.
    pub fn handle_too_slow(&mut self, conn: ConnId, now: Time) {
        let words = "it reads too slowly to be kept up to date; what it missed waits for its return";
        self.cut_off(conn, Refusal::new(RefusalCode::TooSlow, words), now);
    }

    /// On a host: work for the peer at the other end of `conn` failed by a mistake of this program. The connection ends, and
    /// its member may come back.
    pub fn handle_fault(&mut self, conn: ConnId, now: Time) {
        let words = "a fault in the host's program ended this connection; its log says where";
        self.cut_off(conn, Refusal::new(RefusalCode::Fault, words), now);
    }

    fn cut_off(&mut self, conn: ConnId, refusal: Refusal, now: Time) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostOutbox::default();
            host.handle_closed(conn, now, &mut out);
            session::refuse(conn, refusal, &mut out);
            self.deliver(out);
        }
    }

    /// On a host: the control connection of a member that is here.
    pub fn conn_of(&self, member: MemberId) -> Option<ConnId> {
        match &self.role {
            Role::Host(host) => host.session.conns_of(&Recipients::One(member)).first().copied(),
            Role::Member(member) => member.conn.as_ref().map(|(conn, _)| *conn),
        }
    }

    /// When to call [`handle_timeout`](Node::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        match &self.role {
            Role::Host(host) => host.session.poll_timeout(),
            Role::Member(member) => member.session.poll_timeout(),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Time) {
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostOutbox::default();
                let departures = host.session.handle_timeout(now, &mut out);
                for departure in departures {
                    host.handle_departure(&departure, now, &mut out);
                }
                host.handle_detached(&mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                let is_silent = member.session.handle_timeout(now, &mut out);
                let conn = member.conn.as_ref().map(|(conn, _)| *conn);
                if is_silent {
                    member.handle_closed(&mut out);
                }
                self.deliver_member(out);
                if let Some(conn) = conn.filter(|_| is_silent) {
                    let words = format!("the host has not been heard for {}", session::SILENCE_TIMEOUT);
                    let refusal = Refusal::new(RefusalCode::Silent, words);
                    self.outputs.push_back(Output::Close {
                        conn,
                        refusal: Some(refusal),
                    });
                }
            }
        }
    }

    /// What to do next, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
