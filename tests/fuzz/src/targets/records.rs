//! Records of a fixed length: the first bytes of a connection, a file record's head, a frame's header and its acknowledgement.

use bytes::Bytes;
use netcore_proto::StreamId;
use netcore_proto::files::{MAX_CHUNK_BYTES, RecordHeader};
use netcore_proto::video::{
    Announced, FRAME_HEADER_BYTES, Frame, FrameHeader, MAX_FRAME_BYTES, TCP_ACK_BYTES, TcpAck,
};
use netcore_proto::wire::{PREFACE_BYTES, Preface};

pub(crate) fn run(bytes: &[u8]) {
    if let Some(first) = bytes.first_chunk::<PREFACE_BYTES>()
        && let Ok(preface) = Preface::decode(*first)
    {
        assert_eq!(preface.encode()[..6], first[..6]);
    }
    if let Some(first) = bytes.first_chunk()
        && let Ok(RecordHeader::Chunk(length)) = RecordHeader::decode(*first)
    {
        assert!((1..=MAX_CHUNK_BYTES).contains(&length));
    }
    if let Some(first) = bytes.first_chunk::<TCP_ACK_BYTES>()
        && let Ok(ack) = TcpAck::decode(*first)
    {
        assert_eq!(ack.encode(), *first);
    }
    if let Ok(header) = FrameHeader::decode(bytes) {
        assert!((1..=MAX_FRAME_BYTES - FRAME_HEADER_BYTES).contains(&(header.length as usize)));
        assert_eq!(header.encode()[..28], bytes[..28]);
    }
    // Only the very label that the header bears makes a frame of it.
    let Ok(header) = FrameHeader::decode(bytes) else {
        return;
    };
    let announced = Announced {
        stream: header.stream,
        frame: header.frame,
        length: bytes.len(),
    };
    if let Ok(frame) = Frame::received(Bytes::copy_from_slice(bytes), announced) {
        assert_eq!(frame.jpeg(), &bytes[FRAME_HEADER_BYTES..]);
        for lie in [
            Announced {
                stream: StreamId(!header.stream.0),
                ..announced
            },
            Announced {
                frame: header.frame.next(),
                ..announced
            },
            Announced {
                length: bytes.len() + 1,
                ..announced
            },
        ] {
            assert!(Frame::received(frame.bytes().clone(), lie).is_err());
        }
    }
}
