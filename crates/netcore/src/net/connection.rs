//! A connection to a peer, whatever carries it: today TLS over TCP, and nothing above this file knows that.
//!
//! It has three shapes, one for each of the things that a connection is for. As it is, it is a *byte stream*, for files. Its
//! [messages](Connection::into_messages) are those of the control plane, which frames them itself. Its
//! [frames](Connection::into_frames) are a stream's, in one direction, with their acknowledgements in the other.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::net::conditioner::tcp::{ConditionedTcpReader, ConditionedTcpWriter};
use crate::net::records::{RecordReader, RecordWriter};
use crate::net::socket_options::keep_queue_short;

/// The half of a connection that bytes come from.
pub(crate) type Reader = RecordReader<ConditionedTcpReader>;
/// The half that bytes go into.
pub(crate) type Writer = RecordWriter<ConditionedTcpWriter>;

/// The system takes no more for a connection that carries live frames while so many bytes have not been sent: what waits there
/// cannot be replaced by something newer.
const MOST_UNSENT: u32 = 128 * 1024;
/// The same for a file, which must be able to yield to live frames soon: a twentieth of a second at 100 Mbit/s.
const MOST_UNSENT_OF_A_FILE: u32 = 640 * 1024;

/// An encrypted connection. Dropping it ends it.
pub(crate) struct Connection {
    reader: Reader,
    writer: Writer,
}

impl Connection {
    pub(super) fn new(reader: Reader, writer: Writer) -> Connection {
        Connection { reader, writer }
    }

    /// The socket below.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.writer.socket().socket()
    }

    /// Its halves, for the control plane's messages.
    pub(crate) fn into_messages(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }

    /// Its halves, for frames in one direction and acknowledgements in the other.
    pub(crate) fn into_frames(self) -> (Reader, Writer) {
        keep_queue_short(&SockRef::from(self.socket()), MOST_UNSENT);
        (self.reader, self.writer)
    }

    /// Prepares it for a file: what waits in the system is kept so short that the file can yield.
    pub(crate) fn carry_file(&self) {
        keep_queue_short(&SockRef::from(self.socket()), MOST_UNSENT_OF_A_FILE);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
