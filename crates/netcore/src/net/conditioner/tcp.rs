//! A TCP connection whose bytes may be made to come late.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use netcore_proto::Time;
use netem::Pipe;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::clock;
use crate::net::conditioner::{Conditioner, Direction};

/// Bytes of a connection that are in flight, in each direction: as much as a socket's buffer would take.
const MOST_IN_FLIGHT: usize = 256 * 1024;
/// Bytes taken off the socket at once.
const READ_BYTES: usize = 16 * 1024;

/// A TCP connection under a room's [`Conditioner`].
pub(crate) struct ConditionedTcp {
    reader: ConditionedTcpReader,
    writer: ConditionedTcpWriter,
}

/// The half that bytes come from.
pub(crate) struct ConditionedTcpReader {
    socket: Arc<TcpStream>,
    conditioner: Arc<Conditioner>,
    incoming: Incoming,
}

/// The half that bytes go into. They may come from threads that have no runtime.
pub(crate) struct ConditionedTcpWriter {
    socket: Arc<TcpStream>,
    conditioner: Arc<Conditioner>,
    /// Once there have been conditions, what is written takes this path, at whose end the socket is.
    outgoing: Option<Arc<Outgoing>>,
    is_over: bool,
    runtime: Handle,
}

#[derive(Default)]
struct Incoming {
    pipe: Pipe,
    in_flight: VecDeque<(Time, Bytes)>,
    bytes: usize,
    is_at_end: bool,
    /// For the first of what is in flight.
    alarm: Option<(Time, Pin<Box<Sleep>>)>,
}

#[derive(Default)]
struct Outgoing {
    state: Mutex<OutgoingState>,
    changed: Notify,
}

#[derive(Default)]
struct OutgoingState {
    pipe: Pipe,
    in_flight: VecDeque<(Time, Bytes)>,
    bytes: usize,
    error: Option<io::Error>,
    /// Nothing more will be written: the connection's own end follows the last byte.
    is_over: bool,
    writer: Option<Waker>,
}

impl ConditionedTcp {
    /// # Panics
    /// Outside of a runtime.
    pub(crate) fn new(socket: TcpStream, conditioner: Arc<Conditioner>) -> ConditionedTcp {
        let socket = Arc::new(socket);
        ConditionedTcp {
            reader: ConditionedTcpReader {
                socket: socket.clone(),
                conditioner: conditioner.clone(),
                incoming: Incoming::default(),
            },
            writer: ConditionedTcpWriter {
                socket,
                conditioner,
                outgoing: None,
                is_over: false,
                runtime: Handle::current(),
            },
        }
    }

    /// Its halves.
    pub(crate) fn into_split(self) -> (ConditionedTcpReader, ConditionedTcpWriter) {
        (self.reader, self.writer)
    }
}

impl ConditionedTcpWriter {
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The path that what is written takes, if there are conditions or have been.
    fn path(&mut self) -> Option<&Arc<Outgoing>> {
        if self.outgoing.is_none() && self.conditioner.is_on() {
            let outgoing = Arc::new(Outgoing::default());
            self.runtime.spawn(outgoing.clone().carry(self.socket.clone()));
            self.outgoing = Some(outgoing);
        }
        self.outgoing.as_ref()
    }

    /// Nothing more will be written.
    fn end(&mut self) -> io::Result<()> {
        // What is in flight is still to arrive when the last of us goes.
        if std::mem::replace(&mut self.is_over, true) {
            return Ok(());
        }
        match self.outgoing.take() {
            Some(outgoing) => outgoing.end(),
            None => shut(&self.socket)?,
        }
        Ok(())
    }
}

impl Drop for ConditionedTcpWriter {
    fn drop(&mut self) {
        // The other end may have closed it already.
        let _ = self.end();
    }
}

/// Shows the other end that nothing more comes.
fn shut(socket: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write)
}

/// Writes as much as the socket takes.
fn poll_give(socket: &TcpStream, bufs: &[io::IoSlice<'_>], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        match socket.try_write_vectored(bufs) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            outcome => return Poll::Ready(outcome),
        }
    }
}

/// Reads what the socket has.
fn poll_take(socket: &TcpStream, buf: &mut ReadBuf<'_>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    loop {
        ready!(socket.poll_read_ready(cx))?;
        match socket.try_read(buf.initialize_unfilled()) {
            Ok(bytes) => {
                buf.advance(bytes);
                return Poll::Ready(Ok(()));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

impl Outgoing {
    /// Puts bytes in flight. Returns how many.
    fn poll_write(
        &self,
        conditioner: &Conditioner,
        bufs: &[io::IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state.lock();
        if let Some(error) = state.error.take() {
            return Poll::Ready(Err(error));
        }
        let room = MOST_IN_FLIGHT.saturating_sub(state.bytes);
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut bytes = BytesMut::new();
        for buf in bufs {
            let more = buf.len().min(room - bytes.len());
            bytes.extend_from_slice(&buf[..more]);
        }
        let bytes = bytes.freeze();
        let state = &mut *state;
        let portions = conditioner.stream(Direction::Out, &mut state.pipe, &bytes, clock::now());
        state.in_flight.extend(portions);
        state.bytes += bytes.len();
        self.changed.notify_one();
        Poll::Ready(Ok(bytes.len()))
    }

    fn end(&self) {
        self.state.lock().is_over = true;
        self.changed.notify_one();
    }

    /// Gives the socket what has come to the end of its path, until the connection is over.
    async fn carry(self: Arc<Self>, socket: Arc<TcpStream>) {
        loop {
            let (due, is_over) = {
                let state = self.state.lock();
                (state.in_flight.front().map(|(at, _)| *at), state.is_over)
            };
            match due {
                None if is_over => {
                    // The other end may have closed it already.
                    let _ = shut(&socket);
                    return;
                }
                Some(at) if at <= clock::now() => {
                    if let Err(error) = self.give(&socket).await {
                        let mut state = self.state.lock();
                        state.error = Some(error);
                        state.in_flight.clear();
                        state.bytes = 0;
                        state.writer.take().into_iter().for_each(Waker::wake);
                    }
                }
                due => tokio::select! {
                    () = clock::sleep_until(due) => {}
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    /// Gives the socket the first portion.
    async fn give(&self, socket: &TcpStream) -> io::Result<()> {
        let Some((_, portion)) = self.state.lock().in_flight.pop_front() else {
            return Ok(());
        };
        let mut left = &portion[..];
        while !left.is_empty() {
            let bytes = std::future::poll_fn(|cx| poll_give(socket, &[io::IoSlice::new(left)], cx)).await?;
            left = &left[bytes..];
        }
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(portion.len());
        state.writer.take().into_iter().for_each(Waker::wake);
        Ok(())
    }
}

impl Incoming {
    /// Takes bytes off the socket and puts them on the rest of their path.
    fn poll_take(
        &mut self,
        socket: &TcpStream,
        conditioner: &Conditioner,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.bytes < MOST_IN_FLIGHT && !self.is_at_end {
            let mut bytes = vec![0; READ_BYTES];
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(poll_take(socket, &mut buf, cx))?;
            let length = buf.filled().len();
            bytes.truncate(length);
            self.is_at_end = length == 0;
            let portions = conditioner.stream(Direction::In, &mut self.pipe, &bytes.into(), clock::now());
            self.in_flight.extend(portions);
            self.bytes += length;
        }
        Poll::Ready(Ok(()))
    }

    /// Hands on what has come to the end of its path.
    fn poll_hand_on(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some((at, portion)) = self.in_flight.front_mut() else {
                return if self.is_at_end {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            };
            if *at <= clock::now() {
                let length = portion.len().min(buf.remaining());
                buf.put_slice(&portion.split_to(length));
                self.bytes -= length;
                if portion.is_empty() {
                    self.in_flight.pop_front();
                }
                return Poll::Ready(Ok(()));
            }
            let at = *at;
            let (set_for, alarm) = self
                .alarm
                .get_or_insert_with(|| (at, Box::pin(tokio::time::sleep_until(clock::instant(at)))));
            if *set_for != at {
                *set_for = at;
                alarm.as_mut().reset(clock::instant(at));
            }
            ready!(alarm.as_mut().poll(cx));
        }
    }
}

impl AsyncRead for ConditionedTcpReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.conditioner.is_on() && this.incoming.in_flight.is_empty() && !this.incoming.is_at_end {
            return poll_take(&this.socket, buf, cx);
        }
        if let Poll::Ready(Err(error)) = this.incoming.poll_take(&this.socket, &this.conditioner, cx) {
            return Poll::Ready(Err(error));
        }
        this.incoming.poll_hand_on(cx, buf)
    }
}

impl AsyncWrite for ConditionedTcpWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.path().cloned() {
            Some(outgoing) => outgoing.poll_write(&self.conditioner, bufs, cx),
            None => poll_give(&self.socket, bufs, cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end())
    }
}
