//! The link conditioner: a room's own sockets made worse on purpose.

use std::time::Duration;

use loopback_tests::{PATIENCE, Party, pattern};
use netcore::netem::Conditions;
use netcore::proto::chat::{Body, Entry, Event};
use netcore::proto::session::{self, LeaveReason};
use netcore::proto::video::{Adaptation, AdaptationConfig, EncodingTarget, FrameResult};
use netcore::proto::{Span, Transport};
use netcore::{Publisher, RoomEvent, clock};

/// Sends frames until one that was offered after now, over `transport`, has a result that fits.
async fn acked(
    publisher: &Publisher,
    party: &Party,
    transport: Transport,
    fits: impl Fn(&FrameResult) -> bool,
) -> FrameResult {
    let since = clock::now();
    let mut results = party.room.results();
    let wait = async {
        loop {
            let result = results.recv().await.expect("results keep coming").result;
            if result.transport == transport && result.offered >= since && fits(&result) {
                return result;
            }
        }
    };
    let send = async {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        loop {
            pace.tick().await;
            publisher.send(&[0xab; 16_600], 640, 480, clock::now(), clock::now());
        }
    };
    tokio::select! {
        result = tokio::time::timeout(PATIENCE, wait) => result.expect("it happens in time"),
        () = send => unreachable!("there is always a next frame"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_is_felt_over_both_transports_and_gone_when_it_is_taken_back() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Tcp)).await.unwrap();
    let delay = Span::from_millis(60);
    let is_early = |result: &FrameResult| result.delay().is_some_and(|took| took < delay);
    for transport in [Transport::Tcp, Transport::Udp] {
        publisher.change(pattern(transport)).await.unwrap();
        acked(&publisher, &ben, transport, is_early).await;
        let conditions = Conditions {
            delay,
            ..Conditions::default()
        };
        ben.room.set_conditions(Some(conditions), 1);
        let late = acked(&publisher, &ben, transport, |result| result.delay().is_some()).await;
        assert!(late.delay() >= Some(delay.times(2)), "{transport}: {late:?}");
        ben.room.set_conditions(None, 0);
        acked(&publisher, &ben, transport, is_early).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_on_purpose_is_counted_and_asked_for_again() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    ben.room
        .set_conditions(Some(Conditions::delay_ms(5).loss(0.2)), 7);
    let is_repaired = |result: &FrameResult| result.delay().is_some() && result.retransmits > 0;
    acked(&publisher, &ben, Transport::Udp, is_repaired).await;
    let (conditions, [out, into]) = ben.room.conditions().unwrap();
    assert_eq!(conditions.loss, 0.2);
    assert!(out.lost > 0 && out.lost < out.packets, "{out:?}");
    assert!(into.packets > 0, "{into:?}");
    assert!(
        host.room.conditions().is_none(),
        "everybody has a network of their own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_come_late_in_order_and_so_does_the_goodbye() {
    let mut host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let conditions = Conditions::delay_ms(30).jitter_ms(20).loss(0.1).mbit(1, 20_000);
    ben.room.set_conditions(Some(conditions), 3);
    for number in 0..20 {
        ben.room.say(&format!("word {number}")).await.unwrap();
    }
    ben.room.close().await;
    let mut heard = Vec::new();
    while heard.len() < 20 {
        heard.push(
            host.expect("a word", |event| match event {
                RoomEvent::Chat(Event::Entry(Entry {
                    body: Body::Text { text },
                    ..
                })) => Some(text),
                _ => None,
            })
            .await,
        );
    }
    let said: Vec<String> = (0..20).map(|number| format!("word {number}")).collect();
    assert_eq!(heard, said);
    host.expect("that Ben left of his own will", |event| match event {
        RoomEvent::Session(session::Event::Left {
            reason: LeaveReason::Left,
            ..
        }) => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_made_to_fit_a_path_that_became_narrow_and_again_when_it_is_wide() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    for transport in [Transport::Udp, Transport::Tcp] {
        let publisher = ben.room.publish(pattern(transport)).await.unwrap();
        publisher.adapt(AdaptationConfig::default());
        let best = Adaptation::new(AdaptationConfig::default()).encoding();
        // A picture's bytes go with its area and, roughly, with its quality.
        let bytes = |encoding: EncodingTarget| {
            let side = f64::from(encoding.scale.0) / f64::from(encoding.scale.1);
            (60_000.0 * side * side * f64::from(encoding.quality) / f64::from(best.quality)) as usize
        };
        let encode_until = async |is_narrow: bool| {
            let mut encoding = best;
            let mut pace = tokio::time::interval(Duration::from_millis(33));
            loop {
                pace.tick().await;
                let picture = vec![0xab; bytes(encoding).max(1_000)];
                let advised = publisher.send(&picture, 640, 480, clock::now(), clock::now());
                encoding = advised.unwrap_or(encoding);
                let is_smaller = encoding.quality < best.quality || encoding.scale != best.scale;
                if is_smaller == is_narrow {
                    return;
                }
            }
        };
        ben.room
            .set_conditions(Some(Conditions::delay_ms(5).mbit(3, 100_000)), 5);
        tokio::time::timeout(PATIENCE, encode_until(true))
            .await
            .expect("the pictures become smaller");
        ben.room.set_conditions(None, 0);
        tokio::time::timeout(PATIENCE, encode_until(false))
            .await
            .expect("the pictures become better again");
        publisher.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_yields_to_live_frames_on_the_same_path() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    ben.room
        .set_conditions(Some(Conditions::delay_ms(1).mbit(20, 1_000_000)), 9);
    let path = ben.home.path().join("large.bin");
    std::fs::write(&path, vec![7; 60_000_000]).unwrap();
    let mut results = ben.room.results();
    let mut file = None;
    let (mut alone, mut beside): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
    let mut pace = tokio::time::interval(Duration::from_millis(33));
    for frame in 0..240 {
        pace.tick().await;
        publisher.send(&[0xab; 16_600], 640, 480, clock::now(), clock::now());
        if frame == 30 {
            file = Some(ben.room.offer_file(&path, vec![]).await.unwrap());
        }
        while let Ok(result) = results.try_recv() {
            match frame {
                0..30 => alone.extend(result.result.delay()),
                121.. => beside.extend(result.result.delay()),
                _ => {}
            }
        }
    }
    let median = |delays: &mut Vec<Span>| {
        delays.sort_unstable();
        delays[delays.len() / 2]
    };
    let (alone, beside) = (median(&mut alone), median(&mut beside));
    // Unyielding, a quarter of a megabyte of it is always in flight: a tenth of a second, and more.
    assert!(
        beside < alone + Span::from_millis(70),
        "{beside} beside a file, {alone} alone"
    );
    let info = file.unwrap();
    let (_, transfer) = ben
        .room
        .snapshot()
        .await
        .files
        .into_iter()
        .find(|(file, _)| file.id == info.id)
        .unwrap();
    let Some(netcore::TransferState::Running { done, .. }) = transfer.map(|transfer| transfer.state) else {
        panic!("it is still in flight");
    };
    // A processor that is busy elsewhere holds frames up as a full path does, and the file yields to that, too.
    assert!(done > 300_000, "the file goes on all the same: {done}");
}
