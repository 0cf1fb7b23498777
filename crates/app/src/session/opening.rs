//! From the start screen into a room.

use std::path::Path;
use std::sync::Arc;

use netcore::proto::session::Fingerprint;
use netcore::proto::video::WindowMode;
use netcore::{Address, HostOptions, JoinError, JoinOptions, KnownRooms, Room};

use super::view::{Language, ReachableAt, RoomView, Settings, StartView, Theme};
use crate::core::Core;
use crate::error::{ErrorCode, IpcError};

/// The longest name of a room, in characters.
const MAX_ROOM_NAME: usize = 64;
/// The most rooms that the start screen lists.
const MAX_RECENT: usize = 50;
/// The second window on this computer has this profile.
const BESIDE: &str = "beside";

/// What the start screen shows.
pub(super) fn start(core: &Core) -> StartView {
    let (profile, is_confirmed) = core.settings_file.profile();
    let settings = core.settings();
    // One that cannot be read is said to be so when a room is joined.
    let recent = KnownRooms::load(&core.folders).map_or_else(|_| Vec::new(), |known| known.rooms().to_vec());
    StartView {
        profile,
        profile_name: core.options.profile.clone(),
        addresses: addresses(settings.port),
        downloads_free: free_space(&core.settings_file.downloads()),
        settings,
        last: core.settings_file.last(),
        recent: recent.into_iter().take(MAX_RECENT).map(Into::into).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        first_run: !is_confirmed,
        auto_join: core.options.join.clone(),
        linked: core.options.link.as_deref().map(linked),
    }
}

/// The address in a link; a link without one is shown as it is, and refused in words when it is joined.
fn linked(link: &str) -> String {
    let address = link.parse::<Address>();
    address.map_or_else(|_| link.to_owned(), |address| address.to_string())
}

/// This computer's addresses with `port`.
pub(super) fn addresses(port: u16) -> Vec<ReachableAt> {
    netcore::reachable_at(port).into_iter().map(Into::into).collect()
}

/// Opens a room and enters it.
pub(super) async fn host(core: &Arc<Core>, name: String, port: u16) -> Result<RoomView, IpcError> {
    let _turn = core.turn.lock().await;
    let profile = ready(core)?;
    let name: String = name
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_ROOM_NAME)
        .collect();
    let room_name = if name.is_empty() {
        profile.name.clone()
    } else {
        name
    };
    let options = HostOptions {
        folders: core.folders.clone(),
        profile,
        room_name: room_name.clone(),
        port,
        downloads: core.settings_file.downloads(),
        loopback_only: false,
        listen: Vec::new(),
        window: WindowMode::Adaptive,
    };
    let room = Room::host(options).await?;
    core.settings_file.note_used(|last| last.room_name = room_name);
    let settings = core.settings_file.settings();
    room.stay_on_udp(settings.stays_on_udp);
    if let Err(error) = core.settings_file.save_settings(Settings { port, ..settings }) {
        // The room is open all the same.
        tracing::warn!(%error, "the port is not kept");
    }
    Ok(core.enter(room).await)
}

/// Joins a room and enters it.
pub(super) async fn join(core: &Arc<Core>, address: &str) -> Result<RoomView, IpcError> {
    let _turn = core.turn.lock().await;
    let room = Room::join(join_options(core, address)?).await?;
    Ok(enter(core, room).await)
}

/// Joins a room whose identity a person has compared, whatever identity was pinned for its address before.
pub(super) async fn join_confirmed(
    core: &Arc<Core>,
    address: &str,
    fingerprint: &str,
) -> Result<RoomView, IpcError> {
    let _turn = core.turn.lock().await;
    let identity: Fingerprint = fingerprint.parse().map_err(IpcError::internal)?;
    let room = Room::join_confirmed(join_options(core, address)?, identity).await?;
    Ok(enter(core, room).await)
}

async fn enter(core: &Arc<Core>, room: Room) -> RoomView {
    room.stay_on_udp(core.settings_file.settings().stays_on_udp);
    core.enter(room).await
}

fn join_options(core: &Core, address: &str) -> Result<JoinOptions, IpcError> {
    let profile = ready(core)?;
    let address: Address = address.parse().map_err(JoinError::from)?;
    Ok(JoinOptions {
        folders: core.folders.clone(),
        profile,
        address,
        downloads: core.settings_file.downloads(),
        watch_streams: true,
        window: WindowMode::Adaptive,
    })
}

/// Forgets a room that was joined before, and the identity it showed then.
pub(super) fn forget(core: &Core, address: &str) -> Result<(), IpcError> {
    let address: Address = address.parse().map_err(JoinError::from)?;
    KnownRooms::forget(&core.folders, &address).map_err(JoinError::from)?;
    Ok(())
}

/// Gives up a list of known rooms that cannot be read. Returns where the old list is kept, if there was one.
pub(super) fn start_rooms_anew(core: &Core) -> Result<Option<String>, IpcError> {
    let old = KnownRooms::start_anew(&core.folders).map_err(JoinError::from)?;
    Ok(old.map(|path| path.display().to_string()))
}

/// Opens a second window on this computer, of another profile, that joins `address`.
pub(super) fn open_beside(core: &Core, address: &str) -> Result<(), IpcError> {
    let address: Address = address.parse().map_err(JoinError::from)?;
    let settings = core.settings();
    let profile = match core.options.profile.as_deref() {
        Some(BESIDE) => format!("{BESIDE}-2"),
        _ => BESIDE.to_owned(),
    };
    let language = word(&Language::WORDS, settings.language);
    let theme = word(&Theme::WORDS, settings.theme);
    // With `=`, no value can be taken for another option.
    let arguments = [
        format!("--profile={profile}"),
        format!("--join={address}"),
        format!("--lang={language}"),
        format!("--theme={theme}"),
    ];
    core.desktop.start_beside(&arguments).map_err(IpcError::internal)
}

/// The word that stands for `value`.
fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    let found = words.iter().find(|(_, known)| *known == value);
    found.map_or("", |(word, _)| word)
}

/// My profile, when no room is open yet.
fn ready(core: &Core) -> Result<netcore::proto::session::Profile, IpcError> {
    if core.room().is_ok() {
        return Err(IpcError::new(
            ErrorCode::AlreadyInRoom,
            "this window is in a room already",
        ));
    }
    Ok(core.settings_file.profile().0.into())
}

/// Free bytes on the disk of `folder`, or of the nearest folder above that is there.
fn free_space(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    fs4::available_space(there).ok()
}
