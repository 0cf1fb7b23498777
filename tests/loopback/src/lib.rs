//! What the tests on real sockets share: rooms in folders of their own, and waiting for events.

mod bystanders;
mod computer;
mod disk;
mod false_host;
mod key_holder;
mod nat;
mod process;
mod proxy;
mod stranger;

pub use bystanders::{Bystanders, file, offered};
pub use computer::{Computer, computers};
pub use disk::SmallDisk;
pub use false_host::{Caller, FalseHost};
pub use nat::Nat;
pub use process::HostProcess;
pub use proxy::Proxy;
pub use stranger::{DatagramSeal, Guest, Stranger, Wire, preface};

use std::path::Path;
use std::time::Duration;

use netcore::proto::session::Profile;
use netcore::proto::video::{SourceKind, StreamDescription, WindowMode};
use netcore::proto::{StreamId, Transport};
use netcore::{Address, Folders, HostOptions, JoinError, JoinOptions, OpenError, Room, RoomEvent};
use tempfile::TempDir;
use tokio::sync::broadcast;

/// How long anything may take before the test has failed. It is a limit, not a measure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A room and the folder that everything of it is in.
pub struct Party {
    /// The room.
    pub room: Room,
    /// Its events from the beginning.
    pub events: broadcast::Receiver<RoomEvent>,
    /// Gone with the party.
    pub home: TempDir,
}

/// A profile with only a name.
pub fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        ..Profile::default()
    }
}

/// Options for a host in `home`.
pub fn host_options(home: &Path, port: u16) -> HostOptions {
    HostOptions {
        folders: Folders::at(home).expect("a temporary folder can be used"),
        profile: profile("Hana"),
        room_name: "Lab".to_owned(),
        port,
        downloads: home.join("downloads"),
        loopback_only: true,
        listen: Vec::new(),
        window: WindowMode::Adaptive,
    }
}

/// Options for a member in `home`.
pub fn join_options(home: &Path, name: &str, port: u16) -> JoinOptions {
    JoinOptions {
        folders: Folders::at(home).expect("a temporary folder can be used"),
        profile: profile(name),
        address: address(port),
        downloads: home.join("downloads"),
        watch_streams: true,
        window: WindowMode::Adaptive,
    }
}

/// This computer, that port.
pub fn address(port: u16) -> Address {
    format!("127.0.0.1:{port}").parse().expect("an address")
}

impl Party {
    /// Opens a room on any free port, or on `port`.
    ///
    /// # Errors
    /// As [`Room::host`].
    pub async fn host(port: u16) -> Result<Party, OpenError> {
        Party::host_with(|options| options.port = port).await
    }

    /// Opens a room on any free port, or as `change` will have it.
    ///
    /// # Errors
    /// As [`Room::host`].
    pub async fn host_with(change: impl FnOnce(&mut HostOptions)) -> Result<Party, OpenError> {
        let home = folder();
        let mut options = host_options(home.path(), 0);
        change(&mut options);
        let room = Room::host(options).await?;
        Ok(Party {
            events: room.events(),
            room,
            home,
        })
    }

    /// Joins the room on `port`.
    ///
    /// # Errors
    /// As [`Room::join`].
    pub async fn join(name: &str, port: u16) -> Result<Party, JoinError> {
        Party::join_at(name, &address(port).to_string()).await
    }

    /// Joins the room at `address`.
    ///
    /// # Errors
    /// As [`Room::join`].
    pub async fn join_at(name: &str, address: &str) -> Result<Party, JoinError> {
        let home = folder();
        let mut options = join_options(home.path(), name, 1);
        options.address = address.parse()?;
        let room = Room::join(options).await?;
        Ok(Party {
            events: room.events(),
            room,
            home,
        })
    }

    /// The port of the room.
    pub fn port(&self) -> u16 {
        self.room.info().port
    }

    /// Waits until `wanted` makes something of an event.
    ///
    /// # Panics
    /// When it does not within [`PATIENCE`].
    pub async fn expect<T>(&mut self, what: &str, mut wanted: impl FnMut(RoomEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                match self.events.recv().await {
                    Ok(event) => {
                        if let Some(found) = wanted(event) {
                            return found;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => {
                        panic!("the room ended while waiting for {what}")
                    }
                }
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not happen"),
        }
    }

    /// Waits until `is_so` of a snapshot.
    ///
    /// # Panics
    /// When it does not become so within [`PATIENCE`].
    pub async fn until(&self, what: &str, is_so: impl Fn(&netcore::Snapshot) -> bool) -> netcore::Snapshot {
        let found = async {
            loop {
                let snapshot = self.room.snapshot().await;
                if is_so(&snapshot) {
                    return snapshot;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not become so: {:#?}", self.room.snapshot().await),
        }
    }

    /// Waits for a stream to be live here.
    pub async fn stream(&self) -> StreamId {
        self.until("a stream is live", |snapshot| !snapshot.streams.is_empty())
            .await
            .streams[0]
            .id
    }
}

/// A test pattern's spec over `transport`.
pub fn pattern(transport: Transport) -> StreamDescription {
    let title = "pattern".to_owned();
    StreamDescription {
        source: SourceKind::Pattern,
        title,
        width: 640,
        height: 480,
        rate: 30.0,
        transport,
    }
}

/// Lets this process have as many files open as its user may: a crowd needs two for each of its connections.
pub fn open_many_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // More than the hard limit is not to be had; then it is tried with what there is.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum.map(|most| most.min(10_000)).or(Some(10_000)),
                maximum: limit.maximum,
            },
        );
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}
