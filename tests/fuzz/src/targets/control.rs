//! Control messages of every type, cut out of a stream that comes in any portions.

use std::fmt::Debug;

use netcore_proto::wire::{Attach, AttachReply, ControlDecoder, Receive, Received, encode_control};
use netcore_proto::{Notice, Request};
use serde::Serialize;

pub(crate) fn run(bytes: &[u8]) {
    let Some((choice, stream)) = bytes.split_first() else {
        return;
    };
    let portion = usize::from(choice >> 2) + 1;
    match choice % 4 {
        0 => read::<Request>(stream, portion),
        1 => read::<Notice>(stream, portion),
        2 => read::<Attach>(stream, portion),
        _ => read::<AttachReply>(stream, portion),
    }
}

fn read<M: Serialize + Receive + Debug + PartialEq>(stream: &[u8], portion: usize) {
    let at_once = messages::<M>([stream]);
    let in_portions = messages::<M>(stream.chunks(portion));
    assert_eq!(
        at_once, in_portions,
        "what is read does not depend on the portions"
    );
    for message in at_once {
        // What says more when it is said in full may not fit any more, and a rate beyond all numbers is said as none.
        let Ok(again) = encode_control(&message) else {
            continue;
        };
        let mut decoder = ControlDecoder::default();
        decoder.feed(&again);
        if let Ok(same) = decoder.next_message::<M>() {
            let same = same.map(Received::into_inner);
            assert_eq!(same, Some(message), "what is sanitized is not changed");
        }
    }
}

/// The messages up to the first that is none.
fn messages<'a, M: Receive>(portions: impl IntoIterator<Item = &'a [u8]>) -> Vec<M> {
    let mut decoder = ControlDecoder::default();
    let mut messages = Vec::new();
    for portion in portions {
        decoder.feed(portion);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message.into_inner()),
                Ok(None) => break,
                Err(error) => {
                    assert!(
                        error.to_string().len() < 2_000,
                        "words about a message are few: {error}"
                    );
                    return messages;
                }
            }
        }
    }
    messages
}
