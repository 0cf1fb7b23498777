//! What goes into the control plane's machines and what comes out of them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ground::{ConnId, MemberId, Refusal};
use crate::wire::{Receive, WireError};
use crate::{chat, files, metrics, session, video};

/// What a member says to the host, one variant per capability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", content = "body", rename_all = "lowercase")]
pub enum Request {
    /// Who is here.
    Session(session::Request),
    /// What is said.
    Chat(chat::Request),
    /// What is offered.
    Files(files::Request),
    /// Which streams exist.
    Video(video::Request),
    /// What was measured.
    Metrics(metrics::Report),
}

/// What the host says to members, one variant per capability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", content = "body", rename_all = "lowercase")]
pub enum Notice {
    /// Who is here.
    Session(session::Notice),
    /// What is said.
    Chat(chat::Notice),
    /// What is offered.
    Files(files::Notice),
    /// Which streams exist.
    Video(video::Notice),
    /// What was measured.
    Metrics(metrics::Report),
}

impl Receive for Request {
    fn fit(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Session(request) => Request::Session(request.fit()?),
            Request::Chat(request) => Request::Chat(request.fit()?),
            Request::Files(request) => Request::Files(request.fit()?),
            Request::Video(request) => Request::Video(request.fit()),
            Request::Metrics(report) => Request::Metrics(report.fit()),
        })
    }
}

impl Receive for Notice {
    fn fit(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Session(notice) => Notice::Session(notice.fit()?),
            Notice::Chat(notice) => Notice::Chat(notice.fit()?),
            Notice::Files(notice) => Notice::Files(notice.fit()?),
            Notice::Video(notice) => Notice::Video(notice.fit()),
            Notice::Metrics(report) => Notice::Metrics(report.fit()),
        })
    }
}

/// What the application and the data plane learn, one variant per capability.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Who is here.
    Session(session::Event),
    /// What is said.
    Chat(chat::Event),
    /// What is offered.
    Files(files::Event),
    /// Which streams exist.
    Video(video::Event),
    /// What was measured elsewhere: by which member, and what.
    Metrics(MemberId, metrics::Report),
}

/// What a machine wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send these bytes on a control connection, after all earlier ones.
    Transmit {
        /// Where.
        conn: ConnId,
        /// An encoded control message.
        bytes: Bytes,
    },
    /// Call [`Node::handle_drained`](crate::Node::handle_drained) once everything before has left on a control connection:
    /// there is more to say there.
    AwaitDrain {
        /// Which.
        conn: ConnId,
    },
    /// Close a control connection once everything before has been sent.
    Close {
        /// Which.
        conn: ConnId,
        /// Why; `None` when the other side asked for it.
        refusal: Option<Refusal>,
    },
    /// Report to the application.
    Event(Event),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{MAX_TEXT_BYTES, tidy_text};
    use crate::wire::{MAX_CONTROL_BYTES, encode_control};

    #[test]
    fn the_longest_text_fits_a_control_message_however_it_is_escaped() {
        for character in ["\"", "\\", "\n", "\t"] {
            let text = format!("a{}", character.repeat(MAX_TEXT_BYTES - 1));
            let say = Request::Chat(chat::Request::Say {
                local: u64::MAX,
                text: tidy_text(&text).unwrap(),
            });
            assert!(encode_control(&say).unwrap().len() < MAX_CONTROL_BYTES);
        }
    }
}
