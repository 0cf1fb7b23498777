//! Data connections that are not what they should be: of strangers, of the wrong people, and with the wrong bytes.

use std::time::Duration;

use loopback_tests::{Bystanders, Guest, PATIENCE, Stranger, file, open_many_files, pattern, preface};
use netcore::proto::files::{self, FileState};
use netcore::proto::session::RefusalCode;
use netcore::proto::video::{
    self, FRAME_HEADER_BYTES, Frame, FrameHeader, MAX_FRAME_BYTES, TCP_ACK_BYTES, TcpAck,
};
use netcore::proto::wire::{
    AttachReply, AttachToken, Attachment, ConnectionKind, Direction, MAX_EXACT, encode_control,
};
use netcore::proto::{FileId, FrameNumber, MemberId, Notice, Request, StreamId, Time, Transport};
use tokio::io::AsyncReadExt;

pub(crate) fn refused(reply: AttachReply) -> RefusalCode {
    match reply {
        AttachReply::Refused(refusal) => refusal.code,
        AttachReply::Ready { .. } => panic!("it was let through"),
    }
}

pub(crate) fn ready(reply: AttachReply) -> u64 {
    match reply {
        AttachReply::Ready { offset } => offset,
        AttachReply::Refused(refusal) => panic!("it was refused: {refusal}"),
    }
}

fn video(stream: StreamId, direction: Direction) -> Attachment {
    Attachment::Video { stream, direction }
}

fn bytes_of(file: FileId, direction: Direction, offset: u64) -> Attachment {
    Attachment::File {
        file,
        direction,
        offset,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_member_itself_gets_a_data_connection() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let good = mallory.attach_for(video(others.stream, Direction::Down));
    let mut bad_token = good.clone();
    bad_token.token = AttachToken([7; 16]);
    let mut another_member = good.clone();
    another_member.member = others.ben.room.info().me;
    let mut nobody = good.clone();
    nobody.member = MemberId(9_999);
    let mut the_host = good.clone();
    the_host.member = MemberId::HOST;
    for attach in [bad_token, another_member, nobody, the_host] {
        let (mut wire, reply) = mallory.stranger.attach(ConnectionKind::Video, &attach).await;
        assert_eq!(refused(reply), RefusalCode::NotAMember, "{attach:?}");
        wire.end().await;
    }
    // A token overheard is of no use with another certificate.
    let thief = Stranger::new(others.port());
    let (_, reply) = thief.attach(ConnectionKind::Video, &good).await;
    assert_eq!(refused(reply), RefusalCode::NotAMember);
    // Once the member has left, its token is worth nothing.
    let Guest {
        stranger, mut wire, ..
    } = mallory;
    wire.say(&Request::Session(netcore::proto::session::Request::Leave))
        .await;
    wire.end().await;
    others.see_gone("Mallory").await;
    let (_, reply) = stranger.attach(ConnectionKind::Video, &good).await;
    assert_eq!(refused(reply), RefusalCode::NotAMember);
    others.notice_nothing("attachments of strangers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_that_cannot_be_read_is_closed() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let hello = encode_control(&"hello").unwrap();
    for bytes in [&u32::MAX.to_be_bytes()[..], &[0, 0, 0, 2, 0xff, 0xfe], &hello] {
        for kind in [ConnectionKind::File, ConnectionKind::Video] {
            let mut wire = mallory.stranger.connect(&preface(kind)).await;
            wire.send(bytes).await;
            wire.end().await;
        }
    }
    others.notice_nothing("unreadable attachments").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_files_of_others_stay_theirs() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let (path, _) = file(others.ben.home.path(), "for cai.bin", 1_000);
    let to = vec![others.cai.room.info().me];
    let secret = others.ben.room.offer_file(&path, to).await.unwrap().id;
    let open = others.ben.room.offer_file(&path, vec![]).await.unwrap().id;
    let stream = others.stream;
    for (attachment, code) in [
        (video(stream, Direction::Up), RefusalCode::NotAMember),
        (video(StreamId(999), Direction::Up), RefusalCode::NotFound),
        (video(StreamId(999), Direction::Down), RefusalCode::NotFound),
        (bytes_of(secret, Direction::Down, 0), RefusalCode::NotFound),
        (bytes_of(secret, Direction::Up, 0), RefusalCode::NotFound),
        (bytes_of(open, Direction::Up, 0), RefusalCode::NotFound),
        (bytes_of(FileId(999), Direction::Down, 0), RefusalCode::NotFound),
        (bytes_of(open, Direction::Down, 1_001), RefusalCode::BadMessage),
        (
            bytes_of(open, Direction::Down, MAX_EXACT),
            RefusalCode::BadMessage,
        ),
    ] {
        let (_, reply) = mallory.attach(attachment).await;
        assert_eq!(refused(reply), code, "{attachment:?}");
    }
    // Nor by asking the host to take the file or the stream away.
    let Guest { mut wire, .. } = mallory;
    wire.say(&Request::Files(files::Request::Cancel { file: open }))
        .await;
    wire.say(&Request::Video(video::Request::Unpublish { stream }))
        .await;
    let spec = pattern(Transport::Tcp);
    wire.say(&Request::Video(video::Request::Change { stream, spec }))
        .await;
    others.notice_nothing("reaching for what is others'").await;
    let snapshot = others.cai.room.snapshot().await;
    assert!(
        snapshot
            .files
            .iter()
            .all(|(file, _)| file.state != FileState::Cancelled)
    );
    assert_eq!(snapshot.streams[0].spec.transport, Transport::Udp);
}

/// Begins a stream of the guest's and returns its number.
async fn publish(guest: &mut Guest, transport: Transport) -> StreamId {
    let spec = pattern(transport);
    guest
        .wire
        .say(&Request::Video(video::Request::Publish { local: 1, spec }))
        .await;
    guest
        .wire
        .hear("the stream's number", |notice| match notice {
            Notice::Video(video::Notice::Published { stream, .. }) => Some(stream.id),
            _ => None,
        })
        .await
}

fn header(stream: StreamId, frame: u32) -> FrameHeader {
    FrameHeader {
        stream,
        frame: FrameNumber(frame),
        length: 0,
        width: 640,
        height: 480,
        captured: Time::ZERO,
        encode_us: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_end_their_own_connection_only() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let stream = publish(&mut mallory, Transport::Tcp).await;
    let announced = |length: u32| {
        FrameHeader {
            length,
            ..header(stream, 7)
        }
        .encode()
        .to_vec()
    };
    let of_another = Frame::new(header(others.stream, 1_000_000), b"not Ben's").unwrap();
    let bad = [
        ("a frame of another stream", of_another.bytes().to_vec()),
        ("an empty frame", announced(0)),
        ("a frame of 4 GiB", announced(u32::MAX)),
        (
            "a frame one byte too long",
            announced((MAX_FRAME_BYTES - FRAME_HEADER_BYTES + 1) as u32),
        ),
        ("noise", vec![0xa5; 4_096]),
    ];
    for (what, bytes) in bad {
        let (mut wire, reply) = mallory.attach(video(stream, Direction::Up)).await;
        ready(reply);
        wire.send(&bytes).await;
        wire.end().await;
        others
            .cai
            .until(what, |snapshot| snapshot.streams.len() == 2)
            .await;
    }
    // Cut in the middle: the frame before it has arrived and is acknowledged, the half is nothing.
    let (mut wire, _) = mallory.attach(video(stream, Direction::Up)).await;
    let whole = Frame::new(header(stream, 10), b"whole").unwrap();
    wire.send(whole.bytes()).await;
    let mut ack = [0; TCP_ACK_BYTES];
    tokio::time::timeout(PATIENCE, wire.stream.read_exact(&mut ack))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(TcpAck::decode(ack).unwrap().frame, FrameNumber(10));
    let half = Frame::new(header(stream, 11), &[1; 10_000]).unwrap();
    wire.send(&half.bytes()[..5_000]).await;
    drop(wire);
    // And the stream still works on a new connection.
    let (mut wire, _) = mallory.attach(video(stream, Direction::Up)).await;
    wire.send(Frame::new(header(stream, 12), b"again").unwrap().bytes())
        .await;
    let mut frames = others.cai.room.frames(stream).expect("it is live");
    let after_half = tokio::time::timeout(PATIENCE, frames.newer_than(Some(FrameNumber(10)))).await;
    let shown = after_half.unwrap().expect("it is live");
    assert_eq!(
        (shown.frame.header().frame, &shown.frame.jpeg()[..]),
        (FrameNumber(12), &b"again"[..])
    );
    others.notice_nothing("frames that are none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_of_frames_never_sent_count_for_nothing() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let me = others.cai.room.info().me;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let ack = |stream: StreamId, frame: u32| TcpAck {
        stream,
        frame: FrameNumber(frame),
        hold_us: u32::MAX,
        spread_us: 0,
        whole: Time::ZERO,
    };
    let mut results = others.host.room.results();
    let (mut wire, reply) = mallory.attach(video(others.stream, Direction::Down)).await;
    ready(reply);
    for frame in (0..50).map(|step| step * 85_899_345) {
        wire.send(&ack(others.stream, frame).encode()).await;
    }
    let (mut other, reply) = mallory.attach(video(others.stream, Direction::Down)).await;
    ready(reply);
    other.send(&ack(StreamId(77), 0).encode()).await;
    other.end().await;
    // Cai's frames are acknowledged as before, and what is measured about them is real.
    let honest = async {
        loop {
            let result = results.recv().await.expect("results keep coming");
            if let Some(delay) = result.result.delay().filter(|_| result.peer == me) {
                return delay;
            }
        }
    };
    let delay = tokio::time::timeout(PATIENCE, honest).await.unwrap();
    assert!(Duration::from_micros(delay.as_micros()) < PATIENCE);
    others.notice_nothing("acknowledgements of nothing").await;
    let forged = others.host.room.recent_results().into_iter().filter(|result| {
        result.peer == mallory.welcome.me
            && result.result.first_out.is_none()
            && result.result.delay().is_some()
    });
    assert_eq!(forged.count(), 0, "nothing unsent was acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_cannot_take_every_connection_there_is() {
    open_many_files();
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    // More than sockets hold, so that a download lasts for as long as nothing is read of it.
    let (path, _) = file(others.ben.home.path(), "long.bin", 24_000_000);
    let long = others.ben.room.offer_file(&path, vec![]).await.unwrap().id;
    let mut held = Vec::new();
    let code = loop {
        assert!(held.len() < 1_000, "there is no end to it");
        match mallory.attach(bytes_of(long, Direction::Down, 0)).await {
            (wire, AttachReply::Ready { .. }) => held.push(wire),
            (_, reply) => break refused(reply),
        }
    };
    assert_eq!(code, RefusalCode::Limit);
    assert!(held.len() >= 64, "as many as there may be streams");
    others.notice_nothing("Mallory took all she could").await;
    // What is given back can be had again.
    held.clear();
    let again = async {
        while let (_, AttachReply::Refused(_)) = mallory.attach(video(others.stream, Direction::Down)).await {
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_one_connection_in_each_direction_and_the_newer_takes_its_place() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let own = publish(&mut mallory, Transport::Tcp).await;
    for attachment in [video(own, Direction::Up), video(others.stream, Direction::Down)] {
        let (mut older, reply) = mallory.attach(attachment).await;
        ready(reply);
        for _ in 0..20 {
            let (newer, reply) = mallory.attach(attachment).await;
            ready(reply);
            older.end().await;
            older = newer;
        }
    }
    others.notice_nothing("twenty connections for one stream").await;
}
