//! Where datagrams go: forged sources, and ports that change.

use std::time::{Duration, Instant};

use loopback_tests::{Bystanders, DatagramSeal, Guest, Nat, PATIENCE, Party, Stranger, pattern};
use netcore::clock;
use netcore::proto::link::Datagram;
use netcore::proto::video;
use netcore::proto::{Request, StreamId, Transport};
use tokio::net::UdpSocket;

/// A sealed hello.
const HELLO_BYTES: usize = 38;

fn hello(seal: &DatagramSeal, packet: u64) -> Vec<u8> {
    let mut plain = Vec::new();
    Datagram::Hello { token: packet }.encode(&mut plain);
    seal.seal(packet, &plain)
}

/// Mallory, who has joined and watches the stream, and has not said a word by datagram.
async fn viewer(others: &Bystanders) -> Guest {
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let stream = others.stream;
    let watch = Request::Video(video::Request::Watch { stream, on: true });
    mallory.wire.say(&watch).await;
    mallory
}

/// What comes to `socket` until `patience` is over, or `act` has seen enough.
async fn received(socket: &UdpSocket, patience: Duration, mut act: impl AsyncFnMut(Vec<u8>) -> bool) {
    let receive = async {
        loop {
            let mut bytes = vec![0; 65_536];
            let length = socket.recv(&mut bytes).await.expect("the socket works");
            bytes.truncate(length);
            if act(bytes).await {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(patience, receive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_source_is_sent_next_to_nothing() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mallory = viewer(&others).await;
    let (seal, host) = (mallory.seal(), mallory.stranger.host());
    // Both are genuine datagrams of a member who watches a stream: one with a source that is not its, one with a port whose
    // owner never asked for anything and answers nothing.
    for (packet, victim, most) in [(0, "127.0.0.2:0", 0), (1, "127.0.0.1:0", 3 * HELLO_BYTES)] {
        let victim = UdpSocket::bind(victim).await.unwrap();
        victim.send_to(&hello(&seal, packet), host).await.unwrap();
        let mut bytes = 0;
        received(&victim, Duration::from_millis(1_500), async |datagram| {
            bytes += datagram.len();
            false
        })
        .await;
        assert!(bytes <= most, "{bytes} bytes went to {victim:?}");
        assert_eq!(bytes > 0, most > 0);
    }
    others.notice_nothing("forged sources").await;
}

/// Receives until a fragment of `stream` comes, answering who asks.
async fn gets_the_stream(
    socket: &UdpSocket,
    seal: &DatagramSeal,
    packet: &mut u64,
    stream: StreamId,
) -> bool {
    let mut is_there = false;
    received(socket, PATIENCE, async |datagram| {
        let plain = seal.open(&datagram).expect("the host's seal");
        match Datagram::decode(&plain) {
            Ok(Datagram::Hello { token }) => {
                let mut plain = Vec::new();
                Datagram::HelloBack { token }.encode(&mut plain);
                let sent = socket.send(&seal.seal(*packet, &plain)).await;
                sent.expect("the socket works");
                *packet += 1;
            }
            Ok(Datagram::Stream { stream: from, .. }) => is_there = from == stream,
            _ => {}
        }
        is_there
    })
    .await;
    is_there
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_gets_the_stream_once_it_answers_and_a_copy_from_elsewhere_turns_nothing() {
    let others = Bystanders::gather(Transport::Udp).await;
    let mallory = viewer(&others).await;
    let (seal, host) = (mallory.seal(), mallory.stranger.host());
    let mut packet = 0;
    for port in ["first", "second"] {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(host).await.unwrap();
        socket.send(&hello(&seal, packet)).await.unwrap();
        packet += 1;
        let is_there = gets_the_stream(&socket, &seal, &mut packet, others.stream).await;
        assert!(is_there, "the {port} port");
        // Another sends what Mallory says next before it comes from there.
        let thief = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        let copy = hello(&seal, packet);
        packet += 1;
        thief.send_to(&copy, host).await.unwrap();
        socket.send(&copy).await.unwrap();
        assert!(gets_the_stream(&socket, &seal, &mut packet, others.stream).await);
        let mut stolen = 0;
        received(&thief, Duration::from_millis(300), async |datagram| {
            stolen += datagram.len();
            false
        })
        .await;
        assert_eq!(stolen, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_go_on_in_both_directions_when_a_members_port_changes() {
    let host = Party::host(0).await.unwrap();
    let nat = Nat::to(host.port()).await;
    let ben = Party::join("Ben", nat.port).await.unwrap();
    for (publisher, viewer) in [(&ben, &host), (&host, &ben)] {
        let stream = publisher.room.publish(pattern(Transport::Udp)).await.unwrap();
        viewer.stream().await;
        let mut results = publisher.room.results();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        let mut rebound = None;
        let begun = Instant::now();
        // Acknowledged over UDP for a while before the port changes, and again afterwards.
        let (mut before, mut after) = (0, 0);
        while after < 10 {
            assert!(begun.elapsed() < PATIENCE, "{before} before, {after} after");
            pace.tick().await;
            stream.send(&[0xab; 16_600], 640, 480, clock::now(), clock::now());
            while let Ok(result) = results.try_recv() {
                let result = result.result;
                let is_acked = result.delay().is_some() && result.transport == Transport::Udp;
                match rebound {
                    Some(since) if is_acked && result.offered > since => after += 1,
                    None if is_acked => before += 1,
                    _ => {}
                }
            }
            let size = |party: &Party| party.room.links().iter().find_map(|link| link.datagram_bytes);
            if rebound.is_none() && before >= 10 && size(publisher) >= Some(8_952) {
                nat.rebind();
                rebound = Some(clock::now());
            }
        }
        // What was known of the path is known still.
        let links = publisher.room.links();
        let size = links.iter().find_map(|link| link.datagram_bytes);
        assert!(size >= Some(8_952), "{size:?}");
        stream.stop().await;
        viewer
            .until("the stream is over", |now| now.streams.is_empty())
            .await;
    }
}
