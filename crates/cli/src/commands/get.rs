use std::path::Path;

use app::files::view::{FileView, FilesEvent};
use netcore::proto::FileId;
use netcore::proto::files::{FileInfo, FileState};
use netcore::proto::video::WindowMode;
use netcore::{FileError, Room};

use super::batch::Batch;
use super::env::Env;
use super::transfer::follow;
use super::visit::{Visit, settled};
use crate::args::GetArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::{Report, Screen};

/// Which files.
enum Wanted {
    List,
    All,
    These(Vec<FileId>),
}

/// Lists what is on offer, or fetches it.
pub(super) async fn run(env: &Env, args: GetArgs) -> Result<()> {
    let wanted = match (args.all, args.files) {
        (true, _) => Wanted::All,
        (false, files) if files.is_empty() => Wanted::List,
        (false, files) => Wanted::These(files.into_iter().map(FileId).collect()),
    };
    let me = env.me()?;
    let folder = args.to.unwrap_or_else(|| me.folders.downloads().to_owned());
    let mut visit = Visit::begin(
        &me,
        &args.address,
        Some(folder.clone()),
        WindowMode::Adaptive,
        &env.screen,
    )
    .await?;
    let room = visit.room.clone();
    let got = visit.during(get(&room, wanted, &folder, &env.screen)).await;
    visit.end().await;
    got
}

async fn get(room: &Room, wanted: Wanted, folder: &Path, screen: &Screen) -> Result<()> {
    settled(room).await;
    let now = room.snapshot().await;
    let offered: Vec<FileInfo> = now.files.into_iter().map(|(file, _)| file).collect();
    let can_come = |file: &FileInfo| matches!(file.state, FileState::Stored { .. } | FileState::Uploading);
    let files: Vec<Result<FileInfo, FileError>> = match wanted {
        Wanted::List => {
            let files = offered.iter().map(|file| FileView::of(file, None, now.info.me));
            screen.show(&Report::Offers {
                files: files.collect(),
            });
            return Ok(());
        }
        Wanted::All => offered.into_iter().filter(can_come).map(Ok).collect(),
        Wanted::These(ids) => pick(&offered, &ids),
    };
    if files.is_empty() {
        screen.note("No files are on offer.");
    }
    make_folder(folder)?;
    let mut batch = Batch::new(screen, "fetched", files.len());
    for file in files {
        match get_one(room, file, folder, screen).await {
            Ok(file) => screen.show(&Report::event(FilesEvent::File { file })),
            Err(failure) => batch.fail(failure),
        }
    }
    batch.finish()
}

/// Those on offer among the wanted; of the others, that they are not.
fn pick(offered: &[FileInfo], ids: &[FileId]) -> Vec<Result<FileInfo, FileError>> {
    let find = |id: &FileId| {
        let file = offered.iter().find(|file| file.id == *id);
        file.cloned().ok_or(FileError::Gone(*id))
    };
    ids.iter().map(find).collect()
}

async fn get_one(
    room: &Room,
    file: Result<FileInfo, FileError>,
    folder: &Path,
    screen: &Screen,
) -> Result<FileView> {
    let file = file?;
    let fetched = async {
        room.fetch_file(file.id, Some(folder)).await?;
        follow(room, &file, screen).await
    };
    // Whatever the reason, the words name the file.
    let named =
        |error: FileError| Failure::new(Code::File, format!("file {} · {}: {error}", file.id, file.name));
    fetched.await.map_err(named)
}

fn make_folder(folder: &Path) -> Result<()> {
    let made = std::fs::create_dir_all(folder);
    made.map_err(|error| {
        Failure::new(
            Code::File,
            format!("{} cannot be made: {error}", folder.display()),
        )
    })
}
