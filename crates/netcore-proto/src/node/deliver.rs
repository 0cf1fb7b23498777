//! How what the machines put out becomes outputs, in order.

use super::outbox::{HostOutbox, HostOutput, MemberOutbox, encoded};
use super::{Node, Role};
use crate::io::Output;

impl Node {
    pub(super) fn deliver(&mut self, out: HostOutbox) {
        let Role::Host(host) = &mut self.role else { return };
        for entry in out.entries {
            match entry {
                HostOutput::Notice(to, notice) => {
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
                HostOutput::Answer(conn, notice) => {
                    self.outputs.push_back(Output::Transmit {
                        conn,
                        bytes: encoded(&notice),
                    });
                }
                HostOutput::Page(conn) => self.outputs.extend(host.next_page(conn)),
                HostOutput::Close(conn, refusal) => {
                    host.forget(conn);
                    self.outputs.push_back(Output::Close { conn, refusal });
                }
                HostOutput::Event(event) => self.outputs.push_back(Output::Event(event)),
            }
        }
    }

    pub(super) fn deliver_member(&mut self, out: MemberOutbox) {
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
