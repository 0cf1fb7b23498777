//! What kind of file it is, by its first bytes, for `ffmpeg`: its own guess goes by the name too, and a name may be a pattern that
//! stands for other files.

use std::io::{self, Read, Seek, SeekFrom};

use super::reader::read_up_to;
use crate::jpeg::{Limits, whole_jpeg};

/// The demuxers of `ffmpeg` that may be used. Each reads the one file it is given. Those for playlists and scripts (hls, concat,
/// dash, imf, avisynth), for rows of files (image2, mlv), for devices and for text (tty) open others, or make video of what is none.
pub(super) const DEMUXERS: &str = "mov,matroska,webm,mpegts,mpeg,mpegvideo,avi,asf,asf_o,flv,live_flv,kux,ogg,rm,dv,mxf,gxf,nut,\
ivf,wtv,nuv,pva,nsv,gif,apng,mjpeg,mpjpeg,smjpeg,mjpeg_2000,h261,h263,h264,hevc,vvc,m4v,vc1,vc1test,av1,obu,avs2,avs3,cavsvideo,dirac,\
yuv4mpegpipe,flic,swf,bink,smk,roq,film_cpk,ea,thp,4xm,png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,qoi_pipe,jpegxl_pipe,\
mp3,wav,w64,aiff,au,flac,aac,ac3,eac3,dts,dtshd,truehd,mlp,amr,ape,wv,tta,tak,caf,mpc,mpc8,dsf,voc,xwma,oma,loas";

/// So many JPEGs of one size, one after the other, are a video. Cameras write two into one file for each eye, or for each range of light.
const JPEGS_OF_A_VIDEO: usize = 3;

/// A PNG that is animated says so before its first pixels.
const PNG_HEADERS: usize = 64 << 10;

/// `ffmpeg`'s name for the kind of a picture or a video of pictures; `None` for everything else, where its own guess is as good.
pub(super) fn of_picture(file: &mut (impl Read + Seek)) -> io::Result<Option<&'static str>> {
    let mut head = [0; 16];
    file.seek(SeekFrom::Start(0))?;
    let len = read_up_to(file, &mut head)?;
    Ok(match head.get(..len).unwrap_or_default() {
        [0xFF, 0xD8, 0xFF, ..] => Some(if is_video_of_jpegs(file)? {
            "mjpeg"
        } else {
            "jpeg_pipe"
        }),
        [0x89, b'P', b'N', b'G', ..] => Some(if is_animated_png(file)? {
            "apng"
        } else {
            "png_pipe"
        }),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("bmp_pipe"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some("tiff_pipe"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp_pipe"),
        _ => None,
    })
}

/// Whether several pictures of one size follow each other from the first byte on.
fn is_video_of_jpegs(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let bytes = first_bytes(file, Limits::SOURCE.max_bytes)?;
    let mut rest = &bytes[..];
    let mut size = None;
    for _ in 0..JPEGS_OF_A_VIDEO {
        let Ok((picture, info)) = whole_jpeg(rest, &Limits::SOURCE) else {
            return Ok(false);
        };
        if *size.get_or_insert((info.width, info.height)) != (info.width, info.height) {
            return Ok(false);
        }
        rest = rest.get(picture.len()..).unwrap_or_default();
    }
    Ok(true)
}

fn is_animated_png(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let headers = first_bytes(file, PNG_HEADERS)?;
    let animation = headers.windows(4).position(|four| four == b"acTL");
    let pixels = headers.windows(4).position(|four| four == b"IDAT");
    Ok(animation.is_some_and(|animation| pixels.is_none_or(|pixels| animation < pixels)))
}

fn first_bytes(file: &mut (impl Read + Seek), most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Planes;
    use crate::jpeg::Encoder;

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        of_picture(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n....IHDR....IDAT..acTL"), Some("png_pipe"));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n....IHDR....acTL..IDAT"), Some("apng"));
        assert_eq!(kind(b"GIF89a"), Some("gif"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("webp_pipe"));
        for other in [
            &b""[..],
            b"#EXTM3U\n",
            b"ffconcat version 1.0",
            b"\x1a\x45\xdf\xa3",
            b"BMW is no picture",
        ] {
            assert_eq!(kind(other), None);
        }
    }

    #[test]
    fn one_jpeg_is_a_picture_and_many_of_one_size_are_a_video() {
        let jpeg = |width| {
            Encoder::new()
                .unwrap()
                .planes(&Planes::new(width, 32), 50)
                .unwrap()
        };
        let of = |widths: &[u16]| widths.iter().flat_map(|width| jpeg(*width)).collect::<Vec<u8>>();
        assert_eq!(kind(&of(&[64])), Some("jpeg_pipe"));
        assert_eq!(kind(&of(&[64, 64])), Some("jpeg_pipe"), "one for each eye");
        assert_eq!(kind(&of(&[64, 32, 64])), Some("jpeg_pipe"));
        assert_eq!(kind(&of(&[64, 64, 64])), Some("mjpeg"));
    }
}
