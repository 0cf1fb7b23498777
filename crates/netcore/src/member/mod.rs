//! Client mode: joining a room.

mod supervisor;

use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::Node;
use netcore_proto::session::{Fingerprint, Profile};
use netcore_proto::video::WindowMode;
use tokio::sync::mpsc;

pub(crate) use self::supervisor::Supervisor;
use crate::control::ControlLoop;
use crate::control::input::INPUT_QUEUE;
use crate::error::JoinError;
use crate::event::{Fixed, Role};
use crate::files::FilePlane;
use crate::net::address::Address;
use crate::net::tls;
use crate::opened_room::OpenedRoom;
use crate::shared::{Dialer, Shared};
use crate::store::folders::Folders;
use crate::store::identity::Identity;
use crate::store::known::{KnownRooms, Pins};
use crate::{metrics, video};

/// What a member must say to join a room.
#[derive(Clone, Debug)]
pub struct JoinOptions {
    /// The profile's folders.
    pub folders: Folders,
    /// What the member says about itself.
    pub profile: Profile,
    /// Where the room is.
    pub address: Address,
    /// Where received files go.
    pub downloads: PathBuf,
    /// Whether every stream's frames are wanted as soon as it begins.
    pub watch_streams: bool,
    /// How frames are acknowledged.
    pub window: WindowMode,
}

impl JoinOptions {
    /// The simplest: someone called `name`, who wants every stream of the room at `address`.
    pub fn new(folders: Folders, name: &str, address: Address) -> JoinOptions {
        JoinOptions {
            profile: Profile {
                name: name.to_owned(),
                ..Profile::default()
            },
            address,
            downloads: folders.downloads().to_owned(),
            folders,
            watch_streams: true,
            window: WindowMode::Adaptive,
        }
    }
}

/// Joins a room. `confirmed` is expected instead of the identity that is pinned for the address.
pub(crate) async fn join(
    options: JoinOptions,
    confirmed: Option<Fingerprint>,
) -> Result<(OpenedRoom, Arc<Supervisor>), JoinError> {
    let network = |error: std::io::Error| JoinError::Network(Arc::new(error));
    let identity =
        Identity::load_or_create(&options.folders).map_err(|error| JoinError::Identity(Arc::new(error)))?;
    let known = KnownRooms::load(&options.folders)?;
    let pins = match confirmed {
        Some(identity) => Pins::only(identity, ""),
        None => Pins::at(&known, &options.address),
    };
    let client = tls::client_config(&identity).map_err(|error| network(std::io::Error::other(error)))?;
    let (control, inputs) = mpsc::channel(INPUT_QUEUE);
    let dialer = Dialer {
        address: options.address.clone(),
        tls: client,
    };
    let shared = Shared::new(
        control,
        options.window,
        options.downloads,
        &options.folders,
        Some(dialer),
    )
    .map_err(network)?;
    // Whatever ends this function early ends everything it began.
    let guard = shared.cancel.clone().drop_guard();
    let supervisor = Arc::new(Supervisor::new(shared.clone(), options.folders, pins));
    let video = Arc::new(video::Plane::new(shared.clone(), options.watch_streams));
    let files = FilePlane::new(shared.clone(), &options.address.to_string());
    let board = Arc::new(metrics::Board::default());
    let (outcome, mut outcomes) = mpsc::channel(64);
    let node = Node::member(&options.profile);
    let control = ControlLoop::new(
        node,
        shared.clone(),
        video.clone(),
        files.clone(),
        board.clone(),
        Some(outcome),
    );
    shared.spawn(control.run(inputs));
    let connecting = supervisor.clone();
    let connected = shared.spawn(async move {
        let outcome = connecting.connect_first(&mut outcomes).await;
        (outcome, outcomes)
    });
    let (outcome, outcomes) = connected.await.map_err(|error| network(error.into()))?;
    let (fingerprint, peer) = outcome?;
    let known = known.with_identity(fingerprint).cloned();
    supervisor.remember(&shared.admission().name, fingerprint, peer, known.as_ref());
    let fixed = Fixed {
        role: Role::Member,
        address: options.address.to_string(),
        reachable_at: Vec::new(),
        fingerprint,
        known,
        port: options.address.port(),
    };
    guard.disarm();
    shared.spawn(supervisor.clone().run(outcomes));
    let opened = OpenedRoom {
        shared,
        video,
        files,
        board,
        fixed,
    };
    Ok((opened, supervisor))
}
