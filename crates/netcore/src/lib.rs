//! Roomwire's network: sockets, TLS, timers and disk around the pure protocol of [`proto`].
//!
//! A [`Room`] is opened with [`Room::host`] or joined with [`Room::join`]; from then on commands go in by its methods and
//! everything that happens comes out as [`RoomEvent`]s. Behind it work two planes. The *control plane* is one short loop
//! around the pure node. The *data plane* is a task for each file transfer and each direction of each stream's connection,
//! each driving a pure machine of its own. They meet only in bounded queues, so that neither a large file nor a fast stream
//! ever delays a word.
//!
//! `net` has the sockets of both, `store` what stays on the disk. Three examples are whole programs of about thirty lines:
//! `chat`, `send_file` and `video` (`cargo run -p netcore --example chat`).

mod chat;
pub mod clock;
mod confine;
mod control;
mod error;
mod event;
pub mod event_log;
mod files;
mod host;
mod local;
mod member;
mod metrics;
mod net;
mod opened_room;
mod peer;
mod room;
mod session;
mod shared;
mod store;
mod thread;
mod video;

pub use netcore_proto as proto;
pub use netem;

pub use chat::Said;
pub use error::{FileError, JoinError, OpenError, VideoError};
pub use event::{LinkState, Role, RoomEvent, RoomInfo, Snapshot};
pub use files::{TransferState, TransferView};
pub use host::HostOptions;
pub use member::JoinOptions;
pub use metrics::link_figures::{Link, LinkHistory, LinkKey, LinkPoint, LinkResult};
pub use net::address::{Address, AddressError};
pub use net::cards::{ReachableAt, reachable_at};
pub use net::listen::{ListenOn, ListenOnError};
pub use net::tcp_info::TcpInfo;
pub use room::Room;
pub use store::folders::{FolderError, Folders, HOME_VARIABLE, write_atomically};
pub use store::identity::{Identity, IdentityError};
pub use store::known::{KnownRoom, KnownRooms, KnownRoomsError};
pub use store::length_limit::survive_length_limit;
pub use store::save::save;
pub use video::{FrameReceiver, Publisher, ShownFrame};

/// This computer's name, for a profile's first device.
pub fn device_name() -> String {
    hostname::get()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
