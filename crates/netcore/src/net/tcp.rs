//! TCP connections: securing them, and the first bytes that say what a connection is for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use netcore_proto::session::{Fingerprint, Refusal, RefusalCode};
use netcore_proto::wire::{
    ALPN, Attach, AttachReply, ConnectionKind, ControlDecoder, PREFACE_BYTES, Preface, Receive, Received,
    WireError, encode_control,
};
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::error::JoinError;
use crate::net::address::Address;
use crate::net::conditioned::{Conditioned, ConditionedReader, ConditionedWriter};
use crate::net::conditioner::Conditioner;
use crate::net::records::{self, OneRecord, RecordReader, RecordWriter};
use crate::net::tls;
use crate::store::known::Pins;

/// How long a handshake, and each of the messages that begin a connection, may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long somebody who is turned away may go on talking.
const LINGER: Duration = Duration::from_secs(1);

/// An encrypted connection.
pub(crate) type Secure = TlsStream<OneRecord<Conditioned>>;
/// The halves of an encrypted connection that carries live pictures.
pub(crate) type Reader = RecordReader<ConditionedReader>;
/// See [`Reader`].
pub(crate) type Writer = RecordWriter<ConditionedWriter>;

/// The system takes no more for a connection that carries live pictures while so many bytes have not been sent: what waits
/// there cannot be replaced by something newer.
pub(crate) const MOST_UNSENT: u32 = 128 * 1024;
/// The same for a file, which must be able to yield to live pictures soon: a twentieth of a second at 100 Mbit/s.
pub(crate) const MOST_UNSENT_OF_A_FILE: u32 = 640 * 1024;

/// The socket below an encrypted connection.
pub(crate) fn socket(stream: &Secure) -> &TcpStream {
    stream.get_ref().0.get_ref().socket()
}

/// Keeps the system from queueing more than so many bytes of what is written.
pub(crate) fn keep_queue_short(socket: &TcpStream, most_unsent: u32) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(socket).set_tcp_notsent_lowat(most_unsent) {
        tracing::debug!(%error, "the system does not bound what waits in a socket");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (socket, most_unsent);
}

/// Takes a connection's session apart, for live pictures.
///
/// # Errors
/// See [`records::take_session_apart`].
pub(crate) fn split(stream: Secure) -> io::Result<(Reader, Writer)> {
    let (source, session) = match stream {
        TlsStream::Client(stream) => {
            let (source, session) = stream.into_inner();
            (source, rustls::Connection::from(session))
        }
        TlsStream::Server(stream) => {
            let (source, session) = stream.into_inner();
            (source, rustls::Connection::from(session))
        }
    };
    records::take_session_apart(source, session, Conditioned::into_split)
}

/// An encrypted connection and who is at its other end.
pub(crate) struct Secured {
    pub(crate) stream: Secure,
    pub(crate) peer: SocketAddr,
    pub(crate) fingerprint: Fingerprint,
}

/// A socket for a member's datagrams to `host`.
pub(crate) fn member_datagrams(host: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let any: IpAddr = if host.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The host's half of a handshake.
///
/// # Errors
/// Whoever does not manage it in [`HANDSHAKE_TIMEOUT`], or speaks another application protocol, is not served.
pub(crate) async fn secure_accepted(
    stream: TcpStream,
    peer: SocketAddr,
    config: Arc<ServerConfig>,
    conditioner: Arc<Conditioner>,
) -> io::Result<Secured> {
    stream.set_nodelay(true)?;
    let stream = OneRecord::new(Conditioned::new(stream, conditioner));
    let stream = timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await??;
    let session = stream.get_ref().1;
    let fingerprint = tls::peer_fingerprint(session.peer_certificates());
    let fingerprint = fingerprint.filter(|_| session.alpn_protocol() == Some(ALPN));
    let fingerprint = fingerprint.ok_or_else(|| io::Error::other("it does not speak Roomwire"))?;
    Ok(Secured {
        stream: stream.into(),
        peer: canonical(peer),
        fingerprint,
    })
}

/// IPv4 addresses look like themselves also on a socket that serves both families.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Secures a connection to the host at `address`, who must be the one whom `pins` allow, and says what it is for.
///
/// # Errors
/// A [`JoinError`] that names what stood in the way.
pub(crate) async fn secure_connected(
    stream: TcpStream,
    address: &Address,
    config: Arc<ClientConfig>,
    conditioner: Arc<Conditioner>,
    preface: Preface,
    pins: Arc<Pins>,
) -> Result<Secured, JoinError> {
    let gone = |why: &io::Error| JoinError::HostGone {
        address: address.clone(),
        why: why.to_string(),
    };
    stream.set_nodelay(true).map_err(|error| gone(&error))?;
    let peer = stream.peer_addr().map_err(|error| gone(&error))?;
    let (config, verifier) = tls::pinned(&config, pins, peer);
    let stream = OneRecord::new(Conditioned::new(stream, conditioner));
    let handshake = timeout(
        HANDSHAKE_TIMEOUT,
        TlsConnector::from(config).connect(tls::server_name(), stream),
    );
    let mut stream = match handshake.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) if let Some(mismatch) = verifier.refused() => {
            return Err(JoinError::IdentityChanged {
                address: address.clone(),
                room: mismatch.room,
                expected: mismatch.expected,
                got: mismatch.got,
            });
        }
        Ok(Err(error)) => return Err(not_secured(address.clone(), &error)),
        Err(_) => {
            return Err(JoinError::TimedOut {
                address: address.clone(),
                is_connected: true,
            });
        }
    };
    let session = stream.get_ref().1;
    let is_room = session.alpn_protocol() == Some(ALPN);
    let Some(fingerprint) = tls::peer_fingerprint(session.peer_certificates()).filter(|_| is_room) else {
        return Err(JoinError::NotARoom {
            address: address.clone(),
            why: "it speaks another protocol".to_owned(),
        });
    };
    stream
        .write_all(&preface.encode())
        .await
        .map_err(|error| gone(&error))?;
    Ok(Secured {
        stream: stream.into(),
        peer,
        fingerprint,
    })
}

/// Why a handshake failed: an answer that is no TLS 1.3 for this protocol is something else's; without one, the connection is.
fn not_secured(address: Address, error: &io::Error) -> JoinError {
    let rustls: Option<&rustls::Error> = error.get_ref().and_then(|inner| inner.downcast_ref());
    let is_answer = rustls.is_some();
    let why = error.to_string();
    if is_answer {
        JoinError::NotARoom { address, why }
    } else {
        JoinError::BrokenOff { address, why }
    }
}

/// Reads the first eight bytes of an accepted connection.
///
/// A stranger of another version is told so, in the words of a control connection, before the error is returned.
pub(crate) async fn read_preface(stream: &mut Secure) -> io::Result<Preface> {
    let mut bytes = [0; PREFACE_BYTES];
    timeout(HANDSHAKE_TIMEOUT, stream.read_exact(&mut bytes)).await??;
    match Preface::decode(bytes) {
        Ok(preface) => Ok(preface),
        Err(error) => {
            if matches!(error, WireError::Version { .. }) {
                let refusal = Refusal::new(RefusalCode::VersionMismatch, error.to_string());
                write_message(stream, &refused(refusal)).await?;
                stream.shutdown().await?;
                linger(stream).await;
            }
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Says no to whoever begins a connection, in the words of the kind of connection that it is.
pub(crate) async fn turn_away(stream: &mut Secure, refusal: Refusal) -> io::Result<()> {
    match read_preface(stream).await?.kind {
        ConnectionKind::Control => write_message(stream, &refused(refusal)).await?,
        ConnectionKind::File | ConnectionKind::Video => {
            read_attach(stream).await?;
            write_message(stream, &AttachReply::Refused(refusal)).await?;
        }
    }
    stream.shutdown().await?;
    linger(stream).await;
    Ok(())
}

/// A refusal, as it is said on a control connection.
fn refused(refusal: Refusal) -> netcore_proto::Notice {
    netcore_proto::Notice::Session(netcore_proto::session::Notice::Refused(refusal))
}

/// Takes what the other side still says, for a while: closed with bytes of its unread, the connection is reset, and our
/// last words with it.
async fn linger(stream: &mut Secure) {
    let mut sink = [0; 4_096];
    let drain = async { while matches!(stream.read(&mut sink).await, Ok(1..)) {} };
    let _ = timeout(LINGER, drain).await;
}

/// Reads the message that a data connection begins with.
pub(crate) async fn read_attach(stream: &mut Secure) -> io::Result<Attach> {
    timeout(HANDSHAKE_TIMEOUT, read_message(stream)).await?
}

/// Asks to attach, and returns the offset the host answers with.
pub(crate) async fn attach(stream: &mut Secure, attach: &Attach) -> io::Result<Result<u64, Refusal>> {
    write_message(stream, attach).await?;
    match timeout(HANDSHAKE_TIMEOUT, read_message(stream)).await?? {
        AttachReply::Ready { offset } => Ok(Ok(offset)),
        AttachReply::Refused(refusal) => Ok(Err(refusal)),
    }
}

/// Writes one control message.
pub(crate) async fn write_message(stream: &mut Secure, message: &impl serde::Serialize) -> io::Result<()> {
    let bytes = encode_control(message).map_err(io::Error::other)?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// Reads one control message and not a byte more, for binary records may follow.
async fn read_message<M: Receive>(stream: &mut Secure) -> io::Result<M> {
    let invalid = |error: WireError| io::Error::new(io::ErrorKind::InvalidData, error);
    let mut decoder = ControlDecoder::default();
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).await?;
    decoder.feed(&prefix);
    // The decoder judges the length before a byte is reserved for it.
    if let Some(message) = decoder.next_message().map_err(invalid)? {
        return Ok(message.into_inner());
    }
    let mut body = BytesMut::zeroed(u32::from_be_bytes(prefix) as usize);
    stream.read_exact(&mut body).await?;
    decoder.feed(&body);
    decoder
        .next_message()
        .map_err(invalid)?
        .map(Received::into_inner)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
