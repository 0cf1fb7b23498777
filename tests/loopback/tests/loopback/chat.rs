use loopback_tests::Party;
use netcore::RoomEvent;
use netcore::proto::CommandError;
use netcore::proto::chat::{Body, Event, MAX_TEXT_BYTES, TextError};

fn texts(snapshot: &netcore::Snapshot) -> Vec<String> {
    let text = |entry: &netcore::proto::chat::Entry| match &entry.body {
        Body::Text { text } => Some(text.clone()),
        _ => None,
    };
    snapshot.chat.iter().filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_everything_in_the_same_order() {
    let host = Party::host(0).await.unwrap();
    let mut members = Vec::new();
    for name in ["Ben", "Cai", "Dia"] {
        members.push(Party::join(name, host.port()).await.unwrap());
    }
    for round in 0..20 {
        host.room.say(&format!("host {round}")).await.unwrap();
        for member in &members {
            member
                .room
                .say(&format!("{} {round}", member.room.info().me))
                .await
                .unwrap();
        }
    }
    let all = texts(
        &host
            .until("all is said", |snapshot| texts(snapshot).len() == 80)
            .await,
    );
    for member in &members {
        let theirs = texts(
            &member
                .until("all is heard", |snapshot| texts(snapshot).len() == 80)
                .await,
        );
        assert_eq!(theirs, all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_gets_a_receipt_and_carries_its_senders_name_and_address() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let text = "你好 🏳️‍🌈 مرحبا\n\"quoted\" \\ and\ttabs";
    let said = ben.room.say(text).await.unwrap();
    assert!(said.entry.is_none());
    let entry = ben
        .expect("the receipt", |event| match event {
            RoomEvent::Chat(Event::Receipt { local, entry }) if local == said.local => Some(entry),
            _ => None,
        })
        .await;
    assert_eq!(
        entry.body,
        Body::Text {
            text: text.to_owned()
        }
    );
    assert_eq!((entry.from, entry.name.as_str()), (ben.room.info().me, "Ben"));
    let at_host = host
        .room
        .snapshot()
        .await
        .chat
        .into_iter()
        .find(|other| other.seq == entry.seq)
        .unwrap();
    assert_eq!(at_host, entry);
    assert!(at_host.address.ip().is_loopback() && at_host.address.port() != 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_message_passes_and_a_longer_one_is_refused_with_its_surplus() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let longest = "\"".repeat(MAX_TEXT_BYTES);
    ben.room.say(&longest).await.unwrap();
    host.until("it is there", |snapshot| texts(snapshot) == [longest.clone()])
        .await;
    let error = ben
        .room
        .say(&format!("{longest}xyz"))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, CommandError::Text(TextError::TooLong { over: 3 }));
}
