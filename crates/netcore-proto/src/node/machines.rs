//! The machines of every capability but the session, which the node itself asks who is here.

use super::outbox::{HostOutbox, MemberOutbox};
use crate::ground::machine::{HostMachine, MemberMachine};
use crate::ground::{MemberId, Person};
use crate::io::{Notice, Request};

macro_rules! machines {
    ($($variant:ident by $module:ident),* $(,)?) => {
        /// The host's machines.
        #[derive(Debug, Default)]
        pub(super) struct HostMachines {
            $(pub(super) $module: crate::$module::Host),*
        }

        impl HostMachines {
            /// Has the machine answer that the request is for.
            pub(super) fn handle_request(&mut self, from: &Person, request: Request, unix_ms: u64, out: &mut HostOutbox) {
                match request {
                    $(Request::$variant(request) => self.$module.handle_request(from, request, unix_ms, out),)*
                    Request::Session(_) => {} // the node's own
                }
            }

            pub(super) fn handle_detached(&mut self, member: MemberId, out: &mut HostOutbox) {
                $(self.$module.handle_detached(member, out);)*
            }

            pub(super) fn handle_departure(&mut self, member: MemberId, out: &mut HostOutbox) {
                $(self.$module.handle_departure(member, out);)*
            }

            pub(super) fn first_to_list(&self, section: Section, newcomer: MemberId, last_seq: u64) -> u64 {
                match section {
                    $(Section::$variant => self.$module.first_to_list(newcomer, last_seq)),*
                }
            }

            pub(super) fn next_to_list(&self, section: Section, newcomer: MemberId, from: u64) -> Option<(u64, Notice)> {
                match section {
                    $(Section::$variant => {
                        let (number, notice) = self.$module.next_to_list(newcomer, from)?;
                        Some((number, Notice::$variant(notice)))
                    })*
                }
            }
        }

        /// A member's machines.
        #[derive(Debug, Default)]
        pub(super) struct MemberMachines {
            $(pub(super) $module: crate::$module::Member),*
        }

        impl MemberMachines {
            /// Hands a notice to the machine that it is for.
            pub(super) fn handle_notice(&mut self, notice: Notice, me: Option<MemberId>, out: &mut MemberOutbox) {
                match notice {
                    $(Notice::$variant(notice) => self.$module.handle_notice(notice, me, out),)*
                    Notice::Session(_) => {} // the node's own
                }
            }

            pub(super) fn leave_room(&mut self, out: &mut MemberOutbox) {
                $(self.$module.leave_room(out);)*
            }

            pub(super) fn handle_welcome(&mut self, out: &mut MemberOutbox) {
                $(self.$module.handle_welcome(out);)*
            }

            pub(super) fn handle_present(&mut self, person: &Person, out: &mut MemberOutbox) {
                $(self.$module.handle_present(person, out);)*
            }

            pub(super) fn handle_closed(&mut self, out: &mut MemberOutbox) {
                $(self.$module.handle_closed(out);)*
            }
        }

        /// What a newcomer is sent once it knows the people, in the table's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Section {
            $($variant),*
        }

        impl Section {
            pub(super) const ALL: &'static [Section] = &[$(Section::$variant),*];
        }
    };
}

// In the order in which a newcomer is sent what there is: words come last, since there may be very many.
machines! {
    Files by files,
    Video by video,
    Metrics by metrics,
    Chat by chat,
}
