//! Which received files may be opened by one click: those whose program only shows them.

use std::path::Path;

/// Endings of pictures, sound, video, documents without programs in them, and plain text. Left out on purpose is whatever may
/// bring or fetch a program of its own: pages, drawings with scripts (SVG), office documents, tables (a cell may be a
/// command), archives, disk images, shortcuts and playlists.
const HARMLESS: [&str; 47] = [
    // Pictures.
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "avif", "heic", "heif", "tif", "tiff",
    // Sound.
    "mp3", "m4a", "aac", "ogg", "oga", "opus", "flac", "wav", "aif", "aiff", "mid", "midi",
    // Video.
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "mts", "m2ts", "3gp", "ogv", "y4m",
    // Documents and plain text.
    "pdf", "txt", "text", "log", "md", "markdown", "json", "srt", "vtt",
];
/// The longest part of a name that is taken for an ending.
const LONGEST_ENDING: usize = 5;

/// Whether the file at `path` may be handed to the program that the system has for it. The name alone decides, as it does for
/// the system; its sender chose the name, so whatever is unusual about it counts against it.
pub(super) fn is_harmless(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let mut parts = name.split('.');
    let (Some(stem), Some(ending)) = (parts.next(), parts.next_back()) else {
        return false;
    };
    let is_listed = HARMLESS
        .iter()
        .any(|harmless| ending.eq_ignore_ascii_case(harmless));
    !stem.is_empty() && is_listed && !parts.any(looks_like_ending)
}

/// Whether an inner part of a name, as in `minutes.exe.txt`, could be read as the file's ending. Numbers and versions, as in
/// `report.2026.v2.pdf`, are none.
fn looks_like_ending(part: &str) -> bool {
    let part = part.trim();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = part.strip_prefix(['v', 'V']).is_some_and(is_number);
    !part.is_empty() && part.chars().count() <= LONGEST_ENDING && !is_number(part) && !is_version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_shows_something_is_opened() {
        let names = [
            "photo.jpg",
            "PHOTO.JPEG",
            "clip.Mp4",
            "talk.pdf",
            "notes.txt",
            "a b.PNG",
            "song.flac",
            "会议.pdf",
            "report.2026-11-28.pdf",
            "report.v2.pdf",
            "v1.2.3.txt",
        ];
        for name in names {
            assert!(is_harmless(&Path::new("/downloads").join(name)), "{name}");
        }
    }

    #[test]
    fn whatever_is_unusual_about_a_name_counts_against_it() {
        let names = [
            "",
            ".",
            "..",
            "README",
            ".txt",
            ".pdf",
            "notes.",
            "notes.txt.",
            "notes.txt ",
            "notes.txt\u{a0}",
            "notes.txt\u{200b}",
            "notes.tx\u{ff54}",
            "notes.pd\u{202e}f",
            "photo.jpg.exe",
            "photo.exe.jpg",
            "photo.exe .jpg",
            "photo. scr .jpg",
            "photo.lnk.txt",
            "notes.txt:stream",
            "notes.txt::$DATA",
            "a.JPG.Pif",
            "a.tar.gz",
            "a.ps1.txt",
        ];
        for name in names {
            assert!(!is_harmless(&Path::new("/downloads").join(name)), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_unicode_is_not_opened() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
        assert!(!is_harmless(Path::new(name)));
    }
}
