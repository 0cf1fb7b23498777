//! Datagrams that are not what they should be, among good video.

use bytes::{BufMut, BytesMut};
use loopback_tests::{Bystanders, DatagramSeal, PATIENCE, Party, Stranger, pattern};
use netcore::clock;
use netcore::netem::Conditions;
use netcore::proto::link;
use netcore::proto::video::{self, Ack, Fragment, Frame, FrameHeader, Nack, StreamDatagram};
use netcore::proto::{FrameNumber, Notice, Request, StreamId, Time, Transport};
use std::time::Duration;
use tokio::net::UdpSocket;

fn about_the_link(datagram: link::Datagram<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(&mut bytes);
    bytes
}

fn encoded(datagram: &StreamDatagram) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(&mut bytes);
    bytes
}

fn fragment(stream: StreamId, frame: u32, frame_length: u32, size: u16, index: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    Fragment {
        stream,
        frame: FrameNumber(frame),
        frame_length,
        size,
        index,
        attempt: 0,
        parity: 0,
        answers_requests: true,
        data,
    }
    .encode(&mut bytes);
    bytes.to_vec()
}

/// What the host answers. It also asks, unasked, who is here and how large datagrams may be.
async fn answer(socket: &UdpSocket, seal: &DatagramSeal) -> Vec<u8> {
    let wait = async {
        loop {
            let mut bytes = vec![0; 65_536];
            let length = socket.recv(&mut bytes).await.expect("the socket works");
            let plain = seal.open(&bytes[..length]).expect("the host's seal");
            if !matches!(
                link::Datagram::decode(&plain),
                Ok(link::Datagram::Probe(_) | link::Datagram::Hello { .. })
            ) {
                return plain;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_seals_replays_and_unknown_connections_are_dropped() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let seal = mallory.seal();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(mallory.stranger.host()).await.unwrap();
    let hello = |token| about_the_link(link::Datagram::Hello { token });
    // A good one is answered, under the host's seal for us.
    let good = seal.seal(5, &hello(77));
    socket.send(&good).await.unwrap();
    let plain = answer(&socket, &seal).await;
    assert_eq!(
        link::Datagram::decode(&plain),
        Ok(link::Datagram::HelloBack { token: 77 })
    );
    // None of these is: the same again, every single bit changed, another's connection, nobody's.
    socket.send(&good).await.unwrap();
    let fresh = seal.seal(6, &hello(78));
    for bit in 0..fresh.len() * 8 {
        let mut broken = fresh.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        socket.send(&broken).await.unwrap();
    }
    for connection in (0..8)
        .chain([u32::MAX])
        .filter(|connection| *connection != seal.connection)
    {
        let mut other = fresh.clone();
        other[1..5].copy_from_slice(&connection.to_be_bytes());
        socket.send(&other).await.unwrap();
    }
    for length in 0..40 {
        socket.send(&fresh[..length.min(fresh.len() - 1)]).await.unwrap();
    }
    socket.send(&vec![0; 60_000]).await.unwrap();
    // The next answer is to the next good one: the copy with the bits as they were is as good as ever.
    socket.send(&fresh).await.unwrap();
    let plain = answer(&socket, &seal).await;
    assert_eq!(
        link::Datagram::decode(&plain),
        Ok(link::Datagram::HelloBack { token: 78 })
    );
    others.notice_nothing("broken seals").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_sealed_nonsense_about_others_streams_is_dropped() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let seal = mallory.seal();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(mallory.stranger.host()).await.unwrap();
    let (stream, forged) = (others.stream, FrameNumber(1_000_000_000));
    let ack = |stream, recent| {
        encoded(&StreamDatagram::Ack(Ack {
            stream,
            frame: forged,
            lost: u16::MAX,
            hold_us: 0,
            spread_us: u32::MAX,
            train_us: 0,
            recent,
            whole: Time::ZERO,
        }))
    };
    let nack = |missing| {
        encoded(&StreamDatagram::Nack(Nack {
            stream,
            frame: FrameNumber(1),
            serial: 1,
            missing,
        }))
    };
    let mut frame = netcore::proto::video::FrameHeader {
        stream,
        frame: forged,
        length: 4,
        width: 1,
        height: 1,
        captured: netcore::proto::Time::ZERO,
        encode_us: 0,
    }
    .encode()
    .to_vec();
    frame.put_slice(b"fake");
    let plains = [
        // A whole frame in one fragment, for another's stream, newer than all to come.
        fragment(stream, forged.0, frame.len() as u32, 1_000, 0, &frame),
        fragment(StreamId(99), 1, frame.len() as u32, 1_000, 0, &frame),
        ack(stream, u32::MAX),
        ack(StreamId(99), 0),
        nack(vec![(0, u16::MAX); 64]),
        vec![],
        vec![9; 100],
        vec![1],
        vec![3, 255, 0, 0],
        fragment(stream, 1, u32::MAX, 256, 0, &[0; 256]),
        fragment(stream, 1, 0, 0, 0, &[]),
        fragment(stream, 1, 1_000, 256, u16::MAX, &[0; 256]),
    ];
    for (packet, plain) in (0..).zip(&plains) {
        socket.send(&seal.seal(packet, plain)).await.unwrap();
    }
    // Numbers far apart move the window of what may still come, and nothing else.
    for packet in [1 << 20, 1 << 40, u64::MAX - 1, u64::MAX] {
        socket
            .send(&seal.seal(packet, &about_the_link(link::Datagram::HelloBack { token: 1 })))
            .await
            .unwrap();
    }
    others.notice_nothing("sealed nonsense").await;
    let shown = others
        .host
        .room
        .frames(stream)
        .unwrap()
        .newer_than(None)
        .await
        .unwrap();
    assert!(
        forged.is_newer_than(shown.frame.header().frame),
        "the forged frame was not taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_under_a_false_label_end_nobody_and_pass_for_nobodys() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    mallory
        .wire
        .say(&Request::Video(video::Request::Publish {
            local: 1,
            spec: pattern(Transport::Udp),
        }))
        .await;
    let own = mallory
        .wire
        .hear("the stream's number", |notice| match notice {
            Notice::Video(video::Notice::Published { stream, .. }) => Some(stream.id),
            _ => None,
        })
        .await;
    let seal = mallory.seal();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(mallory.stranger.host()).await.unwrap();
    let whole = |stream, number: u32| {
        let header = FrameHeader {
            stream,
            frame: FrameNumber(number),
            length: 0,
            width: 1,
            height: 1,
            captured: Time::ZERO,
            encode_us: 0,
        };
        Frame::new(header, b"fake").unwrap()
    };
    // What the datagrams say of a frame of Mallory's, and what the frame says of itself.
    let labels = [
        (1, own, 1),
        (2, own, 1),
        (3, own, 1 << 31),
        (4, others.stream, 4),
        (5, others.stream, 1_000_000_000),
        (6, StreamId(99), 6),
        (u32::MAX >> 1, own, 0),
    ];
    for (packet, (outer, stream, inner)) in (0..).zip(labels) {
        let frame = whole(stream, inner);
        let plain = fragment(own, outer, frame.bytes().len() as u32, 1_000, 0, frame.bytes());
        socket.send(&seal.seal(packet, &plain)).await.unwrap();
    }
    // A good one comes last: what came before it has been dealt with when it is shown.
    let good = whole(own, u32::MAX >> 1);
    let plain = fragment(
        own,
        u32::MAX >> 1,
        good.bytes().len() as u32,
        1_000,
        0,
        good.bytes(),
    );
    socket
        .send(&seal.seal(labels.len() as u64, &plain))
        .await
        .unwrap();
    let mut frames = others.host.room.frames(own).expect("it is live");
    let shown = async {
        let mut newest = None;
        while newest != Some(good.header().frame) {
            newest = frames
                .newer_than(newest)
                .await
                .map(|shown| shown.frame.header().frame);
        }
    };
    tokio::time::timeout(PATIENCE, shown)
        .await
        .expect("the host goes on");
    others.notice_nothing("frames under a false label").await;
    for party in [&others.host, &others.cai] {
        let mut frames = party.room.frames(others.stream).unwrap();
        let shown = frames.newer_than(None).await.unwrap();
        assert_ne!(
            shown.frame.jpeg(),
            &b"fake"[..],
            "Ben's stream shows Ben's frames"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_datagrams_is_found_and_lost_again_when_they_are_swallowed() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    let bytes_of_a_datagram = |party: &Party| {
        let links = party.room.links();
        links.iter().find_map(|link| link.datagram_bytes).unwrap_or(0)
    };
    let send_until = async |fits: &dyn Fn(u32) -> bool| {
        let wait = async {
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            while !fits(bytes_of_a_datagram(&ben)) {
                pace.tick().await;
                publisher.send(&[0xab; 16_600], 640, 480, clock::now(), clock::now());
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("in time");
    };
    // Loopback takes what no Ethernet does; macOS takes 9,216 bytes at most.
    send_until(&|bytes| bytes >= 8_952).await;
    let swallowing = Conditions {
        mtu: Some(1_400),
        ..Conditions::default()
    };
    ben.room.set_conditions(Some(swallowing), 1);
    send_until(&|bytes| bytes < 1_400).await;
    let mut results = ben.room.results();
    let mut is_whole = async || loop {
        if results.recv().await.expect("results").result.delay().is_some() {
            return;
        }
    };
    tokio::select! {
        () = is_whole() => {}
        () = send_until(&|_| false) => {}
    }
}
