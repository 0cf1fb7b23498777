//! Rules of the whole node.

use super::pages::PAGE_BYTES;
use super::*;
use crate::chat::MAX_TEXT_BYTES;
use crate::files::{MAX_FILES, Offer};
use crate::ground::Transport;
use crate::ground::person::MAX_PEOPLE;
use crate::ground::{ConnId, FileId};
use crate::io::{Event, Notice, Request};
use crate::session::PeerInfo;
use crate::session::Returning;
use crate::video::{MAX_STREAMS, MAX_STREAMS_EACH, SourceKind, StreamDescription};
use crate::wire::{AttachToken, ControlDecoder, MAX_CONTROL_BYTES, MAX_EXACT, encode_control};

/// All that a newcomer is sent, however full a room is.
const MAX_CATCH_UP_BYTES: usize = 10 * 1024 * 1024;

/// The longest profile that there is, in bytes and when it is escaped.
fn profile() -> Profile {
    Profile {
        name: "\u{10348}".repeat(64),
        about: "\"".repeat(100) + &"\u{10348}".repeat(400),
        colour: "#102030".into(),
        device: "\u{10348}".repeat(64),
    }
}

fn host() -> Node {
    let config = HostConfig {
        room_name: "Lab".into(),
        room: 7,
        profile: profile(),
        identity: Fingerprint([0; 32]),
        address: ([127, 0, 0, 1], 27182).into(),
        epoch_unix_ms: 1_700_000_000_000,
    };
    let mut host = Node::host(config, Time::ZERO);
    while host.poll_output().is_some() {}
    host
}

fn peer(number: u32) -> PeerInfo {
    let mut fingerprint = [1; 32];
    fingerprint[..4].copy_from_slice(&number.to_be_bytes());
    PeerInfo {
        fingerprint: Fingerprint(fingerprint),
        address: ([127, 0, 0, 1], 1).into(),
        token: AttachToken([0; 16]),
    }
}

fn ask_as(host: &mut Node, conn: u32, request: &Request) {
    let bytes = encode_control(request).unwrap();
    host.handle_bytes(ConnId(conn.into()), &bytes, Time::ZERO);
}

/// A member joins, is brought up to date, and all messages are thrown away.
fn join(host: &mut Node, number: u32) {
    host.handle_connected(ConnId(number.into()), peer(number), Time::ZERO);
    let hello = session::Request::Hello {
        profile: Profile::default(),
        returning: None,
    };
    ask_as(host, number, &Request::Session(hello));
    swallow(host);
}

fn swallow(host: &mut Node) {
    while let Some(output) = host.poll_output() {
        if let Output::AwaitDrain { conn } = output {
            host.handle_drained(conn);
        }
    }
}

/// Fills people, files, streams and the log with the longest that a member may put there.
fn full_room() -> Node {
    let mut host = host();
    let others = MAX_PEOPLE as u32 - 2;
    (1..=others).for_each(|number| join(&mut host, number));
    for number in 1..=others {
        ask_as(
            &mut host,
            number,
            &Request::Session(session::Request::Profile(profile())),
        );
        swallow(&mut host);
    }
    for number in 0..MAX_STREAMS as u32 {
        let publish = video::Request::Publish {
            local: number.into(),
            spec: StreamDescription {
                source: SourceKind::Camera,
                title: "\u{10348}".repeat(100),
                width: u16::MAX,
                height: u16::MAX,
                rate: 29.97,
                transport: Transport::Udp,
            },
        };
        ask_as(
            &mut host,
            1 + number / MAX_STREAMS_EACH as u32,
            &Request::Video(publish),
        );
        swallow(&mut host);
    }
    for number in 0..MAX_FILES as u32 {
        let offer = Offer {
            local: number.into(),
            name: "\"".repeat(255),
            size: 1 << 50,
            mime: "\\".repeat(100),
            to: (0..MAX_PEOPLE as u32).map(MemberId).collect(),
        };
        ask_as(&mut host, 1, &Request::Files(files::Request::Offer(offer)));
        swallow(&mut host);
        let file = FileId(number + 1);
        for receiver in 2..6 {
            ask_as(
                &mut host,
                receiver,
                &Request::Files(files::Request::Received { file }),
            );
        }
        swallow(&mut host);
    }
    // Those who neither speak nor publish are away for a moment, which keeps them in the list, and the test quick.
    for number in 1 + (MAX_STREAMS / MAX_STREAMS_EACH) as u32..=others {
        host.handle_closed(ConnId(number.into()), Time::ZERO);
        swallow(&mut host);
    }
    for local in 0..10_000 {
        // Short enough to be counted small before they are escaped, long enough to be many megabytes in all.
        say(&mut host, 1, local, &"\"".repeat(209));
    }
    assert_eq!(host.people().len(), MAX_PEOPLE - 1);
    assert_eq!(host.files().len(), MAX_FILES);
    assert_eq!(host.streams().len(), MAX_STREAMS);
    host
}

fn say(host: &mut Node, conn: u32, local: u64, text: &str) {
    let say = chat::Request::Say {
        local,
        text: text.into(),
    };
    ask_as(host, conn, &Request::Chat(say));
    swallow(host);
}

/// A newcomer with a machine of its own, and what waits for it at the host.
struct Newcomer {
    conn: ConnId,
    node: Node,
    /// Bytes sent since the queue last drained, and in all.
    queued: usize,
    total: usize,
    is_draining: bool,
    is_up_to_date: bool,
}

impl Newcomer {
    fn arrive(host: &mut Node, number: u32) -> Newcomer {
        let conn = ConnId(number.into());
        let mut node = Node::member(&profile());
        host.handle_connected(conn, peer(number), Time::ZERO);
        node.handle_connected(conn, peer(0), Time::ZERO);
        let mut newcomer = Newcomer {
            conn,
            node,
            queued: 0,
            total: 0,
            is_draining: false,
            is_up_to_date: false,
        };
        newcomer.speak(host);
        newcomer
    }

    /// What the newcomer has to say reaches the host.
    fn speak(&mut self, host: &mut Node) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { bytes, .. } => host.handle_bytes(self.conn, &bytes, Time::ZERO),
                Output::Event(Event::Session(session::Event::UpToDate)) => self.is_up_to_date = true,
                _ => {}
            }
        }
    }

    /// What the host has to say reaches the newcomer.
    fn listen(&mut self, host: &mut Node) {
        while let Some(output) = host.poll_output() {
            match output {
                Output::Transmit { conn, bytes } if conn == self.conn => {
                    self.queued += bytes.len();
                    self.total += bytes.len();
                    self.node.handle_bytes(conn, &bytes, Time::ZERO);
                }
                Output::AwaitDrain { conn } if conn == self.conn => self.is_draining = true,
                Output::Close { conn, .. } => assert_ne!(conn, self.conn, "it was cut off"),
                _ => {}
            }
        }
    }

    fn drain(&mut self, host: &mut Node) {
        (self.queued, self.is_draining) = (0, false);
        host.handle_drained(self.conn);
    }
}

#[test]
fn a_room_that_is_full_of_the_longest_of_everything_can_be_joined_in_pages() {
    let mut host = full_room();
    let mut newcomer = Newcomer::arrive(&mut host, 5_000);
    let mut local = 10_000;
    loop {
        newcomer.listen(&mut host);
        newcomer.speak(&mut host);
        // A member goes on talking all the while.
        say_without_swallowing(&mut host, local);
        local += 1;
        newcomer.listen(&mut host);
        let most = PAGE_BYTES + 2 * (MAX_CONTROL_BYTES + 4) + MAX_CONTROL_BYTES / 2;
        assert!(newcomer.queued <= most, "{} bytes wait", newcomer.queued);
        if !newcomer.is_draining {
            break;
        }
        newcomer.drain(&mut host);
    }
    newcomer.speak(&mut host);
    assert!(newcomer.is_up_to_date);
    assert!(newcomer.total <= MAX_CATCH_UP_BYTES, "{} bytes", newcomer.total);
    assert_eq!(newcomer.node.people().len(), MAX_PEOPLE);
    assert_eq!(newcomer.node.streams().len(), MAX_STREAMS);
    assert!(newcomer.node.files().len() > MAX_FILES / 2);
    assert_eq!(newcomer.node.files().last(), host.files().last());
    let (own, theirs) = (newcomer.node.chat(), host.chat());
    assert_eq!(own.last_seq(), theirs.last_seq());
    let kept = own.entries().len();
    assert!(kept > 4_000, "{kept}");
    assert!(
        own.entries()
            .eq(theirs.entries().skip(theirs.entries().len() - kept))
    );
}

fn say_without_swallowing(host: &mut Node, local: u64) {
    let say = chat::Request::Say {
        local,
        text: "meanwhile".into(),
    };
    ask_as(host, 1, &Request::Chat(say));
}

#[test]
fn words_and_receipts_of_a_newcomer_wait_for_their_page_and_keep_their_order() {
    let mut host = host();
    join(&mut host, 1);
    for local in 0..40 {
        say(&mut host, 1, local, &"x".repeat(MAX_TEXT_BYTES));
    }
    let mut newcomer = Newcomer::arrive(&mut host, 2);
    newcomer.listen(&mut host);
    assert!(newcomer.is_draining, "the log does not fit one page");
    newcomer.node.say(77, "my own", Time::ZERO).unwrap();
    newcomer.speak(&mut host);
    say_without_swallowing(&mut host, 1_000);
    newcomer.listen(&mut host);
    assert!(newcomer.node.chat().last_seq() < host.chat().last_seq());
    let mut receipts = 0;
    while newcomer.is_draining {
        newcomer.drain(&mut host);
        newcomer.listen(&mut host);
        while let Some(output) = newcomer.node.poll_output() {
            if let Output::Event(Event::Chat(chat::Event::Receipt { local, entry })) = output {
                assert_eq!(
                    (local, &entry.body),
                    (
                        77,
                        &chat::Body::Text {
                            text: "my own".into()
                        }
                    )
                );
                receipts += 1;
            }
        }
    }
    assert_eq!(receipts, 1);
    let seqs: Vec<u64> = newcomer.node.chat().entries().map(|entry| entry.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    assert_eq!(seqs.last(), Some(&host.chat().last_seq()));
    // From now on words come as they are said.
    say_without_swallowing(&mut host, 1_001);
    newcomer.listen(&mut host);
    assert_eq!(newcomer.node.chat().last_seq(), host.chat().last_seq());
    assert!(!newcomer.is_draining);
}

#[test]
fn a_member_that_returns_is_sent_what_is_new_and_nothing_twice() {
    let mut host = host();
    join(&mut host, 1);
    for local in 0..100 {
        say(&mut host, 1, local, "before");
    }
    let last_seq = host.chat().last_seq();
    say(&mut host, 1, 100, "after");
    host.handle_connected(ConnId(9), peer(9), Time::ZERO);
    let hello = session::Request::Hello {
        profile: profile(),
        returning: Some(Returning { room: 7, last_seq }),
    };
    ask_as(&mut host, 9, &Request::Session(hello));
    let mut decoder = ControlDecoder::default();
    let mut seqs = Vec::new();
    while let Some(output) = host.poll_output() {
        if let Output::Transmit {
            conn: ConnId(9),
            bytes,
        } = output
        {
            decoder.feed(&bytes);
        }
    }
    while let Some(notice) = decoder.next_message::<Notice>().unwrap() {
        if let Notice::Chat(chat::Notice::Entry(entry)) = notice.into_inner() {
            seqs.push(entry.seq);
        }
    }
    assert_eq!(
        seqs,
        [last_seq + 1, last_seq + 2],
        "the word, and its own arrival"
    );
}

#[test]
fn people_whose_names_look_alike_get_distinct_names() {
    let mut host = host();
    let name_of = |host: &Node, member: u32| {
        let people = host.people();
        let person = people.into_iter().find(|person| person.id == MemberId(member));
        person.unwrap().profile.name.clone()
    };
    let enter = |host: &mut Node, number: u32, name: &str| {
        host.handle_connected(ConnId(number.into()), peer(number), Time::ZERO);
        let profile = Profile {
            name: name.into(),
            ..Profile::default()
        };
        let hello = session::Request::Hello {
            profile,
            returning: None,
        };
        ask_as(host, number, &Request::Session(hello));
        swallow(host);
    };
    let names = [
        "Ada",
        "ada",
        "\u{410}da",
        "A\u{200b}da",
        "Ben",
        "\u{200b}",
        "Nameless",
        "Ada (2)",
    ];
    for (number, name) in (1..).zip(names) {
        enter(&mut host, number, name);
    }
    let shown: Vec<String> = (1..=8).map(|member| name_of(&host, member)).collect();
    assert_eq!(
        shown,
        [
            "Ada",
            "ada (2)",
            "\u{410}da (3)",
            "Ada (4)",
            "Ben",
            "Nameless",
            "Nameless (2)",
            "Ada (2) (2)"
        ]
    );
    // A name that is as long as a name may be makes room for the number; one's own name is nobody else's.
    let long = "x".repeat(64);
    enter(&mut host, 9, &long);
    enter(&mut host, 10, &long);
    assert_eq!(name_of(&host, 10), format!("{} (2)", "x".repeat(60)));
    let renamed = Profile {
        name: "Ben".into(),
        about: "still Ben".into(),
        ..Profile::default()
    };
    ask_as(
        &mut host,
        5,
        &Request::Session(session::Request::Profile(renamed)),
    );
    assert_eq!(name_of(&host, 5), "Ben");
}

#[test]
fn entries_are_stamped_by_the_calendar_of_the_moment() {
    let mut host = host();
    let hour = 3_600_000;
    let stamped = |host: &mut Node, local| {
        let entry = host
            .say(local, "now", Time::from_micros(5_000_000))
            .unwrap()
            .unwrap();
        (entry.seq, entry.at_unix_ms)
    };
    let (first, before) = stamped(&mut host, 1);
    assert_eq!(before, 1_700_000_005_000);
    // The computer slept for eight hours; then its calendar was set back.
    host.set_epoch(1_700_000_000_000 + 8 * hour);
    assert_eq!(stamped(&mut host, 2), (first + 1, before + 8 * hour));
    host.set_epoch(1_700_000_000_000 - hour);
    assert_eq!(stamped(&mut host, 3), (first + 2, before - hour));
}

#[test]
fn a_file_of_more_bytes_than_a_message_can_say_is_offered_to_nobody() {
    let mut host = host();
    let offer = |size| Offer {
        local: 1,
        name: "sparse.img".into(),
        size,
        mime: "application/octet-stream".into(),
        to: Vec::new(),
    };
    let refused = host.offer(offer(MAX_EXACT + 1), Time::ZERO);
    assert!(matches!(refused, Err(CommandError::Refused(_))), "{refused:?}");
    assert!(host.files().is_empty());
    assert!(host.offer(offer(MAX_EXACT), Time::ZERO).is_ok());
    assert_eq!(host.files().len(), 1);
}

#[test]
fn a_member_publishes_what_a_host_can_read_whatever_its_own_wish_is() {
    let mut host = host();
    let mut member = Node::member(&profile());
    let conn = ConnId(1);
    host.handle_connected(conn, peer(1), Time::ZERO);
    member.handle_connected(conn, peer(0), Time::ZERO);
    let pass = |from: &mut Node, to: &mut Node| {
        while let Some(output) = from.poll_output() {
            if let Output::Transmit { bytes, .. } = output {
                to.handle_bytes(conn, &bytes, Time::ZERO);
            }
        }
    };
    for _ in 0..3 {
        pass(&mut member, &mut host);
        pass(&mut host, &mut member);
        host.handle_drained(conn);
    }
    let spec = StreamDescription {
        source: SourceKind::Camera,
        title: "title ".repeat(100_000),
        width: 640,
        height: 480,
        rate: f32::NAN,
        transport: Transport::Udp,
    };
    assert_eq!(member.publish(1, &spec), Ok(()));
    pass(&mut member, &mut host);
    assert_eq!(
        host.streams().len(),
        1,
        "the stream is there, and so is its publisher"
    );
    assert_eq!(host.people().len(), 2);
}
