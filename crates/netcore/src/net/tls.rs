//! TLS 1.3 on every TCP connection. Both sides show a self-signed certificate; who they are is its fingerprint. A member
//! compares the host's with its pins within the handshake, before it shows its own; a host takes anybody who holds the
//! certificate's key.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use netcore_proto::session::Fingerprint;
use netcore_proto::wire::ALPN;
use ring::{digest, hkdf};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, KeyLog, PeerMisbehaved,
    ServerConfig, SignatureScheme,
};

use crate::net::seal::SECRET_BYTES;
use crate::store::identity::{Identity, fingerprint};
use crate::store::known::{Mismatch, Pins};

/// Label under which the keys of a member's datagrams are exported (RFC 5705).
const DATAGRAM_KEYS_LABEL: &[u8] = b"EXPORTER-roomwire-datagrams-2";

pub(crate) fn client_config(identity: &Identity) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    // Each connection has a verifier of its own in its place ([`pinned`]).
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let verifier = PinnedHost::new(
        provider.signature_verification_algorithms,
        Arc::default(),
        nowhere,
    );
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(vec![identity.certificate()], identity.key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // What follows the handshake goes on without the session (`records`).
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// The configuration for one connection to `peer`, who must be the one whom `pins` allow, and what says of it when it is not.
pub(crate) fn pinned(
    config: &ClientConfig,
    pins: Arc<Pins>,
    peer: SocketAddr,
) -> (ClientConfig, Arc<PinnedHost>) {
    let algorithms = config.crypto_provider().signature_verification_algorithms;
    let verifier = PinnedHost::new(algorithms, pins, peer);
    let mut config = config.clone();
    config.dangerous().set_certificate_verifier(verifier.clone());
    (config, verifier)
}

pub(crate) fn server_config(identity: &Identity) -> Result<Arc<ServerConfig>, Error> {
    let provider = provider();
    let verifier = AnyMember(KeyHolders(provider.signature_verification_algorithms));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![identity.certificate()], identity.key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Nobody resumes: a control connection lives for hours, and data connections are few.
    config.send_tls13_tickets = 0;
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// The name that every certificate bears; identity is the fingerprint, not the name.
pub(crate) fn server_name() -> ServerName<'static> {
    ServerName::try_from("roomwire").expect("a plain word is a DNS name")
}

/// The other side's identity.
pub(crate) fn peer_fingerprint(certificates: Option<&[CertificateDer<'_>]>) -> Option<Fingerprint> {
    certificates?.first().map(fingerprint)
}

/// What the keys of the datagrams that belong to a control connection come from.
pub(crate) struct DatagramKeys {
    /// The secret of datagrams from the member.
    pub(crate) up: [u8; SECRET_BYTES],
    /// The same for datagrams from the host.
    pub(crate) down: [u8; SECRET_BYTES],
}

impl DatagramKeys {
    /// Derives them from the secret that a session has for its exporters; both sides get the same.
    fn derive(exporter: &[u8; SECRET_BYTES]) -> DatagramKeys {
        let material: [u8; 2 * SECRET_BYTES] = export_keying_material(exporter, DATAGRAM_KEYS_LABEL);
        let (up, down) = material.split_at(SECRET_BYTES);
        let halves = (up.try_into(), down.try_into());
        let (Ok(up), Ok(down)) = halves else {
            unreachable!("the halves are equal")
        };
        DatagramKeys { up, down }
    }
}

/// The exporter of TLS 1.3 without context (RFC 8446, section 7.5), under our one cipher suite's hash. Rustls exports from
/// sessions that it keeps, and not from those that are taken apart.
fn export_keying_material<const LENGTH: usize>(secret: &[u8; SECRET_BYTES], label: &[u8]) -> [u8; LENGTH] {
    let nothing = digest::digest(&digest::SHA256, b"");
    let derived: [u8; SECRET_BYTES] = expand_label(secret, label, nothing.as_ref());
    expand_label(&derived, b"exporter", nothing.as_ref())
}

/// HKDF-Expand-Label (RFC 8446, section 7.1).
fn expand_label<const LENGTH: usize>(
    secret: &[u8; SECRET_BYTES],
    label: &[u8],
    context: &[u8],
) -> [u8; LENGTH] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    const PREFIX: &[u8] = b"tls13 ";
    let length = (LENGTH as u16).to_be_bytes();
    let label_length = [(PREFIX.len() + label.len()) as u8];
    let context_length = [context.len() as u8];
    let info = [
        &length[..],
        &label_length,
        PREFIX,
        label,
        &context_length,
        context,
    ];
    let mut out = [0; LENGTH];
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, secret)
        .expand(&info, Length(LENGTH))
        .and_then(|key| key.fill(&mut out))
        .expect("a key is far below the 8,160 bytes that HKDF gives");
    out
}

/// Takes the secret that one session has for its exporters (RFC 8446, section 7.1) as it comes into being.
#[derive(Default)]
pub(crate) struct ExporterSecret(OnceLock<[u8; SECRET_BYTES]>);

impl ExporterSecret {
    /// The keys of the session's datagrams, once it has been agreed on.
    pub(crate) fn datagram_keys(&self) -> Option<DatagramKeys> {
        self.0.get().map(DatagramKeys::derive)
    }
}

impl KeyLog for ExporterSecret {
    fn log(&self, _label: &str, _client_random: &[u8], secret: &[u8]) {
        if let Ok(secret) = secret.try_into() {
            let _ = self.0.set(secret);
        }
    }

    fn will_log(&self, label: &str) -> bool {
        label == "EXPORTER_SECRET"
    }
}

impl fmt::Debug for ExporterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExporterSecret(…)")
    }
}

fn provider() -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    // The one cipher that every TLS 1.3 has (RFC 8446, section 9.1), and the fastest on processors with AES instructions.
    // What follows the handshake knows no other (`records`).
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(provider)
}

/// Those who prove in TLS 1.3 to hold a certificate's key.
#[derive(Debug)]
struct KeyHolders(WebPkiSupportedAlgorithms);

impl KeyHolders {
    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    /// Nobody speaks TLS 1.2 here.
    fn refuse_tls12() -> Result<HandshakeSignatureValid, Error> {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }
}

/// What a host takes for a member: anybody who holds the key.
#[derive(Debug)]
struct AnyMember(KeyHolders);

impl ClientCertVerifier for AnyMember {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        KeyHolders::refuse_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.0.supported_schemes()
    }
}

/// What a member takes for the host at one address: who holds the key, and has a pinned identity if there is one.
#[derive(Debug)]
pub(crate) struct PinnedHost {
    holders: KeyHolders,
    pins: Arc<Pins>,
    peer: SocketAddr,
    refused: OnceLock<Mismatch>,
}

impl PinnedHost {
    fn new(algorithms: WebPkiSupportedAlgorithms, pins: Arc<Pins>, peer: SocketAddr) -> Arc<PinnedHost> {
        Arc::new(PinnedHost {
            holders: KeyHolders(algorithms),
            pins,
            peer,
            refused: OnceLock::new(),
        })
    }

    /// Whom it refused, when the handshake failed for that.
    pub(crate) fn refused(&self) -> Option<Mismatch> {
        self.refused.get().cloned()
    }
}

impl ServerCertVerifier for PinnedHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.pins.judge(self.peer, fingerprint(end_entity)) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(mismatch) => {
                let _ = self.refused.set(mismatch);
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        KeyHolders::refuse_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.holders.verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.holders.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::folders::Folders;

    fn identity() -> Identity {
        let root = tempfile::tempdir().unwrap();
        Identity::load_or_create(&Folders::at(root.path()).unwrap()).unwrap()
    }

    /// Shakes hands in memory. Returns whom the host saw, and whom the member refused.
    fn shake_hands(pins: Pins, host: &Identity) -> (Option<Fingerprint>, Option<Mismatch>) {
        let config = client_config(&identity()).unwrap();
        let peer = SocketAddr::from(([192, 168, 1, 24], 9));
        let (config, verifier) = pinned(&config, Arc::new(pins), peer);
        let mut member = rustls::ClientConnection::new(config.into(), server_name()).unwrap();
        let mut server = rustls::ServerConnection::new(server_config(host).unwrap()).unwrap();
        for _ in 0..4 {
            let mut bytes = Vec::new();
            while member.wants_write() {
                member.write_tls(&mut bytes).unwrap();
            }
            server.read_tls(&mut &bytes[..]).unwrap();
            let _ = server.process_new_packets();
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            member.read_tls(&mut &bytes[..]).unwrap();
            let _ = member.process_new_packets();
        }
        (peer_fingerprint(server.peer_certificates()), verifier.refused())
    }

    #[test]
    fn an_impostor_is_not_shown_who_we_are() {
        let (lab, impostor) = (identity(), identity());
        let pins = || Pins::only(lab.fingerprint(), "Lab");
        let (seen, refused) = shake_hands(pins(), &lab);
        assert!(seen.is_some() && refused.is_none());
        let (seen, refused) = shake_hands(pins(), &impostor);
        assert_eq!(seen, None);
        let refused = refused.unwrap();
        assert_eq!(
            (refused.expected, refused.got),
            (lab.fingerprint(), impostor.fingerprint())
        );
        // Nobody is pinned: anybody is met.
        let (seen, refused) = shake_hands(Pins::default(), &impostor);
        assert!(seen.is_some() && refused.is_none());
    }
}
