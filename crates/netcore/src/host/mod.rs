//! Server mode: a room is opened, and its port with it.

mod listener;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::session::Profile;
use netcore_proto::video::WindowMode;
use netcore_proto::{HostConfig, MemberId, Node};
use tokio::sync::mpsc;

use self::listener::Listener;
use crate::control::ControlLoop;
use crate::control::input::INPUT_QUEUE;
use crate::error::OpenError;
use crate::event::{Admission, Fixed, Role};
use crate::files::FilePlane;
use crate::net::follow::follow;
use crate::net::listen::{Choice, ListenOn, Listening};
use crate::net::udp::Endpoint;
use crate::net::{cards, descriptors, tls};
use crate::opened_room::OpenedRoom;
use crate::shared::Shared;
use crate::store::folders::Folders;
use crate::store::identity::Identity;
use crate::{clock, metrics, video};

/// What a host must say to open a room.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// The profile's folders.
    pub folders: Folders,
    /// What the host says about itself.
    pub profile: Profile,
    /// The room's name.
    pub room_name: String,
    /// For TCP and UDP; zero for any free one.
    pub port: u16,
    /// Where received files go.
    pub downloads: PathBuf,
    /// Whether only this computer can join.
    pub loopback_only: bool,
    /// The addresses and network cards that are listened on and shown; with none, all of them. `loopback_only` goes before.
    pub listen: Vec<ListenOn>,
    /// How frames are acknowledged.
    pub window: WindowMode,
}

impl HostOptions {
    /// The simplest: the room of someone called `name`, on any free port of every address.
    pub fn new(folders: Folders, name: &str) -> HostOptions {
        HostOptions {
            profile: Profile {
                name: name.to_owned(),
                ..Profile::default()
            },
            room_name: name.to_owned(),
            port: 0,
            downloads: folders.downloads().to_owned(),
            folders,
            loopback_only: false,
            listen: Vec::new(),
            window: WindowMode::Adaptive,
        }
    }
}

/// Opens a room.
pub(crate) async fn open(options: HostOptions) -> Result<OpenedRoom, OpenError> {
    let identity = Identity::load_or_create(&options.folders)?;
    let server = tls::server_config(&identity).map_err(io::Error::other)?;
    descriptors::raise_limit();
    let choice = match options.listen {
        _ if options.loopback_only => Choice::Loopback,
        all if all.is_empty() => Choice::Everywhere,
        these => Choice::These(these),
    };
    let sockets = choice
        .open(options.port)
        .map_err(|error| cannot_open(error, options.port, &choice))?;
    let port = sockets.port;
    let (control, inputs) = mpsc::channel(INPUT_QUEUE);
    let shared = Shared::new(control, options.window, options.downloads, &options.folders, None)?;
    // Whatever ends this function early ends everything it began.
    let guard = shared.cancel.clone().drop_guard();
    let endpoint = {
        let _sockets_here = shared.enter();
        Endpoint::new(sockets.datagrams, shared.conditioner.clone())?
    };
    *shared.endpoint.lock() = Some(endpoint.clone());
    let listening = Arc::new(Listening::new(port, choice));
    let reached = listening.latest();
    if sockets.takes_too_much {
        endpoint.set_allowed(reached.numbers());
    }
    // Nobody else sets it.
    let _ = shared.listening.set(listening.clone());
    let room_name = Profile {
        name: options.room_name,
        ..Profile::default()
    }
    .sanitized()
    .name;
    let room = random_number()?;
    shared.admit(Admission {
        room,
        name: room_name.clone(),
        me: MemberId::HOST,
    });
    let config = HostConfig {
        room_name,
        room,
        profile: options.profile,
        identity: identity.fingerprint(),
        address: reached.first_number(port),
        epoch_unix_ms: clock::epoch_unix_ms(),
    };
    let video = Arc::new(video::Plane::new(shared.clone(), true));
    let files = FilePlane::new(shared.clone(), &reached.first(port));
    let board = Arc::new(metrics::Board::default());
    let node = Node::host(config, clock::now());
    let control = ControlLoop::new(
        node,
        shared.clone(),
        video.clone(),
        files.clone(),
        board.clone(),
        None,
    );
    shared.spawn(control.run(inputs));
    shared.spawn(endpoint.run(shared.cancel.clone()));
    let listener = Arc::new(Listener::new(
        server,
        shared.clone(),
        video.clone(),
        files.clone(),
    ));
    let accept = move |socket| listener.begin_to_accept(socket);
    let listeners = sockets.listeners.into_iter();
    let open = listeners.map(|(ip, socket)| (ip, accept(socket))).collect();
    shared.spawn(follow(listening, shared.clone(), open, accept));
    tracing::info!(target: "roomwire::step", code = "listening", port, "listening on port {port} for TCP and UDP");
    let fixed = Fixed {
        role: Role::Host,
        address: reached.first(port),
        reachable_at: reached.shown,
        fingerprint: identity.fingerprint(),
        known: None,
        port,
    };
    guard.disarm();
    Ok(OpenedRoom {
        shared,
        video,
        files,
        board,
        fixed,
    })
}

fn cannot_open(error: io::Error, port: u16, choice: &Choice) -> OpenError {
    match (error.kind(), choice) {
        (io::ErrorKind::AddrInUse, _) => OpenError::PortInUse { port },
        // Windows says so of a port that another program has for itself alone; none is an administrator's there.
        (io::ErrorKind::PermissionDenied, _) if cfg!(windows) => OpenError::PortInUse { port },
        (io::ErrorKind::PermissionDenied, _) => OpenError::PortForbidden { port },
        (io::ErrorKind::AddrNotAvailable, Choice::These(these)) => OpenError::NoSuchAddress {
            wanted: these.clone(),
            present: cards::present_cards()
                .unwrap_or_default()
                .iter()
                .map(ToString::to_string)
                .collect(),
        },
        _ => OpenError::Other(error),
    }
}

fn random_number() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    // Fifty-three bits, so that every JSON reader keeps it exact.
    Ok(u64::from_be_bytes(bytes) >> 11)
}
