//! The floor of an encrypted exchange: a process at each end, tokio-rustls, stop-and-wait, a reply of three bytes.

use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Outcome;
use crate::exchange::Exchange;
use crate::process::Part;

const REPLY: &[u8; 3] = b"ACK";

/// A frame goes to another process, encrypted, and a reply comes back.
pub(crate) struct Link {
    runtime: Runtime,
    stream: TlsStream<TcpStream>,
    frame: Vec<u8>,
    _part: Part,
}

impl Link {
    pub(crate) fn open(bytes: usize) -> Outcome<Link> {
        let mut part = Part::start(&["tls-floor", &bytes.to_string()])?;
        let (port, certificate) = (part.line()?.parse::<u16>()?, hex(&part.line()?)?);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let stream = runtime.block_on(async {
            let mut roots = RootCertStore::empty();
            roots.add(certificate.into())?;
            let config = ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from("localhost")?;
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
            Ok::<_, Box<dyn std::error::Error>>(stream)
        })?;
        Ok(Link {
            runtime,
            stream,
            frame: vec![0xab; bytes],
            _part: part,
        })
    }
}

impl Exchange for Link {
    fn once(&mut self) -> Outcome<Option<u64>> {
        let mut reply = [0; 3];
        let Link {
            runtime,
            stream,
            frame,
            ..
        } = self;
        let began = Instant::now();
        runtime.block_on(async {
            stream.write_all(frame).await?;
            stream.flush().await?;
            stream.read_exact(&mut reply).await
        })?;
        Ok(Some(began.elapsed().as_nanos() as u64))
    }
}

/// The other process: prints its port and certificate, and answers every frame of `length` bytes.
pub(crate) fn reply(length: &str) -> Outcome<()> {
    let mut frame = vec![0; length.parse()?];
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        let digits: String = signed
            .cert
            .der()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        println!("{digits}");
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
        // Until the other end has measured enough.
        while stream.read_exact(&mut frame).await.is_ok() {
            stream.write_all(REPLY).await?;
            stream.flush().await?;
        }
        Ok(())
    })
}

fn hex(digits: &str) -> Outcome<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}
