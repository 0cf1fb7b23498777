//! Control messages made of a fuzzer's bytes: well-formed, and as wild as their types allow.

use std::net::SocketAddr;

use arbitrary::{Arbitrary, Result, Unstructured};
use netcore_proto::chat::{self, Body, Entry};
use netcore_proto::files::{self, FileHash, FileInfo, FileState, Offer};
use netcore_proto::metrics::Report;
use netcore_proto::session::{
    self, ClockOffset, Fingerprint, LeaveReason, Person, Ping, Pong, Presence, Profile, Refusal, RefusalCode,
    Returning, Welcome,
};
use netcore_proto::video::{self, SourceKind, StreamInfo, StreamSpec};
use netcore_proto::wire::AttachToken;
use netcore_proto::{FileId, MemberId, Notice, Request, StreamId, Time, Transport};

/// Texts of these lengths in bytes, beside those that are in the input.
const LONG: [usize; 4] = [300, 2_000, 20_000, 70_000];

/// What a member may say.
pub(crate) fn request(input: &mut Unstructured<'_>) -> Result<Request> {
    Ok(match input.int_in_range(0..=14)? {
        0 => Request::Session(session::Request::Hello {
            profile: profile(input)?,
            returning: if input.arbitrary()? {
                Some(Returning {
                    room: input.int_in_range(0..=2)?,
                    last_seq: number(input)?,
                })
            } else {
                None
            },
        }),
        1 => Request::Session(session::Request::Profile(profile(input)?)),
        2 => Request::Session(session::Request::Ping(ping(input)?)),
        3 => Request::Session(session::Request::Pong(pong(input)?)),
        4 => Request::Session(session::Request::Leave),
        5 | 6 => Request::Chat(chat::Request::Say {
            local: number(input)?,
            text: text(input)?,
        }),
        7 => Request::Files(files::Request::Offer(offer(input)?)),
        8 => Request::Files(files::Request::Cancel { file: file(input)? }),
        9 => Request::Files(files::Request::Received { file: file(input)? }),
        10 => Request::Video(video::Request::Publish {
            local: number(input)?,
            spec: spec(input)?,
        }),
        11 => Request::Video(video::Request::Change {
            stream: stream(input)?,
            spec: spec(input)?,
        }),
        12 => Request::Video(video::Request::Unpublish {
            stream: stream(input)?,
        }),
        13 => Request::Video(video::Request::Watch {
            stream: stream(input)?,
            on: input.arbitrary()?,
        }),
        _ => Request::Metrics(report(input)?),
    })
}

/// What a host may say. `number` is put where a message names somebody or something, so that a row of them differ.
pub(crate) fn notice(input: &mut Unstructured<'_>, number: u32) -> Result<Notice> {
    Ok(match input.int_in_range(0..=18)? {
        0 | 1 => Notice::Session(session::Notice::Welcome(Box::new(Welcome {
            room_name: text(input)?,
            room: input.int_in_range(0..=2)?,
            me: MemberId(input.int_in_range(0..=3)?),
            token: AttachToken([7; 16]),
            datagrams: number,
            people: (0..input.int_in_range(0..=300)?)
                .map(|id| person(input, id))
                .collect::<Result<_>>()?,
        }))),
        2 => Notice::Session(session::Notice::Refused(refusal(input)?)),
        3 => Notice::Session(session::Notice::Joined(person(input, number)?)),
        4 => Notice::Session(session::Notice::Changed(person(input, number)?)),
        5 => Notice::Session(session::Notice::Left {
            id: MemberId(number),
            reason: LeaveReason::Lost,
        }),
        6 => Notice::Session(session::Notice::Ping(ping(input)?)),
        7 => Notice::Session(session::Notice::Pong(pong(input)?)),
        8 => Notice::Chat(chat::Notice::Entry(entry(input, number)?)),
        9 => Notice::Chat(chat::Notice::Receipt(entry(input, number)?)),
        10 => Notice::Chat(chat::Notice::Refused {
            local: self::number(input)?,
            refusal: refusal(input)?,
        }),
        11 => Notice::Files(files::Notice::Accepted {
            local: self::number(input)?,
            file: file_info(input, number)?,
        }),
        12 => Notice::Files(files::Notice::Offered(file_info(input, number)?)),
        13 => Notice::Files(files::Notice::Changed(file_info(input, number)?)),
        14 => Notice::Video(video::Notice::Published {
            local: self::number(input)?,
            stream: stream_info(input, number)?,
        }),
        15 => Notice::Video(video::Notice::Started(stream_info(input, number)?)),
        16 => Notice::Video(video::Notice::Changed(stream_info(input, number)?)),
        17 => Notice::Video(video::Notice::Stopped {
            stream: StreamId(number),
        }),
        _ => Notice::Metrics(report(input)?),
    })
}

/// What a person tells.
pub(crate) fn profile(input: &mut Unstructured<'_>) -> Result<Profile> {
    Ok(Profile {
        name: text(input)?,
        about: text(input)?,
        colour: text(input)?,
        device: text(input)?,
    })
}

/// A file put on offer.
pub(crate) fn offer(input: &mut Unstructured<'_>) -> Result<Offer> {
    Ok(Offer {
        local: number(input)?,
        name: text(input)?,
        size: number(input)?,
        mime: text(input)?,
        to: members(input)?,
    })
}

const SOURCES: [SourceKind; 4] = [
    SourceKind::Camera,
    SourceKind::File,
    SourceKind::Pattern,
    SourceKind::Screen,
];

/// What a publisher says of a stream.
pub(crate) fn spec(input: &mut Unstructured<'_>) -> Result<StreamSpec> {
    Ok(StreamSpec {
        source: *input.choose(&SOURCES)?,
        title: text(input)?,
        width: input.arbitrary()?,
        height: input.arbitrary()?,
        rate: input.arbitrary()?,
        transport: Transport::Tcp,
    })
}

/// Measured figures.
pub(crate) fn report(input: &mut Unstructured<'_>) -> Result<Report> {
    let clocks = input.int_in_range(0..=400)?;
    let clock = ClockOffset {
        offset_us: input.arbitrary()?,
        error_us: input.arbitrary()?,
    };
    Ok(Report {
        links: Vec::new(),
        clocks: (0..clocks).map(|stream| (StreamId(stream), clock)).collect(),
    })
}

/// A text out of the input, or a long one that is cheap to ask for, of characters that JSON or a terminal minds.
pub(crate) fn text(input: &mut Unstructured<'_>) -> Result<String> {
    let choice: u8 = input.arbitrary()?;
    if choice < 200 {
        let text: &str = input.arbitrary()?;
        return Ok(text.chars().take(usize::from(choice)).collect());
    }
    let character = *input.choose(&['x', '"', '\\', '\n', '\u{1b}', '字', '\u{7f}', '.', '/'])?;
    let bytes = LONG[usize::from(choice) % LONG.len()];
    Ok(std::iter::repeat_n(character, bytes / character.len_utf8()).collect())
}

/// The number of a stream that may exist.
pub(crate) fn stream(input: &mut Unstructured<'_>) -> Result<StreamId> {
    Ok(StreamId(input.int_in_range(0..=20)?))
}

/// The number of a file that may exist.
pub(crate) fn file(input: &mut Unstructured<'_>) -> Result<FileId> {
    Ok(FileId(input.int_in_range(0..=20)?))
}

/// A small number or any.
pub(crate) fn number(input: &mut Unstructured<'_>) -> Result<u64> {
    let choice: u8 = input.arbitrary()?;
    if choice < 250 {
        Ok(choice.into())
    } else {
        input.arbitrary()
    }
}

fn members(input: &mut Unstructured<'_>) -> Result<Vec<MemberId>> {
    let count = *input.choose(&[0, 0, 0, 1, 2, 5, 300, 20_000])?;
    let of: u32 = input.int_in_range(1..=10)?;
    Ok((0..count).map(|at| MemberId(at % of)).collect())
}

fn ping(input: &mut Unstructured<'_>) -> Result<Ping> {
    Ok(Ping { sent: time(input)? })
}

fn pong(input: &mut Unstructured<'_>) -> Result<Pong> {
    Ok(Pong {
        sent: time(input)?,
        received: time(input)?,
    })
}

fn time(input: &mut Unstructured<'_>) -> Result<Time> {
    let bits: u64 = input.arbitrary()?;
    Ok(Time::from_micros(bits >> input.int_in_range(0..=63)?))
}

fn person(input: &mut Unstructured<'_>, id: u32) -> Result<Person> {
    // A row of people with the same long texts would not fit a message.
    let profile = if input.is_empty() {
        Profile::default()
    } else {
        profile(input)?
    };
    Ok(Person {
        id: MemberId(id),
        profile,
        address: address(),
        fingerprint: Fingerprint([id as u8; 32]),
        presence: if input.arbitrary()? {
            Presence::Here
        } else {
            Presence::Reconnecting
        },
    })
}

fn address() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

fn refusal(input: &mut Unstructured<'_>) -> Result<Refusal> {
    Ok(Refusal::new(RefusalCode::Limit, text(input)?))
}

fn entry(input: &mut Unstructured<'_>, seq: u32) -> Result<Entry> {
    Ok(Entry {
        seq: if input.arbitrary()? {
            seq.into()
        } else {
            number(input)?
        },
        from: MemberId(input.int_in_range(0..=3)?),
        name: text(input)?,
        colour: text(input)?,
        address: address(),
        at_unix_ms: number(input)?,
        local: Option::arbitrary(input)?,
        body: match input.int_in_range(0..=3)? {
            0 => Body::Opened,
            1 => Body::Left {
                reason: LeaveReason::Removed,
            },
            _ => Body::Text { text: text(input)? },
        },
    })
}

fn file_info(input: &mut Unstructured<'_>, id: u32) -> Result<FileInfo> {
    Ok(FileInfo {
        id: FileId(id),
        owner: MemberId(input.int_in_range(0..=3)?),
        owner_name: text(input)?,
        name: text(input)?,
        size: number(input)?,
        mime: text(input)?,
        to: members(input)?,
        at_unix_ms: number(input)?,
        state: match input.int_in_range(0..=3)? {
            0 => FileState::Uploading,
            1 => FileState::Stored {
                hash: FileHash([1; 32]),
            },
            2 => FileState::Failed { why: text(input)? },
            _ => FileState::Cancelled,
        },
        received_by: members(input)?,
    })
}

fn stream_info(input: &mut Unstructured<'_>, id: u32) -> Result<StreamInfo> {
    Ok(StreamInfo {
        id: StreamId(id),
        owner: MemberId(input.int_in_range(0..=3)?),
        spec: spec(input)?,
    })
}
