//! Small pictures of pictures, as `data:` URLs that fit into an event.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use media::jpeg::{Decoder, Encoder, Limits, Orientation};

/// Pixels to a side that a preview has at most.
const MAX_SIDE: u16 = 480;
const QUALITY: u8 = 70;
/// A JPEG longer than this is not looked into.
const MAX_JPEG_BYTES: u64 = 16 << 20;
/// Other pictures go to the interface as they are, when they are this short and claim no more than [`MAX_PNG_SIDE`].
const MAX_PNG_BYTES: u64 = 256 << 10;
const MAX_PNG_SIDE: u32 = 4096;
/// A preview longer than this is left out.
const MAX_PREVIEW_BYTES: usize = 256 << 10;

const JPEG_BEGINS: &[u8] = &[0xFF, 0xD8, 0xFF];
const PNG_BEGINS: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A preview of the picture in the file; `None` when it is of no kind that is looked into, too large, or broken. What kind it
/// is, its content says, not its name.
pub(super) fn of(picture: &Path) -> Option<String> {
    let mut file = File::open(picture).ok()?;
    if file.metadata().ok()?.len() > MAX_JPEG_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    // The file may have grown since.
    file.by_ref().take(MAX_JPEG_BYTES).read_to_end(&mut bytes).ok()?;
    if bytes.starts_with(JPEG_BEGINS) {
        small_jpeg(&bytes)
    } else if bytes.starts_with(PNG_BEGINS) && bytes.len() as u64 <= MAX_PNG_BYTES {
        png_of_sane_size(&bytes).then(|| url("image/png", &bytes))
    } else {
        None
    }
}

fn small_jpeg(bytes: &[u8]) -> Option<String> {
    let small = Decoder::new(Limits::SOURCE)
        .ok()?
        .rgb_within(bytes, MAX_SIDE, MAX_SIDE)
        .ok()?;
    let (pixels, width, height) = Orientation::of(bytes).upright(small.pixels, small.width, small.height);
    let jpeg = Encoder::new().ok()?.rgb(&pixels, width, height, QUALITY).ok()?;
    (jpeg.len() <= MAX_PREVIEW_BYTES).then(|| url("image/jpeg", &jpeg))
}

/// Reads width and height from the first chunk, which is always IHDR (PNG specification, section 5.6).
fn png_of_sane_size(bytes: &[u8]) -> bool {
    let number = |at: usize| {
        bytes
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
    };
    let is_sane = |at| number(at).is_some_and(|side| (1..=MAX_PNG_SIDE).contains(&side));
    bytes.get(12..16) == Some(b"IHDR") && is_sane(16) && is_sane(20)
}

fn url(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", BASE64_STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = PNG_BEGINS.to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn a_large_jpeg_becomes_a_small_one() {
        let pixels = vec![200; 3 * 1600 * 1200];
        let jpeg = Encoder::new().unwrap().rgb(&pixels, 1600, 1200, 90).unwrap();
        let url = of(file_of(&jpeg).path()).unwrap();
        let base64 = url.strip_prefix("data:image/jpeg;base64,").unwrap();
        let small = BASE64_STANDARD.decode(base64).unwrap();
        let info = media::jpeg::inspect(&small, &Limits::default()).unwrap();
        assert!(
            info.width <= MAX_SIDE && info.height <= MAX_SIDE && info.width > 100,
            "{info:?}"
        );
    }

    #[test]
    fn a_photo_that_lies_on_its_side_stands_upright() {
        let jpeg = Encoder::new()
            .unwrap()
            .rgb(&[200; 3 * 64 * 32], 64, 32, 90)
            .unwrap();
        // One entry, orientation 6, in the order of bytes that TIFF calls MM.
        let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let photo = [&jpeg[..2], exif, &jpeg[2..]].concat();
        let url = of(file_of(&photo).path()).unwrap();
        let base64 = url.strip_prefix("data:image/jpeg;base64,").unwrap();
        let small = BASE64_STANDARD.decode(base64).unwrap();
        let info = media::jpeg::inspect(&small, &Limits::default()).unwrap();
        assert_eq!((info.width, info.height), (32, 64));
    }

    #[test]
    fn a_picture_that_claims_to_be_giant_is_not_shown() {
        assert!(of(file_of(&png(60_000, 60_000)).path()).is_none());
        assert!(of(file_of(&png(640, 480)).path()).is_some());
    }

    #[test]
    fn what_is_no_picture_has_no_preview_whatever_its_name() {
        assert!(of(file_of(b"<svg onload=alert(1)>").path()).is_none());
        assert!(of(file_of(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 1]).path()).is_none());
        assert!(of(Path::new("/nowhere/picture.jpg")).is_none());
    }
}
