//! Files that are coming: never half visible, never over another file, and never lost once they are whole.

mod capacity;
mod failure;
mod leftover;
mod naming;
mod origin;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use netcore_proto::files::{FileHash, Receiver};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::FileError;
use capacity::Reservation;
pub(crate) use failure::{DescriptorWait, in_words, is_out_of_descriptors, with_descriptors};
pub(crate) use leftover::{SharedFolder, sweep};
use naming::{Naming, System, Whole, give_name};

/// A file of which some has come. It is hidden until it is whole, and gone when nobody wants it any more.
pub(crate) struct PartialFile {
    file: File,
    path: TempPath,
    folder: PathBuf,
    receiver: Receiver,
    /// Whether the last write was not seen to its end, so that the file may be longer than what counts.
    is_torn: bool,
    reservation: Reservation,
    /// Once it is whole, and right.
    checked: Option<FileHash>,
}

impl PartialFile {
    /// Begins a file of `size` bytes in `folder`, which is made if need be. Room for the whole of it is set aside.
    ///
    /// # Errors
    /// [`FileError::NoRoom`] and [`FileError::TooLong`] before a byte is taken, or [`FileError::Unwritable`].
    pub(crate) fn begin(folder: &Path, size: u64) -> Result<PartialFile, FileError> {
        let unwritable = |error: io::Error| in_words(folder, 0, &error);
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        capacity::check_length(folder, size)?;
        let (file, path) = leftover::create(folder).map_err(unwritable)?;
        // Without room both are dropped, the file first: Windows removes none that is open.
        let (path, file) = (path, file);
        let reservation = capacity::reserve(folder, &file, size)?;
        Ok(PartialFile {
            file: File::from_std(file),
            path,
            folder: folder.to_owned(),
            receiver: Receiver::new(size),
            is_torn: false,
            reservation,
            checked: None,
        })
    }

    /// How many bytes it has.
    pub(crate) fn received(&self) -> u64 {
        self.receiver.received()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds content, in order. What an error reports as kept is on the disk. Content whose writing was given up on halfway
    /// does not count: it must come again.
    pub(crate) async fn write(&mut self, content: &[u8]) -> Result<(), FileError> {
        let mut counted = self.receiver.clone();
        counted
            .handle_content(content)
            .map_err(|error| FileError::Corrupt {
                why: error.to_string(),
            })?;
        let kept = self.receiver.received();
        if self.is_torn {
            self.mend()
                .await
                .map_err(|error| in_words(&self.path, kept, &error))?;
        }
        self.is_torn = true;
        let written = async {
            self.file.write_all(content).await?;
            // A disk that is full may say so only here.
            self.file.flush().await
        };
        if let Err(error) = written.await {
            // The room that this piece took is given back at once; should that fail, the next write tries again.
            let _ = self.mend().await;
            return Err(in_words(&self.path, kept, &error));
        }
        self.is_torn = false;
        self.receiver = counted;
        self.reservation.handle_written(content.len() as u64);
        Ok(())
    }

    /// Cuts the file to what counts.
    async fn mend(&mut self) -> io::Result<()> {
        let kept = self.receiver.received();
        self.file.set_len(kept).await?;
        tokio::io::AsyncSeekExt::seek(&mut self.file, io::SeekFrom::Start(kept)).await?;
        self.is_torn = false;
        Ok(())
    }

    /// The sender says that this was all, and what its hash is.
    ///
    /// # Errors
    /// [`FileError::Corrupt`] when it was not all, or not right.
    pub(crate) fn check(&mut self, announced: FileHash) -> Result<FileHash, FileError> {
        let hash = self.receiver.handle_end(announced);
        let hash = hash.map_err(|error| FileError::Corrupt {
            why: error.to_string(),
        })?;
        self.checked = Some(hash);
        Ok(hash)
    }

    /// Its hash, once it is whole and right.
    pub(crate) fn checked(&self) -> Option<FileHash> {
        self.checked
    }

    /// Whether only its name is wanting.
    pub(crate) fn is_whole(&self) -> bool {
        self.checked.is_some()
    }

    /// The folder that it is for in the end.
    pub(crate) fn set_folder(&mut self, folder: &Path) {
        self.folder = folder.to_owned();
    }

    /// Gives the whole file its name in its folder, or the name with a number when there is such a file already, and marks it as
    /// come from `origin`. The file does not depend on that: when it cannot be, the file is moved to the folder `spare`, or stays
    /// where it is, and this can be tried again.
    ///
    /// # Errors
    /// [`FileError::NotPlaced`], which says where it is, or [`FileError::DiskFull`] when it is not safely on the disk.
    pub(crate) async fn finish(
        &mut self,
        name: &str,
        origin: &str,
        spare: &Path,
    ) -> Result<PathBuf, FileError> {
        self.finish_by(&System, name, origin, spare).await
    }

    async fn finish_by(
        &mut self,
        naming: &impl Naming,
        name: &str,
        origin: &str,
        spare: &Path,
    ) -> Result<PathBuf, FileError> {
        let kept = self.receiver.received();
        self.sync().await?;
        // Here a file is not renamed while a handle is open that allows nobody to remove it.
        #[cfg(windows)]
        if let Ok(file) = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
        {
            self.file = File::from_std(file);
        }
        let file = self.file.try_clone().await;
        let file = file
            .map_err(|error| in_words(&self.path, kept, &error))?
            .into_std()
            .await;
        let whole = Whole {
            file: &file,
            path: &self.path,
            origin,
        };
        match give_name(&whole, &self.folder, name, naming).await {
            Ok(path) => {
                self.path.disable_cleanup(true);
                Ok(path)
            }
            Err(error) => {
                // Where it is already safe it stays.
                let is_spare = self.path.parent() == Some(spare);
                let spared = match is_spare {
                    true => None,
                    false => give_name(&whole, spare, name, naming).await.ok(),
                };
                if let Some(path) = spared.and_then(|path| TempPath::try_from_path(path).ok()) {
                    self.path = path;
                }
                self.path.disable_cleanup(true);
                Err(FileError::NotPlaced {
                    kept: self.path.to_path_buf(),
                    folder: self.folder.clone(),
                    why: error.to_string(),
                })
            }
        }
    }

    /// Sees to it that the whole file is on the disk. When that fails, nobody knows how much of it is: it has to come again.
    async fn sync(&mut self) -> Result<(), FileError> {
        let Err(error) = sync(&self.file).await else {
            return Ok(());
        };
        self.checked = None;
        self.receiver = Receiver::new(self.receiver.received());
        self.is_torn = true;
        Err(in_words(&self.path, 0, &error))
    }

    /// Keeps the whole file where it is, under its hidden name, until the returned path is dropped.
    pub(crate) async fn keep(self) -> Result<TempPath, FileError> {
        let kept = self.receiver.received();
        let synced = sync(&self.file).await;
        synced.map_err(|error| in_words(&self.path, kept, &error))?;
        Ok(self.path)
    }
}

/// Writes what the system holds back. A file system that has no such operation is taken at its word.
async fn sync(file: &File) -> io::Result<()> {
    match file.sync_all().await {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}
