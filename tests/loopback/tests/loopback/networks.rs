//! Rooms between computers with cards and addresses of their own.

use std::time::Duration;

use loopback_tests::{Computer, PATIENCE, Party, computers, pattern};
use netcore::proto::chat::{Body, Entry};
use netcore::proto::video::FrameOutcome;
use netcore::proto::{Transport, session};
use netcore::{Folders, JoinError, KnownRooms, LinkState, RoomEvent, clock};

/// A host on any free port of all addresses.
async fn host() -> Party {
    Party::host_with(|options| options.loopback_only = false)
        .await
        .expect("the room opens")
}

/// Publishes over `transport` until a frame has been acknowledged by `viewer`.
async fn a_frame_arrives(publisher: &Party, viewer: &Party, transport: Transport) {
    let stream = publisher.room.publish(pattern(transport)).await;
    let stream = stream.expect("a stream begins");
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
    // Frames go in both directions: each direction's acknowledgements and frames must get through.
    a_frame_arrives(&member, &host, Transport::Udp).await;
    a_frame_arrives(&host, &member, Transport::Udp).await;
}

/// Two computers with a cable between them, and nothing else: `h0` with 10.77.0.1 and `m0` with 10.77.0.9.
fn with_cable() -> Option<[Computer; 2]> {
    let [a, b] = computers()?;
    a.cable("h0", &b, "m0");
    a.ip("addr add 10.77.0.1/24 dev h0");
    b.ip("addr add 10.77.0.9/24 dev m0");
    Some([a, b])
}

/// Joins from that computer as Ben.
async fn join(from: &Computer, address: &str) -> Result<Party, JoinError> {
    let address = address.to_owned();
    from.run(async move { Party::join_at("Ben", &address).await })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_default_route_comes_first_and_the_list_follows() {
    let Some([a, b]) = computers() else { return };
    // Docker's bridge came up before the network card did.
    a.ip("link add docker0 type bridge");
    a.ip("addr add 172.17.0.1/16 dev docker0");
    a.ip("link set docker0 up");
    a.cable("eth1", &b, "p1");
    a.ip("addr add 10.0.0.24/24 dev eth1");
    a.cable("eth0", &b, "p0");
    a.ip("addr add 192.168.1.24/24 dev eth0");
    a.ip("route add default via 192.168.1.1");
    let mut host = a.run(host()).await;
    let port = host.port();
    let at = |ip: &str| format!("{ip}:{port}");
    let expected = ["192.168.1.24", "10.0.0.24", "172.17.0.1", "127.0.0.1"].map(at);
    let shown = host.room.info().reachable_at.into_iter().map(|at| at.address);
    let shown: Vec<String> = shown.filter(|address| !address.starts_with('[')).collect();
    assert_eq!(shown, expected);
    assert_eq!(host.room.info().address, expected[0]);
    let people = host.room.snapshot().await.people;
    assert_eq!(people[0].address.to_string(), expected[0]);
    // The network changes: the list follows, and so does what members see of the host.
    let ben = join(&a, &at("127.0.0.1")).await.unwrap();
    a.ip("addr del 192.168.1.24/24 dev eth0");
    a.ip("addr add 192.168.1.77/24 dev eth0");
    a.ip("route add default via 192.168.1.1");
    let new = at("192.168.1.77");
    let addresses = host
        .expect("the addresses change", |event| match event {
            RoomEvent::Addresses(now) if now[0].address == new => Some(now),
            _ => None,
        })
        .await;
    assert_eq!(host.room.info().reachable_at, addresses);
    assert_eq!(a.inside(|| host.room.addresses()), addresses);
    ben.until("Ben sees the host's new address", |now| {
        now.people.iter().any(|person| person.address.to_string() == new)
    })
    .await;
}

/// Waits until a card has given itself a link-local address. Returns the card's number.
async fn link_local_card(computer: &Computer, card: &str) -> u32 {
    let looking = async {
        loop {
            let table = computer.inside(|| std::fs::read_to_string("/proc/thread-self/net/if_inet6"));
            let table = table.expect("the addresses are listed");
            let mut lines = table
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>());
            if let Some(line) = lines.find(|line| line[5] == card && line[0].starts_with("fe80")) {
                return u32::from_str_radix(line[1], 16).expect("a number");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.expect("the card gives itself an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_computers_with_only_a_cable_meet_by_link_local_addresses() {
    let Some([a, b]) = computers() else { return };
    for computer in [&a, &b] {
        // Addresses are used at once, without asking whether another computer has them.
        computer.set("ipv6/conf/all/accept_dad", "0");
        computer.set("ipv6/conf/default/accept_dad", "0");
    }
    a.cable("h0", &b, "m0");
    let mut host = a.run(host()).await;
    if !host.room.info().address.contains('%') {
        host.expect("the card gives itself an address", |event| match event {
            RoomEvent::Addresses(now) => now[0].address.contains('%').then_some(()),
            _ => None,
        })
        .await;
    }
    let shown = host.room.info().address;
    assert!(shown.contains("%YOUR-CARD]:"), "{shown}");
    let number = link_local_card(&b, "m0").await;
    // As it is shown, without a card, and with one that is not there: what is missing is said.
    for bad in ["%YOUR-CARD", "", "%h0"] {
        let bad = shown.replace("%YOUR-CARD", bad);
        let error = join(&b, &bad).await.map(|_| ()).unwrap_err();
        let words = error.to_string();
        assert!(matches!(error, JoinError::NoCard { .. }), "{words}");
        assert!(
            words.contains("%m0") && words.contains("this computer has m0"),
            "{words}"
        );
    }
    for good in ["m0", &number.to_string()] {
        let address = shown.replace("YOUR-CARD", good);
        let ben = join(&b, &address).await.unwrap();
        for transport in [Transport::Tcp, Transport::Udp] {
            a_frame_arrives(&ben, &host, transport).await;
            a_frame_arrives(&host, &ben, transport).await;
        }
        let folders = Folders::at(ben.home.path()).unwrap();
        assert_eq!(KnownRooms::load(&folders).unwrap().rooms()[0].address, address);
        ben.room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_address_changed_is_back_at_once() {
    let Some([a, b]) = with_cable() else { return };
    let mut host = a.run(host()).await;
    let ben = join(&b, &format!("10.77.0.1:{}", host.port())).await.unwrap();
    host.until("Ben is here", |now| now.people.len() == 2).await;
    let began = clock::now();
    b.ip("addr del 10.77.0.9/24 dev m0");
    b.ip("addr add 10.77.0.10/24 dev m0");
    host.expect("the host hears of Ben's new address", |event| match event {
        RoomEvent::Session(session::Event::Changed(person)) => {
            (person.address.ip().to_string() == "10.77.0.10").then_some(())
        }
        _ => None,
    })
    .await;
    let took = Duration::from_micros(clock::now().since(began).as_micros());
    eprintln!("the host noticed it after {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    a_frame_arrives(&host, &ben, Transport::Udp).await;
    a_frame_arrives(&ben, &host, Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_address_changed_keeps_who_comes_by_another_and_takes_back_who_waits() {
    let Some([a, b]) = with_cable() else { return };
    a.ip("addr add 10.77.0.2/24 dev h0");
    let host = a.run(host()).await;
    let port = host.port();
    let at = |ip: &str| format!("{ip}:{port}");
    let mut ben = join(&b, &at("10.77.0.1")).await.unwrap();
    let mut cai = join(&b, &at("10.77.0.2")).await.unwrap();
    let before = ben.room.info().me;
    // One address goes, and another comes.
    a.ip("addr del 10.77.0.2/24 dev h0");
    a.ip("addr add 10.77.0.3/24 dev h0");
    let words = cai
        .expect("Cai is notified", |event| match event {
            RoomEvent::Link(LinkState::Lost { reason, .. }) => Some(reason.to_string()),
            _ => None,
        })
        .await;
    assert!(
        words.contains("10.77.0.2") && words.contains("not been heard"),
        "{words}"
    );
    a_frame_arrives(&host, &ben, Transport::Udp).await;
    // Cai comes by the new address, and the host is known; who waits for the old one is back when that is.
    let said = cai.room.say("said while away").await.unwrap();
    let dia = join(&b, &at("10.77.0.3")).await.unwrap();
    a_frame_arrives(&dia, &host, Transport::Udp).await;
    a.ip("addr add 10.77.0.2/24 dev h0");
    cai.expect("Cai is back", |event| {
        matches!(event, RoomEvent::Link(LinkState::Up)).then_some(())
    })
    .await;
    dia.until("what Cai said is heard", |now| {
        now.chat
            .iter()
            .any(|entry| matches!(&entry.body, Body::Text { text } if text == "said while away"))
    })
    .await;
    assert!(said.entry.is_none(), "it was said while nobody heard it");
    a_frame_arrives(&cai, &host, Transport::Tcp).await;
    // Nobody else noticed.
    assert_eq!(ben.room.info().me, before);
    let lost = std::iter::from_fn(|| ben.events.try_recv().ok());
    assert_eq!(
        lost.filter(|event| matches!(event, RoomEvent::Link(_))).count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_system_prefers_another_address_by_now_keeps_its_datagrams() {
    let Some([a, b]) = with_cable() else { return };
    a.ip("addr add fd00::1/64 dev h0 nodad");
    b.ip("addr add fd00::9/64 dev m0 nodad");
    // The host's firewall lets in only whom it has seen connect.
    a.set("ipv4/conf/all/rp_filter", "1");
    a.set("ipv4/conf/h0/rp_filter", "1");
    a.ip("route add blackhole 10.77.0.10/32");
    let host = a.run(host()).await;
    let v4 = join(&b, &format!("10.77.0.1:{}", host.port())).await.unwrap();
    a_frame_arrives(&v4, &host, Transport::Udp).await;
    b.ip("addr add 10.77.0.10/24 dev m0");
    b.ip("route replace 10.77.0.0/24 dev m0 src 10.77.0.10");
    a_frame_arrives(&v4, &host, Transport::Udp).await;
    a_frame_arrives(&host, &v4, Transport::Udp).await;
    v4.room.close().await;
    // As addresses for privacy do each day: the old one stays for what there is, the new one is for what begins.
    let v6 = join(&b, &format!("[fd00::1]:{}", host.port())).await.unwrap();
    a_frame_arrives(&v6, &host, Transport::Udp).await;
    b.ip("addr change fd00::9/64 dev m0 preferred_lft 0");
    b.ip("addr add fd00::10/64 dev m0 nodad");
    a_frame_arrives(&v6, &host, Transport::Udp).await;
    a_frame_arrives(&host, &v6, Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chosen_cards_are_listened_on_and_shown() {
    let Some([a, b]) = with_cable() else { return };
    a.cable("h1", &b, "m1");
    a.ip("addr add 10.88.0.1/24 dev h1");
    b.ip("addr add 10.88.0.9/24 dev m1");
    let only = |on: &str| {
        let on = on.parse().unwrap();
        a.run(Party::host_with(move |options| {
            options.loopback_only = false;
            options.listen = vec![on];
        }))
    };
    for on in ["10.77.0.1", "h0"] {
        let host = only(on).await.unwrap();
        let port = host.port();
        let shown = host.room.info().reachable_at;
        assert_eq!(shown[0].address, format!("10.77.0.1:{port}"));
        assert!(shown.iter().all(|at| at.network == "h0"), "{shown:?}");
        let refused = join(&b, &format!("10.88.0.1:{port}"))
            .await
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(refused, JoinError::Refused { .. }), "{refused}");
        let ben = join(&b, &shown[0].address).await.unwrap();
        a_frame_arrives(&ben, &host, Transport::Udp).await;
        ben.room.close().await;
        host.room.close().await;
    }
    // A card that is given another address goes on being listened on.
    let mut host = only("h0").await.unwrap();
    a.ip("addr add 10.77.0.7/24 dev h0");
    let is_new = |event| match event {
        RoomEvent::Addresses(now) => now
            .iter()
            .any(|at| at.address.starts_with("10.77.0.7:"))
            .then_some(()),
        _ => None,
    };
    host.expect("the addresses change", is_new).await;
    let ben = join(&b, &format!("10.77.0.7:{}", host.port())).await.unwrap();
    a_frame_arrives(&ben, &host, Transport::Udp).await;
    let error = only("eth7").await.map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("eth7") && error.contains("10.77.0.1 on h0"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_frames_pass_where_large_packets_are_swallowed() {
    let Some([a, switch, b]) = computers() else { return };
    // A switch between the two drops what is longer than 1,300 bytes, and says so to neither.
    switch.ip("link add br0 type bridge");
    for (computer, card, port, ip) in [(&a, "h0", "s0", "10.77.0.1"), (&b, "m0", "s1", "10.77.0.9")] {
        computer.cable(card, &switch, port);
        switch.ip(&format!("link set {port} master br0 mtu 1300"));
        computer.ip(&format!("addr add {ip}/24 dev {card}"));
        // Packets go out as they travel on a real cable: one segment each.
        computer.ip(&format!("link set {card} gso_max_segs 1"));
    }
    switch.ip("link set br0 up");
    let host = a.run(host()).await;
    let ben = join(&b, &format!("10.77.0.1:{}", host.port())).await.unwrap();
    let text = "word ".repeat(2_000);
    for party in [&ben, &host] {
        party.room.say(&text).await.unwrap();
    }
    let is_it =
        |entry: &Entry| matches!(&entry.body, Body::Text { text: said } if said.trim() == text.trim());
    for party in [&ben, &host] {
        let both = |now: &netcore::Snapshot| now.chat.iter().filter(|entry| is_it(entry)).count() == 2;
        party.until("both have heard both", both).await;
    }
    a_frame_arrives(&ben, &host, Transport::Tcp).await;
    a_frame_arrives(&host, &ben, Transport::Tcp).await;
}
