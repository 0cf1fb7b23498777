//! What a disk takes: how long a file may be, and how much room there is that is reserved for nobody else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use parking_lot::Mutex;

use crate::error::FileError;

/// The longest file on FAT32 (Microsoft, "FAT32 File System Specification", 2000): its length has 32 bits.
const FAT_LONGEST: u64 = u32::MAX as u64;
const GIB: u64 = 1 << 30;

/// The disk that a folder is on, as the system distinguishes them.
type DiskId = u64;

/// Bytes reserved for files that come and for which the system has not set room aside, disk by disk.
static RESERVED: Mutex<BTreeMap<DiskId, u64>> = Mutex::new(BTreeMap::new());

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug)]
struct Space {
    available: u64,
    total: u64,
}

impl Space {
    /// What may be reserved: the system, logs and recordings are left a twentieth of the disk, at least 1 GiB and at most 4, on a
    /// disk of less than 10 GiB a tenth. On a large disk a twentieth is more than they need in a day, and refusing small files
    /// for its sake would help nobody.
    fn free(self) -> u64 {
        self.available.saturating_sub(self.untouched())
    }

    fn untouched(self) -> u64 {
        (self.total / 20).clamp(GIB, 4 * GIB).min(self.total / 10)
    }
}

/// Room that is reserved for one file and not yet taken. It is given back when dropped.
#[derive(Debug, Default)]
pub(super) struct Reservation {
    disk: DiskId,
    bytes: u64,
}

impl Reservation {
    /// So many bytes of it were written.
    pub(super) fn handle_written(&mut self, bytes: u64) {
        self.give_back(bytes.min(self.bytes));
    }

    fn give_back(&mut self, bytes: u64) {
        self.bytes -= bytes;
        if let Some(reserved) = RESERVED.lock().get_mut(&self.disk) {
            *reserved = reserved.saturating_sub(bytes);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// Sets room for `size` bytes aside for `file` in `folder`: by the system where it can, by counting elsewhere.
///
/// # Errors
/// [`FileError::NoRoom`], or [`FileError::TooLong`] and [`FileError::LengthLimit`] when the system says so.
pub(super) fn reserve(folder: &Path, file: &File, size: u64) -> Result<Reservation, FileError> {
    // A file system that does not say how much room it has is simply tried.
    let space = fs4::statvfs(folder).ok().map(|stats| Space {
        available: stats.available_space(),
        total: stats.total_space(),
    });
    let reserved = reserve_on(disk_of(folder), space, size, || allocate(file, size));
    reserved.map_err(|wanting| match wanting {
        Wanting::Room { available } => FileError::NoRoom {
            folder: folder.to_owned(),
            size,
            available,
        },
        Wanting::Length => too_long(folder),
    })
}

/// Why a disk does not take a file.
#[derive(Debug, PartialEq, Eq)]
enum Wanting {
    /// Only so many bytes may be reserved.
    Room { available: u64 },
    /// Its files cannot be that long.
    Length,
}

fn reserve_on(
    disk: DiskId,
    space: Option<Space>,
    size: u64,
    allocate: impl FnOnce() -> io::Result<()>,
) -> Result<Reservation, Wanting> {
    // Held until the room is set aside, so that the same is not reserved for several files at a time.
    let mut reserved = RESERVED.lock();
    let others = reserved.get(&disk).copied().unwrap_or_default();
    let free = space.map_or(u64::MAX, |space| space.free().saturating_sub(others));
    if size > free {
        return Err(Wanting::Room { available: free });
    }
    match allocate() {
        Ok(()) => Ok(Reservation { disk, bytes: 0 }),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(Wanting::Room { available: free }),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(Wanting::Length),
        Err(_) => {
            *reserved.entry(disk).or_default() += size;
            Ok(Reservation { disk, bytes: size })
        }
    }
}

/// Lets the system set room aside without making the file longer.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allocate(file: &File, size: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    if size == 0 {
        return Ok(());
    }
    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, 0, size)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allocate(_file: &File, _size: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn disk_of(folder: &Path) -> DiskId {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().map_or(0, |metadata| metadata.dev())
}

/// The drive's letter or share.
#[cfg(not(unix))]
fn disk_of(folder: &Path) -> DiskId {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.components().next().hash(&mut hasher);
    hasher.finish()
}

/// Whether a file of `size` bytes can be at all in `folder`.
///
/// # Errors
/// [`FileError::TooLong`] or [`FileError::LengthLimit`].
pub(super) fn check_length(folder: &Path, size: u64) -> Result<(), FileError> {
    let limits = [longest_file(folder), process_limit()];
    match limits.into_iter().flatten().min() {
        Some(longest) if size > longest => Err(too_long(folder)),
        _ => Ok(()),
    }
}

/// What it means that a file in `folder` would be too long: the file system has none such, or this process may write none such.
pub(super) fn too_long(folder: &Path) -> FileError {
    let of_disk = longest_file(folder);
    match process_limit() {
        Some(longest) if of_disk.is_none_or(|of_disk| longest < of_disk) => {
            FileError::LengthLimit { longest }
        }
        _ => FileError::TooLong {
            folder: folder.to_owned(),
            longest: of_disk,
        },
    }
}

/// The longest file that this process may write, in bytes; `None`: any.
fn process_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Fsize).current
    }
    #[cfg(not(unix))]
    None
}

/// The longest file that the file system of `folder` can have; `None` when that is more than anybody has, or not known.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn longest_file(folder: &Path) -> Option<u64> {
    let stats = rustix::fs::statfs(folder).ok()?;
    // MSDOS_SUPER_MAGIC of linux/magic.h, which is FAT12 to FAT32 under each of its names.
    (stats.f_type as u64 & 0xffff_ffff == 0x4d44).then_some(FAT_LONGEST)
}

/// See above.
#[cfg(target_os = "macos")]
fn longest_file(folder: &Path) -> Option<u64> {
    let stats = rustix::fs::statfs(folder).ok()?;
    let name = stats.f_fstypename.iter().map(|c| *c as u8);
    name.take_while(|c| *c != 0).eq(*b"msdos").then_some(FAT_LONGEST)
}

/// See above.
#[cfg(windows)]
#[allow(unsafe_code)] // two calls of the system, with buffers of the lengths given
fn longest_file(folder: &Path) -> Option<u64> {
    use std::os::windows::ffi::OsStrExt;
    use windows_sys::Win32::Storage::FileSystem::{GetVolumeInformationW, GetVolumePathNameW};
    const MAX_PATH: usize = 1_024;
    let folder: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let (mut root, mut name) = ([0_u16; MAX_PATH], [0_u16; 64]);
    let nothing = std::ptr::null_mut;
    // SAFETY: both strings end with a zero, and each buffer is as long as it is said to be; what is not wanted is null.
    let is_known = unsafe {
        GetVolumePathNameW(folder.as_ptr(), root.as_mut_ptr(), root.len() as u32) != 0
            && GetVolumeInformationW(
                root.as_ptr(),
                nothing(),
                0,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                name.as_mut_ptr(),
                name.len() as u32,
            ) != 0
    };
    let length = name.iter().position(|unit| *unit == 0)?;
    let name = String::from_utf16_lossy(&name[..length]);
    (is_known && matches!(name.as_str(), "FAT" | "FAT32")).then_some(FAT_LONGEST)
}

/// See above.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
fn longest_file(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsupported() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[test]
    fn files_side_by_side_count_together_and_give_back_what_they_did_not_take() {
        // A number that no disk has.
        let disk = u64::MAX - 1;
        let space = Some(Space {
            available: 100_000,
            total: 100_000,
        });
        let mut first = reserve_on(disk, space, 60_000, unsupported).unwrap();
        assert_eq!(
            reserve_on(disk, space, 60_000, unsupported).unwrap_err(),
            Wanting::Room { available: 30_000 }
        );
        // Elsewhere there is room.
        reserve_on(disk - 1, space, 60_000, unsupported).unwrap();
        // What has been written is seen in what is available.
        first.handle_written(50_000);
        let space = space.map(|space| Space {
            available: 50_000,
            ..space
        });
        assert_eq!(
            reserve_on(disk, space, 60_000, unsupported).unwrap_err(),
            Wanting::Room { available: 30_000 }
        );
        drop(first);
        reserve_on(disk, space, 40_000, unsupported).unwrap();
        assert_eq!(RESERVED.lock()[&disk], 0);
    }

    #[test]
    fn what_the_system_sets_aside_is_not_counted_twice() {
        let disk = u64::MAX - 3;
        let space = Some(Space {
            available: 100_000,
            total: 100_000,
        });
        let _first = reserve_on(disk, space, 60_000, || Ok(())).unwrap();
        let _second = reserve_on(disk, space, 60_000, || Ok(())).unwrap();
        let full = || Err(io::ErrorKind::StorageFull.into());
        assert!(matches!(
            reserve_on(disk, space, 60_000, full),
            Err(Wanting::Room { .. })
        ));
        let too_long = || Err(io::ErrorKind::FileTooLarge.into());
        assert_eq!(
            reserve_on(disk, space, 60_000, too_long).unwrap_err(),
            Wanting::Length
        );
    }

    #[test]
    fn some_room_is_never_reserved() {
        let untouched = |total| {
            let space = Space {
                available: total,
                total,
            };
            total - space.free()
        };
        assert_eq!(untouched(64 << 20), (64 << 20) / 10);
        assert_eq!(untouched(16 * GIB), GIB);
        assert_eq!(untouched(60 * GIB), 3 * GIB);
        assert_eq!(untouched(1_000 * GIB), 4 * GIB);
    }

    #[test]
    fn room_is_set_aside_without_making_the_file_longer() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("a")).unwrap();
        let _reservation = reserve(folder.path(), &file, 1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}
