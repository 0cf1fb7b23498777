//! What `ffmpeg` plays.

use super::*;

#[test]
fn pixels_that_are_not_square_are_shown_in_their_proportions() {
    let size_of = |sar: &str| {
        let sar = format!("setsar={sar}");
        let arguments = [&TEST_VIDEO[..], &["-frames:v", "3", "-vf", &sar, "-c:v", "mpeg4"]].concat();
        let (_dir, path) = by_ffmpeg("clip.mkv", &arguments);
        let format = probe(&path).unwrap().formats[0];
        (format.width, format.height)
    };
    assert_eq!(size_of("64/45"), (454, 180));
    assert_eq!(size_of("1/2"), (160, 180));
    assert_eq!(size_of("0"), (320, 180));
    let arguments = [
        &TEST_VIDEO[..],
        &["-frames:v", "3", "-vf", "setsar=2", "-c:v", "mpeg4"],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("clip.mkv", &arguments);
    let reader = Ffmpeg::open(&path, None, (320, 320), FFMPEG).unwrap();
    assert_eq!((reader.header().width, reader.header().height), (320, 90));
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
            &[&TEST_VIDEO[..], &["-frames:v", &count, "-c:v", "ffv1"]].concat(),
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
        let mut reader = open_reader(&path, (0, 0), Some(&program)).unwrap();
        assert_eq!(reader.header().steps_per_s, rate, "{name}");
        let mut planes = Planes::default();
        for _ in 0..20 {
            let mut pictures = 0;
            loop {
                match reader.next(&mut planes).unwrap() {
                    Take::Planes => pictures += 1,
                    Take::End => break,
                    _ => {}
                }
            }
            assert_eq!((pictures, planes.width()), (frames, 320), "{name}");
            reader.rewind().unwrap();
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
        &TEST_VIDEO[..],
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

/// A video of the pattern in a format that only ffmpeg reads; `None` where there is no ffmpeg.
fn foreign_video(dir: &Path) -> Option<PathBuf> {
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
    let Some(path) = foreign_video(dir.path()) else {
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
