//! Who this installation is: a self-signed certificate, made once per profile.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::session::Fingerprint;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::store::folders::{Folders, write_atomically};

/// An installation's certificate and key.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// The identity cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file is there but cannot be used.
    #[error("the identity in {} cannot be read ({why}): move the file away to get a new one", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be stored.
    #[error("the identity cannot be stored in {}: {source}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no randomness or refuses the key.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

impl Identity {
    /// The profile's identity, made the first time.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load_or_create(folders: &Folders) -> Result<Identity, IdentityError> {
        let path = folders.config().join("identity.pem");
        match std::fs::read(&path) {
            Ok(pem) => Identity::from_pem(&pem).map_err(|why| IdentityError::Unreadable { path, why }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (identity, pem) = Identity::create()?;
                write_atomically(&path, pem.as_bytes())
                    .map_err(|source| IdentityError::Unwritable { path, source })?;
                Ok(identity)
            }
            Err(error) => Err(IdentityError::Unreadable {
                path,
                why: error.to_string(),
            }),
        }
    }

    /// The certificate's SHA-256.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.certificate)
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    fn create() -> Result<(Identity, String), rcgen::Error> {
        let key = rcgen::KeyPair::generate()?;
        let certificate = rcgen::CertificateParams::new(vec!["roomwire".to_owned()])?.self_signed(&key)?;
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        let identity = Identity {
            certificate: certificate.der().clone(),
            key: Arc::new(PrivatePkcs8KeyDer::from(key.serialize_der()).into()),
        };
        Ok((identity, pem))
    }

    fn from_pem(pem: &[u8]) -> Result<Identity, String> {
        let certificate = CertificateDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
        Ok(Identity {
            certificate,
            key: Arc::new(key),
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.fingerprint())
    }
}

pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    let bytes = digest.as_ref().try_into();
    Fingerprint(bytes.expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::at(root.path()).unwrap();
        let first = Identity::load_or_create(&folders).unwrap().fingerprint();
        assert_eq!(Identity::load_or_create(&folders).unwrap().fingerprint(), first);
        std::fs::write(folders.config().join("identity.pem"), "not a certificate").unwrap();
        assert!(matches!(
            Identity::load_or_create(&folders),
            Err(IdentityError::Unreadable { .. })
        ));
    }
}
