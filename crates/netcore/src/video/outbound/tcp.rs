use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use netcore_proto::video::{TCP_ACK_BYTES, TcpAck};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::Outbound;
use super::unsent::Pipe;
use crate::clock;
use crate::net::connection::{Connection, Reader};
use crate::net::tcp_info::{self, TcpInfo};

impl Outbound {
    /// Serves one TCP connection of this link until it ends, or a newer one takes its place: a link has one.
    pub(crate) async fn serve_tcp(self: Arc<Self>, connection: Connection) -> io::Result<()> {
        let (reader, writer) = connection.into_frames();
        let pipe = Arc::new(Mutex::new(Pipe {
            writer,
            writing: None,
        }));
        *self.pipe.lock() = Some(pipe.clone());
        let present = CancellationToken::new();
        std::mem::replace(&mut *self.connection.lock(), present.clone()).cancel();
        let outcome = tokio::select! {
            () = present.cancelled() => Err(io::Error::other("a newer connection has taken its place")),
            () = self.cancel.cancelled() => Ok(()),
            outcome = self.write_frames(&pipe) => outcome,
            outcome = self.read_acks(reader) => outcome,
        };
        {
            let mut present = self.pipe.lock();
            // Another connection may have taken its place.
            if present.as_ref().is_some_and(|other| Arc::ptr_eq(other, &pipe)) {
                *present = None;
            }
        }
        let mut state = self.state.lock();
        state.sender.handle_disconnected(clock::now());
        self.record_results(&mut state);
        outcome
    }

    /// Writes what can be written at once, on the caller's thread: a frame need not wait for another one to wake up. What
    /// the connection does not take now is left to the connection's task.
    pub(super) fn write_now(&self) {
        let Some(pipe) = self.pipe.lock().clone() else {
            return;
        };
        // Registered here is nobody; the task registers itself when it is woken.
        let outcome = self.poll_write(&pipe, &mut Context::from_waker(Waker::noop()));
        if outcome.is_pending() {
            self.tcp_wake.notify_one();
        }
    }

    /// What the system knows of the present TCP connection.
    pub(crate) fn tcp_info(&self) -> Option<TcpInfo> {
        let pipe = self.pipe.lock().clone()?;
        tcp_info::read(pipe.lock().writer.socket().socket())
    }

    async fn write_frames(&self, pipe: &Mutex<Pipe>) -> io::Result<()> {
        loop {
            tokio::select! {
                written = std::future::poll_fn(|cx| self.poll_write(pipe, cx)) => {
                    written?;
                    self.tcp_wake.notified().await;
                }
                // Another thread found the connection full and has put us out of its register.
                () = self.tcp_wake.notified() => {}
            }
        }
    }

    /// Writes frames as long as the connection takes them. `Ready` when there is none (any more).
    fn poll_write(&self, pipe: &Mutex<Pipe>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = pipe.lock();
        let Pipe { writer, writing } = &mut *pipe;
        loop {
            let Some((frame, written)) = writing else {
                *writing = self
                    .state
                    .lock()
                    .sender
                    .poll_frame(clock::now())
                    .map(|frame| (frame, 0));
                if writing.is_none() {
                    return Poll::Ready(Ok(()));
                }
                continue;
            };
            let bytes = frame.bytes();
            while *written < bytes.len() {
                let more = ready!(Pin::new(&mut *writer).poll_write(cx, &bytes[*written..]))?;
                *written += more;
            }
            ready!(Pin::new(&mut *writer).poll_flush(cx))?;
            self.state
                .lock()
                .sender
                .handle_written(frame.header().frame, clock::now());
            *writing = None;
        }
    }

    async fn read_acks(&self, mut reader: Reader) -> io::Result<()> {
        loop {
            let mut bytes = [0; TCP_ACK_BYTES];
            reader.read_exact(&mut bytes).await?;
            let now = clock::now();
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            let ack = TcpAck::decode(bytes).map_err(invalid)?;
            if ack.stream != self.key.stream {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "an acknowledgement of another stream",
                ));
            }
            let mut state = self.state.lock();
            state.sender.handle_tcp_ack(&ack, now);
            self.record_results(&mut state);
            drop(state);
            // The window may have opened.
            self.send_now();
        }
    }
}
