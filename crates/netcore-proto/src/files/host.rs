//! The host's catalogue of files: it numbers offers, and decides which states follow each other.

use std::collections::BTreeMap;

use super::{Event, FileHash, FileInfo, FileState, MAX_FILES, MAX_RECEIVERS, Notice, Offer, Request};
use crate::ground::machine::HostMachine;
use crate::ground::sink::{HostSink, Recipients};
use crate::ground::{FileId, MemberId, Person, Refusal, RefusalCode};

/// The most encoded bytes of files that a newcomer is sent; the oldest beyond that are left out until they change. A thousand
/// ordinary files take a tenth of it.
const MAX_LISTED_BYTES: usize = 4 * 1024 * 1024;

/// The host's catalogue of files.
#[derive(Debug, Default)]
pub(crate) struct Host {
    files: BTreeMap<FileId, FileInfo>,
    /// The latest number given; people count from one.
    last: u32,
}

impl HostMachine for Host {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_request(
        &mut self,
        from: &Person,
        request: Request,
        unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        match request {
            Request::Offer(offer) => {
                let local = offer.local;
                let notice = match self.offer(from, offer, unix_ms, out) {
                    Ok(file) => Notice::Accepted { local, file },
                    Err(refusal) => Notice::Refused { local, refusal },
                };
                out.notice(Recipients::One(from.id), notice);
            }
            Request::Cancel { file } => {
                if self.files.get(&file).is_some_and(|file| file.owner == from.id) {
                    self.set_state(file, FileState::Cancelled, out);
                }
            }
            Request::Received { file } => self.received(file, from.id, out),
        }
    }

    /// As many of the latest files are sent as [`MAX_LISTED_BYTES`] hold.
    fn first_to_list(&self, newcomer: MemberId, _last_seq: u64) -> u64 {
        let mut bytes = 0_usize;
        let fits = |file: &&FileInfo| {
            bytes = bytes.saturating_add(file.most_bytes());
            bytes <= MAX_LISTED_BYTES
        };
        let visible = self.files.values().rev().filter(|file| file.is_for(newcomer));
        let oldest = visible.take_while(fits).last();
        oldest.map_or(u64::MAX, |file| file.id.0.into())
    }

    fn next_to_list(&self, newcomer: MemberId, from: u64) -> Option<(u64, Notice)> {
        let from = FileId(u32::try_from(from).ok()?);
        let mut files = self.files.range(from..);
        let (id, file) = files.find(|(_, file)| file.is_for(newcomer))?;
        let notice = Notice::Offered(file.clone());
        Some((id.0.into(), notice))
    }

    /// What an owner who has left for good had not finished sending will never be whole.
    fn handle_departure(&mut self, member: MemberId, out: &mut impl HostSink<Notice, Event>) {
        let unfinished = |file: &&FileInfo| file.owner == member && file.state == FileState::Uploading;
        let ids: Vec<FileId> = self
            .files
            .values()
            .filter(unfinished)
            .map(|file| file.id)
            .collect();
        for id in ids {
            self.failed(id, "its owner left before it was sent".into(), out);
        }
    }
}

impl Host {
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileInfo> {
        self.files.values()
    }

    /// Puts a file on offer, from a member or from the host itself.
    ///
    /// # Errors
    /// A refusal when [`MAX_FILES`] are on offer already.
    pub(crate) fn offer(
        &mut self,
        owner: &Person,
        offer: Offer,
        unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) -> Result<FileInfo, Refusal> {
        if self.files.len() >= MAX_FILES && !self.forget_one() {
            let words = format!("{MAX_FILES} files are on offer in this room already");
            return Err(Refusal::new(RefusalCode::Limit, words));
        }
        self.last = self.last.saturating_add(1);
        let id = FileId(self.last);
        let file = FileInfo {
            id,
            owner: owner.id,
            owner_name: owner.profile.name.clone(),
            name: offer.name,
            size: offer.size,
            mime: offer.mime,
            to: offer.to,
            at_unix_ms: unix_ms,
            state: FileState::Uploading,
            received_by: Vec::new(),
        };
        self.files.insert(id, file.clone());
        let others = Recipients::AllBut(owner.id);
        let to = if file.to.is_empty() {
            others
        } else {
            Recipients::These(file.to.clone())
        };
        out.notice(to, Notice::Offered(file.clone()));
        if owner.id != MemberId::HOST && file.is_for(MemberId::HOST) {
            out.event(Event::Offered(file.clone()));
        }
        Ok(file)
    }

    /// The data plane has every byte, and they are right.
    pub(crate) fn stored(&mut self, file: FileId, hash: FileHash, out: &mut impl HostSink<Notice, Event>) {
        self.set_state(file, FileState::Stored { hash }, out);
    }

    /// The data plane could not get or keep it.
    pub(crate) fn failed(&mut self, file: FileId, why: String, out: &mut impl HostSink<Notice, Event>) {
        self.set_state(file, FileState::Failed { why }, out);
    }

    pub(crate) fn cancel(&mut self, file: FileId, out: &mut impl HostSink<Notice, Event>) {
        self.set_state(file, FileState::Cancelled, out);
    }

    /// `member` has it whole and checked.
    pub(crate) fn received(
        &mut self,
        file: FileId,
        member: MemberId,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let Some(file) = self.files.get_mut(&file) else {
            return;
        };
        let is_news = file.is_for(member) && file.owner != member && !file.received_by.contains(&member);
        if is_news && file.received_by.len() < MAX_RECEIVERS {
            file.received_by.push(member);
            announce(file, out);
        }
    }

    fn set_state(&mut self, file: FileId, state: FileState, out: &mut impl HostSink<Notice, Event>) {
        let Some(file) = self.files.get_mut(&file) else {
            return;
        };
        let may_change = match file.state {
            FileState::Uploading => true,
            FileState::Stored { .. } => matches!(state, FileState::Failed { .. } | FileState::Cancelled),
            FileState::Failed { .. } | FileState::Cancelled => false,
        };
        if may_change {
            file.state = state;
            announce(file, out);
        }
    }

    /// Makes room by forgetting the oldest file that can no longer be fetched.
    fn forget_one(&mut self) -> bool {
        let over = |file: &&FileInfo| matches!(file.state, FileState::Failed { .. } | FileState::Cancelled);
        let oldest = self.files.values().find(over).map(|file| file.id);
        oldest.is_some_and(|id| self.files.remove(&id).is_some())
    }
}

fn announce(file: &FileInfo, out: &mut impl HostSink<Notice, Event>) {
    let to = if file.to.is_empty() {
        Recipients::All
    } else {
        Recipients::These(file.to.iter().copied().chain([file.owner]).collect())
    };
    out.notice(to, Notice::Changed(file.clone()));
    out.event(Event::Changed(file.clone()));
}
