//! What the planes of one room have in common.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use netcore_proto::session::Refusal;
use netcore_proto::video::{AckMode, WindowMode};
use netcore_proto::wire::{Attach, Attachment, ConnectionKind, Preface};
use netcore_proto::{MemberId, Node, Time};
use parking_lot::Mutex;
use rustls::ClientConfig;
use tokio::runtime::{EnterGuard, Handle};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::confine::confined_task;
use crate::control::input::Input;
use crate::event::{Admission, RoomEvent};
use crate::metrics::link_figures::LinkResult;
use crate::net::address::Address;
use crate::net::conditioner::Conditioner;
use crate::net::connection::Connection;
use crate::net::listen::Listening;
use crate::net::udp::Endpoint;
use crate::net::{dial, tcp};
use crate::peer::Peer;
use crate::store::folders::Folders;
use crate::store::known::Pins;
use crate::thread;

/// Events that a slow listener may be behind before it must take a snapshot instead.
const EVENT_QUEUE: usize = 4_096;
/// Results of frames that a slow listener may be behind.
const RESULT_QUEUE: usize = 16_384;

/// What every plane of a room needs.
pub(crate) struct Shared {
    pub(crate) events: broadcast::Sender<RoomEvent>,
    pub(crate) results: broadcast::Sender<LinkResult>,
    pub(crate) control: mpsc::Sender<Input>,
    pub(crate) window: WindowMode,
    /// What is done about lost fragments on links that begin from now on.
    pub(crate) acks: Mutex<AckMode>,
    /// Whether frames that are meant to go by UDP do so though nothing is answered.
    pub(crate) stays_on_udp: Arc<AtomicBool>,
    pub(crate) downloads: PathBuf,
    pub(crate) spool: PathBuf,
    /// Where a whole file goes that cannot be put where it belongs.
    pub(crate) unplaced: PathBuf,
    /// On a member: how to open further connections to the host.
    pub(crate) dialer: Option<Dialer>,
    /// What the present welcome says. It outlives the connection, as what is known of the room does.
    admission: Mutex<Admission>,
    /// Those we are directly connected with: on a host every member, on a member the host.
    pub(crate) peers: Mutex<HashMap<MemberId, Arc<Peer>>>,
    /// The datagram socket, until the room closes.
    pub(crate) endpoint: Mutex<Option<Arc<Endpoint>>>,
    /// On a host: the open port.
    pub(crate) listening: OnceLock<Arc<Listening>>,
    pub(crate) tasks: TaskTracker,
    /// The room's own thread, and the pool that opened the room.
    thread: Handle,
    pool: Handle,
    pub(crate) conditioner: Arc<Conditioner>,
    /// Cancelled when the room closes.
    pub(crate) cancel: CancellationToken,
}

/// How a member opens connections to its host.
pub(crate) struct Dialer {
    pub(crate) address: Address,
    pub(crate) tls: Arc<ClientConfig>,
}

/// Why a data connection could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Refused(Refusal),
}

impl Shared {
    /// What a room that begins has: a host opens its datagram socket next, a member when it connects.
    pub(crate) fn new(
        control: mpsc::Sender<Input>,
        window: WindowMode,
        downloads: PathBuf,
        folders: &Folders,
        dialer: Option<Dialer>,
    ) -> io::Result<Arc<Shared>> {
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let thread = thread::begin(cancel.clone(), tasks.clone())?;
        Ok(Arc::new(Shared {
            events: broadcast::Sender::new(EVENT_QUEUE),
            results: broadcast::Sender::new(RESULT_QUEUE),
            control,
            window,
            acks: Mutex::default(),
            stays_on_udp: Arc::default(),
            downloads,
            spool: folders.spool().to_owned(),
            unplaced: folders.unplaced().to_owned(),
            dialer,
            admission: Mutex::default(),
            peers: Mutex::default(),
            endpoint: Mutex::default(),
            listening: OnceLock::new(),
            tasks,
            thread,
            pool: Handle::current(),
            conditioner: Arc::default(),
            cancel,
        }))
    }

    /// Begins a task on the room's own thread, where nothing may take long.
    pub(crate) fn spawn<F: Future<Output: Send> + Send + 'static>(&self, task: F) -> JoinHandle<F::Output> {
        self.tasks.spawn_on(task, &self.thread)
    }

    /// Begins a task on the room's own thread that works for one peer: if it panics, that peer is disconnected.
    pub(crate) fn spawn_for(
        self: &Arc<Self>,
        peer: MemberId,
        what: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let shared = self.clone();
        self.spawn(async move {
            if confined_task(what, peer.0.into(), task).await.is_err() {
                shared.blame(peer);
            }
        });
    }

    /// Has a peer disconnected whose work panicked.
    pub(crate) fn blame(self: &Arc<Self>, peer: MemberId) {
        let control = self.control.clone();
        // A room that is over has disconnected everybody.
        self.spawn(async move {
            let _ = control.send(Input::Fault { peer }).await;
        });
    }

    /// Begins a task that moves a file.
    pub(crate) fn spawn_transfer<F: Future<Output: Send> + Send + 'static>(&self, task: F) {
        self.tasks.spawn_on(task, &self.pool);
    }

    /// While the returned guard lives, sockets that are made are served by the room's own thread.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.thread.enter()
    }

    /// Hands `act` to the control plane and returns what it returns; `None` when the room is over.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Node, Time) -> R + Send + 'static,
    ) -> Option<R> {
        let (reply, answer) = oneshot::channel();
        let act = Box::new(move |node: &mut Node, now| {
            // Who asked may have gone; what was asked is done all the same.
            let _ = reply.send(act(node, now));
        });
        self.control.send(Input::Act(act)).await.ok()?;
        answer.await.ok()
    }

    pub(crate) fn event(&self, event: RoomEvent) {
        // Nobody need be listening.
        let _ = self.events.send(event);
    }

    /// What the present welcome says, or the last one while there is no connection.
    pub(crate) fn admission(&self) -> Admission {
        self.admission.lock().clone()
    }

    /// We are in a room: on a host from its opening, on a member from each welcome.
    pub(crate) fn admit(&self, admission: Admission) {
        *self.admission.lock() = admission;
    }

    pub(crate) fn peer(&self, id: MemberId) -> Option<Arc<Peer>> {
        self.peers.lock().get(&id).cloned()
    }

    pub(crate) fn endpoint(&self) -> Option<Arc<Endpoint>> {
        self.endpoint.lock().clone()
    }

    /// On a member: opens a data connection to the host. Returns it and the offset the host answers with.
    pub(crate) async fn dial(&self, attachment: Attachment) -> Result<(Connection, u64), DialError> {
        let not_connected = || io::Error::from(io::ErrorKind::NotConnected);
        let dialer = self.dialer.as_ref().ok_or_else(not_connected)?;
        let host = self.peer(MemberId::HOST).ok_or_else(not_connected)?;
        let kind = match attachment {
            Attachment::File { .. } => ConnectionKind::File,
            Attachment::Video { .. } => ConnectionKind::Video,
        };
        // Where the control connection goes, and not wherever the name leads by now.
        let reached = dial::reach_again(&dialer.address, host.address).await;
        // Only the host that let us in, who is known by now.
        let pins = Arc::new(Pins::only(host.fingerprint, ""));
        let secured = tcp::secure_connected(
            reached.map_err(io::Error::other)?,
            &dialer.address,
            dialer.tls.clone(),
            self.conditioner.clone(),
            Preface { kind },
            pins,
        )
        .await;
        let mut secured = secured.map_err(io::Error::other)?;
        let attach = Attach {
            member: host.member,
            token: host.token,
            attachment,
        };
        match tcp::attach(&mut secured.connection, &attach).await? {
            Ok(offset) => Ok((secured.connection, offset)),
            Err(refusal) => Err(DialError::Refused(refusal)),
        }
    }
}
