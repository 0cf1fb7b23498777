use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::keys::NextKeys;
use crate::net::record::{MAX_CONTENT, Sealer};

/// Bytes of content that are sealed before they are given to the socket: the other end opens them while the next are sealed.
const BATCH_BYTES: usize = 4 * MAX_CONTENT;

/// The half of a connection that content goes into.
pub(crate) struct RecordWriter<W> {
    socket: W,
    sealer: Sealer,
    next_keys: Arc<NextKeys>,
    /// Sealed, and from `given` on not taken by the socket yet.
    sealed: Vec<u8>,
    given: usize,
    is_closed: bool,
}

impl<W: AsyncWrite + Unpin> RecordWriter<W> {
    pub(super) fn new(socket: W, sealer: Sealer, next_keys: Arc<NextKeys>) -> Self {
        RecordWriter {
            socket,
            sealer,
            next_keys,
            sealed: Vec::new(),
            given: 0,
            is_closed: false,
        }
    }

    pub(crate) fn socket(&self) -> &W {
        &self.socket
    }

    /// From now on a key is worn after so many records.
    #[cfg(test)]
    pub(super) fn set_limit(&mut self, limit: u64) {
        self.sealer.set_limit(limit);
    }

    /// Seals `content` under a key that may still be used. A new one is taken when the present one is worn, and when the other
    /// end has asked for it.
    fn seal(&mut self, content: &[u8]) -> io::Result<()> {
        if self.sealer.is_worn() || self.next_keys.take_asked() {
            let key = self.next_keys.ours()?;
            self.sealer.seal_key_update(key, &mut self.sealed);
        }
        self.sealer.seal(content, &mut self.sealed);
        Ok(())
    }

    /// Gives the socket all that has been sealed.
    fn poll_give(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.given < self.sealed.len() {
            let more = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.sealed[self.given..]))?;
            if more == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.given += more;
        }
        self.sealed.clear();
        self.given = 0;
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for RecordWriter<W> {
    /// Takes some of `content`, when the socket has taken what was sealed before.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, content: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_give(cx))?;
        let batch = &content[..content.len().min(BATCH_BYTES)];
        for portion in batch.chunks(MAX_CONTENT) {
            self.seal(portion)?;
        }
        // What the socket does not take now is given to it later.
        if let Poll::Ready(outcome) = self.poll_give(cx) {
            outcome?;
        }
        Poll::Ready(Ok(batch.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_give(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Says farewell, and ends the connection below in this direction.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.is_closed {
            this.is_closed = true;
            this.sealer.seal_close(&mut this.sealed);
        }
        ready!(this.poll_give(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}
