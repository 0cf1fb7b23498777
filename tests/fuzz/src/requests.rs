//! Control messages made of a fuzzer's bytes: well-formed, and as wild as their types allow.

use std::net::{IpAddr, SocketAddr};

use arbitrary::{Arbitrary, Result, Unstructured};
use netcore_proto::chat::{self, Body, Entry};
use netcore_proto::files::{self, FileHash, FileInfo, FileState, Offer};
use netcore_proto::metrics::{Figures, Report};
use netcore_proto::session::{
    self, ClockOffset, Fingerprint, LeaveReason, Person, Ping, Pong, Presence, Profile, Refusal, RefusalCode,
    Returning, Welcome,
};
use netcore_proto::video::{self, SourceKind, StreamDescription, StreamInfo};
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

/// So many kinds of notices there are: `kind` in the tests numbers them.
const NOTICE_KINDS: u32 = 21;

/// What a host may say: any notice. `number` is put where a message names a member, a file or a stream, so that a row of them
/// differ.
pub(crate) fn notice(input: &mut Unstructured<'_>, number: u32) -> Result<Notice> {
    Ok(match input.int_in_range(0..=NOTICE_KINDS - 1)? {
        kind @ 0..8 => Notice::Session(session_notice(kind, input, number)?),
        kind @ 8..11 => Notice::Chat(chat_notice(kind, input, number)?),
        kind @ 11..15 => Notice::Files(files_notice(kind, input, number)?),
        kind @ 15..20 => Notice::Video(video_notice(kind, input, number)?),
        _ => Notice::Metrics(report(input)?),
    })
}

fn session_notice(kind: u32, input: &mut Unstructured<'_>, number: u32) -> Result<session::Notice> {
    Ok(match kind {
        0 => session::Notice::Welcome(Box::new(Welcome {
            room_name: text(input)?,
            room: input.int_in_range(0..=2)?,
            me: MemberId(input.int_in_range(0..=3)?),
            token: AttachToken([7; 16]),
            datagrams: number,
            people: (0..input.int_in_range(0..=300)?)
                .map(|id| person(input, id))
                .collect::<Result<_>>()?,
        })),
        1 => session::Notice::Refused(refusal(input)?),
        2 => session::Notice::Joined(person(input, number)?),
        3 => session::Notice::Changed(person(input, number)?),
        4 => session::Notice::Left {
            id: MemberId(number),
            reason: *input.choose(&LEAVE_REASONS)?,
        },
        5 => session::Notice::Ping(ping(input)?),
        6 => session::Notice::Pong(pong(input)?),
        _ => session::Notice::UpToDate,
    })
}

fn chat_notice(kind: u32, input: &mut Unstructured<'_>, number: u32) -> Result<chat::Notice> {
    Ok(match kind {
        8 => chat::Notice::Entry(entry(input, number)?),
        9 => chat::Notice::Receipt(entry(input, number)?),
        _ => chat::Notice::Refused {
            local: self::number(input)?,
            refusal: refusal(input)?,
        },
    })
}

fn files_notice(kind: u32, input: &mut Unstructured<'_>, number: u32) -> Result<files::Notice> {
    Ok(match kind {
        11 => files::Notice::Accepted {
            local: self::number(input)?,
            file: file_info(input, number)?,
        },
        12 => files::Notice::Offered(file_info(input, number)?),
        13 => files::Notice::Changed(file_info(input, number)?),
        _ => files::Notice::Refused {
            local: self::number(input)?,
            refusal: refusal(input)?,
        },
    })
}

fn video_notice(kind: u32, input: &mut Unstructured<'_>, number: u32) -> Result<video::Notice> {
    Ok(match kind {
        15 => video::Notice::Published {
            local: self::number(input)?,
            stream: stream_info(input, number)?,
        },
        16 => video::Notice::Started(stream_info(input, number)?),
        17 => video::Notice::Changed(stream_info(input, number)?),
        18 => video::Notice::Stopped {
            stream: StreamId(number),
        },
        _ => video::Notice::Refused {
            local: self::number(input)?,
            refusal: refusal(input)?,
        },
    })
}

/// What a person says of itself.
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
const TRANSPORTS: [Transport; 2] = [Transport::Tcp, Transport::Udp];
const LEAVE_REASONS: [LeaveReason; 3] = [LeaveReason::Left, LeaveReason::Lost, LeaveReason::Removed];
/// What a member acts upon in its own manner for each.
const REFUSAL_CODES: [RefusalCode; 13] = [
    RefusalCode::VersionMismatch,
    RefusalCode::RoomFull,
    RefusalCode::BadMessage,
    RefusalCode::Replaced,
    RefusalCode::TooSlow,
    RefusalCode::Silent,
    RefusalCode::Fault,
    RefusalCode::NotAMember,
    RefusalCode::NotFound,
    RefusalCode::Limit,
    RefusalCode::Busy,
    RefusalCode::Closed,
    RefusalCode::Other,
];

/// What a publisher says of a stream.
pub(crate) fn spec(input: &mut Unstructured<'_>) -> Result<StreamDescription> {
    Ok(StreamDescription {
        source: *input.choose(&SOURCES)?,
        title: text(input)?,
        width: input.arbitrary()?,
        height: input.arbitrary()?,
        rate: input.arbitrary()?,
        transport: *input.choose(&TRANSPORTS)?,
    })
}

/// Measured figures.
pub(crate) fn report(input: &mut Unstructured<'_>) -> Result<Report> {
    let (links, clocks) = (input.int_in_range(0..=400)?, input.int_in_range(0..=400)?);
    let figures = figures(input)?;
    let clock = ClockOffset {
        offset_us: input.arbitrary()?,
        error_us: input.arbitrary()?,
    };
    Ok(Report {
        links: (0..links).map(|stream| (StreamId(stream), figures)).collect(),
        clocks: (0..clocks).map(|stream| (StreamId(stream), clock)).collect(),
    })
}

fn figures(input: &mut Unstructured<'_>) -> Result<Figures> {
    Ok(Figures {
        transport: *input.choose(&TRANSPORTS)?,
        ack_p50_us: input.arbitrary()?,
        ack_p95_us: input.arbitrary()?,
        ack_p99_us: input.arbitrary()?,
        classic_rate_bps: input.arbitrary()?,
        jitter_us: input.arbitrary()?,
        frames_per_s: input.arbitrary()?,
        goodput_bps: input.arbitrary()?,
        loss_pct: input.arbitrary()?,
        frames: number(input)?,
        drops: number(input)?,
        retransmits: number(input)?,
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
        address: address(input)?,
        fingerprint: Fingerprint([id as u8; 32]),
        presence: if input.arbitrary()? {
            Presence::Here
        } else {
            Presence::Reconnecting
        },
    })
}

fn address(input: &mut Unstructured<'_>) -> Result<SocketAddr> {
    let ip: IpAddr = if input.arbitrary()? {
        input.arbitrary::<[u8; 16]>()?.into()
    } else {
        input.arbitrary::<[u8; 4]>()?.into()
    };
    Ok((ip, input.arbitrary()?).into())
}

/// Its text is as long as it comes: [`Refusal::new`] would shorten it.
fn refusal(input: &mut Unstructured<'_>) -> Result<Refusal> {
    Ok(Refusal {
        code: *input.choose(&REFUSAL_CODES)?,
        message: text(input)?,
    })
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
        address: address(input)?,
        at_unix_ms: number(input)?,
        local: Option::arbitrary(input)?,
        body: match input.int_in_range(0..=4)? {
            0 => Body::Opened,
            1 => Body::Joined,
            2 => Body::Left {
                reason: *input.choose(&LEAVE_REASONS)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Which notice this is. A new one does not compile here until it has a number.
    fn kind(notice: &Notice) -> u32 {
        match notice {
            Notice::Session(notice) => match notice {
                session::Notice::Welcome(_) => 0,
                session::Notice::Refused(_) => 1,
                session::Notice::Joined(_) => 2,
                session::Notice::Changed(_) => 3,
                session::Notice::Left { .. } => 4,
                session::Notice::Ping(_) => 5,
                session::Notice::Pong(_) => 6,
                session::Notice::UpToDate => 7,
            },
            Notice::Chat(notice) => match notice {
                chat::Notice::Entry(_) => 8,
                chat::Notice::Receipt(_) => 9,
                chat::Notice::Refused { .. } => 10,
            },
            Notice::Files(notice) => match notice {
                files::Notice::Accepted { .. } => 11,
                files::Notice::Offered(_) => 12,
                files::Notice::Changed(_) => 13,
                files::Notice::Refused { .. } => 14,
            },
            Notice::Video(notice) => match notice {
                video::Notice::Published { .. } => 15,
                video::Notice::Started(_) => 16,
                video::Notice::Changed(_) => 17,
                video::Notice::Stopped { .. } => 18,
                video::Notice::Refused { .. } => 19,
            },
            Notice::Metrics(_) => 20,
        }
    }

    #[test]
    fn every_notice_that_exists_is_made() {
        for expected in 0..NOTICE_KINDS {
            let bytes: Vec<u8> = [expected as u8].into_iter().chain([0; 200]).collect();
            let notice = notice(&mut Unstructured::new(&bytes), 1).expect("enough bytes for any of them");
            assert_eq!(kind(&notice), expected);
        }
    }
}
