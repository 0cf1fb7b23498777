use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HEADER_BYTES, MAX_SEALED, invalid, record_length};

/// Bytes taken off a socket at once.
const READ_BYTES: usize = 128 * 1024;

/// Reads a connection so that whoever reads from it is never given bytes of two records at once: a session that is taken
/// apart has then seen nothing of the record after the last one it opened.
pub(crate) struct OneRecord<R> {
    source: R,
    pub(super) buffer: Box<[u8]>,
    /// Where in the buffer the bytes are that have come and not been given.
    here: Range<usize>,
    /// Bytes still to be given of the present record.
    pub(super) left: usize,
}

impl<R: AsyncRead + Unpin> OneRecord<R> {
    pub(crate) fn new(source: R) -> OneRecord<R> {
        OneRecord {
            source,
            buffer: vec![0; READ_BYTES].into(),
            here: 0..0,
            left: 0,
        }
    }

    pub(crate) fn get_ref(&self) -> &R {
        &self.source
    }

    /// Parts what it reads from; the reading half goes on where the whole was.
    pub(super) fn split<H, W>(self, split: impl FnOnce(R) -> (H, W)) -> (OneRecord<H>, W) {
        let (source, rest) = split(self.source);
        let reader = OneRecord {
            source,
            buffer: self.buffer,
            here: self.here,
            left: self.left,
        };
        (reader, rest)
    }

    /// Reads until `bytes` are here. Returns `false` when the connection ends before.
    fn poll_fill(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<io::Result<bool>> {
        while self.here.len() < bytes {
            if self.here.is_empty() {
                self.here = 0..0;
            } else if self.buffer.len() - self.here.start < bytes {
                self.buffer.copy_within(self.here.clone(), 0);
                self.here = 0..self.here.len();
            }
            let mut buf = ReadBuf::new(&mut self.buffer[self.here.end..]);
            ready!(Pin::new(&mut self.source).poll_read(cx, &mut buf))?;
            let more = buf.filled().len();
            if more == 0 {
                return Poll::Ready(Ok(false));
            }
            self.here.end += more;
        }
        Poll::Ready(Ok(true))
    }

    /// Where in the buffer the next record is, once it is whole. It is given by this.
    pub(super) fn poll_whole(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Range<usize>>> {
        let mut length = HEADER_BYTES;
        loop {
            if !ready!(self.poll_fill(cx, length))? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let whole = record_length(&self.buffer[self.here.clone()]).unwrap_or(HEADER_BYTES);
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

impl<R: AsyncRead + Unpin> AsyncRead for OneRecord<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.left == 0 {
            ready!(this.poll_fill(cx, HEADER_BYTES))?;
            // At the end of the connection there may be less.
            this.left = record_length(&this.buffer[this.here.clone()]).unwrap_or(this.here.len());
        } else {
            ready!(this.poll_fill(cx, 1))?;
        }
        let length = this.left.min(this.here.len()).min(buf.remaining());
        buf.put_slice(&this.buffer[this.here.start..][..length]);
        this.here.start += length;
        this.left -= length;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OneRecord<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.source).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.source).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.source.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.source).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.source).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn what_is_read_ends_where_a_record_ends() {
        let record = |length: u16| {
            [
                &[23, 3, 3][..],
                &length.to_be_bytes(),
                &vec![7; usize::from(length)],
            ]
            .concat()
        };
        let bytes = [record(3_000), record(10)].concat();
        let mut source = OneRecord::new(&bytes[..]);
        let mut read = |most: usize| {
            let mut out = vec![0; most];
            let mut buf = ReadBuf::new(&mut out);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut source).poll_read(&mut cx, &mut buf).is_ready());
            buf.filled().len()
        };
        assert_eq!(read(1_000), 1_000);
        assert_eq!(read(4_096), 2_005);
        assert_eq!(read(4_096), 15);
        assert_eq!(read(4_096), 0);
    }
}
