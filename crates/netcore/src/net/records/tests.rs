use std::sync::Arc;
use std::task::{Context, Waker};

use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::*;
use crate::net::record::{
    HANDSHAKE, HEADER_BYTES, MAX_CONTENT, MAX_SEALED, MAX_WITHOUT_CONTENT, Opened, Opener, Sealer, header,
};
use crate::net::seal::{Key, TAG_BYTES};
use crate::net::tls::{self, ExporterSecret};
use crate::store::folders::Folders;
use crate::store::identity::Identity;
use crate::store::known::Pins;

type Ours = Agreed<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>;
/// The other end, as rustls itself has it.
type Theirs = TlsStream<DuplexStream>;

fn identity() -> Identity {
    let root = tempfile::tempdir().unwrap();
    Identity::load_or_create(&Folders::at(root.path()).unwrap()).unwrap()
}

/// A connection that we opened.
async fn opened() -> (Ours, Theirs) {
    let identity = identity();
    let (near, far) = duplex(1 << 20);
    let session = UnbufferedClientConnection::new(tls::client_config(&identity).unwrap(), tls::server_name());
    let acceptor = TlsAcceptor::from(tls::server_config(&identity).unwrap());
    let (reader, writer) = split(near);
    let (ours, theirs) = tokio::join!(
        shake_hands(session.unwrap(), reader, writer),
        acceptor.accept(far)
    );
    (ours.unwrap(), theirs.unwrap().into())
}

/// A connection that we accepted, on which the other end has said `first` at once.
async fn accepted(first: &[u8]) -> (Ours, Theirs) {
    let identity = identity();
    let (near, far) = duplex(1 << 20);
    let session = UnbufferedServerConnection::new(tls::server_config(&identity).unwrap());
    let connector = TlsConnector::from(tls::client_config(&identity).unwrap());
    let theirs = async {
        let mut theirs = connector.connect(tls::server_name(), far).await.unwrap();
        theirs.write_all(first).await.unwrap();
        theirs.flush().await.unwrap();
        theirs
    };
    let (reader, writer) = split(near);
    let (ours, theirs) = tokio::join!(shake_hands(session.unwrap(), reader, writer), theirs);
    (ours.unwrap(), theirs.into())
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Content of this length goes in both directions.
async fn exchange(ours: &mut Ours, theirs: &mut Theirs, length: usize) {
    let sent = content(length);
    let mut got = vec![0; length];
    let (written, read) = tokio::join!(say(&mut ours.writer, &sent), theirs.read_exact(&mut got));
    written.unwrap();
    read.unwrap();
    assert!(got == sent, "{length} bytes to them");
    let mut got = vec![0; length];
    let (written, read) = tokio::join!(say(theirs, &sent), ours.reader.read_exact(&mut got));
    written.unwrap();
    read.unwrap();
    assert!(got == sent, "{length} bytes from them");
}

async fn say(writer: &mut (impl AsyncWriteExt + Unpin), content: &[u8]) -> std::io::Result<()> {
    writer.write_all(content).await?;
    writer.flush().await
}

/// The other end takes a new key and asks for one of ours.
fn refresh(theirs: &mut Theirs) {
    let outcome = match theirs {
        TlsStream::Client(stream) => stream.get_mut().1.refresh_traffic_keys(),
        TlsStream::Server(stream) => stream.get_mut().1.refresh_traffic_keys(),
    };
    outcome.unwrap();
}

#[tokio::test]
async fn what_is_sealed_here_is_tls_to_the_other_end() {
    for (mut ours, mut theirs) in [opened().await, accepted(b"").await] {
        for length in [1, MAX_CONTENT, MAX_CONTENT + 1, 400_000] {
            exchange(&mut ours, &mut theirs, length).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_that_comes_right_behind_the_handshake() {
    let sent = content(100_000);
    let (mut ours, _theirs) = accepted(&sent).await;
    let mut got = vec![0; sent.len()];
    ours.reader.read_exact(&mut got).await.unwrap();
    assert!(got == sent);
}

#[tokio::test]
async fn a_new_key_of_theirs_is_taken_and_one_of_ours_answers() {
    for (mut ours, mut theirs) in [opened().await, accepted(b"").await] {
        for length in [10, 100_000, 1] {
            refresh(&mut theirs);
            // Read first: what has not been read cannot be answered.
            say(&mut theirs, b"new").await.unwrap();
            let mut got = [0; 3];
            ours.reader.read_exact(&mut got).await.unwrap();
            exchange(&mut ours, &mut theirs, length).await;
        }
    }
}

#[tokio::test]
async fn a_worn_key_is_replaced_before_it_is_used_up() {
    for (mut ours, mut theirs) in [opened().await, accepted(b"").await] {
        ours.writer.set_limit(3);
        // More records than several keys seal, in one write and in many.
        exchange(&mut ours, &mut theirs, 20 * MAX_CONTENT).await;
        for _ in 0..20 {
            exchange(&mut ours, &mut theirs, 7).await;
        }
    }
}

#[tokio::test]
async fn keys_may_change_often_but_not_without_content() {
    let (mut ours, mut theirs) = opened().await;
    let mut got = [0; 4];
    for _ in 0..3 {
        for _ in 0..MAX_WITHOUT_CONTENT {
            refresh(&mut theirs);
        }
        say(&mut theirs, b"word").await.unwrap();
        ours.reader.read_exact(&mut got).await.unwrap();
        // One answer is enough for all that was asked.
        exchange(&mut ours, &mut theirs, 5).await;
    }
    for _ in 0..=MAX_WITHOUT_CONTENT {
        refresh(&mut theirs);
    }
    say(&mut theirs, b"word").await.unwrap();
    let error = ours.reader.read_exact(&mut got).await.unwrap_err();
    assert_eq!(error.to_string(), "too many consecutive records without content");
}

#[tokio::test]
async fn a_farewell_ends_it_and_silence_breaks_it() {
    let (mut ours, mut theirs) = opened().await;
    theirs.write_all(b"last").await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut got = Vec::new();
    ours.reader.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"last");
    ours.writer.write_all(b"answer").await.unwrap();
    ours.writer.shutdown().await.unwrap();
    let mut got = Vec::new();
    theirs.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"answer");
    let error = ours.writer.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);

    let (mut ours, theirs) = opened().await;
    drop(theirs);
    let error = ours.reader.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn what_cannot_be_a_handshake_is_an_error_of_rustls() {
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.9\r\n",
        &[22, 3, 3, 0xff, 0xff, 1],
        &[22, 3, 3, 0, 4, 0, 0, 0, 0],
    ] {
        let session = UnbufferedServerConnection::new(tls::server_config(&identity()).unwrap());
        let (near, mut far) = duplex(1 << 20);
        far.write_all(words).await.unwrap();
        let (reader, writer) = split(near);
        let error = shake_hands(session.unwrap(), reader, writer).await.err().unwrap();
        let inner = error.get_ref().unwrap();
        assert!(inner.is::<rustls::Error>(), "{words:?}: {inner}");
    }
}

#[tokio::test]
async fn whom_we_refuse_is_sent_an_alert() {
    let (host, other) = (identity(), identity());
    let pins = Arc::new(Pins::only(other.fingerprint(), "Lab"));
    let config = tls::client_config(&other).unwrap();
    let (config, _) = tls::pinned(&config, pins, ([127, 0, 0, 1], 9).into());
    let session = UnbufferedClientConnection::new(Arc::new(config), tls::server_name()).unwrap();
    let acceptor = TlsAcceptor::from(tls::server_config(&host).unwrap());
    let (near, far) = duplex(1 << 20);
    let (reader, writer) = split(near);
    let (ours, theirs) = tokio::join!(shake_hands(session, reader, writer), acceptor.accept(far));
    assert!(ours.is_err());
    let error = theirs.unwrap_err().into_inner().unwrap();
    let error = error.downcast_ref::<rustls::Error>();
    assert!(
        matches!(error, Some(rustls::Error::AlertReceived(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_exporter_is_the_one_of_rustls() {
    let identity = identity();
    let mut config = rustls::ClientConfig::clone(&tls::client_config(&identity).unwrap());
    let exporter = Arc::<ExporterSecret>::default();
    config.key_log = exporter.clone();
    let session = UnbufferedClientConnection::new(Arc::new(config), tls::server_name()).unwrap();
    let acceptor = TlsAcceptor::from(tls::server_config(&identity).unwrap());
    let (near, far) = duplex(1 << 20);
    let (reader, writer) = split(near);
    let (ours, theirs) = tokio::join!(shake_hands(session, reader, writer), acceptor.accept(far));
    drop(ours.unwrap());
    let theirs = theirs.unwrap();
    let label = b"EXPORTER-roomwire-datagrams-2";
    let material = theirs
        .get_ref()
        .1
        .export_keying_material([0; 64], label, None)
        .unwrap();
    let keys = exporter.datagram_keys().unwrap();
    assert_eq!([keys.up, keys.down].concat(), material);
}

fn pair() -> (Sealer, Opener) {
    let key = || Key::new(&[7; 16], [7; 12]);
    (Sealer::new(key(), 0, 1 << 24), Opener::new(key(), 0, true))
}

#[test]
fn a_record_that_is_not_genuine_is_refused() {
    let mut record = Vec::new();
    pair().0.seal(b"word", &mut record);
    assert_eq!(pair().1.open(&mut record.clone()).unwrap(), Opened::Content(4));
    for at in 0..record.len() * 8 {
        let mut changed = record.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let error = pair().1.open(&mut changed).unwrap_err();
        assert_eq!(error.to_string(), "a record's seal is broken", "bit {at}");
    }
    // The same one again.
    let (_, mut opener) = pair();
    opener.open(&mut record.clone()).unwrap();
    assert!(opener.open(&mut record).is_err());
}

/// What becomes of these records, each a kind and its content, and what is the last of it.
fn open_all(records: &[(u8, &[u8])]) -> Result<Opened, String> {
    let (mut sealer, mut opener) = pair();
    let mut last = Opened::Nothing;
    for (kind, content) in records {
        let mut record = Vec::new();
        sealer.seal_as(*kind, content, &mut record);
        last = opener.open(&mut record).map_err(|error| error.to_string())?;
    }
    Ok(last)
}

#[test]
fn messages_after_the_handshake_are_read_across_records() {
    let ticket = [&[4, 0, 0, 6][..], &[1; 6]].concat();
    let update = [24, 0, 0, 1, 1];
    assert_eq!(open_all(&[(HANDSHAKE, &ticket)]), Ok(Opened::Nothing));
    let asked = Opened::KeyUpdate { is_asked: true };
    let both = [&ticket[..], &update].concat();
    assert_eq!(open_all(&[(HANDSHAKE, &both)]), Ok(asked));
    for cut in 1..both.len() {
        let halves = [(HANDSHAKE, &both[..cut]), (HANDSHAKE, &both[cut..])];
        assert_eq!(open_all(&halves), Ok(asked), "cut at {cut}");
    }
    assert_eq!(open_all(&[(21, &[1, 0])]), Ok(Opened::Closed));
    assert_eq!(open_all(&[(21, &[1, 90]), (23, b"")]), Ok(Opened::Nothing));
}

#[test]
fn what_cannot_come_after_a_handshake_is_refused() {
    let update = [24, 0, 0, 1, 0];
    for (records, why) in [
        (&[(20, &[1][..])][..], "a record of kind 20 after the handshake"),
        (&[(0, &[])], "a record without a kind"),
        (&[(HANDSHAKE, &[])], "an empty fragment of a handshake message"),
        (
            &[(HANDSHAKE, &[24, 0, 0, 1, 2])],
            "a handshake message of kind 24 that cannot be here",
        ),
        (
            &[(HANDSHAKE, &[13, 0, 0, 0])],
            "a handshake message of kind 13 that cannot be here",
        ),
        (
            &[(HANDSHAKE, &[4, 2, 0, 1])],
            "a handshake message that is too long",
        ),
        (
            &[(HANDSHAKE, &[&update[..], &[4]].concat())],
            "more behind the last message under a key",
        ),
        (
            &[(HANDSHAKE, &update[..3]), (23, b"x")],
            "a handshake message is interrupted",
        ),
        (
            &[(21, &[2, 40])],
            "the other side ended the connection with TLS alert 40",
        ),
        (&[(21, &[2])], "an alert of another length than two bytes"),
    ] {
        assert_eq!(open_all(records), Err(why.to_owned()), "{records:?}");
    }
    // Only a server gives tickets.
    let (mut sealer, _) = pair();
    let mut record = Vec::new();
    sealer.seal_as(HANDSHAKE, &[4, 0, 0, 0], &mut record);
    assert!(
        Opener::new(Key::new(&[7; 16], [7; 12]), 0, false)
            .open(&mut record)
            .is_err()
    );
}

#[test]
fn padding_is_taken_off_and_content_is_bounded() {
    let open = |inner: &[u8]| {
        let head = header((inner.len() + TAG_BYTES) as u16);
        let mut body = inner.to_vec();
        let tag = Key::new(&[7; 16], [7; 12]).seal(0, &head, &mut body);
        let mut record = [&head[..], &body, &tag].concat();
        pair().1.open(&mut record).map_err(|error| error.to_string())
    };
    assert_eq!(open(&[1, 2, 23, 0, 0, 0]), Ok(Opened::Content(2)));
    assert_eq!(open(&[0, 0]), Err("a record without a kind".to_owned()));
    let most = [vec![0; MAX_CONTENT], vec![23]].concat();
    assert_eq!(open(&most), Ok(Opened::Content(MAX_CONTENT)));
    let more = [vec![0; MAX_CONTENT + 1], vec![23]].concat();
    assert_eq!(open(&more), Err("a record with too much content".to_owned()));
}

#[tokio::test]
async fn a_length_that_cannot_be_is_refused_before_it_is_waited_for() {
    let (near, mut far) = duplex(1 << 10);
    far.write_all(&header(MAX_SEALED as u16 + 1)).await.unwrap();
    let mut buffer = buffer::RecordBuffer::new(near);
    let outcome = buffer.poll_record(&mut Context::from_waker(Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = outcome else {
        panic!("{HEADER_BYTES} bytes are enough to know");
    };
    assert_eq!(error.to_string(), "a record that is too long");
}

#[test]
fn only_our_cipher_is_taken() {
    let other = rustls::ConnectionTrafficSecrets::Aes256Gcm {
        key: rustls::crypto::cipher::AeadKey::from([0; 32]),
        iv: rustls::crypto::cipher::Iv::from([0; 12]),
    };
    assert!(keys::key(&other).is_err());
}
