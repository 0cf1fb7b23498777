use std::time::Duration;

use loopback_tests::{PATIENCE, Party, pattern};
use netcore::proto::video::{Event, FrameOutcome};
use netcore::proto::{FrameNumber, MemberId, Span, Transport};
use netcore::{FrameReceiver, LinkKey, LinkResult, Publisher, RoomEvent, ShownFrame, clock};
use tokio::sync::broadcast;

/// Sends frames of `bytes` bytes until `done`, each with its number inside.
async fn publish_until<T>(publisher: &Publisher, bytes: usize, done: impl Future<Output = T>) -> T {
    let send = async {
        let mut picture = vec![0xab; bytes];
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        for number in 0_u64.. {
            pace.tick().await;
            picture[..8].copy_from_slice(&number.to_be_bytes());
            publisher.send(&picture, 640, 480, clock::now(), clock::now());
        }
    };
    tokio::select! {
        done = tokio::time::timeout(PATIENCE, done) => done.expect("it happens in time"),
        () = send => unreachable!("there is always a next number"),
    }
}

/// The next `count` frames over `transport`; none may come twice or backwards.
async fn frames(receiver: &mut FrameReceiver, transport: Transport, count: usize) -> Vec<ShownFrame> {
    let mut got: Vec<ShownFrame> = Vec::new();
    let mut after: Option<FrameNumber> = None;
    while got.len() < count {
        let shown = receiver.newer_than(after).await.expect("the stream is live");
        let number = shown.frame.header().frame;
        assert!(after.is_none_or(|after| number.is_newer_than(after)));
        after = Some(number);
        if shown.transport == Some(transport) {
            got.push(shown);
        }
    }
    got
}

/// The next acknowledged result over `transport`.
async fn acked(results: &mut broadcast::Receiver<LinkResult>, transport: Transport) -> LinkResult {
    loop {
        let result = results.recv().await.expect("results keep coming");
        if result.result.transport == transport && matches!(result.result.outcome, FrameOutcome::Acked { .. })
        {
            return result;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_stream_reaches_host_and_viewers_over_both_transports_while_live() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Tcp)).await.unwrap();
    let stream = publisher.stream().unwrap();
    assert_eq!(host.stream().await, stream);
    assert_eq!(cai.stream().await, stream);
    let mut at_host = host.room.frames(stream).unwrap();
    let mut at_cai = cai.room.frames(stream).unwrap();
    let mut results = ben.room.results();
    for transport in [Transport::Tcp, Transport::Udp, Transport::Tcp] {
        publisher.change(pattern(transport)).await.unwrap();
        let watch = async {
            let all = tokio::join!(
                frames(&mut at_host, transport, 10),
                frames(&mut at_cai, transport, 10),
                acked(&mut results, transport)
            );
            all.2
        };
        let result = publish_until(&publisher, 120_000, watch).await;
        assert!(result.result.delay().is_some());
        assert!(result.result.classic_rate().is_some());
    }
    let relayed = host.room.recent_results();
    assert!(
        relayed.iter().any(|result| result.peer == cai.room.info().me),
        "the host measures its own links"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_any_size_travel_over_udp() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = host.room.publish(pattern(Transport::Udp)).await.unwrap();
    let stream = ben.stream().await;
    let mut at_ben = ben.room.frames(stream).unwrap();
    for bytes in [100, 16_600, 60_001, 400_000, 2_000_000] {
        let watch = async {
            loop {
                let shown = at_ben.newer_than(None).await.unwrap();
                if shown.frame.header().length as usize == bytes {
                    return shown;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let shown = publish_until(&publisher, bytes, watch).await;
        assert!(
            shown.frame.jpeg()[8..].iter().all(|byte| *byte == 0xab),
            "{bytes}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_stop_and_start_again_in_any_order() {
    let mut host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    for round in 0..3 {
        let hosts = host.room.publish(pattern(Transport::Udp)).await.unwrap();
        let bens = ben.room.publish(pattern(Transport::Tcp)).await.unwrap();
        let both = |snapshot: &netcore::Snapshot| snapshot.streams.len() == 2;
        ben.until("both are live", both).await;
        host.until("both are live", both).await;
        let mut receiver = host.room.frames(bens.stream().unwrap()).unwrap();
        if round % 2 == 0 {
            bens.stop().await;
            drop(hosts);
        } else {
            hosts.stop().await;
            drop(bens);
        }
        assert!(
            tokio::time::timeout(PATIENCE, receiver.newer_than(None))
                .await
                .unwrap()
                .is_none()
        );
        for party in [&mut host, &mut ben] {
            for _ in 0..2 {
                party
                    .expect("a stream stops", |event| {
                        matches!(event, RoomEvent::Video(Event::Stopped(_))).then_some(())
                    })
                    .await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_leaves_changes_nothing_for_the_others() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    for transport in [Transport::Udp, Transport::Tcp] {
        let publisher = host.room.publish(pattern(transport)).await.unwrap();
        let stream = publisher.stream().unwrap();
        let is_live = |snapshot: &netcore::Snapshot| snapshot.streams.iter().any(|live| live.id == stream);
        ben.until("it is live", is_live).await;
        let mut at_ben = ben.room.frames(stream).unwrap();
        publish_until(&publisher, 16_600, async {
            frames(&mut at_ben, transport, 5).await;
            if transport == Transport::Udp {
                cai.room.close().await;
            }
            frames(&mut at_ben, transport, 5).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_of_video_is_measured_at_both_ends() {
    let mut host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    let measured = |event| match event {
        RoomEvent::Metrics { links, .. } => links
            .iter()
            .find(|link| {
                let figures = &link.figures;
                // Each end measures some of it and is reported the rest by the other.
                figures.ack_p50_us.is_some() && figures.jitter_us.is_some() && figures.frames_per_s.is_some()
            })
            .copied(),
        _ => None,
    };
    let (at_host, at_ben) = publish_until(&publisher, 16_600, async {
        tokio::join!(
            host.expect("the host's figures", measured),
            ben.expect("Ben's figures", measured)
        )
    })
    .await;
    assert!(!at_host.key.outbound && at_ben.key.outbound);
    assert!(at_ben.figures.classic_rate_bps.is_some() && at_ben.figures.goodput_bps.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_knows_how_old_a_picture_is_when_it_is_drawn() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    let stream = cai.stream().await;
    let mut at_cai = cai.room.frames(stream).unwrap();
    let watch = async {
        let mut after = None;
        loop {
            let shown = at_cai.newer_than(after).await.unwrap();
            let frame = shown.frame.header().frame;
            after = Some(frame);
            cai.room.drawn(stream, frame, clock::now(), clock::now());
            let (trips, summary) = cai.room.view_trips(stream);
            if summary.screen_us.is_some() {
                return (trips, summary);
            }
        }
    };
    let (trips, summary) = publish_until(&publisher, 16_600, watch).await;
    let trip = trips.iter().rfind(|trip| trip.captured.is_some()).unwrap();
    // All are in one process here, so one clock is true for all of them.
    let (captured, drawn) = (trip.captured.unwrap(), trip.drawn.unwrap());
    let error = Span::from_micros(trip.clock_error_us.unwrap());
    assert!(captured <= trip.received.unwrap() + error, "{trip:?}");
    assert!(drawn + error >= captured, "{trip:?}");
    assert!(summary.screen_us.unwrap() < 2_000_000, "{summary:?}");
    let key = LinkKey {
        stream,
        peer: MemberId::HOST,
        outbound: true,
    };
    let sent = ben.room.link_trips(key).0;
    let whole = sent.iter().rfind(|trip| trip.acked.is_some()).unwrap();
    let error = Span::from_micros(whole.clock_error_us.unwrap());
    let received = whole.received.unwrap();
    assert!(whole.first_out.unwrap() <= received + error, "{whole:?}");
    assert!(received <= whole.acked.unwrap() + error, "{whole:?}");
}
