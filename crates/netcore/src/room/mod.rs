//! A room as its user holds it: commands in, events out. It does not matter to most of them who hosts.

mod measurements;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use netcore_proto::files::FileInfo;
use netcore_proto::session::{Fingerprint, Profile};
use netcore_proto::video::{AckMode, StreamDescription, StreamInfo};
use netcore_proto::{CommandError, FileId, FrameNumber, MemberId, Node, StreamId, Time};
use netem::{Conditions, PathCounts};
use tokio::sync::{broadcast, oneshot};

use crate::chat::Said;
use crate::control::input::Input;
use crate::error::{FileError, JoinError, OpenError, VideoError};
use crate::event::{Admission, Fixed, LinkState, Role, RoomEvent, RoomInfo, Snapshot};
use crate::files::FilePlane;
use crate::files::view::TransferView;
use crate::host::HostOptions;
use crate::member::{JoinOptions, Supervisor};
use crate::metrics::Board;
use crate::net::cards::ReachableAt;
use crate::opened_room::OpenedRoom;
use crate::shared::Shared;
use crate::video::{FrameReceiver, Plane, Publisher};

/// How long leaving waits for the room's tasks.
const CLOSING: Duration = Duration::from_secs(3);

/// A room we host or are in. Clones are handles on the same room.
#[derive(Clone)]
pub struct Room {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    video: Arc<Plane>,
    files: Arc<FilePlane>,
    board: Arc<Board>,
    fixed: Fixed,
    supervisor: Option<Arc<Supervisor>>,
}

impl Room {
    /// Opens a room on this computer.
    ///
    /// # Errors
    /// [`OpenError`], in words for people.
    pub async fn host(options: HostOptions) -> Result<Room, OpenError> {
        crate::host::open(options)
            .await
            .map(|opened| Room::new(opened, None))
    }

    /// Joins a room; returns when it has let us in.
    ///
    /// # Errors
    /// [`JoinError`], in words for people.
    pub async fn join(options: JoinOptions) -> Result<Room, JoinError> {
        let (opened, supervisor) = crate::member::join(options, None).await?;
        Ok(Room::new(opened, Some(supervisor)))
    }

    /// Joins a room whose identity a person has compared with the host's own words: `identity` takes the place of the one that
    /// was pinned for the address, once the host has let us in.
    ///
    /// # Errors
    /// As [`join`](Room::join); nothing of what was pinned changes then.
    pub async fn join_confirmed(options: JoinOptions, identity: Fingerprint) -> Result<Room, JoinError> {
        let (opened, supervisor) = crate::member::join(options, Some(identity)).await?;
        Ok(Room::new(opened, Some(supervisor)))
    }

    fn new(opened: OpenedRoom, supervisor: Option<Arc<Supervisor>>) -> Room {
        let OpenedRoom {
            shared,
            video,
            files,
            board,
            fixed,
        } = opened;
        Room {
            inner: Arc::new(Inner {
                shared,
                video,
                files,
                board,
                fixed,
                supervisor,
            }),
        }
    }

    /// What is known of the room itself now.
    pub fn info(&self) -> RoomInfo {
        let Fixed {
            role,
            mut address,
            mut reachable_at,
            fingerprint,
            known,
            port,
        } = self.inner.fixed.clone();
        if let Some(listening) = self.inner.shared.listening.get() {
            let reached = listening.latest();
            address = reached.first(port);
            reachable_at = reached.shown;
        }
        let Admission { room, name, me } = self.inner.shared.admission();
        RoomInfo {
            role,
            name,
            room,
            address,
            reachable_at,
            fingerprint,
            known,
            me,
            port,
        }
    }

    /// On a host: where others reach it at this moment, the likeliest address first. Nothing on a member.
    pub fn addresses(&self) -> Vec<ReachableAt> {
        let listening = self.inner.shared.listening.get();
        let reached = listening.and_then(|listening| listening.reached().ok());
        reached.map(|reached| reached.shown).unwrap_or_default()
    }

    /// What happens from now on. A listener that falls behind is notified and should take a [`snapshot`](Room::snapshot).
    pub fn events(&self) -> broadcast::Receiver<RoomEvent> {
        self.inner.shared.events.subscribe()
    }

    /// Everything there is to know at this moment; after the room is over, what needs no asking.
    pub async fn snapshot(&self) -> Snapshot {
        let room = self.clone();
        let asked = self.inner.shared.call(move |node, _| room.snapshot_of(node));
        let asked = asked.await;
        asked.unwrap_or_else(|| Snapshot::nothing(self.info(), self.link()))
    }

    /// Taken where welcomes are: our number and what is filtered by it belong to one room.
    fn snapshot_of(&self, node: &Node) -> Snapshot {
        let Inner { video, files, .. } = &*self.inner;
        let info = self.info();
        let offered = node.files().into_iter().filter(|file| file.is_for(info.me));
        let carried = |stream: &StreamInfo| match video.stream(stream.id) {
            Some(live) => live.as_carried(stream.clone()),
            None => stream.clone(),
        };
        Snapshot {
            link: self.link(),
            people: node.people().into_iter().cloned().collect(),
            chat: node.chat().entries().cloned().collect(),
            files: offered.map(|file| (file.clone(), files.view(file.id))).collect(),
            streams: node.streams().into_iter().map(carried).collect(),
            is_up_to_date: node.is_up_to_date(),
            info,
        }
    }

    /// How the connection is.
    pub fn link(&self) -> LinkState {
        self.inner
            .supervisor
            .as_ref()
            .map_or(LinkState::Up, |supervisor| supervisor.link.lock().clone())
    }

    /// Why the room is over for us, once it is and it was not our own doing: for one who listens too late to
    /// have heard [`RoomEvent::Closed`].
    pub fn lost_because(&self) -> Option<JoinError> {
        let supervisor = self.inner.supervisor.as_ref()?;
        supervisor.over.lock().clone()
    }

    /// Leaves the room, or closes it for everybody. Returns when every goodbye is sent and the port is free again. Doing it
    /// twice does no harm.
    pub async fn close(&self) {
        let shared = &self.inner.shared;
        if !shared.cancel.is_cancelled() {
            let (answer, done) = oneshot::channel();
            if shared.control.send(Input::Leave(answer)).await.is_ok() {
                let _ = tokio::time::timeout(CLOSING, done).await;
            }
            shared.event(RoomEvent::Closed(None));
        }
        shared.cancel.cancel();
        self.inner.video.close();
        shared.peers.lock().clear();
        shared.endpoint.lock().take();
        shared.tasks.close();
        if tokio::time::timeout(CLOSING, shared.tasks.wait()).await.is_err() {
            tracing::warn!("some of the room's tasks did not end in time");
        }
    }

    /// Changes what we say about ourselves.
    pub async fn set_profile(&self, profile: Profile) {
        self.inner
            .shared
            .call(move |node, _| node.set_profile(&profile))
            .await;
    }

    /// Tries to come back at once instead of after the pause.
    pub fn reconnect_now(&self) {
        if let Some(supervisor) = &self.inner.supervisor {
            supervisor.retry_now.notify_one();
        }
    }

    /// Says something to everybody. A member's words wait while the connection is lost.
    ///
    /// # Errors
    /// [`CommandError`]: nothing to send, too long, too much waiting already.
    pub async fn say(&self, text: &str) -> Result<Said, CommandError> {
        crate::chat::say(&self.inner.shared, text).await
    }

    /// Offers a file to some, or with an empty list to everybody. Its bytes are sent by themselves.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn offer_file(&self, path: &Path, to: Vec<MemberId>) -> Result<FileInfo, FileError> {
        self.inner.files.offer(path, to).await
    }

    /// Accepts a file on offer into `folder`, or into the downloads; a failed or paused fetch goes on.
    ///
    /// # Errors
    /// [`FileError::Gone`]. What happens later is notified by [`RoomEvent::Transfer`].
    pub async fn fetch_file(&self, file: FileId, folder: Option<&Path>) -> Result<(), FileError> {
        let folder = folder.unwrap_or(&self.inner.shared.downloads);
        self.inner.files.fetch(file, folder).await
    }

    /// Stops a transfer of ours for a while; what has come is kept.
    pub fn pause_file(&self, file: FileId) {
        self.inner.files.pause(file);
    }

    /// Goes on with a paused or failed transfer.
    pub fn resume_file(&self, file: FileId) {
        self.inner.files.resume(file);
    }

    /// Stops fetching a file; takes it back when it is ours. A host may take back anybody's.
    pub async fn cancel_file(&self, file: FileId) {
        self.inner.files.cancel(file).await;
    }

    /// How far our transfer of a file is, if there is one.
    pub fn transfer(&self, file: FileId) -> Option<TransferView> {
        self.inner.files.view(file)
    }

    /// On links that begin from now on, frames that we send are acknowledged like this.
    pub fn set_acks(&self, acks: AckMode) {
        *self.inner.shared.acks.lock() = acks;
    }

    /// From now on frames that we send over UDP stay on UDP, though nothing answers them; `false`: they go over TCP after two
    /// seconds without an answer, until datagrams are answered again.
    pub fn stay_on_udp(&self, stays: bool) {
        let shared = &self.inner.shared;
        shared.stays_on_udp.store(stays, Ordering::Relaxed);
        for peer in shared.peers.lock().values() {
            peer.association.follow();
        }
    }

    /// Begins a stream of our own.
    ///
    /// # Errors
    /// [`VideoError`].
    pub async fn publish(&self, spec: StreamDescription) -> Result<Publisher, VideoError> {
        Publisher::start(self.inner.video.clone(), spec).await
    }

    /// On a member: begins or ceases to receive a stream's frames. A host has them all.
    ///
    /// # Errors
    /// [`VideoError`].
    pub async fn watch(&self, stream: StreamId, on: bool) -> Result<(), VideoError> {
        if self.inner.fixed.role == Role::Host {
            return Ok(());
        }
        if self.inner.video.stream(stream).is_none() {
            return Err(VideoError::Gone(stream));
        }
        match self
            .inner
            .shared
            .call(move |node, _| node.watch(stream, on))
            .await
        {
            Some(Ok(())) => {
                self.inner.video.set_watching(stream, on);
                Ok(())
            }
            _ => Err(VideoError::NotConnected),
        }
    }

    /// Whether a stream's frames come here.
    pub fn is_watched(&self, stream: StreamId) -> bool {
        let stream = self.inner.video.stream(stream);
        let is_host = self.inner.fixed.role == Role::Host;
        stream.is_some_and(|stream| is_host || stream.inbound().is_none_or(|inbound| inbound.is_watched()))
    }

    /// A live stream's frames as they are here, our own included; `None` when there is no such stream.
    pub fn frames(&self, stream: StreamId) -> Option<FrameReceiver> {
        self.inner.video.stream(stream).map(|stream| stream.watch())
    }

    /// Makes this room's network on this computer worse on purpose, in both directions, for every connection and datagram,
    /// from now on; `None` makes it what it is. Equal `seed`s draw equal chances.
    pub fn set_conditions(&self, conditions: Option<Conditions>, seed: u64) {
        match &conditions {
            Some(conditions) => tracing::info!(target: "roomwire::step", code = "conditioned", %conditions,
                "the network is made worse on purpose: {conditions}"),
            None => {
                tracing::info!(target: "roomwire::step", code = "unconditioned", "the network is what it is");
            }
        }
        self.inner.shared.conditioner.set(conditions, seed);
    }

    /// What the network is made like on purpose, and what has become of packets out and in since.
    pub fn conditions(&self) -> Option<(Conditions, [PathCounts; 2])> {
        let conditioner = &self.inner.shared.conditioner;
        conditioner.conditions().zip(conditioner.counts())
    }

    /// A window has drawn a frame of a stream: it took the JPEG apart at `decoded` and had drawn it at `drawn`, both on our
    /// clock.
    pub fn drawn(&self, stream: StreamId, frame: FrameNumber, decoded: Time, drawn: Time) {
        if let Some(stream) = self.inner.video.stream(stream) {
            stream.hub().handle_drawn(frame, decoded, drawn);
        }
    }
}

#[cfg(test)]
impl Room {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without a handle nobody can leave properly any more; the tasks at least must not go on.
        self.shared.cancel.cancel();
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("info", &self.info()).finish()
    }
}
