//! Files as people have them: whole, cut short, damaged, and not video at all.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use netcore_proto::Time;

use super::*;
use crate::jpeg::{Decoder, Encoder, Limits};
use crate::pattern;
use crate::{Capture, CaptureEvent, CaptureOptions};

const PATIENCE: Duration = Duration::from_secs(20);

fn picture(number: u32) -> Vec<u8> {
    let mut planes = Planes::new(160, 90);
    pattern::draw(&mut planes, number, Time::ZERO);
    Encoder::new().unwrap().planes(&planes, 50).unwrap().to_vec()
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = id.to_vec();
    chunk.extend_from_slice(&(body.len() as u32).to_le_bytes());
    chunk.extend_from_slice(body);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn list(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], body].concat())
}

/// An AVI of sound (stream 0) and video (stream 1) in `codec`, whose pictures are `pictures`.
fn avi(codec: &[u8; 4], pictures: &[Vec<u8>]) -> Vec<u8> {
    let mut sound = [0; 56];
    sound[..4].copy_from_slice(b"auds");
    let mut video = [0; 56];
    video[..4].copy_from_slice(b"vids");
    video[4..8].copy_from_slice(codec);
    video[20..24].copy_from_slice(&1u32.to_le_bytes());
    video[24..28].copy_from_slice(&50u32.to_le_bytes());
    let mut format = [0; 40];
    format[4..8].copy_from_slice(&160u32.to_le_bytes());
    format[8..12].copy_from_slice(&90u32.to_le_bytes());
    format[16..20].copy_from_slice(codec);
    let streams = [
        list(
            b"strl",
            &[chunk(b"strh", &sound), chunk(b"strf", &[0; 17])].concat(),
        ),
        chunk(b"JUNK", &[7; 33]),
        list(
            b"strl",
            &[chunk(b"strh", &video), chunk(b"strf", &format)].concat(),
        ),
    ];
    let mut movie = Vec::new();
    for picture in pictures {
        movie.extend(chunk(b"00wb", &[1; 11]));
        movie.extend(list(b"rec ", &chunk(b"01dc", picture)));
    }
    let header = list(b"hdrl", &[chunk(b"avih", &[0; 56]), streams.concat()].concat());
    let body = [
        &b"AVI "[..],
        &header,
        &list(b"INFO", &[0; 5]),
        &list(b"movi", &movie),
        &chunk(b"idx1", &[0; 16]),
    ];
    chunk(b"RIFF", &body.concat())
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// Plays `path` once at its own size; the numbers in its frames, and how it ended.
fn play(path: &Path, rate: f32) -> (Vec<Option<u32>>, Option<CaptureEvent>) {
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path.to_owned()),
        width: 0,
        height: 0,
        rate,
        quality: 50,
    };
    let options = CaptureOptions {
        looping: false,
        ..CaptureOptions::default()
    };
    let clock = crate::capture::test_clock();
    let _capture = Capture::start_with(spec, options, clock, move |event| drop(tx.send(event)));
    let (mut numbers, mut end) = (Vec::new(), None);
    let mut decoder = Decoder::new(Limits::default()).unwrap();
    while let Ok(event) = rx.recv_timeout(PATIENCE) {
        match event {
            CaptureEvent::Started { .. } => {}
            CaptureEvent::Frame(frame) => {
                let rgb = decoder.rgb(&frame.jpeg).unwrap();
                numbers.push(pattern::read_code(&rgb.pixels, rgb.width, rgb.height));
            }
            other => end = Some(other),
        }
    }
    (numbers, end)
}

#[test]
fn an_avi_is_played_picture_by_picture() {
    let pictures: Vec<_> = (0..12).map(picture).collect();
    let (_dir, path) = file("clip.bin", &avi(b"MJPG", &pictures));
    let info = probe(&path).unwrap();
    assert_eq!(
        info.formats,
        [Format {
            width: 160,
            height: 90,
            rate: 50.0
        }]
    );
    assert_eq!(info.name, "clip.bin");
    let (numbers, end) = play(&path, 0.0);
    assert_eq!(numbers, (0..12).map(Some).collect::<Vec<_>>());
    assert_eq!(end, Some(CaptureEvent::Ended));
}

#[test]
fn fewer_frames_a_second_leave_some_out_and_do_not_slow_the_film() {
    let pictures: Vec<_> = (0..50).map(picture).collect();
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    let began = Instant::now();
    let (numbers, _) = play(&path, 10.0);
    assert!((8..=30).contains(&numbers.len()), "{} frames", numbers.len());
    assert!(numbers.last().unwrap().unwrap() >= 40);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?} for a second of film",
        began.elapsed()
    );
}

#[test]
fn a_looping_file_begins_anew() {
    let pictures: Vec<_> = (0..3).map(picture).collect();
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path),
        width: 0,
        height: 0,
        rate: 0.0,
        quality: 50,
    };
    let capture = Capture::start(spec, crate::capture::test_clock(), move |event| {
        drop(tx.send(event));
    });
    let mut frames = 0;
    while frames < 10 {
        match rx.recv_timeout(PATIENCE).unwrap() {
            CaptureEvent::Frame(frame) => {
                assert_eq!(frame.number, frames);
                assert_eq!(
                    &frame.jpeg[..],
                    pictures[frames as usize % 3],
                    "passed through as it is"
                );
                frames += 1;
            }
            CaptureEvent::Started { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    capture.stop();
}

#[test]
fn an_avi_that_was_cut_short_plays_as_far_as_it_goes() {
    let pictures: Vec<_> = (0..4).map(picture).collect();
    let whole = avi(b"MJPG", &pictures);
    let cut = whole.len() - pictures[3].len() / 2 - 24;
    let (_dir, path) = file("clip.avi", &whole[..cut]);
    assert_eq!(
        play(&path, 0.0),
        (vec![Some(0), Some(1), Some(2)], Some(CaptureEvent::Ended))
    );
}

/// An AVI whose chunks of pictures are these bytes, whatever they are.
fn avi_of(movie: &[u8]) -> Vec<u8> {
    let whole = avi(b"MJPG", &[]);
    let movi = whole.windows(4).position(|four| four == b"movi").unwrap();
    [&whole[..movi + 4], movie].concat()
}

fn picture_chunk(number: u32) -> Vec<u8> {
    chunk(b"01dc", &picture(number))
}

#[test]
fn bytes_that_are_no_chunk_are_passed_over_or_end_an_avi() {
    let pictures: Vec<_> = (0..4).map(picture).collect();
    let plain = avi(b"MJPG", &pictures);
    let is_text = |at: usize| [0x8F, 0x13, b'0', b'1', b'd', b'x'][at % 6];
    let garbage: Vec<u8> = (0..70_000).map(is_text).collect();
    let between = |bytes: &[u8]| {
        let chunks: Vec<_> = (0..4)
            .flat_map(|number| [picture_chunk(number), bytes.to_vec()])
            .collect();
        avi_of(&chunks.concat())
    };
    let mut wrong_length = picture_chunk(9);
    wrong_length[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let shapes = [
        ("never written behind", [&plain[..], &[0; 200_000]].concat()),
        ("garbage behind", [&plain[..], &garbage].concat()),
        ("a byte behind", [&plain[..], b"x"].concat()),
        ("zeros between", between(&[0; 4])),
        ("an odd number of zeros between", between(&[0; 4095])),
        ("garbage between", between(&garbage)),
        ("wrong lengths between", between(&wrong_length)),
    ];
    for (what, bytes) in shapes {
        let (_dir, path) = file("clip.avi", &bytes);
        let film = open_film(&path, (0, 0), Some("no-such-ffmpeg"));
        assert!(film.is_ok(), "{what}: {:?}", film.err());
        let (numbers, end) = play(&path, 0.0);
        assert_eq!(numbers, (0..4).map(Some).collect::<Vec<_>>(), "{what}");
        assert_eq!(end, Some(CaptureEvent::Ended), "{what}");
    }
}

#[test]
fn an_avi_with_a_damaged_tail_goes_round() {
    let movie: Vec<u8> = (0..3).flat_map(picture_chunk).chain(vec![0; 100_000]).collect();
    let mut avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
    for _ in 0..5 {
        for number in 0..3 {
            let Take::Jpeg(jpeg) = avi.next(&mut Planes::default()).unwrap() else {
                panic!("picture {number} is missing");
            };
            assert_eq!(jpeg, picture(number));
        }
        assert!(matches!(avi.next(&mut Planes::default()), Ok(Take::End)));
        avi.rewind().unwrap();
    }
}

#[test]
fn odd_chunks_without_padding_are_read_on() {
    let mut movie = Vec::new();
    for number in 0..6 {
        let mut body = picture(number);
        body.resize(body.len() | 1, 0);
        let chunk = chunk(b"01dc", &body);
        movie.extend_from_slice(&chunk[..chunk.len() - 1]);
    }
    let (_dir, path) = file("clip.avi", &avi_of(&movie));
    assert_eq!(
        play(&path, 0.0),
        ((0..6).map(Some).collect(), Some(CaptureEvent::Ended))
    );
}

#[test]
fn two_fields_in_one_chunk_are_one_picture() {
    let field = |luma: u8, polarity: u8| {
        let mut planes = Planes::new(160, 46);
        planes.split_mut().y.fill(luma);
        let jpeg = Encoder::new().unwrap().planes(&planes, 95).unwrap();
        let segment = [
            0xFF, 0xE0, 0, 16, b'A', b'V', b'I', b'1', polarity, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        [&jpeg[..2], &segment, &jpeg[2..]].concat()
    };
    for (polarity, rows) in [(0, [200, 50]), (1, [200, 50]), (2, [50, 200])] {
        let both = [field(200, polarity), field(50, 3 - polarity)].concat();
        let movie = chunk(b"01dc", &both).repeat(3);
        let mut avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
        assert_eq!((avi.header().width, avi.header().height), (160, 92));
        let mut planes = Planes::default();
        assert!(matches!(avi.next(&mut planes), Ok(Take::Planes)));
        let row = |y| planes.at(80, y).unwrap().0;
        for (y, expected) in [(0, rows[0]), (1, rows[1]), (90, rows[0]), (91, rows[1])] {
            assert!(row(y).abs_diff(expected) < 4, "row {y} is {}", row(y));
        }
    }
    let movie = chunk(b"01dc", &[picture(1), picture(2)].concat());
    let avi = Avi::open(BufReader::new(io::Cursor::new(avi_of(&movie)))).unwrap();
    assert_eq!(avi.header().height, 90, "a whole picture and a leftover");
}

/// What becomes of a file when `ffmpeg` makes it by these arguments.
fn by_ffmpeg(name: &str, arguments: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let made = std::process::Command::new(FFMPEG)
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(format!("file:{}", path.display()))
        .status()
        .expect("this test needs ffmpeg: install it with the system's package manager");
    assert!(made.success());
    (dir, path)
}

const TEST_FILM: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];

#[test]
fn what_our_reader_cannot_follow_goes_to_ffmpeg() {
    let arguments = [&TEST_FILM[..], &["-frames:v", "5", "-c:v", "mjpeg", "-f", "avi"]].concat();
    let (_dir, path) = by_ffmpeg("clip.avi", &arguments);
    let mut bytes = fs::read(&path).unwrap();
    // A size in the headers and in the picture that there cannot be is damage; the raw film behind it is not.
    let strh = bytes.windows(4).position(|four| four == b"strh").unwrap();
    bytes[strh..strh + 4].copy_from_slice(b"\0\0\0\0");
    fs::write(&path, &bytes).unwrap();
    let own = Avi::open(BufReader::new(File::open(&path).unwrap()));
    assert!(own.is_err(), "our reader follows it");
    let without = open_film(&path, (0, 0), Some("no-such-ffmpeg")).err();
    assert!(without.is_some(), "it was played by nobody");

    let arguments = [
        &TEST_FILM[..],
        &[
            "-frames:v",
            "5",
            "-c:v",
            "ljpeg",
            "-pix_fmt",
            "bgr24",
            "-f",
            "avi",
        ],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("lossless.avi", &arguments);
    assert_eq!(play(&path, 0.0).0.len(), 5, "JPEGs of another kind");
    let arguments = [
        &TEST_FILM[..],
        &["-frames:v", "5", "-pix_fmt", "yuv420p10le", "-strict", "-1"],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("deep.y4m", &arguments);
    assert_eq!(play(&path, 0.0).0.len(), 5, "samples of 10 bits");
}

#[test]
fn pixels_that_are_not_square_are_shown_in_their_proportions() {
    let size_of = |sar: &str| {
        let sar = format!("setsar={sar}");
        let arguments = [&TEST_FILM[..], &["-frames:v", "3", "-vf", &sar, "-c:v", "mpeg4"]].concat();
        let (_dir, path) = by_ffmpeg("clip.mkv", &arguments);
        let format = probe(&path).unwrap().formats[0];
        (format.width, format.height)
    };
    assert_eq!(size_of("64/45"), (454, 180));
    assert_eq!(size_of("1/2"), (160, 180));
    assert_eq!(size_of("0"), (320, 180));
    let arguments = [
        &TEST_FILM[..],
        &["-frames:v", "3", "-vf", "setsar=2", "-c:v", "mpeg4"],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("clip.mkv", &arguments);
    let film = Ffmpeg::open(&path, None, (320, 320), FFMPEG).unwrap();
    assert_eq!((film.header().width, film.header().height), (320, 90));
}

#[test]
fn the_first_of_several_videos_is_played() {
    let two = |first: [&str; 2], second: [&str; 2]| {
        let sources = ["-f", "lavfi", "-i", first[1], "-f", "lavfi", "-i", second[1]];
        let codings = ["-c:v:0", first[0], "-c:v:1", second[0]];
        let rest = ["-map", "0", "-map", "1", "-frames:v", "3", "-f", "avi"];
        by_ffmpeg("two.avi", &[&sources[..], &codings, &rest].concat())
    };
    let (large, small) = ("testsrc2=size=320x180:rate=25", "testsrc2=size=160x90:rate=25");
    for (first, second, width) in [
        (["mpeg4", large], ["mjpeg", small], 320),
        (["mjpeg", large], ["mpeg4", small], 320),
        (["mjpeg", small], ["mjpeg", large], 160),
    ] {
        let (_dir, path) = two(first, second);
        assert_eq!(probe(&path).unwrap().formats[0].width, width, "{first:?}");
    }
}

/// An AVI whose pictures have these densities in their JFIF, and whose properties say this ratio of sides (across, down).
fn anamorphic_avi(densities: [u8; 4], frame: Option<[u16; 2]>) -> Vec<u8> {
    let mut jpeg = picture(1);
    assert!(jpeg[6..].starts_with(b"JFIF\0"));
    jpeg[14..18].copy_from_slice(&densities);
    let mut avi = avi(b"MJPG", &[jpeg.clone(), jpeg]);
    if let Some([across, down]) = frame {
        let mut properties = [0; 68];
        properties[20..22].copy_from_slice(&down.to_le_bytes());
        properties[22..24].copy_from_slice(&across.to_le_bytes());
        properties[24..28].copy_from_slice(&160u32.to_le_bytes());
        properties[28..32].copy_from_slice(&90u32.to_le_bytes());
        let at = avi.windows(8).position(|eight| eight.ends_with(b"movi")).unwrap() - 4;
        avi.splice(at..at, chunk(b"vprp", &properties));
    }
    avi
}

#[test]
fn an_avi_with_pixels_that_are_not_square_is_shown_in_its_proportions() {
    for (densities, frame, shown) in [
        ([0, 1, 0, 1], None, (160, 90)),
        ([0, 4, 0, 3], None, (214, 90)),
        ([0, 1, 0, 1], Some([4, 3]), (120, 90)),
        ([0, 4, 0, 3], Some([16, 9]), (160, 90)),
        ([0, 4, 0, 3], Some([0, 9]), (214, 90)),
        ([0, 0, 0, 0], Some([u16::MAX, 1]), (160, 90)),
    ] {
        let bytes = anamorphic_avi(densities, frame);
        let mut avi = Avi::open(BufReader::new(io::Cursor::new(bytes))).unwrap();
        assert_eq!((avi.header().width, avi.header().height), shown);
        let mut planes = Planes::default();
        match avi.next(&mut planes).unwrap() {
            Take::Planes => assert_eq!((planes.width(), planes.height()), shown),
            Take::Jpeg(jpeg) => assert_eq!((shown, jpeg.is_empty()), ((160, 90), false)),
            _ => panic!("there is a picture"),
        }
    }
}

#[test]
fn an_avi_has_the_proportions_that_ffmpeg_gave_it() {
    for (ratio, width) in [("16:9", 320), ("4:3", 240), ("2:1", 360)] {
        let coding = ["-frames:v", "3", "-c:v", "mjpeg", "-aspect", ratio, "-f", "avi"];
        let (_dir, path) = by_ffmpeg("clip.avi", &[&TEST_FILM[..], &coding].concat());
        let format = probe(&path).unwrap().formats[0];
        assert_eq!((format.width, format.height), (width, 180), "{ratio}");
        assert_eq!(play(&path, 0.0).0.len(), 3);
    }
}

/// An `ffmpeg` that counts its starts in a file.
#[cfg(unix)]
fn counting_ffmpeg(dir: &Path) -> (String, impl Fn() -> usize) {
    use std::os::unix::fs::PermissionsExt as _;
    let (program, starts) = (dir.join("ffmpeg-counted"), dir.join("starts"));
    let script = format!(
        "#!/bin/sh\necho x >> '{}'\nexec {FFMPEG} \"$@\"\n",
        starts.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let count = move || fs::read_to_string(&starts).unwrap_or_default().lines().count();
    (program.to_str().unwrap().to_owned(), count)
}

#[cfg(unix)]
#[test]
fn a_still_and_a_short_loop_take_one_ffmpeg() {
    for (name, frames, rate) in [
        ("still%03d.png", 1, 5.0),
        ("still.jpg", 1, 5.0),
        ("loop.gif", 4, 25.0),
    ] {
        let count = frames.to_string();
        let (dir, made) = by_ffmpeg(
            "made.mkv",
            &[&TEST_FILM[..], &["-frames:v", &count, "-c:v", "ffv1"]].concat(),
        );
        let path = dir.path().join(name);
        let plain = dir.path().join(name.replace("%03d", ""));
        let converted = std::process::Command::new(FFMPEG)
            .args(["-nostdin", "-loglevel", "error", "-i"])
            .arg(&made)
            .arg(&plain)
            .status();
        assert!(converted.unwrap().success());
        fs::rename(&plain, &path).unwrap();
        let (program, starts) = counting_ffmpeg(dir.path());
        let mut film = open_film(&path, (0, 0), Some(&program)).unwrap();
        assert_eq!(film.header().steps_per_s, rate, "{name}");
        let mut planes = Planes::default();
        for _ in 0..20 {
            let mut pictures = 0;
            loop {
                match film.next(&mut planes).unwrap() {
                    Take::Planes => pictures += 1,
                    Take::End => break,
                    _ => {}
                }
            }
            assert_eq!((pictures, planes.width()), (frames, 320), "{name}");
            film.rewind().unwrap();
        }
        assert_eq!(starts(), 1, "{name}");
    }
}

#[test]
fn a_songs_cover_is_no_video() {
    let arguments = [
        "-f",
        "lavfi",
        "-i",
        "sine=duration=1",
        "-f",
        "lavfi",
        "-i",
        "color=red:size=64x64:rate=1:duration=1",
        "-map",
        "0",
        "-map",
        "1",
        "-frames:v",
        "1",
        "-c:v",
        "mjpeg",
        "-disposition:v",
        "attached_pic",
    ];
    let (_dir, path) = by_ffmpeg("song.mp3", &arguments);
    let error = probe(&path).unwrap_err().to_string();
    assert!(error.contains("finds no video in it"), "{error}");
}

#[test]
fn a_list_of_files_leads_to_none_of_them() {
    let arguments = [
        &TEST_FILM[..],
        &["-frames:v", "10", "-c:v", "mpeg2video", "-f", "mpegts"],
    ]
    .concat();
    let (dir, secret) = by_ffmpeg("secret.ts", &arguments);
    assert!(probe(&secret).is_ok(), "by itself it is played");
    let name = secret.display();
    let lists = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{name}\n#EXT-X-ENDLIST\n"),
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n".to_owned(),
        "ffconcat version 1.0\nfile secret.ts\n".to_owned(),
        format!("ffconcat version 1.0\nfile '{name}'\n"),
        "just some words\n".repeat(100),
    ];
    for list in lists {
        for ending in ["mp4", "m3u8", "ffconcat", "txt", "avi", "png"] {
            let path = dir.path().join(format!("lecture.{ending}"));
            fs::write(&path, &list).unwrap();
            assert!(probe(&path).is_err(), "{ending} was played: {list}");
        }
    }
}

#[test]
fn a_damaged_picture_is_left_out() {
    let mut pictures: Vec<_> = (0..4).map(picture).collect();
    pictures[1] = b"no picture".to_vec();
    pictures[2].truncate(200);
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &pictures));
    assert_eq!(
        play(&path, 0.0),
        (vec![Some(0), Some(3)], Some(CaptureEvent::Ended))
    );
}

#[test]
fn every_cut_and_every_flip_of_an_avi_is_survived() {
    let bytes = avi(b"MJPG", &[picture(1)]);
    let headers = bytes.len() - picture(1).len();
    let survive = |bytes: &[u8]| {
        if let Ok(mut avi) = Avi::open(BufReader::new(io::Cursor::new(bytes))) {
            let mut planes = Planes::default();
            for _ in 0..10 {
                assert!(avi.header().width <= MAX_SIDE);
                if !matches!(avi.next(&mut planes), Ok(Take::Jpeg(_) | Take::Nothing)) {
                    break;
                }
            }
        }
    };
    for at in 0..headers {
        survive(&bytes[..at]);
        for flip in [0x01, 0x80, 0xFF] {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            survive(&flipped);
        }
    }
}

#[test]
fn a_file_without_a_picture_is_an_error_and_no_endless_loop() {
    let (_dir, path) = file("clip.avi", &avi(b"MJPG", &[]));
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path),
        ..CaptureSpec::default()
    };
    let _capture = Capture::start(spec, crate::capture::test_clock(), move |event| {
        drop(tx.send(event));
    });
    let failed = rx.iter().find_map(|event| match event {
        CaptureEvent::Failed(error) => Some(error),
        _ => None,
    });
    assert_eq!(failed.map(|error| error.code()), Some("unreadable"));
}

#[test]
fn a_y4m_is_played() {
    let mut bytes = b"YUV4MPEG2 W160 H90 F50:1 C420jpeg XCOLORRANGE=FULL\n".to_vec();
    for number in 0..6 {
        let mut planes = Planes::new(160, 90);
        pattern::draw(&mut planes, number, Time::ZERO);
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend_from_slice(planes.bytes());
    }
    let (_dir, path) = file("clip.y4m", &bytes);
    assert_eq!(
        play(&path, 0.0),
        ((0..6).map(Some).collect(), Some(CaptureEvent::Ended))
    );
}

/// A film of the pattern in a format that only ffmpeg reads; `None` where there is no ffmpeg.
fn foreign_film(dir: &Path) -> Option<PathBuf> {
    let path = dir.join("-clip: of the pattern.mkv");
    let mut child = std::process::Command::new(FFMPEG)
        .args([
            "-loglevel",
            "error",
            "-f",
            "yuv4mpegpipe",
            "-i",
            "pipe:0",
            "-c:v",
            "ffv1",
            "-y",
        ])
        .arg(format!("file:{}", path.display()))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"YUV4MPEG2 W160 H90 F50:1 C420jpeg\n").unwrap();
    for number in 0..20 {
        let mut planes = Planes::new(160, 90);
        pattern::draw(&mut planes, number, Time::ZERO);
        stdin.write_all(b"FRAME\n").unwrap();
        stdin.write_all(planes.bytes()).unwrap();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    Some(path)
}

#[test]
fn other_formats_are_played_by_ffmpeg_whatever_their_name_looks_like() {
    let dir = tempfile::tempdir().unwrap();
    let Some(path) = foreign_film(dir.path()) else {
        panic!("this test needs ffmpeg: install it with the system's package manager");
    };
    assert_eq!(
        probe(&path).unwrap().formats,
        [Format {
            width: 160,
            height: 90,
            rate: 50.0
        }]
    );
    assert_eq!(
        play(&path, 0.0),
        ((0..20).map(Some).collect(), Some(CaptureEvent::Ended))
    );

    let small = Ffmpeg::open(&path, None, (80, 80), FFMPEG).unwrap();
    assert_eq!((small.header().width, small.header().height), (80, 44));
    let began = Instant::now();
    drop(small);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "ending it took {:?}",
        began.elapsed()
    );
}

#[test]
fn without_ffmpeg_the_way_out_is_told() {
    let (_dir, path) = file("clip.mkv", b"\x1a\x45\xdf\xa3 whatever");
    let Err(error) = open_film(&path, (0, 0), Some("no-such-ffmpeg")) else {
        panic!("it was played")
    };
    let error = error.of(&path);
    assert_eq!(error.code(), "ffmpeg_missing");
    assert!(error.to_string().contains("Install ffmpeg"), "{error}");
    // An AVI with another codec needs it too; a Y4M of ours does not.
    let (_dir, path) = file("clip.avi", &avi(b"H264", &[picture(0)]));
    assert!(matches!(
        open_film(&path, (0, 0), Some("no-such-ffmpeg")),
        Err(FilmError::FfmpegMissing)
    ));
}

#[test]
fn what_is_no_video_is_told_apart() {
    let (_dir, path) = file("notes.txt", b"just some words");
    assert_eq!(probe(&path).unwrap_err().code(), "unreadable");
    let (dir, path) = file("empty.avi", b"");
    assert!(probe(&path).unwrap_err().to_string().contains("it is empty"));
    assert!(
        probe(dir.path())
            .unwrap_err()
            .to_string()
            .contains("it is not a file")
    );
    assert_eq!(probe(&dir.path().join("none")).unwrap_err().code(), "absent");
}
