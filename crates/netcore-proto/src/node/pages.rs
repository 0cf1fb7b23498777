//! Bringing a newcomer up to date, page by page.
//!
//! Who joins or returns is sent the people, and then what each machine has for it, in the order of `Section::ALL` and as it is
//! when its turn comes. A page is bounded in encoded bytes, and the next one follows when the driver reports that the last has
//! left ([`Output::AwaitDrain`]): what waits for a connection stays small, however much there is to say and however slowly it
//! is read. [`session::Notice::UpToDate`] ends it.
//!
//! What changes meanwhile is sent at once, as to everybody. A later page repeats it, which a member takes for a change. Words
//! are the exception, since a member's log has an order: until the log's pages are through, new entries wait for theirs.

use super::catch_up::CatchUp;
use super::host::HostNode;
use super::outbox::encoded;
use crate::ground::ConnId;
use crate::io::{Notice, Output};
use crate::{chat, session};

/// A page ends when it has this many encoded bytes; its last message may exceed that by at most a control message.
pub(super) const PAGE_BYTES: usize = 256 * 1024;

impl HostNode {
    /// What to do about the next page on a connection that still catches up.
    pub(super) fn next_page(&mut self, conn: ConnId) -> Vec<Output> {
        let mut page = Vec::new();
        let Some(mut catch_up) = self.catching_up.remove(&conn) else {
            return page;
        };
        let mut bytes_of_page = 0_usize;
        while bytes_of_page < PAGE_BYTES {
            if let Some((number, notice)) = self.next_item(&catch_up) {
                catch_up.next = number.saturating_add(1);
                let bytes = encoded(&notice);
                bytes_of_page = bytes_of_page.saturating_add(bytes.len());
                page.push(Output::Transmit { conn, bytes });
            } else if !self.begin_next_section(&mut catch_up) {
                let bytes = encoded(&Notice::Session(session::Notice::UpToDate));
                page.push(Output::Transmit { conn, bytes });
                return page;
            }
        }
        page.push(Output::AwaitDrain { conn });
        self.catching_up.insert(conn, catch_up);
        page
    }

    /// Goes on to the next section. Returns `false` when there is none.
    fn begin_next_section(&self, catch_up: &mut CatchUp) -> bool {
        let Some(&section) = catch_up.later.next() else {
            return false;
        };
        catch_up.section = Some(section);
        catch_up.next = self
            .machines
            .first_to_list(section, catch_up.member, catch_up.last_seq);
        true
    }

    /// The next thing to say of a section, and its number.
    fn next_item(&self, catch_up: &CatchUp) -> Option<(u64, Notice)> {
        let CatchUp {
            member,
            next,
            section,
            ..
        } = *catch_up;
        match section {
            Some(section) => self.machines.next_to_list(section, member, next),
            None => {
                let (number, notice) = self.session.person_from(next, member)?;
                Some((number, notice.into()))
            }
        }
    }

    /// Whether `notice` waits for its page on `conn`.
    pub(super) fn waits_for_its_page(&self, conn: ConnId, notice: &Notice) -> bool {
        let is_entry = matches!(
            notice,
            Notice::Chat(chat::Notice::Entry(_) | chat::Notice::Receipt(_))
        );
        is_entry && self.catching_up.contains_key(&conn)
    }
}
