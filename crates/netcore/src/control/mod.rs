//! The control plane: one short loop per room around the pure [`Node`]. Facts come in through one bounded channel; outputs go
//! to the connections' own bounded queues and to the data planes, in the order the node gives them.

mod connection;
pub(crate) mod input;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use netcore_proto::session::{self, Refusal, RefusalCode};
use netcore_proto::{ConnId, Event, MemberId, Node, Output};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

pub(crate) use connection::start as start_connection;
use connection::{GOODBYE, MESSAGE_OVERHEAD};
use input::{ControlConnection, Input, Queued};

use crate::confine::{Panicked, confined};
use crate::event::{Admission, RoomEvent};
use crate::files::FilePlane;
use crate::net::tls::DatagramKeys;
use crate::peer::Peer;
use crate::session::{add_peer, handle_round_trip, remove_peer};
use crate::shared::Shared;
use crate::video;
use crate::{clock, metrics};

/// Bytes that may wait for one connection; a peer that is further behind is cut off and catches up on return. What a newcomer
/// is sent comes in pages that are far smaller.
const BYTE_QUEUE: usize = 8 * 1024 * 1024;
/// So many failures in a row of what the room itself must do end the room.
const MAX_FAULTS: u32 = 8;

/// What is known of a connection until it belongs to a member.
struct Open {
    connection: ControlConnection,
    peer: netcore_proto::PeerInfo,
    keys: DatagramKeys,
    /// On a host, until the hello.
    beginning: Option<OwnedSemaphorePermit>,
}

/// The loop's own state.
pub(crate) struct ControlLoop {
    pub(crate) node: Node,
    pub(crate) shared: Arc<Shared>,
    pub(crate) video: Arc<video::Plane>,
    pub(crate) files: Arc<FilePlane>,
    pub(crate) meters: Arc<metrics::Board>,
    open: HashMap<ConnId, Open>,
    /// On a member: the supervisor, which waits to learn how the present connection fares.
    outcome: Option<mpsc::Sender<ConnectionOutcome>>,
    /// How often in a row work failed that is nobody's in particular.
    faults: u32,
}

/// How a member's connection fares.
#[derive(Debug)]
pub(crate) enum ConnectionOutcome {
    /// We are in.
    Welcomed,
    /// The host said no.
    Refused(Refusal),
    /// It ended.
    Closed(String),
    /// We left.
    Left,
}

impl ControlLoop {
    pub(crate) fn new(
        node: Node,
        shared: Arc<Shared>,
        video: Arc<video::Plane>,
        files: Arc<FilePlane>,
        meters: Arc<metrics::Board>,
        outcome: Option<mpsc::Sender<ConnectionOutcome>>,
    ) -> ControlLoop {
        ControlLoop {
            node,
            shared,
            video,
            files,
            meters,
            open: HashMap::new(),
            outcome,
            faults: 0,
        }
    }

    /// Runs until the room is over.
    pub(crate) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let cancel = self.shared.cancel.clone();
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.carry_out();
        loop {
            let deadline = self.node.poll_timeout().map(|deadline| deadline.at);
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = clock::sleep_until(deadline) => {
                    if !self.keep_going(|this| this.node.handle_timeout(clock::now())) {
                        break;
                    }
                }
                _ = seconds.tick() => {
                    if !self.keep_going(|this| this.meters.tick(&this.video, &mut this.node, &this.shared)) {
                        break;
                    }
                }
                input = inputs.recv() => match input {
                    Some(Input::Leave(answer)) => {
                        self.leave().await;
                        let _ = answer.send(());
                        break;
                    }
                    Some(input) => self.handle_confined(input),
                    None => break,
                },
            }
        }
        self.video.close();
    }

    /// Takes one fact in. One that makes us panic costs the peer that it is of.
    fn handle_confined(&mut self, input: Input) {
        let conn = input.conn();
        let of = conn.map_or(0, |conn| conn.0);
        let done = confined("control", of, || {
            // The calendar may have been set since, or the computer may have slept.
            self.node.set_epoch(clock::epoch_unix_ms());
            self.handle(input);
            self.carry_out();
        });
        if let (Err(Panicked), Some(conn)) = (done, conn) {
            self.disconnect(conn);
        }
    }

    /// Does what is nobody's in particular. Returns `false` when that fails again and again: then the room is over.
    fn keep_going(&mut self, work: impl FnOnce(&mut ControlLoop)) -> bool {
        let done = confined("room", 0, || {
            work(self);
            self.carry_out();
        });
        self.faults = if done.is_ok() { 0 } else { self.faults + 1 };
        if self.faults < MAX_FAULTS {
            return true;
        }
        tracing::error!(target: "roomwire::step", code = "room_failed",
            "a fault in this program ends the room: the log says where");
        self.shared.cancel.cancel();
        false
    }

    /// Ends a connection whose peer's work panicked.
    fn disconnect(&mut self, conn: ConnId) {
        let why = "a fault in this program ended the connection; the log says where";
        if let Some(open) = self.open.get(&conn) {
            let peer = open.peer.address;
            tracing::error!(target: "roomwire::step", code = "peer_failed", %peer,
                "a fault in this program ends the connection with {peer}; everybody else stays");
        }
        let done = confined("goodbye", conn.0, || {
            if self.shared.dialer.is_some() {
                self.node.handle_closed(conn, clock::now());
            } else {
                self.node.handle_fault(conn, clock::now());
            }
            self.carry_out();
        });
        // Where not even that works, the connection itself can still be ended.
        if let Some(open) = self.open.remove(&conn)
            && (done.is_err() || self.shared.dialer.is_some())
        {
            open.connection.done.cancel();
        }
        if self.shared.dialer.is_some() {
            self.lose_host();
            self.notify_outcome(ConnectionOutcome::Closed(why.to_owned()));
        }
    }

    fn handle(&mut self, input: Input) {
        let now = clock::now();
        match input {
            Input::Connected {
                connection,
                peer,
                keys,
                beginning,
            } => {
                let conn = connection.conn;
                if self.shared.dialer.is_some() {
                    // A member has one connection: what came of an earlier try does not matter any more.
                    self.open.clear();
                }
                self.node.handle_connected(conn, peer.clone(), now);
                self.open.insert(
                    conn,
                    Open {
                        connection,
                        peer,
                        keys,
                        beginning,
                    },
                );
            }
            Input::Bytes { conn, bytes } => self.node.handle_bytes(conn, &bytes, now),
            Input::Drained { conn } => self.node.handle_drained(conn),
            Input::Closed { conn, why } => {
                if self.open.remove(&conn).is_some() {
                    self.node.handle_closed(conn, now);
                    self.lose_host();
                    self.notify_outcome(ConnectionOutcome::Closed(why));
                }
            }
            Input::Fault { peer } => {
                if let Some(conn) = self.node.conn_of(peer) {
                    self.disconnect(conn);
                }
            }
            Input::Act(act) => act(&mut self.node, now),
            Input::Leave(_) => unreachable!("the loop takes it before"),
        }
    }

    /// Does what the node wants done, until it wants nothing more.
    fn carry_out(&mut self) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { conn, bytes } => self.transmit(conn, bytes),
                Output::AwaitDrain { conn } => {
                    if let Some(open) = self.open.get(&conn) {
                        let _ = open.connection.queue.send(Queued::Mark);
                    }
                }
                Output::Close { conn, refusal } => {
                    // The connection's own task sends what is queued, and its goodbye.
                    self.open.remove(&conn);
                    self.lose_host();
                    self.notify_outcome(match refusal {
                        // That nothing was heard of the room, the room does not say.
                        Some(refusal) if refusal.code == RefusalCode::Silent => {
                            ConnectionOutcome::Closed(refusal.message)
                        }
                        Some(refusal) => ConnectionOutcome::Refused(refusal),
                        None => ConnectionOutcome::Left,
                    });
                }
                Output::Event(event) => self.handle_event(event),
            }
        }
    }

    fn transmit(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(open) = self.open.get(&conn) else { return };
        let length = bytes.len() + MESSAGE_OVERHEAD;
        let behind = open.connection.queued.fetch_add(length, Ordering::Relaxed) + length;
        if behind > BYTE_QUEUE {
            let peer = open.peer.address;
            tracing::info!(%peer, "{peer} reads too slowly and is cut off");
            open.connection.done.cancel();
            self.open.remove(&conn);
            if self.shared.dialer.is_some() {
                self.node.handle_closed(conn, clock::now());
                self.lose_host();
                self.notify_outcome(ConnectionOutcome::Closed("the host reads too slowly".to_owned()));
            } else {
                self.node.handle_too_slow(conn, clock::now());
            }
        } else {
            // A connection that has just ended says so itself.
            let _ = open.connection.queue.send(Queued::Message(bytes));
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Session(event) => {
                self.handle_session(&event);
                self.shared.event(RoomEvent::Session(event));
            }
            Event::Chat(event) => self.shared.event(RoomEvent::Chat(event)),
            Event::Files(event) => self.files.handle_event(event),
            Event::Video(event) => {
                self.video.handle_event(&event, &mut self.node);
                self.shared.event(RoomEvent::Video(event));
            }
            Event::Metrics(event) => {
                metrics::handle_report(&self.shared, &self.video, event.by, &event.report);
            }
        }
    }

    fn handle_session(&mut self, event: &session::Event) {
        match event {
            session::Event::Attached {
                conn,
                member,
                token,
                datagrams,
            } => {
                if let Some(Open {
                    peer,
                    keys,
                    beginning,
                    ..
                }) = self.open.get_mut(conn)
                {
                    *beginning = None;
                    add_peer(
                        &self.shared,
                        Peer::member(*member, *token, *datagrams, peer, keys),
                    );
                }
            }
            session::Event::Detached { member } => remove_peer(&self.shared, &self.video, *member),
            session::Event::Welcomed(welcome) => {
                self.shared.admit(Admission {
                    room: welcome.room,
                    name: welcome.room_name.clone(),
                    me: welcome.me,
                });
                if let Some(Open {
                    connection,
                    peer,
                    keys,
                    ..
                }) = self.open.values().next()
                {
                    let host = Peer::host(welcome, peer, connection.local, keys);
                    remove_peer(&self.shared, &self.video, MemberId::HOST);
                    add_peer(&self.shared, host);
                    self.video.handle_welcomed(&mut self.node);
                    self.files.handle_welcomed();
                    self.notify_outcome(ConnectionOutcome::Welcomed);
                }
            }
            session::Event::Refused(refusal) => {
                self.notify_outcome(ConnectionOutcome::Refused(refusal.clone()));
            }
            session::Event::RoundTrip {
                member,
                round_trip,
                clock,
            } => handle_round_trip(&self.shared, &self.video, *member, *round_trip, *clock),
            session::Event::UpToDate
            | session::Event::Joined(_)
            | session::Event::Changed(_)
            | session::Event::Left { .. } => {}
        }
    }

    /// On a member, the end of its only control connection is the end of the host as a peer.
    fn lose_host(&self) {
        if self.shared.dialer.is_some() {
            remove_peer(&self.shared, &self.video, MemberId::HOST);
        }
    }

    fn notify_outcome(&self, outcome: ConnectionOutcome) {
        if let Some(listener) = &self.outcome {
            // The supervisor takes few and quickly; what it does not need may be lost.
            let _ = listener.try_send(outcome);
        }
    }

    /// Says goodbye on every connection and waits, not for long, until it has been sent.
    async fn leave(&mut self) {
        self.node.leave();
        let connections: Vec<CancellationToken> = self
            .open
            .values()
            .map(|open| open.connection.done.clone())
            .collect();
        self.carry_out();
        self.open.clear();
        let all_done = async {
            for done in &connections {
                done.cancelled().await;
            }
        };
        let _ = timeout(GOODBYE + Duration::from_millis(500), all_done).await;
        // One that has not read it by now never will.
        connections.iter().for_each(CancellationToken::cancel);
    }
}
