//! What a face may ask about what is offered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use netcore::proto::{FileId, MemberId};

use super::harmless::is_harmless;
use super::view::{NotOffered, OfferedView, OpenedFile, Pick};
use crate::core::{Core, OpenRoom};
use crate::desktop::Choice;
use crate::error::{ErrorCode, IpcError};
use crate::picks::name_of;

pub(crate) async fn choose_files(core: &Arc<Core>) -> Result<Vec<Pick>, IpcError> {
    let chosen = core.desktop.choose(Choice::Files).await.unwrap_or_default();
    Ok(chosen.into_iter().map(|path| core.picks.give(path)).collect())
}

pub(crate) async fn offer_files(
    core: &Arc<Core>,
    picks: Vec<u32>,
    to: Vec<u32>,
) -> Result<OfferedView, IpcError> {
    let open = core.room()?;
    let paths: Vec<PathBuf> = picks
        .into_iter()
        .map(|pick| core.picks.path(pick))
        .collect::<Result<_, _>>()?;
    let to: Vec<MemberId> = to.into_iter().map(MemberId).collect();
    let (mut offered, mut failed) = (Vec::new(), Vec::new());
    for path in paths {
        match offer(core, &open, &path, &to).await {
            Ok(id) => offered.push(id),
            Err(error) => failed.push(NotOffered {
                name: name_of(&path),
                error,
            }),
        }
    }
    offered.iter().for_each(|id| super::notify(core, &open, *id));
    let files = offered
        .iter()
        .filter_map(|id| open.files.lock().view(*id, open.me()))
        .collect();
    Ok(OfferedView { files, failed })
}

async fn offer(core: &Core, open: &OpenRoom, path: &Path, to: &[MemberId]) -> Result<FileId, IpcError> {
    if path.is_dir() {
        let words = format!("{} is a folder", path.display());
        return Err(IpcError::new(ErrorCode::IsFolder, words).with("name", name_of(path)));
    }
    let info = open.room.offer_file(path, to.to_vec()).await?;
    let id = info.id;
    let mut offers = open.files.lock();
    // By now more may be known of it than that it was accepted.
    super::notify_removed(core, offers.put_new(info));
    offers.set_source(id, path.to_owned());
    Ok(id)
}

pub(crate) async fn accept_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    let open = core.room()?;
    open.files.lock().set_declined(FileId(id), false);
    Ok(open
        .room
        .fetch_file(FileId(id), Some(&core.settings_file.downloads()))
        .await?)
}

pub(crate) async fn decline_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    let open = core.room()?;
    open.files.lock().set_declined(FileId(id), true);
    super::notify(core, &open, FileId(id));
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

pub(crate) async fn open_file(core: &Arc<Core>, id: u32) -> Result<OpenedFile, IpcError> {
    let path = there(core, id)?;
    if path.is_file() && is_harmless(&path) {
        core.desktop.open(&path)?;
        Ok(OpenedFile::Opened)
    } else {
        core.desktop.show(&path)?;
        Ok(OpenedFile::Shown)
    }
}

pub(crate) async fn show_file(core: &Arc<Core>, id: u32) -> Result<(), IpcError> {
    core.desktop.show(&there(core, id)?)
}

/// Where a file is on this computer.
fn there(core: &Core, id: u32) -> Result<PathBuf, IpcError> {
    let path = core.room()?.files.lock().path(FileId(id));
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
