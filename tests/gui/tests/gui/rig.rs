//! A window on a display of its own, and members to talk to it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gui_tests::{Display, Driver, PATIENCE, Window};
use netcore::proto::session::Profile;
use netcore::proto::video::WindowMode;
use netcore::{Folders, JoinOptions, Room, RoomEvent};
use tokio::sync::broadcast::Receiver;

/// The app's window. Fields are dropped in order: the window before what it needs.
pub(crate) struct Rig {
    pub(crate) window: Window,
    _driver: Driver,
    pub(crate) display: Display,
    pub(crate) home: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Rig {
    /// Opens the app at this size. Windows are opened one at a time: two would share this machine's processor, and their
    /// pictures would be late.
    pub(crate) fn open(size: (u32, u32), arguments: &[&str]) -> Rig {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let home = tempfile::tempdir().unwrap();
        let display = Display::start(size.0, size.1).unwrap();
        let driver = Driver::start(&display, home.path()).unwrap();
        let window = driver.open(arguments).unwrap();
        window.resize(size.0, size.1).unwrap();
        Rig {
            window,
            _driver: driver,
            display,
            home,
            _alone: alone,
        }
    }

    /// Hosts a room as `name` and returns its port.
    pub(crate) fn host(&self, name: &str) -> u16 {
        let port = free_port();
        self.window.fill("my-name", name).unwrap();
        self.window.fill("room-name", "Lab").unwrap();
        self.window.fill("port", &port.to_string()).unwrap();
        self.window.click("host-room").unwrap();
        self.window
            .wait("the room", |window| {
                window.text("room-title").filter(|title| title == "Lab")
            })
            .unwrap();
        port
    }

    /// Waits until so many people are shown.
    pub(crate) fn see_people(&self, count: usize) {
        let seen = |window: &Window| (window.text("people-count")?.trim() == count.to_string()).then_some(());
        self.window.wait(&format!("{count} people"), seen).unwrap();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A member of a room, without a window.
pub(crate) struct Member {
    pub(crate) room: Room,
    pub(crate) events: Receiver<RoomEvent>,
    pub(crate) home: tempfile::TempDir,
}

impl Member {
    pub(crate) async fn join(name: &str, port: u16) -> Member {
        let home = tempfile::tempdir().unwrap();
        let options = JoinOptions {
            folders: Folders::at(home.path()).unwrap(),
            profile: Profile {
                name: name.into(),
                colour: "#a3415f".into(),
                device: "terminal".into(),
                about: String::new(),
            },
            address: format!("127.0.0.1:{port}").parse().unwrap(),
            downloads: home.path().join("downloads"),
            watch_streams: true,
            window: WindowMode::Adaptive,
        };
        let room = Room::join(options).await.unwrap();
        let events = room.events();
        Member { room, events, home }
    }

    /// Waits until `is_so` of a snapshot.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&netcore::Snapshot) -> bool) {
        let began = std::time::Instant::now();
        while !is_so(&self.room.snapshot().await) {
            assert!(began.elapsed() < PATIENCE, "{what} did not become so");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The next event that `wanted` gives something for.
    pub(crate) async fn event<T>(&mut self, what: &str, mut wanted: impl FnMut(RoomEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = wanted(self.events.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("the member never saw {what}"))
    }
}

/// Waits until `look` sees something that no window shows.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "never saw {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The files in a folder, by name.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
