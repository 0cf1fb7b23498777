use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::buffer::RecordBuffer;
use super::keys::NextKeys;
use crate::net::record::{HEADER_BYTES, Opened, Opener};

/// The half of a connection that content comes from. It ends with the other end's farewell; a connection that ends without
/// one is an `UnexpectedEof`.
pub(crate) struct RecordReader<R> {
    source: RecordBuffer<R>,
    opener: Opener,
    next_keys: Arc<NextKeys>,
    /// Opened, in the source's buffer, and not read yet.
    content: Range<usize>,
    is_closed: bool,
}

impl<R: AsyncRead + Unpin> RecordReader<R> {
    pub(super) fn new(source: RecordBuffer<R>, opener: Opener, next_keys: Arc<NextKeys>) -> Self {
        RecordReader {
            source,
            opener,
            next_keys,
            content: 0..0,
            is_closed: false,
        }
    }

    /// Opens records until there is content or there will be none any more: a bounded number of them.
    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.content.is_empty() && !self.is_closed {
            let record = ready!(self.source.poll_record(cx))?;
            let from = record.start + HEADER_BYTES;
            match self.opener.open(&mut self.source.bytes()[record])? {
                Opened::Content(length) => self.content = from..from + length,
                Opened::Nothing => {}
                Opened::KeyUpdate { is_asked } => {
                    self.opener.set_key(self.next_keys.theirs()?);
                    if is_asked {
                        self.next_keys.ask();
                    }
                }
                Opened::Closed => self.is_closed = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for RecordReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_content(cx))?;
        let length = buf.remaining().min(this.content.len());
        buf.put_slice(&this.source.bytes()[this.content.start..][..length]);
        this.content.start += length;
        Poll::Ready(Ok(()))
    }
}
