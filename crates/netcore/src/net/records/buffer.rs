use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::net::record::{HEADER_BYTES, MAX_SEALED, invalid, record_length};

/// Bytes taken off a socket at once, and the most that a handshake may have waiting.
const READ_BYTES: usize = 128 * 1024;

/// What has come from a connection, record by record.
pub(super) struct RecordBuffer<R> {
    source: R,
    bytes: Box<[u8]>,
    /// Where the bytes are that have come and not been taken.
    here: Range<usize>,
}

impl<R: AsyncRead + Unpin> RecordBuffer<R> {
    pub(super) fn new(source: R) -> RecordBuffer<R> {
        RecordBuffer {
            source,
            bytes: vec![0; READ_BYTES].into(),
            here: 0..0,
        }
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The first `length` bytes that have come and not been taken.
    pub(super) fn first(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(self.here.len());
        &mut self.bytes[self.here.start..][..length]
    }

    /// Takes that many bytes.
    pub(super) fn take(&mut self, length: usize) {
        self.here.start += length.min(self.here.len());
    }

    /// Reads until `length` bytes are here.
    ///
    /// # Errors
    /// `UnexpectedEof` when the connection ends before.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<()>> {
        if length > self.bytes.len() {
            return Poll::Ready(Err(invalid("a handshake that is too long")));
        }
        while self.here.len() < length {
            if self.here.is_empty() {
                self.here = 0..0;
            } else if self.bytes.len() - self.here.start < length {
                self.bytes.copy_within(self.here.clone(), 0);
                self.here = 0..self.here.len();
            }
            let mut buf = ReadBuf::new(&mut self.bytes[self.here.end..]);
            ready!(Pin::new(&mut self.source).poll_read(cx, &mut buf))?;
            let more = buf.filled().len();
            if more == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.here.end += more;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the next record, once it is whole. Returns where in [`bytes`](Self::bytes) it is.
    pub(super) fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Range<usize>>> {
        let mut length = HEADER_BYTES;
        loop {
            ready!(self.poll_fill(cx, length))?;
            let whole = record_length(self.first(HEADER_BYTES)).unwrap_or(HEADER_BYTES);
            if whole > HEADER_BYTES + MAX_SEALED {
                return Poll::Ready(Err(invalid("a record that is too long")));
            }
            if self.here.len() >= whole {
                let from = self.here.start;
                self.here.start += whole;
                return Poll::Ready(Ok(from..from + whole));
            }
            length = whole;
        }
    }
}
