//! A TCP connection whose bytes may be made to come late.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use netcore_proto::Time;
use netcore_proto::conditions::Pipe;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::clock;
use crate::conditioner::{Conditioner, Way};
use crate::lock::lock;

/// Bytes of a connection that are on their way, in each direction: as much as a socket's buffer would take.
const MOST_ON_THE_WAY: usize = 256 * 1024;
/// Bytes taken off the socket at once.
const READ_BYTES: usize = 16 * 1024;

/// A TCP connection under a room's [`Conditioner`].
pub(crate) struct Conditioned {
    reader: OwnedReadHalf,
    outlet: Outlet,
    conditioner: Arc<Conditioner>,
    incoming: Incoming,
    /// A connection may be written to from threads that have no runtime.
    runtime: Handle,
}

/// Where written bytes go.
enum Outlet {
    Socket(OwnedWriteHalf),
    /// On their way, at whose end the socket is.
    Way(Arc<Outgoing>),
    /// Nowhere, for the moment it takes to change from one to the other.
    Changing,
}

#[derive(Default)]
struct Incoming {
    pipe: Pipe,
    on_the_way: VecDeque<(Time, Bytes)>,
    bytes: usize,
    is_at_end: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

#[derive(Default)]
struct Outgoing {
    state: Mutex<OutgoingState>,
    changed: Notify,
}

#[derive(Default)]
struct OutgoingState {
    pipe: Pipe,
    on_the_way: VecDeque<(Time, Bytes)>,
    bytes: usize,
    error: Option<io::Error>,
    /// Nothing more will be written: the connection's own end follows the last byte.
    is_over: bool,
    writer: Option<Waker>,
}

impl Conditioned {
    /// # Panics
    /// Outside of a runtime.
    pub(crate) fn new(socket: TcpStream, conditioner: Arc<Conditioner>) -> Conditioned {
        let (reader, writer) = socket.into_split();
        Conditioned {
            reader,
            outlet: Outlet::Socket(writer),
            conditioner,
            incoming: Incoming::default(),
            runtime: Handle::current(),
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        self.reader.as_ref()
    }

    /// What is written goes by way of the conditions once there are some.
    fn choose_outlet(&mut self) {
        if !self.conditioner.is_on() || !matches!(self.outlet, Outlet::Socket(_)) {
            return;
        }
        let outgoing = Arc::new(Outgoing::default());
        let before = std::mem::replace(&mut self.outlet, Outlet::Changing);
        if let Outlet::Socket(writer) = before {
            self.runtime.spawn(outgoing.clone().carry(writer));
        }
        self.outlet = Outlet::Way(outgoing);
    }
}

impl Drop for Conditioned {
    fn drop(&mut self) {
        if let Outlet::Way(outgoing) = &self.outlet {
            outgoing.end();
        }
    }
}

impl Outgoing {
    /// Puts bytes on their way. Returns how many.
    fn poll_write(
        &self,
        conditioner: &Conditioner,
        bufs: &[io::IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.state);
        if let Some(error) = state.error.take() {
            return Poll::Ready(Err(error));
        }
        let room = MOST_ON_THE_WAY.saturating_sub(state.bytes);
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
        let portions = conditioner.stream(Way::Out, &mut state.pipe, &bytes, clock::now());
        state.on_the_way.extend(portions);
        state.bytes += bytes.len();
        self.changed.notify_one();
        Poll::Ready(Ok(bytes.len()))
    }

    fn end(&self) {
        lock(&self.state).is_over = true;
        self.changed.notify_one();
    }

    /// Gives the socket what has come to the end of its way, until the connection is over.
    async fn carry(self: Arc<Self>, mut socket: OwnedWriteHalf) {
        loop {
            let (due, is_over) = {
                let state = lock(&self.state);
                (state.on_the_way.front().map(|(at, _)| *at), state.is_over)
            };
            match due {
                // The end follows when the socket is dropped.
                None if is_over => return,
                Some(at) if at <= clock::now() => {
                    if let Err(error) = self.give(&mut socket).await {
                        let mut state = lock(&self.state);
                        state.error = Some(error);
                        state.on_the_way.clear();
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
    async fn give(&self, socket: &mut OwnedWriteHalf) -> io::Result<()> {
        let Some((_, portion)) = lock(&self.state).on_the_way.pop_front() else {
            return Ok(());
        };
        socket.write_all(&portion).await?;
        let mut state = lock(&self.state);
        state.bytes = state.bytes.saturating_sub(portion.len());
        state.writer.take().into_iter().for_each(Waker::wake);
        Ok(())
    }
}

impl Incoming {
    /// Takes bytes off the socket and puts them on the rest of their way.
    fn poll_take(
        &mut self,
        socket: &mut OwnedReadHalf,
        conditioner: &Conditioner,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.bytes < MOST_ON_THE_WAY && !self.is_at_end {
            let mut bytes = vec![0; READ_BYTES];
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut buf))?;
            let length = buf.filled().len();
            bytes.truncate(length);
            self.is_at_end = length == 0;
            let portions = conditioner.stream(Way::In, &mut self.pipe, &bytes.into(), clock::now());
            self.on_the_way.extend(portions);
            self.bytes += length;
        }
        Poll::Ready(Ok(()))
    }

    /// Hands on what has come to the end of its way.
    fn poll_hand_on(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some((at, portion)) = self.on_the_way.front_mut() else {
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
                    self.on_the_way.pop_front();
                }
                return Poll::Ready(Ok(()));
            }
            let at = clock::instant(*at);
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if alarm.deadline() != at {
                alarm.as_mut().reset(at);
            }
            ready!(alarm.as_mut().poll(cx));
        }
    }
}

impl AsyncRead for Conditioned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.conditioner.is_on() && this.incoming.on_the_way.is_empty() && !this.incoming.is_at_end {
            return Pin::new(&mut this.reader).poll_read(cx, buf);
        }
        if let Poll::Ready(Err(error)) = this.incoming.poll_take(&mut this.reader, &this.conditioner, cx) {
            return Poll::Ready(Err(error));
        }
        this.incoming.poll_hand_on(cx, buf)
    }
}

impl AsyncWrite for Conditioned {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.choose_outlet();
        let this = &mut *self;
        match &mut this.outlet {
            Outlet::Socket(writer) => Pin::new(writer).poll_write_vectored(cx, bufs),
            Outlet::Way(outgoing) => outgoing.poll_write(&this.conditioner, bufs, cx),
            Outlet::Changing => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.outlet {
            Outlet::Socket(writer) => Pin::new(writer).poll_shutdown(cx),
            Outlet::Way(outgoing) => {
                outgoing.end();
                Poll::Ready(Ok(()))
            }
            Outlet::Changing => Poll::Ready(Ok(())),
        }
    }
}
