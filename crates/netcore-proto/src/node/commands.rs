//! What a person wants of a node: a host does it, a member asks its host for it.

use std::net::SocketAddr;

use super::host::HostNode;
use super::outbox::{HostOutbox, MemberOutbox};
use super::{CommandError, Node, Role};
use crate::ground::sink::Recipients;
use crate::ground::{FileId, MemberId, Profile, Refusal, RefusalCode, StreamId, Time};
use crate::io::{Output, Request};
use crate::wire::{Receive, WireError};
use crate::{chat, files, metrics, session, video};

impl Node {
    /// Says something. `local` is our own number for it, greater than all before, also across restarts. On a host the entry
    /// is final and returned; on a member it comes with the receipt, now or after the connection is back.
    ///
    /// # Errors
    /// [`CommandError::Text`] or [`CommandError::TooManyWaiting`].
    pub fn say(&mut self, local: u64, text: &str, now: Time) -> Result<Option<chat::Entry>, CommandError> {
        let text = chat::sanitized_text(text)?;
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostOutbox::default();
                let unix_ms = host.unix_ms(now);
                let me = host.session.person(MemberId::HOST).cloned();
                let me = me.expect("the host is in its own room as long as the room exists");
                let entry = host.machines.chat.say(&me, local, text, unix_ms, &mut out);
                self.deliver(out);
                Ok(Some(entry))
            }
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                if !member
                    .machines
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

    /// Changes our own profile.
    pub fn set_profile(&mut self, profile: &Profile) {
        match &mut self.role {
            Role::Host(host) => {
                let mut out = HostOutbox::default();
                host.session.set_profile(MemberId::HOST, profile, &mut out);
                self.deliver(out);
            }
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                member.session.set_profile(profile, &mut out);
                self.deliver_member(out);
            }
        }
    }

    /// On a host: it is reached at another address from now on, which everybody sees. A member's address is what the host sees.
    pub fn set_host_address(&mut self, address: SocketAddr) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostOutbox::default();
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
        let offer = offer.sanitized().map_err(|error| out_of_range(&error))?;
        let local = offer.local;
        if let Role::Member(member) = &mut self.role
            && member.session.is_welcomed()
        {
            member.machines.files.remember(&offer, member.session.people());
        }
        self.ask(
            Request::Files(files::Request::Offer(offer.clone())),
            |host, out| {
                let unix_ms = host.unix_ms(now);
                let me = host.session.person(MemberId::HOST).cloned();
                let me = me.expect("the host is in its own room as long as the room exists");
                let event = match host.machines.files.offer(&me, offer, unix_ms, out) {
                    Ok(file) => files::Event::Accepted { local, file },
                    Err(refusal) => files::Event::Refused { local, refusal },
                };
                out.event(event);
            },
        )
    }

    /// Takes a file back; a host may take back any member's.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn cancel_file(&mut self, file: FileId) -> Result<(), CommandError> {
        if let Role::Member(member) = &mut self.role {
            // Whatever becomes of the request, the file is not to be offered again.
            member.machines.files.forget(file);
        }
        self.ask(Request::Files(files::Request::Cancel { file }), |host, out| {
            host.machines.files.cancel(file, out);
        })
    }

    /// We have a file whole and checked.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn file_received(&mut self, file: FileId) -> Result<(), CommandError> {
        let request = Request::Files(files::Request::Received { file });
        self.ask(request, |host, out| {
            host.machines.files.received(file, MemberId::HOST, out);
        })
    }

    /// On a host: the data plane has stored a file.
    pub fn file_stored(&mut self, file: FileId, hash: files::FileHash) {
        self.as_host(|host, out| host.machines.files.stored(file, hash, out));
    }

    /// On a host: the data plane could not get or keep a file.
    pub fn file_failed(&mut self, file: FileId, why: String) {
        self.as_host(|host, out| host.machines.files.failed(file, why, out));
    }

    /// Begins a stream. The answer is [`video::Event::Published`] or [`video::Event::Refused`] with our number.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn publish(&mut self, local: u64, spec: &video::StreamDescription) -> Result<(), CommandError> {
        self.ask(
            Request::Video(video::Request::Publish {
                local,
                spec: spec.clone(),
            }),
            |host, out| {
                let event = match host.machines.video.publish(MemberId::HOST, spec, out) {
                    Ok(stream) => video::Event::Published { local, stream },
                    Err(refusal) => video::Event::Refused { local, refusal },
                };
                out.event(event);
            },
        )
    }

    /// Our stream is different from now on.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`].
    pub fn change_stream(
        &mut self,
        stream: StreamId,
        spec: &video::StreamDescription,
    ) -> Result<(), CommandError> {
        self.ask(
            Request::Video(video::Request::Change {
                stream,
                spec: spec.clone(),
            }),
            |host, out| {
                host.machines.video.change(MemberId::HOST, stream, spec, out);
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
                host.machines.video.unpublish(MemberId::HOST, stream, out);
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

    /// Reports to a peer what we measured on the links to it.
    pub fn report(&mut self, to: MemberId, report: metrics::Report) {
        match &mut self.role {
            Role::Host(_) => {
                self.as_host(|_, out| out.notice(Recipients::One(to), report.clamped()));
            }
            Role::Member(_) => {
                // Without a connection the report is dropped: the next second has fresh figures.
                let _ = self.ask(Request::Metrics(report), |_, _| {});
            }
        }
    }

    /// Leaves the room, or closes it: every connection gets its goodbye.
    pub fn leave(&mut self) {
        match &mut self.role {
            Role::Host(_) => self.as_host(|host, out| host.session.close(out)),
            Role::Member(member) => {
                let mut out = MemberOutbox::default();
                out.requests.push(Request::Session(session::Request::Leave));
                let conn = member.conn.as_ref().map(|(conn, _)| *conn);
                self.deliver_member(out);
                if let Some(conn) = conn {
                    self.outputs.push_back(Output::Close { conn, refusal: None });
                }
            }
        }
    }

    /// Asks the host, or does it when we are the host. A host that reads what is out of its range ends the connection, so our
    /// own wishes are held to the same ranges first.
    fn ask(
        &mut self,
        request: Request,
        own: impl FnOnce(&mut HostNode, &mut HostOutbox),
    ) -> Result<(), CommandError> {
        match &mut self.role {
            Role::Host(_) => self.as_host(own),
            Role::Member(member) if member.session.is_welcomed() => {
                let request = request.sanitized().map_err(|error| out_of_range(&error))?;
                self.deliver_member(MemberOutbox {
                    requests: vec![request],
                    events: Vec::new(),
                });
            }
            Role::Member(_) => return Err(CommandError::NotConnected),
        }
        Ok(())
    }

    fn as_host(&mut self, act: impl FnOnce(&mut HostNode, &mut HostOutbox)) {
        if let Role::Host(host) = &mut self.role {
            let mut out = HostOutbox::default();
            act(host, &mut out);
            self.deliver(out);
        }
    }
}

fn out_of_range(error: &WireError) -> CommandError {
    CommandError::Refused(Refusal::new(RefusalCode::Limit, error.to_string()))
}
