//! The control plane of one computer in one room. It routes each input to one machine and merges what comes out; the rules
//! are the machines' own.

mod catch_up;
mod host;
mod member;
mod outbox;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;

use crate::ground::outbox::Recipients;
use crate::ground::{
    ConnId, Deadline, FileId, Fingerprint, MemberId, Person, Profile, Refusal, RefusalCode, StreamId, Time,
};
use crate::io::{Event, Notice, Output, Request};
use crate::session::Peer;
use crate::wire::{ControlDecoder, encode_control};
use crate::{chat, files, metrics, session, video};
use host::HostNode;
use member::MemberNode;
use outbox::{HostOut, HostQueue, MemberQueue};

/// What a host must know to open a room.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The room's name.
    pub room_name: String,
    /// A random number that no other room has.
    pub room: u64,
    /// The host's own profile.
    pub profile: Profile,
    /// The host's certificate.
    pub identity: Fingerprint,
    /// The address the host shows as its own.
    pub address: SocketAddr,
    /// The calendar's milliseconds since 1970 at [`Time::ZERO`], until [`Node::set_epoch`] says otherwise.
    pub epoch_unix_ms: u64,
}

/// Why something cannot be said or offered right now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The text itself.
    #[error(transparent)]
    Text(#[from] chat::TextError),
    /// Too much waits for the connection to come back.
    #[error("1,000 messages, or 3 MiB of them, already wait to be received: wait until they are")]
    TooManyWaiting,
    /// A limit of the room.
    #[error("{0}")]
    Refused(Refusal),
    /// There is no connection to the host right now.
    #[error("there is no connection to the host right now")]
    NotConnected,
}

/// A host or a member of a room: see the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Node {
    role: Role,
    outputs: VecDeque<Output>,
}

// One node exists per room, so the size of its larger role costs nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Role {
    Host(HostNode),
    Member(MemberNode),
}

impl Node {
    /// Opens a room.
    pub fn host(config: HostConfig, now: Time) -> Node {
        let HostConfig {
            room_name,
            room,
            profile,
            identity,
            address,
            epoch_unix_ms,
        } = config;
        let mut host = HostNode {
            epoch_unix_ms,
            decoders: BTreeMap::new(),
            catching_up: BTreeMap::new(),
            session: session::Host::new(room_name, room, &profile, identity, address),
            chat: chat::Host::default(),
            files: files::Host::default(),
            video: video::Host::default(),
        };
        let mut out = HostQueue::default();
        host.note(MemberId::HOST, chat::Body::Opened, now, &mut out);
        let mut node = Node {
            role: Role::Host(host),
            outputs: VecDeque::new(),
        };
        node.deliver(out);
        node
    }

    /// Somebody who will join a room.
    pub fn member(profile: &Profile) -> Node {
        let member = MemberNode {
            conn: None,
            session: session::Member::new(profile),
            chat: chat::Member::default(),
            files: files::Member::default(),
            video: video::Member::default(),
        };
        Node {
            role: Role::Member(member),
            outputs: VecDeque::new(),
        }
    }

    /// Our number in the room; a member has none before its first welcome.
    pub fn me(&self) -> Option<MemberId> {
        match &self.role {
            Role::Host(_) => Some(MemberId::HOST),
            Role::Member(member) => member.session.me(),
        }
    }

    /// The room's name; a member knows none before its first welcome.
    pub fn room_name(&self) -> Option<&str> {
        match &self.role {
            Role::Host(host) => Some(host.session.room_name()),
            Role::Member(member) => member.session.room_name(),
        }
    }

    /// Whether we know everything that was there when we came; a host always does.
    pub fn is_up_to_date(&self) -> bool {
        match &self.role {
            Role::Host(_) => true,
            Role::Member(member) => member.session.is_up_to_date(),
        }
    }

    /// Who is here.
    pub fn people(&self) -> Vec<&Person> {
        match &self.role {
            Role::Host(host) => host.session.people().collect(),
            Role::Member(member) => member.session.people().collect(),
        }
    }

    /// What was said.
    pub fn chat(&self) -> &chat::Log {
        match &self.role {
            Role::Host(host) => host.chat.log(),
            Role::Member(member) => member.chat.log(),
        }
    }

    /// What is on offer; a host knows also of files that are not for it.
    pub fn files(&self) -> Vec<&files::FileInfo> {
        match &self.role {
            Role::Host(host) => host.files.files().collect(),
            Role::Member(member) => member.files.files().collect(),
        }
    }

    /// Which streams are live.
    pub fn streams(&self) -> Vec<&video::StreamInfo> {
        match &self.role {
            Role::Host(host) => host.video.streams().collect(),
            Role::Member(member) => member.video.streams().collect(),
        }
    }

    /// The calendar was set, or the computer slept: what happens from now on is stamped by a calendar that showed these
    /// milliseconds since 1970 at [`Time::ZERO`]. The room's order stays that of its numbers. A member stamps nothing.
    pub fn set_epoch(&mut self, epoch_unix_ms: u64) {
        if let Role::Host(host) = &mut self.role {
            host.epoch_unix_ms = epoch_unix_ms;
        }
    }

    /// A control connection is there: on a host somebody's, on a member the one to the host.
    pub fn handle_connected(&mut self, conn: ConnId, peer: Peer, now: Time) {
        match &mut self.role {
            Role::Host(host) => {
                host.decoders.insert(conn, ControlDecoder::default());
                host.session.handle_connected(conn, peer, now);
            }
            Role::Member(member) => {
                let mut out = MemberQueue::default();
                member.conn = Some((conn, ControlDecoder::default()));
                member
                    .session
                    .handle_connected(member.chat.log().last_seq(), now, &mut out);
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
                let mut out = HostQueue::default();
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
                let mut out = MemberQueue::default();
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
                let mut out = HostQueue::default();
                host.handle_closed(conn, now, &mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                if member.conn.as_ref().is_some_and(|(own, _)| *own == conn) {
                    let mut out = MemberQueue::default();
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

    /// On a host: work for whoever is at the other end of `conn` failed by a mistake of this program. The connection ends, and
    /// its member may come back.
    pub fn handle_fault(&mut self, conn: ConnId, now: Time) {
        let words = "a fault in the host's program ended this connection; its log says where";
        self.cut_off(conn, Refusal::new(RefusalCode::Fault, words), now);
    }

    fn cut_off(&mut self, conn: ConnId, refusal: Refusal, now: Time) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostQueue::default();
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
                let mut out = HostQueue::default();
                let departures = host.session.handle_timeout(now, &mut out);
                for departure in departures {
                    host.handle_departure(&departure, now, &mut out);
                }
                host.handle_detached(&mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                let mut out = MemberQueue::default();
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

    /// Says something. `local` is our own number for it, greater than all before, also across restarts. On a host the entry
    /// is final and returned; on a member it comes with the receipt, now or after the connection is back.
    ///
    /// # Errors
    /// [`CommandError::Text`] or [`CommandError::TooManyWaiting`].
    pub fn say(&mut self, local: u64, text: &str, now: Time) -> Result<Option<chat::Entry>, CommandError> {
        let text = chat::tidy_text(text)?;
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostQueue::default();
                let unix_ms = host.unix_ms(now);
                let me = host.session.person(MemberId::HOST).cloned();
                let me = me.expect("the host is in its own room as long as the room exists");
                let entry = host.chat.say(&me, local, text, unix_ms, &mut out);
                self.deliver(out);
                Ok(Some(entry))
            }
            Role::Member(member) => {
                let mut out = MemberQueue::default();
                if !member
                    .chat
                    .say(local, text, member.session.is_welcomed(), &mut out)
                {
                    return Err(CommandError::TooManyWaiting);
                }
                self.deliver_member(out);
                Ok(None)
            }
        }
    }

    /// Changes what we tell about ourselves.
    pub fn set_profile(&mut self, profile: &Profile) {
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostQueue::default();
                host.session.set_profile(MemberId::HOST, profile, &mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                let mut out = MemberQueue::default();
                member.session.set_profile(profile, &mut out);
                self.deliver_member(out);
            }
        }
    }

    /// On a host: it is reached at another address from now on, which everybody sees. A member's address is what the host sees.
    pub fn set_host_address(&mut self, address: SocketAddr) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostQueue::default();
            host.session.set_address(address, &mut out);
            self.deliver(out);
        }
    }

    /// Offers a file. The answer is [`files::Event::Accepted`] or [`files::Event::Refused`] with our number. Should the host
    /// begin anew, a member offers it again by itself, and is answered with the same number.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`]: an offer does not wait. [`CommandError::Refused`]: the file is larger than
    /// [`MAX_EXACT`](crate::wire::MAX_EXACT) bytes.
    pub fn offer(&mut self, offer: files::Offer, now: Time) -> Result<(), CommandError> {
        // A peer that reads what is out of its range ends the connection, so it is refused here.
        let offer = offer
            .fit()
            .map_err(|error| CommandError::Refused(Refusal::new(RefusalCode::Limit, error.to_string())))?;
        let local = offer.local;
        if let Role::Member(member) = &mut self.role
            && member.session.is_welcomed()
        {
            member.files.remember(&offer, member.session.people());
        }
        self.ask(
            Request::Files(files::Request::Offer(offer.clone())),
            |host, out| {
                let unix_ms = host.unix_ms(now);
                let me = host.session.person(MemberId::HOST).cloned();
                let me = me.expect("the host is in its own room as long as the room exists");
                let event = match host.files.offer(&me, offer, unix_ms, out) {
                    Ok(file) => files::Event::Accepted { local, file },
                    Err(refusal) => files::Event::Refused { local, refusal },
                };
                out.event(Event::Files(event));
            },
        )
    }

    /// Takes a file back; a host may take back anybody's.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn cancel_file(&mut self, file: FileId) -> Result<(), CommandError> {
        if let Role::Member(member) = &mut self.role {
            // Whatever becomes of the request, the file is not to be offered again.
            member.files.forget(file);
        }
        self.ask(Request::Files(files::Request::Cancel { file }), |host, out| {
            host.files.cancel(file, out);
        })
    }

    /// We have a file whole and checked.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn file_received(&mut self, file: FileId) -> Result<(), CommandError> {
        let request = Request::Files(files::Request::Received { file });
        self.ask(request, |host, out| {
            host.files.received(file, MemberId::HOST, out);
        })
    }

    /// On a host: the data plane has stored a file.
    pub fn file_stored(&mut self, file: FileId, hash: files::FileHash) {
        self.as_host(|host, out| host.files.stored(file, hash, out));
    }

    /// On a host: the data plane could not get or keep a file.
    pub fn file_failed(&mut self, file: FileId, why: String) {
        self.as_host(|host, out| host.files.failed(file, why, out));
    }

    /// Begins a stream. The answer is [`video::Event::Published`] or [`video::Event::Refused`] with our number.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn publish(&mut self, local: u64, spec: &video::StreamSpec) -> Result<(), CommandError> {
        self.ask(
            Request::Video(video::Request::Publish {
                local,
                spec: spec.clone(),
            }),
            |host, out| {
                let event = match host.video.publish(MemberId::HOST, spec, out) {
                    Ok(stream) => video::Event::Published { local, stream },
                    Err(refusal) => video::Event::Refused { local, refusal },
                };
                out.event(Event::Video(event));
            },
        )
    }

    /// Our stream is different from now on.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn change_stream(&mut self, stream: StreamId, spec: &video::StreamSpec) -> Result<(), CommandError> {
        self.ask(
            Request::Video(video::Request::Change {
                stream,
                spec: spec.clone(),
            }),
            |host, out| {
                host.video.change(MemberId::HOST, stream, spec, out);
            },
        )
    }

    /// Our stream is over.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`]: then it is over anyway.
    pub fn unpublish(&mut self, stream: StreamId) -> Result<(), CommandError> {
        self.ask(
            Request::Video(video::Request::Unpublish { stream }),
            |host, out| {
                host.video.unpublish(MemberId::HOST, stream, out);
            },
        )
    }

    /// On a member: we want a stream's frames, or no longer. A host has every stream's frames anyway.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn watch(&mut self, stream: StreamId, on: bool) -> Result<(), CommandError> {
        self.ask(Request::Video(video::Request::Watch { stream, on }), |_, _| {})
    }

    /// Tells a neighbour what we measured on the links to it.
    pub fn report(&mut self, to: MemberId, report: metrics::Report) {
        match &mut self.role {
            Role::Host(_) => self.as_host(|_, out| out.notice(Recipients::One(to), Notice::Metrics(report))),
            Role::Member(_) => {
                // Without a connection there is nobody to tell, and the next second has fresh figures.
                let _ = self.ask(Request::Metrics(report), |_, _| {});
            }
        }
    }

    /// Leaves the room, or closes it: every connection gets its goodbye.
    pub fn leave(&mut self) {
        match &mut self.role {
            Role::Host(_) => self.as_host(|host, out| host.session.close(out)),
            Role::Member(member) => {
                let mut out = MemberQueue::default();
                out.requests.push(Request::Session(session::Request::Leave));
                let conn = member.conn.as_ref().map(|(conn, _)| *conn);
                self.deliver_member(out);
                if let Some(conn) = conn {
                    self.outputs.push_back(Output::Close { conn, refusal: None });
                }
            }
        }
    }

    /// Asks the host, or does it when we are the host.
    fn ask(
        &mut self,
        request: Request,
        own: impl FnOnce(&mut HostNode, &mut HostQueue),
    ) -> Result<(), CommandError> {
        match &mut self.role {
            Role::Host(_) => self.as_host(own),
            Role::Member(member) if member.session.is_welcomed() => {
                self.deliver_member(MemberQueue {
                    requests: vec![request],
                    events: Vec::new(),
                });
            }
            Role::Member(_) => return Err(CommandError::NotConnected),
        }
        Ok(())
    }

    fn as_host(&mut self, act: impl FnOnce(&mut HostNode, &mut HostQueue)) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostQueue::default();
            act(host, &mut out);
            self.deliver(out);
        }
    }

    fn deliver(&mut self, out: HostQueue) {
        let Role::Host(host) = &mut self.role else { return };
        for entry in out.entries {
            match entry {
                HostOut::Notice(to, notice) => {
                    let mut conns = host.session.conns_of(&to);
                    conns.retain(|conn| !host.waits_for_its_page(*conn, &notice));
                    if conns.is_empty() {
                        continue;
                    }
                    let bytes = encoded(&notice);
                    let transmits = conns.into_iter().map(|conn| Output::Transmit {
                        conn,
                        bytes: bytes.clone(),
                    });
                    self.outputs.extend(transmits);
                }
                HostOut::Answer(conn, notice) => {
                    self.outputs.push_back(Output::Transmit {
                        conn,
                        bytes: encoded(&notice),
                    });
                }
                HostOut::Page(conn) => self.outputs.extend(host.next_page(conn)),
                HostOut::Close(conn, refusal) => {
                    host.forget(conn);
                    self.outputs.push_back(Output::Close { conn, refusal });
                }
                HostOut::Event(event) => self.outputs.push_back(Output::Event(event)),
            }
        }
    }

    fn deliver_member(&mut self, out: MemberQueue) {
        let Role::Member(member) = &self.role else { return };
        if let Some((conn, _)) = &member.conn {
            let transmits = out.requests.iter().map(|request| Output::Transmit {
                conn: *conn,
                bytes: encoded(request),
            });
            self.outputs.extend(transmits);
        }
        self.outputs.extend(out.events.into_iter().map(Output::Event));
    }
}

fn encoded(message: &impl serde::Serialize) -> Bytes {
    // Everything we say is bounded where it is made: texts, names, lists. A test asserts it for the longest.
    encode_control(message).expect("what this side says fits a control message")
}

#[cfg(test)]
mod tests;
