use std::io;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::CertificateDer;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls::{CommonState, Error, ExtractedSecrets};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::buffer::RecordBuffer;
use super::keys::{Kernel, NextKeys, key};
use super::{RecordReader, RecordWriter};
use crate::net::record::{HEADER_BYTES, MAX_SEALED, Opener, RECORDS_PER_KEY, Sealer, invalid, record_length};

/// The kinds of records that there are, in a handshake: from a change of cipher to application data.
const KINDS: std::ops::RangeInclusive<u8> = 20..=23;

/// One side of a handshake, as rustls has it.
pub(crate) trait Side {
    /// rustls' type of what is particular to the side.
    type Data;

    /// Takes what has come.
    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;

    /// What has been agreed on so far.
    fn state(&self) -> &CommonState;

    /// Takes the session apart.
    fn into_kernel(self) -> Result<(ExtractedSecrets, Kernel), Error>;
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn state(&self) -> &CommonState {
        self
    }

    fn into_kernel(self) -> Result<(ExtractedSecrets, Kernel), Error> {
        let (secrets, kernel) = self.dangerous_into_kernel_connection()?;
        Ok((secrets, Kernel::Client(kernel)))
    }
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn state(&self) -> &CommonState {
        self
    }

    fn into_kernel(self) -> Result<(ExtractedSecrets, Kernel), Error> {
        let (secrets, kernel) = self.dangerous_into_kernel_connection()?;
        Ok((secrets, Kernel::Server(kernel)))
    }
}

/// A connection that has been agreed on.
pub(crate) struct Agreed<R, W> {
    pub(crate) reader: RecordReader<R>,
    pub(crate) writer: RecordWriter<W>,
    /// What the other end has shown, its own certificate first.
    pub(crate) certificates: Option<Vec<CertificateDer<'static>>>,
    /// The application protocol.
    pub(crate) protocol: Option<Vec<u8>>,
}

/// What a handshake does next.
enum Next {
    /// There is more to do with what has come.
    Process,
    Send,
    Receive,
    Done,
}

/// Shakes hands over a connection's two halves.
///
/// # Errors
/// The connection's own; for what the other end sends and does not send, a [`rustls::Error`] inside of `InvalidData`. The other
/// end is sent an alert then.
pub(crate) async fn shake_hands<S: Side, R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    mut session: S,
    source: R,
    mut sink: W,
) -> io::Result<Agreed<R, W>> {
    let mut source = RecordBuffer::new(source);
    let mut outgoing = Vec::new();
    // Rustls is shown one record more at a time, so that it takes none that comes behind the handshake.
    let mut shown = 0;
    loop {
        let (taken, next) = step(&mut session, source.first(shown), &mut outgoing);
        source.take(taken);
        shown -= taken;
        match next {
            Ok(Next::Process) => {}
            Ok(Next::Send) => send(&mut sink, &mut outgoing).await?,
            Ok(Next::Receive) => shown += next_record(&mut source, shown).await?,
            Ok(Next::Done) => break,
            Err(error) => {
                // What rustls has to say to the other end of it.
                while session.state().wants_write()
                    && let (taken, Ok(Next::Process)) = step(&mut session, source.first(shown), &mut outgoing)
                {
                    source.take(taken);
                    shown -= taken;
                }
                // The other end may be gone; what went wrong matters more.
                let _ = send(&mut sink, &mut outgoing).await;
                return Err(invalid(error));
            }
        }
    }
    let state = session.state();
    let protocol = state.alpn_protocol().map(<[u8]>::to_vec);
    let certificates = state.peer_certificates().map(<[_]>::to_vec);
    let (ExtractedSecrets { tx, rx }, kernel) = session.into_kernel().map_err(invalid)?;
    let is_client = matches!(kernel, Kernel::Client(_));
    let next_keys = Arc::new(NextKeys::new(kernel));
    let opener = Opener::new(key(&rx.1)?, rx.0, is_client);
    let sealer = Sealer::new(key(&tx.1)?, tx.0, RECORDS_PER_KEY);
    Ok(Agreed {
        reader: RecordReader::new(source, opener, next_keys.clone()),
        writer: RecordWriter::new(sink, sealer, next_keys),
        certificates,
        protocol,
    })
}

/// One step with what has come. Returns how many bytes of it are taken.
fn step<S: Side>(
    session: &mut S,
    incoming: &mut [u8],
    outgoing: &mut Vec<u8>,
) -> (usize, Result<Next, Error>) {
    let UnbufferedStatus { discard, state } = session.process(incoming);
    let next = state.and_then(|state| match state {
        ConnectionState::EncodeTlsData(message) => encode(message, outgoing).map(|()| Next::Process),
        ConnectionState::TransmitTlsData(ready) => {
            ready.done();
            Ok(Next::Send)
        }
        ConnectionState::BlockedHandshake => Ok(Next::Receive),
        ConnectionState::WriteTraffic(_) => Ok(Next::Done),
        _ => Err(Error::General(
            "content before the end of the handshake".to_owned(),
        )),
    });
    (discard, next)
}

/// Appends a message that rustls has ready.
fn encode<D>(mut message: EncodeTlsData<'_, D>, outgoing: &mut Vec<u8>) -> Result<(), Error> {
    let failed = |error: EncodeError| Error::General(error.to_string());
    let length = match message.encode(&mut []) {
        Err(EncodeError::InsufficientSize(size)) => size.required_size,
        outcome => return outcome.map(drop).map_err(failed),
    };
    let from = outgoing.len();
    outgoing.resize(from + length, 0);
    message.encode(&mut outgoing[from..]).map(drop).map_err(failed)
}

async fn send<W: AsyncWrite + Unpin>(sink: &mut W, outgoing: &mut Vec<u8>) -> io::Result<()> {
    sink.write_all(outgoing).await?;
    outgoing.clear();
    sink.flush().await
}

/// Waits for one record more behind the first `shown` bytes. Returns its length; of what is no record, what there is of it:
/// rustls finds words for it.
async fn next_record<R: AsyncRead + Unpin>(source: &mut RecordBuffer<R>, shown: usize) -> io::Result<usize> {
    let header_end = shown + HEADER_BYTES;
    std::future::poll_fn(|cx| source.poll_fill(cx, header_end)).await?;
    let header = &source.first(header_end)[shown..];
    let length = record_length(header).unwrap_or(HEADER_BYTES);
    if !KINDS.contains(&header[0]) || length > HEADER_BYTES + MAX_SEALED {
        return Ok(HEADER_BYTES);
    }
    std::future::poll_fn(|cx| source.poll_fill(cx, shown + length)).await?;
    Ok(length)
}
