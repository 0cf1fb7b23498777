//! A member's view of the files on offer, and its own offers, which outlive a room.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, FileInfo, FileState, MAX_FILES, Notice, Offer, Request};
use crate::ground::machine::MemberMachine;
use crate::ground::sink::MemberSink;
use crate::ground::{FileId, Fingerprint, MemberId, Person};

/// What a member knows of the files on offer.
#[derive(Debug, Default)]
pub(crate) struct Member {
    files: BTreeMap<FileId, FileInfo>,
    /// What we offer, by our own numbers, for the case that the host begins anew.
    own: BTreeMap<u64, Own>,
}

/// An offer of ours.
#[derive(Debug)]
struct Own {
    offer: Offer,
    /// Whom it is for, unless it is for everybody. Numbers are a room's own, identities are not.
    to: Option<BTreeSet<Fingerprint>>,
    /// Those of them whom the present room has not offered it to yet.
    waiting: BTreeSet<Fingerprint>,
    /// Answers that the present room owes us: it gives a file no more numbers than we ask for.
    asked: usize,
    /// Its numbers in the present room.
    ids: Vec<FileId>,
}

impl MemberMachine for Member {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_notice(
        &mut self,
        notice: Notice,
        _me: Option<MemberId>,
        out: &mut impl MemberSink<Request, Event>,
    ) {
        let event = match notice {
            Notice::Accepted { local, file } => match self.own.get_mut(&local) {
                Some(own) if own.asked > 0 => {
                    own.asked = own.asked.saturating_sub(1);
                    own.ids.push(file.id);
                    let file = self.keep(file);
                    Event::Accepted { local, file }
                }
                _ => self.changed(file),
            },
            Notice::Refused { local, refusal } => {
                self.own.remove(&local);
                Event::Refused { local, refusal }
            }
            Notice::Offered(file) | Notice::Changed(file) => self.changed(file),
        };
        out.event(event);
    }

    /// The other room's files begin anew, and our own offers are made again.
    fn leave_room(&mut self, out: &mut impl MemberSink<Request, Event>) {
        self.files.clear();
        out.event(Event::Reset);
        for own in self.own.values_mut() {
            own.ids.clear();
            own.asked = 0;
            match &own.to {
                Some(to) => own.waiting.clone_from(to),
                None => own.offer_again(Vec::new(), out),
            }
        }
    }

    /// What was meant for a person in an earlier room is offered to them.
    fn handle_present(&mut self, person: &Person, out: &mut impl MemberSink<Request, Event>) {
        for own in self.own.values_mut() {
            if own.waiting.remove(&person.fingerprint) {
                own.offer_again(vec![person.id], out);
            }
        }
    }
}

impl Member {
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileInfo> {
        self.files.values()
    }

    /// We offer a file, and mean it for any room that may be at the host's address. The oldest of more than [`MAX_FILES`]
    /// offers is left to the present room.
    pub(crate) fn remember<'a>(&mut self, offer: &Offer, people: impl Iterator<Item = &'a Person>) {
        let is_receiver = |person: &&Person| offer.to.contains(&person.id);
        let receivers = || people.filter(is_receiver).map(|person| person.fingerprint);
        let own = Own {
            offer: offer.clone(),
            to: (!offer.to.is_empty()).then(|| receivers().collect()),
            waiting: BTreeSet::new(),
            asked: 1,
            ids: Vec::new(),
        };
        self.own.insert(offer.local, own);
        if self.own.len() > MAX_FILES {
            self.own.pop_first();
        }
    }

    /// A file of ours is not to be offered again.
    pub(crate) fn forget(&mut self, file: FileId) {
        self.own.retain(|_, own| !own.ids.contains(&file));
    }

    fn changed(&mut self, file: FileInfo) -> Event {
        let is_known = self.files.contains_key(&file.id);
        let file = self.keep(file);
        if matches!(file.state, FileState::Failed { .. } | FileState::Cancelled) {
            self.forget(file.id);
        }
        if is_known {
            Event::Changed(file)
        } else {
            Event::Offered(file)
        }
    }

    fn keep(&mut self, file: FileInfo) -> FileInfo {
        if self.files.len() >= MAX_FILES && !self.files.contains_key(&file.id) {
            self.files.pop_first();
        }
        self.files.insert(file.id, file.clone());
        file
    }
}

impl Own {
    /// The same offer once more, to `to`.
    fn offer_again(&mut self, to: Vec<MemberId>, out: &mut impl MemberSink<Request, Event>) {
        self.asked = self.asked.saturating_add(1);
        let offer = Offer {
            to,
            ..self.offer.clone()
        };
        out.request(Request::Offer(offer));
    }
}
