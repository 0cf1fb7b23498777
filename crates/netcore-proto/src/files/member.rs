use std::collections::BTreeMap;

use super::{Event, FileInfo, MAX_FILES, Notice};
use crate::io::MemberOutbox;
use crate::units::FileId;

/// What a member knows of the files on offer.
#[derive(Debug, Default)]
pub(crate) struct Member {
    files: BTreeMap<FileId, FileInfo>,
}

impl Member {
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileInfo> {
        self.files.values()
    }

    pub(crate) fn handle_welcome(&mut self, is_another_room: bool, out: &mut MemberOutbox) {
        if is_another_room {
            self.files.clear();
            out.events.push(crate::Event::Files(Event::Reset));
        }
    }

    pub(crate) fn handle_notice(&mut self, notice: Notice, out: &mut MemberOutbox) {
        let event = match notice {
            Notice::Accepted { local, file } => Event::Accepted {
                local,
                file: self.keep(file),
            },
            Notice::Refused { local, refusal } => Event::Refused { local, refusal },
            Notice::Offered(file) | Notice::Changed(file) => {
                let is_known = self.files.contains_key(&file.id);
                let file = self.keep(file);
                if is_known {
                    Event::Changed(file)
                } else {
                    Event::Offered(file)
                }
            }
        };
        out.events.push(crate::Event::Files(event));
    }

    fn keep(&mut self, file: FileInfo) -> FileInfo {
        if self.files.len() >= MAX_FILES && !self.files.contains_key(&file.id) {
            self.files.pop_first();
        }
        self.files.insert(file.id, file.clone());
        file
    }
}
