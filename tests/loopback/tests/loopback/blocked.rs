//! Networks that let no datagrams through: streams go on over TCP, and come back.

use std::time::Duration;

use loopback_tests::{Nat, PATIENCE, Party, pattern};
use netcore::clock;
use netcore::proto::{MemberId, StreamId, Transport};
use netcore::{LinkResult, Publisher};

/// Publishes until a frame was acknowledged, over `transport`, by `peer`, on a link of `party`'s.
async fn acknowledged(publisher: &Publisher, party: &Party, peer: MemberId, transport: Transport) {
    let mut results = party.room.results();
    let since = clock::now();
    let is_it =
        |it: &LinkResult| it.peer == peer && it.result.transport == transport && it.result.delay().is_some();
    let wait = async {
        let mut pace = tokio::time::interval(Duration::from_millis(30));
        loop {
            pace.tick().await;
            publisher.send(&[0xab; 9_000], 640, 480, clock::now(), clock::now());
            while let Ok(result) = results.try_recv() {
                if is_it(&result) && result.result.offered >= since {
                    return;
                }
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, wait).await;
    assert!(outcome.is_ok(), "nothing reached {peer} over {transport}");
}

/// Publishes until the stream is shown at `party` as going over `transport`.
async fn shown(publisher: &Publisher, party: &Party, stream: StreamId, transport: Transport) {
    let send = async {
        let mut pace = tokio::time::interval(Duration::from_millis(30));
        loop {
            pace.tick().await;
            publisher.send(&[0xab; 9_000], 640, 480, clock::now(), clock::now());
        }
    };
    let is_so = |now: &netcore::Snapshot| {
        let mut streams = now.streams.iter();
        streams.any(|it| it.id == stream && it.spec.transport == transport)
    };
    tokio::select! {
        _ = party.until("the stream is shown as it is", is_so) => {}
        () = send => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_without_udp_gets_tcp_while_others_keep_udp_and_udp_once_it_works() {
    let host = Party::host(0).await.unwrap();
    let nat = Nat::to(host.port()).await;
    nat.let_through(0);
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", nat.port).await.unwrap();
    let dan = Party::join("Dan", host.port()).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    let stream = publisher.stream().unwrap();
    let id = |party: &Party| party.room.info().me;
    acknowledged(&publisher, &host, id(&cai), Transport::Tcp).await;
    acknowledged(&publisher, &host, id(&dan), Transport::Udp).await;
    acknowledged(&publisher, &ben, MemberId::HOST, Transport::Udp).await;
    shown(&publisher, &cai, stream, Transport::Tcp).await;
    for party in [&host, &ben, &dan] {
        shown(&publisher, party, stream, Transport::Udp).await;
    }
    nat.let_through(usize::MAX);
    acknowledged(&publisher, &host, id(&cai), Transport::Udp).await;
    shown(&publisher, &cai, stream, Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_whose_udp_ceases_goes_on_over_tcp_unless_it_is_to_stay() {
    let host = Party::host(0).await.unwrap();
    let nat = Nat::to(host.port()).await;
    let ben = Party::join("Ben", nat.port).await.unwrap();
    let publisher = ben.room.publish(pattern(Transport::Udp)).await.unwrap();
    let stream = publisher.stream().unwrap();
    acknowledged(&publisher, &ben, MemberId::HOST, Transport::Udp).await;
    nat.let_through(0);
    acknowledged(&publisher, &ben, MemberId::HOST, Transport::Tcp).await;
    for party in [&host, &ben] {
        shown(&publisher, party, stream, Transport::Tcp).await;
    }
    assert_eq!(
        publisher.spec().transport,
        Transport::Udp,
        "what was wished for is not forgotten"
    );
    // One who insists on UDP gets nothing through.
    ben.room.stay_on_udp(true);
    let mut results = ben.room.results();
    let since = clock::now();
    publisher.send(&[0xab; 9_000], 640, 480, since, since);
    let its = async {
        loop {
            let result = results.recv().await.expect("results keep coming").result;
            if result.offered >= since {
                return result;
            }
        }
    };
    let result = tokio::time::timeout(PATIENCE, its).await.expect("a result");
    assert!(
        result.transport == Transport::Udp && result.delay().is_none(),
        "{result:?}"
    );
    ben.room.stay_on_udp(false);
    acknowledged(&publisher, &ben, MemberId::HOST, Transport::Tcp).await;
    nat.let_through(usize::MAX);
    acknowledged(&publisher, &ben, MemberId::HOST, Transport::Udp).await;
    shown(&publisher, &host, stream, Transport::Udp).await;
}
