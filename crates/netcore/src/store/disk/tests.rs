#[cfg(unix)]
use super::naming::failing::Failing;
use super::*;

const ORIGIN: &str = "roomwire://192.168.1.24:27182";

/// A whole and checked file in a folder of its own, and a spare folder beside it.
struct Bench {
    root: tempfile::TempDir,
    partial: PartialFile,
}

impl Bench {
    async fn new() -> Bench {
        let root = tempfile::tempdir().unwrap();
        let partial = whole(&root.path().join("to"), b"content").await;
        Bench { root, partial }
    }

    fn to(&self) -> PathBuf {
        self.root.path().join("to")
    }

    fn spare(&self) -> PathBuf {
        self.root.path().join("spare")
    }

    async fn finish(&mut self, naming: &impl Naming, name: &str) -> Result<PathBuf, FileError> {
        let spare = self.spare();
        self.partial.finish_by(naming, name, ORIGIN, &spare).await
    }
}

async fn whole(folder: &Path, content: &[u8]) -> PartialFile {
    let mut partial = PartialFile::begin(folder, content.len() as u64).unwrap();
    partial.write(content).await.unwrap();
    partial
        .check(FileHash(*blake3::hash(content).as_bytes()))
        .unwrap();
    partial
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // No name has a colon on Windows; Wine keeps a file's other streams as files beside it.
        .filter(|name| cfg!(unix) || !name.contains(':'))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_never_takes_another_ones_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "old").unwrap();
    for (content, name) in [("one", "a (2).txt"), ("two", "a (3).txt")] {
        let mut partial = whole(folder.path(), content.as_bytes()).await;
        let path = partial.finish("../a.txt", ORIGIN, folder.path()).await.unwrap();
        drop(partial);
        assert_eq!(path, folder.path().join(name));
        assert_eq!(std::fs::read_to_string(path).unwrap(), content);
    }
    assert_eq!(
        std::fs::read_to_string(folder.path().join("a.txt")).unwrap(),
        "old"
    );
}

#[tokio::test]
async fn a_path_may_be_longer_than_windows_once_took() {
    let root = tempfile::tempdir().unwrap();
    let folder = (0..4).fold(root.path().to_owned(), |folder, n| {
        folder.join(n.to_string().repeat(80))
    });
    for (content, name) in [("one", "a.txt"), ("two", "a (2).txt")] {
        let mut partial = whole(&folder, content.as_bytes()).await;
        let path = partial.finish("a.txt", ORIGIN, root.path()).await.unwrap();
        drop(partial);
        assert_eq!(path, folder.join(name));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        #[cfg(windows)]
        {
            use std::os::windows::fs::MetadataExt;
            // FILE_ATTRIBUTE_TEMPORARY and FILE_ATTRIBUTE_HIDDEN
            assert_eq!(path.metadata().unwrap().file_attributes() & (0x100 | 0x2), 0);
        }
    }
    assert_eq!(names(&folder), ["a (2).txt", "a.txt"]);
}

#[tokio::test]
async fn names_that_differ_in_case_only_both_stay() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Notes.txt", "notes.TXT"] {
        let mut partial = whole(folder.path(), name.as_bytes()).await;
        let path = partial.finish(name, ORIGIN, folder.path()).await.unwrap();
        drop(partial);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), name);
    }
    let first = std::fs::read_to_string(folder.path().join("Notes.txt")).unwrap();
    assert_eq!((names(folder.path()).len(), first.as_str()), (2, "Notes.txt"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_gets_its_name_whatever_the_file_system_cannot_do() {
    let no_noreplace = || Failing {
        rename_new: Some(libc::EINVAL),
        ..Failing::default()
    };
    let no_rename = || Failing {
        rename_new: Some(libc::EPERM),
        rename_over: Some(libc::EXDEV),
        ..Failing::default()
    };
    for naming in [no_noreplace(), no_rename()] {
        let mut bench = Bench::new().await;
        std::fs::write(bench.to().join("a.txt"), "old").unwrap();
        let path = bench.finish(&naming, "a.txt").await.unwrap();
        assert_eq!(path, bench.to().join("a (2).txt"));
        assert_eq!(std::fs::read(&path).unwrap(), b"content");
        assert_eq!(std::fs::read(bench.to().join("a.txt")).unwrap(), b"old");
        drop(bench.partial);
        assert_eq!(names(path.parent().unwrap()), ["a (2).txt", "a.txt"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_name_that_the_file_system_does_not_take_is_shortened_and_then_made_plain() {
    let long = format!("{}.tar.gz", "字".repeat(60));
    for longest in [143, 60] {
        let naming = Failing {
            longest: Some(longest),
            ..Failing::default()
        };
        let mut bench = Bench::new().await;
        let path = bench.finish(&naming, &long).await.unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.len() <= longest && name.ends_with("字.gz"), "{name}");
    }
    let naming = Failing {
        ascii_only: true,
        ..Failing::default()
    };
    let mut bench = Bench::new().await;
    let path = bench.finish(&naming, "实验二.zip").await.unwrap();
    assert_eq!(path, bench.to().join("___.zip"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_whole_file_that_cannot_be_placed_is_kept_elsewhere_and_placed_later() {
    for errno in [libc::EROFS, libc::EACCES, libc::EIO, libc::ENOSPC, libc::EDQUOT] {
        let naming = Failing {
            rename_new: Some(errno),
            claim: Some(errno),
            ..Failing::default()
        };
        let mut bench = Bench::new().await;
        // Neither in the folder nor beside it: it stays where it is.
        let error = bench.finish(&naming, "a.txt").await.unwrap_err();
        let FileError::NotPlaced { kept, folder, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(
            (folder, std::fs::read(kept).unwrap()),
            (&bench.to(), b"content".into())
        );
        assert!(!error.is_final());
        let path = bench.finish(&System, "a.txt").await.unwrap();
        assert_eq!(path, bench.to().join("a.txt"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_no_folder_any_more_costs_nothing() {
    let mut bench = Bench::new().await;
    std::fs::remove_dir_all(bench.to()).unwrap();
    std::fs::write(bench.to(), "a file in the folder's place").unwrap();
    let error = bench.finish(&System, "a.txt").await.unwrap_err();
    let kept = bench.spare().join("a.txt");
    assert!(error.to_string().contains(kept.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read(&kept).unwrap(), b"content");
    // It is there for good, and moved when the folder is back.
    drop(std::mem::replace(
        &mut bench.partial,
        whole(&bench.root.path().join("else"), b"x").await,
    ));
    assert_eq!(std::fs::read(&kept).unwrap(), b"content");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_system_that_cannot_sync_is_taken_at_its_word() {
    let mut bench = Bench::new().await;
    // It answers EINVAL, as some file systems in user space do.
    let null = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(null.sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    bench.partial.file = File::from_std(null);
    let path = bench.finish(&System, "a.txt").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"content");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_was_removed_is_made_again_for_the_whole_file() {
    let mut bench = Bench::new().await;
    std::fs::remove_dir_all(bench.to()).unwrap();
    let path = bench.finish(&System, "a.txt").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"content");
}

#[cfg(unix)]
#[tokio::test]
async fn a_received_file_may_be_read_by_whom_the_umask_lets() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::new().await;
    let plain = bench.root.path().join("plain");
    std::fs::File::create(&plain).unwrap();
    let path = bench.finish(&System, "a.txt").await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[tokio::test]
async fn an_unfinished_file_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut partial = PartialFile::begin(folder.path(), 10).unwrap();
    partial.write(b"12345").await.unwrap();
    assert!(matches!(
        partial.write(b"123456").await,
        Err(FileError::Corrupt { .. })
    ));
    assert_eq!(partial.received(), 5);
    drop(partial);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn content_given_up_on_halfway_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let piece = vec![7; 8 * 1024 * 1024];
    let mut partial = PartialFile::begin(folder.path(), 2 * piece.len() as u64).unwrap();
    for patience in [0, 50, 500] {
        let write = partial.write(&piece);
        // Whether it is cut off, and where, is chance; that it counts once is not.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(patience), write).await;
    }
    while partial.received() < 2 * piece.len() as u64 {
        partial.write(&piece).await.unwrap();
    }
    let path = partial.finish("a", ORIGIN, folder.path()).await.unwrap();
    assert!(std::fs::read(path).unwrap() == vec![7; 2 * piece.len()]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_costs_only_what_did_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let mut partial = PartialFile::begin(folder.path(), 10).unwrap();
    partial.write(b"12345").await.unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut partial.file, File::from_std(full));
    let error = partial.write(b"67890").await.unwrap_err();
    assert!(matches!(error, FileError::DiskFull { kept: 5, .. }), "{error}");
    assert!(!error.is_final());
    // With room again it goes on.
    partial.file = file;
    partial.write(b"67890").await.unwrap();
    let path = partial.finish("a", ORIGIN, folder.path()).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"1234567890");
}

#[test]
fn no_room_is_known_before_a_byte_comes() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        PartialFile::begin(folder.path(), u64::MAX),
        Err(FileError::NoRoom { .. })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_file_system_that_takes_no_longer_file_is_no_full_disk() {
    let of = |errno| in_words(Path::new("/a/b"), 1, &io::Error::from_raw_os_error(errno));
    assert!(matches!(of(libc::EFBIG), FileError::TooLong { .. }));
    assert!(matches!(of(libc::ENOSPC), FileError::DiskFull { kept: 1, .. }));
    assert!(matches!(of(libc::EMFILE), FileError::TooManyOpen));
    let fat = FileError::TooLong {
        folder: "/stick".into(),
        longest: Some(u64::from(u32::MAX)),
    };
    assert!(fat.to_string().contains("4 GiB"), "{fat}");
}
