//! What the interface may ask about what is offered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use netcore::proto::{FileId, MemberId};

use super::view::FileView;
use crate::core::{Core, lock};
use crate::error::{ErrorCode, IpcError};
use crate::outside::Choice;

/// Opening one of these would run it: it is shown in its folder instead.
const PROGRAMS: [&str; 22] = [
    "app", "appimage", "bat", "cmd", "com", "command", "cpl", "desktop", "exe", "hta", "jar", "js", "lnk",
    "msi", "ps1", "reg", "scr", "sh", "url", "vbs", "wsf", "workflow",
];

pub(crate) async fn choose_files(core: &Arc<Core>) -> Result<Vec<String>, IpcError> {
    let chosen = core.outside.choose(Choice::Files).await.unwrap_or_default();
    Ok(chosen
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect())
}

pub(crate) async fn offer_files(
    core: &Arc<Core>,
    paths: Vec<String>,
    to: Vec<u32>,
) -> Result<Vec<FileView>, IpcError> {
    let open = core.room()?;
    let mut offered = Vec::new();
    for path in paths.into_iter().map(PathBuf::from) {
        let info = open
            .room
            .offer_file(&path, to.iter().copied().map(MemberId).collect())
            .await?;
        let id = info.id;
        let mut shelf = lock(&open.files);
        // By now more may be known of it than that it was accepted.
        shelf.put_new(info);
        shelf.set_source(id, path);
        offered.push(id);
    }
    offered.iter().for_each(|id| super::tell(core, &open, *id));
    Ok(offered
        .iter()
        .filter_map(|id| lock(&open.files).view(*id, open.me()))
        .collect())
}

pub(crate) async fn accept_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    let open = core.room()?;
    lock(&open.files).set_declined(FileId(id), false);
    let folder = core.kept.settings().downloads;
    Ok(open.room.fetch_file(FileId(id), Some(Path::new(&folder))).await?)
}

pub(crate) async fn decline_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    let open = core.room()?;
    lock(&open.files).set_declined(FileId(id), true);
    super::tell(core, &open, FileId(id));
    Ok(())
}

pub(crate) async fn cancel_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    core.room()?.room.cancel_file(FileId(id)).await;
    Ok(())
}

pub(crate) async fn pause_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    core.room()?.room.pause_file(FileId(id));
    Ok(())
}

pub(crate) async fn resume_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    core.room()?.room.resume_file(FileId(id));
    Ok(())
}

pub(crate) async fn open_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    let path = there(core, id)?;
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    if PROGRAMS.contains(&ending.as_str()) {
        core.outside.show(&path)
    } else {
        core.outside.open(&path)
    }
}

pub(crate) async fn show_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    core.outside.show(&there(core, id)?)
}

pub(crate) async fn choose_folder(core: &Arc<Core>) -> Result<Option<String>, IpcError> {
    let from = PathBuf::from(core.kept.settings().downloads);
    let chosen = core
        .outside
        .choose(Choice::Folder(from))
        .await
        .unwrap_or_default();
    Ok(chosen.first().map(|path| path.to_string_lossy().into_owned()))
}

/// Where a file is on this computer.
fn there(core: &Core, id: u32) -> Result<PathBuf, IpcError> {
    let path = lock(&core.room()?.files).path(FileId(id));
    let path = path.ok_or_else(|| IpcError::new(ErrorCode::FileGone, "the file is not on this computer"))?;
    if path.exists() {
        Ok(path)
    } else {
        Err(IpcError::new(
            ErrorCode::FileGone,
            format!("{} is gone", path.display()),
        ))
    }
}
