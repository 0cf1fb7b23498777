//! Records of a fixed length: the first bytes of a connection, a file record's head, a frame's header and its acknowledgement.

use bytes::Bytes;
use netcore_proto::files::{MAX_CHUNK_BYTES, RecordHeader};
use netcore_proto::video::{FRAME_HEADER_BYTES, Frame, FrameHeader, MAX_FRAME_BYTES, TCP_ACK_BYTES, TcpAck};
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
    if let Some(first) = bytes.first_chunk::<TCP_ACK_BYTES>() {
        assert_eq!(TcpAck::decode(*first).encode(), *first);
    }
    if let Ok(header) = FrameHeader::decode(bytes) {
        assert!((1..=MAX_FRAME_BYTES - FRAME_HEADER_BYTES).contains(&(header.length as usize)));
        assert_eq!(header.encode()[..28], bytes[..28]);
    }
    if let Ok(frame) = Frame::from_bytes(Bytes::copy_from_slice(bytes)) {
        assert_eq!(frame.jpeg(), &bytes[FRAME_HEADER_BYTES..]);
    }
}
