//! Server mode: opening a port, taking connections, handing each to its plane.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netcore_proto::session::{Profile, Refusal, RefusalCode};
use netcore_proto::video::WindowMode;
use netcore_proto::wire::{AttachReply, AttachToken, Attachment, ConnectionKind};
use netcore_proto::{ConnId, HostConfig, MemberId, Node, Peer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsStream;

use crate::address::reachable_at;
use crate::control::{Connection, ControlLoop, INPUT_QUEUE, Input};
use crate::error::OpenError;
use crate::files::FilePlane;
use crate::folders::Folders;
use crate::identity::Identity;
use crate::lock::lock;
use crate::room::{Role, Room, RoomInfo};
use crate::shared::Shared;
use crate::tcp::Secure;
use crate::tls::DatagramKeys;
use crate::udp::Endpoint;
use crate::{clock, disk, metrics, tcp, tls, video};

/// Connections whose beginning is being listened to at a time; more wait in the system's queue.
const MAX_BEGINNING: usize = 64;

/// What a host must say to open a room.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// The profile's folders.
    pub folders: Folders,
    /// What the host tells about itself.
    pub profile: Profile,
    /// The room's name.
    pub room_name: String,
    /// For TCP and UDP; zero for any free one.
    pub port: u16,
    /// Where received files go.
    pub downloads: PathBuf,
    /// Whether only this computer can join.
    pub loopback_only: bool,
    /// How frames are acknowledged.
    pub window: WindowMode,
}

pub(crate) async fn open(options: HostOptions) -> Result<Room, OpenError> {
    let identity = Identity::load_or_create(&options.folders)?;
    disk::sweep(options.folders.spool());
    let server = tls::server_config(&identity).map_err(io::Error::other)?;
    let (listener, datagrams) =
        tcp::open_port(options.port, options.loopback_only).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => OpenError::PortInUse { port: options.port },
            io::ErrorKind::PermissionDenied => OpenError::PortForbidden { port: options.port },
            _ => OpenError::Other(error),
        })?;
    let port = listener.local_addr()?.port();
    let (control, inputs) = mpsc::channel(INPUT_QUEUE);
    let shared = Shared::new(control, options.window, options.downloads, &options.folders, None)?;
    // Whatever ends this function early ends everything it began.
    let guard = shared.cancel.clone().drop_guard();
    let (listener, endpoint) = {
        let _sockets_here = shared.enter();
        (
            TcpListener::from_std(listener)?,
            Endpoint::new(datagrams, shared.conditioner.clone())?,
        )
    };
    *lock(&shared.endpoint) = Some(endpoint.clone());
    let mut reachable = reachable_at(port);
    // A room for this computer only is on the IPv4 loopback address only.
    reachable.retain(|at| !options.loopback_only || at.address.starts_with("127."));
    let address = reachable
        .first()
        .map_or_else(|| format!("127.0.0.1:{port}"), |at| at.address.clone());
    let shown: SocketAddr = address
        .parse()
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], port)));
    let room_name = Profile {
        name: options.room_name,
        ..Profile::default()
    }
    .tidied()
    .name;
    let config = HostConfig {
        room_name: room_name.clone(),
        room: random_number()?,
        profile: options.profile,
        identity: identity.fingerprint(),
        address: shown,
        epoch_unix_ms: clock::epoch_unix_ms(),
    };
    let video = Arc::new(video::Plane::new(shared.clone(), true));
    let files = FilePlane::new(shared.clone());
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
    let door = Door {
        server,
        shared: shared.clone(),
        video: video.clone(),
        files: files.clone(),
        next_conn: AtomicU64::new(1),
        beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
    };
    shared.spawn(Arc::new(door).accept(listener));
    tracing::info!(target: "roomwire::step", code = "listening", port, "listening on port {port} for TCP and UDP");
    let info = RoomInfo {
        role: Role::Host,
        name: room_name,
        address,
        reachable_at: reachable,
        fingerprint: identity.fingerprint(),
        me: MemberId::HOST,
        port,
    };
    guard.disarm();
    Ok(Room::new(shared, video, files, board, info, None))
}

/// Where connections come in.
struct Door {
    server: Arc<ServerConfig>,
    shared: Arc<Shared>,
    video: Arc<video::Plane>,
    files: Arc<FilePlane>,
    next_conn: AtomicU64,
    beginning: Arc<Semaphore>,
}

impl Door {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = async {
                // Whoever comes while too many are beginning waits in the system's queue.
                let permit = self.beginning.clone().acquire_owned().await;
                (listener.accept().await, permit)
            };
            let accepted = tokio::select! {
                () = self.shared.cancel.cancelled() => return,
                accepted = accepted => accepted,
            };
            match accepted {
                (Ok((stream, peer)), Ok(permit)) => {
                    let door = self.clone();
                    self.shared.spawn(async move {
                        tokio::select! {
                            () = door.shared.cancel.cancelled() => {}
                            outcome = door.handle(stream, peer, permit) => not_served(peer, outcome),
                        }
                    });
                }
                (_, Err(_)) => return,
                (Err(error), _) => {
                    // Too many open files, most likely. Those already connected are served; new ones wait.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Serves one connection. `permit` is held until it is known what the connection is for.
    async fn handle(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<()> {
        let mut secured =
            tcp::secure_accepted(stream, peer, self.server.clone(), self.shared.conditioner.clone()).await?;
        let preface = tcp::read_preface(&mut secured.stream).await?;
        match preface.kind {
            ConnectionKind::Control => {
                drop(permit);
                self.control(secured).await
            }
            ConnectionKind::Video => {
                let attach = tcp::read_attach(&mut secured.stream).await?;
                drop(permit);
                self.data(secured, attach).await
            }
            ConnectionKind::File => {
                let attach = tcp::read_attach(&mut secured.stream).await?;
                drop(permit);
                let door = self.clone();
                self.shared.spawn_transfer(async move {
                    tokio::select! {
                        () = door.shared.cancel.cancelled() => {}
                        outcome = door.data(secured, attach) => not_served(peer, outcome),
                    }
                });
                Ok(())
            }
        }
    }

    async fn control(&self, secured: tcp::Secured) -> io::Result<()> {
        let keys = export(&secured.stream)?;
        let mut token = AttachToken([0; 16]);
        getrandom::fill(&mut token.0).map_err(io::Error::other)?;
        tracing::info!(target: "roomwire::step", code = "connected", peer = %secured.peer,
            "TLS 1.3 with {}, identity {:.12}…", secured.peer, secured.fingerprint.to_string());
        let peer = Peer {
            fingerprint: secured.fingerprint,
            address: secured.peer,
            token,
        };
        let conn = ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed));
        let connection = Connection::start(conn, secured.stream, &self.shared);
        let _ = self
            .shared
            .control
            .send(Input::Connected {
                connection,
                peer,
                keys,
            })
            .await;
        Ok(())
    }

    async fn data(&self, mut secured: tcp::Secured, attach: netcore_proto::wire::Attach) -> io::Result<()> {
        let neighbour = self.shared.neighbour(attach.member).filter(|neighbour| {
            // Whoever holds the member's key need not guess at the token bit by bit.
            neighbour.fingerprint == secured.fingerprint && neighbour.token == attach.token
        });
        let Some(neighbour) = neighbour else {
            let refusal = Refusal::new(
                RefusalCode::NotAMember,
                "only members of the room may ask for this",
            );
            return refuse(&mut secured.stream, refusal).await;
        };
        let Ok(_permit) = neighbour.data_connections.try_acquire() else {
            let refusal = Refusal::new(
                RefusalCode::Limit,
                "you have too many transfers and streams open at a time",
            );
            return refuse(&mut secured.stream, refusal).await;
        };
        let serve = async {
            match attach.attachment {
                Attachment::Video { stream, direction } => {
                    match self.video.serve(&neighbour, stream, direction) {
                        Ok(served) => {
                            ready(&mut secured.stream, 0).await?;
                            served.run(secured.stream).await
                        }
                        Err(refusal) => refuse(&mut secured.stream, refusal).await,
                    }
                }
                Attachment::File {
                    file,
                    direction,
                    offset,
                } => match self.files.serve(&neighbour, file, direction, offset).await {
                    Ok(served) => {
                        ready(&mut secured.stream, served.offset()).await?;
                        served.run(secured.stream).await
                    }
                    Err(refusal) => refuse(&mut secured.stream, refusal).await,
                },
            }
        };
        tokio::select! {
            () = neighbour.cancel.cancelled() => Ok(()),
            outcome = serve => outcome,
        }
    }
}

fn not_served(peer: SocketAddr, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection was not served");
    }
}

async fn ready(stream: &mut Secure, offset: u64) -> io::Result<()> {
    tcp::write_message(stream, &AttachReply::Ready { offset }).await
}

async fn refuse(stream: &mut Secure, refusal: Refusal) -> io::Result<()> {
    tcp::write_message(stream, &AttachReply::Refused(refusal)).await?;
    tokio::io::AsyncWriteExt::shutdown(stream).await
}

/// The datagram keys of either side of a connection.
pub(crate) fn export(stream: &Secure) -> io::Result<DatagramKeys> {
    let keys = match stream {
        TlsStream::Client(stream) => DatagramKeys::export(stream.get_ref().1),
        TlsStream::Server(stream) => DatagramKeys::export(stream.get_ref().1),
    };
    keys.map_err(io::Error::other)
}

fn random_number() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    // Fifty-three bits, so that every JSON reader keeps it exact.
    Ok(u64::from_be_bytes(bytes) >> 11)
}
