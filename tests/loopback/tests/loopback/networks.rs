//! Rooms between computers with cards and addresses of their own.

use std::time::Duration;

use loopback_tests::{PATIENCE, Party, computers, pattern};
use netcore::clock;
use netcore::proto::Transport;
use netcore::proto::video::FrameOutcome;

/// A host on any free port of all addresses.
async fn host() -> Party {
    Party::host_with(|options| options.loopback_only = false)
        .await
        .expect("the room opens")
}

/// Publishes over `transport` until a frame has been acknowledged by `viewer`.
async fn a_frame_arrives(publisher: &Party, viewer: &Party, transport: Transport) {
    let stream = publisher.room.publish(pattern(transport)).await.unwrap();
    viewer.stream().await;
    let mut results = publisher.room.results();
    let picture = vec![0xab; 20_000];
    let sending = async {
        let mut pace = tokio::time::interval(Duration::from_millis(30));
        loop {
            pace.tick().await;
            stream.send(&picture, 640, 480, clock::now(), clock::now());
            while let Ok(result) = results.try_recv() {
                let result = result.result;
                if result.transport == transport && matches!(result.outcome, FrameOutcome::Acked { .. }) {
                    return;
                }
            }
        }
    };
    let arrived = tokio::time::timeout(PATIENCE, sending).await;
    assert!(arrived.is_ok(), "no frame arrived over {transport}");
    stream.stop().await;
    viewer
        .until("the stream is over", |now| now.streams.is_empty())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_two_addresses_answers_from_the_one_that_was_asked() {
    let Some([a, b]) = computers() else { return };
    a.cable("h0", &b, "m0");
    a.ip("addr add 10.77.0.1/24 dev h0");
    a.ip("addr add 10.77.0.2/24 dev h0");
    b.ip("addr add 10.77.0.9/24 dev m0");
    // What a stateful firewall does: what comes from an address that was never written to is dropped.
    b.set("ipv4/conf/all/rp_filter", "1");
    b.set("ipv4/conf/m0/rp_filter", "1");
    b.ip("route add blackhole 10.77.0.1/32");
    let host = a.run(host()).await;
    let address = format!("10.77.0.2:{}", host.port());
    let member = b
        .run(async move { Party::join_at("Ben", &address).await.unwrap() })
        .await;
    // Frames go both ways: each direction's acknowledgements and frames must get through.
    a_frame_arrives(&member, &host, Transport::Udp).await;
    a_frame_arrives(&host, &member, Transport::Udp).await;
}
