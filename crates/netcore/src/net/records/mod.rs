//! TLS 1.3 records (RFC 8446, section 5) sealed and opened by ourselves, for connections that carry live pictures.
//!
//! Rustls shakes hands and derives the keys; then its session is taken apart and only the keys are kept. What goes over the
//! wire stays TLS 1.3. On its way in rustls asks for 4 KiB at a time and hands every byte through two buffers of its own, which
//! on a processor that has just woken up costs more than ciphering does; here a frame is copied once on its way out and once on
//! its way in, and the two directions share no lock.
//!
//! Keys are not updated: a connection ends after [`MAX_RECORDS`] and whoever opened it opens another one.

mod one_record;

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::ConnectionTrafficSecrets;
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use one_record::OneRecord;

use crate::net::seal::{Key, TAG_BYTES};

/// The most bytes of content in one record (RFC 8446, section 5.1).
const MAX_CONTENT: usize = 1 << 14;
/// Kind, version and length.
const HEADER_BYTES: usize = 5;
/// The most bytes that a record's header announces: content, its true kind and the cipher's tag, and padding up to what
/// RFC 8446, section 5.2 allows.
const MAX_SEALED: usize = MAX_CONTENT + 256;
/// The kind that every record under a key shows, and that content truly has.
const APPLICATION_DATA: u8 = 23;
const ALERT: u8 = 21;
/// How many records one key may seal with AES-GCM (RFC 8446, section 5.5: 2^24.5).
const MAX_RECORDS: u64 = 1 << 24;
/// Bytes of content that are sealed before they are given to the socket: the other end opens them while the next are sealed.
const BATCH_BYTES: usize = 4 * MAX_CONTENT;

/// Takes a session apart: what has been read from it stays read, and what it has opened beyond that is read here. `split`
/// parts the connection below.
///
/// # Errors
/// The other end has chosen another cipher than ours, or the session has half a record in it.
pub(crate) fn take_session_apart<S: AsyncRead + Unpin, R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    source: OneRecord<S>,
    mut session: rustls::Connection,
    split: impl FnOnce(S) -> (R, W),
) -> io::Result<(RecordReader<R>, RecordWriter<W>)> {
    if source.left > 0 || session.wants_write() {
        return Err(io::Error::other("a session is in the middle of a record"));
    }
    let mut before = Vec::new();
    match io::Read::read_to_end(&mut session.reader(), &mut before) {
        // More is to come, only not from the session.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        outcome => drop(outcome?),
    }
    let secrets = session.dangerous_extract_secrets().map_err(io::Error::other)?;
    let (source, sink) = source.split(split);
    Ok((
        RecordReader::new(source, secrets.rx, before)?,
        RecordWriter::new(sink, secrets.tx)?,
    ))
}

/// Seals one direction of a connection.
struct Sealer {
    key: Key,
    next: u64,
}

/// Opens one direction of a connection.
struct Opener {
    key: Key,
    next: u64,
}

impl Sealer {
    /// Appends `content` to `out` as one record.
    fn seal(&mut self, content: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let number = next_number(&mut self.next)?;
        let sealed = (content.len() + 1 + TAG_BYTES) as u16;
        let header = header(sealed);
        let from = out.len() + HEADER_BYTES;
        out.reserve(HEADER_BYTES + usize::from(sealed));
        out.extend_from_slice(&header);
        out.extend_from_slice(content);
        out.push(APPLICATION_DATA);
        let tag = self.key.seal(number, &header, &mut out[from..]);
        out.extend_from_slice(&tag);
        Ok(())
    }
}

impl Opener {
    /// Opens the record that `bytes` begin with, header and all. Returns the length of its content, which stands behind the
    /// header; `None` when it is the other end's farewell.
    fn open(&mut self, bytes: &mut [u8]) -> io::Result<Option<usize>> {
        let number = next_number(&mut self.next)?;
        let (header, sealed) = bytes.split_at_mut(HEADER_BYTES);
        let plain = self.key.open(number, header, sealed);
        let plain = plain.ok_or_else(|| invalid("a record's seal is broken"))?;
        // Behind the content stand its kind and any number of zeros (RFC 8446, section 5.4).
        let kind_at = plain.iter().rposition(|byte| *byte != 0);
        let kind_at = kind_at.ok_or_else(|| invalid("a record without content"))?;
        match plain[kind_at] {
            APPLICATION_DATA => Ok(Some(kind_at)),
            ALERT => Ok(None),
            kind => Err(invalid(format!("a record of kind {kind} among pictures"))),
        }
    }
}

fn header(sealed: u16) -> [u8; HEADER_BYTES] {
    let [high, low] = sealed.to_be_bytes();
    [APPLICATION_DATA, 3, 3, high, low]
}

/// The length of the first record in `bytes`, header and all; `None` while its header is not whole.
fn record_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    Some(HEADER_BYTES + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

fn next_number(next: &mut u64) -> io::Result<u64> {
    if *next >= MAX_RECORDS {
        return Err(io::Error::other("this connection's keys have been used enough"));
    }
    let number = *next;
    *next += 1;
    Ok(number)
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The half of a connection that content goes into.
pub(crate) struct RecordWriter<W> {
    socket: W,
    sealer: Sealer,
    /// Sealed, and from `given` on not taken by the socket yet.
    sealed: Vec<u8>,
    given: usize,
}

impl<W: AsyncWrite + Unpin> RecordWriter<W> {
    /// `next` is the number of the first record that is written here.
    fn new(socket: W, (next, secrets): (u64, ConnectionTrafficSecrets)) -> io::Result<Self> {
        let key = key(&secrets)?;
        Ok(RecordWriter {
            socket,
            sealer: Sealer { key, next },
            sealed: Vec::new(),
            given: 0,
        })
    }

    pub(crate) fn socket(&self) -> &W {
        &self.socket
    }

    /// Takes some of `content`, when the socket has taken what was sealed before. Returns how many bytes.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, content: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(cx))?;
        let batch = &content[..content.len().min(BATCH_BYTES)];
        for part in batch.chunks(MAX_CONTENT) {
            self.sealer.seal(part, &mut self.sealed)?;
        }
        // What the socket does not take now is given to it later.
        if let Poll::Ready(outcome) = self.poll_flush(cx) {
            outcome?;
        }
        Poll::Ready(Ok(batch.len()))
    }

    /// Gives the socket all that has been sealed.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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

    /// Writes all of `content`.
    pub(crate) async fn write_all(&mut self, mut content: &[u8]) -> io::Result<()> {
        while !content.is_empty() {
            let taken = std::future::poll_fn(|cx| self.poll_write(cx, content)).await?;
            content = &content[taken..];
        }
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }
}

/// The half of a connection that content comes from.
pub(crate) struct RecordReader<R> {
    source: OneRecord<R>,
    opener: Opener,
    /// Content that came before the session was taken apart.
    before: Vec<u8>,
    /// Opened, in the source's buffer, and not read yet.
    content: Range<usize>,
}

impl<R: AsyncRead + Unpin> RecordReader<R> {
    /// `next` is the number of the first record that is read here, and `before` what came in records before it.
    fn new(
        source: OneRecord<R>,
        (next, secrets): (u64, ConnectionTrafficSecrets),
        before: Vec<u8>,
    ) -> io::Result<Self> {
        let key = key(&secrets)?;
        Ok(RecordReader {
            source,
            opener: Opener { key, next },
            before,
            content: 0..0,
        })
    }

    /// Fills `out`.
    ///
    /// # Errors
    /// The connection ended or broke, or what came is not genuine.
    pub(crate) async fn read_exact(&mut self, mut out: &mut [u8]) -> io::Result<()> {
        let early = out.len().min(self.before.len());
        let (now, later) = out.split_at_mut(early);
        now.copy_from_slice(&self.before[..early]);
        self.before.drain(..early);
        out = later;
        while !out.is_empty() {
            if self.content.is_empty() {
                self.next_record().await?;
            }
            let length = out.len().min(self.content.len());
            let (now, later) = out.split_at_mut(length);
            now.copy_from_slice(&self.source.buffer[self.content.start..][..length]);
            self.content.start += length;
            out = later;
        }
        Ok(())
    }

    async fn next_record(&mut self) -> io::Result<()> {
        let record = std::future::poll_fn(|cx| self.source.poll_whole(cx)).await?;
        let from = record.start + HEADER_BYTES;
        match self.opener.open(&mut self.source.buffer[record])? {
            Some(length) => self.content = from..from + length,
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(())
    }
}

fn key(secrets: &ConnectionTrafficSecrets) -> io::Result<Key> {
    let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
        return Err(io::Error::other(
            "the other side has chosen another cipher than ours",
        ));
    };
    let (key, iv) = (key.as_ref().first_chunk(), iv.as_ref().first_chunk());
    key.zip(iv)
        .map(|(key, iv)| Key::new(key, *iv))
        .ok_or_else(|| invalid("keys of another length than AES-128-GCM's"))
}

#[cfg(test)]
mod tests;
