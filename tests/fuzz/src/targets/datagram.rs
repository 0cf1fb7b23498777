//! What a datagram says once its seal is open: the link's envelope, and what a stream sends in it.

use netcore_proto::link;
use netcore_proto::video::{MAX_NACK_RANGES, StreamDatagram};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(envelope) = link::Datagram::decode(bytes) else {
        return;
    };
    let mut again = Vec::new();
    envelope.encode(&mut again);
    assert_eq!(link::Datagram::decode(&again), Ok(envelope));
    if let link::Datagram::Stream { bytes, .. } = envelope {
        run_stream(bytes);
    }
}

fn run_stream(bytes: &[u8]) {
    let Ok(datagram) = StreamDatagram::decode(bytes) else {
        return;
    };
    match &datagram {
        StreamDatagram::Nack(nack) => assert!(nack.missing.len() <= MAX_NACK_RANGES),
        StreamDatagram::Fragment(fragment) => {
            let end = u64::from(fragment.index) * u64::from(fragment.size) + fragment.data.len() as u64;
            assert!(end <= u64::from(fragment.frame_length) && !fragment.data.is_empty());
        }
        StreamDatagram::Parity(parity) => assert_eq!(parity.data.len(), usize::from(parity.size)),
        StreamDatagram::Ack(_) => {}
    }
    let mut again = Vec::new();
    datagram.encode(&mut again);
    assert_eq!(StreamDatagram::decode(&again).as_ref(), Ok(&datagram));
}
