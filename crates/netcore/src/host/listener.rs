//! Where connections come in: each is accepted, and handed to its plane by what it says it is for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use netcore_proto::session::{Refusal, RefusalCode};
use netcore_proto::wire::{AttachReply, AttachToken, Attachment, ConnectionKind};
use netcore_proto::{ConnId, PeerInfo, Span, Time};
use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::confine::{Panicked, confined_task};
use crate::control::input::Input;
use crate::control::start_connection;
use crate::files::FilePlane;
use crate::net::connection::Connection;
use crate::net::{descriptors, tcp};
use crate::shared::Shared;
use crate::{clock, video};

/// Connections whose beginning is being listened to at a time; more wait in the system's queue.
const MAX_BEGINNING: usize = 64;

/// Connections that are refused at a time because there is no descriptor for them; further ones are closed without a word.
const MAX_TURNED_AWAY: usize = 8;
/// How long that may take: while it does, one of the last descriptors is in use.
const TURNING_AWAY_TIMEOUT: Duration = Duration::from_secs(2);
/// How often at most the host is warned that connections are turned away.
const WARNING_INTERVAL: Span = Span::from_secs(60);

/// Where connections come in.
pub(super) struct Listener {
    server: Arc<ServerConfig>,
    shared: Arc<Shared>,
    video: Arc<video::Plane>,
    files: Arc<FilePlane>,
    next_conn: AtomicU64,
    beginning: Arc<Semaphore>,
    turning_away: Arc<Semaphore>,
    /// When the host was last warned that connections are turned away.
    last_warned: Mutex<Option<Time>>,
}

impl Listener {
    pub(super) fn new(
        server: Arc<ServerConfig>,
        shared: Arc<Shared>,
        video: Arc<video::Plane>,
        files: Arc<FilePlane>,
    ) -> Listener {
        Listener {
            server,
            shared,
            video,
            files,
            next_conn: AtomicU64::new(1),
            beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
            turning_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
            last_warned: Mutex::default(),
        }
    }

    /// Accepts connections until the room is over, or what is returned is cancelled.
    pub(super) fn begin_to_accept(self: &Arc<Self>, listener: std::net::TcpListener) -> CancellationToken {
        let cancel = self.shared.cancel.child_token();
        let listener = {
            let _sockets_here = self.shared.enter();
            TcpListener::from_std(listener)
        };
        match listener {
            Ok(listener) => drop(self.shared.spawn(self.clone().accept(listener, cancel.clone()))),
            Err(error) => tracing::warn!(%error, "a listener cannot be waited for"),
        }
        cancel
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, cancel: CancellationToken) {
        loop {
            let accepted = async {
                // A connection that comes while too many are beginning waits in the system's queue.
                let permit = self.beginning.clone().acquire_owned().await;
                (listener.accept().await, permit)
            };
            let accepted = tokio::select! {
                () = cancel.cancelled() => return,
                accepted = accepted => accepted,
            };
            match accepted {
                (Ok((stream, peer)), Ok(permit)) if descriptors::is_reserved(&stream) => {
                    drop(permit);
                    self.turn_away(stream, peer);
                }
                (Ok((stream, peer)), Ok(permit)) => {
                    let this = self.clone();
                    self.shared.spawn(async move {
                        tokio::select! {
                            () = this.shared.cancel.cancelled() => {}
                            outcome = this.handle(stream, peer, permit) => not_served(peer, outcome),
                        }
                    });
                }
                (_, Err(_)) => return,
                (Err(error), _) => {
                    // Too many open files, most likely. Those already connected are served; new ones wait.
                    self.warn(&error.to_string());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Refuses one for which there is no descriptor, if not too many are being refused.
    fn turn_away(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let limit = descriptors::limit().unwrap_or_default();
        let words = format!("the host's system lets it have no more than {limit} files and connections open");
        self.warn(&words);
        let Ok(permit) = self.turning_away.clone().try_acquire_owned() else {
            return;
        };
        let this = self.clone();
        let turn_away = async move {
            let _permit = permit;
            let (config, conditioner) = (this.server.clone(), this.shared.conditioner.clone());
            let mut secured = tcp::secure_accepted(stream, peer, config, conditioner).await?;
            tcp::turn_away(&mut secured.connection, Refusal::new(RefusalCode::Busy, words)).await
        };
        let cancel = self.shared.cancel.clone();
        self.shared.spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                outcome = turn_away => not_served(peer, outcome),
                () = tokio::time::sleep(TURNING_AWAY_TIMEOUT) => {}
            }
        });
    }

    /// Says on the host's screen why connections are not taken, and not for each of them.
    fn warn(&self, why: &str) {
        let now = clock::now();
        let mut last = self.last_warned.lock();
        if last.is_none_or(|last| now >= last + WARNING_INTERVAL) {
            *last = Some(now);
            tracing::warn!(target: "roomwire::step", code = "connections_failed", why,
                "connections are turned away: {why}");
        }
    }

    /// Serves one connection. `permit` is held until it is known what the connection is for, or who said hello on it.
    async fn handle(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<()> {
        let mut secured =
            tcp::secure_accepted(stream, peer, self.server.clone(), self.shared.conditioner.clone()).await?;
        let preface = tcp::read_preface(&mut secured.connection).await?;
        match preface.kind {
            ConnectionKind::Control => self.control(secured, permit).await,
            ConnectionKind::Video => {
                let attach = tcp::read_attach(&mut secured.connection).await?;
                drop(permit);
                self.data(secured, attach).await
            }
            ConnectionKind::File => {
                let attach = tcp::read_attach(&mut secured.connection).await?;
                drop(permit);
                let this = self.clone();
                self.shared.spawn_transfer(async move {
                    tokio::select! {
                        () = this.shared.cancel.cancelled() => {}
                        outcome = this.data(secured, attach) => not_served(peer, outcome),
                    }
                });
                Ok(())
            }
        }
    }

    async fn control(&self, secured: tcp::Secured, permit: OwnedSemaphorePermit) -> io::Result<()> {
        let mut token = AttachToken([0; 16]);
        getrandom::fill(&mut token.0).map_err(io::Error::other)?;
        tracing::info!(target: "roomwire::step", code = "connected", peer = %secured.peer,
            "TLS 1.3 with {}, identity {:.12}…", secured.peer, secured.fingerprint.to_string());
        let peer = PeerInfo {
            fingerprint: secured.fingerprint,
            address: secured.peer,
            token,
        };
        let conn = ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed));
        let connection = start_connection(conn, secured.connection, &self.shared);
        let _ = self
            .shared
            .control
            .send(Input::Connected {
                connection,
                peer,
                keys: secured.keys,
                beginning: Some(permit),
            })
            .await;
        Ok(())
    }

    async fn data(&self, mut secured: tcp::Secured, attach: netcore_proto::wire::Attach) -> io::Result<()> {
        let peer = self.shared.peer(attach.member).filter(|peer| {
            // One that holds the member's key need not guess at the token bit by bit.
            peer.fingerprint == secured.fingerprint && peer.token == attach.token
        });
        let Some(peer) = peer else {
            let refusal = Refusal::new(
                RefusalCode::NotAMember,
                "only members of the room may ask for this",
            );
            return refuse(&mut secured.connection, refusal).await;
        };
        let Ok(_permit) = peer.data_connections.try_acquire() else {
            let refusal = Refusal::new(
                RefusalCode::Limit,
                "you have too many transfers and streams open at a time",
            );
            return refuse(&mut secured.connection, refusal).await;
        };
        let serve = async {
            match attach.attachment {
                Attachment::Video { stream, direction } => match self.video.serve(&peer, stream, direction) {
                    Ok(served) => {
                        ready(&mut secured.connection, 0).await?;
                        served.run(secured.connection).await
                    }
                    Err(refusal) => refuse(&mut secured.connection, refusal).await,
                },
                Attachment::File {
                    file,
                    direction,
                    offset,
                } => match self.files.serve(&peer, file, direction, offset).await {
                    Ok(served) => {
                        ready(&mut secured.connection, served.offset()).await?;
                        served.run(secured.connection).await
                    }
                    Err(refusal) => refuse(&mut secured.connection, refusal).await,
                },
            }
        };
        let of = peer.id;
        tokio::select! {
            () = peer.cancel.cancelled() => Ok(()),
            outcome = confined_task("data connection", of.0.into(), serve) => outcome.unwrap_or_else(|Panicked| {
                self.shared.blame(of);
                Ok(())
            }),
        }
    }
}

fn not_served(peer: SocketAddr, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection was not served");
    }
}

async fn ready(connection: &mut Connection, offset: u64) -> io::Result<()> {
    tcp::write_message(connection, &AttachReply::Ready { offset }).await
}

async fn refuse(connection: &mut Connection, refusal: Refusal) -> io::Result<()> {
    tcp::write_message(connection, &AttachReply::Refused(refusal)).await?;
    tokio::io::AsyncWriteExt::shutdown(connection).await
}
