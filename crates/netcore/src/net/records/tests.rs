use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::*;
use crate::net::tls;
use crate::store::folders::Folders;
use crate::store::identity::Identity;

type Theirs = server::TlsStream<DuplexStream>;
type Reader = RecordReader<tokio::io::ReadHalf<DuplexStream>>;
type Writer = RecordWriter<tokio::io::WriteHalf<DuplexStream>>;

/// A connection that has been agreed on: ours, and the other end as rustls has it.
async fn pair() -> (client::TlsStream<OneRecord<DuplexStream>>, Theirs) {
    let root = tempfile::tempdir().unwrap();
    let identity = Identity::load_or_create(&Folders::at(root.path()).unwrap()).unwrap();
    let (near, far) = duplex(1 << 20);
    let connector = TlsConnector::from(tls::client_config(&identity).unwrap());
    let acceptor = TlsAcceptor::from(tls::server_config(&identity).unwrap());
    let (ours, theirs) = tokio::join!(
        connector.connect(tls::server_name(), OneRecord::new(near)),
        acceptor.accept(far)
    );
    (ours.unwrap(), theirs.unwrap())
}

fn take_apart(ours: client::TlsStream<OneRecord<DuplexStream>>) -> (Reader, Writer) {
    let (source, session) = ours.into_inner();
    take_session_apart(source, session.into(), tokio::io::split).unwrap()
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[tokio::test]
async fn what_is_sealed_here_is_tls_to_the_other_end() {
    let (ours, mut theirs) = pair().await;
    let (mut reader, mut writer) = take_apart(ours);
    for length in [1, MAX_CONTENT, MAX_CONTENT + 1, 400_000] {
        let sent = content(length);
        let mut got = vec![0; length];
        let (written, read) = tokio::join!(writer.write_all(&sent), theirs.read_exact(&mut got));
        written.unwrap();
        read.unwrap();
        assert!(got == sent, "{length} bytes to them");

        let mut got = vec![0; length];
        let answer = async {
            theirs.write_all(&sent).await.unwrap();
            theirs.flush().await.unwrap();
        };
        let (read, ()) = tokio::join!(reader.read_exact(&mut got), answer);
        read.unwrap();
        assert!(got == sent, "{length} bytes from them");
    }
}

#[tokio::test]
async fn nothing_is_lost_that_came_before_the_session_was_taken_apart() {
    let (mut ours, mut theirs) = pair().await;
    let sent = content(100_000);
    theirs.write_all(&sent).await.unwrap();
    theirs.flush().await.unwrap();
    // All of it is here; some is read from the session, and what the session has opened beyond that must not be lost.
    let mut got = vec![0; 5];
    ours.read_exact(&mut got).await.unwrap();
    let (mut reader, _writer) = take_apart(ours);
    let mut rest = vec![0; sent.len() - got.len()];
    reader.read_exact(&mut rest).await.unwrap();
    got.extend(rest);
    assert!(got == sent);
}

#[tokio::test]
async fn a_farewell_ends_it_and_so_does_silence() {
    let (ours, mut theirs) = pair().await;
    let (mut reader, _writer) = take_apart(ours);
    theirs.write_all(b"last").await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut got = [0; 4];
    reader.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"last");
    let error = reader.read_exact(&mut got).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

    let (ours, theirs) = pair().await;
    let (mut reader, _writer) = take_apart(ours);
    drop(theirs);
    let error = reader.read_exact(&mut got).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

/// One end of a connection that the test itself speaks for, and a reader of what it says.
fn crafted() -> (DuplexStream, RecordReader<DuplexStream>) {
    let (near, far) = duplex(1 << 20);
    let opener = Opener {
        key: Key::new(&[7; 16], [7; 12]),
        next: 0,
    };
    let reader = RecordReader {
        source: OneRecord::new(near),
        opener,
        before: Vec::new(),
        content: 0..0,
    };
    (far, reader)
}

fn sealer() -> Sealer {
    Sealer {
        key: Key::new(&[7; 16], [7; 12]),
        next: 0,
    }
}

#[tokio::test]
async fn a_record_that_is_not_genuine_breaks_the_connection() {
    let mut record = Vec::new();
    sealer().seal(b"word", &mut record).unwrap();
    for at in 0..record.len() * 8 {
        // A length that is longer than what comes is waited for.
        if (24..40).contains(&at) {
            continue;
        }
        let (mut far, mut reader) = crafted();
        let mut changed = record.clone();
        changed[at / 8] ^= 1 << (at % 8);
        far.write_all(&changed).await.unwrap();
        let error = reader.read_exact(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "bit {at}");
    }
}

#[tokio::test]
async fn lengths_and_kinds_that_cannot_be_are_refused() {
    let (mut far, mut reader) = crafted();
    far.write_all(&header(MAX_SEALED as u16 + 1)).await.unwrap();
    let error = reader.read_exact(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.to_string(), "a record that is too long");

    // Shorter than a tag, nothing but padding, and a message of the handshake.
    let too_short = [&header(3)[..], &[1, 2, 3]].concat();
    let mut sealer = sealer();
    let mut sealed = |inner: &[u8]| {
        let mut record = header((inner.len() + TAG_BYTES) as u16).to_vec();
        let mut body = inner.to_vec();
        let number = next_number(&mut sealer.next).unwrap();
        let tag = sealer.key.seal(number, &record, &mut body);
        record.extend([&body[..], &tag].concat());
        sealer.next = 0;
        record
    };
    for (record, why) in [
        (too_short, "a record's seal is broken"),
        (sealed(&[0, 0]), "a record without content"),
        (sealed(&[1, 22]), "a record of kind 22 among pictures"),
    ] {
        let (mut far, mut reader) = crafted();
        far.write_all(&record).await.unwrap();
        let error = reader.read_exact(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn a_key_is_used_so_often_and_no_more() {
    let mut sealer = sealer();
    sealer.next = MAX_RECORDS - 1;
    sealer.seal(b"the last", &mut Vec::new()).unwrap();
    assert!(sealer.seal(b"one more", &mut Vec::new()).is_err());
}

#[test]
fn only_our_cipher_is_taken() {
    let other = ConnectionTrafficSecrets::Aes256Gcm {
        key: rustls::crypto::cipher::AeadKey::from([0; 32]),
        iv: rustls::crypto::cipher::Iv::from([0; 12]),
    };
    assert!(key(&other).is_err());
}
