//! A room's host among strangers: whatever comes on whatever connection, and its own person's wishes in between.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use netcore_proto::chat::{MAX_LOG_BYTES, MAX_LOG_ENTRIES};
use netcore_proto::files::{FileHash, MAX_FILES};
use netcore_proto::session::{self, Fingerprint, MAX_PEOPLE};
use netcore_proto::video::{MAX_STREAMS, MAX_STREAMS_EACH};
use netcore_proto::wire::{AttachToken, ControlDecoder, MAX_CONTROL_BYTES, encode_control};
use netcore_proto::{
    ConnId, Deadline, Event, HostConfig, MemberId, Node, Notice, Output, PeerInfo, Span, Time,
};

use crate::passing::{Driven, next_op, pass, pass_late, span};
use crate::requests;

const MAX_OPS: u32 = 400;
/// So many identities and connections are enough to meet each other.
const IDENTITIES: u8 = 6;
const CONNECTIONS: u8 = 8;
/// A room is full after a few crowds of up to so many. Every newcomer is sent all others, which takes its time.
const MAX_CROWD: u8 = 60;
/// They say little each, since many long texts take long.
const MAX_CROWDED_BYTES: usize = 2_000;

#[derive(Debug, Arbitrary)]
enum Op {
    Connect {
        conn: u8,
        identity: u8,
    },
    /// A message that is one.
    Message {
        conn: u8,
    },
    /// The same, in two portions between which something else may happen.
    Half {
        conn: u8,
    },
    /// Any bytes.
    Bytes {
        conn: u8,
    },
    Closed {
        conn: u8,
    },
    TooSlow {
        conn: u8,
    },
    /// What waited for a connection has left, whether anybody wants to know or not.
    Drained {
        conn: u8,
    },
    /// Many people of as many identities come and stay.
    Crowd {
        count: u8,
    },
    Say,
    Profile,
    Offer,
    Stored {
        file: u8,
    },
    Failed {
        file: u8,
    },
    Cancel {
        file: u8,
    },
    Received {
        file: u8,
    },
    Publish,
    Change,
    Unpublish,
    Report,
    Leave,
    Pass {
        steps: u8,
    },
    PassLate {
        steps: u8,
    },
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut rig = Rig::new();
    for _ in 0..MAX_OPS {
        let Some(op) = next_op::<Op>(&mut input) else {
            break;
        };
        if rig.apply(&op, &mut input).is_err() {
            break;
        }
        rig.room.check(rig.now);
        if matches!(op, Op::Leave) {
            assert!(
                rig.room.open.is_empty(),
                "a room that closes closes every connection"
            );
            return;
        }
    }
    // Nobody says anything any more: everybody's place is given up, and then there is nothing to wait for.
    pass(&mut rig.room, &mut rig.now, Span::from_secs(60));
    assert_eq!(rig.room.node.people().len(), 1);
    assert!(
        rig.room.open.is_empty(),
        "silent connections are closed: {:?}",
        rig.room.open
    );
    assert_eq!(rig.room.node.poll_timeout(), None);
}

struct Rig {
    room: Room,
    now: Time,
    /// The rest of a message, by connection.
    halves: BTreeMap<ConnId, Vec<u8>>,
    /// Connections are numbered anew each time, as drivers do.
    numbered: u64,
    slots: BTreeMap<u8, ConnId>,
    local: u64,
}

struct Room {
    node: Node,
    open: BTreeSet<ConnId>,
    /// Which member is attached where.
    attached: BTreeMap<MemberId, ConnId>,
    last_seq: u64,
    /// Bytes for each connection since it last drained, and whether the node waits for that.
    waiting: BTreeMap<ConnId, (usize, bool)>,
}

impl Driven for Room {
    fn deadline(&self) -> Option<Deadline> {
        self.node.poll_timeout()
    }

    fn call(&mut self, now: Time) {
        self.node.handle_timeout(now);
        self.check(now);
    }
}

impl Room {
    /// Empties it, and looks at what comes out.
    fn check(&mut self, _now: Time) {
        // What is said to everybody is one run of bytes, and is read once.
        let mut read = Bytes::new();
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { conn, bytes } => {
                    assert!(
                        self.open.contains(&conn),
                        "{conn} is not there to be sent anything"
                    );
                    assert!(bytes.len() <= 4 + MAX_CONTROL_BYTES);
                    self.waiting.entry(conn).or_default().0 += bytes.len();
                    if bytes.as_ptr() != read.as_ptr() {
                        let mut decoder = ControlDecoder::default();
                        decoder.feed(&bytes);
                        let read_back = decoder.next_message::<Notice>();
                        assert!(matches!(read_back, Ok(Some(_))), "it said {read_back:?}");
                        read = bytes;
                    }
                }
                Output::AwaitDrain { conn } => {
                    let waiting = self.waiting.entry(conn).or_default();
                    assert!(!waiting.1, "one page waits for the one before");
                    waiting.1 = true;
                }
                Output::Close { conn, .. } => {
                    self.waiting.remove(&conn);
                    assert!(self.open.remove(&conn), "{conn} was closed already");
                }
                Output::Event(event) => self.learn(&event),
            }
        }
        let people: BTreeSet<MemberId> = self.node.people().iter().map(|person| person.id).collect();
        assert!(people.len() <= MAX_PEOPLE && people.contains(&MemberId::HOST));
        assert!(self.attached.keys().all(|member| people.contains(member)));
        assert!(self.node.files().len() <= MAX_FILES);
        let streams = self.node.streams();
        assert!(streams.len() <= MAX_STREAMS);
        for owner in &people {
            let own = streams.iter().filter(|stream| stream.owner == *owner);
            assert!(own.count() <= MAX_STREAMS_EACH);
        }
        assert!(
            streams
                .iter()
                .all(|stream| stream.owner == MemberId::HOST || self.attached.contains_key(&stream.owner)),
            "a stream ends with its publisher's connection"
        );
        let log = self.node.chat();
        assert!(log.entries().len() <= MAX_LOG_ENTRIES);
        let news: Vec<_> = log.after(self.last_seq).collect();
        for (entry, expected) in news.iter().zip(self.last_seq + 1..) {
            assert_eq!(entry.seq, expected, "the room's order has no gaps");
        }
        self.last_seq = log.last_seq();
        let bytes: usize = news
            .iter()
            .map(|entry| entry.name.len() + entry.colour.len())
            .sum();
        assert!(bytes <= MAX_LOG_BYTES);
    }

    fn learn(&mut self, event: &Event) {
        match event {
            Event::Session(session::Event::Attached { conn, member, .. }) => {
                assert!(self.open.contains(conn));
                assert_eq!(
                    self.attached.insert(*member, *conn),
                    None,
                    "{member} is attached twice"
                );
            }
            Event::Session(session::Event::Detached { member }) => {
                assert!(
                    self.attached.remove(member).is_some(),
                    "{member} was not attached"
                );
            }
            _ => {}
        }
    }
}

impl Rig {
    fn new() -> Rig {
        let config = HostConfig {
            room_name: "Lab".into(),
            room: 1,
            profile: session::Profile::default(),
            identity: Fingerprint([0; 32]),
            address: ([127, 0, 0, 1], 27182).into(),
            epoch_unix_ms: 1_700_000_000_000,
        };
        let now = Time::from_micros(1_000_000);
        Rig {
            room: Room {
                node: Node::host(config, now),
                open: BTreeSet::new(),
                attached: BTreeMap::new(),
                last_seq: 0,
                waiting: BTreeMap::new(),
            },
            now,
            halves: BTreeMap::new(),
            numbered: 0,
            slots: BTreeMap::new(),
            local: 0,
        }
    }

    fn apply(&mut self, op: &Op, input: &mut Unstructured<'_>) -> Result<()> {
        let now = self.now;
        let node = &mut self.room.node;
        match *op {
            Op::Connect { conn, identity } => self.connect(conn, [identity % IDENTITIES; 32]),
            Op::Message { conn } => {
                if let Ok(message) = encode_control(&requests::request(input)?) {
                    self.come(conn, &message);
                }
            }
            Op::Half { conn } => {
                let Some(&conn) = self.slots.get(&(conn % CONNECTIONS)) else {
                    return Ok(());
                };
                if let Some(rest) = self.halves.remove(&conn) {
                    node.handle_bytes(conn, &rest, now);
                } else if let Ok(message) = encode_control(&requests::request(input)?) {
                    let (first, rest) = message.split_at(message.len() / 2);
                    self.halves.insert(conn, rest.to_vec());
                    node.handle_bytes(conn, first, now);
                }
            }
            Op::Bytes { conn } => {
                let bytes: &[u8] = input.arbitrary()?;
                self.come(conn, bytes);
            }
            Op::Closed { conn } => self.end(conn, Node::handle_closed),
            Op::TooSlow { conn } => {
                if let Some(conn) = self.slots.get(&(conn % CONNECTIONS))
                    && self.room.open.contains(conn)
                {
                    node.handle_too_slow(*conn, now);
                }
            }
            Op::Drained { conn } => {
                if let Some(conn) = self.slots.get(&(conn % CONNECTIONS)) {
                    self.room.waiting.remove(conn);
                    node.handle_drained(*conn);
                }
            }
            Op::Crowd { count } => self.crowd(count, input)?,
            Op::Leave => node.leave(),
            Op::Pass { steps } => pass(&mut self.room, &mut self.now, span(steps)),
            Op::PassLate { steps } => pass_late(&mut self.room, &mut self.now, span(steps)),
            _ => self.wish(op, input)?,
        }
        Ok(())
    }

    /// What the host's own person wants.
    fn wish(&mut self, op: &Op, input: &mut Unstructured<'_>) -> Result<()> {
        self.local += 1;
        let node = &mut self.room.node;
        let file = |number: u8| netcore_proto::FileId(u32::from(number % 20));
        let done = match *op {
            Op::Say => node.say(self.local, &requests::text(input)?, self.now).map(drop),
            Op::Offer => node.offer(requests::offer(input)?, self.now),
            Op::Cancel { file: number } => node.cancel_file(file(number)),
            Op::Received { file: number } => node.file_received(file(number)),
            Op::Publish => node.publish(self.local, &requests::spec(input)?),
            Op::Change => node.change_stream(requests::stream(input)?, &requests::spec(input)?),
            Op::Unpublish => node.unpublish(requests::stream(input)?),
            _ => Ok(()),
        };
        // Only a text, or a file larger than a message can say, is refused: the host asks no one.
        assert!(
            done.is_ok() || matches!(op, Op::Say | Op::Offer),
            "{op:?}: {done:?}"
        );
        match *op {
            Op::Profile => node.set_profile(&requests::profile(input)?),
            Op::Stored { file: number } => node.file_stored(file(number), FileHash([3; 32])),
            Op::Failed { file: number } => node.file_failed(file(number), "the disk is full".into()),
            Op::Report => node.report(MemberId(input.int_in_range(0..=5)?), requests::report(input)?),
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, slot: u8, identity: [u8; 32]) {
        let slot = slot % CONNECTIONS;
        self.end(slot, Node::handle_closed);
        self.numbered += 1;
        let conn = ConnId(self.numbered);
        self.slots.insert(slot, conn);
        self.room.open.insert(conn);
        let peer = PeerInfo {
            fingerprint: Fingerprint(identity),
            address: ([127, 0, 0, 1], 1_000 + u16::from(slot)).into(),
            token: AttachToken([slot; 16]),
        };
        self.room.node.handle_connected(conn, peer, self.now);
    }

    fn come(&mut self, slot: u8, bytes: &[u8]) {
        if let Some(conn) = self.slots.get(&(slot % CONNECTIONS)) {
            self.room.node.handle_bytes(*conn, bytes, self.now);
        }
    }

    /// A connection ends, if it is there.
    fn end(&mut self, slot: u8, how: fn(&mut Node, ConnId, Time)) {
        if let Some(conn) = self.slots.remove(&(slot % CONNECTIONS))
            && self.room.open.remove(&conn)
        {
            self.room.waiting.remove(&conn);
            how(&mut self.room.node, conn, self.now);
        }
    }

    fn crowd(&mut self, count: u8, input: &mut Unstructured<'_>) -> Result<()> {
        let hello = session::Request::Hello {
            profile: requests::profile(input)?,
            returning: None,
        };
        let hello = encode_control(&netcore_proto::Request::Session(hello));
        let Some(hello) = hello.ok().filter(|hello| hello.len() <= MAX_CROWDED_BYTES) else {
            return Ok(());
        };
        for at in 0..count % MAX_CROWD {
            self.numbered += 1;
            let conn = ConnId(self.numbered);
            let mut identity = [0xAA; 32];
            identity[..8].copy_from_slice(&self.numbered.to_be_bytes());
            self.room.open.insert(conn);
            let peer = PeerInfo {
                fingerprint: Fingerprint(identity),
                address: ([127, 0, 0, 2], u16::from(at)).into(),
                token: AttachToken([at; 16]),
            };
            self.room.node.handle_connected(conn, peer, self.now);
            self.room.node.handle_bytes(conn, &hello, self.now);
        }
        Ok(())
    }
}
