//! What is remembered of files: a room may have had any number of them.

use std::collections::BTreeMap;

use netcore_proto::FileId;
use netcore_proto::files::{FileInfo, FileState, MAX_FILES};

/// The most files of which something is remembered: all that may be on offer, and as many that were.
const MAX_REMEMBERED: usize = 2 * MAX_FILES;

/// Makes room for one more, by forgetting the oldest that `is_over`. Returns whether there is room.
pub(super) fn make_room<V>(files: &mut BTreeMap<FileId, V>, is_over: impl Fn(&V) -> bool) -> bool {
    if files.len() < MAX_REMEMBERED {
        return true;
    }
    let oldest = files.iter().find(|(_, file)| is_over(file)).map(|(id, _)| *id);
    oldest.is_some_and(|oldest| files.remove(&oldest).is_some())
}

/// Notes a file as the room knows it now. A host that offers without end has its oldest forgotten.
pub(super) fn note(known: &mut BTreeMap<FileId, FileInfo>, file: &FileInfo) {
    let is_over = |file: &FileInfo| matches!(file.state, FileState::Failed { .. } | FileState::Cancelled);
    if !known.contains_key(&file.id) && !make_room(known, is_over) {
        known.pop_first();
    }
    known.insert(file.id, file.clone());
}

#[cfg(test)]
mod tests {
    use netcore_proto::MemberId;

    use super::*;

    fn file(id: usize, state: FileState) -> FileInfo {
        FileInfo {
            id: FileId(id as u32),
            owner: MemberId(1),
            owner_name: "Ben".to_owned(),
            name: "notes.txt".to_owned(),
            size: 3,
            mime: "text/plain".to_owned(),
            to: Vec::new(),
            at_unix_ms: 0,
            state,
            received_by: Vec::new(),
        }
    }

    #[test]
    fn files_without_end_are_remembered_up_to_a_bound_and_those_on_offer_longest() {
        let mut known = BTreeMap::new();
        let on_offer = file(0, FileState::Uploading);
        note(&mut known, &on_offer);
        for id in 1..3 * MAX_REMEMBERED {
            note(&mut known, &file(id, FileState::Uploading));
            note(&mut known, &file(id, FileState::Cancelled));
        }
        assert_eq!(known.len(), MAX_REMEMBERED);
        assert_eq!(known.first_key_value(), Some((&on_offer.id, &on_offer)));
        // Where all are on offer, the oldest go.
        for id in 3 * MAX_REMEMBERED..6 * MAX_REMEMBERED {
            note(&mut known, &file(id, FileState::Uploading));
        }
        assert_eq!(known.len(), MAX_REMEMBERED);
        assert!(!known.contains_key(&on_offer.id));
        assert!(!make_room(&mut known, |_| false), "what is not over stays");
        assert!(make_room(&mut known, |_| true));
        assert_eq!(known.len(), MAX_REMEMBERED - 1);
    }
}
