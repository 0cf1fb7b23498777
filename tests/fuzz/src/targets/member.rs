//! A member of a room whose host sends any notice that exists, and bytes that are none.

use arbitrary::{Arbitrary, Result, Unstructured};
use netcore_proto::chat::{self, Body, MAX_LOG_BYTES, MAX_LOG_ENTRIES};
use netcore_proto::files::{self, MAX_FILE_NAME_BYTES, MAX_FILES};
use netcore_proto::session::{
    self, Fingerprint, MAX_ABOUT_CHARS, MAX_NAME_CHARS, MAX_PEOPLE, MAX_REFUSAL_CHARS, Profile,
};
use netcore_proto::video::{self, MAX_STREAMS};
use netcore_proto::wire::{AttachToken, ControlDecoder, MAX_CONTROL_BYTES, encode_control};
use netcore_proto::{CommandError, ConnId, Deadline, Event, MemberId, Node, Output, PeerInfo, Request, Time};

use crate::passing::{Driven, next_op, pass, pass_late, span};
use crate::requests;

/// Only short messages come in a flood: long ones take long.
const MAX_FLOODED_BYTES: usize = 2_000;
/// So many people are remembered to have a file.
const MAX_RECEIVERS: usize = 1_000;
/// More is not said at once, whatever the host says: all that waits for a receipt, at most doubled by JSON.
const MAX_SAID_BYTES: usize = 8 * 1024 * 1024;
const MAX_OPS: u32 = 400;

#[derive(Debug, Arbitrary)]
enum Op {
    Connect,
    Message {
        number: u8,
    },
    /// The same message again and again, about another each time.
    Flood {
        count: u8,
    },
    Bytes,
    Closed,
    Say {
        count: u8,
    },
    Profile,
    Offer,
    Publish,
    Watch {
        on: bool,
    },
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
        rig.person.check();
        if matches!(op, Op::Leave) {
            assert_eq!(rig.person.open, None, "who leaves closes the door");
            break;
        }
    }
    rig.person.check_limits();
}

struct Rig {
    person: Person,
    now: Time,
    number: u32,
    local: u64,
}

struct Person {
    node: Node,
    open: Option<ConnId>,
    conn: ConnId,
}

impl Driven for Person {
    fn deadline(&self) -> Option<Deadline> {
        self.node.poll_timeout()
    }

    fn call(&mut self, now: Time) {
        self.node.handle_timeout(now);
        self.check();
        let has_asked = self.node.poll_timeout().is_none_or(|deadline| deadline.at > now);
        assert!(has_asked, "what was due is done");
    }
}

impl Person {
    /// Empties it, and looks at what comes out.
    fn check(&mut self) {
        let mut said = 0;
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { conn, bytes } => {
                    said += bytes.len();
                    assert!(said <= MAX_SAID_BYTES, "a driver keeps no more");
                    assert_eq!(Some(conn), self.open, "there is no host to send to");
                    assert!(bytes.len() <= 4 + MAX_CONTROL_BYTES);
                    let mut decoder = ControlDecoder::default();
                    decoder.feed(&bytes);
                    let read_back = decoder.next_message::<Request>();
                    assert!(matches!(read_back, Ok(Some(_))), "it said {read_back:?}");
                }
                Output::Close { conn, .. } => {
                    assert_eq!(self.open.take(), Some(conn), "it is closed once");
                }
                Output::AwaitDrain { conn } => panic!("a member pages nothing, on {conn}"),
                Output::Event(event) => check_refusal(&event),
            }
        }
        assert!(
            self.node.people().len() <= MAX_PEOPLE,
            "{} people",
            self.node.people().len()
        );
        assert!(self.node.files().len() <= MAX_FILES);
        assert!(
            self.node.streams().len() <= MAX_STREAMS,
            "{} streams",
            self.node.streams().len()
        );
        assert!(self.node.chat().entries().len() <= MAX_LOG_ENTRIES);
    }

    /// A host's word is not taken for how long anything is, or for what may be shown on a terminal.
    fn check_limits(&self) {
        let is_short =
            |text: &str, chars: usize| text.chars().count() <= chars && !text.contains(char::is_control);
        assert!(
            self.node
                .room_name()
                .is_none_or(|name| is_short(name, MAX_NAME_CHARS))
        );
        for person in self.node.people() {
            let Profile {
                name,
                about,
                colour,
                device,
            } = &person.profile;
            assert!(
                is_short(name, MAX_NAME_CHARS) && is_short(about, MAX_ABOUT_CHARS),
                "{:?}",
                person.id
            );
            assert!(
                is_short(device, MAX_NAME_CHARS) && colour.len() == 7,
                "{:?}",
                person.id
            );
        }
        for file in self.node.files() {
            assert!(file.name.len() <= MAX_FILE_NAME_BYTES && is_short(&file.owner_name, MAX_NAME_CHARS));
            assert!(is_short(&file.mime, 100));
            assert!(file.to.len() <= MAX_PEOPLE && file.received_by.len() <= MAX_RECEIVERS);
        }
        for stream in self.node.streams() {
            assert!(is_short(&stream.spec.title, 100) && (0.0..=1_000.0).contains(&stream.spec.rate));
        }
        let mut bytes = 0;
        for entry in self.node.chat().entries() {
            assert!(
                is_short(&entry.name, MAX_NAME_CHARS) && entry.colour.len() <= 7,
                "{}",
                entry.seq
            );
            bytes += entry.name.len() + entry.colour.len();
            if let Body::Text { text } = &entry.body {
                assert!(
                    !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
                    "{}",
                    entry.seq
                );
                bytes += text.len();
            }
        }
        assert!(bytes <= MAX_LOG_BYTES);
    }
}

/// Why something was refused is shown as the host words it, within the same limits as everything it says.
fn check_refusal(event: &Event) {
    if let Event::Session(session::Event::Refused(refusal))
    | Event::Chat(chat::Event::Refused { refusal, .. })
    | Event::Files(files::Event::Refused { refusal, .. })
    | Event::Video(video::Event::Refused { refusal, .. }) = event
    {
        assert!(refusal.message.chars().count() <= MAX_REFUSAL_CHARS);
        assert!(!refusal.message.contains(char::is_control), "{refusal:?}");
    }
}

impl Rig {
    fn new() -> Rig {
        Rig {
            person: Person {
                node: Node::member(&Profile::default()),
                open: None,
                conn: ConnId(0),
            },
            now: Time::from_micros(1_000_000),
            number: 0,
            local: 0,
        }
    }

    fn apply(&mut self, op: &Op, input: &mut Unstructured<'_>) -> Result<()> {
        let (person, now) = (&mut self.person, self.now);
        match *op {
            Op::Connect => self.connect(),
            Op::Message { number } => {
                let notice = requests::notice(input, number.into())?;
                if let Ok(message) = encode_control(&notice) {
                    person.node.handle_bytes(person.conn, &message, now);
                }
            }
            Op::Flood { count } => {
                let rest = input.peek_bytes(input.len()).unwrap_or_default();
                for _ in 0..=u32::from(count) * 2 {
                    self.number += 1;
                    let notice = requests::notice(&mut Unstructured::new(rest), self.number)?;
                    let Ok(message) = encode_control(&notice) else {
                        break;
                    };
                    if message.len() > MAX_FLOODED_BYTES {
                        break;
                    }
                    self.person.node.handle_bytes(self.person.conn, &message, now);
                    self.person.check();
                }
                requests::notice(input, 0)?;
            }
            Op::Bytes => {
                let bytes: &[u8] = input.arbitrary()?;
                person.node.handle_bytes(person.conn, bytes, now);
            }
            Op::Closed => {
                if let Some(conn) = person.open.take() {
                    person.node.handle_closed(conn, now);
                }
            }
            Op::Say { count } => {
                let text = requests::text(input)?;
                for _ in 0..=count % 64 {
                    self.local += 1;
                    let _ = person.node.say(self.local, &text, now);
                }
            }
            Op::Profile => person.node.set_profile(&requests::profile(input)?),
            Op::Offer => self.asked(|node| Ok(node.offer(requests::offer(input)?, now)))?,
            Op::Publish => self.asked(|node| Ok(node.publish(1, &requests::spec(input)?)))?,
            Op::Watch { on } => self.asked(|node| Ok(node.watch(requests::stream(input)?, on)))?,
            Op::Report => person.node.report(MemberId::HOST, requests::report(input)?),
            Op::Leave => person.node.leave(),
            Op::Pass { steps } => pass(person, &mut self.now, span(steps)),
            Op::PassLate { steps } => pass_late(person, &mut self.now, span(steps)),
        }
        Ok(())
    }

    /// What only a host can grant is asked of nobody while there is none.
    fn asked(
        &mut self,
        ask: impl FnOnce(&mut Node) -> Result<std::result::Result<(), CommandError>>,
    ) -> Result<()> {
        let done = ask(&mut self.person.node)?;
        assert!(
            done.is_err() || self.person.open.is_some(),
            "asked without a connection"
        );
        Ok(())
    }

    fn connect(&mut self) {
        if let Some(conn) = self.person.open.take() {
            self.person.node.handle_closed(conn, self.now);
        }
        self.person.conn.0 += 1;
        self.person.open = Some(self.person.conn);
        let peer = PeerInfo {
            fingerprint: Fingerprint([0; 32]),
            address: ([127, 0, 0, 1], 27182).into(),
            token: AttachToken([0; 16]),
        };
        self.person
            .node
            .handle_connected(self.person.conn, peer, self.now);
    }
}
