//! What goes into the control plane's machines and what comes out of them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ground::{ConnId, Refusal};
use crate::wire::{Receive, WireError};

macro_rules! messages {
    ($($(#[$about:meta])* $variant:ident of $module:ident),* $(,)?) => {
        /// What a member says to the host, one variant per capability.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "about", content = "body", rename_all = "lowercase")]
        pub enum Request {
            $($(#[$about])* $variant(crate::$module::Request)),*
        }

        /// What the host says to members, one variant per capability.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "about", content = "body", rename_all = "lowercase")]
        pub enum Notice {
            $($(#[$about])* $variant(crate::$module::Notice)),*
        }

        /// What the application and the data plane learn, one variant per capability.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($(#[$about])* $variant(crate::$module::Event)),*
        }

        impl Receive for Request {
            fn sanitized(self) -> Result<Request, WireError> {
                Ok(match self {
                    $(Request::$variant(request) => request.sanitized()?.into()),*
                })
            }
        }

        impl Receive for Notice {
            fn sanitized(self) -> Result<Notice, WireError> {
                Ok(match self {
                    $(Notice::$variant(notice) => notice.sanitized()?.into()),*
                })
            }
        }

        $(
            impl From<crate::$module::Request> for Request {
                fn from(request: crate::$module::Request) -> Request {
                    Request::$variant(request)
                }
            }

            impl From<crate::$module::Notice> for Notice {
                fn from(notice: crate::$module::Notice) -> Notice {
                    Notice::$variant(notice)
                }
            }

            impl From<crate::$module::Event> for Event {
                fn from(event: crate::$module::Event) -> Event {
                    Event::$variant(event)
                }
            }
        )*
    };
}

messages! {
    /// Who is here.
    Session of session,
    /// What is said.
    Chat of chat,
    /// What is offered.
    Files of files,
    /// Which streams exist.
    Video of video,
    /// What was measured.
    Metrics of metrics,
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
    use crate::chat::{self, MAX_TEXT_BYTES, sanitized_text};
    use crate::wire::{MAX_CONTROL_BYTES, encode_control};

    #[test]
    fn the_longest_text_fits_a_control_message_however_it_is_escaped() {
        for character in ["\"", "\\", "\n", "\t"] {
            let text = format!("a{}", character.repeat(MAX_TEXT_BYTES - 1));
            let say = Request::Chat(chat::Request::Say {
                local: u64::MAX,
                text: sanitized_text(&text).unwrap(),
            });
            assert!(encode_control(&say).unwrap().len() < MAX_CONTROL_BYTES);
        }
    }
}
