//! Something that does TLS as a host does and says whatever the test wants.

use std::sync::Arc;

use netcore::proto::session::{self, Person, Presence, Profile, Refusal, RefusalCode, Welcome};
use netcore::proto::wire::{ALPN, AttachToken, encode_control};
use netcore::proto::{MemberId, Notice, Request};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::key_holder::{AnyKeyHolder, credentials};
use crate::{PATIENCE, profile};

/// A port with a certificate behind it.
pub struct FalseHost {
    listener: TcpListener,
    tls: TlsAcceptor,
}

/// A connection that was made to it.
pub struct Caller {
    stream: TlsStream<TcpStream>,
}

impl FalseHost {
    /// Listens on any free port.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn open() -> FalseHost {
        let (certificate, key) = credentials();
        let provider = Arc::new(default_provider());
        let verifier = Arc::new(AnyKeyHolder(provider.signature_verification_algorithms));
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3 is there")
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], key)
            .expect("the key belongs to the certificate");
        tls.alpn_protocols = vec![ALPN.to_vec()];
        FalseHost {
            listener: TcpListener::bind("127.0.0.1:0").await.expect("a port is free"),
            tls: TlsAcceptor::from(Arc::new(tls)),
        }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Never: it is bound.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().expect("it is bound").port()
    }

    /// The next caller, whose preface and first message have been read.
    ///
    /// # Panics
    /// When nobody calls.
    pub async fn call(&self) -> Caller {
        let called = timeout(PATIENCE, async {
            let (stream, _) = self.listener.accept().await?;
            let mut stream = self.tls.accept(stream).await?;
            stream.read_exact(&mut [0; 8]).await?;
            let length = stream.read_u32().await?;
            stream.read_exact(&mut vec![0; length as usize]).await?;
            std::io::Result::Ok(stream)
        });
        let stream = called.await.expect("a member calls").expect("and says hello");
        Caller { stream }
    }

    /// Whether a member calls within `patience`.
    pub async fn is_called(&self, patience: std::time::Duration) -> bool {
        timeout(patience, self.listener.accept()).await.is_ok()
    }
}

impl Caller {
    /// Lets the caller in, as member 1 of a room with nobody else in it.
    pub async fn welcome(&mut self) {
        self.welcome_to("Lab", profile("Hana").sanitized()).await;
    }

    /// As [`Caller::welcome`], into a room of this name whose host has this profile, as they are.
    pub async fn welcome_to(&mut self, room_name: &str, host: Profile) {
        let person = |id: u32, profile: Profile| Person {
            id: MemberId(id),
            profile,
            address: ([127, 0, 0, 1], 1).into(),
            fingerprint: session::Fingerprint([id as u8; 32]),
            presence: Presence::Here,
        };
        let welcome = Welcome {
            room_name: room_name.to_owned(),
            room: 4,
            me: MemberId(1),
            token: AttachToken([1; 16]),
            datagrams: 1,
            people: vec![person(0, host), person(1, profile("Ben").sanitized())],
        };
        self.notify(&Notice::Session(session::Notice::Welcome(Box::new(welcome))))
            .await;
    }

    /// Ends the connection as a host does that has a newer one of the same member.
    pub async fn replace(self) {
        let words = "the same identity has joined from another connection";
        self.refuse(RefusalCode::Replaced, words).await;
    }

    /// Ends the connection with a refusal.
    pub async fn refuse(mut self, code: RefusalCode, words: &str) {
        let refusal = Refusal::new(code, words);
        self.notify(&Notice::Session(session::Notice::Refused(refusal)))
            .await;
        let _ = self.stream.shutdown().await;
    }

    /// The next request that `wanted` makes something of.
    ///
    /// # Panics
    /// When none comes.
    pub async fn hear<T>(&mut self, mut wanted: impl FnMut(Request) -> Option<T>) -> T {
        let heard = timeout(PATIENCE, async {
            loop {
                let length = self.stream.read_u32().await?;
                let mut body = vec![0; length as usize];
                self.stream.read_exact(&mut body).await?;
                let request = serde_json::from_slice(&body).expect("what a member says can be read");
                if let Some(found) = wanted(request) {
                    return std::io::Result::Ok(found);
                }
            }
        });
        heard.await.expect("a request").expect("and a connection")
    }

    /// Sends a notice.
    ///
    /// # Panics
    /// When it is too long for a message.
    pub async fn notify(&mut self, notice: &Notice) {
        self.send(&encode_control(notice).expect("it fits a control message"))
            .await;
    }

    /// Sends bytes as they are. That the other side has closed already is no failure.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await;
    }
}
