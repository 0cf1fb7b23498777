//! A stranger with a certificate who speaks TLS 1.3 and this protocol's framing, and for the rest does as the test pleases.
//! Written from the protocol's description, not with the product's own connection code, so that the two check each other.

use std::net::SocketAddr;
use std::sync::Arc;

use netcore::proto::Notice;
use netcore::proto::Request;
use netcore::proto::session::{self, Refusal, Returning, Welcome};
use netcore::proto::wire::{ALPN, Attach, AttachReply, Attachment, ConnectionKind, Preface, encode_control};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::key_holder::{AnyKeyHolder, credentials};
use crate::{PATIENCE, profile};

/// An identity that has not joined.
#[derive(Clone)]
pub struct Stranger {
    tls: Arc<ClientConfig>,
    port: u16,
}

/// A connection inside TLS.
pub struct Wire {
    /// For whatever the methods do not offer.
    pub stream: TlsStream<TcpStream>,
}

/// A stranger who said hello as one should, and was let in.
pub struct Guest {
    /// Who it is.
    pub stranger: Stranger,
    /// Its control connection.
    pub wire: Wire,
    /// What the host said.
    pub welcome: Welcome,
}

/// The first bytes of a connection of this kind.
pub fn preface(kind: ConnectionKind) -> [u8; 8] {
    Preface { kind }.encode()
}

impl Stranger {
    /// A new one.
    ///
    /// # Panics
    /// When no certificate can be made.
    pub fn new(port: u16) -> Stranger {
        let (certificate, key) = credentials();
        let provider = Arc::new(default_provider());
        let verifier = Arc::new(AnyKeyHolder(provider.signature_verification_algorithms));
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3 is there")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_auth_cert(vec![certificate], key)
            .expect("the key belongs to the certificate");
        tls.alpn_protocols = vec![ALPN.to_vec()];
        Stranger {
            tls: Arc::new(tls),
            port,
        }
    }

    /// Connects and says `first`.
    ///
    /// # Panics
    /// When the host cannot be reached or does not do TLS.
    pub async fn connect(&self, first: &[u8]) -> Wire {
        let connected = timeout(PATIENCE, async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from("roomwire").expect("a plain word is a name");
            TlsConnector::from(self.tls.clone()).connect(name, stream).await
        });
        let stream = connected
            .await
            .expect("the host answers")
            .expect("the host does TLS");
        let mut wire = Wire { stream };
        wire.send(first).await;
        wire
    }

    /// Joins as one should.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn join(&self, name: &str) -> Guest {
        self.come_back(name, None).await
    }

    /// Joins, with word of what it has already.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn come_back(&self, name: &str, returning: Option<Returning>) -> Guest {
        let mut wire = self.connect(&preface(ConnectionKind::Control)).await;
        let profile = profile(name);
        wire.say(&Request::Session(session::Request::Hello { profile, returning }))
            .await;
        let welcome = wire
            .hear("a welcome", |notice| match notice {
                Notice::Session(session::Notice::Welcome(welcome)) => Some(*welcome),
                _ => None,
            })
            .await;
        Guest {
            stranger: self.clone(),
            wire,
            welcome,
        }
    }

    /// Opens a data connection of `kind` with `attach`, whatever the two say, and returns the answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn attach(&self, kind: ConnectionKind, attach: &Attach) -> (Wire, AttachReply) {
        let mut wire = self.connect(&preface(kind)).await;
        wire.say(attach).await;
        let reply = wire.next().await.expect("an answer to the attachment");
        (wire, reply)
    }
}

impl Guest {
    /// What a data connection of ours begins with.
    pub fn attach_for(&self, attachment: Attachment) -> Attach {
        Attach {
            member: self.welcome.me,
            token: self.welcome.token,
            attachment,
        }
    }

    /// Opens a data connection as one should.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn attach(&self, attachment: Attachment) -> (Wire, AttachReply) {
        let kind = match attachment {
            Attachment::File { .. } => ConnectionKind::File,
            Attachment::Video { .. } => ConnectionKind::Video,
        };
        self.stranger.attach(kind, &self.attach_for(attachment)).await
    }

    /// What seals our datagrams.
    ///
    /// # Panics
    /// When the TLS session does not export keys.
    pub fn seal(&self) -> DatagramSeal {
        let session = self.wire.stream.get_ref().1;
        let material = session.export_keying_material([0; 64], b"EXPORTER-roomwire-datagrams-2", None);
        let material: [u8; 64] = material.expect("an established session exports keys");
        DatagramSeal {
            material,
            connection: self.welcome.datagrams,
        }
    }
}

impl Wire {
    /// Sends bytes as they are. That the other side has closed already is no failure.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(PATIENCE, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        let _ = sent.await;
    }

    /// Sends one control message.
    ///
    /// # Panics
    /// When it is too long for one.
    pub async fn say(&mut self, message: &impl Serialize) {
        self.send(&encode_control(message).expect("it fits a control message"))
            .await;
    }

    /// The next control message, and not a byte more; `None` when the connection ends.
    ///
    /// # Panics
    /// When nothing comes within [`PATIENCE`], or it is no such message.
    pub async fn next<M: DeserializeOwned>(&mut self) -> Option<M> {
        let read = timeout(PATIENCE, async {
            let length = self.stream.read_u32().await?;
            let mut body = vec![0; length as usize];
            self.stream.read_exact(&mut body).await?;
            std::io::Result::Ok(body)
        });
        let body = read.await.expect("a message, or the end").ok()?;
        Some(serde_json::from_slice(&body).expect("what the host says can be read"))
    }

    /// Waits until `wanted` makes something of a notice.
    ///
    /// # Panics
    /// When the connection ends before.
    pub async fn hear<T>(&mut self, what: &str, mut wanted: impl FnMut(Notice) -> Option<T>) -> T {
        while let Some(notice) = self.next().await {
            if let Some(found) = wanted(notice) {
                return found;
            }
        }
        panic!("the connection ended while waiting for {what}")
    }

    /// The words with which the host ends this control connection, after which it does end.
    ///
    /// # Panics
    /// When it ends without, or does not end.
    pub async fn refusal(&mut self) -> Refusal {
        let refusal = self
            .hear("a refusal", |notice| match notice {
                Notice::Session(session::Notice::Refused(refusal)) => Some(refusal),
                _ => None,
            })
            .await;
        assert!(self.next::<Notice>().await.is_none(), "nothing follows a refusal");
        refusal
    }

    /// Waits for the connection's end, whatever comes before it.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn end(&mut self) {
        let mut sink = vec![0; 64 * 1024];
        let end = async { while matches!(self.stream.read(&mut sink).await, Ok(1..)) {} };
        timeout(PATIENCE, end).await.expect("the connection ends");
    }
}

/// A member's datagram keys, the first of each direction: AES-128-GCM, the packet number XORed into the nonce base.
pub struct DatagramSeal {
    material: [u8; 64],
    /// The connection id the host gave.
    pub connection: u32,
}

impl DatagramSeal {
    /// A datagram to the host under seal.
    ///
    /// # Panics
    /// Never for what fits a datagram.
    pub fn seal(&self, packet: u64, plain: &[u8]) -> Vec<u8> {
        let mut datagram = vec![8];
        datagram.extend_from_slice(&self.connection.to_be_bytes());
        datagram.extend_from_slice(&packet.to_be_bytes());
        let mut content = plain.to_vec();
        let (key, nonce) = self.key(0, packet);
        key.seal_in_place_append_tag(nonce, Aad::from(&datagram[..]), &mut content)
            .expect("it fits a datagram");
        datagram.extend_from_slice(&content);
        datagram
    }

    /// What the host sealed for us; `None` when the seal is not the host's.
    pub fn open(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = datagram.split_at_checked(13)?;
        let packet = u64::from_be_bytes(*header.last_chunk()?);
        let (key, nonce) = self.key(32, packet);
        let mut content = sealed.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(header), &mut content).ok()?;
        Some(plain.to_vec())
    }

    fn key(&self, from: usize, packet: u64) -> (LessSafeKey, Nonce) {
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.material[from..from + 32]);
        let info: [&[u8]; 1] = [b"roomwire key"];
        let key = secret.expand(&info, &AES_128_GCM).expect("16 bytes are not much");
        let key = UnboundKey::from(key);
        let mut nonce = [0; 12];
        let info: [&[u8]; 1] = [b"roomwire iv"];
        let base = secret.expand(&info, Length(12)).expect("12 bytes are not much");
        base.fill(&mut nonce).expect("there are 12");
        for (byte, packet) in nonce[4..].iter_mut().zip(packet.to_be_bytes()) {
            *byte ^= packet;
        }
        (LessSafeKey::new(key), Nonce::assume_unique_for_key(nonce))
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Stranger {
    /// Where the host takes datagrams.
    pub fn host(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }
}
