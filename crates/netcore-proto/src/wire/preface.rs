//! The first bytes of a connection: the protocol, its version, and what the connection is for.

use super::WireError;

/// The protocol version this crate speaks.
pub const VERSION: u8 = 3;

/// Length of a [`Preface`] in bytes.
pub const PREFACE_BYTES: usize = 8;

const MAGIC: [u8; 4] = *b"RMWR";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionKind {
    /// Who is here, what was said, what is offered, which streams exist.
    Control = 1,
    /// The bytes of one file, in one direction.
    File = 2,
    /// The frames of one stream, in one direction, and their acknowledgements.
    Video = 3,
}

/// The first eight bytes that the connecting side sends inside TLS.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------------------------------------------------------+
/// |                       magic "RMWR"                            |
/// +---------------+---------------+-------------------------------+
/// |    version    |     kind      |              zero             |
/// +---------------+---------------+-------------------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preface {
    /// What the connection is for.
    pub kind: ConnectionKind,
}

impl Preface {
    /// The bytes to send.
    pub fn encode(self) -> [u8; PREFACE_BYTES] {
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, VERSION, self.kind as u8, 0, 0]
    }

    /// Reads a preface. The version is judged before the kind, because kinds may be added by versions.
    ///
    /// # Errors
    /// [`WireError::Magic`], [`WireError::Version`] or [`WireError::Kind`].
    pub fn decode(bytes: [u8; PREFACE_BYTES]) -> Result<Preface, WireError> {
        let [a, b, c, d, version, kind, _, _] = bytes;
        if [a, b, c, d] != MAGIC {
            return Err(WireError::Magic([a, b, c, d]));
        }
        if version != VERSION {
            return Err(WireError::Version { theirs: version });
        }
        let kind = match kind {
            1 => ConnectionKind::Control,
            2 => ConnectionKind::File,
            3 => ConnectionKind::Video,
            other => return Err(WireError::Kind(other)),
        };
        Ok(Preface { kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_trip() {
        for kind in [
            ConnectionKind::Control,
            ConnectionKind::File,
            ConnectionKind::Video,
        ] {
            assert_eq!(Preface::decode(Preface { kind }.encode()), Ok(Preface { kind }));
        }
    }

    #[test]
    fn strangers_and_other_versions_are_different_errors() {
        let good = Preface {
            kind: ConnectionKind::Control,
        }
        .encode();
        assert_eq!(Preface::decode(*b"GET / HT"), Err(WireError::Magic(*b"GET ")));
        let mut newer = good;
        newer[4] = 9;
        newer[5] = 77;
        assert_eq!(Preface::decode(newer), Err(WireError::Version { theirs: 9 }));
        let mut odd = good;
        odd[5] = 77;
        assert_eq!(Preface::decode(odd), Err(WireError::Kind(77)));
    }
}
