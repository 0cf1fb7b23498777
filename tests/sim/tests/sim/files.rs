//! What is offered, and how a file's bytes cross.

use bytes::{Buf, Bytes, BytesMut};
use netcore_proto::files::{
    Event as FileEvent, FileHash, FileInfo, FileState, HASH_BYTES, MAX_CHUNK_BYTES, MAX_FILES, Offer,
    Receiver, RecordHeader, Request as FileRequest, TransferError, chunk_header, end_record,
};
use netcore_proto::wire::{MAX_EXACT, encode_control};
use netcore_proto::{FileId, MemberId, Request, Span, Time};
use sim_tests::effects::{Chance, Conditions, Path};
use sim_tests::{Pipe, Scenario, Step, World};

use crate::{PEOPLE, everybody_in, file_events};

const BEN: MemberId = MemberId(1);
const CYD: MemberId = MemberId(2);
const DAN: MemberId = MemberId(3);
const HASH: FileHash = FileHash([7; 32]);

fn offer(who: &'static str, name: &'static str, to: &'static [MemberId]) -> Step {
    Step::act("a file is offered", move |world| {
        let offer = Offer {
            local: 1,
            name: name.into(),
            size: 1_000,
            mime: "text/plain".into(),
            to: to.to_vec(),
        };
        world.with_node(who, |node, now| node.offer(offer, now).unwrap());
    })
}

fn file(world: &World, at: &str) -> FileInfo {
    let files = world.node(at).files();
    assert_eq!(files.len(), 1, "{at} knows of one file");
    files[0].clone()
}

/// The number of the first file that was offered.
fn first_file(world: &World) -> FileId {
    world.node("Ada").files()[0].id
}

fn state(world: &World, at: &str) -> FileState {
    file(world, at).state
}

fn knows_of(world: &World, at: &str) -> usize {
    world.node(at).files().len()
}

fn cancel(who: &'static str) -> Step {
    Step::act("its owner takes the file back", move |world| {
        let id = first_file(world);
        world.with_node(who, |node, _| node.cancel_file(id).unwrap());
    })
}

fn received(who: &'static str) -> Step {
    Step::act("a member has the file", move |world| {
        let id = first_file(world);
        world.with_node(who, |node, _| node.file_received(id).unwrap());
    })
}

fn stored() -> Step {
    Step::act("the host has every byte", |world| {
        let id = first_file(world);
        world.with_node("Ada", |node, _| node.file_stored(id, HASH));
    })
}

#[test]
fn an_offer_to_everybody_reaches_everybody() {
    Scenario::new("Ben offers a file", PEOPLE)
        .links(Conditions::delay_ms(2).jitter_ms(10))
        .then(everybody_in())
        .then([
            offer("Ben", "../lab report.txt", &[]),
            Step::wait_ms(100),
            Step::check("all know it by its safe name", |world| {
                for name in PEOPLE {
                    let file = file(world, name);
                    assert_eq!(
                        (file.name.as_str(), file.owner, file.size),
                        ("lab report.txt", BEN, 1_000)
                    );
                }
                let accepted = |event: &&FileEvent| matches!(event, FileEvent::Accepted { local: 1, .. });
                assert_eq!(file_events(world, "Ben").filter(accepted).count(), 1);
                for name in ["Ada", "Cyd", "Dan"] {
                    let offered = |event: &&FileEvent| matches!(event, FileEvent::Offered(_));
                    assert_eq!(file_events(world, name).filter(offered).count(), 1, "{name}");
                }
            }),
            stored(),
            Step::wait_ms(100),
            Step::check("all know that it can be fetched", |world| {
                for name in PEOPLE {
                    assert_eq!(state(world, name), FileState::Stored { hash: HASH });
                }
            }),
            received("Cyd"),
            received("Ada"),
            received("Cyd"),
            received("Ben"),
            Step::wait_ms(100),
            Step::check("all know who has it; its owner does not count", |world| {
                for name in PEOPLE {
                    let mut has = file(world, name).received_by;
                    has.sort_unstable();
                    assert_eq!(has, [MemberId::HOST, CYD]);
                }
            }),
        ])
        .run_all(0..50);
}

#[test]
fn an_offer_to_some_is_unknown_to_others() {
    Scenario::new("Ben offers Dan a file", PEOPLE)
        .then(everybody_in())
        .then([
            offer("Ben", "for Dan.txt", &[DAN]),
            Step::wait_ms(100),
            received("Cyd"),
            received("Dan"),
            Step::wait_ms(100),
            Step::Restart("Cyd"),
            Step::Restart("Dan"),
            Step::Join("Cyd"),
            Step::Join("Dan"),
            Step::wait_ms(100),
            Step::check("Dan knows, Cyd does not, not even after a return", |world| {
                assert_eq!((knows_of(world, "Dan"), knows_of(world, "Cyd")), (1, 0));
                assert_eq!(file(world, "Dan").received_by, [DAN]);
                let offered = |event: &&FileEvent| matches!(event, FileEvent::Offered(_));
                assert_eq!(
                    file_events(world, "Ada").filter(offered).count(),
                    0,
                    "the host is not meant"
                );
                assert_eq!(knows_of(world, "Ada"), 1, "but stores it");
            }),
        ])
        .run_all(0..20);
}

#[test]
fn owner_and_host_take_a_file_back_and_nobody_else() {
    for (who, is_allowed) in [("Ben", true), ("Ada", true), ("Cyd", false)] {
        Scenario::new("the host takes Ben's file back", PEOPLE)
            .then(everybody_in())
            .then([
                offer("Ben", "report.txt", &[]),
                Step::wait_ms(100),
                stored(),
                cancel(who),
                Step::wait_ms(100),
                stored(),
                Step::wait_ms(100),
                Step::check("it is gone for good, or not at all", move |world| {
                    for name in PEOPLE {
                        assert_eq!(
                            state(world, name) == FileState::Cancelled,
                            is_allowed,
                            "{who}, {name}"
                        );
                    }
                }),
            ])
            .run(0);
    }
}

#[test]
fn what_is_stored_and_turns_out_changed_is_on_offer_no_more() {
    Scenario::new("the host finds its file changed", PEOPLE)
        .then(everybody_in())
        .then([
            offer("Ada", "report.txt", &[]),
            Step::wait_ms(100),
            stored(),
            Step::wait_ms(100),
            Step::act("it was changed", |world| {
                let id = first_file(world);
                world.with_node("Ada", |node, _| node.file_failed(id, "it was changed".into()));
            }),
            Step::wait_ms(100),
            stored(),
            Step::wait_ms(100),
            Step::check("all know why, and it stays so", |world| {
                for name in PEOPLE {
                    let failed = FileState::Failed {
                        why: "it was changed".into(),
                    };
                    assert_eq!(state(world, name), failed, "{name}");
                }
            }),
        ])
        .run(0);
}

#[test]
fn what_an_owner_has_not_finished_goes_with_them() {
    let ends = |end: Vec<Step>| {
        Scenario::new("Ben goes", PEOPLE)
            .then(everybody_in())
            .then([offer("Ben", "report.txt", &[]), Step::wait_ms(100)])
            .then(end)
            .run(0)
    };
    let world = ends(vec![Step::Leave("Ben"), Step::wait_ms(100)]);
    assert!(matches!(state(&world, "Cyd"), FileState::Failed { .. }));
    let world = ends(vec![stored(), Step::Leave("Ben"), Step::wait_ms(100)]);
    assert_eq!(state(&world, "Cyd"), FileState::Stored { hash: HASH });
    let world = ends(vec![Step::Cut("Ben"), Step::Wait(Span::from_secs(20))]);
    assert!(matches!(state(&world, "Cyd"), FileState::Failed { .. }));
    let world = ends(vec![
        Step::Cut("Ben"),
        Step::Wait(Span::from_secs(10)),
        Step::Join("Ben"),
        Step::wait_ms(100),
    ]);
    assert_eq!(
        state(&world, "Cyd"),
        FileState::Uploading,
        "Ben came back and goes on"
    );
    assert_eq!(state(&world, "Ben"), FileState::Uploading);
}

#[test]
fn a_member_away_learns_what_was_offered_and_what_became_of_it() {
    Scenario::new("Cyd misses an offer and a change", PEOPLE)
        .then(everybody_in())
        .then([
            offer("Ben", "first.txt", &[]),
            Step::wait_ms(50),
            Step::Cut("Cyd"),
            stored(),
            offer("Dan", "second.txt", &[]),
            Step::Wait(Span::from_secs(5)),
            Step::Join("Cyd"),
            Step::wait_ms(100),
            Step::check("she knows both as they are now", |world| {
                let known = world.node("Cyd").files();
                let states: Vec<_> = known
                    .iter()
                    .map(|file| (file.name.as_str(), file.state.clone()))
                    .collect();
                let expected = [
                    ("first.txt", FileState::Stored { hash: HASH }),
                    ("second.txt", FileState::Uploading),
                ];
                assert_eq!(states, expected);
            }),
            Step::Close,
            Step::wait_ms(50),
            Step::Open,
            Step::Join("Cyd"),
            Step::wait_ms(100),
            Step::check("another room has other files", |world| {
                assert_eq!(knows_of(world, "Cyd"), 0);
                assert_eq!(file_events(world, "Cyd").last(), Some(&FileEvent::Reset));
            }),
        ])
        .run(0);
}

#[test]
fn a_room_begun_anew_is_offered_what_its_owners_still_offer() {
    let names = |world: &World, who: &str| -> Vec<String> {
        let files = world.node(who).files();
        files.iter().map(|file| file.name.clone()).collect()
    };
    let offer_as = |local, name: &'static str, to: &'static [MemberId]| {
        Step::act("Ben offers a file", move |world| {
            let offer = Offer {
                local,
                name: name.into(),
                size: 1_000,
                mime: "text/plain".into(),
                to: to.to_vec(),
            };
            world.with_node("Ben", |node, now| node.offer(offer, now).unwrap());
        })
    };
    Scenario::new("the host begins anew", PEOPLE)
        .then(everybody_in())
        .then([
            offer_as(1, "for all.txt", &[]),
            offer_as(2, "for Cyd.txt", &[CYD]),
            offer_as(3, "taken back.txt", &[]),
            Step::wait_ms(50),
            Step::act("Ben takes one back", |world| {
                let id = world.node("Ben").files()[2].id;
                world.with_node("Ben", |node, _| node.cancel_file(id).unwrap());
            }),
            Step::wait_ms(50),
            Step::Close,
            Step::wait_ms(50),
            Step::Open,
            // Dan gets Cyd's old number.
            Step::Join("Ben"),
            Step::wait_ms(50),
            Step::Join("Dan"),
            Step::wait_ms(50),
            Step::check(
                "what was for Cyd is not offered to the member that has her number",
                move |world| {
                    assert_eq!(world.node("Dan").me(), Some(CYD));
                    assert_eq!(names(world, "Dan"), ["for all.txt"]);
                    assert_eq!(names(world, "Ben"), ["for all.txt"]);
                },
            ),
            Step::Join("Cyd"),
            Step::wait_ms(50),
            Step::check("she is offered it when she comes", move |world| {
                assert_eq!(names(world, "Cyd"), ["for all.txt", "for Cyd.txt"]);
                assert_eq!(names(world, "Dan"), ["for all.txt"]);
                let accepted = |event: &&FileEvent| matches!(event, FileEvent::Accepted { .. });
                assert_eq!(file_events(world, "Ben").filter(accepted).count(), 5);
            }),
        ])
        .run(0);
}

#[test]
fn a_room_takes_so_many_files() {
    Scenario::new("the host offers as many files as fit", &["Ada", "Ben"])
        .then([
            Step::Open,
            Step::act("it does", |world| {
                for local in 0..=MAX_FILES as u64 {
                    let name = format!("{local}.txt");
                    let mime = String::new();
                    let offer = Offer {
                        local,
                        name,
                        size: 1,
                        mime,
                        to: Vec::new(),
                    };
                    world.with_node("Ada", |node, now| node.offer(offer, now).unwrap());
                }
            }),
            Step::check("one more is refused", |world| {
                assert_eq!(knows_of(world, "Ada"), MAX_FILES);
                assert!(matches!(
                    file_events(world, "Ada").last(),
                    Some(FileEvent::Refused { local: 1_000, .. })
                ));
            }),
            cancel("Ada"),
            offer("Ada", "one more.txt", &[]),
            Step::check("one that is taken back makes room", |world| {
                assert!(matches!(
                    file_events(world, "Ada").last(),
                    Some(FileEvent::Accepted { .. })
                ));
            }),
            Step::Join("Ben"),
            Step::Wait(Span::from_secs(1)),
            Step::check("a newcomer learns of them all", |world| {
                assert_eq!(knows_of(world, "Ben"), MAX_FILES);
            }),
        ])
        .run(0);
}

#[test]
fn an_offer_with_endless_words_is_cut() {
    let offer = Request::Files(FileRequest::Offer(Offer {
        local: 1,
        name: "n".repeat(100_000),
        size: MAX_EXACT,
        mime: "m".repeat(50_000),
        to: (0..10_000).map(MemberId).collect(),
    }));
    let bytes = encode_control(&offer).unwrap().to_vec();
    Scenario::new("Ben's offer is as long as a message can be", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Raw("Ben", bytes),
            Step::Wait(Span::from_secs(1)),
            Step::check("what others get is short", |world| {
                let file = file(world, "Cyd");
                assert_eq!((file.name.len(), file.mime.len(), file.to.len()), (255, 100, 256));
                assert!(world.is_connected("Ben"));
            }),
        ])
        .run(0);
}

/// Sends records over a bad link and lets the receiving end read them as they come, in whatever portions.
fn cross(records: &Bytes, size: u64, seed: u64) -> Option<Result<FileHash, TransferError>> {
    let mut path = Path::new(Conditions::delay_ms(5).jitter_ms(5).mbit(50, 1 << 30).loss(0.02));
    let mut chance = Chance::new(seed);
    let round_trip = Span::from_millis(10);
    let portions = Pipe::default().write(records, &mut path, round_trip, Time::ZERO, &mut chance);
    let mut receiver = Receiver::new(size);
    let mut buffer = BytesMut::new();
    for (_, portion) in portions {
        buffer.extend_from_slice(&portion);
        while let Some(header) = buffer.first_chunk() {
            match RecordHeader::decode(*header).unwrap() {
                RecordHeader::Chunk(length) if buffer.len() >= 4 + length => {
                    buffer.advance(4);
                    if let Err(error) = receiver.handle_content(&buffer.split_to(length)) {
                        return Some(Err(error));
                    }
                }
                RecordHeader::End if buffer.len() >= 4 + HASH_BYTES => {
                    buffer.advance(4);
                    let hash = *buffer.first_chunk().unwrap();
                    return Some(receiver.handle_end(FileHash(hash)));
                }
                _ => break,
            }
        }
    }
    None
}

fn records(content: &[u8], chunk_bytes: usize) -> BytesMut {
    let mut bytes = BytesMut::new();
    for chunk in content.chunks(chunk_bytes) {
        bytes.extend_from_slice(&chunk_header(chunk.len()));
        bytes.extend_from_slice(chunk);
    }
    bytes.extend_from_slice(&end_record(hash_of(content)));
    bytes
}

fn hash_of(content: &[u8]) -> FileHash {
    FileHash(*blake3::hash(content).as_bytes())
}

#[test]
fn a_file_crosses_whole_or_not_at_all() {
    let content: Vec<u8> = (0..200_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let size = content.len() as u64;
    for seed in 0..20 {
        let chunk_bytes = [1, 1_000, 65_536, MAX_CHUNK_BYTES][seed as usize % 4];
        let content = if chunk_bytes == 1 {
            &content[..500]
        } else {
            &content[..]
        };
        let whole = records(content, chunk_bytes);
        let size = content.len() as u64;
        assert_eq!(
            cross(&whole.clone().freeze(), size, seed),
            Some(Ok(hash_of(content)))
        );
        let short = cross(&whole.clone().freeze(), size + 1, seed);
        assert_eq!(
            short,
            Some(Err(TransferError::TooShort {
                got: size,
                size: size + 1
            }))
        );
        let long = cross(&whole.clone().freeze(), size - 1, seed);
        assert_eq!(long, Some(Err(TransferError::TooLong { size: size - 1 })));
        let mut bent = whole;
        bent[6] ^= 1;
        let bent = cross(&bent.freeze(), size, seed);
        assert!(
            bent == Some(Err(TransferError::Corrupt)) || chunk_bytes == 1,
            "{bent:?}"
        );
    }
    let cut = records(&content, 1_000).freeze().slice(..100_000);
    assert_eq!(cross(&cut, size, 0), None, "half a file is never called one");
}
