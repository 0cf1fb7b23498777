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
use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::JoinError;
use crate::net::address::Address;
use crate::net::conditioner::Conditioner;
use crate::net::conditioner::tcp::{ConditionedTcp, ConditionedTcpReader, ConditionedTcpWriter};
use crate::net::connection::Connection;
use crate::net::records::{Agreed, shake_hands};
use crate::net::tls::{self, DatagramKeys, ExporterSecret};
use crate::store::known::Pins;

/// How long a handshake, and each of the messages that begin a connection, may take.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stranger who is turned away may go on talking.
const LINGER: Duration = Duration::from_secs(1);

/// An encrypted connection and who is at its other end.
pub(crate) struct Secured {
    pub(crate) connection: Connection,
    pub(crate) peer: SocketAddr,
    pub(crate) fingerprint: Fingerprint,
    /// For datagrams, if it is a control connection.
    pub(crate) keys: DatagramKeys,
}

impl Secured {
    /// `None` when the other end does not speak Roomwire.
    fn new(
        agreed: Agreed<ConditionedTcpReader, ConditionedTcpWriter>,
        peer: SocketAddr,
        exporter: &ExporterSecret,
    ) -> Option<Secured> {
        if agreed.protocol.as_deref() != Some(ALPN) {
            return None;
        }
        Some(Secured {
            fingerprint: tls::peer_fingerprint(agreed.certificates.as_deref())?,
            connection: Connection::new(agreed.reader, agreed.writer),
            peer,
            keys: exporter.datagram_keys()?,
        })
    }
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
/// A stranger who does not manage it in [`HANDSHAKE_TIMEOUT`], or speaks another application protocol, is not served.
pub(crate) async fn secure_accepted(
    stream: TcpStream,
    peer: SocketAddr,
    config: Arc<ServerConfig>,
    conditioner: Arc<Conditioner>,
) -> io::Result<Secured> {
    stream.set_nodelay(true)?;
    let exporter = Arc::<ExporterSecret>::default();
    let mut config = ServerConfig::clone(&config);
    config.key_log = exporter.clone();
    let session = UnbufferedServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
    let (reader, writer) = ConditionedTcp::new(stream, conditioner).into_split();
    let agreed = timeout(HANDSHAKE_TIMEOUT, shake_hands(session, reader, writer)).await??;
    Secured::new(agreed, canonical(peer), &exporter)
        .ok_or_else(|| io::Error::other("it does not speak Roomwire"))
}

/// IPv4 addresses look like themselves also on a socket that serves both families.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Secures a connection to the host at `address`, who must be the one whom `pins` allow, and says what it is for.
///
/// # Errors
/// A [`JoinError`] that names what prevented it.
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
    let (mut config, verifier) = tls::pinned(&config, pins, peer);
    let exporter = Arc::<ExporterSecret>::default();
    config.key_log = exporter.clone();
    let session = UnbufferedClientConnection::new(Arc::new(config), tls::server_name());
    let session = session.map_err(|error| gone(&io::Error::other(error)))?;
    let (reader, writer) = ConditionedTcp::new(stream, conditioner).into_split();
    let agreed = match timeout(HANDSHAKE_TIMEOUT, shake_hands(session, reader, writer)).await {
        Ok(Ok(agreed)) => agreed,
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
    let Some(mut secured) = Secured::new(agreed, peer, &exporter) else {
        return Err(JoinError::NotARoom {
            address: address.clone(),
            why: "it speaks another protocol".to_owned(),
        });
    };
    secured
        .connection
        .write_all(&preface.encode())
        .await
        .map_err(|error| gone(&error))?;
    Ok(secured)
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
/// A stranger of another version is answered so, in the words of a control connection, before the error is returned.
pub(crate) async fn read_preface(connection: &mut Connection) -> io::Result<Preface> {
    let mut bytes = [0; PREFACE_BYTES];
    timeout(HANDSHAKE_TIMEOUT, connection.read_exact(&mut bytes)).await??;
    match Preface::decode(bytes) {
        Ok(preface) => Ok(preface),
        Err(error) => {
            if matches!(error, WireError::Version { .. }) {
                let refusal = Refusal::new(RefusalCode::VersionMismatch, error.to_string());
                write_message(connection, &refused(refusal)).await?;
                connection.shutdown().await?;
                linger(connection).await;
            }
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Refuses a stranger who begins a connection, in the words of the kind of connection that it is.
pub(crate) async fn turn_away(connection: &mut Connection, refusal: Refusal) -> io::Result<()> {
    match read_preface(connection).await?.kind {
        ConnectionKind::Control => write_message(connection, &refused(refusal)).await?,
        ConnectionKind::File | ConnectionKind::Video => {
            read_attach(connection).await?;
            write_message(connection, &AttachReply::Refused(refusal)).await?;
        }
    }
    connection.shutdown().await?;
    linger(connection).await;
    Ok(())
}

/// A refusal, as it is said on a control connection.
fn refused(refusal: Refusal) -> netcore_proto::Notice {
    netcore_proto::Notice::Session(netcore_proto::session::Notice::Refused(refusal))
}

/// Takes what the other side still says, for a while: closed with bytes of its unread, the connection is reset, and our
/// last words with it.
async fn linger(connection: &mut Connection) {
    let mut sink = [0; 4_096];
    let drain = async { while matches!(connection.read(&mut sink).await, Ok(1..)) {} };
    let _ = timeout(LINGER, drain).await;
}

/// Reads the message that a data connection begins with.
pub(crate) async fn read_attach(connection: &mut Connection) -> io::Result<Attach> {
    timeout(HANDSHAKE_TIMEOUT, read_message(connection)).await?
}

/// Asks to attach, and returns the offset the host answers with.
pub(crate) async fn attach(connection: &mut Connection, attach: &Attach) -> io::Result<Result<u64, Refusal>> {
    write_message(connection, attach).await?;
    match timeout(HANDSHAKE_TIMEOUT, read_message(connection)).await?? {
        AttachReply::Ready { offset } => Ok(Ok(offset)),
        AttachReply::Refused(refusal) => Ok(Err(refusal)),
    }
}

/// Writes one control message.
pub(crate) async fn write_message(
    connection: &mut Connection,
    message: &impl serde::Serialize,
) -> io::Result<()> {
    let bytes = encode_control(message).map_err(io::Error::other)?;
    connection.write_all(&bytes).await?;
    connection.flush().await
}

/// Reads one control message and not a byte more, for binary records may follow.
async fn read_message<M: Receive>(connection: &mut Connection) -> io::Result<M> {
    let invalid = |error: WireError| io::Error::new(io::ErrorKind::InvalidData, error);
    let mut decoder = ControlDecoder::default();
    let mut prefix = [0; 4];
    connection.read_exact(&mut prefix).await?;
    decoder.feed(&prefix);
    // The decoder judges the length before a byte is reserved for it.
    if let Some(message) = decoder.next_message().map_err(invalid)? {
        return Ok(message.into_inner());
    }
    let mut body = BytesMut::zeroed(u32::from_be_bytes(prefix) as usize);
    connection.read_exact(&mut body).await?;
    decoder.feed(&body);
    decoder
        .next_message()
        .map_err(invalid)?
        .map(Received::into_inner)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
