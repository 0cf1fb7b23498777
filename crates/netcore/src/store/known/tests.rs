use super::*;

const LAB: Fingerprint = Fingerprint([1; 32]);
const OTHER: Fingerprint = Fingerprint([2; 32]);

fn folders() -> (tempfile::TempDir, Folders) {
    let root = tempfile::tempdir().unwrap();
    let folders = Folders::at(root.path()).unwrap();
    (root, folders)
}

fn peer(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn remember(folders: &Folders, name: &str, address: &str, at: &str, fingerprint: Fingerprint) {
    KnownRooms::remember(folders, name, &address.parse().unwrap(), peer(at), fingerprint).unwrap();
}

fn pins(folders: &Folders, address: &str) -> Pins {
    Pins::at(&KnownRooms::load(folders).unwrap(), &address.parse().unwrap())
}

#[test]
fn the_latest_room_comes_first_and_an_identity_is_listed_once() {
    let (_root, folders) = folders();
    for (name, address, identity) in [("A", "a:1", LAB), ("B", "b:1", OTHER), ("A2", "c:1", LAB)] {
        remember(&folders, name, address, "10.0.0.1:1", identity);
    }
    let known = KnownRooms::load(&folders).unwrap();
    let shown: Vec<(&str, &str)> = known
        .rooms()
        .iter()
        .map(|room| (room.name.as_str(), room.address.as_str()))
        .collect();
    assert_eq!(shown, [("A2", "c:1"), ("B", "b:1")]);
    assert_eq!(known.rooms()[0].also_at, ["10.0.0.1:1", "a:1"]);
    // By any of its addresses.
    assert!(KnownRooms::forget(&folders, &"A:1".parse().unwrap()).unwrap());
    assert!(!KnownRooms::forget(&folders, &"A:1".parse().unwrap()).unwrap());
    assert_eq!(KnownRooms::load(&folders).unwrap().rooms().len(), 1);
}

#[test]
fn a_host_is_one_however_its_name_is_spelt() {
    let (_root, folders) = folders();
    remember(&folders, "Lab", "Lab-PC:9", "192.168.1.24:9", LAB);
    let elsewhere = peer("10.9.9.9:9");
    for spelling in [
        "lab-pc:9",
        "LAB-PC.:9",
        "192.168.1.24:9",
        "[::ffff:192.168.1.24]:9",
    ] {
        let mismatch = pins(&folders, spelling).judge(elsewhere, OTHER).unwrap_err();
        assert_eq!(mismatch.expected, LAB, "{spelling}");
    }
    // A name that is new leads to a known computer.
    let mismatch = pins(&folders, "lab-pc.local:9").judge(peer("192.168.1.24:9"), OTHER);
    assert_eq!(mismatch.unwrap_err().room, "Lab");
    // Another port or computer is another host.
    pins(&folders, "lab-pc:10")
        .judge(peer("192.168.1.24:10"), OTHER)
        .unwrap();
    pins(&folders, "lab-pc.local:9").judge(elsewhere, OTHER).unwrap();
}

#[test]
fn a_known_identity_is_recognised_at_a_new_address() {
    let (_root, folders) = folders();
    remember(&folders, "Lab", "192.168.1.24:9", "192.168.1.24:9", LAB);
    remember(&folders, "Other", "192.168.1.30:9", "192.168.1.30:9", OTHER);
    pins(&folders, "192.168.1.77:9")
        .judge(peer("192.168.1.77:9"), LAB)
        .unwrap();
    // A name that is new leads where another room was: numbers are given out anew.
    pins(&folders, "lab-pc:9")
        .judge(peer("192.168.1.30:9"), LAB)
        .unwrap();
    // But what was typed is known as another's.
    pins(&folders, "192.168.1.30:9")
        .judge(peer("192.168.1.30:9"), LAB)
        .unwrap_err();
    remember(&folders, "Lab", "lab-pc:9", "192.168.1.30:9", LAB);
    let known = KnownRooms::load(&folders).unwrap();
    assert_eq!(known.with_identity(LAB).unwrap().also_at, ["192.168.1.24:9"]);
    pins(&folders, "192.168.1.30:9")
        .judge(peer("192.168.1.30:9"), LAB)
        .unwrap_err();
}

#[test]
fn what_an_earlier_version_stored_is_read_and_joined_by_identity() {
    let (_root, folders) = folders();
    let room = |address: &str, fingerprint: Fingerprint, at: u64| {
        format!(
            r#"{{"name":"Lab","address":"{address}","fingerprint":"{fingerprint}","last_seen_unix_ms":{at}}}"#
        )
    };
    let json = [
        room("lab:9", LAB, 3),
        room("x:9", OTHER, 2),
        room("10.0.0.5:9", LAB, 1),
    ]
    .join(",");
    std::fs::write(folders.config().join("known-rooms.json"), format!("[{json}]")).unwrap();
    let known = KnownRooms::load(&folders).unwrap();
    assert_eq!(known.rooms().len(), 2);
    assert_eq!(known.rooms()[0].also_at, ["10.0.0.5:9"]);
    assert_eq!(known.rooms()[0].last_seen_unix_ms, 3);
}

#[test]
fn a_list_that_cannot_be_read_is_set_aside_until_it_is_given_up() {
    let (_root, folders) = folders();
    let path = folders.config().join("known-rooms.json");
    std::fs::write(&path, "{").unwrap();
    for _ in 0..2 {
        let error = KnownRooms::load(&folders).unwrap_err();
        let KnownRoomsError::Unreadable { kept, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(std::fs::read_to_string(kept).unwrap(), "{");
        assert!(!path.exists());
    }
    let address: Address = "a:1".parse().unwrap();
    let remembered = KnownRooms::remember(&folders, "A", &address, peer("10.0.0.1:1"), LAB);
    assert!(remembered.is_err());
    assert!(KnownRooms::forget(&folders, &address).is_err());
    let kept = KnownRooms::start_anew(&folders).unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "{");
    remember(&folders, "A", "a:1", "10.0.0.1:1", LAB);
    assert_eq!(KnownRooms::start_anew(&folders).unwrap(), None);
    assert_eq!(KnownRooms::load(&folders).unwrap().rooms().len(), 1);
}

#[test]
fn nobody_is_forgotten_because_there_are_many_or_because_two_write_at_a_time() {
    let (_root, folders) = folders();
    let writers: Vec<_> = (0..4_u8)
        .map(|writer| {
            let folders = folders.clone();
            std::thread::spawn(move || {
                for number in 0..30_u8 {
                    let mut identity = [0; 32];
                    (identity[0], identity[1]) = (writer, number);
                    let address = format!("h{writer}-{number}:1");
                    let at = format!("10.0.{writer}.{number}:1");
                    remember(&folders, "A", &address, &at, Fingerprint(identity));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(KnownRooms::load(&folders).unwrap().rooms().len(), 120);
}

#[test]
fn a_confirmed_identity_takes_the_place_of_the_one_before() {
    let (_root, folders) = folders();
    remember(&folders, "Lab", "lab:9", "10.0.0.1:9", LAB);
    remember(&folders, "Lab", "lab:9", "10.0.0.1:9", OTHER);
    let known = KnownRooms::load(&folders).unwrap();
    assert_eq!(known.rooms().len(), 1);
    pins(&folders, "10.0.0.1:9")
        .judge(peer("10.0.0.1:9"), OTHER)
        .unwrap();
    pins(&folders, "lab:9")
        .judge(peer("10.0.0.1:9"), LAB)
        .unwrap_err();
}
